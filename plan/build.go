package plan

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"lastday"
)

// Protected are those whom nobody may cut without a person's consent.
type Protected struct {
	// People are keys of persons.
	People []string
	// Accounts are immutable ids of accounts, by system.
	Accounts map[string][]string
}

// Input is all that a plan is made of besides the policy.
type Input struct {
	// Case is the case's id; empty takes the separation's own.
	Case        string
	Separation  lastday.Separation
	Inventories []lastday.Inventory
	Now         time.Time
	// Reached are names of stages that were reached: their ceilings never rise
	// again, also when the last day moved later.
	Reached []string
	// CutNow says that a person decided to cut at Now.
	CutNow bool
	// Protected comes from the configuration. Our own credentials need not be
	// in it: inventories name them.
	Protected Protected
	// MinOwners is how many owners a resource must keep. The greater of it and
	// the policy's counts.
	MinOwners int
}

// Build makes the whole plan and seals it. Equal inputs give equal plans,
// whatever the order of inventories and grants.
//
// CodeInvalid: the separation is rescinded (see Restore), names no day or zone
// that exists, a reached stage is not in the policy, or inventories contradict
// each other.
func Build(p Policy, in Input) (lastday.Plan, error) {
	if err := checkInput(p, &in); err != nil {
		return lastday.Plan{}, err
	}
	j, err := travel(p, in)
	if err != nil {
		return lastday.Plan{}, lastday.Wrap(lastday.CodeInvalid, "plan: build", "", err)
	}
	b := &builder{journey: j, sensitiveUsed: make([]bool, len(p.sensitive)), keepUsed: make([]bool, len(p.keep))}
	b.owners = max(p.minOwners, in.MinOwners)
	b.person()
	for _, inv := range in.Inventories {
		if err := b.system(inv); err != nil {
			return lastday.Plan{}, lastday.Wrap(lastday.CodeOf(err), "plan: build", "system "+inv.System, err)
		}
	}
	b.unused()
	return b.seal()
}

func checkInput(p Policy, in *Input) error {
	const op = "plan: build"
	if p.digest == "" {
		return lastday.Errorf(lastday.CodeInvalid, op, "there is no policy")
	}
	if in.Separation.Rescinded {
		return lastday.Errorf(lastday.CodeInvalid, op, "the separation is rescinded: nothing is to be taken, restore instead")
	}
	if in.Now.IsZero() {
		return lastday.Errorf(lastday.CodeInvalid, op, "no time is given")
	}
	in.Case = cmp.Or(in.Case, in.Separation.CaseID())
	in.Inventories = slices.Clone(in.Inventories)
	slices.SortFunc(in.Inventories, func(a, b lastday.Inventory) int { return cmp.Compare(a.System, b.System) })
	for i := 1; i < len(in.Inventories); i++ {
		if in.Inventories[i].System == in.Inventories[i-1].System {
			return lastday.Errorf(lastday.CodeInvalid, op, "system %q was read twice", in.Inventories[i].System)
		}
	}
	return nil
}

// builder gathers a plan system by system.
type builder struct {
	*journey
	plan          lastday.Plan
	owners        int
	sensitiveUsed []bool
	keepUsed      []bool
}

func (b *builder) person() {
	if slices.Contains(b.in.Protected.People, b.in.Separation.Person.Key) {
		b.guard("protected_person", "", "the person is protected by the configuration", b.policy.approvals)
	}
}

func (b *builder) guard(name, system, why string, approvals int) {
	b.plan.Guards = append(b.plan.Guards, lastday.Guard{Name: name, System: system, Why: why, Approvals: approvals})
}

func (b *builder) system(inv lastday.Inventory) error {
	if err := distinct(inv.Grants); err != nil {
		return err
	}
	open := openGaps(b.policy, inv)
	b.plan.Gaps = append(b.plan.Gaps, open...)
	b.acceptedNotes(inv)
	b.plan.Residue = append(b.plan.Residue, inv.Residue...)
	b.plan.Systems = append(b.plan.Systems, lastday.SystemPlan{
		System: inv.System, Match: ordered(inv.Match), ReadAt: inv.ReadAt, Grants: len(inv.Grants),
		Highest: inv.Highest(), Complete: len(open) == 0,
	})
	b.accountGuards(inv)
	for _, g := range sortedGrants(inv.Grants) {
		if err := b.grant(inv, g); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) acceptedNotes(inv lastday.Inventory) {
	for _, g := range inv.Gaps {
		if a, ok := b.policy.accepts(g); ok {
			b.note("gap in %s accepted by the policy: %s (%s)", inv.System, g.What, a.reason)
		}
	}
}

func (b *builder) accountGuards(inv lastday.Inventory) {
	account := inv.Match.Account.ID
	if inv.Match.Verdict == lastday.FoundMany {
		b.guard("ambiguous_identity", inv.System, "more than one account may be the person's; nothing is changed until somebody pins the right one", 0)
	}
	if inv.Match.Verdict != lastday.FoundOne {
		return
	}
	if slices.Contains(b.in.Protected.Accounts[lastday.SystemOf(inv.System)], account) {
		b.guard("protected_account", inv.System, "the account is protected by the configuration", b.policy.approvals)
	}
	if ownCredential(inv) {
		b.guard("own_credential", inv.System, "lastday itself works with this account; give it another credential first", 0)
	}
}

func (b *builder) grant(inv lastday.Inventory, g lastday.Grant) error {
	m, err := b.match(inv.System, g, g)
	if err != nil {
		return err
	}
	b.use(m)
	if g.Level() == lastday.LevelNone {
		return nil
	}
	if why := hindrance(inv, g, b.owners); why != nil {
		b.plan.Residue = append(b.plan.Residue, *why)
		if lastOwner(g, b.owners) && !ownCredential(inv) && g.Direct() {
			b.guard("last_owner", inv.System, g.Resource.Name+" would be left without enough owners", 0)
		}
		return nil
	}
	b.chain(inv, g, m)
	return nil
}

func (b *builder) use(m match) {
	for i, yes := range m.sensitive {
		b.sensitiveUsed[i] = b.sensitiveUsed[i] || yes
	}
	if m.keep >= 0 {
		b.keepUsed[m.keep] = true
	}
}

// chain walks a grant down the legs. A change begins where the one before it ends.
func (b *builder) chain(inv lastday.Inventory, g lastday.Grant, m match) {
	kept := ""
	for i := range b.legs {
		l := b.limit(b.legs[i].index, b.legs[i].stage.Ceiling, m)
		if g.Level() > l.level {
			c := lastday.NewChange(b.in.Case, inv.Match.Account, g, g.Ladder.Under(l.level).Name, l.rule)
			b.legs[i].stage.Changes = append(b.legs[i].stage.Changes, c)
			g.Rung = c.To
		}
		if l.kept && g.Level() > b.legs[i].stage.Ceiling && kept == "" {
			kept = g.Rung
			b.plan.Kept = append(b.plan.Kept, b.policy.held(inv.System, g, m))
		}
	}
}

func (p Policy) held(system string, g lastday.Grant, m match) lastday.Kept {
	k := p.keep[m.keep]
	return lastday.Kept{
		System: system, Grant: g.Key, Name: g.Resource.Name, Rung: g.Rung,
		Until: p.stages[k.until].name, Reason: k.reason,
	}
}

// unused names rules that match nothing: often a name was misspelt.
func (b *builder) unused() {
	for i, s := range b.policy.sensitive {
		if !b.sensitiveUsed[i] {
			b.note("sensitive rule %q matches nothing", s.name)
		}
	}
	for i, k := range b.policy.keep {
		if !b.keepUsed[i] {
			b.note("keep rule %q matches nothing", k.name)
		}
	}
}

func (b *builder) seal() (lastday.Plan, error) {
	p := b.plan
	p.Case, p.Policy, p.PolicyDigest = b.in.Case, b.policy.name, b.policy.digest
	p.TellAfter, p.TellAgain = b.policy.tellAfter, b.policy.tellAgain
	p.LastDay, p.Cutoff = b.last, b.cutoff
	for _, l := range b.legs {
		sortChanges(l.stage.Changes, l.stage.Ceiling)
		p.Stages = append(p.Stages, l.stage)
	}
	sortGaps(p.Gaps)
	sortResidue(p.Residue)
	slices.SortStableFunc(p.Guards, func(x, y lastday.Guard) int {
		return cmp.Or(cmp.Compare(x.System, y.System), cmp.Compare(x.Name, y.Name), cmp.Compare(x.Why, y.Why))
	})
	p.Notes = b.notes
	sealed, err := p.Seal()
	if err != nil {
		return lastday.Plan{}, fmt.Errorf("plan: build: %w", err)
	}
	return sealed, nil
}

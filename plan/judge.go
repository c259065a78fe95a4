package plan

import (
	"cmp"
	"slices"
	"time"

	"lastday"
)

// Verdict says how one system stands against one stage.
type Verdict string

// The verdicts.
const (
	// Clean: all could be seen, and nothing is above its ceiling but what the
	// policy keeps or a person settled.
	Clean Verdict = "clean"
	// Due: there are changes to make.
	Due Verdict = "due"
	// Stuck: all could be seen, and what is left above the ceiling cannot be
	// changed here.
	Stuck Verdict = "stuck"
	// Blind: no change is due among what was seen, but not all could be seen.
	// Nothing may be called done.
	Blind Verdict = "blind"
)

// Question asks how one system stands against one stage.
type Question struct {
	Case       string
	Separation lastday.Separation
	// Stage names the stage, which must be in the plan.
	Stage string
	// Plan is the sealed plan: its ceilings and moments count, and what it saw
	// tells what a grant was before it was lowered.
	Plan lastday.Plan
	// Inventory is what was read now.
	Inventory lastday.Inventory
	// Attested says, by a grant's key, at which rung a person attested it to be
	// or waived it. It settles the grant while that rung is at or under the
	// ceiling; what is seen is then told as residue.
	Attested map[string]string
	// MinOwners is as in Input.
	MinOwners int
	// Now must not be before the stage's moment.
	Now time.Time
}

// Judgement is the answer to a Question.
type Judgement struct {
	// Due is what to change now, in order.
	Due []lastday.Change
	// Above is above its ceiling and cannot be changed here. Residue says for
	// each of them why, and where to change it.
	Above []lastday.Grant
	// Kept is held above the stage's ceiling by the policy.
	Kept []lastday.Kept
	// Residue is of Above, of settled grants, and of the inventory.
	Residue []lastday.Residue
	// Gaps are those that nobody answered for. A missing positive control and an
	// ambiguous account make the verdict Blind without one.
	Gaps []lastday.Gap
	// Highest is the highest level seen.
	Highest lastday.Level
	Verdict Verdict
}

// Judge says what of one system is still above its ceiling. It serves before a
// stage, to know what to do, and after it, to know whether it is done.
//
// CodeInvalid: the plan is of another policy or case or has no such stage, the
// stage's moment has not come, or two grants have one key.
func Judge(p Policy, q Question) (Judgement, error) {
	j, err := newJudge(p, q)
	if err != nil {
		return Judgement{}, lastday.Wrap(lastday.CodeInvalid, "plan: judge", "stage "+clip(q.Stage, 40), err)
	}
	for _, g := range sortedGrants(q.Inventory.Grants) {
		if err := j.grant(g); err != nil {
			return Judgement{}, lastday.Wrap(lastday.CodeInvalid, "plan: judge", "system "+q.Inventory.System, err)
		}
	}
	return j.sentence(), nil
}

type judge struct {
	course
	q      Question
	stage  lastday.Stage
	index  int
	owners int
	// blind says that not all could be seen, otherAccount that what was seen is
	// of an account that nobody planned for.
	blind        bool
	otherAccount bool
	was          map[string]lastday.Grant
	out          Judgement
}

func newJudge(p Policy, q Question) (*judge, error) {
	planned, err := checkQuestion(p, q)
	if err != nil {
		return nil, err
	}
	c, err := lay(p, q.Plan.LastDay, q.Plan.Cutoff.Time, q.Plan.Cutoff.Zone)
	if err != nil {
		return nil, err
	}
	c.hidden = q.Separation.Confidential && p.confidential == cutOnly
	j := &judge{course: c, q: q, stage: planned, index: p.cut, owners: max(p.minOwners, q.MinOwners)}
	if !planned.Cut && !planned.Watch {
		j.index = slices.IndexFunc(p.stages, func(s stage) bool { return s.name == q.Stage })
	}
	j.was = beforeImages(q.Plan, q.Inventory.System)
	j.look()
	j.out.Highest = q.Inventory.Highest()
	j.out.Residue = slices.Clone(q.Inventory.Residue)
	return j, nil
}

// look finds what could not be seen.
func (j *judge) look() {
	inv := j.q.Inventory
	j.blind = len(openGaps(j.policy, inv)) > 0
	j.out.Gaps = unanswered(j.policy, inv)
	if gap, ok := identityGap(inv); ok && inv.Match.Verdict != lastday.FoundMany {
		j.out.Gaps = append(j.out.Gaps, gap)
	}
	if gap, ok := accountGap(j.q); ok {
		j.out.Gaps = append(j.out.Gaps, gap)
		j.otherAccount, j.blind = true, true
	}
	sortGaps(j.out.Gaps)
}

func checkQuestion(p Policy, q Question) (lastday.Stage, error) {
	const op = "question"
	stage, ok := q.Plan.Stage(q.Stage)
	switch {
	case p.digest == "" || p.digest != q.Plan.PolicyDigest:
		return stage, lastday.Errorf(lastday.CodeInvalid, op, "the plan was made by another policy; plan again")
	case cmp.Or(q.Case, q.Plan.Case) != q.Plan.Case:
		return stage, lastday.Errorf(lastday.CodeInvalid, op, "the plan is of another case")
	case !ok:
		return stage, lastday.Errorf(lastday.CodeInvalid, op, "the plan has no such stage")
	case q.Now.Before(stage.Moment.Instant):
		return stage, lastday.Errorf(lastday.CodeInvalid, op, "the stage has not come yet")
	}
	return stage, distinct(q.Inventory.Grants)
}

// accountGap refuses an account that is not the one that was planned for.
func accountGap(q Question) (lastday.Gap, bool) {
	now := q.Inventory.Match
	for _, s := range q.Plan.Systems {
		planned := s.System == q.Inventory.System && s.Match.Verdict == lastday.FoundOne
		if planned && now.Verdict == lastday.FoundOne && now.Account.ID != s.Match.Account.ID {
			return lastday.Gap{
				System: s.System, What: "which account is the person's", Code: lastday.CodeProtected,
				Why: "another account was found than the one that was planned for", Fix: "pin the right account in the link table, then plan again",
			}, true
		}
	}
	return lastday.Gap{}, false
}

// beforeImages are the grants as the plan saw them, before its first change.
func beforeImages(p lastday.Plan, system string) map[string]lastday.Grant {
	was := map[string]lastday.Grant{}
	for _, s := range p.Stages {
		for _, c := range s.Changes {
			if _, seen := was[c.Grant.Key]; c.Account.System == system && !seen {
				was[c.Grant.Key] = c.Grant
			}
		}
	}
	return was
}

func (j *judge) grant(g lastday.Grant) error {
	if g.Level() == lastday.LevelNone {
		return nil
	}
	was, planned := j.was[g.Key]
	if !planned {
		was = g
	}
	m, err := j.match(j.q.Inventory.System, g, was)
	if err != nil {
		return err
	}
	l := j.limit(j.index, j.stage.Ceiling, m)
	switch {
	case g.Level() <= l.level:
		if l.kept && g.Level() > j.stage.Ceiling {
			j.out.Kept = append(j.out.Kept, j.policy.held(j.q.Inventory.System, g, m))
		}
	case j.settled(g, l.level):
	default:
		j.above(g, l)
	}
	return nil
}

// settled says whether a person answered for the grant, and tells what is still seen.
func (j *judge) settled(g lastday.Grant, ceiling lastday.Level) bool {
	name, ok := j.q.Attested[g.Key]
	if !ok {
		return false
	}
	rung, known := g.Ladder.Rung(name)
	if !known || rung.Level > ceiling {
		return false
	}
	j.out.Residue = append(j.out.Residue, lastday.Residue{
		System: j.q.Inventory.System, Kind: g.Kind, What: g.Rung + " on " + g.Resource.Name,
		Why: "a person answered for it being at " + name + "; it is still seen at " + g.Rung, Harmless: true,
	})
	return true
}

func (j *judge) above(g lastday.Grant, l limit) {
	why := hindrance(j.q.Inventory, g, j.owners)
	if why == nil && j.otherAccount {
		why = &lastday.Residue{
			System: j.q.Inventory.System, Kind: g.Kind, What: g.Rung + " on " + g.Resource.Name,
			Why: "it belongs to another account than the one that was planned for", Todo: "pin the right account in the link table, then plan again",
		}
	}
	if why != nil {
		j.out.Above = append(j.out.Above, g)
		j.out.Residue = append(j.out.Residue, *why)
		return
	}
	to := g.Ladder.Under(l.level).Name
	j.out.Due = append(j.out.Due, lastday.NewChange(j.q.Plan.Case, j.q.Inventory.Match.Account, g, to, l.rule))
}

func (j *judge) sentence() Judgement {
	out := j.out
	sortChanges(out.Due, j.stage.Ceiling)
	sortResidue(out.Residue)
	switch {
	case len(out.Due) > 0:
		out.Verdict = Due
	case j.blind:
		out.Verdict = Blind
	case len(out.Above) > 0:
		out.Verdict = Stuck
	default:
		out.Verdict = Clean
	}
	return out
}

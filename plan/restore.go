package plan

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"lastday"
)

// Taken is a change that was made, with its receipt.
type Taken struct {
	Change  lastday.Change
	Receipt lastday.Receipt
}

// Return is the way back.
type Return struct {
	// Changes give back, in order: what others rest on first.
	Changes []lastday.Change
	// Back are keys of grants that stand again where they stood.
	Back []string
	// Cannot is what cannot be given back, and why.
	Cannot []lastday.Residue
	// Drifted is what somebody changed since, or what cannot be seen: a question
	// for a person.
	Drifted []lastday.Residue
	// Lossy is among Changes but will not be quite the same, or needs the
	// person's consent.
	Lossy []lastday.Residue
}

// Restore compares what was, what we made of it and what is now, in one system.
// It gives back only what we took ourselves, and only where nobody changed it
// since. The order of taken is the order in which the changes were made;
// receipts with other outcomes than applied and accepted are passed over.
//
// CodeInvalid: changes of another system are among taken, or the inventory
// does not show anything: see the error.
func Restore(caseID string, taken []Taken, now lastday.Inventory, at time.Time) (Return, error) {
	if err := checkNow(taken, now); err != nil {
		return Return{}, err
	}
	var out Return
	var back []lastday.Change
	for _, t := range trails(taken) {
		if c, ok := t.back(caseID, now, at, &out); ok {
			back = append(back, c)
		}
	}
	out.Changes = rests(back)
	slices.Sort(out.Back)
	sortResidue(out.Cannot)
	sortResidue(out.Drifted)
	sortResidue(out.Lossy)
	return out, nil
}

func checkNow(taken []Taken, now lastday.Inventory) error {
	const op = "plan: restore"
	for _, t := range taken {
		if t.Change.Account.System != now.System {
			return lastday.Errorf(lastday.CodeInvalid, op, "a change of system %q does not belong to %q", t.Change.Account.System, now.System)
		}
	}
	if gap, ok := identityGap(now); ok {
		return lastday.Errorf(lastday.CodeInvalid, op, "system %s: %s", now.System, gap.Why)
	}
	if !now.Control.Seen {
		return lastday.Errorf(lastday.CodeInvalid, op, "system %s: nothing shows that we would see what is there; read it again", now.System)
	}
	return distinct(now.Grants)
}

// rests puts grants that others rest on first: the driver's order upside down,
// so membership comes back before the team roles that need it.
func rests(back []lastday.Change) []lastday.Change {
	slices.SortStableFunc(back, func(a, b lastday.Change) int {
		return cmp.Or(cmp.Compare(b.Grant.Order, a.Grant.Order), cmp.Compare(a.Grant.Kind, b.Grant.Kind), cmp.Compare(a.Grant.Key, b.Grant.Key))
	})
	return back
}

// trail is what we did to one grant of one account, step by step.
type trail []Taken

// trails sorts what we took by grant.
func trails(taken []Taken) []trail {
	var all []trail
	at := map[[2]string]int{}
	for _, t := range taken {
		if t.Receipt.Outcome != lastday.OutcomeApplied && t.Receipt.Outcome != lastday.OutcomeAccepted {
			continue
		}
		key := [2]string{t.Change.Account.ID, t.Change.Grant.Key}
		i, seen := at[key]
		if !seen {
			i = len(all)
			at[key] = i
			all = append(all, nil)
		}
		all[i] = append(all[i], t)
	}
	return all
}

func (t Taken) before() string { return cmp.Or(t.Receipt.Before, t.Change.From) }

// after is where the change left the grant. A reading that does not show the
// change yet does not make it undone.
func (t Taken) after() string {
	if t.hangs() {
		return t.Change.To
	}
	return cmp.Or(t.Receipt.After, t.Change.To)
}

// hangs says that a reading still showed the grant above where it was to go.
func (t Taken) hangs() bool {
	above, err := t.Change.Grant.Ladder.Compare(t.Receipt.After, t.Change.To)
	return t.Receipt.After != "" && (err != nil || above > 0)
}

// merged joins the steps to one: where the grant stood before them, and where we
// left it. Steps between which somebody else changed the grant do not join: only
// the last ones, which do, are ours to undo.
func (t trail) merged() (joined trail, before, ours string) {
	first := len(t) - 1
	for first > 0 && t[first-1].after() == t[first].before() {
		first--
	}
	return t[first:], t[first].before(), t[len(t)-1].after()
}

// back decides about one grant.
func (t trail) back(caseID string, now lastday.Inventory, at time.Time, out *Return) (lastday.Change, bool) {
	joined, before, ours := t.merged()
	g := joined[0].Change.Grant
	account := t[0].Change.Account
	if len(joined) < len(t) {
		out.Drifted = append(out.Drifted, t.residue("somebody changed it between our changes; what was taken before that is not given back"))
	}
	rises, err := g.Ladder.Compare(before, ours)
	if err != nil {
		out.Cannot = append(out.Cannot, t.residue("it stood at a role that is not known"))
		return lastday.Change{}, false
	}
	if rises <= 0 {
		return lastday.Change{}, false
	}
	rung, why := current(now, account, g)
	if why == "" {
		why = joined.drift(before, ours, rung)
	}
	switch {
	case why != "":
		out.Drifted = append(out.Drifted, t.residue(why))
		return lastday.Change{}, false
	case rung == before:
		out.Back = append(out.Back, g.Key)
		return lastday.Change{}, false
	}
	return joined.give(caseID, at, out)
}

// give makes the change that gives a grant back, if it can be.
func (t trail) give(caseID string, at time.Time, out *Return) (lastday.Change, bool) {
	if why := t.never(at); why != "" {
		out.Cannot = append(out.Cannot, t.residue(why))
		return lastday.Change{}, false
	}
	if why := t.loss(); why != "" {
		out.Lossy = append(out.Lossy, t.residue(why))
	}
	g := t[0].Change.Grant
	g.Rung = t[len(t)-1].after()
	c := lastday.NewChange(caseID, t[0].Change.Account, g, t[0].before(), "restore")
	c.Undo = t.undo()
	return c, true
}

// current is the rung at which a grant stands now, or why that is not known.
func current(now lastday.Inventory, account lastday.Account, g lastday.Grant) (rung, why string) {
	if now.Match.Verdict == lastday.FoundOne && now.Match.Account.ID != account.ID {
		return "", "the person has another account now"
	}
	for _, have := range now.Grants {
		if have.Key == g.Key {
			return have.Rung, ""
		}
	}
	for _, gap := range now.Gaps {
		if gap.Kind == "" || gap.Kind == g.Kind {
			return "", "it cannot be seen now: " + gap.What
		}
	}
	return lastday.None, ""
}

// drift says why a grant is not ours to move; empty if it is.
func (t trail) drift(before, ours, now string) string {
	last := t[len(t)-1]
	waiting := last.Receipt.Outcome == lastday.OutcomeAccepted || last.hangs()
	switch {
	case now == before && waiting && last.Receipt.Proof < lastday.ProofObserved:
		return "the far side took the order to take it and may still carry it out"
	case now == before, now == ours:
		return ""
	}
	return "it stands at " + now + "; we left it at " + ours
}

// never says why a grant cannot be given back; empty if it can.
func (t trail) never(at time.Time) string {
	for _, step := range t {
		r := step.Change.Grant.Restore
		if r.Fidelity == lastday.RestoreNever {
			return cmp.Or(r.Note, "it cannot be given back")
		}
		done := step.Receipt.DoneAt
		if done.IsZero() {
			done = step.Receipt.SeenAt
		}
		if r.Within > 0 && !done.IsZero() && done.Add(r.Within).Before(at) {
			return "it could be given back only for " + roughly(r.Within) + " after it was taken"
		}
	}
	return ""
}

// loss says what will not be the same; empty if all will.
func (t trail) loss() string {
	for _, step := range t {
		r := step.Change.Grant.Restore
		switch r.Fidelity {
		case lastday.RestoreExact, lastday.RestoreNever:
		case lastday.RestoreConsent:
			return cmp.Or(r.Note, "the person must accept it")
		case lastday.RestoreLossy:
			return cmp.Or(r.Note, "it will not be quite the same")
		default:
			return cmp.Or(r.Note, "nothing is promised about giving it back")
		}
	}
	return ""
}

// undo joins what the receipts kept. The earliest knows best: it saw the grant whole.
func (t trail) undo() map[string]string {
	all := map[string]string{}
	for _, v := range slices.Backward(t) {
		maps.Copy(all, v.Receipt.Undo)
	}
	if len(all) == 0 {
		return nil
	}
	return all
}

func (t trail) residue(why string) lastday.Residue {
	c := t[len(t)-1].Change
	return lastday.Residue{
		System: c.Account.System, Kind: c.Grant.Kind, What: t[0].before() + " on " + c.Grant.Resource.Name,
		Why: why,
	}
}

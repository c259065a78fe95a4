package integrationtest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"lastday"
	"lastday/integrations"
)

// leaver is the leaver's account as the far side knows it.
func (w World) leaver() lastday.Account { return lastday.Account{System: w.System, ID: w.LeaverID} }

// listing is all pages of one account's access.
type listing struct {
	grants  []lastday.Grant
	gaps    []lastday.Gap
	control lastday.Control
	pages   int
}

// proves says whether what is missing in the listing is shown to be missing.
func (l listing) proves() bool { return l.control.Seen && len(l.gaps) == 0 }

func list(t T, w World, account lastday.Account) (listing, error) {
	t.Helper()
	const most = 1000
	var all listing
	at := integrations.Cursor("")
	for range most {
		page, err := w.Driver.List(t.Context(), account, at)
		if err != nil {
			return all, err
		}
		all.grants = append(all.grants, page.Grants...)
		all.gaps = append(all.gaps, page.Gaps...)
		all.control = page.Control
		all.pages++
		if page.Next == "" {
			return all, nil
		}
		at = page.Next
	}
	t.Fatalf("the list has no end")
	return all, nil
}

// grants lists the leaver's access, which must work.
func grants(t T, w World) []lastday.Grant {
	t.Helper()
	l, err := list(t, w, w.leaver())
	if err != nil {
		t.Fatalf("list: %v", err)
	}
	return l.grants
}

// changeable lists the leaver's grants that can be changed where they are, in
// the order in which they are to be changed.
func changeable(t T, h Harness, w World) []lastday.Grant {
	t.Helper()
	var found []lastday.Grant
	for _, g := range grants(t, w) {
		if kind, ok := kindOf(h, g.Kind); ok && !kind.ReadOnly && g.Direct() {
			found = append(found, g)
		}
	}
	slices.SortStableFunc(found, func(a, b lastday.Grant) int { return a.Order - b.Order })
	if len(found) == 0 {
		t.Fatalf("the driver lists nothing that can be changed")
	}
	return found
}

func kindOf(h Harness, name string) (integrations.KindOfGrant, bool) {
	i := slices.IndexFunc(h.Description.Kinds, func(k integrations.KindOfGrant) bool { return k.Name == name })
	if i < 0 {
		return integrations.KindOfGrant{}, false
	}
	return h.Description.Kinds[i], true
}

// entryOf is what the far side's books must say of a grant.
func entryOf(g lastday.Grant) Entry {
	return Entry{Kind: g.Kind, Resource: g.Resource.ID, Rung: g.Rung, Pending: g.Pending}
}

// lines renders entries so that two views can be compared.
func lines(entries []Entry) []string {
	out := make([]string, 0, len(entries))
	for _, e := range entries {
		line := e.Kind + " " + e.Resource + " = " + e.Rung
		if e.Pending {
			line += " (pending)"
		}
		out = append(out, line)
	}
	slices.Sort(out)
	return out
}

// without leaves out a thing, and what the far side takes along with it.
func without(h Harness, entries []Entry, gone Entry) []Entry {
	return slices.DeleteFunc(slices.Clone(entries), func(e Entry) bool {
		return (e.Kind == gone.Kind && e.Resource == gone.Resource) || slices.Contains(h.Implies[gone.Kind], e.Kind)
	})
}

// rungOf is where a thing stands by the far side's books.
func rungOf(w World, account string, g lastday.Grant) string {
	for _, e := range w.Far.Access(account) {
		if e.Kind == g.Kind && e.Resource == g.Resource.ID {
			return e.Rung
		}
	}
	return lastday.None
}

// difference tells two sorted lists of lines apart, empty if they are equal.
func difference(want, got []string) string {
	var out []string
	for _, line := range want {
		if !slices.Contains(got, line) {
			out = append(out, "missing: "+line)
		}
	}
	for _, line := range got {
		if !slices.Contains(want, line) {
			out = append(out, "too much: "+line)
		}
	}
	if len(out) == 0 && len(want) != len(got) {
		out = append(out, fmt.Sprintf("%d, want %d: something is told twice", len(got), len(want)))
	}
	return strings.Join(out, "; ")
}

// moved names the parts of two snapshots that differ, but for one account.
func moved(before, after map[string]string, but string) string {
	keys := slices.Sorted(maps.Keys(before))
	for key := range after {
		if _, ok := before[key]; !ok {
			keys = append(keys, key)
		}
	}
	var out []string
	for _, key := range keys {
		if key != but && before[key] != after[key] {
			out = append(out, fmt.Sprintf("%s: %q became %q", key, before[key], after[key]))
		}
	}
	return strings.Join(out, "; ")
}

// change is the change of one of the leaver's grants.
func change(w World, g lastday.Grant, to string) lastday.Change {
	return lastday.NewChange("c-conformance", w.leaver(), g, to, "conformance")
}

// apply makes a change, which must work.
func apply(t T, w World, c lastday.Change) lastday.Receipt {
	t.Helper()
	receipt, err := w.Driver.Apply(t.Context(), c)
	if err != nil {
		t.Fatalf("apply %s to %s: %v", c.Grant.Kind, c.To, err)
	}
	return receipt
}

// giveBack is the change that undoes another.
func giveBack(w World, done lastday.Change, receipt lastday.Receipt) lastday.Change {
	grant := done.Grant
	grant.Rung = done.To
	back := lastday.NewChange("c-conformance-back", w.leaver(), grant, done.From, "restore")
	back.Grant = done.Grant
	back.Undo = receipt.Undo
	return back
}

// lower lists the rungs of a grant below the one where it stands, "none" last.
func lower(g lastday.Grant) []string {
	var rungs []string
	for _, r := range g.Ladder {
		if cmp, err := g.Ladder.Compare(g.Rung, r.Name); err == nil && cmp > 0 {
			rungs = append(rungs, r.Name)
		}
	}
	if !slices.Contains(rungs, lastday.None) {
		rungs = append(rungs, lastday.None)
	}
	return rungs
}

// done says that an outcome claims that the wish holds.
func done(o lastday.Outcome) bool {
	switch o {
	case lastday.OutcomeApplied, lastday.OutcomeAlready:
		return true
	case lastday.OutcomeAccepted, lastday.OutcomeOffered, lastday.OutcomeDrifted,
		lastday.OutcomeDelegated, lastday.OutcomeAsked, lastday.OutcomeRefused:
		return false
	}
	return false
}

package integrationtest

import (
	"slices"

	"lastday"
)

func listChecks() []Check {
	return []Check{
		{Name: "lists all that there is and nothing else", Ask: askComplete},
		{Name: "shows that it would have seen more", Ask: askControl},
		{Name: "lists what it declares", Ask: askDeclared},
		{Name: "reading never writes", Ask: askReadOnly},
		{Name: "lists nothing, and says so, once the account has vanished", Ask: askVanishedList, writes: true},
		{Name: "blind eyes prove nothing", Ask: askBlind, writes: true},
	}
}

func askComplete(t T, h Harness) {
	w := h.Open(t)
	truth := w.Far.Access(w.LeaverID)
	worthAsking(t, h, truth)
	var got []Entry
	for _, g := range grants(t, w) {
		got = append(got, entryOf(g))
	}
	if diff := difference(lines(truth), lines(got)); diff != "" {
		t.Errorf("the list is not what the far side grants: %s", diff)
	}
}

// worthAsking says where a harness makes it too easy.
func worthAsking(t T, h Harness, truth []Entry) {
	t.Helper()
	for _, kind := range h.Description.Kinds {
		has := slices.ContainsFunc(truth, func(e Entry) bool { return e.Kind == kind.Name })
		if !has && h.Absent[kind.Name] == "" {
			t.Errorf("the harness gives the leaver no %s, and does not say why", kind.Name)
		}
	}
	if h.Absent["pending"] == "" && !slices.ContainsFunc(truth, func(e Entry) bool { return e.Pending }) {
		t.Errorf("the harness gives the leaver nothing that is pending, and does not say why")
	}
	if h.Absent["later"] == "" && !slices.ContainsFunc(truth, func(e Entry) bool { return e.Later }) {
		t.Errorf("the harness gives the leaver nothing beyond the first page, and does not say why")
	}
}

func askControl(t T, h Harness) {
	w := h.Open(t)
	l, err := list(t, w, w.leaver())
	if err != nil {
		t.Fatalf("list: %v", err)
	}
	if !l.control.Seen || l.control.Evidence == "" {
		t.Errorf("the last page has no positive control: %+v", l.control)
	}
	health, err := w.Driver.Probe(t.Context())
	if err != nil {
		t.Fatalf("probe: %v", err)
	}
	if !health.Control.Seen || health.Control.Evidence == "" {
		t.Errorf("the probe has no positive control: %+v", health.Control)
	}
	for _, gap := range slices.Concat(l.gaps, health.Missing) {
		if gap.System != w.System || gap.What == "" || gap.Why == "" || !slices.Contains(lastday.Codes(), gap.Code) {
			t.Errorf("a gap does not say what and why: %+v", gap)
		}
	}
}

func askDeclared(t T, h Harness) {
	w := h.Open(t)
	keys := map[string]bool{}
	all := grants(t, w)
	if text(all) != text(grants(t, w)) {
		t.Errorf("reading twice gives two lists")
	}
	for _, g := range all {
		kind, ok := kindOf(h, g.Kind)
		if !ok {
			t.Errorf("lists a %q, which it does not declare", g.Kind)
			continue
		}
		if g.Key == "" || g.Resource.ID == "" || keys[g.Key] {
			t.Errorf("%s: the key %q or the resource %q is empty or double", g.Kind, g.Key, g.Resource.ID)
		}
		keys[g.Key] = true
		if !h.Description.Manual && g.Order != kind.Order {
			t.Errorf("%s: has order %d, declares %d", g.Kind, g.Order, kind.Order)
		}
		if _, ok := g.Ladder.Rung(g.Rung); !ok || g.Rung == lastday.None {
			t.Errorf("%s: stands at %q, which is no rung to stand on", g.Kind, g.Rung)
		}
		for _, rung := range g.Ladder {
			if _, ok := kind.Ladder.Rung(rung.Name); !ok {
				t.Errorf("%s: has the rung %q, which it does not declare", g.Kind, rung.Name)
			}
		}
		if g.Restore.Fidelity == "" {
			t.Errorf("%s: does not say whether it can be given back", g.Kind)
		}
	}
}

func askReadOnly(t T, h Harness) {
	w := h.Open(t)
	before, writes := w.Far.Snapshot(), w.Far.Writes()
	for _, person := range []lastday.Person{w.Leaver, w.Bystander, w.Stranger} {
		if _, err := w.Driver.Find(t.Context(), person); err != nil {
			t.Errorf("find: %v", err)
		}
	}
	if _, err := w.Driver.Probe(t.Context()); err != nil {
		t.Errorf("probe: %v", err)
	}
	grants(t, w)
	if diff := moved(before, w.Far.Snapshot(), ""); diff != "" {
		t.Errorf("reading changed something: %s", diff)
	}
	if n := w.Far.Writes() - writes; n != 0 {
		t.Errorf("reading made %d calls that could change something", n)
	}
}

func askVanishedList(t T, h Harness) {
	w := h.Open(t)
	w.Far.Vanish(w.LeaverID)
	l, err := list(t, w, w.leaver())
	if err != nil {
		t.Fatalf("an account that has vanished is no error: %v", err)
	}
	if len(l.grants) != 0 || !l.control.Seen {
		t.Errorf("lists %d grants with the control %+v; want none, with a positive control", len(l.grants), l.control)
	}
	m, err := w.Driver.Find(t.Context(), w.Leaver)
	if err == nil && m.Verdict == lastday.FoundOne {
		t.Errorf("finds an account that has vanished")
	}
}

func askBlind(t T, h Harness) {
	w := h.Open(t)
	truth := w.Far.Access(w.LeaverID)
	todo := changeable(t, h, w)
	w.Far.Break(Blind)
	m, err := w.Driver.Find(t.Context(), w.Leaver)
	if err == nil && m.Verdict == lastday.FoundNone && m.Control.Seen {
		t.Errorf("find: what could not be seen was taken for nobody")
	}
	l, err := list(t, w, w.leaver())
	if err == nil && l.proves() && len(l.grants) < len(truth) {
		t.Errorf("list: what could not be seen was taken for nothing: %d of %d grants, no gap, and a positive control", len(l.grants), len(truth))
	}
	for _, g := range todo {
		receipt, err := w.Driver.Apply(t.Context(), change(w, g, lastday.None))
		if err == nil && done(receipt.Outcome) && rungOf(w, w.LeaverID, g) != lastday.None {
			t.Errorf("apply: said %q of a %s that is still there", receipt.Outcome, g.Kind)
		}
	}
}

package integrationtest

import (
	"lastday"
)

func restoreChecks() []Check {
	return []Check{
		{Name: "gives back just what it took, where that is declared", Ask: askRestore, writes: true},
		{Name: "does not give back over what others did since", Ask: askDrift, writes: true},
	}
}

func askRestore(t T, h Harness) {
	for i := range changeable(t, h, h.Open(t)) {
		w := h.Open(t)
		g := changeable(t, h, w)[i]
		if len(h.Implies[g.Kind]) > 0 && g.Restore.Fidelity == lastday.RestoreExact {
			t.Errorf("%s: takes other grants along and still declares that it can be given back exactly", g.Kind)
		}
		before, access := w.Far.Snapshot(), lines(w.Far.Access(w.LeaverID))
		taken := change(w, g, lastday.None)
		receipt := apply(t, w, taken)
		if receipt.Outcome != lastday.OutcomeApplied {
			continue
		}
		after := w.Far.Snapshot()
		back, err := w.Driver.Apply(t.Context(), giveBack(w, taken, receipt))
		judgeRestore(t, g, back, err)
		switch g.Restore.Fidelity {
		case lastday.RestoreExact:
			if diff := difference(access, lines(w.Far.Access(w.LeaverID))); diff != "" {
				t.Errorf("%s: given back, but: %s", g.Kind, diff)
			}
			if diff := moved(before, w.Far.Snapshot(), ""); diff != "" {
				t.Errorf("%s: given back is not what it was: %s", g.Kind, diff)
			}
		case lastday.RestoreNever:
			if diff := moved(after, w.Far.Snapshot(), ""); diff != "" {
				t.Errorf("%s: cannot be given back, and yet: %s", g.Kind, diff)
			}
		case lastday.RestoreLossy, lastday.RestoreConsent:
			if diff := moved(before, w.Far.Snapshot(), w.LeaverID); diff != "" {
				t.Errorf("%s: giving it back changed others: %s", g.Kind, diff)
			}
		}
	}
}

// judgeRestore compares what was said about giving back with what was declared.
func judgeRestore(t T, g lastday.Grant, back lastday.Receipt, err error) {
	t.Helper()
	want := lastday.OutcomeApplied
	switch g.Restore.Fidelity {
	case lastday.RestoreConsent:
		want = lastday.OutcomeOffered
	case lastday.RestoreNever:
		code := lastday.CodeOf(err)
		if back.Outcome != lastday.OutcomeRefused && code != lastday.CodeUnsupported && code != lastday.CodeInvalid {
			t.Errorf("%s cannot be given back: outcome %q, error %v", g.Kind, back.Outcome, err)
		}
		return
	case lastday.RestoreExact, lastday.RestoreLossy:
	}
	if err != nil || back.Outcome != want {
		t.Errorf("%s (%s): giving back: outcome %q (%s), error %v; want %q", g.Kind, g.Restore.Fidelity, back.Outcome, back.Note, err, want)
	}
}

func askDrift(t T, h Harness) {
	asked := false
	for i, first := range changeable(t, h, h.Open(t)) {
		rungs := lower(first)
		if len(rungs) < 2 || first.Restore.Fidelity != lastday.RestoreExact || first.Pending {
			continue
		}
		asked = true
		w := h.Open(t)
		g := changeable(t, h, w)[i]
		taken := change(w, g, lastday.None)
		receipt := apply(t, w, taken)
		elsewhere := entryOf(g)
		elsewhere.Rung = rungs[0]
		w.Far.Put(w.LeaverID, elsewhere)
		before := w.Far.Snapshot()
		back, err := w.Driver.Apply(t.Context(), giveBack(w, taken, receipt))
		if err != nil || back.Outcome != lastday.OutcomeDrifted {
			t.Errorf("%s: somebody brought it to %q since: outcome %q, error %v; want %q", g.Kind, rungs[0], back.Outcome, err, lastday.OutcomeDrifted)
		}
		if diff := moved(before, w.Far.Snapshot(), ""); diff != "" {
			t.Errorf("%s: gave back over what somebody else did: %s", g.Kind, diff)
		}
	}
	if !asked {
		t.Logf("no grant can be given back exactly and has a rung in between")
	}
}

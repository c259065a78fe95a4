package integrationtest

import (
	"errors"
	"slices"
	"sync"

	"lastday"
)

func applyChecks() []Check {
	return []Check{
		{Name: "changes one grant and nothing else", Ask: askOneGrant, writes: true},
		{Name: "reaches every rung on the way down", Ask: askEveryRung, writes: true},
		{Name: "takes everything from the leaver and nothing from others", Ask: askEverything, writes: true},
		{Name: "twice is fine", Ask: askTwice, writes: true},
		{Name: "fine after the account has vanished", Ask: askVanishedApply, writes: true},
		{Name: "never raises on the way down", Ask: askNeverRaises, writes: true},
		{Name: "refuses what makes no sense", Ask: askNonsense, writes: true},
		{Name: "does not take the last owner", Ask: askLastOwner, writes: true},
		{Name: "two at once are fine", Ask: askTwoAtOnce, writes: true},
	}
}

func askOneGrant(t T, h Harness) {
	for i := range changeable(t, h, h.Open(t)) {
		w := h.Open(t)
		g := changeable(t, h, w)[i]
		access, before := w.Far.Access(w.LeaverID), w.Far.Snapshot()
		receipt := apply(t, w, change(w, g, lastday.None))
		soundReceipt(t, g, receipt)
		want := lines(access)
		if done(receipt.Outcome) {
			want = lines(without(h, access, entryOf(g)))
		}
		got := lines(w.Far.Access(w.LeaverID))
		if receipt.Outcome == lastday.OutcomeAccepted {
			continue // the far side does it later
		}
		if diff := difference(want, got); diff != "" {
			t.Errorf("taking %s %q said %q, but: %s", g.Kind, g.Resource.ID, receipt.Outcome, diff)
		}
		if diff := moved(before, w.Far.Snapshot(), w.LeaverID); diff != "" {
			t.Errorf("taking %s changed others: %s", g.Kind, diff)
		}
	}
}

func soundReceipt(t T, g lastday.Grant, r lastday.Receipt) {
	t.Helper()
	if r.Outcome != lastday.OutcomeApplied && r.Outcome != lastday.OutcomeAccepted {
		t.Errorf("taking %s that is there: outcome %q (%s)", g.Kind, r.Outcome, r.Note)
	}
	if r.Proof > lastday.ProofAcknowledged {
		t.Errorf("%s: a driver cannot claim proof %q of its own work", g.Kind, r.Proof)
	}
	if r.Before != "" && r.Before != g.Rung {
		t.Errorf("%s: before is %q, was %q", g.Kind, r.Before, g.Rung)
	}
	if len(r.Requests) == 0 {
		t.Errorf("%s: the receipt points to no call", g.Kind)
	}
}

func askEveryRung(t T, h Harness) {
	for i, first := range changeable(t, h, h.Open(t)) {
		for _, rung := range lower(first) {
			w := h.Open(t)
			g := changeable(t, h, w)[i]
			receipt := apply(t, w, change(w, g, rung))
			if !done(receipt.Outcome) {
				continue
			}
			if got := rungOf(w, w.LeaverID, g); got != rung {
				t.Errorf("%s %q to %q: stands at %q", g.Kind, g.Resource.ID, rung, got)
			}
		}
	}
}

func askEverything(t T, h Harness) {
	w := h.Open(t)
	before := w.Far.Snapshot()
	todo := changeable(t, h, w)
	want := w.Far.Access(w.LeaverID)
	var later []Entry // done or not: the far side does it when it likes
	for _, g := range todo {
		receipt := apply(t, w, change(w, g, lastday.None))
		if receipt.Outcome == lastday.OutcomeAccepted {
			later = append(later, entryOf(g))
		}
		if receipt.Outcome == lastday.OutcomeApplied || receipt.Outcome == lastday.OutcomeAlready {
			want = without(h, want, entryOf(g))
		}
	}
	got := w.Far.Access(w.LeaverID)
	for _, e := range later {
		want, got = without(h, want, e), without(h, got, e)
	}
	if diff := difference(lines(want), lines(got)); diff != "" {
		t.Errorf("after everything was taken: %s", diff)
	}
	if diff := moved(before, w.Far.Snapshot(), w.LeaverID); diff != "" {
		t.Errorf("others were changed: %s", diff)
	}
}

func askTwice(t T, h Harness) {
	for i := range changeable(t, h, h.Open(t)) {
		w := h.Open(t)
		g := changeable(t, h, w)[i]
		c := change(w, g, lastday.None)
		if !done(apply(t, w, c).Outcome) {
			continue
		}
		before := w.Far.Snapshot()
		receipt, err := w.Driver.Apply(t.Context(), c)
		if err != nil || receipt.Outcome != lastday.OutcomeAlready {
			t.Errorf("%s the second time: outcome %q, error %v; want %q", g.Kind, receipt.Outcome, err, lastday.OutcomeAlready)
		}
		if diff := moved(before, w.Far.Snapshot(), ""); diff != "" {
			t.Errorf("%s: the second time changed something: %s", g.Kind, diff)
		}
	}
}

func askVanishedApply(t T, h Harness) {
	w := h.Open(t)
	todo := changeable(t, h, w)
	w.Far.Vanish(w.LeaverID)
	before := w.Far.Snapshot()
	for _, g := range todo {
		for _, rung := range lower(g) {
			receipt, err := w.Driver.Apply(t.Context(), change(w, g, rung))
			if err != nil || receipt.Outcome != lastday.OutcomeAlready {
				t.Errorf("%s to %q: outcome %q, error %v; want %q", g.Kind, rung, receipt.Outcome, err, lastday.OutcomeAlready)
			}
		}
	}
	if diff := moved(before, w.Far.Snapshot(), ""); diff != "" {
		t.Errorf("something changed: %s", diff)
	}
}

func askNeverRaises(t T, h Harness) {
	for i, first := range changeable(t, h, h.Open(t)) {
		rungs := lower(first)
		for _, wish := range rungs[:len(rungs)-1] {
			w := h.Open(t)
			g := changeable(t, h, w)[i]
			gone := entryOf(g)
			gone.Rung = lastday.None
			w.Far.Put(w.LeaverID, gone)
			receipt, err := w.Driver.Apply(t.Context(), change(w, g, wish))
			if err != nil || receipt.Outcome != lastday.OutcomeAlready {
				t.Errorf("%s to %q after it was gone: outcome %q, error %v", g.Kind, wish, receipt.Outcome, err)
			}
			if got := rungOf(w, w.LeaverID, g); got != lastday.None {
				t.Errorf("%s was gone, and a change down to %q raised it to %q", g.Kind, wish, got)
			}
		}
	}
}

func askNonsense(t T, h Harness) {
	w := h.Open(t)
	g := changeable(t, h, w)[0]
	before, writes := w.Far.Snapshot(), w.Far.Writes()
	nobody, rung, kind := change(w, g, lastday.None), change(w, g, "no such rung"), change(w, g, lastday.None)
	nobody.Account.ID = ""
	kind.Grant.Kind = "no such kind"
	for what, c := range map[string]lastday.Change{"nobody's account": nobody, "a rung that is none": rung, "a kind that is none": kind} {
		receipt, err := w.Driver.Apply(t.Context(), c)
		if err == nil || lastday.CodeOf(err).Retryable() || lastday.CodeOf(err) == lastday.CodeInternal {
			t.Errorf("%s: outcome %q, error %v; want %s", what, receipt.Outcome, err, lastday.CodeInvalid)
		}
	}
	if _, err := w.Driver.List(t.Context(), lastday.Account{System: w.System}, ""); err == nil {
		t.Errorf("nobody's account is listed: some far sides take an empty name for our own")
	}
	if page, err := w.Driver.List(t.Context(), w.leaver(), "no-such-cursor"); err == nil && page.Control.Seen {
		t.Errorf("a cursor that is none gives a page with a positive control")
	}
	if diff := moved(before, w.Far.Snapshot(), ""); diff != "" || w.Far.Writes() != writes {
		t.Errorf("something was sent: %s", diff)
	}
}

func askLastOwner(t T, h Harness) {
	w := h.Open(t)
	if w.LastOwner == nil {
		t.Logf("the far side knows no last owner")
		return
	}
	entry := w.LastOwner()
	all := grants(t, w)
	i := slices.IndexFunc(all, func(g lastday.Grant) bool { return g.Kind == entry.Kind && g.Resource.ID == entry.Resource })
	if i < 0 {
		t.Fatalf("the driver does not list %s %q", entry.Kind, entry.Resource)
	}
	before := w.Far.Snapshot()
	for _, rung := range lower(all[i]) {
		receipt, err := w.Driver.Apply(t.Context(), change(w, all[i], rung))
		if receipt.Outcome != lastday.OutcomeRefused && lastday.CodeOf(err) != lastday.CodeProtected {
			t.Errorf("to %q: outcome %q, error %v; want it refused", rung, receipt.Outcome, err)
		}
		if err == nil && receipt.Note == "" {
			t.Errorf("to %q: why it is refused is not said", rung)
		}
	}
	if diff := moved(before, w.Far.Snapshot(), ""); diff != "" {
		t.Errorf("the last owner was changed: %s", diff)
	}
}

func askTwoAtOnce(t T, h Harness) {
	w := h.Open(t)
	g := changeable(t, h, w)[0]
	c := change(w, g, lastday.None)
	errs := make([]error, 4)
	var together sync.WaitGroup
	for i := range errs {
		together.Go(func() {
			if i%2 == 1 {
				_, errs[i] = w.Driver.List(t.Context(), w.leaver(), "")
				return
			}
			_, errs[i] = w.Driver.Apply(t.Context(), c)
		})
	}
	together.Wait()
	if err := errors.Join(errs...); err != nil && !lastday.CodeOf(err).Retryable() {
		t.Errorf("two at once: %v", err)
	}
	apply(t, w, c)
	if got := rungOf(w, w.LeaverID, g); got != lastday.None {
		t.Errorf("stands at %q after two at once", got)
	}
}

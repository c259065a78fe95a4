package okta

import (
	"context"
	"testing"

	"lastday"
	"lastday/integrations/integrationtest"
	"lastday/integrations/internal/httpx"
)

// leave is one leaver as a case has them: inventory, every change, inventory again.
func leave(t testing.TB, w *world) (calls, writes, changes int) {
	t.Helper()
	ctx, counter := httpx.Count(context.WithoutCancel(t.Context()))
	survey := func() lastday.Inventory {
		inv, err := w.system().Survey(ctx, person(w.leaver, ""), nil)
		if err != nil || !inv.Complete() {
			t.Fatalf("survey: %v, gaps %v", err, inv.Gaps)
		}
		return inv
	}
	before := survey()
	for _, g := range before.Grants {
		if !g.Direct() || g.Level() == lastday.LevelNone {
			continue
		}
		r, err := w.system().Apply(ctx, lastday.NewChange("case", before.Match.Account, g, lastday.None, "test"), false)
		if err != nil || (r.Outcome != lastday.OutcomeApplied && r.Outcome != lastday.OutcomeAlready) {
			t.Fatalf("%s: outcome %q (%s), error %v", g.Kind, r.Outcome, r.Note, err)
		}
		changes++
	}
	survey()
	return counter.Calls(), counter.Writes(), changes
}

// An inventory is one call for each sort of thing and a few for what only single
// things tell. A change reads the account and what stands, and writes once.
func TestWhatALeaverCosts(t *testing.T) {
	w := newWorld(t, true)
	w.server.Unpaged()
	calls, writes, changes := leave(t, w)
	t.Logf("%d changes: %d calls, of which %d write", changes, calls, writes)
	if most := 2*22 + 4*changes + 6; calls > most {
		t.Errorf("%d calls for %d changes, want at most %d", calls, changes, most)
	}
	if writes > changes+1 { // the token
		t.Errorf("%d writes for %d changes", writes, changes)
	}
}

func BenchmarkLeaver(b *testing.B) {
	for name, service := range map[string]bool{"with an API token": false, "as a service app": true} {
		b.Run(name, func(b *testing.B) {
			var calls, writes, changes int
			for range b.N {
				w := newWorld(benchT{b}, service)
				w.server.Unpaged()
				c, wr, ch := leave(b, w)
				calls, writes, changes = calls+c, writes+wr, changes+ch
			}
			b.ReportMetric(float64(calls)/float64(b.N), "requests/leaver")
			b.ReportMetric(float64(writes)/float64(b.N), "writes/leaver")
			b.ReportMetric(float64(changes)/float64(b.N), "changes/leaver")
		})
	}
}

// benchT is a benchmark where a world wants the suite's T.
type benchT struct{ *testing.B }

var _ integrationtest.T = benchT{}

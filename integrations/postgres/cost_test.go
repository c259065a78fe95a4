package postgres

import (
	"testing"

	"lastday"
	"lastday/integrations"
)

// leaver takes everything from kim and looks again, and counts what it costs.
func leaver(t interface {
	Helper()
	Fatalf(format string, args ...any)
}, w *world,
) (connections, trips, changes int) {
	t.Helper()
	d := w.driver()
	system := integrations.NewSystem("pg", d, integrations.Options{Now: noon})
	person := lastday.Person{Key: "p1", Links: []lastday.Link{{System: "pg", ID: w.kim}}}
	inv, err := system.Survey(w.t.Context(), person, nil)
	if err != nil || !inv.Complete() || inv.Calls == 0 {
		t.Fatalf("survey: %v, complete %t, %d calls", err, inv.Complete(), inv.Calls)
	}
	for _, g := range inv.Grants {
		r, err := system.Apply(w.t.Context(), lastday.NewChange("c-1", inv.Match.Account, g, lastday.None, "test"), false)
		if err != nil || r.Outcome != lastday.OutcomeApplied {
			t.Fatalf("%s: outcome %q, error %v", g.Kind, r.Outcome, err)
		}
	}
	after, err := system.Survey(w.t.Context(), person, nil)
	if err != nil || !after.Complete() || len(after.Grants) != 0 {
		t.Fatalf("after: %v, %d grants", err, len(after.Grants))
	}
	return w.proxy.Connections(), w.proxy.Trips(), len(inv.Grants)
}

// What one leaver costs must not grow unseen: three round trips to connect and
// log in, one to read, three to change.
func TestWhatALeaverCosts(t *testing.T) {
	w := newWorld(t)
	w.furnish()
	connections, trips, changes := leaver(t, w)
	t.Logf("%d changes: %d connections, %d round trips", changes, connections, trips)
	if most := 10 + changes; connections > most {
		t.Errorf("%d connections for %d changes, want at most %d", connections, changes, most)
	}
	if most := 45 + 8*changes; trips > most {
		t.Errorf("%d round trips for %d changes, want at most %d", trips, changes, most)
	}
}

func BenchmarkLeaver(b *testing.B) {
	for range b.N {
		w := newWorld(b)
		w.furnish()
		connections, trips, changes := leaver(b, w)
		b.ReportMetric(float64(connections), "connections/leaver")
		b.ReportMetric(float64(trips), "requests/leaver")
		b.ReportMetric(float64(changes), "changes/leaver")
	}
}

package ldap

import (
	"testing"

	"lastday"
	"lastday/integrations"
	"lastday/integrations/integrationtest"
)

// leaver takes everything from an account and looks again, and counts what it costs.
func leaver(t integrationtest.T, d *driver, id string, requests func() int) (calls, changes int) {
	t.Helper()
	system := integrations.NewSystem("ldap", d, integrations.Options{Now: d.now})
	who := lastday.Person{Key: "p1", Links: []lastday.Link{{System: "ldap", ID: id}}}
	before := requests()
	inv, err := system.Survey(t.Context(), who, nil)
	if err != nil || inv.Calls == 0 || inv.Calls != requests()-before {
		t.Fatalf("survey: %v, %d calls of %d", err, inv.Calls, requests()-before)
	}
	for _, g := range inv.Grants {
		r, err := system.Apply(t.Context(), lastday.NewChange("c-1", inv.Match.Account, g, lastday.None, "test"), false)
		if err != nil || r.Outcome != lastday.OutcomeApplied {
			t.Fatalf("%s: outcome %q, error %v", g.Kind, r.Outcome, err)
		}
	}
	after, err := system.Survey(t.Context(), who, nil)
	if err != nil || len(after.Grants) != 0 {
		t.Fatalf("after: %v, %d grants", err, len(after.Grants))
	}
	return requests() - before, len(inv.Grants)
}

func whole(c *Config) { c.PageSize = 500 }

// What one leaver costs must not grow unseen.
func TestWhatALeaverCosts(t *testing.T) {
	w := newWorld(t)
	calls, changes := leaver(t, w.driver(whole), w.kim, w.proxy.Requests)
	t.Logf("OpenLDAP: %d changes, %d calls", changes, calls)
	if most := 32 + 7*changes; calls > most {
		t.Errorf("OpenLDAP: %d calls for %d changes, want at most %d", calls, changes, most)
	}
	a := newADWorld(t)
	cfg := a.config()
	whole(&cfg)
	calls, changes = leaver(t, a.open(cfg), a.kim(), a.proxy.Requests)
	t.Logf("Active Directory: %d changes, %d calls", changes, calls)
	if most := 28 + 7*changes; calls > most {
		t.Errorf("Active Directory: %d calls for %d changes, want at most %d", calls, changes, most)
	}
}

func BenchmarkLeaver(b *testing.B) {
	b.Run("openldap", func(b *testing.B) {
		for range b.N {
			w := newWorld(b)
			calls, changes := leaver(b, w.driver(whole), w.kim, w.proxy.Requests)
			b.ReportMetric(float64(calls), "requests/leaver")
			b.ReportMetric(float64(changes), "changes/leaver")
		}
	})
	b.Run("active-directory", func(b *testing.B) {
		for range b.N {
			w := newADWorld(b)
			cfg := w.config()
			whole(&cfg)
			calls, changes := leaver(b, w.open(cfg), w.kim(), w.proxy.Requests)
			b.ReportMetric(float64(calls), "requests/leaver")
			b.ReportMetric(float64(changes), "changes/leaver")
		}
	})
}

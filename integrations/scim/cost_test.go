package scim

import (
	"testing"

	"lastday"
	"lastday/integrations"
	"lastday/integrations/scim/scimtest"
)

// measure takes everything from kim, looks again, and counts the calls.
func measure(t testing.TB, p lastday.Person, change func(*Config)) (inventory, all, changes int) {
	t.Helper()
	c := newCompany(t, scimtest.Manners{})
	system := integrations.NewSystem("saas", c.driver(t, change), integrations.Options{Now: noon})
	inv, err := system.Survey(t.Context(), p, nil)
	if err != nil || !inv.Complete() || inv.Calls != len(c.Calls()) {
		t.Fatalf("survey: %v, complete %t, %d calls counted of %d", err, inv.Complete(), inv.Calls, len(c.Calls()))
	}
	for _, g := range inv.Grants {
		r, err := system.Apply(t.Context(), lastday.NewChange("c-1", inv.Match.Account, g, lastday.None, "test"), false)
		if err != nil || r.Outcome != lastday.OutcomeApplied {
			t.Fatalf("%s: %s (%s), %v", g.Key, r.Outcome, r.Note, err)
		}
	}
	after, err := system.Survey(t.Context(), p, nil)
	if err != nil || !after.Complete() || len(after.Grants) != 0 {
		t.Fatalf("after: %d grants, %v", len(after.Grants), err)
	}
	return inv.Calls, len(c.Calls()), len(inv.Grants)
}

// What one leaver costs must not grow unseen.
func TestWhatALeaverCosts(t *testing.T) {
	for name, c := range map[string]struct {
		person lastday.Person
		change func(*Config)
		most   int
	}{
		"linked, groups by filter": {linked(kim(), "u-kim", ""), nil, 9},
		"linked, all groups read":  {linked(kim(), "u-kim", ""), func(cfg *Config) { cfg.CanaryGroup = "" }, 8},
		"searched":                 {kim(), nil, 15},
	} {
		inventory, all, changes := measure(t, c.person, c.change)
		t.Logf("%s: %d calls for an inventory, %d for %d changes and a second one", name, inventory, all, changes)
		if inventory > c.most || all > 2*c.most+6*changes {
			t.Errorf("%s: %d calls for an inventory, want at most %d; %d in all for %d changes", name, inventory, c.most, all, changes)
		}
	}
}

func BenchmarkLeaver(b *testing.B) {
	for name, p := range map[string]lastday.Person{"linked": linked(kim(), "u-kim", ""), "searched": kim()} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				inventory, all, changes := measure(b, p, nil)
				b.ReportMetric(float64(inventory), "requests/inventory")
				b.ReportMetric(float64(all), "requests/leaver")
				b.ReportMetric(float64(changes), "changes/leaver")
			}
		})
	}
}

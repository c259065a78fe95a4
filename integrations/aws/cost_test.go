package aws

import (
	"fmt"
	"strings"
	"testing"

	"lastday"
	"lastday/integrations"
	"lastday/integrations/aws/awstest"
)

// leaver takes everything from somebody and looks again; it gives the calls of
// reading once and of all, and the changes.
func leaver(t tester, c *awstest.Cloud, system *integrations.System, person lastday.Person) (reading, calls, changes int) {
	t.Helper()
	began := len(c.Calls())
	inv, err := system.Survey(t.Context(), person, nil)
	if err != nil || !inv.Complete() {
		t.Fatalf("survey: %v, complete %t", err, inv.Complete())
	}
	reading = len(c.Calls()) - began
	for _, g := range inv.Grants {
		if !g.Direct() {
			continue
		}
		changes++
		if r, err := system.Apply(t.Context(), lastday.NewChange("c-1", inv.Match.Account, g, lastday.None, "test"), false); err != nil || r.Outcome != lastday.OutcomeApplied {
			t.Fatalf("%s: outcome %q (%s), %v", g.Kind, r.Outcome, r.Note, err)
		}
	}
	if _, err := system.Survey(t.Context(), person, nil); err != nil {
		t.Fatalf("after: %v", err)
	}
	return reading, len(c.Calls()) - began, changes
}

func iamSystem(d *iamDriver) *integrations.System {
	return integrations.NewSystem("aws", d, integrations.Options{Now: noon})
}

func centerSystem(d *centerDriver) *integrations.System {
	return integrations.NewSystem("sso", d, integrations.Options{Now: noon})
}

// crowd adds users, so that lists have the pages that they have in production.
func crowd(c *awstest.Cloud, n int) {
	c.PageSize = 1000
	c.Look(func(b *awstest.Books) {
		for i := range n {
			id := fmt.Sprintf("AIDACROWD%011d", i)
			b.Users[id] = &awstest.User{ID: id, Name: fmt.Sprintf("crowd-%d", i), Groups: []string{"readers"}}
		}
	})
}

// What one leaver costs must not grow unseen.
func TestWhatALeaverCosts(t *testing.T) {
	c, d := iamWorld(t)
	crowd(c, 500)
	reading, calls, changes := leaver(t, c, iamSystem(d), lastday.Person{Key: "p1", EmployeeNumber: "E-kim"})
	t.Logf("IAM: an inventory takes %d calls, a leaver with %d changes %d", reading, changes, calls)
	if most := 10; reading > most {
		t.Errorf("an inventory takes %d calls, at most %d", reading, most)
	}
	if most := 2*10 + 3*changes; calls > most {
		t.Errorf("%d calls for %d changes, at most %d", calls, changes, most)
	}
	c, center := centerWorld(t)
	reading, calls, changes = leaver(t, c, centerSystem(center), lastday.Person{Key: "p1", Emails: []string{"sam@acme.example"}})
	t.Logf("Identity Center: an inventory takes %d calls, a leaver with %d changes %d", reading, changes, calls)
	if most := 40; reading > most {
		t.Errorf("an inventory takes %d calls, at most %d", reading, most)
	}
}

// A probe stays cheap where there are many users, and still shows that it sees them.
func TestWhatAProbeCosts(t *testing.T) {
	c, d := iamWorld(t)
	crowd(c, 500)
	c.PageSize = 50
	c.Look(func(b *awstest.Books) { // last of all
		b.Users["AIDAZZZ0000000000001"] = b.Users[botID]
		b.Users["AIDAZZZ0000000000001"].ID = "AIDAZZZ0000000000001"
		delete(b.Users, botID)
	})
	h, err := d.Probe(t.Context())
	if err != nil || !h.Control.Seen || !strings.Contains(h.Control.Evidence, "there are more") || h.AccountID != "AIDAZZZ0000000000001" {
		t.Errorf("%+v, %v", h, err)
	}
	if n := len(c.Calls()); n > 3 {
		t.Errorf("a probe takes %d calls, at most 3", n)
	}
}

func BenchmarkLeaver(b *testing.B) {
	b.Run("aws-iam", func(b *testing.B) {
		for range b.N {
			c, d := iamWorld(b)
			crowd(c, 500)
			_, calls, changes := leaver(b, c, iamSystem(d), lastday.Person{Key: "p1", EmployeeNumber: "E-kim"})
			b.ReportMetric(float64(calls), "requests/leaver")
			b.ReportMetric(float64(changes), "changes/leaver")
		}
	})
	for scene, emails := range map[string][]string{"first": {"sam@acme.example"}, "second": {"sam@acme.example", "pat@acme.example"}} {
		b.Run("aws-identity-center/"+scene, func(b *testing.B) {
			for range b.N {
				c, d := centerWorld(b)
				var calls, changes int
				for _, email := range emails { // the last of them counts: permission sets are remembered
					_, calls, changes = leaver(b, c, centerSystem(d), lastday.Person{Key: "p-" + email, Emails: []string{email}})
				}
				b.ReportMetric(float64(calls), "requests/leaver")
				b.ReportMetric(float64(changes), "changes/leaver")
			}
		})
	}
}

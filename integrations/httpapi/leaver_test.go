package httpapi_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"lastday"
	"lastday/integrations"
	"lastday/integrations/httpapi"
	"lastday/integrations/httpapi/httpapitest"
)

// exit takes all that somebody has, as a case does: by order, and read again.
func exit(t testing.TB, s *integrations.System, person lastday.Person) []lastday.Receipt {
	t.Helper()
	before, err := s.Survey(t.Context(), person, nil)
	if err != nil || !before.Complete() {
		t.Fatalf("%+v, %v", before, err)
	}
	var changes []lastday.Change
	var receipts []lastday.Receipt
	for order := range 10 {
		for _, g := range before.Grants {
			if g.Order != order {
				continue
			}
			c := lastday.NewChange("c-1", before.Match.Account, g, lastday.None, "")
			r, err := s.Apply(t.Context(), c, false)
			if err != nil {
				t.Fatal(err)
			}
			changes, receipts = append(changes, c), append(receipts, r)
		}
	}
	after, err := s.Survey(t.Context(), person, nil)
	if err != nil {
		t.Fatal(err)
	}
	return integrations.Grade(changes, receipts, after)
}

func TestTheButtonIsOutOfReachOnceItIsTaken(t *testing.T) {
	c := httpapitest.New(token)
	furnish(c)
	session, key := httpapitest.Credential("s-1"), httpapitest.Credential("k-1")
	if c.Press(session, "customer-1") != http.StatusNoContent || c.Press(key, "customer-2") != http.StatusNoContent {
		t.Fatal("the leaver could not press the button to begin with")
	}
	system := integrations.NewSystem("console", connect(t, spec(t), c), integrations.Options{Now: noon})
	receipts := exit(t, system, kim())
	for _, r := range receipts {
		if r.Outcome != lastday.OutcomeApplied || r.Proof != lastday.ProofObserved {
			t.Errorf("%+v", r)
		}
	}
	for _, credential := range []string{session, key} {
		if status := c.Press(credential, "customer-3"); status != http.StatusUnauthorized {
			t.Errorf("the button still answers %d", status)
		}
	}
	if lee, _ := c.Agent("a-2"); c.Press(httpapitest.Credential("s-4"), "customer-4") != http.StatusNoContent || lee.Role != httpapitest.RoleAgent {
		t.Error("a colleague can no longer work")
	}
	if got := c.Inactive(); len(got) != 3 || got["customer-3"] != "" {
		t.Errorf("inactive customers: %v", got)
	}
}

// Whoever may still read signs in again: a ceiling that ended the session would
// be broken again at once. It ends with all the rest.
func TestASessionMayGoOnUnderACeilingOfReading(t *testing.T) {
	c := httpapitest.New(token)
	furnish(c)
	d := connect(t, spec(t), c)
	account := lastday.Account{System: "console", ID: "a-1"}
	page, err := d.List(t.Context(), account, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range page.Grants {
		if g.Level() <= lastday.LevelRead {
			continue
		}
		if _, err := d.Apply(t.Context(), lastday.NewChange("c-1", account, g, g.Ladder.Under(lastday.LevelRead).Name, "")); err != nil {
			t.Fatal(err)
		}
	}
	kim, _ := c.Agent("a-1")
	if len(kim.Sessions) != 3 || len(kim.Keys) != 0 || kim.Role != httpapitest.RoleViewer {
		t.Errorf("%+v", kim)
	}
	if status := c.Press(httpapitest.Credential("s-1"), "customer-1"); status != http.StatusForbidden {
		t.Errorf("in the session that goes on the button answers %d", status)
	}
}

// The trap for which keys and the button are kinds of their own: whoever takes
// the role alone has taken neither.
func TestARoleAloneEndsNothing(t *testing.T) {
	c := httpapitest.New(token)
	furnish(c)
	d := connect(t, spec(t), c)
	page, err := d.List(t.Context(), lastday.Account{System: "console", ID: "a-1"}, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range page.Grants {
		if g.Kind != "role" {
			continue
		}
		if _, err := d.Apply(t.Context(), lastday.NewChange("c-1", lastday.Account{System: "console", ID: "a-1"}, g, lastday.None, "")); err != nil {
			t.Fatal(err)
		}
	}
	if c.Press(httpapitest.Credential("k-1"), "customer-1") != http.StatusNoContent {
		t.Error("the console is kinder than it should be: a key without a role no longer presses the button")
	}
	if len(page.Residue) != 1 || page.Residue[0].Todo == "" {
		t.Errorf("the webhook is not told: %+v", page.Residue)
	}
}

func TestReadingAsksOnceForWhatStandsInOneAnswer(t *testing.T) {
	c := httpapitest.New(token)
	furnish(c)
	d := connect(t, spec(t), c)
	if _, err := d.List(t.Context(), lastday.Account{System: "console", ID: "a-1"}, ""); err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for _, call := range c.Calls() {
		seen[call]++
	}
	if seen["GET /api/v1/agents/a-1/permissions"] != 1 || seen["GET /api/v1/agents/a-1"] != 1 {
		t.Errorf("calls: %v", seen)
	}
}

func BenchmarkLeaver(b *testing.B) {
	s := spec(b)
	calls, changes := 0, 0
	for b.Loop() {
		c := httpapitest.New(token)
		furnish(c)
		server := httptest.NewServer(c)
		s.BaseURL = server.URL + "/api/v1"
		d, err := httpapi.New(b.Context(), s, integrations.Deps{System: "console", Secret: secret, Now: noon})
		if err != nil {
			b.Fatal(err)
		}
		changes = len(exit(b, integrations.NewSystem("console", d, integrations.Options{Now: noon}), kim()))
		calls = len(c.Calls())
		server.Close()
	}
	b.ReportMetric(float64(calls), "requests/leaver")
	b.ReportMetric(float64(changes), "changes/leaver")
}

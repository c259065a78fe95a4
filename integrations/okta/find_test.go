package okta

import (
	"slices"
	"strings"
	"testing"

	"lastday"
	"lastday/integrations/integrationtest"
	"lastday/integrations/okta/oktatest"
)

func (w *world) find(t testing.TB, p lastday.Person) lastday.Match {
	t.Helper()
	m, err := w.driver.Find(t.Context(), p)
	if err != nil {
		t.Fatalf("find: %v", err)
	}
	return m
}

func linked(l lastday.Link) []lastday.Link {
	l.System = "okta"
	return []lastday.Link{l}
}

func TestEveryEvidenceLeadsToTheAccount(t *testing.T) {
	w := newWorld(t, false)
	for what, p := range map[string]lastday.Person{
		"an id":              {Links: linked(lastday.Link{ID: w.leaver.ID, Login: "renamed@acme.example"})},
		"a login, confirmed": {Links: linked(lastday.Link{Login: "BOB@acme.example"}), EmployeeNumber: "E1"},
		"an employee number": {EmployeeNumber: "E1"},
		"a verified address": {Emails: []string{"bob@acme.example"}},
		"all of it":          {Links: linked(lastday.Link{Login: w.leaver.Login}), EmployeeNumber: "E1", Emails: []string{"bob@acme.example"}},
		"two, one of nobody": {EmployeeNumber: "E1", Emails: []string{"robert@acme.example"}},
	} {
		if m := w.find(t, p); m.Verdict != lastday.FoundOne || m.Account.ID != w.leaver.ID || len(m.Evidence) == 0 || !m.Control.Seen {
			t.Errorf("%s: %+v", what, m)
		}
	}
}

func TestEvidenceThatContradictsItselfIsForAPerson(t *testing.T) {
	w := newWorld(t, false)
	for what, c := range map[string]struct {
		person lastday.Person
		says   string
	}{
		"the number of one, the address of another": {lastday.Person{EmployeeNumber: "E1", Emails: []string{"ann@acme.example"}}, "has a verified address"},
		"an address with another employee number":   {lastday.Person{EmployeeNumber: "E9", Emails: []string{"bob@acme.example"}}, "another employee number"},
		"a login and nothing else":                  {lastday.Person{Links: linked(lastday.Link{Login: "bob@acme.example"})}, "given to others"},
		"a pinned id that is gone, and made anew":   {lastday.Person{Links: linked(lastday.Link{ID: "00u00000000000009999"}), Emails: []string{"bob@acme.example"}}, "linked id is no longer there"},
	} {
		m := w.find(t, c.person)
		told := slices.ContainsFunc(m.Candidates, func(o lastday.Candidate) bool {
			return slices.ContainsFunc(o.Evidence, func(e string) bool { return strings.Contains(e, c.says) })
		})
		if m.Verdict != lastday.FoundMany || !told {
			t.Errorf("%s: %+v", what, m)
		}
	}
}

func TestOfNobodyKnownNobodyIsFound(t *testing.T) {
	w := newWorld(t, false)
	if m := w.find(t, lastday.Person{Key: "p", Name: "Bob Martin"}); m.Verdict != lastday.FoundMany || len(m.Candidates) != 0 {
		t.Errorf("asked for nothing: %+v; want a person to decide", m)
	}
	gone := lastday.Person{Links: linked(lastday.Link{ID: "00u00000000000009999"})}
	if m := w.find(t, gone); m.Verdict != lastday.FoundNone || !m.Control.Seen {
		t.Errorf("a pinned id that is gone: %+v", m)
	}
}

func TestAnAddressOutsideTheCompanysDomainsIsNoEvidence(t *testing.T) {
	w := newWorld(t, false, func(c *Config) { c.Domains = []string{"ACME.example"} })
	w.server.Set(w.leaver, func(u *oktatest.User) { u.Email = "bob@mail.example" })
	if m := w.find(t, lastday.Person{Emails: []string{"bob@mail.example"}}); m.Verdict == lastday.FoundOne {
		t.Errorf("found by an address of another domain")
	}
	if m := w.find(t, lastday.Person{Emails: []string{"ann@acme.example"}}); m.Account.ID != w.other.ID {
		t.Errorf("not found by an address of ours: %+v", m)
	}
}

// The plain list and the filter leave deactivated users out; the search does not.
func TestADeactivatedAccountIsFound(t *testing.T) {
	w := newWorld(t, false)
	w.server.Set(w.leaver, func(u *oktatest.User) { u.Status = statusGone })
	m := w.find(t, lastday.Person{Emails: []string{"bob@acme.example"}})
	if m.Account.ID != w.leaver.ID || !strings.Contains(m.Account.Note, "deprovisioned") {
		t.Errorf("%+v", m)
	}
}

func TestWhoIsNotInTheSearchIndexYetIsFoundByTheList(t *testing.T) {
	w := newWorld(t, false)
	w.server.Unindex(w.leaver)
	if m := w.find(t, lastday.Person{EmployeeNumber: "E1"}); m.Account.ID != w.leaver.ID {
		t.Errorf("by number: %+v", m)
	}
	if m := w.find(t, lastday.Person{Emails: []string{"bob@acme.example"}}); m.Account.ID != w.leaver.ID {
		t.Errorf("by address: %+v", m)
	}
	m := w.find(t, lastday.Person{EmployeeNumber: "E9"})
	if m.Verdict != lastday.FoundNone || !strings.Contains(m.Evidence[0], "a list of all users") {
		t.Errorf("nobody: %+v", m)
	}
	w.driver.(*driver).cfg.Walk = 1
	m = w.find(t, lastday.Person{EmployeeNumber: "E9"})
	if strings.Contains(m.Evidence[0], "a list of all users") {
		t.Errorf("a list that was cut short is called whole: %v", m.Evidence)
	}
}

func TestAFilterThatIsIgnoredFindsNobody(t *testing.T) {
	w := newWorld(t, false)
	w.server.IgnoreFilters()
	for _, p := range []lastday.Person{{EmployeeNumber: "E1"}, {Emails: []string{"bob@acme.example"}}} {
		if m, err := w.driver.Find(t.Context(), p); lastday.CodeOf(err) != lastday.CodeInvalid {
			t.Errorf("found %q, error %v", m.Verdict, err)
		}
	}
}

func TestWhatIsAskedForCannotLeaveItsQuotes(t *testing.T) {
	w := newWorld(t, false)
	odd := `E1" or profile.employeeNumber pr or "\`
	w.server.Set(w.leaver, func(u *oktatest.User) { u.Employee = odd })
	if m := w.find(t, lastday.Person{EmployeeNumber: odd}); m.Verdict != lastday.FoundOne || m.Account.ID != w.leaver.ID {
		t.Errorf("%+v", m)
	}
}

func TestAnIDThatIsNoneIsNotPutIntoAPath(t *testing.T) {
	w := newWorld(t, false)
	before := len(w.server.Calls())
	for _, id := range []string{"me", "", ".", "bob@acme.example", "00u0000000000000001/lifecycle/deactivate"} {
		if _, err := w.driver.List(t.Context(), lastday.Account{System: "okta", ID: id}, ""); lastday.CodeOf(err) != lastday.CodeInvalid {
			t.Errorf("%q: %v", id, err)
		}
	}
	if n := len(w.server.Calls()) - before; n != 0 {
		t.Errorf("%d calls were made", n)
	}
}

func TestBlindEyesFindNeitherSomebodyNorNobody(t *testing.T) {
	w := newWorld(t, true)
	w.server.Break(integrationtest.Blind)
	defer w.server.Mend()
	if m, err := w.driver.Find(t.Context(), person(w.leaver, "")); lastday.CodeOf(err) != lastday.CodeDenied {
		t.Errorf("%+v, error %v", m, err)
	}
}

package ldap

import (
	"strings"
	"testing"

	"lastday"
)

func TestEvidenceInItsOrder(t *testing.T) {
	w := newWorld(t)
	w.addPerson("kim2", "1001", "u7") // a second account with kim's number
	w.addPerson("max", "3001", "u8")
	w.modify("replace", w.person("max"), "mail", "Max.Power@ACME.example")
	w.add(w.group("listed"), "objectClass=groupOfNames", "objectClass=extensibleObject", "member=cn=nobody", "mail=list@acme.example")
	d := w.driver()
	link := func(id, login string) []lastday.Link { return []lastday.Link{{System: "ldap", ID: id, Login: login}} }
	for name, c := range map[string]struct {
		person  lastday.Person
		verdict lastday.Verdict
		login   string
		says    string
	}{
		"the id, whatever else":                {lastday.Person{Links: link(w.kim, "renamed"), EmployeeNumber: "1002"}, lastday.FoundOne, "kim", "linked id"},
		"the id before a second account":       {lastday.Person{Links: link(w.kim, ""), EmployeeNumber: "1001"}, lastday.FoundOne, "kim", "employee number"},
		"a login":                              {lastday.Person{Links: link("", "KIM")}, lastday.FoundOne, "kim", "linked login"},
		"a login with another number":          {lastday.Person{Links: link("", "kim"), EmployeeNumber: "1002"}, lastday.FoundMany, "", "somebody else"},
		"a number that two have":               {lastday.Person{EmployeeNumber: "1001"}, lastday.FoundMany, "", "employee number"},
		"a number that one has":                {lastday.Person{EmployeeNumber: "1002"}, lastday.FoundOne, "lee", "employee number"},
		"an address, in whatever letters":      {lastday.Person{Emails: []string{"max.power@acme.example"}}, lastday.FoundOne, "max", "verified address"},
		"an address and a login apart":         {lastday.Person{Links: link("", "kim"), Emails: []string{"lee@acme.example"}}, lastday.FoundMany, "", ""},
		"an address of a group":                {lastday.Person{Emails: []string{"list@acme.example"}}, lastday.FoundNone, "", ""},
		"a name is no evidence":                {lastday.Person{Name: "kim"}, lastday.FoundMany, "", "nothing is known"},
		"an id that is gone, and a login left": {lastday.Person{Links: link("00000000-0000-1000-8000-000000000000", "kim")}, lastday.FoundMany, "", "another id"},
		"what would end a filter":              {lastday.Person{Links: link("", "*)(uid=*")}, lastday.FoundNone, "", ""},
		"a star":                               {lastday.Person{Emails: []string{"*"}, EmployeeNumber: "*"}, lastday.FoundNone, "", ""},
	} {
		m, err := d.Find(t.Context(), c.person)
		if err != nil || m.Verdict != c.verdict || m.Account.Login != c.login || !m.Control.Seen {
			t.Errorf("%s: %+v, %v; want %s %q", name, m, err, c.verdict, c.login)
			continue
		}
		said := strings.Join(m.Evidence, "; ")
		for _, candidate := range m.Candidates {
			said += "; " + strings.Join(candidate.Evidence, "; ")
		}
		if !strings.Contains(said, c.says) {
			t.Errorf("%s: evidence %q does not say %q", name, said, c.says)
		}
	}
}

// An attribute that we may not see finds nobody. Only where the canary shows it
// does nobody mean nobody.
func TestNobodyIsOnlyFoundByWhatTheCanaryShows(t *testing.T) {
	kim := lastday.Person{EmployeeNumber: "1001", Emails: []string{"kim@acme.example"}}
	stranger := lastday.Person{EmployeeNumber: "7777", Emails: []string{"max@acme.example"}}
	a := newADWorld(t)
	d := a.open(a.config())
	if m, err := d.Find(t.Context(), stranger); err != nil || m.Verdict != lastday.FoundNone {
		t.Errorf("all is shown: %+v, %v", m, err)
	}
	for _, attr := range []string{"employeeID", "mail"} {
		a.ad.Hide(attr)
		if m, err := d.Find(t.Context(), kim); err != nil || m.Verdict != lastday.FoundOne {
			t.Errorf("%s is hidden, and the other leads there: %+v, %v", attr, m, err)
		}
		if m, err := d.Find(t.Context(), stranger); lastday.CodeOf(err) != lastday.CodeDenied || !strings.Contains(err.Error(), attr) {
			t.Errorf("%s is hidden: %+v, %v", attr, m, err)
		}
	}
	w := newWorld(t)
	w.modify("delete", w.person("canary"), "employeeNumber")
	if m, err := w.driver().Find(t.Context(), stranger); lastday.CodeOf(err) != lastday.CodeDenied || !strings.Contains(err.Error(), "employeeNumber") {
		t.Errorf("the canary has none: %+v, %v", m, err)
	}
	if m, err := w.driver().Find(t.Context(), lastday.Person{Emails: stranger.Emails}); err != nil || m.Verdict != lastday.FoundNone {
		t.Errorf("it was not asked for: %+v, %v", m, err)
	}
}

func TestAnIDThatIsNoneIsRefused(t *testing.T) {
	w := newWorld(t)
	d := w.driver()
	for _, id := range []string{"*", "kim", w.kim + ")(uid=*", strings.ToUpper(w.kim)} {
		p := lastday.Person{Links: []lastday.Link{{System: "ldap", ID: id}}}
		if m, err := d.Find(t.Context(), p); lastday.CodeOf(err) != lastday.CodeInvalid {
			t.Errorf("%q: %+v, %v", id, m, err)
		}
	}
}

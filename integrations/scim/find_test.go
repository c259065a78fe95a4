package scim

import (
	"strings"
	"testing"

	"lastday"
	"lastday/integrations"
	"lastday/integrations/integrationtest"
	"lastday/integrations/scim/scimtest"
)

func find(t *testing.T, c *company, p lastday.Person, change func(*Config)) lastday.Match {
	t.Helper()
	m, err := c.driver(t, change).Find(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func linked(p lastday.Person, id, login string) lastday.Person {
	p.Links = []lastday.Link{{System: "saas", ID: id, Login: login}}
	return p
}

func TestWhoIsFoundAndByWhat(t *testing.T) {
	stranger := lastday.Person{Key: "p9"}
	with := func(change func(*lastday.Person)) lastday.Person {
		p := stranger
		change(&p)
		return p
	}
	for name, c := range map[string]struct {
		person  lastday.Person
		change  func(*Config)
		verdict lastday.Verdict
		id, why string
	}{
		"a linked id":                             {linked(stranger, "u-kim", ""), nil, lastday.FoundOne, "u-kim", "linked id"},
		"a linked id, whoever else":               {linked(lee(), "u-kim", "lee@acme.example"), nil, lastday.FoundOne, "u-kim", "linked id"},
		"an employee number":                      {with(func(p *lastday.Person) { p.EmployeeNumber = "23" }), nil, lastday.FoundOne, "u-kim", "employee number"},
		"an address":                              {with(func(p *lastday.Person) { p.Emails = []string{"kim@acme.example"} }), nil, lastday.FoundOne, "u-kim", "address"},
		"an address in other letters":             {with(func(p *lastday.Person) { p.Emails = []string{"KIM@acme.example"} }), nil, lastday.FoundOne, "u-kim", "address"},
		"an externalId that is the key":           {with(func(p *lastday.Person) { p.Key = "x-24" }), func(c *Config) { c.ExternalID = byKey }, lastday.FoundOne, "u-lee", "externalId"},
		"an externalId that is nobody's business": {with(func(p *lastday.Person) { p.Key, p.EmployeeNumber = "x-24", "98" }), nil, lastday.FoundNone, "", ""},
		"a login alone":                           {linked(stranger, "", "kim@acme.example"), nil, lastday.FoundMany, "", ""},
		"a login and a number":                    {linked(with(func(p *lastday.Person) { p.EmployeeNumber = "23" }), "", "kim@acme.example"), nil, lastday.FoundOne, "u-kim", "employee number"},
		"a login and another's number":            {linked(with(func(p *lastday.Person) { p.EmployeeNumber = "24" }), "", "kim@acme.example"), nil, lastday.FoundMany, "", ""},
		"nothing known":                           {stranger, nil, lastday.FoundMany, "", ""},
		"a link that leads to nobody":             {linked(stranger, "u-gone", ""), nil, lastday.FoundNone, "", ""},
		"a link to nobody, and a number":          {linked(kim(), "u-old", ""), nil, lastday.FoundMany, "", ""},
	} {
		for server, manners := range map[string]scimtest.Manners{
			"by the RFC": {}, "ignores filters": {IgnoreFilters: true, MaxPage: 2}, "knows one filter": {SilentFilters: true, OnlyFilters: []string{"userName"}}, "compares letters": {CaseSensitive: true},
		} {
			m := find(t, newCompany(t, manners), c.person, c.change)
			if m.Verdict != c.verdict || m.Account.ID != c.id || !m.Control.Seen {
				t.Errorf("%s (%s): %q, account %q, control %+v", name, server, m.Verdict, m.Account.ID, m.Control)
			}
			if c.why != "" && !strings.Contains(strings.Join(m.Evidence, "; "), c.why) {
				t.Errorf("%s: the evidence is %q", name, m.Evidence)
			}
		}
	}
}

// Servers that compare letter by letter hide an account whose login is written
// otherwise from a filter.
func TestALoginInCapitalsIsFoundAlsoWhereLettersCount(t *testing.T) {
	c := newCompany(t, scimtest.Manners{CaseSensitive: true})
	c.Edit("Users", "u-kim", func(u map[string]any) { u["userName"] = "Kim@Acme.Example"; delete(u, "emails") })
	if m := find(t, c, lastday.Person{Key: "p1", Emails: []string{"kim@acme.example"}}, nil); m.Account.ID != "u-kim" {
		t.Errorf("%+v", m)
	}
}

func TestAnUnverifiedAddressIsNoEvidence(t *testing.T) {
	c := newCompany(t, scimtest.Manners{})
	c.Edit("Users", "u-lee", func(u map[string]any) {
		u["emails"] = []any{object{"value": "max@acme.example", "verified": false}}
	})
	if m := find(t, c, lastday.Person{Key: "p3", Emails: []string{"max@acme.example"}}, nil); m.Verdict != lastday.FoundNone {
		t.Errorf("%+v", m)
	}
}

func TestTwoWithOneAddressAreForAPerson(t *testing.T) {
	c := newCompany(t, scimtest.Manners{})
	c.Edit("Users", "u-lee", func(u map[string]any) { u["emails"] = []any{object{"value": "kim@acme.example"}} })
	m := find(t, c, kim(), nil)
	if m.Verdict != lastday.FoundMany || len(m.Candidates) != 2 {
		t.Errorf("%+v", m)
	}
}

// Addresses are given to newcomers.
func TestAnAddressWithAnotherNumberIsForAPerson(t *testing.T) {
	for _, manners := range []scimtest.Manners{{}, {OnlyFilters: []string{"userName"}}} {
		m := find(t, newCompany(t, manners), lastday.Person{Key: "p7", Emails: []string{"kim@acme.example"}, EmployeeNumber: "4711"}, nil)
		if m.Verdict != lastday.FoundMany || len(m.Candidates) != 1 || !strings.Contains(strings.Join(m.Candidates[0].Evidence, "; "), "against") {
			t.Errorf("%+v", m)
		}
	}
}

// Where a vendor has a filter for logins alone, a person is found by one question
// and not by reading everybody.
func TestOneQuestionIsEnoughWhereItFinds(t *testing.T) {
	c := newCompany(t, scimtest.Manners{OnlyFilters: []string{"userName"}})
	if m := find(t, c, kim(), with("zoom")); m.Account.ID != "u-kim" || len(c.Calls()) != 3 {
		t.Errorf("%+v after %q", m, c.Calls())
	}
	c.Forget()
	if m := find(t, c, lastday.Person{Key: "p3", EmployeeNumber: "99", Emails: []string{"max@acme.example"}}, with("zoom")); m.Verdict != lastday.FoundNone || len(c.Calls()) < 5 {
		t.Errorf("nobody is found without reading everybody: %+v after %q", m, c.Calls())
	}
}

func TestTheLoginOfALinkMayHaveChanged(t *testing.T) {
	m := find(t, newCompany(t, scimtest.Manners{}), linked(kim(), "u-kim", "kim.old@acme.example"), nil)
	if m.Verdict != lastday.FoundOne || !strings.Contains(m.Account.Note, "another than when it was linked") {
		t.Errorf("%+v", m)
	}
}

func TestAListThatIsCutShortFindsNobodyMissing(t *testing.T) {
	c := newCompany(t, scimtest.Manners{IgnoreFilters: true, Total: func(total, _ int) int { return total + 3 }})
	_, err := c.driver(t, nil).Find(t.Context(), lastday.Person{Key: "p3", Emails: []string{"max@acme.example"}})
	if lastday.CodeOf(err) != lastday.CodeTransient {
		t.Errorf("a list that promises more than it gives: %v", err)
	}
}

// Some servers tell the length of the page as the total.
func TestATotalThatIsThePagesIsNotTheEnd(t *testing.T) {
	c := newCompany(t, scimtest.Manners{IgnoreFilters: true, MaxPage: 1, Total: func(_, page int) int { return page }})
	if m := find(t, c, lee(), nil); m.Account.ID != "u-lee" {
		t.Errorf("%+v", m)
	}
	if inv, _ := survey(t, c.driver(t, nil)); len(inv.Grants) != len(c.Access("u-kim")) {
		t.Errorf("%d grants, want %d", len(inv.Grants), len(c.Access("u-kim")))
	}
}

// Snowflake once answered a list without a filter with one made-up user, see
// https://docs.snowflake.com/release-notes/bcr-bundles/2026_03/bcr-2276.
func TestAMadeUpListIsNotTakenForOneOfAll(t *testing.T) {
	c := newCompany(t, scimtest.Manners{MadeUpLists: true})
	d := c.driver(t, func(cfg *Config) { cfg.Profile = "snowflake" })
	if m, err := d.Find(t.Context(), lastday.Person{Key: "p3", EmployeeNumber: "99"}); lastday.CodeOf(err) != lastday.CodeTransient {
		t.Errorf("%+v, %v", m, err)
	}
	if m := find(t, c, linked(kim(), "u-kim", ""), nil); m.Account.ID != "u-kim" {
		t.Errorf("by its id: %+v", m)
	}
	c.Adjust(func(m *scimtest.Manners) { m.WithoutGroupsOfUser = true })
	if inv, _ := survey(t, d); inv.Complete() || len(inv.Gaps) != 1 {
		t.Errorf("a made-up group is taken for all groups: %+v", inv.Gaps)
	}
	c.Adjust(func(m *scimtest.Manners) { m.HiddenGroups = []string{"g-staff"} })
	gone := lastday.NewChange("c-1", theirs("u-kim"), groupGrantOf(d, "g-staff"), lastday.None, "test")
	if r, err := d.Apply(t.Context(), gone); lastday.CodeOf(err) != lastday.CodeDenied {
		t.Errorf("a made-up group shows that another is gone: %+v, %v", r, err)
	}
}

// groupGrantOf is a membership as the driver lists it.
func groupGrantOf(d integrations.Driver, id string) lastday.Grant {
	return d.(*driver).groupGrant(membership{group: group{ID: id}})
}

func TestBlindEyesFindNobodyGone(t *testing.T) {
	c := newCompany(t, scimtest.Manners{})
	c.Break(integrationtest.Blind)
	page, err := c.driver(t, nil).List(t.Context(), theirs("u-kim"), "")
	if err != nil || page.Control.Seen || len(page.Gaps) != 1 {
		t.Errorf("a list with closed eyes: %+v, %v", page, err)
	}
	for _, p := range []lastday.Person{kim(), linked(kim(), "u-kim", "")} {
		if m := find(t, c, p, nil); m.Verdict == lastday.FoundNone && m.Control.Seen {
			t.Errorf("%+v", m)
		}
	}
}

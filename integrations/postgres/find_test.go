package postgres

import (
	"strings"
	"testing"

	"lastday"
	"lastday/integrations/postgres/postgrestest"
)

func (w *world) find(d *driver, p lastday.Person) lastday.Match {
	w.t.Helper()
	m, err := d.Find(w.t.Context(), p)
	if err != nil {
		w.t.Fatalf("find: %v", err)
	}
	return m
}

func linked(id, login string) lastday.Person {
	return lastday.Person{Key: "p-kim", Emails: []string{"kim@acme.example"}, Links: []lastday.Link{{System: "pg", ID: id, Login: login}}}
}

func TestWhoIsWho(t *testing.T) {
	number := func(id string) string { n, _, _ := strings.Cut(id, "/"); return n }
	cases := map[string]struct {
		before []string
		person func(w *world) lastday.Person
		want   lastday.Verdict
		says   string
	}{
		"number and name":          {nil, func(w *world) lastday.Person { return linked(w.kim, "") }, lastday.FoundOne, "number and name"},
		"number, and name apart":   {nil, func(w *world) lastday.Person { return linked(number(w.kim), w.name("kim")) }, lastday.FoundOne, "number and name"},
		"a number alone":           {nil, func(w *world) lastday.Person { return linked(number(w.kim), "") }, lastday.FoundMany, "another name"},
		"a name alone":             {nil, func(w *world) lastday.Person { return linked("", w.name("kim")) }, lastday.FoundMany, "weak"},
		"a name and the comment":   {[]string{"comment on role {kim} is 'DBA\nlastday: p-kim'"}, func(w *world) lastday.Person { return linked("", w.name("kim")) }, lastday.FoundOne, "carries the person's key"},
		"the comment alone":        {[]string{"comment on role {kim} is 'lastday: p-kim'"}, func(*world) lastday.Person { return lastday.Person{Key: "p-kim"} }, lastday.FoundOne, "carries the person's key"},
		"a longer key":             {[]string{"comment on role {kim} is 'lastday: p-kimberly'"}, func(*world) lastday.Person { return lastday.Person{Key: "p-kim"} }, lastday.FoundNone, ""},
		"two comments":             {[]string{"comment on role {kim} is 'lastday: p-kim'", "comment on role {lee} is 'lastday: p-kim'"}, func(*world) lastday.Person { return lastday.Person{Key: "p-kim"} }, lastday.FoundMany, "carries the person's key"},
		"pinned, tagged elsewhere": {[]string{"comment on role {lee} is 'lastday: p-kim'"}, func(w *world) lastday.Person { return linked(w.kim, "") }, lastday.FoundMany, "number and name"},
		"pinned, tagged another's": {[]string{"comment on role {kim} is 'lastday: p-lee'"}, func(w *world) lastday.Person { return linked(w.kim, "") }, lastday.FoundMany, "somebody else's"},
		"renamed":                  {[]string{"alter role {kim} rename to {friend}"}, func(w *world) lastday.Person { return linked(w.kim, "") }, lastday.FoundMany, "another name"},
		"dropped and made again":   {[]string{"drop role {kim}", "create role {kim} login"}, func(w *world) lastday.Person { return linked(w.kim, "") }, lastday.FoundMany, "dropped and made again"},
		"dropped":                  {[]string{"drop role {kim}"}, func(w *world) lastday.Person { return linked(w.kim, "") }, lastday.FoundNone, ""},
		"the template":             {nil, func(*world) lastday.Person { return lastday.Person{Key: "p-kim", Emails: []string{"kim@acme.example"}} }, lastday.FoundMany, "suggestion"},
		"nobody":                   {nil, func(*world) lastday.Person { return lastday.Person{Key: "p-max", Emails: []string{"max@acme.example"}} }, lastday.FoundNone, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			key := strings.NewReplacer(`"`, "", " ", "").Replace(w.prefix) + "p-kim" // comments of other worlds stay
			for _, sql := range c.before {
				w.do(strings.ReplaceAll(sql, "p-kim", key))
			}
			d := w.driver(func(c *Config) { c.Suggest = w.prefix + "{local}" })
			person := c.person(w)
			person.Key = strings.ReplaceAll(person.Key, "p-kim", key)
			if c.want == lastday.FoundOne || c.want == lastday.FoundNone {
				person.Emails = nil // no suggestion beside it
			}
			if name == "nobody" {
				person.Emails = []string{"max@acme.example"}
			}
			m := w.find(d, person)
			said := strings.Join(m.Evidence, "; ")
			for _, x := range m.Candidates {
				said += strings.Join(x.Evidence, "; ")
			}
			if m.Verdict != c.want || !strings.Contains(said, c.says) || !m.Control.Seen {
				t.Errorf("verdict %q (%s), control %+v; want %q", m.Verdict, said, m.Control, c.want)
			}
			if m.Verdict == lastday.FoundOne && m.Account.ID != w.kim {
				t.Errorf("found %q", m.Account.ID)
			}
		})
	}
}

func TestARoleMadeAgainIsNotTheLeavers(t *testing.T) {
	w := newWorld(t)
	d := w.driver()
	login := w.grantOf(w.inventory(d), kindLogin, "")
	w.do("drop role {kim}", "create role {kim} login superuser")
	page, err := d.List(t.Context(), acc(w), "")
	if err != nil || len(page.Grants) != 0 || len(page.Gaps) != 1 || page.Gaps[0].Kind != "" {
		t.Errorf("grants %+v, gaps %+v, error %v; want a gap about everything", page.Grants, page.Gaps, err)
	}
	w.bring(d, login, lastday.None, lastday.OutcomeRefused)
	if w.value("select rolcanlogin::text from pg_roles where rolname = '"+w.name("kim")+"'") != "true" {
		t.Error("the new role was changed")
	}
}

func TestBuiltInRolesAndOurOwnAreNobodys(t *testing.T) {
	w := newWorld(t)
	d := w.driver()
	health, err := d.Probe(t.Context())
	if err != nil || health.AccountID != w.id("bot") || health.Version == "" {
		t.Fatalf("probe: %+v, %v", health, err)
	}
	for who, id := range map[string]string{"our own": health.AccountID, "the first superuser": "10/postgres"} {
		g := grant(kindLogin, "LOGIN", exact())
		g.Rung, g.Ladder = rungLogin, rung(rungLogin, lastday.LevelSignIn)
		c := lastday.NewChange("c-1", lastday.Account{System: "pg", ID: id}, g, lastday.None, "test")
		c.Consent = "plan 1"
		if r, err := d.Apply(t.Context(), c); err != nil || r.Outcome != lastday.OutcomeRefused {
			t.Errorf("%s: outcome %q, error %v", who, r.Outcome, err)
		}
	}
	if m := w.find(d, linked("10/postgres", "")); m.Verdict != lastday.FoundMany {
		t.Errorf("the first superuser was found as a person's: %+v", m)
	}
}

func TestTheCanaryIsPinnedToo(t *testing.T) {
	w := newWorld(t)
	good := w.driver(func(c *Config) { c.Canary = w.id("canary") })
	if h, err := good.Probe(t.Context()); err != nil || !h.Control.Seen {
		t.Errorf("the canary is there: %+v, %v", h.Control, err)
	}
	for what, canary := range map[string]string{"another number": "4242/" + w.name("canary"), "ourselves": w.id("bot"), "nobody": "none such"} {
		d := w.driver(func(c *Config) { c.Canary = canary })
		if h, err := d.Probe(t.Context()); err != nil || h.Control.Seen {
			t.Errorf("%s: the control is positive: %+v, %v", what, h.Control, err)
		}
		g := grant(kindLogin, "LOGIN", exact())
		g.Rung, g.Ladder = rungLogin, rung(rungLogin, lastday.LevelSignIn)
		if r, err := d.Apply(t.Context(), lastday.NewChange("c-1", acc(w), g, lastday.None, "test")); err == nil {
			t.Errorf("%s: changed without a control: %q", what, r.Outcome)
		}
	}
}

func TestTroubleOnTheWay(t *testing.T) {
	cases := map[string]struct {
		fault postgrestest.Fault
		want  lastday.Code
	}{
		"hung up":                     {postgrestest.Fault{Drop: true}, lastday.CodeTransient},
		"wrong password":              {postgrestest.Fault{Refuse: "28P01"}, lastday.CodeDenied},
		"no line in pg_hba.conf":      {postgrestest.Fault{Refuse: "28000"}, lastday.CodeDenied},
		"full":                        {postgrestest.Fault{Refuse: "53300"}, lastday.CodeRateLimited},
		"starting":                    {postgrestest.Fault{Refuse: "57P03"}, lastday.CodeTransient},
		"no such database":            {postgrestest.Fault{Refuse: "3D000"}, lastday.CodeNotFound},
		"a state that makes no sense": {postgrestest.Fault{Refuse: "kim@acme.example"}, lastday.CodeInvalid},
	}
	w := newWorld(t)
	d := w.driver()
	for name, c := range cases {
		w.proxy.Set(c.fault)
		_, err := d.Probe(t.Context())
		if lastday.CodeOf(err) != c.want {
			t.Errorf("%s: %v; want %s", name, err, c.want)
		}
		for _, secret := range []string{"kim@", "acme", botsPassword, postgrestest.Password, w.prefix, "127.0.0.1"} {
			if err != nil && strings.Contains(err.Error(), secret) {
				t.Errorf("%s: the error tells %q: %v", name, secret, err)
			}
		}
	}
}

// A write that never arrived and one whose answer was lost look the same; what
// broke before the end of the transaction did nothing.
func TestLostAndDroppedWrites(t *testing.T) {
	for _, lose := range []bool{true, false} {
		w := newWorld(t)
		d := w.driver()
		g := w.grantOf(w.inventory(d), kindAttribute, "CREATEDB")
		w.proxy.Set(postgrestest.Fault{LoseWrites: lose, DropWrites: !lose})
		c := lastday.NewChange("c-1", acc(w), g, lastday.None, "test")
		if r, err := d.Apply(t.Context(), c); lastday.CodeOf(err) != lastday.CodeUnknownOutcome {
			t.Errorf("lost %t: outcome %q, error %v", lose, r.Outcome, err)
		}
		w.proxy.Set(postgrestest.Fault{})
		if got := w.value("select rolcreatedb::text from pg_roles where rolname = '" + w.name("kim") + "'"); got != map[bool]string{true: "false", false: "true"}[lose] {
			t.Errorf("lost %t: CREATEDB is %s", lose, got)
		}
	}
}

package postgres

import (
	"slices"
	"strings"
	"testing"

	"lastday"
	"lastday/integrations/postgres/postgrestest"
)

// modest makes an orchestrator without SUPERUSER, with what the page about
// this integration asks for.
func (w *world) modest(rights ...string) *driver {
	w.t.Helper()
	w.do("create role {top} login createrole password '" + botsPassword + "'")
	w.do(rights...)
	return w.driverAs("top", botsPassword, Config{DSN: "env:DSN", Canary: w.name("canary")})
}

func TestWithoutSuperuser(t *testing.T) {
	w := newWorld(t)
	w.furnish()
	d := w.modest("grant pg_monitor, pg_signal_backend to {top}; grant {owner} to {top}")
	open := w.mustConnect(w.name("kim"), kimsPassword, "acme")
	page := w.inventory(d)
	if len(page.Gaps) != 0 {
		t.Errorf("gaps: %+v", page.Gaps)
	}
	for _, x := range []struct{ kind, name string }{
		{kindLogin, ""}, {kindLimit, ""}, {kindPassword, ""}, {kindAttribute, "CREATEDB"}, {kindMembership, ""}, {kindPrivilege, "orders"}, {kindDefault, ""},
	} {
		g := w.grantOf(page, x.kind, x.name)
		taken := w.bring(d, g, lastday.None, lastday.OutcomeApplied)
		w.giveBack(d, g, taken, lastday.OutcomeApplied)
	}
	w.bring(d, w.grantOf(page, kindSession, ""), lastday.None, lastday.OutcomeApplied)
	if open.Ping(t.Context()) == nil {
		t.Error("the session goes on")
	}
	lent := w.grantOf(page, kindPrivilege, "lent")
	if lent.Restore.Fidelity == lastday.RestoreExact {
		t.Error("promises to give back in the name of a role that it cannot speak for")
	}
	_, err := d.Apply(t.Context(), lastday.NewChange("c-1", acc(w), lent, lastday.None, "test"))
	if lastday.CodeOf(err) != lastday.CodeDenied {
		t.Errorf("what another role gave: %v; want %s", err, lastday.CodeDenied)
	}
}

func TestWhatWeMayNotSeeIsAGap(t *testing.T) {
	w := newWorld(t)
	w.mustConnect(w.name("kim"), kimsPassword, "acme")
	d := w.modest()
	h, err := d.Probe(t.Context())
	if err != nil || len(h.Missing) != 1 || h.Missing[0].Kind != kindSession || !strings.Contains(h.Missing[0].Fix, "pg_monitor") {
		t.Errorf("missing: %+v, %v", h.Missing, err)
	}
	page := w.inventory(d)
	if len(page.Gaps) != 1 || page.Gaps[0].Kind != kindSession {
		t.Errorf("gaps: %+v", page.Gaps)
	}
	session := grant(kindSession, "1/1", never(""))
	session.Rung, session.Ladder = rungOpen, rung(rungOpen, lastday.LevelSignIn)
	r, err := d.Apply(t.Context(), lastday.NewChange("c-1", acc(w), session, lastday.None, "test"))
	if lastday.CodeOf(err) != lastday.CodeDenied {
		t.Errorf("a session that we could not see: outcome %q, error %v", r.Outcome, err)
	}
}

func TestADatabaseThatWeMayNotEnterIsAGapIfItRefersToTheRole(t *testing.T) {
	w := newWorld(t)
	name := strings.NewReplacer(`"`, "", " ", "").Replace(w.prefix) + "closed"
	w.do("create database "+name, "revoke connect on database "+name+" from public")
	d := w.modest("grant pg_monitor to {top}")
	if gaps := w.inventory(d).Gaps; len(gaps) != 0 {
		t.Errorf("nothing there refers to the role: %+v", gaps)
	}
	conn := w.mustConnect("postgres", postgrestest.Password, name)
	w.exec(conn, "create table hidden (id int); grant select on hidden to {team}; grant {team} to {kim}")
	page := w.inventory(d)
	var kinds []string
	for _, g := range page.Gaps {
		kinds = append(kinds, g.Kind)
	}
	if !slices.Equal(kinds, []string{kindPrivilege, kindDefault, kindOwnership}) {
		t.Errorf("gaps: %+v", page.Gaps)
	}
	if g := w.grantOf(page, kindMembership, ""); g.Level() != lastday.LevelAdmin {
		t.Errorf("what a role may do where we cannot look is %s, not feared", g.Level())
	}
}

// A membership is as high as what it leads to.
func TestAMembershipIsAsHighAsWhatItLeadsTo(t *testing.T) {
	cases := map[string]struct {
		sql  string
		want lastday.Level
	}{
		"nothing":                  {"", lastday.LevelSignIn},
		"reading":                  {"create table {}.a (id int); grant select on {}.a to {team}", lastday.LevelRead},
		"writing a column":         {"create table {}.a (id int); grant update (id) on {}.a to {team}", lastday.LevelWrite},
		"giving on":                {"create table {}.a (id int); grant select on {}.a to {team} with grant option", lastday.LevelAdmin},
		"writing, through another": {"create role {top}; create table {}.a (id int); grant insert on {}.a to {top}; grant {top} to {team}", lastday.LevelWrite},
		"owning":                   {"create table {}.a (id int); alter table {}.a owner to {team}", lastday.LevelAdmin},
		"an attribute":             {"alter role {team} createrole", lastday.LevelAdmin},
		"pg_read_all_data":         {"grant pg_read_all_data to {team}", lastday.LevelRead},
		"pg_write_server_files":    {"grant pg_write_server_files to {team}", lastday.LevelAdmin},
		"a future table":           {"alter default privileges for role {owner} grant insert on tables to {team}", lastday.LevelWrite},
		"a superuser's function": {
			"create function {}.a() returns int language sql security definer as 'select 1'; revoke all on function {}.a() from public; grant execute on function {}.a() to {team}",
			lastday.LevelAdmin,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.do("grant {team} to {kim}", c.sql)
			d := w.driver()
			page := w.inventory(d)
			for _, g := range page.Grants {
				if g.Kind == kindMembership && g.Direct() && g.Level() != c.want {
					t.Errorf("level %s, want %s", g.Level(), c.want)
				}
			}
		})
	}
}

func TestMembershipsThroughOthersAreChangedThere(t *testing.T) {
	w := newWorld(t)
	w.do("create role {top} superuser; grant {top} to {team}; grant {team} to {kim}")
	d := w.driver()
	page := w.inventory(d)
	top := w.grantOf(page, kindMembership, w.name("top"))
	if len(top.Via) != 1 || !strings.Contains(top.Via[0], w.name("team")) || top.Level() != lastday.LevelAdmin {
		t.Errorf("the membership through another: %+v", top)
	}
	w.bring(d, top, lastday.None, lastday.OutcomeDelegated)
	w.bring(d, w.grantOf(page, kindMembership, w.name("team")), lastday.None, lastday.OutcomeApplied)
	for _, g := range w.inventory(d).Grants {
		if g.Kind == kindMembership {
			t.Errorf("left: %+v", g)
		}
	}
}

func TestMembershipStatementsFollowTheVersion(t *testing.T) {
	cases := []struct {
		major  int
		to     string
		revoke string
		grant  string
	}{
		{15, lastday.None, `REVOKE "team" FROM "kim"`, `GRANT "team" TO "kim" WITH ADMIN OPTION GRANTED BY "lead"`},
		{16, lastday.None, `REVOKE "team" FROM "kim" GRANTED BY "lead"`, `GRANT "team" TO "kim" WITH ADMIN TRUE, INHERIT FALSE, SET TRUE GRANTED BY "lead"`},
		{16, rungMember, `REVOKE ADMIN OPTION FOR "team" FROM "kim" GRANTED BY "lead"`, `GRANT "team" TO "kim" WITH ADMIN TRUE, INHERIT FALSE, SET TRUE GRANTED BY "lead"`},
	}
	for _, c := range cases {
		lead := "lead"
		e := edge{Role: 20000, Name: "team", GrantorName: &lead, Admin: true, Set: true}
		j := &job{down: true, link: &link{major: c.major}, role: role{Name: "kim"}, me: self{Super: true}, change: lastday.Change{To: c.to}}
		if got := revokeMembership(j, e)[0]; got != c.revoke {
			t.Errorf("version %d: %s, want %s", c.major, got, c.revoke)
		}
		back := &job{link: j.link, role: j.role, me: j.me, change: lastday.Change{To: rungAdmin, Undo: j.undo}}
		got, err := grantMembership(back)
		if err != nil || got[0] != c.grant {
			t.Errorf("version %d: %s (%v), want %s", c.major, got, err, c.grant)
		}
	}
}

package postgres

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"lastday"
	"lastday/integrations/integrationtest"
	"lastday/integrations/postgres/postgrestest"
)

func TestConformance(t *testing.T) {
	integrationtest.Run(t, integrationtest.Harness{
		Description: description(),
		Open:        openWorld,
		Absent: map[string]string{
			"pending":     "PostgreSQL has no invitations",
			"later":       "all is told on one page",
			kindOwnership: "it is handed on with an approval alone, which the suite does not give; ownership_test.go does",
		},
		Excused: map[string]string{
			"waits as long as it is asked to, and lets others wait": "PostgreSQL refuses when it is full, and does not say for how long",
		},
	})
}

func openWorld(t integrationtest.T) integrationtest.World {
	w := newWorld(t)
	w.furnish()
	w.mustConnect(w.name("kim"), kimsPassword, "acme")
	w.mustConnect(w.name("lee"), "l33", "acme")
	person := func(key, name, email, id string) lastday.Person {
		return lastday.Person{Key: key, Name: name, Emails: []string{email}, Links: []lastday.Link{{System: "pg", ID: id}}}
	}
	return integrationtest.World{
		System: "pg", Driver: w.driver(), Far: w, Now: noon,
		Leaver: person("p1", "Kim Gone", "kim@acme.example", w.kim), LeaverID: w.kim,
		Bystander: person("p2", "Lee Stays", "lee@acme.example", w.lee), BystanderID: w.lee,
		Stranger: lastday.Person{Key: "p3", Name: "Max", Emails: []string{"max@acme.example"}},
		Secrets:  []string{botsPassword, kimsPassword, postgrestest.Password},
		LastOwner: func() integrationtest.Entry {
			// Other tests of the cluster may have left superusers of theirs.
			others := w.text("select quote_ident(rolname) from pg_roles where rolsuper and rolcanlogin and rolname not in ('" + w.name("bot") + "', '" + w.name("kim") + "')")
			w.do("alter role {kim} superuser")
			for _, other := range others {
				w.do("alter role " + other + " nologin")
				t.Cleanup(func() { w.do("alter role " + other + " login") })
			}
			return integrationtest.Entry{Kind: kindAttribute, Resource: "SUPERUSER", Rung: rungHeld}
		},
	}
}

// roleName is the part of an account's id that names the role.
func roleName(account string) string { return parsePin(account).name }

func (w *world) short(account string) string { return strings.TrimPrefix(roleName(account), w.prefix) }

// Access reads the catalogs as the superuser, and the lists of privileges as
// PostgreSQL prints them.
func (w *world) Access(account string) []integrationtest.Entry {
	who := w.short(account)
	if len(w.text("select rolname from pg_roles where rolname = '"+w.name(who)+"'")) == 0 {
		return nil
	}
	var all []integrationtest.Entry
	for _, x := range w.things {
		if rung := w.stands(x, who); rung != lastday.None {
			all = append(all, integrationtest.Entry{Kind: x.kind, Resource: x.resource, Rung: rung})
		}
	}
	sessions := w.text("select pid || '/' || (extract(epoch from backend_start) * 1000000)::int8 from pg_stat_activity where usename = '" + w.name(who) + "'")
	for _, s := range sessions {
		all = append(all, integrationtest.Entry{Kind: kindSession, Resource: s, Rung: rungOpen})
	}
	return all
}

func (w *world) stands(x thing, who string) string {
	is := func(condition, rung string) string {
		if w.value("select ("+condition+")::text from pg_roles where rolname = '"+w.name(who)+"'") == "true" {
			return rung
		}
		return lastday.None
	}
	switch x.kind {
	case kindLogin:
		return is("rolcanlogin", rungLogin)
	case kindLimit:
		return is("rolconnlimit <> 0", rungOpen)
	case kindPassword:
		return is("coalesce(rolvaliduntil, 'infinity') > now()", rungValid)
	case kindAttribute:
		return is("rolcreatedb", rungHeld)
	case kindMembership:
		options := w.text("select admin_option::text from pg_auth_members where member = '{" + who + "}'::regrole and roleid = '{team}'::regrole")
		return map[string]string{"": lastday.None, "false": rungMember, "true": rungAdmin}[strings.Join(options, "")]
	}
	return w.has(x, who)
}

// Snapshot is the roles of this world with what they have, and each list of
// privileges, line by line in an order of its own: PostgreSQL keeps none.
func (w *world) Snapshot() map[string]string {
	out := map[string]string{}
	for _, line := range w.text(`select r.oid || '/' || r.rolname || chr(9) || concat_ws(' ', rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication,
			rolbypassrls, rolconnlimit, coalesce(rolvaliduntil, 'infinity')) from pg_roles r where rolname like '` + w.prefix + `%'`) {
		id, state, _ := strings.Cut(line, "\t")
		out[id] += state
	}
	for _, line := range w.text(`select m.oid || '/' || m.rolname || chr(9) || concat_ws(' ', r.rolname, a.admin_option, g.rolname)
			from pg_auth_members a join pg_roles m on m.oid = a.member join pg_roles r on r.oid = a.roleid join pg_roles g on g.oid = a.grantor where m.rolname like '` + w.prefix + `%' order by 1`) {
		id, state, _ := strings.Cut(line, "\t")
		out[id] += "; " + state
	}
	for _, line := range w.text(`select usesysid || '/' || usename || chr(9) || pid from pg_stat_activity where usename like '` + w.prefix + `%' and usename <> '` + w.name("bot") + `' order by backend_start`) {
		id, state, _ := strings.Cut(line, "\t")
		out[id] += "; session " + state
	}
	w.snapshotLists(out)
	return out
}

func (w *world) snapshotLists(out map[string]string) {
	ids := map[string]string{w.name("kim"): w.kim, w.name("lee"): w.lee}
	mine := map[string][]string{}
	for _, x := range w.things {
		if x.acl == "" {
			continue
		}
		for _, line := range w.lines(x) {
			who, _ := cutName(line)
			key := ids[who]
			if shared := x.letters != nil && !strings.Contains(x.acl, "{}"); key == "" && shared && !strings.HasPrefix(who, w.prefix) {
				continue // other worlds' roles on what all databases share
			}
			if key == "" {
				key = "list " + x.resource
			}
			mine[key] = append(mine[key], x.resource+" "+line)
		}
	}
	for key, lines := range mine {
		slices.Sort(lines)
		out[key] += "; " + strings.Join(slices.Compact(lines), "; ")
	}
}

// Put does as the superuser what another administrator would.
func (w *world) Put(account string, e integrationtest.Entry) {
	for _, x := range w.things {
		if x.kind == e.Kind && x.resource == e.Resource && x.put[e.Rung] != "" {
			w.do(x.put[e.Rung])
			return
		}
	}
	w.t.Fatalf("no way is known to put %s %s to %s", e.Kind, e.Resource, e.Rung)
}

// Vanish drops the role as PostgreSQL's manual says. DROP OWNED leaves what
// somebody else than the owner gave.
func (w *world) Vanish(account string) {
	who := w.short(account)
	w.do("select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = '"+w.name(who)+"'",
		"set role {lead}; revoke all on {}.lent from {"+who+"}; reset role", "drop owned by {"+who+"}")
	w.exec(w.second, "drop owned by {"+who+"}")
	w.do("drop role {" + who + "}")
}

// Break makes trouble on the way, or for WrongUser lets the bystander take over
// the leaver's name.
func (w *world) Break(f integrationtest.Fault) {
	faults := map[integrationtest.Fault]postgrestest.Fault{
		integrationtest.RateLimited: {Refuse: "53300"}, integrationtest.Broken: {Refuse: "57P03"},
		integrationtest.Unauthorized: {Refuse: "28P01"}, integrationtest.Forbidden: {Refuse: "42501"},
		integrationtest.Malformed: {Garbage: true}, integrationtest.Oversized: {Huge: true},
		integrationtest.LostWrite: {LoseWrites: true}, integrationtest.Blind: {Elsewhere: elsewhere.Addr},
	}
	w.fault = f
	switch f {
	case integrationtest.WrongUser:
		w.do("alter role {kim} rename to {friend}", "alter role {lee} rename to {kim}")
	case integrationtest.Blind:
		w.alsoElsewhere()
		fallthrough
	default:
		w.proxy.Set(faults[f])
	}
}

// alsoElsewhere lets the driver log in at the other cluster, where nobody else is.
func (w *world) alsoElsewhere() {
	ctx := context.Background()
	sql := w.fill("create role {bot} superuser login password '" + botsPassword + "'")
	if err := exec(ctx, elsewhere, "postgres", "do $x$ begin "+sql+"; exception when duplicate_object then null; end $x$"); err != nil {
		w.t.Fatalf("elsewhere: %v", err)
	}
	for _, database := range []string{"acme", "second"} {
		_ = exec(ctx, elsewhere, "postgres", "create database "+database) // it may be there
	}
}

func (w *world) Mend() {
	if w.fault == integrationtest.WrongUser {
		w.do("alter role {kim} rename to {lee}", "alter role {friend} rename to {kim}")
	}
	w.fault = ""
	w.proxy.Set(postgrestest.Fault{})
}

func (w *world) Writes() int { return w.proxy.Writes() }

func TestTheWorldKnowsWhatItGives(t *testing.T) {
	w := newWorld(t)
	w.furnish()
	seen := map[string]bool{}
	for _, e := range w.Access(w.kim) {
		seen[fmt.Sprintf("%s %s", e.Kind, e.Rung)] = true
	}
	for _, want := range []string{"privilege admin", "privilege write", "privilege read", "privilege connect", "default_privilege write", "membership admin"} {
		if !seen[want] {
			t.Errorf("no %s among %v", want, slices.Sorted(maps.Keys(seen)))
		}
	}
}

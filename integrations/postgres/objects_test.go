package postgres

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"lastday"
	"lastday/integrations/postgres/postgrestest"
)

// Every type of object that PostgreSQL keeps a list of privileges for: taken,
// gone by PostgreSQL's own book of references, and given back as it was.
func TestEveryTypeOfObject(t *testing.T) {
	cases := map[string][]string{
		"table":        {`create table {}."a ""b.c" (id int)`, `grant truncate, references, trigger on {}."a ""b.c" to {kim}`},
		"column":       {`create table {}.t (id int, "odd "" name" int)`, `grant select ("odd "" name"), insert ("odd "" name") on {}.t to {kim}`},
		"view":         {"create view {}.v as select 1", "grant select on {}.v to {kim}"},
		"matview":      {"create materialized view {}.v as select 1", "grant select on {}.v to {kim} with grant option"},
		"partitioned":  {"create table {}.p (id int) partition by list (id)", "grant all on {}.p to {kim}"},
		"sequence":     {"create sequence {}.s", "grant select, usage on sequence {}.s to {kim}"},
		"procedure":    {`create procedure {}."p x"(a int, b {}.odd[]) language sql as 'select 1'`, `grant execute on procedure {}."p x"(int, {}.odd[]) to {kim}`},
		"aggregate":    {"create aggregate {}.g(int) (sfunc = int4pl, stype = int)", "grant execute on function {}.g(int) to {kim}"},
		"domain":       {`create domain {}."d d" as int`, `grant usage on domain {}."d d" to {kim} with grant option`},
		"language":     {"grant usage on language plpgsql to {kim}"},
		"wrapper":      {"create extension if not exists postgres_fdw", "grant usage on foreign data wrapper postgres_fdw to {kim}"},
		"server":       {"create extension if not exists postgres_fdw", "create server {top} foreign data wrapper postgres_fdw", "grant usage on foreign server {top} to {kim}"},
		"large object": {"do $$ begin perform lo_create(424242); exception when unique_violation then null; end $$", "grant select, update on large object 424242 to {kim}"},
		"tablespace":   {"set allow_in_place_tablespaces = on", "create tablespace {top} location ''", "grant create on tablespace {top} to {kim}"},
		"parameter":    {"grant set, alter system on parameter work_mem to {kim}", "grant set on parameter my.own to {kim}"},
		"database":     {"grant create, temporary on database acme to {kim} with grant option"},
		"schema":       {"grant create on schema {} to {kim}"},
		"system table": {"grant select on pg_catalog.pg_authid to {kim}"},
		"defaults": {
			"alter default privileges for role {owner} grant select, insert on tables to {kim} with grant option",
			"alter default privileges for role {owner} grant usage on schemas to {kim}", "alter default privileges for role {owner} in schema {} grant execute on routines to {kim}",
			"alter default privileges for role {owner} in schema {} grant usage on types to {kim}", "alter default privileges for role {owner} in schema {} grant usage on sequences to {kim}",
		},
	}
	for name, sql := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.do("create type {}.odd as (x int)")
			w.do(sql...)
			d := w.driver()
			before := w.privileges(d)
			if len(before) == 0 {
				t.Fatal("nothing is listed")
			}
			taken := map[string]lastday.Receipt{}
			for _, g := range before {
				taken[g.Key] = w.bring(d, g, lastday.None, lastday.OutcomeApplied)
			}
			if n := w.value("select count(*)::text from pg_shdepend where refobjid = '{kim}'::regrole and deptype = 'a'"); n != "0" {
				t.Errorf("PostgreSQL still knows of %s lists that name the role", n)
			}
			for _, g := range before {
				w.giveBack(d, g, taken[g.Key], lastday.OutcomeApplied)
			}
			if diff := cmp.Diff(before, w.privileges(d)); diff != "" {
				t.Errorf("given back is not what it was (-before +after):\n%s", diff)
			}
		})
	}
}

// A role may hold privileges in many databases. Each is changed where it is.
func TestPrivilegesInAnotherDatabase(t *testing.T) {
	w := newWorld(t)
	w.exec(w.second, "create table {}.far (id int); grant select on {}.far to {kim}")
	d := w.driver()
	g := w.grantOf(w.inventory(d), kindPrivilege, "second: table")
	taken := w.bring(d, g, lastday.None, lastday.OutcomeApplied)
	if left := w.privileges(d); len(left) != 0 {
		t.Errorf("left: %+v", left)
	}
	w.giveBack(d, g, taken, lastday.OutcomeApplied)
	w.grantOf(w.inventory(d), kindPrivilege, "second: table")
}

func TestEveryAttribute(t *testing.T) {
	w := newWorld(t)
	w.do("alter role {kim} superuser createrole replication bypassrls")
	d := w.driver()
	for _, name := range []string{"SUPERUSER", "CREATEROLE", "CREATEDB", "REPLICATION", "BYPASSRLS"} {
		g := w.grantOf(w.inventory(d), kindAttribute, name)
		taken := w.bring(d, g, lastday.None, lastday.OutcomeApplied)
		w.giveBack(d, g, taken, lastday.OutcomeApplied)
		w.bring(d, g, lastday.None, lastday.OutcomeApplied)
	}
	if got := w.value("select (rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls)::text from pg_roles where rolname = '" + w.name("kim") + "'"); got != "false" {
		t.Error("an attribute is left")
	}
}

func (w *world) privileges(d *driver) []lastday.Grant {
	w.t.Helper()
	var all []lastday.Grant
	for _, g := range w.inventory(d).Grants {
		if g.Kind == kindPrivilege || g.Kind == kindDefault {
			all = append(all, g)
		}
	}
	return all
}

func TestLevelsOfPrivileges(t *testing.T) {
	cases := []struct {
		object, privilege string
		feared            bool
		want              lastday.Level
	}{
		{"table", "SELECT", false, lastday.LevelRead},
		{"table", "MAINTAIN", false, lastday.LevelWrite},
		{"schema", "USAGE", false, lastday.LevelRead},
		{"sequence", "USAGE", false, lastday.LevelWrite},
		{"database", "CONNECT", false, lastday.LevelSignIn},
		{"function", "EXECUTE", false, lastday.LevelWrite},
		{"function", "EXECUTE", true, lastday.LevelAdmin},
		{"parameter", "ALTER SYSTEM", false, lastday.LevelAdmin},
		{"table", "WHAT THE NEXT VERSION BRINGS", false, lastday.LevelAdmin},
	}
	for _, c := range cases {
		if got := privilegeLevel(c.object, c.privilege, c.feared); got != c.want {
			t.Errorf("%s on %s: %s, want %s", c.privilege, c.object, got, c.want)
		}
	}
}

// A replication connection reads everything, and is a session like others. The
// slot that it used stays.
func TestAReplicationConnectionIsASession(t *testing.T) {
	w := newWorld(t)
	w.do("alter role {kim} replication superuser") // so that what follows needs no table of its own
	conn, err := pgconn.Connect(t.Context(), cluster.URL("", w.name("kim"), kimsPassword, "acme")+"&replication=database")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	slot := strings.NewReplacer(`"`, "", " ", "").Replace(w.prefix)
	if _, err := conn.Exec(t.Context(), "CREATE_REPLICATION_SLOT "+slot+" LOGICAL pgoutput").ReadAll(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.do("select pg_drop_replication_slot('" + slot + "')") })
	reading := conn.Exec(t.Context(), "START_REPLICATION SLOT "+slot+" LOGICAL 0/0 (proto_version '1', publication_names 'none')")
	defer func() { _ = reading.Close() }()
	d := w.driver()
	page := w.inventory(d)
	for !hasResidue(page, "replication slot "+slot) { // the server needs a moment to begin
		if err := t.Context().Err(); err != nil {
			t.Fatal(err)
		}
		page = w.inventory(d)
	}
	g := w.grantOf(page, kindSession, "")
	if g.Resource.Labels["type"] != "walsender" {
		t.Errorf("the session is a %q", g.Resource.Labels["type"])
	}
	w.bring(d, g, lastday.None, lastday.OutcomeApplied)
}

func TestAServerThatNeverAnswersHoldsNobody(t *testing.T) {
	w := newWorld(t)
	d := w.driver()
	w.proxy.Set(postgrestest.Fault{Silent: true})
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	began := time.Now()
	if _, err := d.List(ctx, acc(w), ""); lastday.CodeOf(err) != lastday.CodeTransient {
		t.Errorf("list: %v", err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("held for %s", took)
	}
}

// What somebody left in the search path must not be called by us: we may be a
// superuser.
func TestNothingOfOthersIsCalled(t *testing.T) {
	w := newWorld(t)
	w.do("alter role {bot} set search_path = {}, pg_catalog",
		"create function {}.pg_is_in_recovery() returns bool language plpgsql as $$ begin raise exception 'called'; end $$",
		"create function {}.clock_timestamp() returns timestamptz language plpgsql as $$ begin raise exception 'called'; end $$")
	d := w.driverAs("bot", botsPassword, Config{DSN: "env:DSN", Canary: w.name("canary")})
	d.base.Database = "acme"
	if len(w.inventory(d).Grants) == 0 {
		t.Error("nothing is listed")
	}
}

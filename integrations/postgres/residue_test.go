package postgres

import (
	"strings"
	"testing"

	"lastday"
	"lastday/integrations/postgres/postgrestest"
)

func TestWhatCannotBeTakenIsToldWithWhatToDo(t *testing.T) {
	w := newWorld(t)
	line := strings.ReplaceAll(w.name("kim"), `"`, `""`)
	if err := cluster.Allow(t.Context(), `host all "`+line+`" 10.9.8.7/32 scram-sha-256`); err != nil {
		t.Fatal(err)
	}
	w.do("create role {friend}; grant {kim} to {friend}",
		"create function {}.d() returns int language sql security definer as 'select 1'; alter function {}.d() owner to {kim}",
		"create table {}.guarded (id int); create policy own on {}.guarded to {kim}",
		"create extension if not exists postgres_fdw", "create server if not exists far foreign data wrapper postgres_fdw",
		"create user mapping for {kim} server far options (user 'kim', password 'f4r-away')",
		"alter default privileges for role {kim} grant select on tables to {team}",
		"alter role {kim} valid until '2001-01-01'",
		"grant all on schema {} to {kim}; set role {kim}; begin; create table {}.held (id int); prepare transaction '"+strings.ReplaceAll(w.prefix, `"`, "")+"'")
	t.Cleanup(func() { w.do("rollback prepared '" + strings.ReplaceAll(w.prefix, `"`, "") + "'") })
	w.do("reset role")
	page := w.inventory(w.driver())
	for _, want := range []string{
		"is a member of the person's role", ".d() (SECURITY DEFINER)", "row policy own on", "user mapping on server far", "default privileges of what the role creates",
		"a prepared transaction in acme", "of pg_hba.conf names the role", "the password's time is over", "what is owned in acme: 1 of pg_proc",
	} {
		if !hasResidue(page, want) {
			t.Errorf("%q is not told: %+v", want, page.Residue)
		}
	}
	for _, r := range page.Residue {
		if strings.Contains(r.What+r.Why+r.Todo, "f4r-away") {
			t.Errorf("a secret is told: %+v", r)
		}
	}
}

// owning gives kim things in two databases, and a database.
func owning(t *testing.T) (*world, string) {
	t.Helper()
	w := newWorld(t)
	name := strings.NewReplacer(`"`, "", " ", "").Replace(w.prefix) + "kims"
	w.do("create table {}.mine (id int); alter table {}.mine owner to {kim}", "create database "+name+" owner {kim}")
	w.exec(w.second, "create table {}.mine (id int); alter table {}.mine owner to {kim}")
	return w, name
}

func (w *world) ownerOf(sql string) string {
	w.t.Helper()
	return strings.TrimPrefix(w.value("select rolname from pg_roles where oid = ("+sql+")"), w.prefix)
}

func TestOwnedObjectsAreHandedOnWithAnApprovalAlone(t *testing.T) {
	w, database := owning(t)
	d := w.driver()
	mine := "select relowner from pg_class where oid = '{}.mine'::regclass"
	base := "select datdba from pg_database where datname = '" + database + "'"
	page := w.inventory(d)
	shared := w.grantOf(page, kindOwnership, "databases and tablespaces")
	here := w.grantOf(page, kindOwnership, "acme")
	w.grantOf(page, kindOwnership, "second")

	r := w.bring(d, here, lastday.None, lastday.OutcomeRefused)
	if !strings.Contains(r.Note, "approve") || w.ownerOf(mine) != "kim" {
		t.Errorf("without an approval: %q, owner %s", r.Note, w.ownerOf(mine))
	}
	approved := func(g lastday.Grant) lastday.Receipt {
		c := lastday.NewChange("c-1", acc(w), g, lastday.None, "test")
		c.Consent = "plan 1"
		r, err := d.Apply(t.Context(), c)
		if err != nil || r.Outcome != lastday.OutcomeApplied {
			t.Fatalf("approved: outcome %q (%s), error %v", r.Outcome, r.Note, err)
		}
		return r
	}
	approved(shared)
	if w.ownerOf(base) != "heir" || w.ownerOf(mine) != "kim" {
		t.Errorf("the database went to %s, the table to %s", w.ownerOf(base), w.ownerOf(mine))
	}
	taken := approved(here)
	if w.ownerOf(mine) != "heir" || !strings.Contains(taken.Undo["objects"], "mine") {
		t.Errorf("the table went to %s, the receipt says %v", w.ownerOf(mine), taken.Undo)
	}
	w.giveBack(d, here, taken, lastday.OutcomeRefused)
	w.grantOf(w.inventory(d), kindOwnership, "second")
}

func TestNothingIsHandedOnToNobody(t *testing.T) {
	w, _ := owning(t)
	for what, successor := range map[string]string{"none": "", "no role": "nobody at all", "the leaver": w.name("kim")} {
		d := w.driver(func(c *Config) { c.Successor = successor })
		c := lastday.NewChange("c-1", acc(w), w.grantOf(w.inventory(d), kindOwnership, "acme"), lastday.None, "test")
		c.Consent = "plan 1"
		if r, err := d.Apply(t.Context(), c); err != nil || r.Outcome != lastday.OutcomeRefused || r.Note == "" {
			t.Errorf("successor %s: outcome %q, error %v", what, r.Outcome, err)
		}
	}
}

func TestADatabaseThatWasRenamedOrDropped(t *testing.T) {
	w := newWorld(t)
	name := strings.NewReplacer(`"`, "", " ", "").Replace(w.prefix) + "moves"
	w.do("create database " + name)
	fill := func(database string) {
		conn := w.mustConnect("postgres", postgrestest.Password, database)
		w.exec(conn, "create table t (id int); grant select on t to {kim}")
		_ = conn.Close(t.Context())
	}
	fill(name)
	d := w.driver()
	g := w.grantOf(w.inventory(d), kindPrivilege, "table public.t")
	w.do("alter database "+name+" rename to "+name+"2", "create database "+name)
	fill(name)
	taken := w.bring(d, g, lastday.None, lastday.OutcomeApplied)
	if g := w.grantOf(w.inventory(d), kindPrivilege, "table public.t"); g.Resource.Labels["database"] != name {
		t.Errorf("the privilege was taken in the database that only has the name: %+v", g)
	}
	w.giveBack(d, g, taken, lastday.OutcomeApplied)
	w.do("drop database " + name + "2")
	w.bring(d, g, lastday.None, lastday.OutcomeAlready)
}

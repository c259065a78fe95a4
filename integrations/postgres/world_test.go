package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"lastday"
	"lastday/integrations"
	"lastday/integrations/integrationtest"
	"lastday/integrations/postgres/postgrestest"
)

// The servers that the tests share, started when the first test wants them: the
// cluster, and another one to which a connection string may lead by mistake.
// Every test makes roles and a schema of its own.
var (
	cluster, elsewhere *postgrestest.Server
	startServers       = sync.OnceValue(servers)
	folders            []string
	worlds             atomic.Int64
)

func TestMain(m *testing.M) {
	code := m.Run()
	for _, s := range []*postgrestest.Server{cluster, elsewhere} {
		if s != nil {
			_ = s.Stop(context.Background())
		}
	}
	for _, dir := range folders {
		_ = os.RemoveAll(dir)
	}
	os.Exit(code)
}

func servers() error {
	ctx := context.Background()
	for _, s := range []**postgrestest.Server{&cluster, &elsewhere} {
		dir, err := os.MkdirTemp("", "postgres-test-")
		if err != nil {
			return err
		}
		folders = append(folders, dir)
		if *s, err = postgrestest.Start(ctx, dir); err != nil {
			return err
		}
	}
	return errors.Join(exec(ctx, cluster, "postgres", "create database acme"), exec(ctx, cluster, "postgres", "create database second"))
}

func exec(ctx context.Context, s *postgrestest.Server, database, sql string) error {
	conn, err := s.Root(ctx, database)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol)
	return err
}

// secrets of the world's roles.
const (
	kimsPassword = "k1m-5ecret-word"
	botsPassword = "b0t-5ecret-word"
)

// thing is one grant of the leaver's as the test knows it.
type thing struct {
	kind, resource string
	// acl selects the object's list of privileges as PostgreSQL prints it, and
	// letters say at which level each of its letters is.
	acl     string
	grantor string
	letters map[byte]lastday.Level
	// put brings it to a rung, by SQL in the database acme.
	put map[string]string
}

// world is a set of roles and objects in the shared cluster, seen and changed
// as the superuser, never by way of the driver.
type world struct {
	t      integrationtest.T
	prefix string
	proxy  *postgrestest.Proxy
	things []thing

	mu           sync.Mutex
	acme, second *pgx.Conn
	kim, lee     string // their accounts' ids
	fault        integrationtest.Fault
}

// name is a role of this world; role the same, quoted.
func (w *world) name(role string) string { return w.prefix + role }
func (w *world) role(role string) string { return quote(w.name(role)) }

// fill replaces {x} by the role x of this world, and {} by its schema.
func (w *world) fill(sql string) string {
	for _, r := range []string{"kim", "lee", "bot", "owner", "team", "lead", "canary", "heir", "top", "friend"} {
		sql = strings.ReplaceAll(sql, "{"+r+"}", w.role(r))
	}
	return strings.ReplaceAll(sql, "{}", quote(w.prefix+"s"))
}

func (w *world) do(sql ...string) {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.exec(w.acme, sql...)
}

func (w *world) exec(conn *pgx.Conn, sql ...string) {
	w.t.Helper()
	for _, s := range sql {
		if _, err := conn.Exec(context.Background(), w.fill(s), pgx.QueryExecModeSimpleProtocol); err != nil {
			w.t.Fatalf("%s: %v", w.fill(s), err)
		}
	}
}

// text gives the first column of a query as text, line by line.
func (w *world) text(sql string) []string {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	rows, err := w.acme.Query(context.Background(), w.fill(sql), pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		w.t.Fatalf("%s: %v", w.fill(sql), err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		w.t.Fatalf("%s: %v", w.fill(sql), err)
	}
	return all
}

func (w *world) value(sql string) string {
	w.t.Helper()
	all := w.text(sql)
	if len(all) != 1 {
		w.t.Fatalf("%s: %d rows", w.fill(sql), len(all))
	}
	return all[0]
}

func (w *world) id(role string) string {
	w.t.Helper()
	return w.value("select oid || '/' || rolname from pg_roles where rolname = '" + w.name(role) + "'")
}

// connect opens a connection that ends with the test.
func (w *world) connect(user, password, database string) (*pgx.Conn, error) {
	conn, err := cluster.Connect(context.Background(), user, password, database)
	if err == nil {
		w.t.Cleanup(func() { _ = conn.Close(context.Background()) })
	}
	return conn, err
}

func (w *world) mustConnect(user, password, database string) *pgx.Conn {
	w.t.Helper()
	conn, err := w.connect(user, password, database)
	if err != nil {
		w.t.Fatalf("connect: %v", err)
	}
	return conn
}

// newWorld makes the roles that every world has: kim leaves, lee stays.
func newWorld(t integrationtest.T) *world {
	t.Helper()
	if err := startServers(); err != nil {
		t.Fatalf("these tests need a real PostgreSQL: %v", err)
	}
	w := &world{t: t, prefix: fmt.Sprintf("w%d \"x\" ", worlds.Add(1))}
	var err error
	if w.proxy, err = postgrestest.NewProxy(cluster.Addr); err != nil {
		t.Fatalf("proxy: %v", err)
	}
	t.Cleanup(w.proxy.Close)
	w.acme = w.mustConnect("postgres", postgrestest.Password, "acme")
	w.second = w.mustConnect("postgres", postgrestest.Password, "second")
	w.do("create role {owner}; create role {team}; create role {lead}; create role {canary}; create role {heir}",
		"create role {bot} superuser login password '"+botsPassword+"'",
		"create role {kim} login createdb connection limit 7 password '"+kimsPassword+"' valid until '2040-02-29 12:34:56.789+01'",
		"create role {lee} login createdb connection limit 7 password 'l33' valid until '2040-02-29 12:34:56.789+01'",
		"create schema {} authorization {owner}")
	w.exec(w.second, "create schema {} authorization {owner}")
	w.kim, w.lee = w.id("kim"), w.id("lee")
	t.Cleanup(func() { // one superuser less for the tests that count them
		w.mu.Lock()
		defer w.mu.Unlock()
		if conn, err := cluster.Root(context.Background(), "postgres"); err == nil {
			_, _ = conn.Exec(context.Background(), w.fill("alter role {bot} nologin nosuperuser"))
			_ = conn.Close(context.Background())
		}
	})
	return w
}

// driver connects the driver as the bot, by way of the proxy.
func (w *world) driver(change ...func(*Config)) *driver {
	w.t.Helper()
	cfg := Config{DSN: "env:DSN", Canary: w.name("canary"), Successor: w.name("heir")}
	for _, c := range change {
		c(&cfg)
	}
	return w.driverAs("bot", botsPassword, cfg)
}

func (w *world) driverAs(role, password string, cfg Config) *driver {
	w.t.Helper()
	made, err := open(w.t.Context(), cfg, integrations.Deps{System: "pg", Now: noon, Secret: func(context.Context, string) (string, error) {
		return cluster.URL(w.proxy.Addr, w.name(role), password, "postgres"), nil
	}})
	if err != nil {
		w.t.Fatalf("open: %v", err)
	}
	d, ok := made.(*driver)
	if !ok {
		w.t.Fatalf("open made a %T", made)
	}
	return d
}

func noon() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

// furnish gives kim and lee a grant of every kind. Every type of object has a
// test of its own.
func (w *world) furnish() {
	w.t.Helper()
	w.do("create table {}.orders (id int, note text); create table {}.vault (id int); create table {}.lent (id int); create table {}.wide (a int, b int)",
		"create function {}.f(int, text) returns int language sql as 'select 1'",
		"alter table {}.orders owner to {owner}; alter table {}.vault owner to {owner}; alter table {}.lent owner to {owner}; alter table {}.wide owner to {owner}",
		"alter function {}.f(int, text) owner to {owner}",
		"grant usage on schema {} to {lead}; grant select on {}.lent to {lead} with grant option")
	for _, who := range []string{"{kim}", "{lee}"} {
		both := func(sql string) string { return strings.ReplaceAll(sql, "{who}", who) }
		w.do(both("grant {team} to {who} with admin option"),
			both("grant select, insert on {}.orders to {who}; grant select on {}.vault to {who} with grant option; grant update (b) on {}.wide to {who}"),
			both("grant execute on function {}.f(int, text) to {who}"),
			both("grant usage, create on schema {} to {who}; grant connect on database second to {who}"),
			both("set role {lead}; grant select on {}.lent to {who}; reset role"),
			both("alter default privileges for role {owner} in schema {} grant select, insert on tables to {who}"))
	}
	w.know()
}

// know writes down what kim has, in the words that the driver must use.
func (w *world) know() {
	w.t.Helper()
	add := func(kind, resource string, put map[string]string) {
		w.things = append(w.things, thing{kind: kind, resource: resource, put: put})
	}
	on := func(class, object, number, sub, acl, grantor string, letters map[byte]lastday.Level, put map[string]string) {
		resource := w.value("select coalesce((select oid::text from pg_database where datname = '" + number + "'), '0') || '/" + class + "/' || (" + object + ")::oid || '/" + sub +
			"/' || (select oid from pg_roles where rolname = '" + grantor + "')")
		w.things = append(w.things, thing{kind: kindPrivilege, resource: resource, acl: acl, grantor: grantor, letters: letters, put: put})
	}
	add(kindLogin, "LOGIN", nil)
	add(kindLimit, "CONNECTION LIMIT", nil)
	add(kindPassword, "VALID UNTIL", nil)
	add(kindAttribute, "CREATEDB", nil)
	add(kindMembership, w.value("select oid::text from pg_roles where rolname = '"+w.name("team")+"'"), map[string]string{
		"none": "revoke {team} from {kim}", "member": "revoke {team} from {kim}; grant {team} to {kim}",
	})
	table := func(name string) (class, object, number, sub, acl string) {
		return "pg_class", "'{}." + name + "'::regclass", "acme", "0", "select unnest(relacl)::text from pg_class where oid = '{}." + name + "'::regclass"
	}
	levels := map[byte]lastday.Level{'r': lastday.LevelRead, 'a': lastday.LevelWrite, 'w': lastday.LevelWrite, 'U': lastday.LevelWrite, 'X': lastday.LevelWrite, 'C': lastday.LevelWrite, 's': lastday.LevelWrite, 'c': lastday.LevelSignIn}
	reading := map[byte]lastday.Level{'U': lastday.LevelRead, 'C': lastday.LevelWrite}
	owner := w.name("owner")
	class, object, number, sub, acl := table("orders")
	on(class, object, number, sub, acl, owner, levels, map[string]string{"none": "revoke all on {}.orders from {kim}", "read": "revoke all on {}.orders from {kim}; grant select on {}.orders to {kim}"})
	class, object, number, sub, acl = table("vault")
	on(class, object, number, sub, acl, owner, levels, map[string]string{"none": "revoke all on {}.vault from {kim}", "read": "revoke all on {}.vault from {kim}; grant select on {}.vault to {kim}"})
	class, object, number, sub, acl = table("lent")
	on(class, object, number, sub, acl, w.name("lead"), levels, nil)
	class, object, number, _, _ = table("wide")
	on(class, object, number, "2", "select unnest(attacl)::text from pg_attribute where attrelid = '{}.wide'::regclass and attnum = 2", owner, levels, nil)
	on("pg_proc", "'{}.f(int, text)'::regprocedure", "acme", "0", "select unnest(proacl)::text from pg_proc where oid = '{}.f(int, text)'::regprocedure", owner, levels, nil)
	on("pg_namespace", "'{}'::regnamespace", "acme", "0", "select unnest(nspacl)::text from pg_namespace where oid = '{}'::regnamespace", owner, reading,
		map[string]string{"none": "revoke all on schema {} from {kim}", "read": "revoke all on schema {} from {kim}; grant usage on schema {} to {kim}"})
	on("pg_database", "select oid from pg_database where datname = 'second'", "", "0", "select unnest(datacl)::text from pg_database where datname = 'second'", "postgres", levels, nil)
	w.things = append(w.things, thing{
		kind: kindDefault, grantor: owner, letters: levels,
		resource: w.value("select d.oid || '/' || r.oid || '/' || '{}'::regnamespace::oid || '/r' from pg_database d, pg_roles r where datname = 'acme' and rolname = '" + owner + "'"),
		acl:      "select unnest(defaclacl)::text from pg_default_acl where defaclrole = (select oid from pg_roles where rolname = '" + owner + "')",
		put: map[string]string{
			"none": "alter default privileges for role {owner} in schema {} revoke all on tables from {kim}",
			"read": "alter default privileges for role {owner} in schema {} revoke all on tables from {kim}; alter default privileges for role {owner} in schema {} grant select on tables to {kim}",
		},
	})
}

// has says what the list of privileges, as PostgreSQL prints it, gives to a role.
func (w *world) has(x thing, role string) string {
	highest := lastday.LevelNone
	for _, line := range w.lines(x) {
		who, rest := cutName(line)
		what, by, _ := strings.Cut(strings.TrimPrefix(rest, "="), "/")
		if from, _ := cutName(by); who != w.name(role) || from != x.grantor {
			continue
		}
		for i := range len(what) {
			highest = max(highest, x.letters[what[i]])
			if what[i] == '*' {
				highest = lastday.LevelAdmin
			}
		}
	}
	return rungOfLevel(highest)
}

// lines reads the list of privileges.
func (w *world) lines(x thing) []string { return w.text(x.acl) }

// cutName reads a name, quoted or not, in front of = or at the end.
func cutName(s string) (name, rest string) {
	if !strings.HasPrefix(s, `"`) {
		i := strings.IndexAny(s+"=", "=")
		return s[:i], s[i:]
	}
	for i := 1; i < len(s); i++ {
		if s[i] != '"' {
			continue
		}
		if i+1 == len(s) || s[i+1] != '"' {
			return strings.ReplaceAll(s[1:i], `""`, `"`), s[i+1:]
		}
		i++
	}
	return s, ""
}

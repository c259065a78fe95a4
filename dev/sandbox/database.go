package sandbox

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"lastday/integrations/postgres/postgrestest"
)

// Database is a real PostgreSQL in which the leaver has a role, owns a table,
// and has a session open.
type Database struct {
	server *postgrestest.Server
	folder string
	root   *pgx.Conn
	// session is the leaver's own, open since before anything was announced.
	session *pgx.Conn
}

const (
	database         = "desk"
	databaseRole     = "freya_larsen"
	databasePassword = "sandbox-freya-db-5ecret"
	databaseRobot    = "sandbox-robot-db-5ecret"
)

// newDatabase starts a server of its own, if its programs are on this machine.
func newDatabase(ctx context.Context, person string) (*Database, error) {
	folder, err := os.MkdirTemp("", "lastday-demo-postgres-")
	if err != nil {
		return nil, err
	}
	d := &Database{folder: folder}
	dir := filepath.Join(folder, "cluster")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, errors.Join(err, d.close(ctx))
	}
	if d.server, err = postgrestest.Start(ctx, dir); err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	if err := d.open(ctx, person); err != nil {
		return nil, errors.Join(err, d.close(ctx))
	}
	return d, nil
}

func (d *Database) open(ctx context.Context, person string) error {
	first, err := d.server.Root(ctx, "postgres")
	if err != nil {
		return err
	}
	_, err = first.Exec(ctx, "create database "+database)
	if err := errors.Join(err, first.Close(ctx)); err != nil {
		return err
	}
	if d.root, err = d.server.Root(ctx, database); err != nil {
		return err
	}
	if _, err := d.root.Exec(ctx, strings.ReplaceAll(databaseText, "{person}", person), pgx.QueryExecModeSimpleProtocol); err != nil {
		return fmt.Errorf("furnish the database: %w", err)
	}
	// From here on the server writes down what it is told to change.
	if _, err := d.root.Exec(ctx, "alter system set log_statement = 'ddl'"); err != nil {
		return err
	}
	if _, err := d.root.Exec(ctx, "select pg_reload_conf()"); err != nil {
		return err
	}
	d.session, err = d.server.Connect(ctx, databaseRole, databasePassword, database)
	return err
}

const databaseText = `
create role lastday superuser login password '` + databaseRobot + `';
create role app login password 'sandbox-app-db-5ecret';
create role data_platform;
create role support_rw;
create role ` + databaseRole + ` login createrole password '` + databasePassword + `';
create role jonas_weber login password 'sandbox-jonas-db-5ecret';
comment on role ` + databaseRole + ` is 'lastday: {person}';
create schema support;
create table support.tickets (id int, subject text);
create table support.customers (id int, name text, active boolean);
create table support.refunds_2026 (id int, amount numeric);
alter table support.refunds_2026 owner to ` + databaseRole + `;
grant usage on schema support to support_rw, ` + databaseRole + `, jonas_weber, app;
grant select, insert, update on support.tickets to support_rw, app;
grant support_rw to ` + databaseRole + ` with admin option;
grant support_rw to jonas_weber;
grant select, update on support.customers to ` + databaseRole + `;
grant select on support.customers to jonas_weber;
`

func (d *Database) dsn() string {
	return d.server.URL("", "lastday", databaseRobot, "postgres")
}

func (d *Database) close(ctx context.Context) error {
	for _, conn := range []*pgx.Conn{d.session, d.root} {
		if conn != nil {
			_ = conn.Close(ctx) // The server that it leads to is stopped next.
		}
	}
	var err error
	if d.server != nil {
		err = d.server.Stop(ctx)
	}
	return errors.Join(err, os.RemoveAll(d.folder))
}

// System is its name in the configuration.
func (d *Database) System() string { return "database" }

// try signs in with the leaver's password, and goes on in the session that is open.
func (d *Database) try(ctx context.Context) []Attempt {
	conn, err := d.server.Connect(ctx, databaseRole, databasePassword, database)
	if err == nil {
		err = conn.Close(ctx)
	}
	var one int
	goingOn := d.session.QueryRow(ctx, "select 1").Scan(&one)
	return []Attempt{
		attempt("database: sign in as "+databaseRole, lastLine(err)),
		attempt("database: go on in the open session", lastLine(goingOn)),
	}
}

// HandOver gives what the leaver owns to whoever goes on with it, as the
// database's administrator does.
func (d *Database) HandOver(ctx context.Context) error {
	_, err := d.root.Exec(ctx, "alter table support.refunds_2026 owner to data_platform")
	return err
}

// lastLine keeps what the server said of an error that tells every address tried.
func lastLine(err error) error {
	if err == nil {
		return nil
	}
	lines := strings.Split(strings.TrimSpace(err.Error()), "\n")
	line := lines[len(lines)-1]
	if at := strings.Index(line, "FATAL: "); at >= 0 {
		line = line[at:]
	}
	return errors.New(line)
}

// Ways are whether the role may sign in, its sessions, attributes and memberships,
// and all that refers to it in a list of rights or as owner.
func (d *Database) Ways(ctx context.Context) ([]string, error) {
	return d.lines(ctx, `
		select 'may sign in' from pg_roles where rolname = $1 and rolcanlogin
		union all select 'is ' || a from pg_roles, unnest(array[case when rolsuper then 'superuser' end, case when rolcreaterole then 'createrole' end]) a
			where rolname = $1 and a is not null
		union all select 'session ' || pid from pg_stat_activity where usename = $1
		union all select 'member of ' || roleid::regrole from pg_auth_members where member = $1::text::regrole
		union all select case deptype when 'o' then 'owns ' else 'has rights on ' end || coalesce(objid::regclass::text, '') || ' (' || classid::regclass || ')'
			from pg_shdepend where refclassid = 'pg_authid'::regclass and refobjid = $1::text::regrole`, databaseRole)
}

// Others are the other roles with their attributes, memberships and rights.
func (d *Database) Others(ctx context.Context) (map[string]string, error) {
	lines, err := d.lines(ctx, `
		select rolname || ': ' || rolsuper || rolcreaterole || rolcreatedb || rolcanlogin || rolconnlimit || coalesce(rolvaliduntil::text, '')
			from pg_roles where rolname <> $1 and rolname !~ '^pg_'
		union all select member::regrole || ': in ' || roleid::regrole || admin_option from pg_auth_members where member <> $1::text::regrole
		union all select a.grantee::regrole || ': ' || c.relname || ' ' || a.privilege_type
			from pg_class c, aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) a
			where c.relnamespace = 'support'::regnamespace and a.grantee <> $1::text::regrole and c.relname <> 'refunds_2026'`, databaseRole)
	if err != nil {
		return nil, err
	}
	all := map[string]string{}
	for _, l := range lines {
		name, has, _ := strings.Cut(l, ": ")
		all[name] += has + "; "
	}
	return all, nil
}

func (d *Database) lines(ctx context.Context, sql string, args ...any) ([]string, error) {
	rows, err := d.root.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	slices.Sort(all)
	return all, err
}

// Writes are the statements in the server's own log that define something.
func (d *Database) Writes(ctx context.Context) ([]string, error) {
	logged, err := d.lines(ctx, "select pg_read_file('log')")
	if err != nil {
		return nil, err
	}
	statement := regexp.MustCompile(`(?i)LOG:  (?:statement|execute [^:]*): (.*)`)
	var writes []string
	for line := range strings.SplitSeq(strings.Join(logged, "\n"), "\n") {
		if parts := statement.FindStringSubmatch(line); parts != nil {
			writes = append(writes, parts[1])
		}
	}
	return writes, nil
}

package store_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lastday"
	"lastday/audit"
	"lastday/audit/store"
	"lastday/integrations/postgres/postgrestest"
)

// The PostgreSQL server that the tests share, started when the first one wants
// it. Every test has a schema or a database of its own.
var (
	server      *postgrestest.Server
	startServer = sync.OnceValue(start)
	folder      string
	worlds      atomic.Int64
)

func TestMain(m *testing.M) {
	if path := os.Getenv(childOf); path != "" {
		os.Exit(child(path, os.Getenv(childName)))
	}
	code := m.Run()
	if server != nil {
		_ = server.Stop(context.Background())
	}
	_ = os.RemoveAll(folder)
	os.Exit(code)
}

func start() (err error) {
	if folder, err = os.MkdirTemp("", "audit-store-"); err != nil {
		return err
	}
	server, err = postgrestest.Start(context.Background(), folder)
	return err
}

// origin names the log of all tests.
const origin = "lastday.example/log"

// noon is when every log begins.
func noon() time.Time { return time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC) }

// clock is a clock that a test turns.
type clock struct{ nanos atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.nanos.Store(noon().UnixNano())
	return c
}

func (c *clock) now() time.Time          { return time.Unix(0, c.nanos.Load()).UTC() }
func (c *clock) advance(d time.Duration) { c.nanos.Add(int64(d)) }

// world is a log in one of the databases.
type world struct {
	*store.Store
	t     *testing.T
	clock *clock
	key   *audit.Key
	keys  *audit.Keys
	// again opens the same log once more, as another process would.
	again func(o store.Options) *store.Store
	// open is again, for those who expect that it fails.
	open func() (*store.Store, error)
	// exec changes the database behind the store's back, without its triggers.
	exec func(query string)
	// try changes the database as anybody may who has it open.
	try      func(query string) error
	postgres bool
	// files are the folder with everything that the database keeps.
	files string
}

func (w *world) options() store.Options { return store.Options{Now: w.clock.now, Key: w.key} }

// everywhere runs a test with each database.
func everywhere(t *testing.T, test func(t *testing.T, w *world)) {
	t.Run("sqlite", func(t *testing.T) { test(t, inSQLite(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, inPostgres(t)) })
}

func newWorld(t *testing.T) *world {
	t.Helper()
	private, public, err := audit.NewKey(origin)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, clock: newClock()}
	if w.key, err = audit.ParseKey(private); err != nil {
		t.Fatal(err)
	}
	if w.keys, err = audit.ParseKeys(public); err != nil {
		t.Fatal(err)
	}
	return w
}

func inSQLite(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.files = t.TempDir()
	path := filepath.Join(w.files, "log.db")
	w.again = func(o store.Options) *store.Store {
		return opened(t, func() (*store.Store, error) { return store.OpenSQLite(t.Context(), path, o) })
	}
	w.open = func() (*store.Store, error) { return store.OpenSQLite(t.Context(), path, w.options()) }
	w.exec = func(query string) { execSQLite(t, path, query) }
	w.try = func(query string) error { return trySQLite(t, path, query) }
	w.Store = w.again(w.options())
	return w
}

// inPostgres is a log in a schema of its own.
func inPostgres(t *testing.T) *world {
	t.Helper()
	if err := startServer(); err != nil {
		t.Fatal(err)
	}
	schema := fmt.Sprintf("log%d", worlds.Add(1))
	execPostgres(t, "postgres", "CREATE SCHEMA "+schema)
	return inSchema(t, "postgres", schema)
}

// inOwnPostgres is a log in a database of its own, whose files a test can search.
func inOwnPostgres(t *testing.T) *world {
	t.Helper()
	if err := startServer(); err != nil {
		t.Fatal(err)
	}
	database := fmt.Sprintf("log%d", worlds.Add(1))
	execPostgres(t, "postgres", "CREATE DATABASE "+database)
	return inSchema(t, database, "public")
}

func inSchema(t *testing.T, database, schema string) *world {
	t.Helper()
	w := newWorld(t)
	w.postgres = true
	url := server.URL("", "postgres", postgrestest.Password, database) + "&search_path=" + schema
	w.open = func() (*store.Store, error) { return store.OpenPostgres(t.Context(), url, w.options()) }
	w.again = func(o store.Options) *store.Store {
		return opened(t, func() (*store.Store, error) { return store.OpenPostgres(t.Context(), url, o) })
	}
	w.try = func(query string) error {
		return tryPostgres(t, database, "SET search_path = "+schema+"; "+query)
	}
	w.exec = func(query string) {
		execPostgres(t, database, "SET session_replication_role = replica; SET search_path = "+schema+"; "+query)
	}
	w.files = filepath.Join(folder, "data", "base", databaseOID(t, database))
	w.Store = w.again(w.options())
	return w
}

// databaseOID is the name of a database's folder.
func databaseOID(t *testing.T, name string) string {
	t.Helper()
	ctx := context.Background()
	conn, err := server.Root(ctx, name)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	var oid string
	if err := conn.QueryRow(ctx, `SELECT oid::text FROM pg_database WHERE datname = current_database()`).Scan(&oid); err != nil {
		t.Fatal(err)
	}
	return oid
}

func opened(t *testing.T, open func() (*store.Store, error)) *store.Store {
	t.Helper()
	s, err := open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func execPostgres(t *testing.T, database, query string) {
	t.Helper()
	if err := tryPostgres(t, database, query); err != nil {
		t.Fatal(err)
	}
}

func tryPostgres(t *testing.T, database, query string) error {
	t.Helper()
	ctx := context.Background()
	conn, err := server.Root(ctx, database)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, query)
	return err
}

// record is a fact of a case.
func (w *world) record(of string, seq int, kind lastday.RecordKind) lastday.Record {
	r := lastday.Record{
		ID: fmt.Sprintf("%s/%d", of, seq), Case: of, Seq: seq, At: w.clock.now(), Kind: kind, Person: "person-of-" + of,
		What: fmt.Sprintf("fact %d of %s", seq, of), Workflow: "case/" + of, Run: "run-1", Event: 10 * seq,
	}
	if kind == lastday.RecordSubject {
		r.Subject = &lastday.SubjectFact{Name: "Kim Secretname of " + of, Emails: []string{"kim.secretname@" + of + ".example"}}
	}
	return r
}

// facts are the records first to last of a case: its subject, notes, and its end if asked for.
func (w *world) facts(of string, first, last int) []lastday.Record {
	var all []lastday.Record
	for seq := first; seq <= last; seq++ {
		kind := lastday.RecordNote
		if seq == 1 {
			kind = lastday.RecordSubject
		}
		all = append(all, w.record(of, seq, kind))
	}
	return all
}

func (w *world) append(records ...lastday.Record) store.Appended {
	w.t.Helper()
	done, err := w.Append(w.t.Context(), records)
	if err != nil {
		w.t.Fatal(err)
	}
	return done
}

// closed appends a whole case of n records that is over.
func (w *world) closed(of string, n int) {
	w.t.Helper()
	w.append(append(w.facts(of, 1, n-1), w.record(of, n, lastday.RecordClosed))...)
}

func (w *world) checkpoint() audit.Signed {
	w.t.Helper()
	c, err := w.Checkpoint(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func (w *world) entries(q audit.Query) []audit.Entry {
	w.t.Helper()
	var all []audit.Entry
	for e, err := range w.Entries(w.t.Context(), q) {
		if err != nil {
			w.t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

func (w *world) verify(elsewhere ...[]byte) audit.Verdict {
	w.t.Helper()
	v, err := w.Verify(w.t.Context(), w.keys, audit.Tolerance{}, elsewhere...)
	if err != nil {
		w.t.Fatal(err)
	}
	return v
}

// clean is verify, and fails if anything is wrong. A log that was never signed
// is signed before: without that nothing holds it.
func (w *world) clean() audit.Verdict {
	w.t.Helper()
	if all, err := w.Checkpoints(w.t.Context()); err == nil && len(all) == 0 {
		w.checkpoint()
	}
	v := w.verify()
	for _, f := range v.Findings {
		w.t.Errorf("found %s", f)
	}
	return v
}

func wantCode(t *testing.T, err error, want lastday.Code) {
	t.Helper()
	if lastday.CodeOf(err) != want {
		t.Errorf("got %v, want code %q", err, want)
	}
}

package store_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"

	"lastday"
	"lastday/audit"
	"lastday/audit/store"
)

// execSQLite changes a file as somebody would who owns it: without triggers.
func execSQLite(t *testing.T, path, query string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(context.Background(), `SELECT name FROM sqlite_master WHERE type = 'trigger'`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	drop := ""
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		drop += "DROP TRIGGER " + name + "; "
	}
	if err := trySQLite(t, path, "PRAGMA ignore_check_constraints=ON; "+drop+query); err != nil {
		t.Fatal(err)
	}
}

func trySQLite(t *testing.T, path, query string) error {
	t.Helper()
	db, err := sql.Open("sqlite", path+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	_, err = db.ExecContext(context.Background(), query)
	return err
}

func TestALogInMemoryWorksWithoutAFile(t *testing.T) {
	w := newWorld(t)
	w.Store = opened(t, func() (*store.Store, error) { return store.OpenSQLite(t.Context(), ":memory:", w.options()) })
	w.append(w.facts("c-1", 1, 3)...)
	c := w.checkpoint()
	for _, e := range w.entries(audit.Query{}) {
		p, err := w.Prove(t.Context(), e.Index, c.Size)
		if err != nil {
			t.Fatal(err)
		}
		if err := audit.CheckEntry(e, p, c); err != nil {
			t.Error(err)
		}
	}
}

func TestAFileThatIsNoLogIsRefused(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"", "a?b", t.TempDir()} {
		if _, err := store.OpenSQLite(t.Context(), path, w.options()); lastday.CodeOf(err) != lastday.CodeInvalid {
			t.Errorf("%q: got %v", path, err)
		}
	}
}

func TestWhatCouldNotBeScrubbedIsSaidSoAndDoneLater(t *testing.T) {
	w := inSQLite(t)
	w.closed("c-1", 3)
	reader, err := sql.Open("sqlite", filepath.Join(w.files, "log.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	reading, err := reader.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var n int
	if err := reading.QueryRow(`SELECT COUNT(*) FROM log_entry`).Scan(&n); err != nil || n != 3 {
		t.Fatal(n, err)
	}
	done, err := w.Erase(t.Context(), erasureOf("c-1"))
	wantCode(t, err, lastday.CodeTransient)
	if len(done.Entries) != 3 || w.found("Kim Secretname") == 0 {
		t.Errorf("got %+v, and the name is found %d times", done, w.found("Kim Secretname"))
	}
	if err := reading.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := w.Scrub(t.Context()); err != nil || w.found("Kim Secretname") != 0 {
		t.Errorf("got %v, and the name is found %d times", err, w.found("Kim Secretname"))
	}
}

package store_test

import (
	"context"
	"database/sql"
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

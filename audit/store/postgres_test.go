package store_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"lastday"
	"lastday/audit"
	"lastday/audit/store"
)

func TestAConnectionStringThatMakesNoSenseIsRefusedWithoutRepeatingIt(t *testing.T) {
	w := newWorld(t)
	_, err := store.OpenPostgres(t.Context(), "postgres://me:s3cret@host:port/db", w.options())
	wantCode(t, err, lastday.CodeInvalid)
	_, unreachable := store.OpenPostgres(t.Context(), "postgres://me:s3cret@127.0.0.1:1/db?connect_timeout=1", w.options())
	wantCode(t, unreachable, lastday.CodeTransient)
	if strings.Contains(fmt.Sprint(err, unreachable), "s3cret") {
		t.Errorf("got %v, %v", err, unreachable)
	}
}

// What docs/evidence.md says of such a role.
func TestARoleThatOwnsNothingAppendsAndCannotForget(t *testing.T) {
	w := inOwnPostgres(t)
	database := fmt.Sprintf("log%d", worlds.Load())
	role := "writer_" + database
	for _, query := range []string{
		`CREATE ROLE ` + role + ` LOGIN PASSWORD 'wr1ter'`,
		`GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO ` + role,
		`GRANT UPDATE ON log_entry, log_delivery, log_stream TO ` + role,
		`GRANT DELETE ON log_hold, log_chore TO ` + role,
	} {
		if err := w.try(query); err != nil {
			t.Fatal(err)
		}
	}
	owner := w.Store
	url := server.URL("", role, "wr1ter", database)
	w.Store = opened(t, func() (*store.Store, error) { return store.OpenPostgres(t.Context(), url, w.options()) })
	w.closed("c-1", 3)
	if err := w.SetDelivered(t.Context(), "git", w.checkpoint()); err != nil {
		t.Error(err)
	}
	if err := w.Hold(t.Context(), store.LegalHold{ID: "h-1", Case: "c-2", By: "counsel", Reason: "lawsuit"}); err != nil {
		t.Error(err)
	}
	if err := w.Unhold(t.Context(), "h-1", "counsel", "settled"); err != nil {
		t.Error(err)
	}
	done, err := w.Erase(t.Context(), erasureOf("c-1"))
	wantCode(t, err, lastday.CodeDenied)
	if len(done.Entries) != 3 {
		t.Errorf("got %+v", done)
	}
	if err := owner.Scrub(t.Context()); err != nil {
		t.Error(err)
	}
	if err := w.Scrub(t.Context()); err != nil {
		t.Errorf("nothing is left to do: %v", err)
	}
	w.checkpoint()
	w.clean()
	conn, err := server.Connect(t.Context(), role, "wr1ter", database)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	for _, query := range []string{
		`ALTER TABLE log_entry DISABLE TRIGGER ALL`, `DROP TRIGGER log_entry_same ON log_entry`, `TRUNCATE log_hash`, `DELETE FROM log_entry`,
		`UPDATE log_hash SET hash = hash`, `UPDATE log_checkpoint SET at = 0`, `UPDATE log_entry SET at = 0`, `SET session_replication_role = replica`,
	} {
		if _, err := conn.Exec(t.Context(), query); err == nil {
			t.Errorf("done: %s", query)
		}
	}
	if n := len(w.entries(audit.Query{})); n != 3+3 {
		t.Errorf("%d entries", n)
	}
}

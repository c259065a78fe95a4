package links_test

import (
	"context"
	"os"
	"testing"

	"lastday/integrations/postgres/postgrestest"
	"lastday/internal/links"
)

func TestTheTableIsTheSameInPostgreSQL(t *testing.T) {
	// The path of a server's socket must be short.
	folder, err := os.MkdirTemp("", "links") //nolint:usetesting // t.TempDir is too long for a socket.
	if err != nil {
		t.Fatal(err)
	}
	server, err := postgrestest.Start(context.Background(), folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop(context.Background()); _ = os.RemoveAll(folder) })
	for range 2 {
		s, err := links.OpenPostgres(t.Context(), server.URL("", "postgres", postgrestest.Password, "postgres"), noon)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		add(t, s, kim("7", links.RolePrimary))
		add(t, s, kim("8", links.RoleAdmin))
		if got := held(t, s, links.Query{Person: "p-kim", System: "code"}); got != "p-kim code 7 primary, p-kim code 8 admin" {
			t.Errorf("held %q", got)
		}
		if err := s.Settle(t.Context(), kim("7", links.RolePrimary), "bob", "again"); err != nil {
			t.Error(err)
		}
	}
}

package postgrestest_test

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"lastday/integrations/postgres/postgrestest"
)

func start(t *testing.T) (*postgrestest.Server, *postgrestest.Proxy) {
	t.Helper()
	s, err := postgrestest.Start(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	p, err := postgrestest.NewProxy(s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return s, p
}

func state(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	return ""
}

func TestServerAndProxy(t *testing.T) {
	s, p := start(t)
	ctx := t.Context()
	through := func() (*pgx.Conn, error) {
		return pgx.Connect(ctx, s.URL(p.Addr, "postgres", postgrestest.Password, "postgres"))
	}
	t.Run("the server asks for a password and is never root's", func(t *testing.T) {
		if _, err := s.Connect(ctx, "postgres", "wrong", "postgres"); state(err) != "28P01" {
			t.Errorf("with a wrong password: %v", err)
		}
		conn, err := s.Root(ctx, "postgres")
		if err != nil {
			t.Fatal(err)
		}
		var uid string
		if err := conn.QueryRow(ctx, `select (regexp_match(pg_read_file('/proc/self/status'), 'Uid:\s+(\d+)'))[1]`).Scan(&uid); err != nil || uid == "0" {
			t.Errorf("runs as %s: %v", uid, err)
		}
		_ = conn.Close(ctx)
	})
	t.Run("counts round trips and transactions that write", func(t *testing.T) {
		conn, err := through()
		if err != nil {
			t.Fatal(err)
		}
		trips, writes := p.Trips(), p.Writes()
		for _, sql := range []string{"select 1", "begin", "create table t (id int)", "insert into t values (1)", "commit", "begin", "drop table t", "rollback"} {
			if _, err := conn.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol); err != nil {
				t.Fatal(err)
			}
		}
		if got := p.Trips() - trips; got != 8 {
			t.Errorf("%d round trips, want 8", got)
		}
		if got := p.Writes() - writes; got != 2 {
			t.Errorf("%d transactions that write, want 2", got)
		}
		_ = conn.Close(ctx)
	})
	t.Run("loses the answer of a write that took effect", func(t *testing.T) {
		conn, err := through()
		if err != nil {
			t.Fatal(err)
		}
		p.Set(postgrestest.Fault{LoseWrites: true})
		defer p.Set(postgrestest.Fault{})
		_, err = conn.Exec(ctx, "begin; create table kept (id int); commit", pgx.QueryExecModeSimpleProtocol)
		if err != nil {
			t.Errorf("a batch in one message is not cut: %v", err)
		}
		for _, sql := range []string{"begin", "create table lost (id int)"} {
			if _, err := conn.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := conn.Exec(ctx, "commit", pgx.QueryExecModeSimpleProtocol); err == nil || state(err) != "" {
			t.Errorf("the answer arrived: %v", err)
		}
		root, err := s.Root(ctx, "postgres")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := root.Exec(ctx, "select * from lost"); err != nil {
			t.Errorf("the write was lost, not its answer: %v", err)
		}
	})
	for name, f := range map[string]postgrestest.Fault{"refuses": {Refuse: "53300"}, "garbage": {Garbage: true}, "huge": {Huge: true}, "hangs up": {Drop: true}} {
		t.Run(name, func(t *testing.T) {
			p.Set(f)
			defer p.Set(postgrestest.Fault{})
			if _, err := through(); err == nil || state(err) != f.Refuse {
				t.Errorf("connects, or fails otherwise: %v", err)
			}
		})
	}
}

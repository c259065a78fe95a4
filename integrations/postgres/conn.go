package postgres

import (
	"context"
	"io"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"

	"lastday"
	"lastday/integrations/internal/httpx"
)

// mostBody bounds one message of the server, mostRows one answer.
const (
	mostBody = 4 << 20
	mostRows = 200_000
)

// patience bounds one verb in one database, whatever its caller allows.
const patience = 2 * time.Minute

// limited puts our limits and manners on a connection. The search path is
// pinned: what others created in a database must never be called by us.
func limited(c *pgx.ConnConfig, cfg Config) *pgx.ConnConfig {
	c.ConnectTimeout = 10 * time.Second
	c.DefaultQueryExecMode = pgx.QueryExecModeExec // one round trip, and nothing prepared is left behind
	c.StatementCacheCapacity, c.DescriptionCacheCapacity = 0, 0
	c.OnNotice = nil
	c.BuildFrontend = func(r io.Reader, w io.Writer) *pgproto3.Frontend {
		f := pgproto3.NewFrontend(r, w)
		f.SetMaxBodyLen(mostBody)
		return f
	}
	maps.Copy(c.RuntimeParams, map[string]string{
		"application_name": "lastday", "search_path": "pg_catalog", "TimeZone": "UTC", "DateStyle": "ISO",
		"jit":               "off", // compiling takes longer than reading a few rows of a catalog
		"statement_timeout": millis(cfg.StatementTimeout), "lock_timeout": millis(cfg.StatementTimeout / 2),
		"idle_in_transaction_session_timeout": millis(cfg.StatementTimeout),
	})
	return c
}

func millis(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// link is an open connection to one database.
type link struct {
	conn *pgx.Conn
	// major is the server's main version.
	major int
}

// oldest is the first version with pg_terminate_backend(pid, timeout).
// https://www.postgresql.org/docs/14/functions-admin.html#FUNCTIONS-ADMIN-SIGNAL
const oldest = 14

// connect opens a connection; an empty database is the configured one.
func (d *driver) connect(ctx context.Context, op, database string) (*link, error) {
	cfg := d.base.Copy()
	if database != "" {
		cfg.Database = database
	}
	httpx.Note(ctx, false)
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return nil, classify(op, err)
	}
	version, _, _ := strings.Cut(conn.PgConn().ParameterStatus("server_version"), ".")
	major, err := strconv.Atoi(strings.TrimRight(version, "abcdefghijklmnopqrstuvwxyz"))
	l := &link{conn: conn, major: major}
	if err != nil || major < oldest {
		l.close(ctx)
		return nil, lastday.Errorf(lastday.CodeUnsupported, op, "PostgreSQL %d or newer is needed", oldest)
	}
	return l, nil
}

func (l *link) close(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = l.conn.Close(ctx) // nothing is left to be lost: whatever was not committed is gone
}

// question is one statement and where its rows go. Without into there are none.
type question struct {
	sql  string
	args []any
	into func(pgx.Rows) error
}

func do(sql string) question { return question{sql: sql} }

// ask is a question whose rows become values of T, column by column.
func ask[T any](into *[]T, sql string, args ...any) question {
	return question{sql: sql, args: args, into: func(rows pgx.Rows) error {
		*into = (*into)[:0]
		for rows.Next() {
			if len(*into) == mostRows {
				return lastday.Errorf(lastday.CodeInvalid, "read", "more than %d rows", mostRows)
			}
			row, err := pgx.RowToStructByPos[T](rows)
			if err != nil {
				return err
			}
			*into = append(*into, row)
		}
		return rows.Err()
	}}
}

// send asks questions in one round trip.
func (l *link) send(ctx context.Context, op string, questions ...question) error {
	batch := &pgx.Batch{}
	for _, q := range questions {
		batch.Queue(q.sql, q.args...)
	}
	httpx.Note(ctx, false)
	answers := l.conn.SendBatch(ctx, batch)
	for _, q := range questions {
		if err := q.take(answers); err != nil {
			_ = answers.Close() // tells the same error once more
			return classify(op, err)
		}
	}
	return classify(op, answers.Close())
}

func (q question) take(answers pgx.BatchResults) error {
	if q.into == nil {
		_, err := answers.Exec()
		return err
	}
	rows, err := answers.Query()
	if err != nil {
		return err
	}
	defer rows.Close()
	return q.into(rows)
}

// beginRead opens the one snapshot in which a database is read.
func beginRead() question { return do("begin isolation level repeatable read read only") }

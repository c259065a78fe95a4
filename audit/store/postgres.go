package store

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"lastday"
)

// OpenPostgres opens the log in a PostgreSQL database, in the first schema of
// the user's search path, and makes its tables if there are none. The
// connection string is a secret; errors do not repeat it.
func OpenPostgres(ctx context.Context, connection string, o Options) (*Store, error) {
	config, err := pgx.ParseConfig(connection)
	if err != nil {
		return nil, lastday.Errorf(lastday.CodeInvalid, "audit: open", "the connection string of PostgreSQL makes no sense")
	}
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(8)
	db.SetMaxIdleConns(2)
	return open(ctx, db, postgresDialect(), o)
}

// lockPostgres waits until no other transaction writes the log. What is
// acknowledged must be on the disk, also where the server is set otherwise.
const lockPostgres = `SELECT
	set_config('synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, true),
	pg_advisory_xact_lock(1817146223, hashtext(current_schema()))`

func postgresDialect() dialect {
	return dialect{
		dir:    "postgres",
		lock:   lockPostgres,
		mark:   func(number int) string { return "$" + strconv.Itoa(number) },
		tables: `SELECT COUNT(*) FROM (SELECT to_regclass('log_version') AS name) t WHERE name IS NOT NULL`,
		refused: func(err error) bool {
			e, ok := errors.AsType[*pgconn.PgError](err)
			return ok && strings.HasPrefix(e.Code, "23")
		},
		scrub: scrubPostgres,
	}
}

// scrubPostgres writes the table of records anew, without the versions of rows
// that were erased. Who reads meanwhile waits. The server's write-ahead log,
// replicas and backups keep what they have until they are recycled:
// https://www.postgresql.org/docs/current/sql-vacuum.html
func scrubPostgres(ctx context.Context, db *sql.DB) error {
	before, err := fileOfEntries(ctx, db)
	if err != nil {
		return err
	}
	if _, err := db.ExecContext(ctx, `VACUUM (FULL) log_entry`); err != nil {
		return lastday.Wrap(lastday.CodeTransient, "audit: scrub", "write the table anew", err)
	}
	after, err := fileOfEntries(ctx, db)
	if err == nil && after == before {
		// Who is not the owner is told so in a notice, and that is no error.
		return lastday.Errorf(lastday.CodeDenied, "audit: scrub", "the table of records was not written anew: only its owner may do that")
	}
	return err
}

// fileOfEntries is the number of the file that holds the records.
func fileOfEntries(ctx context.Context, db *sql.DB) (int64, error) {
	var file int64
	if err := db.QueryRowContext(ctx, `SELECT pg_relation_filenode('log_entry')::bigint`).Scan(&file); err != nil {
		return 0, lastday.Wrap(lastday.CodeTransient, "audit: scrub", "find the table's file", err)
	}
	return file, nil
}

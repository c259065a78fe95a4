package links

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite" // registers the driver "sqlite"

	"lastday"
)

const opOpen = "links: open"

// OpenSQLite opens the table in a file, which may hold other tables, and makes
// what is missing.
func OpenSQLite(ctx context.Context, path string, now func() time.Time) (*Store, error) {
	if path == "" || strings.ContainsAny(path, "?#\x00") {
		return nil, lastday.Errorf(lastday.CodeInvalid, opOpen, "the path is empty or holds ? or #")
	}
	file, err := os.OpenFile(filepath.Clean(path), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, lastday.Wrap(lastday.CodeInvalid, opOpen, "the file", err)
	}
	if err := file.Close(); err != nil {
		return nil, lastday.Wrap(lastday.CodeTransient, opOpen, "the file", err)
	}
	values := url.Values{"_txlock": {"immediate"}, "_pragma": {"busy_timeout(20000)", "journal_mode(WAL)", "synchronous(FULL)", "secure_delete(ON)", "trusted_schema(OFF)"}}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+values.Encode())
	if err != nil {
		return nil, lastday.Wrap(lastday.CodeInvalid, opOpen, "", err)
	}
	return prepare(ctx, db, "", now, sqliteTriggers())
}

// OpenPostgres opens the table in a PostgreSQL database, in the first schema of
// the user's search path. The connection string is a secret; errors do not
// repeat it.
func OpenPostgres(ctx context.Context, connection string, now func() time.Time) (*Store, error) {
	config, err := pgx.ParseConfig(connection)
	if err != nil {
		return nil, lastday.Errorf(lastday.CodeInvalid, opOpen, "the connection string of PostgreSQL makes no sense")
	}
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(4)
	return prepare(ctx, db, `LOCK TABLE link_change IN EXCLUSIVE MODE`, now, nil)
}

const table = `CREATE TABLE IF NOT EXISTS link_change (
	seq BIGINT PRIMARY KEY, verb TEXT NOT NULL, at TEXT NOT NULL, actor TEXT NOT NULL, reason TEXT NOT NULL,
	person TEXT NOT NULL, system TEXT NOT NULL, id TEXT NOT NULL, login TEXT NOT NULL, role TEXT NOT NULL,
	evidence TEXT NOT NULL, since TEXT NOT NULL, since_by TEXT NOT NULL)`

// sqliteTriggers refuse what would overwrite history.
func sqliteTriggers() []string {
	return []string{
		`CREATE TRIGGER IF NOT EXISTS link_change_kept BEFORE UPDATE ON link_change BEGIN SELECT RAISE(ABORT, 'changes of links are kept'); END`,
		`CREATE TRIGGER IF NOT EXISTS link_change_stays BEFORE DELETE ON link_change BEGIN SELECT RAISE(ABORT, 'changes of links are kept'); END`,
	}
}

func prepare(ctx context.Context, db *sql.DB, lock string, now func() time.Time, more []string) (*Store, error) {
	statements := append([]string{
		table,
		`CREATE INDEX IF NOT EXISTS link_change_person ON link_change (person, system)`,
		`CREATE INDEX IF NOT EXISTS link_change_account ON link_change (system, id)`,
	}, more...)
	for _, statement := range statements {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return nil, errors.Join(lastday.Wrap(lastday.CodeTransient, opOpen, "make the table", err), db.Close())
		}
	}
	return &Store{db: db, lock: lock, now: now}, nil
}

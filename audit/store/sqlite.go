package store

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"lastday"
)

// busyTimeout is for how many milliseconds a lock of another process is waited for.
const busyTimeout = "20000"

// memory is the name of a database that is gone when it is closed.
const memory = ":memory:"

// OpenSQLite opens the log in a file, and makes it if there is none. The folder
// must exist. Several processes may have it open, on one machine: SQLite's
// locks do not hold over network file systems (https://sqlite.org/wal.html).
// The path ":memory:" is a log that is gone when it is closed.
func OpenSQLite(ctx context.Context, path string, o Options) (*Store, error) {
	if err := private(path); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", source(path))
	if err != nil {
		return nil, lastday.Wrap(lastday.CodeInvalid, "audit: open", "", err)
	}
	if path == memory {
		db.SetMaxOpenConns(1) // each connection would have a database of its own
	}
	return open(ctx, db, sqliteDialect(), o)
}

// private makes the file if there is none, for its owner alone.
func private(path string) error {
	if path == memory {
		return nil
	}
	if path == "" || strings.ContainsAny(path, "?#\x00") {
		return lastday.Errorf(lastday.CodeInvalid, "audit: open", "the path of the log is empty or holds ? or #")
	}
	file, err := os.OpenFile(filepath.Clean(path), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return lastday.Wrap(lastday.CodeInvalid, "audit: open", "the file of the log", err)
	}
	if err := file.Close(); err != nil {
		return lastday.Wrap(lastday.CodeTransient, "audit: open", "the file of the log", err)
	}
	return nil
}

// source says how each connection is opened: every commit is on the disk
// before it is acknowledged, and freed pages are overwritten with zeros.
func source(path string) string {
	values := url.Values{"_txlock": {"immediate"}, "_pragma": {
		"busy_timeout(" + busyTimeout + ")", "journal_mode(WAL)", "synchronous(FULL)", "secure_delete(ON)",
		"foreign_keys(ON)", "recursive_triggers(ON)", "trusted_schema(OFF)",
	}}
	if path == memory {
		return memory + "?" + values.Encode()
	}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + values.Encode()
}

func sqliteDialect() dialect {
	return dialect{
		dir: "sqlite",
		// The driver looks numbered ones up one by one, which is slow for many.
		mark:   func(int) string { return "?" },
		tables: `SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'log_version'`,
		refused: func(err error) bool {
			e, ok := errors.AsType[*sqlite.Error](err)
			return ok && e.Code()&0xff == sqlite3.SQLITE_CONSTRAINT
		},
		scrub: scrubSQLite,
	}
}

// scrubSQLite writes the database anew, without anything that was in it once,
// and empties the write-ahead log. Zeros on freed pages are not enough: a page
// that is put in order again keeps copies of what it held.
func scrubSQLite(ctx context.Context, db *sql.DB) error {
	if _, err := db.ExecContext(ctx, `VACUUM`); err != nil {
		return lastday.Wrap(lastday.CodeTransient, "audit: scrub", "write the file anew", err)
	}
	return emptyWAL(ctx, db)
}

// emptyWAL waits only a second for whoever reads: it is tried again with the
// next erasure, or when somebody calls Scrub.
func emptyWAL(ctx context.Context, db *sql.DB) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return lastday.Wrap(lastday.CodeTransient, "audit: scrub", "connect", err)
	}
	defer func() { _ = conn.Close() }()
	var busy, pages, moved int
	_, err = conn.ExecContext(ctx, `PRAGMA busy_timeout = 1000`)
	if err == nil {
		err = conn.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &pages, &moved)
	}
	if _, after := conn.ExecContext(context.WithoutCancel(ctx), `PRAGMA busy_timeout = `+busyTimeout); err == nil {
		err = after
	}
	if err != nil {
		return lastday.Wrap(lastday.CodeTransient, "audit: scrub", "empty the write-ahead log", err)
	}
	if busy != 0 {
		return lastday.Errorf(lastday.CodeTransient, "audit: scrub", "somebody reads the log: the write-ahead log could not be emptied and still holds what was erased")
	}
	return nil
}

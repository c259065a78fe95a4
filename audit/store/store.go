// Package store keeps an audit log in a database: a SQLite file, or PostgreSQL.
//
// Nothing in it is ever changed or removed but by erasure, which leaves the
// leaf, and is itself a record of the log. Triggers refuse everything else; who
// owns the database can take the triggers away, and is found by the tree.
//
// Any number of processes may append to one log: the database lets one at a
// time, so the tree has no forks.
package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"lastday"
	"lastday/audit"
)

// Options are what a store is given.
type Options struct {
	// Now is the clock.
	Now func() time.Time
	// Key signs checkpoints; nil opens a log that can be read and appended to, but
	// whose checkpoints somebody else signs.
	Key *audit.Key
	// Keys are public keys of the log before the present one, so that a log whose
	// key was changed goes on. Nil knows that of Key alone; without both, stored
	// checkpoints are read without asking who signed them.
	Keys *audit.Keys
}

// Store is a log in a database. It is safe for concurrent use.
type Store struct {
	db   *sql.DB
	d    dialect
	now  func() time.Time
	key  *audit.Key
	keys *audit.Keys
	// turn lets one writer of this process at a time ask the database, instead of
	// many that wait there without order.
	turn chan struct{}
}

var _ audit.Source = (*Store)(nil)

func open(ctx context.Context, db *sql.DB, d dialect, o Options) (*Store, error) {
	s := &Store{db: db, d: d, now: o.Now, key: o.Key, keys: o.Keys, turn: make(chan struct{}, 1)}
	if o.Now == nil {
		return nil, errors.Join(lastday.Errorf(lastday.CodeInvalid, "audit: open", "there is no clock"), db.Close())
	}
	if s.keys == nil && s.key != nil {
		keys, err := audit.ParseKeys(s.key.Public())
		if err != nil {
			return nil, errors.Join(err, db.Close())
		}
		s.keys = keys
	}
	if err := s.migrate(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

// Close ends the connections to the database.
func (s *Store) Close() error {
	if err := s.db.Close(); err != nil {
		return lastday.Wrap(lastday.CodeTransient, "audit: close", "", err)
	}
	return nil
}

// write runs f as the only writer of the log, all or nothing.
func (s *Store) write(ctx context.Context, op string, f func(tx *sql.Tx) error) error {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return lastday.Wrap(lastday.CodeTransient, op, "wait for the other writers", ctx.Err())
	}
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return s.wrap(op, "begin", err)
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	if s.d.lock != "" {
		if _, err := tx.ExecContext(ctx, s.d.lock); err != nil {
			return s.wrap(op, "lock the log", err)
		}
	}
	if err := f(tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return s.wrap(op, "commit", err)
	}
	return nil
}

// wrap makes an error of what the database said. What fails there may pass: a
// lock, a lost connection, a full disk. What it refuses never does.
func (s *Store) wrap(op, what string, err error) error {
	code := lastday.CodeTransient
	if s.d.refused(err) {
		code = lastday.CodeProtected
	}
	return lastday.Wrap(code, op, what, err)
}

// querier is a database, or a transaction in it.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// size is the number of entries.
func (s *Store) size(ctx context.Context, q querier) (int64, error) {
	var n int64
	if err := q.QueryRowContext(ctx, `SELECT COALESCE(MAX(idx) + 1, 0) FROM log_entry`).Scan(&n); err != nil {
		return 0, s.wrap("audit: size", "", err)
	}
	return n, nil
}

// hashes reads stored hashes of the tree.
func (s *Store) hashes(ctx context.Context, q querier) tlog.HashReader {
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		found := make(map[int64]tlog.Hash, len(indexes))
		for part := range chunks(indexes, mostArgs) {
			if err := s.readHashes(ctx, q, part, found); err != nil {
				return nil, err
			}
		}
		hashes := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			h, ok := found[index]
			if !ok {
				return nil, lastday.Errorf(lastday.CodeProtected, "audit: tree", "stored hash %d is missing: the log was damaged", index)
			}
			hashes[i] = h
		}
		return hashes, nil
	})
}

func (s *Store) readHashes(ctx context.Context, q querier, indexes []int64, found map[int64]tlog.Hash) error {
	rows, err := q.QueryContext(ctx, `SELECT idx, hash FROM log_hash WHERE idx IN (`+s.d.places(1, len(indexes))+`)`, anys(indexes)...)
	if err != nil {
		return s.wrap("audit: tree", "read hashes", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var index int64
		var data []byte
		if err := rows.Scan(&index, &data); err != nil {
			return s.wrap("audit: tree", "read hashes", err)
		}
		if found[index], err = hashOf(data); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return s.wrap("audit: tree", "read hashes", err)
	}
	return nil
}

func hashOf(data []byte) (tlog.Hash, error) {
	if len(data) != tlog.HashSize {
		return tlog.Hash{}, lastday.Errorf(lastday.CodeProtected, "audit: tree", "a stored hash has %d bytes: the log was damaged", len(data))
	}
	return tlog.Hash(data), nil
}

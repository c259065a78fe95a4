package store

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"

	"golang.org/x/mod/sumdb/tlog"

	"lastday"
	"lastday/audit"
)

// Limits of what is appended at once.
const (
	// MostRecords is how many records one batch may have.
	MostRecords = 1000
	// MostBytes is how many bytes one record may have.
	MostBytes = 4 << 20
)

// Appended says where records stand.
type Appended struct {
	// Indexes are the places of the records, in their order.
	Indexes []int64
	// New is how many were not there before.
	New int
	// Size is the size of the log with them.
	Size int64
}

// Append writes the records in their order, all or none, and returns when they
// are on the disk. A record that is there already is left as it is, so that
// the same batch may be appended again.
//
// CodeInvalid: a record of its case is missing before one of them, another one
// has its number or its id, or a record makes no sense. CodeTransient: nothing
// is known of whether they were written; append them again.
func (s *Store) Append(ctx context.Context, records []lastday.Record) (Appended, error) {
	for _, r := range records {
		if r.Case == audit.CaseLog {
			return Appended{}, lastday.Errorf(lastday.CodeInvalid, "audit: append", "the case %s belongs to the log itself", r.Case)
		}
	}
	if len(records) == 0 || len(records) > MostRecords {
		return Appended{}, lastday.Errorf(lastday.CodeInvalid, "audit: append", "a batch has 1 to %d records, not %d", MostRecords, len(records))
	}
	rows, err := newRows(records)
	if err != nil {
		return Appended{}, err
	}
	var done Appended
	err = s.write(ctx, "audit: append", func(tx *sql.Tx) error {
		done, err = s.appendRows(ctx, tx, rows)
		return err
	})
	return done, err
}

// row is a record on its way into the log.
type row struct {
	lastday.Record
	entry audit.Entry
}

func newRows(records []lastday.Record) ([]*row, error) {
	rows := make([]*row, len(records))
	for i, r := range records {
		if r.ID == "" || r.Case == "" || r.Kind == "" || r.Seq < 1 || r.At.IsZero() || len(r.ID)+len(r.Case) > 1000 {
			return nil, lastday.Errorf(lastday.CodeInvalid, "audit: append", "record %d of the batch lacks its id, case, kind, number or time, or they are too long", i+1)
		}
		body, err := r.Bytes()
		if err != nil {
			return nil, err
		}
		if len(body) > MostBytes {
			return nil, lastday.Errorf(lastday.CodeInvalid, "audit: append", "record %s has %d bytes, at most %d are kept", r.ID, len(body), MostBytes)
		}
		rows[i] = &row{Record: r, entry: audit.Entry{ID: r.ID, Case: r.Case, Kind: r.Kind, Body: body, Index: -1}}
	}
	return rows, nil
}

// appendRows appends within a transaction that is the only writer.
func (s *Store) appendRows(ctx context.Context, tx *sql.Tx, rows []*row) (Appended, error) {
	size, err := s.size(ctx, tx)
	if err != nil {
		return Appended{}, err
	}
	if err := s.findRows(ctx, tx, rows); err != nil {
		return Appended{}, err
	}
	fresh, err := s.freshRows(ctx, tx, rows)
	if err != nil {
		return Appended{}, err
	}
	tree, err := audit.ResumeTree(size, s.hashes(ctx, tx))
	if err != nil {
		return Appended{}, err
	}
	hashes, err := s.plant(tree, fresh)
	if err != nil {
		return Appended{}, err
	}
	if err := s.insertEntries(ctx, tx, fresh); err != nil {
		return Appended{}, err
	}
	if err := s.insertHashes(ctx, tx, tlog.StoredHashCount(size), hashes); err != nil {
		return Appended{}, err
	}
	done := Appended{New: len(fresh), Size: tree.Size()}
	for _, r := range rows {
		done.Indexes = append(done.Indexes, r.entry.Index)
	}
	return done, nil
}

// findRows finds the records that are there already, and refuses those whose
// id another record has.
func (s *Store) findRows(ctx context.Context, tx *sql.Tx, rows []*row) error {
	byID := make(map[string]*row, len(rows))
	ids := make([]string, 0, len(rows))
	for _, r := range rows {
		if byID[r.ID] != nil {
			return lastday.Errorf(lastday.CodeInvalid, "audit: append", "record %s is in the batch twice", r.ID)
		}
		byID[r.ID] = r
		ids = append(ids, r.ID)
	}
	for part := range chunks(ids, mostArgs) {
		query := `SELECT ` + entryColumns + ` FROM log_entry WHERE id IN (` + s.d.places(1, len(part)) + `)`
		err := s.scanEntries(ctx, tx, query, anys(part), func(there audit.Entry) (bool, error) {
			r := byID[there.ID]
			if !there.Erased() && !bytes.Equal(there.Body, r.entry.Body) {
				return false, lastday.Errorf(lastday.CodeInvalid, "audit: append", "record %s is in the log already, with other bytes", r.ID)
			}
			r.entry = there
			return true, nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// freshRows are those that are not there, if each follows the one before it.
func (s *Store) freshRows(ctx context.Context, tx *sql.Tx, rows []*row) ([]*row, error) {
	var fresh []*row
	last := map[string]int{}
	for _, r := range rows {
		if r.entry.Index >= 0 {
			continue
		}
		if _, known := last[r.Case]; !known {
			n, err := s.lastSeq(ctx, tx, r.Case)
			if err != nil {
				return nil, err
			}
			last[r.Case] = n
		}
		switch want := last[r.Case] + 1; {
		case r.Seq > want:
			return nil, lastday.Errorf(lastday.CodeInvalid, "audit: append", "record %s: records %d to %d of case %s are missing before it", r.ID, want, r.Seq-1, r.Case)
		case r.Seq < want:
			return nil, lastday.Errorf(lastday.CodeInvalid, "audit: append", "record %s: another record is number %d of case %s", r.ID, r.Seq, r.Case)
		}
		last[r.Case] = r.Seq
		fresh = append(fresh, r)
	}
	return fresh, nil
}

func (s *Store) lastSeq(ctx context.Context, q querier, of string) (int, error) {
	var n int
	if err := q.QueryRowContext(ctx, `SELECT COALESCE(MAX(seq), 0) FROM log_entry WHERE case_id = $1`, of).Scan(&n); err != nil {
		return 0, s.wrap("audit: append", "find the last record of the case", err)
	}
	return n, nil
}

// LastSeq is the number of the last record of a case, 0 if it has none. A case
// that is opened again after it was closed goes on with the next one.
func (s *Store) LastSeq(ctx context.Context, of string) (int, error) { return s.lastSeq(ctx, s.db, of) }

// plant gives each record its salt, place and leaf, and returns the new hashes
// of the tree.
func (s *Store) plant(tree *audit.Tree, rows []*row) ([]tlog.Hash, error) {
	var all []tlog.Hash
	now := s.now().UTC()
	for _, r := range rows {
		salt := make([]byte, audit.SaltSize)
		if _, err := rand.Read(salt); err != nil {
			return nil, lastday.Wrap(lastday.CodeInternal, "audit: append", "salt", err)
		}
		r.entry.Index, r.entry.At, r.entry.Salt = tree.Size(), now, salt
		r.entry.Leaf = audit.Leaf(salt, r.entry.Body)
		hashes, err := tree.Append(r.entry.Leaf)
		if err != nil {
			return nil, err
		}
		all = append(all, hashes...)
	}
	return all, nil
}

func (s *Store) insertEntries(ctx context.Context, tx *sql.Tx, rows []*row) error {
	const columns = 10
	for part := range chunks(rows, mostArgs/columns) {
		args := make([]any, 0, len(part)*columns)
		for _, r := range part {
			e := r.entry
			args = append(args, e.Index, e.ID, e.Case, r.Seq, string(e.Kind), e.At.UnixNano(), e.Leaf[:], orNull(r.Person), e.Salt, e.Body)
		}
		//nolint:gosec // what is put together are numbered places of arguments
		query := `INSERT INTO log_entry (idx, id, case_id, seq, kind, at, leaf, person, salt, body) VALUES ` + s.d.tuples(len(part), columns)
		if _, err := tx.ExecContext(ctx, query, args...); err != nil {
			return s.wrap("audit: append", "write the records", err)
		}
	}
	return nil
}

func (s *Store) insertHashes(ctx context.Context, tx *sql.Tx, first int64, hashes []tlog.Hash) error {
	for part := range chunks(hashes, mostArgs/2) {
		args := make([]any, 0, 2*len(part))
		for _, h := range part {
			args = append(args, first, h[:])
			first++
		}
		//nolint:gosec // what is put together are numbered places of arguments
		query := `INSERT INTO log_hash (idx, hash) VALUES ` + s.d.tuples(len(part), 2)
		if _, err := tx.ExecContext(ctx, query, args...); err != nil {
			return s.wrap("audit: append", "write the tree", err)
		}
	}
	return nil
}

func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

package store

import (
	"context"
	"iter"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"lastday"
	"lastday/audit"
)

const entryColumns = `idx, id, case_id, kind, at, leaf, salt, body`

// page is how many rows are read at once. Between two pages no connection is
// held, so that whoever reads may ask for proofs meanwhile.
const page = 256

// mostPage is about how many bytes are read at once.
const mostPage = 8 << 20

// Entries gives the selected entries in the order of the log. What is appended
// meanwhile may be among them.
func (s *Store) Entries(ctx context.Context, q audit.Query) iter.Seq2[audit.Entry, error] {
	return func(yield func(audit.Entry, error) bool) {
		for q.FirstIndex >= 0 {
			found, more, err := s.entryPage(ctx, q)
			for _, e := range found {
				if !yield(e, nil) {
					return
				}
			}
			if err != nil {
				yield(audit.Entry{}, err)
				return
			}
			if !more {
				return
			}
			q.FirstIndex = found[len(found)-1].Index + 1
		}
	}
}

// entryPage reads the next entries, and says whether there may be more.
func (s *Store) entryPage(ctx context.Context, q audit.Query) (found []audit.Entry, more bool, err error) {
	where, args := []string{"idx >= $1"}, []any{q.FirstIndex}
	add := func(condition string, arg any) {
		args = append(args, arg)
		where = append(where, condition+" $"+strconv.Itoa(len(args)))
	}
	if q.LastIndex > 0 {
		add("idx <=", q.LastIndex)
	}
	if q.Case != "" {
		add("case_id =", q.Case)
	}
	if !q.From.IsZero() {
		add("at >=", q.From.UnixNano())
	}
	if !q.To.IsZero() {
		add("at <", q.To.UnixNano())
	}
	query := `SELECT ` + entryColumns + ` FROM log_entry WHERE ` + strings.Join(where, " AND ") + ` ORDER BY idx LIMIT ` + strconv.Itoa(page)
	bytes := 0
	err = s.scanEntries(ctx, s.db, query, args, func(e audit.Entry) (bool, error) {
		found = append(found, e)
		bytes += len(e.Body)
		return bytes < mostPage, nil
	})
	return found, len(found) == page || bytes >= mostPage, err
}

// scanEntries hands over each entry that a query of entryColumns finds, until
// it is told to stop.
func (s *Store) scanEntries(ctx context.Context, q querier, query string, args []any, take func(audit.Entry) (bool, error)) error {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return s.wrap("audit: read", "", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var e audit.Entry
		var at int64
		var leaf []byte
		if err := rows.Scan(&e.Index, &e.ID, &e.Case, &e.Kind, &at, &leaf, &e.Salt, &e.Body); err != nil {
			return s.wrap("audit: read", "", err)
		}
		e.At = time.Unix(0, at).UTC()
		if e.Leaf, err = hashOf(leaf); err != nil {
			return err
		}
		if more, err := take(e); err != nil || !more {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return s.wrap("audit: read", "", err)
	}
	return nil
}

// Prove shows that the entry with the index is in the tree of the first size entries.
func (s *Store) Prove(ctx context.Context, index, size int64) (tlog.RecordProof, error) {
	if err := s.within(ctx, size); err != nil {
		return nil, err
	}
	if index < 0 || index >= size {
		return nil, lastday.Errorf(lastday.CodeInvalid, "audit: prove", "entry %d is not among the first %d", index, size)
	}
	return tlog.ProveRecord(size, index, s.hashes(ctx, s.db))
}

// ProveTree shows that the larger tree begins with all of the smaller one. Of
// an empty one there is nothing to show.
func (s *Store) ProveTree(ctx context.Context, larger, smaller int64) (tlog.TreeProof, error) {
	if err := s.within(ctx, larger); err != nil {
		return nil, err
	}
	return s.growth(ctx, s.db, larger, smaller)
}

func (s *Store) growth(ctx context.Context, q querier, larger, smaller int64) (tlog.TreeProof, error) {
	if smaller < 0 || smaller > larger {
		return nil, lastday.Errorf(lastday.CodeProtected, "audit: prove", "a tree of %d does not begin with one of %d", larger, smaller)
	}
	if smaller == 0 {
		return tlog.TreeProof{}, nil
	}
	return tlog.ProveTree(larger, smaller, s.hashes(ctx, q))
}

func (s *Store) within(ctx context.Context, size int64) error {
	have, err := s.size(ctx, s.db)
	if err == nil && size > have {
		return lastday.Errorf(lastday.CodeInvalid, "audit: prove", "the log has %d entries, not %d", have, size)
	}
	return err
}

// Hashes gives the stored hashes of the tree of the first size entries, in
// their order.
func (s *Store) Hashes(ctx context.Context, size int64) iter.Seq2[tlog.Hash, error] {
	return func(yield func(tlog.Hash, error) bool) {
		end := tlog.StoredHashCount(size)
		for next := int64(0); next < end; {
			found, err := s.hashPage(ctx, &next, end)
			for _, h := range found {
				if !yield(h, nil) {
					return
				}
			}
			if err != nil {
				yield(tlog.Hash{}, err)
				return
			}
			if len(found) == 0 {
				return
			}
		}
	}
}

func (s *Store) hashPage(ctx context.Context, next *int64, end int64) ([]tlog.Hash, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT idx, hash FROM log_hash WHERE idx >= $1 AND idx < $2 ORDER BY idx LIMIT $3`, *next, end, 8*page)
	if err != nil {
		return nil, s.wrap("audit: read", "the tree", err)
	}
	defer func() { _ = rows.Close() }()
	var found []tlog.Hash
	for rows.Next() {
		var data []byte
		if err := rows.Scan(next, &data); err != nil {
			return found, s.wrap("audit: read", "the tree", err)
		}
		h, err := hashOf(data)
		if err != nil {
			return found, err
		}
		found = append(found, h)
		*next++
	}
	if err := rows.Err(); err != nil {
		return found, s.wrap("audit: read", "the tree", err)
	}
	return found, nil
}

package store

import (
	"context"
	"database/sql"
	"errors"
	"iter"
	"math"
	"time"

	"lastday"
	"lastday/audit"
)

// skew is how far behind the newest checkpoint the clock may be.
const skew = time.Minute

// Checkpoint is the newest signed checkpoint, and covers everything appended
// before the call. If there is none such it is made; CodeInvalid without a key
// to sign with.
func (s *Store) Checkpoint(ctx context.Context) (audit.Signed, error) {
	return s.Renew(ctx, math.MaxInt64)
}

// Renew is Checkpoint, and signs the log anew as well if the newest checkpoint
// is older than the given age: that nothing came is worth saying, too.
//
// CodeProtected: the log as it is does not begin with what was signed last, or
// the clock stands before that time. Nothing is signed then.
func (s *Store) Renew(ctx context.Context, age time.Duration) (audit.Signed, error) {
	newest, err := s.newest(ctx, s.db)
	if err != nil && lastday.CodeOf(err) != lastday.CodeNotFound {
		return audit.Signed{}, err
	}
	size, sizeErr := s.size(ctx, s.db)
	if sizeErr != nil {
		return audit.Signed{}, sizeErr
	}
	if err == nil && newest.Size == size && s.now().Sub(newest.At) < age {
		return newest, nil
	}
	if s.key == nil {
		return audit.Signed{}, lastday.Errorf(lastday.CodeInvalid, "audit: checkpoint", "there are entries that no checkpoint covers, and no key to sign one")
	}
	var signed audit.Signed
	err = s.write(ctx, "audit: checkpoint", func(tx *sql.Tx) error {
		signed, err = s.sign(ctx, tx, age)
		return err
	})
	return signed, err
}

// sign makes a checkpoint of the log as the only writer, unless somebody was
// faster.
func (s *Store) sign(ctx context.Context, tx *sql.Tx, age time.Duration) (audit.Signed, error) {
	size, err := s.size(ctx, tx)
	if err != nil {
		return audit.Signed{}, err
	}
	before, err := s.newest(ctx, tx)
	first := lastday.CodeOf(err) == lastday.CodeNotFound
	if err != nil && !first {
		return audit.Signed{}, err
	}
	now := s.now()
	if !first && before.Size == size && now.Sub(before.At) < age {
		return before, nil
	}
	tree, err := audit.ResumeTree(size, s.hashes(ctx, tx))
	if err != nil {
		return audit.Signed{}, err
	}
	root, err := tree.Root()
	if err != nil {
		return audit.Signed{}, err
	}
	next, err := s.key.Sign(size, root, now)
	if err != nil {
		return audit.Signed{}, err
	}
	if !first {
		if err := s.follows(ctx, tx, before, next); err != nil {
			return audit.Signed{}, err
		}
	}
	return next, s.keep(ctx, tx, next)
}

// follows refuses a checkpoint that denies the one before it.
func (s *Store) follows(ctx context.Context, tx *sql.Tx, before, next audit.Signed) error {
	if next.At.Add(skew).Before(before.At) {
		return lastday.Errorf(lastday.CodeProtected, "audit: checkpoint", "the clock stands %s before the newest checkpoint", before.At.Sub(next.At).Round(time.Second))
	}
	proof, err := s.growth(ctx, tx, next.Size, before.Size)
	if err != nil {
		return err
	}
	return audit.CheckGrowth(before, next, proof)
}

func (s *Store) keep(ctx context.Context, tx *sql.Tx, c audit.Signed) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO log_checkpoint (serial, size, at, text)
		VALUES ((SELECT COALESCE(MAX(serial) + 1, 0) FROM log_checkpoint), $1, $2, $3)`, c.Size, c.At.UnixNano(), c.Text)
	if err != nil {
		return s.wrap("audit: checkpoint", "keep it", err)
	}
	return nil
}

// Newest is the checkpoint that was signed last; it signs none. CodeNotFound:
// there is none.
func (s *Store) Newest(ctx context.Context) (audit.Signed, error) { return s.newest(ctx, s.db) }

// newest is the checkpoint that was signed last. CodeNotFound: there is none.
func (s *Store) newest(ctx context.Context, q querier) (audit.Signed, error) {
	var text []byte
	err := q.QueryRowContext(ctx, `SELECT text FROM log_checkpoint ORDER BY serial DESC LIMIT 1`).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return audit.Signed{}, lastday.Errorf(lastday.CodeNotFound, "audit: checkpoint", "none was signed yet")
	}
	if err != nil {
		return audit.Signed{}, s.wrap("audit: checkpoint", "read the newest", err)
	}
	if s.keys == nil {
		return audit.ParseCheckpoint(text)
	}
	return s.keys.Open(text)
}

// Checkpoints are the texts of all checkpoints in the order in which they were
// signed, as they are kept: see audit.Keys.Open.
func (s *Store) Checkpoints(ctx context.Context) ([][]byte, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT text FROM log_checkpoint ORDER BY serial`)
	if err != nil {
		return nil, s.wrap("audit: checkpoint", "read all", err)
	}
	defer func() { _ = rows.Close() }()
	var all [][]byte
	for rows.Next() {
		var text []byte
		if err := rows.Scan(&text); err != nil {
			return nil, s.wrap("audit: checkpoint", "read all", err)
		}
		all = append(all, text)
	}
	if err := rows.Err(); err != nil {
		return nil, s.wrap("audit: checkpoint", "read all", err)
	}
	return all, nil
}

// Verify checks the whole log as it is kept, its tree and its checkpoints, and
// further checkpoints that were found elsewhere.
func (s *Store) Verify(ctx context.Context, keys *audit.Keys, t audit.Tolerance, elsewhere ...[]byte) (audit.Verdict, error) {
	own, err := s.Checkpoints(ctx)
	if err != nil {
		return audit.Verdict{}, err
	}
	size, err := s.size(ctx, s.db)
	if err != nil {
		return audit.Verdict{}, err
	}
	return audit.VerifyLog(audit.Log{
		Entries: s.first(ctx, size), Hashes: s.Hashes(ctx, size), Checkpoints: append(own, elsewhere...),
	}, keys, t)
}

// first are the first size entries: what is appended meanwhile is not checked.
func (s *Store) first(ctx context.Context, size int64) iter.Seq2[audit.Entry, error] {
	return func(yield func(audit.Entry, error) bool) {
		for e, err := range s.Entries(ctx, audit.Query{}) {
			if err == nil && e.Index >= size || !yield(e, err) {
				return
			}
		}
	}
}

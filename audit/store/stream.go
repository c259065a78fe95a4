package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"lastday"
)

// Stream is how far a stream of events has come.
type Stream struct {
	Name string `json:"name"`
	// Next is the index of the first entry that is not known to have arrived.
	Next int64 `json:"next"`
	// Holder sends it until Until, if nobody else took it.
	Holder string    `json:"holder"`
	Until  time.Time `json:"until"`
}

// Claim makes holder the one who sends a stream, for a time, and says where to
// go on. Of several who ask, one has it: the others get false, and ask again
// later. The holder may claim again at any time.
func (s *Store) Claim(ctx context.Context, name, holder string, keep time.Duration) (next int64, mine bool, err error) {
	if name == "" || holder == "" || keep <= 0 {
		return 0, false, lastday.Errorf(lastday.CodeInvalid, "audit: stream", "a claim needs a name, a holder and a time")
	}
	err = s.write(ctx, "audit: stream", func(tx *sql.Tx) error {
		now := s.now().UnixNano()
		var by string
		var until int64
		err := tx.QueryRowContext(ctx, `SELECT next, holder, until FROM log_stream WHERE name = $1`, name).Scan(&next, &by, &until)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return s.wrap("audit: stream", "read", err)
		}
		if mine = by == holder || until <= now; !mine {
			return nil
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO log_stream (name, next, holder, until) VALUES ($1, $2, $3, $4)
			ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until`, name, next, holder, now+int64(keep))
		if err != nil {
			return s.wrap("audit: stream", "claim", err)
		}
		return nil
	})
	return next, mine && err == nil, err
}

// Advance remembers that everything before next arrived. It never goes back.
//
// CodeProtected: somebody else holds the stream now; what was sent since then
// may have been sent twice.
func (s *Store) Advance(ctx context.Context, name, holder string, next int64) error {
	return s.write(ctx, "audit: stream", func(tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, `UPDATE log_stream SET next = $1 WHERE name = $2 AND holder = $3 AND next <= $4`, next, name, holder, next)
		if err != nil {
			return s.wrap("audit: stream", "remember", err)
		}
		if n, err := done.RowsAffected(); err != nil || n != 1 {
			return lastday.Errorf(lastday.CodeProtected, "audit: stream", "somebody else sends %s now", name)
		}
		return nil
	})
}

// Streams are all streams that were ever claimed, by name.
func (s *Store) Streams(ctx context.Context) ([]Stream, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT name, next, holder, until FROM log_stream ORDER BY name`)
	if err != nil {
		return nil, s.wrap("audit: stream", "read", err)
	}
	defer func() { _ = rows.Close() }()
	var found []Stream
	for rows.Next() {
		var one Stream
		var until int64
		if err := rows.Scan(&one.Name, &one.Next, &one.Holder, &until); err != nil {
			return nil, s.wrap("audit: stream", "read", err)
		}
		one.Until = time.Unix(0, until).UTC()
		found = append(found, one)
	}
	if err := rows.Err(); err != nil {
		return nil, s.wrap("audit: stream", "read", err)
	}
	return found, nil
}

// Size is the number of entries.
func (s *Store) Size(ctx context.Context) (int64, error) { return s.size(ctx, s.db) }

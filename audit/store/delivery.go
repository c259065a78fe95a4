package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"lastday"
	"lastday/audit"
)

// Delivered is the newest checkpoint that a sink has taken, and when. This is
// only what we remember: what stands there, the sink says. CodeNotFound: it has
// taken none yet.
func (s *Store) Delivered(ctx context.Context, sink string) (audit.Signed, time.Time, error) {
	var at int64
	var text []byte
	err := s.db.QueryRowContext(ctx, `SELECT at, text FROM log_delivery WHERE sink = $1`, sink).Scan(&at, &text)
	if errors.Is(err, sql.ErrNoRows) {
		return audit.Signed{}, time.Time{}, lastday.Errorf(lastday.CodeNotFound, "audit: delivery", "%s has taken no checkpoint yet", sink)
	}
	if err != nil {
		return audit.Signed{}, time.Time{}, s.wrap("audit: delivery", "read", err)
	}
	c, err := audit.ParseCheckpoint(text)
	return c, time.Unix(0, at).UTC(), err
}

// SetDelivered remembers that a sink has taken a checkpoint.
func (s *Store) SetDelivered(ctx context.Context, sink string, c audit.Signed) error {
	return s.write(ctx, "audit: delivery", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO log_delivery (sink, at, text) VALUES ($1, $2, $3)
			ON CONFLICT (sink) DO UPDATE SET at = excluded.at, text = excluded.text`, sink, s.now().UnixNano(), c.Text)
		if err != nil {
			return s.wrap("audit: delivery", "remember", err)
		}
		return nil
	})
}

package store

import (
	"context"
	"database/sql"
	"maps"
	"slices"

	"lastday/audit"
)

// Retain erases what is older than the policy keeps, as Erase does.
func (s *Store) Retain(ctx context.Context, id, by string, policy Retention) (Erased, error) {
	o := order{id: id, by: by, reason: "retention", what: "erased what was kept long enough"}
	return s.erase(ctx, o, func(tx *sql.Tx) ([]candidate, error) { return s.outlived(ctx, tx, policy) })
}

// WouldRetain says what Retain would erase now, and erases nothing.
func (s *Store) WouldRetain(ctx context.Context, policy Retention) (Erased, error) {
	var would Erased
	err := s.write(ctx, "audit: retain", func(tx *sql.Tx) error {
		found, err := s.outlived(ctx, tx, policy)
		if err == nil {
			would, err = s.judge(ctx, tx, found)
		}
		return err
	})
	return would, err
}

// outlived are the entries of closed cases that are older than the policy keeps.
// Cases that are younger than all of it are not even read.
func (s *Store) outlived(ctx context.Context, tx *sql.Tx, policy Retention) ([]candidate, error) {
	if len(policy) == 0 {
		return nil, nil
	}
	now := s.now()
	shortest := slices.Min(slices.Collect(maps.Values(policy)))
	where := ` AND case_id <> $1 AND case_id IN (SELECT case_id FROM log_entry GROUP BY case_id HAVING MAX(at) < $2)`
	all, err := s.candidates(ctx, tx, where, []any{audit.CaseLog, now.Add(-shortest).UnixNano()})
	if err != nil {
		return nil, err
	}
	last, err := s.lastTimes(ctx, tx)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(c candidate) bool {
		keep, named := policy[c.Kind]
		// An open case is not old, and would only fill the list of what was kept.
		return !named || now.Sub(last[c.Case]) <= keep || c.open
	}), nil
}

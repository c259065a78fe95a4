package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"lastday"
)

//go:embed sqlite/*.sql postgres/*.sql
var migrations embed.FS

// migrate brings the tables to the newest version. Each step runs once, in one
// transaction with the note that it ran.
func (s *Store) migrate(ctx context.Context) error {
	names, err := fs.Glob(migrations, s.d.dir+"/*.sql")
	if err != nil {
		return lastday.Wrap(lastday.CodeInternal, "audit: migrate", "", err)
	}
	have, err := s.version(ctx, s.db)
	if err != nil {
		return err
	}
	if have == len(names) {
		return nil
	}
	return s.write(ctx, "audit: migrate", func(tx *sql.Tx) error {
		have, err := s.version(ctx, tx)
		if err != nil {
			return err
		}
		if have > len(names) {
			return lastday.Errorf(lastday.CodeInvalid, "audit: migrate", "the log is of version %d, this program knows %d: use a newer one", have, len(names))
		}
		for _, name := range names[have:] {
			if err := s.step(ctx, tx, name); err != nil {
				return err
			}
		}
		return nil
	})
}

// version is the number of steps that ran.
func (s *Store) version(ctx context.Context, q querier) (int, error) {
	var tables, version int
	if err := q.QueryRowContext(ctx, s.d.tables).Scan(&tables); err != nil {
		return 0, s.wrap("audit: migrate", "look for the tables", err)
	}
	if tables == 0 {
		return 0, nil
	}
	if err := q.QueryRowContext(ctx, `SELECT COALESCE(MAX(version), 0) FROM log_version`).Scan(&version); err != nil {
		return 0, s.wrap("audit: migrate", "read the version", err)
	}
	return version, nil
}

func (s *Store) step(ctx context.Context, tx *sql.Tx, name string) error {
	text, err := migrations.ReadFile(name)
	if err != nil {
		return lastday.Wrap(lastday.CodeInternal, "audit: migrate", "", err)
	}
	number, _, _ := strings.Cut(strings.TrimPrefix(name, s.d.dir+"/"), "_")
	version, err := strconv.Atoi(number)
	if err != nil {
		return lastday.Wrap(lastday.CodeInternal, "audit: migrate", name, err)
	}
	if _, err := tx.ExecContext(ctx, string(text)); err != nil {
		return s.wrap("audit: migrate", fmt.Sprintf("step %d", version), err)
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO log_version (version, at) VALUES ($1, $2)`, version, s.now().UnixNano()); err != nil {
		return s.wrap("audit: migrate", fmt.Sprintf("note step %d", version), err)
	}
	return nil
}

package temporald

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/headers"
	"go.temporal.io/server/common/persistence/sql/sqlplugin/sqlite"
	sqliteschema "go.temporal.io/server/schema/sqlite"
)

// applicationID marks a SQLite file as ours ("LDAY"), see https://www.sqlite.org/pragma.html#pragma_application_id.
const applicationID = 0x4c444159

// pragmaValues lists what may be set from outside. Journals that live in memory and synchronous=off are missing on
// purpose: after a crash they lose what was already acknowledged, see https://www.sqlite.org/pragma.html.
func pragmaValues() map[string][]string {
	return map[string][]string{
		"journal_mode": {"wal", "delete", "truncate", "persist"},
		"synchronous":  {"1", "2", "3", "normal", "full", "extra"},
	}
}

func checkPragmas(file string, pragmas map[string]string) error {
	if len(pragmas) > 0 && file == "" {
		return errors.New("options: SQLitePragmas: need a DatabaseFile")
	}
	for name, value := range pragmas {
		if !pragmaAllowed(strings.ToLower(name), strings.ToLower(value)) {
			return fmt.Errorf("options: SQLitePragmas: %s=%s is not allowed", name, value)
		}
	}
	return nil
}

func pragmaAllowed(name, value string) bool {
	if name == "busy_timeout" {
		ms, err := strconv.Atoi(value)
		return err == nil && ms >= 0 && ms <= 600_000
	}
	return slices.Contains(pragmaValues()[name], value)
}

// sqlConfig describes the database to the server. One connection is measurably faster than several, because SQLite has
// one writer; the write-ahead log with synchronous=normal survives the death of the process.
func sqlConfig(o Options) *config.SQL {
	cfg := &config.SQL{
		PluginName: sqlite.PluginName, DatabaseName: o.DatabaseFile,
		MaxConns: 1, MaxIdleConns: 1,
	}
	if o.DatabaseFile == "" {
		// The plugin keeps databases by name for the life of the process, so each server needs a name of its own.
		cfg.DatabaseName = "temporald-" + rand.Text()
		cfg.ConnectAttributes = map[string]string{"mode": "memory", "cache": "shared"}
		return cfg
	}
	cfg.ConnectAttributes = map[string]string{
		"mode": "rwc", "journal_mode": "wal", "synchronous": "1", "busy_timeout": "10000",
	}
	for name, value := range o.SQLitePragmas {
		cfg.ConnectAttributes[strings.ToLower(name)] = strings.ToLower(value)
	}
	return cfg
}

// prepareDatabase makes the file with its schema, or checks that this server made it. In memory the plugin makes the
// schema by itself.
func prepareDatabase(ctx context.Context, cfg *config.SQL) error {
	if cfg.ConnectAttributes["mode"] == "memory" {
		return nil
	}
	info, err := os.Stat(cfg.DatabaseName)
	if err == nil && info.Size() > 0 {
		return checkStamp(ctx, cfg.DatabaseName)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("database: stat: %w", err)
	}
	return createFile(ctx, cfg)
}

// createFile stamps last: a file whose creation was interrupted has no stamp and is refused later.
func createFile(ctx context.Context, cfg *config.SQL) error {
	f, err := os.OpenFile(filepath.Clean(cfg.DatabaseName), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("database: create: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("database: create: %w", err)
	}
	setup := *cfg
	setup.ConnectAttributes = maps.Clone(cfg.ConnectAttributes)
	if err := sqliteschema.SetupSchema(&setup); err != nil {
		return fmt.Errorf("database: schema: %w", err)
	}
	stamp, err := schemaStamp(headers.ServerVersion)
	if err != nil {
		return err
	}
	return writeStamp(ctx, cfg.DatabaseName, stamp)
}

// schemaStamp is the number by which files of one minor version know each other: 1.32.x is 1032.
func schemaStamp(version string) (int, error) {
	var major, minor int
	if _, err := fmt.Sscanf(version, "%d.%d.", &major, &minor); err != nil {
		return 0, fmt.Errorf("database: server version %q: %w", version, err)
	}
	return major*1000 + minor, nil
}

func writeStamp(ctx context.Context, path string, stamp int) (err error) {
	db, err := sql.Open("sqlite", "file:"+path+"?mode=rw")
	if err != nil {
		return fmt.Errorf("database: stamp: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	for _, statement := range []string{
		fmt.Sprintf("PRAGMA application_id=%d", applicationID),
		fmt.Sprintf("PRAGMA user_version=%d", stamp),
	} {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("database: stamp: %w", err)
		}
	}
	return nil
}

// checkStamp protects a file from a server with another schema: the server creates its schema and never migrates it, so
// a newer one would run into missing tables half-way.
func checkStamp(ctx context.Context, path string) error {
	want, err := schemaStamp(headers.ServerVersion)
	if err != nil {
		return err
	}
	id, got, err := readStamp(ctx, path)
	if err != nil {
		return fmt.Errorf("database: %s: read stamp: %w", filepath.Base(path), err)
	}
	if id != applicationID || got == 0 {
		return fmt.Errorf("database: %s was not made by this program, or its creation was interrupted: choose another file", filepath.Base(path))
	}
	if got != want {
		return fmt.Errorf("database: %s was made by server %d.%d and this is %s, which cannot migrate it: choose another file",
			filepath.Base(path), got/1000, got%1000, headers.ServerVersion)
	}
	return nil
}

func readStamp(ctx context.Context, path string) (id, version int, err error) {
	db, err := sql.Open("sqlite", "file:"+path+"?mode=rw")
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := db.QueryRowContext(ctx, "PRAGMA application_id").Scan(&id); err != nil {
		return 0, 0, err
	}
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return 0, 0, err
	}
	return id, version, nil
}

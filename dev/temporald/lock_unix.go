//go:build unix

package temporald

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// lockFile keeps a second server off the same database: SQLite would let both write, and each would take the shard away
// from the other. The lock ends with the process, so a killed server leaves none behind.
func lockFile(database string) (unlock func(), err error) {
	if database == "" {
		return func() {}, nil
	}
	f, err := os.OpenFile(filepath.Clean(database)+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("database: lock: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		err = errors.Join(err, f.Close())
		return nil, fmt.Errorf("database: %s is in use by another server: %w", filepath.Base(database), err)
	}
	return func() { _ = f.Close() }, nil
}

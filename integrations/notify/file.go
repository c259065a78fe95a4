package notify

import (
	"context"
	"encoding/json"
	"os"
	"sync"

	"lastday"
)

// FileConfig configures the file channel.
type FileConfig struct {
	// Path is where the notices are appended, one JSON value a line.
	Path string `yaml:"path" json:"path"`
}

// FileMedium appends notices to a file.
func FileMedium() Medium {
	return Define("file", func(_ context.Context, c FileConfig, _ Deps) (Channel, error) {
		if c.Path == "" {
			return nil, lastday.Errorf(lastday.CodeInvalid, "notify: open file", "path: is missing")
		}
		return &fileChannel{path: c.Path}, nil
	})
}

type fileChannel struct {
	mu   sync.Mutex
	path string
}

func (c *fileChannel) Send(ctx context.Context, n Notice) error {
	if err := n.Check(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return lastday.Wrap(lastday.CodeTransient, "notify: file", "not told", err)
	}
	line, err := json.Marshal(n)
	if err != nil {
		return lastday.Wrap(lastday.CodeInternal, "notify: file", "encode", err)
	}
	return c.add(append(line, '\n'))
}

// add opens the file anew each time, so that it can be rotated, and comes back
// only when the line is on the disk.
func (c *fileChannel) add(line []byte) (err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	file, err := os.OpenFile(c.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return lastday.Wrap(lastday.CodeTransient, "notify: file", "open", err)
	}
	defer func() {
		if closing := file.Close(); err == nil && closing != nil {
			err = lastday.Wrap(lastday.CodeUnknownOutcome, "notify: file", "close", closing)
		}
	}()
	if _, err := file.Write(line); err != nil {
		return lastday.Wrap(lastday.CodeUnknownOutcome, "notify: file", "write", err)
	}
	if err := file.Sync(); err != nil {
		return lastday.Wrap(lastday.CodeUnknownOutcome, "notify: file", "sync", err)
	}
	return nil
}

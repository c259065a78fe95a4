package sink

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"lastday"
	"lastday/audit"
)

// tail is how much of the end of a file is read: more than any checkpoint has.
const tail = 256 << 10

// File appends checkpoints to a file, one JSON object a line. It is out of the
// operator's reach if the file system is: a write-once mount, another host.
type File struct {
	name, path string
	turn       sync.Mutex
}

// NewFile makes the sink. The folder must exist; the file need not.
func NewFile(name, path string) (*File, error) {
	if name == "" || path == "" {
		return nil, lastday.Errorf(lastday.CodeInvalid, "checkpoints: file", "name and path must be given")
	}
	return &File{name: name, path: filepath.Clean(path)}, nil
}

// Name is the name that it was given.
func (f *File) Name() string { return f.name }

// line is a checkpoint as the file and webhooks have it.
type line struct {
	Type       string    `json:"type"`
	Origin     string    `json:"origin"`
	Size       int64     `json:"size"`
	Root       string    `json:"root"`
	At         time.Time `json:"at"`
	Checkpoint string    `json:"checkpoint"`
}

func newLine(c audit.Signed) line {
	return line{Type: "lastday.checkpoint", Origin: c.Origin, Size: c.Size, Root: c.Root.String(), At: c.At, Checkpoint: string(c.Text)}
}

// Put appends the checkpoint and returns when it is on the disk.
func (f *File) Put(ctx context.Context, c audit.Signed) error {
	f.turn.Lock()
	defer f.turn.Unlock()
	last, err := f.last(ctx)
	if err == nil {
		if more, err := advance("checkpoints: file", last, c); err != nil || !more {
			return err
		}
	} else if lastday.CodeOf(err) != lastday.CodeNotFound {
		return err
	}
	text, err := json.Marshal(newLine(c))
	if err != nil {
		return lastday.Wrap(lastday.CodeInternal, "checkpoints: file", "encode", err)
	}
	return f.write(append(text, '\n'))
}

func (f *File) write(text []byte) error {
	file, err := os.OpenFile(f.path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return lastday.Wrap(lastday.CodeTransient, "checkpoints: file", "open", err)
	}
	torn, err := isTorn(file)
	if err == nil && torn {
		text = append([]byte("\n"), text...)
	}
	if err == nil {
		_, err = file.Write(text)
	}
	if err == nil {
		err = file.Sync()
	}
	if err := errors.Join(err, file.Close()); err != nil {
		return lastday.Wrap(lastday.CodeTransient, "checkpoints: file", "write", err)
	}
	return syncFolder(filepath.Dir(f.path))
}

// isTorn says whether the last line was not written to its end.
func isTorn(file *os.File) (bool, error) {
	info, err := file.Stat()
	if err != nil || info.Size() == 0 {
		return false, err
	}
	end := make([]byte, 1)
	if _, err := file.ReadAt(end, info.Size()-1); err != nil {
		return false, err
	}
	return end[0] != '\n', nil
}

// syncFolder makes a new file's name last.
func syncFolder(path string) error {
	folder, err := os.Open(filepath.Clean(path))
	if err != nil {
		return lastday.Wrap(lastday.CodeTransient, "checkpoints: file", "open the folder", err)
	}
	if err := errors.Join(folder.Sync(), folder.Close()); err != nil {
		return lastday.Wrap(lastday.CodeTransient, "checkpoints: file", "write the folder", err)
	}
	return nil
}

// Last is the last checkpoint in the file.
func (f *File) Last(ctx context.Context) (audit.Signed, error) {
	f.turn.Lock()
	defer f.turn.Unlock()
	return f.last(ctx)
}

func (f *File) last(ctx context.Context) (audit.Signed, error) {
	if err := ctx.Err(); err != nil {
		return audit.Signed{}, lastday.Wrap(lastday.CodeTransient, "checkpoints: file", "", err)
	}
	text, err := readTail(f.path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(text) == 0 {
		return audit.Signed{}, notFound("checkpoints: file")
	}
	if err != nil {
		return audit.Signed{}, lastday.Wrap(lastday.CodeTransient, "checkpoints: file", "read", err)
	}
	lines := bytes.Split(text, []byte("\n"))
	for i := len(lines) - 2; i >= 0; i-- { // what follows the last newline was not written to its end
		var l line
		if json.Unmarshal(lines[i], &l) != nil {
			continue
		}
		return audit.ParseCheckpoint([]byte(l.Checkpoint))
	}
	return audit.Signed{}, lastday.Errorf(lastday.CodeProtected, "checkpoints: file", "the file holds something, and no checkpoint in its last %d bytes", tail)
}

func readTail(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.NewSectionReader(file, max(0, info.Size()-tail), tail))
}

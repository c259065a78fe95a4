package siem

import (
	"bytes"
	"context"
	"io"
	"sync"

	"lastday"
)

// Transport takes events to where somebody reads them. An error means that some
// of them may not have arrived: send all of them again.
type Transport interface {
	Send(ctx context.Context, events []Event) error
	Close() error
}

// Lines writes one event a line.
type Lines struct {
	mu  sync.Mutex
	out io.Writer
}

// NewLines makes a transport to a file or to standard output. Closing it closes
// nothing: the writer is the caller's.
func NewLines(w io.Writer) *Lines { return &Lines{out: w} }

// Send writes all events in one piece, so that those of others do not come
// between. CodeTransient: they could not be written.
func (l *Lines) Send(_ context.Context, events []Event) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, err := l.out.Write(joined(events)); err != nil {
		return lastday.Wrap(lastday.CodeTransient, "siem: lines", "write", err)
	}
	return nil
}

// Close does nothing.
func (l *Lines) Close() error { return nil }

// joined is JSON lines.
func joined(events []Event) []byte {
	var b bytes.Buffer
	for _, e := range events {
		b.Write(e.Line)
		b.WriteByte('\n')
	}
	return b.Bytes()
}

// Package sink carries checkpoints of an audit log out of the operator's reach.
//
// A log whose checkpoints stay with whoever can write it proves nothing about a
// rewrite: they could sign it all anew. What stands elsewhere holds them to it.
// A Publisher brings the newest checkpoint to every sink, and sees from what
// stands there already whether the log was rewritten since.
package sink

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"time"

	"lastday"
	"lastday/audit"
)

// Sink is one place for checkpoints. All methods may be called again after any
// error; nothing waits or tries again by itself.
type Sink interface {
	// Name is the same for the same place, and holds no secret.
	Name() string
	// Put adds a checkpoint to those that stand there. The newest one again changes
	// nothing. CodeProtected: another one of the same size stands there.
	// CodeTransient, besides other trouble: a newer one does; compare again.
	Put(ctx context.Context, c audit.Signed) error
	// Last is the newest checkpoint that stands there; whose signature it bears is
	// for the caller to check. CodeNotFound: none does. CodeUnsupported: this place
	// cannot be read.
	Last(ctx context.Context) (audit.Signed, error)
}

// Deps are what sinks need of the outside.
type Deps struct {
	// Secret resolves references to secrets.
	Secret func(ctx context.Context, ref string) (string, error)
	// Transport does the HTTP; nil is the standard one.
	Transport http.RoundTripper
	// Now is the clock.
	Now func() time.Time
}

// advance says whether next is to be written after last, which stands there.
func advance(op string, last, next audit.Signed) (bool, error) {
	switch {
	case bytes.Equal(last.Text, next.Text):
		return false, nil
	case last.Size == next.Size && last.Root != next.Root:
		return false, lastday.Errorf(lastday.CodeProtected, op, "another log of %d entries stands there: one of the two was rewritten", last.Size)
	case last.Size > next.Size || last.At.After(next.At):
		return false, lastday.Errorf(lastday.CodeTransient, op, "a newer checkpoint stands there, of %d entries; this one is of %d", last.Size, next.Size)
	}
	return true, nil
}

// objectName is the name of a checkpoint among others: names sort as
// checkpoints follow each other.
func objectName(c audit.Signed) string {
	return fmt.Sprintf("%020d-%s.txt", c.Size, c.At.UTC().Format("20060102T150405.000Z"))
}

// notFound is the answer of a place where no checkpoint stands.
func notFound(op string) error {
	return lastday.Errorf(lastday.CodeNotFound, op, "no checkpoint stands there")
}

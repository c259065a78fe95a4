package httpx

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"golang.org/x/oauth2"

	"lastday"
)

// boundedBody ends an answer that is longer than allowed with an error, never
// with a silent end: half a list must not look like a whole one.
type boundedBody struct {
	body   io.ReadCloser
	left   int64
	limit  int64
	ctx    context.Context
	cancel context.CancelFunc
	once   sync.Once
}

// Read reads at most one byte more than is allowed.
func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, &tooLargeError{limit: b.limit}
	}
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.body.Read(p)
	b.left -= int64(n)
	if b.left < 0 {
		return n - 1, &tooLargeError{limit: b.limit}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return n, &lostError{sent: true, err: causeOf(b.ctx, err)}
	}
	return n, err
}

// Close ends the call.
func (b *boundedBody) Close() error {
	err := b.body.Close()
	b.once.Do(b.cancel)
	return err
}

// tooLargeError says that an answer was longer than allowed.
type tooLargeError struct{ limit int64 }

func (e *tooLargeError) Error() string {
	return fmt.Sprintf("the answer is larger than %d bytes", e.limit)
}

// trailingError says that something follows the JSON of an answer.
type trailingError struct{}

func (e *trailingError) Error() string { return "something follows the JSON value" }

// pageError says that a page for people was answered: most often by a proxy or
// a login in between, so that it may pass.
type pageError struct{}

func (e *pageError) Error() string { return "the answer is an HTML page, not JSON" }

// timeoutError says whose patience ended.
type timeoutError struct{ after time.Duration }

func (e *timeoutError) Error() string { return fmt.Sprintf("no full answer within %s", e.after) }

// Is makes it one of the deadlines.
func (e *timeoutError) Is(target error) bool { return target == context.DeadlineExceeded }

// Timeout makes it a timeout for net.Error.
func (e *timeoutError) Timeout() bool { return true }

// lostError says that there was no full answer, and whether the request may
// have been received.
type lostError struct {
	sent bool
	err  error
}

func (e *lostError) Error() string { return safe(e.err).Error() }

func (e *lostError) Unwrap() error { return e.err }

// causeOf prefers the reason why the context ended over the error that this
// led to: it says whose patience ended.
func causeOf(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

func isDial(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// credentialError says that we have no credential to send. Nothing was sent.
func credentialError(err error) error {
	code := lastday.CodeTransient
	var retrieve *oauth2.RetrieveError
	if errors.As(err, &retrieve) && retrieve.Response != nil && retrieve.Response.StatusCode/100 == 4 {
		code = lastday.CodeDenied
	}
	if coded, ok := errors.AsType[*lastday.Error](err); ok {
		code = coded.Code
	}
	return &lastday.Error{
		Code: code, Op: "http", What: "no credential for the call",
		RetryAfter: lastday.RetryAfterOf(err), Err: safe(err),
	}
}

package aws

import (
	"context"
	"io"
	"net/http"

	"lastday"
	"lastday/integrations/internal/httpx"
)

// doer makes the calls of the SDK, and notes which request it was.
type doer struct{ http *http.Client }

// Do makes one call. An answer of success without a request id is not AWS's:
// the SDK would take an empty or foreign body for an empty list, or for a
// change that was made.
func (d *doer) Do(req *http.Request) (*http.Response, error) {
	resp, err := d.http.Do(readOnce(req))
	if err != nil {
		return nil, err
	}
	if a, ok := req.Context().Value(attemptKey{}).(*attempt); ok {
		a.request = httpx.RequestOf(resp, a.request.What)
	}
	if resp.StatusCode/100 == 2 && resp.Header.Get(requestID) == "" {
		resp.Body.Close()
		return nil, &strangerError{}
	}
	return resp, nil
}

// readOnce is the request with a body that can only be read. The SDK closes the
// body as soon as the answer begins, and its WriteTo then says io.EOF, which
// net/http takes for a failed request: it cuts the connection in the middle of
// the answer. Its Read says io.EOF too, which is how a body ends.
// https://github.com/aws/smithy-go/blob/main/transport/http/internal/io/safe.go
func readOnce(req *http.Request) *http.Request {
	if req.Body == nil || req.Body == http.NoBody {
		return req
	}
	out := req.WithContext(req.Context())
	out.Body = struct{ io.ReadCloser }{req.Body}
	return out
}

// strangerError says that somebody else than AWS answered.
type strangerError struct{}

func (*strangerError) Error() string { return "the answer has no request id of AWS" }

type attemptKey struct{}

// attempt is one call under way.
type attempt struct{ request lastday.Request }

// read makes a call that changes nothing.
func read[I, O, F any](ctx context.Context, what string, f func(context.Context, *I, ...func(*F)) (*O, error), in *I) (*O, error) {
	out, err := f(ctx, in)
	if err != nil {
		return nil, classify(what, err, false)
	}
	return out, nil
}

// write makes a call that changes something, and says which request it was.
func write[I, O, F any](ctx context.Context, what string, f func(context.Context, *I, ...func(*F)) (*O, error), in *I) (*O, lastday.Request, error) {
	a := &attempt{request: lastday.Request{What: what}}
	out, err := f(context.WithValue(ctx, attemptKey{}, a), in)
	if err != nil {
		return nil, a.request, classify(what, err, true)
	}
	return out, a.request, nil
}

// mostPages bounds a list: a far side that pages for ever must not hold us.
const mostPages = 10_000

// all reads a list over its pages: complete or an error.
func all[T any](what string, page func(at *string) ([]T, *string, error)) ([]T, error) {
	var found []T
	var at *string
	seen := map[string]bool{}
	for range mostPages {
		items, next, err := page(at)
		if err != nil {
			return nil, err
		}
		found = append(found, items...)
		if next == nil || *next == "" {
			return found, nil
		}
		if seen[*next] {
			break
		}
		seen[*next] = true
		at = next
	}
	return nil, lastday.Errorf(lastday.CodeInvalid, what, "the pages of the list have no end")
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

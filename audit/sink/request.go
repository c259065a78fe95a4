package sink

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"lastday"
)

// timeout bounds one request.
const timeout = 15 * time.Second

// caller sends requests to one place.
type caller struct {
	op     string
	client *http.Client
	now    func() time.Time
}

func newCaller(op string, deps Deps) (*caller, error) {
	if deps.Now == nil || deps.Secret == nil {
		return nil, lastday.Errorf(lastday.CodeInvalid, op, "there is no clock, or nothing to resolve secrets with")
	}
	return &caller{op: op, now: deps.Now, client: &http.Client{
		Transport: deps.Transport, Timeout: timeout,
		// A redirect would take the signature elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// answer is what a place said.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// do sends a request and reads at most so many bytes of the answer. The error
// holds no address: it may be a secret.
func (c *caller) do(r *http.Request, most int64) (answer, error) {
	response, err := c.client.Do(r)
	if err != nil {
		if u, ok := errors.AsType[*url.Error](err); ok {
			err = u.Err
		}
		return answer{}, lastday.Wrap(lastday.CodeTransient, c.op, "send", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, most+1))
	if err != nil {
		return answer{}, lastday.Wrap(lastday.CodeTransient, c.op, "read the answer", err)
	}
	if int64(len(body)) > most {
		return answer{}, lastday.Errorf(lastday.CodeInvalid, c.op, "the answer has more than %d bytes", most)
	}
	return answer{status: response.StatusCode, header: response.Header, body: body}, nil
}

// judge makes an error of an answer that is no success.
func (c *caller) judge(a answer) error {
	if a.status >= 200 && a.status < 300 {
		return nil
	}
	e := &lastday.Error{Op: c.op, What: fmt.Sprintf("answered with status %d", a.status)}
	switch {
	case a.status == http.StatusUnauthorized || a.status == http.StatusForbidden:
		e.Code = lastday.CodeDenied
	case a.status == http.StatusTooManyRequests:
		e.Code, e.RetryAfter = lastday.CodeRateLimited, c.retryAfter(a.header)
	case a.status == http.StatusRequestTimeout || a.status == http.StatusConflict || a.status >= 500:
		e.Code, e.RetryAfter = lastday.CodeTransient, c.retryAfter(a.header)
	default:
		// 404 as well: it says nothing about checkpoints, only that the address is wrong.
		e.Code = lastday.CodeInvalid
	}
	return e
}

func (c *caller) retryAfter(h http.Header) time.Duration {
	text := h.Get("Retry-After")
	if seconds, err := strconv.Atoi(text); err == nil && seconds >= 0 && seconds < 1<<20 {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, at.Sub(c.now()))
	}
	return 0
}

// address reads the address of a place, which may be a reference. Plain http is
// for this machine alone, unless it is allowed.
func address(ctx context.Context, op, text string, insecure bool, deps Deps) (*url.URL, error) {
	text, err := resolve(ctx, text, deps)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		return nil, lastday.Errorf(lastday.CodeInvalid, op, "the address is none, or holds credentials")
	}
	ip := net.ParseIP(u.Hostname())
	local := u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
	if u.Scheme != "https" && (u.Scheme != "http" || !local && !insecure) {
		return nil, lastday.Errorf(lastday.CodeInvalid, op, "the address must begin with https")
	}
	return u, nil
}

package okta

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"lastday"
	"lastday/integrations/internal/httpx"
)

// client makes one request per call and knows Okta's errors.
type client struct {
	http *httpx.Client
	// refused is told that our credential was not accepted, and says whether trying
	// again gets another.
	refused func() bool
}

// get reads JSON.
func (c *client) get(ctx context.Context, op, path string, into any) (httpx.Reply, error) {
	reply, err := c.http.Get(ctx, op, path, into)
	return reply, c.explain(op, reply, err)
}

// send changes something. Okta answers most changes with nothing or with an
// object that is read again anyway.
func (c *client) send(ctx context.Context, op, method, path string, body any) (lastday.Request, error) {
	var ignored json.RawMessage
	into := any(&ignored)
	if method == http.MethodDelete || method == http.MethodPut || body == nil {
		into = nil
	}
	reply, err := c.http.Send(ctx, method, op, path, body, into)
	return reply.Request, c.explain(op, reply, err)
}

// most pages of a list: a far side that pages for ever must not hold a case.
const mostPages = 1000

// list reads a list to its end, as the Link header leads; httpx lets no link
// leave the host. https://developer.okta.com/docs/api/#pagination
func list[T any](ctx context.Context, c *client, op, path string) ([]T, error) {
	var all []T
	err := pages(ctx, c, op, path, func(page []T) bool {
		all = append(all, page...)
		return true
	})
	return all, err
}

// pages reads page by page while more wants more.
func pages[T any](ctx context.Context, c *client, op, path string, more func([]T) bool) error {
	seen := map[string]bool{}
	for path != "" {
		if seen[path] || len(seen) >= mostPages {
			return lastday.Errorf(lastday.CodeInvalid, op, "the pages of the list have no end")
		}
		seen[path] = true
		var page []T
		reply, err := c.get(ctx, op, path, &page)
		if err != nil || !more(page) {
			return err
		}
		path = reply.Next
	}
	return nil
}

// refusal is an answer that says no, with Okta's code.
// https://developer.okta.com/docs/reference/error-codes/
type refusal struct {
	code   string
	status int
	about  *lastday.Error
}

// Error is the text of the error with our code.
func (r *refusal) Error() string { return r.about.Error() }

// Unwrap gives the error with our code.
func (r *refusal) Unwrap() error { return r.about }

// Okta's codes that mean something to us.
const (
	codeInvalidState = "E0000001" // suspending somebody who is not active, among others
	codeNoFeature    = "E0000015" // the organization does not have the feature
	codeActivation   = "E0000016"
	codeNoMethod     = "E0000022"
	codeNotInStatus  = "E0000038" // not in the user's current status
)

// explain adds Okta's own code to an error, and its own way to say how long to wait.
func (c *client) explain(op string, reply httpx.Reply, err error) error {
	var e *lastday.Error
	if err == nil || !errors.As(err, &e) {
		return err
	}
	said := *e
	said.Op = "okta: " + op
	code := reply.Header.Get(markCode)
	if code != "" {
		said.What += " " + code
	}
	if strings.Contains(reply.Header.Get("Www-Authenticate"), "insufficient_scope") {
		said.What += ": the service app lacks a scope for this"
	}
	if code == codeNoFeature || code == codeNoMethod {
		said.Code = lastday.CodeUnsupported
	}
	if reply.Status == http.StatusUnauthorized && c.refused() {
		said.Code = lastday.CodeTransient
		said.What += ": the next attempt takes a new access token"
	}
	if said.Code == lastday.CodeRateLimited && reply.Header.Get("Retry-After") == "" {
		said.RetryAfter = untilReset(reply.Header, said.RetryAfter)
	}
	return &refusal{code: code, status: reply.Status, about: &said}
}

// untilReset reads when a limit ends, in seconds of the epoch of the far side's
// own clock. A limit of calls at the same time has no end of its own and says
// now: then a second is enough.
// https://developer.okta.com/docs/reference/rl-best-practices/
func untilReset(h http.Header, otherwise time.Duration) time.Duration {
	reset, err := strconv.ParseInt(h.Get("X-Rate-Limit-Reset"), 10, 64)
	now, dateErr := http.ParseTime(h.Get("Date"))
	if err != nil || dateErr != nil {
		return otherwise
	}
	return min(max(time.Unix(reset, 0).Sub(now)+time.Second, time.Second), time.Hour)
}

// markCode is the header in which marking hands on Okta's error code.
const markCode = "X-Lastday-Okta-Error"

// marking reads the error code out of a refusal's body before the body is
// consumed by who knows only statuses.
type marking struct{ next http.RoundTripper }

// RoundTrip makes one call.
func (m marking) RoundTrip(req *http.Request) (*http.Response, error) {
	next := m.next
	if next == nil {
		next = http.DefaultTransport
	}
	resp, err := next.RoundTrip(req)
	if err != nil {
		return resp, err
	}
	resp.Header.Del(markCode)
	if resp.StatusCode/100 == 2 || resp.Body == nil {
		return resp, nil
	}
	const most = 64 << 10
	head, readErr := io.ReadAll(io.LimitReader(resp.Body, most))
	var said struct {
		Code string `json:"errorCode"`
	}
	if readErr == nil && json.Unmarshal(head, &said) == nil && regexp.MustCompile(`^E\d{7}$`).MatchString(said.Code) {
		resp.Header.Set(markCode, said.Code)
	}
	resp.Body = &rejoined{Reader: io.MultiReader(bytes.NewReader(head), resp.Body), Closer: resp.Body}
	return resp, nil
}

type rejoined struct {
	io.Reader
	io.Closer
}

// at joins segments to a path of the Management API.
func at(segments ...string) (string, error) {
	path, err := httpx.Path(segments...)
	return "api/v1/" + path, err
}

// quoted is a value in a filter expression. Quotes and backslashes in it must
// not end it. https://developer.okta.com/docs/api/#filter
func quoted(value string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value) + `"`
}

func query(pairs ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	return "?" + q.Encode()
}

func codeIs(err error, code lastday.Code) bool { return err != nil && lastday.CodeOf(err) == code }

// oktaCode is Okta's code of a refusal, empty if there is none.
func oktaCode(err error) string {
	if r, ok := errors.AsType[*refusal](err); ok {
		return r.code
	}
	return ""
}

// pathOf joins segments to a path outside the Management API.
func pathOf(segments ...string) (string, error) { return httpx.Path(segments...) }

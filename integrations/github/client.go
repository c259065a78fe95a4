package github

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	gh "github.com/google/go-github/v60/github"
	"golang.org/x/oauth2"

	"lastday"
	"lastday/integrations/internal/httpx"
)

// client speaks to one organization with one credential, one request per call:
// it never sleeps and never tries again.
type client struct {
	gh  *gh.Client
	org string
}

// answer is what is kept of one call besides its body.
type answer struct {
	status  int
	next    int
	left    int
	header  http.Header
	request lastday.Request
}

// The memory for conditional requests: GitHub does not count an answer "not
// modified" against the rate limit.
// https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api
const (
	cacheEntries = 4096
	cacheBytes   = 64 << 20
)

func httpOptions(base string, transport http.RoundTripper, now func() time.Time) httpx.Options {
	return httpx.Options{
		Base: base, Transport: transport, Now: now, RequestID: "X-GitHub-Request-Id",
		Header: http.Header{"X-Github-Api-Version": {"2022-11-28"}, "User-Agent": {"lastday"}},
	}
}

func newClient(options httpx.Options, tokens oauth2.TokenSource, org string) (*client, error) {
	options.Tokens = tokens
	options.Timeout = time.Minute
	options.Cache = httpx.NewCache(cacheEntries, cacheBytes)
	plain, err := httpx.New(options)
	if err != nil {
		return nil, err
	}
	base, err := url.Parse(plain.Base())
	if err != nil {
		return nil, lastday.Errorf(lastday.CodeInvalid, "open", "malformed address")
	}
	c := gh.NewClient(plain.HTTP())
	c.BaseURL = base
	return &client{gh: c, org: org}, nil
}

// path joins segments, each escaped: go-github escapes none of them, so that a
// login with a slash would name another organization's member.
func path(segments ...string) string {
	escaped := make([]string, len(segments))
	for i, s := range segments {
		escaped[i] = url.PathEscape(s)
	}
	return strings.Join(escaped, "/")
}

// inOrg is a path below the organization.
func (c *client) inOrg(segments ...string) string {
	return path(append([]string{"orgs", c.org}, segments...)...)
}

// inRepo is a path below one of the organization's repositories.
func (c *client) inRepo(repo string, segments ...string) string {
	return path(append([]string{"repos", c.org, repo}, segments...)...)
}

// get reads one object.
func (c *client) get(ctx context.Context, op, where string, into any) (answer, error) {
	return c.do(ctx, call{op: op, method: http.MethodGet, where: where}, into)
}

// send changes something; into may be nil.
func (c *client) send(ctx context.Context, op, method, where string, body, into any) (answer, error) {
	return c.do(ctx, call{op: op, method: method, where: where, body: body, writes: true}, into)
}

// call is one request. op is for errors and receipts and names no person.
type call struct {
	op, method, where string
	body              any
	writes            bool
}

func (c *client) do(ctx context.Context, what call, into any) (answer, error) {
	if strings.Contains(what.where, "//") || strings.HasSuffix(what.where, "/") {
		return answer{}, lastday.Errorf(lastday.CodeInternal, what.op, "a part of the path is empty")
	}
	req, err := c.gh.NewRequest(what.method, what.where, what.body)
	if err != nil {
		return answer{}, lastday.Errorf(lastday.CodeInternal, what.op, "malformed path")
	}
	resp, err := c.gh.BareDo(ctx, req)
	if resp != nil && resp.Body != nil {
		defer resp.Body.Close()
	}
	if err == nil {
		err = decode(resp, into)
	}
	return c.finish(what.op, what.writes, resp, err)
}

// decode reads the whole answer, also one that nobody wants: half an answer to
// a write must not pass for success.
func decode(resp *gh.Response, into any) error {
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode == http.StatusNoContent || into == nil && len(text) == 0 {
		return err
	}
	if into == nil {
		var ignored json.RawMessage
		into = &ignored
	}
	return json.Unmarshal(text, into)
}

func (c *client) finish(op string, writes bool, resp *gh.Response, err error) (answer, error) {
	got := answerOf(op, resp)
	if err != nil {
		return got, classify(op, resp, err, writes)
	}
	if got.header.Get("X-GitHub-SSO") != "" {
		return got, lastday.Errorf(lastday.CodeDenied, op, "single sign-on hides part of the answer: authorize the credential for the organization")
	}
	return got, nil
}

func answerOf(op string, resp *gh.Response) answer {
	if resp == nil || resp.Response == nil {
		return answer{header: http.Header{}, request: lastday.Request{What: op}}
	}
	return answer{
		status: resp.StatusCode, next: resp.NextPage, left: resp.Rate.Remaining, header: resp.Header,
		request: httpx.RequestOf(resp.Response, op),
	}
}

// mostPages bounds a list: one that does not end must not hold a case.
const mostPages = 1000

// list reads a list to its end, item by item. A list that does not end is an
// error, because a part of it would be taken for the whole.
func list[T any](ctx context.Context, c *client, op, where string, visit func(T)) error {
	return walk(ctx, c, op, where, func(page []T) {
		for _, item := range page {
			visit(item)
		}
	})
}

// walk reads a paged answer of any shape to its end.
func walk[P any](ctx context.Context, c *client, op, where string, visit func(P)) error {
	mark := "?"
	if strings.Contains(where, "?") {
		mark = "&"
	}
	page := 1
	for range mostPages {
		var into P
		got, err := c.get(ctx, op, where+mark+"per_page=100&page="+itoa(int64(page)), &into)
		if err != nil {
			return err
		}
		visit(into)
		if got.next == 0 {
			return nil
		}
		if got.next <= page {
			break
		}
		page = got.next
	}
	return lastday.Errorf(lastday.CodeInvalid, op, "the pages of the list have no end")
}

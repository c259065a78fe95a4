package httpx

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"lastday"
)

// The bounds that hold where Options say nothing.
const (
	// DefaultMaxBody is the most bytes of one answer.
	DefaultMaxBody = 32 << 20
	// DefaultTimeout bounds one call, its body included.
	DefaultTimeout = 30 * time.Second
	// DefaultRequestID is the header that most far sides name their calls by.
	DefaultRequestID = "X-Request-Id"
)

// Options say how a far side is spoken to.
type Options struct {
	// Base is where all calls go: scheme, host and an optional path. Plain http
	// is refused but for loopback hosts, unless Insecure is set. Required.
	Base     string
	Insecure bool
	// Transport carries the calls; nil is http.DefaultTransport.
	Transport http.RoundTripper
	// Tokens give a bearer token for every call; nil for none.
	Tokens oauth2.TokenSource
	// Authorize sets other credentials on a call; nil for none. What it sets is
	// never seen outside the call.
	Authorize func(*http.Request) error
	// Header is set on every call that does not set it itself.
	Header http.Header
	// MaxBody is the most bytes of one answer; zero is DefaultMaxBody.
	MaxBody int64
	// Timeout bounds one call, its body included; zero is DefaultTimeout.
	Timeout time.Duration
	// RequestID is the header in which the far side names a call; empty is
	// DefaultRequestID.
	RequestID string
	// Cache asks the far side whether what was read before still holds; nil for none.
	Cache *Cache
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Client speaks to one far side. It is safe for use by several goroutines.
type Client struct {
	base *url.URL
	http *http.Client
}

// New makes a Client. It does no I/O; options that make no sense are CodeInvalid.
func New(o Options) (*Client, error) {
	base, err := parseBase(o.Base, o.Insecure)
	if err != nil {
		return nil, err
	}
	return &Client{base: base, http: &http.Client{
		Transport:     newTransport(base, o),
		CheckRedirect: checkRedirect(base),
	}}, nil
}

// HTTP is the client for SDKs that want one. Everything said of Client holds
// for it; pass its answers and errors through Classify.
func (c *Client) HTTP() *http.Client { return c.http }

// Base is where all calls go.
func (c *Client) Base() string { return c.base.String() }

// Call is one request.
type Call struct {
	// What is the call in words that name nobody: "read org membership". It
	// stands in errors and receipts.
	What   string
	Method string
	// Path is relative to the base, with an optional query; or an absolute URL on
	// the base's host, as in a Link header.
	Path   string
	Header http.Header
	// Body is sent as JSON; nil sends none.
	Body any
	// Reads says that the call changes nothing although its method could, such
	// as a GraphQL query.
	Reads bool
}

// writes says whether losing the answer leaves it open what happened.
func (c Call) writes() bool {
	return !c.Reads && isWrite(c.Method)
}

func isWrite(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return false
	}
	return true
}

// Reply is what came back besides the body.
type Reply struct {
	Status int
	Header http.Header
	// Next is the address of the next page, empty if this is the last.
	Next string
	// Request points to the call in the far side's logs.
	Request lastday.Request
}

// Get reads JSON into a value.
func (c *Client) Get(ctx context.Context, what, path string, into any) (Reply, error) {
	return c.Do(ctx, Call{What: what, Method: http.MethodGet, Path: path}, into)
}

// Send sends body as JSON, nil for none, and reads the answer into a value,
// nil to ignore it.
func (c *Client) Send(ctx context.Context, method, what, path string, body, into any) (Reply, error) {
	return c.Do(ctx, Call{What: what, Method: method, Path: path, Body: body}, into)
}

// Do makes one call. Any answer but 2xx is an error with a code; the Reply is
// filled also then, as far as there was an answer.
func (c *Client) Do(ctx context.Context, call Call, into any) (Reply, error) {
	req, err := c.request(ctx, call)
	if err != nil {
		return Reply{}, err
	}
	resp, err := c.http.Do(req)
	if resp != nil {
		defer resp.Body.Close()
	}
	if err == nil {
		err = decode(resp, into)
	}
	return replyOf(resp, call.What), named(call.What, Classify(resp, err, call.writes()))
}

func (c *Client) request(ctx context.Context, call Call) (*http.Request, error) {
	var body io.Reader
	if call.Body != nil {
		text, err := json.Marshal(call.Body)
		if err != nil {
			return nil, lastday.Wrap(lastday.CodeInternal, call.What, "encode the request", err)
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, call.Method, c.resolve(call.Path), body)
	if err != nil {
		return nil, lastday.Errorf(lastday.CodeInternal, call.What, "the path or method makes no request")
	}
	maps.Copy(req.Header, call.Header)
	if body != nil && req.Header.Get("Content-Type") == "" {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

func (c *Client) resolve(path string) string {
	if strings.HasPrefix(path, "https://") || strings.HasPrefix(path, "http://") {
		return path
	}
	return strings.TrimSuffix(c.base.String(), "/") + "/" + strings.TrimPrefix(path, "/")
}

func replyOf(resp *http.Response, what string) Reply {
	if resp == nil {
		return Reply{}
	}
	return Reply{Status: resp.StatusCode, Header: resp.Header, Next: Next(resp), Request: RequestOf(resp, what)}
}

// named gives an error the name of the call.
func named(what string, err error) error {
	var e *lastday.Error
	if err == nil || !errors.As(err, &e) {
		return err
	}
	e.Op = what
	return err
}

// decode reads one JSON value and nothing after it.
func decode(resp *http.Response, into any) error {
	if into == nil || resp.StatusCode/100 != 2 || resp.StatusCode == http.StatusNoContent {
		return nil
	}
	if mediaType(resp) == "text/html" {
		return &pageError{}
	}
	d := json.NewDecoder(resp.Body)
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.Join(&trailingError{}, err)
	}
	return nil
}

func mediaType(resp *http.Response) string {
	kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return kind
}

// GetAll reads a list over all its pages, as the Link header leads: complete or
// an error.
func GetAll[T any](ctx context.Context, c *Client, what, path string) ([]T, error) {
	var all []T
	seen := map[string]bool{}
	for path != "" {
		if seen[path] || len(seen) >= mostPages {
			return nil, lastday.Errorf(lastday.CodeInvalid, what, "the pages of the list have no end")
		}
		seen[path] = true
		var page []T
		reply, err := c.Get(ctx, what, path, &page)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		path = reply.Next
	}
	return all, nil
}

// mostPages bounds a list: a far side that pages for ever must not hold us.
const mostPages = 10_000

func parseBase(text string, insecure bool) (*url.URL, error) {
	base, err := url.Parse(text)
	if err != nil || base.Host == "" || (base.Scheme != "https" && base.Scheme != "http") {
		return nil, lastday.Errorf(lastday.CodeInvalid, "http", "the base address is no http or https URL")
	}
	if base.User != nil || base.RawQuery != "" || base.Fragment != "" {
		return nil, lastday.Errorf(lastday.CodeInvalid, "http", "the base address must have neither credentials nor a query")
	}
	if base.Scheme == "http" && !insecure && !loopback(base.Hostname()) {
		return nil, lastday.Errorf(lastday.CodeInvalid, "http", "the base address must be https: the credential would travel in clear")
	}
	return base, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

package httpx

import (
	"context"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/oauth2"

	"lastday"
)

// transport is the innermost part of the stack: it pins the host, adds the
// credential, bounds the wait and the body, and counts.
type transport struct {
	base      *url.URL
	next      http.RoundTripper
	tokens    oauth2.TokenSource
	authorize func(*http.Request) error
	header    http.Header
	maxBody   int64
	timeout   time.Duration
	requestID string
	now       func() time.Time
}

func newTransport(base *url.URL, o Options) http.RoundTripper {
	t := &transport{
		base: base, next: o.Transport, tokens: o.Tokens, authorize: o.Authorize, header: o.Header,
		maxBody: o.MaxBody, timeout: o.Timeout, requestID: o.RequestID, now: o.Now,
	}
	if t.next == nil {
		t.next = http.DefaultTransport
	}
	if t.maxBody <= 0 {
		t.maxBody = DefaultMaxBody
	}
	if t.timeout <= 0 {
		t.timeout = DefaultTimeout
	}
	if t.requestID == "" {
		t.requestID = DefaultRequestID
	}
	if t.now == nil {
		t.now = time.Now
	}
	if o.Cache == nil {
		return t
	}
	return &conditional{next: t, cache: o.Cache}
}

// RoundTrip makes one call, once.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	out, sent, cancel, err := t.prepare(req)
	if err != nil {
		closeBody(req)
		return nil, err
	}
	countCall(req)
	resp, err := t.next.RoundTrip(out)
	if err != nil {
		defer cancel()
		return nil, &lostError{sent: sent.maybe(err), err: causeOf(out.Context(), err)}
	}
	return t.receive(out.Context(), cancel, req, resp)
}

// prepare makes the request that is sent: a copy, so that the credential is
// never seen on the caller's.
func (t *transport) prepare(req *http.Request) (*http.Request, *sending, context.CancelFunc, error) {
	if !sameHost(t.base, req.URL) {
		return nil, nil, nil, lastday.Errorf(lastday.CodeInvalid, "http", "the call would leave the host it is pinned to")
	}
	ctx, cancel := context.WithTimeoutCause(req.Context(), t.timeout, &timeoutError{after: t.timeout})
	sent := &sending{}
	out := req.Clone(httptrace.WithClientTrace(ctx, sent.trace()))
	for name, values := range t.header {
		if _, ok := out.Header[name]; !ok {
			out.Header[name] = values
		}
	}
	if err := t.credential(out); err != nil {
		cancel()
		return nil, nil, nil, err
	}
	return out, sent, cancel, nil
}

func (t *transport) credential(out *http.Request) error {
	if t.tokens != nil {
		token, err := t.tokens.Token()
		if err != nil {
			return credentialError(err)
		}
		token.SetAuthHeader(out)
	}
	if t.authorize != nil {
		if err := t.authorize(out); err != nil {
			return credentialError(err)
		}
	}
	return nil
}

func (t *transport) receive(ctx context.Context, cancel context.CancelFunc, req *http.Request, resp *http.Response) (*http.Response, error) {
	resp.Request = req.WithContext(withNote(req.Context(), note{at: t.now(), requestID: resp.Header.Get(t.requestID)}))
	resp.Body = &boundedBody{body: resp.Body, left: t.maxBody, limit: t.maxBody, ctx: ctx, cancel: cancel}
	if resp.ContentLength > t.maxBody && req.Method != http.MethodHead {
		resp.Body.Close()
		return nil, &lostError{sent: true, err: &tooLargeError{limit: t.maxBody}}
	}
	return resp, nil
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		req.Body.Close()
	}
}

func sameHost(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && strings.EqualFold(a.Host, b.Host)
}

// checkRedirect lets only redirects pass that stay on the host and repeat the
// very same method. net/http follows a 301, 302 or 303 of a DELETE with a GET,
// and the GET's 200 would look as if something had been deleted.
func checkRedirect(base *url.URL) func(*http.Request, []*http.Request) error {
	const most = 3
	return func(req *http.Request, via []*http.Request) error {
		if req.Method != via[0].Method {
			return lastday.Errorf(lastday.CodeInvalid, "http", "a %s was redirected to a %s: nothing was done", via[0].Method, req.Method)
		}
		if !sameHost(base, req.URL) {
			return lastday.Errorf(lastday.CodeInvalid, "http", "the far side redirected to another host")
		}
		if len(via) > most {
			return lastday.Errorf(lastday.CodeInvalid, "http", "more than %d redirects", most)
		}
		return nil
	}
}

// sending knows whether a request may have reached the far side.
type sending struct {
	asked atomic.Bool
	wrote atomic.Bool
}

func (s *sending) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn:      func(string) { s.asked.Store(true) },
		WroteHeaders: func() { s.wrote.Store(true) },
	}
}

// maybe is false only if it is certain that no request went out: the transport
// reports what it does, and it never wrote the headers. Transports that report
// nothing are judged by the error alone.
func (s *sending) maybe(err error) bool {
	if s.wrote.Load() {
		return true
	}
	return !s.asked.Load() && !isDial(err)
}

type noteKey struct{}

// note is what the stack knows of an answer.
type note struct {
	at        time.Time
	requestID string
}

func withNote(ctx context.Context, n note) context.Context {
	return context.WithValue(ctx, noteKey{}, n)
}

func noteOf(resp *http.Response) note {
	if resp == nil || resp.Request == nil {
		return note{}
	}
	n, _ := resp.Request.Context().Value(noteKey{}).(note)
	return n
}

// RequestOf points to the call that was answered, for a receipt. What is the
// call in words that name nobody.
func RequestOf(resp *http.Response, what string) lastday.Request {
	if resp == nil {
		return lastday.Request{What: what}
	}
	n := noteOf(resp)
	return lastday.Request{What: what, ID: n.requestID, Status: resp.StatusCode, At: n.at}
}

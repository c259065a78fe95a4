package httpx_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/oauth2"

	"lastday"
	"lastday/integrations/internal/httpx"
)

const secret = "tok_5ecret0123456789abcdef"

// farSide serves a handler and gives a client that is pinned to it.
func farSide(t *testing.T, handler http.HandlerFunc, change ...func(*httpx.Options)) *httpx.Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	o := httpx.Options{
		Base:   server.URL + "/api",
		Tokens: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: secret}),
		Now:    func() time.Time { return time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC) },
	}
	for _, c := range change {
		c(&o)
	}
	client, err := httpx.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func wantCode(t *testing.T, err error, want lastday.Code) {
	t.Helper()
	if got := lastday.CodeOf(err); got != want {
		t.Fatalf("code %q, want %q: %v", got, want, err)
	}
	if err != nil && strings.Contains(err.Error(), secret) {
		t.Errorf("the credential stands in the error: %v", err)
	}
}

func TestACallCarriesTheCredentialAndReadsJSON(t *testing.T) {
	client := farSide(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+secret || r.URL.Path != "/api/orgs/acme" {
			w.WriteHeader(http.StatusTeapot)
		}
		w.Header().Set("X-Request-Id", "req-7")
		fmt.Fprint(w, `{"login":"acme"}`)
	})
	var org struct{ Login string }
	reply, err := client.Get(t.Context(), "read org", "orgs/acme", &org)
	if err != nil {
		t.Fatal(err)
	}
	want := lastday.Request{What: "read org", ID: "req-7", Status: 200, At: time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)}
	if diff := cmp.Diff(want, reply.Request); diff != "" || org.Login != "acme" {
		t.Errorf("org %q, request (-want +got):\n%s", org.Login, diff)
	}
}

func TestTheCredentialIsNotSeenOutsideTheCall(t *testing.T) {
	client := farSide(t, func(w http.ResponseWriter, _ *http.Request) {})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, client.Base(), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.HTTP().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if text := fmt.Sprintf("%v %v", req.Header, resp.Request.Header); strings.Contains(text, secret) {
		t.Errorf("the credential is on the request that callers see: %s", text)
	}
}

func TestTheCredentialGoesToNoOtherHost(t *testing.T) {
	var strayed atomic.Bool
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { strayed.Store(true) }))
	defer other.Close()
	client := farSide(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL, http.StatusFound) })

	for name, path := range map[string]string{"an absolute address": other.URL + "/x", "a redirect": "x"} {
		_, err := client.Get(t.Context(), "read", path, nil)
		t.Log(name)
		wantCode(t, err, lastday.CodeInvalid)
	}
	if strayed.Load() {
		t.Error("the other host was called")
	}
}

func TestARedirectThatChangesTheMethodIsRefused(t *testing.T) {
	var gets atomic.Int64
	client := farSide(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			gets.Add(1)
		}
		http.Redirect(w, r, "/api/moved", http.StatusMovedPermanently)
	})
	_, err := client.Send(t.Context(), http.MethodDelete, "take membership", "orgs/a/members/b", nil, nil)
	wantCode(t, err, lastday.CodeInvalid)
	if gets.Load() != 0 {
		t.Error("the redirect was followed")
	}
}

func TestARedirectOfAReadOnTheHostIsFollowed(t *testing.T) {
	client := farSide(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/old" {
			http.Redirect(w, r, "/api/new", http.StatusMovedPermanently)
			return
		}
		fmt.Fprint(w, `"here"`)
	})
	var got string
	if _, err := client.Get(t.Context(), "read", "old", &got); err != nil || got != "here" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestAListIsReadOverAllItsPages(t *testing.T) {
	client := farSide(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Query().Get("page") {
		case "":
			w.Header().Set("Link", `<http://`+r.Host+`/api/teams?page=2>; rel="next"`)
			fmt.Fprint(w, `[1,2]`)
		case "2":
			w.Header().Set("Link", `</api/teams?page=3>; rel="next", <x>; rel="first"`)
			fmt.Fprint(w, `[3]`)
		default:
			fmt.Fprint(w, `[4]`)
		}
	})
	got, err := httpx.GetAll[int](t.Context(), client, "list teams", "teams")
	if diff := cmp.Diff([]int{1, 2, 3, 4}, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestAListIsCompleteOrAnError(t *testing.T) {
	cases := map[string]struct {
		second func(w http.ResponseWriter)
		want   lastday.Code
	}{
		"the second page fails":           {func(w http.ResponseWriter) { w.WriteHeader(500) }, lastday.CodeTransient},
		"the second page leads to itself": {func(w http.ResponseWriter) { w.Header().Set("Link", `</api/l?p=2>; rel="next"`); fmt.Fprint(w, `[]`) }, lastday.CodeInvalid},
		"the second page leads elsewhere": {func(w http.ResponseWriter) {
			w.Header().Set("Link", `<http://192.0.2.1/l>; rel="next"`)
			fmt.Fprint(w, `[]`)
		}, lastday.CodeInvalid},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			client := farSide(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.RawQuery != "" {
					c.second(w)
					return
				}
				w.Header().Set("Link", `</api/l?p=2>; rel="next"`)
				fmt.Fprint(w, `[1]`)
			})
			got, err := httpx.GetAll[int](t.Context(), client, "list", "l")
			wantCode(t, err, c.want)
			if got != nil {
				t.Errorf("half a list was returned: %v", got)
			}
		})
	}
}

func TestAnOversizedAnswerIsRefusedWithAndWithoutItsLength(t *testing.T) {
	for name, flush := range map[string]bool{"with its length": false, "without": true} {
		t.Run(name, func(t *testing.T) {
			client := farSide(t, func(w http.ResponseWriter, _ *http.Request) {
				if flush {
					w.(http.Flusher).Flush()
				}
				fmt.Fprintf(w, "%q", strings.Repeat("x", 2000))
			}, func(o *httpx.Options) { o.MaxBody = 1000 })
			var got string
			_, err := client.Get(t.Context(), "read", "x", &got)
			wantCode(t, err, lastday.CodeInvalid)
			if !strings.Contains(err.Error(), "larger than 1000 bytes") {
				t.Errorf("the limit is not named: %v", err)
			}
			_, err = client.Send(t.Context(), http.MethodPost, "change", "x", nil, &got)
			wantCode(t, err, lastday.CodeUnknownOutcome)
		})
	}
}

func TestAnAnswerOfJustTheLimitIsRead(t *testing.T) {
	client := farSide(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `"12345678"`) },
		func(o *httpx.Options) { o.MaxBody = 10 })
	var got string
	if _, err := client.Get(t.Context(), "read", "x", &got); err != nil || got != "12345678" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestSilenceEndsWithItsCause(t *testing.T) {
	release := make(chan struct{})
	client := farSide(t, func(http.ResponseWriter, *http.Request) { <-release },
		func(o *httpx.Options) { o.Timeout = 20 * time.Millisecond })
	defer close(release)

	_, err := client.Get(t.Context(), "read", "x", nil)
	wantCode(t, err, lastday.CodeTransient)
	if !strings.Contains(err.Error(), "within 20ms") || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("whose patience ended is not said: %v", err)
	}
	_, err = client.Send(t.Context(), http.MethodDelete, "take", "x", nil, nil)
	wantCode(t, err, lastday.CodeUnknownOutcome)
}

func TestALostAnswerAfterAWriteIsUnknown(t *testing.T) {
	client := farSide(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	_, err := client.Send(t.Context(), http.MethodDelete, "take", "x", nil, nil)
	wantCode(t, err, lastday.CodeUnknownOutcome)
	_, err = client.Get(t.Context(), "read", "x", nil)
	wantCode(t, err, lastday.CodeTransient)
	_, err = client.Do(t.Context(), httpx.Call{What: "query", Method: http.MethodPost, Path: "graphql", Reads: true}, nil)
	wantCode(t, err, lastday.CodeTransient)
}

func TestAWriteThatWasNeverSentIsTransient(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	base := server.URL
	server.Close()
	client, err := httpx.New(httpx.Options{Base: base})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.Send(t.Context(), http.MethodDelete, "take", "x", nil, nil)
	wantCode(t, err, lastday.CodeTransient)
}

func TestHalfAnAnswerIsNeverAWholeOne(t *testing.T) {
	cases := map[string]struct {
		handler http.HandlerFunc
		want    lastday.Code
	}{
		"cut in the middle": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, `[1,2`)
		}, lastday.CodeTransient},
		"cut and ended well": {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `[1,2`) }, lastday.CodeTransient},
		"empty":              {func(w http.ResponseWriter, _ *http.Request) {}, lastday.CodeTransient},
		"a login page":       {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `<html>`) }, lastday.CodeTransient},
		"another type":       {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"a":1}`) }, lastday.CodeInvalid},
		"broken": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, `[1,,]`)
		}, lastday.CodeInvalid},
		"two values": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, `[1][2]`)
		}, lastday.CodeInvalid},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			client := farSide(t, func(w http.ResponseWriter, r *http.Request) {
				if name != "a login page" {
					w.Header().Set("Content-Type", "application/json")
				}
				c.handler(w, r)
			})
			var got []int
			_, err := client.Get(t.Context(), "read", "x", &got)
			wantCode(t, err, c.want)
		})
	}
}

func TestBasesThatWouldLeakAreRefused(t *testing.T) {
	for _, base := range []string{"", "acme", "ftp://h", "http://example.org", "https://u:p@example.org", "https://example.org/?a=b"} {
		_, err := httpx.New(httpx.Options{Base: base})
		wantCode(t, err, lastday.CodeInvalid)
	}
	if _, err := httpx.New(httpx.Options{Base: "http://fake:8080", Insecure: true}); err != nil {
		t.Error(err)
	}
}

func TestCountersNest(t *testing.T) {
	client := farSide(t, func(http.ResponseWriter, *http.Request) {})
	ctx, outer := httpx.Count(t.Context())
	inside, inner := httpx.Count(ctx)
	_, _ = client.Get(ctx, "read", "x", nil)
	_, _ = client.Send(inside, http.MethodPut, "change", "x", nil, nil)
	got := []int{outer.Calls(), outer.Writes(), inner.Calls(), inner.Writes()}
	if diff := cmp.Diff([]int{2, 1, 1, 1}, got); diff != "" {
		t.Error(diff)
	}
}

type noToken struct{ err error }

func (s noToken) Token() (*oauth2.Token, error) { return nil, s.err }

func TestWithoutACredentialNothingIsSent(t *testing.T) {
	var called atomic.Bool
	cases := map[string]struct {
		err  error
		want lastday.Code
	}{
		"refused":     {&oauth2.RetrieveError{Response: &http.Response{StatusCode: 401}, Body: []byte("client_secret=" + secret)}, lastday.CodeDenied},
		"unreachable": {errors.New("no route to https://u:p@idp.example.org/?code=" + secret), lastday.CodeTransient},
		"coded":       {lastday.Errorf(lastday.CodeInvalid, "token", "no key"), lastday.CodeInvalid},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			client := farSide(t, func(http.ResponseWriter, *http.Request) { called.Store(true) },
				func(o *httpx.Options) { o.Tokens = noToken{c.err} })
			_, err := client.Send(t.Context(), http.MethodDelete, "take", "x", nil, nil)
			wantCode(t, err, c.want)
		})
	}
	if called.Load() {
		t.Error("a call went out without a credential")
	}
}

type transportFunc func(*http.Request) (*http.Response, error)

func (f transportFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestOnlyWhatWasSurelyNotSentIsTransient(t *testing.T) {
	untrusted := httptest.NewTLSServer(http.NotFoundHandler())
	untrusted.Config.ErrorLog = log.New(io.Discard, "", 0)
	defer untrusted.Close()
	silent := transportFunc(func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF })
	cases := map[string]struct {
		o    httpx.Options
		want lastday.Code
	}{
		"the handshake failed, the transport says so": {httpx.Options{Base: untrusted.URL}, lastday.CodeTransient},
		"a transport that says nothing":               {httpx.Options{Base: untrusted.URL, Transport: silent}, lastday.CodeUnknownOutcome},
	}
	for name, c := range cases {
		client, err := httpx.New(c.o)
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.Send(t.Context(), http.MethodDelete, "take", "x", nil, nil)
		t.Log(name)
		wantCode(t, err, c.want)
	}
}

package httpx_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lastday"
	"lastday/integrations/internal/httpx"
)

func answer(status int, body string, header ...string) *http.Response {
	h := http.Header{"Date": {"Sun, 22 Nov 2026 08:00:00 GMT"}}
	for i := 0; i < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}
}

func TestEveryAnswerHasItsCode(t *testing.T) {
	const epoch = "1795334700" // 2026-11-22 08:05:00 UTC
	cases := []struct {
		name  string
		resp  *http.Response
		wrote bool
		want  lastday.Code
		wait  time.Duration
	}{
		{"ok", answer(200, ""), true, "", 0},
		{"gone after a change", answer(204, ""), true, "", 0},
		{"moved", answer(301, ""), false, lastday.CodeInvalid, 0},
		{"bad request", answer(400, ""), false, lastday.CodeInvalid, 0},
		{"our credential", answer(401, ""), false, lastday.CodeDenied, 0},
		{"forbidden", answer(403, `{"message":"Must have admin rights"}`), true, lastday.CodeDenied, 0},
		{"empty quota", answer(403, "", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", epoch), false, lastday.CodeRateLimited, 5 * time.Minute},
		{"secondary limit by its words", answer(403, `{"message":"You have exceeded a secondary rate limit"}`), true, lastday.CodeRateLimited, time.Minute},
		{"secondary limit by its header", answer(403, "", "Retry-After", "40"), true, lastday.CodeRateLimited, 40 * time.Second},
		{"too many", answer(429, "", "Retry-After", "7"), false, lastday.CodeRateLimited, 7 * time.Second},
		{"too many until a date", answer(429, "", "Retry-After", "Sun, 22 Nov 2026 08:01:30 GMT"), false, lastday.CodeRateLimited, 90 * time.Second},
		{"too many and no word when", answer(429, ""), false, lastday.CodeRateLimited, time.Minute},
		{"not there", answer(404, ""), false, lastday.CodeNotFound, 0},
		{"gone", answer(410, ""), false, lastday.CodeNotFound, 0},
		{"conflict", answer(409, ""), true, lastday.CodeTransient, 0},
		{"nonsense", answer(422, ""), true, lastday.CodeInvalid, 0},
		{"broken while reading", answer(500, ""), false, lastday.CodeTransient, 0},
		{"broken while changing", answer(500, ""), true, lastday.CodeUnknownOutcome, 0},
		{"gateway while changing", answer(502, ""), true, lastday.CodeUnknownOutcome, 0},
		{"never built", answer(501, ""), true, lastday.CodeUnsupported, 0},
		{"closed for a while", answer(503, "", "Retry-After", "3"), true, lastday.CodeTransient, 3 * time.Second},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			err := httpx.Classify(c.resp, nil, c.wrote)
			wantCode(t, err, c.want)
			if got := lastday.RetryAfterOf(err); got != c.wait {
				t.Errorf("wait %s, want %s", got, c.wait)
			}
		})
	}
}

func TestErrorsSayWhyButNotWhoNorHow(t *testing.T) {
	const who, where = "kim.lee@acme.example", "https://api.example.org/users?q=kim&access_token=" + secret
	cause := &url.Error{Op: "Get", URL: where, Err: fmt.Errorf("proxy said: %s: %w", who, io.ErrUnexpectedEOF)}
	body := fmt.Sprintf(`{"message":"Must be an owner: %s with Bearer %s at %s ghp_abc123"}`, who, secret, where)
	for name, err := range map[string]error{
		"no answer": httpx.Classify(nil, cause, false),
		"unknown":   httpx.Classify(nil, cause, true),
		"refused":   httpx.Classify(answer(403, body), nil, true),
	} {
		for _, hidden := range []string{secret, who, "kim", "access_token", "ghp_abc123", "/users"} {
			if strings.Contains(err.Error(), hidden) {
				t.Errorf("%s: %q stands in %q", name, hidden, err)
			}
		}
	}
	if err := httpx.Classify(nil, cause, false); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error("the cause is out of reach")
	}
	if err := httpx.Classify(answer(403, body), nil, true); !strings.Contains(err.Error(), "Must be an owner") {
		t.Errorf("why is lost: %v", err)
	}
}

func TestPathsAreEscapedAndNeverEmpty(t *testing.T) {
	got, err := httpx.Path("orgs", "a/../b", "members", "ü?x#y")
	if want := "orgs/a%2F..%2Fb/members/%C3%BC%3Fx%23y"; err != nil || got != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	for _, bad := range []string{"", ".", ".."} {
		_, err := httpx.Path("orgs", bad)
		wantCode(t, err, lastday.CodeInvalid)
	}
}

func TestLinksAreReadAsTheStandardSays(t *testing.T) {
	cases := map[string]map[string]string{
		``:                                    {},
		`<a?x=1,2;3>; rel="next"`:             {"next": "a?x=1,2;3"},
		`<a>; rel=next, <b>; rel="last prev"`: {"next": "a", "last": "b", "prev": "b"},
		`<a>; title="x, <c>; rel=\"next\""; rel="first"`: {"first": "a"},
		`<a>; REL="NEXT"`:                  {"next": "a"},
		`<a>; rel="next", <b>; rel="next"`: {"next": "a"},
		`<a; rel="next"`:                   {},
	}
	for header, want := range cases {
		if diff := cmp.Diff(want, httpx.ParseLinks(header)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", header, diff)
		}
	}
}

func FuzzParseRetryAfter(f *testing.F) {
	for _, seed := range []string{"", "7", "-1", "99999999999999999999", "Sun, 22 Nov 2026 08:01:30 GMT", "Mon, 01 Jan 0001 00:00:00 GMT"} {
		f.Add(seed)
	}
	now := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, value string) {
		d, ok := httpx.ParseRetryAfter(value, now)
		if d < 0 || d > 24*time.Hour || (!ok && d != 0) {
			t.Errorf("%q gives %s, %v", value, d, ok)
		}
	})
}

func FuzzParseLinks(f *testing.F) {
	for _, seed := range []string{"", `<a>; rel="next"`, `<a>; rel=next, <b>; rel="last prev"`, `<`, `<>;rel=`, `<a>;t="\`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		for rel, target := range httpx.ParseLinks(header) {
			if !strings.Contains(header, "<"+target+">") || rel == "" {
				t.Errorf("%q gives %q for %q", header, target, rel)
			}
		}
	})
}

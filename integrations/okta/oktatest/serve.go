package oktatest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"

	"lastday/integrations/integrationtest"
)

// Exchange is one call as it was received and answered.
type Exchange struct {
	Method, Path, Query, Body string
	Status                    int
	Answer                    string
}

// Calls are all calls so far that no fault spoiled.
func (s *Server) Calls() []Exchange {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// Start serves the organization on loopback until the end of the test.
func (s *Server) Start(cleanup func(func())) string {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /oauth2/v1/token", s.mint)
	mux.Handle("/", s.Wrap(s.recorded(s.routes())))
	server := httptest.NewServer(mux)
	cleanup(server.Close)
	return server.URL
}

// recorded keeps what went in and out.
func (s *Server) recorded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		if err != nil {
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		answer := httptest.NewRecorder()
		next.ServeHTTP(answer, r)
		s.mu.Lock()
		s.calls = append(s.calls, Exchange{r.Method, r.URL.Path, r.URL.RawQuery, string(body), answer.Code, answer.Body.String()})
		n := len(s.calls)
		s.mu.Unlock()
		maps.Copy(w.Header(), answer.Header())
		w.Header().Set("X-Okta-Request-Id", fmt.Sprintf("req-%06d", n))
		w.Header().Set("Date", s.now().UTC().Format(http.TimeFormat))
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes()) // a caller that is gone needs no answer
	})
}

// reply is an answer. A nil body is none.
type reply struct {
	status int
	body   any
}

func fail(status int, code, summary string) reply {
	return reply{status, map[string]any{
		"errorCode": code, "errorSummary": summary, "errorLink": code, "errorId": "oae" + code, "errorCauses": []any{},
	}}
}

func notFound(what string) reply {
	return fail(http.StatusNotFound, "E0000007", "Not found: Resource not found: "+what)
}

func forbidden() reply {
	return fail(http.StatusForbidden, "E0000006", "You do not have permission to perform the requested action")
}

type answer func(r *http.Request) reply

// route answers under the lock, after the caller was let in.
func (s *Server) route(mux *http.ServeMux, pattern string, scope string, do answer) {
	mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		out := s.gate(w, r, pattern, scope)
		if out == nil {
			done := do(r)
			out = &done
		}
		s.mu.Unlock()
		s.write(w, r, *out)
	})
}

func (s *Server) gate(w http.ResponseWriter, r *http.Request, pattern, scope string) *reply {
	refused := func(r reply) *reply { return &r }
	if s.rate != nil && s.now().Before(*s.rate) {
		w.Header().Set("X-Rate-Limit-Limit", "600")
		w.Header().Set("X-Rate-Limit-Remaining", "0")
		w.Header().Set("X-Rate-Limit-Reset", strconv.FormatInt(s.rate.Unix(), 10))
		return refused(fail(http.StatusTooManyRequests, "E0000047", "API call exceeded rate limit due to too many requests."))
	}
	allowed, known := s.caller(r, scope)
	if !known {
		return refused(fail(http.StatusUnauthorized, "E0000011", "Invalid token provided"))
	}
	if why, ok := s.refuse[pattern]; ok {
		why.then()
		code := why.code
		status := map[string]int{"E0000001": 400, "E0000022": 405, "E0000007": 404}[code]
		if status == 0 {
			status = http.StatusForbidden
		}
		return refused(fail(status, code, "refused on purpose"))
	}
	if !allowed {
		if strings.HasPrefix(r.Header.Get("Authorization"), "Bearer ") {
			w.Header().Set("WWW-Authenticate", `Bearer error="insufficient_scope", error_description="The access token provided does not contain the required scopes."`)
		}
		return refused(forbidden())
	}
	w.Header().Set("X-Rate-Limit-Remaining", "599")
	return nil
}

// caller says whether the credential is known, and whether it may do this: an
// API token may what its owner may, an access token what its scopes say.
func (s *Server) caller(r *http.Request, scope string) (allowed, known bool) {
	kind, value, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if kind == "Bearer" {
		b, ok := s.bearer[value]
		ok = ok && s.now().Before(b.until)
		reads := strings.HasSuffix(scope, ".read")
		manage := strings.TrimSuffix(scope, ".read") + ".manage"
		return ok && (slices.Contains(b.scopes, manage) || reads && slices.Contains(b.scopes, scope)), ok
	}
	for _, t := range s.tokens {
		if kind == "SSWS" && t.value == value {
			owner := s.users[t.user]
			super := slices.ContainsFunc(owner.roles, func(r *role) bool { return r.kind == "SUPER_ADMIN" })
			organization := slices.ContainsFunc(owner.roles, func(r *role) bool { return r.kind == "ORG_ADMIN" })
			return super || organization && !strings.HasPrefix(scope, "okta.roles") && !strings.HasPrefix(scope, "okta.apiTokens"), true
		}
	}
	return false, false
}

// self is the owner of the API token of a call; nil for an access token.
func (s *Server) self(r *http.Request) *User {
	_, value, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	for _, t := range s.tokens {
		if t.value == value {
			return s.users[t.user]
		}
	}
	return nil
}

// write answers; lists go out page by page.
func (s *Server) write(w http.ResponseWriter, r *http.Request, out reply) {
	w.Header().Set("Content-Type", "application/json")
	body := out.body
	if items, ok := body.([]any); ok {
		if s.Is(integrationtest.Blind) || slices.ContainsFunc(s.hushed, func(end string) bool { return strings.HasSuffix(r.URL.Path, end) }) {
			items = []any{}
		}
		if body = items; pages(r.URL.Path) {
			body = s.cut(w, r, items)
		}
	}
	w.WriteHeader(out.status)
	if body == nil {
		return
	}
	text, err := json.Marshal(body)
	if err != nil {
		panic(err) // a mistake in this package
	}
	_, _ = w.Write(text) // a caller that is gone needs no answer
}

// pages says which lists have pages by their description; the others come whole.
func pages(path string) bool {
	for _, end := range []string{"/users", "/apps", "/rules", "/logs", "/grants", "/tokens"} {
		if strings.HasSuffix(path, end) && !strings.HasSuffix(path, "/api-tokens") {
			return true
		}
	}
	return false
}

func (s *Server) cut(w http.ResponseWriter, r *http.Request, items []any) []any {
	from, _ := strconv.Atoi(strings.TrimPrefix(r.URL.Query().Get("after"), "at")) // no number is the beginning
	size := s.page
	if limit, err := strconv.Atoi(r.URL.Query().Get("limit")); err == nil && limit > 0 {
		size = min(size, limit)
	}
	from = min(from, len(items))
	to := min(from+size, len(items))
	self := "http://" + r.Host + r.URL.String()
	w.Header().Add("Link", "<"+self+`>; rel="self"`)
	if to < len(items) {
		q := r.URL.Query()
		q.Set("after", fmt.Sprintf("at%d", to))
		w.Header().Add("Link", "<http://"+r.Host+r.URL.Path+"?"+q.Encode()+`>; rel="next"`)
	}
	return items[from:to]
}

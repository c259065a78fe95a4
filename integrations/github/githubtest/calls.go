package githubtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// Call is one request and what was answered. Credentials are not part of it.
type Call struct {
	Number   int64             `json:"number"`
	Time     time.Time         `json:"time"`
	Method   string            `json:"method"`
	Path     string            `json:"path"`            // without the base path, escaped as sent
	Query    string            `json:"query,omitempty"` // as sent
	Route    string            `json:"route"`           // "GET /orgs/{org}", empty for an unknown path
	Caller   string            `json:"caller"`          // login, app slug, or "anonymous"
	Header   http.Header       `json:"header"`          // without Authorization
	Body     string            `json:"body,omitempty"`
	Status   int               `json:"status"`
	Answer   http.Header       `json:"answer"`
	Response string            `json:"response,omitempty"`
	Vars     map[string]string `json:"vars,omitempty"`
	Fault    bool              `json:"fault,omitempty"` // a planted fault struck
}

func (s *Server) log(c *call, out *reply, f *Fault) {
	h := c.r.Header.Clone()
	h.Del("Authorization")
	entry := Call{
		Number: s.served, Time: c.now, Method: c.r.Method, Path: c.path, Query: c.r.URL.RawQuery, Caller: c.who.name(),
		Header: h, Body: string(c.body), Status: out.status, Answer: out.header.Clone(), Vars: c.vars, Fault: f != nil,
	}
	if c.route != nil {
		entry.Route = c.route.Name()
	}
	if !s.opts.DropResponseBodies {
		entry.Response = string(out.raw)
	}
	s.calls = append(s.calls, entry)
}

// Calls returns everything that was asked and answered so far, oldest first.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Call(nil), s.calls...)
}

// ForgetCalls empties the log.
func (s *Server) ForgetCalls() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = nil
}

// Counts tells how often each route was called; unknown paths count as "".
func (s *Server) Counts() map[string]int {
	out := map[string]int{}
	for _, c := range s.Calls() {
		out[c.Route]++
	}
	return out
}

// Writes returns the calls that may have changed something: everything but GET, HEAD and GraphQL.
func (s *Server) Writes() []Call {
	var out []Call
	for _, c := range s.Calls() {
		if c.Method != http.MethodGet && c.Method != http.MethodHead && c.Path != "/graphql" {
			out = append(out, c)
		}
	}
	return out
}

// Record appends the log as JSON lines to calls.jsonl in dir, which it creates if need be.
func (s *Server) Record(dir string) (err error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("record: create folder: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(filepath.Clean(dir), "calls.jsonl"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("record: open: %w", err)
	}
	defer func() {
		if cerr := f.Close(); err == nil && cerr != nil {
			err = fmt.Errorf("record: close: %w", cerr)
		}
	}()
	enc := json.NewEncoder(f)
	for _, c := range s.Calls() {
		if err := enc.Encode(c); err != nil {
			return fmt.Errorf("record: write: %w", err)
		}
	}
	return nil
}

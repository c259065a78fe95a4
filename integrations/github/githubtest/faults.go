package githubtest

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Fault is one way for a route to misbehave. Several fields may be combined; the zero value changes nothing.
type Fault struct {
	// Status answers with this status instead of doing the work. With Body and Header it forms the whole answer.
	Status int
	// Header is added to the answer.
	Header http.Header
	// Body replaces the body of the answer; with Status 0 the work is done and only the body is replaced.
	Body string
	// Times is how often the fault strikes; 0 means until it is cleared.
	Times int
	// Skip lets that many matching requests pass before the fault strikes.
	Skip int
	// DropAfterWrite does the work and then breaks the connection without an answer.
	DropAfterWrite bool
	// Reset breaks the connection without doing the work.
	Reset bool
	// Truncate ends the connection after that many bytes of the body.
	Truncate int
	// Malformed answers 200 with a body that is no JSON; the work is done.
	Malformed bool
	// Oversize answers with a body of at least that many bytes of valid JSON; the work is done.
	Oversize int
	// Delay holds the answer back; the work is done at once.
	Delay time.Duration
	// HalfPages answers lists with their first half and without a link to the rest, status 200.
	HalfPages bool
	// Blind answers 404 to everything, as GitHub does to those who may not know.
	Blind bool
	// Redirect answers 301 (or Status, if set) with this location.
	Redirect string
}

type fault struct {
	Fault
	method  string
	path    []string
	hits    int
	skipped int
	cleared bool
}

// Fail makes the requests that match the pattern misbehave, and returns the way to make it stop. A pattern is a method
// and a path without base path, such as "DELETE /orgs/*/members/*": "*" or any "{name}" stands for one segment, a last
// "**" for the rest, and the method "*" for all. The fault set last is asked first.
func (s *Server) Fail(pattern string, f Fault) (clear func()) {
	method, path, _ := strings.Cut(pattern, " ")
	added := &fault{Fault: f, method: method, path: strings.Split(strings.Trim(path, "/"), "/")}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, added)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		added.cleared = true
	}
}

// ClearFaults makes every fault stop.
func (s *Server) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// faultFor returns the fault that strikes this call, or nil.
func (s *Server) faultFor(c *call) *Fault {
	for _, f := range slices.Backward(s.faults) {

		if f.cleared || !f.matches(c) || (f.Times > 0 && f.hits >= f.Times) {
			continue
		}
		if f.skipped < f.Skip {
			f.skipped++
			continue
		}
		f.hits++
		return &f.Fault
	}
	return nil
}

func (f *fault) matches(c *call) bool {
	if f.method != "*" && f.method != c.r.Method {
		return false
	}
	segs := strings.Split(strings.Trim(c.path, "/"), "/")
	for i, want := range f.path {
		if want == "**" {
			return true
		}
		if i >= len(segs) || !wild(want) && !strings.EqualFold(want, segs[i]) {
			return false
		}
	}
	return len(segs) == len(f.path)
}

func wild(seg string) bool { return seg == "*" || strings.HasPrefix(seg, "{") }

// instead reports whether the fault answers in the place of the work.
func (f *Fault) instead() bool {
	return f != nil && (f.Status != 0 || f.Blind || f.Redirect != "" || f.Reset)
}

func (f *Fault) reply() *reply {
	status := f.Status
	switch {
	case status != 0:
	case f.Redirect != "":
		status = http.StatusMovedPermanently
	case f.Blind:
		status = http.StatusNotFound
	default:
		status = http.StatusBadGateway // never seen: the connection breaks first
	}
	out := failure(status, faultMessage(status))
	if status < 300 {
		out.body = obj{}
	}
	if f.Redirect != "" {
		out.with("Location", f.Redirect)
	}
	return out
}

func faultMessage(status int) string {
	switch status {
	case http.StatusNotFound:
		return "Not Found"
	case http.StatusUnauthorized:
		return "Bad credentials"
	case http.StatusMovedPermanently:
		return "Moved Permanently"
	case http.StatusTooManyRequests:
		return "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
	}
	return http.StatusText(status)
}

// mangle changes an encoded answer as the fault says.
func (f *Fault) mangle(out *reply) {
	if f == nil {
		return
	}
	if f.Body != "" {
		out.raw = []byte(f.Body)
	}
	if f.Malformed {
		out.status, out.raw = http.StatusOK, []byte(`{"login": "oct`)
	}
	if f.Oversize > 0 {
		out.raw = append(bytes.Repeat([]byte(" "), f.Oversize), out.raw...)
	}
	if f.Malformed || f.Body != "" {
		out.header.Del("ETag")
	}
	for k, v := range f.Header {
		out.header[http.CanonicalHeaderKey(k)] = v
	}
}

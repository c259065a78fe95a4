package integrationtest

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
)

// Faults lets an HTTP fake misbehave, and counts its writes. It does all that
// needs no knowledge of the far side; Blind and WrongUser are for the fake,
// which asks Is. A fake that embeds it has Break, Mend and Writes. The zero
// Faults behaves well.
type Faults struct {
	mu     sync.Mutex
	fault  Fault
	writes int
}

// Break begins a fault.
func (f *Faults) Break(fault Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fault = fault
}

// Mend ends it.
func (f *Faults) Mend() { f.Break("") }

// Is says whether a fault is on.
func (f *Faults) Is(fault Fault) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.fault == fault
}

// Writes counts the calls received whose method could change something.
func (f *Faults) Writes() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.writes
}

// Wrap makes next misbehave while a fault is on.
func (f *Faults) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		write := r.Method != http.MethodGet && r.Method != http.MethodHead
		fault := f.received(write)
		if spoil(w, r, fault) {
			return
		}
		if fault == LostWrite && write {
			next.ServeHTTP(discard{header: http.Header{}}, r)
			panic(http.ErrAbortHandler) // net/http's way to cut the connection
		}
		next.ServeHTTP(w, r)
	})
}

func (f *Faults) received(write bool) Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	if write {
		f.writes++
	}
	return f.fault
}

// spoil answers in place of the far side, if the fault wants that. Refusals
// echo the credential: some far sides do.
func spoil(w http.ResponseWriter, r *http.Request, fault Fault) bool {
	const size = 33 << 20
	w.Header().Set("Content-Type", "application/json")
	statuses := map[Fault]int{RateLimited: 429, Broken: 500, Unauthorized: 401, Forbidden: 403}
	switch {
	case statuses[fault] != 0:
		if fault == RateLimited {
			w.Header().Set("Retry-After", fmt.Sprint(int(RetryAfter.Seconds())))
		}
		w.WriteHeader(statuses[fault])
		_, _ = fmt.Fprintf(w, `{"message":"not with %s"}`, r.Header.Get("Authorization")) //nolint:gosec // G705: no browser reads it; it plants a secret in an answer.
	case fault == Malformed:
		_, _ = io.WriteString(w, `{"id":`)
	case fault == Oversized:
		_, _ = io.Copy(w, io.MultiReader(strings.NewReader(`["`), io.LimitReader(letters{}, size), strings.NewReader(`"]`)))
	default:
		return false
	}
	return true
}

// letters is an endless text.
type letters struct{}

func (letters) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

// discard is where an answer goes that gets lost.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(p []byte) (int, error) { return len(p), nil }
func (d discard) WriteHeader(int)             {}

package integrationtest_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"lastday"
	"lastday/integrations"
	"lastday/integrations/integrationtest"
)

// plant makes a driver with a fault out of the reference.
type plant func(d *driver, far *club) integrations.Driver

func sound(d *driver, _ *club) integrations.Driver { return d }

func harness(flaw string, make plant) integrationtest.Harness {
	return integrationtest.Harness{Description: description(), Open: func(t integrationtest.T) integrationtest.World {
		far := newClub()
		server := httptest.NewServer(far.Wrap(far))
		t.Cleanup(server.Close)
		log := &buffer{}
		d, err := newDriver(server.URL, flaw, log)
		if err != nil {
			t.Fatalf("driver: %v", err)
		}
		return integrationtest.World{
			System: "club", Driver: make(d, far), Far: far,
			Leaver:    lastday.Person{Key: "p-1", Name: "Kim", Emails: []string{"kim@acme.example"}},
			Bystander: lastday.Person{Key: "p-2", Name: "Lee", Emails: []string{"lee@acme.example"}},
			Stranger:  lastday.Person{Key: "p-3", Name: "Max", Emails: []string{"max@acme.example"}},
			LeaverID:  leaverID, BystanderID: otherID,
			Secrets: []string{clubSecret}, Logs: log.String, Now: epoch,
			LastOwner: func() integrationtest.Entry {
				hall := integrationtest.Entry{Kind: "room", Resource: "hall", Rung: "owner"}
				far.Put(leaverID, hall)
				return hall
			},
		}
	}}
}

type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func TestTheReferencePasses(t *testing.T) { integrationtest.Run(t, harness("", sound)) }

func TestASurveySaysHowManyCallsItTook(t *testing.T) {
	far := newClub()
	var calls atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		far.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	d, err := newDriver(server.URL, "", io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	person := lastday.Person{Key: "p-1", Emails: []string{"kim@acme.example"}}
	inv, err := integrations.NewSurveyor("club", d, integrations.Options{Now: epoch}).Survey(t.Context(), person, nil)
	if err != nil || inv.Calls == 0 || int64(inv.Calls) != calls.Load() {
		t.Errorf("says %d calls, the far side received %d (%v)", inv.Calls, calls.Load(), err)
	}
}

// planted lists faults, each with the check that must catch it.
func planted() []struct{ check, flaw string } {
	return []struct{ check, flaw string }{
		{"finds just the account that is the person's", "names another system"},
		{"never finds by likeness", "finds by the name"},
		{"never finds by likeness", "searches by the first letters"},
		{"finds nobody only with a positive control", "never shows a control"},
		{"refuses an answer about somebody else", "believes the search"},
		{"refuses an answer about somebody else", "believes the account"},
		{"lists all that there is and nothing else", "reads the first page only"},
		{"lists all that there is and nothing else", "skips invitations"},
		{"shows that it would have seen more", "never shows a control"},
		{"lists what it declares", "lists what it does not declare"},
		{"lists what it declares", "lists a new order each time"},
		{"reading never writes", "writes while listing"},
		{"lists nothing, and says so, once the account has vanished", "takes a vanished account for an error"},
		{"blind eyes prove nothing", "believes itself to see all"},
		{"blind eyes prove nothing", "404 is success"},
		{"changes one grant and nothing else", "says done and does nothing"},
		{"changes one grant and nothing else", "takes everything"},
		{"changes one grant and nothing else", "claims to have observed"},
		{"reaches every rung on the way down", "takes away at once"},
		{"takes everything from the leaver and nothing from others", "takes from a bystander"},
		{"twice is fine", "takes 'already gone' for an error"},
		{"twice is fine", "writes again"},
		{"fine after the account has vanished", "takes 'already gone' for an error"},
		{"fine after the account has vanished", "raises what is gone"},
		{"never raises on the way down", "raises what is gone"},
		{"refuses what makes no sense", "takes nonsense"},
		{"refuses what makes no sense", "takes any cursor"},
		{"does not take the last owner", "takes the last owner"},
		{"two at once are fine", "is careless with two at once"},
		{"gives back just what it took, where that is declared", "gives back something else"},
		{"gives back just what it took, where that is declared", "gives back keys"},
		{"does not give back over what others did since", "restores over drift"},
		{"trouble has its code", "cuts the error chain"},
		{"trouble has its code", "calls everything transient"},
		{"waits as long as it is asked to, and lets others wait", "loses the wait"},
		{"waits as long as it is asked to, and lets others wait", "sleeps"},
		{"does not try again by itself", "tries again by itself"},
		{"a lost answer is not a failure and not a success", "takes a lost answer for a failure"},
		{"ends when its caller is gone", "is deaf"},
		{"tells no secret", "tells the token in errors"},
		{"tells no secret", "tells the token in receipts"},
		{"tells no secret", "logs who is sought"},
	}
}

// makers makes the faulty drivers that are more than a flaw of the reference.
func makers() map[string]plant {
	return map[string]plant{
		"believes the account": func(d *driver, _ *club) integrations.Driver { return credulous{d} },
		"404 is success":       func(d *driver, _ *club) integrations.Driver { return faithless{d} },
		"takes everything": func(d *driver, far *club) integrations.Driver {
			return collateral{d, far, func(c *club) {
				for _, e := range c.Access(leaverID) {
					e.Rung = lastday.None
					c.Put(leaverID, e)
				}
			}}
		},
		"takes from a bystander": func(d *driver, far *club) integrations.Driver {
			return collateral{d, far, func(c *club) {
				c.Put(otherID, integrationtest.Entry{Kind: "room", Resource: "hall", Rung: lastday.None})
			}}
		},
		"is deaf": func(d *driver, _ *club) integrations.Driver { return deaf{d} },
		"is careless with two at once": func(d *driver, _ *club) integrations.Driver {
			return careless{d, &atomic.Value{}}
		},
	}
}

func TestEveryCheckCatchesItsPlantedFaults(t *testing.T) {
	for _, p := range planted() {
		t.Run(p.flaw+" / "+p.check, func(t *testing.T) {
			make := makers()[p.flaw]
			if make == nil {
				make = sound
			}
			r := ask(t, p.check, harness(p.flaw, make))
			if len(r.errors) == 0 {
				t.Error("the fault was not caught")
			}
			t.Logf("caught: %s", strings.Join(r.errors, "\n"))
		})
	}
}

func TestNoCheckIsWithoutAPlantedFault(t *testing.T) {
	for _, c := range integrationtest.Checks() {
		if !slices.ContainsFunc(planted(), func(p struct{ check, flaw string }) bool { return p.check == c.Name }) {
			t.Errorf("nothing shows that %q can fail", c.Name)
		}
	}
}

func TestAHarnessThatMakesItTooEasyFails(t *testing.T) {
	h := harness("", sound)
	open := h.Open
	h.Open = func(t integrationtest.T) integrationtest.World {
		w := open(t)
		w.Far.Vanish(leaverID)
		w.Far.Put(leaverID, integrationtest.Entry{Kind: "room", Resource: "hall", Rung: "guest"})
		return w
	}
	r := ask(t, "lists all that there is and nothing else", h)
	for _, part := range []string{"no key", "no seat", "pending", "beyond the first page"} {
		if !strings.Contains(strings.Join(r.errors, "\n"), part) {
			t.Errorf("%q is not told: %v", part, r.errors)
		}
	}
	h.Absent = map[string]string{"key": "x", "seat": "x", "pending": "x", "later": "x"}
	if r := ask(t, "lists all that there is and nothing else", h); len(r.errors) > 0 {
		t.Errorf("excused, and yet: %v", r.errors)
	}
}

// recorder is a T that notes failures in place of failing.
type recorder struct {
	t      *testing.T
	mu     sync.Mutex
	errors []string
}

func ask(t *testing.T, check string, h integrationtest.Harness) *recorder {
	t.Helper()
	i := slices.IndexFunc(integrationtest.Checks(), func(c integrationtest.Check) bool { return c.Name == check })
	if i < 0 {
		t.Fatalf("no check %q", check)
	}
	r := &recorder{t: t}
	ended := make(chan struct{})
	go func() { // Fatalf ends the goroutine
		defer close(ended)
		integrationtest.Checks()[i].Ask(r, h)
	}()
	<-ended
	return r
}

func (r *recorder) Helper()                         {}
func (r *recorder) Context() context.Context        { return r.t.Context() }
func (r *recorder) Cleanup(f func())                { r.t.Cleanup(f) }
func (r *recorder) Logf(format string, args ...any) { r.t.Logf(format, args...) }

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

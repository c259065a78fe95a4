package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"lastday"
	"lastday/integrations/hr"
	"lastday/integrations/hr/generic"
)

// What bench sends must be what HR sends: the source that the starter has
// verifies and understands it.
func TestEventsAreThoseOfHR(t *testing.T) {
	const secret = "whsec_bGFzdGRheS1iZW5jaG1hcmstc2lnbmluZy1rZXktMDE="
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	h := &house{o: options{now: func() time.Time { return now }}, secret: secret, listen: "127.0.0.1:1"}
	source := sourceWith(t, secret, now)
	later := lastday.Date{Year: 2026, Month: time.December, Day: 18}
	for name, l := range map[string]leaver{"scheduled": {number: 3, lastDay: later}, "immediate": {number: 4}} {
		t.Run(name, func(t *testing.T) {
			request, err := h.request(t.Context(), l)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(request.Body)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := source.Verify(request.Header, body, now); err != nil {
				t.Fatal(err)
			}
			events, err := source.Parse(body)
			if err != nil || len(events) != 1 || events[0].Separation == nil {
				t.Fatalf("%v %+v", err, events)
			}
			s := *events[0].Separation
			s.Source = "people"
			want := l.lastDay
			if want.IsZero() {
				want = lastday.DateOf(now)
			}
			if s.LastDay != want || string(s.Kind) != name || s.CaseID() != caseOf(l) {
				t.Errorf("%+v", s)
			}
		})
	}
}

func sourceWith(t *testing.T, secret string, now time.Time) *generic.Source {
	t.Helper()
	resolve := hr.Resolver(func(_ context.Context, _ string) (string, error) { return secret, nil })
	s, err := generic.New("people", generic.Config{Secrets: []hr.Secret{{ID: "one", Ref: "env:S"}}, Domains: []string{"bench.example"}}, generic.Deps{Secret: resolve})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Refresh(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEventsAreSentAgainAsHRDoes(t *testing.T) {
	var asked atomic.Int64
	starter := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		status := http.StatusAccepted
		if asked.Add(1) < 3 {
			status = http.StatusServiceUnavailable
		}
		w.WriteHeader(status)
	}))
	defer starter.Close()
	h := &house{o: options{now: time.Now}, secret: "whsec_bGFzdGRheS1iZW5jaG1hcmstc2lnbmluZy1rZXktMDE=", listen: strings.TrimPrefix(starter.URL, "http://")}
	if _, err := h.send(t.Context(), leaver{}); err != nil || asked.Load() != 3 || h.again.Load() != 2 {
		t.Errorf("%d attempts, %d again: %v", asked.Load(), h.again.Load(), err)
	}
}

func TestAnEventThatIsRefusedIsAMistakeOfOurs(t *testing.T) {
	starter := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }))
	defer starter.Close()
	h := &house{o: options{now: time.Now}, secret: "whsec_bGFzdGRheS1iZW5jaG1hcmstc2lnbmluZy1rZXktMDE=", listen: strings.TrimPrefix(starter.URL, "http://")}
	if _, err := h.send(t.Context(), leaver{}); err == nil || h.again.Load() != 0 {
		t.Errorf("again %d times: %v", h.again.Load(), err)
	}
}

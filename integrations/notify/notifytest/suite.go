// Package notifytest asks of every channel what package notify promises, and
// has a receiver for those that speak HTTP.
package notifytest

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lastday"
	"lastday/integrations/notify"
)

// Harness is what a channel brings to be tested.
type Harness struct {
	// Channel is connected to a fresh far side.
	Channel notify.Channel
	// Received is what arrived, in order, repetitions included.
	Received func() []notify.Notice
	// Break lets the next sendings fail on the far side, and Mend ends it; both nil
	// if there is none.
	Break func(status int)
	Mend  func()
	// Secrets must stand in no error.
	Secrets []string
}

// Sample is a sound notice.
func Sample() notify.Notice {
	return notify.Notice{
		ID: "n-1", Case: "c-abc", System: "gh", Stage: "cut", Kind: notify.KindStuck, Urgent: true,
		Text: "The system does not answer <since> 4 h & more.", Link: "https://lastday.example.org/cases/c-abc",
		At: time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC),
	}
}

// Run asks all questions, each of a fresh harness.
func Run(t *testing.T, open func(t *testing.T) Harness) {
	t.Helper()
	t.Run("what is sent arrives as it is", func(t *testing.T) { askArrives(t, open(t)) })
	t.Run("a repetition keeps its id", func(t *testing.T) { askRepeats(t, open(t)) })
	t.Run("what is no notice is not sent", func(t *testing.T) { askRefuses(t, open(t)) })
	t.Run("a caller who is gone is told so", func(t *testing.T) { askCancelled(t, open(t)) })
	t.Run("trouble has its code and tells no secret", func(t *testing.T) { askTrouble(t, open(t)) })
}

func askArrives(t *testing.T, h Harness) {
	if err := h.Channel.Send(t.Context(), Sample()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]notify.Notice{Sample()}, h.Received()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func askRepeats(t *testing.T, h Harness) {
	for range 2 {
		if err := h.Channel.Send(t.Context(), Sample()); err != nil {
			t.Fatal(err)
		}
	}
	got := h.Received()
	if len(got) != 2 || got[0].ID != Sample().ID || got[1].ID != Sample().ID {
		t.Errorf("received %+v", got)
	}
}

func askRefuses(t *testing.T, h Harness) {
	bad := map[string]func(*notify.Notice){
		"no id":        func(n *notify.Notice) { n.ID = "" },
		"no kind":      func(n *notify.Notice) { n.Kind = "gossip" },
		"no text":      func(n *notify.Notice) { n.Text = "" },
		"too long":     func(n *notify.Notice) { n.Text = strings.Repeat("x", 10_000) },
		"names people": func(n *notify.Notice) { n.Text = "kim@acme.example leaves" },
		"a script":     func(n *notify.Notice) { n.Link = "javascript:alert(1)" },
	}
	for name, spoil := range bad {
		n := Sample()
		spoil(&n)
		if err := h.Channel.Send(t.Context(), n); lastday.CodeOf(err) != lastday.CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := h.Received(); len(got) != 0 {
		t.Errorf("sent %+v", got)
	}
}

func askCancelled(t *testing.T, h Harness) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := h.Channel.Send(ctx, Sample()); err == nil || !lastday.CodeOf(err).Retryable() {
		t.Errorf("%v; want an error that can be tried again", err)
	}
}

func askTrouble(t *testing.T, h Harness) {
	if h.Break == nil {
		return
	}
	for status, want := range map[int]lastday.Code{
		401: lastday.CodeDenied, 404: lastday.CodeNotFound, 410: lastday.CodeNotFound,
		429: lastday.CodeRateLimited, 500: lastday.CodeUnknownOutcome, 503: lastday.CodeTransient,
	} {
		h.Break(status)
		err := h.Channel.Send(t.Context(), Sample())
		if lastday.CodeOf(err) != want {
			t.Errorf("%d: %v, want %s", status, err, want)
		}
		for _, s := range h.Secrets {
			if err != nil && strings.Contains(err.Error(), s) {
				t.Errorf("%d: a secret stands in the error", status)
			}
		}
	}
	h.Mend()
	if err := h.Channel.Send(t.Context(), Sample()); err != nil {
		t.Errorf("after the trouble: %v", err)
	}
}

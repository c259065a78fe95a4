// Package hrtest is a sandbox HR system for tests and demonstrations.
//
// It holds employments, signs and sends canonical events, and answers when it
// is asked again. It has the manners of real ones: events are sent again until
// they are taken, arrive twice, in another order, or never. What it believes is
// seen with Employment, which never passes through HTTP.
package hrtest

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"lastday"
	"lastday/integrations/hr"
)

// Options say how the HR system behaves. Secret is required.
type Options struct {
	// Secret signs events as in Standard Webhooks: whsec_ and base64.
	Secret string
	// Token must be shown as bearer by whoever asks; empty lets everybody ask.
	Token string
	// Clock tells the time; nil is the wall clock.
	Clock func() time.Time
	// Client sends the events; nil is http.DefaultClient.
	Client *http.Client
}

// Employment is what HR holds about one engagement.
type Employment struct {
	Person     lastday.Person
	Engagement lastday.Engagement
	Zone       string
	// Ends says whether a separation is entered; the rest is empty if not.
	Ends         bool
	Kind         lastday.SeparationKind
	LastDay      lastday.Date
	Cutoff       *lastday.WallTime
	Confidential bool
	EnteredAt    time.Time
	Sequence     int
}

// HR is the sandbox. It is safe for concurrent use.
type HR struct {
	options Options

	mu       sync.Mutex
	held     map[key]*Employment
	outbox   []Event
	sequence int
	lose     int
	twice    int
	reversed bool
	silent   int
}

type key struct{ person, engagement string }

// Event is one event as it waits in the outbox.
type Event struct {
	ID   string
	Body []byte
}

// New makes an HR system that employs nobody.
//
// CodeInvalid: the secret is none of Standard Webhooks.
func New(o Options) (*HR, error) {
	if _, err := hr.StandardWebhooks().DecodeKey(o.Secret); err != nil {
		return nil, err
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Client == nil {
		o.Client = http.DefaultClient
	}
	return &HR{options: o, held: map[key]*Employment{}}, nil
}

// Hire enters an engagement without an end. Nothing is sent.
func (h *HR) Hire(person lastday.Person, engagement lastday.Engagement, zone string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.held[key{person.Key, engagement.ID}] = &Employment{Person: person, Engagement: engagement, Zone: zone}
}

// Employment is what HR holds.
func (h *HR) Employment(person, engagement string) (Employment, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	e, ok := h.held[key{person, engagement}]
	if !ok {
		return Employment{}, false
	}
	return *e, true
}

// Schedule enters a last day and announces it.
//
// CodeNotFound: there is no such engagement. So for all that follow.
func (h *HR) Schedule(person, engagement string, lastDay lastday.Date) error {
	return h.enter(person, engagement, hr.SaysScheduled, func(e *Employment) {
		e.Ends, e.Kind, e.LastDay = true, lastday.SeparationScheduled, lastDay
	})
}

// Move enters another last day.
func (h *HR) Move(person, engagement string, lastDay lastday.Date) error {
	return h.enter(person, engagement, hr.SaysChanged, func(e *Employment) { e.LastDay = lastDay })
}

// Rescind takes the separation back.
func (h *HR) Rescind(person, engagement string) error {
	return h.enter(person, engagement, hr.SaysRescinded, func(e *Employment) { e.Ends = false })
}

// Dismiss ends the engagement now.
func (h *HR) Dismiss(person, engagement string) error {
	return h.enter(person, engagement, hr.SaysImmediate, func(e *Employment) {
		zone, err := time.LoadLocation(e.Zone)
		if err != nil {
			zone = time.UTC
		}
		e.Ends, e.Kind, e.LastDay = true, lastday.SeparationImmediate, lastday.DateOf(h.options.Clock().In(zone))
	})
}

// EndContract tells the end that stands in the contract.
func (h *HR) EndContract(person, engagement string, lastDay lastday.Date) error {
	return h.enter(person, engagement, hr.SaysContractEnd, func(e *Employment) {
		e.Ends, e.Kind, e.LastDay = true, lastday.SeparationContractEnd, lastDay
	})
}

// Change enters anything else, such as a cut-off or that it is confidential.
func (h *HR) Change(person, engagement string, change func(*Employment)) error {
	return h.enter(person, engagement, hr.SaysChanged, change)
}

func (h *HR) enter(person, engagement, word string, change func(*Employment)) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	e, ok := h.held[key{person, engagement}]
	if !ok {
		return lastday.Errorf(lastday.CodeNotFound, "hrtest: "+word, "there is no such engagement")
	}
	change(e)
	h.sequence++
	e.Sequence, e.EnteredAt = h.sequence, h.options.Clock().UTC()
	if h.silent > 0 {
		h.silent--
		return nil
	}
	event, err := e.event(word, fmt.Sprintf("evt_%06d", h.sequence))
	if err != nil {
		return err
	}
	h.outbox = append(h.outbox, event)
	return nil
}

// Lose makes the next n events vanish on their way: HR believes that they were
// taken.
func (h *HR) Lose(n int) { h.set(func() { h.lose = n }) }

// Forget makes HR send nothing about the next n changes, as some do when a row
// is deleted.
func (h *HR) Forget(n int) { h.set(func() { h.silent = n }) }

// Repeat makes the next n events arrive twice.
func (h *HR) Repeat(n int) { h.set(func() { h.twice = n }) }

// Reverse makes the next Deliver send the youngest event first.
func (h *HR) Reverse() { h.set(func() { h.reversed = true }) }

func (h *HR) set(change func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	change()
}

// Outbox lists the events that were not taken yet, oldest first.
func (h *HR) Outbox() []Event {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.outbox)
}

// padSequence makes sequences of different length order as texts.
func padSequence(n int) string { return fmt.Sprintf("%020d", n) }

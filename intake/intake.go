// Package intake is how news of leavers comes in: over HTTP from HR systems,
// and from lists that people import.
//
// A delivery is acknowledged only after somebody durable has it. Until then
// every trouble of ours is answered 503, because most senders take a 4xx for
// final; and whatever a verified sender says is kept, for a person to look at
// if we do not understand it.
package intake

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"lastday"
	"lastday/integrations/hr"
)

// The bounds that hold where Config says nothing.
const (
	// DefaultMaxBody is the most bytes of one body.
	DefaultMaxBody = 256 << 10
	// DefaultMaxInFlight is how many deliveries are worked on at a time.
	DefaultMaxInFlight = 128
	// DefaultDeadline bounds the whole work on a delivery: senders give up after
	// three seconds.
	DefaultDeadline = 2500 * time.Millisecond
)

// Handover takes deliveries into safe hands.
type Handover interface {
	// Accept returns nil only when the delivery is durably kept. A delivery with a
	// WorkflowID that is kept already is a duplicate, and no error.
	Accept(ctx context.Context, d lastday.Delivery) (duplicate bool, err error)
}

// Metrics counts what comes in. Source is the name of a configured source, or
// "unknown"; outcome is one of Outcomes.
type Metrics interface {
	Delivered(source string, outcome Outcome, took time.Duration)
}

// Config is what the receiver needs.
type Config struct {
	Sources  []hr.Source
	Handover Handover
	// Now is the clock against which signed times are held; nil is time.Now.
	Now func() time.Time
	// Log gets one line per delivery; nil is silence.
	Log *slog.Logger
	// Metrics may be nil.
	Metrics Metrics
	// MetricsHandler is mounted at GET /metrics; nil mounts nothing.
	MetricsHandler http.Handler
	// Ready says for GET /readyz whether we could accept now; nil is always.
	Ready func(ctx context.Context) error
	// MaxBody, MaxInFlight and Deadline are bounds; zero is the default.
	MaxBody     int64
	MaxInFlight int
	Deadline    time.Duration
	// Origins may ask for permission to send, in the handshake of CloudEvents;
	// empty is every origin: the signature decides in any case.
	Origins []string
}

// receiver is the handler's state; all of it is fixed but the gate.
type receiver struct {
	Config

	sources map[string]hr.Source
	gate    chan struct{}
}

// New makes the handler: POST and OPTIONS /v1/hooks/{source}, GET /healthz,
// GET /readyz and, if given, GET /metrics.
//
// CodeInvalid: no hand-over, or two sources of one name.
func New(c Config) (http.Handler, error) {
	const op = "intake"
	if c.Handover == nil {
		return nil, lastday.Errorf(lastday.CodeInvalid, op, "there is nobody to hand deliveries over to")
	}
	r := &receiver{Config: c.withDefaults(), sources: map[string]hr.Source{}}
	for _, s := range c.Sources {
		if _, twice := r.sources[s.Name()]; twice {
			return nil, lastday.Errorf(lastday.CodeInvalid, op, "two sources are called %q", s.Name())
		}
		r.sources[s.Name()] = s
	}
	r.gate = make(chan struct{}, r.MaxInFlight)
	return r.routes(), nil
}

func (c Config) withDefaults() Config {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Metrics == nil {
		c.Metrics = silent{}
	}
	if c.Ready == nil {
		c.Ready = func(context.Context) error { return nil }
	}
	if c.MaxBody <= 0 {
		c.MaxBody = DefaultMaxBody
	}
	if c.MaxInFlight <= 0 {
		c.MaxInFlight = DefaultMaxInFlight
	}
	if c.Deadline <= 0 {
		c.Deadline = DefaultDeadline
	}
	return c
}

type silent struct{}

func (silent) Delivered(string, Outcome, time.Duration) {}

func (r *receiver) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/hooks/{source}", r.hook)
	mux.HandleFunc("OPTIONS /v1/hooks/{source}", r.handshake)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, "alive") })
	mux.HandleFunc("GET /readyz", r.ready)
	if r.MetricsHandler != nil {
		mux.Handle("GET /metrics", r.MetricsHandler)
	}
	return mux
}

// ready keeps the reason to the log: it is nobody's business outside.
func (r *receiver) ready(w http.ResponseWriter, q *http.Request) {
	ctx, cancel := context.WithTimeoutCause(q.Context(), r.Deadline, errSlow())
	defer cancel()
	if err := r.Ready(ctx); err != nil {
		r.Log.WarnContext(ctx, "not ready", "op", "intake: ready", "code", lastday.CodeOf(err), "error", err.Error())
		say(w, http.StatusServiceUnavailable, "not ready")
		return
	}
	say(w, http.StatusOK, "ready")
}

func say(w http.ResponseWriter, status int, word string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	// The sender may be gone; there is nobody left to tell.
	_, _ = io.WriteString(w, fmt.Sprintf("{\"outcome\":%q}\n", word))
}

// Sign makes the headers of a delivery in the scheme of Standard Webhooks, for
// senders of canonical events. The id stays the same over retries; at is the
// time of the attempt.
//
// CodeInvalid: the secret is not whsec_ and base64, or the id holds a dot or a space.
func Sign(secret, id string, at time.Time, body []byte) (http.Header, error) {
	return hr.StandardWebhooks().Sign(secret, id, at, body)
}

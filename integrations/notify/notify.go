// Package notify tells people that something wants them: a system that is
// stuck, a task, an approval.
//
// A Notice names nobody. Who the case is about is to be seen behind its link,
// by those who may. Channels never retry: the caller does, and a notice keeps
// its ID over all tries, so that a receiver can tell a repetition.
package notify

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"lastday"
)

// Kind says what a notice is about.
type Kind string

// The kinds of notices.
const (
	// KindStuck: a system has been failing for longer than the policy allows.
	KindStuck Kind = "stuck"
	// KindTask: a person is asked to do something.
	KindTask Kind = "task"
	// KindApproval: a plan waits for somebody to approve it.
	KindApproval Kind = "approval"
	// KindReturned: access that was gone is back.
	KindReturned Kind = "returned"
	// KindFinished: a case has ended.
	KindFinished Kind = "finished"
)

// Kinds lists the closed set.
func Kinds() []Kind { return []Kind{KindStuck, KindTask, KindApproval, KindReturned, KindFinished} }

// Notice is one thing to tell. It holds no personal data.
type Notice struct {
	// ID is the same whenever the same thing is told again after a failure.
	ID string `json:"id"`
	// Case is the opaque id of the case, empty for an event that became none.
	Case   string `json:"case"`
	System string `json:"system,omitempty"`
	Stage  string `json:"stage,omitempty"`
	Kind   Kind   `json:"kind"`
	// Text is one or two sentences for people.
	Text string `json:"text"`
	// Link leads to the case; empty if there is no screen to lead to.
	Link string `json:"link,omitempty"`
	// Urgent says that it cannot wait for the morning.
	Urgent bool      `json:"urgent,omitempty"`
	At     time.Time `json:"at"`
}

// maxText is the most bytes of a Notice's text.
const maxText = 4 << 10

// Check says what is wrong with a notice: CodeInvalid. It finds e-mail
// addresses in the text; other personal data it cannot know.
func (n Notice) Check() error {
	var wrong []string
	if n.ID == "" || n.At.IsZero() {
		wrong = append(wrong, "id or time is missing")
	}
	known := false
	for _, k := range Kinds() {
		known = known || k == n.Kind
	}
	if !known {
		wrong = append(wrong, "it has no known kind")
	}
	if n.Text == "" || len(n.Text) > maxText {
		wrong = append(wrong, "the text is empty or too long")
	}
	if regexp.MustCompile(`[^\s@]+@[^\s@]+\.[^\s@]+`).MatchString(n.Text) {
		wrong = append(wrong, "an e-mail address stands in the text")
	}
	if u, err := url.Parse(n.Link); err != nil || (n.Link != "" && u.Scheme != "https" && u.Scheme != "http") {
		wrong = append(wrong, "the link is no web address")
	}
	if len(wrong) > 0 {
		return lastday.Errorf(lastday.CodeInvalid, "notify", "%s", strings.Join(wrong, "; "))
	}
	return nil
}

// Channel is a way to tell people.
type Channel interface {
	// Send tells a notice once. A notice that fails Check is CodeInvalid and is not
	// sent. CodeUnknownOutcome: it may have been told; sending it again is safe,
	// because its ID stays.
	Send(ctx context.Context, n Notice) error
}

// Deps is what a channel may use of the world.
type Deps struct {
	// Secret resolves a reference such as env:NAME or file:PATH.
	Secret func(ctx context.Context, ref string) (string, error)
	// Transport carries HTTP calls; nil is http.DefaultTransport.
	Transport http.RoundTripper
	Log       *slog.Logger
	// Now is the clock, never nil.
	Now func() time.Time
}

// Medium is one kind of channel that a configuration can name.
type Medium struct {
	name string
	open func(ctx context.Context, decode func(into any) error, deps Deps) (Channel, error)
}

// Define makes a Medium whose configuration is a C. Decoding is strict and is
// the caller's.
func Define[C any](name string, open func(context.Context, C, Deps) (Channel, error)) Medium {
	return Medium{name: name, open: func(ctx context.Context, decode func(any) error, deps Deps) (Channel, error) {
		var config C
		if err := decode(&config); err != nil {
			return nil, lastday.Wrap(lastday.CodeInvalid, "notify: open "+name, "configuration", err)
		}
		return open(ctx, config, deps)
	}}
}

// Name is the word for the medium in configurations.
func (m Medium) Name() string { return m.name }

// Open makes a channel. It does no I/O beyond resolving secrets.
func (m Medium) Open(ctx context.Context, decode func(into any) error, deps Deps) (Channel, error) {
	return m.open(ctx, decode, deps)
}

// Package hr is the contract between lastday and the systems of record for
// people: who says that somebody leaves, how that is proved, and what it means.
//
// A Source verifies the sender over the raw bytes, before anything is parsed;
// then it parses; and it can be asked again, because most HR events are only a
// hint that something changed. What is common to all sources is here: the
// signatures (Scheme, Keyring), strict JSON (ParseJSON), the canonical event
// and the mapping that fits other shapes to it (Mapping).
package hr

import (
	"context"
	"errors"
	"net/http"
	"time"

	"lastday"
)

// ErrClock marks a refusal of a well signed delivery whose timestamp lies
// outside the window: a replay, or a clock that is wrong here or there.
var ErrClock = errors.New("the signed time is outside the window")

// Verified says how a sender was verified.
type Verified struct {
	// ID is the signed id of the delivery, constant over the sender's retries;
	// empty if the scheme has none.
	ID string
	// SecretID names which of the active secrets verified it.
	SecretID string
	// Scheme is the name of the scheme, such as standard-webhooks.
	Scheme string
	// At is the signed time of the attempt; zero if the scheme has none.
	At time.Time
}

// Event is one event of a body, in our words.
type Event struct {
	// ID is the source's own id of the event; empty if it gives none.
	ID string
	// Type is the source's own word for what happened.
	Type string
	// Time is when it happened at the source; zero if the source does not say.
	Time time.Time
	// Separation is what the event says; nil if it was not understood.
	Separation *lastday.Separation
	// Unknown says why a valid event was not understood: it is then parked for a
	// person. It holds no personal data.
	Unknown string
	// Raw is the part of the body that the event stood in; nil is all of it.
	Raw []byte
}

// Source is one HR system. It is safe for concurrent use.
type Source interface {
	// Name is the configured name.
	Name() string

	// Verify proves the sender over the raw bytes. It does no I/O.
	//
	// CodeDenied: a bad or missing signature, or a signed time outside the window
	// (then the error is ErrClock as well). CodeInternal: we cannot judge,
	// because a secret of ours is missing; the sender must try again later.
	Verify(header http.Header, body []byte, now time.Time) (Verified, error)

	// Parse reads the events of a verified body.
	//
	// CodeInvalid: the body can never be understood. The receiver parks it then;
	// it is never refused and never lost.
	Parse(body []byte) ([]Event, error)

	// Read asks HR what it says now about one engagement. The answer is checked
	// to be about the very person and engagement asked for.
	//
	// CodeUnsupported: the source cannot be asked. CodeNotFound: HR does not show
	// it, which proves nothing. CodeInvalid: the answer makes no sense, or is
	// about somebody else.
	Read(ctx context.Context, personKey, engagementID string) (lastday.Separation, error)
}

// Refresher is a Source whose secrets can change while it runs.
type Refresher interface {
	// Refresh reads the secrets again if what is known is old at now. Secrets that
	// cannot be read keep their last known value.
	//
	// CodeInternal: some secret cannot be read.
	Refresh(ctx context.Context, now time.Time) error
}

// Package integrations is the contract between lastday and a far side.
//
// A far side is reached through a Driver: three verbs that read and one that
// changes. Drivers are small: they speak the vendor's language, classify its
// answers with the codes of package lastday, and never sleep, never retry and
// never log. Whatever every integration needs (guards, completeness, the
// grading of proofs, redaction, measuring) is done once around them, by
// Surveyor and System.
package integrations

import (
	"context"

	"lastday"
)

// Cursor says where the next page begins. It is opaque to all but the driver
// that made it; empty is the beginning or, in a Page, the end.
type Cursor string

// Page is one part of a complete list.
type Page struct {
	Grants  []lastday.Grant
	Gaps    []lastday.Gap
	Residue []lastday.Residue
	// Next is where to go on; empty says that the list is complete, as far as no
	// Gap says otherwise.
	Next Cursor
	// Control is the positive control of this page: what was seen that shows
	// that the account's access would have been seen as well. The last page must
	// have one, or the list proves nothing.
	Control lastday.Control
}

// Reader is all that exists before a plan is approved: code that cannot write
// cannot write by mistake.
type Reader interface {
	// Probe says who we are there, what we can see and change, which permissions
	// are missing and how much quota is left. It is read-only and cheap: at most
	// three calls.
	//
	// CodeDenied: our credential is refused. CodeTransient, CodeRateLimited: try again.
	Probe(ctx context.Context) (lastday.Health, error)

	// Find says which account is the person's: exactly one, none, or several
	// candidates. Evidence is exact (a pinned id, an employee number, a verified
	// corporate address), never alike, and every answer of the far side is
	// checked for the very attribute that was asked for: servers exist that
	// ignore filters and return somebody else. None needs a positive control.
	Find(ctx context.Context, person lastday.Person) (lastday.Match, error)

	// List returns a page of everything the account can do: pending invitations,
	// tokens, keys and sessions included. A list is complete or an error, and
	// what could not be looked at is a named Gap. An account that has vanished is
	// an empty list with a positive control, not an error. List never relies on
	// anything remembered for the account's own access.
	List(ctx context.Context, account lastday.Account, at Cursor) (Page, error)
}

// Driver adds the one verb that changes something.
type Driver interface {
	Reader

	// Apply brings one grant to one rung.
	//
	// It changes that grant and nothing else, of the account with the pinned id
	// and nobody else. It checks before it writes whenever the write could raise
	// access (a PUT that would invite somebody who is already gone). Being there
	// already is success and says OutcomeAlready. For a change upwards (a
	// restore) the grant must stand at change.From, else OutcomeDrifted and
	// nothing is written. What a guard or the far side refuses for good
	// is OutcomeRefused with a note; what is managed elsewhere is
	// OutcomeDelegated. The proof in the receipt is at most ProofAcknowledged:
	// observing is the System's part.
	//
	// CodeUnknownOutcome: a write was sent and its answer lost. Applying the same
	// change again must then be safe.
	Apply(ctx context.Context, change lastday.Change) (lastday.Receipt, error)
}

// Indexer is implemented by drivers that share an index of the far side
// between cases, so that one leaver costs few calls. An index says where to
// look; it never decides about a leaver's own access.
type Indexer interface {
	// Refresh brings the shared index up to date if it is older than allowed.
	Refresh(ctx context.Context) error
}

package integrationtest

import (
	"context"
	"time"

	"lastday"
	"lastday/integrations"
)

// T is what the suite uses of *testing.T.
type T interface {
	Helper()
	Context() context.Context
	Cleanup(f func())
	Logf(format string, args ...any)
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Harness is what an integration brings to be tested.
type Harness struct {
	// Description is what the integration declares about itself.
	Description integrations.Description
	// Open makes a fresh World. Worlds share nothing and are all the same at first.
	Open func(t T) World
	// Excused names checks that cannot be asked of this integration, each with
	// the reason. A name that is no check is a failure.
	Excused map[string]string
	// Absent names kinds of grants that are declared, but that the leaver cannot
	// be given in the World, each with the reason. The words "pending" and "later"
	// excuse that nothing is Pending, or Later.
	Absent map[string]string
	// Implies names the kinds of grants that the far side itself takes when one
	// of the kind in the key is taken.
	Implies map[string][]string
}

// World is a fresh far side and a driver that is connected to it.
type World struct {
	// System is the configured name of the far side.
	System string
	Driver integrations.Driver
	// Leaver has access of every kind; Bystander has about the same and must not
	// be touched; Stranger has no account.
	Leaver, Bystander, Stranger lastday.Person
	// LeaverID and BystanderID are the immutable ids of their accounts.
	LeaverID, BystanderID string
	Far                   FarSide
	// Secrets are the credentials that the driver uses.
	Secrets []string
	// Logs gives all that the driver has logged; nil if it cannot log.
	Logs func() string
	// Now is the clock that the driver was given.
	Now func() time.Time
	// LastOwner makes the leaver the last owner of something that must have one,
	// and says what; nil if the far side knows no such thing.
	LastOwner func() Entry
}

// Entry is one thing that an account can do, by the far side's own books.
type Entry struct {
	// Kind, Resource and Rung are the Kind, Resource.ID and Rung that the driver
	// must list for it.
	Kind, Resource, Rung string
	// Pending says that it is offered and not yet taken.
	Pending bool
	// Later says that the far side does not tell it on the first page.
	Later bool
}

// FarSide is the independent view of the far side. It must be answered from the
// fake's own state, and be safe for use by several goroutines.
type FarSide interface {
	// Access is all that the account has now, in any order.
	Access(account string) []Entry
	// Snapshot is the whole state as text: under an account's id what belongs to
	// the account, under other keys the rest. Logs of calls are no state.
	Snapshot() map[string]string
	// Put lets somebody else bring a thing to a rung; "none" takes it away.
	Put(account string, e Entry)
	// Vanish lets somebody else take the account away, with all that it had.
	Vanish(account string)
	// Break makes the far side misbehave from now on, and Mend ends it.
	Break(f Fault)
	Mend()
	// Writes counts the calls received that could change something.
	Writes() int
}

// Fault is a way in which a far side misbehaves.
type Fault string

// The faults.
const (
	// Blind: our credential no longer sees other accounts' access. Nothing is
	// refused openly: lists are empty, what is asked for by name is not found.
	Blind Fault = "blind"
	// RateLimited: every call is answered with 429 and to come back in RetryAfter.
	RateLimited Fault = "rate limited"
	// Broken: every call is answered with 500, and changes nothing.
	Broken Fault = "broken"
	// Unauthorized: every call is answered with 401.
	Unauthorized Fault = "unauthorized"
	// Forbidden: every call is answered with 403.
	Forbidden Fault = "forbidden"
	// Malformed: every call is answered with 200 and half a JSON value, and changes nothing.
	Malformed Fault = "malformed"
	// Oversized: every call is answered with a body that is larger than the driver allows.
	Oversized Fault = "oversized"
	// LostWrite: a call that changes something does so, and its answer is lost.
	LostWrite Fault = "lost write"
	// WrongUser: whoever is asked for, the bystander is answered.
	WrongUser Fault = "wrong user"
)

// RetryAfter is the wait that RateLimited asks for.
const RetryAfter = 17 * time.Second

package integrations

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"lastday"
)

// Description is what a kind of integration declares about itself. The page
// docs/integrations.md prints it, and the conformance suite holds the driver to it.
type Description struct {
	// Name is the word for the kind in configurations, such as "github".
	Name string
	// Title is what people call it.
	Title string
	// Manual says that changes are asked of a person instead of made.
	Manual bool
	Kinds  []KindOfGrant
	// Permissions are what our credential needs, each with what it is for.
	Permissions []Permission
	// Cannot lists what nobody can take through this interface, in words that go
	// into plans and receipts.
	Cannot []string
}

// KindOfGrant declares one kind of grant.
type KindOfGrant struct {
	Name string
	// Sort is required of kinds in the catalog: pages compare systems by it.
	Sort   Sort
	What   string
	Ladder lastday.Ladder
	// Order ranks the kinds of one system: lower is changed first.
	Order   int
	Restore lastday.Restore
	// Settles is how long the far side may go on showing the old state.
	Settles time.Duration
	// ReadOnly says that it can be seen and not changed.
	ReadOnly bool
}

// Sort says what a kind of grant is, in words that all integrations share.
type Sort string

// The sorts.
const (
	// SortSignIn is whether the account gets in at all.
	SortSignIn Sort = "sign-in"
	// SortSession is what is open already and goes on by itself.
	SortSession Sort = "session"
	// SortCredential is a token, key, password or consent that works by itself.
	SortCredential Sort = "credential"
	// SortMembership is belonging to a group, team or organization, with all that
	// comes by it.
	SortMembership Sort = "membership"
	// SortRole is a role, privilege or assignment of the account's own.
	SortRole Sort = "role"
	// SortOffer is what is not taken up yet: an invitation, a request.
	SortOffer Sort = "offer"
	// SortOther is none of these: a seat, something owned.
	SortOther Sort = "other"
	// SortDeclared is whatever a configuration declares.
	SortDeclared Sort = "declared"
)

// Sorts lists all of them.
func Sorts() []Sort {
	return []Sort{SortSignIn, SortSession, SortCredential, SortMembership, SortRole, SortOffer, SortOther, SortDeclared}
}

// Permission is something that our credential needs there.
type Permission struct {
	Name string
	For  string
}

// Deps is what a driver may use of the world.
type Deps struct {
	// System is the configured name of this far side; it stands in all accounts,
	// gaps and residue.
	System string
	// Secret resolves a reference such as env:NAME or file:PATH.
	Secret func(ctx context.Context, ref string) (string, error)
	// Transport carries HTTP calls; nil is http.DefaultTransport.
	Transport http.RoundTripper
	Log       *slog.Logger
	// Now is the clock, never nil.
	Now func() time.Time
}

// Kind is one kind of integration that a configuration can name.
type Kind struct {
	description Description
	open        func(ctx context.Context, decode func(into any) error, deps Deps) (Driver, error)
}

// Define makes a Kind whose configuration is a C. Decoding is strict and is
// the caller's: an unknown field is an error with its place in the file.
func Define[C any](d Description, open func(context.Context, C, Deps) (Driver, error)) Kind {
	return Kind{description: d, open: func(ctx context.Context, decode func(any) error, deps Deps) (Driver, error) {
		var config C
		if err := decode(&config); err != nil {
			return nil, lastday.Wrap(lastday.CodeInvalid, "open "+deps.System, "configuration", err)
		}
		return open(ctx, config, deps)
	}}
}

// Description is what the kind declares.
func (k Kind) Description() Description { return k.description }

// Open makes a driver. It does no I/O beyond resolving secrets: whether the far
// side answers is for Probe to say.
func (k Kind) Open(ctx context.Context, decode func(into any) error, deps Deps) (Driver, error) {
	return k.open(ctx, decode, deps)
}

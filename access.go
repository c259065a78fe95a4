package lastday

import (
	"strings"
	"time"
)

// Account is an identity in a system, pinned by its immutable id. Its login is
// only a label: logins are renamed and taken over by others.
type Account struct {
	System string `json:"system"`
	ID     string `json:"id"`
	Login  string `json:"login,omitempty"`
	// Note says what is peculiar, such as "invited, not yet accepted".
	Note string `json:"note,omitempty"`
}

// Resource is what a grant is about: an org, a team, a repository, a database.
type Resource struct {
	// ID is immutable and unique within the system and the grant's kind.
	ID string `json:"id"`
	// Name is what people call it.
	Name string `json:"name"`
	// Labels are facts that policies may select by, such as visibility=private.
	Labels map[string]string `json:"labels,omitempty"`
}

// Fidelity says how well a change can be undone.
type Fidelity string

// The fidelities.
const (
	// RestoreExact gives back just what was taken.
	RestoreExact Fidelity = "exact"
	// RestoreLossy gives back something less or other; the note says what is lost.
	RestoreLossy Fidelity = "lossy"
	// RestoreConsent gives back only what the person then accepts themselves.
	RestoreConsent Fidelity = "consent"
	// RestoreNever means that it is gone for good.
	RestoreNever Fidelity = "never"
)

// Restore is what can be promised about giving a grant back.
type Restore struct {
	Fidelity Fidelity `json:"fidelity"`
	// Note says what is lost, or why it cannot be.
	Note string `json:"note,omitempty"`
	// Within is how long after the change it is possible; zero is for ever.
	Within time.Duration `json:"within,omitempty"`
}

// Grant is one thing an account can do: a membership, a team role, a token, a
// key, an open session.
type Grant struct {
	// Key is stable and unique among the grants of one account in one system.
	Key string `json:"key"`
	// Kind is the driver's word for what sort of grant it is.
	Kind     string   `json:"kind"`
	Resource Resource `json:"resource"`
	// Rung is where on the ladder the account stands now.
	Rung   string `json:"rung"`
	Ladder Ladder `json:"ladder"`
	// Via is the way in; empty is direct. A grant with a way in cannot be
	// changed itself: the way in must be.
	Via []string `json:"via,omitempty"`
	// ManagedBy names who decides about it elsewhere, such as an identity
	// provider: then a change is delegated, not forced.
	ManagedBy string `json:"managedBy,omitempty"`
	// Pending says that it is offered and not yet taken, like an invitation.
	Pending bool    `json:"pending,omitempty"`
	Restore Restore `json:"restore"`
	// Order ranks kinds of one system: lower is changed first (tokens before
	// membership, disable before scrambling).
	Order int `json:"order,omitempty"`
	// Details hold what giving it back needs, word for word; never a secret.
	Details map[string]string `json:"details,omitempty"`
}

// ManagedIn is the connected system that decides about the grant, if it is one
// of ours: then ManagedBy begins with "system:" and its name.
func (g Grant) ManagedIn() (system string, ok bool) {
	rest, ok := strings.CutPrefix(g.ManagedBy, managedIn)
	if !ok {
		return "", false
	}
	system, _, _ = strings.Cut(rest, " ")
	return system, system != ""
}

// managedIn begins a ManagedBy that names a connected system.
const managedIn = "system:"

// In says that the grant is managed in a connected system. What ManagedBy said
// before stands behind it; a grant that nobody manages elsewhere stays as it is.
func (g Grant) In(system string) Grant {
	if _, known := g.ManagedIn(); g.ManagedBy != "" && !known {
		g.ManagedBy = managedIn + system + " (" + g.ManagedBy + ")"
	}
	return g
}

// Level is how much the grant lets the account do now. A rung that the ladder
// does not know counts as admin: what we cannot judge we fear.
func (g Grant) Level() Level {
	r, ok := g.Ladder.Rung(g.Rung)
	if !ok {
		return LevelAdmin
	}
	return r.Level
}

// Direct says that the grant can be changed where it is.
func (g Grant) Direct() bool { return len(g.Via) == 0 && g.ManagedBy == "" }

// Gap is something that could not be looked at. A list with gaps is never
// proof of absence.
type Gap struct {
	System string `json:"system"`
	// Kind is the driver's kind of grant that was not seen; empty is everything.
	Kind string `json:"kind,omitempty"`
	// What was not seen, in words.
	What string `json:"what"`
	Code Code   `json:"code"`
	Why  string `json:"why"`
	// Fix tells a person what would close the gap.
	Fix string `json:"fix,omitempty"`
}

// Residue is what is left although it should not be, or that we cannot take.
type Residue struct {
	System string `json:"system"`
	Kind   string `json:"kind"`
	What   string `json:"what"`
	Why    string `json:"why"`
	// Until is when it ends by itself; zero is never or unknown.
	Until time.Time `json:"until,omitzero"`
	// Todo tells a person what to do about it; empty if nothing can be done.
	Todo string `json:"todo,omitempty"`
	// Harmless says that it needs no person: it is told for completeness, such as
	// a public fork of public code.
	Harmless bool `json:"harmless,omitempty"`
	// Owner is who must act, a role or a queue; empty if nobody is known.
	Owner string `json:"owner,omitempty"`
	// Within is how long the owner has, counted from when they are asked; zero is
	// no deadline.
	Within time.Duration `json:"within,omitempty"`
}

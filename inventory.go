package lastday

import "time"

// Control is the evidence, gathered in the same attempt, that we would have
// seen the access if it were there.
type Control struct {
	Seen bool `json:"seen"`
	// Evidence says what was seen: "read our own membership of the org".
	Evidence string `json:"evidence,omitempty"`
	// KeptBy says who keeps the record that was read, where it is a record that
	// people keep and not the far side itself: what it shows is those people's
	// word, and at most attested. Empty if the far side itself was read.
	KeptBy string `json:"keptBy,omitempty"`
}

// Verdict says how a search for a person's account ended.
type Verdict string

// The verdicts of a search.
const (
	// FoundOne: exactly one account, by exact evidence.
	FoundOne Verdict = "one"
	// FoundNone: a complete search with a positive control found no account.
	FoundNone Verdict = "none"
	// FoundMany: more than one, or evidence that contradicts itself; a person decides.
	FoundMany Verdict = "ambiguous"
)

// Match is the answer to: which account is this person's?
type Match struct {
	Verdict Verdict `json:"verdict"`
	// Account is set with FoundOne.
	Account Account `json:"account,omitzero"`
	// Candidates are set with FoundMany, with what speaks for each.
	Candidates []Candidate `json:"candidates,omitempty"`
	// Evidence says what FoundOne and FoundNone rest on.
	Evidence []string `json:"evidence,omitempty"`
	Control  Control  `json:"control"`
}

// Candidate is an account that may be the person's.
type Candidate struct {
	Account  Account  `json:"account"`
	Evidence []string `json:"evidence"`
}

// Health is what a system can be expected to do for us now.
type Health struct {
	// Identity is the name we act under there; shown to admins.
	Identity string `json:"identity"`
	// AccountID is the immutable id of our own account, empty if we have none
	// there (an app installation). It is never to be cut.
	AccountID string `json:"accountId,omitempty"`
	// Can lists what we may see and change, in the driver's kinds.
	Can []string `json:"can,omitempty"`
	// Missing lists what we may not, each with the permission that would mend it.
	Missing []Gap `json:"missing,omitempty"`
	// QuotaLeft counts the calls left in this window; -1 if the far side does not say.
	QuotaLeft int     `json:"quotaLeft"`
	Control   Control `json:"control"`
	// Version is the far side's, empty if it does not say.
	Version string `json:"version,omitempty"`
}

// Inventory is all that one system grants one person, as read at one time.
type Inventory struct {
	System string    `json:"system"`
	ReadAt time.Time `json:"readAt"`
	Match  Match     `json:"match"`
	Health Health    `json:"health"`
	Grants []Grant   `json:"grants,omitempty"`
	Gaps   []Gap     `json:"gaps,omitempty"`
	// Residue is what belongs to the person and cannot be taken here.
	Residue []Residue `json:"residue,omitempty"`
	Control Control   `json:"control"`
	// Calls counts the requests that reading took.
	Calls int `json:"calls,omitempty"`
}

// Complete says whether the inventory can serve as proof of absence: no gaps,
// one verdict about the account, and a positive control.
func (i Inventory) Complete() bool {
	return len(i.Gaps) == 0 && i.Match.Verdict != FoundMany && i.Control.Seen
}

// Highest is the highest level among the grants.
func (i Inventory) Highest() Level {
	highest := LevelNone
	for _, g := range i.Grants {
		highest = max(highest, g.Level())
	}
	return highest
}

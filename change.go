package lastday

import "time"

// Change brings one grant from one rung to another. Reducing, revoking and
// restoring are the same verb with other rungs.
type Change struct {
	// ID is stable: the same change of the same case has the same id, so that a
	// second try is known for what it is.
	ID      string  `json:"id"`
	Account Account `json:"account"`
	// Grant is the grant as it was seen when the change was planned: the
	// before-image.
	Grant Grant  `json:"grant"`
	From  string `json:"from"`
	To    string `json:"to"`
	// Rule names the rule of the policy that asks for it.
	Rule string `json:"rule,omitempty"`
	// Undo is, for a change that restores, what the receipt of the change that is
	// undone kept for it.
	Undo map[string]string `json:"undo,omitempty"`
	// Consent names an approval that allows what a guard would refuse; empty for none.
	Consent string `json:"consent,omitempty"`
}

// NewChange makes the change of one grant of one account and gives it its id.
func NewChange(caseID string, account Account, grant Grant, to, rule string) Change {
	return Change{
		ID:      "ch-" + OpaqueKey(caseID, account.System, account.ID, grant.Key, grant.Rung, to),
		Account: account, Grant: grant, From: grant.Rung, To: to, Rule: rule,
	}
}

// Level is the level that the change takes or gives: the higher of its rungs.
func (c Change) Level() Level {
	from, ok := c.Grant.Ladder.Rung(c.From)
	if !ok {
		return LevelAdmin
	}
	to, ok := c.Grant.Ladder.Rung(c.To)
	if !ok {
		return LevelAdmin
	}
	return max(from.Level, to.Level)
}

// Down says whether the change lowers access. Unknown rungs are an error.
func (c Change) Down() (bool, error) {
	cmp, err := c.Grant.Ladder.Compare(c.From, c.To)
	return cmp > 0, err
}

// Outcome says what became of a change.
type Outcome string

// The outcomes.
const (
	// OutcomeApplied: we changed it.
	OutcomeApplied Outcome = "applied"
	// OutcomeAlready: it was at, or for a downward change under, the rung before
	// we came. Nothing was written, and restoring must not touch it.
	OutcomeAlready Outcome = "already"
	// OutcomeAccepted: the far side took the order and will do it later.
	OutcomeAccepted Outcome = "accepted"
	// OutcomeOffered: the person must still accept (a restored membership is an invitation).
	OutcomeOffered Outcome = "offered"
	// OutcomeDrifted: somebody else changed it since; we did not touch it.
	OutcomeDrifted Outcome = "drifted"
	// OutcomeDelegated: it is decided elsewhere and must be changed there.
	OutcomeDelegated Outcome = "delegated"
	// OutcomeAsked: a person was asked to do it.
	OutcomeAsked Outcome = "asked"
	// OutcomeRefused: a guard or the far side refused; the note says why. Only a
	// person can decide.
	OutcomeRefused Outcome = "refused"
)

// Proof grades how well an outcome is shown. Higher is better.
type Proof int

// The grades of proof, weakest first.
const (
	// ProofNone: nothing shows it.
	ProofNone Proof = iota
	// ProofWaived: a person decided to go on without, with a reason.
	ProofWaived
	// ProofAttested: a person said so.
	ProofAttested
	// ProofAcknowledged: the far side said so.
	ProofAcknowledged
	// ProofObserved: we read it back, and a positive control in the same attempt
	// showed that we could have seen it.
	ProofObserved
)

func proofNames() [5]string {
	return [5]string{"none", "waived", "attested", "acknowledged", "observed"}
}

// String is the grade's name.
func (p Proof) String() string {
	if p < ProofNone || p > ProofObserved {
		return "none"
	}
	return proofNames()[p]
}

// MarshalText writes the grade's name.
func (p Proof) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads the grade's name.
func (p *Proof) UnmarshalText(text []byte) error {
	for i, n := range proofNames() {
		if n == string(text) {
			*p = Proof(i)
			return nil
		}
	}
	return Errorf(CodeInvalid, "proof", "%q is no grade of proof", clip(string(text)))
}

// Request points to one call in the far side's own logs.
type Request struct {
	// What is the call in words, without ids of people: "DELETE org membership".
	What string `json:"what"`
	// ID is the far side's id of the request, empty if it gives none.
	ID     string    `json:"id,omitempty"`
	Status int       `json:"status,omitempty"`
	At     time.Time `json:"at,omitzero"`
}

// Receipt says what was done about one change and how well it is shown.
type Receipt struct {
	Change  string  `json:"change"`
	Outcome Outcome `json:"outcome"`
	// Before and After are rungs as they were read, not as they were wished.
	// After is empty while nobody has read it back.
	Before   string    `json:"before,omitempty"`
	After    string    `json:"after,omitempty"`
	Proof    Proof     `json:"proof"`
	Requests []Request `json:"requests,omitempty"`
	// DoneAt is when the far side acknowledged, SeenAt when it was read back.
	DoneAt time.Time `json:"doneAt,omitzero"`
	SeenAt time.Time `json:"seenAt,omitzero"`
	// Note explains anything but the plain case.
	Note string `json:"note,omitempty"`
	// Undo is what giving it back will need; never a secret.
	Undo map[string]string `json:"undo,omitempty"`
	// Residue is what may still work although the change is done, and until when.
	Residue []Residue `json:"residue,omitempty"`
	// Owner is who was asked, a role or a queue; Within how long they have; and
	// Todo what they do when it is done. All are empty where nobody was asked.
	Owner  string        `json:"owner,omitempty"`
	Within time.Duration `json:"within,omitempty"`
	Todo   string        `json:"todo,omitempty"`
	// By names the person who attested or waived, empty for our own work.
	By string `json:"by,omitempty"`
}

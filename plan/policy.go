package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"lastday"
)

// Policy is a glide path: which ceilings fall when, for whom. Policies are made
// by Parse, cannot be changed and may be used at the same time.
type Policy struct {
	name         string
	text         []byte
	digest       string
	applies      expr
	cutoff       lastday.WallTime
	zone         string
	calendar     calendar
	stages       []stage
	cut          int
	sensitive    []sensitive
	keep         []keep
	approvals    int
	minOwners    int
	watch        []watch
	tellAfter    time.Duration
	tellAgain    time.Duration
	accepted     []accepted
	confidential confidentiality
}

// Approvals is how many different people must approve before somebody or
// something protected is touched.
func (p Policy) Approvals() int { return p.approvals }

// stage is one line of the policy's stages.
type stage struct {
	name    string
	at      offset
	time    lastday.WallTime
	ceiling lastday.Level
	place   place
}

// sensitive lowers the ceiling for what its condition names.
type sensitive struct {
	name    string
	when    expr
	stage   int
	ceiling lastday.Level
	reason  string
	silent  bool
}

// keep holds what its condition names until a later stage.
type keep struct {
	name   string
	when   expr
	until  int
	reason string
	admin  bool
}

// watch looks again some time after the cut.
type watch struct {
	name  string
	after time.Duration
}

// accepted is a gap that somebody answered for.
type accepted struct {
	system, kind, reason string
}

// confidentiality says what happens before the cut while a separation is
// confidential.
type confidentiality string

const (
	// cutOnly changes nothing visible before the cut.
	cutOnly confidentiality = "cut only"
	// allStages goes on as for everybody.
	allStages confidentiality = "all stages"
)

// Name is the policy's name.
func (p Policy) Name() string { return p.name }

// Digest is the SHA-256 of the policy's text, in hex.
func (p Policy) Digest() string { return p.digest }

// Text is the policy as it was written.
func (p Policy) Text() []byte { return slices.Clone(p.text) }

// Parse reads a policy. Name is what the text is called in mistakes, such as
// its file name. All mistakes are told at once: the error is CodeInvalid and
// wraps Mistakes.
func Parse(name string, text []byte) (Policy, error) {
	r := &reader{file: name}
	p, err := r.policy(text)
	if err != nil {
		return Policy{}, err
	}
	if len(r.mistakes) > 0 {
		return Policy{}, lastday.Wrap(lastday.CodeInvalid, "plan: policy", "", r.mistakes.sorted())
	}
	sum := sha256.Sum256(text)
	p.text, p.digest = slices.Clone(text), hex.EncodeToString(sum[:])
	return p, nil
}

// Choose finds the first policy that applies to a separation. CodeInvalid: none does.
func Choose(policies []Policy, s lastday.Separation) (Policy, error) {
	for _, p := range policies {
		yes, err := p.applies.holds(separationVars(s))
		if err != nil {
			return Policy{}, lastday.Wrap(lastday.CodeInvalid, "plan: choose", "policy "+p.name, err)
		}
		if yes {
			return p, nil
		}
	}
	return Policy{}, lastday.Errorf(lastday.CodeInvalid, "plan: choose",
		"none of %d policies applies to worker type %q, department %q, kind %q, source %q, confidential %t; end with a policy that has no `for`",
		len(policies), clip(s.Engagement.WorkerType, 40), clip(s.Engagement.Department, 40), clip(string(s.Kind), 40), clip(s.Source, 40), s.Confidential)
}

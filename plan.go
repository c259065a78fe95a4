package lastday

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"
)

// Moment keeps a civil date, its zone, the rule that chose it and the instant
// it stands for together: rules of zones change, and a record must say what
// was meant.
type Moment struct {
	Date    Date      `json:"date"`
	Time    WallTime  `json:"time"`
	Zone    string    `json:"zone"`
	Rule    string    `json:"rule,omitempty"`
	Instant time.Time `json:"instant"`
}

// Stage is one step of the way down: from its time on nothing may be above its
// ceiling, except what the policy names.
type Stage struct {
	// Name is the policy's, unique within the plan: "notice", "cut".
	Name    string `json:"name"`
	Moment  Moment `json:"moment"`
	Ceiling Level  `json:"ceiling"`
	// Cut marks the stage after which nothing may be left.
	Cut bool `json:"cut,omitempty"`
	// Watch marks a stage after the cut that looks again.
	Watch bool `json:"watch,omitempty"`
	// Changes are ordered: most dangerous first, then by the system's own order;
	// at a stage that leaves nothing by the system's own order alone.
	Changes []Change `json:"changes,omitempty"`
}

// Kept is a grant that a policy holds above the ceiling until a later stage.
type Kept struct {
	System string `json:"system"`
	Grant  string `json:"grant"`
	Name   string `json:"name"`
	Rung   string `json:"rung"`
	Until  string `json:"until"`
	Reason string `json:"reason"`
}

// Guard is a reason why a person must decide before something is changed.
type Guard struct {
	// Name is the guard's: protected_person, protected_account, own_credential, ambiguous_identity, last_owner.
	Name   string `json:"name"`
	System string `json:"system,omitempty"`
	Why    string `json:"why"`
	// Approvals is how many different people must approve; zero refuses outright.
	Approvals int `json:"approvals"`
}

// SystemPlan is what the plan knows of one system.
type SystemPlan struct {
	System string    `json:"system"`
	Match  Match     `json:"match"`
	ReadAt time.Time `json:"readAt"`
	Grants int       `json:"grants"`
	// Highest is the highest level found.
	Highest Level `json:"highest"`
	// Complete says whether the inventory was.
	Complete bool `json:"complete"`
}

// Plan is what is (inventory) against the ceiling (policy): ordered changes
// with times, gaps and residue. It is frozen by its digest.
type Plan struct {
	Case   string `json:"case"`
	Policy string `json:"policy"`
	// PolicyDigest is the SHA-256 of the policy's text, in hex.
	PolicyDigest string `json:"policyDigest"`
	// TellAfter is how long a system may be stuck before a person is told, and
	// TellAgain how often they are told again.
	TellAfter time.Duration `json:"tellAfter"`
	TellAgain time.Duration `json:"tellAgain"`
	LastDay   Date          `json:"lastDay"`
	Cutoff    Moment        `json:"cutoff"`
	Stages    []Stage       `json:"stages"`
	Systems   []SystemPlan  `json:"systems"`
	Kept      []Kept        `json:"kept,omitempty"`
	Guards    []Guard       `json:"guards,omitempty"`
	Gaps      []Gap         `json:"gaps,omitempty"`
	Residue   []Residue     `json:"residue,omitempty"`
	// Notes are for people: what was late, what was merged, which zone was assumed.
	Notes []string `json:"notes,omitempty"`
	// Digest binds approvals to this very plan.
	Digest string `json:"digest"`
}

// Seal computes the plan's digest over everything that decides what will be
// done. When the systems were read is left out: reading the same again later
// gives the same plan.
func (p Plan) Seal() (Plan, error) {
	p.Digest = ""
	bare := p
	bare.Systems = slices.Clone(p.Systems)
	for i := range bare.Systems {
		bare.Systems[i].ReadAt = time.Time{}
	}
	text, err := json.Marshal(bare)
	if err != nil {
		return Plan{}, Wrap(CodeInternal, "plan: seal", "encode", err)
	}
	sum := sha256.Sum256(text)
	p.Digest = hex.EncodeToString(sum[:])
	return p, nil
}

// Approvals is how many different people must approve before anything is
// changed; zero if nobody need.
func (p Plan) Approvals() int {
	most := 0
	for _, g := range p.Guards {
		most = max(most, g.Approvals)
	}
	return most
}

// Stage finds a stage by name.
func (p Plan) Stage(name string) (Stage, bool) {
	for _, s := range p.Stages {
		if s.Name == name {
			return s, true
		}
	}
	return Stage{}, false
}

// Changes counts the changes of all stages.
func (p Plan) Changes() int {
	n := 0
	for _, s := range p.Stages {
		n += len(s.Changes)
	}
	return n
}

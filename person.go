package lastday

import (
	"crypto/sha256"
	"encoding/base32"
	"strings"
	"time"
)

// Person is a human as HR and the link table know them. All of it but Key is
// personal data: it travels encrypted and appears in no ID, log or error.
type Person struct {
	// Key is the opaque key that stands for the person wherever they must not
	// be named. It never changes.
	Key string `json:"key"`
	// Name is for people's eyes only; nothing is ever matched by it.
	Name string `json:"name,omitempty"`
	// Emails are verified addresses in the company's own domains, lower case.
	Emails []string `json:"emails,omitempty"`
	// EmployeeNumber is HR's number, empty if there is none.
	EmployeeNumber string `json:"employeeNumber,omitempty"`
	// Links pin accounts that are known to be the person's.
	Links []Link `json:"links,omitempty"`
}

// Link says that an account of a system belongs to the person. It is the
// strongest evidence there is.
type Link struct {
	System string `json:"system"`
	// ID is the far side's immutable id. Empty if only the login is known.
	ID string `json:"id,omitempty"`
	// Login is a label that can be renamed and taken over by others: with an ID
	// it is only shown, without one it is weak evidence that the driver must
	// confirm.
	Login string `json:"login,omitempty"`
}

// Link finds what is known about the person's account in a system.
func (p Person) Link(system string) (Link, bool) {
	for _, l := range p.Links {
		if l.System == system {
			return l, true
		}
	}
	return Link{}, false
}

// SystemOf is the system of a lane. A person's further accounts in one system
// have lanes of their own, which are called after it with a plus and a label,
// such as code+admin; a configured name holds no plus.
func SystemOf(lane string) string {
	system, _, _ := strings.Cut(lane, "+")
	return system
}

// Engagement is one contract of a person. Somebody may have two: ending one
// must not cut what the other needs.
type Engagement struct {
	// ID is HR's id of the contract.
	ID string `json:"id"`
	// WorkerType is employee, contractor, contingent, intern, eor, vendor_staff or unknown.
	WorkerType string `json:"workerType,omitempty"`
	// Department and Manager are opaque labels that policies may select by.
	Department string `json:"department,omitempty"`
	Manager    string `json:"manager,omitempty"`
}

// SeparationKind says how an engagement ends.
type SeparationKind string

// The kinds of separation.
const (
	// SeparationScheduled ends on an announced last day.
	SeparationScheduled SeparationKind = "scheduled"
	// SeparationImmediate ends now.
	SeparationImmediate SeparationKind = "immediate"
	// SeparationContractEnd ends by a date that stood in the contract from its start.
	SeparationContractEnd SeparationKind = "contract_end"
)

// Separation is what HR says about the end of an engagement.
type Separation struct {
	// Source names the HR source that said so.
	Source     string         `json:"source"`
	Person     Person         `json:"person"`
	Engagement Engagement     `json:"engagement"`
	Kind       SeparationKind `json:"kind"`
	// Rescinded says that the engagement goes on after all.
	Rescinded bool `json:"rescinded,omitempty"`
	// LastDay is the last civil day of the engagement, inclusive, in Zone.
	LastDay Date `json:"lastDay"`
	// Cutoff is HR's own wall-clock time on the last day; nil leaves it to policy.
	Cutoff *WallTime `json:"cutoff,omitempty"`
	// Zone is the IANA zone the person works in.
	Zone string `json:"zone"`
	// ZoneBasis says whose zone that is: worker, site, entity or company_default.
	ZoneBasis string `json:"zoneBasis,omitempty"`
	// Confidential says that the person does not know yet: nothing visible may
	// happen before the cut-off.
	Confidential bool `json:"confidential,omitempty"`
	// EnteredAt is when HR wrote it down, zero if HR does not say.
	EnteredAt time.Time `json:"enteredAt,omitzero"`
	// Sequence orders what one source says about one engagement: a later one is
	// greater as a string. Empty if the source has no order; then EnteredAt decides.
	Sequence string `json:"sequence,omitempty"`
}

// CaseID is the opaque id of the case of a separation: the same engagement
// always has the same, and it names nobody.
func (s Separation) CaseID() string {
	return "c-" + OpaqueKey(s.Source, s.Person.Key, s.Engagement.ID)
}

// OpaqueKey derives 16 characters from the parts. Equal parts give equal keys;
// the parts cannot be read from the key, only guessed and compared.
func OpaqueKey(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(p))
		h.Write([]byte{0})
	}
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(h.Sum(nil)[:10]))
}

// Newer says whether s is later news than t about the same engagement.
// News without any order is taken as newer: it was told later.
func (s Separation) Newer(t Separation) bool {
	if s.Sequence != "" && t.Sequence != "" {
		return s.Sequence > t.Sequence
	}
	if !s.EnteredAt.IsZero() && !t.EnteredAt.IsZero() {
		return s.EnteredAt.After(t.EnteredAt)
	}
	return true
}

package workflows

import (
	"lastday"
)

// Message is what every message of a person carries: an id, by which its
// answer is found, who sends it and why. The actor is what the sender says;
// the server's own principal is in the signal's event.
type Message struct {
	ID     string `json:"id"`
	Actor  string `json:"actor"`
	Reason string `json:"reason"`
}

// about says what a message is about and what it puts forward, for the record.
func (Message) about() (what, evidence string)             { return "", "" }
func (m ApproveMessage) about() (what, evidence string)    { return m.Digest, "" }
func (m RescheduleMessage) about() (what, evidence string) { return m.LastDay.String(), "" }
func (m ResolveMessage) about() (what, evidence string)    { return m.Task, m.Evidence }

// ApproveMessage consents to the plan, or the news, with that digest, or to what
// somebody else answered for in the task with that id.
type ApproveMessage struct {
	Message
	Digest string `json:"digest"`
}

// HoldMessage stops the case from changing anything until it is released.
type HoldMessage struct{ Message }

// ReleaseMessage ends a hold.
type ReleaseMessage struct{ Message }

// RescheduleMessage moves the last day. Earlier holds at once; later is
// re-read from HR first, or approved by somebody else.
type RescheduleMessage struct {
	Message
	LastDay lastday.Date      `json:"lastDay"`
	Cutoff  *lastday.WallTime `json:"cutoff,omitempty"`
	Zone    string            `json:"zone,omitempty"`
}

// RescindMessage says that the engagement goes on.
type RescindMessage struct{ Message }

// CutNowMessage cuts at once: it skips the waiting, not the evidence.
type CutNowMessage struct{ Message }

// The ways to resolve a task.
const (
	// HowRetry tries again now.
	HowRetry = "retry"
	// HowWaive goes on without, with a reason.
	HowWaive = "waive"
	// HowAttest says that a person did it, with evidence.
	HowAttest = "attest"
	// HowLink says which account is the person's.
	HowLink = "link"
	// howCleared is when it went away by itself.
	howCleared = "cleared"
)

// ResolveMessage answers a task.
type ResolveMessage struct {
	Message
	Task string `json:"task"`
	How  string `json:"how"`
	// Evidence says what an attestation rests on: a ticket, a screenshot's digest.
	Evidence string `json:"evidence,omitempty"`
	// Account is the immutable id for HowLink.
	Account string `json:"account,omitempty"`
}

// AnnounceResult answers an announcement.
type AnnounceResult struct {
	Case string `json:"case"`
	// Duplicate says that the delivery had been taken in before.
	Duplicate bool `json:"duplicate,omitempty"`
}

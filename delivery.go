package lastday

import "time"

// Delivery is one event as it came in from an HR source: verified, mapped and
// not yet acted on. Its body stays with it only where we could not read it.
type Delivery struct {
	// Source names the configured HR source.
	Source string `json:"source"`
	// ID is the source's own id of the event; the same event delivered twice has
	// the same. Where a source gives none it is derived from the body.
	ID         string    `json:"id"`
	Type       string    `json:"type"`
	ReceivedAt time.Time `json:"receivedAt"`
	// BodySHA256 is the digest of the raw body, in hex.
	BodySHA256 string `json:"bodySha256"`
	// Scheme says how the sender was verified: standard-webhooks, bearer, file.
	Scheme string `json:"scheme"`
	// SecretID names which of the active secrets verified it.
	SecretID string `json:"secretId,omitempty"`
	// Actor is who brought it, for deliveries by hand.
	Actor string `json:"actor,omitempty"`
	// Separation is what the event says; nil when it is parked.
	Separation *Separation `json:"separation,omitempty"`
	// Parked says why a valid event could not be understood. It waits for a person.
	Parked string `json:"parked,omitempty"`
	// Body is the raw body of a parked event.
	Body []byte `json:"body,omitempty"`
}

// WorkflowID is the id under which the delivery is handed over: the same event
// twice is the same workflow, and the id names nobody.
func (d Delivery) WorkflowID() string { return "event/" + d.Source + "/" + OpaqueKey(d.Source, d.ID) }

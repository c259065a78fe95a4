package integrations

import "context"

// Example is one example that an integration's own description gives of itself,
// and what became of it.
type Example struct {
	Name string `json:"name"`
	// Failed says what came out otherwise than the example says; empty if it held.
	Failed string `json:"failed,omitempty"`
}

// Exampler is implemented by drivers that are described by people and carry
// examples: recorded answers, and what must be made of them.
type Exampler interface {
	// Examples runs all of them without touching the far side.
	Examples(ctx context.Context) []Example
}

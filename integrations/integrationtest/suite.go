package integrationtest

import (
	"slices"
	"testing"
)

// Check is one question that the suite asks.
type Check struct {
	// Name says what must hold.
	Name string
	// Ask asks it of a harness.
	Ask func(t T, h Harness)
	// writes says that the check needs a driver that makes changes itself.
	writes bool
}

// Checks lists all questions.
func Checks() []Check {
	return slices.Concat(findChecks(), listChecks(), applyChecks(), restoreChecks(), troubleChecks())
}

// Run asks every question, each in a test of its own. Of an integration that
// is Manual it asks only those about reading.
func Run(t *testing.T, h Harness) {
	t.Helper()
	for name := range h.Excused {
		if !slices.ContainsFunc(Checks(), func(c Check) bool { return c.Name == name }) {
			t.Errorf("excused is %q, which is no check", name)
		}
	}
	for _, c := range Checks() {
		if c.writes && h.Description.Manual {
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			if why := h.Excused[c.Name]; why != "" {
				t.Logf("excused: %s", why)
				return
			}
			c.Ask(t, h)
		})
	}
}

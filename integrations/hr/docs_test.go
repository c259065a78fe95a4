package hr

import (
	"os"
	"strings"
	"testing"
)

// The page must show the very example that the tests read, and name every word
// and attribute that the code knows.
func TestThePageAboutEventsIsTrue(t *testing.T) {
	text, err := os.ReadFile("../../docs/hr-events.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	if !strings.Contains(page, example(t, "scheduled.json")) {
		t.Error("the example on the page is not examples/events/scheduled.json")
	}
	for _, word := range append(words(), saysNothing) {
		if !strings.Contains(page, "`"+word+"`") {
			t.Errorf("the page does not tell of %s", word)
		}
	}
}

package main

import (
	"strings"
	"testing"
	"time"
)

func TestALogOfRecordsIsMeasuredAndClean(t *testing.T) {
	s, err := measureRecords(t.Context(), options{quick: true, now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]float64{}
	for _, n := range s.Numbers {
		seen[n.Name] = n.Value
	}
	for _, name := range []string{"appended, 1 at a time", "appended, 20 at a time", "appended, 1000 at a time", "checkpoint", "proof p50", "database per record", "verify all"} {
		if seen[name] <= 0 {
			t.Errorf("%s is %v", name, seen[name])
		}
	}
	if !strings.Contains(s.Title, "4,000") {
		t.Errorf("the title is %q", s.Title)
	}
}

package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"lastday"
	"lastday/workflows"
)

func TestEightSystemsStandSideBySideIn120Columns(t *testing.T) {
	at := time.Date(2026, 11, 26, 8, 0, 0, 0, time.UTC)
	st := workflows.Status{Reached: []workflows.Reached{{Stage: "notice", At: at}}}
	for i := range 8 {
		st.Lanes = append(st.Lanes, workflows.Lane{System: fmt.Sprintf("a-system-with-a-very-long-name-%d", i), Highest: lastday.LevelWrite, Steps: []workflows.Step{
			{Stage: "before", Level: lastday.LevelAdmin}, {Stage: "notice", Level: lastday.LevelWrite, Proof: lastday.ProofObserved},
		}})
	}
	picture := sideBySide(st, lastday.Plan{})
	for line := range strings.SplitSeq(picture, "\n") {
		if n := len([]rune(line)); n > 120 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	for _, want := range []string{
		"admin   ██████                     ██████", // taken with the notice
		"write   ████████████               ████",   // read back
		"read    ████████████░░░░░░         ████",   // planned
		"proof   observed", "26.11",
	} {
		if !strings.Contains(picture, want) {
			t.Errorf("%q is not in\n%s", want, picture)
		}
	}
}

func TestWhatStandsAboveItsCeilingIsDrawn(t *testing.T) {
	late := workflows.Lane{Highest: lastday.LevelAdmin, Steps: []workflows.Step{{Stage: "before", Level: lastday.LevelAdmin}, {Stage: "cut", Level: lastday.LevelWrite}}}
	s := stairOf(late, stairColumns(workflows.Status{}, lastday.Plan{}))
	if got := s.levels[3]; got != lastday.LevelWrite {
		t.Errorf("at the cut %s is drawn", got)
	}
}

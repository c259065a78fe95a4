package main

import (
	"testing"
	"time"

	"lastday"
	"lastday/integrations"
)

func farSystem(t *testing.T, grants int) (*integrations.System, *farSide) {
	t.Helper()
	now := func() time.Time { return time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC) }
	far := newFarSide("system-0", farSideConfig{Grants: grants}, now)
	return integrations.NewSystem("system-0", far, integrations.Options{Now: now}), far
}

func surveyOf(t *testing.T, s *integrations.System, person string) lastday.Inventory {
	t.Helper()
	inv, err := s.Survey(t.Context(), lastday.Person{Key: person}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return inv
}

func TestFarSideKeepsWhatWasTaken(t *testing.T) {
	s, far := farSystem(t, 45)
	before := surveyOf(t, s, "p-1")
	if len(before.Grants) != 45 || !before.Complete() {
		t.Fatalf("%d grants, complete: %v", len(before.Grants), before.Complete())
	}
	if calls := far.calls; calls != 5 {
		t.Errorf("reading 45 grants took %d calls, want probe, find and three pages", calls)
	}
	for _, g := range before.Grants[:5] {
		change := lastday.NewChange("case", before.Match.Account, g, lastday.None, "test")
		if r, err := s.Apply(t.Context(), change, false); err != nil || r.Outcome != lastday.OutcomeApplied {
			t.Fatalf("%v %v", r, err)
		}
	}
	if after := surveyOf(t, s, "p-1"); len(after.Grants) != 40 {
		t.Errorf("%d grants are left, want 40", len(after.Grants))
	}
	if other := surveyOf(t, s, "p-2"); len(other.Grants) != 45 {
		t.Errorf("somebody else has %d grants, want 45", len(other.Grants))
	}
}

func TestFarSideGrantsAllLevels(t *testing.T) {
	s, _ := farSystem(t, 40)
	levels := map[lastday.Level]int{}
	for _, g := range surveyOf(t, s, "p").Grants {
		levels[g.Level()]++
	}
	if levels[lastday.LevelAdmin] != 2 || levels[lastday.LevelWrite] != 18 || levels[lastday.LevelRead] != 20 {
		t.Errorf("%v", levels)
	}
}

func TestFarSideTakesItsTime(t *testing.T) {
	_, far := farSystem(t, 1)
	far.config.Latency = 20 * time.Millisecond
	began := time.Now()
	if err := far.call(t.Context()); err != nil || time.Since(began) < far.config.Latency {
		t.Errorf("after %s: %v", time.Since(began), err)
	}
}

func TestBareWorkflowHasAsManyActivities(t *testing.T) {
	if n := (BareInput{Before: 4, Lanes: 3, Each: 5}).Activities(); n != 19 {
		t.Errorf("%d activities, want 19", n)
	}
}

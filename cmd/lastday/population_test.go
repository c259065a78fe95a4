package main

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lastday"
	"lastday/activities"
	"lastday/audit/population"
	"lastday/internal/app"
	"lastday/workflows"
)

// left are two people who left.
func left() []population.Leaver {
	return []population.Leaver{{Person: "p-1", Engagement: "e-1", Source: "people"}, {Person: "p-2", Engagement: "e-1", Source: "people"}}
}

// caseOf is the case of somebody who left.
func caseOf(person string) string {
	return lastday.Separation{Source: "people", Person: lastday.Person{Key: person}, Engagement: lastday.Engagement{ID: "e-1"}}.CaseID()
}

// clean is a sweep for two people in two systems that saw everything.
func clean() swept {
	return swept{SweepResult: workflows.SweepResult{
		Began: time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC), Leavers: 2,
		Systems: []workflows.SweepSystem{{System: "code", Looked: 2, Clean: 2}, {System: "mail", Looked: 2, Clean: 1, Found: 1}},
	}, LookedFor: []string{caseOf("p-1"), caseOf("p-2")}}
}

func TestASweepIsWholeOnlyIfItSawEverybodyEverywhere(t *testing.T) {
	parts := &app.Parts{Systems: []app.OpenSystem{{Name: "code"}, {Name: "mail"}}}
	if why := partial(clean(), parts, left()); why != "" {
		t.Errorf("a whole one: %s", why)
	}
	for want, spoil := range map[string]func(*swept){
		"mail was not looked at":                                                     func(s *swept) { s.Systems = s.Systems[:1] },
		"code could not be looked at for 1 people":                                   func(s *swept) { s.Systems[0].Unknown = 1 },
		"mail could not be looked at for 2 people":                                   func(s *swept) { s.Systems[1].Looked = 0 },
		"it did not look for 1 of the 2 who left, or before they had left: p-2":      func(s *swept) { s.LookedFor[1] = caseOf("p-of-another-month") },
		"it did not look for 2 of the 2 who left, or before they had left: p-1, p-2": func(s *swept) { s.LookedFor = nil },
		"1 things went wrong or are not listed":                                      func(s *swept) { s.Trouble = []string{"a case could not be read"} },
		"3 things went wrong or are not listed":                                      func(s *swept) { s.More = 3 },
	} {
		s := clean()
		spoil(&s)
		if why := partial(s, parts, left()); why != want {
			t.Errorf("want %q, got %q", want, why)
		}
	}
}

func TestPeopleAreToldOnlyOfWhatTakesItsTime(t *testing.T) {
	for _, c := range []struct {
		takes time.Duration
		json  bool
		want  string
	}{
		{time.Second, false, ""},
		{5 * time.Second, true, ""},
		{5 * time.Second, false, "  reading … 2s\n  reading … 4s\n"},
	} {
		synctest.Test(t, func(t *testing.T) {
			var out strings.Builder
			p := &program{world: world{err: &out}, json: c.json}
			stop := p.wait("reading")
			time.Sleep(c.takes) // In the bubble's own time.
			stop()
			stop()
			if out.String() != c.want {
				t.Errorf("after %s: %q, want %q", c.takes, out.String(), c.want)
			}
		})
	}
}

func TestASweepTellsWhomItLookedFor(t *testing.T) {
	at := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	ended := func(of string, day int) activities.Leaver {
		return activities.Leaver{Case: of, Separation: lastday.Separation{
			Kind: lastday.SeparationScheduled, LastDay: lastday.Date{Year: 2026, Month: 11, Day: day}, Zone: "UTC",
		}}
	}
	if got := lookedFor([]activities.Leaver{ended("c-left", 20), ended("c-stays", 30)}, at); !slices.Equal(got, []string{"c-left"}) {
		t.Errorf("got %v", got)
	}
}

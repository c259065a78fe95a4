package main

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lastday/internal/app"
	"lastday/workflows"
)

// clean is a sweep for two people in two systems that saw everything.
func clean() swept {
	return swept{SweepResult: workflows.SweepResult{
		Began: time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC), Leavers: 2,
		Systems: []workflows.SweepSystem{{System: "code", Looked: 2, Clean: 2}, {System: "mail", Looked: 2, Clean: 1, Found: 1}},
	}}
}

func TestASweepIsWholeOnlyIfItSawEverybodyEverywhere(t *testing.T) {
	parts := &app.Parts{Systems: []app.OpenSystem{{Name: "code"}, {Name: "mail"}}}
	if why := partial(clean(), parts, 2); why != "" {
		t.Errorf("a whole one: %s", why)
	}
	for want, spoil := range map[string]func(*swept){
		"mail was not looked at":                   func(s *swept) { s.Systems = s.Systems[:1] },
		"code could not be looked at for 1 people": func(s *swept) { s.Systems[0].Unknown = 1 },
		"mail could not be looked at for 2 people": func(s *swept) { s.Systems[1].Looked = 0 },
		"it looked for 1 people, and 2 left":       func(s *swept) { s.Leavers = 1 },
		"1 things went wrong or are not listed":    func(s *swept) { s.Trouble = []string{"a case could not be read"} },
		"3 things went wrong or are not listed":    func(s *swept) { s.More = 3 },
	} {
		s := clean()
		spoil(&s)
		if why := partial(s, parts, 2); why != want {
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

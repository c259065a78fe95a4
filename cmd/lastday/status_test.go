package main

import (
	"strings"
	"testing"
	"time"

	"lastday/workflows"
)

func TestAMomentInTheListIsToldToTheMinute(t *testing.T) {
	for moment, want := range map[string]string{
		"2026-11-22T12:35:44.586205058Z": "2026-11-22 12:35",
		"2026-12-06T17:00:00+01:00":      "2026-12-06 16:00",
		"":                               "-",
		"soon":                           "soon",
	} {
		if got := minute(moment); got != want {
			t.Errorf("%q became %q, want %q", moment, got, want)
		}
	}
}

func TestATaskSaysWhatIsKnownOfIt(t *testing.T) {
	since := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	told := func(task workflows.Task) string {
		task.ID, task.What, task.Why, task.Since = "t-1", "news", "HR says otherwise", since
		var out strings.Builder
		writeTasks(&out, shown{Status: workflows.Status{Tasks: []workflows.Task{task}}})
		return out.String()
	}
	for _, tc := range []struct {
		task      workflows.Task
		says, not string
	}{
		{workflows.Task{Told: 1}, "t-1  case: news", "owner"},
		{workflows.Task{System: "office", Told: 1}, "t-1  office: news", "due"},
		{workflows.Task{}, "told nobody yet", "due"},
		{workflows.Task{Told: 1}, "told once", "1 times"},
		{workflows.Task{Told: 3}, "told 3 times", "once"},
		{workflows.Task{Owner: "IT desk"}, "      owner IT desk\n", "due"},
		{workflows.Task{Due: since}, "      due 2026-11-22", "owner"},
		{workflows.Task{Owner: "IT desk", Due: since}, "owner IT desk, due 2026-11-22", "-\n"},
	} {
		if got := told(tc.task); !strings.Contains(got, tc.says) || strings.Contains(got, tc.not) {
			t.Errorf("want %q and not %q in:\n%s", tc.says, tc.not, got)
		}
	}
}

func TestTheStorySaysThatItsBeginningIsLeftOut(t *testing.T) {
	one := shown{Status: workflows.Status{Case: "c-1", Log: make([]workflows.Entry, mostLogLines)}}
	var whole, cut strings.Builder
	writeLog(&whole, one)
	one.Log = append(one.Log, workflows.Entry{})
	writeLog(&cut, one)
	if strings.Contains(whole.String(), "earlier") || !strings.Contains(cut.String(), "… 1 earlier") {
		t.Errorf("whole:\n%s\ncut:\n%s", whole.String(), cut.String())
	}
}

package workflows_test

import (
	"context"
	"testing"
	"time"

	"lastday"
	"lastday/activities"
	"lastday/integrations"
	"lastday/workflows"
)

// synced is a system whose one grant comes from a group in a directory: it
// follows the directory after so many readings, and cannot be changed itself.
type synced struct {
	*farSide
	directory *farSide
	lag       int
	// cutOff says that the grant is gone here, whatever the directory says.
	cutOff bool
}

func newSynced(directory *farSide) *synced {
	f := newFarSide("code", "admin")
	g := f.grants["role:0"]
	g.ManagedBy = "the group core"
	f.grants["role:0"] = g
	return &synced{farSide: f, directory: directory}
}

func (s *synced) List(ctx context.Context, a lastday.Account, at integrations.Cursor) (integrations.Page, error) {
	follows := s.directory.rungs()
	s.mu.Lock()
	if follows == lastday.None || s.cutOff {
		if s.lag--; s.lag < 0 {
			g := s.grants["role:0"]
			g.Rung = lastday.None
			s.grants["role:0"] = g
		}
	}
	s.mu.Unlock()
	return s.farSide.List(ctx, a, at)
}

// withSynced makes a story with a directory and a system that follows it.
func withSynced(t *testing.T) (*story, *farSide, *synced) {
	t.Helper()
	directory := newFarSide("directory", "read")
	code := newSynced(directory)
	s := newStory(t, directory)
	s.cases.Settings.Systems = []activities.SystemSetting{{Name: "code", Queue: workflows.SystemQueue("code")}}
	s.others = append(s.others, integrations.NewSystem("code", code, integrations.Options{Now: time.Now, ManagedBy: "directory"}))
	return s, directory, code
}

func elsewhere(st workflows.Status) (found []workflows.Task) {
	for _, task := range st.Tasks {
		if task.Kind == workflows.TaskElsewhere {
			found = append(found, task)
		}
	}
	return found
}

func TestWhatADirectoryGrantsEndsByItselfWhenBothAreReadBackClean(t *testing.T) {
	s, _, code := withSynced(t)
	code.lag = 4
	result := s.run()
	if result.Outcome != workflows.OutcomeClean {
		t.Errorf("outcome %q", result.Outcome)
	}
	if took := result.Times.CutVerified.Sub(result.Times.CutDue); took > 2*time.Minute {
		t.Errorf("it took %s until both were clean", took)
	}
	if code.writes() != 0 {
		t.Error("what is managed elsewhere was forced")
	}
	closed := 0
	for _, task := range result.Tasks {
		if task.Kind == workflows.TaskElsewhere && task.ManagedIn == "directory" && task.Closed.How == "cleared" {
			closed++
		}
	}
	if closed == 0 {
		t.Errorf("no task says that it was delegated: %+v", result.Tasks)
	}
}

func TestGoneAtOneEndAloneIsNotOver(t *testing.T) {
	s, directory, code := withSynced(t)
	s.at(day(18, 15)+30*time.Minute, func() {
		directory.fail(lastday.Errorf(lastday.CodeTransient, "directory", "down"))
	})
	s.at(day(18, 17), func() {
		code.mu.Lock()
		code.cutOff = true
		code.mu.Unlock()
	})
	s.at(day(29, 12), func() {
		open := elsewhere(s.status())
		if len(open) != 1 || open[0].Closed != nil {
			t.Errorf("gone here, and the directory that would give it back was never read: %+v", open)
		}
		directory.fail(nil)
	})
	s.at(day(30, 12), func() {
		for _, task := range elsewhere(s.status()) {
			if task.Closed == nil {
				t.Errorf("both are clean, and it is open: %+v", task)
			}
		}
	})
	if result := s.run(); result.Outcome != workflows.OutcomeClean {
		t.Errorf("outcome %q", result.Outcome)
	}
}

func TestWhatNobodyConnectedManagesNeedsAPerson(t *testing.T) {
	directory := newFarSide("directory", "none")
	code := newSynced(directory)
	code.lag = 1 << 30
	s := newStory(t)
	s.cases.Settings.Systems = []activities.SystemSetting{{Name: "code", Queue: workflows.SystemQueue("code")}}
	s.others = append(s.others, integrations.NewSystem("code", code, integrations.Options{Now: time.Now}))
	s.at(day(18, 17), func() {
		open := elsewhere(s.status())
		if len(open) == 0 || open[len(open)-1].ManagedIn != "" || open[len(open)-1].Told == 0 {
			t.Fatalf("tasks %+v", open)
		}
		code.mu.Lock()
		code.lag = 0
		code.mu.Unlock()
	})
	s.run()
}

func TestWhatADirectoryGrantsAFurtherAccountEndsWithThatAccountThere(t *testing.T) {
	d := newDirectory("directory", map[string][]string{"7": {"none"}, "70": {"read"}})
	code := newSynced(d.accounts["70"])
	s := newStory(t)
	table := &linkTable{links: []activities.AccountLink{{Link: lastday.Link{System: "directory", ID: "7"}, Role: "primary"}, {Link: lastday.Link{System: "directory", ID: "70"}, Role: "admin"}}}
	s.cases.Links = table
	for _, name := range []string{"code", "directory"} {
		s.cases.Settings.Systems = append(s.cases.Settings.Systems, activities.SystemSetting{Name: name, Queue: workflows.SystemQueue(name)})
	}
	s.others = append(s.others,
		integrations.NewSystem("code", code, integrations.Options{Now: time.Now, ManagedBy: "directory"}),
		integrations.NewSystem("directory", d, integrations.Options{Now: time.Now}))
	s.at(day(18, 15)+30*time.Minute, func() {
		d.accounts["70"].fail(lastday.Errorf(lastday.CodeTransient, "directory", "down"))
	})
	s.at(day(18, 17), func() {
		code.mu.Lock()
		code.cutOff = true
		code.mu.Unlock()
	})
	s.at(day(29, 12), func() {
		open := elsewhere(s.status())
		if len(open) != 1 || open[0].Closed != nil {
			t.Errorf("gone here, and the account that would give it back was never read: %+v", open)
		}
		d.accounts["70"].fail(nil)
	})
	if result := s.run(); result.Outcome != workflows.OutcomeClean {
		t.Errorf("outcome %q", result.Outcome)
	}
}

package workflows_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"

	"lastday"
	"lastday/activities"
	"lastday/integrations"
	"lastday/workflows"
)

// people is a roster in memory.
type people struct {
	all []activities.Leaver
	err error
	// trouble is whom the roster cannot tell of.
	trouble []string
}

func (p *people) Leavers(_ context.Context, at string, most int) (activities.RosterPage, error) {
	from, _ := strconv.Atoi(at)
	to := min(from+most, len(p.all))
	page := activities.RosterPage{Leavers: p.all[from:to], Trouble: p.trouble}
	if to < len(p.all) {
		page.Next = strconv.Itoa(to)
	}
	return page, p.err
}

// gone is somebody who left, known by their key alone.
func gone(key string) activities.Leaver {
	s := leaver()
	s.Person.Key, s.LastDay = key, lastday.Date{Year: 2026, Month: time.October, Day: 30}
	return activities.Leaver{Separation: s, Case: s.CaseID(), From: "list"}
}

// opener remembers whom cases were opened for.
type opener struct {
	doors
	mu     sync.Mutex
	opened []lastday.Delivery
	err    error
}

func (o *opener) Announce(_ context.Context, d lastday.Delivery) (string, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.opened = append(o.opened, d)
	return d.Separation.CaseID(), o.err
}

// onlyFor makes a system in which only one person has an account.
type onlyFor struct {
	*farSide
	key string
}

func (o onlyFor) Find(ctx context.Context, p lastday.Person) (lastday.Match, error) {
	if p.Key != o.key {
		return lastday.Match{Verdict: lastday.FoundNone, Control: o.control()}, o.trouble()
	}
	return o.farSide.Find(ctx, p)
}

type sweepStory struct {
	t      *testing.T
	env    *testsuite.TestWorkflowEnvironment
	told   *told
	opener *opener
	roster *people
	cases  *activities.Cases
}

func newSweep(t *testing.T, leavers []activities.Leaver, systems ...onlyFor) *sweepStory {
	t.Helper()
	s := &sweepStory{t: t, told: &told{}, opener: &opener{}, roster: &people{all: leavers}}
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	s.env = suite.NewTestWorkflowEnvironment()
	s.env.SetStartTime(begin())
	s.env.SetTestTimeout(20 * time.Second)
	workflows.Register(s.env)
	s.cases = &activities.Cases{Messenger: s.opener, Teller: s.told}
	var opened []*integrations.System
	for _, f := range systems {
		s.cases.Settings.Systems = append(s.cases.Settings.Systems, activities.SystemSetting{Name: f.name, Queue: workflows.SystemQueue(f.name), Manual: f.manual})
		opened = append(opened, integrations.NewSystem(f.name, f, integrations.Options{Now: time.Now}))
	}
	s.env.RegisterActivity(activities.NewSystems(opened...))
	s.env.RegisterActivity(s.cases)
	s.env.RegisterActivity(&activities.Sweeps{Roster: s.roster})
	return s
}

func (s *sweepStory) run(in workflows.SweepInput) workflows.SweepResult {
	s.t.Helper()
	s.env.ExecuteWorkflow(workflows.SweepType, in)
	var r workflows.SweepResult
	if err := errors.Join(s.env.GetWorkflowError(), s.env.GetWorkflowResult(&r)); err != nil {
		s.t.Fatal(err)
	}
	return r
}

func TestASweepFindsWhatShouldNotExistAndCutsNothing(t *testing.T) {
	github, ldap := newFarSide("github", "read", "admin", "none"), newFarSide("ldap", "read")
	s := newSweep(t, []activities.Leaver{gone("p-1"), gone("p-2")}, onlyFor{github, "p-2"}, onlyFor{ldap, "nobody"})
	r := s.run(workflows.SweepInput{})
	if r.Clean() || r.Leavers != 2 || len(r.Found) != 1 || len(r.Unseen) != 0 {
		t.Fatalf("result %+v", r)
	}
	f := r.Found[0]
	if f.Person != "p-2" || f.System != "github" || f.Highest != lastday.LevelAdmin || f.Count != 2 || f.Grants[0].Level != lastday.LevelAdmin || !f.Control.Seen {
		t.Errorf("found %+v", f)
	}
	if g := r.Systems[0]; g.Looked != 2 || g.Clean != 1 || g.Found != 1 || g.Unknown != 0 {
		t.Errorf("github: %+v", g)
	}
	if github.writes() != 0 || len(s.opener.opened) != 0 {
		t.Error("a sweep changed something or opened a case by itself")
	}
	if details := r.Details(); !strings.Contains(details, "| github | 2 | 1 | 1 | 0 |") || strings.Contains(details, "p-2") {
		t.Errorf("details %s", details)
	}
	if text := s.told.last("sweep"); !strings.Contains(text, "github: 1 still have access") || strings.Contains(text, "p-2") {
		t.Errorf("people were told %q", text)
	}
}

func TestASweepThatFindsNothingSaysNothing(t *testing.T) {
	s := newSweep(t, []activities.Leaver{gone("p-1")}, onlyFor{newFarSide("github", "admin"), "nobody"})
	if r := s.run(workflows.SweepInput{}); !r.Clean() || s.told.about("sweep") != 0 {
		t.Errorf("result %+v, told %q", r, s.told.last("sweep"))
	}
}

func TestASweepForNobodyShowsNothing(t *testing.T) {
	s := newSweep(t, nil, onlyFor{newFarSide("github", "admin"), "nobody"})
	if r := s.run(workflows.SweepInput{}); r.Clean() || s.told.about("sweep") != 1 {
		t.Errorf("an empty roster passes as clean: %+v", r)
	}
}

func TestWhatASweepCannotSeeIsUnknownAndNeverClean(t *testing.T) {
	denied := newFarSide("denied", "read")
	denied.down = lastday.Errorf(lastday.CodeDenied, "x", "no")
	flaky := newFarSide("flaky", "read")
	flaky.down = lastday.Errorf(lastday.CodeTransient, "x", "down")
	blind := newFarSide("blind", "read")
	blind.blind = true
	gap := newFarSide("gap", "read")
	gap.gap = &lastday.Gap{System: "gap", Kind: "token", What: "tokens", Code: lastday.CodeDenied, Why: "no permission"}
	many := newFarSide("many", "read")
	many.many = true
	office := newFarSide("office", "read")
	office.manual = true
	for _, f := range []*farSide{denied, flaky, blind, gap, many, office} {
		t.Run(f.name, func(t *testing.T) {
			s := newSweep(t, []activities.Leaver{gone("p-1")}, onlyFor{f, "p-1"})
			r := s.run(workflows.SweepInput{})
			if r.Clean() || len(r.Found) != 0 || len(r.Unseen) == 0 || r.Systems[0].Unknown != 1 || r.Systems[0].Clean != 0 {
				t.Errorf("result %+v", r)
			}
			if text := s.told.last("sweep"); !strings.Contains(text, "1 could not be looked for") {
				t.Errorf("people were told %q", text)
			}
		})
	}
}

func TestWhoHasNotLeftYetIsNotLookedFor(t *testing.T) {
	still, rescinded, atOnce := gone("p-1"), gone("p-2"), gone("p-3")
	still.Separation.LastDay = lastday.Date{Year: 2026, Month: time.December, Day: 1}
	rescinded.Separation.Rescinded = true
	atOnce.Separation.Kind, atOnce.Separation.LastDay = lastday.SeparationImmediate, lastday.DateOf(begin())
	github := newFarSide("github", "admin")
	s := newSweep(t, []activities.Leaver{still, rescinded, atOnce}, onlyFor{github, "p-1"})
	if r := s.run(workflows.SweepInput{}); r.Leavers != 1 || r.Still != 2 || len(r.Found) != 0 {
		t.Errorf("result %+v", r)
	}
}

func TestASweepOpensCasesOnlyWhenAskedTo(t *testing.T) {
	s := newSweep(t, []activities.Leaver{gone("p-1"), gone("p-2")}, onlyFor{newFarSide("github", "admin"), "p-2"}, onlyFor{newFarSide("ldap", "read"), "p-2"})
	r := s.run(workflows.SweepInput{OpenCases: true, By: "ann"})
	if len(s.opener.opened) != 1 || len(r.Opened) != 1 {
		t.Fatalf("opened %+v", s.opener.opened)
	}
	if d := s.opener.opened[0]; d.Separation.Person.Key != "p-2" || d.Actor != "ann" || d.Scheme != "sweep" || r.Opened[0] != gone("p-2").Case {
		t.Errorf("delivery %+v", d)
	}
}

func TestACaseThatCannotBeOpenedIsTold(t *testing.T) {
	s := newSweep(t, []activities.Leaver{gone("p-1")}, onlyFor{newFarSide("github", "admin"), "p-1"})
	s.opener.err = lastday.Errorf(lastday.CodeInvalid, "announce", "refused")
	if r := s.run(workflows.SweepInput{OpenCases: true}); len(r.Trouble) != 1 || len(r.Opened) != 0 {
		t.Errorf("result %+v", r)
	}
	if text := s.told.last("sweep"); !strings.Contains(text, "could not be opened") {
		t.Errorf("people were told %q", text)
	}
}

func TestALongSweepContinuesAsNewAndForgetsNobody(t *testing.T) {
	var all []activities.Leaver
	for i := range 60 {
		all = append(all, gone(fmt.Sprintf("p-%d", i)))
	}
	github := newFarSide("github", "admin")
	first := newSweep(t, all, onlyFor{github, "p-3"})
	first.env.SetContinueAsNewSuggested(true)
	first.env.ExecuteWorkflow(workflows.SweepType, workflows.SweepInput{})
	var in workflows.SweepInput
	continued(t, first.env.GetWorkflowError(), &in)
	second := newSweep(t, all, onlyFor{github, "p-40"})
	r := second.run(in)
	var who []string
	for _, f := range r.Found {
		who = append(who, f.Person)
	}
	if r.Leavers != 60 || r.Systems[0].Looked != 60 || !slices.Equal(who, []string{"p-3", "p-40"}) {
		t.Errorf("%d leavers, %+v, found %v", r.Leavers, r.Systems, who)
	}
}

func TestASweepWithoutARosterFailsAndSaysSo(t *testing.T) {
	s := newSweep(t, nil, onlyFor{newFarSide("github", "admin"), "p-1"})
	s.roster.err = lastday.Errorf(lastday.CodeInvalid, "roster", "line 3 has mistakes")
	s.env.ExecuteWorkflow(workflows.SweepType, workflows.SweepInput{})
	if s.env.GetWorkflowError() == nil || !strings.Contains(s.told.last("sweep"), "line 3") {
		t.Errorf("%v, told %q", s.env.GetWorkflowError(), s.told.last("sweep"))
	}
}

func TestWhoTheRosterCannotTellOfIsNotClean(t *testing.T) {
	s := newSweep(t, []activities.Leaver{gone("p-1")}, onlyFor{newFarSide("github", "admin"), "nobody"})
	s.roster.trouble = []string{"case c-9 could not be read"}
	if r := s.run(workflows.SweepInput{}); r.Clean() || !strings.Contains(s.told.last("sweep"), "c-9") {
		t.Errorf("result %+v, told %q", r, s.told.last("sweep"))
	}
}

func TestASweepOfOneSystemAsksNoOther(t *testing.T) {
	s := newSweep(t, []activities.Leaver{gone("p-1")}, onlyFor{newFarSide("github", "admin"), "p-1"}, onlyFor{newFarSide("ldap", "admin"), "p-1"})
	if r := s.run(workflows.SweepInput{Systems: []string{"ldap"}}); len(r.Systems) != 1 || len(r.Found) != 1 || r.Found[0].System != "ldap" {
		t.Errorf("result %+v", r)
	}
	wrong := newSweep(t, nil, onlyFor{newFarSide("github"), "p-1"})
	wrong.env.ExecuteWorkflow(workflows.SweepType, workflows.SweepInput{Systems: []string{"nowhere"}})
	if wrong.env.GetWorkflowError() == nil {
		t.Error("a system that is not there was swept")
	}
}

func TestASweepWhoseFirstRunLooksForNobodyGoesOn(t *testing.T) {
	var all []activities.Leaver
	for i := range 60 {
		l := gone(fmt.Sprintf("p-%d", i))
		if i < 30 {
			l.Separation.LastDay.Year = 2099
		}
		all = append(all, l)
	}
	github := newFarSide("github", "admin")
	first := newSweep(t, all, onlyFor{github, "p-40"})
	first.env.SetContinueAsNewSuggested(true)
	first.env.ExecuteWorkflow(workflows.SweepType, workflows.SweepInput{})
	var in workflows.SweepInput
	continued(t, first.env.GetWorkflowError(), &in)
	second := newSweep(t, all, onlyFor{github, "p-40"})
	if r := second.run(in); r.Leavers != 30 || r.Still != 30 || r.Systems[0].Found != 1 {
		t.Errorf("%+v", r)
	}
}

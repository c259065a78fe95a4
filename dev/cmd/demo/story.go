package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"lastday"
	"lastday/integrations/github/githubtest"
	"lastday/plan"
	"lastday/workflows"
)

// story is the main job, told once, with an independent check at its end.
type story struct {
	in     *installation
	skip   *skipper
	caseID string
	// before is what everybody could get at in the sandbox before we came.
	before githubtest.Snapshot
	// others is the same of the other far sides, by system.
	others map[string]map[string]string
	told   map[string]bool
	// asked counts how often each task was answered.
	asked   map[string]int
	lastDay lastday.Date
	cutDue  time.Time
}

const storyLimit = 5 * time.Minute

func tellStory(ctx context.Context, o options) error {
	ctx, cancel := context.WithTimeoutCause(ctx, storyLimit, fmt.Errorf("the story took longer than %s", storyLimit))
	defer cancel()
	began := time.Now()
	heading("A company, a Temporal server, lastday")
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		return err
	}
	lastDay := lastday.DateOf(time.Now().In(zone)).AddDays(14)
	in, err := install(ctx, o)
	if err != nil {
		return err
	}
	defer in.stop(ctx)
	s := &story{in: in, told: map[string]bool{}, asked: map[string]int{}, lastDay: lastDay, before: in.company.GitHub.Snapshot()}
	s.caseID = lastday.Separation{Source: "people", Person: in.company.Leaver, Engagement: in.company.Engagement}.CaseID()
	s.skip = &skipper{in: in, caseID: s.caseID}
	if err := s.tell(ctx); err != nil {
		return errors.Join(err, in.alive())
	}
	fmt.Printf("\nThe story took %s. Temporal UI while it runs (--keep): %s\n", time.Since(began).Round(time.Second), s.link())
	if o.keep {
		fmt.Println("Left running: Ctrl-C ends it.")
		<-ctx.Done()
	}
	return nil
}

func (s *story) link() string {
	return "http://" + s.in.ui + "/namespaces/default/workflows/case%2F" + s.caseID
}

func (s *story) tell(ctx context.Context) error {
	for _, chapter := range []func(context.Context) error{
		s.tryBefore, s.announce, s.notice, s.button, s.moveEarlier, s.handoverWithKill, s.cut, s.check, s.watch, s.proof,
	} {
		if err := chapter(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (s *story) announce(ctx context.Context) error {
	heading(fmt.Sprintf("HR announces: the last day is %s, in 14 days", s.lastDay))
	c := s.in.company
	if err := s.in.linkAdmin(ctx); err != nil {
		return err
	}
	if err := c.HR.Schedule(c.Leaver.Key, c.Engagement.ID, s.lastDay); err != nil {
		return err
	}
	began := time.Now()
	statuses, err := c.HR.Deliver(ctx, c.Hook())
	if err != nil {
		return err
	}
	say("signed event", fmt.Sprintf("answered %v", statuses), began)
	st, err := s.until(ctx, "a plan", func(st workflows.Status) bool { return st.PlanDigest != "" && st.State != workflows.StatePlanning })
	if err != nil {
		return err
	}
	say("case "+st.Case, "planned; nothing changed yet", began)
	made, err := s.in.cases.Plan(ctx, s.caseID)
	if err != nil {
		return err
	}
	fmt.Println()
	fmt.Println(indent(plan.Text(made, plan.TextOptions{Colour: colour()})))
	return nil
}

func (s *story) notice(ctx context.Context) error {
	return s.stage(ctx, "notice", func() error { return nil })
}

func (s *story) moveEarlier(ctx context.Context) error {
	earlier := s.lastDay.AddDays(-5)
	heading(fmt.Sprintf("Half way HR moves the last day to %s", earlier))
	c := s.in.company
	if err := c.HR.Move(c.Leaver.Key, c.Engagement.ID, earlier); err != nil {
		return err
	}
	began := time.Now()
	if _, err := c.HR.Deliver(ctx, c.Hook()); err != nil {
		return err
	}
	st, err := s.until(ctx, "a new plan", func(st workflows.Status) bool { return st.Cutoff.Date == earlier })
	if err != nil {
		return err
	}
	say("planned again", fmt.Sprintf("next: %s on %s; an earlier end holds at once", st.NextStage, day(st.NextAt)), began)
	return nil
}

// handoverWithKill kills the worker after the first write of the stage and
// starts another.
func (s *story) handoverWithKill(ctx context.Context) error {
	return s.stage(ctx, "handover", func() error {
		writes := len(s.in.company.GitHub.Writes())
		for len(s.in.company.GitHub.Writes()) <= writes+1 {
			select {
			case <-ctx.Done():
				return fmt.Errorf("waited for the first write of the stage: %w", context.Cause(ctx))
			case <-time.After(time.Millisecond):
			}
		}
		began := time.Now()
		s.in.worker.Kill()
		say("worker killed", fmt.Sprintf("with SIGKILL, %d writes into the stage", len(s.in.company.GitHub.Writes())-writes), began)
		if err := s.in.startWorker(); err != nil {
			return err
		}
		say("worker started", "another one; it goes on when Temporal misses the first one's heartbeat", time.Now())
		return nil
	})
}

func (s *story) cut(ctx context.Context) error {
	st, err := s.in.cases.Status(ctx, s.caseID)
	if err != nil {
		return err
	}
	s.cutDue = st.Cutoff.Instant
	return s.stage(ctx, "cut", func() error { return nil })
}

// stage skips to a stage, lets meanwhile happen what shall, waits until every
// system is clean or wants a person, and answers for the people.
func (s *story) stage(ctx context.Context, name string, meanwhile func() error) error {
	st, err := s.in.cases.Status(ctx, s.caseID)
	if err != nil {
		return err
	}
	if st.NextStage != name {
		return fmt.Errorf("the next stage is %q, not %q", st.NextStage, name)
	}
	heading(fmt.Sprintf("%s: stage %s", day(st.NextAt), name))
	if err := s.skip.to(ctx, st.NextAt); err != nil {
		return err
	}
	if err := meanwhile(); err != nil {
		return err
	}
	if err := s.settle(ctx, name); err != nil {
		return err
	}
	return s.draw(ctx)
}

// settle follows the stage until all systems are clean at it, and does by hand
// what people are asked to do.
func (s *story) settle(ctx context.Context, stage string) error {
	for {
		st, err := s.until(ctx, "stage "+stage, func(st workflows.Status) bool { return cleanAt(st, stage) || wantsPerson(st) })
		if err != nil {
			return err
		}
		clean := cleanAt(st, stage)
		s.showChanges(st, clean)
		if clean {
			return nil
		}
		if err := s.answerTasks(ctx, st); err != nil {
			return err
		}
	}
}

func cleanAt(st workflows.Status, stage string) bool {
	return !slices.ContainsFunc(st.Lanes, func(l workflows.Lane) bool { return l.Clean != stage }) && !wantsPerson(st)
}

func wantsPerson(st workflows.Status) bool {
	return slices.ContainsFunc(st.Tasks, func(t workflows.Task) bool { return t.Closed == nil && needsHands(t) })
}

func needsHands(t workflows.Task) bool {
	return t.Kind != workflows.TaskFailing && t.Kind != workflows.TaskUnserved && t.Kind != workflows.TaskUnseen
}

func (s *story) draw(ctx context.Context) error {
	st, err := s.in.cases.Status(ctx, s.caseID)
	if err != nil {
		return err
	}
	made, err := s.in.cases.Plan(ctx, s.caseID)
	if err != nil {
		return err
	}
	fmt.Println()
	fmt.Println(indent(sideBySide(st, made)))
	return nil
}

// watch lets the last stages pass and waits until the case closes itself.
func (s *story) watch(ctx context.Context) error {
	heading("The watch: 1 hour, 1 day and 7 days later")
	for {
		st, err := s.in.cases.Status(ctx, s.caseID)
		if err != nil {
			return err
		}
		if st.State == workflows.StateClosed {
			s.summary(st)
			return nil
		}
		if st.NextStage == "" {
			if _, err := s.until(ctx, "the end of the case", func(st workflows.Status) bool { return st.State == workflows.StateClosed }); err != nil {
				return err
			}
			continue
		}
		if err := s.skip.to(ctx, st.NextAt); err != nil {
			return err
		}
		if _, err := s.until(ctx, st.NextStage, func(now workflows.Status) bool {
			return now.State == workflows.StateClosed || cleanAt(now, st.NextStage)
		}); err != nil {
			return err
		}
		fmt.Printf("  %s  %s: read again, nothing came back\n", day(st.NextAt), st.NextStage)
	}
}

// until waits until the case's status is as wanted.
func (s *story) until(ctx context.Context, what string, ok func(workflows.Status) bool) (workflows.Status, error) {
	poll := time.NewTicker(50 * time.Millisecond)
	defer poll.Stop()
	var last error
	for {
		st, err := s.in.cases.Status(ctx, s.caseID)
		if err == nil && ok(st) {
			return st, nil
		}
		if last = err; err == nil {
			last = fmt.Errorf("state %q, stage %q", st.State, st.Stage)
		}
		select {
		case <-ctx.Done():
			return st, fmt.Errorf("waited for %s: %w (%w)", what, context.Cause(ctx), last)
		case <-poll.C:
		}
		if dead, ended := s.in.temporal.Ended(); ended {
			return st, dead
		}
	}
}

func (s *story) summary(st workflows.Status) {
	heading("What it took")
	applied, observed, calls := 0, 0, 0
	for _, l := range st.Lanes {
		calls += l.Calls
		for _, o := range l.Orders {
			applied++
			if o.Receipt.Proof == lastday.ProofObserved {
				observed++
			}
		}
	}
	fmt.Printf("  event to first reduction        %s of calendar time (the first stage was that far away)\n", st.Times.FirstReduced.Sub(st.Times.Told).Round(time.Minute))
	fmt.Printf("  stage due to first reduction    %s\n", st.Times.FirstReduced.Sub(s.stageAt(st, "notice")).Round(time.Millisecond))
	fmt.Printf("  cut-off to verified cut         %s\n", st.Times.CutVerified.Sub(st.Times.CutDue).Round(time.Millisecond))
	fmt.Printf("  changes                         %d, of which %d observed gone by reading back\n", applied, observed)
	fmt.Printf("  requests for reading            %d\n", calls)
	fmt.Printf("  the case                        %s\n", st.State)
}

func (s *story) stageAt(st workflows.Status, stage string) time.Time {
	for _, r := range st.Reached {
		if r.Stage == stage {
			return r.At
		}
	}
	return time.Time{}
}

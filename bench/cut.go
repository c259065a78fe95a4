package main

import (
	"context"
	"fmt"
	"time"

	"lastday"
	"lastday/integrations"
	"lastday/workflows"
)

const (
	cutSystems = 10
	cutGrants  = 40
	cutLatency = 50 * time.Millisecond
)

// scheduled is a policy whose first stage is close to the cut, so that a case
// with a last day in a month only waits.
const scheduled = "stages:\n  - {name: notice, at: 2 days before, time: \"09:00\", ceiling: write}\n  - {name: cut, at: last day, ceiling: none}\n"

// measureCut orders a cut now and measures until the last system was read back.
func measureCut(ctx context.Context, o options) (section, error) {
	s := section{
		Title: "Cut now to the last verified system",
		How: fmt.Sprintf("%d systems with %d grants each, every call of a far side takes %s (a reading is 3 to 4 calls, a change 1); against the same reads and writes of one system, one after the other, without Temporal.",
			cutSystems, cutGrants, cutLatency),
	}
	h, err := openHouse(ctx, o, shape{systems: cutSystems, grants: cutGrants, latency: cutLatency, stages: scheduled, encrypt: true})
	if err != nil {
		return s, err
	}
	defer h.close() //nolint:errcheck // What is left lies in a temporary folder.
	var times ratios
	var calls int
	for run := range o.runs + 1 {
		ours, err := h.cutOne(ctx, leaver{number: run, lastDay: o.inAMonth()})
		if err != nil {
			return s, err
		}
		theirs, n, err := o.chain(ctx)
		if err != nil {
			return s, err
		}
		if calls = n; run > 0 || o.quick { // The first warms up.
			times.add(milliseconds(ours), milliseconds(theirs))
		}
	}
	s.add("ratio", times.median(), "×", "order to verified cut of all systems over the chain of calls of one")
	s.add("all systems", times.ours(), "ms", "from sending the signal until the last system was read back clean")
	s.add("one system's chain", times.theirs(), "ms", "the same reads and writes by themselves")
	s.add("calls in the chain", float64(calls), "", "probe, find and list, a call for each change, and probe, find and list again")
	s.Note = fmt.Sprintf("Medians of %d runs.", max(1, o.runs))
	return s, nil
}

// cutOne waits until a case sleeps, cuts it and says how long that took.
func (h *house) cutOne(ctx context.Context, l leaver) (time.Duration, error) {
	if _, err := h.send(ctx, l); err != nil {
		return 0, err
	}
	if err := h.awaitState(ctx, caseOf(l), workflows.StateWaiting); err != nil {
		return 0, err
	}
	began := h.o.now()
	m := workflows.CutNowMessage{Message: workflows.Message{ID: "cut", Actor: "bench", Reason: "measured"}}
	if err := h.client.SignalWorkflow(ctx, workflows.CaseWorkflowID(caseOf(l)), "", workflows.SignalCutNow, m); err != nil {
		return 0, err
	}
	var result workflows.CaseResult
	if err := h.client.GetWorkflow(ctx, workflows.CaseWorkflowID(caseOf(l)), "").Get(ctx, &result); err != nil {
		return 0, err
	}
	if result.Outcome != workflows.OutcomeClean || result.Times.CutVerified.IsZero() {
		return 0, fmt.Errorf("the case ended %q, cut verified at %s: nothing to measure", result.Outcome, result.Times.CutVerified)
	}
	// Server and this program share one machine, and so one clock.
	return result.Times.CutVerified.Sub(began), nil
}

func (h *house) awaitState(ctx context.Context, caseID, state string) error {
	return until(ctx, "the case to be "+state, 50*time.Millisecond, func() (bool, error) {
		if err := h.alive(); err != nil {
			return false, err
		}
		st, err := h.cases.Status(ctx, caseID)
		if lastday.CodeOf(err) == lastday.CodeNotFound {
			return false, nil
		}
		return st.State == state, err
	})
}

// chain makes the calls that cutting one system takes, without Temporal.
func (o options) chain(ctx context.Context) (time.Duration, int, error) {
	far := newFarSide("system-0", farSideConfig{Grants: cutGrants, Latency: cutLatency}, o.now)
	system := integrations.NewSystem("system-0", far, integrations.Options{Now: o.now})
	person := lastday.Person{Key: "p"}
	began := o.now()
	inv, err := system.Survey(ctx, person, nil)
	if err != nil {
		return 0, 0, err
	}
	for _, g := range inv.Grants {
		if _, err := system.Apply(ctx, lastday.NewChange("case", inv.Match.Account, g, lastday.None, "bench"), false); err != nil {
			return 0, 0, err
		}
	}
	after, err := system.Survey(ctx, person, nil)
	if err == nil && len(after.Grants) > 0 {
		err = fmt.Errorf("%d grants are left", len(after.Grants))
	}
	return o.now().Sub(began), far.calls, err
}

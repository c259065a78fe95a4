package main

import (
	"context"
	"fmt"
	"strings"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"golang.org/x/sync/errgroup"

	"lastday/workflows"
)

// measureThroughput hands over a heap of leavers at once and waits until all
// their cases are closed; then the same with bare workflows of the same shape.
func measureThroughput(ctx context.Context, o options) (section, error) {
	s := section{
		Title: "Cases completed",
		How:   "Immediate leavers with 3 systems of 10 grants in memory, cut and read back, no watch; against bare workflows with as many empty activities in as many parallel lanes, on the same server, served by the same process with the options of cases.",
	}
	h, err := openHouse(ctx, o, shape{systems: 3, grants: 10, stages: cutOnly, encrypt: true})
	if err != nil {
		return s, err
	}
	defer h.close() //nolint:errcheck // What is left lies in a temporary folder.
	heap := 60
	if o.quick {
		heap = 12
	}
	if _, err := h.caseHeap(ctx, 0, 4); err != nil {
		return s, err
	}
	bare, err := h.shapeOf(ctx, leaver{number: 0})
	if err != nil {
		return s, err
	}
	if _, err := h.bareHeap(ctx, "warm", 4, bare); err != nil {
		return s, err
	}
	var rates ratios
	for run := range o.runs {
		wait := func() error { return nil }
		if run == 0 {
			wait = h.profile(ctx, "throughput")
		}
		ours, err := h.caseHeap(ctx, 4+run*heap, heap)
		if err != nil {
			return s, err
		}
		if err := wait(); err != nil {
			return s, err
		}
		theirs, err := h.bareHeap(ctx, fmt.Sprint(run), heap, bare)
		if err != nil {
			return s, err
		}
		rates.add(ours, theirs)
	}
	s.add("ratio", rates.median(), "×", "cases per second over bare workflows per second; 1 would be no cost at all")
	s.add("cases", rates.ours(), "1/s", "from the first POST until the last case is closed, divided by their number")
	s.add("bare workflows", rates.theirs(), "1/s", "from the first start until the last is closed, divided by their number")
	s.add("activities", float64(bare.Activities()), "", "of each, the one of the event's own workflow included")
	s.add("activities of cases", rates.ours()*float64(bare.Activities()), "1/s", "cases times their activities")
	s.add("sent again", float64(h.again.Load()), "", "events that the starter answered with 5xx because the server was too busy, and that were then sent again, as HR systems do")
	s.Note = fmt.Sprintf("Medians of %d runs of %d each, %d events sent at a time.", o.runs, heap, senders)
	return s, nil
}

// caseHeap gives cases per second.
func (h *house) caseHeap(ctx context.Context, first, n int) (float64, error) {
	const closed = "WorkflowType='Case' AND ExecutionStatus='Completed'"
	began := h.o.now()
	if err := h.sendAll(ctx, first, n, leaver{}.lastDay); err != nil {
		return 0, err
	}
	err := h.awaitCount(ctx, closed, first+n)
	return float64(n) / h.o.now().Sub(began).Seconds(), err
}

// bareHeap gives bare workflows per second.
func (h *house) bareHeap(ctx context.Context, name string, n int, in BareInput) (float64, error) {
	const closed = "WorkflowType='Bare' AND ExecutionStatus='Completed'"
	before, err := h.count(ctx, closed)
	if err != nil {
		return 0, err
	}
	began := h.o.now()
	group, starting := errgroup.WithContext(ctx)
	group.SetLimit(senders)
	for i := range n {
		group.Go(func() error {
			_, err := h.client.ExecuteWorkflow(starting, client.StartWorkflowOptions{ID: fmt.Sprintf("bare/%s/%d", name, i), TaskQueue: bareQueue}, "Bare", in)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return 0, err
	}
	err = h.awaitCount(ctx, closed, before+n)
	return float64(n) / h.o.now().Sub(began).Seconds(), err
}

// shapeOf counts the activities of a case in its history: those of systems run
// in lanes, all others before them, and one more hands the event over.
func (h *house) shapeOf(ctx context.Context, l leaver) (BareInput, error) {
	in := BareInput{Before: 1, Lanes: h.shape.systems}
	inLanes := 0
	err := h.events(ctx, workflows.CaseWorkflowID(caseOf(l)), "", func(e *historypb.HistoryEvent) {
		scheduled := e.GetActivityTaskScheduledEventAttributes()
		switch {
		case scheduled == nil:
		case strings.HasPrefix(scheduled.GetActivityId(), "system-"):
			inLanes++
		default:
			in.Before++
		}
	})
	in.Each = inLanes / in.Lanes
	in.Before += inLanes % in.Lanes
	return in, err
}

func (h *house) events(ctx context.Context, workflowID, runID string, each func(*historypb.HistoryEvent)) error {
	events := h.client.GetWorkflowHistory(ctx, workflowID, runID, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		e, err := events.Next()
		if err != nil {
			return err
		}
		each(e)
	}
	return nil
}

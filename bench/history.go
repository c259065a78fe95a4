package main

import (
	"context"
	"fmt"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"lastday/workflows"
)

// staircase has four stages and four watches.
const staircase = `stages:
  - {name: notice, at: 14 days before, time: "09:00", ceiling: write}
  - {name: handover, at: 5 days before, time: "09:00", ceiling: read}
  - {name: last morning, at: last day, time: "09:00", ceiling: sign-in}
  - {name: cut, at: last day, ceiling: none}
watch: [1h, 1d, 7d, 30d]
`

// story is a case whose history is measured.
type story struct {
	name  string
	shape shape
	live  func(context.Context, *house) (leaver, error)
}

func stories() []story {
	return []story{
		{"1 system, 3 grants, cut at once", shape{systems: 1, grants: 3, stages: cutOnly}, liveImmediate},
		{"3 systems, 40 grants each, 4 stages, 4 watches", shape{systems: 3, grants: 40, stages: staircase, skipping: true}, liveStaircase},
		{"10 systems, 40 grants each, planned, then cut now", shape{systems: 10, grants: 40, stages: scheduled}, liveCutNow},
	}
}

// measureHistory lives whole cases and asks the server for the size of their histories.
func measureHistory(ctx context.Context, o options) (section, error) {
	s := section{
		Title: "History of a case",
		How:   "Events and bytes as the server counts them, from the announcement to the closed case, over all its runs. The server suggests continue-as-new at 4,096 events or 4 MiB, which the case follows, and ends a workflow at 51,200 events or 50 MiB.",
	}
	for _, st := range stories() {
		plain, err := st.size(ctx, o, false)
		if err != nil {
			return s, fmt.Errorf("%s: %w", st.name, err)
		}
		sealed, err := st.size(ctx, o, true)
		if err != nil {
			return s, fmt.Errorf("%s, encrypted: %w", st.name, err)
		}
		s.add(st.name+": events", plain.events, "", fmt.Sprintf("in %d run(s), %d activities", plain.runs, plain.activities))
		s.add(st.name+": plain", plain.bytes, "B", fmt.Sprintf("bytes of history without encryption; the largest event has %s", threeDigits(plain.largest)))
		s.add(st.name+": encrypted", sealed.bytes, "B", fmt.Sprintf("with the payloads encrypted, which compresses them first: %.2f of plain; the largest event has %s", sealed.bytes/plain.bytes, threeDigits(sealed.largest)))
	}
	s.Note = "One run each; sizes do not vary but for a few events of workflow tasks. The event's own workflow comes on top, with 11 events."
	return s, nil
}

type historySize struct {
	events, bytes, largest float64
	runs, activities       int
}

func (st story) size(ctx context.Context, o options, encrypt bool) (historySize, error) {
	st.shape.encrypt = encrypt
	h, err := openHouse(ctx, o, st.shape)
	if err != nil {
		return historySize{}, err
	}
	defer h.close() //nolint:errcheck // What is left lies in a temporary folder.
	l, err := st.live(ctx, h)
	if err != nil {
		return historySize{}, err
	}
	return h.sizeOf(ctx, l)
}

// sizeOf adds up the runs of a case.
func (h *house) sizeOf(ctx context.Context, l leaver) (historySize, error) {
	id := workflows.CaseWorkflowID(caseOf(l))
	query := fmt.Sprintf("WorkflowId='%s'", id)
	found, err := h.client.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{Namespace: "default", Query: query})
	if err != nil {
		return historySize{}, err
	}
	var size historySize
	for _, run := range found.GetExecutions() {
		runID := run.GetExecution().GetRunId()
		described, err := h.client.DescribeWorkflowExecution(ctx, id, runID)
		if err != nil {
			return size, err
		}
		info := described.GetWorkflowExecutionInfo()
		size.runs++
		size.events += float64(info.GetHistoryLength())
		size.bytes += float64(info.GetHistorySizeBytes())
		if err = h.addEvents(ctx, id, runID, &size); err != nil {
			return size, err
		}
	}
	if size.runs == 0 {
		return size, fmt.Errorf("%s is not listed", id)
	}
	return size, nil
}

// addEvents counts activities and finds the largest event: the server refuses
// a payload of more than 2 MiB.
func (h *house) addEvents(ctx context.Context, id, runID string, size *historySize) error {
	return h.events(ctx, id, runID, func(e *historypb.HistoryEvent) {
		size.largest = max(size.largest, float64(proto.Size(e)))
		if e.GetEventType() == enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED {
			size.activities++
		}
	})
}

func liveImmediate(ctx context.Context, h *house) (leaver, error) {
	l := leaver{}
	if _, err := h.send(ctx, l); err != nil {
		return l, err
	}
	return l, h.awaitCount(ctx, "WorkflowType='Case' AND ExecutionStatus='Completed'", 1)
}

func liveCutNow(ctx context.Context, h *house) (leaver, error) {
	l := leaver{lastDay: h.o.inAMonth()}
	_, err := h.cutOne(ctx, l)
	return l, err
}

func liveStaircase(ctx context.Context, h *house) (leaver, error) {
	l := leaver{lastDay: h.o.inAMonth()}
	if _, err := h.send(ctx, l); err != nil {
		return l, err
	}
	if err := h.awaitState(ctx, caseOf(l), workflows.StateWaiting); err != nil {
		return l, err
	}
	skip := skipper{h: h, l: l}
	err := until(ctx, "the end of the staircase", 50*time.Millisecond, func() (bool, error) { return skip.on(ctx) })
	return l, err
}

// skipper lets the server skip the waiting of one case: the days are not
// lived, everything in between is.
type skipper struct {
	h      *house
	l      leaver
	ahead  time.Duration
	serial int
}

// on skips to the next stage if every system is clean at the last. It says
// whether the case is closed.
func (s *skipper) on(ctx context.Context) (bool, error) {
	st, err := s.h.cases.Status(ctx, caseOf(s.l))
	if err != nil || st.State == workflows.StateClosed {
		return err == nil, err
	}
	if st.State == workflows.StateStuck {
		return false, fmt.Errorf("stuck: %+v", st.Tasks)
	}
	if st.NextAt.IsZero() || (st.State != workflows.StateWaiting && st.State != workflows.StateWatching) {
		return false, s.h.alive()
	}
	return false, s.to(ctx, st.NextAt)
}

func (s *skipper) to(ctx context.Context, at time.Time) error {
	by := at.Sub(s.h.o.now().Add(s.ahead)) + time.Second
	if by <= 0 {
		return nil
	}
	s.serial++
	id := fmt.Sprintf("skip-%d", s.serial)
	execution := &commonpb.WorkflowExecution{WorkflowId: workflows.CaseWorkflowID(caseOf(s.l))}
	began := s.h.o.now()
	_, err := s.h.client.WorkflowService().UpdateWorkflowExecutionOptions(ctx, &workflowservice.UpdateWorkflowExecutionOptionsRequest{
		Namespace: "default", WorkflowExecution: execution,
		WorkflowExecutionOptions: &workflowpb.WorkflowExecutionOptions{TimeSkippingConfig: &commonpb.TimeSkippingConfig{
			Enabled: true, FastForwardConfig: &commonpb.FastForwardConfig{Id: id, Duration: durationpb.New(by)},
		}},
		UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"time_skipping_config"}},
	})
	if err != nil {
		return fmt.Errorf("skip time: %w", err)
	}
	defer func() { s.ahead += by - s.h.o.now().Sub(began) }()
	return s.reached(ctx, execution, id)
}

func (s *skipper) reached(ctx context.Context, execution *commonpb.WorkflowExecution, id string) error {
	for {
		answer, err := s.h.client.WorkflowService().PollWorkflowExecutionTimeSkipping(ctx, &workflowservice.PollWorkflowExecutionTimeSkippingRequest{
			Namespace: "default", WorkflowExecution: execution, FastForwardId: id,
		})
		if err != nil {
			return fmt.Errorf("wait for skipped time: %w", err)
		}
		switch answer.GetFastForwardPollingResult() {
		case enumspb.FAST_FORWARD_POLLING_RESULT_FAST_FORWARD_COMPLETED:
			return nil
		case enumspb.FAST_FORWARD_POLLING_RESULT_FAST_FORWARD_FAILED:
			return s.closed(ctx, answer.GetFailedReason())
		}
	}
}

// closed is nil if the case is over: then there was no time left to skip.
func (s *skipper) closed(ctx context.Context, failed string) error {
	st, err := s.h.cases.Status(ctx, caseOf(s.l))
	if err == nil && st.State != workflows.StateClosed {
		err = fmt.Errorf("skip time: %s", failed)
	}
	return err
}

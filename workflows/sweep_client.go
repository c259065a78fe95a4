package workflows

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"lastday"
	"lastday/activities"
)

// closedCases are the cases that do nothing any more, however they ended: one
// that somebody terminated has most access to leave behind.
const closedCases = `WorkflowType = 'Case' AND ExecutionStatus IN ('Completed', 'Terminated', 'Canceled', 'Failed', 'TimedOut')`

// ClosedCases gives a page of the people whose cases are closed, in whatever
// way, each with the accounts that their case knew, and where the next page
// begins. A case that is open again, or whose engagement goes on after all, is
// left out.
func (c *Client) ClosedCases(ctx context.Context, at []byte, most int) (page activities.RosterPage, next []byte, err error) {
	list, err := c.temporal.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
		Query: closedCases, PageSize: int32(min(most, 1000)), NextPageToken: at, //nolint:gosec // Bounded in the same line.
	})
	if err != nil {
		return page, nil, clientError("list closed cases", err)
	}
	for _, e := range list.GetExecutions() {
		id := e.GetExecution().GetWorkflowId()
		latest, err := c.temporal.DescribeWorkflowExecution(ctx, id, "")
		if err != nil || latest.GetWorkflowExecutionInfo().GetExecution().GetRunId() != e.GetExecution().GetRunId() {
			if err != nil {
				page.Trouble = append(page.Trouble, caseTrouble(id, err))
			}
			continue
		}
		l, ok, err := c.Leaver(ctx, strings.TrimPrefix(id, CaseWorkflowID("")))
		switch {
		case err != nil:
			page.Trouble = append(page.Trouble, caseTrouble(id, err))
		case ok:
			page.Leavers = append(page.Leavers, l)
		}
	}
	return page, list.GetNextPageToken(), nil
}

func caseTrouble(id string, err error) string {
	return fmt.Sprintf("%s could not be read: %s", id, lastday.CodeOf(err))
}

// Leaver asks a case who leaves, with the accounts that the case knows of
// them. It is none if there is no such case or the engagement goes on.
func (c *Client) Leaver(ctx context.Context, caseID string) (activities.Leaver, bool, error) {
	st, err := c.Status(ctx, caseID)
	if lastday.CodeOf(err) == lastday.CodeNotFound {
		return activities.Leaver{}, false, nil
	}
	if err != nil || st.Separation.Person.Key == "" || st.Separation.Rescinded {
		return activities.Leaver{}, false, err
	}
	l := activities.Leaver{Separation: st.Separation, Case: caseID, From: "case"}
	for _, lane := range st.Lanes {
		if lane.Account.ID != "" {
			l.Separation.Person.Links = addLink(l.Separation.Person.Links, lastday.Link{System: lane.System, ID: lane.Account.ID, Login: lane.Account.Login})
		}
	}
	return l, true, nil
}

// addLink adds what a case pinned, by the name of its lane; a link that names
// the same account, or only a login, gives way to it.
func addLink(links []lastday.Link, k lastday.Link) []lastday.Link {
	kept := slices.DeleteFunc(slices.Clone(links), func(o lastday.Link) bool {
		same := lastday.SystemOf(o.System) == lastday.SystemOf(k.System) && o.ID == k.ID
		return same || (o.System == k.System && o.ID == "")
	})
	return append(kept, k)
}

// SweepSchedule says when Temporal sweeps by itself.
type SweepSchedule struct {
	// Every is how often, Cron when, in UTC; one of them.
	Every time.Duration
	Cron  string
	Input SweepInput
}

// ScheduleSweep makes the one schedule of sweeps.
//
// CodeInvalid: there is one already, or its times make no sense.
func (c *Client) ScheduleSweep(ctx context.Context, s SweepSchedule) error {
	const op = "schedule sweep"
	spec := client.ScheduleSpec{}
	switch {
	case (s.Every > 0) == (s.Cron != ""):
		return lastday.Errorf(lastday.CodeInvalid, op, "say either how often or when")
	case s.Cron != "":
		spec.CronExpressions = []string{s.Cron}
	case s.Every < time.Hour:
		return lastday.Errorf(lastday.CodeInvalid, op, "more often than every hour asks too much of the systems")
	default:
		spec.Intervals = []client.ScheduleIntervalSpec{{Every: s.Every}}
	}
	_, err := c.temporal.ScheduleClient().Create(ctx, client.ScheduleOptions{
		ID: SweepID, Spec: spec, Overlap: enumspb.SCHEDULE_OVERLAP_POLICY_SKIP,
		Action: &client.ScheduleWorkflowAction{
			ID: SweepID, Workflow: SweepType, TaskQueue: CaseQueue, Args: []any{s.Input},
			StaticSummary: "Does anybody who left still have access?",
		},
	})
	if errors.Is(err, temporal.ErrScheduleAlreadyRunning) {
		return lastday.Errorf(lastday.CodeInvalid, op, "there is a schedule already: delete it first")
	}
	if _, ok := errors.AsType[*serviceerror.InvalidArgument](err); ok {
		return lastday.Wrap(lastday.CodeInvalid, op, "Temporal refused it", err)
	}
	return clientError(op, err)
}

// SweepPlanned is what Temporal knows of the schedule of sweeps.
type SweepPlanned struct {
	Paused bool        `json:"paused"`
	Note   string      `json:"note,omitempty"`
	Next   []time.Time `json:"next,omitempty"`
	// Last is the workflow id of the last sweep, LastAt when it began, and Result
	// what it found; Result is nil if there was none or it cannot be asked.
	Last   string       `json:"last,omitempty"`
	LastAt time.Time    `json:"lastAt,omitzero"`
	Result *SweepResult `json:"result,omitempty"`
}

// ScheduledSweep describes the schedule and the last sweep that it began.
func (c *Client) ScheduledSweep(ctx context.Context) (SweepPlanned, error) {
	d, err := c.temporal.ScheduleClient().GetHandle(ctx, SweepID).Describe(ctx)
	if err != nil {
		return SweepPlanned{}, clientError("sweep schedule", err)
	}
	p := SweepPlanned{Next: d.Info.NextActionTimes[:min(3, len(d.Info.NextActionTimes))]}
	if state := d.Schedule.State; state != nil {
		p.Paused, p.Note = state.Paused, state.Note
	}
	n := len(d.Info.RecentActions)
	if n == 0 || d.Info.RecentActions[n-1].StartWorkflowResult == nil {
		return p, nil
	}
	last := d.Info.RecentActions[n-1]
	p.Last, p.LastAt = last.StartWorkflowResult.WorkflowID, last.ActualTime
	var r SweepResult
	value, err := c.temporal.QueryWorkflow(ctx, p.Last, "", QuerySweep)
	if err == nil && value.Get(&r) == nil {
		p.Result = &r
	}
	return p, nil
}

// PauseSweep pauses the schedule, or lets it go on.
func (c *Client) PauseSweep(ctx context.Context, pause bool, note string) error {
	handle := c.temporal.ScheduleClient().GetHandle(ctx, SweepID)
	if pause {
		return clientError("pause sweep", handle.Pause(ctx, client.SchedulePauseOptions{Note: note}))
	}
	return clientError("resume sweep", handle.Unpause(ctx, client.ScheduleUnpauseOptions{Note: note}))
}

// RunSweep lets the schedule begin a sweep now.
func (c *Client) RunSweep(ctx context.Context) error {
	return clientError("run sweep", c.temporal.ScheduleClient().GetHandle(ctx, SweepID).Trigger(ctx, client.ScheduleTriggerOptions{}))
}

// UnscheduleSweep deletes the schedule. A sweep that runs goes on.
func (c *Client) UnscheduleSweep(ctx context.Context) error {
	return clientError("delete sweep", c.temporal.ScheduleClient().GetHandle(ctx, SweepID).Delete(ctx))
}

package replay

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"lastday"
	"lastday/codec"
)

// mostRuns bounds the chain of one case.
const mostRuns = 1000

// Fetch reads the complete histories of a workflow from Temporal, the first run
// first, and decrypts them: those of the newest execution, and of earlier ones
// of the same case, which was opened again. The ring is nil if histories are not
// encrypted.
//
// CodeNotFound: Temporal does not know the workflow, or forgot one of its runs.
func Fetch(ctx context.Context, c client.Client, ring *codec.Ring, workflowID string) (runs []Run, closed bool, err error) {
	runs, closed, err = fetchChain(ctx, c, ring, workflowID, "")
	if err != nil {
		return nil, false, err
	}
	for range mostRuns {
		before, err := earlier(ctx, c, workflowID, runs)
		if err != nil || before == "" {
			return runs, closed, err
		}
		chain, _, err := fetchChain(ctx, c, ring, workflowID, before)
		if err != nil {
			return nil, false, err
		}
		chain = slices.DeleteFunc(chain, func(r Run) bool { return has(runs, r.ID) }) // A run that was reset begins like the one before.
		runs = append(chain, runs...)
	}
	return nil, false, lastday.Errorf(lastday.CodeInternal, "replay", "%s has more than %d executions", workflowID, mostRuns)
}

// earlier is the run with which the execution before those runs ended; empty if
// there is none.
func earlier(ctx context.Context, c client.Client, workflowID string, runs []Run) (string, error) {
	first := runs[0].History.GetEvents()[0].GetEventTime().AsTime()
	list, err := c.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{Query: fmt.Sprintf("WorkflowId = %q", workflowID)})
	if err != nil {
		return "", fetchError(workflowID, err)
	}
	run, ended := "", time.Time{}
	for _, e := range list.GetExecutions() {
		at := e.GetStartTime().AsTime()
		if !has(runs, e.GetExecution().GetRunId()) && at.Before(first) && at.After(ended) {
			run, ended = e.GetExecution().GetRunId(), at
		}
	}
	return run, nil
}

func has(runs []Run, id string) bool {
	return slices.ContainsFunc(runs, func(r Run) bool { return r.ID == id })
}

// fetchChain reads a run and those that it goes on from, the first run first.
func fetchChain(ctx context.Context, c client.Client, ring *codec.Ring, workflowID, run string) (runs []Run, closed bool, err error) {
	for range mostRuns {
		r, err := fetchRun(ctx, c, workflowID, run)
		if err != nil {
			return nil, false, err
		}
		if len(runs) == 0 {
			closed = over(r)
		}
		if err := codec.Plain(ctx, ring, r.History); err != nil {
			return nil, false, err
		}
		runs = append(runs, r)
		if run = r.started().GetContinuedExecutionRunId(); run == "" {
			slices.Reverse(runs)
			return runs, closed, nil
		}
	}
	return nil, false, lastday.Errorf(lastday.CodeInternal, "replay", "%s has more than %d runs", workflowID, mostRuns)
}

func fetchRun(ctx context.Context, c client.Client, workflowID, run string) (Run, error) {
	if run == "" {
		newest, err := c.DescribeWorkflowExecution(ctx, workflowID, "")
		if err != nil {
			return Run{}, fetchError(workflowID, err)
		}
		run = newest.GetWorkflowExecutionInfo().GetExecution().GetRunId()
	}
	r := Run{ID: run, History: &historypb.History{}}
	events := c.GetWorkflowHistory(ctx, workflowID, run, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		e, err := events.Next()
		if err != nil {
			return Run{}, fetchError(workflowID, err)
		}
		r.History.Events = append(r.History.Events, e)
	}
	if r.started() == nil {
		return Run{}, lastday.Errorf(lastday.CodeNotFound, "replay", "Temporal does not know %s", workflowID)
	}
	return r, nil
}

func fetchError(workflowID string, err error) error {
	if _, ok := errors.AsType[*serviceerror.NotFound](err); ok {
		return lastday.Wrap(lastday.CodeNotFound, "replay", "Temporal does not know "+workflowID+", or keeps it no longer", err)
	}
	return lastday.Wrap(lastday.CodeTransient, "replay", "read the history of "+workflowID, err)
}

// over says whether a run was the last and has ended.
func over(r Run) bool {
	switch r.last().GetEventType() {
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED,
		enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED,
		enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT:
		return true
	}
	return false
}

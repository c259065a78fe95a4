package replay

import (
	"context"
	"errors"
	"slices"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"lastday"
	"lastday/codec"
)

// mostRuns bounds the chain of one case.
const mostRuns = 1000

// Fetch reads the complete histories of a workflow from Temporal, the first run
// first, and decrypts them. The ring is nil if histories are not encrypted.
//
// CodeNotFound: Temporal does not know the workflow, or forgot one of its runs.
func Fetch(ctx context.Context, c client.Client, ring *codec.Ring, workflowID string) (runs []Run, closed bool, err error) {
	run := ""
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
	r := Run{History: &historypb.History{}}
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
	r.ID = r.started().GetOriginalExecutionRunId()
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
	switch r.last().GetEventType() { //nolint:exhaustive // Everything else means that it goes on.
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED,
		enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED,
		enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT:
		return true
	}
	return false
}

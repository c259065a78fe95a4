package workflows

import (
	"context"
	"errors"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"lastday"
	"lastday/activities"
)

// Register registers all workflows with a worker or a replayer.
func Register(r worker.WorkflowRegistry) {
	r.RegisterWorkflowWithOptions(Case, workflow.RegisterOptions{Name: CaseType})
	r.RegisterWorkflowWithOptions(Event, workflow.RegisterOptions{Name: EventType})
	r.RegisterWorkflowWithOptions(Gate, workflow.RegisterOptions{Name: GateType})
	r.RegisterWorkflowWithOptions(Sweep, workflow.RegisterOptions{Name: SweepType})
	r.RegisterWorkflowWithOptions(Seal, workflow.RegisterOptions{Name: SealType})
}

// Client speaks to the workflows of one namespace.
type Client struct{ temporal client.Client }

// NewClient makes a Client.
func NewClient(c client.Client) *Client { return &Client{temporal: c} }

// Accept hands a delivery over: when it returns nil, Temporal has it. A
// delivery that was accepted before is a duplicate and does no harm.
func (c *Client) Accept(ctx context.Context, d lastday.Delivery) (duplicate bool, err error) {
	summary := "Event from **" + d.Source + "**"
	if d.Separation != nil {
		summary += " for " + d.Separation.CaseID()
	}
	_, err = c.temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: d.WorkflowID(), TaskQueue: CaseQueue,
		WorkflowIDReusePolicy:                    enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		WorkflowIDConflictPolicy:                 enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
		StaticSummary:                            summary,
	}, EventType, d)
	if _, ok := errors.AsType[*serviceerror.WorkflowExecutionAlreadyStarted](err); ok {
		return true, nil
	}
	return false, clientError("hand over the event", err)
}

// Announce gives a delivery to its case and starts the case if there is none.
func (c *Client) Announce(ctx context.Context, d lastday.Delivery) (string, error) {
	if d.Separation == nil {
		return "", lastday.Errorf(lastday.CodeInvalid, "announce", "the delivery holds no separation")
	}
	id := d.Separation.CaseID()
	start := c.temporal.NewWithStartWorkflowOperation(client.StartWorkflowOptions{
		ID: CaseWorkflowID(id), TaskQueue: CaseQueue,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		StaticSummary:            caseSummary(id, *d.Separation),
		StaticDetails:            "A person's way out. What to do about it: `lastday status " + id + "`",
	}, CaseType, CaseInput{Case: id})
	handle, err := c.temporal.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: start,
		UpdateOptions: client.UpdateWorkflowOptions{
			UpdateID: lastday.OpaqueKey(d.Source, d.ID), UpdateName: UpdateAnnounce, Args: []any{d},
			WaitForStage: client.WorkflowUpdateStageCompleted,
		},
	})
	if err != nil {
		return "", passing("announce", err)
	}
	var result AnnounceResult
	return id, passing("announce", handle.Get(ctx, &result))
}

func caseSummary(id string, s lastday.Separation) string {
	kind := s.Engagement.WorkerType
	if kind == "" {
		kind = "engagement"
	}
	if s.Kind == lastday.SeparationImmediate {
		return fmt.Sprintf("**%s** · %s ends at once", id, kind)
	}
	return fmt.Sprintf("**%s** · %s, announced last day %s", id, kind, s.LastDay)
}

// Enter asks the gate.
func (c *Client) Enter(ctx context.Context, in activities.EnterInput) (activities.EnterOutput, error) {
	start := c.temporal.NewWithStartWorkflowOperation(client.StartWorkflowOptions{
		ID: GateID, TaskQueue: CaseQueue,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		StaticSummary:            "Counts leavers: more than usual in 24 hours wait for a person",
	}, GateType, GateInput{})
	handle, err := c.temporal.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: start,
		UpdateOptions: client.UpdateWorkflowOptions{
			UpdateName: UpdateEnter, Args: []any{in}, WaitForStage: client.WorkflowUpdateStageCompleted,
		},
	})
	if err != nil {
		return activities.EnterOutput{}, passing("gate", err)
	}
	var out activities.EnterOutput
	return out, passing("gate", handle.Get(ctx, &out))
}

// Status asks a case where it stands.
func (c *Client) Status(ctx context.Context, caseID string) (Status, error) {
	var s Status
	return s, c.query(ctx, caseID, QueryStatus, &s)
}

// Plan asks a case for the plan in force.
func (c *Client) Plan(ctx context.Context, caseID string) (lastday.Plan, error) {
	var p lastday.Plan
	return p, c.query(ctx, caseID, QueryPlan, &p)
}

func (c *Client) query(ctx context.Context, caseID, query string, into any) error {
	value, err := c.temporal.QueryWorkflow(ctx, CaseWorkflowID(caseID), "", query)
	if err != nil {
		return clientError("case "+caseID, err)
	}
	return clientError("case "+caseID, value.Get(into))
}

// Send sends a person's message to a case and waits, as long as ctx lasts, for
// its answer: the message's own entry in the case's log.
func (c *Client) Send(ctx context.Context, caseID, signal, messageID string, message any) (Entry, error) {
	if err := c.temporal.SignalWorkflow(ctx, CaseWorkflowID(caseID), "", signal, message); err != nil {
		return Entry{}, clientError("case "+caseID, err)
	}
	poll := time.NewTicker(100 * time.Millisecond)
	defer poll.Stop()
	for {
		s, err := c.Status(ctx, caseID)
		if err == nil {
			if e, ok := s.Answer(messageID); ok {
				return e, nil
			}
		}
		select {
		case <-ctx.Done():
			return Entry{}, lastday.Wrap(lastday.CodeTransient, "case "+caseID, "the message is with the case, but it has not answered yet", context.Cause(ctx))
		case <-poll.C:
		}
	}
}

// passing takes every trouble with a workflow that was just started for one
// that passes: it may have closed in that very moment.
func passing(op string, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*temporal.ApplicationError](err); ok {
		return lastday.Wrap(lastday.CodeInvalid, op, "the workflow refused it", err)
	}
	return lastday.Wrap(lastday.CodeTransient, op, "Temporal", err)
}

// clientError gives an error of Temporal's client a code.
func clientError(op string, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*serviceerror.NotFound](err); ok {
		return lastday.Wrap(lastday.CodeNotFound, op, "Temporal does not know it", err)
	}
	return lastday.Wrap(lastday.CodeTransient, op, "Temporal", err)
}

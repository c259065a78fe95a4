package workflows_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	commonpb "go.temporal.io/api/common/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"lastday"
	"lastday/workflows"
)

// archive is a server that has cases, each by its id with how it ended.
type archive struct {
	client.Client
	ended map[string]string
	lanes []workflows.Lane
}

func (a archive) ListWorkflow(_ context.Context, r *workflowservice.ListWorkflowExecutionsRequest) (*workflowservice.ListWorkflowExecutionsResponse, error) {
	var out workflowservice.ListWorkflowExecutionsResponse
	for id, how := range a.ended {
		if strings.Contains(r.GetQuery(), "'"+how+"'") {
			out.Executions = append(out.Executions, &workflowpb.WorkflowExecutionInfo{Execution: &commonpb.WorkflowExecution{WorkflowId: workflows.CaseWorkflowID(id), RunId: "run"}})
		}
	}
	return &out, nil
}

func (a archive) DescribeWorkflowExecution(context.Context, string, string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	return &workflowservice.DescribeWorkflowExecutionResponse{WorkflowExecutionInfo: &workflowpb.WorkflowExecutionInfo{Execution: &commonpb.WorkflowExecution{RunId: "run"}}}, nil
}

func (a archive) QueryWorkflow(context.Context, string, string, string, ...any) (converter.EncodedValue, error) {
	return answered{workflows.Status{Separation: leaver(), Lanes: a.lanes}}, nil
}

// answered is the answer to a query.
type answered struct{ value any }

func (a answered) HasValue() bool { return true }

func (a answered) Get(into any) error {
	text, err := json.Marshal(a.value)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

func TestACaseThatDidNotEndByItselfIsSweptAsWell(t *testing.T) {
	c := workflows.NewClient(archive{ended: map[string]string{"a": "Completed", "b": "Terminated", "c": "Failed", "d": "Running"}})
	page, _, err := c.ClosedCases(t.Context(), nil, 10)
	if err != nil || len(page.Leavers) != 3 {
		t.Errorf("%d people, %v", len(page.Leavers), err)
	}
}

func TestASweepKnowsFurtherAccountsOfACaseByTheirLanes(t *testing.T) {
	account := func(lane, id string) workflows.Lane {
		return workflows.Lane{System: lane, Account: lastday.Account{System: lane, ID: id}}
	}
	c := workflows.NewClient(archive{lanes: []workflows.Lane{account("code", ""), account("code+admin", "70")}})
	l, ok, err := c.Leaver(t.Context(), "a")
	if err != nil || !ok || len(l.Separation.Person.Links) != 1 || l.Separation.Person.Links[0] != (lastday.Link{System: "code+admin", ID: "70"}) {
		t.Errorf("%+v, %t, %v", l.Separation.Person.Links, ok, err)
	}
}

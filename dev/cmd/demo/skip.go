package main

import (
	"context"
	"fmt"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"lastday/workflows"
)

// skipper lets the Temporal server skip the time of one case. The case, the
// worker and the dates are real; only the waiting is not.
type skipper struct {
	in     *installation
	caseID string
	// ahead is how far the case's clock is ahead of the wall's.
	ahead  time.Duration
	serial int
}

// now is the case's time.
func (s *skipper) now() time.Time { return time.Now().Add(s.ahead) }

// to lets the case's time skip to an instant.
func (s *skipper) to(ctx context.Context, at time.Time) error {
	by := at.Sub(s.now()) + time.Second
	if by <= 0 {
		return nil
	}
	s.serial++
	id := fmt.Sprintf("skip-%d", s.serial)
	execution := &commonpb.WorkflowExecution{WorkflowId: workflows.CaseWorkflowID(s.caseID)}
	_, err := s.in.client.WorkflowService().UpdateWorkflowExecutionOptions(ctx, &workflowservice.UpdateWorkflowExecutionOptionsRequest{
		Namespace: "default", WorkflowExecution: execution,
		WorkflowExecutionOptions: &workflowpb.WorkflowExecutionOptions{TimeSkippingConfig: &commonpb.TimeSkippingConfig{
			Enabled: true, FastForwardConfig: &commonpb.FastForwardConfig{Id: id, Duration: durationpb.New(by)},
		}},
		UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"time_skipping_config"}},
	})
	if err != nil {
		return fmt.Errorf("skip time: %w", err)
	}
	began := time.Now()
	if err := s.reached(ctx, execution, id); err != nil {
		return err
	}
	s.ahead += by - time.Since(began)
	return nil
}

func (s *skipper) reached(ctx context.Context, execution *commonpb.WorkflowExecution, id string) error {
	for {
		answer, err := s.in.client.WorkflowService().PollWorkflowExecutionTimeSkipping(ctx, &workflowservice.PollWorkflowExecutionTimeSkippingRequest{
			Namespace: "default", WorkflowExecution: execution, FastForwardId: id,
		})
		if err != nil {
			return fmt.Errorf("wait for skipped time: %w", err)
		}
		switch answer.GetFastForwardPollingResult() {
		case enumspb.FAST_FORWARD_POLLING_RESULT_FAST_FORWARD_COMPLETED:
			return nil
		case enumspb.FAST_FORWARD_POLLING_RESULT_FAST_FORWARD_FAILED:
			return fmt.Errorf("skip time: %s", answer.GetFailedReason())
		}
	}
}

package main

import (
	"context"
	"sync/atomic"
	"testing"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/testsuite"
)

func TestBareRunsWhatItSays(t *testing.T) {
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	var ran atomic.Int64
	env.RegisterActivityWithOptions(func(context.Context) error { ran.Add(1); return nil }, activity.RegisterOptions{Name: "Nothing"})
	in := BareInput{Before: 2, Lanes: 3, Each: 4}
	env.ExecuteWorkflow(Bare, in)
	if err := env.GetWorkflowError(); err != nil || int(ran.Load()) != in.Activities() {
		t.Errorf("%d activities ran, want %d: %v", ran.Load(), in.Activities(), err)
	}
}

package main

import (
	"context"
	"fmt"
	"time"

	"go.temporal.io/sdk/client"
)

// measureAcknowledge sends signed events one after the other, and between any
// two of them starts a bare workflow, so that both meet the same machine. No
// worker runs: what is measured is only until somebody has it for good.
func measureAcknowledge(ctx context.Context, o options) (section, error) {
	s := section{
		Title: "Webhook acknowledged",
		How:   "Signed POST to the starter until 202, against a bare workflow start by gRPC on the same server; by turns, one at a time, no worker running, histories encrypted.",
	}
	h, err := openHouse(ctx, o, shape{systems: 1, grants: 3, stages: cutOnly, encrypt: true, noWorker: true})
	if err != nil {
		return s, err
	}
	defer h.close() //nolint:errcheck // What is left lies in a temporary folder.
	perRun := 300
	if o.quick {
		perRun = 30
	}
	var halves, tails ratios
	for run := range o.runs + 1 {
		hooks, bares, err := h.takeTurns(ctx, run*perRun, perRun)
		if err != nil {
			return s, err
		}
		if run == 0 {
			continue // The first run warms up.
		}
		halves.add(milliseconds(percentile(hooks, 50)), milliseconds(percentile(bares, 50)))
		tails.add(milliseconds(percentile(hooks, 95)), milliseconds(percentile(bares, 95)))
	}
	s.add("p50 ratio", halves.median(), "×", "median time to 202 over the median bare start")
	s.add("p95 ratio", tails.median(), "×", "the same for the slowest twentieth")
	s.add("webhook p50", halves.ours(), "ms", "POST to 202, half are faster")
	s.add("webhook p95", tails.ours(), "ms", "POST to 202, 95 of 100 are faster")
	s.add("bare start p50", halves.theirs(), "ms", "StartWorkflowExecution, half are faster")
	s.add("bare start p95", tails.theirs(), "ms", "StartWorkflowExecution, 95 of 100 are faster")
	s.add("sent again", float64(h.again.Load()), "", "events that the starter answered with 5xx because the server was too busy, and that were then sent again, as HR systems do")
	s.Note = fmt.Sprintf("Medians of %d runs of %d pairs.", o.runs, perRun)
	return s, nil
}

func (h *house) takeTurns(ctx context.Context, first, n int) (hooks, bares []time.Duration, err error) {
	for i := range n {
		took, err := h.send(ctx, leaver{number: first + i})
		if err != nil {
			return nil, nil, err
		}
		hooks = append(hooks, took)
		began := h.o.now()
		_, err = h.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: fmt.Sprintf("bare/%d", first+i), TaskQueue: bareQueue}, "Bare", BareInput{})
		if err != nil {
			return nil, nil, err
		}
		bares = append(bares, h.o.now().Sub(began))
	}
	return hooks, bares, nil
}

// Package replay runs recorded histories through the workflows of this program
// again, and compares what they tell with the records of the log.
//
// Replay shows that this code, told what the history says it was told, decides
// what the history says it decided. It shows nothing of the far sides: that
// access is gone is shown by the readings alone.
package replay

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"

	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/temporalproto"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"lastday"
	"lastday/audit"
	"lastday/audit/bundle"
	"lastday/codec"
	"lastday/workflows"
)

// Run is one run of a case.
type Run struct {
	ID      string
	History *historypb.History
}

// Write is the run's history as Temporal's tools read it.
func (r Run) Write() ([]byte, error) {
	text, err := temporalproto.CustomJSONMarshalOptions{}.Marshal(r.History)
	if err != nil {
		return nil, lastday.Wrap(lastday.CodeInternal, "replay", "encode a history", err)
	}
	return text, nil
}

// Read reads a history that was written as JSON.
func Read(text []byte) (Run, error) {
	h, err := client.HistoryFromJSON(bytes.NewReader(text), client.HistoryJSONOptions{})
	if err != nil {
		return Run{}, lastday.Wrap(lastday.CodeInvalid, "replay", "this is no history as Temporal writes it", err)
	}
	r := Run{History: h}
	if started := r.started(); started != nil {
		r.ID = started.GetOriginalExecutionRunId()
	}
	if r.ID == "" {
		return Run{}, lastday.Errorf(lastday.CodeInvalid, "replay", "the history does not begin with the start of a workflow")
	}
	return r, nil
}

func (r Run) started() *historypb.WorkflowExecutionStartedEventAttributes {
	if len(r.History.GetEvents()) == 0 {
		return nil
	}
	return r.History.GetEvents()[0].GetWorkflowExecutionStartedEventAttributes()
}

func (r Run) last() *historypb.HistoryEvent {
	events := r.History.GetEvents()
	return events[len(events)-1]
}

// Replay runs the history through the workflows of this program.
//
// CodeInvalid: the code decides otherwise than the history says.
func (r Run) Replay() error {
	_, err := r.replay()
	return err
}

// decided says whether the run got as far as to decide anything.
func (r Run) decided() bool {
	return slices.ContainsFunc(r.History.GetEvents(), func(e *historypb.HistoryEvent) bool {
		return e.GetWorkflowTaskCompletedEventAttributes() != nil
	})
}

// replay gives the records that the code gives out when it is told what the
// history says it was told.
func (r Run) replay() ([]lastday.Record, error) {
	if !r.decided() {
		return nil, nil
	}
	data, failure := codec.Converters(nil)
	l := &listener{}
	replayer, err := worker.NewWorkflowReplayerWithOptions(worker.WorkflowReplayerOptions{
		DataConverter: data, FailureConverter: failure, DisableRegistrationAliasing: true, Interceptors: []interceptor.WorkerInterceptor{l},
	})
	if err != nil {
		return nil, lastday.Wrap(lastday.CodeInternal, "replay", "make a replayer", err)
	}
	workflows.Register(replayer)
	quiet := sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler))
	o := worker.ReplayWorkflowHistoryOptions{OriginalExecution: workflow.Execution{ID: r.started().GetWorkflowId(), RunID: r.ID}}
	if err := replayer.ReplayWorkflowHistoryWithOptions(quiet, r.History, o); err != nil {
		return nil, lastday.Wrap(lastday.CodeInvalid, "replay", "run "+r.ID, err)
	}
	return l.heard, nil
}

// Check checks the histories of a bundle: that they are one chain of runs from
// the first to the last, that each replays, and that they tell the records.
func Check(_ context.Context, files []bundle.File, records []lastday.Record, sealed lastday.SealedFact) []bundle.Check {
	read := bundle.Check{What: "the histories can be read"}
	var runs []Run
	for _, f := range files {
		r, err := Read(f.Data)
		if err != nil {
			found(&read, audit.Changed, "%s: it is no history", f.Name)
			continue
		}
		r.ID = bundle.HistoryRun(f.Name)
		runs = append(runs, r)
	}
	if len(files) == 0 {
		found(&read, audit.Missing, "there is no history")
	}
	again, heard := replayed(runs)
	return []bundle.Check{read, chain(runs, sealed.Final), again, meant(runs, heard), told(runs, records, sealed)}
}

func found(c *bundle.Check, p audit.Problem, format string, args ...any) {
	c.Found = append(c.Found, audit.Finding{Problem: p, Index: -1, What: fmt.Sprintf(format, args...)})
}

// chain checks that no run is missing.
func chain(runs []Run, final bool) bundle.Check {
	c := bundle.Check{What: fmt.Sprintf("the histories are the whole chain of %d runs", len(runs))}
	for i, r := range runs {
		before := r.started().GetContinuedExecutionRunId()
		if i == 0 && before != "" {
			found(&c, audit.Missing, "run %s goes on from run %s, which is not there", r.ID, before)
		}
		again := i > 0 && before == "" && over(runs[i-1]) // The case was opened again.
		if i > 0 && !again && (before != runs[i-1].ID || next(runs[i-1]) != r.ID) {
			found(&c, audit.Missing, "run %s does not go on from run %s", r.ID, runs[i-1].ID)
		}
	}
	if len(runs) == 0 {
		return c
	}
	last := runs[len(runs)-1]
	if to := next(last); to != "" {
		found(&c, audit.Missing, "run %s goes on in run %s, which is not there", last.ID, to)
	}
	if final && last.last().GetWorkflowExecutionCompletedEventAttributes() == nil {
		found(&c, audit.Missing, "run %s does not end, though the case was sealed as closed", last.ID)
	}
	return c
}

// next is the run in which a run goes on; empty if it does not.
func next(r Run) string {
	return r.last().GetWorkflowExecutionContinuedAsNewEventAttributes().GetNewExecutionRunId()
}

// replayed replays every run, and gives the records that the code gave out.
func replayed(runs []Run) (bundle.Check, []lastday.Record) {
	c := bundle.Check{What: "replayed with this program, every run decides what it decided then"}
	var heard []lastday.Record
	for _, r := range runs {
		records, err := r.replay()
		if err != nil {
			found(&c, audit.Changed, "run %s decides otherwise: %s", r.ID, err)
		}
		heard = append(heard, records...)
	}
	return c, heard
}

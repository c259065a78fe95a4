package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"lastday"
	"lastday/activities"
)

// The outbox: every fact of a case becomes a record, and records leave the
// case in batches, in their order. A system is not called clean, and a case
// not closed, before the records that say so are written. Changes never wait
// for the writing: a store that is down delays the word "done", no cut.

// mostOutbox is how many records wait at most for a quiet moment; with more,
// they are written while systems are being worked on.
const mostOutbox = 40

// mostBatch bounds the bytes of one batch, so that it stays far under what
// Temporal carries in one payload.
const mostBatch = 512 << 10

// recordWithin is how long Temporal tries to write a batch before a person is told.
const recordWithin = 5 * time.Minute

// record appends a fact to the outbox. What every record says is filled in here.
func (c *caseRun) record(ctx workflow.Context, r lastday.Record) {
	if c.configured && !c.s.Settings.Recording {
		return
	}
	info := workflow.GetInfo(ctx)
	c.s.Recorded++
	r.Seq, r.Case, r.At, r.Person = c.s.Recorded, c.id, workflow.Now(ctx).UTC(), c.s.Separation.Person.Key
	r.ID = recordID(c.id, r.Seq)
	c.anonymise(&r)
	r.Workflow, r.Run, r.Event = info.WorkflowExecution.ID, info.WorkflowExecution.RunID, info.GetCurrentHistoryLength()
	c.s.Outbox = append(c.s.Outbox, r)
}

// startRecording empties the outbox from now on, or for good if nothing is recorded.
func (c *caseRun) startRecording(ctx workflow.Context) {
	c.configured = true
	if !c.s.Settings.Recording {
		c.s.Outbox, c.s.Recorded = nil, 0
		return
	}
	if c.recorder {
		return
	}
	c.recorder = true
	workflow.GoNamed(ctx, "recorder", c.keepRecords)
}

// keepRecords writes the outbox whenever somebody waits for it, it has grown,
// or nothing else is going on.
func (c *caseRun) keepRecords(ctx workflow.Context) {
	for ctx.Err() == nil {
		due := func() bool {
			return len(c.s.Outbox) > 0 && (c.flushTo > c.written() || len(c.s.Outbox) >= mostOutbox || (c.quiet() && !c.ending(ctx)))
		}
		if workflow.Await(ctx, due) != nil {
			return
		}
		c.writing = true
		c.writeBatch(ctx)
		c.writing = false
		c.wake()
	}
}

// ending says that this run is about to hand over to a new one, which then
// writes what is in the outbox.
func (c *caseRun) ending(ctx workflow.Context) bool {
	return workflow.GetInfo(ctx).GetContinueAsNewSuggested() && c.telling == 0
}

// written is the number of the last record that is written.
func (c *caseRun) written() int { return c.s.Recorded - len(c.s.Outbox) }

// quiet says whether no system is being read or changed at the moment.
func (c *caseRun) quiet() bool {
	for _, l := range c.lanes {
		if l.working && !l.pausing {
			return false
		}
	}
	return !c.looking
}

func (c *caseRun) writeBatch(ctx workflow.Context) {
	batch := firstBatch(c.s.Outbox)
	o := caseCall(c.recordActivity(batch), recordSummary(batch))
	o.ScheduleToCloseTimeout = recordWithin
	out, err := call(ctx, o, cases().Record, activities.RecordInput{Records: batch})
	if err != nil && ctx.Err() == nil {
		t := troubleOf(err)
		c.raise(ctx, Task{Kind: TaskFailing, What: whatRecords, Why: t.Why, Code: t.Code, Todo: "nothing is called done before it is recorded: mend the store of the records; it is tried again"})
		c.publish(ctx)
		c.unwritten++
		// An error means that the case ends: the loop sees that itself.
		_ = workflow.Sleep(ctx, min(time.Minute<<min(c.unwritten, 6), time.Hour))
		return
	}
	if err != nil {
		return
	}
	c.unwritten = 0
	if out.Taken {
		c.renumber(out.Last)
		return
	}
	c.s.Outbox = c.s.Outbox[len(batch):]
	c.closeWhere(ctx, func(t Task) bool { return t.System == "" && t.Kind == TaskFailing && t.What == whatRecords })
}

// recordActivity is the id of the activity that writes a batch. It counts for
// itself: how records fall into batches is nobody else's business.
func (c *caseRun) recordActivity(batch []lastday.Record) string {
	c.s.Batches++
	return fmt.Sprintf("case/record-%d-from-%d", c.s.Batches, batch[0].Seq)
}

// renumber counts on from the records that an earlier execution of the case
// left, which this one does not know: it was closed before, or was reset.
func (c *caseRun) renumber(last int) {
	waited := max(c.flushTo-c.written(), 0)
	for i := range c.s.Outbox {
		c.s.Outbox[i].Seq = last + 1 + i
		c.s.Outbox[i].ID = recordID(c.id, last+1+i)
	}
	c.s.Recorded = last + len(c.s.Outbox)
	c.flushTo = c.written() + waited
	c.renumbered++
}

func recordID(caseID string, seq int) string { return fmt.Sprintf("%s/%d", caseID, seq) }

// whatRecords names the task that is open while records cannot be written.
const whatRecords = "the records"

func recordSummary(batch []lastday.Record) string {
	first, last := batch[0].Seq, batch[len(batch)-1].Seq
	if first == last {
		return fmt.Sprintf("Record fact %d", first)
	}
	return fmt.Sprintf("Record facts %d to %d", first, last)
}

// firstBatch is as much of the outbox as goes into one payload, and at least one.
func firstBatch(outbox []lastday.Record) []lastday.Record {
	n, size := 0, 0
	for n < len(outbox) && n < 2*mostOutbox {
		if size += weight(outbox[n]); n > 0 && size > mostBatch {
			break
		}
		n++
	}
	return outbox[:n:n]
}

// weight is about how many bytes a record takes.
func weight(r lastday.Record) int {
	n := 1 << 10
	if r.Reading != nil {
		n += 400*len(r.Reading.Grants) + 300*(len(r.Reading.Gaps)+len(r.Reading.Residue))
	}
	if p := r.Plan; p != nil {
		n += 300 * (len(p.Stages) + len(p.Gaps) + len(p.Guards) + len(p.Kept) + len(p.Notes))
	}
	return n
}

// flush waits until everything recorded so far is written.
func (c *caseRun) flush(ctx workflow.Context) error {
	if !c.s.Settings.Recording {
		return nil
	}
	// What is waited for is how many are still to be written: numbers may change.
	left, renumbered := len(c.s.Outbox), c.renumbered
	want := c.written() + left
	c.flushTo = max(c.flushTo, want)
	return workflow.Await(ctx, func() bool {
		if renumbered != c.renumbered {
			renumbered, want = c.renumbered, c.flushTo
		}
		return c.written() >= want
	})
}

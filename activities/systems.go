// Package activities does the work of the workflows: it is the only caller of
// integrations and the only place where our errors become Temporal's.
//
// Activities are idempotent. They never retry and never sleep: Temporal does,
// and its history shows it.
package activities

import (
	"cmp"
	"context"
	"slices"
	"time"

	"go.temporal.io/sdk/activity"

	"lastday"
	"lastday/integrations"
)

// Systems are the activities of far sides. A worker serves the queue of one
// system and holds no other's credentials.
type Systems struct {
	systems map[string]*integrations.System
}

// NewSystems makes the activities of the given systems.
func NewSystems(systems ...*integrations.System) *Systems {
	byName := make(map[string]*integrations.System, len(systems))
	for _, s := range systems {
		byName[s.Name()] = s
	}
	return &Systems{systems: byName}
}

// SurveyInput asks for all that a system grants a person.
type SurveyInput struct {
	Case   string         `json:"case"`
	System string         `json:"system"`
	Person lastday.Person `json:"person"`
}

// Survey reads all that a system grants a person. It writes nothing.
func (s *Systems) Survey(ctx context.Context, in SurveyInput) (lastday.Inventory, error) {
	system, err := s.system(in.System)
	if err != nil {
		return lastday.Inventory{}, Failure(err)
	}
	clock := startClock(ctx)
	beats := startBeating(ctx, 0)
	defer beats.stop()
	inv, err := system.Survey(ctx, personOf(in.System, in.Person), func(read int) { beats.say(ctx, read) })
	if err != nil {
		return lastday.Inventory{}, Failure(err)
	}
	inv.ReadAt = clock.now()
	return inventoryOf(in.System, inv), nil
}

// ApplyInput orders changes of one account of one system.
type ApplyInput struct {
	Case    string           `json:"case"`
	System  string           `json:"system"`
	Stage   string           `json:"stage"`
	Changes []lastday.Change `json:"changes"`
	// Again lists changes that were ordered before and whose answer was lost.
	Again []string `json:"again,omitempty"`
}

// ApplyOutput has a receipt for each change that got an answer, and the
// trouble of each that got none.
type ApplyOutput struct {
	Receipts []lastday.Receipt `json:"receipts"`
	Failed   []FailedChange    `json:"failed,omitempty"`
}

// FailedChange is a change that could not be made, and why.
type FailedChange struct {
	Change  string  `json:"change"`
	Trouble Trouble `json:"trouble"`
}

// Apply makes the changes in their order, one after the other. A change that
// fails does not hold up the next. Receipts go into heartbeats, so that the
// next attempt goes on where this one stopped. An attempt that got nothing done
// at all is a failure, which Temporal retries; else what was done is returned
// together with what was not. When it is cancelled it stops between two changes
// and returns what it has.
func (s *Systems) Apply(ctx context.Context, in ApplyInput) (ApplyOutput, error) {
	system, err := s.system(in.System)
	if err != nil {
		return ApplyOutput{}, Failure(err)
	}
	in.Changes = changesOf(in.Changes)
	run := newApplyRun(ctx, system, in)
	run.beats = startBeating(ctx, slices.Clone(run.receipts))
	defer run.beats.stop()
	var first error
	for _, change := range in.Changes {
		if ctx.Err() != nil {
			break
		}
		if err := run.one(ctx, change); err != nil {
			run.failed = append(run.failed, FailedChange{Change: change.ID, Trouble: troubleOf(err)})
			first = cmp.Or(first, err)
		}
	}
	if first != nil && len(run.receipts) == 0 && ctx.Err() == nil {
		return ApplyOutput{}, Failure(first)
	}
	return ApplyOutput{Receipts: receiptsOf(in.System, run.receipts), Failed: run.failed}, nil
}

func (s *Systems) system(name string) (*integrations.System, error) {
	system, ok := s.systems[lastday.SystemOf(name)]
	if !ok {
		return nil, lastday.Errorf(lastday.CodeInternal, "worker", "system %q is not configured on the worker that serves its queue", name)
	}
	return system, nil
}

// applyRun is one attempt at a batch.
type applyRun struct {
	system   *integrations.System
	clock    clock
	receipts []lastday.Receipt
	failed   []FailedChange
	done     map[string]bool
	again    map[string]bool
	beats    *beating
	// standing is what the account held when this attempt first had to know.
	standing *lastday.Inventory
}

func newApplyRun(ctx context.Context, system *integrations.System, in ApplyInput) *applyRun {
	run := &applyRun{system: system, clock: startClock(ctx), done: map[string]bool{}, again: map[string]bool{}}
	for _, id := range in.Again {
		run.again[id] = true
	}
	if activity.GetInfo(ctx).Attempt > 1 {
		for _, c := range in.Changes {
			run.again[c.ID] = true
		}
	}
	var earlier []lastday.Receipt
	if activity.HasHeartbeatDetails(ctx) && activity.GetHeartbeatDetails(ctx, &earlier) == nil {
		run.receipts = earlier
		for _, r := range earlier {
			run.done[r.Change] = true
		}
	}
	return run
}

func (r *applyRun) one(ctx context.Context, change lastday.Change) error {
	if r.done[change.ID] {
		return nil
	}
	receipt, err := r.apply(ctx, change)
	if err != nil {
		return err
	}
	receipt.DoneAt = r.clock.now()
	r.receipts = append(r.receipts, receipt)
	r.beats.say(ctx, slices.Clone(r.receipts))
	return nil
}

// apply makes a change. One that an earlier attempt may have made is looked
// for first, so that nothing is written twice.
func (r *applyRun) apply(ctx context.Context, change lastday.Change) (lastday.Receipt, error) {
	if !r.again[change.ID] {
		return r.system.Apply(ctx, change, false)
	}
	if r.standing == nil {
		inv, err := r.system.Recheck(ctx, change.Account)
		if err != nil {
			return lastday.Receipt{}, err
		}
		r.standing = &inv
	}
	if receipt, ok := integrations.FoundDone(change, *r.standing); ok {
		return receipt, nil
	}
	return r.system.Apply(ctx, change, true)
}

// clock tells the time of the Temporal server: the time at which it started
// the attempt, and what has passed since. Records of one case then share one
// clock, whatever machine a worker runs on.
type clock struct {
	started time.Time
	began   time.Time
}

func startClock(ctx context.Context) clock {
	return clock{started: activity.GetInfo(ctx).StartedTime, began: time.Now()}
}

func (c clock) now() time.Time { return c.started.Add(time.Since(c.began)).UTC() }

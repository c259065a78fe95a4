package app

import (
	"context"
	"time"

	"lastday"
	"lastday/audit/store"
)

// byItself is who erases what was kept long enough.
const byItself = "lastday"

// retainEvery is how often a worker looks for what was kept long enough.
const retainEvery = 24 * time.Hour

// Retained is what one look at the log erased.
type Retained struct {
	store.Erased

	Bundles Forgotten `json:"bundles"`
}

// Retention is the configured policy; without one everything is kept for seven
// years.
func (p *Parts) Retention() store.Retention {
	policy := p.Config.Records.KeepFor()
	if policy == nil {
		return store.DefaultRetention()
	}
	return policy
}

// Retain erases what the policy does not keep any more, and then removes the
// bundles of the cases that it belonged to. Several workers may do so at a time:
// a day has one order to erase.
func (a Archive) Retain(ctx context.Context) (Retained, error) {
	day := a.Parts.deps.Now().UTC().Format(time.DateOnly)
	erased, err := a.Records.Retain(ctx, "retain-"+day, byItself, a.Parts.Retention())
	if err != nil && len(erased.Entries) == 0 {
		return Retained{}, err
	}
	bundles, forgetErr := a.ForgetBundles(ctx)
	if err == nil {
		err = forgetErr
	}
	return Retained{Erased: erased, Bundles: bundles}, err
}

// WouldRetain says what Retain would erase from the log now.
func (a Archive) WouldRetain(ctx context.Context) (store.Erased, error) {
	return a.Records.WouldRetain(ctx, a.Parts.Retention())
}

// retainer looks once a day for what was kept long enough.
type retainer struct {
	archive Archive
	tick    func(every time.Duration) (<-chan time.Time, func())
}

// run looks at once and then every day, until ctx ends. What fails is logged and
// tried again the next day.
func (r retainer) run(ctx context.Context) {
	ticks, stop := r.tick(retainEvery)
	defer stop()
	for {
		r.look(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticks:
		}
	}
}

// mostAhead is how far the clock may stand after the newest checkpoint: one is
// signed each day, and a clock that jumped must not erase the log.
const mostAhead = 32 * 24 * time.Hour

// clock refuses a clock that nothing in the log speaks for.
func (r retainer) clock(ctx context.Context) error {
	newest, err := r.archive.Records.Newest(ctx)
	if lastday.CodeOf(err) == lastday.CodeNotFound {
		return nil
	}
	if err != nil {
		return err
	}
	if ahead := r.archive.Parts.deps.Now().Sub(newest.At); ahead > mostAhead {
		return lastday.Errorf(lastday.CodeProtected, "retain", "the clock stands %d days after the newest checkpoint: if it is right, the next look goes on; `lastday records retain` erases now", int(ahead.Hours()/24))
	}
	return nil
}

func (r retainer) look(ctx context.Context) {
	log := r.archive.Parts.deps.Log
	if err := r.clock(ctx); err != nil {
		log.Error("nothing is erased today", "op", "retain", "code", string(lastday.CodeOf(err)), "error", err.Error())
		return
	}
	done, err := r.archive.Retain(ctx)
	if n := len(done.Entries) + len(done.Bundles.Removed); n > 0 {
		log.Info("what was kept long enough is erased", "op", "retain", "records", len(done.Entries), "bundles", len(done.Bundles.Removed))
	}
	if err != nil && ctx.Err() == nil {
		log.Error("what was kept long enough could not all be erased", "op", "retain", "code", string(lastday.CodeOf(err)), "error", err.Error())
	}
}

// retain erases what was kept long enough until ctx ends.
func (w *Worker) retain(ctx context.Context) (wait func()) {
	if w.records == nil {
		return func() {}
	}
	return background(ctx, retainer{Archive{Parts: w.parts, Records: w.records}, tick}.run)
}

// background runs something until ctx ends, or until it is waited for.
func background(ctx context.Context, run func(context.Context)) (wait func()) {
	running, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		run(running)
	}()
	return func() {
		stop()
		<-ended
	}
}

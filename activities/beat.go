package activities

import (
	"context"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"
)

// beatEvery is well under the heartbeat timeout of the workflows.
const beatEvery = 2 * time.Second

// beating heartbeats on its own while a far side takes its time, so that only
// a dead worker looks dead. What it says last is what the next attempt reads.
type beating struct {
	mu      sync.Mutex
	details any
	end     chan struct{}
	done    chan struct{}
}

// startBeating begins with what an earlier attempt had said, so that it is not
// forgotten.
func startBeating(ctx context.Context, details any) *beating {
	b := &beating{details: details, end: make(chan struct{}), done: make(chan struct{})}
	go b.run(ctx)
	return b
}

func (b *beating) run(ctx context.Context) {
	defer close(b.done)
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	for {
		select {
		case <-b.end:
			return
		case <-ctx.Done():
			return
		case <-tick.C:
			b.mu.Lock()
			activity.RecordHeartbeat(ctx, b.details)
			b.mu.Unlock()
		}
	}
}

// say heartbeats at once with new details.
func (b *beating) say(ctx context.Context, details any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.details = details
	activity.RecordHeartbeat(ctx, details)
}

// stop ends the beating and waits for it.
func (b *beating) stop() {
	close(b.end)
	<-b.done
}

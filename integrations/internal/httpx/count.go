package httpx

import (
	"context"
	"net/http"
	"sync/atomic"
)

// Counter counts calls. It is safe for use by several goroutines.
type Counter struct {
	calls  atomic.Int64
	writes atomic.Int64
	spared atomic.Int64
	parent *Counter
}

// Calls is how many requests went out.
func (c *Counter) Calls() int { return int(c.calls.Load()) }

// Writes is how many of them could change something by their method.
func (c *Counter) Writes() int { return int(c.writes.Load()) }

// Spared is how many were answered with "not modified", which most far sides
// do not count against the quota.
func (c *Counter) Spared() int { return int(c.spared.Load()) }

type counterKey struct{}

// Count counts the calls made with the context that it returns. Counters nest:
// what an inner one counts its outer one counts too.
func Count(ctx context.Context) (context.Context, *Counter) {
	c := &Counter{parent: counterOf(ctx)}
	return context.WithValue(ctx, counterKey{}, c), c
}

func counterOf(ctx context.Context) *Counter {
	c, _ := ctx.Value(counterKey{}).(*Counter)
	return c
}

func countCall(req *http.Request) { Note(req.Context(), isWrite(req.Method)) }

// Note counts a call that is made by other means than HTTP, for drivers whose
// far side speaks another protocol.
func Note(ctx context.Context, write bool) {
	for c := counterOf(ctx); c != nil; c = c.parent {
		c.calls.Add(1)
		if write {
			c.writes.Add(1)
		}
	}
}

func countSpared(req *http.Request) {
	for c := counterOf(req.Context()); c != nil; c = c.parent {
		c.spared.Add(1)
	}
}

package github

import (
	"context"
	"sync"

	"lastday"
)

// atOnce is how many calls about different repositories are under way
// together, far below the hundred that GitHub allows.
// https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits
const atOnce = 8

// each does something with the numbers below n, several at a time. The first
// error ends it.
func each(ctx context.Context, n int, do func(context.Context, int) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	numbers := make(chan int)
	var first error
	var failed sync.Once
	var workers sync.WaitGroup
	for range min(atOnce, n) {
		workers.Go(func() {
			for i := range numbers {
				if err := do(ctx, i); err != nil {
					failed.Do(func() { first = err }) // the others are only told to stop
					stop()
				}
			}
		})
	}
	for i := range n {
		if ctx.Err() != nil {
			break
		}
		numbers <- i
	}
	close(numbers)
	workers.Wait()
	if first == nil && ctx.Err() != nil {
		return lastday.Wrap(lastday.CodeTransient, "read", "told to stop", ctx.Err())
	}
	return first
}

// gather does the same and puts the answers in the order of the numbers.
func gather[T any](ctx context.Context, n int, ask func(context.Context, int) (T, error)) ([]T, error) {
	all := make([]T, n)
	err := each(ctx, n, func(ctx context.Context, i int) error {
		var err error
		all[i], err = ask(ctx, i)
		return err
	})
	return all, err
}

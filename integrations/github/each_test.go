package github

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"lastday"
	"lastday/integrations/github/githubtest"
)

func TestGatherKeepsTheOrderAndItsBound(t *testing.T) {
	var under, most atomic.Int64
	all, err := gather(t.Context(), 200, func(_ context.Context, n int) (int, error) {
		most.Store(max(most.Load(), under.Add(1)))
		defer under.Add(-1)
		return n * n, nil
	})
	if err != nil || len(all) != 200 || all[7] != 49 || all[199] != 199*199 {
		t.Errorf("%v, %v", all, err)
	}
	if most.Load() > atOnce {
		t.Errorf("%d at once", most.Load())
	}
}

func TestGatherEndsWithTheFirstError(t *testing.T) {
	broken := errors.New("broken")
	var asked atomic.Int64
	_, err := gather(t.Context(), 10_000, func(ctx context.Context, n int) (int, error) {
		asked.Add(1)
		if n == 3 {
			return 0, broken
		}
		return 0, ctx.Err()
	})
	if !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
	if asked.Load() > 1000 {
		t.Errorf("went on for %d", asked.Load())
	}
}

func TestGatherToldToStopIsNoAnswer(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	_, err := gather(ctx, 5, func(context.Context, int) (int, error) { return 1, nil })
	wantCode(t, err, lastday.CodeTransient)
}

func TestManyRepositoriesAreWalkedForInvitationsInWellUnderASecond(t *testing.T) {
	c := found(t, githubtest.Options{Latency: 5 * time.Millisecond}, func(cfg *Config) { cfg.InvitationWalk = 1000 })
	for n := range 400 {
		r := c.org.AddRepo("service-"+itoa(int64(n)), "private")
		if n%100 == 50 {
			r.Invite(c.ann, "push", c.boss)
		}
	}
	if err := c.driver.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	r := &reading{who: who{id: c.ann.ID(), login: "ann"}}
	began := time.Now()
	if err := c.driver.readRepoInvitations(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("took %s, one by one it would be 2 s and more", took)
	}
	var names []string
	for _, g := range r.page.Grants {
		names = append(names, g.Resource.Name)
	}
	if !slices.Equal(names, []string{"service-50", "service-150", "service-250", "service-350"}) {
		t.Errorf("found %v", names)
	}
}

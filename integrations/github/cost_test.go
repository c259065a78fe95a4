package github

import (
	"context"
	"testing"
	"time"

	"lastday"
	"lastday/integrations/github/githubtest"
	"lastday/integrations/internal/httpx"
)

// bigCompany has the size at which calling every team and repository would no
// longer be acceptable.
func bigCompany(tb testing.TB) *seeded {
	return seed(tb, githubtest.Company{Teams: 300, Repos: 2000, People: 400, Seed: 3}, githubtest.Options{DropResponseBodies: true, RateLimit: 100_000})
}

// cost is what one leaver costs: Survey, every change, Survey again.
type cost struct{ calls, writes, changes, charged int }

func (s *seeded) leave(tb testing.TB) (cost, lastday.Inventory) {
	tb.Helper()
	ctx, counter := httpx.Count(context.WithoutCancel(tb.Context()))
	survey := func() lastday.Inventory {
		inv, err := s.system.Survey(ctx, s.person(), nil)
		if err != nil {
			tb.Fatalf("survey: %v", err)
		}
		return inv
	}
	before := survey()
	changes := 0
	for _, g := range inOrder(before.Grants) {
		r, err := s.system.Apply(ctx, lastday.NewChange("case", before.Match.Account, g, lastday.None, "test"), false)
		if err != nil {
			tb.Fatalf("apply %s: %v", g.Kind, err)
		}
		changes += min(1, len(r.Requests))
	}
	s.clock.skip(time.Minute)
	after := survey()
	return cost{calls: counter.Calls(), writes: counter.Writes(), changes: changes, charged: counter.Calls() - counter.Spared()}, after
}

func TestCostOfALeaverInABigCompany(t *testing.T) {
	s := bigCompany(t)
	cold, after := s.leave(t)
	if len(after.Grants) > 0 {
		t.Errorf("still there: %v", lines(after.Grants))
	}
	t.Logf("cold: %+v", cold)
	s.Leaver = s.People[len(s.People)-2]
	warm, _ := s.leave(t)
	t.Logf("warm: %+v", warm)
	for route, n := range s.server.Counts() {
		t.Logf("%4d %s", n, route)
	}
	for _, g := range after.Gaps {
		t.Logf("gap %s: %s", g.Kind, g.Why)
	}
}

package github

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lastday"
	"lastday/integrations/github/githubtest"
	"lastday/integrations/internal/httpx"
)

// bigCompany has the size at which calling every team and repository would no
// longer be acceptable.
func bigCompany(tb testing.TB) *seeded {
	s := seed(tb, githubtest.Company{Teams: 300, Repos: 2000, People: 400, Seed: 3}, githubtest.Options{DropResponseBodies: true, RateLimit: 1_000_000, GraphQLPoints: 1_000_000})
	s.clock.skip(time.Hour) // nothing in it was changed just now
	return s
}

// cost is what one leaver costs: Survey, every change, Survey again.
type cost struct{ calls, writes, changes, charged, price int }

// price is what one change may cost. Most are one request. What GitHub takes
// only whole is read just before it is sent back, and of an invitation it must
// be known which teams it led to. Roles, rulesets and requests for tokens are
// asked about only where the index saw the person, before and after the change.
func price(g lastday.Grant) int {
	lists := strings.Fields(g.Details["lists"])
	switch g.Kind {
	case kindEnvironment, kindInvite:
		return 2
	case kindRuleset, kindOrgRole, kindTokenRequest:
		return 3
	case kindProtection:
		if len(lists) > 1 && lists[0] == listPush {
			return 3 // those who may push are changed by name, beside the reviews
		}
		if lists[0] != listPush {
			return 2
		}
	}
	return 1
}

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
	changes, prices := 0, 0
	for _, g := range inOrder(before.Grants) {
		r, err := s.system.Apply(ctx, lastday.NewChange("case", before.Match.Account, g, lastday.None, "test"), false)
		if err != nil {
			tb.Fatalf("apply %s: %v", g.Kind, err)
		}
		changes += min(1, len(r.Requests))
		prices += price(g)
	}
	s.clock.skip(10 * time.Second) // what the changes took
	after := survey()
	return cost{calls: counter.Calls(), writes: counter.Writes(), changes: changes, charged: counter.Calls() - counter.Spared(), price: prices}, after
}

// These limits are promised in the documentation.
const (
	mostCold = 120
	// mostReading is what both surveys of a leaver may cost with a warm index.
	mostReading = 15
)

func TestCostOfALeaverInABigCompany(t *testing.T) {
	s := bigCompany(t)
	cold, after := s.leave(t)
	t.Logf("cold %+v", cold)
	if cold.calls > mostCold {
		t.Errorf("with a cold index: %+v, at most %d calls", cold, mostCold)
	}
	for n := range 8 {
		if len(after.Grants) > 0 {
			t.Errorf("still there: %v", lines(after.Grants))
		}
		s.Leaver = s.People[len(s.People)-2-n]
		var warm cost
		warm, after = s.leave(t)
		t.Logf("warm %+v", warm)
		if warm.calls > mostReading+warm.price {
			t.Errorf("with a warm index: %+v, at most %d calls and the price of the changes", warm, mostReading)
		}
	}
}

func TestOneSurveyWithAWarmIndex(t *testing.T) {
	s := bigCompany(t)
	s.survey(t) // makes the index
	s.clock.skip(time.Minute)
	if n := s.survey(t).Calls; n > 8+2 { // the leaver has a role and a request for a token
		t.Errorf("took %d calls", n)
	}
}

func TestRESTAloneIsCompleteThoughDear(t *testing.T) {
	s := seed(t, githubtest.Company{Teams: 20, Repos: 30, People: 20, Seed: 5}, githubtest.Options{}, byREST)
	byGraph := seed(t, githubtest.Company{Teams: 20, Repos: 30, People: 20, Seed: 5}, githubtest.Options{})
	direct := func(inv lastday.Inventory) []string {
		grants := slices.DeleteFunc(inv.Grants, func(g lastday.Grant) bool { return g.Kind == kindTeam }) // REST cannot tell a child's members
		return lines(grants)
	}
	if diff := cmp.Diff(direct(byGraph.survey(t)), direct(s.survey(t))); diff != "" {
		t.Errorf("GraphQL and REST tell different things (-graph +rest):\n%s", diff)
	}
}

func TestBudgetOfTheIndexIsAGapUntilItIsThrough(t *testing.T) {
	s := seed(t, githubtest.Company{Teams: 10, Repos: 30, People: 12, Seed: 5}, githubtest.Options{}, func(c *Config) { c.IndexReads = 8 })
	gaps := func() int {
		n := 0
		for _, g := range s.survey(t).Gaps {
			if g.Kind == kindDeployKey || g.Kind == kindRuleset {
				n++
			}
		}
		return n
	}
	if gaps() == 0 {
		t.Fatal("the index cannot be through, and no gap says so")
	}
	for range 10 {
		s.clock.skip(16 * time.Minute)
		if gaps() == 0 {
			return
		}
	}
	t.Error("the index never gets through")
}

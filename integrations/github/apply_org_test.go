package github

import (
	"testing"

	"lastday"
	"lastday/integrations/github/githubtest"
)

func TestOwnerIsDemotedThenRemovedThenReinstated(t *testing.T) {
	c := found(t, githubtest.Options{}, byREST)
	c.take(c.bob, kindMember, "acme", rungMember, lastday.OutcomeApplied)
	c.wantCan(c.bob, "organization acme: member", true)
	change := c.change(c.bob, c.grantOf(c.bob, kindMember, "acme"), lastday.None)
	r := c.apply(change)
	c.wantCan(c.bob, "organization acme", false)
	if r.Outcome != lastday.OutcomeApplied || len(r.Requests) != 1 || r.Requests[0].ID == "" {
		t.Errorf("receipt %+v", r)
	}
	if again := c.apply(change); again.Outcome != lastday.OutcomeAlready {
		t.Errorf("again: %s", again.Outcome)
	}
	if back := c.restore(change, r); back.Outcome != lastday.OutcomeOffered {
		t.Errorf("restore: %s", back.Outcome)
	}
	c.wantCan(c.bob, "organization acme", false)
	c.bob.Accept()
	c.wantCan(c.bob, "organization acme: member", true)
}

func TestTeamIsLeftAndGivenBackExactly(t *testing.T) {
	c := found(t, githubtest.Options{}, byREST)
	c.take(c.bob, kindMember, "acme", rungMember, lastday.OutcomeApplied)
	before := c.can(c.ann)
	change := c.change(c.bob, c.grantOf(c.bob, kindTeam, "API Team"), lastday.None)
	r := c.apply(change)
	c.wantCan(c.bob, "team api-team: member", false)
	if back := c.restore(change, r); back.Outcome != lastday.OutcomeApplied {
		t.Errorf("restore: %s", back.Outcome)
	}
	c.wantCan(c.bob, "team api-team: member", true)
	if got := c.can(c.ann); len(got) != len(before) {
		t.Errorf("a bystander was touched: %v, before %v", got, before)
	}
}

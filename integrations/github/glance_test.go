package github

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"lastday"
	"lastday/integrations/github/githubtest"
)

func TestWhatWasListedAMomentAgoIsTakenWithoutAnotherLook(t *testing.T) {
	c := found(t, githubtest.Options{})
	c.infra.AddCollaborator(c.ann, "push")
	change := c.change(c.ann, c.grantOf(c.ann, kindRepo, "infra"), lastday.None)
	c.server.ForgetCalls()
	if r := c.apply(change); r.Outcome != lastday.OutcomeApplied || r.Before != "write" {
		t.Errorf("%s, before %q", r.Outcome, r.Before)
	}
	if n := len(c.server.Calls()); n != 1 {
		t.Errorf("%d calls", n)
	}
	if r := c.apply(change); r.Outcome != lastday.OutcomeAlready {
		t.Errorf("the second time: %s: a sighting serves once", r.Outcome)
	}
}

func TestWhatWasListedLongerAgoIsReadAgain(t *testing.T) {
	c := found(t, githubtest.Options{})
	c.infra.AddCollaborator(c.ann, "push")
	change := c.change(c.ann, c.grantOf(c.ann, kindRepo, "infra"), lastday.None)
	c.infra.RemoveCollaborator(c.ann)
	c.clock.skip(seenAge + time.Second)
	if r := c.apply(change); r.Outcome != lastday.OutcomeAlready {
		t.Errorf("outcome %s", r.Outcome)
	}
}

func TestReducingIsNeverDoneFromMemory(t *testing.T) {
	c := found(t, githubtest.Options{})
	change := c.change(c.bob, c.grantOf(c.bob, kindMember, "acme"), rungMember)
	c.org.Remove(c.bob)
	if r := c.apply(change); r.Outcome != lastday.OutcomeAlready {
		t.Errorf("outcome %s", r.Outcome)
	}
	if writes := c.server.Writes(); len(writes) != 0 {
		t.Errorf("wrote %s: it would have invited them", writes[0].Route)
	}
}

func TestAbsenceNeedsRESTAndGraphQLToAgree(t *testing.T) {
	c := found(t, githubtest.Options{})
	c.org.Remove(c.bob)
	if page := c.list(c.bob); !page.Control.Seen || !strings.Contains(page.Control.Evidence, "GraphQL") {
		t.Errorf("control %+v", page.Control)
	}
	c.server.Fail("GET /orgs/acme/memberships/ann", githubtest.Fault{Blind: true})
	page := c.list(c.ann) // a member whom REST hides
	if page.Control.Seen || len(page.Gaps) == 0 {
		t.Errorf("GraphQL shows a member, and yet control %+v, gaps %v", page.Control, page.Gaps)
	}
}

func TestAPartThatIsHiddenHidesNoOther(t *testing.T) {
	c := found(t, githubtest.Options{})
	c.infra.AddCollaborator(c.ann, "push")
	want := lines(c.list(c.ann).Grants)
	c.server.Fail("POST /graphql", githubtest.Fault{
		Status: http.StatusOK, Times: 1,
		Body: `{"data":{"organization":null},"errors":[{"type":"FORBIDDEN","path":["organization","samlIdentityProvider"],"message":"Resource not accessible by integration"}]}`,
	})
	if got := lines(c.list(c.ann).Grants); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestAQueryThatIsTooMuchIsAskedInSmallerParts(t *testing.T) {
	for name, fault := range map[string]githubtest.Fault{
		"refused":  {Status: http.StatusOK, Body: `{"errors":[{"type":"RESOURCE_LIMITS_EXCEEDED","message":"Resource limits for this query exceeded."}]}`},
		"given up": {Status: http.StatusBadGateway},
	} {
		t.Run(name, func(t *testing.T) {
			c := found(t, githubtest.Options{})
			if err := c.driver.Refresh(t.Context()); err != nil {
				t.Fatal(err)
			}
			fault.Times = 1
			c.server.Fail("POST /graphql", fault)
			_, err := c.driver.List(t.Context(), c.account(c.ann), "")
			wantCode(t, err, lastday.CodeTransient)
			if n := c.driver.size.now(); n != 500 {
				t.Errorf("the next query asks about %d repositories", n)
			}
			c.grantOf(c.ann, kindMember, "acme")
		})
	}
}

func TestRulesetsAreReadOnlyIfTheyWereChanged(t *testing.T) {
	c := found(t, githubtest.Options{})
	c.web.AddRuleset("main rules", c.ann, c.boss)
	c.clock.skip(time.Hour)
	change := c.change(c.ann, c.grantOf(c.ann, kindRuleset, "web: main rules"), lastday.None)
	reads := func() int {
		n := 0
		for _, call := range c.server.Calls() {
			if call.Method == http.MethodGet && strings.Contains(call.Route, "{ruleset_id}") {
				n++
			}
		}
		c.server.ForgetCalls()
		return n
	}
	reads()
	c.grantOf(c.ann, kindRuleset, "web: main rules")
	if n := reads(); n != 0 {
		t.Errorf("read %d times although it is the same", n)
	}
	c.clock.skip(time.Minute)
	c.apply(change)
	reads()
	for _, g := range c.list(c.ann).Grants {
		if g.Kind == kindRuleset {
			t.Error("still told from the index after it was changed")
		}
	}
	if n := reads(); n != 1 {
		t.Errorf("read %d times after it was changed", n)
	}
}

func TestDeployKeysThatTheIndexDoesNotKnowAreRead(t *testing.T) {
	c := found(t, githubtest.Options{})
	c.web.AddKey("old", c.ann, true)
	c.grantOf(c.ann, kindDeployKey, "web: old")
	c.web.AddKey("new", c.ann, false)
	c.grantOf(c.ann, kindDeployKey, "web: new")
}

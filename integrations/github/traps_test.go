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

// Each of these is a way in which GitHub or go-github says something else than
// it seems to say.

func TestTrapPutReinvitesWhoeverIsGone(t *testing.T) {
	c := found(t, githubtest.Options{}, byREST)
	demote := c.change(c.bob, c.grantOf(c.bob, kindMember, "acme"), rungMember)
	c.apply(c.change(c.bob, demote.Grant, lastday.None)) // somebody else was faster
	c.server.ForgetCalls()
	if r := c.apply(demote); r.Outcome != lastday.OutcomeAlready {
		t.Errorf("outcome %s", r.Outcome)
	}
	if writes := c.server.Writes(); len(writes) != 0 {
		t.Errorf("wrote %v", writes[0].Route)
	}
	c.wantCan(c.bob, "invitation", false)
}

func TestTrapNotFoundIsNoProofOfAbsence(t *testing.T) {
	c := found(t, githubtest.Options{}, byREST)
	change := c.change(c.bob, c.grantOf(c.bob, kindMember, "acme"), lastday.None)
	c.server.Fail("* /**", githubtest.Fault{Blind: true})
	page, err := c.driver.List(t.Context(), c.account(c.bob), "")
	if err == nil && (page.Control.Seen || len(page.Gaps) == 0) {
		t.Errorf("blind, and yet control %+v, gaps %v", page.Control, page.Gaps)
	}
	_, err = c.driver.Apply(t.Context(), change)
	wantCode(t, err, lastday.CodeNotFound)
	match, err := c.driver.Find(t.Context(), c.person(c.bob))
	if err == nil && match.Control.Seen {
		t.Errorf("blind, and yet %+v", match)
	}
}

func TestTrapTooManyRequestsIsAPlainError(t *testing.T) {
	c := found(t, githubtest.Options{}, byREST)
	c.server.Fail("* /**", githubtest.Fault{Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"17"}}})
	_, err := c.driver.Probe(t.Context())
	wantCode(t, err, lastday.CodeRateLimited)
	if wait := lastday.RetryAfterOf(err); wait != 17*time.Second {
		t.Errorf("wait %s", wait)
	}
}

func TestTrapSecondaryLimitIsRememberedByTheClient(t *testing.T) {
	c := found(t, githubtest.Options{}, byREST)
	c.server.Fail("* /**", githubtest.Fault{
		Status: http.StatusForbidden, Header: http.Header{"Retry-After": {"60"}}, Times: 1,
		Body: `{"message":"You have exceeded a secondary rate limit.","documentation_url":"https://docs.github.com/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits"}`,
	})
	for range 2 {
		_, err := c.driver.Probe(t.Context())
		wantCode(t, err, lastday.CodeRateLimited)
		if wait := lastday.RetryAfterOf(err); wait <= 0 || wait > time.Minute {
			t.Errorf("wait %s", wait)
		}
	}
}

func TestTrapAcceptedIsAnErrorOfGoGitHub(t *testing.T) {
	c := found(t, githubtest.Options{AsyncRequests: 3}, byREST)
	name := c.web.AddCodespace(c.bob)
	r := c.take(c.bob, kindCodespace, name, lastday.None, lastday.OutcomeAccepted)
	if r.Proof != lastday.ProofNone {
		t.Errorf("proof %s of something that is not done", r.Proof)
	}
	c.server.Settle()
	c.wantCan(c.bob, "codespace "+name, false)
}

func TestTrapRedirectedDeleteLooksLikeSuccess(t *testing.T) {
	c := found(t, githubtest.Options{}, byREST)
	change := c.change(c.bob, c.grantOf(c.bob, kindMember, "acme"), lastday.None)
	c.server.Fail("DELETE /orgs/acme/memberships/bob", githubtest.Fault{Redirect: "/orgs/acme/members/bob"})
	if r, err := c.driver.Apply(t.Context(), change); err == nil {
		t.Errorf("redirected, and yet %s", r.Outcome)
	}
	c.wantCan(c.bob, "organization acme: owner", true)
}

func TestTrapPathsAreNotEscaped(t *testing.T) {
	for _, login := range []string{"../../orgs/other/members/x", "a?b=c", "", "bob/../ann", "-bob"} {
		c := found(t, githubtest.Options{}, byREST)
		c.server.Fail("GET /user/*", githubtest.Fault{Body: `{"id":` + itoa(c.bob.ID()) + `,"login":"` + login + `"}`})
		_, err := c.driver.List(t.Context(), c.account(c.bob), "")
		wantCode(t, err, lastday.CodeInvalid)
		if n := len(c.server.Calls()); n != 1 {
			t.Errorf("login %q: %d calls", login, n)
		}
	}
}

func TestTrapAnEmptyUserIsOurselves(t *testing.T) {
	c := found(t, githubtest.Options{}, byREST)
	change := c.change(c.bob, c.grantOf(c.bob, kindMember, "acme"), rungMember)
	for _, id := range []string{"", "0", "-5", "boss", "1/../2"} {
		change.Account.ID = id
		c.server.ForgetCalls()
		_, err := c.driver.Apply(t.Context(), change)
		wantCode(t, err, lastday.CodeInvalid)
		if writes := c.server.Writes(); len(writes) != 0 {
			t.Errorf("id %q: wrote %s", id, writes[0].Route)
		}
	}
	c.wantCan(c.boss, "organization acme: owner", true)
}

func TestTrapLoginsAreTakenOver(t *testing.T) {
	c := found(t, githubtest.Options{}, byREST)
	change := c.change(c.bob, c.grantOf(c.bob, kindMember, "acme"), lastday.None)
	c.bob.Rename("robert")
	other := c.server.AddUser("bob", "Another Bob", "")
	c.org.AddMember(other, "member")
	c.clock.skip(time.Minute) // past the short memory of logins
	if r := c.apply(change); r.Outcome != lastday.OutcomeApplied {
		t.Errorf("outcome %s", r.Outcome)
	}
	c.wantCan(c.bob, "organization acme", false)
	c.wantCan(other, "organization acme: member", true)
}

func TestTrapAnswersAboutSomebodyElseAreRefused(t *testing.T) {
	c := found(t, githubtest.Options{}, byREST)
	change := c.change(c.bob, c.grantOf(c.bob, kindMember, "acme"), lastday.None)
	c.server.Fail("GET /orgs/acme/memberships/bob", githubtest.Fault{
		Status: http.StatusOK, Body: `{"state":"active","role":"member","user":{"id":` + itoa(c.ann.ID()) + `,"login":"ann"}}`,
	})
	c.clock.skip(time.Minute) // past what was seen a moment ago
	_, err := c.driver.Apply(t.Context(), change)
	wantCode(t, err, lastday.CodeInvalid)
}

func TestTrapEffectivePermissionIsNotTheDirectOne(t *testing.T) {
	c := found(t, githubtest.Options{}, byREST)
	c.web.AddCollaborator(c.ann, "triage") // the team Core gives write
	if g := c.grantOf(c.ann, kindRepo, "web"); g.Rung != "triage" {
		t.Errorf("rung %s", g.Rung)
	}
}

func TestTrapParentTeamsListMembersOfChildren(t *testing.T) {
	c := found(t, githubtest.Options{}, byREST)
	c.take(c.bob, kindMember, "acme", rungMember, lastday.OutcomeApplied)
	change := c.change(c.bob, c.grantOf(c.bob, kindTeam, "Core"), lastday.None)
	c.apply(change)
	if !slices.ContainsFunc(c.list(c.bob).Grants, func(g lastday.Grant) bool { return g.Key == change.Grant.Key }) {
		t.Error("a member of a child team must still show in the parent: nothing may hide that")
	}
	c.take(c.bob, kindTeam, "API Team", lastday.None, lastday.OutcomeApplied)
	for _, g := range c.list(c.bob).Grants {
		if g.Kind == kindTeam {
			t.Errorf("still in %s", g.Resource.Name)
		}
	}
}

func TestTrapSynchronizedTeamsRefuse(t *testing.T) {
	for name, manage := range map[string]func(*githubtest.Team){
		"external group": func(x *githubtest.Team) { x.SetExternalGroup("Engineers") }, "team sync": (*githubtest.Team).SetSynced,
	} {
		t.Run(name, func(t *testing.T) {
			c := found(t, githubtest.Options{}, byREST)
			change := c.change(c.ann, c.grantOf(c.ann, kindTeam, "Core"), lastday.None)
			manage(c.core)
			if r := c.apply(change); r.Outcome != lastday.OutcomeDelegated {
				t.Errorf("outcome %s", r.Outcome)
			}
			c.wantCan(c.ann, "team core", true)
		})
	}
}

func TestTrapExternallyManagedTeamsAreListedAsSuch(t *testing.T) {
	c := found(t, githubtest.Options{}, byREST)
	c.core.SetExternalGroup("Engineers")
	if g := c.grantOf(c.ann, kindTeam, "Core"); !strings.Contains(g.ManagedBy, "Engineers") {
		t.Errorf("managed by %q", g.ManagedBy)
	}
}

func TestTrapRulesetsCannotBeEmptiedByGoGitHub(t *testing.T) {
	c := found(t, githubtest.Options{}, byREST)
	id := c.web.AddRuleset("main rules", c.bob)
	change := c.change(c.bob, c.grantOf(c.bob, kindRuleset, "web: main rules"), lastday.None)
	r := c.apply(change)
	now, err := c.driver.ruleset(t.Context(), rulesetPlace{repo: "web", id: id})
	if err != nil || len(now.bypass) != 0 {
		t.Errorf("bypass %+v, %v", now.bypass, err)
	}
	if !strings.Contains(string(now.raw["rules"]), "max_file_size") {
		t.Errorf("a rule that go-github does not know was lost: %s", now.raw["rules"])
	}
	if back := c.restore(change, r); back.Outcome != lastday.OutcomeApplied {
		t.Errorf("restore: %s", back.Outcome)
	}
	c.wantCan(c.bob, "ruleset bypass web main rules: always", true)
}

func TestTrapSingleSignOnHidesParts(t *testing.T) {
	for _, mode := range []string{"enforced", "partial"} {
		t.Run(mode, func(t *testing.T) {
			c := found(t, githubtest.Options{}, byREST)
			c.org.SetSAML(mode)
			page, err := c.driver.List(t.Context(), c.account(c.bob), "")
			if err != nil {
				wantCode(t, err, lastday.CodeDenied)
				return
			}
			if len(page.Gaps) == 0 {
				t.Errorf("no gap, grants %v", lines(page.Grants))
			}
			for _, g := range page.Gaps {
				if g.Code != lastday.CodeDenied && g.Code != lastday.CodeUnsupported {
					t.Errorf("gap %+v", g)
				}
			}
		})
	}
}

func TestTrapListsGoOnAfterAHundred(t *testing.T) {
	c := found(t, githubtest.Options{}, byREST)
	for i := range 230 {
		team := c.org.AddTeam("Squad "+itoa(int64(i)), nil)
		if i == 229 {
			team.Add(c.ann, "member")
		}
	}
	c.grantOf(c.ann, kindTeam, "Squad 229")
}

func TestTrapLostAnswerAfterAWriteIsUnknown(t *testing.T) {
	c := found(t, githubtest.Options{}, byREST)
	change := c.change(c.bob, c.grantOf(c.bob, kindMember, "acme"), lastday.None)
	c.server.Fail("DELETE /orgs/acme/memberships/bob", githubtest.Fault{DropAfterWrite: true, Times: 1})
	_, err := c.driver.Apply(t.Context(), change)
	wantCode(t, err, lastday.CodeUnknownOutcome)
	if r := c.apply(change); r.Outcome != lastday.OutcomeAlready {
		t.Errorf("again: %s", r.Outcome)
	}
}

func TestTrapLastOwnerIsRefused(t *testing.T) {
	c := found(t, githubtest.Options{}, byREST)
	change := c.change(c.bob, c.grantOf(c.bob, kindMember, "acme"), rungMember)
	c.driver = c.open(Config{Org: "acme", URL: c.url, Token: "env:T", NoGraphQL: true, MinOwners: 2})
	if r := c.apply(change); r.Outcome != lastday.OutcomeRefused {
		t.Errorf("below min_owners: %s", r.Outcome)
	}
	c.server.Fail("PUT /orgs/acme/memberships/bob", githubtest.Fault{Status: http.StatusForbidden, Body: `{"message":"You can't demote the last admin to member."}`})
	c.driver = c.open(Config{Org: "acme", URL: c.url, Token: "env:T", NoGraphQL: true})
	if r := c.apply(change); r.Outcome != lastday.OutcomeRefused {
		t.Errorf("GitHub refuses: %s", r.Outcome)
	}
	c.wantCan(c.bob, "organization acme: owner", true)
}

func TestTrapOurOwnAccountIsRefused(t *testing.T) {
	c := found(t, githubtest.Options{}, byREST)
	if r := c.take(c.boss, kindMember, "acme", rungMember, lastday.OutcomeRefused); r.Note == "" {
		t.Error("no reason")
	}
}

func TestTrapEnvironmentPutReplacesEverything(t *testing.T) {
	c := found(t, githubtest.Options{}, byREST)
	c.web.AddEnvironment("production", []*githubtest.User{c.bob, c.ann}, c.core)
	change := c.change(c.bob, c.grantOf(c.bob, kindEnvironment, "web: production"), lastday.None)
	r := c.apply(change)
	now, err := c.driver.environment(t.Context(), "web", "production")
	if err != nil || len(now.reviewers()) != 2 || !strings.Contains(string(now.Policy), "true") || now.Rules[0].Wait != 5 {
		t.Errorf("environment %+v, %v", now, err)
	}
	if back := c.restore(change, r); back.Outcome != lastday.OutcomeApplied {
		t.Errorf("restore: %s", back.Outcome)
	}
}

func TestTrapLastReviewerWouldOpenTheEnvironment(t *testing.T) {
	c := found(t, githubtest.Options{}, byREST)
	c.web.AddEnvironment("production", []*githubtest.User{c.bob})
	c.take(c.bob, kindEnvironment, "web: production", lastday.None, lastday.OutcomeRefused)
}

func TestTrapEnterpriseTeamsSurviveRemoval(t *testing.T) {
	c := found(t, githubtest.Options{}, byREST)
	e := c.server.AddEnterprise("acme-group", c.boss, c.org)
	e.AddTeam("Everybody", []*githubtest.User{c.ann}, c.org)
	c.take(c.ann, kindMember, "acme", lastday.None, lastday.OutcomeApplied)
	page := c.list(c.ann)
	if !slices.ContainsFunc(page.Grants, func(g lastday.Grant) bool { return g.Kind == kindEntTeam }) {
		t.Errorf("the enterprise team is not told: %v", lines(page.Grants))
	}
	if slices.ContainsFunc(page.Grants, func(g lastday.Grant) bool { return g.Kind == kindMember }) {
		t.Error("the membership is gone and still listed")
	}
}

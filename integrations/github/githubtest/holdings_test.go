package githubtest

import (
	"strings"
	"testing"
	"time"
)

func TestACopilotSeatWorksUntilTheBillingCycleEnds(t *testing.T) {
	e := newEstate(t, Options{})
	e.want(200, "DELETE", "/orgs/acme/copilot/billing/selected_users", obj{"selected_usernames": []string{"lena"}})
	e.mustHold(e.leaver, "Copilot seat", "acme", "until 2026-04-01")
	var s struct {
		PendingCancellationDate string `json:"pending_cancellation_date"`
	}
	e.want(200, "GET", "/orgs/acme/members/lena/copilot", nil).into(&s)
	if s.PendingCancellationDate != "2026-04-01" {
		t.Errorf("ends %q", s.PendingCancellationDate)
	}
	e.clock.Add(30 * 24 * time.Hour)
	e.want(404, "GET", "/orgs/acme/members/lena/copilot", nil)
	e.want(422, "DELETE", "/orgs/acme/copilot/billing/selected_users", obj{"selected_usernames": []string{"bo"}})
}

func TestRemovingAMemberLeavesDeployKeysAndWhatBelongsToRepositories(t *testing.T) {
	e := newEstate(t, Options{})
	e.want(204, "DELETE", "/orgs/acme/members/lena", nil)
	e.mustHold(e.leaver, "deploy key", "web ci", "read")
	e.mustHold(e.leaver, "ruleset bypass", "web release", "always")
	e.mustNotHold(e.leaver, "private fork", "web")
	e.mustNotHold(e.leaver, "fine-grained token", "scripts")
}

func TestRevokingAFineGrainedTokenEndsItsReach(t *testing.T) {
	e := newEstate(t, Options{})
	id, value := e.org.FineGrainedToken(e.leaver, "canary", map[string]string{"metadata": "read"}, e.web)
	e.as(value).want(200, "GET", "/repos/acme/web", nil)
	e.as(e.token).want(403, "POST", "/orgs/acme/personal-access-tokens/"+itoa(id), obj{"action": "revoke"})
	e.as(e.instToken).want(204, "POST", "/orgs/acme/personal-access-tokens/"+itoa(id), obj{"action": "revoke"})
	e.as(value).want(401, "GET", "/repos/acme/web", nil)
}

func TestRevokingCredentialsIsAsynchronousAndFinal(t *testing.T) {
	e := newEstate(t, Options{AsyncDelay: time.Minute})
	e.org.SetSAML(SAMLEnforced)
	e.org.Authorize(e.token, "orchestrator")
	e.as(e.leaverToken).want(200, "GET", "/repos/acme/web", nil)
	e.as(e.token).want(202, "POST", "/orgs/acme/credential-authorizations/lena/revoke", nil)
	e.as(e.leaverToken).want(200, "GET", "/repos/acme/web", nil)
	e.clock.Add(time.Minute)
	e.want(403, "GET", "/repos/acme/web", nil)
	if !strings.HasPrefix(e.lastHeader.Get("X-GitHub-SSO"), "required; url=") {
		t.Errorf("header %q", e.lastHeader.Get("X-GitHub-SSO"))
	}
	e.mustNotHold(e.leaver, "authorized credential", "personal access token laptop")
}

func TestPartialSingleSignOnAnswers200WithLess(t *testing.T) {
	e := newEstate(t, Options{})
	e.org.SetSAML(SAMLPartial)
	e.want(200, "GET", "/orgs/acme/members", nil)
	if e.logins() != "" || !strings.HasPrefix(e.lastHeader.Get("X-GitHub-SSO"), "partial-results; organizations=") {
		t.Errorf("%q, header %q", e.logins(), e.lastHeader.Get("X-GitHub-SSO"))
	}
	e.want(200, "GET", "/user/orgs", nil)
	if e.logins() != "" || e.lastHeader.Get("X-GitHub-SSO") == "" {
		t.Errorf("own organizations %q, header %q", e.logins(), e.lastHeader.Get("X-GitHub-SSO"))
	}
}

func TestInstallationTokensLiveAnHourAndNeedTheirPermissions(t *testing.T) {
	e := newEstate(t, Options{})
	var tok struct{ Token string }
	e.as(e.jwt()).want(201, "POST", "/app/installations/"+itoa(e.inst)+"/access_tokens", obj{"permissions": obj{"members": "read"}}).into(&tok)
	e.as(tok.Token).want(200, "GET", "/orgs/acme/members", nil).want(403, "DELETE", "/orgs/acme/members/lena", nil)
	if got := e.lastHeader.Get("X-Accepted-GitHub-Permissions"); got != "members=write" {
		t.Errorf("accepted permissions %q", got)
	}
	e.clock.Add(time.Hour)
	e.want(401, "GET", "/orgs/acme/members", nil)
	forged := e.jwt()
	e.as(forged[:len(forged)-8]+"AAAAAAAA").want(401, "GET", "/app", nil)
	old := e.jwt()
	e.clock.Add(6 * time.Minute)
	e.as(old).want(401, "GET", "/app", nil)
}

func TestMembershipByAnEnterpriseTeamSurvivesRemoval(t *testing.T) {
	e := newEstate(t, Options{})
	var m struct {
		Direct bool     `json:"direct_membership"`
		Via    []string `json:"enterprise_teams_providing_indirect_membership"`
	}
	e.want(200, "GET", "/orgs/acme/memberships/mia_acme-group", nil).into(&m)
	if m.Direct || len(m.Via) != 1 || m.Via[0] != e.entTeam {
		t.Errorf("membership %+v", m)
	}
	e.want(204, "DELETE", "/orgs/acme/memberships/mia_acme-group", nil)
	e.mustHold(e.managed, "organization", "acme", "member")
	e.as(e.entToken).want(204, "DELETE", "/enterprises/acme-group/teams/"+e.entTeam+"/memberships/mia_acme-group", nil)
	e.mustNotHold(e.managed, "organization", "acme")
}

func TestDeactivatingMeansRemovalInAnOrganizationAndSuspensionInAnEnterprise(t *testing.T) {
	e := newEstate(t, Options{})
	off := obj{"Operations": []any{obj{"op": "replace", "path": "active", "value": false}}}
	at := "/scim/v2/organizations/acme/Users/" + e.scim
	e.want(200, "PATCH", at, off)
	e.mustNotHold(e.leaver, "organization", "acme")
	e.want(404, "GET", at, nil)
	e.want(400, "PATCH", "/scim/v2/organizations/acme/Users/"+e.org.AddSCIM(e.stander), nil)

	on := obj{"Operations": []any{obj{"op": "replace", "value": obj{"active": true}}}}
	at = "/scim/v2/enterprises/acme-group/Users/" + e.entSCIM
	e.as(e.entToken).want(200, "PATCH", at, off)
	if l := e.managed.Login(); strings.HasPrefix(l, "mia") || !strings.HasSuffix(l, "_acme-group") {
		t.Errorf("login %q is not obscured", l)
	}
	if en, _ := e.holds(e.managed, "organization", "acme"); !en.Dormant {
		t.Errorf("a suspended account is not dormant: %v", en)
	}
	e.want(200, "PATCH", at, on)
	if l := e.managed.Login(); l != "mia_acme-group" {
		t.Errorf("login after reactivation %q", l)
	}
}

func TestSuspendingOnEnterpriseServerStopsTheToken(t *testing.T) {
	e := newEstate(t, Options{EnterpriseVersion: "3.19.0"})
	e.as(e.entToken).want(204, "PUT", "/api/v3/users/lena/suspended", obj{"reason": "left"})
	e.as(e.leaverToken).want(403, "GET", "/api/v3/user", nil)
	e.as(e.entToken).want(204, "DELETE", "/api/v3/users/lena/suspended", nil)
	e.as(e.leaverToken).want(200, "GET", "/api/v3/user", nil)
	newEstate(t, Options{}).want(404, "PUT", "/users/lena/suspended", nil)
}

func TestListsThatNamePeopleCanBeShortenedAndRestored(t *testing.T) {
	e := newEstate(t, Options{})
	before := e.srv.Snapshot()
	rules := "/repos/acme/web/rulesets/" + itoa(e.repoRules)
	e.want(200, "PUT", rules, obj{"bypass_actors": []any{}})
	e.mustNotHold(e.leaver, "ruleset bypass", "web release")
	e.want(200, "PUT", rules, obj{"bypass_actors": []any{obj{"actor_id": e.leaver.ID(), "actor_type": "User", "bypass_mode": "always"}}})
	users := "/repos/acme/web/branches/main/protection/restrictions/users"
	e.want(200, "DELETE", users, obj{"users": []string{"lena"}})
	e.mustNotHold(e.leaver, "push restriction", "web main")
	e.want(200, "POST", users, obj{"users": []string{"lena"}})
	if d := before.Diff(e.srv.Snapshot()); len(d) != 0 {
		t.Errorf("restored differs: %v", d)
	}
}

func TestSettingAnEnvironmentReplacesEverything(t *testing.T) {
	e := newEstate(t, Options{})
	e.want(200, "PUT", "/repos/acme/web/environments/production", obj{"wait_timer": 5})
	e.mustNotHold(e.leaver, "environment reviewer", "web production")
	e.mustNotHold(e.stander, "environment reviewer", "web production")
}

func TestTheAuditLogTellsWhoRemovedWhomAndPagesByCursor(t *testing.T) {
	e := newEstate(t, Options{})
	e.want(204, "DELETE", "/orgs/acme/members/lena", nil)
	e.want(204, "DELETE", "/orgs/acme/members/bo", nil)
	var log []struct{ Action, Actor, User string }
	e.want(200, "GET", "/orgs/acme/audit-log?phrase=action:org.remove_member+user:lena", nil).into(&log)
	if len(log) != 1 || log[0].Actor != "olga" || log[0].User != "lena" {
		t.Errorf("log %v", log)
	}
	e.want(200, "GET", "/orgs/acme/audit-log?phrase=action:org.remove_member&per_page=1", nil).into(&log)
	link := e.lastHeader.Get("Link")
	from, to := strings.Index(link, "after="), strings.Index(link, "&")
	if log[0].User != "bo" || from < 0 || to < from {
		t.Fatalf("first page %v, link %q", log, link)
	}
	e.want(200, "GET", "/orgs/acme/audit-log?phrase=action:org.remove_member&per_page=1&"+link[from:to], nil).into(&log)
	if len(log) != 1 || log[0].User != "lena" || e.lastHeader.Get("Link") != "" {
		t.Errorf("second page %v, link %q", log, e.lastHeader.Get("Link"))
	}
}

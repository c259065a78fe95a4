package github

import (
	"slices"
	"strings"
	"testing"
	"time"

	"lastday"
	"lastday/integrations/github/githubtest"
)

// inEnterprise puts the company into an enterprise whose owner's token we have.
func inEnterprise(t *testing.T, options githubtest.Options, tune ...func(*Config)) (*company, *githubtest.Enterprise) {
	t.Helper()
	c := found(t, options, append(tune, func(cfg *Config) { cfg.Enterprise = "acme-group" })...)
	c.token = c.boss.Token("admin:org", "repo", "admin:enterprise", "scim:enterprise", "site_admin")
	c.driver = c.open(c.config)
	return c, c.server.AddEnterprise("acme-group", c.boss, c.org)
}

func TestEnterpriseTeamIsLeftAndGivenBack(t *testing.T) {
	c, e := inEnterprise(t, githubtest.Options{})
	slug := e.AddTeam("Everybody", []*githubtest.User{c.ann}, c.org)
	change := c.change(c.ann, c.grantOf(c.ann, kindEntTeam, slug), lastday.None)
	r := c.apply(change)
	c.wantCan(c.ann, "enterprise team", false)
	if back := c.restore(change, r); back.Outcome != lastday.OutcomeApplied {
		t.Errorf("restore: %s", back.Outcome)
	}
	c.wantCan(c.ann, "enterprise team", true)
}

func TestEnterpriseRoleIsTakenAndGivenBack(t *testing.T) {
	c, e := inEnterprise(t, githubtest.Options{})
	e.AddRole("billing reader", c.ann, c.bob)
	change := c.change(c.ann, c.grantOf(c.ann, kindEntRole, "billing reader"), lastday.None)
	r := c.apply(change)
	c.wantCan(c.ann, "enterprise role", false)
	c.wantCan(c.bob, "enterprise role", true)
	if again := c.apply(change); again.Outcome != lastday.OutcomeAlready {
		t.Errorf("again: %s", again.Outcome)
	}
	if back := c.restore(change, r); back.Outcome != lastday.OutcomeApplied {
		t.Errorf("restore: %s", back.Outcome)
	}
	c.wantCan(c.ann, "enterprise role", true)
}

func TestEnterpriseRolesThatAreHiddenAreAGap(t *testing.T) {
	c, _ := inEnterprise(t, githubtest.Options{})
	c.server.Fail("GET /enterprises/acme-group/enterprise-roles", githubtest.Fault{Blind: true})
	if page := c.list(c.ann); !slices.ContainsFunc(page.Gaps, func(g lastday.Gap) bool { return g.Kind == kindEntRole }) {
		t.Errorf("gaps %+v", page.Gaps)
	}
}

func TestEnterpriseTeamWithoutEnterpriseIsDelegated(t *testing.T) {
	c := found(t, githubtest.Options{})
	slug := c.server.AddEnterprise("acme-group", c.boss, c.org).AddTeam("Everybody", []*githubtest.User{c.ann}, c.org)
	c.take(c.ann, kindEntTeam, slug, lastday.None, lastday.OutcomeDelegated)
}

func TestManagedAccountIsSuspendedNeverDeleted(t *testing.T) {
	c, e := inEnterprise(t, githubtest.Options{}, func(cfg *Config) { cfg.ManagedUsers = true })
	e.AddSCIM(c.ann)
	change := c.change(c.ann, c.grantOf(c.ann, kindManaged, "managed account"), lastday.None)
	r := c.apply(change)
	if r.Outcome != lastday.OutcomeApplied {
		t.Fatalf("outcome %s", r.Outcome)
	}
	if got := c.can(c.ann); len(got) == 0 || !strings.Contains(got[0], "dormant") {
		t.Errorf("not suspended: %v", got)
	}
	if back := c.restore(change, r); back.Outcome != lastday.OutcomeApplied {
		t.Errorf("restore: %s (%s)", back.Outcome, back.Note)
	}
	for _, call := range c.server.Writes() {
		if call.Method == "DELETE" {
			t.Errorf("sent %s", call.Route)
		}
		if strings.Contains(call.Route, "scim") && !strings.Contains(call.Body, `"active"`) {
			t.Errorf("a SCIM change without a body: %q", call.Body) // go-github sends it in the query
		}
	}
}

func TestServerAccountIsSuspendedAndWoken(t *testing.T) {
	c, _ := inEnterprise(t, githubtest.Options{EnterpriseVersion: "3.19.0"}, func(cfg *Config) {
		cfg.Suspend = true
		cfg.URL = strings.TrimSuffix(cfg.URL, "/") + "/api/v3"
	})
	c.boss.SetSiteAdmin()
	change := c.change(c.ann, c.grantOf(c.ann, kindAccount, "account"), lastday.None)
	r := c.apply(change)
	if got := c.can(c.ann); len(got) == 0 || !strings.Contains(got[0], "dormant") {
		t.Errorf("not suspended: %v", got)
	}
	if back := c.restore(change, r); back.Outcome != lastday.OutcomeApplied {
		t.Errorf("restore: %s", back.Outcome)
	}
}

func TestBlockComesAfterTheMembership(t *testing.T) {
	c := found(t, githubtest.Options{}, func(cfg *Config) { cfg.Block = true })
	c.take(c.ann, kindUnblocked, "public repositories", lastday.None, lastday.OutcomeRefused)
	c.take(c.ann, kindMember, "acme", lastday.None, lastday.OutcomeApplied)
	c.take(c.ann, kindUnblocked, "public repositories", lastday.None, lastday.OutcomeApplied)
	if kindNamed(kindUnblocked).Order < kindNamed(kindMember).Order {
		t.Error("GitHub blocks no members")
	}
}

func TestPendingRepositoryInvitationsAreFoundByTheEnterprise(t *testing.T) {
	c, _ := inEnterprise(t, githubtest.Options{}, func(cfg *Config) { cfg.InvitationWalk = 1 })
	c.infra.Invite(c.ann, "push", c.boss)
	c.take(c.ann, kindRepoInvite, "infra", "read", lastday.OutcomeApplied)
	c.take(c.ann, kindRepoInvite, "infra", lastday.None, lastday.OutcomeApplied)
}

func TestTooManyRepositoriesToWalkAreAGap(t *testing.T) {
	c := found(t, githubtest.Options{}, func(cfg *Config) { cfg.InvitationWalk = 1 })
	page := c.list(c.ann)
	if !slices.ContainsFunc(page.Gaps, func(g lastday.Gap) bool { return g.Kind == kindRepoInvite && g.Fix != "" }) {
		t.Errorf("gaps %+v", page.Gaps)
	}
}

func TestCopilotSeatGoesOnUntilItsCycleEnds(t *testing.T) {
	c := found(t, githubtest.Options{})
	c.org.AddSeat(c.ann, nil)
	c.token = c.boss.Token("admin:org", "repo", "manage_billing:copilot")
	c.driver = c.open(c.config)
	r := c.take(c.ann, kindCopilot, "Copilot", lastday.None, lastday.OutcomeApplied)
	if len(r.Residue) != 1 || !r.Residue[0].Until.After(c.clock.now()) {
		t.Errorf("residue %+v", r.Residue)
	}
	page := c.list(c.ann)
	if !slices.ContainsFunc(page.Residue, func(r lastday.Residue) bool { return r.Kind == kindCopilot && !r.Until.IsZero() }) {
		t.Errorf("residue %+v", page.Residue)
	}
}

func (c *company) residue(u *githubtest.User) string {
	var text strings.Builder
	for _, r := range c.list(u).Residue {
		text.WriteString(r.Kind + ": " + r.What + "\n")
	}
	return text.String()
}

func TestHooksRunnersAndSecretsOfRepositoriesAreNamedOnceTheIndexHasLooked(t *testing.T) {
	for name, give := range map[string]func(*company){
		"directly":  func(c *company) { c.infra.AddCollaborator(c.ann, "admin") },
		"by a team": func(c *company) { c.core.Grant(c.infra, "admin") },
	} {
		t.Run(name, func(t *testing.T) {
			c := found(t, githubtest.Options{})
			give(c)
			c.infra.AddHook("https://ann.example/hook?secret=x", c.ann)
			c.infra.AddRunner("ann-laptop", c.ann)
			c.infra.AddSecret("DEPLOY_TOKEN")
			c.web.AddSecret("NOT_HERS")
			if text := c.residue(c.ann); !strings.Contains(text, "secrets of 1 repositories: infra") {
				t.Errorf("what was not looked at is not told: %s", text)
			}
			c.clock.skip(16 * time.Minute)
			text := c.residue(c.ann)
			for _, want := range []string{"webhook: 1 hooks of the repository infra: ann.example", "runner: 1 actions runners of the repository infra: ann-laptop", "secret: 1 actions secrets of the repository infra: DEPLOY_TOKEN"} {
				if !strings.Contains(text, want) {
					t.Errorf("%q is not told: %s", want, text)
				}
			}
			for _, not := range []string{"NOT_HERS", "secret=x", "repository_settings"} {
				if strings.Contains(text, not) {
					t.Errorf("%q is told: %s", not, text)
				}
			}
		})
	}
}

func TestFailedInvitationsAreTold(t *testing.T) {
	c := found(t, githubtest.Options{})
	c.org.FailInvitation(c.org.InviteEmail("late@acme.example", "direct_member", c.ann), "expired")
	c.org.FailInvitation(c.org.InviteEmail("other@acme.example", "direct_member", c.boss), "expired")
	if text := c.residue(c.ann); !strings.Contains(text, "failed_invitation: 1 failed") {
		t.Errorf("told: %s", text)
	}
}

func TestResidueNamesWhatNobodyCanTake(t *testing.T) {
	c := found(t, githubtest.Options{})
	c.org.AddHook("https://hooks.example/secret-path?token=x", c.ann)
	c.org.AddRunner("ann-laptop", c.ann)
	c.org.AddSecret("actions", "NPM_TOKEN")
	c.web.SetFile(".github/CODEOWNERS", "* @ann @acme/core\n")
	var text strings.Builder
	for _, r := range c.list(c.ann).Residue {
		text.WriteString(r.What + "\n")
	}
	for _, want := range []string{"hooks.example", "ann-laptop", "NPM_TOKEN", "CODEOWNERS names the person in web"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%q is not told: %s", want, text.String())
		}
	}
	if strings.Contains(text.String(), "secret-path") {
		t.Error("a webhook's path may be a secret and is told")
	}
}

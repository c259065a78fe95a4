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

func (c *company) find(p lastday.Person) lastday.Match {
	c.t.Helper()
	p.Key = "p"
	m, err := c.driver.Find(c.t.Context(), p)
	if err != nil {
		c.t.Fatalf("find: %v", err)
	}
	return m
}

func (c *company) wantFound(m lastday.Match, u *githubtest.User) {
	c.t.Helper()
	if m.Verdict != lastday.FoundOne || m.Account.ID != itoa(u.ID()) || len(m.Evidence) == 0 {
		c.t.Errorf("found %+v, want the account %d", m, u.ID())
	}
}

func linkedLogin(login string) []lastday.Link { return []lastday.Link{{System: "gh", Login: login}} }

func TestFindByPinnedIDFollowsARename(t *testing.T) {
	c := found(t, githubtest.Options{})
	c.bob.Rename("robert")
	m := c.find(lastday.Person{Links: []lastday.Link{{System: "gh", ID: itoa(c.bob.ID()), Login: "bob"}}})
	c.wantFound(m, c.bob)
	if m.Account.Login != "robert" {
		t.Errorf("login %q", m.Account.Login)
	}
}

func TestFindByIdentityProvider(t *testing.T) {
	c := found(t, githubtest.Options{})
	c.saml()
	c.org.AddSCIM(c.bob)
	c.wantFound(c.find(lastday.Person{Emails: []string{"bob@home.example"}}), c.bob)
}

// saml switches single sign-on on, for a token that has passed it.
func (c *company) saml() {
	c.org.SetSAML("enforced")
	c.org.Authorize(c.token, "lastday")
}

func TestFindByVerifiedCorporateAddress(t *testing.T) {
	c := found(t, githubtest.Options{})
	c.bob.VerifyEmail("bob.martin@acme.example")
	c.wantFound(c.find(lastday.Person{Emails: []string{"bob.martin@acme.example"}}), c.bob)
}

func TestFindNeverByPublicAddressOrName(t *testing.T) {
	c := found(t, githubtest.Options{}) // bob's profile says bob@home.example
	m := c.find(lastday.Person{Name: "Bob Martin", Emails: []string{"bob@home.example"}})
	if m.Verdict != lastday.FoundNone || !m.Control.Seen {
		t.Errorf("found %+v", m)
	}
}

func TestFindByLinkedLoginAloneIsAmbiguous(t *testing.T) {
	c := found(t, githubtest.Options{})
	m := c.find(lastday.Person{Links: linkedLogin("bob")})
	if m.Verdict != lastday.FoundMany || len(m.Candidates) != 1 {
		t.Errorf("found %+v", m)
	}
}

func TestFindByLinkedLoginThatAVerifiedAddressConfirms(t *testing.T) {
	c := found(t, githubtest.Options{})
	c.bob.VerifyEmail("bob@acme.example")
	c.wantFound(c.find(lastday.Person{Links: linkedLogin("bob"), Emails: []string{"bob@acme.example"}}), c.bob)
}

func TestFindContradictingEvidenceIsForAPerson(t *testing.T) {
	c := found(t, githubtest.Options{})
	c.ann.VerifyEmail("bob@acme.example")
	m := c.find(lastday.Person{Links: linkedLogin("bob"), Emails: []string{"bob@acme.example"}})
	if m.Verdict != lastday.FoundMany || len(m.Candidates) != 2 {
		t.Errorf("found %+v", m)
	}
}

func TestFindALoginThatWasRenamedAwayIsNotFollowed(t *testing.T) {
	c := found(t, githubtest.Options{})
	c.bob.Rename("robert") // GitHub redirects bob to robert until somebody takes it
	if m := c.find(lastday.Person{Links: linkedLogin("bob")}); m.Verdict != lastday.FoundNone {
		t.Errorf("found %+v", m)
	}
}

func TestFindWithHiddenIdentitiesIsNoAnswer(t *testing.T) {
	c := found(t, githubtest.Options{})
	c.server.Fail("POST /graphql", githubtest.Fault{Body: `{"data":null,"errors":[{"type":"FORBIDDEN","message":"no"}]}`})
	if m := c.find(lastday.Person{Emails: []string{"x@acme.example"}}); m.Control.Seen {
		t.Errorf("found %+v", m)
	}
}

func TestFindInvitationByEmailIsThePersonsAccess(t *testing.T) {
	c := found(t, githubtest.Options{})
	id := c.org.InviteEmail("new@acme.example", "admin", c.boss, c.core)
	m := c.find(lastday.Person{Emails: []string{"new@acme.example"}})
	if m.Verdict != lastday.FoundOne || m.Account.ID != invitedID+itoa(id) {
		t.Fatalf("found %+v", m)
	}
	page, err := c.driver.List(t.Context(), m.Account, "")
	if err != nil || len(page.Grants) != 1 || page.Grants[0].Level() != lastday.LevelAdmin || !page.Control.Seen {
		t.Fatalf("list %+v, %v", page, err)
	}
	change := lastday.NewChange("case", m.Account, page.Grants[0], lastday.None, "test")
	if r := c.apply(change); r.Outcome != lastday.OutcomeApplied || r.Undo["teams"] == "" {
		t.Errorf("receipt %+v", r)
	} else if back := c.restore(change, r); back.Outcome != lastday.OutcomeOffered {
		t.Errorf("restore %+v", back)
	}
}

func TestInvitationToTheOrganizationIsListedAndCancelled(t *testing.T) {
	c := found(t, githubtest.Options{})
	eve := c.server.AddUser("eve", "Eve", "")
	c.org.Invite(eve, "direct_member", c.boss)
	c.take(eve, kindInvite, "acme", lastday.None, lastday.OutcomeApplied)
	c.wantCan(eve, "invitation", false)
}

func TestFindInvitationBesideAnAccountIsNotForgotten(t *testing.T) {
	c := found(t, githubtest.Options{})
	eve := c.server.AddUser("eve", "Eve", "")
	c.org.InviteEmail("eve@acme.example", "direct_member", c.boss)
	p := c.person(eve)
	p.Emails = []string{"eve@acme.example"}
	m := c.find(p)
	page, err := c.driver.List(t.Context(), m.Account, "")
	if err != nil || !slices.ContainsFunc(page.Grants, func(g lastday.Grant) bool { return g.Kind == kindInvite }) {
		t.Errorf("list %v, %v", lines(page.Grants), err)
	}
}

func TestOutsideCollaboratorIsListedAndGivenBackByInvitation(t *testing.T) {
	for name, tune := range map[string]func(*Config){"by GraphQL": func(*Config) {}, "by REST": byREST} {
		t.Run(name, func(t *testing.T) {
			c := found(t, githubtest.Options{}, tune)
			eve := c.server.AddUser("eve", "Eve", "")
			c.infra.AddCollaborator(eve, "push")
			change := c.change(eve, c.grantOf(eve, kindRepo, "infra"), lastday.None)
			r := c.apply(change)
			c.wantCan(eve, "repository infra", false)
			if back := c.restore(change, r); back.Outcome != lastday.OutcomeOffered {
				t.Errorf("restore: %s", back.Outcome)
			}
		})
	}
}

func TestCustomRoleHasItsRungAndComesBackExactly(t *testing.T) {
	for name, tune := range map[string]func(*Config){"by GraphQL": func(*Config) {}, "by REST": byREST} {
		t.Run(name, func(t *testing.T) {
			c := found(t, githubtest.Options{}, tune)
			c.org.AddRepoRole("deployer", "write")
			c.infra.AddCollaborator(c.ann, "deployer")
			g := c.grantOf(c.ann, kindRepo, "infra")
			if g.Rung != "deployer" || g.Level() != lastday.LevelWrite {
				t.Fatalf("rung %s level %s", g.Rung, g.Level())
			}
			change := c.change(c.ann, g, "read")
			r := c.apply(change)
			c.wantCan(c.ann, "repository infra: read (direct)", true)
			if back := c.restore(change, r); back.Outcome != lastday.OutcomeApplied {
				t.Errorf("restore: %s", back.Outcome)
			}
			c.wantCan(c.ann, "repository infra: deployer (direct)", true)
		})
	}
}

func TestRenamedRepositoryIsFoundByItsID(t *testing.T) {
	for name, tune := range map[string]func(*Config){"by GraphQL": func(*Config) {}, "by REST": byREST} {
		t.Run(name, func(t *testing.T) {
			c := found(t, githubtest.Options{}, tune)
			c.infra.AddCollaborator(c.ann, "push")
			change := c.change(c.ann, c.grantOf(c.ann, kindRepo, "infra"), lastday.None)
			c.infra.Rename("platform")
			other := c.org.AddRepo("infra", "private")
			other.AddCollaborator(c.ann, "push")
			c.clock.skip(time.Minute) // past what was seen a moment ago
			if r := c.apply(change); r.Outcome != lastday.OutcomeApplied {
				t.Errorf("outcome %s", r.Outcome)
			}
			c.wantCan(c.ann, "repository platform: write (direct)", false)
			c.wantCan(c.ann, "repository infra: write (direct)", true)
		})
	}
}

func TestAppTokenIsMintedOnceAndRenewed(t *testing.T) {
	s := seed(t, githubtest.Company{Teams: 3, Repos: 3, People: 6, Seed: 1}, githubtest.Options{})
	minted := func() int { return s.server.Counts()["POST /app/installations/{installation_id}/access_tokens"] }
	for range 3 {
		if _, err := s.driver.Probe(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := minted(); n != 1 {
		t.Errorf("minted %d tokens", n)
	}
	s.clock.skip(59 * tokenSlack)
	if _, err := s.driver.Probe(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := minted(); n != 2 {
		t.Errorf("after their end: minted %d tokens", n)
	}
}

func TestAppKeyThatIsRefusedIsDenied(t *testing.T) {
	s := seed(t, githubtest.Company{Teams: 3, Repos: 3, People: 6, Seed: 1}, githubtest.Options{})
	s.server.Fail("POST /app/**", githubtest.Fault{Status: http.StatusNotFound})
	_, err := s.driver.Probe(t.Context())
	wantCode(t, err, lastday.CodeDenied)
}

func TestProbeNamesWhatIsMissing(t *testing.T) {
	c := found(t, githubtest.Options{})
	c.token = c.boss.Token("read:org")
	c.driver = c.open(c.config)
	health, err := c.driver.Probe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var missing []string
	for _, g := range health.Missing {
		missing = append(missing, g.Kind+": "+g.Why)
	}
	if text := strings.Join(missing, "\n"); !strings.Contains(text, "admin:org") || !strings.Contains(text, "scope repo") {
		t.Errorf("missing: %s", text)
	}
	if health.AccountID != itoa(c.boss.ID()) || len(c.server.Calls()) > 3 || health.QuotaLeft <= 0 {
		t.Errorf("health %+v, %d calls", health, len(c.server.Calls()))
	}
}

func TestProbeOfSomebodyWhoIsNoOwnerHasNoControl(t *testing.T) {
	c := found(t, githubtest.Options{})
	c.token = c.ann.Token("admin:org", "repo")
	c.driver = c.open(c.config)
	health, err := c.driver.Probe(t.Context())
	if err != nil || health.Control.Seen {
		t.Errorf("health %+v, %v", health, err)
	}
}

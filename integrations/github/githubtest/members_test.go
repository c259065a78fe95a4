package githubtest

import (
	"strings"
	"testing"
)

func TestRemovingAMemberEndsTeamsAndGrantsAndTouchesNobodyElse(t *testing.T) {
	sc := newScene(t, Options{})
	before := sc.srv.Snapshot()
	sc.want(204, "DELETE", "/orgs/acme/memberships/lena", nil)
	if left := sc.srv.Access(sc.leaver.ID()); len(left) != 0 {
		t.Errorf("the leaver still has %v", left)
	}
	if hit := before.Bystanders(sc.srv.Snapshot(), sc.leaver.ID()); len(hit) != 0 {
		t.Errorf("bystanders changed: %v", hit)
	}
	sc.want(404, "GET", "/orgs/acme/memberships/lena", nil)
	sc.want(404, "DELETE", "/orgs/acme/memberships/lena", nil)
}

func TestTheLeaversOwnTokenOpensTheRepositoryBeforeAndNotAfter(t *testing.T) {
	sc := newScene(t, Options{})
	sc.as(sc.leaverToken).want(200, "GET", "/repos/acme/api", nil)
	sc.as(sc.token).want(204, "DELETE", "/orgs/acme/members/lena", nil)
	sc.as(sc.leaverToken).want(404, "GET", "/repos/acme/api", nil)
	sc.want(200, "GET", "/user", nil)
}

func TestTheLastOwnerCannotLeaveOrBeDemoted(t *testing.T) {
	sc := newScene(t, Options{})
	sc.want(403, "DELETE", "/orgs/acme/memberships/olga", nil)
	sc.want(403, "PUT", "/orgs/acme/memberships/olga", obj{"role": "member"})
	sc.mustHold(sc.owner, "organization", "acme", "owner")
	sc.want(200, "PUT", "/orgs/acme/memberships/bo", obj{"role": "admin"})
	sc.want(200, "PUT", "/orgs/acme/memberships/olga", obj{"role": "member"})
	sc.mustHold(sc.owner, "organization", "acme", "member")
}

func TestSettingAMembershipInvitesWhoeverIsNone(t *testing.T) {
	sc := newScene(t, Options{})
	sc.want(204, "DELETE", "/orgs/acme/members/lena", nil)
	var m struct{ State, Role string }
	sc.want(200, "PUT", "/orgs/acme/memberships/lena", obj{"role": "member"}).into(&m)
	if m.State != "pending" {
		t.Errorf("state %q, want pending", m.State)
	}
	sc.mustNotHold(sc.leaver, "organization", "acme")
	sc.mustHold(sc.leaver, "pending invitation", "acme", "direct_member")
	sc.leaver.Accept()
	sc.mustHold(sc.leaver, "organization", "acme", "member")
	sc.mustNotHold(sc.leaver, "team", "backend")
}

func TestReinstatingGivesBackWhatWasThereOnceAccepted(t *testing.T) {
	sc := newScene(t, Options{})
	before := sc.srv.Snapshot()
	sc.want(204, "DELETE", "/orgs/acme/members/lena", nil)
	sc.want(201, "POST", "/orgs/acme/invitations", obj{"invitee_id": sc.leaver.ID(), "role": "reinstate"})
	sc.mustNotHold(sc.leaver, "organization", "acme")
	if n := sc.leaver.Accept(); n != 1 {
		t.Fatalf("accepted %d invitations, want 1", n)
	}
	if d := before.Diff(sc.srv.Snapshot()); len(d) != 0 {
		t.Errorf("reinstated differs: %v", d)
	}
}

func TestReinstatingIsForgottenAfterThreeMonths(t *testing.T) {
	sc := newScene(t, Options{})
	sc.want(204, "DELETE", "/orgs/acme/members/lena", nil)
	sc.clock.Add(reinstatable)
	sc.want(422, "POST", "/orgs/acme/invitations", obj{"invitee_id": sc.leaver.ID(), "role": "reinstate"})
}

func TestOutsidersSeePublicMembersOnlyWithStatus200(t *testing.T) {
	sc := newScene(t, Options{})
	sc.org.Publicize(sc.owner)
	stranger := sc.srv.AddUser("sam", "Sam Stranger", "sam@else.example")
	sc.want(200, "GET", "/orgs/acme/members", nil)
	if got := sc.logins(); got != "olga lena bo" {
		t.Errorf("an owner sees %q", got)
	}
	sc.as(stranger.Token("read:org")).want(200, "GET", "/orgs/acme/members", nil)
	if got := sc.logins(); got != "olga" {
		t.Errorf("a stranger sees %q, want olga", got)
	}
	sc.want(302, "GET", "/orgs/acme/members/lena", nil)
}

func TestARenamedLoginRedirectsUntilSomebodyElseTakesIt(t *testing.T) {
	sc := newScene(t, Options{})
	sc.leaver.Rename("lena-l")
	sc.want(301, "GET", "/users/lena", nil)
	sc.want(301, "DELETE", "/orgs/acme/memberships/lena", nil)
	if loc := sc.lastHeader.Get("Location"); !strings.HasSuffix(loc, "/orgs/acme/memberships/lena-l") {
		t.Errorf("location %q", loc)
	}
	sc.mustHold(sc.leaver, "organization", "acme", "member")
	other := sc.srv.AddUser("lena", "Lena Other", "lena@else.example")
	var u struct{ ID int64 }
	sc.want(200, "GET", "/users/lena", nil).into(&u)
	if u.ID != other.ID() || u.ID == sc.leaver.ID() {
		t.Errorf("login lena is now account %d", u.ID)
	}
	sc.want(200, "GET", "/user/"+itoa(sc.leaver.ID()), nil)
}

func TestConvertingToAnOutsideCollaboratorKeepsTheRepositories(t *testing.T) {
	sc := newScene(t, Options{AsyncRequests: 2})
	sc.want(202, "PUT", "/orgs/acme/outside_collaborators/lena", obj{"async": true})
	sc.mustHold(sc.leaver, "organization", "acme", "member")
	sc.want(200, "GET", "/orgs/acme", nil)
	sc.want(200, "GET", "/orgs/acme", nil)
	sc.mustNotHold(sc.leaver, "organization", "acme")
	sc.mustHold(sc.leaver, "repository", "api", "write")
	sc.want(200, "GET", "/orgs/acme/outside_collaborators", nil)
	if got := sc.logins(); got != "lena" {
		t.Errorf("outside collaborators %q", got)
	}
	sc.want(204, "DELETE", "/orgs/acme/outside_collaborators/lena", nil)
	if left := sc.srv.Access(sc.leaver.ID()); len(left) != 0 {
		t.Errorf("still has %v", left)
	}
	sc.want(422, "DELETE", "/orgs/acme/outside_collaborators/bo", nil)
}

func TestCancellingAnInvitationByEmail(t *testing.T) {
	sc := newScene(t, Options{})
	id := sc.org.InviteEmail("new@acme.example", "direct_member", sc.leaver, sc.backend)
	sc.mustHold(sc.leaver, "invitation sent", "acme", "direct_member")
	sc.want(200, "GET", "/orgs/acme/invitations/"+itoa(id)+"/teams", nil)
	sc.want(204, "DELETE", "/orgs/acme/invitations/"+itoa(id), nil)
	sc.mustNotHold(sc.leaver, "invitation sent", "acme")
	sc.want(404, "DELETE", "/orgs/acme/invitations/"+itoa(id), nil)
}

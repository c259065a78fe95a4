package githubtest

import (
	"testing"
)

func TestRemovingFromAParentTeamLeavesTheChildMembershipListed(t *testing.T) {
	sc := newScene(t, Options{})
	sc.platform.Add(sc.leaver, "member")
	sc.want(204, "DELETE", "/orgs/acme/teams/platform/memberships/lena", nil)
	sc.want(200, "GET", "/orgs/acme/teams/platform/memberships/lena", nil)
	e, _ := sc.holds(sc.leaver, "team", "platform")
	if e.Via != "child team backend" {
		t.Errorf("held via %q", e.Via)
	}
	sc.want(204, "DELETE", "/orgs/acme/teams/backend/memberships/lena", nil)
	sc.want(404, "GET", "/orgs/acme/teams/platform/memberships/lena", nil)
	sc.mustNotHold(sc.leaver, "repository", "api")
}

func TestATeamOfAnIdentityProviderRefusesChanges(t *testing.T) {
	sc := newScene(t, Options{})
	sc.backend.SetSynced()
	sc.want(403, "DELETE", "/orgs/acme/teams/backend/memberships/lena", nil)
	sc.want(403, "PUT", "/orgs/acme/teams/backend/memberships/lena", obj{"role": "member"})
	sc.mustHold(sc.leaver, "team", "backend", "maintainer")
	sc.platform.SetExternalGroup("idp-platform")
	sc.want(403, "PUT", "/orgs/acme/teams/platform/memberships/lena", nil)
	var g struct {
		Groups []struct {
			Name string `json:"group_name"`
		}
	}
	sc.want(200, "GET", "/orgs/acme/teams/platform/external-groups", nil).into(&g)
	if len(g.Groups) != 1 || g.Groups[0].Name != "idp-platform" {
		t.Errorf("groups %v", g)
	}
}

func TestReducingAMaintainerAndADirectGrant(t *testing.T) {
	sc := newScene(t, Options{})
	sc.want(200, "PUT", "/orgs/acme/teams/backend/memberships/lena", obj{"role": "member"})
	sc.mustHold(sc.leaver, "team", "backend", "member")
	sc.want(204, "PUT", "/repos/acme/web/collaborators/lena", obj{"permission": "pull"})
	sc.mustHold(sc.leaver, "repository", "web", "read")
	sc.want(204, "DELETE", "/repos/acme/web/collaborators/lena", nil)
	sc.mustNotHold(sc.leaver, "repository", "web")
}

func TestPermissionCollapsesMaintainAndRoleNameDoesNot(t *testing.T) {
	sc := newScene(t, Options{})
	sc.web.AddCollaborator(sc.leaver, "maintain")
	var p struct {
		Permission string
		RoleName   string `json:"role_name"`
	}
	sc.want(200, "GET", "/repos/acme/web/collaborators/lena/permission", nil).into(&p)
	if p.Permission != "write" || p.RoleName != "maintain" {
		t.Errorf("got %+v", p)
	}
}

func TestDirectAndEffectiveCollaboratorsDiffer(t *testing.T) {
	sc := newScene(t, Options{})
	sc.want(200, "GET", "/repos/acme/api/collaborators?affiliation=direct", nil)
	if got := sc.logins(); got != "" {
		t.Errorf("direct: %q", got)
	}
	sc.want(200, "GET", "/repos/acme/api/collaborators", nil)
	if got := sc.logins(); got != "olga lena bo" {
		t.Errorf("all: %q", got)
	}
}

func TestAnOutsiderIsInvitedToARepositoryAndAccepts(t *testing.T) {
	sc := newScene(t, Options{})
	ext := sc.srv.AddUser("eve", "Eve External", "eve@contractor.example")
	var i struct{ ID int64 }
	sc.want(201, "PUT", "/repos/acme/web/collaborators/eve", obj{"permission": "push"}).into(&i)
	sc.mustNotHold(ext, "repository", "web")
	sc.want(200, "PATCH", "/repos/acme/web/invitations/"+itoa(i.ID), obj{"permissions": "read"})
	ext.Accept()
	sc.mustHold(ext, "repository", "web", "read")
}

func TestARepositoryTheCallerCannotSeeIs404NotForbidden(t *testing.T) {
	sc := newScene(t, Options{})
	sc.as(sc.stander.Token("repo")).want(404, "GET", "/repos/acme/web", nil)
	sc.want(403, "GET", "/repos/acme/api/invitations", nil)
	sc.as(sc.stander.Token()).want(404, "GET", "/repos/acme/api", nil)
	sc.api.Rename("api-v2")
	sc.as(sc.token).want(301, "GET", "/repos/acme/api", nil)
}

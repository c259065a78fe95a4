package githubtest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

func roleRoutes() []*route {
	look := asOwner(right{"admin:org", "organization_custom_org_roles", read})
	seen := asOwner(right{"read:org", "members", read})
	manage := asOwner(right{"admin:org", "members", write})
	inspectEnt, manageEnt := asEnterpriseOwner("read:enterprise"), asEnterpriseOwner("admin:enterprise")
	const orgRoles, entRoles, entTeams = "/orgs/{org}/organization-roles", "/enterprises/{enterprise}/enterprise-roles", "/enterprises/{enterprise}/teams"
	return []*route{
		{"GET", orgRoles, look, listOrgRoles},
		{"GET", orgRoles + "/{role_id}", look, withRole(func(c *call, r *orgRole) *reply { return ok(c.roleObject(r)) })},
		{"GET", orgRoles + "/{role_id}/users", seen, withRole(roleUsers)},
		{"GET", orgRoles + "/{role_id}/teams", seen, withRole(roleTeams)},
		{"PUT", orgRoles + "/users/{username}/{role_id}", manage, withRole(assignUser)},
		{"DELETE", orgRoles + "/users/{username}/{role_id}", manage, withRole(unassignUser)},
		{"DELETE", orgRoles + "/users/{username}", manage, unassignUserAll},
		{"PUT", orgRoles + "/teams/{team_slug}/{role_id}", manage, withRole(assignTeam)},
		{"DELETE", orgRoles + "/teams/{team_slug}/{role_id}", manage, withRole(unassignTeam)},
		{"DELETE", orgRoles + "/teams/{team_slug}", manage, unassignTeamAll},
		{"GET", "/orgs/{org}/custom-repository-roles", asOwner(right{"admin:org", "organization_custom_roles", read}), listRepoRoles},
		{"GET", "/orgs/{org}/security-managers", asOwner(right{"read:org", "organization_administration", read}), listSecurityManagers},
		{"GET", entRoles, inspectEnt, listEntRoles},
		{"GET", entRoles + "/{role_id}/users", inspectEnt, withEntRole(entRoleUsers)},
		{"PUT", entRoles + "/users/{username}/{role_id}", manageEnt, withEntRole(assignEntUser)},
		{"DELETE", entRoles + "/users/{username}/{role_id}", manageEnt, withEntRole(unassignUser)},
		{"DELETE", entRoles + "/users/{username}", manageEnt, unassignEntUserAll},
		{"GET", entTeams, inspectEnt, listEntTeams},
		{"GET", entTeams + "/{enterprise-team}/memberships", inspectEnt, withEntTeam(entTeamMembers)},
		{"GET", entTeams + "/{enterprise-team}/memberships/{username}", inspectEnt, withEntTeam(entTeamMember)},
		{"PUT", entTeams + "/{enterprise-team}/memberships/{username}", manageEnt, withEntTeam(joinEntTeam)},
		{"DELETE", entTeams + "/{enterprise-team}/memberships/{username}", manageEnt, withEntTeam(leaveEntTeam)},
	}
}

func (c *call) roleObject(r *orgRole) obj {
	out := obj{
		"id": r.ID, "name": r.Name, "description": r.About, "base_role": orNull(r.Base), "source": r.Source, "permissions": r.Perms,
		"organization": nil, "created_at": stamp(r.Created), "updated_at": stamp(r.Created),
	}
	if r.Perms == nil {
		out["permissions"] = []string{}
	}
	if r.Source == "Organization" {
		out["organization"] = c.ownerAsUser(c.org)
	}
	return out
}

func listOrgRoles(c *call) *reply {
	roles := []any{}
	for _, r := range byID(c.org.Roles) {
		roles = append(roles, c.roleObject(r))
	}
	return ok(obj{"total_count": len(roles), "roles": roles})
}

func withRole(f func(*call, *orgRole) *reply) handler {
	return func(c *call) *reply {
		r := c.org.Roles[c.number("role_id")]
		if r == nil {
			return notFound()
		}
		return f(c, r)
	}
}

// roleUsers shows direct holders, and those who hold the role by a team
// (https://docs.github.com/rest/orgs/organization-roles#list-users-that-are-assigned-to-an-organization-role).
func roleUsers(c *call, r *orgRole) *reply {
	ids := map[int64]bool{}
	for id := range r.Users {
		ids[id] = true
	}
	for team := range r.Teams {
		for _, id := range c.org.teamMembers(c.org.Teams[team]) {
			ids[id] = true
		}
	}
	return list(c, sortedKeys(ids), func(id int64) any { return c.roleHolder(r, id) })
}

func (c *call) roleHolder(r *orgRole, id int64) obj {
	out, via := c.simpleUser(id), []any{}
	for _, team := range sortedKeys(r.Teams) {
		if slices.Contains(c.org.teamMembers(c.org.Teams[team]), id) {
			via = append(via, c.simpleTeam(c.org, c.org.Teams[team]))
		}
	}
	switch {
	case r.Users[id] && len(via) > 0:
		out["assignment"] = "mixed"
	case r.Users[id]:
		out["assignment"] = "direct"
	default:
		out["assignment"] = "indirect"
	}
	if len(via) > 0 {
		out["inherited_from"] = via
	}
	return out
}

func roleTeams(c *call, r *orgRole) *reply {
	return list(c, sortedKeys(r.Teams), func(id int64) any {
		out := c.teamWithParent(c.org, c.org.Teams[id])
		out["assignment"] = "direct"
		return out
	})
}

func assignUser(c *call, r *orgRole) *reply {
	if !c.w.belongs(c.org, c.user.ID) {
		return failure(http.StatusUnprocessableEntity, "The organization feature is not enabled or the user is not a member.")
	}
	r.Users[c.user.ID] = true
	return noContent()
}

func unassignUser(c *call, r *orgRole) *reply {
	delete(r.Users, c.user.ID)
	return noContent()
}

func unassignUserAll(c *call) *reply {
	for _, r := range c.org.Roles {
		delete(r.Users, c.user.ID)
	}
	return noContent()
}

func assignTeam(c *call, r *orgRole) *reply {
	r.Teams[c.team.ID] = true
	return noContent()
}

func unassignTeam(c *call, r *orgRole) *reply {
	delete(r.Teams, c.team.ID)
	return noContent()
}

func unassignTeamAll(c *call) *reply {
	for _, r := range c.org.Roles {
		delete(r.Teams, c.team.ID)
	}
	return noContent()
}

func listRepoRoles(c *call) *reply {
	roles := []any{}
	for _, r := range byID(c.org.RepoRoles) {
		roles = append(roles, obj{
			"id": r.ID, "name": r.Name, "description": r.About, "base_role": r.Base, "permissions": append([]string{}, r.Perms...),
			"organization": c.ownerAsUser(c.org), "created_at": stamp(r.Created), "updated_at": stamp(r.Created),
		})
	}
	return ok(obj{"total_count": len(roles), "custom_roles": roles})
}

func listSecurityManagers(c *call) *reply {
	ids := map[int64]bool{}
	for _, r := range c.org.Roles {
		if r.Name == "security_manager" {
			for id := range r.Teams {
				ids[id] = true
			}
		}
	}
	return list(c, sortedKeys(ids), func(id int64) any { return c.simpleTeam(c.org, c.org.Teams[id]) })
}

func (c *call) enterpriseObject() obj {
	e := c.ent
	return obj{
		"id": e.ID, "slug": e.Slug, "name": e.Slug, "node_id": nodeID("Enterprise", e.ID), "html_url": c.web + "/enterprises/" + e.Slug,
		"created_at": stamp(e.Created), "updated_at": stamp(e.Created), "avatar_url": fmt.Sprintf("%s/avatars/b/%d", c.web, e.ID),
	}
}

func listEntRoles(c *call) *reply {
	roles := []any{}
	for _, r := range byID(c.ent.Roles) {
		out := c.roleObject(r)
		delete(out, "organization")
		delete(out, "base_role")
		out["enterprise"] = c.enterpriseObject()
		roles = append(roles, out)
	}
	return ok(obj{"total_count": len(roles), "roles": roles})
}

func withEntRole(f func(*call, *orgRole) *reply) handler {
	return func(c *call) *reply {
		r := c.ent.Roles[c.number("role_id")]
		if r == nil {
			return notFound()
		}
		return f(c, r)
	}
}

func entRoleUsers(c *call, r *orgRole) *reply {
	return list(c, sortedKeys(r.Users), func(id int64) any {
		out := c.simpleUser(id)
		out["assignment"] = "direct"
		return out
	})
}

func assignEntUser(c *call, r *orgRole) *reply {
	r.Users[c.user.ID] = true
	return noContent()
}

func unassignEntUserAll(c *call) *reply {
	for _, r := range c.ent.Roles {
		delete(r.Users, c.user.ID)
	}
	return noContent()
}

func listEntTeams(c *call) *reply {
	return list(c, byID(c.ent.Teams), func(t *enterpriseTeam) any { return c.enterpriseTeam(t) })
}

func withEntTeam(f func(*call, *enterpriseTeam) *reply) handler {
	return func(c *call) *reply {
		for _, t := range c.ent.Teams {
			if strings.EqualFold(t.Slug, c.vars["enterprise-team"]) || itoa(t.ID) == c.vars["enterprise-team"] {
				return f(c, t)
			}
		}
		return notFound()
	}
}

func entTeamMembers(c *call, t *enterpriseTeam) *reply {
	return list(c, sortedKeys(t.Members), c.anyUser)
}

func entTeamMember(c *call, t *enterpriseTeam) *reply {
	if !t.Members[c.user.ID] {
		return notFound()
	}
	return ok(c.simpleUser(c.user.ID))
}

func joinEntTeam(c *call, t *enterpriseTeam) *reply {
	t.Members[c.user.ID] = true
	return created(c.simpleUser(c.user.ID))
}

// leaveEntTeam ends the membership in every organization that only the enterprise team gave, with the teams in it.
func leaveEntTeam(c *call, t *enterpriseTeam) *reply {
	delete(t.Members, c.user.ID)
	for _, o := range c.w.Orgs {
		if t.Orgs[o.Login] && !c.w.belongs(o, c.user.ID) {
			o.leaveTeams(c.user.ID)
		}
	}
	return noContent()
}

package githubtest

import (
	"slices"
	"strings"
)

func teamRoutes() []*route {
	see := asMember(right{"read:org", "members", read})
	manage := asMaintainer(right{"write:org", "members", write})
	return []*route{
		{"GET", "/orgs/{org}/teams", see, listTeams},
		{"GET", "/orgs/{org}/teams/{team_slug}", see, getTeam},
		{"GET", "/orgs/{org}/teams/{team_slug}/teams", see, listChildTeams},
		{"GET", "/orgs/{org}/teams/{team_slug}/members", see, listTeamMembers},
		{"GET", "/orgs/{org}/teams/{team_slug}/memberships/{username}", see, getTeamMembership},
		{"PUT", "/orgs/{org}/teams/{team_slug}/memberships/{username}", manage, putTeamMembership},
		{"DELETE", "/orgs/{org}/teams/{team_slug}/memberships/{username}", manage, deleteTeamMembership},
		{"GET", "/orgs/{org}/teams/{team_slug}/invitations", see, listTeamInvitations},
		{"GET", "/orgs/{org}/teams/{team_slug}/repos", see, listTeamRepos},
		{"GET", "/orgs/{org}/teams/{team_slug}/repos/{owner}/{repo}", see, getTeamRepo},
		{"PUT", "/orgs/{org}/teams/{team_slug}/repos/{owner}/{repo}", manage, putTeamRepo},
		{"DELETE", "/orgs/{org}/teams/{team_slug}/repos/{owner}/{repo}", manage, deleteTeamRepo},
		{"GET", "/orgs/{org}/teams/{team_slug}/external-groups", see, teamExternalGroups},
		{"GET", "/orgs/{org}/teams/{team_slug}/team-sync/group-mappings", see, teamSyncMappings},
		{"GET", "/orgs/{org}/external-groups", see, listExternalGroups},
		{"GET", "/orgs/{org}/external-group/{group_id}", see, externalGroupInFull},
		{"GET", "/orgs/{org}/team-sync/groups", see, listSyncGroups},
		{"GET", "/user/teams", person, myTeams},
	}
}

// asMaintainer lets owners and maintainers of the team pass, and installations with the permission.
func asMaintainer(n right) gate {
	return func(c *call) *reply {
		if out := c.granted(n); out != nil {
			return out
		}
		if u := c.who.user; u != nil && !c.org.isOwner(u.ID) && c.team.Members[u.ID] != "maintainer" {
			if !c.w.belongs(c.org, u.ID) {
				return notFound()
			}
			return forbidden("You must be an organization owner or team maintainer to do this.")
		}
		return c.sso()
	}
}

// seesTeam hides secret teams from those who are neither in them nor owners.
func (c *call) seesTeam(t *team) bool {
	u := c.who.user
	if !t.Secret || u == nil || c.org.isOwner(u.ID) {
		return true
	}
	role, _ := c.org.teamRole(t, u.ID)
	return role != ""
}

func listTeams(c *call) *reply {
	items := slices.DeleteFunc(byID(c.org.Teams), func(t *team) bool { return !c.seesTeam(t) })
	return list(c, items, func(t *team) any { return c.teamWithParent(c.org, t) })
}

func getTeam(c *call) *reply {
	if !c.seesTeam(c.team) {
		return notFound()
	}
	return ok(c.fullTeam(c.org, c.team))
}

func listChildTeams(c *call) *reply {
	items := slices.DeleteFunc(byID(c.org.Teams), func(t *team) bool { return t.Parent != c.team.ID || !c.seesTeam(t) })
	return list(c, items, func(t *team) any { return c.teamWithParent(c.org, t) })
}

// listTeamMembers includes the members of child teams (https://docs.github.com/rest/teams/members#list-team-members).
func listTeamMembers(c *call) *reply {
	want := c.q.Get("role")
	var ids []int64
	for _, id := range c.org.teamMembers(c.team) {
		role, _ := c.org.teamRole(c.team, id)
		if want == "" || want == "all" || want == role {
			ids = append(ids, id)
		}
	}
	return list(c, ids, c.anyUser)
}

func (c *call) teamMembership(state, role string) obj {
	at := c.base + "/organizations/" + itoa(c.org.ID) + "/team/" + itoa(c.team.ID) + "/memberships/" + c.user.Login
	return obj{"url": at, "state": state, "role": role}
}

func getTeamMembership(c *call) *reply {
	if role, _ := c.org.teamRole(c.team, c.user.ID); role != "" {
		return ok(c.teamMembership("active", role))
	}
	if i := c.invitationOf(c.user.ID); i != nil && slices.Contains(i.Teams, c.team.ID) {
		return ok(c.teamMembership("pending", "member"))
	}
	return notFound()
}

// managed refuses changes of teams whose members an identity provider decides about
// (https://docs.github.com/rest/teams/members#add-or-update-team-membership-for-a-user).
func (c *call) managed() *reply {
	if c.team.Group == 0 && !c.team.Synced {
		return nil
	}
	return forbidden("This team's membership is managed by an identity provider and cannot be changed here.")
}

func putTeamMembership(c *call) *reply {
	var in struct{ Role string }
	if out := c.decode(&in); out != nil {
		return out
	}
	if out := c.managed(); out != nil {
		return out
	}
	if in.Role == "" {
		in.Role = "member"
	}
	if in.Role != "member" && in.Role != "maintainer" {
		return invalid("TeamMember", "role", "role must be member or maintainer")
	}
	if !c.w.belongs(c.org, c.user.ID) {
		return c.inviteByTeam(in.Role)
	}
	c.team.Members[c.user.ID] = in.Role
	role, _ := c.org.teamRole(c.team, c.user.ID)
	c.auditTeam("team.add_member")
	return ok(c.teamMembership("active", role))
}

func (c *call) inviteByTeam(role string) *reply {
	i := c.invitationOf(c.user.ID)
	if i == nil {
		i = c.srv.invite(c.w, c.org, &invitation{User: c.user.ID, Role: "direct_member", Inviter: c.actor(), Created: c.now, Source: "member"})
	}
	if !slices.Contains(i.Teams, c.team.ID) {
		i.Teams = append(i.Teams, c.team.ID)
	}
	return ok(c.teamMembership("pending", role))
}

// deleteTeamMembership takes the direct membership. Who is in a child team is still listed afterwards: the answer is 204
// all the same.
func deleteTeamMembership(c *call) *reply {
	if out := c.managed(); out != nil {
		return out
	}
	if i := c.invitationOf(c.user.ID); i != nil {
		i.Teams = slices.DeleteFunc(i.Teams, func(id int64) bool { return id == c.team.ID })
		return noContent()
	}
	if role, _ := c.org.teamRole(c.team, c.user.ID); role == "" {
		return notFound()
	}
	if _, direct := c.team.Members[c.user.ID]; direct {
		c.srv.leaveTeam(c.w, c.org, c.team, c.user.ID)
		c.auditTeam("team.remove_member")
	}
	return noContent()
}

// leaveTeam takes a person out of a team and deletes the private forks nothing else justifies.
func (s *Server) leaveTeam(w *world, o *org, t *team, id int64) {
	delete(t.Members, id)
	for rid := range o.teamRepos(t) {
		if r := o.Repos[rid]; r != nil && w.effective(o, r, id) == "" {
			r.dropForks(id)
		}
	}
}

func (c *call) auditTeam(action string) {
	c.org.audit(c.w, c.now, auditEvent{Action: action, Actor: c.actor(), User: c.user.ID, Team: c.org.Login + "/" + c.team.Slug})
}

func listTeamInvitations(c *call) *reply {
	items := slices.DeleteFunc(byID(c.org.Invitations), func(i *invitation) bool {
		return !i.FailedAt.IsZero() || !slices.Contains(i.Teams, c.team.ID)
	})
	return list(c, items, func(i *invitation) any { return c.orgInvitation(i) })
}

func listTeamRepos(c *call) *reply {
	roles := c.org.teamRepos(c.team)
	return list(c, sortedKeys(roles), func(id int64) any { return c.repoOfTeam(c.org.Repos[id], roles[id], c.minimalRepo) })
}

func (c *call) repoOfTeam(r *repo, role string, render func(*org, *repo) obj) obj {
	out := render(c.org, r)
	out["permissions"], out["role_name"] = permissions(c.org.base(role)), spoken(role)
	return out
}

// getTeamRepo answers 204, or the repository for the media type that asks for it.
func getTeamRepo(c *call) *reply {
	role, has := c.org.teamRepos(c.team)[c.repo.ID]
	if !has {
		return notFound()
	}
	if strings.Contains(c.r.Header.Get("Accept"), "repository+json") {
		return ok(c.repoOfTeam(c.repo, role, c.fullRepo))
	}
	return noContent()
}

func putTeamRepo(c *call) *reply {
	var in struct{ Permission string }
	if out := c.decode(&in); out != nil {
		return out
	}
	if in.Permission == "" {
		in.Permission = "push"
	}
	if !c.org.knowsRole(in.Permission) {
		return invalid("Team", "permission", "unknown permission")
	}
	c.team.Repos[c.repo.ID] = in.Permission
	return noContent()
}

func deleteTeamRepo(c *call) *reply {
	delete(c.team.Repos, c.repo.ID)
	for _, id := range c.org.teamMembers(c.team) {
		if c.w.effective(c.org, c.repo, id) == "" {
			c.repo.dropForks(id)
		}
	}
	return noContent()
}

func groupObject(g *externalGroup) obj {
	return obj{"group_id": g.ID, "group_name": g.Name, "updated_at": stamp(g.Updated)}
}

// teamExternalGroups exists for teams of organizations with managed users (https://docs.github.com/rest/teams/external-groups).
func teamExternalGroups(c *call) *reply {
	groups := []any{}
	if g := c.org.Groups[c.team.Group]; g != nil {
		groups = append(groups, groupObject(g))
	}
	return ok(obj{"groups": groups})
}

// teamSyncMappings exists for teams with team synchronization (https://docs.github.com/rest/teams/team-sync).
func teamSyncMappings(c *call) *reply {
	groups := []any{}
	if c.team.Synced {
		groups = append(groups, obj{"group_id": "g-" + c.team.Slug, "group_name": c.team.Name, "group_description": ""})
	}
	return ok(obj{"groups": groups})
}

// listSyncGroups exists for organizations with team synchronization (https://docs.github.com/rest/teams/team-sync).
func listSyncGroups(c *call) *reply {
	groups := []any{}
	for _, t := range byID(c.org.Teams) {
		if t.Synced {
			groups = append(groups, obj{"group_id": "g-" + t.Slug, "group_name": t.Name, "group_description": ""})
		}
	}
	if len(groups) == 0 {
		return notFound()
	}
	return ok(obj{"groups": groups})
}

func listExternalGroups(c *call) *reply {
	name := c.q.Get("display_name")
	items := slices.DeleteFunc(byID(c.org.Groups), func(g *externalGroup) bool { return !strings.Contains(g.Name, name) })
	return listIn(c, "groups", obj{}, items, func(g *externalGroup) any { return groupObject(g) })
}

// externalGroupInFull names the teams that the group is connected to (https://docs.github.com/rest/teams/external-groups#get-an-external-group).
func externalGroupInFull(c *call) *reply {
	for _, g := range byID(c.org.Groups) {
		if itoa(g.ID) != c.vars["group_id"] {
			continue
		}
		out, teams := groupObject(g), []any{}
		for _, t := range byID(c.org.Teams) {
			if t.Group == g.ID {
				teams = append(teams, obj{"team_id": t.ID, "team_name": t.Name})
			}
		}
		out["teams"], out["members"] = teams, []any{}
		return ok(out)
	}
	return notFound()
}

func myTeams(c *call) *reply {
	type item struct {
		o *org
		t *team
	}
	var items []item
	for _, o := range sortedOrgs(c.w) {
		for _, t := range byID(o.Teams) {
			if role, _ := o.teamRole(t, c.who.user.ID); role != "" {
				items = append(items, item{o, t})
			}
		}
	}
	return list(c, items, func(it item) any {
		return c.fullTeam(it.o, it.t)
	})
}

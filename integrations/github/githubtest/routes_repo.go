package githubtest

import (
	"slices"
)

func repoRoutes() []*route {
	look := onRepo("pull", right{"repo", "metadata", read})
	inspect := onRepo("admin", right{"repo", "administration", read})
	manage := onRepo("admin", right{"repo", "administration", write})
	push := onRepo("push", right{"repo", "metadata", read})
	return []*route{
		{"GET", "/repos/{owner}/{repo}", look, func(c *call) *reply { return ok(c.fullRepo(c.org, c.repo)) }},
		{"GET", "/repos/{owner}/{repo}/collaborators", push, listCollaborators},
		{"GET", "/repos/{owner}/{repo}/collaborators/{username}", push, checkCollaborator},
		{"PUT", "/repos/{owner}/{repo}/collaborators/{username}", manage, putCollaborator},
		{"DELETE", "/repos/{owner}/{repo}/collaborators/{username}", manage, deleteCollaborator},
		{"GET", "/repos/{owner}/{repo}/collaborators/{username}/permission", look, getPermission},
		{"GET", "/repos/{owner}/{repo}/invitations", inspect, listRepoInvitations},
		{"PATCH", "/repos/{owner}/{repo}/invitations/{invitation_id}", manage, patchRepoInvitation},
		{"DELETE", "/repos/{owner}/{repo}/invitations/{invitation_id}", manage, deleteRepoInvitation},
		{"GET", "/repos/{owner}/{repo}/teams", inspect, listRepoTeams},
	}
}

// listCollaborators tells the effective role of everybody, or with affiliation=direct the granted one
// (https://docs.github.com/rest/collaborators/collaborators#list-repository-collaborators).
func listCollaborators(c *call) *reply {
	var ids []int64
	affiliation, want := c.q.Get("affiliation"), c.q.Get("permission")
	for _, id := range c.reach(affiliation) {
		_, direct := c.repo.Collaborators[id]
		inside := c.w.belongs(c.org, id)
		if affiliation == "direct" && !direct || affiliation == "outside" && (!direct || inside) {
			continue
		}
		if want == "" || rank(c.org.base(c.roleShown(id, affiliation))) >= rank(want) {
			ids = append(ids, id)
		}
	}
	return list(c, ids, func(id int64) any { return c.collaborator(id, c.roleShown(id, affiliation)) })
}

func (c *call) roleShown(id int64, affiliation string) string {
	if affiliation == "direct" || affiliation == "outside" {
		return c.repo.Collaborators[id]
	}
	return c.w.effective(c.org, c.repo, id)
}

// reach lists everybody who has more than the public on the repository; direct and outside collaborators are named by the
// repository itself.
func (c *call) reach(affiliation string) []int64 {
	if affiliation == "direct" || affiliation == "outside" {
		return sortedKeys(c.repo.Collaborators)
	}
	ids := map[int64]bool{}
	for id := range c.repo.Collaborators {
		ids[id] = true
	}
	for _, id := range c.w.memberIDs(c.org) {
		if len(c.w.sources(c.org, c.repo, id)) > 0 {
			ids[id] = true
		}
	}
	return sortedKeys(ids)
}

func checkCollaborator(c *call) *reply {
	if len(c.w.sources(c.org, c.repo, c.user.ID)) == 0 {
		return failure(404, c.user.Login+" is not a user")
	}
	return noContent()
}

// putCollaborator grants a role to a member at once (204) and invites anybody else (201)
// (https://docs.github.com/rest/collaborators/collaborators#add-a-repository-collaborator).
func putCollaborator(c *call) *reply {
	var in struct{ Permission string }
	if out := c.decode(&in); out != nil {
		return out
	}
	if in.Permission == "" {
		in.Permission = "push"
	}
	if !c.org.knowsRole(in.Permission) {
		return invalid("Repository", "permission", "unknown permission "+in.Permission)
	}
	_, already := c.repo.Collaborators[c.user.ID]
	if already || c.w.belongs(c.org, c.user.ID) {
		c.repo.Collaborators[c.user.ID] = in.Permission
		c.auditRepo("repo.update_member")
		return noContent()
	}
	return created(c.repoInvitation(c.repo, c.inviteToRepo(in.Permission)))
}

func (c *call) inviteToRepo(role string) *invitation {
	for _, i := range c.repo.Invitations {
		if i.User == c.user.ID {
			i.Role = role
			return i
		}
	}
	i := &invitation{ID: c.w.next(), User: c.user.ID, Role: role, Inviter: c.actor(), Created: c.now}
	c.repo.Invitations[i.ID] = i
	return i
}

func deleteCollaborator(c *call) *reply {
	c.srv.removeCollaborator(c.w, c.org, c.repo, c.user.ID, c.now, c.actor())
	return noContent()
}

// getPermission shows the effective role; its old field knows only read, write and admin
// (https://docs.github.com/rest/collaborators/collaborators#get-repository-permissions-for-a-user).
func getPermission(c *call) *reply {
	role := c.w.effective(c.org, c.repo, c.user.ID)
	collapsed := map[int]string{0: "none", 1: "read", 2: "read", 3: "write", 4: "write", 5: "admin"}[rank(c.org.base(role))]
	shown := spoken(role)
	if shown == "" {
		shown = "none"
	}
	u := c.collaborator(c.user.ID, role)
	u["role_name"] = shown
	return ok(obj{"permission": collapsed, "role_name": shown, "user": u})
}

func listRepoInvitations(c *call) *reply {
	return list(c, byID(c.repo.Invitations), func(i *invitation) any { return c.repoInvitation(c.repo, i) })
}

func patchRepoInvitation(c *call) *reply {
	i := c.repo.Invitations[c.number("invitation_id")]
	if i == nil {
		return notFound()
	}
	var in struct{ Permissions string }
	if out := c.decode(&in); out != nil {
		return out
	}
	if rank(in.Permissions) == 0 {
		return invalid("RepositoryInvitation", "permissions", "unknown permission")
	}
	i.Role = in.Permissions
	return ok(c.repoInvitation(c.repo, i))
}

func deleteRepoInvitation(c *call) *reply {
	i := c.repo.Invitations[c.number("invitation_id")]
	if i == nil {
		return notFound()
	}
	delete(c.repo.Invitations, i.ID)
	return noContent()
}

func listRepoTeams(c *call) *reply {
	items := slices.DeleteFunc(byID(c.org.Teams), func(t *team) bool { return c.org.teamRepos(t)[c.repo.ID] == "" })
	return list(c, items, func(t *team) any { return c.teamWithRole(c.org, t, c.org.teamRepos(t)[c.repo.ID]) })
}

func (c *call) auditRepo(action string) {
	c.org.audit(c.w, c.now, auditEvent{Action: action, Actor: c.actor(), User: c.user.ID, Repo: c.org.Login + "/" + c.repo.Name})
}

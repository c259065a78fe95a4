package githubtest

import (
	"net/http"
	"slices"
	"strings"
)

func orgRoutes() []*route {
	see := asMember(right{"read:org", "members", read})
	manage := asOwner(right{"admin:org", "members", write})
	inspect := asOwner(right{"admin:org", "members", read})
	return []*route{
		{"GET", "/orgs/{org}", nil, func(c *call) *reply { return ok(c.fullOrg(c.org)) }},
		{"GET", "/orgs/{org}/members", signedIn, listMembers},
		{"GET", "/orgs/{org}/members/{username}", signedIn, checkMember},
		{"DELETE", "/orgs/{org}/members/{username}", manage, deleteMember},
		{"GET", "/orgs/{org}/public_members", nil, listPublicMembers},
		{"GET", "/orgs/{org}/public_members/{username}", nil, checkPublicMember},
		{"GET", "/orgs/{org}/memberships/{username}", see, getMembership},
		{"PUT", "/orgs/{org}/memberships/{username}", manage, putMembership},
		{"DELETE", "/orgs/{org}/memberships/{username}", manage, deleteMembership},
		{"GET", "/orgs/{org}/outside_collaborators", inspect, listOutside},
		{"PUT", "/orgs/{org}/outside_collaborators/{username}", manage, convertToOutside},
		{"DELETE", "/orgs/{org}/outside_collaborators/{username}", manage, deleteOutside},
		{"GET", "/orgs/{org}/invitations", inspect, listInvitations},
		{"POST", "/orgs/{org}/invitations", manage, createInvitation},
		{"DELETE", "/orgs/{org}/invitations/{invitation_id}", manage, cancelInvitation},
		{"GET", "/orgs/{org}/invitations/{invitation_id}/teams", inspect, invitationTeams},
		{"GET", "/orgs/{org}/failed_invitations", inspect, listFailedInvitations},
		{"GET", "/orgs/{org}/repos", signedIn, listOrgRepos},
	}
}

// seesMembers reports whether the caller sees concealed members too. Others get the public ones, with status 200
// (https://docs.github.com/rest/orgs/members#list-organization-members).
func (c *call) seesMembers() bool {
	if c.who.kind == classicPAT || c.who.kind == finePAT {
		return c.w.belongs(c.org, c.who.user.ID) && c.granted(right{"read:org", "members", read}) == nil
	}
	return c.granted(right{"read:org", "members", read}) == nil
}

func listMembers(c *call) *reply {
	if out := c.sso(); out != nil {
		return out
	}
	role, see := c.q.Get("role"), c.seesMembers()
	var ids []int64
	for _, id := range c.w.memberIDs(c.org) {
		st := c.w.standing(c.org, id)
		if st.Role == "billing_manager" || !see && !c.org.Members[id].isPublic() {
			continue
		}
		if role == "" || role == "all" || role == st.Role {
			ids = append(ids, id)
		}
	}
	return list(c, ids, c.anyUser)
}

func (m *member) isPublic() bool { return m != nil && m.Public }

func listPublicMembers(c *call) *reply {
	ids := slices.DeleteFunc(sortedKeys(c.org.Members), func(id int64) bool { return !c.org.Members[id].Public })
	return list(c, ids, c.anyUser)
}

func checkMember(c *call) *reply {
	if out := c.sso(); out != nil {
		return out
	}
	if !c.seesMembers() {
		out := answer(http.StatusFound, nil)
		return out.with("Location", c.base+"/orgs/"+c.org.Login+"/public_members/"+c.user.Login)
	}
	if !c.w.belongs(c.org, c.user.ID) {
		return failure(http.StatusNotFound, "User does not exist or is not a member of the organization")
	}
	return noContent()
}

func checkPublicMember(c *call) *reply {
	if !c.org.Members[c.user.ID].isPublic() {
		return notFound()
	}
	return noContent()
}

// deleteMember takes a member out. Whoever was never in is 404 only on the memberships form.
func deleteMember(c *call) *reply {
	if c.org.lastOwner(c.user.ID) {
		return forbidden("Cannot remove the last owner")
	}
	c.srv.removeMember(c.w, c.org, c.user.ID, c.now, c.actor())
	return noContent()
}

func (c *call) invitationOf(id int64) *invitation {
	for _, i := range byID(c.org.Invitations) {
		if i.User == id && i.FailedAt.IsZero() {
			return i
		}
	}
	return nil
}

func getMembership(c *call) *reply {
	id := c.user.ID
	if st := c.w.standing(c.org, id); st.Role != "" {
		return ok(c.membership(id, "active", st.Role, st))
	}
	if i := c.invitationOf(id); i != nil {
		return ok(c.membership(id, "pending", invitedRole(i), standing{}))
	}
	return notFound()
}

// invitedRole is the role a membership response shows for an invitation.
func invitedRole(i *invitation) string {
	switch i.Role {
	case "admin", "billing_manager":
		return i.Role
	}
	return "member"
}

// putMembership changes the role of a member, and invites whoever is none
// (https://docs.github.com/rest/orgs/members#set-organization-membership-for-a-user).
func putMembership(c *call) *reply {
	var in struct{ Role string }
	if out := c.decode(&in); out != nil {
		return out
	}
	if in.Role == "" {
		in.Role = "member"
	}
	if in.Role != "admin" && in.Role != "member" {
		return invalid("Membership", "role", "role must be admin or member")
	}
	m := c.org.Members[c.user.ID]
	if m == nil {
		return c.inviteByMembership(in.Role)
	}
	if in.Role == "member" && c.org.lastOwner(c.user.ID) {
		return forbidden("You can't demote the last admin to member.")
	}
	if m.Role != in.Role {
		m.Role = in.Role
		c.org.audit(c.w, c.now, auditEvent{Action: "org.update_member", Actor: c.actor(), User: c.user.ID})
	}
	return ok(c.membership(c.user.ID, "active", m.Role, c.w.standing(c.org, c.user.ID)))
}

func (c *call) inviteByMembership(role string) *reply {
	if c.org.Blocks[c.user.ID] {
		return invalid("Membership", "user", "The user is blocked by this organization")
	}
	i := c.invitationOf(c.user.ID)
	if i == nil {
		i = c.srv.invite(c.w, c.org, &invitation{User: c.user.ID, Inviter: c.actor(), Created: c.now, Source: "member"})
		c.org.audit(c.w, c.now, auditEvent{Action: "org.invite_member", Actor: c.actor(), User: c.user.ID})
	}
	i.Role = map[string]string{"admin": "admin", "member": "direct_member"}[role]
	return ok(c.membership(c.user.ID, "pending", role, standing{}))
}

// deleteMembership takes a member out, or cancels the invitation
// (https://docs.github.com/rest/orgs/members#remove-organization-membership-for-a-user).
func deleteMembership(c *call) *reply {
	id := c.user.ID
	if i := c.invitationOf(id); i != nil && c.org.Members[id] == nil {
		delete(c.org.Invitations, i.ID)
		c.org.audit(c.w, c.now, auditEvent{Action: "org.cancel_invitation", Actor: c.actor(), User: id})
		return noContent()
	}
	if !c.w.belongs(c.org, id) {
		return notFound()
	}
	return deleteMember(c)
}

// outsiders are the people with a direct grant on a repository who are no members.
func (c *call) outsiders() []int64 {
	ids := map[int64]bool{}
	for _, r := range c.org.Repos {
		for id := range r.Collaborators {
			if !c.w.belongs(c.org, id) {
				ids[id] = true
			}
		}
	}
	return sortedKeys(ids)
}

func listOutside(c *call) *reply { return list(c, c.outsiders(), c.anyUser) }

// convertToOutside answers 202 when asked to work in the background
// (https://docs.github.com/rest/orgs/outside-collaborators#convert-an-organization-member-to-outside-collaborator).
func convertToOutside(c *call) *reply {
	var in struct{ Async bool }
	if out := c.decode(&in); out != nil {
		return out
	}
	id, name, now, actor := c.user.ID, c.org.Login, c.now, c.actor()
	if c.org.Members[id] == nil {
		return forbidden(c.user.Login + " is not a member of the " + name + " organization.")
	}
	if c.org.lastOwner(id) {
		return forbidden("Cannot convert the last owner to an outside collaborator")
	}
	if in.Async {
		c.srv.async(func(w *world) { c.srv.convert(w, w.org(name), id, now, actor) })
		return accepted(obj{})
	}
	c.srv.convert(c.w, c.org, id, c.now, actor)
	return noContent()
}

func deleteOutside(c *call) *reply {
	if c.w.belongs(c.org, c.user.ID) {
		return answer(http.StatusUnprocessableEntity, obj{
			"message":           "You cannot specify an organization member to remove as an outside collaborator.",
			"documentation_url": "https://docs.github.com/rest/orgs/outside-collaborators#remove-outside-collaborator-from-an-organization",
		})
	}
	for _, r := range byID(c.org.Repos) {
		c.srv.removeCollaborator(c.w, c.org, r, c.user.ID, c.now, c.actor())
	}
	return noContent()
}

func listOrgRepos(c *call) *reply {
	if out := c.sso(); out != nil {
		return out
	}
	kind := c.q.Get("type")
	var items []*repo
	for _, r := range byID(c.org.Repos) {
		c.repo = r
		if rank(c.myRole()) == 0 || (kind == "private" || kind == "internal" || kind == "public") && r.Visibility != kind || kind == "forks" {
			continue
		}
		items = append(items, r)
	}
	c.sortRepos(items)
	return list(c, items, func(r *repo) any { return c.minimalRepo(c.org, r) })
}

func (c *call) sortRepos(items []*repo) {
	if c.q.Get("sort") == "full_name" {
		slices.SortFunc(items, func(a, b *repo) int { return strings.Compare(a.Name, b.Name) })
	}
	if c.q.Get("direction") == "desc" {
		slices.Reverse(items)
	}
}

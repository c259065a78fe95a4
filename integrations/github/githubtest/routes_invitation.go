package githubtest

import "time"

// listInvitations shows what is pending; failed ones are elsewhere.
func listInvitations(c *call) *reply {
	role := c.q.Get("role")
	var items []*invitation
	for _, i := range byID(c.org.Invitations) {
		if i.FailedAt.IsZero() && (role == "" || role == "all" || role == i.Role) {
			items = append(items, i)
		}
	}
	return list(c, items, func(i *invitation) any { return c.orgInvitation(i) })
}

func listFailedInvitations(c *call) *reply {
	var items []*invitation
	for _, i := range byID(c.org.Invitations) {
		if !i.FailedAt.IsZero() {
			items = append(items, i)
		}
	}
	return list(c, items, func(i *invitation) any { return c.orgInvitation(i) })
}

type invitationInput struct {
	InviteeID int64   `json:"invitee_id"`
	Email     string  `json:"email"`
	Role      string  `json:"role"`
	TeamIDs   []int64 `json:"team_ids"`
}

// createInvitation invites a person; "reinstate" offers a former member what they had
// (https://docs.github.com/rest/orgs/members#create-an-organization-invitation).
func createInvitation(c *call) *reply {
	var in invitationInput
	if out := c.decode(&in); out != nil {
		return out
	}
	if in.Role == "" {
		in.Role = "direct_member"
	}
	if out := c.checkInvitation(&in); out != nil {
		return out
	}
	i := c.srv.invite(c.w, c.org, &invitation{
		User: in.InviteeID, Email: in.Email, Role: in.Role, Teams: in.TeamIDs, Inviter: c.actor(), Created: c.now, Source: "member",
	})
	c.org.audit(c.w, c.now, auditEvent{Action: "org.invite_member", Actor: c.actor(), User: in.InviteeID})
	return created(c.orgInvitation(i))
}

// reinstatable is how long the organization remembers a former member
// (https://docs.github.com/organizations/managing-membership-in-your-organization/reinstating-a-former-member-of-your-organization).
const reinstatable = 90 * 24 * time.Hour

func (c *call) checkInvitation(in *invitationInput) *reply {
	if u := c.w.userByEmail(in.Email); u != nil && in.InviteeID == 0 {
		in.InviteeID = u.ID
	}
	switch {
	case in.InviteeID == 0 && in.Email == "":
		return invalid("OrganizationInvitation", "data", "Must provide either an invitee id or an email")
	case in.InviteeID != 0 && c.w.Users[in.InviteeID] == nil:
		return notFound()
	case in.InviteeID != 0 && c.org.Members[in.InviteeID] != nil:
		return invalid("OrganizationInvitation", "data", "Invitee is already a part of this organization")
	case in.InviteeID != 0 && c.invitationOf(in.InviteeID) != nil:
		return invalid("OrganizationInvitation", "data", "Invitee already has a pending invitation")
	case in.Role == "reinstate" && !c.org.remembers(in.InviteeID, c.now):
		return invalid("OrganizationInvitation", "role", "Invitee was not a member of this organization in the last three months")
	}
	for _, id := range in.TeamIDs {
		if c.org.Teams[id] == nil {
			return notFound()
		}
	}
	return nil
}

func (o *org) remembers(id int64, now time.Time) bool {
	f := o.Former[id]
	return f != nil && now.Sub(f.Removed) < reinstatable
}

func (w *world) userByEmail(email string) *user {
	for _, u := range byID(w.Users) {
		if email != "" && u.Email == email {
			return u
		}
	}
	return nil
}

func cancelInvitation(c *call) *reply {
	i := c.org.Invitations[c.number("invitation_id")]
	if i == nil {
		return notFound()
	}
	delete(c.org.Invitations, i.ID)
	c.org.audit(c.w, c.now, auditEvent{Action: "org.cancel_invitation", Actor: c.actor(), User: i.User})
	return noContent()
}

func invitationTeams(c *call) *reply {
	i := c.org.Invitations[c.number("invitation_id")]
	if i == nil {
		return notFound()
	}
	return list(c, i.Teams, func(id int64) any { return c.teamWithParent(c.org, c.org.Teams[id]) })
}

// invite adds an invitation to the organization.
func (s *Server) invite(w *world, o *org, i *invitation) *invitation {
	i.ID = w.next()
	if i.Inviter == 0 && len(o.owners()) > 0 {
		i.Inviter = o.owners()[0] // an app invites in the name of the organization
	}
	o.Invitations[i.ID] = i
	return i
}

// accept turns the pending invitation of a person into membership; reinstating gives back what the person had.
func (s *Server) accept(w *world, o *org, id int64) bool {
	for _, i := range byID(o.Invitations) {
		if i.User != id || !i.FailedAt.IsZero() {
			continue
		}
		delete(o.Invitations, i.ID)
		o.Members[id] = &member{Role: invitedRole(i), Since: s.opts.Clock()}
		for _, t := range i.Teams {
			if o.Teams[t] != nil {
				o.Teams[t].Members[id] = "member"
			}
		}
		if i.Role == "reinstate" {
			o.reinstate(id)
		}
		o.audit(w, s.opts.Clock(), auditEvent{Action: "org.add_member", Actor: id, User: id})
		return true
	}
	return false
}

// reinstate gives a former member back role, teams, repositories and forks.
func (o *org) reinstate(id int64) {
	f := o.Former[id]
	if f == nil {
		return
	}
	o.Members[id].Role = f.Role
	for t, role := range f.Teams {
		if o.Teams[t] != nil {
			o.Teams[t].Members[id] = role
		}
	}
	for r, role := range f.Repos {
		if o.Repos[r] != nil {
			o.Repos[r].Collaborators[id] = role
		}
	}
	for r, forks := range f.Forks {
		if o.Repos[r] != nil {
			o.Repos[r].Forks = append(o.Repos[r].Forks, forks...)
		}
	}
	delete(o.Former, id)
}

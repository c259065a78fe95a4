package githubtest

import (
	"net/http"
	"slices"
)

func seatRoutes() []*route {
	seats := asOwner(right{"manage_billing:copilot", "organization_copilot_seat_management", read})
	setSeats := asOwner(right{"manage_billing:copilot", "organization_copilot_seat_management", write})
	see := asOwner(right{"admin:org", "organization_codespaces", read})
	set := asOwner(right{"admin:org", "organization_codespaces", write})
	pay := asOwner(right{"admin:org", "organization_codespaces_settings", write})
	block := asOwner(right{"admin:org", "organization_user_blocking", write})
	const spaces = "/orgs/{org}/members/{username}/codespaces"
	return []*route{
		{"GET", "/orgs/{org}/copilot/billing", seats, copilotBilling},
		{"GET", "/orgs/{org}/copilot/billing/seats", seats, listSeats},
		{"POST", "/orgs/{org}/copilot/billing/selected_users", setSeats, addSeats},
		{"DELETE", "/orgs/{org}/copilot/billing/selected_users", setSeats, cancelSeats},
		{"GET", "/orgs/{org}/members/{username}/copilot", seats, memberSeat},
		{"GET", spaces, see, listCodespaces},
		{"POST", spaces + "/{codespace_name}/stop", set, stopCodespace},
		{"DELETE", spaces + "/{codespace_name}", set, deleteCodespace},
		{"POST", "/orgs/{org}/codespaces/access/selected_users", pay, codespaceAccess(true)},
		{"DELETE", "/orgs/{org}/codespaces/access/selected_users", pay, codespaceAccess(false)},
		{"GET", "/orgs/{org}/blocks", asOwner(right{"admin:org", "organization_user_blocking", read}), listBlocks},
		{"GET", "/orgs/{org}/blocks/{username}", asOwner(right{"admin:org", "organization_user_blocking", read}), checkBlock},
		{"PUT", "/orgs/{org}/blocks/{username}", block, blockUser},
		{"DELETE", "/orgs/{org}/blocks/{username}", block, unblockUser},
	}
}

func copilotBilling(c *call) *reply {
	ending := 0
	for _, s := range c.org.Seats {
		if !s.Ends.IsZero() {
			ending++
		}
	}
	return ok(obj{
		"seat_breakdown":          obj{"total": len(c.org.Seats), "added_this_cycle": 0, "pending_cancellation": ending, "pending_invitation": 0, "active_this_cycle": len(c.org.Seats), "inactive_this_cycle": 0},
		"public_code_suggestions": "block", "seat_management_setting": "assign_selected", "ide_chat": "enabled", "cli": "enabled", "plan_type": "business",
	})
}

func (c *call) seatObject(s *seat) any {
	out := obj{
		"created_at": stamp(s.Created), "assignee": c.simpleUser(s.User), "pending_cancellation_date": nil, "plan_type": "business",
		"last_activity_at": stampOr(s.Active), "last_activity_editor": nil,
	}
	if !s.Ends.IsZero() {
		out["pending_cancellation_date"] = s.Ends.UTC().Format("2006-01-02")
	}
	if t := c.org.Teams[s.Team]; t != nil {
		out["assigning_team"] = c.teamWithParent(c.org, t)
	}
	return out
}

func listSeats(c *call) *reply {
	return listIn(c, "seats", obj{"total_seats": len(c.org.Seats)}, byID(c.org.Seats), c.seatObject)
}

func memberSeat(c *call) *reply {
	if s := c.org.Seats[c.user.ID]; s != nil {
		return ok(c.seatObject(s))
	}
	return notFound()
}

// selected reads the logins of a body as accounts.
func (c *call) selected() ([]int64, *reply) {
	var in struct {
		Users []string `json:"selected_usernames"`
	}
	if out := c.decode(&in); out != nil {
		return nil, out
	}
	if len(in.Users) == 0 {
		return nil, failure(http.StatusUnprocessableEntity, "selected_usernames is missing")
	}
	var ids []int64
	for _, login := range in.Users {
		u := c.w.userByLogin(login)
		if u == nil {
			return nil, notFound()
		}
		ids = append(ids, u.ID)
	}
	return ids, nil
}

func addSeats(c *call) *reply {
	ids, out := c.selected()
	if out != nil {
		return out
	}
	n := 0
	for _, id := range ids {
		switch s := c.org.Seats[id]; {
		case s == nil:
			c.org.Seats[id] = &seat{User: id, Created: c.now}
			n++
		case !s.Ends.IsZero():
			c.org.Seats[id] = &seat{User: id, Team: s.Team, Created: s.Created, Active: s.Active}
			n++
		}
	}
	return created(obj{"seats_created": n})
}

// cancelSeats marks seats for cancellation at the end of the billing cycle; until then they work. A seat that a team
// gives cannot be cancelled here (https://docs.github.com/rest/copilot/copilot-user-management).
func cancelSeats(c *call) *reply {
	ids, out := c.selected()
	if out != nil {
		return out
	}
	for _, id := range ids {
		if s := c.org.Seats[id]; s != nil && s.Team != 0 {
			return failure(http.StatusUnprocessableEntity, "The seat was assigned by a team.")
		}
	}
	n := 0
	for _, id := range ids {
		if s := c.org.Seats[id]; s != nil && s.Ends.IsZero() {
			s.Ends = cycleEnd(c.now)
			n++
		}
	}
	return ok(obj{"seats_cancelled": n})
}

func (c *call) codespaceObject(x *codespace) any {
	at := c.base + "/user/codespaces/" + x.Name
	pays := any(c.simpleUser(x.User))
	if c.org.CodeAccess[x.User] {
		pays = c.ownerAsUser(c.org)
	}
	return obj{
		"id": x.ID, "name": x.Name, "environment_id": nil, "owner": c.simpleUser(x.User), "billable_owner": pays,
		"repository": c.minimalRepo(c.org, c.org.Repos[x.Repo]), "machine": nil, "prebuild": false, "created_at": stamp(x.Created),
		"updated_at": stamp(x.Used), "last_used_at": stamp(x.Used), "state": x.State, "url": at,
		"git_status": obj{"ahead": 0, "behind": 0, "has_unpushed_changes": false, "has_uncommitted_changes": false, "ref": "main"},
		"location":   "WestEurope", "idle_timeout_minutes": 30, "web_url": "https://" + x.Name + ".github.dev", "machines_url": at + "/machines",
		"start_url": at + "/start", "stop_url": at + "/stop", "pulls_url": nil, "recent_folders": []string{},
	}
}

func (c *call) codespacesOf(id int64) []*codespace {
	return slices.DeleteFunc(byID(c.org.Codespaces), func(x *codespace) bool { return x.User != id })
}

func listCodespaces(c *call) *reply {
	return listIn(c, "codespaces", nil, c.codespacesOf(c.user.ID), c.codespaceObject)
}

func (c *call) codespace() *codespace {
	for _, x := range c.codespacesOf(c.user.ID) {
		if x.Name == c.vars["codespace_name"] {
			return x
		}
	}
	return nil
}

func stopCodespace(c *call) *reply {
	x := c.codespace()
	if x == nil {
		return notFound()
	}
	x.State = "Shutdown"
	return ok(c.codespaceObject(x))
}

// deleteCodespace works in the background and destroys what was not pushed.
func deleteCodespace(c *call) *reply {
	x := c.codespace()
	if x == nil {
		return notFound()
	}
	name, id := c.org.Login, x.ID
	c.srv.async(func(w *world) { delete(w.org(name).Codespaces, id) })
	return accepted(obj{})
}

func codespaceAccess(granted bool) handler {
	return func(c *call) *reply {
		ids, out := c.selected()
		if out != nil {
			return out
		}
		for _, id := range ids {
			delete(c.org.CodeAccess, id)
			if granted {
				c.org.CodeAccess[id] = true
			}
		}
		return noContent()
	}
}

func listBlocks(c *call) *reply { return list(c, sortedKeys(c.org.Blocks), c.anyUser) }

func checkBlock(c *call) *reply {
	if c.org.Blocks[c.user.ID] {
		return noContent()
	}
	return notFound()
}

// blockUser refuses members: they must leave first.
func blockUser(c *call) *reply {
	if c.w.belongs(c.org, c.user.ID) || c.org.Blocks[c.user.ID] {
		return invalid("Block", "user", "Blocked user has already been blocked or is a member")
	}
	c.org.Blocks[c.user.ID] = true
	return noContent()
}

func unblockUser(c *call) *reply {
	delete(c.org.Blocks, c.user.ID)
	return noContent()
}

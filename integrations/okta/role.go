package okta

import (
	"context"
	"net/http"
	"regexp"
	"strings"

	"lastday"
)

// The rungs of roles that are not among the standard ones.
const (
	roleCustom = "CUSTOM"
	roleOther  = "OTHER"
	roleSuper  = "SUPER_ADMIN"
)

// role is one assignment of an admin role.
// https://developer.okta.com/docs/api/openapi/okta-management/management/tag/RoleAssignmentAUser/
type role struct {
	ID             string `json:"id"`
	Type           string `json:"type"`
	Label          string `json:"label"`
	Status         string `json:"status"`
	AssignmentType string `json:"assignmentType"`
	Role           string `json:"role"`
	ResourceSet    string `json:"resource-set"`
	Links          struct {
		Assignee struct {
			Href string `json:"href"`
		} `json:"assignee"`
	} `json:"_links"`
}

const viaGroup = "GROUP"

func (d *driver) rolesOf(ctx context.Context, id string) ([]role, error) {
	where, err := at("users", id, "roles")
	if err != nil {
		return nil, err
	}
	return list[role](ctx, d.client, "list admin roles", where)
}

func (d *driver) readRoles(ctx context.Context, u user, only string) ([]lastday.Grant, error) {
	roles, err := d.rolesOf(ctx, u.ID)
	if err != nil {
		return nil, err
	}
	var grants []lastday.Grant
	for _, r := range roles {
		g := r.grant()
		if len(g.Via) == 0 && scopable(r.Type) && (only == "" || only == g.Resource.ID) {
			scoped, err := d.scoped(ctx, u.ID, r)
			if err != nil {
				return nil, err
			}
			if scoped {
				g.Restore = never("the role is limited to some groups or apps, and Okta gives a role for all of them first: somebody must give it back by hand")
			}
		}
		grants = append(grants, g)
	}
	return grants, nil
}

// grant shows an assignment. A direct one is known by what it gives, so that it
// is the same again after it was given back; the assignment's id is new then.
func (r role) grant() lastday.Grant {
	rung := r.Type
	known, ok := roleLevels().Rung(rung)
	if !ok || rung == lastday.None {
		rung, known = roleOther, lastday.Rung{Level: lastday.LevelAdmin}
	}
	id := r.Type
	if r.Type == roleCustom {
		id = r.Role + "/" + r.ResourceSet
	}
	if r.AssignmentType == viaGroup {
		id += "@" + r.ID
	}
	g := grant(kindRole, id, r.Label, rung, known.Level)
	g.Details = map[string]string{"assignment": r.ID, "type": r.Type, "role": r.Role, "resource-set": r.ResourceSet}
	switch {
	case r.AssignmentType == viaGroup && r.group() != "":
		g.Via = []string{viaID(r.group())}
	case r.AssignmentType != "USER":
		g.Via = []string{"a group"}
	case rung == roleOther:
		g.Restore = never("a role that we do not know")
	}
	return g
}

// group is the id of the group that the role comes by; empty if it is not told.
func (r role) group() string {
	found := regexp.MustCompile(`/groups/([0-9A-Za-z]{15,32})(?:/|$)`).FindStringSubmatch(r.Links.Assignee.Href)
	if found == nil {
		return ""
	}
	return found[1]
}

// scopable roles can be limited to some groups or apps.
func scopable(kind string) bool {
	switch kind {
	case "APP_ADMIN", "USER_ADMIN", "HELP_DESK_ADMIN", "GROUP_MEMBERSHIP_ADMIN":
		return true
	}
	return false
}

// scoped says whether a role is limited to some groups or apps.
func (d *driver) scoped(ctx context.Context, id string, r role) (bool, error) {
	segments := []string{"users", id, "roles", r.ID, "targets", "groups"}
	if r.Type == "APP_ADMIN" {
		segments = []string{"users", id, "roles", r.ID, "targets", "catalog", "apps"}
	}
	where, err := at(segments...)
	if err != nil {
		return false, err
	}
	targets, err := list[struct{}](ctx, d.client, "list targets of an admin role", where)
	return len(targets) > 0, err
}

func (d *driver) takeRole(ctx context.Context, u user, g lastday.Grant) (deed, error) {
	if g.Details["type"] == roleSuper {
		if refused, err := d.lastSuperAdmin(ctx, u); refused.outcome != "" || err != nil {
			return refused, err
		}
	}
	where, err := at("users", u.ID, "roles", g.Details["assignment"])
	if err != nil {
		return deed{}, err
	}
	request, err := d.client.send(ctx, "unassign admin role", http.MethodDelete, where, nil)
	return did(request), err
}

func (d *driver) giveRole(ctx context.Context, u user, g lastday.Grant) (deed, error) {
	body := map[string]string{"type": g.Details["type"]}
	if g.Details["type"] == roleCustom {
		body["role"], body["resource-set"] = g.Details["role"], g.Details["resource-set"]
	}
	where, err := at("users", u.ID, "roles")
	if err != nil {
		return deed{}, err
	}
	request, err := d.client.send(ctx, "assign admin role", http.MethodPost, where, body)
	return did(request), err
}

// lastSuperAdmin refuses, by its outcome, to cut the last active super
// administrator. Our own account is not counted: a robot is no way back in.
func (d *driver) lastSuperAdmin(ctx context.Context, u user) (deed, error) {
	roles, err := d.rolesOf(ctx, u.ID)
	if codeIs(err, lastday.CodeDenied) { // who may not see roles may not change administrators either
		return deed{}, nil
	}
	if err != nil || !isSuper(roles) {
		return deed{}, err
	}
	others, err := d.superAdmins(ctx, u.ID)
	if err != nil || others >= d.cfg.MinSuperAdmins {
		return deed{}, err
	}
	return deed{outcome: lastday.OutcomeRefused, note: "no other active super administrator would be left, or too few"}, nil
}

func isSuper(roles []role) bool {
	for _, r := range roles {
		if r.Type == roleSuper && !strings.EqualFold(r.Status, "INACTIVE") {
			return true
		}
	}
	return false
}

// superAdmins counts active super administrators but for one and for ourselves,
// and stops when there are enough.
func (d *driver) superAdmins(ctx context.Context, but string) (int, error) {
	own, err := d.me(ctx)
	if err != nil {
		return 0, err
	}
	ids, err := d.administrators(ctx)
	if err != nil {
		return 0, err
	}
	count := 0
	for _, id := range ids {
		if id == but || id == own || count >= d.cfg.MinSuperAdmins {
			continue
		}
		roles, err := d.rolesOf(ctx, id)
		if err != nil {
			return 0, err
		}
		if !isSuper(roles) {
			continue
		}
		u, err := d.byID(ctx, id)
		if err != nil {
			return 0, err
		}
		if u.Status == statusActive {
			count++
		}
	}
	return count, nil
}

// administrators lists who has any admin role. This list pages by a link in its
// body.
func (d *driver) administrators(ctx context.Context) ([]string, error) {
	const op = "list administrators"
	where, err := at("iam", "assignees", "users")
	if err != nil {
		return nil, err
	}
	where += query("limit", "100")
	var ids []string
	for seen := map[string]bool{}; where != ""; {
		if seen[where] || len(seen) >= mostPages {
			return nil, lastday.Errorf(lastday.CodeInvalid, "okta: "+op, "the pages of the list have no end")
		}
		seen[where] = true
		var page struct {
			Value []struct {
				ID string `json:"id"`
			} `json:"value"`
			Links struct {
				Next struct {
					Href string `json:"href"`
				} `json:"next"`
			} `json:"_links"`
		}
		if _, err := d.client.get(ctx, op, where, &page); err != nil {
			return nil, err
		}
		for _, v := range page.Value {
			ids = append(ids, v.ID)
		}
		where = page.Links.Next.Href
	}
	return ids, nil
}

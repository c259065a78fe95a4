package okta

import (
	"context"
	"net/http"
	"slices"

	"lastday"
)

// group is a group as Okta tells it.
type group struct {
	ID      string `json:"id"`
	Type    string `json:"type"`
	Profile struct {
		Name string `json:"name"`
	} `json:"profile"`
}

// The types of groups. Everybody is in the built-in one, which is therefore no
// grant, but shows that we were told of groups at all.
const (
	groupOwn     = "OKTA_GROUP"
	groupBuiltIn = "BUILT_IN"
)

// rule is a group rule.
type rule struct {
	Name    string `json:"name"`
	Status  string `json:"status"`
	Actions struct {
		Assign struct {
			Groups []string `json:"groupIds"`
		} `json:"assignUserToGroups"`
	} `json:"actions"`
}

func (d *driver) readGroups(ctx context.Context, u user, only string) ([]lastday.Grant, error) {
	const op = "list groups"
	where, err := at("users", u.ID, "groups")
	if err != nil {
		return nil, err
	}
	groups, err := list[group](ctx, d.client, op, where)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(groups, func(g group) bool { return g.Type == groupBuiltIn }) && u.Status != statusGone {
		return nil, lastday.Errorf(lastday.CodeDenied, "okta: "+op, "not even the group of everybody is told: our credential does not see groups")
	}
	if only != "" && !slices.ContainsFunc(groups, func(g group) bool { return g.ID == only }) {
		return nil, nil
	}
	rules, err := d.rules(ctx)
	if err != nil {
		return nil, err
	}
	var grants []lastday.Grant
	for _, g := range groups {
		if g.Type != groupBuiltIn {
			grants = append(grants, g.grant(rules[g.ID]))
		}
	}
	return grants, nil
}

func (g group) grant(rule string) lastday.Grant {
	out := grant(kindGroup, g.ID, g.Profile.Name, rungMember, lastday.LevelRead)
	out.Resource.Labels = map[string]string{"type": g.Type}
	switch {
	case g.Type != groupOwn:
		out.ManagedBy = "the directory or app that the group comes from (" + g.Type + ")"
	case rule != "":
		out.ManagedBy = "okta rule " + rule
	}
	return out
}

// rules says which group an active rule fills. Okta does not tell which members
// the rule made, and who is removed by hand is put on the rule's exclusion list,
// where giving back does not reach: so all members of such a group are the rule's.
// https://support.okta.com/help/s/article/How-to-Remove-a-User-From-a-Group-Rule-Exclusion-List
func (d *driver) rules(ctx context.Context) (map[string]string, error) {
	where, err := at("groups", "rules")
	if err != nil {
		return nil, err
	}
	all, err := list[rule](ctx, d.client, "list group rules", where+query("limit", "200"))
	if err != nil {
		return nil, err
	}
	fills := map[string]string{}
	for _, r := range all {
		for _, id := range r.Actions.Assign.Groups {
			if r.Status == statusActive {
				fills[id] = r.Name
			}
		}
	}
	return fills, nil
}

// empower makes a membership as high as the admin roles that come with it, and
// calls the groups that roles come by with their names.
func empower(grants []lastday.Grant) {
	groups := map[string]*lastday.Grant{}
	for i, g := range grants {
		if g.Kind == kindGroup {
			groups[viaID(g.Resource.ID)] = &grants[i]
		}
	}
	for i, g := range grants {
		if g.Kind != kindRole || len(g.Via) == 0 {
			continue
		}
		if group, known := groups[g.Via[0]]; known {
			group.Ladder = one(rungMember, max(group.Level(), g.Level()))
			grants[i].Via = []string{"group " + group.Resource.Name}
		}
	}
}

// viaID is how a role speaks of the group that it comes by.
func viaID(group string) string { return "group " + group }

// takeGroup looks after super administrators where the membership was planned as
// an admin's.
func (d *driver) takeGroup(ctx context.Context, u user, g lastday.Grant) (deed, error) {
	if g.Level() == lastday.LevelAdmin {
		if refused, err := d.lastSuperAdmin(ctx, u); refused.outcome != "" || err != nil {
			return refused, err
		}
	}
	return d.member(ctx, u, g, "remove from group", http.MethodDelete)
}

func (d *driver) giveGroup(ctx context.Context, u user, g lastday.Grant) (deed, error) {
	return d.member(ctx, u, g, "add to group", http.MethodPut)
}

func (d *driver) member(ctx context.Context, u user, g lastday.Grant, op, method string) (deed, error) {
	where, err := at("groups", g.Resource.ID, "users", u.ID)
	if err != nil {
		return deed{}, err
	}
	request, err := d.client.send(ctx, op, method, where, nil)
	return did(request), err
}

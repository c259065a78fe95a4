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
	powers, err := d.powers(ctx, u.ID)
	if err != nil {
		return nil, err
	}
	var grants []lastday.Grant
	for _, g := range groups {
		if g.Type != groupBuiltIn {
			grants = append(grants, g.grant(rules[g.ID], powers["group "+g.ID]))
		}
	}
	return grants, nil
}

func (g group) grant(rule string, admin bool) lastday.Grant {
	level := lastday.LevelRead
	if admin {
		level = lastday.LevelAdmin
	}
	out := grant(kindGroup, g.ID, g.Profile.Name, rungMember, level)
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

// powers are the groups through which the user has an admin role. If roles may
// not be seen, that is a gap of its own.
func (d *driver) powers(ctx context.Context, id string) (map[string]bool, error) {
	roles, err := d.rolesOf(ctx, id)
	if codeIs(err, lastday.CodeDenied) || codeIs(err, lastday.CodeUnsupported) {
		return nil, nil
	}
	powers := map[string]bool{}
	for _, r := range roles {
		for _, via := range r.grant().Via {
			powers[via] = true
		}
	}
	return powers, err
}

func (d *driver) takeGroup(ctx context.Context, u user, g lastday.Grant) (deed, error) {
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

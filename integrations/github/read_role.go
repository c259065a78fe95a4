package github

import (
	"context"
	"slices"
	"strings"

	"lastday"
)

// orgRole is a role over the whole organization.
// https://docs.github.com/rest/orgs/organization-roles
type orgRole struct {
	ID          int64    `json:"id"`
	Name        string   `json:"name"`
	Base        string   `json:"base_role"`
	Permissions []string `json:"permissions"`
}

// level is that of the role on all repositories, if it is nothing but that.
// Roles with powers of their own can change what everybody relies on.
func (r orgRole) level() lastday.Level {
	if r.Base == "" || len(r.Permissions) > 0 {
		return lastday.LevelAdmin
	}
	return levelOfReach(r.Base)
}

// roleHolder is somebody who has a role, directly or by a team.
type roleHolder struct {
	user
	Assignment string        `json:"assignment"` // direct, indirect, mixed
	Teams      []indexedTeam `json:"inherited_from"`
}

func (d *driver) roleHolders(ctx context.Context, role int64, visit func(roleHolder)) error {
	return list(ctx, d.client, "list holders of a role", d.client.inOrg("organization-roles", itoa(role), "users"), visit)
}

// readRoles asks afresh who has the roles that the index saw the person have.
// Only members can have one.
func (d *driver) readRoles(ctx context.Context, r *reading) error {
	if !r.standing.in {
		return nil
	}
	idx, err := d.index.current(ctx)
	if err != nil {
		return err
	}
	if err := idx.hidden[kindOrgRole]; err != nil {
		return err
	}
	for _, role := range idx.roles[r.who.id] {
		if by, ok := idx.byTeams(role.ID, r); ok {
			r.add(d.roleGrants(role, by)...)
			continue
		}
		err := d.roleHolders(ctx, role.ID, func(h roleHolder) {
			if h.ID == r.who.id {
				r.add(d.roleGrants(role, h)...)
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// byTeams is the person's part in a role that they had by teams alone when the
// index was read, if they are in all of those teams now. Otherwise it is asked.
func (s *snapshot) byTeams(role int64, r *reading) (roleHolder, bool) {
	h := s.holders[heldRole{role, r.who.id}]
	if h.Assignment != "indirect" || len(h.Teams) == 0 || r.glance == nil || !r.glance.whole {
		return h, false
	}
	for _, t := range h.Teams {
		if !slices.ContainsFunc(r.glance.teams, func(now team) bool { return now.id == t.ID }) {
			return h, false
		}
	}
	return h, true
}

// heldRole is a role and who has it.
type heldRole struct{ role, user int64 }

// roleGrants is one grant for the role itself and one for each team that
// brings it.
func (d *driver) roleGrants(role orgRole, h roleHolder) []lastday.Grant {
	g := d.grant(kindOrgRole, lastday.Resource{ID: itoa(role.ID), Name: role.Name}, rungHeld)
	g.Ladder = one(rungHeld, role.level())
	var grants []lastday.Grant
	if h.Assignment != "indirect" {
		grants = append(grants, g)
	}
	for _, t := range h.Teams {
		by := g
		by.Key += "/team/" + itoa(t.ID)
		by.Via = []string{kindTeam + "/" + itoa(t.ID)}
		grants = append(grants, by)
	}
	if len(grants) == 0 { // by a team that is not named
		g.Via = []string{"a team"}
		grants = append(grants, g)
	}
	return grants
}

// deployKey is a repository's own key. It outlives the person who added it.
// https://docs.github.com/authentication/connecting-to-github-with-ssh/managing-deploy-keys
type deployKey struct {
	ID       int64  `json:"id"`
	Key      string `json:"key"`
	Title    string `json:"title"`
	ReadOnly bool   `json:"read_only"`
	AddedBy  string `json:"added_by"`
}

func (k deployKey) rung() lastday.Rung {
	if k.ReadOnly {
		return lastday.Rung{Name: "read-only", Level: lastday.LevelRead}
	}
	return lastday.Rung{Name: "read-write", Level: lastday.LevelWrite}
}

func (d *driver) deployKeys(ctx context.Context, repo string) ([]deployKey, error) {
	var keys []deployKey
	err := list(ctx, d.client, "list deploy keys", d.client.inRepo(repo, "keys"), func(k deployKey) { keys = append(keys, k) })
	return keys, err
}

func (d *driver) readKeys(ctx context.Context, r *reading) error {
	idx, err := d.index.current(ctx)
	if err != nil {
		return err
	}
	if err := idx.hidden[kindDeployKey]; err != nil {
		return err
	}
	for _, repo := range unique(idx.keys[strings.ToLower(r.who.login)]) {
		keys, err := d.keysNow(ctx, idx, r, repo)
		if err != nil {
			return err
		}
		for _, k := range keys {
			r.add(d.keyGrant(repo, k))
		}
	}
	return d.unread(idx, kindDeployKey)
}

// keysNow are the keys of a repository that the person added.
func (d *driver) keysNow(ctx context.Context, idx *snapshot, r *reading, repo string) ([]deployKey, error) {
	if n, seen := r.glance.at(repo); seen {
		if mine, ok := idx.keysOf(n, r.who.login); ok {
			return mine, nil
		}
	}
	keys, err := d.deployKeys(ctx, repo)
	if codeIs(err, lastday.CodeNotFound) {
		return nil, d.outdated("list deploy keys")
	}
	return slices.DeleteFunc(keys, func(k deployKey) bool { return !strings.EqualFold(k.AddedBy, r.who.login) }), err
}

func (d *driver) keyGrant(repo string, k deployKey) lastday.Grant {
	rung := k.rung()
	g := d.grant(kindDeployKey, lastday.Resource{ID: itoa(k.ID), Name: repo + ": " + k.Title, Labels: map[string]string{"repository": repo}}, rung.Name)
	g.Ladder = rungs(rung)
	g.Details = map[string]string{"key": k.Key, "title": k.Title}
	return g
}

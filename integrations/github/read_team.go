package github

import (
	"context"
	"slices"
	"strings"

	"lastday"
)

// team is a team that a person is in, as read just now.
type team struct {
	id      int64
	slug    string
	name    string
	role    string  // member, maintainer; empty if only through a child team
	reach   string  // the highest role on any repository, in REST's words; empty for none
	admin   []int64 // the repositories that it makes its members administer
	managed string  // who decides about members instead, if somebody does
	pending bool
}

// listTeams reads the person's teams by GraphQL, or by REST one by one.
func (d *driver) listTeams(ctx context.Context, w who, g *glance) ([]lastday.Grant, error) {
	var teams []team
	var err error
	switch {
	case d.cfg.NoGraphQL:
		teams, err = d.teamsByREST(ctx, w)
	case g != nil && g.whole:
		teams, err = d.withManagers(ctx, g.teams)
	default:
		teams, err = d.teamsByGraph(ctx, w)
	}
	if err != nil {
		return nil, err
	}
	var grants []lastday.Grant
	for _, t := range teams {
		grants = append(grants, d.teamGrant(t))
	}
	return grants, nil
}

func (d *driver) teamGrant(t team) lastday.Grant {
	r := lastday.Resource{ID: itoa(t.id), Name: t.name, Labels: map[string]string{"slug": t.slug}}
	if t.reach != "" {
		r.Labels["reach"] = t.reach
	}
	g := d.grant(kindTeam, r, t.role)
	g.Ladder = teamLadder(levelOfReach(t.reach))
	g.Pending = t.pending
	if t.role == "" {
		g.Rung = rungMember
		g.Via = []string{"a child team"}
	}
	if t.managed != "" {
		g.ManagedBy = t.managed
	}
	return g
}

// levelOfReach is the level of a role on a repository; of a role unknown to us
// it is admin.
func levelOfReach(role string) lastday.Level {
	if role == "" {
		return lastday.LevelNone
	}
	r, ok := repoLadder().Rung(spoken(role))
	if !ok {
		return lastday.LevelAdmin
	}
	return r.Level
}

// spoken is the name of a role where REST and GraphQL have their own.
func spoken(role string) string {
	switch role = strings.ToLower(role); role {
	case "pull":
		return "read"
	case "push":
		return "write"
	}
	return role
}

// higher is the higher of two roles on repositories; one unknown to us is the
// highest.
func higher(a, b string) string {
	a, b = spoken(a), spoken(b)
	if a == "" || b == "" {
		return a + b
	}
	if cmp, err := repoLadder().Compare(b, a); err == nil && cmp > 0 || err != nil && levelOfReach(b) > levelOfReach(a) {
		return b
	}
	return a
}

const teamsQuery = `query($org:String!,$login:String!,$after:String){organization(login:$org){teams` + teamFields + `}}`

type graphTeam struct {
	DatabaseID int64  `json:"databaseId"`
	Slug       string `json:"slug"`
	Name       string `json:"name"`
	Members    struct {
		Edges []struct {
			Role string `json:"role"`
			Node struct {
				DatabaseID int64 `json:"databaseId"`
			} `json:"node"`
		} `json:"edges"`
	} `json:"members"`
	Repositories struct {
		PageInfo pageInfo `json:"pageInfo"`
		Edges    []struct {
			Permission string     `json:"permission"`
			Node       graphActor `json:"node"`
		} `json:"edges"`
	} `json:"repositories"`
}

func (d *driver) teamsByGraph(ctx context.Context, w who) ([]team, error) {
	var teams []team
	var after *string
	for range mostPages {
		var got struct {
			Organization *struct {
				Teams struct {
					PageInfo pageInfo    `json:"pageInfo"`
					Nodes    []graphTeam `json:"nodes"`
				} `json:"teams"`
			} `json:"organization"`
		}
		vars := map[string]any{"org": d.cfg.Org, "login": w.login, "after": after}
		if err := d.client.query(ctx, "read teams", teamsQuery, vars, &got); err != nil {
			return nil, err
		}
		if got.Organization == nil {
			return nil, lastday.Errorf(lastday.CodeNotFound, "read teams", "the organization is hidden from us")
		}
		for _, n := range got.Organization.Teams.Nodes {
			teams = append(teams, n.of(w))
		}
		if !got.Organization.Teams.PageInfo.HasNextPage {
			return d.withManagers(ctx, teams)
		}
		after = &got.Organization.Teams.PageInfo.EndCursor
	}
	return nil, lastday.Errorf(lastday.CodeInvalid, "read teams", "the pages of the list have no end")
}

// of reads one team's answer. The query matches logins and names loosely, so
// the member is taken by id.
func (g graphTeam) of(w who) team {
	t := team{id: g.DatabaseID, slug: g.Slug, name: g.Name}
	for _, e := range g.Members.Edges {
		if e.Node.DatabaseID == w.id {
			t.role = strings.ToLower(e.Role)
		}
	}
	for _, e := range g.Repositories.Edges {
		t.reach = higher(t.reach, e.Permission)
		if spoken(e.Permission) == "admin" {
			t.admin = append(t.admin, e.Node.DatabaseID)
		}
	}
	if g.Repositories.PageInfo.HasNextPage {
		t.reach = "admin" // more than a hundred repositories: the worst is assumed
	}
	return t
}

// teamsByREST asks every team in turn: there is no "teams of a person" for an
// owner to read. A membership through a child team looks like a direct one
// here; taking the child's makes the parent's vanish.
func (d *driver) teamsByREST(ctx context.Context, w who) ([]team, error) {
	idx, err := d.index.current(ctx)
	if err != nil {
		return nil, err
	}
	found, err := gather(ctx, len(idx.teams), func(ctx context.Context, n int) (team, error) {
		return d.teamByREST(ctx, idx.teams[n], w)
	})
	if err != nil {
		return nil, err
	}
	return d.withManagers(ctx, slices.DeleteFunc(found, func(t team) bool { return t.id == 0 }))
}

// teamByREST is one team as the person is in it; one without an id if they are not.
func (d *driver) teamByREST(ctx context.Context, it indexedTeam, w who) (team, error) {
	m, err := d.teamMembership(ctx, it.Slug, w)
	if codeIs(err, lastday.CodeNotFound) {
		return team{}, nil
	}
	if err != nil {
		return team{}, err
	}
	t := team{id: it.ID, slug: it.Slug, name: it.Name, role: m.Role, pending: m.State == "pending"}
	t.reach, err = d.teamReach(ctx, it.Slug)
	return t, err
}

// teamMembership reads whether a person is in a team, directly or through a
// child team: REST does not tell which.
func (d *driver) teamMembership(ctx context.Context, slug string, w who) (membership, error) {
	var m membership
	_, err := d.client.get(ctx, "read team membership", d.client.inOrg("teams", slug, "memberships", w.login), &m)
	return m, err
}

// teamReach is the highest role that a team has on any repository.
func (d *driver) teamReach(ctx context.Context, slug string) (string, error) {
	reach := ""
	err := list(ctx, d.client, "read team repositories", d.client.inOrg("teams", slug, "repos"), func(r struct {
		Permissions map[string]bool `json:"permissions"`
	},
	) {
		for role, has := range r.Permissions {
			if has {
				reach = higher(reach, role)
			}
		}
	})
	return reach, err
}

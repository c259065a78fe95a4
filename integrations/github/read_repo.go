package github

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"lastday"
	"lastday/integrations"
)

// repoRole is a role on a repository that was given directly.
type repoRole struct {
	repo  indexedRepo
	role  string // none if there is none
	level lastday.Level
}

// hasRoles says whether the person can have a role of their own anywhere: as a
// member, or as an outside collaborator, whom GitHub lists. Whoever is neither
// has none, and no repository need be asked.
// https://docs.github.com/rest/orgs/outside-collaborators#list-outside-collaborators-for-an-organization
func (d *driver) hasRoles(ctx context.Context, r *reading) (bool, error) {
	if r.standing.mayHaveRoles() {
		return true, nil
	}
	outside := false
	err := list(ctx, d.client, "list outside collaborators", d.client.inOrg("outside_collaborators"), func(u user) {
		outside = outside || u.ID == r.who.id
	})
	return outside, err
}

// restBatch is how many repositories are asked one by one in a page of a list.
const restBatch = 50

func (d *driver) batch() int {
	if d.cfg.NoGraphQL {
		return restBatch
	}
	return d.size.now()
}

// queriesOfPage is how many queries about repositories a page of a list may
// take; more pages let the caller show that it goes on.
const queriesOfPage = 4

const repoCursor = "repositories:"

// readRepos reads the roles on the first repositories and says where to go on.
func (d *driver) readRepos(ctx context.Context, r *reading) error {
	walk, err := d.hasRoles(ctx, r)
	if err != nil || !walk {
		return err
	}
	if r.glance == nil {
		return d.readReposFrom(ctx, r, 0)
	}
	r.addRoles(d, r.glance.roles)
	return d.readReposFrom(ctx, r, len(r.glance.roles))
}

func (d *driver) readReposFrom(ctx context.Context, r *reading, from int) error {
	idx, err := d.index.current(ctx)
	if err != nil {
		return err
	}
	queries := queriesOfPage
	if d.cfg.NoGraphQL {
		queries = 1
	}
	for range queries {
		repos := idx.repos[min(from, len(idx.repos)):]
		repos = repos[:min(len(repos), d.batch())]
		roles, err := d.roles(ctx, repos, r.who)
		if err != nil {
			return err
		}
		r.addRoles(d, roles)
		from += len(repos)
	}
	if from < len(idx.repos) {
		r.page.Next = integrations.Cursor(repoCursor + strconv.Itoa(from))
	}
	return nil
}

func (r *reading) addRoles(d *driver, roles []repoRole) {
	for _, role := range roles {
		if role.role != lastday.None {
			r.add(d.repoGrant(role, r.standing))
		}
	}
}

// roles reads the direct roles on some repositories.
func (d *driver) roles(ctx context.Context, repos []indexedRepo, w who) ([]repoRole, error) {
	if len(repos) == 0 {
		return nil, nil
	}
	if d.cfg.NoGraphQL {
		return d.rolesByREST(ctx, repos, w)
	}
	return d.rolesByGraph(ctx, repos, w)
}

func (d *driver) repoGrant(role repoRole, s standing) lastday.Grant {
	r := lastday.Resource{ID: itoa(role.repo.id), Name: role.repo.name, Labels: map[string]string{"visibility": role.repo.visibility}}
	g := d.grant(kindRepo, r, role.role)
	g.Ladder = withRung(repoLadder(), role.role, role.level)
	if !s.in {
		g.Restore = lastday.Restore{Fidelity: lastday.RestoreConsent, Note: "an outside collaborator must accept an invitation"}
	}
	return g
}

// withRung puts a custom role above GitHub's own role of the same level.
func withRung(l lastday.Ladder, role string, level lastday.Level) lastday.Ladder {
	if _, ok := l.Rung(role); ok {
		return l
	}
	var out lastday.Ladder
	put := false
	for _, r := range l {
		if !put && r.Level <= level {
			out, put = append(out, lastday.Rung{Name: role, Level: level}), true
		}
		out = append(out, r)
	}
	return out
}

type graphCollaborators struct {
	DatabaseID    int64  `json:"databaseId"`
	Name          string `json:"name"`
	Collaborators *struct {
		Edges []collaboratorEdge `json:"edges"`
	} `json:"collaborators"`
}

type collaboratorEdge struct {
	Permission string `json:"permission"`
	Node       struct {
		DatabaseID int64 `json:"databaseId"`
	} `json:"node"`
	Sources []struct {
		Role       string `json:"roleName"`
		Permission string `json:"permission"`
		Source     struct {
			Type string `json:"__typename"`
		} `json:"source"`
	} `json:"permissionSources"`
}

const roleFragment = `fragment F on Repository{databaseId name collaborators(first:1,affiliation:DIRECT,login:$login){
 edges{permission node{databaseId} permissionSources{roleName permission source{__typename}}}}}`

func validRepo(name string) bool {
	return regexp.MustCompile(`^[A-Za-z0-9_.-]{1,100}$`).MatchString(name) && strings.Trim(name, ".") != ""
}

// eachByName is a query that asks the same about many repositories, each by its
// name as r0, r1 and so on. The names become part of the query and are checked.
func eachByName(op, vars string, repos []indexedRepo, fragment string) (string, error) {
	var b strings.Builder
	b.WriteString("query(" + vars + "){organization(login:$org){")
	for i, r := range repos {
		if !validRepo(r.name) {
			return "", lastday.Errorf(lastday.CodeInvalid, op, "the far side names a repository strangely")
		}
		fmt.Fprintf(&b, "r%d:repository(name:%q,followRenames:false){...F}", i, r.name)
	}
	b.WriteString("}}" + fragment)
	return b.String(), nil
}

// rolesByGraph asks about many repositories in one query, each by its name and
// with its id checked.
func (d *driver) rolesByGraph(ctx context.Context, repos []indexedRepo, w who) ([]repoRole, error) {
	const op = "read repository roles"
	query, err := eachByName(op, "$org:String!,$login:String!", repos, roleFragment)
	if err != nil {
		return nil, err
	}
	var got struct {
		Organization map[string]*graphCollaborators `json:"organization"`
	}
	err = d.client.query(ctx, op, query, map[string]any{"org": d.cfg.Org, "login": w.login}, &got)
	if codeIs(err, lastday.CodeNotFound) {
		return nil, d.outdated(op)
	}
	if err != nil {
		return nil, d.askLess(err)
	}
	return matchRoles(d, op, repos, got.Organization, w)
}

// outdated makes the index be read again by the next attempt.
func (d *driver) outdated(op string) error {
	d.index.expire()
	return lastday.Errorf(lastday.CodeTransient, op, "a repository was renamed or removed since the index was read")
}

func matchRoles(d *driver, op string, repos []indexedRepo, got map[string]*graphCollaborators, w who) ([]repoRole, error) {
	var roles []repoRole
	for i, r := range repos {
		g := got["r"+strconv.Itoa(i)]
		if g == nil || g.DatabaseID != r.id {
			return nil, d.outdated(op)
		}
		if g.Collaborators == nil {
			return nil, lastday.Errorf(lastday.CodeDenied, op, "the collaborators of a repository are hidden from us")
		}
		role := repoRole{repo: r, role: lastday.None}
		for _, e := range g.Collaborators.Edges {
			if e.Node.DatabaseID == w.id {
				role.role, role.level = e.direct()
			}
		}
		roles = append(roles, role)
	}
	return roles, nil
}

// direct is the role that the repository itself gave. The edge's permission is
// what all ways in add up to, and would be too much to give back.
func (e collaboratorEdge) direct() (string, lastday.Level) {
	for _, s := range e.Sources {
		if s.Source.Type == "Repository" && s.Role != "" {
			role := spoken(s.Role)
			if _, known := repoLadder().Rung(role); known {
				return role, levelOfReach(role)
			}
			return s.Role, levelOfReach(s.Permission)
		}
	}
	role := spoken(e.Permission)
	return role, levelOfReach(role)
}

// collaborator is one direct collaborator by REST. role_name tells custom roles.
type collaborator struct {
	user
	Role        string          `json:"role_name"`
	Permissions map[string]bool `json:"permissions"`
}

func (c collaborator) level() lastday.Level {
	reach := ""
	for role, has := range c.Permissions {
		if has {
			reach = higher(reach, role)
		}
	}
	return levelOfReach(reach)
}

// rolesByREST asks every repository for its direct collaborators.
func (d *driver) rolesByREST(ctx context.Context, repos []indexedRepo, w who) ([]repoRole, error) {
	return gather(ctx, len(repos), func(ctx context.Context, n int) (repoRole, error) {
		role := repoRole{repo: repos[n], role: lastday.None}
		where := d.client.inRepo(repos[n].name, "collaborators") + "?affiliation=direct"
		err := list(ctx, d.client, "list direct collaborators", where, func(c collaborator) {
			if c.ID == w.id {
				role.role, role.level = spoken(c.Role), c.level()
			}
		})
		if codeIs(err, lastday.CodeNotFound) {
			return role, d.outdated("list direct collaborators")
		}
		return role, err
	})
}

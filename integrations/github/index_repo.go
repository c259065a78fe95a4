package github

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"lastday"
)

const indexQuery = `query($org:String!,$after:String){organization(login:$org){repositories(first:100,after:$after){
 pageInfo{hasNextPage endCursor}nodes{databaseId name visibility isArchived
 deployKeys(first:50){totalCount nodes{id}}
 rulesets(first:20,includeParents:false){pageInfo{hasNextPage}nodes{databaseId updatedAt}}
 environments(first:20){pageInfo{hasNextPage}nodes{name protectionRules(first:5){nodes{reviewers(first:6){nodes{...on User{databaseId}}}}}}}
 branchProtectionRules(first:20){pageInfo{hasNextPage}nodes{pattern
  pushAllowances(first:30){pageInfo{hasNextPage}nodes{actor{...on User{databaseId}}}}
  reviewDismissalAllowances(first:30){pageInfo{hasNextPage}nodes{actor{...on User{databaseId}}}}
  bypassPullRequestAllowances(first:30){pageInfo{hasNextPage}nodes{actor{...on User{databaseId}}}}}}
 f0:object(expression:"HEAD:.github/CODEOWNERS"){...on Blob{text}}
 f1:object(expression:"HEAD:CODEOWNERS"){...on Blob{text}}
 f2:object(expression:"HEAD:docs/CODEOWNERS"){...on Blob{text}}}}}}`

type graphActor struct {
	DatabaseID int64 `json:"databaseId"`
}

type graphAllowances struct {
	PageInfo pageInfo `json:"pageInfo"`
	Nodes    []struct {
		Actor graphActor `json:"actor"`
	} `json:"nodes"`
}

type graphBlob struct {
	Text string `json:"text"`
}

type graphRepo struct {
	DatabaseID int64  `json:"databaseId"`
	Name       string `json:"name"`
	Visibility string `json:"visibility"`
	Archived   bool   `json:"isArchived"`
	Keys       struct {
		Total int `json:"totalCount"`
		Nodes []struct {
			ID string `json:"id"`
		} `json:"nodes"`
	} `json:"deployKeys"`
	Rulesets struct {
		PageInfo pageInfo       `json:"pageInfo"`
		Nodes    []indexedRules `json:"nodes"`
	} `json:"rulesets"`
	Environments struct {
		PageInfo pageInfo           `json:"pageInfo"`
		Nodes    []graphEnvironment `json:"nodes"`
	} `json:"environments"`
	Guards struct {
		PageInfo pageInfo     `json:"pageInfo"`
		Nodes    []graphGuard `json:"nodes"`
	} `json:"branchProtectionRules"`
	F0 *graphBlob `json:"f0"`
	F1 *graphBlob `json:"f1"`
	F2 *graphBlob `json:"f2"`
}

type graphEnvironment struct {
	Name  string `json:"name"`
	Rules struct {
		Nodes []struct {
			Reviewers struct {
				Nodes []graphActor `json:"nodes"`
			} `json:"reviewers"`
		} `json:"nodes"`
	} `json:"protectionRules"`
}

type graphGuard struct {
	Pattern   string          `json:"pattern"`
	Push      graphAllowances `json:"pushAllowances"`
	Dismissal graphAllowances `json:"reviewDismissalAllowances"`
	Bypass    graphAllowances `json:"bypassPullRequestAllowances"`
}

// of reads one answer. more says that something did not fit in.
func (g graphRepo) of() (repo indexedRepo, more bool) {
	repo = indexedRepo{id: g.DatabaseID, name: g.Name, visibility: strings.ToLower(g.Visibility), archived: g.Archived}
	if g.Keys.Total > 0 {
		repo.keys = itoa(int64(g.Keys.Total))
		for _, k := range g.Keys.Nodes {
			repo.keys += " " + k.ID
		}
	}
	more = g.Rulesets.PageInfo.HasNextPage || g.Environments.PageInfo.HasNextPage || g.Guards.PageInfo.HasNextPage
	repo.rulesets = g.Rulesets.Nodes
	for _, e := range g.Environments.Nodes {
		named := indexedNames{name: e.Name}
		for _, rule := range e.Rules.Nodes {
			named.add(rule.Reviewers.Nodes...)
		}
		repo.environments = append(repo.environments, named)
	}
	for _, b := range g.Guards.Nodes {
		named := indexedNames{name: b.Pattern}
		for _, list := range []graphAllowances{b.Push, b.Dismissal, b.Bypass} {
			more = more || list.PageInfo.HasNextPage
			for _, n := range list.Nodes {
				named.add(n.Actor)
			}
		}
		repo.guards = append(repo.guards, named)
	}
	repo.codeowners = mentions(g.F0, g.F1, g.F2)
	return repo, more
}

// mentions lists the people whom CODEOWNERS names: the first of the three
// places counts.
// https://docs.github.com/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners
func mentions(blobs ...*graphBlob) []string {
	for _, b := range blobs {
		if b != nil && b.Text != "" {
			return owners(b.Text)
		}
	}
	return nil
}

func owners(text string) []string {
	var logins []string
	for _, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		for _, m := range regexp.MustCompile(`(?:^|\s)@([A-Za-z0-9_-]+)(?:\s|$)`).FindAllStringSubmatch(strings.ReplaceAll(line, " ", "  "), -1) {
			logins = append(logins, strings.ToLower(m[1]))
		}
	}
	return unique(logins)
}

// indexedNames is something that names people: an environment or a protection.
type indexedNames struct {
	name  string
	users []int64
}

func (n *indexedNames) add(actors ...graphActor) {
	for _, a := range actors {
		if a.DatabaseID != 0 { // zero is a team or an app
			n.users = append(n.users, a.DatabaseID)
		}
	}
}

func (n indexedNames) names(id int64) bool { return slices.Contains(n.users, id) }

// indexByGraph reads the repositories and what hangs on them, a hundred at a time.
func (d *driver) indexByGraph(ctx context.Context, s *snapshot) error {
	const op = "index repositories"
	var after *string
	for range mostPages {
		var got struct {
			Organization *struct {
				Repositories struct {
					PageInfo pageInfo    `json:"pageInfo"`
					Nodes    []graphRepo `json:"nodes"`
				} `json:"repositories"`
			} `json:"organization"`
		}
		if _, err := d.client.query(ctx, op, indexQuery, map[string]any{"org": d.cfg.Org, "after": after}, &got); err != nil {
			return err
		}
		if got.Organization == nil {
			return lastday.Errorf(lastday.CodeNotFound, op, "the organization is hidden from us")
		}
		for _, g := range got.Organization.Repositories.Nodes {
			repo, more := g.of()
			if more {
				if err := d.indexOneByREST(ctx, &repo); err != nil {
					return err
				}
			}
			s.repos = append(s.repos, repo)
		}
		if !got.Organization.Repositories.PageInfo.HasNextPage {
			return nil
		}
		after = &got.Organization.Repositories.PageInfo.EndCursor
	}
	return lastday.Errorf(lastday.CodeInvalid, op, "the pages of the list have no end")
}

// indexByREST reads the same one by one.
func (d *driver) indexByREST(ctx context.Context, s *snapshot) error {
	err := list(ctx, d.client, "list repositories", d.client.inOrg("repos"), func(r struct {
		ID         int64  `json:"id"`
		Name       string `json:"name"`
		Visibility string `json:"visibility"`
		Archived   bool   `json:"archived"`
	}) {
		s.repos = append(s.repos, indexedRepo{id: r.ID, name: r.Name, visibility: r.Visibility, archived: r.Archived, keys: unknownKeys})
	})
	if err != nil {
		return err
	}
	for i := range s.repos {
		if err := d.indexOneByREST(ctx, &s.repos[i]); err != nil {
			return err
		}
		if s.repos[i].codeowners, err = d.codeownersByREST(ctx, s.repos[i].name); err != nil {
			return err
		}
	}
	return nil
}

// indexOneByREST reads what hangs on one repository. What is hidden from us
// there is taken for nothing here, because reading it for a leaver will say so.
func (d *driver) indexOneByREST(ctx context.Context, r *indexedRepo) error {
	r.environments, r.guards, r.rulesets = nil, nil, nil
	err := walk(ctx, d.client, "list environments", d.client.inRepo(r.name, "environments"), func(page struct {
		Environments []environment `json:"environments"`
	}) {
		for _, e := range page.Environments {
			r.environments = append(r.environments, indexedNames{name: e.Name, users: e.users()})
		}
	})
	if err != nil && !hidden(err) {
		return err
	}
	if err := d.indexGuardsByREST(ctx, r); err != nil {
		return err
	}
	err = list(ctx, d.client, "list rulesets", d.client.inRepo(r.name, "rulesets")+"?includes_parents=false", func(g listedRules) {
		r.rulesets = append(r.rulesets, indexedRules{ID: g.ID, Updated: g.Updated})
	})
	if hidden(err) {
		return nil
	}
	return err
}

func (d *driver) indexGuardsByREST(ctx context.Context, r *indexedRepo) error {
	var branches []string
	err := list(ctx, d.client, "list protected branches", d.client.inRepo(r.name, "branches")+"?protected=true", func(b struct {
		Name string `json:"name"`
	}) {
		branches = append(branches, b.Name)
	})
	if err != nil {
		return unlessHidden(err)
	}
	for _, b := range branches {
		p, err := d.protection(ctx, r.name, b)
		if err != nil && !hidden(err) {
			return err
		}
		r.guards = append(r.guards, indexedNames{name: b, users: p.users()})
	}
	return nil
}

func hidden(err error) bool {
	return codeIs(err, lastday.CodeNotFound) || codeIs(err, lastday.CodeDenied)
}

func unlessHidden(err error) error {
	if hidden(err) {
		return nil
	}
	return err
}

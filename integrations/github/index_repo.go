package github

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"lastday"
)

// guardFields are what names people on a repository, so many at a time. GitHub
// charges a query by what it could return: the index asks for few, and again
// for the repositories that have more.
// https://docs.github.com/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
func guardFields(things, actors int) string {
	allowances := fmt.Sprintf("(first:%d){pageInfo{hasNextPage}nodes{actor{...on User{databaseId}}}}", actors)
	return fmt.Sprintf(`environments(first:%d){pageInfo{hasNextPage}nodes{name protectionRules(first:3){pageInfo{hasNextPage}
  nodes{reviewers(first:6){nodes{...on User{databaseId}}}}}}}
 branchProtectionRules(first:%d){pageInfo{hasNextPage}nodes{pattern
  pushAllowances%s reviewDismissalAllowances%s bypassPullRequestAllowances%s}}`, things, things, allowances, allowances, allowances)
}

func indexQuery() string {
	return `query($org:String!,$after:String){organization(login:$org){repositories(first:100,after:$after){
 pageInfo{hasNextPage endCursor}nodes{databaseId name visibility isArchived
 deployKeys(first:50){totalCount nodes{id}}
 rulesets(first:20,includeParents:false){pageInfo{hasNextPage}nodes{databaseId updatedAt}}
 ` + guardFields(4, 20) + `
 f0:object(expression:"HEAD:.github/CODEOWNERS"){...on Blob{text}}
 f1:object(expression:"HEAD:CODEOWNERS"){...on Blob{text}}
 f2:object(expression:"HEAD:docs/CODEOWNERS"){...on Blob{text}}}}}}`
}

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
		PageInfo pageInfo `json:"pageInfo"`
		Nodes    []struct {
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

func (g graphGuard) of() (named indexedNames, more bool) {
	named = indexedNames{name: g.Pattern, lists: map[string][]int64{}}
	for name, list := range map[string]graphAllowances{listPush: g.Push, listDismissal: g.Dismissal, listBypass: g.Bypass} {
		more = more || list.PageInfo.HasNextPage
		for _, n := range list.Nodes {
			named.add(n.Actor)
			named.lists[name] = append(named.lists[name], n.Actor.DatabaseID)
		}
	}
	return named, more
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
	more = g.Environments.PageInfo.HasNextPage || g.Guards.PageInfo.HasNextPage
	repo.rulesets = g.Rulesets.Nodes
	for _, e := range g.Environments.Nodes {
		named := indexedNames{name: e.Name}
		more = more || e.Rules.PageInfo.HasNextPage
		for _, rule := range e.Rules.Nodes {
			named.add(rule.Reviewers.Nodes...)
		}
		repo.environments = append(repo.environments, named)
	}
	for _, b := range g.Guards.Nodes {
		named, longer := b.of()
		more = more || longer
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
	for line := range strings.SplitSeq(text, "\n") {
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
	lists map[string][]int64 // the same, by the list of a protection
}

// naming says which lists of a protection name the person, in a fixed order.
func (n indexedNames) naming(id int64) []string {
	var lists []string
	for _, name := range []string{listPush, listDismissal, listBypass} {
		if slices.Contains(n.lists[name], id) {
			lists = append(lists, name)
		}
	}
	return lists
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
	var longer []int
	for range mostPages {
		var got struct {
			Organization *struct {
				Repositories struct {
					PageInfo pageInfo    `json:"pageInfo"`
					Nodes    []graphRepo `json:"nodes"`
				} `json:"repositories"`
			} `json:"organization"`
		}
		if err := d.client.query(ctx, op, indexQuery(), map[string]any{"org": d.cfg.Org, "after": after}, &got); err != nil {
			return err
		}
		if got.Organization == nil {
			return lastday.Errorf(lastday.CodeNotFound, op, "the organization is hidden from us")
		}
		for _, g := range got.Organization.Repositories.Nodes {
			repo, more := g.of()
			if g.Rulesets.PageInfo.HasNextPage {
				if err := d.indexOneByREST(ctx, &repo, s.hide); err != nil {
					return err
				}
			} else if more {
				longer = append(longer, len(s.repos))
			}
			s.repos = append(s.repos, repo)
		}
		if !got.Organization.Repositories.PageInfo.HasNextPage {
			return d.indexLonger(ctx, s, longer)
		}
		after = &got.Organization.Repositories.PageInfo.EndCursor
	}
	return lastday.Errorf(lastday.CodeInvalid, op, "the pages of the list have no end")
}

// indexLonger reads the guards of repositories that have many.
func (d *driver) indexLonger(ctx context.Context, s *snapshot, which []int) error {
	repos := make([]indexedRepo, 0, len(which))
	for _, i := range which {
		repos = append(repos, s.repos[i])
	}
	now, err := d.guardsNow(ctx, repos)
	if err != nil {
		return err
	}
	for n, i := range which {
		s.repos[i].environments, s.repos[i].guards = now[n].environments, now[n].guards
	}
	return nil
}

// indexByREST reads the same one by one.
func (d *driver) indexByREST(ctx context.Context, s *snapshot) error {
	err := list(ctx, d.client, "list repositories", d.client.inOrg("repos"), func(r struct {
		ID         int64  `json:"id"`
		Name       string `json:"name"`
		Visibility string `json:"visibility"`
		Archived   bool   `json:"archived"`
	},
	) {
		s.repos = append(s.repos, indexedRepo{id: r.ID, name: r.Name, visibility: r.Visibility, archived: r.Archived, keys: unknownKeys})
	})
	if err != nil {
		return err
	}
	return each(ctx, len(s.repos), func(ctx context.Context, i int) error {
		if err := d.indexOneByREST(ctx, &s.repos[i], s.hide); err != nil {
			return err
		}
		var err error
		s.repos[i].codeowners, err = d.codeownersByREST(ctx, s.repos[i].name)
		return err
	})
}

// hiding decides about something that is hidden from us: nil takes it for
// nothing, an error ends the reading.
type hiding func(kind string, err error) error

// indexOneByREST reads what hangs on one repository.
func (d *driver) indexOneByREST(ctx context.Context, r *indexedRepo, hide hiding) error {
	r.environments, r.guards, r.rulesets = nil, nil, nil
	err := walk(ctx, d.client, "list environments", d.client.inRepo(r.name, "environments"), func(page struct {
		Environments []environment `json:"environments"`
	},
	) {
		for _, e := range page.Environments {
			r.environments = append(r.environments, indexedNames{name: e.Name, users: e.users()})
		}
	})
	if err := d.hide(ctx, hide, kindEnvironment, err); err != nil {
		return err
	}
	if err := d.hide(ctx, hide, kindProtection, d.indexGuardsByREST(ctx, r)); err != nil {
		return err
	}
	err = list(ctx, d.client, "list rulesets", d.client.inRepo(r.name, "rulesets")+"?includes_parents=false", func(g listedRules) {
		r.rulesets = append(r.rulesets, indexedRules(g))
	})
	return d.hide(ctx, hide, kindRuleset, err)
}

// hide passes on what is hidden from us. A 404 about a repository that was
// listed just now, to a credential that administers repositories, says that the
// repository has no such thing.
func (d *driver) hide(ctx context.Context, hide hiding, kind string, err error) error {
	if !hidden(err) {
		return err
	}
	if err := d.absentIfAllowed(ctx, err, "administration", "repo"); err != nil {
		return hide(kind, err)
	}
	return nil
}

func (d *driver) indexGuardsByREST(ctx context.Context, r *indexedRepo) error {
	var branches []string
	err := list(ctx, d.client, "list protected branches", d.client.inRepo(r.name, "branches")+"?protected=true", func(b struct {
		Name string `json:"name"`
	},
	) {
		branches = append(branches, b.Name)
	})
	if err != nil {
		return err
	}
	for _, b := range branches {
		p, err := d.protection(ctx, r.name, b)
		if codeIs(err, lastday.CodeNotFound) {
			continue // protected by a ruleset, which is read elsewhere
		}
		if err != nil {
			return err
		}
		r.guards = append(r.guards, p.names(b))
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

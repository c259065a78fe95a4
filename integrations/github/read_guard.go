package github

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"lastday"
)

// environment is a deployment environment as REST shows it. What is not
// understood is kept word for word, because a PUT replaces everything.
// https://docs.github.com/rest/deployments/environments#create-or-update-an-environment
type environment struct {
	Name   string          `json:"name"`
	Rules  []gateRule      `json:"protection_rules"`
	Policy json.RawMessage `json:"deployment_branch_policy"`
}

type gateRule struct {
	Type       string     `json:"type"`
	Wait       int        `json:"wait_timer"`
	SelfReview bool       `json:"prevent_self_review"`
	Reviewers  []reviewer `json:"reviewers"`
}

type reviewer struct {
	Type     string `json:"type"`
	Reviewer struct {
		ID int64 `json:"id"`
	} `json:"reviewer"`
}

func (e environment) reviewers() []reviewer {
	for _, r := range e.Rules {
		if r.Type == "required_reviewers" {
			return r.Reviewers
		}
	}
	return nil
}

func (e environment) users() []int64 {
	var ids []int64
	for _, r := range e.reviewers() {
		if r.Type == "User" {
			ids = append(ids, r.Reviewer.ID)
		}
	}
	return ids
}

func (d *driver) environment(ctx context.Context, repo, name string) (environment, error) {
	var e environment
	_, err := d.client.get(ctx, "read environment", d.client.inRepo(repo, "environments", name), &e)
	return e, err
}

// protection is a branch's protection, as far as it names people.
// https://docs.github.com/rest/branches/branch-protection
type protection struct {
	Restrictions *actorLists `json:"restrictions"`
	Reviews      *struct {
		Dismissal *actorLists `json:"dismissal_restrictions"`
		Bypass    *actorLists `json:"bypass_pull_request_allowances"`
	} `json:"required_pull_request_reviews"`
}

type actorLists struct {
	Users []user `json:"users"`
	Teams []struct {
		Slug string `json:"slug"`
	} `json:"teams"`
	Apps []struct {
		Slug string `json:"slug"`
	} `json:"apps"`
}

func (l *actorLists) names(id int64) bool {
	return l != nil && slices.ContainsFunc(l.Users, func(u user) bool { return u.ID == id })
}

// The lists of a protection, as receipts name them.
const (
	listPush      = "push"
	listDismissal = "dismissal"
	listBypass    = "bypass"
)

func (p protection) lists() map[string]*actorLists {
	lists := map[string]*actorLists{listPush: p.Restrictions}
	if p.Reviews != nil {
		lists[listDismissal], lists[listBypass] = p.Reviews.Dismissal, p.Reviews.Bypass
	}
	return lists
}

// naming says which lists name the person, in a fixed order.
func (p protection) naming(id int64) []string {
	var names []string
	lists := p.lists()
	for _, name := range []string{listPush, listDismissal, listBypass} {
		if lists[name].names(id) {
			names = append(names, name)
		}
	}
	return names
}

// names is the protection as the index keeps it.
func (p protection) names(branch string) indexedNames {
	named := indexedNames{name: branch, lists: map[string][]int64{}}
	for name, l := range p.lists() {
		if l != nil {
			for _, u := range l.Users {
				named.users = append(named.users, u.ID)
				named.lists[name] = append(named.lists[name], u.ID)
			}
		}
	}
	return named
}

func (d *driver) protection(ctx context.Context, repo, branch string) (protection, error) {
	var p protection
	_, err := d.client.get(ctx, "read branch protection", d.client.inRepo(repo, "branches", branch, "protection"), &p)
	return p, err
}

// rulesetPlace is where a ruleset is; repo is empty for the organization's own.
type rulesetPlace struct {
	repo string
	id   int64
}

// ruleset keeps everything word for word: go-github drops an empty bypass list
// and fails on types of rules that it does not know.
type ruleset struct {
	raw    map[string]json.RawMessage
	name   string
	bypass []bypassActor
}

type bypassActor struct {
	ID   *int64 `json:"actor_id"`
	Type string `json:"actor_type"`
	Mode string `json:"bypass_mode"`
}

func (b bypassActor) is(id int64) bool { return b.Type == "User" && b.ID != nil && *b.ID == id }

func (r ruleset) users() []int64 {
	var ids []int64
	for _, b := range r.bypass {
		if b.Type == "User" && b.ID != nil {
			ids = append(ids, *b.ID)
		}
	}
	return ids
}

func (d *driver) rulesetPath(p rulesetPlace) string {
	if p.repo == "" {
		return d.client.inOrg("rulesets", itoa(p.id))
	}
	return d.client.inRepo(p.repo, "rulesets", itoa(p.id))
}

// ruleset reads one. Without the right to write it GitHub leaves out who may
// bypass it, which must not look like "nobody".
// https://docs.github.com/rest/repos/rules#get-a-repository-ruleset
func (d *driver) ruleset(ctx context.Context, p rulesetPlace) (ruleset, error) {
	const op = "read ruleset"
	var r ruleset
	if _, err := d.client.get(ctx, op, d.rulesetPath(p), &r.raw); err != nil {
		return r, err
	}
	text, told := r.raw["bypass_actors"]
	if !told {
		return r, lastday.Errorf(lastday.CodeDenied, op, "GitHub does not tell us who may bypass it")
	}
	if json.Unmarshal(text, &r.bypass) != nil || json.Unmarshal(r.raw["name"], &r.name) != nil {
		return r, lastday.Errorf(lastday.CodeInvalid, op, "an answer of another shape")
	}
	return r, nil
}

// readGuards reads which environments and protections name the person, in the
// repositories where the index saw that some do.
func (d *driver) readGuards(ctx context.Context, r *reading) error {
	idx, err := d.index.current(ctx)
	if err != nil {
		return err
	}
	for _, kind := range []string{kindProtection, kindEnvironment} {
		if err := idx.hidden[kind]; err != nil {
			return err
		}
	}
	var where, now []indexedRepo
	for _, repo := range idx.naming(r.who) {
		if n, seen := r.glance.at(repo.name); seen && !n.more {
			now = append(now, n.repo)
			continue
		}
		where = append(where, repo)
	}
	rest, err := d.guardsNow(ctx, where)
	if err != nil {
		return err
	}
	now = append(now, rest...)
	for _, repo := range now {
		d.addGuards(r, repo)
	}
	return nil
}

func (d *driver) addGuards(r *reading, repo indexedRepo) {
	for _, e := range repo.environments {
		if e.names(r.who.id) {
			res := lastday.Resource{ID: itoa(repo.id) + "/" + e.name, Name: repo.name + ": " + e.name, Labels: map[string]string{"repository": repo.name, "environment": e.name}}
			r.add(d.grant(kindEnvironment, res, rungHeld))
		}
	}
	for _, g := range repo.guards {
		switch {
		case !g.names(r.who.id):
		case strings.ContainsAny(g.name, "*?["):
			r.page.Residue = append(r.page.Residue, d.patternResidue(repo.name, g.name))
		default:
			r.add(d.protectionGrant(repo, g.name, g.naming(r.who.id)))
		}
	}
}

// guardBatch is how many repositories one query asks about their guards.
const guardBatch = 20

// guardsNow reads the guards of some repositories afresh.
func (d *driver) guardsNow(ctx context.Context, repos []indexedRepo) ([]indexedRepo, error) {
	if d.cfg.NoGraphQL {
		return d.guardsByREST(ctx, repos)
	}
	var all []indexedRepo
	for batch := range slices.Chunk(repos, guardBatch) {
		now, err := d.guardsByGraph(ctx, batch)
		if err != nil {
			return nil, err
		}
		all = append(all, now...)
	}
	return all, nil
}

// refuseHidden is for reading about a person: what is hidden is a gap.
func refuseHidden(_ string, err error) error { return err }

func (d *driver) guardsByREST(ctx context.Context, repos []indexedRepo) ([]indexedRepo, error) {
	now := slices.Clone(repos)
	for i := range now {
		if err := d.indexOneByREST(ctx, &now[i], refuseHidden); err != nil {
			return nil, err
		}
	}
	return now, nil
}

func (d *driver) guardsByGraph(ctx context.Context, repos []indexedRepo) ([]indexedRepo, error) {
	const op = "read environments and protections"
	query, err := eachByName(op, "$org:String!", repos, "fragment F on Repository{databaseId name "+guardFields(20, 50)+"}")
	if err != nil {
		return nil, err
	}
	var got struct {
		Organization map[string]*graphRepo `json:"organization"`
	}
	err = d.client.query(ctx, op, query, map[string]any{"org": d.cfg.Org}, &got)
	if codeIs(err, lastday.CodeNotFound) {
		return nil, d.outdated(op)
	}
	if err != nil {
		return nil, err
	}
	var now []indexedRepo
	for i, r := range repos {
		g := got.Organization["r"+strconv.Itoa(i)]
		if g == nil || g.DatabaseID != r.id {
			return nil, d.outdated(op)
		}
		repo, more := g.of()
		if more {
			if err := d.indexOneByREST(ctx, &repo, refuseHidden); err != nil {
				return nil, err
			}
		}
		now = append(now, repo)
	}
	return now, nil
}

func (d *driver) protectionGrant(repo indexedRepo, branch string, lists []string) lastday.Grant {
	res := lastday.Resource{ID: itoa(repo.id) + "/" + branch, Name: repo.name + ": " + branch, Labels: map[string]string{"repository": repo.name, "branch": branch}}
	g := d.grant(kindProtection, res, rungHeld)
	g.Details = map[string]string{"lists": strings.Join(lists, " ")}
	return g
}

// patternResidue tells of a protection by pattern: REST reaches protections by
// the name of a branch alone.
func (d *driver) patternResidue(repo, pattern string) lastday.Residue {
	return lastday.Residue{
		System: d.system, Kind: kindProtection, What: repo + ": the protection of " + pattern + " names the person",
		Why:  "protections by pattern cannot be changed by REST; without access to the repository the name does nothing",
		Todo: "take the name out in the repository's settings",
	}
}

// rulesNow is whom a ruleset lets bypass. What the index knows holds if the
// ruleset has not been changed since, which the glance tells; else it is read.
func (d *driver) rulesNow(ctx context.Context, idx *snapshot, r *reading, p rulesetPlace) (toldRules, error) {
	if known, ok := idx.rulesNow(p, r.glance); ok {
		return known, nil
	}
	now, err := d.ruleset(ctx, p)
	if codeIs(err, lastday.CodeNotFound) {
		return toldRules{}, d.outdated("read ruleset")
	}
	return toldRules{name: now.name, users: now.users()}, err
}

func inPlaceOrder(places []rulesetPlace) []rulesetPlace {
	return slices.SortedFunc(slices.Values(places), func(a, b rulesetPlace) int { return cmp.Compare(a.id, b.id) })
}

func (d *driver) readRulesets(ctx context.Context, r *reading) error {
	idx, err := d.index.current(ctx)
	if err != nil {
		return err
	}
	if err := idx.hidden[kindRuleset]; err != nil {
		return err
	}
	for _, p := range inPlaceOrder(idx.rulesets[r.who.id]) {
		now, err := d.rulesNow(ctx, idx, r, p)
		if err != nil {
			return err
		}
		if slices.Contains(now.users, r.who.id) {
			name := now.name
			if p.repo != "" {
				name = p.repo + ": " + name
			}
			r.add(d.grant(kindRuleset, lastday.Resource{ID: itoa(p.id), Name: name, Labels: map[string]string{"repository": p.repo}}, rungHeld))
		}
	}
	return d.unread(idx, kindRuleset)
}

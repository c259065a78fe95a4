package github

import (
	"context"
	"encoding/json"
	"slices"
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

func (p protection) users() []int64 {
	var ids []int64
	for _, l := range p.lists() {
		if l != nil {
			for _, u := range l.Users {
				ids = append(ids, u.ID)
			}
		}
	}
	return ids
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

// readEnvironments reads which environments want the person's review, where the
// index saw that some do.
func (d *driver) readEnvironments(ctx context.Context, r *reading) error {
	return d.eachRepo(ctx, func(repo indexedRepo) error {
		for _, e := range repo.environments {
			if !e.names(r.who.id) {
				continue
			}
			now, err := d.environment(ctx, repo.name, e.name)
			if err != nil {
				return err
			}
			if slices.Contains(now.users(), r.who.id) {
				res := lastday.Resource{ID: itoa(repo.id) + "/" + e.name, Name: repo.name + ": " + e.name, Labels: map[string]string{"repository": repo.name, "environment": e.name}}
				r.add(d.grant(kindEnvironment, res, rungHeld))
			}
		}
		return nil
	})
}

func (d *driver) eachRepo(ctx context.Context, visit func(indexedRepo) error) error {
	idx, err := d.index.current(ctx)
	if err != nil {
		return err
	}
	for _, repo := range idx.repos {
		err := visit(repo)
		if codeIs(err, lastday.CodeNotFound) {
			return d.outdated("read what hangs on a repository")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (d *driver) readProtections(ctx context.Context, r *reading) error {
	return d.eachRepo(ctx, func(repo indexedRepo) error {
		for _, g := range repo.guards {
			if !g.names(r.who.id) {
				continue
			}
			if strings.ContainsAny(g.name, "*?[") {
				r.page.Residue = append(r.page.Residue, d.patternResidue(repo.name, g.name))
				continue
			}
			now, err := d.protection(ctx, repo.name, g.name)
			if err != nil {
				return err
			}
			if lists := now.naming(r.who.id); len(lists) > 0 {
				r.add(d.protectionGrant(repo, g.name, lists))
			}
		}
		return nil
	})
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

func (d *driver) readRulesets(ctx context.Context, r *reading) error {
	idx, err := d.index.current(ctx)
	if err != nil {
		return err
	}
	if err := idx.hidden[kindRuleset]; err != nil {
		return err
	}
	for _, p := range idx.rulesets[r.who.id] {
		now, err := d.ruleset(ctx, p)
		if codeIs(err, lastday.CodeNotFound) {
			return d.outdated("read ruleset")
		}
		if err != nil {
			return err
		}
		if slices.Contains(now.users(), r.who.id) {
			name := now.name
			if p.repo != "" {
				name = p.repo + ": " + name
			}
			r.add(d.grant(kindRuleset, lastday.Resource{ID: itoa(p.id), Name: name, Labels: map[string]string{"repository": p.repo}}, rungHeld))
		}
	}
	return d.unread(idx, kindRuleset)
}

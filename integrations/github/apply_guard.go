package github

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"lastday"
)

func (d *driver) guardMovers() map[string]mover {
	return map[string]mover{
		kindEnvironment: {read: d.readEnvironmentRung, write: d.writeEnvironment},
		kindProtection:  {d.readProtectionRung, d.writeProtection, recallProtection},
		kindRuleset:     {read: d.readRulesetRung, write: d.writeRuleset},
	}
}

// recallProtection serves where only the list of those who may push names the
// person: that one is changed name by name, the others are sent whole.
func recallProtection(j *job, g lastday.Grant) bool {
	j.lists = strings.Fields(g.Details["lists"])
	return slices.Equal(j.lists, []string{listPush})
}

// place is the repository and the environment or branch that a change is about.
func place(j *job, label string) (repo, name string, err error) {
	repo, name = j.resource().Labels["repository"], j.resource().Labels[label]
	if !validRepo(repo) || name == "" {
		return "", "", lastday.Errorf(lastday.CodeInvalid, "apply", "the change names no %s", label)
	}
	return repo, name, nil
}

func heldIf(held bool) string {
	if held {
		return rungHeld
	}
	return lastday.None
}

func (d *driver) readEnvironmentRung(ctx context.Context, j *job) (string, error) {
	repo, name, err := place(j, "environment")
	if err != nil {
		return "", err
	}
	j.environment, err = d.environment(ctx, repo, name)
	return heldIf(slices.Contains(j.environment.users(), j.who.id)), err
}

// writeEnvironment puts the whole environment back with the one reviewer more
// or less. Without any reviewer everybody could deploy: that a person decides.
func (d *driver) writeEnvironment(ctx context.Context, j *job) error {
	repo, name, err := place(j, "environment")
	if err != nil {
		return err
	}
	body := environmentBody(j.environment, j.who.id, j.change.To == rungHeld)
	left, _ := body["reviewers"].([]map[string]any)
	if len(left) == 0 && j.change.Consent == "" {
		return j.refuse("the person is its only reviewer: without one everybody could deploy; name another first")
	}
	a, err := d.client.send(ctx, "PUT environment", http.MethodPut, d.client.inRepo(repo, "environments", name), body, nil)
	j.did(a)
	return err
}

func environmentBody(e environment, id int64, with bool) map[string]any {
	reviewers := []map[string]any{}
	for _, r := range e.reviewers() {
		if r.Type != "User" || r.Reviewer.ID != id {
			reviewers = append(reviewers, map[string]any{"type": r.Type, "id": r.Reviewer.ID})
		}
	}
	if with {
		reviewers = append(reviewers, map[string]any{"type": "User", "id": id})
	}
	body := map[string]any{"reviewers": reviewers, "deployment_branch_policy": e.Policy}
	for _, r := range e.Rules {
		switch r.Type {
		case "wait_timer":
			body["wait_timer"] = r.Wait
		case "required_reviewers":
			body["prevent_self_review"] = r.SelfReview
		}
	}
	return body
}

func (d *driver) readProtectionRung(ctx context.Context, j *job) (string, error) {
	repo, branch, err := place(j, "branch")
	if err != nil {
		return "", err
	}
	j.protection, err = d.protection(ctx, repo, branch)
	j.lists = j.protection.naming(j.who.id)
	return heldIf(len(j.lists) > 0), err
}

func (d *driver) writeProtection(ctx context.Context, j *job) error {
	repo, branch, err := place(j, "branch")
	if err != nil {
		return err
	}
	lists := j.lists
	if j.change.To == rungHeld {
		lists = strings.Fields(j.change.Grant.Details["lists"])
	}
	j.keep("lists", strings.Join(lists, " "))
	if slices.Contains(lists, listPush) {
		if err := d.changePushers(ctx, j, repo, branch); err != nil {
			return err
		}
	}
	if slices.Contains(lists, listDismissal) || slices.Contains(lists, listBypass) {
		return d.changeReviews(ctx, j, repo, branch, lists)
	}
	return nil
}

func (d *driver) changePushers(ctx context.Context, j *job, repo, branch string) error {
	method := http.MethodDelete
	if j.change.To == rungHeld {
		method = http.MethodPost
	}
	where := d.client.inRepo(repo, "branches", branch, "protection", "restrictions", "users")
	a, err := d.client.send(ctx, method+" push restriction", method, where, map[string][]string{"users": {j.who.login}}, nil)
	j.did(a)
	return err
}

// changeReviews sends the lists of people whole, and with them the teams and
// apps, because what is left out of a list is taken away.
// https://docs.github.com/rest/branches/branch-protection#update-pull-request-review-protection
func (d *driver) changeReviews(ctx context.Context, j *job, repo, branch string, lists []string) error {
	body := map[string]any{}
	fields := map[string]string{listDismissal: "dismissal_restrictions", listBypass: "bypass_pull_request_allowances"}
	for name, field := range fields {
		if slices.Contains(lists, name) {
			body[field] = j.protection.lists()[name].with(j.who, j.change.To == rungHeld)
		}
	}
	where := d.client.inRepo(repo, "branches", branch, "protection", "required_pull_request_reviews")
	a, err := d.client.send(ctx, "PATCH review protection", http.MethodPatch, where, body, nil)
	j.did(a)
	return err
}

// with is the lists as a request wants them, with the person or without.
func (l *actorLists) with(w who, in bool) map[string][]string {
	out := map[string][]string{"users": {}, "teams": {}, "apps": {}}
	if l != nil {
		for _, u := range l.Users {
			if u.ID != w.id {
				out["users"] = append(out["users"], u.Login)
			}
		}
		for _, t := range l.Teams {
			out["teams"] = append(out["teams"], t.Slug)
		}
		for _, a := range l.Apps {
			out["apps"] = append(out["apps"], a.Slug)
		}
	}
	if in {
		out["users"] = append(out["users"], w.login)
	}
	return out
}

func rulesetOf(j *job) (rulesetPlace, error) {
	id, err := resourceNumber(j)
	if err != nil {
		return rulesetPlace{}, err
	}
	repo := j.resource().Labels["repository"]
	if repo != "" && !validRepo(repo) {
		return rulesetPlace{}, lastday.Errorf(lastday.CodeInvalid, "apply", "the change names no repository")
	}
	return rulesetPlace{repo: repo, id: number(id)}, nil
}

func (d *driver) readRulesetRung(ctx context.Context, j *job) (string, error) {
	p, err := rulesetOf(j)
	if err != nil {
		return "", err
	}
	j.ruleset, err = d.ruleset(ctx, p)
	return heldIf(slices.Contains(j.ruleset.users(), j.who.id)), err
}

// writeRuleset sends the ruleset back word for word, but for the one actor.
func (d *driver) writeRuleset(ctx context.Context, j *job) error {
	p, err := rulesetOf(j)
	if err != nil {
		return err
	}
	body := map[string]json.RawMessage{}
	for _, field := range []string{"name", "target", "enforcement", "conditions", "rules"} {
		if text, ok := j.ruleset.raw[field]; ok {
			body[field] = text
		}
	}
	if body["bypass_actors"], err = json.Marshal(j.actors(j.ruleset.bypass)); err != nil {
		return lastday.Wrap(lastday.CodeInternal, "PUT ruleset", "encode", err)
	}
	a, err := d.client.send(ctx, "PUT ruleset", http.MethodPut, d.rulesetPath(p), body, nil)
	j.did(a)
	return err
}

// actors is the bypass list without the person, or with them as they were.
func (j *job) actors(now []bypassActor) []bypassActor {
	out := []bypassActor{}
	for _, b := range now {
		if b.is(j.who.id) {
			j.keep("mode", b.Mode)
			continue
		}
		out = append(out, b)
	}
	if j.change.To == rungHeld {
		mode := j.change.Undo["mode"]
		if mode == "" {
			mode = "pull_request" // the lesser of the two
		}
		out = append(out, bypassActor{ID: &j.who.id, Type: "User", Mode: mode})
	}
	return out
}

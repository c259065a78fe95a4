package githubtest

import (
	"encoding/json"
	"net/http"
)

func ruleRoutes() []*route {
	look := onRepo("pull", right{"repo", "metadata", read})
	manage := onRepo("admin", right{"repo", "administration", write})
	actions := onRepo("pull", right{"repo", "actions", read})
	inspectOrg := asOwner(right{"admin:org", "organization_administration", read})
	manageOrg := asOwner(right{"admin:org", "organization_administration", write})
	const repoSets, orgSets, envs = "/repos/{owner}/{repo}/rulesets", "/orgs/{org}/rulesets", "/repos/{owner}/{repo}/environments"
	return []*route{
		{"GET", repoSets, look, listRulesets},
		{"GET", repoSets + "/{ruleset_id}", look, withRuleset(showRuleset)},
		{"PUT", repoSets + "/{ruleset_id}", manage, withRuleset(putRuleset)},
		{"GET", orgSets, inspectOrg, listRulesets},
		{"GET", orgSets + "/{ruleset_id}", inspectOrg, withRuleset(showRuleset)},
		{"PUT", orgSets + "/{ruleset_id}", manageOrg, withRuleset(putRuleset)},
		{"GET", envs, actions, listEnvironments},
		{"GET", envs + "/{environment_name}", actions, getEnvironment},
		{"PUT", envs + "/{environment_name}", manage, putEnvironment},
	}
}

func (c *call) rulesetsHere() map[int64]*ruleset {
	if c.repo != nil {
		return c.repo.Rulesets
	}
	return c.org.Rulesets
}

// rulesetHead is what lists show: neither rules nor bypass actors.
func (c *call) rulesetHead(r *ruleset) obj {
	out := obj{
		"id": r.ID, "name": r.Name, "target": r.Target, "enforcement": r.Enforcement, "node_id": nodeID("RepositoryRuleset", r.ID),
		"source_type": "Organization", "source": c.org.Login, "created_at": stamp(r.Created), "updated_at": stamp(r.Updated),
		"_links": obj{"self": obj{"href": c.place() + "/rulesets/" + itoa(r.ID)}},
	}
	if c.repo != nil {
		out["source_type"], out["source"] = "Repository", c.org.Login+"/"+c.repo.Name
	}
	return out
}

func listRulesets(c *call) *reply {
	items := byID(c.rulesetsHere())
	if c.repo != nil && c.q.Get("includes_parents") != "false" {
		items = append(items, byID(c.org.Rulesets)...)
	}
	return list(c, items, func(r *ruleset) any {
		out := c.rulesetHead(r)
		if c.org.Rulesets[r.ID] != nil {
			out["source_type"], out["source"] = "Organization", c.org.Login
		}
		return out
	})
}

func withRuleset(f func(*call, *ruleset) *reply) handler {
	return func(c *call) *reply {
		r := c.rulesetsHere()[c.number("ruleset_id")]
		if r == nil {
			return notFound()
		}
		return f(c, r)
	}
}

// showRuleset shows bypass actors only to those who may write the ruleset (https://docs.github.com/rest/repos/rules#get-a-repository-ruleset).
func showRuleset(c *call, r *ruleset) *reply {
	out := c.rulesetHead(r)
	out["rules"] = append([]ruleSpec{}, r.Rules...)
	conditions := obj{"ref_name": obj{"include": append([]string{}, r.Include...), "exclude": []string{}}}
	if c.repo == nil {
		conditions["repository_name"] = obj{"include": []string{"~ALL"}, "exclude": []string{}, "protected": true}
	}
	out["conditions"] = conditions
	if c.repo == nil || rank(c.myRole()) >= rank("admin") {
		out["bypass_actors"] = append([]bypassActor{}, r.Bypass...)
		out["current_user_can_bypass"] = "never"
	}
	return ok(out)
}

// putRuleset changes the members that are given and leaves the others.
func putRuleset(c *call, r *ruleset) *reply {
	var in struct {
		Name        *string
		Target      *string
		Enforcement *string
		Bypass      *[]bypassActor `json:"bypass_actors"`
		Rules       *[]ruleSpec
		Conditions  *struct {
			Ref struct{ Include []string } `json:"ref_name"`
		}
	}
	if err := json.Unmarshal(orObject(c.body), &in); err != nil {
		return failure(http.StatusBadRequest, "Problems parsing JSON")
	}
	set(&r.Name, in.Name)
	set(&r.Target, in.Target)
	set(&r.Enforcement, in.Enforcement)
	set(&r.Bypass, in.Bypass)
	set(&r.Rules, in.Rules)
	if in.Conditions != nil {
		r.Include = in.Conditions.Ref.Include
	}
	r.Updated = c.now
	return showRuleset(c, r)
}

func orObject(body []byte) []byte {
	if len(body) == 0 {
		return []byte("{}")
	}
	return body
}

func (c *call) environmentObject(e *environment) any {
	rules := []any{}
	if e.Wait > 0 {
		rules = append(rules, obj{"id": e.ID*10 + 1, "node_id": nodeID("GateRule", e.ID*10+1), "type": "wait_timer", "wait_timer": e.Wait})
	}
	if len(e.Reviewers) > 0 {
		rules = append(rules, c.reviewRule(e))
	}
	if e.Policy != nil {
		rules = append(rules, obj{"id": e.ID*10 + 3, "node_id": nodeID("GateRule", e.ID*10+3), "type": "branch_policy"})
	}
	at := c.place() + "/environments/" + e.Name
	out := obj{
		"id": e.ID, "node_id": nodeID("Environment", e.ID), "name": e.Name, "url": at, "html_url": c.web + "/" + c.org.Login + "/" + c.repo.Name + "/deployments/activity_log?environments_filter=" + e.Name,
		"created_at": stamp(e.Created), "updated_at": stamp(e.Updated), "protection_rules": rules, "deployment_branch_policy": nil,
	}
	if e.Policy != nil {
		out["deployment_branch_policy"] = e.Policy
	}
	return out
}

func (c *call) reviewRule(e *environment) obj {
	reviewers := []any{}
	for _, v := range e.Reviewers {
		one := obj{"type": v.Type}
		if v.Type == "User" {
			one["reviewer"] = c.simpleUser(v.ID)
		} else if t := c.org.Teams[v.ID]; t != nil {
			one["reviewer"] = c.teamWithParent(c.org, t)
		}
		reviewers = append(reviewers, one)
	}
	return obj{
		"id": e.ID*10 + 2, "node_id": nodeID("GateRule", e.ID*10+2), "type": "required_reviewers", "prevent_self_review": e.SelfReview,
		"reviewers": reviewers,
	}
}

func listEnvironments(c *call) *reply {
	return listIn(c, "environments", nil, c.repo.Environments, c.environmentObject)
}

func (c *call) environment() *environment {
	for _, e := range c.repo.Environments {
		if e.Name == c.vars["environment_name"] {
			return e
		}
	}
	return nil
}

func getEnvironment(c *call) *reply {
	if e := c.environment(); e != nil {
		return ok(c.environmentObject(e))
	}
	return notFound()
}

// putEnvironment replaces everything: what is not given is gone
// (https://docs.github.com/rest/deployments/environments#create-or-update-an-environment).
func putEnvironment(c *call) *reply {
	var in struct {
		Wait       int           `json:"wait_timer"`
		SelfReview bool          `json:"prevent_self_review"`
		Reviewers  []reviewer    `json:"reviewers"`
		Policy     *branchPolicy `json:"deployment_branch_policy"`
	}
	if out := c.decode(&in); out != nil {
		return out
	}
	if len(in.Reviewers) > 6 {
		return failure(http.StatusUnprocessableEntity, "An environment has at most six reviewers.")
	}
	e := c.environment()
	if e == nil {
		e = &environment{ID: c.w.next(), Name: c.vars["environment_name"], Created: c.now}
		c.repo.Environments = append(c.repo.Environments, e)
	}
	e.Wait, e.SelfReview, e.Reviewers, e.Policy, e.Updated = in.Wait, in.SelfReview, in.Reviewers, in.Policy, c.now
	return ok(c.environmentObject(e))
}

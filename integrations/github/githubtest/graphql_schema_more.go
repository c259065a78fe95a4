package githubtest

import (
	"maps"
	"strings"
)

func (b schemaBuilder) team() {
	of := func(get func(teamRef) any) *gqlField { return field(func(v any) any { return get(v.(teamRef)) }) }
	t := b.object("Team", map[string]*gqlField{
		"id": of(func(t teamRef) any { return nodeID("Team", t.t.ID) }), "databaseId": of(func(t teamRef) any { return t.t.ID }),
		"slug": of(func(t teamRef) any { return t.t.Slug }), "name": of(func(t teamRef) any { return t.t.Name }),
		"combinedSlug": of(func(t teamRef) any { return t.o.Login + "/" + t.t.Slug }),
		"privacy":      of(func(t teamRef) any { return map[bool]string{true: "SECRET", false: "VISIBLE"}[t.t.Secret] }),
		"organization": one("Organization", nil, func(_ *execution, v any, _ gqlArgs) (any, *gqlError) {
			return thing{"Organization", v.(teamRef).o}, nil
		}),
		"parentTeam": one("Team", nil, func(_ *execution, v any, _ gqlArgs) (any, *gqlError) {
			if p := v.(teamRef).o.Teams[v.(teamRef).t.Parent]; p != nil {
				return thing{"Team", teamRef{v.(teamRef).o, p}}, nil
			}
			return nil, nil
		}),
	})
	b.conn(t, "members", "TeamMember", "User", []string{"query", "membership", "role", "orderBy"}, []string{"role"}, teamMembers)
	b.conn(t, "repositories", "TeamRepository", "Repository", []string{"query", "orderBy"}, []string{"permission"}, teamRepositories)
	b.conn(t, "childTeams", "Team", "Team", []string{"orderBy", "userLogins", "immediateOnly"}, nil, childTeams)
}

func teamMembers(x *execution, v any, a gqlArgs) ([]edge, *gqlError) {
	t := v.(teamRef)
	var ids []int64
	for _, id := range t.o.teamMembers(t.t) {
		role, from := t.o.teamRole(t.t, id)
		kind := a.text("membership")
		if kind == "IMMEDIATE" && from != nil || kind == "CHILD_TEAM" && from == nil {
			continue
		}
		if q := strings.ToLower(a.text("query")); q != "" && !strings.HasPrefix(strings.ToLower(x.c.login(id)), q) {
			continue
		}
		if want := a.text("role"); want == "" || strings.EqualFold(want, role) {
			ids = append(ids, id)
		}
	}
	return x.people(ids, func(id int64) map[string]any {
		role, _ := t.o.teamRole(t.t, id)
		return map[string]any{"role": strings.ToUpper(role)}
	}), nil
}

func teamRepositories(x *execution, v any, _ gqlArgs) ([]edge, *gqlError) {
	t := v.(teamRef)
	roles := t.o.teamRepos(t.t)
	var out []edge
	for _, id := range sortedKeys(roles) {
		if r := t.o.Repos[id]; r != nil && x.sees(t.o, r) {
			out = append(out, edge{thing{"Repository", repoRef{t.o, r}}, map[string]any{"permission": shout(t.o, roles[id])}})
		}
	}
	return out, nil
}

// shout is the role as the enumeration of GraphQL, which knows no custom roles.
func shout(o *org, role string) string { return strings.ToUpper(o.base(role)) }

func childTeams(_ *execution, v any, a gqlArgs) ([]edge, *gqlError) {
	t := v.(teamRef)
	immediate, said := a["immediateOnly"].(bool)
	var out []edge
	for _, d := range t.o.descendants(t.t)[1:] {
		if d.Parent == t.t.ID || said && !immediate {
			out = append(out, edge{node: thing{"Team", teamRef{t.o, d}}})
		}
	}
	return out, nil
}

func (b schemaBuilder) repository() {
	of := func(get func(repoRef) any) *gqlField { return field(func(v any) any { return get(v.(repoRef)) }) }
	t := b.object("Repository", map[string]*gqlField{
		"id": of(func(r repoRef) any { return nodeID("Repository", r.r.ID) }), "databaseId": of(func(r repoRef) any { return r.r.ID }),
		"name": of(func(r repoRef) any { return r.r.Name }), "nameWithOwner": of(func(r repoRef) any { return r.o.Login + "/" + r.r.Name }),
		"isPrivate": of(func(r repoRef) any { return r.r.Visibility != "public" }), "isArchived": of(func(r repoRef) any { return r.r.Archived }),
		"visibility": of(func(r repoRef) any { return strings.ToUpper(r.r.Visibility) }), "isFork": of(func(repoRef) any { return false }),
		"isInOrganization": of(func(repoRef) any { return true }),
		"owner": one("RepositoryOwner", nil, func(_ *execution, v any, _ gqlArgs) (any, *gqlError) {
			return thing{"Organization", v.(repoRef).o}, nil
		}),
	})
	b.conn(t, "collaborators", "RepositoryCollaborator", "User", []string{"affiliation", "login", "query"}, []string{"permission"}, repoCollaborators)
	t.fields["collaborators"].strict = false // nullable, for those who may not see them
	b.conn(t, "deployKeys", "DeployKey", "DeployKey", nil, nil, deployKeys)
	key := func(get func(*deployKey) any) *gqlField { return field(func(v any) any { return get(v.(*deployKey)) }) }
	b.object("DeployKey", map[string]*gqlField{
		"id": key(func(k *deployKey) any { return nodeID("DeployKey", k.ID) }), "title": key(func(k *deployKey) any { return k.Title }),
		"key": key(func(k *deployKey) any { return k.Key }), "readOnly": key(func(k *deployKey) any { return k.ReadOnly }),
		"verified": key(func(*deployKey) any { return true }), "createdAt": key(func(k *deployKey) any { return stamp(k.Created) }),
	})
}

// atLeast asks for a role on the repository.
func (x *execution) atLeast(r repoRef, role string) *gqlError {
	if rank(x.role(r.o, r.r)) >= rank(role) {
		return nil
	}
	return &gqlError{Type: "FORBIDDEN", Message: "You do not have permission to view repository collaborators."}
}

func repoCollaborators(x *execution, v any, a gqlArgs) ([]edge, *gqlError) {
	r := v.(repoRef)
	if e := x.atLeast(r, "push"); e != nil {
		return nil, e
	}
	c := *x.c
	c.org, c.repo = r.o, r.r
	affiliation := strings.ToLower(a.text("affiliation"))
	var ids []int64
	for _, id := range c.reach(affiliation) {
		_, direct := r.r.Collaborators[id]
		if affiliation == "direct" && !direct || affiliation == "outside" && (!direct || c.w.belongs(r.o, id)) {
			continue
		}
		if login := a.text("login"); login == "" || strings.EqualFold(login, c.login(id)) {
			ids = append(ids, id)
		}
	}
	return x.people(ids, func(id int64) map[string]any {
		return map[string]any{"permission": shout(r.o, c.roleShown(id, affiliation)), "permissionSources": c.w.sourcesOf(r, id)}
	}), nil
}

func deployKeys(x *execution, v any, _ gqlArgs) ([]edge, *gqlError) {
	r := v.(repoRef)
	if e := x.atLeast(r, "admin"); e != nil {
		return nil, e
	}
	var out []edge
	for _, k := range byID(r.r.Keys) {
		out = append(out, edge{node: thing{"DeployKey", k}})
	}
	return out, nil
}

// guardRef is the protection of a branch with where it is.
type guardRef struct {
	repoRef
	p *protection
}

// allowance is one actor on a list of a protected branch.
type allowance struct {
	who thing
	id  string
}

func (b schemaBuilder) protection() {
	b.conn(b["Repository"], "branchProtectionRules", "BranchProtectionRule", "BranchProtectionRule", nil, nil, branchRules)
	of := func(get func(*protection) any) *gqlField {
		return field(func(v any) any { return get(v.(guardRef).p) })
	}
	t := b.object("BranchProtectionRule", map[string]*gqlField{
		"id":      field(func(v any) any { return nodeID("BranchProtectionRule", v.(guardRef).r.ID) + v.(guardRef).p.Branch }),
		"pattern": of(func(p *protection) any { return p.Branch }), "restrictsPushes": of(func(p *protection) any { return p.Restricts }),
		"requiresApprovingReviews": of(func(p *protection) any { return p.Reviews }), "restrictsReviewDismissals": of(func(p *protection) any { return p.Dismisses }),
	})
	b.allowances(t, "pushAllowances", "PushAllowance", "PushAllowanceActor", func(p *protection) actors { return p.Push })
	b.allowances(t, "reviewDismissalAllowances", "ReviewDismissalAllowance", "ReviewDismissalAllowanceActor", func(p *protection) actors { return p.Dismissal })
	b.allowances(t, "bypassPullRequestAllowances", "BypassPullRequestAllowance", "BranchActorAllowanceActor", func(p *protection) actors { return p.Bypass })
}

func branchRules(x *execution, v any, _ gqlArgs) ([]edge, *gqlError) {
	r := v.(repoRef)
	if e := x.atLeast(r, "admin"); e != nil {
		return nil, e
	}
	var out []edge
	for _, name := range sortedNames(r.r.Protections) {
		out = append(out, edge{node: thing{"BranchProtectionRule", guardRef{r, r.r.Protections[name]}}})
	}
	return out, nil
}

func (b schemaBuilder) allowances(t *gqlType, name, typ, actor string, of func(*protection) actors) {
	b.union(actor, "App", "Team", "User")
	b.object(typ, map[string]*gqlField{
		"id":    field(func(v any) any { return v.(allowance).id }),
		"actor": one(actor, nil, func(_ *execution, v any, _ gqlArgs) (any, *gqlError) { return v.(allowance).who, nil }),
	})
	b.conn(t, name, typ, typ, nil, nil, func(x *execution, v any, _ gqlArgs) ([]edge, *gqlError) {
		g := v.(guardRef)
		var out []edge
		for _, who := range x.actors(g.o, of(g.p)) {
			out = append(out, edge{node: thing{typ, allowance{who, nodeID(typ, int64(len(out)))}}})
		}
		return out, nil
	})
}

func (x *execution) actors(o *org, a actors) []thing {
	var out []thing
	for _, id := range a.Users {
		if u := x.c.w.Users[id]; u != nil {
			out = append(out, thing{"User", u})
		}
	}
	for _, id := range a.Teams {
		if t := o.Teams[id]; t != nil {
			out = append(out, thing{"Team", teamRef{o, t}})
		}
	}
	return out
}

// envRef is an environment with where it is.
type envRef struct {
	repoRef
	e *environment
}

func (b schemaBuilder) environments() {
	b.conn(b["Repository"], "environments", "Environment", "Environment", []string{"names", "orderBy"}, nil, func(_ *execution, v any, _ gqlArgs) ([]edge, *gqlError) {
		var out []edge
		for _, e := range v.(repoRef).r.Environments {
			out = append(out, edge{node: thing{"Environment", envRef{v.(repoRef), e}}})
		}
		return out, nil
	})
	of := func(get func(*environment) any) *gqlField { return field(func(v any) any { return get(v.(envRef).e) }) }
	env := b.object("Environment", map[string]*gqlField{
		"id": of(func(e *environment) any { return nodeID("Environment", e.ID) }), "databaseId": of(func(e *environment) any { return e.ID }),
		"name": of(func(e *environment) any { return e.Name }),
	})
	b.conn(env, "protectionRules", "DeploymentProtectionRule", "DeploymentProtectionRule", nil, nil, func(_ *execution, v any, _ gqlArgs) ([]edge, *gqlError) {
		if len(v.(envRef).e.Reviewers) == 0 {
			return nil, nil
		}
		return []edge{{node: thing{"DeploymentProtectionRule", v}}}, nil
	})
	rule := b.object("DeploymentProtectionRule", map[string]*gqlField{
		"databaseId": of(func(e *environment) any { return e.ID*10 + 2 }), "type": of(func(*environment) any { return "REQUIRED_REVIEWERS" }),
		"timeout": of(func(e *environment) any { return e.Wait }), "preventSelfReview": of(func(e *environment) any { return e.SelfReview }),
	})
	b.union("DeploymentReviewer", "Team", "User")
	b.conn(rule, "reviewers", "DeploymentReviewer", "DeploymentReviewer", nil, nil, func(x *execution, v any, _ gqlArgs) ([]edge, *gqlError) {
		var out []edge
		for _, r := range v.(envRef).e.Reviewers {
			a := actors{Teams: []int64{r.ID}}
			if r.Type == "User" {
				a = actors{Users: []int64{r.ID}}
			}
			for _, who := range x.actors(v.(envRef).o, a) {
				out = append(out, edge{node: who})
			}
		}
		return out, nil
	})
}

// rulesets leaves out the actors of type User: the union BypassActor of the published schema knows apps and teams only.
func (b schemaBuilder) rulesets() {
	b.object("App", map[string]*gqlField{
		"id": field(func(v any) any { return nodeID("App", v.(*app).ID) }), "databaseId": field(func(v any) any { return v.(*app).ID }),
		"slug": field(func(v any) any { return v.(*app).Slug }), "name": field(func(v any) any { return v.(*app).Name }),
	})
	of := func(get func(*ruleset) any) *gqlField { return field(func(v any) any { return get(v.(*ruleset)) }) }
	b.object("RepositoryRuleset", map[string]*gqlField{
		"id": of(func(r *ruleset) any { return nodeID("RepositoryRuleset", r.ID) }), "databaseId": of(func(r *ruleset) any { return r.ID }),
		"name": of(func(r *ruleset) any { return r.Name }), "target": of(func(r *ruleset) any { return strings.ToUpper(r.Target) }),
		"enforcement": of(func(r *ruleset) any { return strings.ToUpper(r.Enforcement) }),
	})
	listed := func(sets map[int64]*ruleset) []edge {
		var out []edge
		for _, r := range byID(sets) {
			out = append(out, edge{node: thing{"RepositoryRuleset", r}})
		}
		return out
	}
	b.conn(b["Repository"], "rulesets", "RepositoryRuleset", "RepositoryRuleset", []string{"includeParents"}, nil, func(_ *execution, v any, a gqlArgs) ([]edge, *gqlError) {
		all := maps.Clone(v.(repoRef).r.Rulesets)
		if with, said := a["includeParents"].(bool); with || !said {
			maps.Copy(all, v.(repoRef).o.Rulesets)
		}
		return listed(all), nil
	})
	b.conn(b["Organization"], "rulesets", "RepositoryRuleset", "RepositoryRuleset", []string{"includeParents"}, nil, func(_ *execution, v any, _ gqlArgs) ([]edge, *gqlError) {
		return listed(v.(*org).Rulesets), nil
	})
}

func (b schemaBuilder) identities() {
	b["Organization"].fields["samlIdentityProvider"] = one("OrganizationIdentityProvider", nil, func(x *execution, v any, _ gqlArgs) (any, *gqlError) {
		o := v.(*org)
		if o.SAML == samlOff || !x.c.mayManage(o) {
			return nil, nil
		}
		return thing{"OrganizationIdentityProvider", o}, nil
	})
	idp := b.object("OrganizationIdentityProvider", map[string]*gqlField{
		"id":     field(func(v any) any { return nodeID("OrganizationIdentityProvider", v.(*org).ID) }),
		"ssoUrl": field(func(any) any { return "https://idp.example.com/sso" }),
	})
	b.conn(idp, "externalIdentities", "ExternalIdentity", "ExternalIdentity", []string{"membersOnly", "login", "userName"}, nil, externalIdentities)
	b.object("ExternalIdentity", map[string]*gqlField{
		"id": field(func(v any) any { return nodeID("ExternalIdentity", v.(*scimUser).User) }), "guid": field(func(v any) any { return v.(*scimUser).ID }),
		"user": one("User", nil, func(x *execution, v any, _ gqlArgs) (any, *gqlError) {
			if u := x.c.w.Users[v.(*scimUser).User]; u != nil {
				return thing{"User", u}, nil
			}
			return nil, nil
		}),
		"samlIdentity": one("ExternalIdentitySamlAttributes", nil, func(_ *execution, v any, _ gqlArgs) (any, *gqlError) {
			return thing{"ExternalIdentitySamlAttributes", v}, nil
		}),
	})
	b.object("ExternalIdentitySamlAttributes", map[string]*gqlField{
		"nameId": field(func(v any) any { return v.(*scimUser).Email }), "username": field(func(v any) any { return v.(*scimUser).UserName }),
		"givenName": field(func(v any) any { return v.(*scimUser).Given }), "familyName": field(func(v any) any { return v.(*scimUser).Family }),
	})
}

func externalIdentities(x *execution, v any, a gqlArgs) ([]edge, *gqlError) {
	return identityEdges(x, v.(*org).SCIM, a), nil
}

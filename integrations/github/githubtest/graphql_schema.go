package githubtest

import (
	"slices"
	"strings"
	"time"
)

// schemaBuilder collects types; the names are those of GitHub's published schema.
type schemaBuilder map[string]*gqlType

func (b schemaBuilder) add(types ...*gqlType) {
	for _, t := range types {
		b[t.name] = t
	}
}

func (b schemaBuilder) object(name string, fields map[string]*gqlField) *gqlType {
	t := &gqlType{name: name, fields: fields}
	b[name] = t
	return t
}

func (b schemaBuilder) union(name string, of ...string) {
	b[name] = &gqlType{name: name, union: true, of: of, fields: map[string]*gqlField{}}
}

// conn adds a connection field to a type, with its connection and edge types.
func (b schemaBuilder) conn(t *gqlType, name, prefix, node string, args, extra []string, resolve func(*execution, any, gqlArgs) ([]edge, *gqlError)) {
	f, types := namedConnection(prefix+"Connection", prefix+"Edge", node, args, extra, resolve)
	t.fields[name] = f
	b.add(types...)
}

func one(typ string, args []string, resolve func(*execution, any, gqlArgs) (any, *gqlError)) *gqlField {
	return &gqlField{typ: typ, args: args, resolve: resolve}
}

// orgRef, teamRef and repoRef carry a value together with its organization.
type teamRef struct {
	o *org
	t *team
}

type repoRef struct {
	o *org
	r *repo
}

// publishedSchema is the part of GitHub's schema that is served.
func publishedSchema() map[string]*gqlType {
	b := schemaBuilder{}
	b.add(pageInfo())
	b.query()
	b.user()
	b.organization()
	b.team()
	b.repository()
	b.protection()
	b.environments()
	b.rulesets()
	b.identities()
	b.extras()
	b["RepositoryOwner"] = &gqlType{name: "RepositoryOwner", of: []string{"Organization", "User"}, fields: map[string]*gqlField{
		"id": b["Organization"].fields["id"], "login": b["Organization"].fields["login"],
	}}
	return b
}

func missingThing(kind, name string) *gqlError {
	return &gqlError{Type: "NOT_FOUND", Message: "Could not resolve to " + kind + " with the name '" + name + "'."}
}

func (b schemaBuilder) query() {
	b.object("Query", map[string]*gqlField{
		"viewer": one("User", nil, func(x *execution, _ any, _ gqlArgs) (any, *gqlError) {
			if x.c.who.user == nil {
				return nil, &gqlError{Type: "FORBIDDEN", Message: "Resource not accessible by integration"}
			}
			return thing{"User", x.c.who.user}, nil
		}),
		"user": one("User", []string{"login"}, func(x *execution, _ any, a gqlArgs) (any, *gqlError) {
			if u := x.c.w.userByLogin(a.text("login")); u != nil {
				return thing{"User", u}, nil
			}
			return nil, missingThing("a User", a.text("login"))
		}),
		"organization": one("Organization", []string{"login"}, queryOrganization),
		"repository":   one("Repository", []string{"owner", "name", "followRenames"}, queryRepository),
		"rateLimit": one("RateLimit", []string{"dryRun"}, func(x *execution, _ any, _ gqlArgs) (any, *gqlError) {
			return thing{"RateLimit", x}, nil
		}),
	})
	used := func(x *execution) *window { return x.c.srv.window(x.c.who.key+"/graphql", x.c.now) }
	of := func(get func(*execution) any) *gqlField { return field(func(v any) any { return get(v.(*execution)) }) }
	b.object("RateLimit", map[string]*gqlField{
		"cost":      of(func(x *execution) any { return x.cost }),
		"nodeCount": of(func(x *execution) any { return x.nodes }),
		"limit":     of(func(x *execution) any { return x.c.srv.opts.GraphQLPoints }),
		"used":      of(func(x *execution) any { return used(x).Used }),
		"remaining": of(func(x *execution) any { return max(0, x.c.srv.opts.GraphQLPoints-used(x).Used) }),
		"resetAt":   of(func(x *execution) any { return stamp(used(x).Began.Add(time.Hour)) }),
	})
}

// queryOrganization hides the organization from tokens without single sign-on, and says so.
func queryOrganization(x *execution, _ any, a gqlArgs) (any, *gqlError) {
	o := x.c.w.org(a.text("login"))
	if o == nil {
		return nil, &gqlError{Type: "NOT_FOUND", Message: "Could not resolve to an Organization with the login of '" + a.text("login") + "'."}
	}
	if e := x.sso(o); e != nil {
		return nil, e
	}
	return thing{"Organization", o}, nil
}

func (x *execution) sso(o *org) *gqlError {
	who := x.c.who
	if o.SAML == samlOff || who.kind != classicPAT || who.token.SSO[o.Login] {
		return nil
	}
	return &gqlError{
		Type: "FORBIDDEN", Extensions: map[string]any{"saml_failure": true},
		Message: "Resource protected by organization SAML enforcement. You must grant your Personal Access token access to this organization.",
	}
}

func queryRepository(x *execution, _ any, a gqlArgs) (any, *gqlError) {
	full := a.text("owner") + "/" + a.text("name")
	if o := x.c.w.org(a.text("owner")); o != nil {
		if e := x.sso(o); e != nil {
			return nil, e
		}
		if r := o.repoByName(a.text("name")); r != nil && x.sees(o, r) {
			return thing{"Repository", repoRef{o, r}}, nil
		}
	}
	return nil, &gqlError{Type: "NOT_FOUND", Message: "Could not resolve to a Repository with the name '" + full + "'."}
}

func (x *execution) role(o *org, r *repo) string {
	c := *x.c
	c.org, c.repo = o, r
	return c.myRole()
}

func (x *execution) sees(o *org, r *repo) bool { return rank(x.role(o, r)) > 0 }

// needs asks for scope or permission, and for membership where concealed things are shown.
func (x *execution) needs(o *org, n right) *gqlError {
	c := *x.c
	c.org = o
	if c.granted(n) != nil {
		if c.who.kind == classicPAT {
			return &gqlError{Type: "INSUFFICIENT_SCOPES", Message: "Your token has not been granted the required scopes to execute this query. The field requires one of the following scopes: ['" + n.scope + "']."}
		}
		return &gqlError{Type: "FORBIDDEN", Message: "Resource not accessible by integration"}
	}
	if c.who.user != nil && !c.w.belongs(o, c.who.user.ID) {
		return &gqlError{Type: "FORBIDDEN", Message: "You must be a member of the organization."}
	}
	return nil
}

func (b schemaBuilder) user() {
	of := func(get func(*user) any) *gqlField { return field(func(v any) any { return get(v.(*user)) }) }
	b.object("User", map[string]*gqlField{
		"id": of(func(u *user) any { return nodeID("User", u.ID) }), "databaseId": of(func(u *user) any { return u.ID }),
		"login": of(func(u *user) any { return u.Login }), "name": of(func(u *user) any { return orNull(u.Name) }),
		"email": of(func(u *user) any { return u.Email }), "isSiteAdmin": of(func(u *user) any { return u.SiteAdmin }),
	})
}

func (x *execution) people(ids []int64, extra func(int64) map[string]any) []edge {
	var out []edge
	for _, id := range ids {
		u := x.c.w.Users[id]
		if u == nil {
			continue
		}
		e := edge{node: thing{"User", u}}
		if extra != nil {
			e.extra = extra(id)
		}
		out = append(out, e)
	}
	return out
}

func (b schemaBuilder) organization() {
	of := func(get func(*org) any) *gqlField { return field(func(v any) any { return get(v.(*org)) }) }
	t := b.object("Organization", map[string]*gqlField{
		"id": of(func(o *org) any { return nodeID("Organization", o.ID) }), "databaseId": of(func(o *org) any { return o.ID }),
		"login": of(func(o *org) any { return o.Login }), "name": of(func(o *org) any { return o.Name }),
		"viewerCanAdminister": {resolve: func(x *execution, v any, _ gqlArgs) (any, *gqlError) { return x.c.mayManage(v.(*org)), nil }},
		"team": one("Team", []string{"slug"}, func(x *execution, v any, a gqlArgs) (any, *gqlError) {
			if found := v.(*org).teamBySlug(a.text("slug")); found != nil {
				return thing{"Team", teamRef{v.(*org), found}}, nil
			}
			return nil, nil
		}),
		"repository": one("Repository", []string{"name", "followRenames"}, func(x *execution, v any, a gqlArgs) (any, *gqlError) {
			return queryRepository(x, nil, gqlArgs{"owner": v.(*org).Login, "name": a.text("name")})
		}),
	})
	b.conn(t, "membersWithRole", "OrganizationMember", "User", nil, []string{"role", "hasTwoFactorEnabled"}, orgMembers)
	b.conn(t, "pendingMembers", "User", "User", nil, nil, pendingMembers)
	b.conn(t, "teams", "Team", "Team", []string{"privacy", "role", "query", "userLogins", "orderBy", "rootTeamsOnly"}, nil, orgTeams)
	b.conn(t, "repositories", "Repository", "Repository", []string{"privacy", "visibility", "orderBy", "isArchived", "isFork"}, nil, orgRepositories)
}

func orgMembers(x *execution, v any, _ gqlArgs) ([]edge, *gqlError) {
	o := v.(*org)
	if e := x.needs(o, right{"read:org", "members", read}); e != nil {
		return nil, e
	}
	ids := slices.DeleteFunc(x.c.w.memberIDs(o), func(id int64) bool { return x.c.w.standing(o, id).Role == "billing_manager" })
	return x.people(ids, func(id int64) map[string]any {
		return map[string]any{"role": strings.ToUpper(x.c.w.standing(o, id).Role), "hasTwoFactorEnabled": true}
	}), nil
}

func pendingMembers(x *execution, v any, _ gqlArgs) ([]edge, *gqlError) {
	o := v.(*org)
	if e := x.needs(o, right{"admin:org", "members", read}); e != nil {
		return nil, e
	}
	var ids []int64
	for _, i := range byID(o.Invitations) {
		if i.FailedAt.IsZero() {
			ids = append(ids, i.User)
		}
	}
	return x.people(ids, nil), nil
}

// orgTeams knows userLogins: teams that any of the people is in, those by child teams included.
func orgTeams(x *execution, v any, a gqlArgs) ([]edge, *gqlError) {
	o := v.(*org)
	if e := x.needs(o, right{"read:org", "members", read}); e != nil {
		return nil, e
	}
	c := *x.c
	c.org = o
	var ids []int64
	for _, l := range a.texts("userLogins") {
		if u := c.w.userByLogin(l); u != nil {
			ids = append(ids, u.ID)
		}
	}
	var out []edge
	for _, t := range byID(o.Teams) {
		if !c.seesTeam(t) || a.yes("rootTeamsOnly") && t.Parent != 0 || !privacyMatches(t, a.text("privacy")) {
			continue
		}
		if a["userLogins"] == nil || o.anyIn(t, ids) {
			out = append(out, edge{node: thing{"Team", teamRef{o, t}}})
		}
	}
	return out, nil
}

func privacyMatches(t *team, privacy string) bool {
	return privacy == "" || (privacy == "SECRET") == t.Secret
}

func (o *org) anyIn(t *team, ids []int64) bool {
	return slices.ContainsFunc(ids, func(id int64) bool { role, _ := o.teamRole(t, id); return role != "" })
}

func orgRepositories(x *execution, v any, a gqlArgs) ([]edge, *gqlError) {
	o := v.(*org)
	var out []edge
	for _, r := range byID(o.Repos) {
		want := strings.ToLower(first(a.text("visibility"), a.text("privacy")))
		if !x.sees(o, r) || want != "" && want != r.Visibility || a.yes("isFork") {
			continue
		}
		if archived, asked := a["isArchived"].(bool); asked && archived != r.Archived {
			continue
		}
		out = append(out, edge{node: thing{"Repository", repoRef{o, r}}})
	}
	return out, nil
}

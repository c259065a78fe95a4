package githubtest

import (
	"maps"
	"slices"
	"strings"
)

// extras are fields that lead across the schema: to files, to where a permission comes from, to verified addresses and
// to the enterprise.
func (b schemaBuilder) extras() {
	b.files()
	b.permissionSources()
	b.enterprise()
	b.belonging()
	b["RepositoryRuleset"].fields["updatedAt"] = field(func(v any) any { return stamp(v.(*ruleset).Updated) })
	b["User"].fields["organizationVerifiedDomainEmails"] = &gqlField{args: []string{"login"}, resolve: func(x *execution, v any, a gqlArgs) (any, *gqlError) {
		if o := x.c.w.org(a.text("login")); o == nil || !x.c.mayManage(o) {
			return []string{}, nil
		}
		return append([]string{}, v.(*user).Verified...), nil
	}}
}

// fileRef is a text file on the default branch.
type fileRef struct {
	repoRef
	text string
}

// files knows expressions of the form HEAD:path.
func (b schemaBuilder) files() {
	b["GitObject"] = &gqlType{name: "GitObject", of: []string{"Blob"}, fields: map[string]*gqlField{}}
	b.object("Blob", map[string]*gqlField{
		"text":        field(func(v any) any { return v.(fileRef).text }),
		"isTruncated": field(func(any) any { return false }),
		"byteSize":    field(func(v any) any { return len(v.(fileRef).text) }),
	})
	b["Repository"].fields["object"] = one("GitObject", []string{"expression", "oid"}, func(_ *execution, v any, a gqlArgs) (any, *gqlError) {
		path, isHead := strings.CutPrefix(a.text("expression"), "HEAD:")
		text, has := v.(repoRef).r.Files[path]
		if !isHead || !has {
			return nil, nil
		}
		return thing{"Blob", fileRef{v.(repoRef), text}}, nil
	})
}

// granted is one way in which a person reaches a repository.
type granted struct {
	at   repoRef
	role string
	from thing
}

func (b schemaBuilder) permissionSources() {
	b.union("PermissionGranter", "Organization", "Repository", "Team")
	b.object("PermissionSource", map[string]*gqlField{
		"roleName": field(func(v any) any { return spoken(v.(granted).role) }),
		"permission": field(func(v any) any {
			return map[int]string{5: "ADMIN", 4: "WRITE", 3: "WRITE", 2: "READ", 1: "READ", 0: "NONE"}[rank(v.(granted).at.o.base(v.(granted).role))]
		}),
		"source": one("PermissionGranter", nil, func(_ *execution, v any, _ gqlArgs) (any, *gqlError) { return v.(granted).from, nil }),
		"organization": one("Organization", nil, func(_ *execution, v any, _ gqlArgs) (any, *gqlError) {
			return thing{"Organization", v.(granted).at.o}, nil
		}),
	})
	b["RepositoryCollaboratorEdge"].fields["permissionSources"] = one("PermissionSource", nil, func(_ *execution, v any, _ gqlArgs) (any, *gqlError) {
		return v.(numbered).extra["permissionSources"], nil
	})
}

// sourcesOf tells where a person's permissions on a repository come from.
func (w *world) sourcesOf(r repoRef, id int64) []thing {
	var out []thing
	for _, s := range w.sources(r.o, r.r, id) {
		from := thing{"Organization", r.o}
		if s.Via == "direct" {
			from = thing{"Repository", r}
		}
		if slug, isTeam := strings.CutPrefix(s.Via, "team "); isTeam {
			from = thing{"Team", teamRef{r.o, r.o.teamBySlug(slug)}}
		}
		out = append(out, thing{"PermissionSource", granted{r, s.Role, from}})
	}
	return out
}

// pendingAt is an invitation to a repository.
type pendingAt struct {
	repoRef
	i *invitation
}

func (b schemaBuilder) enterprise() {
	b["Query"].fields["enterprise"] = one("Enterprise", []string{"slug"}, func(x *execution, _ any, a gqlArgs) (any, *gqlError) {
		if e := x.c.w.Enterprises[a.text("slug")]; e != nil {
			return thing{"Enterprise", e}, nil
		}
		return nil, missingThing("an Enterprise", a.text("slug"))
	})
	ent := b.object("Enterprise", map[string]*gqlField{
		"id": field(func(v any) any { return nodeID("Enterprise", v.(*enterprise).ID) }), "slug": field(func(v any) any { return v.(*enterprise).Slug }),
	})
	ent.fields["ownerInfo"] = one("EnterpriseOwnerInfo", nil, func(x *execution, v any, _ gqlArgs) (any, *gqlError) {
		if u := x.c.who.user; u == nil || !v.(*enterprise).Owners[u.ID] {
			return nil, nil
		}
		return thing{"EnterpriseOwnerInfo", v}, nil
	})
	info := b.object("EnterpriseOwnerInfo", map[string]*gqlField{
		"samlIdentityProvider": one("EnterpriseIdentityProvider", nil, func(_ *execution, v any, _ gqlArgs) (any, *gqlError) {
			return thing{"EnterpriseIdentityProvider", v}, nil
		}),
	})
	idp := b.object("EnterpriseIdentityProvider", map[string]*gqlField{"id": field(func(v any) any { return nodeID("EnterpriseIdentityProvider", v.(*enterprise).ID) })})
	f, types := namedConnection("ExternalIdentityConnection", "ExternalIdentityEdge", "ExternalIdentity", []string{"membersOnly", "login", "userName"}, nil, func(x *execution, v any, a gqlArgs) ([]edge, *gqlError) {
		return identityEdges(x, v.(*enterprise).SCIM, a), nil
	})
	idp.fields["externalIdentities"] = f
	b.add(types...)
	b.conn(info, "pendingCollaboratorInvitations", "RepositoryInvitation", "RepositoryInvitation", []string{"query", "orderBy"}, nil, pendingInEnterprise)
	person := func(get func(*invitation) int64) *gqlField {
		return one("User", nil, func(x *execution, v any, _ gqlArgs) (any, *gqlError) {
			if u := x.c.w.Users[get(v.(pendingAt).i)]; u != nil {
				return thing{"User", u}, nil
			}
			return nil, nil
		})
	}
	b.object("RepositoryInvitation", map[string]*gqlField{
		"id": field(func(v any) any { return nodeID("RepositoryInvitation", v.(pendingAt).i.ID) }), "email": field(func(v any) any { return orNull(v.(pendingAt).i.Email) }),
		"permission": field(func(v any) any { return shout(v.(pendingAt).o, v.(pendingAt).i.Role) }),
		"invitee":    person(func(i *invitation) int64 { return i.User }), "inviter": person(func(i *invitation) int64 { return i.Inviter }),
		"repository": one("Repository", nil, func(_ *execution, v any, _ gqlArgs) (any, *gqlError) {
			return thing{"Repository", v.(pendingAt).repoRef}, nil
		}),
	})
}

func pendingInEnterprise(x *execution, v any, _ gqlArgs) ([]edge, *gqlError) {
	var out []edge
	for _, login := range v.(*enterprise).Orgs {
		o := x.c.w.org(login)
		for _, r := range byID(o.Repos) {
			for _, i := range byID(r.Invitations) {
				out = append(out, edge{node: thing{"RepositoryInvitation", pendingAt{repoRef{o, r}, i}}})
			}
		}
	}
	return out, nil
}

// identityEdges filters as GitHub does: userName is the user name or the NameID.
func identityEdges(x *execution, of map[string]*scimUser, a gqlArgs) []edge {
	all := slices.Collect(maps.Values(of))
	slices.SortFunc(all, func(a, b *scimUser) int { return strings.Compare(a.ID, b.ID) })
	var out []edge
	for _, u := range all {
		if l := a.text("login"); l != "" && !strings.EqualFold(l, x.c.login(u.User)) {
			continue
		}
		if n := a.text("userName"); n == "" || strings.EqualFold(n, u.UserName) || strings.EqualFold(n, u.Email) {
			out = append(out, edge{node: thing{"ExternalIdentity", u}})
		}
	}
	return out
}

// belonging knows the organization that a person is in, and a ruleset by its number.
func (b schemaBuilder) belonging() {
	b["User"].fields["organization"] = one("Organization", []string{"login"}, func(x *execution, v any, a gqlArgs) (any, *gqlError) {
		o := x.c.w.org(a.text("login"))
		if o == nil || !x.c.w.belongs(o, v.(*user).ID) || x.needs(o, right{"read:org", "members", read}) != nil {
			return nil, nil
		}
		return thing{"Organization", o}, nil
	})
	b["Organization"].fields["ruleset"] = one("RepositoryRuleset", []string{"databaseId", "includeParents"}, func(_ *execution, v any, a gqlArgs) (any, *gqlError) {
		id, _ := a.count("databaseId")
		if r := v.(*org).Rulesets[int64(id)]; r != nil {
			return thing{"RepositoryRuleset", r}, nil
		}
		return nil, nil
	})
}

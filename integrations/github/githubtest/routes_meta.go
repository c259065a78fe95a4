package githubtest

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

func metaRoutes() []*route {
	return []*route{
		{"GET", "/", nil, root},
		{"GET", "/meta", nil, meta},
		{"GET", "/rate_limit", nil, rateLimit},
		{"GET", "/user", person, func(c *call) *reply { return ok(c.privateUser(c.who.user)) }},
		{"GET", "/user/{account_id}", nil, userByID},
		{"GET", "/users/{username}", nil, func(c *call) *reply { return ok(c.fullUser(c.user)) }},
		{"GET", "/organizations", nil, organizations},
		{"GET", "/user/orgs", person, myOrgs},
		{"GET", "/user/memberships/orgs", person, myMemberships},
		{"PATCH", "/user/memberships/orgs/{org}", person, acceptMembership},
		{"GET", "/user/repository_invitations", person, myRepoInvitations},
		{"PATCH", "/user/repository_invitations/{invitation_id}", person, acceptRepoInvitation},
		{"GET", "/app", asAppItself, func(c *call) *reply { return ok(c.appObject(c.who.app)) }},
		{"GET", "/app/installations", asAppItself, appInstallations},
		{"GET", "/app/installations/{installation_id}", asAppItself, appInstallationByID},
		{"POST", "/app/installations/{installation_id}/access_tokens", asAppItself, newInstallationToken},
		{"PUT", "/app/installations/{installation_id}/suspended", asAppItself, suspendInstallation(true)},
		{"DELETE", "/app/installations/{installation_id}/suspended", asAppItself, suspendInstallation(false)},
		{"GET", "/orgs/{org}/installation", asAppItself, orgInstallation},
		{"GET", "/orgs/{org}/installations", asOwner(right{"admin:org", "organization_administration", read}), orgInstallations},
		{"GET", "/installation/repositories", nil, installationRepos},
		{"PUT", "/users/{username}/suspended", asSiteAdmin, suspendUser},
		{"DELETE", "/users/{username}/suspended", asSiteAdmin, unsuspendUser},
	}
}

// root lists where things are (https://docs.github.com/rest/meta/meta#github-api-root).
func root(c *call) *reply {
	out := obj{}
	for name := range strings.FieldsSeq(`current_user_url=user current_user_authorizations_html_url=settings/connections/applications{/client_id}
		authorizations_url=authorizations code_search_url=search/code{?query} commit_search_url=search/commits{?q} emails_url=user/emails
		emojis_url=emojis events_url=events feeds_url=feeds followers_url=user/followers following_url=user/following{/target}
		gists_url=gists{/gist_id} hub_url=hub issue_search_url=search/issues{?q} issues_url=issues keys_url=user/keys
		label_search_url=search/labels{?q} notifications_url=notifications organization_url=orgs/{org}
		organization_repositories_url=orgs/{org}/repos organization_teams_url=orgs/{org}/teams public_gists_url=gists/public
		rate_limit_url=rate_limit repository_url=repos/{owner}/{repo} repository_search_url=search/repositories{?q}
		current_user_repositories_url=user/repos starred_url=user/starred{/owner}{/repo} starred_gists_url=gists/starred
		user_url=users/{user} user_organizations_url=user/orgs user_repositories_url=users/{user}/repos user_search_url=search/users{?q}`) {
		key, path, _ := strings.Cut(name, "=")
		out[key] = c.base + "/" + path
	}
	return ok(out)
}

func meta(c *call) *reply {
	out := obj{"verifiable_password_authentication": false}
	if v := c.srv.opts.EnterpriseVersion; v != "" {
		out["installed_version"] = v
	}
	return ok(out)
}

func rateLimit(c *call) *reply {
	pool := func(name string, limit int) obj {
		w := c.srv.window(c.who.key+"/"+name, c.now)
		return obj{"limit": limit, "used": w.Used, "remaining": max(0, limit-w.Used), "reset": w.Began.Add(time.Hour).Unix()}
	}
	_, limit := c.srv.resource(c)
	core := pool("core", limit)
	return ok(obj{"rate": core, "resources": obj{"core": core, "search": pool("search", 30), "graphql": pool("graphql", c.srv.opts.GraphQLPoints)}})
}

func userByID(c *call) *reply {
	u := c.w.Users[c.number("account_id")]
	if u == nil {
		return notFound()
	}
	return ok(c.fullUser(u))
}

func sortedOrgs(w *world) []*org {
	out := make([]*org, 0, len(w.Orgs))
	for _, o := range w.Orgs {
		out = append(out, o)
	}
	slices.SortFunc(out, func(a, b *org) int { return int(a.ID - b.ID) })
	return out
}

func organizations(c *call) *reply {
	since, _ := strconv.ParseInt(c.q.Get("since"), 10, 64)
	var items []*org
	for _, o := range sortedOrgs(c.w) {
		if o.ID > since {
			items = append(items, o)
		}
	}
	return list(c, items, func(o *org) any { return c.simpleOrg(o) })
}

// visibleOrgs are the organizations of the caller, without those whose single sign-on the token has not passed.
func (c *call) visibleOrgs() (mine []*org, hidden []string) {
	for _, o := range sortedOrgs(c.w) {
		switch {
		case !c.w.belongs(o, c.who.user.ID):
		case o.SAML != samlOff && c.who.kind == classicPAT && !c.who.token.SSO[o.Login]:
			hidden = append(hidden, itoa(o.ID))
		default:
			mine = append(mine, o)
		}
	}
	return mine, hidden
}

func myOrgs(c *call) *reply {
	mine, hidden := c.visibleOrgs()
	out := list(c, mine, func(o *org) any { return c.simpleOrg(o) })
	return c.notePartial(out, hidden)
}

func (c *call) notePartial(out *reply, hidden []string) *reply {
	if len(hidden) > 0 {
		out.with("X-Github-Sso", "partial-results; organizations="+strings.Join(hidden, ","))
	}
	return out
}

func myMemberships(c *call) *reply {
	mine, hidden := c.visibleOrgs()
	id := c.who.user.ID
	out := list(c, mine, func(o *org) any {
		c.org = o
		st := c.w.standing(o, id)
		return c.membership(id, "active", st.Role, st)
	})
	return c.notePartial(out, hidden)
}

func acceptMembership(c *call) *reply {
	id := c.who.user.ID
	if c.invitationOf(id) == nil {
		return notFound()
	}
	c.srv.accept(c.w, c.org, id)
	st := c.w.standing(c.org, id)
	return ok(c.membership(id, "active", st.Role, st))
}

func myRepoInvitations(c *call) *reply {
	type item struct {
		o *org
		r *repo
		i *invitation
	}
	var items []item
	for _, o := range sortedOrgs(c.w) {
		for _, r := range byID(o.Repos) {
			for _, i := range byID(r.Invitations) {
				if i.User == c.who.user.ID {
					items = append(items, item{o, r, i})
				}
			}
		}
	}
	return list(c, items, func(it item) any { c.org = it.o; return c.repoInvitation(it.r, it.i) })
}

func acceptRepoInvitation(c *call) *reply {
	for _, o := range sortedOrgs(c.w) {
		for _, r := range byID(o.Repos) {
			i := r.Invitations[c.number("invitation_id")]
			if i != nil && i.User == c.who.user.ID {
				r.Collaborators[i.User] = i.Role
				delete(r.Invitations, i.ID)
				return noContent()
			}
		}
	}
	return notFound()
}

func suspendUser(c *call) *reply {
	var in struct{ Reason string }
	if out := c.decode(&in); out != nil {
		return out
	}
	c.user.Suspended, c.user.SuspendedBecause = true, in.Reason
	return noContent()
}

func unsuspendUser(c *call) *reply {
	c.user.Suspended, c.user.SuspendedBecause = false, ""
	return noContent()
}

// newInstallationToken trades the app's signature for a token that lives an hour
// (https://docs.github.com/rest/apps/apps#create-an-installation-access-token-for-an-app).
func newInstallationToken(c *call) *reply {
	inst := c.myInstallation()
	if inst == nil {
		return notFound()
	}
	if inst.Suspended {
		return forbidden("This installation has been suspended")
	}
	var in struct {
		Permissions map[string]string `json:"permissions"`
	}
	if out := c.decode(&in); out != nil {
		return out
	}
	perms := inst.Perms
	if in.Permissions != nil {
		for name, want := range in.Permissions {
			if levelOf(inst.Perms[name]) < levelOf(want) {
				return failure(http.StatusUnprocessableEntity, "The permissions requested are not granted to this installation.")
			}
		}
		perms = in.Permissions
	}
	t := &token{
		Value: "ghs_" + strings.Repeat("0", 26) + itoa(c.w.next()), ID: c.w.next(), Kind: installationToken, Installation: inst.ID,
		Permissions: perms, Expires: c.now.Add(time.Hour),
	}
	c.w.Tokens[t.Value] = t
	return created(obj{"token": t.Value, "expires_at": stamp(t.Expires), "permissions": perms, "repository_selection": "all"})
}

func (c *call) myInstallation() *installation {
	inst := c.w.Installations[c.number("installation_id")]
	if inst == nil || inst.App != c.who.app.ID {
		return nil
	}
	return inst
}

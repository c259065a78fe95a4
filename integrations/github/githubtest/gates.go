package githubtest

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// gate decides whether the caller may use a route; nil lets it pass.
type gate func(*call) *reply

type level int

const (
	read  level = 1
	write level = 2
	admin level = 3
)

func levelOf(s string) level {
	switch s {
	case "read":
		return read
	case "write":
		return write
	case "admin":
		return admin
	}
	return 0
}

// right says what a route asks for: the scope of a classic token and the permission of a fine-grained token or app.
type right struct {
	scope string
	perm  string
	level level
}

// resolve looks up what the path names. What is missing is 404, as on GitHub.
func (c *call) resolve() *reply {
	if out := c.resolveOrg(); out != nil {
		return out
	}
	if out := c.resolveUser(); out != nil {
		return out
	}
	if slug, ok := c.vars["enterprise"]; ok {
		if c.ent = c.w.Enterprises[strings.ToLower(slug)]; c.ent == nil {
			return notFound()
		}
	}
	if slug, ok := c.vars["team_slug"]; ok && c.org != nil {
		if c.team = c.org.teamBySlug(slug); c.team == nil {
			return notFound()
		}
	}
	return c.resolveRepo()
}

func (c *call) resolveOrg() *reply {
	login, ok := c.vars["org"]
	if !ok {
		return nil
	}
	if c.org = c.w.org(login); c.org == nil {
		return notFound()
	}
	return nil
}

// resolveUser finds the account behind the login. A login that was renamed away and not taken since answers 301.
func (c *call) resolveUser() *reply {
	login, ok := c.vars["username"]
	if !ok {
		return nil
	}
	if c.user = c.w.userByLogin(login); c.user != nil {
		return nil
	}
	now := c.w.Users[c.w.OldLogins[strings.ToLower(login)]]
	if now == nil {
		return notFound()
	}
	return c.moved(strings.Replace(c.path, "/"+login, "/"+now.Login, 1))
}

func (c *call) moved(path string) *reply {
	out := failure(http.StatusMovedPermanently, "Moved Permanently")
	out.body = obj{"message": "Moved Permanently", "url": c.base + path, "documentation_url": "https://docs.github.com/rest/guides/best-practices-for-using-the-rest-api#follow-redirects"}
	return out.with("Location", c.base+path)
}

func (c *call) resolveRepo() *reply {
	owner, ok := c.vars["owner"]
	if !ok {
		return nil
	}
	o := c.w.org(owner)
	if o == nil {
		return notFound()
	}
	name := c.vars["repo"]
	if c.repo = o.repoByName(name); c.repo == nil {
		if _, moved := c.w.repoByID(c.w.OldRepos[strings.ToLower(owner+"/"+name)]); moved != nil {
			return c.moved(strings.Replace(c.path, "/"+name, "/"+moved.Name, 1))
		}
		return notFound()
	}
	if c.org == nil {
		c.org = o
	}
	return nil
}

func unauthenticated() *reply { return failure(http.StatusUnauthorized, "Requires authentication") }

// signedIn lets every caller with credentials pass.
func signedIn(c *call) *reply {
	if c.who.kind == anonymous {
		return unauthenticated()
	}
	return nil
}

func person(c *call) *reply {
	if c.who.user == nil {
		return unauthenticated()
	}
	return nil
}

// granted checks the credential itself: scope of a classic token, permission of a fine-grained token or installation.
func (c *call) granted(n right) *reply {
	switch c.who.kind {
	case anonymous, appItself:
		return unauthenticated()
	case classicPAT:
		if hasScope(c.who.token.Scopes, n.scope) {
			return nil
		}
		return forbidden("Must have the "+n.scope+" scope to use this endpoint.").with("X-Accepted-Oauth-Scopes", n.scope)
	case finePAT, appInstallation:
		return c.permitted(n)
	}
	return c.permitted(n)
}

// permitted checks the permissions of a fine-grained token or an installation, and that it is about this organization.
func (c *call) permitted(n right) *reply {
	home, held := c.who.token.Org, c.who.token.Permissions
	if c.who.inst != nil {
		home = c.who.inst.Org
	}
	if c.org != nil && !strings.EqualFold(home, c.org.Login) {
		return notFound()
	}
	if n.perm != "" && levelOf(held[n.perm]) >= n.level {
		return nil
	}
	message := "Resource not accessible by integration"
	if c.who.kind == finePAT {
		message = "Resource not accessible by personal access token"
	}
	names := map[level]string{read: "read", write: "write", admin: "admin"}
	return forbidden(message).with("X-Accepted-Github-Permissions", n.perm+"="+names[n.level])
}

// hasScope knows which scopes contain which (https://docs.github.com/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps).
func hasScope(held []string, want string) bool {
	if want == "" {
		return true
	}
	wider := map[string][]string{
		"read:org": {"write:org", "admin:org"}, "write:org": {"admin:org"}, "public_repo": {"repo"},
		"read:enterprise": {"admin:enterprise"}, "manage_billing:copilot": {"admin:org"}, "read:audit_log": {"admin:org"},
		"scim:enterprise": {"admin:enterprise"}, "read:user": {"user"}, "codespace": {"admin:org"},
	}
	for _, h := range held {
		if h == want || slices.Contains(wider[want], h) {
			return true
		}
	}
	return false
}

// sso refuses a personal token that the person has not authorized for an organization with SAML single sign-on
// (https://docs.github.com/rest/authentication/authenticating-to-the-rest-api#personal-access-tokens-and-saml-sso).
func (c *call) sso() *reply {
	if c.org == nil || c.org.SAML == samlOff || c.who.kind != classicPAT || c.who.token.SSO[c.org.Login] {
		return nil
	}
	if c.org.SAML == samlPartial && !c.writes() {
		c.partial = true
		return nil
	}
	url := fmt.Sprintf("%s/orgs/%s/sso?authorization_request=A%d", c.web, c.org.Login, c.who.token.ID)
	return forbidden("Resource protected by organization SAML enforcement. You must grant your Personal Access token access to this organization.").
		with("X-Github-Sso", "required; url="+url)
}

// asMember lets members of the organization pass, and installations with the permission.
func asMember(n right) gate {
	return func(c *call) *reply {
		if out := c.granted(n); out != nil {
			return out
		}
		if u := c.who.user; u != nil && !c.w.belongs(c.org, u.ID) {
			return forbidden("You must be a member of " + c.org.Login + " to see this.")
		}
		return c.sso()
	}
}

// asOwner lets owners of the organization pass, and installations with the permission. Outsiders learn nothing.
func asOwner(n right) gate {
	return func(c *call) *reply {
		if out := c.granted(n); out != nil {
			return out
		}
		if u := c.who.user; u != nil && !c.org.isOwner(u.ID) {
			if !c.w.belongs(c.org, u.ID) {
				return notFound()
			}
			return forbidden("You must be an admin of " + c.org.Login + " to use this endpoint.")
		}
		return c.sso()
	}
}

// asApp lets only installations pass: "Only GitHub Apps can use this endpoint"
// (https://docs.github.com/rest/orgs/personal-access-tokens).
func asApp(n right) gate {
	return func(c *call) *reply {
		if c.who.kind != appInstallation {
			if out := signedIn(c); out != nil {
				return out
			}
			return forbidden("Only GitHub Apps can use this endpoint.")
		}
		return c.permitted(n)
	}
}

// onRepo lets those pass who have at least the role on the repository. A private repository that the caller cannot see
// is 404.
func onRepo(role string, n right) gate {
	return func(c *call) *reply {
		mine := c.myRole()
		if rank(mine) == 0 {
			return notFound()
		}
		if n.perm != "" && c.who.kind != classicPAT {
			if out := c.granted(n); out != nil {
				return out
			}
		}
		if rank(mine) < rank(role) {
			return forbidden("Must have " + strings.ReplaceAll(role, "pull", "read") + " rights to Repository.")
		}
		return c.sso()
	}
}

// myRole is what the caller can do on the repository, with the credential it brought.
func (c *call) myRole() string {
	if c.who.inst != nil {
		if !strings.EqualFold(c.who.inst.Org, c.org.Login) {
			return publicRole(c.repo)
		}
		return "admin"
	}
	u, t := c.who.user, c.who.token
	if u == nil {
		return publicRole(c.repo)
	}
	if c.who.kind == finePAT && !strings.EqualFold(t.Org, c.org.Login) || c.who.kind == classicPAT && !hasScope(t.Scopes, "repo") {
		return publicRole(c.repo)
	}
	return c.org.base(c.w.effective(c.org, c.repo, u.ID))
}

func publicRole(r *repo) string {
	if r.Visibility == "public" {
		return "read"
	}
	return ""
}

// asSiteAdmin lets site administrators of a GitHub Enterprise Server pass.
func asSiteAdmin(c *call) *reply {
	if c.srv.opts.EnterpriseVersion == "" {
		return notFound()
	}
	if out := c.granted(right{scope: "site_admin"}); out != nil {
		return out
	}
	if c.who.user == nil || !c.who.user.SiteAdmin {
		return notFound()
	}
	return nil
}

// asEnterpriseOwner lets owners of the enterprise pass.
func asEnterpriseOwner(scope string) gate {
	return func(c *call) *reply {
		if out := c.granted(right{scope: scope}); out != nil {
			return out
		}
		if c.who.user == nil || !c.ent.Owners[c.who.user.ID] {
			return notFound()
		}
		return nil
	}
}

func asAppItself(c *call) *reply {
	if c.who.kind != appItself {
		return failure(http.StatusUnauthorized, "A JSON web token could not be decoded")
	}
	return nil
}

// number reads a numeric part of the path.
func (c *call) number(name string) int64 {
	n, _ := strconv.ParseInt(c.vars[name], 10, 64)
	return n
}

// actor is the account a write is attributed to in the audit log, 0 for an app.
func (c *call) actor() int64 {
	if c.who.user != nil {
		return c.who.user.ID
	}
	return 0
}

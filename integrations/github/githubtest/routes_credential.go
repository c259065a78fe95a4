package githubtest

import (
	"net/http"
	"slices"
	"strings"
)

func credentialRoutes() []*route {
	inspect := asOwner(right{"read:org", "organization_administration", read})
	manage := asOwner(right{"admin:org", "organization_administration", write})
	tokens := right{"", "organization_personal_access_tokens", read}
	revoke := right{"", "organization_personal_access_tokens", write}
	asks := right{"", "organization_personal_access_token_requests", read}
	review := right{"", "organization_personal_access_token_requests", write}
	return []*route{
		{"GET", "/orgs/{org}/credential-authorizations", inspect, listCredentials},
		{"DELETE", "/orgs/{org}/credential-authorizations/{credential_id}", manage, deleteCredential},
		{"POST", "/orgs/{org}/credential-authorizations/{username}/revoke", manage, revokeCredentials},
		{"POST", "/orgs/{org}/credential-authorizations/{username}/revoke-credential-type", manage, revokeCredentialType},
		{"POST", "/enterprises/{enterprise}/credential-authorizations/{username}/revoke", asEnterpriseOwner("admin:enterprise"), revokeEverywhere},
		{"GET", "/orgs/{org}/personal-access-tokens", asApp(tokens), listGrants(func(o *org) map[int64]*patGrant { return o.Grants }, (*call).grantObject)},
		{"POST", "/orgs/{org}/personal-access-tokens", asApp(revoke), revokeGrants},
		{"POST", "/orgs/{org}/personal-access-tokens/{pat_id}", asApp(revoke), revokeGrant},
		{"GET", "/orgs/{org}/personal-access-tokens/{pat_id}/repositories", asApp(tokens), grantRepos("pat_id", func(o *org) map[int64]*patGrant { return o.Grants })},
		{"GET", "/orgs/{org}/personal-access-token-requests", asApp(asks), listGrants(func(o *org) map[int64]*patGrant { return o.GrantAsks }, (*call).askObject)},
		{"POST", "/orgs/{org}/personal-access-token-requests", asApp(review), reviewAsks},
		{"POST", "/orgs/{org}/personal-access-token-requests/{pat_request_id}", asApp(review), reviewAsk},
		{"GET", "/orgs/{org}/personal-access-token-requests/{pat_request_id}/repositories", asApp(asks), grantRepos("pat_request_id", func(o *org) map[int64]*patGrant { return o.GrantAsks })},
		{"POST", "/credentials/revoke", nil, revokeLeaked},
	}
}

func (c *call) credentialObject(x *credential) any {
	out := obj{
		"login": c.login(x.User), "credential_id": x.ID, "credential_type": x.Type, "credential_authorized_at": stamp(x.Authorized),
		"credential_accessed_at": stampOr(x.Used), "authorized_credential_id": x.ID + 1, "authorized_credential_expires_at": nil,
	}
	if x.Type == "SSH key" {
		out["fingerprint"], out["authorized_credential_title"] = x.Print, x.Note
		return out
	}
	out["token_last_eight"], out["scopes"], out["authorized_credential_note"] = x.LastEight, x.Scopes, x.Note
	return out
}

// listCredentials shows tokens and keys authorized for single sign-on; "login" narrows it to one member
// (https://docs.github.com/rest/orgs/orgs#list-saml-sso-authorizations-for-an-organization).
func listCredentials(c *call) *reply {
	login := c.q.Get("login")
	items := slices.DeleteFunc(byID(c.org.Credentials), func(x *credential) bool {
		return login != "" && !strings.EqualFold(c.login(x.User), login)
	})
	return list(c, items, c.credentialObject)
}

// dropCredential ends one authorization for good: the same credential cannot be authorized again.
func dropCredential(w *world, o *org, x *credential) {
	delete(o.Credentials, x.ID)
	if t := w.Tokens[x.Token]; t != nil {
		delete(t.SSO, o.Login)
	}
}

func deleteCredential(c *call) *reply {
	x := c.org.Credentials[c.number("credential_id")]
	if x == nil {
		return notFound()
	}
	dropCredential(c.w, c.org, x)
	c.org.audit(c.w, c.now, auditEvent{Action: "org_credential_authorization.revoke", Actor: c.actor(), User: x.User})
	return noContent()
}

// revokeCredentials works in the background (https://docs.github.com/rest/orgs/orgs).
func revokeCredentials(c *call) *reply {
	return c.revokeLater(func(*credential) bool { return true })
}

func (c *call) revokeLater(matches func(*credential) bool) *reply {
	name, id := c.org.Login, c.user.ID
	c.srv.async(func(w *world) { revokeOf(w, w.org(name), id, matches) })
	return accepted(obj{"message": "The revocation has been started."})
}

func revokeOf(w *world, o *org, id int64, matches func(*credential) bool) {
	for _, x := range byID(o.Credentials) {
		if x.User == id && matches(x) {
			dropCredential(w, o, x)
		}
	}
}

func revokeCredentialType(c *call) *reply {
	var in struct {
		Type string `json:"credential_type"`
	}
	if out := c.decode(&in); out != nil {
		return out
	}
	name, known := map[string]string{
		"classic_pat": "personal access token", "ssh_key": "SSH key", "oauth_app_token": "OAuth app token", "fine_grained_pat": "fine-grained",
	}[in.Type]
	if !known {
		return failure(http.StatusUnprocessableEntity, "Invalid credential_type")
	}
	return c.revokeLater(func(x *credential) bool { return x.Type == name })
}

// revokeEverywhere ends the person's authorizations in every organization of the enterprise; for managed users it can
// destroy the credentials themselves.
func revokeEverywhere(c *call) *reply {
	var in struct {
		Destroy bool `json:"revoke_credentials"`
	}
	if out := c.decode(&in); out != nil {
		return out
	}
	if in.Destroy && c.user.Enterprise != c.ent.Slug {
		return failure(http.StatusUnprocessableEntity, "revoke_credentials is available for Enterprise Managed Users only.")
	}
	slug, id := c.ent.Slug, c.user.ID
	c.srv.async(func(w *world) {
		for _, login := range w.Enterprises[slug].Orgs {
			revokeOf(w, w.org(login), id, func(*credential) bool { return true })
		}
		for _, t := range w.Tokens {
			t.Revoked = t.Revoked || in.Destroy && t.User == id
		}
	})
	return accepted(obj{"message": "The revocation has been started."})
}

func (c *call) grantBase(g *patGrant, path string) obj {
	return obj{
		"id": g.ID, "owner": c.simpleUser(g.User), "repository_selection": g.Selection, "token_id": g.TokenID, "token_name": g.TokenName,
		"repositories_url": c.base + "/organizations/" + itoa(c.org.ID) + path + itoa(g.ID) + "/repositories",
		"permissions":      obj{"organization": orEmpty(g.OrgPerms), "repository": orEmpty(g.RepoPerms)},
		"token_expired":    !g.Expires.IsZero() && !c.now.Before(g.Expires), "token_expires_at": stampOr(g.Expires), "token_last_used_at": stampOr(g.Used),
	}
}

func orEmpty(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}

func (c *call) grantObject(g *patGrant) any {
	out := c.grantBase(g, "/personal-access-tokens/")
	out["access_granted_at"] = stamp(g.Created)
	return out
}

func (c *call) askObject(g *patGrant) any {
	out := c.grantBase(g, "/personal-access-token-requests/")
	out["created_at"], out["reason"] = stamp(g.Created), orNull(g.Reason)
	return out
}

// listGrants knows the filter owner[], up to ten logins (https://docs.github.com/rest/orgs/personal-access-tokens).
func listGrants(of func(*org) map[int64]*patGrant, render func(*call, *patGrant) any) handler {
	return func(c *call) *reply {
		owners := slices.Concat(c.q["owner[]"], c.q["owner"])
		if len(owners) > 10 {
			return invalid("PersonalAccessToken", "owner", "no more than 10 owners")
		}
		items := slices.DeleteFunc(byID(of(c.org)), func(g *patGrant) bool {
			return len(owners) > 0 && !slices.ContainsFunc(owners, func(l string) bool { return strings.EqualFold(l, c.login(g.User)) })
		})
		return list(c, items, func(g *patGrant) any { return render(c, g) })
	}
}

func grantRepos(name string, of func(*org) map[int64]*patGrant) handler {
	return func(c *call) *reply {
		g := of(c.org)[c.number(name)]
		if g == nil {
			return notFound()
		}
		return list(c, g.Repos, func(id int64) any { return c.minimalRepo(c.org, c.org.Repos[id]) })
	}
}

// dropGrant takes a fine-grained token its access to the organization.
func dropGrant(w *world, o *org, id int64) {
	if g := o.Grants[id]; g != nil {
		delete(o.Grants, id)
		if t := w.Tokens[g.Token]; t != nil {
			t.Revoked = true
		}
	}
}

type grantAction struct {
	Action string  `json:"action"`
	IDs    []int64 `json:"pat_ids"`
	Asks   []int64 `json:"pat_request_ids"`
}

func revokeGrant(c *call) *reply {
	var in grantAction
	if out := c.decode(&in); out != nil {
		return out
	}
	id := c.number("pat_id")
	if in.Action != "revoke" {
		return invalid("PersonalAccessToken", "action", "action must be revoke")
	}
	if c.org.Grants[id] == nil {
		return notFound()
	}
	dropGrant(c.w, c.org, id)
	return noContent()
}

func revokeGrants(c *call) *reply {
	var in grantAction
	if out := c.decode(&in); out != nil {
		return out
	}
	if in.Action != "revoke" || len(in.IDs) == 0 || len(in.IDs) > 100 {
		return invalid("PersonalAccessToken", "pat_ids", "action must be revoke, with 1 to 100 ids")
	}
	name := c.org.Login
	c.srv.async(func(w *world) {
		for _, id := range in.IDs {
			dropGrant(w, w.org(name), id)
		}
	})
	return accepted(obj{})
}

func reviewAsk(c *call) *reply {
	var in grantAction
	if out := c.decode(&in); out != nil {
		return out
	}
	id := c.number("pat_request_id")
	if c.org.GrantAsks[id] == nil {
		return notFound()
	}
	if !c.org.review(id, in.Action) {
		return invalid("PersonalAccessTokenRequest", "action", "action must be approve or deny")
	}
	return noContent()
}

// review approves or denies a request; approving makes it a grant.
func (o *org) review(id int64, action string) bool {
	g := o.GrantAsks[id]
	if g == nil || action != "approve" && action != "deny" {
		return false
	}
	delete(o.GrantAsks, id)
	if action == "approve" {
		o.Grants[id] = g
	}
	return true
}

func reviewAsks(c *call) *reply {
	var in grantAction
	if out := c.decode(&in); out != nil {
		return out
	}
	if in.Action != "approve" && in.Action != "deny" {
		return invalid("PersonalAccessTokenRequest", "action", "action must be approve or deny")
	}
	name := c.org.Login
	c.srv.async(func(w *world) {
		for _, id := range in.Asks {
			w.org(name).review(id, in.Action)
		}
	})
	return accepted(obj{})
}

// revokeLeaked destroys tokens by their values; it refuses callers who authenticate
// (https://docs.github.com/rest/credentials/revoke).
func revokeLeaked(c *call) *reply {
	if c.who.kind != anonymous {
		return forbidden("This endpoint does not accept authenticated requests.")
	}
	var in struct{ Credentials []string }
	if out := c.decode(&in); out != nil {
		return out
	}
	if len(in.Credentials) == 0 || len(in.Credentials) > 1000 {
		return answer(http.StatusUnprocessableEntity, obj{"message": "Validation Failed", "documentation_url": "https://docs.github.com/rest", "errors": []string{"credentials must have 1 to 1000 items"}})
	}
	c.srv.async(func(w *world) {
		for _, value := range in.Credentials {
			if t := w.Tokens[value]; t != nil {
				t.Revoked = true
			}
		}
	})
	return accepted(obj{})
}

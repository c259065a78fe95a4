package oktatest

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

func read(r *http.Request, into any) bool { return json.NewDecoder(r.Body).Decode(into) == nil }

func (u *User) json() map[string]any {
	out := map[string]any{
		"id": u.ID, "status": u.Status, "created": stamp(u.changed), "statusChanged": stamp(u.changed), "lastLogin": nil,
		"profile":     map[string]any{"login": u.Login, "email": u.Email, "firstName": u.First, "lastName": u.Last},
		"credentials": map[string]any{"provider": map[string]any{"type": u.Provider, "name": u.Provider}},
	}
	if u.Employee != "" {
		out["profile"].(map[string]any)["employeeNumber"] = u.Employee
	}
	if u.Transitioning != "" {
		out["transitioningToStatus"] = u.Transitioning
	}
	if !u.login.IsZero() {
		out["lastLogin"] = stamp(u.login)
	}
	return out
}

func (s *Server) groupsOf(u *User, _ *http.Request) reply {
	out := []any{}
	for _, g := range s.groups {
		if slices.Contains(u.groups, g.id) {
			out = append(out, map[string]any{"id": g.id, "type": g.kind, "profile": map[string]any{"name": g.name}})
		}
	}
	return reply{200, out}
}

func (s *Server) group(id string) *group {
	for _, g := range s.groups {
		if g.id == id {
			return g
		}
	}
	return nil
}

func (s *Server) join(u *User, r *http.Request) reply {
	g := s.group(r.PathValue("group"))
	if g == nil {
		return notFound(r.PathValue("group") + " (UserGroup)")
	}
	if g.kind != "OKTA_GROUP" {
		return fail(http.StatusForbidden, "E0000079", "This operation is not allowed in the current authentication state.")
	}
	if !slices.Contains(u.groups, g.id) {
		u.groups = append(u.groups, g.id)
	}
	return reply{204, nil}
}

func (s *Server) leave(u *User, r *http.Request) reply {
	g := s.group(r.PathValue("group"))
	if g == nil {
		return notFound(r.PathValue("group") + " (UserGroup)")
	}
	if g.kind != "OKTA_GROUP" {
		return forbidden()
	}
	u.groups = slices.DeleteFunc(u.groups, func(id string) bool { return id == g.id })
	return reply{204, nil}
}

func (s *Server) listRules(*http.Request) reply {
	out := []any{}
	for _, r := range s.rules {
		out = append(out, map[string]any{
			"id": r.id, "name": r.name, "status": r.status, "type": "group_rule",
			"actions": map[string]any{"assignUserToGroups": map[string]any{"groupIds": r.groups}},
		})
	}
	return reply{200, out}
}

func (s *Server) listApps(r *http.Request) reply {
	q := r.URL.Query()
	attribute, id, filtered := parseEq(q.Get("filter"))
	if s.ignore && filtered {
		id = s.wrong().ID
	}
	if q.Get("filter") != "" && (!filtered || attribute != "user.id") {
		return fail(http.StatusBadRequest, "E0000031", "Invalid search criteria.")
	}
	out := []any{}
	for _, a := range s.apps {
		item := map[string]any{"id": a.id, "name": a.name, "label": a.label, "signOnMode": a.signOn, "status": "ACTIVE"}
		if u := s.find(id); filtered && u != nil {
			scope, name, ok := s.assigned(u, a)
			if !ok {
				continue
			}
			if q.Get("expand") == "user/"+id {
				item["_embedded"] = map[string]any{"user": s.appUserJSON(u, a, scope, name)}
			}
		} else if filtered {
			continue
		}
		out = append(out, item)
	}
	return reply{200, out}
}

func (s *Server) appUserJSON(u *User, a *app, scope, name string) map[string]any {
	out := map[string]any{"id": u.ID, "scope": scope, "status": "ACTIVE", "credentials": map[string]any{"userName": name}}
	if g := s.group(a.group); scope == "GROUP" && g != nil {
		out["_links"] = map[string]any{"group": map[string]any{"name": g.name, "href": "/api/v1/groups/" + g.id}}
	}
	return out
}

func (s *Server) assignApp(r *http.Request) reply {
	var body struct {
		ID          string
		Scope       string
		Credentials struct{ UserName string }
	}
	if !read(r, &body) {
		return fail(http.StatusBadRequest, "E0000003", "The request body was not well-formed.")
	}
	u := s.find(body.ID)
	i := slices.IndexFunc(s.apps, func(a *app) bool { return a.id == r.PathValue("app") })
	if u == nil || i < 0 {
		return notFound("app or user")
	}
	u.apps[s.apps[i].id] = appUser{userName: body.Credentials.UserName}
	return reply{200, s.appUserJSON(u, s.apps[i], "USER", body.Credentials.UserName)}
}

func (s *Server) unassignApp(u *User, r *http.Request) reply {
	if _, ok := u.apps[r.PathValue("app")]; !ok {
		return notFound(u.ID + " (AppUser)")
	}
	delete(u.apps, r.PathValue("app"))
	return reply{204, nil}
}

func clientsOf(u *User, _ *http.Request) reply {
	ids := map[string]bool{}
	for id := range u.tokens {
		ids[id] = true
	}
	for id := range u.consents {
		ids[id] = true
	}
	out := []any{}
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		out = append(out, map[string]any{"client_id": id, "client_name": "client " + id})
	}
	return reply{200, out}
}

func (s *Server) tokensOf(u *User, r *http.Request) reply {
	client := r.PathValue("client")
	scopes, held := u.tokens[client]
	if _, known := u.consents[client]; !held && !known {
		return notFound(client + " (OAuthClient)")
	}
	if !held {
		return reply{200, []any{}}
	}
	return reply{200, []any{map[string]any{
		"id": "oar" + client[3:], "clientId": client, "userId": u.ID, "status": "ACTIVE", "scopes": scopes, "expiresAt": stamp(s.now().Add(time.Hour)),
	}}}
}

func dropTokens(u *User, r *http.Request) reply {
	delete(u.tokens, r.PathValue("client"))
	return reply{204, nil}
}

func dropConsents(u *User, r *http.Request) reply {
	delete(u.consents, r.PathValue("client"))
	return reply{204, nil}
}

func (s *Server) consentsOf(u *User, _ *http.Request) reply {
	out := []any{}
	for _, client := range slices.Sorted(maps.Keys(u.consents)) {
		for _, scope := range u.consents[client] {
			out = append(out, map[string]any{"id": "oag" + client[3:] + scope, "clientId": client, "scopeId": scope, "userId": u.ID, "status": "ACTIVE", "source": "END_USER", "issuer": "https://acme.okta.com"})
		}
	}
	return reply{200, out}
}

func factorsOf(u *User, _ *http.Request) reply {
	out := []any{}
	for _, f := range u.factors {
		out = append(out, map[string]any{"id": f.id, "factorType": f.kind, "provider": f.provider, "vendorName": f.provider, "status": "ACTIVE"})
	}
	return reply{200, out}
}

func dropFactor(u *User, r *http.Request) reply {
	before := len(u.factors)
	u.factors = slices.DeleteFunc(u.factors, func(f factor) bool { return f.id == r.PathValue("factor") })
	if len(u.factors) == before {
		return notFound(r.PathValue("factor") + " (UserFactor)")
	}
	return reply{204, nil}
}

func (s *Server) idpsOf(u *User, _ *http.Request) reply {
	out := []any{}
	for _, p := range s.idps {
		if _, ok := u.idps[p.id]; ok {
			out = append(out, map[string]any{"id": p.id, "name": strings.ToLower(p.name), "type": p.kind, "status": "ACTIVE"})
		}
	}
	return reply{200, out}
}

func linkOf(u *User, r *http.Request) reply {
	outside, ok := u.idps[r.PathValue("idp")]
	if !ok {
		return notFound(u.ID + " (IdpAppUser)")
	}
	return reply{200, map[string]any{"id": u.ID, "externalId": outside}}
}

// link links to social providers only, not to SAML ones.
func (s *Server) link(u *User, r *http.Request) reply {
	var body struct{ ExternalID string }
	i := slices.IndexFunc(s.idps, func(p idp) bool { return p.id == r.PathValue("idp") && p.kind != "SAML2" })
	if i < 0 || !read(r, &body) || body.ExternalID == "" {
		return fail(http.StatusBadRequest, "E0000001", "Api validation failed: externalId")
	}
	u.idps[s.idps[i].id] = body.ExternalID
	return reply{200, map[string]any{"id": u.ID, "externalId": body.ExternalID}}
}

func unlink(u *User, r *http.Request) reply {
	if _, ok := u.idps[r.PathValue("idp")]; !ok {
		return notFound(u.ID + " (IdpAppUser)")
	}
	delete(u.idps, r.PathValue("idp"))
	return reply{204, nil}
}

func (s *Server) devicesOf(u *User, _ *http.Request) reply {
	out := []any{}
	for _, id := range u.devices {
		out = append(out, map[string]any{
			"created": stamp(u.changed), "deviceUserId": "du" + id,
			"device": map[string]any{"id": id, "status": "ACTIVE", "profile": map[string]any{"displayName": "laptop", "platform": "MACOS"}},
		})
	}
	return reply{200, out}
}

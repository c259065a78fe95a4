package oktatest

import (
	"net/http"
	"slices"
	"sort"
	"strings"
	"time"

	"lastday/integrations/integrationtest"
)

// routes is the part of the Management API that is served, with the scope each needs.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	const api = "/api/v1/"
	on := func(pattern, scope string, do answer) {
		method, path, _ := strings.Cut(pattern, " ")
		s.route(mux, method+" "+api+path, scope, do)
	}
	own := func(do func(*User, *http.Request) reply) answer { return s.withUser(do) }
	on("GET users", "okta.users.read", s.listUsers)
	on("GET users/{id}", "okta.users.read", own(func(u *User, _ *http.Request) reply { return reply{200, u.json()} }))
	on("POST users/{id}/lifecycle/{verb}", "okta.users", own(s.lifecycle))
	on("DELETE users/{id}/sessions", "okta.users", own(s.endSessions))
	on("GET users/{id}/roles", "okta.roles.read", own(func(u *User, r *http.Request) reply { return reply{200, rolesJSON(u.roles, base(r))} }))
	on("POST users/{id}/roles", "okta.roles", own(s.assignRole))
	on("DELETE users/{id}/roles/{role}", "okta.roles", own(s.unassignRole))
	on("GET users/{id}/roles/{role}/targets/groups", "okta.roles.read", own(targets))
	on("GET users/{id}/roles/{role}/targets/catalog/apps", "okta.roles.read", own(targets))
	on("GET users/{id}/groups", "okta.users.read", own(s.groupsOf))
	on("PUT groups/{group}/users/{id}", "okta.groups", own(s.join))
	on("DELETE groups/{group}/users/{id}", "okta.groups", own(s.leave))
	on("GET groups/rules", "okta.groups.read", s.listRules)
	on("GET apps", "okta.apps.read", s.listApps)
	on("POST apps/{app}/users", "okta.apps", s.assignApp)
	on("DELETE apps/{app}/users/{id}", "okta.apps", own(s.unassignApp))
	on("GET users/{id}/clients", "okta.users.read", own(clientsOf))
	on("GET users/{id}/clients/{client}/tokens", "okta.users.read", own(s.tokensOf))
	on("DELETE users/{id}/clients/{client}/tokens", "okta.users", own(dropTokens))
	on("DELETE users/{id}/clients/{client}/grants", "okta.users", own(dropConsents))
	on("GET users/{id}/grants", "okta.users.read", own(s.consentsOf))
	on("GET users/{id}/factors", "okta.users.read", own(factorsOf))
	on("DELETE users/{id}/factors/{factor}", "okta.users", own(dropFactor))
	on("GET users/{id}/idps", "okta.users.read", own(s.idpsOf))
	on("GET idps/{idp}/users/{id}", "okta.idps.read", own(linkOf))
	on("POST idps/{idp}/users/{id}", "okta.idps", own(s.link))
	on("DELETE idps/{idp}/users/{id}", "okta.idps", own(unlink))
	on("GET users/{id}/devices", "okta.users.read", own(s.devicesOf))
	on("GET api-tokens", "okta.apiTokens.read", s.listTokens)
	on("DELETE api-tokens/{token}", "okta.apiTokens", s.revokeToken)
	on("GET iam/assignees/users", "okta.roles.read", s.administrators)
	on("GET logs", "okta.logs.read", s.logs)
	s.route(mux, "GET /oauth2/v1/clients/{client}/roles", "okta.roles.read", s.clientRoles)
	return mux
}

func base(r *http.Request) string { return "http://" + r.Host }

func (s *Server) clientRoles(r *http.Request) reply {
	app := s.services[r.PathValue("client")]
	if app == nil {
		return notFound(r.PathValue("client") + " (Client)")
	}
	return reply{200, rolesJSON(app.roles, base(r))}
}

// withUser finds the user of a path: by id, by login, or "me" for an API token.
func (s *Server) withUser(do func(*User, *http.Request) reply) answer {
	return func(r *http.Request) reply {
		name := r.PathValue("id")
		u := s.find(name)
		if name == "me" {
			u = s.self(r)
		} else if s.Is(integrationtest.Blind) {
			return notFound(name + " (User)")
		}
		if name != "me" && s.Is(integrationtest.WrongUser) {
			u = s.wrong()
		}
		if u == nil {
			return notFound(name + " (User)")
		}
		return do(u, r)
	}
}

func (s *Server) find(name string) *User {
	for _, u := range s.users {
		if !u.gone && (u.ID == name || strings.EqualFold(u.Login, name)) {
			return u
		}
	}
	return nil
}

// wrong is the user who is answered whoever is asked for: the second one made.
func (s *Server) wrong() *User { return s.sorted()[1] }

func (s *Server) sorted() []*User {
	var all []*User
	for _, u := range s.users {
		if !u.gone {
			all = append(all, u)
		}
	}
	sort.Slice(all, func(i, j int) bool { return all[i].ID < all[j].ID })
	return all
}

// listUsers knows eq alone. A plain list and a filter leave deactivated users out
// if no status is named; the search has all but those not yet in its index.
func (s *Server) listUsers(r *http.Request) reply {
	q := r.URL.Query()
	expression, search := q.Get("filter"), q.Has("search")
	if search {
		expression = q.Get("search")
	}
	attribute, value, ok := parseEq(expression)
	if expression != "" && !ok {
		return fail(http.StatusBadRequest, "E0000031", "Invalid search criteria.")
	}
	out := []any{}
	for _, u := range s.sorted() {
		if search && u.hidden || !search && u.Status == "DEPROVISIONED" {
			continue
		}
		have := map[string]string{"profile.email": u.Email, "profile.login": u.Login, "profile.employeeNumber": u.Employee}[attribute]
		if expression == "" || s.ignore || strings.EqualFold(have, value) && have != "" {
			out = append(out, u.json())
		}
	}
	if s.Is(integrationtest.WrongUser) {
		out = []any{s.wrong().json()}
	}
	return reply{200, out}
}

// parseEq reads `attribute eq "value"` and nothing more: a quote in the value is
// written with a backslash.
func parseEq(expression string) (attribute, value string, ok bool) {
	attribute, quoted, _ := strings.Cut(expression, " eq ")
	if !strings.HasPrefix(quoted, `"`) {
		return "", "", false
	}
	var text strings.Builder
	for i := 1; i < len(quoted); i++ {
		switch {
		case quoted[i] == '"':
			return attribute, text.String(), i == len(quoted)-1
		case quoted[i] == '\\':
			i++
		}
		if i < len(quoted) {
			text.WriteByte(quoted[i])
		}
	}
	return "", "", false
}

// lifecycle moves between statuses as documented, and refuses all else.
// https://developer.okta.com/docs/api/openapi/okta-management/management/tag/UserLifecycle/
func (s *Server) lifecycle(u *User, r *http.Request) reply {
	verb := r.PathValue("verb")
	from := map[string][]string{"suspend": {"ACTIVE"}, "unsuspend": {"SUSPENDED"}, "activate": {"STAGED", "DEPROVISIONED"}}[verb]
	switch {
	case verb == "deactivate" && u.Status == "DEPROVISIONED", verb == "activate" && !slices.Contains(from, u.Status):
		return fail(http.StatusForbidden, "E0000016", "Activation failed because the user is already active")
	case verb != "deactivate" && !slices.Contains(from, u.Status):
		return fail(http.StatusBadRequest, "E0000001", "Api validation failed: "+verb+"User")
	}
	u.changed = s.now()
	switch verb {
	case "suspend":
		u.Status = "SUSPENDED"
	case "unsuspend":
		u.Status = "ACTIVE"
	case "activate":
		u.Status = "PROVISIONED" // the password is gone: the person must set one
		return reply{200, map[string]any{"activationUrl": base(r) + "/welcome/x", "activationToken": "x"}}
	case "deactivate":
		u.Status, u.roles, u.apps = "DEPROVISIONED", nil, map[string]appUser{}
	}
	return reply{200, map[string]any{}}
}

func (s *Server) endSessions(u *User, r *http.Request) reply {
	if r.URL.Query().Get("oauthTokens") == "true" {
		u.tokens = map[string][]string{}
	}
	s.events = append(s.events, event{id: s.id("evt"), kind: "user.session.clear", target: u.ID, at: s.now()})
	return reply{204, nil}
}

func rolesJSON(roles []*role, base string) []any {
	out := []any{}
	for _, r := range roles {
		j := map[string]any{"id": r.id, "type": r.kind, "label": r.kind, "status": "ACTIVE", "assignmentType": "USER", "created": stamp(time.Unix(0, 0))}
		switch {
		case strings.HasPrefix(r.id, "gra"):
			j["assignmentType"] = "GROUP"
			j["_links"] = map[string]any{"assignee": map[string]any{"href": base + "/api/v1/groups/" + r.set}}
		case r.kind == "CUSTOM":
			j["role"], j["resource-set"] = r.custom, r.set
		}
		out = append(out, j)
	}
	return out
}

func (s *Server) assignRole(u *User, r *http.Request) reply {
	var body struct {
		Type string
		Role string
		Set  string `json:"resource-set"`
	}
	if !read(r, &body) || body.Type == "CUSTOM" && (body.Role == "" || body.Set == "") {
		return fail(http.StatusBadRequest, "E0000001", "Api validation failed: type")
	}
	if slices.ContainsFunc(u.roles, func(have *role) bool { return have.kind == body.Type && body.Type != "CUSTOM" }) {
		return fail(http.StatusConflict, "E0000090", "The role specified is already assigned to the user.")
	}
	made := &role{id: s.id("ra1"), kind: body.Type, custom: body.Role, set: body.Set}
	u.roles = append(u.roles, made)
	return reply{201, rolesJSON([]*role{made}, base(r))[0]}
}

func (s *Server) unassignRole(u *User, r *http.Request) reply {
	before := len(u.roles)
	u.roles = slices.DeleteFunc(u.roles, func(have *role) bool {
		return have.id == r.PathValue("role") && !strings.HasPrefix(have.id, "gra")
	})
	if len(u.roles) == before {
		return notFound(r.PathValue("role") + " (RoleAssignment)")
	}
	return reply{204, nil}
}

func targets(u *User, r *http.Request) reply {
	out := []any{}
	for _, have := range u.roles {
		for _, t := range have.targets {
			if have.id == r.PathValue("role") && strings.HasSuffix(r.URL.Path, "groups") == (have.kind != "APP_ADMIN") {
				out = append(out, map[string]any{"id": t})
			}
		}
	}
	return reply{200, out}
}

// administrators page by a link in the body.
func (s *Server) administrators(r *http.Request) reply {
	var ids []any
	for _, u := range s.sorted() {
		if len(u.roles) > 0 && !s.Is(integrationtest.Blind) {
			ids = append(ids, map[string]any{"id": u.ID})
		}
	}
	from := 0
	for i, v := range ids {
		if v.(map[string]any)["id"] == r.URL.Query().Get("after") {
			from = i
		}
	}
	to := min(from+s.page, len(ids))
	out := map[string]any{"value": ids[from:to]}
	if to < len(ids) {
		next := ids[to].(map[string]any)["id"].(string)
		out["_links"] = map[string]any{"next": map[string]any{"href": base(r) + "/api/v1/iam/assignees/users?after=" + next + "&limit=100"}}
	}
	return reply{200, out}
}

// logs knows the one filter that is asked for.
func (s *Server) logs(r *http.Request) reply {
	if s.unlogged {
		return forbidden()
	}
	kind, target, ok := strings.Cut(r.URL.Query().Get("filter"), " and target.id eq ")
	_, kind, named := parseEq(kind)
	since, err := time.Parse(time.RFC3339, r.URL.Query().Get("since"))
	if !ok || !named || err != nil {
		return fail(http.StatusBadRequest, "E0000031", "Invalid search criteria.")
	}
	out := []any{}
	for _, e := range slices.Backward(s.events) {
		if s.ignore || e.kind == kind && `"`+e.target+`"` == target && !e.at.Before(since) {
			out = append(out, map[string]any{
				"uuid": e.id, "eventType": e.kind, "published": stamp(e.at), "severity": "INFO",
				"outcome": map[string]any{"result": "SUCCESS"}, "target": []any{map[string]any{"id": e.target, "type": "User"}},
			})
		}
	}
	return reply{200, out}
}

func (s *Server) listTokens(*http.Request) reply {
	out := []any{}
	for _, t := range s.tokens {
		out = append(out, map[string]any{"id": t.id, "name": t.name, "userId": t.user, "clientName": "Okta API", "tokenWindow": "P30D"})
	}
	return reply{200, out}
}

func (s *Server) revokeToken(r *http.Request) reply {
	before := len(s.tokens)
	s.tokens = slices.DeleteFunc(s.tokens, func(t apiToken) bool { return t.id == r.PathValue("token") })
	if len(s.tokens) == before {
		return notFound(r.PathValue("token") + " (ApiToken)")
	}
	return reply{204, nil}
}

package httpapitest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"lastday/integrations/integrationtest"
)

// How many things the console tells on one page.
const (
	sessionsPerPage = 2
	keysPerPage     = 2
	queuesPerPage   = 2
	quota           = 5000
)

// OwnID is the agent id of the integration itself.
const OwnID = "svc-1"

type object = map[string]any

func (c *Console) routes() http.Handler {
	mux := http.NewServeMux()
	for pattern, handle := range map[string]http.HandlerFunc{
		"GET /api/v1/me":                             c.me,
		"GET /api/v1/agents":                         c.search,
		"GET /api/v1/agents/{id}":                    c.one(c.show),
		"PUT /api/v1/agents/{id}/role":               c.one(c.putRole),
		"GET /api/v1/agents/{id}/permissions":        c.one(c.permissions),
		"PUT /api/v1/agents/{id}/permissions/{p}":    c.one(c.putPermission),
		"DELETE /api/v1/agents/{id}/permissions/{p}": c.one(c.putPermission),
		"GET /api/v1/agents/{id}/sessions":           c.one(c.sessions),
		"DELETE /api/v1/agents/{id}/sessions/{s}":    c.one(c.endSession),
		"GET /api/v1/agents/{id}/api-keys":           c.one(c.keys),
		"DELETE /api/v1/agents/{id}/api-keys/{k}":    c.one(c.deleteKey),
		"GET /api/v1/agents/{id}/queues":             c.one(c.queues),
		"PUT /api/v1/agents/{id}/queues/{q}":         c.one(c.putQueue),
		"DELETE /api/v1/agents/{id}/queues/{q}":      c.one(c.leaveQueue),
		"GET /api/v1/agents/{id}/webhooks":           c.one(c.webhooks),
	} {
		mux.Handle(pattern, c.admin(handle))
	}
	mux.HandleFunc("POST /api/v1/customers/{customer}/deactivate", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(c.Press(bearer(r), r.PathValue("customer")))
	})
	return mux
}

func bearer(r *http.Request) string {
	return strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
}

// admin lets only the integration in, one call at a time.
func (c *Console) admin(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.calls = append(c.calls, r.Method+" "+r.URL.Path)
		w.Header().Set("X-Request-Id", fmt.Sprintf("req-%d", len(c.calls)))
		w.Header().Set("X-Ratelimit-Remaining", strconv.Itoa(max(quota-len(c.calls), 0)))
		if bearer(r) != c.token {
			refuse(w, http.StatusUnauthorized, "unauthenticated")
			return
		}
		next(w, r)
	}
}

func answer(w http.ResponseWriter, v object) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // a caller that is gone needs no answer
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(object{"error": object{"code": code}})
}

// one finds the agent of a path. Who is hidden from us is not found.
func (c *Console) one(next func(http.ResponseWriter, *http.Request, *Agent)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		a, ok := c.agents[r.PathValue("id")]
		if other := c.wrong(r.PathValue("id")); other != nil && r.Method == http.MethodGet {
			a, ok = other, true
		}
		if !ok || c.Is(integrationtest.Blind) {
			refuse(w, http.StatusNotFound, "no_such_agent")
			return
		}
		next(w, r, a)
	}
}

// wrong is somebody else, while the console answers about the wrong person.
func (c *Console) wrong(id string) *Agent {
	if !c.Is(integrationtest.WrongUser) {
		return nil
	}
	for _, other := range slices.Sorted(maps.Keys(c.agents)) {
		if other != id {
			return c.agents[other]
		}
	}
	return nil
}

func (c *Console) me(w http.ResponseWriter, _ *http.Request) {
	scopes := []string{"agents:read", "agents:write"}
	if c.Is(integrationtest.Blind) {
		scopes = []string{}
	}
	answer(w, object{"id": OwnID, "name": "access robot", "scopes": scopes, "console": object{"version": "7.3"}})
}

func (a *Agent) shown() object {
	return object{"id": a.ID, "email": a.Email, "employee_number": a.EmployeeNumber, "name": a.Name, "role": a.Role}
}

func (c *Console) search(w http.ResponseWriter, r *http.Request) {
	email, number := r.FormValue("email"), r.FormValue("employee_number")
	found := []object{}
	for _, id := range slices.Sorted(maps.Keys(c.agents)) {
		a := c.agents[id]
		right := (email == "" || strings.EqualFold(a.Email, email)) && (number == "" || a.EmployeeNumber == number)
		if other := c.wrong(id); other != nil && right {
			a = other
		}
		if right && !c.Is(integrationtest.Blind) {
			found = append(found, a.shown())
		}
	}
	answer(w, object{"agents": found})
}

func (c *Console) show(w http.ResponseWriter, _ *http.Request, a *Agent) { answer(w, a.shown()) }

func (c *Console) putRole(w http.ResponseWriter, r *http.Request, a *Agent) {
	role := field(r, "role")
	if !slices.Contains([]string{RoleAgent, RoleViewer, RoleNone}, role) {
		refuse(w, http.StatusUnprocessableEntity, "no_such_role")
		return
	}
	a.Role = role
	answer(w, a.shown())
}

func field(r *http.Request, name string) string {
	const most = 1 << 16
	var body object
	if json.NewDecoder(http.MaxBytesReader(nil, r.Body, most)).Decode(&body) != nil {
		return ""
	}
	text, _ := body[name].(string)
	if yes, ok := body[name].(bool); ok {
		text = strconv.FormatBool(yes)
	}
	return text
}

func (c *Console) permissions(w http.ResponseWriter, _ *http.Request, a *Agent) {
	all := []object{}
	for _, p := range a.Permissions {
		all = append(all, object{"name": p, "dangerous": p == Button})
	}
	answer(w, object{"agent_id": a.ID, "permissions": all})
}

func (c *Console) putPermission(w http.ResponseWriter, r *http.Request, a *Agent) {
	p, grant := r.PathValue("p"), r.Method == http.MethodPut
	if !slices.Contains([]string{Button, Protector, Export}, p) {
		refuse(w, http.StatusNotFound, "no_such_permission")
		return
	}
	if !grant && p == Protector && a.has(p) && c.protectors() <= 2 {
		refuse(w, http.StatusConflict, "two_people_needed")
		return
	}
	a.Permissions = with(a.Permissions, p, grant)
	w.WriteHeader(http.StatusNoContent)
}

// sessions goes on with a token.
func (c *Console) sessions(w http.ResponseWriter, r *http.Request, a *Agent) {
	from, _ := strconv.Atoi(strings.TrimPrefix(r.FormValue("cursor"), "after-")) // without one it begins
	to := min(from+sessionsPerPage, len(a.Sessions))
	all := []object{}
	for _, s := range a.Sessions[min(from, to):to] {
		all = append(all, object{"id": s, "device": "browser"})
	}
	out := object{"agent_id": a.ID, "sessions": all, "next_cursor": nil}
	if to < len(a.Sessions) {
		out["next_cursor"] = fmt.Sprintf("after-%d", to)
	}
	answer(w, out)
}

func (c *Console) endSession(w http.ResponseWriter, r *http.Request, a *Agent) {
	a.Sessions = remove(w, a.Sessions, r.PathValue("s"))
}

// remove takes one thing out of a set, and answers.
func remove(w http.ResponseWriter, set []string, value string) []string {
	if !slices.Contains(set, value) {
		refuse(w, http.StatusNotFound, "already_gone")
		return set
	}
	w.WriteHeader(http.StatusNoContent)
	return with(set, value, false)
}

// keys goes on with an offset.
func (c *Console) keys(w http.ResponseWriter, r *http.Request, a *Agent) {
	from, _ := strconv.Atoi(r.FormValue("offset")) // without one it begins
	to := min(from+keysPerPage, len(a.Keys))
	all := []object{}
	for _, k := range a.Keys[min(from, to):to] {
		all = append(all, object{"id": k, "label": "key " + k})
	}
	answer(w, object{"agent_id": a.ID, "api_keys": all, "total": len(a.Keys)})
}

func (c *Console) deleteKey(w http.ResponseWriter, r *http.Request, a *Agent) {
	a.Keys = remove(w, a.Keys, r.PathValue("k"))
}

// queues goes on with a Link header.
func (c *Console) queues(w http.ResponseWriter, r *http.Request, a *Agent) {
	page, _ := strconv.Atoi(r.FormValue("page")) // without one it begins
	from := page * queuesPerPage
	to := min(from+queuesPerPage, len(a.Queues))
	all := []object{}
	for _, q := range a.Queues[min(from, to):to] {
		all = append(all, object{"queue": object{"id": q.ID, "name": "Queue " + q.ID}, "role": q.Role, "invited": q.Invited})
	}
	if to < len(a.Queues) {
		next := url.URL{Path: r.URL.Path, RawQuery: fmt.Sprintf("page=%d", page+1)}
		w.Header().Set("Link", fmt.Sprintf(`<%s>; rel="next"`, next.String()))
	}
	answer(w, object{"agent_id": a.ID, "queues": all})
}

func (c *Console) putQueue(w http.ResponseWriter, r *http.Request, a *Agent) {
	const most = 1 << 16
	var wish struct {
		Role    string `json:"role"`
		Invited bool   `json:"invited"`
	}
	if json.NewDecoder(http.MaxBytesReader(w, r.Body, most)).Decode(&wish) != nil || (wish.Role != Lead && wish.Role != Member) {
		refuse(w, http.StatusUnprocessableEntity, "no_such_role")
		return
	}
	a.putQueue(Queue{ID: r.PathValue("q"), Role: wish.Role, Invited: wish.Invited})
	w.WriteHeader(http.StatusNoContent)
}

func (c *Console) leaveQueue(w http.ResponseWriter, r *http.Request, a *Agent) {
	a.putQueue(Queue{ID: r.PathValue("q"), Role: RoleNone})
	w.WriteHeader(http.StatusNoContent)
}

func (c *Console) webhooks(w http.ResponseWriter, _ *http.Request, a *Agent) {
	all := []object{}
	for _, hook := range a.Webhooks {
		all = append(all, object{"name": hook})
	}
	answer(w, object{"agent_id": a.ID, "webhooks": all})
}

package oktatest

import (
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"lastday/integrations/integrationtest"
)

// Server is an organization. Its methods may be called by several goroutines.
type Server struct {
	integrationtest.Faults

	mu    sync.Mutex
	now   func() time.Time
	page  int
	next  int
	calls []Exchange

	users    map[string]*User
	groups   []*group
	rules    []rule
	apps     []*app
	idps     []idp
	tokens   []apiToken
	events   []event
	bearer   map[string]bearer
	services map[string]*service
	ignore   bool // filters are not honoured
	unlogged bool // the log may not be read
	rate     *time.Time
	refuse   map[string]refusal
	hushed   []string
}

// User is an account. Change it with the server's methods only.
type User struct {
	ID, Login, Email, First, Last, Employee string
	Status, Provider, Transitioning         string
	login, changed                          time.Time
	hidden                                  bool // not yet in the search index
	gone                                    bool
	groups                                  []string
	roles                                   []*role
	apps                                    map[string]appUser
	tokens                                  map[string][]string // client to scopes
	consents                                map[string][]string // client to scopes
	factors                                 []factor
	idps                                    map[string]string // provider to outside id
	devices                                 []string
}

type (
	group struct{ id, name, kind string }
	rule  struct {
		id, name, status string
		groups           []string
	}
	app  struct{ id, name, label, signOn, group string }
	idp  struct{ id, name, kind string }
	role struct {
		id, kind, custom, set string
		targets               []string
	}
	appUser  struct{ userName string }
	factor   struct{ id, kind, provider string }
	apiToken struct{ id, name, user, value string }
	event    struct {
		id, kind, target string
		at               time.Time
	}
	refusal struct {
		code string
		then func()
	}
	bearer struct {
		client string
		scopes []string
		until  time.Time
	}
)

// New makes an organization with nobody in it but the group of everybody. Lists
// page after so many items.
func New(now func() time.Time, page int) *Server {
	s := &Server{
		now: now, page: page, users: map[string]*User{}, bearer: map[string]bearer{},
		services: map[string]*service{}, refuse: map[string]refusal{},
	}
	s.groups = []*group{{id: s.id("00g"), name: "Everyone", kind: "BUILT_IN"}}
	s.AddApp("okta_enduser", "Okta Dashboard", "OPENID_CONNECT", "")
	return s
}

// id makes an id in Okta's form: a prefix for the kind, 20 characters in all.
func (s *Server) id(prefix string) string {
	s.next++
	return fmt.Sprintf("%s%0*d", prefix, 20-len(prefix), s.next)
}

// AddUser makes an active user who has signed in an hour ago.
func (s *Server) AddUser(login, employee string) *User {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := &User{
		ID: s.id("00u"), Login: login, Email: login, First: "F", Last: "L", Employee: employee, Status: "ACTIVE", Provider: "OKTA",
		login: s.now().Add(-time.Hour), changed: s.now().Add(-48 * time.Hour),
		apps: map[string]appUser{}, tokens: map[string][]string{}, consents: map[string][]string{}, idps: map[string]string{},
		groups: []string{s.groups[0].id},
	}
	s.users[u.ID] = u
	return u
}

// Set changes a user under the server's lock.
func (s *Server) Set(u *User, change func(*User)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(u)
}

// Unindex keeps a user out of the search index, like one made just now.
func (s *Server) Unindex(u *User) { s.Set(u, func(u *User) { u.hidden = true }) }

// SignIn lets the user sign in now.
func (s *Server) SignIn(u *User) { s.Set(u, func(u *User) { u.login = s.now() }) }

// AddGroup makes a group of a type: OKTA_GROUP or APP_GROUP.
func (s *Server) AddGroup(name, kind string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := &group{id: s.id("00g"), name: name, kind: kind}
	s.groups = append(s.groups, g)
	return g.id
}

// AddRule makes an active rule that fills groups.
func (s *Server) AddRule(name string, groups ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules = append(s.rules, rule{id: s.id("0pr"), name: name, status: "ACTIVE", groups: groups})
}

// Join puts the user into a group.
func (s *Server) Join(u *User, group string) {
	s.Set(u, func(u *User) { u.groups = append(u.groups, group) })
}

// AddApp makes an app; a group, if one is named, is assigned to it.
func (s *Server) AddApp(name, label, signOn, group string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := &app{id: s.id("0oa"), name: name, label: label, signOn: signOn, group: group}
	s.apps = append(s.apps, a)
	return a.id
}

// Assign gives the user an app of their own.
func (s *Server) Assign(u *User, app string) {
	s.Set(u, func(u *User) { u.apps[app] = appUser{userName: u.Login} })
}

// AddRole gives the user a standard role, limited to targets if there are any.
func (s *Server) AddRole(u *User, kind string, targets ...string) {
	s.Set(u, func(u *User) { u.roles = append(u.roles, &role{id: s.id("ra1"), kind: kind, targets: targets}) })
}

// AddCustomRole gives the user a custom role on a resource set, and says how it is known.
func (s *Server) AddCustomRole(u *User) (role, set string) {
	s.Set(u, func(u *User) { role, set = s.addCustom(u) })
	return role, set
}

func (s *Server) addCustom(u *User) (custom, set string) {
	custom, set = s.id("cr0"), s.id("iam")
	u.roles = append(u.roles, &role{id: s.id("irb"), kind: "CUSTOM", custom: custom, set: set})
	return custom, set
}

// AddGroupRole gives the user a role by way of a group.
func (s *Server) AddGroupRole(u *User, kind, group string) string {
	var id string
	s.Set(u, func(u *User) {
		id = s.id("gra")
		u.roles = append(u.roles, &role{id: id, kind: kind, set: group})
	})
	return id
}

// AddToken makes an API token of the user, and gives its id and value.
func (s *Server) AddToken(u *User, name string) (id, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := apiToken{id: s.id("00T"), name: name, user: u.ID}
	t.value = "00" + strings.Repeat("aB3", 10) + t.id
	s.tokens = append(s.tokens, t)
	return t.id, t.value
}

// Consent lets the user consent to a client, which is given refresh tokens.
func (s *Server) Consent(u *User, scopes ...string) string {
	var client string
	s.Set(u, func(u *User) {
		client = s.id("0oa")
		u.tokens[client], u.consents[client] = scopes, scopes
	})
	return client
}

// Enrol gives the user a factor.
func (s *Server) Enrol(u *User, kind string) string {
	var id string
	s.Set(u, func(u *User) {
		id = s.id("fac")
		u.factors = append(u.factors, factor{id: id, kind: kind, provider: "OKTA"})
	})
	return id
}

// Link gives the user an identity at an outside provider of a type.
func (s *Server) Link(u *User, kind string) string {
	var id string
	s.Set(u, func(u *User) {
		id = s.id("0oi")
		s.idps = append(s.idps, idp{id: id, name: kind, kind: kind})
		u.idps[id] = "outside-" + u.ID
	})
	return id
}

// AddDevice registers a device for the user.
func (s *Server) AddDevice(u *User) {
	s.Set(u, func(u *User) { u.devices = append(u.devices, s.id("guo")) })
}

// IgnoreFilters lets lists of users and apps and the log ignore what was asked for.
func (s *Server) IgnoreFilters() { s.Set(nil, func(*User) { s.ignore = true }) }

// HideLog lets the System Log be refused.
func (s *Server) HideLog() { s.Set(nil, func(*User) { s.unlogged = true }) }

// Limit answers every call with 429, in Okta's own way, until a time.
func (s *Server) Limit(until time.Time) { s.Set(nil, func(*User) { s.rate = &until }) }

// Refuse answers a route, such as "POST /api/v1/users/{id}/lifecycle/suspend",
// with an error code.
func (s *Server) Refuse(route, code string) { s.Race(route, code, func() {}) }

// Race refuses a route because somebody else was faster with something, which
// must use no method of the server.
func (s *Server) Race(route, code string, then func()) {
	s.Set(nil, func(*User) { s.refuse[route] = refusal{code, then} })
}

// Hush lets lists whose path ends so come empty, without a word.
func (s *Server) Hush(ends ...string) { s.Set(nil, func(*User) { s.hushed = ends }) }

// Vanish deletes the user.
func (s *Server) Vanish(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users[id].gone = true
	s.tokens = slices.DeleteFunc(s.tokens, func(t apiToken) bool { return t.user == id })
}

// Status is the user's status now.
func (s *Server) Status(u *User) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return u.Status
}

// Holding is one thing that a user has, in Okta's words.
type Holding struct{ What, ID, State string }

// Holdings is all that the user has, from the organization's own books.
func (s *Server) Holdings(id string) []Holding {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.holdings(id)
}

func (s *Server) holdings(id string) []Holding {
	u := s.users[id]
	if u == nil || u.gone {
		return nil
	}
	var out []Holding
	add := func(what, id, state string) { out = append(out, Holding{what, id, state}) }
	for _, t := range s.tokens {
		if t.user == id {
			add("token", t.id, "ACTIVE")
		}
	}
	for _, r := range u.roles {
		add("role", r.known(), r.kind)
	}
	add("user", id, u.Status)
	if s.open(u) {
		add("session", id, "OPEN")
	}
	out = append(out, u.credentials()...)
	return append(out, s.memberships(u)...)
}

func (u *User) credentials() []Holding {
	var out []Holding
	add := func(what, id, state string) { out = append(out, Holding{what, id, state}) }
	for _, provider := range slices.Sorted(maps.Keys(u.idps)) {
		add("idp", provider, u.idps[provider])
	}
	for _, client := range slices.Sorted(maps.Keys(u.tokens)) {
		add("refresh", client, strings.Join(u.tokens[client], " "))
	}
	for _, client := range slices.Sorted(maps.Keys(u.consents)) {
		add("consent", client, strings.Join(u.consents[client], " "))
	}
	for _, f := range u.factors {
		add("factor", f.id, f.kind)
	}
	return out
}

func (s *Server) memberships(u *User) []Holding {
	var out []Holding
	add := func(what, id, state string) { out = append(out, Holding{what, id, state}) }
	for _, a := range s.apps {
		if scope, _, ok := s.assigned(u, a); ok {
			add("app", a.id, scope)
		}
	}
	for _, g := range s.groups {
		if slices.Contains(u.groups, g.id) && g.kind != "BUILT_IN" {
			add("group", g.id, g.kind)
		}
	}
	return out
}

// known is what a role is known by: what it gives, or the way in.
func (r *role) known() string {
	switch {
	case strings.HasPrefix(r.id, "gra"):
		return r.kind + "@" + r.id
	case r.kind == "CUSTOM":
		return r.custom + "/" + r.set
	}
	return r.kind
}

// open says whether a session may be open: signed in, and not ended since.
func (s *Server) open(u *User) bool {
	if u.login.IsZero() {
		return false
	}
	return !slices.ContainsFunc(s.events, func(e event) bool {
		return e.kind == "user.session.clear" && e.target == u.ID && e.at.After(u.login)
	})
}

// assigned says how the user has an app: by their own assignment or by a group's.
func (s *Server) assigned(u *User, a *app) (scope, name string, ok bool) {
	if given, own := u.apps[a.id]; own {
		return "USER", given.userName, true
	}
	if a.group != "" && slices.Contains(u.groups, a.group) && u.Status != "DEPROVISIONED" {
		return "GROUP", u.Login, true
	}
	return "", "", false
}

// Snapshot is the whole state as text, by user.
func (s *Server) Snapshot() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]string{"groups": fmt.Sprint(len(s.groups)), "apps": fmt.Sprint(len(s.apps)), "rules": fmt.Sprint(s.rules)}
	for id := range s.users {
		var lines []string
		for _, h := range s.holdings(id) {
			lines = append(lines, h.What+" "+h.ID+" "+h.State)
		}
		sort.Strings(lines)
		out[id] = strings.Join(lines, "\n")
	}
	return out
}

// DropRoles takes all admin roles; for Set.
func (u *User) DropRoles() { u.roles = nil }

// Unpaged lets lists have the pages that Okta gives by default.
func (s *Server) Unpaged() { s.Set(nil, func(*User) { s.page = 200 }) }

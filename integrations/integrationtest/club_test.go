package integrationtest_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"lastday"
	"lastday/integrations/integrationtest"
)

// club is the smallest far side that the suite can ask everything of: members
// hold rooms, seats and keys. It is an HTTP server with books of its own.
type club struct {
	integrationtest.Faults
	mu      sync.Mutex
	members map[string]member
}

type member struct {
	ID       string    `json:"id"`
	Email    string    `json:"email"`
	Holdings []holding `json:"-"`
}

type holding struct {
	Kind    string `json:"kind"`
	Thing   string `json:"thing"`
	Role    string `json:"role"`
	Pending bool   `json:"pending,omitempty"`
}

const (
	perPage    = 2
	serviceID  = "m-service"
	leaverID   = "m-1"
	otherID    = "m-2"
	clubSecret = "club_5ecret0123456789"
)

func newClub() *club {
	same := func() []holding {
		return []holding{
			{Kind: "key", Thing: "k1", Role: "held"},
			{Kind: "room", Thing: "attic", Role: "owner"},
			{Kind: "room", Thing: "cellar", Role: "guest", Pending: true},
			{Kind: "room", Thing: "hall", Role: "member"},
			{Kind: "seat", Thing: "board", Role: "held"},
		}
	}
	return &club{members: map[string]member{
		serviceID: {ID: serviceID, Email: "service@club.example", Holdings: []holding{{Kind: "room", Thing: "attic", Role: "owner"}}},
		leaverID:  {ID: leaverID, Email: "kim@acme.example", Holdings: same()},
		otherID:   {ID: otherID, Email: "lee@acme.example", Holdings: same()},
	}}
}

// ServeHTTP answers those who have the credential.
func (c *club) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.Header.Get("Authorization") != "Bearer "+clubSecret {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	c.route(w, r)
}

func (c *club) route(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	switch {
	case r.URL.Path == "/me":
		answer(w, map[string]any{"id": serviceID, "sees_all": !c.Is(integrationtest.Blind)})
	case r.URL.Path == "/members":
		c.search(w, r.URL.Query().Get("email"))
	case r.URL.Path == "/owners":
		answer(w, c.owners(r.URL.Query().Get("room")))
	case len(parts) == 2:
		c.one(w, parts[1])
	case len(parts) == 3 && parts[2] == "holdings":
		c.holdings(w, r, parts[1])
	case len(parts) == 5:
		c.set(w, r, parts[1], parts[3], parts[4])
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		panic(err)
	}
}

func (c *club) search(w http.ResponseWriter, email string) {
	found := []member{}
	for _, id := range slices.Sorted(maps.Keys(c.members)) {
		m := c.members[id]
		right := m.Email == email && !c.Is(integrationtest.Blind)
		if c.Is(integrationtest.WrongUser) {
			right = id == otherID
		}
		if right {
			found = append(found, m)
		}
	}
	answer(w, found)
}

func (c *club) owners(room string) []string {
	found := []string{}
	for id, m := range c.members {
		if slices.ContainsFunc(m.Holdings, func(h holding) bool { return h.Thing == room && h.Role == "owner" }) {
			found = append(found, id)
		}
	}
	slices.Sort(found)
	return found
}

func (c *club) one(w http.ResponseWriter, id string) {
	if c.Is(integrationtest.WrongUser) {
		id = otherID
	}
	m, ok := c.members[id]
	if !ok || c.Is(integrationtest.Blind) {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	answer(w, m)
}

func (c *club) holdings(w http.ResponseWriter, r *http.Request, id string) {
	all := c.members[id].Holdings
	if c.Is(integrationtest.Blind) {
		all = nil
	}
	page := 1
	_, _ = fmt.Sscan(r.URL.Query().Get("page"), &page)
	from, to := min((page-1)*perPage, len(all)), min(page*perPage, len(all))
	if to < len(all) {
		w.Header().Set("Link", fmt.Sprintf(`</members/%s/holdings?page=%d>; rel="next"`, id, page+1))
	}
	answer(w, append([]holding{}, all[from:to]...))
}

func (c *club) set(w http.ResponseWriter, r *http.Request, id, kind, thing string) {
	if c.Is(integrationtest.Blind) {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	var wish holding
	if r.Method == http.MethodPut && json.NewDecoder(r.Body).Decode(&wish) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	role := lastday.None
	if r.Method == http.MethodPut {
		role = wish.Role
	}
	c.put(id, holding{Kind: kind, Thing: thing, Role: role, Pending: wish.Pending})
	w.WriteHeader(http.StatusNoContent)
}

func (c *club) put(id string, h holding) {
	m, ok := c.members[id]
	if !ok {
		m = member{ID: id} // the trap: a PUT makes members
	}
	m.Holdings = slices.DeleteFunc(slices.Clone(m.Holdings), func(o holding) bool { return o.Kind == h.Kind && o.Thing == h.Thing })
	if h.Role != lastday.None {
		m.Holdings = append(m.Holdings, h)
	}
	slices.SortFunc(m.Holdings, func(a, b holding) int { return cmp.Compare(a.Kind+a.Thing, b.Kind+b.Thing) })
	if len(m.Holdings) > 0 || ok {
		c.members[id] = m
	}
}

// Access is the books' view.
func (c *club) Access(account string) []integrationtest.Entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	var found []integrationtest.Entry
	for i, h := range c.members[account].Holdings {
		found = append(found, integrationtest.Entry{Kind: h.Kind, Resource: h.Thing, Rung: h.Role, Pending: h.Pending, Later: i >= perPage})
	}
	return found
}

// Snapshot is the whole state.
func (c *club) Snapshot() map[string]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := map[string]string{}
	for id, m := range c.members {
		out[id] = fmt.Sprintf("%+v", m)
	}
	return out
}

// Put is somebody else's change.
func (c *club) Put(account string, e integrationtest.Entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.put(account, holding{Kind: e.Kind, Thing: e.Resource, Role: e.Rung, Pending: e.Pending})
}

// Vanish takes the account away.
func (c *club) Vanish(account string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.members, account)
}

// Package httpapitest is the support console of a company that exists only in
// tests and in the demonstration: agents answer customers there, and whoever has
// the permission deactivate_customer has a button that ends a customer's account.
//
// It is the far side of the description examples/integrations/support-console.yaml
// and is written as such consoles are: lists are paged in three different ways,
// sessions outlive a change of role, keys outlive everything but their own
// deletion, and the list of people who decide about protected customers refuses
// to become shorter than two. It knows nothing of the integration that it tests.
package httpapitest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"lastday/integrations/integrationtest"
)

// The roles, the permissions and the roles in a queue.
const (
	RoleAgent  = "agent"
	RoleViewer = "viewer"
	RoleNone   = "none"

	// Button is the permission to deactivate customers.
	Button = "deactivate_customer"
	// Protector is the permission to decide about protected customers.
	Protector = "protected_customers"
	// Export is a permission like any other.
	Export = "export_tickets"

	Lead   = "lead"
	Member = "member"
)

// Agent is somebody's account in the console.
type Agent struct {
	ID             string
	Email          string
	EmployeeNumber string
	Name           string
	Role           string
	Permissions    []string
	// Sessions and Keys are ids. What one shows to act is their Credential.
	Sessions []string
	Keys     []string
	// Queues are the queues that they answer, in order.
	Queues []Queue
	// Webhooks are addresses that the agent had the console call.
	Webhooks []string
}

// Queue is a place in a queue.
type Queue struct {
	ID   string
	Role string
	// Invited says that they did not accept yet.
	Invited bool
}

func (a Agent) has(permission string) bool { return slices.Contains(a.Permissions, permission) }

func (a Agent) clone() Agent {
	a.Permissions, a.Sessions = slices.Clone(a.Permissions), slices.Clone(a.Sessions)
	a.Keys, a.Queues, a.Webhooks = slices.Clone(a.Keys), slices.Clone(a.Queues), slices.Clone(a.Webhooks)
	return a
}

// Console is the console, and its books. It is safe for use by several
// goroutines. It is an http.Handler; its interface is under /api/v1.
type Console struct {
	integrationtest.Faults

	mu     sync.Mutex
	token  string
	agents map[string]*Agent
	// inactive are the customers that were deactivated, and by whom.
	inactive map[string]string
	calls    []string
	handler  http.Handler
}

// New makes a console without agents. Token is the credential of the integration.
func New(token string) *Console {
	c := &Console{token: token, agents: map[string]*Agent{}, inactive: map[string]string{}}
	c.handler = c.Wrap(c.routes())
	return c
}

// ServeHTTP answers a request.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) { c.handler.ServeHTTP(w, r) }

// Add adds an agent, or replaces the one with the same id.
func (c *Console) Add(a Agent) {
	c.mu.Lock()
	defer c.mu.Unlock()
	a = a.clone()
	c.agents[a.ID] = &a
}

// Agent looks an agent up in the books.
func (c *Console) Agent(id string) (Agent, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	a, ok := c.agents[id]
	if !ok {
		return Agent{}, false
	}
	return a.clone(), true
}

// Inactive are the customers that were deactivated, with the agent who did it.
func (c *Console) Inactive() map[string]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.inactive)
}

// Calls lists method and path of the calls to the interface, in order.
func (c *Console) Calls() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.calls)
}

// Credential is what one shows to act in a session or with a key.
func Credential(id string) string { return "cred-" + id }

// Press presses the button, as whoever shows a session or a key. It gives the
// status that the console answers.
func (c *Console) Press(credential, customer string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.press(credential, customer)
}

// press knows a credential by itself and looks at the rights of its agent now.
func (c *Console) press(credential, customer string) int {
	for _, a := range c.agents {
		if id, ok := strings.CutPrefix(credential, "cred-"); !ok || (!slices.Contains(a.Sessions, id) && !slices.Contains(a.Keys, id)) {
			continue
		}
		if !a.has(Button) {
			return http.StatusForbidden
		}
		c.inactive[customer] = a.ID
		return http.StatusNoContent
	}
	return http.StatusUnauthorized
}

// Access is all that an agent has now.
func (c *Console) Access(id string) []integrationtest.Entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	a, ok := c.agents[id]
	if !ok {
		return nil
	}
	var all []integrationtest.Entry
	add := func(kind, resource, rung string) {
		all = append(all, integrationtest.Entry{Kind: kind, Resource: resource, Rung: rung})
	}
	if a.Role != RoleNone {
		add("role", "console", a.Role)
	}
	for _, p := range a.Permissions {
		add(kindOf(p), p, "held")
	}
	for i, s := range a.Sessions {
		all = append(all, integrationtest.Entry{Kind: "session", Resource: s, Rung: "open", Later: i >= sessionsPerPage})
	}
	for i, k := range a.Keys {
		all = append(all, integrationtest.Entry{Kind: "api_key", Resource: k, Rung: "active", Later: i >= keysPerPage})
	}
	for i, q := range a.Queues {
		all = append(all, integrationtest.Entry{Kind: "queue", Resource: q.ID, Rung: q.Role, Pending: q.Invited, Later: i >= queuesPerPage})
	}
	return all
}

// kindOf is the kind under which the description lists a permission.
func kindOf(permission string) string {
	switch permission {
	case Button:
		return "customer_button"
	case Protector:
		return "customer_protection"
	}
	return "permission"
}

// Snapshot is the state as text: under an agent's id what is the agent's.
func (c *Console) Snapshot() map[string]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := map[string]string{"customers": fmt.Sprint(c.inactive)}
	for id, a := range c.agents {
		text, err := json.Marshal(a)
		out[id] = fmt.Sprint(string(text), err)
	}
	return out
}

// Put lets somebody else bring a thing to a rung.
func (c *Console) Put(id string, e integrationtest.Entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	a, ok := c.agents[id]
	if !ok {
		return
	}
	there := e.Rung != RoleNone
	switch e.Kind {
	case "role":
		a.Role = e.Rung
	case "session":
		a.Sessions = with(a.Sessions, e.Resource, there)
	case "api_key":
		a.Keys = with(a.Keys, e.Resource, there)
	case "queue":
		a.putQueue(Queue{ID: e.Resource, Role: e.Rung, Invited: e.Pending})
	default:
		a.Permissions = with(a.Permissions, e.Resource, there)
	}
}

// with brings a value into a sorted set, or takes it out.
func with(set []string, value string, there bool) []string {
	kept := slices.DeleteFunc(slices.Clone(set), func(s string) bool { return s == value })
	if there {
		kept = append(kept, value)
	}
	slices.Sort(kept)
	return kept
}

func (a *Agent) putQueue(q Queue) {
	kept := slices.DeleteFunc(slices.Clone(a.Queues), func(o Queue) bool { return o.ID == q.ID })
	if q.Role != RoleNone {
		kept = append(kept, q)
	}
	slices.SortFunc(kept, func(a, b Queue) int { return strings.Compare(a.ID, b.ID) })
	a.Queues = kept
}

// Vanish takes an agent away.
func (c *Console) Vanish(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.agents, id)
}

// protectors counts who decides about protected customers.
func (c *Console) protectors() int {
	n := 0
	for _, a := range c.agents {
		if a.has(Protector) {
			n++
		}
	}
	return n
}

package sandbox

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"lastday/integrations/httpapi/httpapitest"
)

// Console is the support console, with the button that deactivates customers'
// accounts.
type Console struct {
	*httpapitest.Console
}

const (
	consoleToken = "sandbox-console-token"
	agentID      = "a-217"
	agentSession = "s-2170"
	victim       = "the president"
)

func newConsole() *Console {
	c := &Console{httpapitest.New(consoleToken)}
	agent := func(id, email, number, name string, permissions ...string) httpapitest.Agent {
		return httpapitest.Agent{
			ID: id, Email: email, EmployeeNumber: number, Name: name, Role: httpapitest.RoleAgent, Permissions: permissions,
			Sessions: []string{"s-" + strings.TrimPrefix(id, "a-") + "0"}, Queues: []httpapitest.Queue{{ID: "abuse", Role: httpapitest.Member}},
		}
	}
	leaver := agent(agentID, leaverMail, leaverNumber, leaverName, httpapitest.Button, httpapitest.Export)
	leaver.Sessions = append(leaver.Sessions, "s-2171", "s-2172")
	leaver.Keys = []string{"k-2170"}
	leaver.Queues = []httpapitest.Queue{{ID: "abuse", Role: httpapitest.Lead}, {ID: "refunds", Role: httpapitest.Member}}
	leaver.Webhooks = []string{"https://" + leaverLogin + ".dev.example/tickets"}
	c.Add(leaver)
	c.Add(agent("a-201", "olga.reyes@northwind.example", "E-1000", "Olga Reyes", httpapitest.Button, httpapitest.Protector))
	c.Add(agent("a-202", "jonas.weber@northwind.example", "E-1001", "Jonas Weber", httpapitest.Button, httpapitest.Protector))
	c.Add(agent("a-203", "amara.okafor@northwind.example", "E-1002", "Amara Okafor", httpapitest.Export))
	return c
}

// describe puts the description of the console beside the configuration.
func (c *Console) describe(examples, dir string) error {
	text, err := os.ReadFile(filepath.Join(examples, "integrations", "support-console.yaml"))
	if err != nil {
		return fmt.Errorf("the description of the support console: %w", err)
	}
	return os.WriteFile(filepath.Join(dir, "support-console.yaml"), text, 0o600)
}

// System is its name in the configuration.
func (c *Console) System() string { return "console" }

// PressButton presses the button in a session that the leaver has open, and
// gives the status that the console answers.
func (c *Console) PressButton() int { return c.Press(httpapitest.Credential(agentSession), victim) }

// SessionOpen says whether the leaver's session goes on.
func (c *Console) SessionOpen() bool {
	a, _ := c.Agent(agentID)
	return slices.Contains(a.Sessions, agentSession)
}

func (c *Console) try() Attempt {
	status := c.PressButton()
	return Attempt{What: "console: deactivate a customer's account", In: status < http.StatusBadRequest, Says: fmt.Sprintf("%d %s", status, http.StatusText(status))}
}

// Ways are what the console's books say that the agent has.
func (c *Console) Ways(context.Context) ([]string, error) {
	var ways []string
	for _, e := range c.Access(agentID) {
		ways = append(ways, fmt.Sprintf("%s %s: %s", e.Kind, e.Resource, e.Rung))
	}
	return ways, nil
}

// Others are the other agents, and the customers.
func (c *Console) Others(context.Context) (map[string]string, error) {
	all := c.Snapshot()
	delete(all, agentID)
	return all, nil
}

// Writes are the calls that change something; each names what it changes to, but
// for a role and a place in a queue, which go down in steps.
func (c *Console) Writes(context.Context) ([]string, error) {
	var writes []string
	steps := map[string]int{}
	for _, call := range c.Calls() {
		if strings.HasPrefix(call, http.MethodGet+" ") {
			continue
		}
		if strings.HasPrefix(call, http.MethodPut+" ") {
			steps[call]++
			call = fmt.Sprintf("%s, step %d", call, min(steps[call], 2)) // Two rungs below the first.
		}
		writes = append(writes, call)
	}
	return writes, nil
}

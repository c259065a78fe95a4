package httpapi_test

import (
	"context"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"lastday"
	"lastday/integrations"
	"lastday/integrations/httpapi"
	"lastday/integrations/httpapi/httpapitest"
	"lastday/integrations/integrationtest"
)

const (
	token   = "console-5ecret-0123456789"
	example = "../../examples/integrations/support-console.yaml"
)

func noon() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

func secret(context.Context, string) (string, error) { return token, nil }

func spec(t testing.TB) httpapi.Spec {
	t.Helper()
	text, err := os.ReadFile(example)
	if err != nil {
		t.Fatal(err)
	}
	s, err := httpapi.Parse("support-console.yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func kim() lastday.Person {
	return lastday.Person{Key: "p1", Name: "Kim Doe", Emails: []string{"kim@acme.example"}, EmployeeNumber: "E7"}
}

func furnish(c *httpapitest.Console) {
	queues := []httpapitest.Queue{{ID: "q-1", Role: httpapitest.Lead}, {ID: "q-2", Role: httpapitest.Member, Invited: true}, {ID: "q/3", Role: httpapitest.Lead}}
	permissions := []string{httpapitest.Button, httpapitest.Export, httpapitest.Protector}
	for i, a := range []httpapitest.Agent{
		{ID: "a-1", Email: "kim@acme.example", EmployeeNumber: "E7", Name: "Kim Doe", Sessions: []string{"s-1", "s-2", "s-3"}, Keys: []string{"k-1", "k-2", "k-3"}},
		{ID: "a-2", Email: "lee@acme.example", EmployeeNumber: "E8", Name: "Lee Roe", Sessions: []string{"s-4"}, Keys: []string{"k-4"}},
		{ID: "a-3", Email: "pat@acme.example", EmployeeNumber: "E9", Name: "Pat Poe"},
	} {
		a.Role, a.Permissions, a.Queues = httpapitest.RoleAgent, permissions, queues
		if i == 0 {
			a.Webhooks = []string{"hook to a private bot"}
		}
		c.Add(a)
	}
}

// connect opens the example's description over a console.
func connect(t integrationtest.T, s httpapi.Spec, c *httpapitest.Console) integrations.Driver {
	t.Helper()
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	s.BaseURL = server.URL + "/api/v1"
	d, err := httpapi.New(t.Context(), s, integrations.Deps{System: "console", Secret: secret, Now: noon})
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return d
}

func TestConformance(t *testing.T) {
	s := spec(t)
	integrationtest.Run(t, integrationtest.Harness{Description: s.Describe(), Open: func(it integrationtest.T) integrationtest.World {
		c := httpapitest.New(token)
		furnish(c)
		return integrationtest.World{
			System: "console", Driver: connect(it, s, c), Far: c, Secrets: []string{token}, Now: noon,
			Leaver: kim(), LeaverID: "a-1",
			Bystander: lastday.Person{Key: "p2", Name: "Lee Roe", Emails: []string{"lee@acme.example"}}, BystanderID: "a-2",
			Stranger: lastday.Person{Key: "p3", Name: "Max", Emails: []string{"max@acme.example"}, EmployeeNumber: "E99"},
			LastOwner: func() integrationtest.Entry {
				c.Put("a-3", integrationtest.Entry{Kind: "customer_protection", Resource: httpapitest.Protector, Rung: "none"})
				return integrationtest.Entry{Kind: "customer_protection", Resource: httpapitest.Protector, Rung: "held"}
			},
		}
	}})
}

func TestTheExamplesOfTheDescriptionHold(t *testing.T) {
	d := connect(t, spec(t), httpapitest.New(token))
	examples := d.(integrations.Exampler).Examples(t.Context())
	if len(examples) < 4 {
		t.Errorf("%d examples", len(examples))
	}
	for _, e := range examples {
		if e.Failed != "" {
			t.Errorf("%s: %s", e.Name, e.Failed)
		}
	}
}

package scim

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"lastday"
	"lastday/integrations"
	"lastday/integrations/integrationtest"
	"lastday/integrations/scim/scimtest"
)

const token = "scim-5ecret-0123456789"

func noon() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

type object = map[string]any

// company is a server with people: kim leaves, lee stays and has about the same,
// ada is the other administrator, and canary is the account that is known.
type company struct {
	integrationtest.Faults
	*scimtest.Server
	manners scimtest.Manners
	url     string
}

func person(id, name, number string, roles ...string) object {
	u := object{
		"schemas": []any{scimtest.UserSchema, scimtest.EnterpriseSchema}, "id": id, "userName": name + "@acme.example", "active": true,
		"externalId": "x-" + number, "displayName": strings.ToUpper(name),
		"emails":                  []any{object{"value": name + "@acme.example", "type": "work", "primary": true}},
		scimtest.EnterpriseSchema: object{"employeeNumber": number},
	}
	var held []any
	for _, r := range roles {
		held = append(held, object{"value": r, "display": "The " + r, "type": "native"})
	}
	if held != nil {
		u["roles"] = held
	}
	return u
}

func club(id, name string, members ...string) object {
	g := object{"schemas": []any{scimtest.GroupSchema}, "id": id, "displayName": name}
	var all []any
	for _, m := range members {
		all = append(all, object{"value": m, "display": "member " + m})
	}
	if all != nil {
		g["members"] = all
	}
	return g
}

func newCompany(t interface{ Cleanup(func()) }, m scimtest.Manners) *company {
	c := &company{Server: scimtest.New(token), manners: m}
	c.Behave(m)
	for _, u := range []object{
		person("u-canary", "canary", "9001"), person("u-ada", "ada", "17", "admin"),
		person("u-kim", "kim", "23", "admin", "editor"), person("u-lee", "lee", "24", "admin", "editor"),
	} {
		if u["id"] != "u-canary" {
			u["entitlements"] = []any{object{"value": "pro", "type": "licence"}}
		}
		c.Server.Put("Users", u)
	}
	for _, g := range []object{
		club("g-base", "base", "u-canary", "u-kim", "u-lee"), club("g-other", "other", "u-ada"), club("g-empty", "empty"),
		club("g-staff", "staff", "u-kim", "u-lee", "u-ada"), club("g-ops", "ops", "u-lee", "u-kim", "u-ada"),
	} {
		c.Server.Put("Groups", g)
	}
	server := httptest.NewServer(http.StripPrefix("/base/scim/v2", c.Wrap(c.Server)))
	t.Cleanup(server.Close)
	c.url = server.URL + "/base/scim/v2"
	return c
}

func (c *company) config() Config {
	return Config{
		URL: c.url, Token: "env:SCIM_TOKEN", Canary: "u-canary", CanaryGroup: "g-base",
		RoleLevels: map[string]string{"admin": "admin", "editor": "write"}, GroupLevels: map[string]string{"g-ops": "admin", "base": "read"},
	}
}

func (c *company) driver(t interface {
	Context() context.Context
	Fatalf(string, ...any)
}, change func(*Config),
) integrations.Driver {
	cfg := c.config()
	if change != nil {
		change(&cfg)
	}
	d, err := open(t.Context(), cfg, integrations.Deps{
		System: "saas", Now: noon, Secret: func(context.Context, string) (string, error) { return token + "\n", nil },
	})
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return d
}

func kim() lastday.Person {
	return lastday.Person{Key: "p1", Name: "Kim Gone", Emails: []string{"kim@acme.example"}, EmployeeNumber: "23"}
}

func lee() lastday.Person {
	return lastday.Person{Key: "p2", Name: "Lee Stays", Emails: []string{"lee@acme.example"}, EmployeeNumber: "24"}
}

func theirs(id string) lastday.Account { return lastday.Account{System: "saas", ID: id} }

// Access reads the server's books.
func (c *company) Access(id string) []integrationtest.Entry {
	u := c.Resource("Users", id)
	if u == nil {
		return nil
	}
	var all []integrationtest.Entry
	if u["active"] == true {
		all = append(all, integrationtest.Entry{Kind: kindAccount, Resource: id, Rung: rungActive})
	}
	for _, kind := range valueKinds() {
		held, _ := u[attributeOf(kind)].([]any)
		for _, v := range held {
			all = append(all, integrationtest.Entry{Kind: kind, Resource: v.(object)["value"].(string), Rung: rungHeld})
		}
	}
	for i, g := range c.Resources("Groups") {
		members, _ := g["members"].([]any)
		for _, m := range members {
			if m.(object)["value"] == id {
				all = append(all, integrationtest.Entry{Kind: kindGroup, Resource: g["id"].(string), Rung: rungMember, Later: c.manners.MaxPage > 0 && i >= c.manners.MaxPage})
			}
		}
	}
	return all
}

func (c *company) Snapshot() map[string]string {
	out := map[string]string{}
	for _, u := range c.Resources("Users") {
		for _, kind := range valueKinds() {
			if held, ok := u[attributeOf(kind)].([]any); ok {
				slices.SortFunc(held, func(a, b any) int { return cmp.Compare(text(a), text(b)) })
			}
		}
		out[u["id"].(string)] = text(u)
	}
	for _, g := range c.Resources("Groups") {
		members, _ := g["members"].([]any)
		delete(g, "members")
		out["group "+g["id"].(string)] = text(g)
		var ids []string
		for _, m := range members {
			ids = append(ids, fmt.Sprint(m.(object)["value"]))
		}
		slices.Sort(ids)
		for _, id := range ids {
			out[id] += "; " + g["id"].(string)
		}
	}
	return out
}

func text(v any) string {
	out, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(out)
}

// Put does what an administrator would.
func (c *company) Put(account string, e integrationtest.Entry) {
	switch {
	case e.Kind == kindAccount:
		c.Edit("Users", account, func(u map[string]any) { u["active"] = e.Rung != lastday.None })
	case e.Kind == kindGroup:
		c.Edit("Groups", e.Resource, func(g map[string]any) { put(g, "members", account, e.Rung != lastday.None) })
	default:
		c.Edit("Users", account, func(u map[string]any) { put(u, attributeOf(e.Kind), e.Resource, e.Rung != lastday.None) })
	}
}

func put(r object, attribute, name string, there bool) {
	old, _ := r[attribute].([]any)
	kept := slices.DeleteFunc(slices.Clone(old), func(v any) bool { return v.(object)["value"] == name })
	if there {
		kept = append(kept, object{"value": name})
	}
	if delete(r, attribute); len(kept) > 0 {
		r[attribute] = kept
	}
}

func (c *company) Vanish(id string) { c.Remove("Users", id) }

// Break adds what the general faults cannot know.
func (c *company) Break(f integrationtest.Fault) {
	c.Faults.Break(f)
	c.Adjust(func(m *scimtest.Manners) {
		m.Blind = f == integrationtest.Blind
		if f == integrationtest.WrongUser {
			m.Instead = "u-lee"
		}
	})
}

func (c *company) Mend() {
	c.Faults.Mend()
	c.Adjust(func(m *scimtest.Manners) { m.Blind, m.Instead = false, "" })
}

func (c *company) Writes() int { return c.Faults.Writes() }

func (c *company) world(t integrationtest.T, change func(*Config)) integrationtest.World {
	return integrationtest.World{
		System: "saas", Driver: c.driver(t, change), Far: c, Secrets: []string{token}, Now: noon,
		Leaver: kim(), LeaverID: "u-kim", Bystander: lee(), BystanderID: "u-lee",
		Stranger: lastday.Person{Key: "p3", Name: "Max", Emails: []string{"max@acme.example"}, EmployeeNumber: "99"},
		LastOwner: func() integrationtest.Entry {
			for _, other := range []string{"u-lee", "u-ada"} {
				c.Put(other, integrationtest.Entry{Kind: kindGroup, Resource: "g-ops", Rung: lastday.None})
			}
			return integrationtest.Entry{Kind: kindGroup, Resource: "g-ops", Rung: rungMember}
		},
	}
}

// survey reads all of kim's access.
func survey(t *testing.T, d integrations.Driver) (lastday.Inventory, map[string]lastday.Grant) {
	t.Helper()
	inv, err := integrations.NewSystem("saas", d, integrations.Options{Now: noon}).Survey(t.Context(), kim(), nil)
	if err != nil {
		t.Fatalf("survey: %v", err)
	}
	all := map[string]lastday.Grant{}
	for _, g := range inv.Grants {
		all[g.Key] = g
	}
	return inv, all
}

// take brings one of kim's grants to a rung.
func take(t *testing.T, d integrations.Driver, g lastday.Grant, to string) lastday.Receipt {
	t.Helper()
	r, err := d.Apply(t.Context(), lastday.NewChange("c-1", theirs("u-kim"), g, to, "test"))
	if err != nil {
		t.Fatalf("apply %s to %s: %v", g.Key, to, err)
	}
	return r
}

package sandbox

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"lastday/integrations/scim/scimtest"
)

// CRM is an application that speaks SCIM.
type CRM struct {
	*scimtest.Server
}

const (
	crmToken  = "sandbox-crm-token"
	crmLeaver = "2819c223-7f76-453a-919d-413861904646"
	crmCanary = "5d6d04bd-6d4e-4a2c-9b0c-7e5d4d8b9a10"
	crmAll    = "e9e30dba-f08f-4109-8486-d5c6a331660a"
)

type object = map[string]any

func newCRM() *CRM {
	c := &CRM{scimtest.New(crmToken)}
	others := []string{"6b1f0d52-4f0e-4f43-8a53-0f6a3f7c1d01", "6b1f0d52-4f0e-4f43-8a53-0f6a3f7c1d02"}
	c.user(crmCanary, "break.glass", "E-0001")
	c.user(crmLeaver, leaverLogin, leaverNumber, "Agent")
	c.user(others[0], "olga.reyes", "E-1000", "Supervisor")
	c.user(others[1], "jonas.weber", "E-1001", "Agent")
	c.group(crmAll, "Everyone", crmCanary, crmLeaver, others[0], others[1])
	c.group("fc348aa8-3835-40eb-a20b-c726e15c55b5", "Refund approvers", crmLeaver, others[0])
	c.group("6c5bb468-14b2-4183-baf2-06d523e03bd3", "Support EMEA", crmLeaver, others[1])
	return c
}

func (c *CRM) user(id, login, number string, roles ...string) {
	u := object{
		"schemas": []any{scimtest.UserSchema, scimtest.EnterpriseSchema}, "id": id, "userName": login + "@northwind.example", "active": true,
		"externalId": number, "emails": []any{object{"value": login + "@northwind.example", "type": "work", "primary": true}},
		scimtest.EnterpriseSchema: object{"employeeNumber": number},
	}
	var held []any
	for _, r := range roles {
		held = append(held, object{"value": r, "display": r})
	}
	if held != nil {
		u["roles"] = held
	}
	c.Put("Users", u)
}

func (c *CRM) group(id, name string, members ...string) {
	var all []any
	for _, m := range members {
		all = append(all, object{"value": m})
	}
	c.Put("Groups", object{"schemas": []any{scimtest.GroupSchema}, "id": id, "displayName": name, "members": all})
}

// System is its name in the configuration.
func (c *CRM) System() string { return "crm" }

// Ways are an active account, roles and groups.
func (c *CRM) Ways(context.Context) ([]string, error) {
	var ways []string
	u := c.Resource("Users", crmLeaver)
	if u["active"] == true {
		ways = append(ways, "the account is active")
	}
	roles, _ := u["roles"].([]any)
	for _, r := range roles {
		ways = append(ways, fmt.Sprintf("role %v", r))
	}
	for _, g := range c.Resources("Groups") {
		if slices.Contains(membersOf(g), crmLeaver) {
			ways = append(ways, fmt.Sprintf("in group %v", g["displayName"]))
		}
	}
	return ways, nil
}

func membersOf(group object) []string {
	var ids []string
	members, _ := group["members"].([]any)
	for _, m := range members {
		if o, ok := m.(object); ok {
			ids = append(ids, fmt.Sprint(o["value"]))
		}
	}
	return ids
}

// Others are the other users, and who else is in the groups.
func (c *CRM) Others(context.Context) (map[string]string, error) {
	all := map[string]string{}
	for _, u := range c.Resources("Users") {
		if u["id"] == crmLeaver {
			continue
		}
		text, err := json.Marshal(u)
		if err != nil {
			return nil, err
		}
		all[fmt.Sprint(u["userName"])] = string(text)
	}
	for _, g := range c.Resources("Groups") {
		members := slices.DeleteFunc(membersOf(g), func(id string) bool { return id == crmLeaver })
		all[fmt.Sprint(g["displayName"])] = strings.Join(members, " ")
	}
	return all, nil
}

// Writes are the calls that change something, with what they sent.
func (c *CRM) Writes(context.Context) ([]string, error) {
	bodies := c.Server.Writes()
	var writes []string
	for _, call := range c.Calls() {
		if strings.HasPrefix(call, http.MethodGet+" ") {
			continue
		}
		if len(bodies) > len(writes) {
			call += " " + bodies[len(writes)]
		}
		writes = append(writes, call)
	}
	return writes, nil
}

package githubtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

func scimRoutes() []*route {
	see := asOwner(right{"admin:org", "members", read})
	set := asOwner(right{"admin:org", "members", write})
	ent := asEnterpriseOwner("scim:enterprise")
	const orgUsers, entUsers = "/scim/v2/organizations/{org}/Users", "/scim/v2/enterprises/{enterprise}/Users"
	return []*route{
		{"GET", orgUsers, see, scimList},
		{"GET", orgUsers + "/{scim_user_id}", see, withSCIM(scimShow)},
		{"POST", orgUsers, set, scimProvision},
		{"PATCH", orgUsers + "/{scim_user_id}", set, withSCIM(scimPatch)},
		{"PUT", orgUsers + "/{scim_user_id}", set, withSCIM(scimPut)},
		{"DELETE", orgUsers + "/{scim_user_id}", set, withSCIM(scimDelete)},
		{"GET", entUsers, ent, scimList},
		{"GET", entUsers + "/{scim_user_id}", ent, withSCIM(scimShow)},
		{"PATCH", entUsers + "/{scim_user_id}", ent, withSCIM(scimPatch)},
		{"DELETE", entUsers + "/{scim_user_id}", ent, withSCIM(scimDelete)},
	}
}

const scimType = "application/scim+json"

func scim(status int, body any) *reply { return answer(status, body).with("Content-Type", scimType) }

func scimFailure(status int, detail string) *reply {
	return scim(status, obj{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:Error"}, "detail": detail, "status": status})
}

// identities are the SCIM users of the organization or the enterprise of the path.
func (c *call) identities() map[string]*scimUser {
	if c.ent != nil {
		return c.ent.SCIM
	}
	return c.org.SCIM
}

func (c *call) scimPlace() string {
	if c.ent != nil {
		return c.base + "/scim/v2/enterprises/" + c.ent.Slug + "/Users/"
	}
	return c.base + "/scim/v2/organizations/" + c.org.Login + "/Users/"
}

func (c *call) scimObject(u *scimUser) any {
	return obj{
		"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:User"}, "id": u.ID, "externalId": u.ExternalID, "userName": u.UserName,
		"displayName": u.Given + " " + u.Family, "name": obj{"givenName": u.Given, "familyName": u.Family, "formatted": u.Given + " " + u.Family},
		"emails": []any{obj{"value": u.Email, "primary": true, "type": "work"}}, "active": u.Active,
		"meta": obj{"resourceType": "User", "created": stamp(u.Created), "lastModified": stamp(u.Modified), "location": c.scimPlace() + u.ID},
	}
}

var scimFilter = regexp.MustCompile(`^\s*(userName|externalId|id|emails(?:\.value)?)\s+eq\s+"([^"]*)"\s*$`)

// scimList honours equality on userName, externalId, id and emails; any other filter is 400
// (https://docs.github.com/rest/scim/scim#list-scim-provisioned-identities).
func scimList(c *call) *reply {
	match := func(*scimUser) bool { return true }
	if f := c.q.Get("filter"); f != "" {
		parts := scimFilter.FindStringSubmatch(f)
		if parts == nil {
			return scimFailure(http.StatusBadRequest, "Invalid filter")
		}
		match = func(u *scimUser) bool {
			have := map[string]string{"userName": u.UserName, "externalId": u.ExternalID, "id": u.ID}[parts[1]]
			if strings.HasPrefix(parts[1], "emails") {
				have = u.Email
			}
			return strings.EqualFold(have, parts[2])
		}
	}
	items := []*scimUser{}
	for _, u := range c.identities() {
		if match(u) {
			items = append(items, u)
		}
	}
	slices.SortFunc(items, func(a, b *scimUser) int { return strings.Compare(a.ID, b.ID) })
	return c.scimPage(items)
}

func (c *call) scimPage(items []*scimUser) *reply {
	start, _ := strconv.Atoi(c.q.Get("startIndex"))
	count, err := strconv.Atoi(c.q.Get("count"))
	if err != nil || count > 100 || count < 0 {
		count = 100
	}
	start = max(1, start)
	from := min(start-1, len(items))
	page := []any{}
	for _, u := range items[from:min(from+count, len(items))] {
		page = append(page, c.scimObject(u))
	}
	return scim(http.StatusOK, obj{
		"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:ListResponse"}, "totalResults": len(items), "startIndex": start,
		"itemsPerPage": len(page), "Resources": page,
	})
}

func withSCIM(f func(*call, *scimUser) *reply) handler {
	return func(c *call) *reply {
		u := c.identities()[c.vars["scim_user_id"]]
		if u == nil {
			return scimFailure(http.StatusNotFound, "Resource "+c.vars["scim_user_id"]+" not found.")
		}
		return f(c, u)
	}
}

func scimShow(c *call, u *scimUser) *reply { return scim(http.StatusOK, c.scimObject(u)) }

// scimPatch applies operations; "active" false is what an identity provider sends for a leaver.
func scimPatch(c *call, u *scimUser) *reply {
	var in struct {
		Operations []struct {
			Op    string
			Path  string
			Value json.RawMessage
		}
	}
	if len(c.body) == 0 || json.Unmarshal(c.body, &in) != nil || len(in.Operations) == 0 {
		return scimFailure(http.StatusBadRequest, "Operations is missing")
	}
	for _, op := range in.Operations {
		if active, said := activeOf(op.Path, op.Value); said {
			c.setActive(u, active)
		}
	}
	u.Modified = c.now
	return scim(http.StatusOK, c.scimObject(u))
}

// activeOf reads "active" from an operation: as the value of the path, or as a member of a value without a path. Both
// booleans and strings occur in the wild.
func activeOf(path string, value json.RawMessage) (active, said bool) {
	raw := value
	if path == "" {
		var m map[string]json.RawMessage
		if json.Unmarshal(value, &m) != nil {
			return false, false
		}
		if raw = m["active"]; raw == nil {
			return false, false
		}
	} else if !strings.EqualFold(path, "active") {
		return false, false
	}
	text := strings.ToLower(strings.Trim(string(raw), `"`))
	return text == "true", text == "true" || text == "false"
}

// setActive does what deactivating means: in an organization the member is removed and the identity is deleted with its
// id; a managed user of an enterprise is suspended, and login and e-mail are obscured
// (https://docs.github.com/rest/scim/scim and https://docs.github.com/rest/enterprise-admin/scim).
func (c *call) setActive(u *scimUser, active bool) {
	was := u.Active
	u.Active = active
	switch {
	case c.ent == nil && !active:
		delete(c.org.SCIM, u.ID)
		if !c.org.lastOwner(u.User) {
			c.srv.removeMember(c.w, c.org, u.User, c.now, c.actor())
		}
	case c.ent != nil && was != active:
		c.suspendManaged(u, !active)
	}
}

func (c *call) suspendManaged(u *scimUser, suspended bool) {
	x := c.w.Users[u.User]
	if x == nil {
		return
	}
	x.Suspended = suspended
	if suspended {
		x.Login, x.Email = obscured(x.ID, c.ent.Slug), ""
		return
	}
	x.Login, x.Email = u.UserName+"_"+c.ent.Slug, u.Email
}

func obscured(id int64, slug string) string {
	return fmt.Sprintf("%x_%s", uint64(id)*2654435761%(1<<32), slug) //nolint:gosec // G115: ids of the fake are positive.
}

func scimPut(c *call, u *scimUser) *reply {
	in, out := c.scimInput()
	if out != nil {
		return out
	}
	u.UserName, u.Given, u.Family, u.Email, u.Modified = in.UserName, in.Name.Given, in.Name.Family, in.Emails[0].Value, c.now
	if in.Active != nil {
		c.setActive(u, *in.Active)
	}
	return scim(http.StatusOK, c.scimObject(u))
}

type scimInput struct {
	UserName   string
	ExternalID string `json:"externalId"`
	Name       struct {
		Given  string `json:"givenName"`
		Family string `json:"familyName"`
	}
	Emails []struct{ Value string }
	Active *bool
}

func (c *call) scimInput() (*scimInput, *reply) {
	var in scimInput
	if len(c.body) == 0 || json.Unmarshal(c.body, &in) != nil || in.UserName == "" || len(in.Emails) == 0 {
		return nil, scimFailure(http.StatusBadRequest, "userName, name and emails are required")
	}
	return &in, nil
}

// scimProvision makes an identity and invites its address to the organization.
func scimProvision(c *call) *reply {
	in, out := c.scimInput()
	if out != nil {
		return out
	}
	for _, u := range c.org.SCIM {
		if strings.EqualFold(u.UserName, in.UserName) {
			return scimFailure(http.StatusConflict, "userName is taken")
		}
	}
	u := &scimUser{
		ID: fakeUUID(c.w.next()), UserName: in.UserName, ExternalID: in.ExternalID, Given: in.Name.Given, Family: in.Name.Family,
		Email: in.Emails[0].Value, Active: true, Created: c.now, Modified: c.now,
	}
	c.org.SCIM[u.ID] = u
	i := &invitation{Email: u.Email, Role: "direct_member", Inviter: c.actor(), Created: c.now, Source: "scim"}
	if x := c.w.userByEmail(u.Email); x != nil {
		u.User, i.User = x.ID, x.ID
	}
	if i.User == 0 || !c.w.belongs(c.org, i.User) {
		c.srv.invite(c.w, c.org, i)
	}
	return scim(http.StatusCreated, c.scimObject(u))
}

func fakeUUID(n int64) string { return fmt.Sprintf("5fc0c238-1112-11e8-8e45-%012x", n) }

// scimDelete removes the member with the identity; for a managed user it cannot be undone.
func scimDelete(c *call, u *scimUser) *reply {
	delete(c.identities(), u.ID)
	if c.ent == nil {
		if !c.org.lastOwner(u.User) {
			c.srv.removeMember(c.w, c.org, u.User, c.now, c.actor())
		}
		return noContent()
	}
	u.Active = false
	c.suspendManaged(u, true)
	return noContent()
}

package oktatest

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// caller calls an organization with a super administrator's token.
type caller struct {
	t     *testing.T
	s     *Server
	url   string
	token string
	admin *User
}

func newCaller(t *testing.T, page int) *caller {
	at := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	c := &caller{t: t, s: New(func() time.Time { at = at.Add(time.Millisecond); return at }, page)}
	c.url = c.s.Start(t.Cleanup)
	c.admin = c.s.AddUser("admin@acme.example", "")
	c.s.AddRole(c.admin, "SUPER_ADMIN")
	_, c.token = c.s.AddToken(c.admin, "test")
	return c
}

// call gives back the status, Okta's error code and the body.
func (c *caller) call(method, path, body string) (int, string, string, http.Header) {
	c.t.Helper()
	req, err := http.NewRequest(method, c.url+"/api/v1/"+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Authorization", "SSWS "+c.token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	var said struct {
		Code string `json:"errorCode"`
	}
	_ = json.Unmarshal(text, &said) // lists have no code
	return resp.StatusCode, said.Code, string(text), resp.Header
}

func (c *caller) want(status int, code, method, path string) {
	c.t.Helper()
	if got, gotCode, text, _ := c.call(method, path, ""); got != status || gotCode != code {
		c.t.Errorf("%s %s: %d %s, want %d %s: %s", method, path, got, gotCode, status, code, text)
	}
}

func TestLifecycleCallsDependOnTheStatusAndAreNotIdempotent(t *testing.T) {
	c := newCaller(t, 10)
	u := c.s.AddUser("bob@acme.example", "")
	at := "users/" + u.ID + "/lifecycle/"
	c.want(400, "E0000001", "POST", at+"unsuspend")
	c.want(200, "", "POST", at+"suspend")
	c.want(400, "E0000001", "POST", at+"suspend")
	c.want(200, "", "POST", at+"unsuspend")
	c.want(403, "E0000016", "POST", at+"activate?sendEmail=false")
	c.want(200, "", "POST", at+"deactivate")
	c.want(403, "E0000016", "POST", at+"deactivate")
	c.want(200, "", "POST", at+"activate?sendEmail=false")
	c.want(400, "E0000001", "POST", at+"suspend") // provisioned, not active
	if got := c.s.Status(u); got != "PROVISIONED" {
		t.Errorf("status %s: the password is gone", got)
	}
}

func TestDeactivationDropsAppsAndRolesAndKeepsGroupsAndFactors(t *testing.T) {
	c := newCaller(t, 10)
	u := c.s.AddUser("bob@acme.example", "")
	c.s.AddRole(u, "ORG_ADMIN")
	c.s.Assign(u, c.s.AddApp("wiki", "Wiki", "SAML_2_0", ""))
	c.s.Join(u, c.s.AddGroup("staff", "OKTA_GROUP"))
	c.s.Enrol(u, "push")
	c.want(200, "", "POST", "users/"+u.ID+"/lifecycle/deactivate")
	var left []string
	for _, h := range c.s.Holdings(u.ID) {
		left = append(left, h.What)
	}
	if got := strings.Join(left, " "); got != "user session factor group" && got != "user session group factor" {
		t.Errorf("left: %s", got)
	}
}

func TestListsGoOnByALinkAndLeaveDeactivatedUsersOut(t *testing.T) {
	c := newCaller(t, 1)
	for _, login := range []string{"a@acme.example", "b@acme.example"} {
		c.s.AddUser(login, "")
	}
	gone := c.s.AddUser("gone@acme.example", "")
	c.want(200, "", "POST", "users/"+gone.ID+"/lifecycle/deactivate")
	pages, path := 0, "users?limit=200"
	for path != "" && pages < 10 {
		_, _, _, header := c.call("GET", path, "")
		pages++
		path = ""
		for _, link := range header.Values("Link") {
			if target, next := strings.CutSuffix(link, `>; rel="next"`); next {
				path = strings.TrimPrefix(target, "<"+c.url+"/api/v1/")
			}
		}
	}
	if pages != 3 {
		t.Errorf("%d pages of one, want the three who are not deactivated", pages)
	}
	for by, found := range map[string]bool{"filter": false, "search": true} {
		_, _, text, _ := c.call("GET", "users?"+by+"=profile.email+eq+%22gone%40acme.example%22", "")
		if strings.Contains(text, gone.ID) != found {
			t.Errorf("by %s: %s", by, text)
		}
	}
}

func TestWhatMayNotBeDoneIsRefusedInOktasWay(t *testing.T) {
	c := newCaller(t, 10)
	u := c.s.AddUser("bob@acme.example", "")
	mastered := c.s.AddGroup("ad people", "APP_GROUP")
	c.want(403, "E0000006", "DELETE", "groups/"+mastered+"/users/"+u.ID)
	c.want(404, "E0000007", "GET", "users/nobody")
	c.want(404, "E0000007", "DELETE", "users/"+u.ID+"/roles/none")
	c.want(400, "E0000031", "GET", "users?search=likes+cats")
	c.s.Set(c.admin, func(u *User) { u.DropRoles() })
	c.s.AddRole(c.admin, "ORG_ADMIN")
	c.want(403, "E0000006", "GET", "users/"+u.ID+"/roles")
	c.want(200, "", "GET", "users/"+u.ID)
	c.token = "00nobodys"
	c.want(401, "E0000011", "GET", "users/"+u.ID)
}

func TestARoleIsGivenOnce(t *testing.T) {
	c := newCaller(t, 10)
	u := c.s.AddUser("bob@acme.example", "")
	for _, want := range []int{201, 409} {
		if status, _, text, _ := c.call("POST", "users/"+u.ID+"/roles", `{"type":"ORG_ADMIN"}`); status != want {
			t.Errorf("%d, want %d: %s", status, want, text)
		}
	}
}

package httpapi_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"lastday"
	"lastday/integrations"
	"lastday/integrations/httpapi"
)

// stub is a far side that says just what a test wants.
type stub struct {
	mu    sync.Mutex
	says  map[string]string // "STATUS BODY" by "METHOD /path?query"
	heard []string
	auth  []string
}

func (s *stub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	line := r.Method + " " + r.URL.RequestURI()
	s.heard = append(s.heard, line)
	s.auth = append(s.auth, r.Header.Get("Authorization")+r.Header.Get("X-Api-Key"))
	said, ok := s.says[line]
	if !ok {
		said = "404 {}"
	}
	headers, said, several := strings.Cut(said, "|")
	if !several {
		headers, said = "", headers
	}
	if name, value, ok := strings.Cut(headers, ": "); ok {
		w.Header().Set(name, value)
	}
	var status int
	_, body, _ := strings.Cut(said, " ")
	if _, err := fmt.Sscan(said, &status); err != nil {
		status = http.StatusTeapot
	}
	w.WriteHeader(status)
	_, _ = fmt.Fprint(w, body)
}

func (s *stub) say(line, said string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.says[line] = said
}

// mini is a small description; grants is the part that a test is about.
func mini(grants string) string {
	return `version: 1
title: Mini
auth: {bearer: env:TOKEN}
permissions: [{name: all, for: everything}]
quota: {left: X-Left, retry_after: X-Wait}
limits: {pages: 5}
errors:
  - {status: 200, when: "has(answer.ok) && !answer.ok", code: denied, note: it says that it is not ok}
  - {status: 409, when: "answer.code == 'last'", code: protected, note: the last one stays}
probe: {get: /me, expect: answer.all, evidence: we see all, identity: answer.id, account_id: answer.id}
account: {get: "/users/{{.account_id}}", absent: [404], id: answer.id, managed_by: "answer.?by.orValue('')"}
find:
  - {by: link_id, get: "/users/{{.link_id}}", absent: [404], items: "[answer]", id: item.id, equal: item.id}
  - {by: link_login, get: /users, query: {login: "{{.link_login}}"}, items: answer.users, id: item.id, equal: item.login}
  - {by: email, get: /users, query: {email: "{{.email}}"}, items: answer.users, id: item.id, equal: item.email, number: "item.?number.orValue('')", when: item.live}
examples: [{name: probe, answers: [{to: GET /me, json: {id: bot, all: true}}], steps: [{probe: {control: true}}]}]
grants:
` + grants
}

const roles = `
  - kind: role
    what: a role
    ladder: [{rung: boss, level: admin}, {rung: staff, level: write}]
    restore: {fidelity: exact}
    list:
      - {get: "/users/{{.account_id}}/roles", items: answer.roles, id: item.id, rung: item.role, rungs: {"0": boss, "1": staff}, managed_by: "item.?by.orValue('')"}
    apply:
      - {to: [none], delete: "/users/{{.account_id}}/roles/{{.resource_id}}", already: [404], accepted: [202]}
      - {to: [staff, boss], put: "/users/{{.account_id}}/roles/{{.resource_id}}", body: {role: "{{.rung | int}}"}}
`

// world is a driver of a description over a stub with one user, u-1.
func world(t *testing.T, text string) (integrations.Driver, *stub) {
	t.Helper()
	s, err := httpapi.Parse("mini.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	far := &stub{says: map[string]string{"GET /me": `200 {"id":"bot","all":true}`, "GET /users/u-1": `200 {"id":"u-1"}`}}
	server := httptest.NewServer(far)
	t.Cleanup(server.Close)
	s.BaseURL = server.URL
	d, err := httpapi.New(t.Context(), s, integrations.Deps{System: "mini", Secret: secret, Now: noon})
	if err != nil {
		t.Fatal(err)
	}
	return d, far
}

func user(id string) lastday.Account { return lastday.Account{System: "mini", ID: id} }

func rungChange(account, id, from, to string) lastday.Change {
	ladder := lastday.Ladder{{Name: "boss", Level: lastday.LevelAdmin}, {Name: "staff", Level: lastday.LevelWrite}}
	return lastday.NewChange("c-1", user(account), lastday.Grant{Key: "role/" + id, Kind: "role", Resource: lastday.Resource{ID: id}, Rung: from, Ladder: ladder}, to, "")
}

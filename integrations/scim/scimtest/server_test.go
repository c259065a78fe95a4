package scimtest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// ask makes a call and reads the answer.
func ask(t *testing.T, s *Server, method, path, body string) (int, resource) {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	req.Header.Set("Authorization", "Bearer t")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, req)
	var out resource
	if w.Body.Len() > 0 {
		if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
			t.Fatalf("%s %s: %v", method, path, err)
		}
	}
	return w.Code, out
}

func club() *Server {
	s := New("t")
	s.Put("Users", resource{
		"schemas": []any{UserSchema, EnterpriseSchema}, "id": "u1", "userName": "kim", "active": true, "externalId": "x",
		"emails": []any{resource{"value": "kim@acme.example", "type": "work", "primary": true}}, "roles": []any{resource{"value": "admin"}},
		EnterpriseSchema: resource{"employeeNumber": "23"},
	})
	s.Put("Users", resource{"schemas": []any{UserSchema}, "id": "u2", "userName": "lee", "active": true})
	s.Put("Groups", resource{"schemas": []any{GroupSchema}, "id": "g1", "displayName": "ops", "members": []any{resource{"value": "u1"}, resource{"value": "u2"}}})
	return s
}

func TestWhatIsToldKeepsToTheSchema(t *testing.T) {
	var all struct{ Schemas []schema }
	load(t, "schemas.json", &all)
	if len(all.Schemas) != 3 {
		t.Fatalf("%d schemas, want 3", len(all.Schemas))
	}
	s := club()
	for _, path := range []string{"/Users", "/Groups"} {
		_, list := ask(t, s, "GET", path, "")
		for _, r := range list["Resources"].([]any) {
			check(t, r.(resource), all.Schemas)
		}
	}
	_, kim := ask(t, s, "GET", "/Users/u1", "")
	check(t, kim, all.Schemas)
	if groups := kim["groups"].([]any); groups[0].(resource)["value"] != "g1" {
		t.Errorf("the account does not name its group: %v", groups)
	}
}

func TestTheSchemaCanBeBroken(t *testing.T) {
	var all struct{ Schemas []schema }
	load(t, "schemas.json", &all)
	user := all.Schemas[0].Attributes
	for _, r := range []resource{{"active": "True"}, {"roles": "admin"}, {"shoeSize": "43"}, {"name": "Kim"}, {"emails": []any{resource{"kind": "work"}}}} {
		if len(within(r, user, "")) == 0 {
			t.Errorf("%v is allowed", r)
		}
	}
}

func TestRefusalsHaveTheirTypes(t *testing.T) {
	op := func(ops string) string { return `{"schemas":["` + patchSchema + `"],"Operations":[` + ops + `]}` }
	for _, c := range []struct {
		method, path, body string
		status             int
		scimType           string
	}{
		{"GET", "/Users/nobody", "", 404, ""},
		{"GET", "/Users?filter=userName+is+%22kim%22", "", 400, "invalidFilter"},
		{"PATCH", "/Users/u1", op(`{"op":"replace","path":"active","value":"False"}`), 400, "invalidValue"},
		{"PATCH", "/Users/u1", op(`{"op":"replace","path":"id","value":"u7"}`), 400, "mutability"},
		{"PATCH", "/Users/u1", op(`{"op":"remove"}`), 400, "noTarget"},
		{"PATCH", "/Users/u1", op(`{"op":"replace","path":"roles[value eq \"x\"].display","value":"X"}`), 400, "noTarget"},
		{"PATCH", "/Users/u1", `{"Operations":[{"op":"remove","path":"roles"}]}`, 400, "invalidSyntax"},
		{"PATCH", "/Users/u1", `{`, 400, "invalidSyntax"},
		{"POST", "/Users/u1", "", 405, ""},
		{"GET", "/Elsewhere", "", 404, ""},
	} {
		status, body := ask(t, club(), c.method, c.path, c.body)
		said, _ := body["scimType"].(string)
		if status != c.status || said != c.scimType || body["schemas"].([]any)[0] != errorSchema {
			t.Errorf("%s %s %s: %d %v, want %d %q", c.method, c.path, c.body, status, body, c.status, c.scimType)
		}
	}
}

func TestAWriteForAnotherVersionIsRefused(t *testing.T) {
	s := club()
	req := httptest.NewRequestWithContext(t.Context(), http.MethodPut, "/Users/u1", strings.NewReader(`{"userName":"kim","active":false}`))
	req.Header.Set("Authorization", "Bearer t")
	req.Header.Set("If-Match", `W/"7"`)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, req)
	if w.Code != http.StatusPreconditionFailed || s.Resource("Users", "u1")["active"] != true {
		t.Errorf("answered %d, active %v", w.Code, s.Resource("Users", "u1")["active"])
	}
}

func TestWhoIsDeletedLeavesAllGroups(t *testing.T) {
	s := club()
	if status, _ := ask(t, s, "DELETE", "/Users/u1", ""); status != http.StatusNoContent {
		t.Errorf("answered %d", status)
	}
	if status, _ := ask(t, s, "DELETE", "/Users/u1", ""); status != http.StatusNotFound {
		t.Errorf("the second time: %d, want 404", status)
	}
	if m := s.Resource("Groups", "g1")["members"].([]any); len(m) != 1 {
		t.Errorf("members: %v", m)
	}
}

func TestOneTokenOpens(t *testing.T) {
	req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/Users", nil)
	w := httptest.NewRecorder()
	club().ServeHTTP(w, req)
	if w.Code != http.StatusUnauthorized {
		t.Errorf("answered %d without a token", w.Code)
	}
}

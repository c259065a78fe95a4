package okta

import (
	"encoding/json"
	"os"
	"slices"
	"testing"

	"lastday"
)

// documented reads one of the examples that Okta publishes.
func documented(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile("testdata/examples.json")
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(all[name], into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

func TestOktasOwnExamplesAreUnderstood(t *testing.T) {
	var users []user
	documented(t, "ListRealmAwareUsersResponse", &users)
	if u := users[0]; !validID(u.ID) || u.Status != statusActive || u.Profile.Login != "alice.smith@example.com" || u.LastLogin.Year() != 2022 || u.Credentials.Provider.Type != "OKTA" {
		t.Errorf("a user: %+v", u)
	}
	var tokens []apiToken
	documented(t, "ApiTokenListMetadataResponse", &tokens)
	if len(tokens) != 2 || tokens[0].UserID != "00uabcdefg1234567890" || tokens[1].Name != "Another API Token" {
		t.Errorf("API tokens: %+v", tokens)
	}
	var roles someRoles
	documented(t, "ListRoleAssignments", &roles)
	if len(roles) != 2 || isSuper(roles) || !slices.Equal(roles[0].grant().Via, []string{"a group"}) {
		t.Errorf("roles: %+v", roles)
	}
	custom := roles[1].grant()
	if custom.Resource.ID != "cr04cxy6yzSCtNciD0g7/iam4cxy6z7hhaZCSk0g7" || custom.Level() != lastday.LevelAdmin || custom.Details["assignment"] != "irb4ey26fpFI3vQ8y0g7" {
		t.Errorf("a custom role: %+v", custom)
	}
	var request map[string]string
	documented(t, "CustomRoleAssignmentRequest", &request)
	if len(request) != 3 || request["type"] != roleCustom || request["role"] != roles[1].Role || request["resource-set"] != roles[1].ResourceSet {
		t.Errorf("a request for a custom role: %v", request)
	}
	var one someRoles
	if err := json.Unmarshal([]byte(`{"id":"x","type":"SUPER_ADMIN"}`), &one); err != nil || !isSuper(one) {
		t.Errorf("a single role: %+v, error %v", one, err)
	}
}

func TestAGroupsRoleSaysWhichGroup(t *testing.T) {
	for href, want := range map[string]string{
		"https://acme.okta.com/api/v1/groups/00g4cweckiXJaEqWl0g7":       "00g4cweckiXJaEqWl0g7",
		"https://acme.okta.com/api/v1/groups/00g4cweckiXJaEqWl0g7/roles": "00g4cweckiXJaEqWl0g7",
		"https://acme.okta.com/api/v1/users/00u4cweckiXJaEqWl0g7":        "",
		"": "",
	} {
		var r role
		r.Links.Assignee.Href = href
		if got := r.group(); got != want {
			t.Errorf("%s: %q", href, got)
		}
	}
}

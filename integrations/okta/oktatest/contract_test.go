package oktatest

import (
	"strings"
	"testing"
)

func healthy() Exchange {
	return Exchange{
		Method: "GET", Path: "/api/v1/users/00u1", Status: 200,
		Answer: `{"id":"00u1","status":"ACTIVE","profile":{"login":"a@b.c"},"lastLogin":null,"_links":{"x":1}}`,
	}
}

func judged(t *testing.T, change func(*Exchange)) string {
	t.Helper()
	c, err := ReadContract()
	if err != nil || len(c.Paths) < 25 {
		t.Fatalf("%d paths, error %v", len(c.Paths), err)
	}
	e := healthy()
	change(&e)
	return strings.Join(c.Check(e), "; ")
}

func TestWhatIsAsDescribedPasses(t *testing.T) {
	for what, change := range map[string]func(*Exchange){
		"a read":   func(*Exchange) {},
		"an error": func(e *Exchange) { e.Status, e.Answer = 404, `{"errorCode":"E0000007","errorSummary":"no"}` },
		"a write": func(e *Exchange) {
			*e = Exchange{Method: "DELETE", Path: "/api/v1/users/00u1/sessions", Query: "oauthTokens=true&forgetDevices=true", Status: 204}
		},
		"a role": func(e *Exchange) {
			*e = Exchange{Method: "POST", Path: "/api/v1/users/00u1/roles", Body: `{"type":"SUPER_ADMIN"}`, Status: 201, Answer: `{"id":"r","type":"SUPER_ADMIN"}`}
		},
		"a long way": func(e *Exchange) {
			*e = Exchange{Method: "GET", Path: "/api/v1/groups/rules", Status: 200, Answer: `[{"id":"r","status":"ACTIVE"}]`}
		},
	} {
		if wrong := judged(t, change); wrong != "" {
			t.Errorf("%s: %s", what, wrong)
		}
	}
}

func TestEveryPlantedFlawIsFound(t *testing.T) {
	for want, change := range map[string]func(*Exchange){
		"no such call":                           func(e *Exchange) { e.Path = "/api/v1/user/00u1" },
		"PATCH /api/v1/users/00u1: no such call": func(e *Exchange) { e.Method = "PATCH" },
		"no query parameter fields":              func(e *Exchange) { e.Query = "fields=id" },
		"takes no body":                          func(e *Exchange) { e.Body = `{}` },
		"is never answered with 204":             func(e *Exchange) { e.Status = 204 },
		"is none of":                             func(e *Exchange) { e.Answer = `{"id":"1","status":"GONE"}` },
		"answer.id: is a number":                 func(e *Exchange) { e.Answer = `{"id":1}` },
		"answer: is a array, want object":        func(e *Exchange) { e.Answer = `[]` },
		"has no property color":                  func(e *Exchange) { e.Answer = `{"id":"1","color":"red"}` },
		"no JSON":                                func(e *Exchange) { e.Answer = `{"id":` },
		"error: has no property message":         func(e *Exchange) { e.Status, e.Answer = 403, `{"message":"no"}` },
		"needs a body": func(e *Exchange) {
			*e = Exchange{Method: "POST", Path: "/api/v1/apps/0oa1/users", Status: 200, Answer: `{}`}
		},
		"body: lacks id": func(e *Exchange) {
			*e = Exchange{Method: "POST", Path: "/api/v1/apps/0oa1/users", Body: `{"scope":"USER"}`, Status: 200, Answer: `{}`}
		},
	} {
		if wrong := judged(t, change); !strings.Contains(wrong, want) {
			t.Errorf("%s: found %q", want, wrong)
		}
	}
}

package oktatest

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
)

//go:embed testdata/openapi.json
var description []byte

// Contract is what Okta publishes about its API.
type Contract struct {
	Paths      map[string]map[string]operation `json:"paths"`
	Components struct {
		Schemas map[string]schema `json:"schemas"`
	} `json:"components"`
}

type operation struct {
	Parameters []struct {
		Name string `json:"name"`
		In   string `json:"in"`
	} `json:"parameters"`
	RequestBody *struct {
		Content content `json:"content"`
	} `json:"requestBody"`
	Responses map[string]struct {
		Content content `json:"content"`
	} `json:"responses"`
}

type content map[string]struct {
	Schema schema `json:"schema"`
}

type schema struct {
	Ref        string            `json:"$ref"`
	Type       string            `json:"type"`
	Properties map[string]schema `json:"properties"`
	Items      *schema           `json:"items"`
	AllOf      []schema          `json:"allOf"`
	AnyOf      []schema          `json:"anyOf"`
	OneOf      []schema          `json:"oneOf"`
	Enum       []any             `json:"enum"`
	Required   []string          `json:"required"`
	Nullable   bool              `json:"nullable"`
	// Additional is an object or a boolean.
	Additional json.RawMessage `json:"additionalProperties"`
}

// ReadContract reads the description that is kept here.
func ReadContract() (Contract, error) {
	var c Contract
	err := json.Unmarshal(description, &c)
	return c, err
}

// newer is what Okta's documentation has and the description of 2024 has not:
// https://developer.okta.com/docs/api/openapi/okta-management/management/tag/UserSessions/ (forgetDevices),
// https://developer.okta.com/docs/api/openapi/okta-management/management/tag/RoleAssignmentAUser/ (custom roles),
// https://developer.okta.com/docs/api/openapi/okta-management/management/tag/UserResources/ (devices),
// https://developer.okta.com/docs/api/openapi/okta-management/management/tag/RoleAssignmentClient/ (roles of a client).
// Errors 400, 405 and 409 are answered by every path, as the list of error codes says:
// https://developer.okta.com/docs/reference/error-codes/
func newer() map[string]bool {
	return map[string]bool{
		"DELETE /api/v1/users/{userId}/sessions?forgetDevices": true,
		"GET /api/v1/users/{userId}/devices":                   true,
		"GET /oauth2/v1/clients/{clientId}/roles":              true, // a list, not a single role
		"Role.role": true, "Role.resource-set": true,
		"AssignRoleRequest.role": true, "AssignRoleRequest.resource-set": true,
	}
}

// Check says in what an exchange is not as described; nothing if it is.
func (c Contract) Check(e Exchange) []string {
	path, op, ok := c.operation(e)
	if newer()[e.Method+" "+path] {
		return nil
	}
	if !ok {
		return []string{e.Method + " " + e.Path + ": no such call"}
	}
	where := e.Method + " " + path
	wrong := queryMistakes(where, op, e.Query)
	if e.Body != "" {
		if op.RequestBody == nil {
			wrong = append(wrong, where+": takes no body")
		} else {
			wrong = append(wrong, c.mistakes(where+" body", op.RequestBody.Content["application/json"].Schema, e.Body)...)
		}
	} else if op.RequestBody != nil {
		wrong = append(wrong, where+": needs a body")
	}
	return append(wrong, c.answerMistakes(where, op, e)...)
}

func (c Contract) answerMistakes(where string, op operation, e Exchange) []string {
	described, ok := op.Responses[fmt.Sprint(e.Status)]
	if e.Status >= 400 {
		return c.mistakes(where+" error", schema{Ref: "#/components/schemas/Error"}, e.Answer)
	}
	if !ok {
		return []string{fmt.Sprintf("%s: is never answered with %d", where, e.Status)}
	}
	body, has := described.Content["application/json"]
	if !has {
		return nil
	}
	return c.mistakes(where+" answer", body.Schema, e.Answer)
}

func (c Contract) operation(e Exchange) (string, operation, bool) {
	have := strings.Split(e.Path, "/")
	best := ""
	for path := range c.Paths {
		if matches(strings.Split(path, "/"), have) && (best == "" || strings.Count(path, "{") < strings.Count(best, "{")) {
			best = path
		}
	}
	if best == "" && strings.HasSuffix(e.Path, "/devices") {
		best = "/api/v1/users/{userId}/devices"
	}
	op, ok := c.Paths[best][strings.ToLower(e.Method)]
	return best, op, ok
}

func matches(want, have []string) bool {
	if len(want) != len(have) {
		return false
	}
	for i, w := range want {
		if w != have[i] && !strings.HasPrefix(w, "{") {
			return false
		}
	}
	return true
}

func queryMistakes(where string, op operation, query string) []string {
	var wrong []string
	values, err := url.ParseQuery(query)
	if err != nil {
		return []string{where + ": malformed query"}
	}
	for name := range values {
		known := newer()[where+"?"+name]
		for _, p := range op.Parameters {
			known = known || p.In == "query" && p.Name == name
		}
		if !known {
			wrong = append(wrong, where+": no query parameter "+name)
		}
	}
	return wrong
}

func (c Contract) mistakes(where string, s schema, text string) []string {
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		return []string{where + ": no JSON"}
	}
	return c.judge(where, s, v)
}

// resolved follows references and merges what allOf puts together.
func (c Contract) resolved(s schema) (schema, string) {
	name := ""
	for s.Ref != "" {
		name = s.Ref[strings.LastIndex(s.Ref, "/")+1:]
		s = c.Components.Schemas[name]
	}
	merged := s
	merged.Properties = map[string]schema{}
	maps.Copy(merged.Properties, s.Properties)
	for _, part := range s.AllOf {
		p, inner := c.resolved(part)
		if name == "" {
			name = inner
		}
		maps.Copy(merged.Properties, p.Properties)
		if merged.Type == "" {
			merged.Type = p.Type
		}
		merged.Enum = append(merged.Enum, p.Enum...)
		merged.Required = append(merged.Required, p.Required...)
		if len(p.Additional) > 0 {
			merged.Additional = p.Additional
		}
	}
	return merged, name
}

func (c Contract) judge(where string, s schema, v any) []string {
	s, name := c.resolved(s)
	if len(s.OneOf)+len(s.AnyOf) > 0 {
		return c.judgeAny(where, append(s.OneOf, s.AnyOf...), v)
	}
	switch v := v.(type) {
	case nil:
		return nil // Okta sends null for what is not set, described or not
	case map[string]any:
		return c.judgeObject(where, s, name, v)
	case []any:
		return c.judgeList(where, s, v)
	case string:
		if s.Type != "" && s.Type != "string" {
			return []string{fmt.Sprintf("%s: is a string, want %s", where, s.Type)}
		}
		if len(s.Enum) > 0 && !slices.Contains(s.Enum, any(v)) {
			return []string{fmt.Sprintf("%s: %q is none of %v", where, v, s.Enum)}
		}
	case bool:
		return typeMistake(where, s, "boolean")
	case float64:
		if s.Type != "integer" {
			return typeMistake(where, s, "number")
		}
	}
	return nil
}

func typeMistake(where string, s schema, is string) []string {
	if s.Type == "" || s.Type == is {
		return nil
	}
	return []string{fmt.Sprintf("%s: is a %s, want %s", where, is, s.Type)}
}

func (c Contract) judgeAny(where string, choices []schema, v any) []string {
	var least []string
	for i, choice := range choices {
		wrong := c.judge(where, choice, v)
		if len(wrong) == 0 {
			return nil
		}
		if i == 0 || len(wrong) < len(least) {
			least = wrong
		}
	}
	return least
}

func (c Contract) judgeList(where string, s schema, v []any) []string {
	wrong := typeMistake(where, s, "array")
	for _, item := range v {
		if s.Items != nil {
			wrong = append(wrong, c.judge(where, *s.Items, item)...)
		}
	}
	return wrong
}

func (c Contract) judgeObject(where string, s schema, name string, v map[string]any) []string {
	wrong := typeMistake(where, s, "object")
	for _, need := range s.Required {
		if _, ok := v[need]; !ok {
			wrong = append(wrong, where+": lacks "+need)
		}
	}
	for key, value := range v {
		property, known := s.Properties[key]
		switch {
		case known:
			wrong = append(wrong, c.judge(where+"."+key, property, value)...)
		case len(s.Properties) > 0 && len(s.Additional) == 0 && key != "_links" && !newer()[name+"."+key]:
			wrong = append(wrong, where+": has no property "+key)
		}
	}
	return wrong
}

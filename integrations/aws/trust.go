package aws

import (
	"encoding/json"
	"reflect"
	"slices"
)

// denial is the inline policy that denies a user everything. It holds for
// sessions that were issued to the user before as well, since permissions are
// judged at each request.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_disable-perms.html
const denial = `{"Version":"2012-10-17","Statement":[{"Sid":"LastdayDenyAll","Effect":"Deny","Action":"*","Resource":"*"}]}`

// same says whether two policies say the same, whatever their form.
func same(a, b string) bool {
	var x, y any
	return json.Unmarshal([]byte(a), &x) == nil && json.Unmarshal([]byte(b), &y) == nil && reflect.DeepEqual(x, y)
}

// trust is a trust policy, kept whole so that it can be written again.
type trust map[string]any

func (t trust) statements() []any {
	switch s := t["Statement"].(type) {
	case []any:
		return s
	case map[string]any:
		return []any{s}
	}
	return nil
}

// principals gives the AWS principals of a statement, one or several.
func principals(statement any) []string {
	s, ok := statement.(map[string]any)
	if !ok {
		return nil
	}
	p, ok := s["Principal"].(map[string]any)
	if !ok {
		return nil // "*" is everybody, and names nobody
	}
	switch a := p["AWS"].(type) {
	case string:
		return []string{a}
	case []any:
		var found []string
		for _, x := range a {
			if one, ok := x.(string); ok {
				found = append(found, one)
			}
		}
		return found
	}
	return nil
}

// lets says whether the statement lets the principal in.
func lets(statement any, arn string) bool {
	s, ok := statement.(map[string]any)
	return ok && s["Effect"] == "Allow" && slices.Contains(principals(statement), arn)
}

// names says whether a trust policy lets the user in by name.
func names(doc, arn string) bool {
	var t trust
	if json.Unmarshal([]byte(doc), &t) != nil {
		return false
	}
	return slices.ContainsFunc(t.statements(), func(s any) bool { return lets(s, arn) })
}

// without takes the user out of a trust policy. A statement that names nobody
// else goes; if none were left, which IAM does not allow, it becomes a denial
// of the same.
func without(doc, arn string) (string, error) {
	var t trust
	if err := json.Unmarshal([]byte(doc), &t); err != nil {
		return "", err
	}
	kept := []any{}
	var last map[string]any
	for _, s := range t.statements() {
		if !lets(s, arn) {
			kept = append(kept, s)
			continue
		}
		statement := s.(map[string]any) //nolint:forcetypeassert // lets has seen it
		if left := drop(statement, arn); left {
			kept = append(kept, statement)
			continue
		}
		last = statement
	}
	if len(kept) == 0 && last != nil {
		kept = append(kept, denied(last, arn))
	}
	t["Statement"] = kept
	text, err := json.Marshal(t)
	return string(text), err
}

// drop takes one principal out of a statement, and says whether anybody is left.
func drop(statement map[string]any, arn string) bool {
	p := statement["Principal"].(map[string]any) //nolint:forcetypeassert // lets has seen it
	var others []any
	for _, a := range principals(statement) {
		if a != arn {
			others = append(others, a)
		}
	}
	if len(others) == 0 {
		delete(p, "AWS")
		return len(p) > 0
	}
	p["AWS"] = others
	return true
}

func denied(statement map[string]any, arn string) map[string]any {
	statement["Effect"] = "Deny"
	statement["Principal"] = map[string]any{"AWS": arn}
	delete(statement, "Condition")
	return statement
}

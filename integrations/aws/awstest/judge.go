package awstest

import (
	"encoding/json"
	"path"
	"strings"
)

// authorized judges a request by the policies of who makes it: what is denied
// anywhere is denied, what is allowed nowhere too. Resources and conditions are
// not looked at. GetCallerIdentity needs no permission.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
func (c *Cloud) authorized(req *request) bool {
	if req.who.anonymous || req.operation == "GetCallerIdentity" || req.operation == "GetSessionToken" {
		return true
	}
	return allowed(c.policiesOf(req.who), actionOf(req))
}

// actionOf is the name of an operation in policies.
func actionOf(req *request) string { return req.service + ":" + req.operation }

func (c *Cloud) policiesOf(who principal) []string {
	var docs []string
	managed := func(arns []string) {
		for _, arn := range arns {
			if p := c.books.Policies[arn]; p != nil {
				docs = append(docs, p.Document)
			}
		}
	}
	inline := func(all map[string]string) {
		for _, doc := range all {
			docs = append(docs, doc)
		}
	}
	if role := c.books.Roles[who.role]; role != nil {
		managed(role.Attached)
		inline(role.Inline)
		return docs
	}
	u := c.books.Users[who.user]
	if u == nil {
		return nil
	}
	managed(u.Attached)
	inline(u.Inline)
	for _, name := range u.Groups {
		if g := c.books.Groups[name]; g != nil {
			managed(g.Attached)
			inline(g.Inline)
		}
	}
	return docs
}

func allowed(docs []string, action string) bool {
	allow := false
	for _, doc := range docs {
		for _, s := range statements(doc) {
			if !covers(s["Action"], action) {
				continue
			}
			if s["Effect"] == "Deny" {
				return false
			}
			allow = true
		}
	}
	return allow
}

func statements(doc string) []map[string]any {
	var d struct{ Statement json.RawMessage }
	var many []map[string]any
	if json.Unmarshal([]byte(doc), &d) != nil {
		return nil
	}
	if json.Unmarshal(d.Statement, &many) == nil {
		return many
	}
	var one map[string]any
	if json.Unmarshal(d.Statement, &one) != nil {
		return nil
	}
	return []map[string]any{one}
}

func covers(patterns any, action string) bool {
	for _, p := range texts(patterns) {
		if ok, err := path.Match(strings.ToLower(p), strings.ToLower(action)); err == nil && ok {
			return true
		}
	}
	return false
}

func texts(v any) []string {
	switch x := v.(type) {
	case string:
		return []string{x}
	case []any:
		var all []string
		for _, one := range x {
			if s, ok := one.(string); ok {
				all = append(all, s)
			}
		}
		return all
	}
	return nil
}

// trusts says whether a role's trust policy lets a user in.
func trusts(doc, arn, account string) bool {
	ok := false
	for _, s := range statements(doc) {
		p, _ := s["Principal"].(map[string]any)
		for _, who := range texts(p["AWS"]) {
			if who != arn && who != account && who != "arn:aws:iam::"+account+":root" {
				continue
			}
			if s["Effect"] == "Deny" {
				return false
			}
			ok = true
		}
	}
	return ok
}

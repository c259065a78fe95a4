package scimtest

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

// refusal is an error of the protocol (RFC 7644 section 3.12).
type refusal struct {
	status   int
	scimType string
	detail   string
}

// Error is the detail.
func (r *refusal) Error() string { return r.detail }

func bad(scimType, format string, args ...any) *refusal {
	return &refusal{status: 400, scimType: scimType, detail: fmt.Sprintf(format, args...)}
}

type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value"`
}

// target is a path of a patch (RFC 7644 section 3.5.2, figure 7).
type target struct {
	names  []string
	filter condition
	sub    string
}

func parseTarget(path string) (target, error) {
	open := strings.IndexByte(path, '[')
	if open < 0 {
		return target{names: pathNames(path)}, nil
	}
	end := strings.LastIndexByte(path, ']')
	if end < open {
		return target{}, bad("invalidPath", "a bracket is not closed")
	}
	filter, err := parseFilter(path[open+1 : end])
	if err != nil {
		return target{}, bad("invalidFilter", "%v", err)
	}
	return target{names: pathNames(path[:open]), filter: filter, sub: strings.TrimPrefix(path[end+1:], ".")}, nil
}

// apply carries out one operation on a resource. It changes r.
func apply(r resource, op operation) error {
	verb := strings.ToLower(op.Op)
	if verb != "add" && verb != "replace" && verb != "remove" {
		return bad("invalidSyntax", "no operation %q", op.Op)
	}
	if op.Path == "" {
		return applyWhole(r, verb, op.Value)
	}
	t, err := parseTarget(op.Path)
	if err != nil {
		return err
	}
	if readOnly(t.names[0]) {
		return bad("mutability", "%s is written by the server alone", t.names[0])
	}
	holder := r
	for _, name := range t.names[:len(t.names)-1] {
		key := keyOf(holder, name)
		inner, ok := holder[key].(resource)
		if !ok {
			if verb == "remove" {
				return nil
			}
			inner = resource{}
			holder[key] = inner
		}
		holder = inner
	}
	key := keyOf(holder, t.names[len(t.names)-1])
	if t.filter != nil {
		return applyFiltered(holder, key, verb, t, op.Value)
	}
	return applyPlain(holder, key, verb, op.Value)
}

func readOnly(name string) bool {
	switch strings.ToLower(name) {
	case "id", "meta", "groups":
		return true
	}
	return false
}

func applyWhole(r resource, verb string, v any) error {
	m, ok := v.(resource)
	if verb == "remove" {
		return bad("noTarget", "what is to be removed is not said")
	}
	if !ok {
		return bad("invalidValue", "without a path the value must be an object")
	}
	for name, inner := range m {
		if err := apply(r, operation{Op: verb, Path: name, Value: inner}); err != nil {
			return err
		}
	}
	return nil
}

func applyPlain(holder resource, key, verb string, v any) error {
	old, many := holder[key].([]any)
	many = many || multiValued(key)
	switch {
	case verb == "remove":
		delete(holder, key)
	case verb == "add" && many:
		if !list(v) && v != nil {
			v = []any{v}
		}
		more, _ := v.([]any)
		holder[key] = appendNew(old, more)
	case many && !list(v):
		holder[key] = []any{v}
	default:
		if inner, ok := holder[key].(resource); ok && object(v) { // complex: what is not named stays
			for name, x := range v.(resource) {
				inner[keyOf(inner, name)] = x
			}
			return nil
		}
		holder[key] = v
	}
	if empty, ok := holder[key].([]any); ok && len(empty) == 0 {
		delete(holder, key)
	}
	return nil
}

func list(v any) bool { _, ok := v.([]any); return ok }

func object(v any) bool { _, ok := v.(resource); return ok }

// multiValued names the attributes of many values (RFC 7643 sections 4.1.2, 4.2).
func multiValued(name string) bool {
	switch strings.ToLower(name) {
	case "emails", "phonenumbers", "ims", "photos", "addresses", "groups", "entitlements", "roles", "x509certificates", "members":
		return true
	}
	return false
}

// appendNew adds what is not there yet (RFC 7644 section 3.5.2.1).
func appendNew(old, more []any) []any {
	all := old
	for _, v := range more {
		known := false
		for _, o := range all {
			known = known || equalValue(o, v)
		}
		if !known {
			all = append(all, v)
		}
	}
	return all
}

// equalValue takes two values for one if all that the new one says is the same.
func equalValue(old, v any) bool {
	m, ok := v.(resource)
	o, also := old.(resource)
	if !ok || !also {
		return reflect.DeepEqual(old, v)
	}
	for name, x := range m {
		if !reflect.DeepEqual(o[keyOf(o, name)], x) {
			return false
		}
	}
	return true
}

func applyFiltered(holder resource, key, verb string, t target, v any) error {
	old, _ := holder[key].([]any)
	var kept []any
	hits := 0
	for _, x := range old {
		m, ok := x.(resource)
		if !ok || !t.filter(m) {
			kept = append(kept, x)
			continue
		}
		hits++
		switch {
		case verb == "remove" && t.sub != "":
			delete(m, keyOf(m, t.sub))
		case verb == "remove":
			continue
		case t.sub != "":
			m[keyOf(m, t.sub)] = v
		case object(v):
			for name, inner := range v.(resource) {
				m[keyOf(m, name)] = inner
			}
		default:
			return bad("invalidValue", "the value must be an object")
		}
		kept = append(kept, m)
	}
	if hits == 0 && verb == "replace" {
		return bad("noTarget", "nothing matches the filter")
	}
	holder[key] = kept
	if len(kept) == 0 {
		delete(holder, key)
	}
	return nil
}

// clone copies a resource deeply, by way of its JSON.
func clone(r resource) resource {
	text, err := json.Marshal(r)
	if err != nil {
		panic(fmt.Sprintf("scimtest: a resource without a JSON form: %v", err))
	}
	var out resource
	if err := json.Unmarshal(text, &out); err != nil {
		panic(fmt.Sprintf("scimtest: %v", err))
	}
	return out
}

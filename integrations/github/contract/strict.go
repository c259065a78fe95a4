package main

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
)

func sortStrings(s []string) []string { slices.Sort(s); return s }

// unknownFields are members of a request body that the schema does not have. GitHub ignores them silently, so a client
// that sends one believes in something that does not happen.
func unknownFields(body string, schema *openapi3.Schema) []string {
	if body == "" {
		return nil
	}
	if schema == nil {
		return []string{"a body where none is described"}
	}
	var v any
	if json.Unmarshal([]byte(body), &v) != nil {
		return nil // reported by the validator
	}
	return extras(v, schema)
}

// extras lists the members of v that no branch of the schema has, by path; list indices are left out.
func extras(v any, schema *openapi3.Schema) []string {
	found := map[string]bool{}
	walkExtras(v, []*openapi3.Schema{schema}, "", found, 0)
	return sortedKeys(found)
}

func walkExtras(v any, schemas []*openapi3.Schema, path string, found map[string]bool, depth int) {
	schemas = branches(schemas)
	if depth > 40 || len(schemas) == 0 {
		return
	}
	switch t := v.(type) {
	case []any:
		for _, e := range t {
			walkExtras(e, itemsOf(schemas), path+"[]", found, depth+1)
		}
	case map[string]any:
		if open(schemas) {
			return
		}
		for k, e := range t {
			sub := propertyOf(schemas, k)
			if len(sub) == 0 {
				found[fmt.Sprintf("%s.%s", path, k)] = true
				continue
			}
			walkExtras(e, sub, path+"."+k, found, depth+1)
		}
	}
}

// branches opens allOf, anyOf and oneOf.
func branches(schemas []*openapi3.Schema) []*openapi3.Schema {
	var out []*openapi3.Schema
	for _, s := range schemas {
		if s == nil {
			continue
		}
		out = append(out, s)
		for _, refs := range []openapi3.SchemaRefs{s.AllOf, s.AnyOf, s.OneOf} {
			for _, r := range refs {
				out = append(out, branches([]*openapi3.Schema{r.Value})...)
			}
		}
	}
	return out
}

// open reports whether any branch is an object without described members, or allows others explicitly.
func open(schemas []*openapi3.Schema) bool {
	described := false
	for _, s := range schemas {
		described = described || len(s.Properties) > 0
		if s.AdditionalProperties.Schema != nil || s.AdditionalProperties.Has != nil && *s.AdditionalProperties.Has {
			return true
		}
	}
	return !described
}

func itemsOf(schemas []*openapi3.Schema) []*openapi3.Schema {
	var out []*openapi3.Schema
	for _, s := range schemas {
		if s.Items != nil {
			out = append(out, s.Items.Value)
		}
	}
	return out
}

func propertyOf(schemas []*openapi3.Schema, name string) []*openapi3.Schema {
	var out []*openapi3.Schema
	for _, s := range schemas {
		if p := s.Properties[name]; p != nil {
			out = append(out, p.Value)
		}
	}
	return out
}

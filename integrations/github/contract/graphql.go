package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
)

// Rules of GraphQL calls.
const (
	ruleQuery   = "GraphQL query"
	ruleRefused = "GraphQL refusal"
	ruleData    = "GraphQL data"
)

// graph is GitHub's published GraphQL schema.
type graph struct {
	schema *ast.Schema
}

func loadGraphQL(name string) (*graph, error) {
	raw, err := os.ReadFile(filepath.Clean(name))
	if err != nil {
		return nil, fmt.Errorf("read GraphQL schema: %w", err)
	}
	return parseGraphQL(string(raw))
}

func parseGraphQL(text string) (*graph, error) {
	doc, err := parser.ParseSchemas(validator.Prelude, &ast.Source{Name: "schema.graphql", Input: text})
	if err != nil {
		return nil, fmt.Errorf("parse GraphQL schema: %w", err)
	}
	for _, def := range doc.Definitions {
		def.Fields = firstOfEach(def.Fields)
	}
	schema, err := validator.ValidateSchemaDocument(doc)
	if err != nil {
		return nil, fmt.Errorf("load GraphQL schema: %w", err)
	}
	return &graph{schema: schema}, nil
}

// firstOfEach drops repeated fields: the published file of version 15.26.1 defines
// EnterpriseOwnerInfo.repositoryDeployKeySetting twice, which a strict reader refuses.
func firstOfEach(fields ast.FieldList) ast.FieldList {
	seen := map[string]bool{}
	return slices.DeleteFunc(fields, func(f *ast.FieldDefinition) bool {
		again := seen[f.Name]
		seen[f.Name] = true
		return again
	})
}

type gqlAnswer struct {
	Data   map[string]any
	Errors []struct {
		Message    string
		Extensions struct{ Code string }
	}
}

// check compares what the server did with what the schema says: it must refuse what the schema does not know, must not
// refuse what it knows, and must answer with the described types.
func (g *graph) check(c call) []violation {
	bad := func(rule, detail string) []violation {
		return []violation{{route: c.Route, rule: rule, status: c.Status, detail: detail, call: c}}
	}
	if c.Fault || c.Status != 200 {
		return nil
	}
	var in struct {
		Query         string
		OperationName string
		Variables     map[string]any
	}
	var out gqlAnswer
	if err := json.Unmarshal([]byte(c.Body), &in); err != nil {
		return bad(ruleQuery, err.Error())
	}
	if err := json.Unmarshal([]byte(c.Response), &out); err != nil {
		return bad(ruleData, err.Error())
	}
	doc, errs := gqlparser.LoadQueryWithRules(g.schema, in.Query, nil)
	switch {
	case errs != nil && out.Data != nil:
		return bad(ruleQuery, firstLine(errs.Error()))
	case errs != nil:
		return nil // both refuse
	case g.refusedWrongly(out):
		return bad(ruleRefused, out.Errors[0].Message)
	case out.Data == nil:
		return nil
	}
	op := doc.Operations.ForName(in.OperationName)
	if _, err := validator.VariableValues(g.schema, op, in.Variables); err != nil {
		return bad(ruleQuery, firstLine(err.Error()))
	}
	var all []violation
	for _, flaw := range g.shape(out.Data, op.SelectionSet, "") {
		all = append(all, bad(ruleData, flaw)...)
	}
	return all
}

// refusedWrongly reports whether the server calls something undefined that the schema defines.
func (g *graph) refusedWrongly(out gqlAnswer) bool {
	for _, e := range out.Errors {
		if slices.Contains([]string{"undefinedField", "argumentNotAccepted", "undefinedType", "selectionMismatch"}, e.Extensions.Code) {
			return true
		}
	}
	return false
}

// shape walks the data along the selection and lists what does not fit the types.
func (g *graph) shape(data map[string]any, sel ast.SelectionSet, path string) []string {
	var out []string
	for _, s := range sel {
		switch t := s.(type) {
		case *ast.Field:
			if v, has := data[t.Alias]; has && t.Name != "__typename" {
				out = append(out, g.value(v, t.Definition.Type, t.SelectionSet, path+"."+t.Alias)...)
			}
		case *ast.InlineFragment:
			if g.couldBe(data, t.TypeCondition) {
				out = append(out, g.shape(data, t.SelectionSet, path)...)
			}
		case *ast.FragmentSpread:
			if g.couldBe(data, t.Definition.TypeCondition) {
				out = append(out, g.shape(data, t.Definition.SelectionSet, path)...)
			}
		}
	}
	return out
}

func (g *graph) couldBe(data map[string]any, on string) bool {
	name, said := data["__typename"].(string)
	if !said || on == "" || name == on {
		return true
	}
	return slices.ContainsFunc(g.schema.PossibleTypes[on], func(d *ast.Definition) bool { return d.Name == name })
}

func (g *graph) value(v any, typ *ast.Type, sel ast.SelectionSet, path string) []string {
	if v == nil {
		if typ.NonNull {
			return []string{path + ": null where the schema says non-null"}
		}
		return nil
	}
	if typ.Elem != nil {
		list, isList := v.([]any)
		if !isList {
			return []string{path + ": no list"}
		}
		var out []string
		for _, e := range list {
			out = append(out, g.value(e, typ.Elem, sel, path+"[]")...)
		}
		return out
	}
	return g.named(v, g.schema.Types[typ.NamedType], sel, path)
}

func (g *graph) named(v any, def *ast.Definition, sel ast.SelectionSet, path string) []string {
	switch def.Kind {
	case ast.Object, ast.Interface, ast.Union:
		m, isMap := v.(map[string]any)
		if !isMap {
			return []string{path + ": no object"}
		}
		return g.shape(m, sel, path)
	case ast.Enum:
		if name, _ := v.(string); def.EnumValues.ForName(name) == nil {
			return []string{fmt.Sprintf("%s: %v is no %s", path, v, def.Name)}
		}
	case ast.Scalar:
		if !fits(v, def.Name) {
			return []string{fmt.Sprintf("%s: %T is no %s", path, v, def.Name)}
		}
	}
	return nil
}

func fits(v any, scalar string) bool {
	switch v.(type) {
	case float64:
		return scalar == "Int" || scalar == "Float" || scalar == "BigInt"
	case bool:
		return scalar == "Boolean"
	case string:
		return scalar != "Int" && scalar != "Float" && scalar != "Boolean"
	}
	return false
}

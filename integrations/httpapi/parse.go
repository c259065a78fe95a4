package httpapi

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"lastday"
)

// Parse reads a description and checks it. It is strict: a word that is not
// known is a mistake. File stands in the places of mistakes.
//
// CodeInvalid: with all mistakes, one a line, each as file:line:column.
func Parse(file string, text []byte) (Spec, error) {
	var s Spec
	if len(text) > mostBytes {
		return s, lastday.Errorf(lastday.CodeInvalid, "httpapi: "+file, "larger than %d bytes", mostBytes)
	}
	tree, err := parser.ParseBytes(text, 0)
	if err != nil || len(tree.Docs) != 1 {
		return s, lastday.Errorf(lastday.CodeInvalid, "httpapi: "+file, "no single YAML document: %s", place(err))
	}
	if err := yaml.UnmarshalWithOptions(text, &s, yaml.Strict()); err != nil {
		return s, lastday.Errorf(lastday.CodeInvalid, "httpapi: "+file, "%s", place(err))
	}
	found := compileAll(&s)
	found = append(found, s.mistakes()...)
	if len(found) == 0 {
		return s, nil
	}
	return s, lastday.Errorf(lastday.CodeInvalid, "httpapi: description", "\n%s", located(file, tree.Docs[0].Body, found))
}

// place renders an error of the YAML library with its line and column.
func place(err error) string {
	if err == nil {
		return "there is none"
	}
	return strings.TrimSpace(yaml.FormatError(err, false, false))
}

// mistake is something that is wrong, at a path such as grants, 0, kind.
type mistake struct {
	at   []any
	what string
}

// mistakes collects what is wrong below a path.
type mistakes struct {
	found []mistake
}

func (m *mistakes) add(at []any, format string, args ...any) {
	m.found = append(m.found, mistake{at: slices.Clone(at), what: fmt.Sprintf(format, args...)})
}

// located renders mistakes in the order of the text.
func located(file string, root ast.Node, found []mistake) string {
	type line struct {
		line, column int
		text         string
	}
	var lines []line
	for _, m := range found {
		at := start(nodeAt(root, m.at))
		lines = append(lines, line{at.Line, at.Column, fmt.Sprintf("%s:%d:%d: %s: %s", file, at.Line, at.Column, dotted(m.at), m.what)})
	}
	slices.SortStableFunc(lines, func(a, b line) int {
		return cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.column, b.column))
	})
	texts := make([]string, 0, len(lines))
	for _, l := range lines {
		texts = append(texts, l.text)
	}
	return strings.Join(texts, "\n")
}

func dotted(at []any) string {
	text := ""
	for _, step := range at {
		switch s := step.(type) {
		case int:
			text += fmt.Sprintf("[%d]", s)
		default:
			text += fmt.Sprintf(".%v", s)
		}
	}
	return strings.TrimPrefix(text, ".")
}

// nodeAt finds the node at a path, or the deepest one above it that is there.
func nodeAt(node ast.Node, at []any) ast.Node {
	for _, step := range at {
		next := child(node, step)
		if next == nil {
			return node
		}
		node = next
	}
	return node
}

func child(node ast.Node, step any) ast.Node {
	switch n := node.(type) {
	case *ast.MappingNode:
		for _, v := range n.Values {
			if v.Key.String() == step || strings.Trim(v.Key.String(), `"'`) == step {
				return v.Value
			}
		}
	case *ast.MappingValueNode:
		if n.Key.String() == step {
			return n.Value
		}
	case *ast.SequenceNode:
		if i, ok := step.(int); ok && i < len(n.Values) {
			return n.Values[i]
		}
	case *ast.AnchorNode:
		return child(n.Value, step)
	case *ast.TagNode:
		return child(n.Value, step)
	}
	return nil
}

// walk visits every field of a value that has one of the types that visit knows,
// with the path of its YAML names. Visit gives false to go on below.
func walk(v reflect.Value, at []any, visit func(v reflect.Value, at []any) bool) {
	if visit(v, at) {
		return
	}
	switch v.Kind() { //nolint:exhaustive // all others have nothing below them
	case reflect.Pointer:
		if !v.IsNil() {
			walk(v.Elem(), at, visit)
		}
	case reflect.Slice:
		for i := range v.Len() {
			walk(v.Index(i), append(slices.Clone(at), i), visit)
		}
	case reflect.Map:
		walkMap(v, at, visit)
	case reflect.Struct:
		walkStruct(v, at, visit)
	default:
	}
}

func walkStruct(v reflect.Value, at []any, visit func(v reflect.Value, at []any) bool) {
	for i := range v.NumField() {
		name, options, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ",")
		below := slices.Clone(at)
		if options != "inline" {
			below = append(below, name)
		}
		if v.Type().Field(i).IsExported() {
			walk(v.Field(i), below, visit)
		}
	}
}

// walkMap visits copies of the values, and puts back what became of them: the
// values of a map cannot be changed where they are.
func walkMap(v reflect.Value, at []any, visit func(v reflect.Value, at []any) bool) {
	for _, key := range v.MapKeys() {
		value := reflect.New(v.Type().Elem()).Elem()
		value.Set(v.MapIndex(key))
		walk(value, append(slices.Clone(at), key.String()), visit)
		v.SetMapIndex(key, value)
	}
}

// compileAll compiles every expression of the description.
func compileAll(s *Spec) []mistake {
	var m mistakes
	env, err := newEnv()
	if err != nil {
		m.add(nil, "%v", err)
		return m.found
	}
	walk(reflect.ValueOf(s), nil, func(v reflect.Value, at []any) bool {
		e, ok := pointer[Expr](v)
		if ok && e.given() {
			if wrong := e.compile(env); wrong != "" {
				m.add(at, "%s", wrong)
			}
		}
		return ok
	})
	return m.found
}

// pointer gives the value as a *T, if it is a T that can be changed.
func pointer[T any](v reflect.Value) (*T, bool) {
	if !v.CanAddr() {
		return nil, false
	}
	return reflect.TypeAssert[*T](v.Addr())
}

// start is where a node begins; a mapping begins with its first key.
func start(node ast.Node) *token.Position {
	if node == nil || node.GetToken() == nil || node.GetToken().Position == nil {
		return &token.Position{Line: 1, Column: 1}
	}
	if m, ok := node.(*ast.MappingNode); ok && len(m.Values) > 0 {
		return m.Values[0].Key.GetToken().Position
	}
	return node.GetToken().Position
}

package plan

import (
	"bytes"
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// reader walks the YAML tree itself, because a decoder would stop at the first
// mistake and we want to tell all of them, each with its place.
type reader struct {
	file     string
	mistakes Mistakes
}

// place is where something stands in the text.
type place struct{ line, column int }

func placeOf(n ast.Node) place {
	if n == nil {
		return place{1, 1}
	}
	return tokenPlace(n.GetToken())
}

func tokenPlace(t *token.Token) place {
	if t == nil || t.Position == nil {
		return place{1, 1}
	}
	return place{max(t.Position.Line, 1), max(t.Position.Column, 1)}
}

func (r *reader) wrong(at place, what, todo string) {
	r.mistakes = append(r.mistakes, Mistake{File: r.file, Line: at.line, Column: at.column, What: what, Todo: todo})
}

// field is one key of a mapping and what stands behind it.
type field struct {
	at    place
	value ast.Node
}

// fields are the keys of one mapping. A key that is not there has no value.
type fields struct {
	r    *reader
	at   place
	keys map[string]field
}

const mostText = 64 << 10

// open parses the text to its one document.
func (r *reader) open(text []byte) ast.Node {
	if what := unreadable(text); what != "" {
		r.wrong(place{1, 1}, what, "")
		return nil
	}
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		r.syntax(err)
		return nil
	}
	docs := slices.DeleteFunc(file.Docs, func(d *ast.DocumentNode) bool { return d == nil || d.Body == nil })
	if len(docs) != 1 {
		r.wrong(place{1, 1}, "there are "+strconv.Itoa(len(docs))+" documents", "write one policy a file")
		return nil
	}
	return docs[0].Body
}

func unreadable(text []byte) string {
	const deepest = 40
	switch {
	case len(text) > mostText:
		return "the policy is larger than 64 KiB"
	case !utf8.Valid(text):
		return "the policy is not UTF-8"
	case bytes.IndexByte(text, 0) >= 0:
		return "the policy holds a NUL"
	case bytes.Count(text, []byte("[")) > 2000, bytes.Count(text, []byte("{")) > 2000, nested(text) > deepest:
		return "the policy is nested too deeply"
	}
	return ""
}

// nested bounds how deep flow brackets go, so that the parser is never handed a
// text that is made to exhaust it.
func nested(text []byte) int {
	depth, deepest := 0, 0
	for _, c := range text {
		switch c {
		case '[', '{':
			depth++
			deepest = max(deepest, depth)
		case ']', '}', '\n':
			depth = max(depth-1, 0)
		}
	}
	return deepest
}

func (r *reader) syntax(err error) {
	at, what := place{1, 1}, err.Error()
	if e, ok := errors.AsType[yaml.Error](err); ok {
		at, what = tokenPlace(e.GetToken()), e.GetMessage()
	}
	r.wrong(at, "this is not YAML: "+what, "check indentation, quotes and double keys")
}

// mapping reads a mapping whose keys are all known.
func (r *reader) mapping(n ast.Node, at place, what string, known ...string) (fields, bool) {
	f := fields{r: r, at: at, keys: map[string]field{}}
	var values []*ast.MappingValueNode
	switch m := n.(type) {
	case *ast.MappingNode:
		values = m.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{m}
	default:
		r.wrong(at, what+" must be a mapping", "use the keys "+strings.Join(known, ", "))
		return f, false
	}
	for i, v := range values {
		if i == 0 && v.Key != nil {
			f.at = placeOf(v.Key)
		}
		r.key(f, v, what, known)
	}
	return f, true
}

func (r *reader) key(f fields, v *ast.MappingValueNode, what string, known []string) {
	at := placeOf(v.Key)
	name := ""
	if t := v.Key.GetToken(); t != nil {
		name = t.Value
	}
	if !slices.Contains(known, name) {
		r.wrong(at, "unknown key "+strconv.Quote(clip(name, 40))+" in "+what, "use one of "+strings.Join(known, ", "))
		return
	}
	if _, double := f.keys[name]; double {
		r.wrong(at, strconv.Quote(name)+" stands twice in "+what, "remove one")
		return
	}
	f.keys[name] = field{at: at, value: v.Value}
}

// has says whether the key is there, even when it is empty.
func (f fields) has(key string) bool { _, ok := f.keys[key]; return ok }

// place is where the value of a key stands, or else the mapping.
func (f fields) place(key string) place {
	k, ok := f.keys[key]
	if !ok {
		return f.at
	}
	if k.value == nil || k.value.Type() == ast.NullType {
		return k.at
	}
	return placeOf(k.value)
}

// text reads a plain value; todo says what belongs there.
func (f fields) text(key, todo string, required bool) (string, bool) {
	k, ok := f.keys[key]
	if !ok {
		if required {
			f.r.wrong(f.at, strconv.Quote(key)+" is missing", todo)
		}
		return "", false
	}
	text, ok := f.r.scalar(k.value)
	if !ok || strings.TrimSpace(text) == "" {
		f.r.wrong(f.place(key), strconv.Quote(key)+" must be a plain value", todo)
		return "", false
	}
	return text, true
}

// scalar gives the text of a plain value. Anchors, aliases and tags are none:
// a policy says what it means where it stands.
func (r *reader) scalar(n ast.Node) (string, bool) {
	switch v := n.(type) {
	case *ast.StringNode:
		return v.Value, true
	case *ast.LiteralNode:
		return v.Value.Value, true
	case *ast.IntegerNode, *ast.BoolNode, *ast.FloatNode:
		return v.GetToken().Value, true
	}
	return "", false
}

// list reads a list of anything; a missing key is an empty list.
func (f fields) list(key, todo string) []ast.Node {
	const most = 200
	k, ok := f.keys[key]
	if !ok {
		return nil
	}
	s, ok := k.value.(*ast.SequenceNode)
	if !ok {
		f.r.wrong(f.place(key), strconv.Quote(key)+" must be a list", todo)
		return nil
	}
	if len(s.Values) > most {
		f.r.wrong(f.place(key), strconv.Quote(key)+" has more than "+strconv.Itoa(most)+" entries", "split the policy")
		return nil
	}
	return s.Values
}

// texts reads a list of plain values, each with its place.
func (f fields) texts(key, todo string) (all []string, at []place) {
	for _, n := range f.list(key, todo) {
		text, ok := f.r.scalar(n)
		if !ok {
			f.r.wrong(placeOf(n), "an entry of "+strconv.Quote(key)+" must be a plain value", todo)
			continue
		}
		all, at = append(all, text), append(at, placeOf(n))
	}
	return all, at
}

// yes reads true or false; missing is false.
func (f fields) yes(key string) bool {
	text, ok := f.text(key, "write true or false", false)
	if ok && text != "true" && text != "false" {
		f.r.wrong(f.place(key), clip(text, 40)+" is neither true nor false", "write true or false")
	}
	return text == "true"
}

// number reads a whole number between least and most; missing is otherwise.
func (f fields) number(key string, otherwise, least, most int) int {
	todo := "write a whole number from " + strconv.Itoa(least) + " to " + strconv.Itoa(most)
	text, ok := f.text(key, todo, false)
	if !ok {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		f.r.wrong(f.place(key), strconv.Quote(clip(text, 40))+" is out of bounds", todo)
		return otherwise
	}
	return n
}

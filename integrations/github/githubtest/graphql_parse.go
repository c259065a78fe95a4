package githubtest

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// document is a parsed GraphQL request (https://spec.graphql.org/October2021/#sec-Language).
type document struct {
	ops   []*operation
	frags map[string]*fragment
}

type operation struct {
	kind string
	name string
	vars []variable
	sel  []*selection
}

type variable struct {
	name     string
	required bool
	fallback any
}

type fragment struct {
	on  string
	sel []*selection
}

// selection is a field, an inline fragment (on is set) or a spread of a named one (spread is set).
type selection struct {
	name, alias string
	args        map[string]any
	sel         []*selection
	inline      bool
	on          string
	spread      string
	skip        []condition
}

// key is the name of the field in the answer.
func (s *selection) key() string {
	if s.alias != "" {
		return s.alias
	}
	return s.name
}

// condition is @include or @skip.
type condition struct {
	include bool
	value   any
}

// varRef is an argument that stands for a variable.
type varRef string

// enumValue is a bare word as an argument.
type enumValue string

type gqlParser struct {
	toks []string
	at   int
}

var gqlToken = regexp.MustCompile(`"""(?s:.*?)"""|"(?:[^"\\\n]|\\.)*"|\.\.\.|[A-Za-z_][A-Za-z0-9_]*|-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|[{}()\[\]:!$=@|&]`)

var gqlNoise = regexp.MustCompile(`(?m)#[^\n]*$`)

// parseGraphQL reads a request document; syntax errors name the token.
func parseGraphQL(text string) (doc *document, err error) {
	defer func() {
		if r := recover(); r != nil {
			syntax, isSyntax := r.(syntaxError)
			if !isSyntax {
				panic(r)
			}
			doc, err = nil, syntax
		}
	}()
	p := &gqlParser{toks: gqlToken.FindAllString(gqlNoise.ReplaceAllString(text, ""), -1)}
	return p.document(), nil
}

// syntaxError travels up the recursive descent by panic and never leaves parseGraphQL that way.
type syntaxError string

func (e syntaxError) Error() string { return string(e) }

func (p *gqlParser) peek() string {
	if p.at < len(p.toks) {
		return p.toks[p.at]
	}
	return ""
}

func (p *gqlParser) next() string {
	t := p.peek()
	if t == "" {
		panic(syntaxError("Expected one of LCURLY, actual: (none) at end of input"))
	}
	p.at++
	return t
}

func (p *gqlParser) accept(tok string) bool {
	if p.peek() == tok {
		p.at++
		return true
	}
	return false
}

func (p *gqlParser) expect(tok string) {
	if got := p.next(); got != tok {
		panic(syntaxError(fmt.Sprintf("Expected %q, actual: %q", tok, got)))
	}
}

func (p *gqlParser) document() *document {
	doc := &document{frags: map[string]*fragment{}}
	for p.peek() != "" {
		switch p.peek() {
		case "fragment":
			p.next()
			name := p.next()
			p.expect("on")
			doc.frags[name] = &fragment{on: p.next(), sel: p.selectionSet()}
		case "{":
			doc.ops = append(doc.ops, &operation{kind: "query", sel: p.selectionSet()})
		case "query", "mutation", "subscription":
			doc.ops = append(doc.ops, p.operation())
		default:
			panic(syntaxError(fmt.Sprintf("Parse error on %q", p.peek())))
		}
	}
	if len(doc.ops) == 0 {
		panic(syntaxError("A query attribute must be specified and must be a string."))
	}
	return doc
}

func (p *gqlParser) operation() *operation {
	op := &operation{kind: p.next()}
	if p.peek() != "{" && p.peek() != "(" {
		op.name = p.next()
	}
	if p.accept("(") {
		for !p.accept(")") {
			op.vars = append(op.vars, p.variable())
		}
	}
	op.sel = p.selectionSet()
	return op
}

func (p *gqlParser) variable() variable {
	p.expect("$")
	v := variable{name: p.next()}
	p.expect(":")
	v.required = p.typeRef()
	if p.accept("=") {
		v.fallback, v.required = p.value(), false
	}
	return v
}

// typeRef skips a type and reports whether it is non-null.
func (p *gqlParser) typeRef() bool {
	if p.accept("[") {
		p.typeRef()
		p.expect("]")
	} else {
		p.next()
	}
	return p.accept("!")
}

func (p *gqlParser) selectionSet() []*selection {
	p.expect("{")
	var out []*selection
	for !p.accept("}") {
		out = append(out, p.selection())
	}
	if len(out) == 0 {
		panic(syntaxError(`Parse error on "}"`))
	}
	return out
}

func (p *gqlParser) selection() *selection {
	s := &selection{}
	if !p.accept("...") {
		return p.field(s)
	}
	switch p.peek() {
	case "on":
		p.next()
		s.inline, s.on = true, p.next()
	case "{", "@":
		s.inline = true
	default:
		s.spread = p.next()
	}
	s.skip = p.directives()
	if s.inline {
		s.sel = p.selectionSet()
	}
	return s
}

func (p *gqlParser) field(s *selection) *selection {
	s.name = p.next()
	if p.accept(":") {
		s.alias, s.name = s.name, p.next()
	}
	s.args = p.arguments()
	s.skip = p.directives()
	if p.peek() == "{" {
		s.sel = p.selectionSet()
	}
	return s
}

func (p *gqlParser) arguments() map[string]any {
	args := map[string]any{}
	if p.accept("(") {
		for !p.accept(")") {
			name := p.next()
			p.expect(":")
			args[name] = p.value()
		}
	}
	return args
}

func (p *gqlParser) directives() []condition {
	var out []condition
	for p.accept("@") {
		name := p.next()
		args := p.arguments()
		if !slices.Contains([]string{"include", "skip"}, name) {
			panic(syntaxError("Directive @" + name + " is not defined"))
		}
		out = append(out, condition{include: name == "include", value: args["if"]})
	}
	return out
}

func (p *gqlParser) value() any {
	switch t := p.next(); {
	case t == "$":
		return varRef(p.next())
	case t == "[":
		list := []any{}
		for !p.accept("]") {
			list = append(list, p.value())
		}
		return list
	case t == "{":
		m := map[string]any{}
		for !p.accept("}") {
			name := p.next()
			p.expect(":")
			m[name] = p.value()
		}
		return m
	default:
		return literal(t)
	}
}

func literal(t string) any {
	switch t {
	case "true", "false":
		return t == "true"
	case "null":
		return nil
	}
	if n, err := strconv.ParseFloat(t, 64); err == nil {
		return n
	}
	if block, found := strings.CutPrefix(t, `"""`); found {
		return strings.TrimSuffix(block, `"""`)
	}
	if strings.HasPrefix(t, `"`) {
		var s string
		if json.Unmarshal([]byte(t), &s) != nil {
			panic(syntaxError("Bad string " + t))
		}
		return s
	}
	return enumValue(t)
}

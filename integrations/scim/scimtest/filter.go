package scimtest

import (
	"encoding/json"
	"fmt"
	"strings"
)

// resource is a SCIM resource as JSON has it.
type resource = map[string]any

// condition is a filter that was understood.
type condition func(resource) bool

// parser reads a filter (RFC 7644 section 3.4.2.2, figure 1).
type parser struct {
	words []string
	at    int
}

// parseFilter understands a filter or says why not.
func parseFilter(text string) (condition, error) {
	words, err := split(text)
	if err != nil {
		return nil, err
	}
	p := &parser{words: words}
	c, err := p.or()
	if err == nil && p.at < len(words) {
		err = fmt.Errorf("unexpected %q", words[p.at])
	}
	return c, err
}

// split cuts a filter into words: names, quoted texts, brackets.
func split(text string) ([]string, error) {
	var words []string
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == ' ':
			i++
		case strings.IndexByte("()[]", c) >= 0:
			words = append(words, string(c))
			i++
		case c == '"':
			end := i + 1
			for end < len(text) && text[end] != '"' {
				if text[end] == '\\' {
					end++
				}
				end++
			}
			if end >= len(text) {
				return nil, fmt.Errorf("a text has no end")
			}
			words = append(words, text[i:end+1])
			i = end + 1
		default:
			end := i
			for end < len(text) && strings.IndexByte(` ()[]"`, text[end]) < 0 {
				end++
			}
			words = append(words, text[i:end])
			i = end
		}
	}
	return words, nil
}

func (p *parser) word() string {
	if p.at >= len(p.words) {
		return ""
	}
	p.at++
	return p.words[p.at-1]
}

func (p *parser) is(word string) bool {
	if p.at < len(p.words) && strings.EqualFold(p.words[p.at], word) {
		p.at++
		return true
	}
	return false
}

func (p *parser) or() (condition, error) {
	left, err := p.and()
	for err == nil && p.is("or") {
		var right condition
		one := left
		right, err = p.and()
		left = func(r resource) bool { return one(r) || right(r) }
	}
	return left, err
}

func (p *parser) and() (condition, error) {
	left, err := p.term()
	for err == nil && p.is("and") {
		var right condition
		one := left
		right, err = p.term()
		left = func(r resource) bool { return one(r) && right(r) }
	}
	return left, err
}

func (p *parser) term() (condition, error) {
	if p.is("not") {
		inner, err := p.term()
		return func(r resource) bool { return !inner(r) }, err
	}
	if p.is("(") {
		inner, err := p.or()
		if err == nil && !p.is(")") {
			err = fmt.Errorf("a bracket is not closed")
		}
		return inner, err
	}
	return p.compare()
}

func (p *parser) compare() (condition, error) {
	path := p.word()
	if path == "" || strings.ContainsAny(path, `"()[]`) {
		return nil, fmt.Errorf("no attribute")
	}
	if p.is("[") {
		inner, err := p.or()
		if err == nil && !p.is("]") {
			err = fmt.Errorf("a bracket is not closed")
		}
		return func(r resource) bool {
			for _, v := range valuesAt(r, path) {
				if m, ok := v.(resource); ok && inner(m) {
					return true
				}
			}
			return false
		}, err
	}
	op := strings.ToLower(p.word())
	if op == "pr" {
		return func(r resource) bool { return len(valuesAt(r, path)) > 0 }, nil
	}
	var want any
	if err := json.Unmarshal([]byte(p.word()), &want); err != nil {
		return nil, fmt.Errorf("the value of %s is no JSON", path)
	}
	test, ok := tests()[op]
	if !ok {
		return nil, fmt.Errorf("no operator %q", op)
	}
	return func(r resource) bool {
		for _, v := range valuesAt(r, path) {
			if test(fold(path, v), fold(path, want)) {
				return true
			}
		}
		return op == "ne" && len(valuesAt(r, path)) == 0
	}, nil
}

func tests() map[string]func(a, b any) bool {
	text := func(f func(a, b string) bool) func(a, b any) bool {
		return func(a, b any) bool {
			x, ok := a.(string)
			y, also := b.(string)
			return ok && also && f(x, y)
		}
	}
	return map[string]func(a, b any) bool{
		"eq": func(a, b any) bool { return a == b },
		"ne": func(a, b any) bool { return a != b },
		"co": text(strings.Contains), "sw": text(strings.HasPrefix), "ew": text(strings.HasSuffix),
		"gt": text(func(a, b string) bool { return a > b }), "ge": text(func(a, b string) bool { return a >= b }),
		"lt": text(func(a, b string) bool { return a < b }), "le": text(func(a, b string) bool { return a <= b }),
	}
}

// fold makes comparable what is not case sensitive: all but ids (RFC 7643 sections
// 3.1 and 4.2).
func fold(path string, v any) any {
	text, ok := v.(string)
	if ok {
		switch strings.ToLower(path) {
		case "id", "externalid", "members.value", "groups.value", "meta.version":
			return text
		}
		return strings.ToLower(text)
	}
	if m, ok := v.(resource); ok { // a complex value is compared by its value
		return fold(path, m["value"])
	}
	return v
}

// valuesAt gives all values under a path; a name of an extension may stand first.
func valuesAt(r resource, path string) []any {
	at := []any{any(r)}
	for _, name := range pathNames(path) {
		var next []any
		for _, v := range at {
			m, ok := v.(resource)
			if !ok {
				continue
			}
			switch inner := m[keyOf(m, name)].(type) {
			case nil:
			case []any:
				next = append(next, inner...)
			default:
				next = append(next, inner)
			}
		}
		at = next
	}
	return at
}

// pathNames cuts a path: urn:...:User:employeeNumber is the extension, then the
// attribute.
func pathNames(path string) []string {
	var names []string
	if strings.HasPrefix(strings.ToLower(path), "urn:") {
		i := strings.LastIndexByte(path, ':')
		names, path = []string{path[:i]}, path[i+1:]
		if strings.HasPrefix(strings.ToLower(names[0]), "urn:ietf:params:scim:schemas:core:") {
			names = nil
		}
	}
	return append(names, strings.Split(path, ".")...)
}

// keyOf finds a name as the resource writes it: names are not case sensitive.
func keyOf(m resource, name string) string {
	for k := range m {
		if strings.EqualFold(k, name) {
			return k
		}
	}
	return name
}

package httpapi

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"lastday"
)

// Template is a text with variables such as {{.email}}. What it is filled with
// is escaped for the place where it stands: a segment of a path, a value of a
// query, a string in JSON. It can never become more than that.
type Template struct {
	// Source is the text as it was written; empty means that there is none.
	Source string
}

// UnmarshalText keeps the text.
func (t *Template) UnmarshalText(text []byte) error {
	t.Source = string(text)
	return nil
}

func (t Template) given() bool { return t.Source != "" }

// vars are what templates are filled with. A variable that is not there is a
// mistake of the description, one that is empty an error when it is used.
type vars map[string]string

func hole() *regexp.Regexp {
	return regexp.MustCompile(`\{\{\s*\.([a-z_]+(?:\.[A-Za-z0-9_-]+)?)\s*\}\}`)
}

// variables lists what the template asks for, and says whether braces are left
// that are no variable.
func (t Template) variables() (asked []string, wellFormed bool) {
	for _, m := range hole().FindAllStringSubmatch(t.Source, -1) {
		asked = append(asked, m[1])
	}
	rest := hole().ReplaceAllString(t.Source, "")
	return asked, !strings.Contains(rest, "{{") && !strings.Contains(rest, "}}")
}

// mistake says what is wrong with the template, empty if nothing is.
func (t Template) mistake(allowed []string) string {
	asked, wellFormed := t.variables()
	if !wellFormed {
		return "write variables as {{.name}}"
	}
	for _, name := range asked {
		group, _, deep := strings.Cut(name, ".")
		if !slices.Contains(allowed, name) && !(deep && slices.Contains(allowed, group+".*")) {
			return fmt.Sprintf("there is no variable %q here; there are: %s", name, strings.Join(allowed, ", "))
		}
	}
	return ""
}

func (t Template) fill(v vars, escape func(string) (string, error)) (string, error) {
	var failed error
	text := hole().ReplaceAllStringFunc(t.Source, func(match string) string {
		name := hole().FindStringSubmatch(match)[1]
		value, err := escape(v[name])
		if v[name] == "" {
			err = lastday.Errorf(lastday.CodeInvalid, "httpapi: request", "the variable %q is empty", name)
		}
		if err != nil && failed == nil {
			failed = err
		}
		return value
	})
	return text, failed
}

// path fills a path. A segment that would be empty or climb is CodeInvalid: a
// missing id must never turn a call about somebody into one about everybody.
func (t Template) path(v vars) (string, error) {
	filled, err := t.fill(v, func(s string) (string, error) {
		if s == "." || s == ".." {
			return "", lastday.Errorf(lastday.CodeInvalid, "httpapi: request", "a segment of the path climbs")
		}
		return url.PathEscape(s), nil
	})
	return filled, err
}

// plain fills a value that is escaped later.
func (t Template) plain(v vars) (string, error) {
	return t.fill(v, func(s string) (string, error) { return s, nil })
}

// header fills a header's value.
func (t Template) header(v vars) (string, error) {
	return t.fill(v, func(s string) (string, error) {
		if strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) >= 0 {
			return "", lastday.Errorf(lastday.CodeInvalid, "httpapi: request", "a value does not fit into a header")
		}
		return s, nil
	})
}

// fillTree fills the strings of a body. Keys are never filled.
func fillTree(tree any, v vars) (any, error) {
	switch n := tree.(type) {
	case string:
		return fillValue(n, v)
	case map[string]any:
		out := make(map[string]any, len(n))
		for key, value := range n {
			filled, err := fillTree(value, v)
			if err != nil {
				return nil, err
			}
			out[key] = filled
		}
		return out, nil
	case []any:
		out := make([]any, len(n))
		for i, value := range n {
			filled, err := fillTree(value, v)
			if err != nil {
				return nil, err
			}
			out[i] = filled
		}
		return out, nil
	}
	return tree, nil
}

// typed is a string of a body that becomes a boolean or a number, such as
// {{.details.invited | bool}}.
func typed(text string) (name, kind string) {
	m := regexp.MustCompile(`^\{\{\s*\.([a-z_]+(?:\.[A-Za-z0-9_-]+)?)\s*\|\s*(bool|int)\s*\}\}$`).FindStringSubmatch(text)
	if m == nil {
		return "", ""
	}
	return m[1], m[2]
}

func fillValue(text string, v vars) (any, error) {
	name, kind := typed(text)
	var value any
	var err error
	switch kind {
	case "bool":
		value, err = strconv.ParseBool(v[name])
	case "int":
		value, err = strconv.ParseInt(v[name], 10, 64)
	default:
		return Template{Source: text}.plain(v)
	}
	if err != nil {
		return nil, lastday.Errorf(lastday.CodeInvalid, "httpapi: request", "the variable %q is no %s", name, kind)
	}
	return value, nil
}

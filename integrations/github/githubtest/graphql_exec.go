package githubtest

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// gqlType is an object, interface or union of the schema.
type gqlType struct {
	name   string
	union  bool
	of     []string // possible types of a union or interface
	fields map[string]*gqlField
}

// gqlField is one field: its arguments, the named type it yields (empty for a scalar), and how to find its value.
type gqlField struct {
	args    []string
	typ     string
	conn    bool
	strict  bool // non-null: an error takes the parent along
	resolve func(x *execution, parent any, args gqlArgs) (any, *gqlError)
}

type gqlArgs map[string]any

func (a gqlArgs) text(name string) string {
	switch v := a[name].(type) {
	case string:
		return v
	case enumValue:
		return string(v)
	}
	return ""
}

func (a gqlArgs) texts(name string) []string {
	var out []string
	if l, isList := a[name].([]any); isList {
		for _, v := range l {
			out = append(out, fmt.Sprint(v))
		}
	}
	return out
}

func (a gqlArgs) yes(name string) bool { b, _ := a[name].(bool); return b }

func (a gqlArgs) count(name string) (int, bool) {
	switch v := a[name].(type) {
	case float64:
		return int(v), true
	case int:
		return v, true
	}
	return 0, false
}

// thing is a value of an object type.
type thing struct {
	typ string
	val any
}

// edge is one item of a connection, with the fields that belong to the edge.
type edge struct {
	node  thing
	extra map[string]any
}

// gqlError is one member of "errors".
type gqlError struct {
	Type       string         `json:"type,omitempty"`
	Path       []any          `json:"path,omitempty"`
	Extensions map[string]any `json:"extensions,omitempty"`
	Locations  []any          `json:"locations,omitempty"`
	Message    string         `json:"message"`
}

// execution runs one operation.
type execution struct {
	c      *call
	schema map[string]*gqlType
	frags  map[string]*fragment
	vars   map[string]any
	errs   []*gqlError
	nodes  int
	cost   int
}

// args puts the variables into the arguments of a selection.
func (x *execution) args(s *selection) gqlArgs {
	out := gqlArgs{}
	for k, v := range s.args {
		if r, isVar := v.(varRef); isVar {
			if given, has := x.vars[string(r)]; has {
				out[k] = given
			}
			continue
		}
		out[k] = x.fill(v)
	}
	return out
}

func (x *execution) fill(v any) any {
	switch t := v.(type) {
	case varRef:
		return x.vars[string(t)]
	case []any:
		out := make([]any, len(t))
		for i := range t {
			out[i] = x.fill(t[i])
		}
		return out
	}
	return v
}

func (x *execution) wanted(s *selection) bool {
	for _, d := range s.skip {
		if yes, _ := x.fill(d.value).(bool); yes != d.include {
			return false
		}
	}
	return true
}

// collect flattens fragments into the fields that apply to the type, in order, fields of the same key together.
func (x *execution) collect(typ string, sel []*selection) (keys []string, fields map[string][]*selection) {
	fields = map[string][]*selection{}
	var walk func([]*selection)
	walk = func(sel []*selection) {
		for _, s := range sel {
			switch {
			case !x.wanted(s):
			case s.spread != "":
				if f := x.frags[s.spread]; x.applies(f.on, typ) {
					walk(f.sel)
				}
			case s.inline:
				if x.applies(s.on, typ) {
					walk(s.sel)
				}
			default:
				if fields[s.key()] == nil {
					keys = append(keys, s.key())
				}
				fields[s.key()] = append(fields[s.key()], s)
			}
		}
	}
	walk(sel)
	return keys, fields
}

func (x *execution) applies(on, typ string) bool {
	t := x.schema[on]
	return on == "" || on == typ || t != nil && slices.Contains(t.of, typ)
}

// object resolves the selected fields of one value; nil if a field that may not be null failed.
func (x *execution) object(t thing, sel []*selection, path []any) any {
	out := obj{}
	keys, fields := x.collect(t.typ, sel)
	for _, key := range keys {
		same := fields[key]
		if same[0].name == "__typename" {
			out[key] = t.typ
			continue
		}
		f := x.schema[t.typ].fields[same[0].name]
		at := append(slices.Clone(path), any(key))
		v, err := f.resolve(x, t.val, x.args(same[0]))
		if err != nil {
			err.Path = at
			x.errs = append(x.errs, err)
			if f.strict {
				return nil
			}
			out[key] = nil
			continue
		}
		var sub []*selection
		for _, s := range same {
			sub = append(sub, s.sel...)
		}
		out[key] = x.complete(v, sub, at)
	}
	return out
}

func (x *execution) complete(v any, sel []*selection, path []any) any {
	switch t := v.(type) {
	case thing:
		return x.object(t, sel, path)
	case []thing:
		out := make([]any, len(t))
		for i := range t {
			out[i] = x.object(t[i], sel, append(slices.Clone(path), any(i)))
		}
		return out
	}
	return v
}

// page is one page of a connection.
type page struct {
	edges      []edge
	from, size int
	total      int
}

func cursor(n int) string {
	return base64.StdEncoding.EncodeToString([]byte("cursor:v2:" + strconv.Itoa(n)))
}

func cursorAt(s string) int {
	raw, err := base64.StdEncoding.DecodeString(s)
	if err != nil || len(raw) < 10 {
		return 0
	}
	n, _ := strconv.Atoi(string(raw[10:]))
	return n
}

// paged cuts a connection: forward with first and after, backward with last and before.
func paged(all []edge, a gqlArgs) page {
	from, to := 0, len(all)
	if s := a.text("after"); s != "" {
		from = min(cursorAt(s), len(all))
	}
	if s := a.text("before"); s != "" {
		to = min(max(from, cursorAt(s)-1), len(all))
	}
	if n, given := a.count("first"); given {
		to = min(from+n, to)
	} else if n, given := a.count("last"); given {
		from = max(from, to-n)
	}
	return page{edges: all[from:to], from: from, size: to - from, total: len(all)}
}

// namedConnection describes a paged field of things of a type, with the types of the connection and its edges.
func namedConnection(conn, edgeName, typ string, args, extra []string, resolve func(*execution, any, gqlArgs) ([]edge, *gqlError)) (*gqlField, []*gqlType) {
	f := &gqlField{typ: conn, conn: true, strict: true, args: append([]string{"first", "last", "after", "before"}, args...)}
	f.resolve = func(x *execution, parent any, a gqlArgs) (any, *gqlError) {
		all, err := resolve(x, parent, a)
		if err != nil {
			return nil, err
		}
		return thing{conn, paged(all, a)}, nil
	}
	edgeType := &gqlType{name: edgeName, fields: map[string]*gqlField{
		"cursor": field(func(v any) any { return v.(numbered).cursor }),
		"node":   {typ: typ, resolve: func(_ *execution, v any, _ gqlArgs) (any, *gqlError) { return v.(numbered).node, nil }},
	}}
	for _, name := range extra {
		edgeType.fields[name] = field(func(v any) any { return v.(numbered).extra[name] })
	}
	connType := &gqlType{name: conn, fields: map[string]*gqlField{
		"totalCount": field(func(v any) any { return v.(page).total }),
		"nodes":      {typ: typ, resolve: func(_ *execution, v any, _ gqlArgs) (any, *gqlError) { return v.(page).things(), nil }},
		"edges": {typ: edgeName, resolve: func(_ *execution, v any, _ gqlArgs) (any, *gqlError) {
			return v.(page).numbered(edgeName), nil
		}},
		"pageInfo": {typ: "PageInfo", resolve: func(_ *execution, v any, _ gqlArgs) (any, *gqlError) { return thing{"PageInfo", v}, nil }},
	}}
	return f, []*gqlType{connType, edgeType}
}

// numbered is an edge with its cursor.
type numbered struct {
	edge
	cursor string
}

func (p page) things() []thing {
	out := make([]thing, len(p.edges))
	for i, e := range p.edges {
		out[i] = e.node
	}
	return out
}

func (p page) numbered(edgeName string) []thing {
	out := make([]thing, len(p.edges))
	for i, e := range p.edges {
		out[i] = thing{edgeName, numbered{e, cursor(p.from + i + 1)}}
	}
	return out
}

// field is a scalar of the parent.
func field(get func(any) any) *gqlField {
	return &gqlField{resolve: func(_ *execution, v any, _ gqlArgs) (any, *gqlError) { return get(v), nil }}
}

func pageInfo() *gqlType {
	return &gqlType{name: "PageInfo", fields: map[string]*gqlField{
		"hasNextPage":     field(func(v any) any { p := v.(page); return p.from+p.size < p.total }),
		"hasPreviousPage": field(func(v any) any { return v.(page).from > 0 }),
		"startCursor":     field(func(v any) any { return edgeCursor(v.(page), 1) }),
		"endCursor":       field(func(v any) any { return edgeCursor(v.(page), v.(page).size) }),
	}}
}

func edgeCursor(p page, n int) any {
	if p.size == 0 {
		return nil
	}
	return cursor(p.from + n)
}

// sortedNames is used for messages that must not depend on map order.
func sortedNames[V any](m map[string]V) []string {
	return slices.SortedFunc(maps.Keys(m), cmp.Compare[string])
}

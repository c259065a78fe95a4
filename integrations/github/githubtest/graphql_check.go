package githubtest

import (
	"fmt"
	"maps"
	"slices"
)

// maxNodes is how many nodes a query may ask for at most
// (https://docs.github.com/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api#node-limit).
const maxNodes = 500_000

// check validates the selection against the schema and adds up what it costs.
type check struct {
	x        *execution
	errs     []*gqlError
	requests int
	nodes    int
	depth    int
}

func (k *check) fail(code, message string, ext map[string]any) {
	all := map[string]any{"code": code}
	maps.Copy(all, ext)
	k.errs = append(k.errs, &gqlError{Message: message, Extensions: all, Locations: []any{obj{"line": 1, "column": 1}}})
}

// selection walks what is selected on a type; multiplier is how often it is evaluated.
func (k *check) selection(typ string, sel []*selection, multiplier int) {
	t := k.x.schema[typ]
	if k.depth++; k.depth > 50 {
		k.fail("maxDepth", "Query is nested too deeply", nil)
		return
	}
	defer func() { k.depth-- }()
	for _, s := range sel {
		switch {
		case s.spread != "":
			f := k.x.frags[s.spread]
			if f == nil {
				k.fail("useAndDefineFragment", "Fragment "+s.spread+" was used, but not defined", nil)
				continue
			}
			k.fragment(f.on, f.sel, multiplier)
		case s.inline:
			k.fragment(first(s.on, typ), s.sel, multiplier)
		case s.name != "__typename":
			k.field(t, s, multiplier)
		}
	}
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func (k *check) fragment(on string, sel []*selection, multiplier int) {
	if k.x.schema[on] == nil {
		k.fail("undefinedType", "No such type "+on+", so it can't be a fragment condition", map[string]any{"typeName": on})
		return
	}
	k.selection(on, sel, multiplier)
}

func (k *check) field(t *gqlType, s *selection, multiplier int) {
	f := t.fields[s.name]
	if f == nil {
		k.fail("undefinedField", fmt.Sprintf("Field '%s' doesn't exist on type '%s'", s.name, t.name), map[string]any{"typeName": t.name, "fieldName": s.name})
		return
	}
	for _, name := range sortedNames(s.args) {
		if !slices.Contains(f.args, name) {
			k.fail("argumentNotAccepted", fmt.Sprintf("Field '%s' doesn't accept argument '%s'", s.name, name), map[string]any{"name": s.name, "argumentName": name})
		}
	}
	switch {
	case f.typ == "" && s.sel != nil:
		k.fail("selectionMismatch", fmt.Sprintf("Selections can't be made on scalars (field '%s' returns a scalar but has selections)", s.name), nil)
	case f.typ != "" && s.sel == nil:
		k.fail("selectionMismatch", fmt.Sprintf("Field must have selections (field '%s' returns %s but has no selections. Did you mean '%s { ... }'?)", s.name, f.typ, s.name), nil)
	case f.typ != "":
		k.selection(f.typ, s.sel, multiplier*k.pageSize(f, s, multiplier))
	}
}

// pageSize is how many nodes the field yields each time; connections need first or last between 1 and 100.
func (k *check) pageSize(f *gqlField, s *selection, multiplier int) int {
	if !f.conn {
		return 1
	}
	a := k.x.args(s)
	n, given := a.count("first")
	if !given {
		n, given = a.count("last")
	}
	switch {
	case !given:
		k.fail("MISSING_PAGINATION_BOUNDARIES", fmt.Sprintf("You must provide a `first` or `last` value to properly paginate the `%s` connection.", s.name), nil)
		return 1
	case n < 1 || n > 100:
		k.fail("EXCESSIVE_PAGINATION", fmt.Sprintf("Requesting %d records on the `%s` connection exceeds the `first` limit of 100 records.", n, s.name), nil)
		return 1
	}
	k.requests += multiplier
	k.nodes += multiplier * n
	return n
}

// cost is what the query takes from the hourly points
// (https://docs.github.com/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api#calculating-points-for-the-rate-limit).
func (k *check) cost() int { return max(1, (k.requests+50)/100) }

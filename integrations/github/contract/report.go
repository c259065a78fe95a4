package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// exception is something GitHub does and does not describe, with the reason for believing so. Empty fields match all.
type exception struct {
	route  string // exact, or a prefix that ends with *
	rule   string
	status int
	detail string // part of the detail
	reason string
}

func (e exception) covers(v violation) bool {
	if prefix, wild := strings.CutSuffix(e.route, "*"); wild && !strings.HasPrefix(v.route, prefix) || !wild && e.route != "" && e.route != v.route {
		return false
	}
	return (e.rule == "" || e.rule == v.rule) && (e.status == 0 || e.status == v.status) && strings.Contains(v.detail, e.detail)
}

// verdict is what became of one route.
type verdict struct {
	requests, excused, broken int
}

// report is the outcome of a check.
type report struct {
	routes     map[string]*verdict
	violations []violation
	excused    []string
	unused     []exception
}

// judge checks every call and sorts what it finds.
func judge(ctx context.Context, calls []call, rest descriptionsREST, g *graph, allowed []exception) *report {
	r := &report{routes: map[string]*verdict{}}
	uses := make([]int, len(allowed))
	for _, c := range calls {
		v := r.routes[c.Route]
		if v == nil {
			v = &verdict{}
			r.routes[c.Route] = v
		}
		v.requests++
		found := g.checkOr(ctx, c, rest)
		for _, f := range found {
			i := covering(allowed, f)
			if i < 0 {
				v.broken++
				r.violations = append(r.violations, f)
				continue
			}
			v.excused++
			uses[i]++
			r.excused = append(r.excused, f.String()+" (because: "+allowed[i].reason+")")
		}
	}
	for i, n := range uses {
		if n == 0 {
			r.unused = append(r.unused, allowed[i])
		}
	}
	return r
}

// checkOr sends GraphQL calls to the GraphQL schema and all others to the description.
func (g *graph) checkOr(ctx context.Context, c call, rest descriptionsREST) []violation {
	if c.Route == "POST /graphql" {
		return g.check(c)
	}
	return rest.of(c).check(ctx, c)
}

func covering(allowed []exception, v violation) int {
	for i, e := range allowed {
		if e.covers(v) {
			return i
		}
	}
	return -1
}

// print writes the table and the violations; it returns an error if there is any violation or unused exception.
func (r *report) print(out io.Writer, verbose bool) error {
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "route\trequests\tverdict")
	total := 0
	for _, route := range sortedKeys(r.routes) {
		v := r.routes[route]
		total += v.requests
		fmt.Fprintf(w, "%s\t%d\t%s\n", route, v.requests, v)
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("print report: %w", err)
	}
	if verbose {
		for _, e := range r.excused {
			fmt.Fprintln(out, "excused:", e)
		}
	}
	for _, v := range r.violations {
		fmt.Fprintln(out, "VIOLATION:", v)
	}
	for _, e := range r.unused {
		fmt.Fprintf(out, "VIOLATION: exception matches no call: %s %s %d %q\n", e.route, e.rule, e.status, e.detail)
	}
	fmt.Fprintf(out, "%d calls, %d routes, %d violations, %d excused, %d unused exceptions\n", total, len(r.routes), len(r.violations), len(r.excused), len(r.unused))
	if len(r.violations)+len(r.unused) > 0 {
		return errors.New("the recording does not keep the contract")
	}
	return nil
}

// String is the verdict in a word.
func (v *verdict) String() string {
	switch {
	case v.broken > 0:
		return fmt.Sprintf("BROKEN (%d)", v.broken)
	case v.excused > 0:
		return fmt.Sprintf("ok, %d excused", v.excused)
	}
	return "ok"
}

package githubtest

import (
	"encoding/json"
	"fmt"
	"net/http"
)

func graphqlRoutes() []*route {
	return []*route{{"POST", "/graphql", nil, serveGraphQL}}
}

// serveGraphQL answers one GraphQL request. Errors of the query are status 200 with "errors", as on GitHub.
func serveGraphQL(c *call) *reply {
	if c.srv.opts.NoGraphQL {
		return notFound()
	}
	if c.who.kind == anonymous {
		return failure(http.StatusForbidden, "This endpoint requires you to be authenticated.")
	}
	var in struct {
		Query         string
		Variables     map[string]any
		OperationName string
	}
	if json.Unmarshal(c.body, &in) != nil || in.Query == "" {
		return failure(http.StatusBadRequest, "A query attribute must be specified and must be a string.")
	}
	doc, err := parseGraphQL(in.Query)
	if err != nil {
		return graphqlErrors(&gqlError{Message: err.Error()})
	}
	op := doc.operation(in.OperationName)
	if op == nil || op.kind != "query" {
		return graphqlErrors(&gqlError{Message: "This server answers queries only.", Type: "UNPROCESSABLE"})
	}
	x := &execution{c: c, schema: c.srv.schema, frags: doc.frags, vars: map[string]any{}}
	if e := x.bind(op, in.Variables); e != nil {
		return graphqlErrors(e)
	}
	return x.run(op)
}

func graphqlErrors(errs ...*gqlError) *reply { return ok(obj{"errors": errs}) }

func (d *document) operation(name string) *operation {
	for _, op := range d.ops {
		if op.name == name || name == "" && len(d.ops) == 1 {
			return op
		}
	}
	return nil
}

func (x *execution) bind(op *operation, given map[string]any) *gqlError {
	for _, v := range op.vars {
		value, has := given[v.name]
		switch {
		case has:
			x.vars[v.name] = value
		case v.fallback != nil:
			x.vars[v.name] = v.fallback
		case v.required:
			return &gqlError{Message: fmt.Sprintf("Variable $%s of required type was provided invalid value", v.name), Extensions: map[string]any{"value": nil}}
		}
	}
	return nil
}

func (x *execution) run(op *operation) *reply {
	k := &check{x: x}
	k.selection("Query", op.sel, 1)
	if len(k.errs) > 0 {
		return graphqlErrors(k.errs...)
	}
	if k.nodes > maxNodes {
		return graphqlErrors(&gqlError{
			Type:    "MAX_NODE_LIMIT_EXCEEDED",
			Message: fmt.Sprintf("This query requests up to %d possible nodes which exceeds the maximum limit of 500000.", k.nodes),
		})
	}
	x.nodes, x.cost = k.nodes, k.cost()
	w := x.c.srv.window(x.c.who.key+"/graphql", x.c.now)
	if w.Used+x.cost > x.c.srv.opts.GraphQLPoints {
		return graphqlErrors(&gqlError{Type: "RATE_LIMITED", Message: "API rate limit exceeded for user ID " + x.c.who.key + "."})
	}
	w.Used += x.cost
	body := obj{"data": x.object(thing{"Query", nil}, op.sel, nil)}
	if len(x.errs) > 0 {
		body["errors"] = x.errs
	}
	return ok(body)
}

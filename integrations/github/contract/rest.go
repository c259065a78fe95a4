package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// Rules a call can break.
const (
	rulePath     = "unknown path"
	ruleRequest  = "request"
	ruleParam    = "unknown parameter"
	ruleField    = "unknown field in request"
	ruleStatus   = "undocumented status"
	ruleResponse = "response"
	ruleExtra    = "undocumented field in response"
)

// violation is one broken rule of one call.
type violation struct {
	route  string
	rule   string
	status int
	detail string
	call   call
}

// String names everything needed to find the call again.
func (v violation) String() string {
	return fmt.Sprintf("%s call %d: %s: status %d: %s: %s", v.call.file, v.call.Number, v.route, v.status, v.rule, v.detail)
}

// check returns everything that is wrong with one call.
func (d *description) check(ctx context.Context, c call) []violation {
	add := func(list []violation, rule, detail string) []violation {
		return append(list, violation{route: c.Route, rule: rule, status: c.Status, detail: detail, call: c})
	}
	method, template, _ := strings.Cut(c.Route, " ")
	item := d.doc.Paths.Value(template)
	if c.Route == "" || item == nil || item.GetOperation(method) == nil {
		return add(nil, rulePath, c.Method+" "+c.Path)
	}
	in, err := d.input(ctx, c, template, method, item)
	if err != nil {
		return add(nil, ruleRequest, err.Error())
	}
	var out []violation
	for _, e := range flatten(openapi3filter.ValidateRequest(ctx, in)) {
		out = add(out, ruleRequest, e)
	}
	for _, name := range unknownParams(c, in.Route) {
		out = add(out, ruleParam, name)
	}
	for _, name := range unknownFields(c.Body, requestSchema(in.Route.Operation)) {
		out = add(out, ruleField, name)
	}
	if c.Fault {
		return out // the answer was planted
	}
	return append(out, d.checkAnswer(ctx, c, in)...)
}

func (d *description) input(ctx context.Context, c call, template, method string, item *openapi3.PathItem) (*openapi3filter.RequestValidationInput, error) {
	query, err := url.ParseQuery(c.Query)
	if err != nil {
		return nil, fmt.Errorf("query: %w", err)
	}
	for name, values := range query { // Rails spells arrays name[]; the description leaves the brackets out
		if bare, isArray := strings.CutSuffix(name, "[]"); isArray {
			delete(query, name)
			query[bare] = values
		}
	}
	req, err := http.NewRequestWithContext(ctx, c.Method, "https://api.github.com"+c.Path+"?"+query.Encode(), strings.NewReader(c.Body))
	if err != nil {
		return nil, fmt.Errorf("request: %w", err)
	}
	req.Header = c.Header.Clone()
	if req.Header == nil {
		req.Header = http.Header{}
	}
	if c.Body == "" {
		req.Body, req.ContentLength = http.NoBody, 0
		req.Header.Del("Content-Type")
	}
	route := &routers.Route{Spec: d.doc, Path: template, PathItem: item, Method: method, Operation: item.GetOperation(method)}
	return &openapi3filter.RequestValidationInput{
		Request: req, PathParams: c.Vars, QueryParams: query, Route: route,
		Options: &openapi3filter.Options{MultiError: true, IncludeResponseStatus: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
	}, nil
}

func (d *description) checkAnswer(ctx context.Context, c call, in *openapi3filter.RequestValidationInput) []violation {
	one := func(rule, detail string) violation {
		return violation{route: c.Route, rule: rule, status: c.Status, detail: detail, call: c}
	}
	documented := in.Route.Operation.Responses.Value(strconv.Itoa(c.Status))
	if documented == nil {
		return []violation{one(ruleStatus, statusDetail(c))}
	}
	if len(documented.Value.Content) == 0 || c.Response == "" {
		return nil
	}
	answer := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: c.Status, Header: contentOnly(c.Answer), Body: io.NopCloser(strings.NewReader(c.Response)), Options: in.Options,
	}
	var out []violation
	for _, e := range flatten(openapi3filter.ValidateResponse(ctx, answer)) {
		out = append(out, one(ruleResponse, e))
	}
	if len(out) > 0 {
		return out
	}
	media := documented.Value.Content.Get(mediaType(c.Answer))
	if media == nil || media.Schema == nil {
		return nil
	}
	var body any
	if err := json.Unmarshal([]byte(c.Response), &body); err != nil {
		return append(out, one(ruleResponse, "body: "+err.Error()))
	}
	for _, path := range extras(body, media.Schema.Value) {
		out = append(out, one(ruleExtra, path))
	}
	return out
}

// contentOnly leaves the other headers out: the description types some of them as what they are not.
func contentOnly(h http.Header) http.Header {
	return http.Header{"Content-Type": {mediaType(h)}}
}

func mediaType(h http.Header) string {
	kind, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	return kind
}

func statusDetail(c call) string {
	var m struct{ Message string }
	if json.Unmarshal([]byte(c.Response), &m) == nil && m.Message != "" {
		return m.Message
	}
	return http.StatusText(c.Status)
}

// unknownParams are query parameters that the operation does not have.
func unknownParams(c call, route *routers.Route) []string {
	query, _ := url.ParseQuery(c.Query)
	known := []string{}
	for _, list := range []openapi3.Parameters{route.Operation.Parameters, route.PathItem.Parameters} {
		for _, p := range list {
			if p.Value.In == openapi3.ParameterInQuery {
				known = append(known, p.Value.Name)
			}
		}
	}
	var out []string
	for _, name := range sortedKeys(query) {
		if !slices.Contains(known, strings.TrimSuffix(name, "[]")) {
			out = append(out, name)
		}
	}
	return out
}

func requestSchema(op *openapi3.Operation) *openapi3.Schema {
	if op.RequestBody == nil || op.RequestBody.Value == nil {
		return nil
	}
	media := op.RequestBody.Value.Content.Get("application/json")
	if media == nil || media.Schema == nil {
		return nil
	}
	return media.Schema.Value
}

// flatten turns nested errors into one line each.
func flatten(err error) []string {
	if err == nil {
		return nil
	}
	if many, ok := errors.AsType[openapi3.MultiError](err); ok {
		var out []string
		for _, e := range many {
			out = append(out, flatten(e)...)
		}
		return out
	}
	if s, ok := errors.AsType[*openapi3.SchemaError](err); ok {
		return []string{"/" + strings.Join(s.JSONPointer(), "/") + ": " + firstLine(s.Reason)}
	}
	return []string{firstLine(err.Error())}
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

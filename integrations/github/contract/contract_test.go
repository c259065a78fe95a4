package main

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

const tinyREST = `{"openapi":"3.0.3","info":{"title":"t","version":"1"},"paths":{
"/orgs/{org}/memberships/{username}":{"put":{
 "parameters":[{"name":"org","in":"path","required":true,"schema":{"type":"string"}},{"name":"username","in":"path","required":true,"schema":{"type":"string"}},
  {"name":"page","in":"query","schema":{"type":"integer"}}],
 "requestBody":{"content":{"application/json":{"schema":{"type":"object","properties":{"role":{"type":"string","enum":["admin","member"]}}}}}},
 "responses":{"200":{"description":"ok","content":{"application/json":{"schema":{"type":"object","required":["state"],
  "properties":{"state":{"type":"string","enum":["active","pending"]},"user":{"type":"object","properties":{"login":{"type":"string"}}}}}}}}}}}}}`

const tinyGraph = `type Query { organization(login: String!): Organization } type Organization { login: String! role: Role members: [Organization!]! } enum Role { ADMIN }`

func healthy() call {
	return call{
		Number: 7, Method: "PUT", Path: "/orgs/acme/memberships/lena", Query: "page=1", Route: "PUT /orgs/{org}/memberships/{username}",
		Header: http.Header{"Content-Type": {"application/json"}}, Body: `{"role":"member"}`, Status: 200,
		Answer: http.Header{"Content-Type": {"application/json; charset=utf-8"}}, Response: `{"state":"active","user":{"login":"lena"}}`,
		Vars: map[string]string{"org": "acme", "username": "lena"},
	}
}

func query(q, response string) call {
	return call{Route: "POST /graphql", Status: 200, Body: `{"query":"` + q + `"}`, Response: response}
}

func judged(t *testing.T, allowed []exception, calls ...call) *report {
	t.Helper()
	d, err := parseREST(t.Context(), []byte(tinyREST))
	if err != nil {
		t.Fatal(err)
	}
	g, err := parseGraphQL(tinyGraph)
	if err != nil {
		t.Fatal(err)
	}
	return judge(t.Context(), calls, descriptionsREST{cloud: d, server: d}, g, allowed)
}

func TestAHealthyCallPasses(t *testing.T) {
	r := judged(t, nil, healthy(), query("{ organization(login: \\\"a\\\") { login role } }", `{"data":{"organization":{"login":"a","role":"ADMIN"}}}`))
	if err := r.print(io.Discard, true); err != nil {
		t.Errorf("%v: %v", err, r.violations)
	}
}

func TestEveryPlantedFlawIsFound(t *testing.T) {
	for name, plant := range map[string]func(*call){
		ruleResponse + " wrong type":    func(c *call) { c.Response = `{"state":1}` },
		ruleResponse + " not in enum":   func(c *call) { c.Response = `{"state":"gone"}` },
		ruleResponse + " missing field": func(c *call) { c.Response = `{}` },
		ruleExtra:                       func(c *call) { c.Response = `{"state":"active","user":{"login":"x","color":"red"}}` },
		ruleStatus:                      func(c *call) { c.Status = 418 },
		ruleRequest + " bad role":       func(c *call) { c.Body = `{"role":"boss"}` },
		ruleField:                       func(c *call) { c.Body = `{"rolle":"member"}` },
		ruleParam:                       func(c *call) { c.Query = "pge=1" },
		rulePath:                        func(c *call) { c.Route = "" },
		rulePath + " method":            func(c *call) { c.Route = "DELETE /orgs/{org}/memberships/{username}" },
	} {
		c := healthy()
		plant(&c)
		r := judged(t, nil, c)
		if len(r.violations) == 0 || !strings.HasPrefix(name, r.violations[0].rule) {
			t.Errorf("%s: found %v", name, r.violations)
		}
		if r.print(io.Discard, false) == nil {
			t.Errorf("%s: the check passed", name)
		}
	}
}

func TestPlantedGraphQLFlawsAreFound(t *testing.T) {
	const q = "{ organization(login: \\\"a\\\") { login role members { login } } }"
	for name, c := range map[string]call{
		ruleQuery:                   query("{ organization(login: \\\"a\\\") { color } }", `{"data":{"organization":{"color":"red"}}}`),
		ruleRefused:                 query(q, `{"errors":[{"message":"no such field","extensions":{"code":"undefinedField"}}]}`),
		ruleData + " enum":          query(q, `{"data":{"organization":{"login":"a","role":"BOSS","members":[]}}}`),
		ruleData + " null":          query(q, `{"data":{"organization":{"login":null,"role":"ADMIN","members":[]}}}`),
		ruleData + " type":          query(q, `{"data":{"organization":{"login":3,"role":"ADMIN","members":[]}}}`),
		ruleData + " inside a list": query(q, `{"data":{"organization":{"login":"a","role":"ADMIN","members":[{"login":1}]}}}`),
	} {
		if r := judged(t, nil, c); len(r.violations) == 0 || !strings.HasPrefix(name, r.violations[0].rule) {
			t.Errorf("%s: found %v", name, r.violations)
		}
	}
}

func TestAnExceptionExcusesOnlyWhatItNamesAndMustMatch(t *testing.T) {
	c := healthy()
	c.Status = 418
	teapot := exception{route: "PUT /orgs/*", rule: ruleStatus, status: 418, reason: "teapot"}
	if err := judged(t, []exception{teapot}, c).print(io.Discard, true); err != nil {
		t.Error(err)
	}
	if err := judged(t, []exception{teapot}, healthy()).print(io.Discard, true); err == nil {
		t.Error("an exception that matches nothing was accepted")
	}
	c.Status = 419
	if err := judged(t, []exception{teapot}, c).print(io.Discard, true); err == nil {
		t.Error("the exception excused another status")
	}
}

func TestAPlantedFaultIsNoAnswerOfTheServer(t *testing.T) {
	c := healthy()
	c.Status, c.Fault = 500, true
	if r := judged(t, nil, c); len(r.violations) != 0 {
		t.Errorf("found %v", r.violations)
	}
}

func TestAnEmptyFolderIsNoRecording(t *testing.T) {
	if _, err := readCalls(t.TempDir()); err == nil {
		t.Error("nothing was recorded and nobody minds")
	}
}

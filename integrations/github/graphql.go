package github

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"lastday"
)

// graphQL is where queries go, relative to the REST base: /graphql beside it on
// github.com, /api/graphql beside /api/v3 on a GitHub Enterprise Server.
// https://docs.github.com/enterprise-server@latest/graphql/guides/forming-calls-with-graphql#the-graphql-endpoint
func (c *client) graphQL() string {
	if c.onServer() {
		return "../graphql"
	}
	return "graphql"
}

// onServer says that the far side is a GitHub Enterprise Server.
func (c *client) onServer() bool { return strings.HasSuffix(c.gh.BaseURL.Path, "/api/v3/") }

type graphError struct {
	Type       string `json:"type"`
	Path       []any  `json:"path"`
	Extensions struct {
		SAMLFailure bool   `json:"saml_failure"`
		Code        string `json:"code"`
	} `json:"extensions"`
}

// query asks one GraphQL query and reads its data into into. An answer with
// errors is an error, however much data came with it: a part must not pass for
// the whole.
func (c *client) query(ctx context.Context, op, text string, vars map[string]any, into any) error {
	var got struct {
		Data   json.RawMessage `json:"data"`
		Errors []graphError    `json:"errors"`
	}
	body := map[string]any{"query": text, "variables": vars}
	a, err := c.do(ctx, call{op: op, method: "POST", where: c.graphQL(), body: body}, &got)
	if err != nil {
		return err
	}
	if len(got.Errors) > 0 {
		return graphFailure(op, got.Errors, a)
	}
	if len(got.Data) == 0 || string(got.Data) == "null" {
		return lastday.Errorf(lastday.CodeTransient, op, "an answer without data")
	}
	if err := json.Unmarshal(got.Data, into); err != nil {
		return lastday.Errorf(lastday.CodeInvalid, op, "an answer of another shape")
	}
	return nil
}

// graphFailure finds the code of a list of errors: the gravest decides.
func graphFailure(op string, errs []graphError, a answer) error {
	kinds := map[string]bool{}
	for _, e := range errs {
		if e.Type == "" && e.Extensions.Code != "" {
			return lastday.Errorf(lastday.CodeUnsupported, op, "the server does not know this query: set no_graphql for it")
		}
		kinds[e.Type] = true
		if e.Extensions.SAMLFailure {
			return lastday.Errorf(lastday.CodeDenied, op, "single sign-on: authorize the credential for the organization")
		}
	}
	switch {
	case kinds["RATE_LIMITED"] || kinds["RATE_LIMIT"]:
		return limitedBy(op, a)
	case kinds["FORBIDDEN"] || kinds["INSUFFICIENT_SCOPES"]:
		return lastday.Errorf(lastday.CodeDenied, op, "the credential may not ask this")
	case kinds["NOT_FOUND"]:
		return lastday.Errorf(lastday.CodeNotFound, op, "not found, or hidden from us")
	case kinds["MAX_NODE_LIMIT_EXCEEDED"] || kinds["RESOURCE_LIMITS_EXCEEDED"]:
		return &tooMuchError{about: &lastday.Error{Code: lastday.CodeTransient, Op: op, What: "the query asks for too much at once"}}
	case kinds[""] || kinds["SERVICE_UNAVAILABLE"] || kinds["INTERNAL"]:
		return lastday.Errorf(lastday.CodeTransient, op, "the far side could not finish the query")
	}
	return lastday.Errorf(lastday.CodeInvalid, op, "the far side refuses the query")
}

// tooMuchError says that a query was refused for what it would cost.
type tooMuchError struct{ about *lastday.Error }

// Error is the text of the error with the code.
func (e *tooMuchError) Error() string { return e.about.Error() }

// Unwrap gives the error with the code.
func (e *tooMuchError) Unwrap() error { return e.about }

// sizing is how many repositories a query asks about: at most so many, and half
// as many each time that was too much.
type sizing struct {
	most int

	mu   sync.Mutex
	less int
}

// fewest is how many a query asks about at the least.
const fewest = 25

func (s *sizing) now() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.less > 0 {
		return s.less
	}
	return s.most
}

// askLess makes the next attempt ask for less, if it was too much: GitHub
// refuses such queries, or gives up on them after ten seconds.
// https://docs.github.com/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
func (d *driver) askLess(err error) error {
	var much *tooMuchError
	refused, status, now := errors.As(err, &much), statusOf(err), d.size.now()
	switch {
	case !refused && status != http.StatusBadGateway && status != http.StatusGatewayTimeout:
		return err
	case refused && now <= fewest:
		return lastday.Errorf(lastday.CodeInvalid, "read account", "even a small query is too much: set no_graphql")
	case now <= fewest:
		return err
	}
	d.size.mu.Lock()
	defer d.size.mu.Unlock()
	d.size.less = max(fewest, now/2)
	return err
}

func limitedBy(op string, a answer) error {
	wait := resetOf(a.header)
	if wait <= 0 {
		wait = time.Minute
	}
	return &lastday.Error{Code: lastday.CodeRateLimited, Op: op, What: "the far side asks to come back later", RetryAfter: wait}
}

// pageInfo is where a connection goes on.
type pageInfo struct {
	HasNextPage bool   `json:"hasNextPage"`
	EndCursor   string `json:"endCursor"`
}

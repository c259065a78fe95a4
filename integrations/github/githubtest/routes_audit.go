package githubtest

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

func auditRoutes() []*route {
	return []*route{
		{"GET", "/orgs/{org}/audit-log", asOwner(right{"read:audit_log", "organization_administration", read}), auditLog},
	}
}

// auditLog pages by cursor, newest first, and understands the phrases action:, actor:, user:, repo: and created:
// (https://docs.github.com/rest/orgs/orgs#get-the-audit-log-for-an-organization).
func auditLog(c *call) *reply {
	var items []auditEvent
	for _, e := range c.org.Audit {
		if c.phraseMatches(e) {
			items = append(items, e)
		}
	}
	if c.q.Get("order") != "asc" {
		slices.Reverse(items)
	}
	return c.cursorPage(items)
}

func (c *call) phraseMatches(e auditEvent) bool {
	for term := range strings.FieldsSeq(c.q.Get("phrase")) {
		key, want, _ := strings.Cut(term, ":")
		switch key {
		case "action":
			if e.Action != want && !strings.HasPrefix(e.Action, want+".") {
				return false
			}
		case "actor":
			if !strings.EqualFold(c.login(e.Actor), want) {
				return false
			}
		case "user":
			if !strings.EqualFold(c.login(e.User), want) {
				return false
			}
		case "repo":
			if !strings.EqualFold(e.Repo, want) {
				return false
			}
		case "created":
			if !createdMatches(want, stamp(e.At)) {
				return false
			}
		}
	}
	return true
}

// createdMatches compares a day or instant in the forms >=x, >x, <=x, <x, x..y and x.
func createdMatches(want, at string) bool {
	if from, to, ranged := strings.Cut(want, ".."); ranged {
		return at >= from && at[:min(len(at), len(to))] <= to
	}
	for _, op := range []string{">=", "<=", ">", "<"} {
		limit, found := strings.CutPrefix(want, op)
		if !found {
			continue
		}
		head := at[:min(len(at), len(limit))]
		return map[string]bool{">=": head >= limit, "<=": head <= limit, ">": head > limit, "<": head < limit}[op]
	}
	return strings.HasPrefix(at, want)
}

func (c *call) cursorPage(items []auditEvent) *reply {
	_, per := c.pageOf()
	from := 0
	if after, err := strconv.ParseInt(c.q.Get("after"), 10, 64); err == nil {
		from = slices.IndexFunc(items, func(e auditEvent) bool { return e.ID == after }) + 1
	}
	to := min(from+per, len(items))
	out := ok(nil)
	out.list = []any{}
	for _, e := range items[from:to] {
		out.list = append(out.list, c.auditObject(e))
	}
	if to < len(items) {
		q := c.r.URL.Query()
		q.Set("after", itoa(items[to-1].ID))
		out.with("Link", fmt.Sprintf(`<%s%s?%s>; rel="next"`, c.base, c.path, url.Values(q).Encode()))
	}
	return out
}

func (c *call) auditObject(e auditEvent) any {
	at := e.At.UnixMilli()
	out := obj{"@timestamp": at, "created_at": at, "action": e.Action, "org": c.org.Login, "org_id": c.org.ID, "_document_id": "d" + itoa(e.ID), "actor": c.login(e.Actor), "actor_id": e.Actor}
	if e.User != 0 {
		out["user"], out["user_id"] = c.login(e.User), e.User
	}
	if e.Repo != "" {
		out["repo"] = e.Repo
	}
	if e.Team != "" {
		out["team"] = e.Team
	}
	return out
}

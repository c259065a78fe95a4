package scim

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"lastday"
	"lastday/integrations/internal/httpx"
)

const (
	users  = "Users"
	groups = "Groups"
)

// typeHeader is where naming puts the error's scimType.
const typeHeader = "Scim-Type"

// naming reads the scimType of an error (RFC 7644 section 3.12), which says
// whether another way of asking can help, into a header of the answer.
type naming struct{ next http.RoundTripper }

// RoundTrip makes one call.
func (n naming) RoundTrip(req *http.Request) (*http.Response, error) {
	const most = 64 << 10
	next := n.next
	if next == nil {
		next = http.DefaultTransport
	}
	resp, err := next.RoundTrip(req)
	if err != nil || resp.StatusCode < http.StatusBadRequest {
		return resp, err
	}
	resp.Header.Del(typeHeader)
	start, err := io.ReadAll(io.LimitReader(resp.Body, most))
	resp.Body = rejoined{io.MultiReader(bytes.NewReader(start), resp.Body), resp.Body}
	var said struct {
		ScimType string `json:"scimType"`
	}
	if err == nil && json.Unmarshal(start, &said) == nil && said.ScimType != "" {
		resp.Header.Set(typeHeader, said.ScimType)
	}
	return resp, nil
}

// rejoined is a body whose beginning was read already.
type rejoined struct {
	io.Reader
	io.Closer
}

// readUser reads an account by its id, and refuses an answer about another.
// Not being found is no error, and shows nothing.
func (d *driver) readUser(ctx context.Context, id string) (user, bool, error) {
	var u user
	path, err := httpx.Path(users, id)
	if err != nil {
		return u, false, err
	}
	reply, err := d.single.Get(ctx, "scim: read user", path, &u)
	if lastday.CodeOf(err) == lastday.CodeNotFound {
		return u, false, nil
	}
	if err != nil {
		return u, false, err
	}
	if u.ID != id {
		return u, false, lastday.Errorf(lastday.CodeInvalid, "scim: read user", "the answer is about somebody else")
	}
	u.etag = reply.Header.Get("Etag")
	return u, true, nil
}

// readGroup reads a group with its members.
func (d *driver) readGroup(ctx context.Context, id string) (group, bool, error) {
	var g group
	path, err := httpx.Path(groups, id)
	if err != nil {
		return g, false, err
	}
	reply, err := d.client.Get(ctx, "scim: read group", path, &g)
	if lastday.CodeOf(err) == lastday.CodeNotFound {
		return g, false, nil
	}
	if err != nil {
		return g, false, err
	}
	if g.ID != id {
		return g, false, lastday.Errorf(lastday.CodeInvalid, "scim: read group", "the answer is about another group")
	}
	g.etag = reply.Header.Get("Etag")
	return g, true, nil
}

// write is one write that can be put in several forms.
type write struct {
	what string
	path []string
	// version makes it conditional; empty for none. Guarded says that it is the
	// server's own (meta.version): an ETag alone may be that of a proxy, which nobody
	// checks when writing.
	version string
	guarded bool
	forms   []form
}

// form is one way to put a write.
type form struct {
	method string
	body   any
	// whole says that all of the resource is replaced: then it must be conditional.
	whole bool
}

// send makes a write in the first form that the server understands. Another form
// is tried only after a refusal, which changed nothing.
func (d *driver) send(ctx context.Context, w write) (httpx.Reply, error) {
	path, err := httpx.Path(w.path...)
	if err != nil {
		return httpx.Reply{}, err
	}
	refused := lastday.Errorf(lastday.CodeUnsupported, w.what, "the server knows no form of this write that is safe")
	var reply httpx.Reply
	var last error = refused
	for _, f := range w.forms {
		if f.whole && !w.guarded {
			continue // it could undo what somebody else writes at the same time
		}
		call := httpx.Call{What: w.what, Method: f.method, Path: path, Body: f.body, Header: http.Header{"Content-Type": {mediaType}}}
		if w.version != "" {
			call.Header.Set("If-Match", w.version)
		}
		reply, last = d.client.Do(ctx, call, nil)
		if last == nil || !otherForm(reply) {
			break
		}
	}
	if reply.Status == http.StatusPreconditionFailed {
		return reply, lastday.Errorf(lastday.CodeTransient, w.what, "somebody else changed it between our reading and writing; nothing was written")
	}
	return reply, last
}

// otherForm says whether a refusal is about how the write was put.
func otherForm(r httpx.Reply) bool {
	switch r.Status {
	case http.StatusMethodNotAllowed, http.StatusNotImplemented, http.StatusUnsupportedMediaType:
		return true
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		about := []string{"", "invalidPath", "invalidSyntax", "invalidFilter", "invalidValue", "noTarget"}
		return slices.Contains(about, r.Header.Get(typeHeader))
	}
	return false
}

// walk reads a list page by page and hands each page on, until give says that
// it has enough. Totals are not trusted: servers count wrong, and give fewer than
// was asked for. The end is a page without anything new. A total that promises
// more than came is an error: half a list must not look like a whole one.
func walk[T any](ctx context.Context, d *driver, kind, filter string, id func(T) string, give func(listed[T]) bool) error {
	what := "scim: list " + kind
	seen := map[string]bool{}
	next := listed[T]{}
	for range mostPages {
		page, err := readPage[T](ctx, d, kind, filter, len(seen), next.NextCursor)
		if err != nil {
			return err
		}
		fresh := 0
		for _, r := range page.Resources {
			if id(r) == "" {
				return lastday.Errorf(lastday.CodeInvalid, what, "an entry has no id")
			}
			if !seen[id(r)] {
				seen[id(r)] = true
				fresh++
			}
		}
		if !give(page) {
			return nil
		}
		ended := fresh == 0
		if d.profile.Cursor {
			ended = page.NextCursor == ""
		}
		if ended {
			return complete(what, len(seen), page.TotalResults, d.profile.Cursor && next.NextCursor != "")
		}
		if d.profile.Cursor && page.NextCursor == next.NextCursor {
			return lastday.Errorf(lastday.CodeInvalid, what, "the cursor does not move on")
		}
		next = page
	}
	return lastday.Errorf(lastday.CodeInvalid, what, "more than %d pages", mostPages)
}

const (
	mostPages = 10_000
	pageSize  = 100
)

// complete compares what came with what was promised. A list that went on by
// cursors may have a total that is only estimated; one that never did may be of a
// server that knows none.
func complete(what string, came, promised int, byCursor bool) error {
	if came >= promised || byCursor {
		return nil
	}
	return lastday.Errorf(lastday.CodeTransient, what, "the list is not complete: %d of %d came", came, promised)
}

func readPage[T any](ctx context.Context, d *driver, kind, filter string, done int, cursor string) (listed[T], error) {
	query := url.Values{"count": {strconv.Itoa(pageSize)}}
	if filter != "" {
		query.Set("filter", filter)
	}
	if d.profile.Cursor {
		query.Set("cursor", cursor)
	} else {
		query.Set("startIndex", strconv.Itoa(done+1))
	}
	var page listed[T]
	_, err := d.client.Get(ctx, "scim: list "+kind, kind+"?"+query.Encode(), &page)
	return page, err
}

// control looks at the canary: where it is not seen, not seeing another account
// shows nothing.
func (d *driver) control(ctx context.Context) (lastday.Control, user, error) {
	u, found, err := d.readUser(ctx, d.cfg.Canary)
	if err != nil {
		return lastday.Control{}, u, err
	}
	if !found {
		return lastday.Control{Evidence: "the canary account is not seen"}, u, nil
	}
	return lastday.Control{Seen: true, Evidence: "read the canary account by its id"}, u, nil
}

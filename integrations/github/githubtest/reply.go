package githubtest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"
)

// obj is a JSON object.
type obj map[string]any

// reply is an answer before it is written.
type reply struct {
	status int
	header http.Header
	body   any
	list   []any  // set for a list: the items of this page
	wrap   string // set for a list inside an object: the member that holds it
	raw    []byte
	free   bool // not counted against the rate limit
}

func answer(status int, body any) *reply {
	return &reply{status: status, header: http.Header{}, body: body}
}

func ok(body any) *reply { return answer(http.StatusOK, body) }

func created(body any) *reply { return answer(http.StatusCreated, body) }

func noContent() *reply { return answer(http.StatusNoContent, nil) }

func accepted(body any) *reply { return answer(http.StatusAccepted, body) }

// failure is GitHub's basic error.
func failure(status int, message string) *reply {
	return answer(status, obj{"message": message, "documentation_url": "https://docs.github.com/rest", "status": strconv.Itoa(status)})
}

func notFound() *reply { return failure(http.StatusNotFound, "Not Found") }

func forbidden(message string) *reply { return failure(http.StatusForbidden, message) }

// invalid is GitHub's validation error.
func invalid(resource, field, message string) *reply {
	return answer(http.StatusUnprocessableEntity, obj{
		"message": "Validation Failed", "documentation_url": "https://docs.github.com/rest",
		"errors": []any{obj{"resource": resource, "field": field, "code": "custom", "message": message}},
	})
}

func (out *reply) with(key, value string) *reply { out.header.Set(key, value); return out }

// encode turns the body into bytes, once.
func (out *reply) encode() {
	if out.raw != nil || (out.body == nil && out.list == nil) {
		return
	}
	body := out.body
	if out.list != nil {
		body = out.listBody()
	}
	raw, err := json.Marshal(body)
	if err != nil {
		out.status, raw = http.StatusInternalServerError, []byte(`{"message":"encoding the answer failed"}`)
	}
	out.raw = raw
	if out.header.Get("Content-Type") == "" {
		out.header.Set("Content-Type", "application/json; charset=utf-8")
	}
}

func (out *reply) listBody() any {
	if out.wrap == "" {
		return out.list
	}
	whole := obj{}
	if rest, isObj := out.body.(obj); isObj {
		maps.Copy(whole, rest)
	}
	whole[out.wrap] = out.list
	return whole
}

// halve keeps the first half of a list and says nothing about the rest.
func (out *reply) halve() {
	if out.list == nil {
		return
	}
	out.list = out.list[:len(out.list)/2]
	out.raw = nil
	out.header.Del("Link")
	out.header.Del("ETag")
}

// conditional adds the entity tag and answers 304 to a client that already has it.
func (c *call) conditional(out *reply) {
	if c.r.Method != http.MethodGet || out.status != http.StatusOK || c.path == "/rate_limit" {
		return
	}
	out.encode()
	sum := sha256.Sum256(out.raw)
	tag := `W/"` + hex.EncodeToString(sum[:]) + `"`
	out.header.Set("ETag", tag)
	out.header.Set("Cache-Control", "private, max-age=60, s-maxage=60")
	if match := c.r.Header.Get("If-None-Match"); match != "" && strings.TrimPrefix(match, "W/") == strings.TrimPrefix(tag, "W/") {
		out.status, out.raw, out.body, out.list, out.free = http.StatusNotModified, []byte{}, nil, nil, true
		out.header.Del("Content-Type")
	}
}

// pageOf reads page and per_page: 30 by default, 100 at most (https://docs.github.com/rest/using-the-rest-api/using-pagination-in-the-rest-api).
func (c *call) pageOf() (page, per int) {
	page, _ = strconv.Atoi(c.q.Get("page"))
	per, _ = strconv.Atoi(c.q.Get("per_page"))
	if page < 1 {
		page = 1
	}
	if per < 1 {
		per = 30
	}
	return page, min(per, 100)
}

// list answers with one page of items, rendering that page only.
func list[T any](c *call, items []T, render func(T) any) *reply {
	if c.partial {
		items = nil
	}
	page, per := c.pageOf()
	from := min((page-1)*per, len(items))
	to := min(from+per, len(items))
	out := ok(nil)
	out.list = make([]any, 0, to-from)
	for _, it := range items[from:to] {
		out.list = append(out.list, render(it))
	}
	if c.partial {
		out.with("X-Github-Sso", fmt.Sprintf("partial-results; organizations=%d", c.org.ID))
	}
	if link := c.links(page, (len(items)+per-1)/per); link != "" {
		out.with("Link", link)
	}
	return out
}

// listIn answers with one page inside an object that also tells the total.
func listIn[T any](c *call, member string, rest obj, items []T, render func(T) any) *reply {
	out := list(c, items, render)
	out.wrap = member
	if rest == nil {
		rest = obj{"total_count": len(items)}
	}
	out.body = rest
	return out
}

func (c *call) links(page, last int) string {
	if last < 2 {
		return ""
	}
	var parts []string
	add := func(n int, rel string) {
		q := c.r.URL.Query()
		q.Set("page", strconv.Itoa(n))
		parts = append(parts, fmt.Sprintf(`<%s%s?%s>; rel="%s"`, c.base, c.path, q.Encode(), rel))
	}
	if page > 1 {
		add(page-1, "prev")
	}
	if page < last {
		add(page+1, "next")
		add(last, "last")
	}
	if page > 1 {
		add(1, "first")
	}
	return strings.Join(parts, ", ")
}

// decode reads the JSON body into v; an empty body is an empty object.
func (c *call) decode(v any) *reply {
	if len(c.body) == 0 {
		return nil
	}
	if err := json.Unmarshal(c.body, v); err != nil {
		return failure(http.StatusBadRequest, "Problems parsing JSON")
	}
	return nil
}

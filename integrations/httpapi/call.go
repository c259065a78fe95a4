package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"lastday"
	"lastday/integrations/internal/httpx"
)

// reply is what came back.
type reply struct {
	status  int
	header  http.Header
	answer  any
	next    string
	request lastday.Request
}

// flatHeader is the header with lower case names, for expressions.
func (r reply) flatHeader() map[string]string {
	flat := make(map[string]string, len(r.header))
	for name := range r.header {
		flat[strings.ToLower(name)] = r.header.Get(name)
	}
	return flat
}

// order is a request that is filled and ready to be sent.
type order struct {
	what   string
	method string
	// path is relative to the base, or the address of a next page.
	path   string
	header http.Header
	body   []byte
	reads  bool
	// fine are the statuses that are no error, whatever their body.
	fine []int
}

// key is the same for the same question.
func (o order) key() string { return o.method + " " + o.path + "\n" + string(o.body) }

// methods gives the methods that the request names, with their paths.
func (r Request) methods() map[string]Template {
	named := map[string]Template{}
	for method, path := range map[string]Template{
		http.MethodGet: r.Get, http.MethodPost: r.Post, http.MethodPut: r.Put,
		http.MethodPatch: r.Patch, http.MethodDelete: r.Delete,
	} {
		if path.given() {
			named[method] = path
		}
	}
	return named
}

// fill makes the request for these variables, with these parameters added.
func (r Request) fill(what string, v vars, added url.Values) (order, error) {
	o := order{what: "httpapi: " + what, header: http.Header{}}
	for method, template := range r.methods() {
		path, err := template.path(v)
		if err != nil {
			return order{}, err
		}
		o.method, o.path = method, strings.TrimPrefix(path, "/")
	}
	query := url.Values{}
	for name, template := range r.Query {
		value, err := template.plain(v)
		if err != nil {
			return order{}, err
		}
		query.Set(name, value)
	}
	for name := range added {
		query.Set(name, added.Get(name))
	}
	if len(query) > 0 {
		o.path += "?" + query.Encode()
	}
	return o, r.fillRest(&o, v)
}

func (r Request) fillRest(o *order, v vars) error {
	for name, template := range r.Headers {
		value, err := template.header(v)
		if err != nil {
			return err
		}
		o.header.Set(name, value)
	}
	if r.Body == nil {
		return nil
	}
	tree, err := fillTree(r.Body, v)
	if err != nil {
		return err
	}
	if o.body, err = json.Marshal(tree); err != nil {
		return lastday.Wrap(lastday.CodeInternal, o.what, "encode the request", err)
	}
	o.header.Set("Content-Type", "application/json")
	return nil
}

// send sends one request, once. A status that the order does not call fine is an
// error with a code; the reply is filled also then, as far as there was an answer.
func (d *driver) send(ctx context.Context, o order) (reply, error) {
	req, err := http.NewRequestWithContext(ctx, o.method, d.resolve(o.path), bytes.NewReader(o.body))
	if err != nil {
		return reply{}, lastday.Errorf(lastday.CodeInvalid, o.what, "the path makes no request")
	}
	req.Header = o.header.Clone()
	req.Header.Set("Accept", "application/json")
	resp, err := d.client.HTTP().Do(req)
	if err != nil {
		return reply{}, named(o.what, httpx.Classify(resp, err, !o.reads))
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return reply{}, named(o.what, httpx.Classify(resp, err, !o.reads))
	}
	r := reply{status: resp.StatusCode, header: resp.Header, next: httpx.Next(resp), request: httpx.RequestOf(resp, o.what)}
	return r, d.judge(o, resp, text, &r)
}

// resolve makes an address of a path; that of a next page is one already, and
// the client keeps it on the host.
func (d *driver) resolve(path string) string {
	if strings.HasPrefix(path, "https://") || strings.HasPrefix(path, "http://") {
		return path
	}
	return strings.TrimSuffix(d.client.Base(), "/") + "/" + path
}

// judge decides whether an answer is an error. What reads needs JSON; of a write
// the status counts, and the body only where a rule asks for it.
func (d *driver) judge(o order, resp *http.Response, text []byte, r *reply) error {
	tree, err := parseJSON(text)
	if err == nil {
		r.answer = tree
	}
	fine := slices.Contains(o.fine, r.status) || (o.reads && r.status/100 == 2)
	if rule, ok := d.rule(*r, err == nil); ok && !(fine && r.status/100 != 2) {
		return d.ruled(o, rule, resp, text)
	}
	switch {
	case fine && o.reads && r.status/100 == 2 && err != nil:
		return named(o.what, httpx.Classify(resp, asRead(err), false))
	case fine:
		return nil
	case r.status/100 == 2:
		return lastday.Errorf(lastday.CodeUnknownOutcome, o.what, "answered %d, which the description does not expect", r.status)
	}
	return named(o.what, d.classify(resp, text, !o.reads))
}

// asRead makes an empty answer an unexpected end, as the JSON package calls one
// that is cut.
func asRead(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// classify lets the HTTP client judge an answer that was read already.
func (d *driver) classify(resp *http.Response, text []byte, wrote bool) error {
	again := *resp
	again.Body = io.NopCloser(bytes.NewReader(text))
	if name := d.spec.Quota.RetryAfter; name != "" && resp.Header.Get("Retry-After") == "" {
		again.Header = resp.Header.Clone()
		again.Header.Set("Retry-After", resp.Header.Get(name))
	}
	return httpx.Classify(&again, nil, wrote)
}

// rule finds the first of the description's rules that fits an answer.
func (d *driver) rule(r reply, isJSON bool) (ErrorRule, bool) {
	for _, rule := range d.spec.Errors {
		if rule.Status != 0 && rule.Status != r.status || rule.Status == 0 && r.status/100 == 2 && !rule.When.given() {
			continue
		}
		if !rule.When.given() {
			return rule, true
		}
		// An answer of another shape is no answer that the rule speaks of.
		if yes, err := rule.When.holds(scope{reply: r}, false); isJSON && err == nil && yes {
			return rule, true
		}
	}
	return ErrorRule{}, false
}

func (d *driver) ruled(o order, rule ErrorRule, resp *http.Response, text []byte) error {
	e := lastday.Errorf(rule.Code, o.what, "answered %d: %s", resp.StatusCode, rule.Note)
	if resp.StatusCode/100 != 2 {
		e.RetryAfter = lastday.RetryAfterOf(d.classify(resp, text, !o.reads))
	}
	return e
}

// named gives an error the name of the call.
func named(what string, err error) error {
	var e *lastday.Error
	if !errors.As(err, &e) {
		return err
	}
	c := *e
	c.Op = what
	return &c
}

// quotaLeft reads how many requests are left; -1 if the far side does not say.
func (d *driver) quotaLeft(r reply) int {
	if d.spec.Quota.Left == "" {
		return -1
	}
	n, err := strconv.Atoi(strings.TrimSpace(r.header.Get(d.spec.Quota.Left)))
	if err != nil || n < 0 {
		return -1
	}
	return n
}

// reading is one verb's reading. The same question is asked once: several kinds
// of grants may stand in one answer.
type reading struct {
	d     *driver
	known map[string]reply
}

func (d *driver) read() *reading { return &reading{d: d, known: map[string]reply{}} }

func (r *reading) ask(ctx context.Context, o order) (reply, error) {
	o.reads = true
	if known, ok := r.known[o.key()]; ok && (known.status/100 == 2 || slices.Contains(o.fine, known.status)) {
		return known, nil
	}
	got, err := r.d.send(ctx, o)
	if err != nil {
		return got, err
	}
	r.known[o.key()] = got
	return got, nil
}

// pages asks for all pages of a list and gives each to take, with its items.
func (r *reading) pages(ctx context.Context, q query, take func(scope) error) error {
	at := position{number: q.pages.first()}
	for range r.d.mostPages() {
		o, err := q.at(at)
		if err != nil {
			return err
		}
		got, err := r.ask(ctx, o)
		if err != nil || slices.Contains(q.absent, got.status) {
			return err
		}
		s := scope{reply: got, asked: q.asked, account: q.account}
		items, err := q.items.list(s)
		if err != nil {
			return err
		}
		for _, item := range items {
			s.item = item
			if err := take(s); err != nil {
				return err
			}
		}
		s.item = nil
		end, err := q.pages.advance(&at, s, len(items))
		if err != nil || end {
			return err
		}
	}
	return lastday.Errorf(lastday.CodeInvalid, "httpapi: "+q.what, "more than %d pages", r.d.mostPages())
}

// query is a request that lists, over its pages.
type query struct {
	what    string
	request Request
	vars    vars
	items   Expr
	pages   Pages
	absent  []int
	asked   string
	account string
}

func (q query) at(at position) (order, error) {
	added := url.Values{}
	if q.pages.SizeParam != "" {
		added.Set(q.pages.SizeParam, strconv.Itoa(q.pages.Size))
	}
	switch {
	case q.pages.By == byNumber || q.pages.By == byOffset:
		added.Set(q.pages.Param, strconv.Itoa(at.number))
	case q.pages.By == byToken && at.token != "":
		added.Set(q.pages.Param, at.token)
	}
	o, err := q.request.fill(q.what, q.vars, added)
	if err == nil && at.link != "" {
		o.path = at.link
	}
	o.fine = q.absent
	return o, err
}

// The ways in which a list goes on.
const (
	byLink   = "link"
	byToken  = "token"
	byNumber = "number"
	byOffset = "offset"
)

// position is where in a list we are.
type position struct {
	number int
	token  string
	link   string
	seen   int64
	before []string
}

func (p Pages) first() int {
	switch {
	case p.First != nil:
		return *p.First
	case p.By == byNumber:
		return 1
	}
	return 0
}

// advance moves on to the next page and says whether there is none. A list that
// ends before its own total is no list.
func (p Pages) advance(at *position, s scope, items int) (end bool, err error) {
	at.seen += int64(items)
	switch p.By {
	case byLink:
		at.link = s.next
		return at.link == "", at.again(at.link)
	case byToken:
		at.token, err = p.Next.text(s)
		if err != nil || at.token == "" {
			return true, err
		}
		return false, at.again(at.token)
	case byNumber:
		at.number++
		return p.counted(at, s, items)
	case byOffset:
		at.number += items
		return p.counted(at, s, items)
	}
	return true, nil
}

func (at *position) again(place string) error {
	if place != "" && slices.Contains(at.before, place) {
		return lastday.Errorf(lastday.CodeInvalid, "httpapi: pages", "the far side led to the same page twice")
	}
	at.before = append(at.before, place)
	return nil
}

func (p Pages) counted(at *position, s scope, items int) (end bool, err error) {
	if p.Total.given() {
		total, err := p.Total.number(s)
		if err != nil {
			return true, err
		}
		if items == 0 && at.seen < total {
			return true, lastday.Errorf(lastday.CodeTransient, "httpapi: pages", "the list ended after %d of %d", at.seen, total)
		}
		return at.seen >= total, nil
	}
	if p.Last.given() {
		return p.Last.holds(s, true)
	}
	return items == 0, nil
}

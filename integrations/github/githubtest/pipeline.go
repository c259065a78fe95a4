package githubtest

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxBody bounds what a client may send.
const maxBody = 4 << 20

// call is one request on its way through the server.
type call struct {
	srv  *Server
	w    *world
	now  time.Time
	r    *http.Request
	base string // scheme, host and base path, no trailing slash
	web  string // scheme and host
	path string // without the base path
	q    url.Values
	body []byte
	vars map[string]string
	who  *principal

	route *route
	org   *org
	team  *team
	repo  *repo
	user  *user
	ent   *enterprise

	partial bool // SAML hides part of what a list would show
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		http.Error(rw, "reading the request failed", http.StatusBadRequest)
		return
	}
	c := s.open(r, body)
	out, f := s.serve(c)
	if !s.wait(r, f) {
		return
	}
	s.write(rw, out, f)
}

func (s *Server) open(r *http.Request, body []byte) *call {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	c := &call{srv: s, r: r, body: body, q: r.URL.Query(), web: scheme + "://" + r.Host}
	c.base, c.path = c.web, r.URL.EscapedPath()
	switch {
	case strings.HasPrefix(c.path, "/api/v3"):
		c.base, c.path = c.web+"/api/v3", strings.TrimPrefix(c.path, "/api/v3")
	case c.path == "/api/graphql":
		c.path = "/graphql"
	}
	if c.path == "" {
		c.path = "/"
	}
	return c
}

// serve does everything that needs the lock: the work, the limits and the log.
func (s *Server) serve(c *call) (*reply, *Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.served++
	c.now = s.opts.Clock()
	s.settle()
	c.match(s.routes)
	f := s.faultFor(c)
	out := s.answer(c, f)
	out.encode()
	s.limits(c, out)
	f.mangle(out)
	s.log(c, out, f)
	return out, f
}

func (s *Server) answer(c *call, f *Fault) *reply {
	if f.instead() {
		return f.reply()
	}
	out := s.process(c)
	if f != nil && f.HalfPages {
		out.halve()
	}
	return out
}

func (s *Server) process(c *call) *reply {
	if len(c.body) > maxBody {
		return failure(http.StatusRequestEntityTooLarge, "Payload too big")
	}
	c.w = s.w
	c.who = c.identify()
	if c.who.refused != nil {
		return c.who.refused
	}
	if out := s.overLimit(c); out != nil {
		return out
	}
	if c.route == nil {
		return notFound()
	}
	view, err := s.view(c.writes())
	if err != nil {
		return failure(http.StatusInternalServerError, err.Error())
	}
	c.w = view
	return c.dispatch()
}

func (c *call) writes() bool {
	return c.r.Method != http.MethodGet && c.r.Method != http.MethodHead && c.path != "/graphql"
}

func (c *call) match(routes *node) {
	segs, ok := segments(c.path)
	if !ok {
		return
	}
	method := c.r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	if c.route = routes.find(method, segs); c.route != nil {
		c.vars = c.route.bind(segs)
	}
}

// dispatch resolves what the path names, asks the gate, and hands over to the endpoint.
func (c *call) dispatch() *reply {
	if out := c.resolve(); out != nil {
		return out
	}
	if c.srv.opts.EnterpriseVersion != "" && c.route.cloudOnly() {
		return notFound()
	}
	if c.route.gate != nil {
		if out := c.route.gate(c); out != nil {
			return out
		}
	}
	out := c.route.handle(c)
	c.conditional(out)
	return out
}

// write puts the answer on the wire, or breaks the connection as the fault says.
func (s *Server) write(rw http.ResponseWriter, out *reply, f *Fault) {
	if f != nil && (f.Reset || f.DropAfterWrite) {
		reset(rw)
		return
	}
	maps.Copy(rw.Header(), out.header)
	body := out.raw
	if f != nil && f.Truncate > 0 && f.Truncate < len(body) {
		rw.Header().Set("Content-Length", fmt.Sprint(len(body)))
		body = body[:f.Truncate]
	}
	rw.WriteHeader(out.status)
	if out.status == http.StatusNoContent || out.status == http.StatusNotModified {
		return
	}
	_, _ = io.Copy(rw, bytes.NewReader(body)) // a client that went away needs no answer
}

// reset closes the connection without an answer, with a TCP reset where there is a TCP connection to reset.
func reset(rw http.ResponseWriter) {
	conn, _, err := http.NewResponseController(rw).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(interface{ SetLinger(int) error }); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// wait holds the answer back; it reports false if the client left in the meantime.
func (s *Server) wait(r *http.Request, f *Fault) bool {
	d := s.opts.Latency
	if f != nil {
		d += f.Delay
	}
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

package githubtest

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// window counts what one caller used since it began.
type window struct {
	Began time.Time
	Used  int
}

// roll starts the window anew once its length is over.
func (w *window) roll(now time.Time, length time.Duration) {
	if w.Began.IsZero() || now.Sub(w.Began) >= length {
		w.Began, w.Used = now, 0
	}
}

func (s *Server) window(key string, now time.Time) *window {
	w := s.windows[key]
	if w == nil {
		w = &window{}
		s.windows[key] = w
	}
	w.roll(now, time.Hour)
	return w
}

// resource names the pool a call counts against, and its size.
func (s *Server) resource(c *call) (string, int) {
	switch {
	case c.path == "/graphql":
		return "graphql", s.opts.GraphQLPoints
	case c.who.kind == anonymous:
		return "core", min(60, s.opts.RateLimit)
	}
	return "core", s.opts.RateLimit
}

// overLimit answers in the place of the endpoint when a limit is used up
// (https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api).
func (s *Server) overLimit(c *call) *reply {
	name, limit := s.resource(c)
	w := s.window(c.who.key+"/"+name, c.now)
	if w.Used >= limit && name == "core" && c.path != "/rate_limit" {
		out := forbidden("API rate limit exceeded for user ID " + c.who.key + ".")
		out.free = true
		return out
	}
	if s.opts.WritesPerMinute == 0 || !c.writes() {
		return nil
	}
	return s.overWrites(c)
}

func (s *Server) overWrites(c *call) *reply {
	w := s.writes[c.who.key]
	if w == nil {
		w = &window{}
		s.writes[c.who.key] = w
	}
	w.roll(c.now, time.Minute)
	w.Used++
	if w.Used <= s.opts.WritesPerMinute {
		return nil
	}
	left := w.Began.Add(time.Minute).Sub(c.now)
	return forbidden("You have exceeded a secondary rate limit. Please wait a few minutes before you try again.").
		with("Retry-After", strconv.Itoa(int(left.Seconds())+1))
}

// limits counts the call and puts the headers on that every answer of GitHub has.
func (s *Server) limits(c *call, out *reply) {
	h := out.header
	h.Set("X-Github-Request-Id", fmt.Sprintf("%04X:%06X:%08X", s.served%0xffff, s.served*2654435761%0xffffff, s.served))
	h.Set("X-Github-Media-Type", "github.v3; format=json")
	h.Set("X-Github-Api-Version-Selected", "2022-11-28")
	h.Set("Date", c.now.UTC().Format(http.TimeFormat))
	if s.opts.EnterpriseVersion != "" {
		h.Set("X-Github-Enterprise-Version", s.opts.EnterpriseVersion)
	}
	if c.who == nil || c.who.key == "" {
		return
	}
	c.scopeHeaders(h)
	name, limit := s.resource(c)
	w := s.window(c.who.key+"/"+name, c.now)
	if !out.free && name == "core" && c.path != "/rate_limit" {
		w.Used++
	}
	h.Set("X-Ratelimit-Limit", strconv.Itoa(limit))
	h.Set("X-Ratelimit-Used", strconv.Itoa(w.Used))
	h.Set("X-Ratelimit-Remaining", strconv.Itoa(max(0, limit-w.Used)))
	h.Set("X-Ratelimit-Reset", strconv.FormatInt(w.Began.Add(time.Hour).Unix(), 10))
	h.Set("X-Ratelimit-Resource", name)
}

func (c *call) scopeHeaders(h http.Header) {
	if c.who.kind == classicPAT {
		h.Set("X-Oauth-Scopes", strings.Join(c.who.token.Scopes, ", "))
		if h.Get("X-Accepted-Oauth-Scopes") == "" {
			h.Set("X-Accepted-Oauth-Scopes", "")
		}
	}
	if t := c.who.token; t != nil && !t.Expires.IsZero() && c.who.kind != appInstallation {
		h.Set("Github-Authentication-Token-Expiration", t.Expires.UTC().Format("2006-01-02 15:04:05 UTC"))
	}
}

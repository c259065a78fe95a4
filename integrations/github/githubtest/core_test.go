package githubtest

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// clock is a clock that tests move by hand.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// scene is a small organization: an owner who calls, a leaver, a bystander.
type scene struct {
	t                       *testing.T
	clock                   *clock
	srv                     *Server
	url                     string
	org                     *Org
	owner, leaver, stander  *User
	platform, backend       *Team
	api, web                *Repo
	token, leaverToken      string
	lastStatus              int
	lastHeader              http.Header
	lastBody                []byte
	accept, match, rawToken string
}

func newScene(t *testing.T, opts Options) *scene {
	t.Helper()
	sc := &scene{t: t, clock: newClock()}
	opts.Clock = sc.clock.Now
	sc.srv = New(opts)
	sc.owner = sc.srv.AddUser("olga", "Olga Owner", "olga@acme.example")
	sc.leaver = sc.srv.AddUser("lena", "Lena Leaver", "lena@acme.example")
	sc.stander = sc.srv.AddUser("bo", "Bo Bystander", "bo@acme.example")
	sc.org = sc.srv.AddOrg("acme", "Acme", sc.owner)
	sc.org.AddMember(sc.leaver, "member")
	sc.org.AddMember(sc.stander, "member")
	sc.org.SetBasePermission("none")
	sc.platform = sc.org.AddTeam("Platform", nil)
	sc.backend = sc.org.AddTeam("Backend", sc.platform)
	sc.api, sc.web = sc.org.AddRepo("api", "private"), sc.org.AddRepo("web", "private")
	sc.platform.Grant(sc.api, "push")
	sc.backend.Add(sc.leaver, "maintainer")
	sc.backend.Add(sc.stander, "member")
	sc.web.AddCollaborator(sc.leaver, "admin")
	sc.token = sc.owner.Token("admin:org", "repo", "admin:org_hook", "manage_billing:copilot", "read:audit_log", "codespace")
	sc.leaverToken = sc.leaver.Token("repo", "read:org")
	sc.rawToken = sc.token
	sc.url = sc.srv.Start()
	t.Cleanup(sc.srv.Close)
	return sc
}

// as makes the following calls with another token; empty means anonymous.
func (sc *scene) as(token string) *scene { sc.rawToken = token; return sc }

// do sends one request and remembers the answer; the body is JSON or nil.
func (sc *scene) do(method, path string, body any) int {
	sc.t.Helper()
	if err := sc.try(method, path, body); err != nil {
		sc.t.Fatalf("%s %s: %v", method, path, err)
	}
	return sc.lastStatus
}

func (sc *scene) try(method, path string, body any) error {
	var in io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return err
		}
		in = strings.NewReader(string(raw))
	}
	req, err := http.NewRequestWithContext(sc.t.Context(), method, sc.url+path, in)
	if err != nil {
		return err
	}
	sc.headers(req, in != nil)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	sc.lastStatus, sc.lastHeader = resp.StatusCode, resp.Header
	sc.lastBody, err = io.ReadAll(resp.Body)
	return err
}

func (sc *scene) headers(req *http.Request, hasBody bool) {
	if sc.rawToken != "" {
		req.Header.Set("Authorization", "Bearer "+sc.rawToken)
	}
	if hasBody {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Accept", "application/vnd.github+json")
	if sc.accept != "" {
		req.Header.Set("Accept", sc.accept)
	}
	if sc.match != "" {
		req.Header.Set("If-None-Match", sc.match)
	}
}

// want sends one request and fails the test unless the answer has the status.
func (sc *scene) want(status int, method, path string, body any) *scene {
	sc.t.Helper()
	if got := sc.do(method, path, body); got != status {
		sc.t.Fatalf("%s %s: status %d, want %d: %s", method, path, got, status, sc.lastBody)
	}
	return sc
}

// into decodes the last answer.
func (sc *scene) into(v any) {
	sc.t.Helper()
	if err := json.Unmarshal(sc.lastBody, v); err != nil {
		sc.t.Fatalf("decode %s: %v", sc.lastBody, err)
	}
}

// logins decodes the last answer as a list of accounts.
func (sc *scene) logins() string {
	sc.t.Helper()
	var users []struct{ Login string }
	sc.into(&users)
	var out []string
	for _, u := range users {
		out = append(out, u.Login)
	}
	return strings.Join(out, " ")
}

// message is the last answer's message.
func (sc *scene) message() string {
	sc.t.Helper()
	var m struct{ Message string }
	sc.into(&m)
	return m.Message
}

// holds reports whether the oracle knows an entry of the kind about the resource, and how it is held.
func (sc *scene) holds(u *User, kind, resource string) (Entry, bool) {
	for _, e := range sc.srv.Access(u.ID()) {
		if e.Kind == kind && e.Resource == resource {
			return e, true
		}
	}
	return Entry{}, false
}

// mustHold and mustNotHold state what the oracle has to say.
func (sc *scene) mustHold(u *User, kind, resource, level string) {
	sc.t.Helper()
	if e, ok := sc.holds(u, kind, resource); !ok || e.Level != level {
		sc.t.Errorf("%s: %s %s: got %v (%v), want level %s", u.Login(), kind, resource, e, ok, level)
	}
}

func (sc *scene) mustNotHold(u *User, kind, resource string) {
	sc.t.Helper()
	if e, ok := sc.holds(u, kind, resource); ok {
		sc.t.Errorf("%s still holds %v", u.Login(), e)
	}
}

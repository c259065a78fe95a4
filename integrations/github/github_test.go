package github

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lastday"
	"lastday/integrations"
	"lastday/integrations/github/githubtest"
)

// company is a small organization: acme with two owners, a team tree and two
// repositories, and a driver that acts with an owner's token.
type company struct {
	t      *testing.T
	clock  *clock
	server *githubtest.Server
	url    string
	org    *githubtest.Org
	boss   *githubtest.User // whose token the driver has
	bob    *githubtest.User // the leaver: an owner
	ann    *githubtest.User // a bystander in the same teams
	core   *githubtest.Team
	api    *githubtest.Team // below core
	web    *githubtest.Repo
	infra  *githubtest.Repo
	config Config
	token  string
	driver *driver
}

// clock is a clock that only tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) skip(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func found(t *testing.T, options githubtest.Options, tune ...func(*Config)) *company {
	t.Helper()
	c := &company{t: t, clock: &clock{at: time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)}}
	options.Clock = c.clock.now
	c.server = githubtest.New(options)
	recordTo(t, c.server)
	c.url = c.server.Start()
	t.Cleanup(c.server.Close)
	c.boss = c.server.AddUser("boss", "The Boss", "boss@acme.example")
	c.bob = c.server.AddUser("bob", "Bob Martin", "bob@home.example")
	c.ann = c.server.AddUser("ann", "Ann Lee", "ann@home.example")
	c.org = c.server.AddOrg("acme", "Acme", c.boss)
	c.org.AddMember(c.bob, "admin")
	c.org.AddMember(c.ann, "member")
	c.core = c.org.AddTeam("Core", nil)
	c.api = c.org.AddTeam("API Team", c.core)
	c.core.Add(c.bob, "maintainer")
	c.core.Add(c.ann, "member")
	c.api.Add(c.bob, "member")
	c.web = c.org.AddRepo("web", "private")
	c.infra = c.org.AddRepo("infra", "private")
	c.core.Grant(c.web, "push")
	c.token = c.boss.Token("admin:org", "repo", "admin:org_hook")
	c.config = Config{Org: "acme", URL: c.url + "/", Token: "env:TOKEN", MinOwners: 1}
	for _, f := range tune {
		f(&c.config)
	}
	c.driver = c.open(c.config)
	return c
}

func byREST(c *Config) { c.NoGraphQL = true }

func (c *company) open(cfg Config) *driver {
	c.t.Helper()
	secret := func(context.Context, string) (string, error) { return c.token, nil }
	opened, err := open(c.t.Context(), cfg, integrations.Deps{
		System: "gh", Secret: secret, Log: slog.New(slog.DiscardHandler), Now: c.clock.now,
	})
	if err != nil {
		c.t.Fatalf("open: %v", err)
	}
	d, ok := opened.(*driver)
	if !ok {
		c.t.Fatalf("open made a %T", opened)
	}
	return d
}

func (c *company) account(u *githubtest.User) lastday.Account {
	return lastday.Account{System: "gh", ID: itoa(u.ID()), Login: u.Login()}
}

func (c *company) person(u *githubtest.User) lastday.Person {
	return lastday.Person{Key: "p-" + itoa(u.ID()), Links: []lastday.Link{{System: "gh", ID: itoa(u.ID())}}}
}

// list reads everything the driver sees of an account.
func (c *company) list(u *githubtest.User) integrations.Page {
	c.t.Helper()
	var all integrations.Page
	at := integrations.Cursor("")
	for {
		page, err := c.driver.List(c.t.Context(), c.account(u), at)
		if err != nil {
			c.t.Fatalf("list: %v", err)
		}
		all.Grants = append(all.Grants, page.Grants...)
		all.Gaps = append(all.Gaps, page.Gaps...)
		all.Residue = append(all.Residue, page.Residue...)
		all.Control = page.Control
		if page.Next == "" {
			return all
		}
		at = page.Next
	}
}

// lines renders grants for comparison: "kind name rung", sorted.
func lines(grants []lastday.Grant) []string {
	var out []string
	for _, g := range grants {
		line := g.Kind + " " + g.Resource.Name + " " + g.Rung
		if len(g.Via) > 0 {
			line += " via"
		}
		if g.ManagedBy != "" {
			line += " managed"
		}
		if g.Pending {
			line += " pending"
		}
		out = append(out, line)
	}
	slices.Sort(out)
	return out
}

// grantOf finds a grant by kind and resource name.
func (c *company) grantOf(u *githubtest.User, kind, name string) lastday.Grant {
	c.t.Helper()
	page := c.list(u)
	for _, g := range page.Grants {
		if g.Kind == kind && g.Resource.Name == name {
			return g
		}
	}
	c.t.Fatalf("no %s %q among %v; gaps %v", kind, name, lines(page.Grants), page.Gaps)
	return lastday.Grant{}
}

func (c *company) change(u *githubtest.User, g lastday.Grant, to string) lastday.Change {
	return lastday.NewChange("case", c.account(u), g, to, "test")
}

func (c *company) apply(change lastday.Change) lastday.Receipt {
	c.t.Helper()
	r, err := c.driver.Apply(c.t.Context(), change)
	if err != nil {
		c.t.Fatalf("apply %s %s to %s: %v", change.Grant.Kind, change.Grant.Resource.Name, change.To, err)
	}
	return r
}

// take finds a grant, brings it to a rung, and expects an outcome.
func (c *company) take(u *githubtest.User, kind, name, to string, want lastday.Outcome) lastday.Receipt {
	c.t.Helper()
	r := c.apply(c.change(u, c.grantOf(u, kind, name), to))
	if r.Outcome != want {
		c.t.Fatalf("%s %s to %s: %s (%s), want %s", kind, name, to, r.Outcome, r.Note, want)
	}
	return r
}

// restore undoes a change that a receipt tells of.
func (c *company) restore(change lastday.Change, r lastday.Receipt) lastday.Receipt {
	c.t.Helper()
	g := change.Grant
	g.Rung = change.To
	back := lastday.NewChange("case", change.Account, g, change.From, "undo")
	back.Grant = change.Grant
	back.Undo = r.Undo
	return c.apply(back)
}

// can lists in the far side's own words what the account can do there.
func (c *company) can(u *githubtest.User) []string {
	var out []string
	for _, e := range c.server.Access(u.ID()) {
		out = append(out, e.String())
	}
	slices.Sort(out)
	return out
}

func (c *company) wantCan(u *githubtest.User, fragment string, want bool) {
	c.t.Helper()
	has := slices.ContainsFunc(c.can(u), func(s string) bool { return strings.Contains(s, fragment) })
	if has != want {
		c.t.Errorf("far side: %q: %v, want %v; all: %v", fragment, has, want, c.can(u))
	}
}

func wantCode(t *testing.T, err error, want lastday.Code) {
	t.Helper()
	if lastday.CodeOf(err) != want {
		t.Errorf("code %q (%v), want %q", lastday.CodeOf(err), err, want)
	}
}

func TestConfigIsChecked(t *testing.T) {
	for name, cfg := range map[string]Config{
		"no org":              {Token: "env:T"},
		"org is a path":       {Org: "../other", Token: "env:T"},
		"no credential":       {Org: "acme"},
		"two credentials":     {Org: "acme", Token: "env:T", App: &App{ID: "1", Installation: 1, Key: "env:K"}},
		"app without key":     {Org: "acme", App: &App{ID: "1", Installation: 1}},
		"managed users alone": {Org: "acme", Token: "env:T", ManagedUsers: true},
		"batch too large":     {Org: "acme", Token: "env:T", Batch: 5000},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := cfg.checked()
			wantCode(t, err, lastday.CodeInvalid)
		})
	}
}

func TestOpenRefusesPlainHTTP(t *testing.T) {
	_, err := open(t.Context(), Config{Org: "acme", Token: "env:T", URL: "http://github.example/"}, integrations.Deps{
		Secret: func(context.Context, string) (string, error) { return "t", nil }, Now: time.Now,
	})
	wantCode(t, err, lastday.CodeInvalid)
}

func TestOpenTellsThatTheSecretIsMissing(t *testing.T) {
	_, err := open(t.Context(), Config{Org: "acme", Token: "env:T"}, integrations.Deps{
		Secret: func(context.Context, string) (string, error) { return "", errors.New("not set") }, Now: time.Now,
	})
	wantCode(t, err, lastday.CodeInvalid)
}

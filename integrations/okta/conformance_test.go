package okta

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lastday"
	"lastday/integrations"
	"lastday/integrations/integrationtest"
	"lastday/integrations/okta/oktatest"
)

func TestConformance(t *testing.T) {
	for name, service := range map[string]bool{"with an API token": false, "as a service app": true} {
		t.Run(name, func(t *testing.T) {
			integrationtest.Run(t, integrationtest.Harness{
				Description: description(),
				Open: func(t integrationtest.T) integrationtest.World {
					w := newWorld(t, service)
					return w.forSuite(service)
				},
				Absent: map[string]string{"pending": "only who was never active has a pending sign-in; story_test.go has one"},
				Implies: map[string][]string{
					kindSession: {kindRefresh},
					kindAccount: {kindApp, kindRole, kindSignIn},
				},
			})
		})
	}
}

// clock is a clock that moves a little whenever it is read.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(time.Millisecond)
	return c.at
}

func (c *clock) skip(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

var sharedKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// world is an organization with a leaver who has something of every kind.
type world struct {
	server                    *oktatest.Server
	clock                     *clock
	driver                    integrations.Driver
	log                       bytes.Buffer
	secrets                   []string
	root, leaver, other, boss *oktatest.User
	group, viaGroup, ruled    string
	app, groupApp             string
	client                    string // of the service app
	config                    Config
	beyond                    bool // answers what Okta does not describe
}

func newWorld(t integrationtest.T, service bool, tune ...func(*Config)) *world {
	t.Helper()
	w := &world{clock: &clock{at: time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)}}
	w.server = oktatest.New(w.clock.now, 1)
	t.Cleanup(func() { heldToTheDescription(t, w) })
	w.root = w.server.AddUser("root@acme.example", "")
	w.other = w.server.AddUser("ann@acme.example", "E2")
	w.leaver = w.server.AddUser("bob@acme.example", "E1")
	w.boss = w.server.AddUser("boss@acme.example", "E3")
	w.server.AddRole(w.root, "SUPER_ADMIN")
	w.server.AddRole(w.boss, "SUPER_ADMIN")
	w.furnish()
	w.connect(t, service, tune...)
	return w
}

// furnish gives the leaver something of every kind, and the bystander about the same.
func (w *world) furnish() {
	s := w.server
	w.group, w.ruled, w.viaGroup = s.AddGroup("staff", "OKTA_GROUP"), s.AddGroup("sales", "OKTA_GROUP"), s.AddGroup("ad people", "APP_GROUP")
	s.AddRule("sales people", w.ruled)
	w.app, w.groupApp = s.AddApp("wiki", "Wiki", "SAML_2_0", ""), s.AddApp("crm", "CRM", "SAML_2_0", w.viaGroup)
	for _, u := range []*oktatest.User{w.leaver, w.other} {
		s.AddToken(u, "script")
		s.AddRole(u, "SUPER_ADMIN")
		s.AddRole(u, "USER_ADMIN", w.group)
		s.AddCustomRole(u)
		s.AddGroupRole(u, "READ_ONLY_ADMIN", w.viaGroup)
		s.Link(u, "GOOGLE")
		s.Consent(u, "openid", "offline_access")
		s.Assign(u, w.app)
		for _, g := range []string{w.group, w.ruled, w.viaGroup} {
			s.Join(u, g)
		}
		s.Enrol(u, "push")
		s.Enrol(u, "webauthn")
		s.AddDevice(u)
	}
}

func (w *world) connect(t integrationtest.T, service bool, tune ...func(*Config)) {
	t.Helper()
	w.config = Config{URL: w.server.Start(t.Cleanup), Canary: w.boss.ID, Token: "env:TOKEN"}
	_, secret := w.server.AddToken(w.root, "lastday")
	if service {
		key := sharedKey()
		w.client = w.server.AddService(&key.PublicKey, "kid-1", allScopes()...)
		secret = string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
		w.config.Token, w.config.ServiceApp = "", &ServiceApp{ClientID: w.client, Key: "env:KEY", KeyID: "kid-1"}
	}
	w.secrets = []string{secret, strings.Repeat("x7", 12)}
	for _, f := range tune {
		f(&w.config)
	}
	driver, err := open(context.WithoutCancel(t.Context()), w.config, w.deps())
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	w.driver = driver
}

func (w *world) deps() integrations.Deps {
	return integrations.Deps{
		System: "okta", Log: slog.New(slog.NewTextHandler(&w.log, nil)), Now: w.clock.now,
		Secret: func(context.Context, string) (string, error) { return w.secrets[0], nil },
	}
}

// heldToTheDescription holds every call and every answer to what Okta publishes.
func heldToTheDescription(t integrationtest.T, w *world) {
	contract, err := oktatest.ReadContract()
	if err != nil {
		t.Errorf("the description: %v", err)
	}
	told := map[string]bool{}
	for _, call := range w.server.Calls() {
		for _, wrong := range contract.Check(call) {
			if !told[wrong] && !w.beyond {
				t.Errorf("not as Okta describes it: %s", wrong)
			}
			told[wrong] = true
		}
	}
}

func person(u *oktatest.User, name string) lastday.Person {
	return lastday.Person{
		Key: "p-" + u.ID, Name: name, Emails: []string{u.Email}, EmployeeNumber: u.Employee,
		Links: []lastday.Link{{System: "okta", ID: u.ID}},
	}
}

func (w *world) forSuite(service bool) integrationtest.World {
	return integrationtest.World{
		System: "okta", Driver: w.driver, Far: &farSide{world: w}, Secrets: w.secrets, Logs: w.log.String, Now: w.clock.now,
		Leaver: person(w.leaver, "Bob Martin"), LeaverID: w.leaver.ID,
		Bystander: person(w.other, "Ann Lee"), BystanderID: w.other.ID,
		Stranger: lastday.Person{Key: "p-stranger", Name: "Nobody Here", Emails: []string{"nobody@acme.example"}, EmployeeNumber: "E9"},
		LastOwner: func() integrationtest.Entry {
			others := []*oktatest.User{w.other, w.boss}
			if service {
				others = append(others, w.root)
			}
			for _, u := range others {
				w.server.Set(u, func(u *oktatest.User) { u.DropRoles() })
			}
			return integrationtest.Entry{Kind: kindRole, Resource: roleSuper, Rung: roleSuper}
		},
	}
}

// farSide is the suite's view of the organization, from its own books.
type farSide struct{ *world }

func (f *farSide) Access(account string) []integrationtest.Entry {
	later := map[string]int{}
	var out []integrationtest.Entry
	for _, h := range f.server.Holdings(account) {
		for _, e := range entries(h) {
			later[h.What]++
			e.Later = h.What == "app" && later[h.What] > 1
			out = append(out, e)
		}
	}
	return out
}

// entries says what a holding means in the driver's words.
func entries(h oktatest.Holding) []integrationtest.Entry {
	entry := func(kind, resource, rung string) []integrationtest.Entry {
		return []integrationtest.Entry{{Kind: kind, Resource: resource, Rung: rung}}
	}
	switch h.What {
	case "token":
		return entry(kindToken, h.ID, rungHeld)
	case "role":
		return entry(kindRole, h.ID, h.State)
	case "session":
		return entry(kindSession, "sessions", rungOpen)
	case "idp":
		return entry(kindLink, h.ID, rungLinked)
	case "refresh":
		return entry(kindRefresh, h.ID, rungHeld)
	case "consent":
		return entry(kindConsent, h.ID, rungHeld)
	case "app":
		return entry(kindApp, h.ID, rungAssigned)
	case "group":
		return entry(kindGroup, h.ID, rungMember)
	case "factor":
		return entry(kindFactor, h.ID, rungEnrolled)
	}
	var out []integrationtest.Entry
	if h.State != statusGone {
		out = entry(kindAccount, "account", rungEnabled)
	}
	if slices.Contains([]string{statusGone, statusSuspended, statusStaged}, h.State) {
		return out
	}
	signIn := entry(kindSignIn, "sign-in", strings.ToLower(h.State))
	signIn[0].Pending = h.State == "PROVISIONED"
	return append(out, signIn...)
}

func (f *farSide) Snapshot() map[string]string       { return f.server.Snapshot() }
func (f *farSide) Put(string, integrationtest.Entry) {} // no ladder here has a rung in between
func (f *farSide) Vanish(account string)             { f.server.Vanish(account) }
func (f *farSide) Break(fault integrationtest.Fault) { f.server.Break(fault) }
func (f *farSide) Mend()                             { f.server.Mend() }
func (f *farSide) Writes() int                       { return f.server.Writes() }

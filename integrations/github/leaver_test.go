package github

import (
	"cmp"
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
	"lastday/integrations/github/githubtest"
)

// seeded is a generated company and a driver that acts as its app.
type seeded struct {
	*githubtest.Seeded
	server *githubtest.Server
	clock  *clock
	driver *driver
	system *integrations.System
}

func seed(tb testing.TB, size githubtest.Company, options githubtest.Options, tune ...func(*Config)) *seeded {
	tb.Helper()
	s := &seeded{clock: &clock{at: time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)}}
	options.Clock = s.clock.now
	s.server = githubtest.New(options)
	if !options.DropResponseBodies {
		recordTo(tb, s.server)
	}
	url := s.server.Start()
	tb.Cleanup(s.server.Close)
	key, pemText := sharedKey()
	size.AppKey, size.AppPerms = &key.PublicKey, allPermissions()
	s.Seeded = s.server.SeedCompany(size)
	cfg := Config{Org: s.Org.Login(), URL: url + "/", App: &App{ID: itoa(s.AppID), Installation: s.Installation, Key: "env:KEY"}}
	for _, f := range tune {
		f(&cfg)
	}
	secret := func(context.Context, string) (string, error) {
		if cfg.App == nil {
			return s.Admin, nil
		}
		return pemText, nil
	}
	opened, err := open(context.WithoutCancel(tb.Context()), cfg, integrations.Deps{System: "gh", Secret: secret, Log: slog.New(slog.DiscardHandler), Now: s.clock.now})
	if err != nil {
		tb.Fatalf("open: %v", err)
	}
	s.driver = opened.(*driver)
	s.system = integrations.NewSystem("gh", opened, integrations.Options{Now: s.clock.now})
	return s
}

// allPermissions are those that the documentation asks for.
func allPermissions() map[string]string {
	perms := map[string]string{
		"organization_hooks": "read", "organization_self_hosted_runners": "read", "organization_secrets": "read", "contents": "read", "actions": "read",
		"repository_hooks": "read", "secrets": "read",
		"organization_dependabot_secrets": "read", "organization_codespaces_secrets": "read", "organization_user_blocking": "write",
	}
	for _, n := range needs() {
		perms[n.permission] = n.level
	}
	return perms
}

// sharedKey is one key for all tests of a run: making one is slow.
var sharedKey = sync.OnceValues(func() (*rsa.PrivateKey, string) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key, string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
})

func withToken(c *Config) { c.App, c.Token = nil, "env:TOKEN" }

func (s *seeded) person() lastday.Person {
	return lastday.Person{Key: "p", Emails: []string{"leaver@northwind.example"}, Links: []lastday.Link{{System: "gh", ID: itoa(s.Leaver.ID())}}}
}

func (s *seeded) survey(tb testing.TB) lastday.Inventory {
	tb.Helper()
	inv, err := s.system.Survey(context.WithoutCancel(tb.Context()), s.person(), nil)
	if err != nil {
		tb.Fatalf("survey: %v", err)
	}
	return inv
}

// inOrder are the grants that can be changed where they are, in the declared order.
func inOrder(grants []lastday.Grant) []lastday.Grant {
	grants = slices.DeleteFunc(slices.Clone(grants), func(g lastday.Grant) bool { return !g.Direct() })
	slices.SortStableFunc(grants, func(a, b lastday.Grant) int { return cmp.Compare(a.Order, b.Order) })
	return grants
}

// cut takes everything that can be taken, in the declared order.
func (s *seeded) cut(tb testing.TB, inv lastday.Inventory) ([]lastday.Change, []lastday.Receipt) {
	tb.Helper()
	var changes []lastday.Change
	var receipts []lastday.Receipt
	for _, g := range inOrder(inv.Grants) {
		change := lastday.NewChange("case", inv.Match.Account, g, lastday.None, "test")
		r, err := s.system.Apply(context.WithoutCancel(tb.Context()), change, false)
		if err != nil {
			tb.Fatalf("apply %s %s: %v", g.Kind, g.Resource.Name, err)
		}
		changes, receipts = append(changes, change), append(receipts, r)
	}
	return changes, receipts
}

// left is what the far side says the leaver can still do, without what no
// owner can see or take: that must be told as residue.
func (s *seeded) left() []string {
	told := []string{"webhook", "self-hosted runner", "fork", "Copilot seat", "code owner", "SCIM identity"}
	var out []string
	for _, e := range s.server.Access(s.Leaver.ID()) {
		if !slices.Contains(told, e.Kind) {
			out = append(out, e.String())
		}
	}
	return out
}

func TestLeaverLosesEverything(t *testing.T) {
	for name, tune := range map[string]func(*Config){
		"by REST": byREST, "by GraphQL": func(*Config) {}, "by REST with a token": func(c *Config) { byREST(c); withToken(c) },
	} {
		t.Run(name, func(t *testing.T) {
			s := seed(t, githubtest.Company{Teams: 12, Repos: 15, People: 14, Seed: 7}, githubtest.Options{}, tune)
			before := s.server.Snapshot()
			inv := s.survey(t)
			t.Logf("%d grants:\n%v", len(inv.Grants), strings.Join(lines(inv.Grants), "\n"))
			for _, g := range inv.Gaps {
				t.Logf("gap: %s: %s", g.Kind, g.Why)
			}
			changes, receipts := s.cut(t, inv)
			for i, r := range receipts {
				if r.Outcome != lastday.OutcomeApplied && r.Outcome != lastday.OutcomeAlready && r.Outcome != lastday.OutcomeAccepted {
					t.Errorf("%s %s: %s %s", changes[i].Grant.Kind, changes[i].Grant.Resource.Name, r.Outcome, r.Note)
				}
			}
			s.clock.skip(time.Minute)
			s.server.Settle()
			after := s.survey(t)
			for _, g := range after.Grants {
				t.Errorf("still there: %s %s %s", g.Kind, g.Resource.Name, g.Rung)
			}
			if left := s.left(); len(left) > 0 {
				t.Errorf("far side: still can %v", left)
			}
			for _, r := range integrations.Grade(changes, receipts, after) {
				if r.Proof != lastday.ProofObserved {
					t.Errorf("%s: %s", r.Change, r.Proof)
				}
			}
			wantBystanders(t, before, s.server.Snapshot(), s.Leaver.ID())
		})
	}
}

func wantBystanders(t *testing.T, before, after githubtest.Snapshot, leaver int64) {
	t.Helper()
	for id := range before {
		if id == leaver {
			continue
		}
		pending := func(e githubtest.Entry) bool { return strings.HasPrefix(e.Kind, "pending") } // the leaver may have sent it
		if len(slices.DeleteFunc(before[id], pending)) != len(slices.DeleteFunc(after[id], pending)) {
			t.Errorf("account %d: had %v, has %v", id, before[id], after[id])
		}
	}
}

package script_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lastday"
	"lastday/integrations"
	"lastday/integrations/integrationtest"
	"lastday/integrations/script"
)

const token = "club-5ecret-0123456789"

func noon() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

// member is somebody in the club's books. Things are doors and chairs.
type member struct {
	Email  string
	Things []integrationtest.Entry
}

// club is a far side that speaks the contract itself: the program only hands on.
type club struct {
	integrationtest.Faults
	mu      sync.Mutex
	members map[string]*member
}

func newClub() *club {
	things := func() []integrationtest.Entry {
		return []integrationtest.Entry{
			{Kind: "chair", Resource: "board", Rung: "keeper"},
			{Kind: "chair", Resource: "kitchen", Rung: "helper", Pending: true},
			{Kind: "door", Resource: "front \"gate\"", Rung: "open", Later: true},
			{Kind: "door", Resource: "vault", Rung: "open", Later: true},
		}
	}
	return &club{members: map[string]*member{
		"m-1": {Email: "kim@acme.example", Things: things()}, "m-2": {Email: "lee@acme.example", Things: things()},
		"m-3": {Email: "pat@acme.example", Things: things()},
	}}
}

const perPage = 2

func (c *club) serve(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var q script.Request
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil || r.Header.Get("Authorization") != "Bearer "+token {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	a := script.Answer{Version: 1, Self: "m-robot"}
	if q.Verb != "apply" {
		a.Control = &script.Control{Seen: !c.Is(integrationtest.Blind), Evidence: "we are the club's auditor"}
	}
	switch q.Verb {
	case "probe":
		a.Identity = "robot"
	case "find":
		c.find(q, &a)
	case "list":
		c.list(q, &a)
	case "apply":
		if !c.apply(q, &a) {
			w.WriteHeader(http.StatusConflict)
			return
		}
	}
	_ = json.NewEncoder(w).Encode(a)
}

func (c *club) find(q script.Request, a *script.Answer) {
	for id, m := range c.members {
		right := slices.Contains(q.Person.Emails, m.Email) && !c.Is(integrationtest.Blind)
		if (right && !c.Is(integrationtest.WrongUser)) || (c.Is(integrationtest.WrongUser) && id == "m-2") {
			a.Accounts = append(a.Accounts, script.Found{ID: id, By: "email", Equal: m.Email})
		}
	}
}

func (c *club) list(q script.Request, a *script.Answer) {
	a.Account = q.Account
	if c.Is(integrationtest.WrongUser) {
		a.Account = "m-2"
	}
	m, ok := c.members[a.Account]
	if !ok || c.Is(integrationtest.Blind) {
		a.Absent = true
		return
	}
	from := 0
	if q.Cursor != "" {
		if n, err := fmt.Sscanf(q.Cursor, "from-%d", &from); n != 1 || err != nil {
			a.Control.Seen = false
			return
		}
	}
	to := min(from+perPage, len(m.Things))
	for _, e := range m.Things[min(from, to):to] {
		a.Grants = append(a.Grants, script.Grant{Kind: e.Kind, Resource: e.Resource, Rung: e.Rung, Pending: e.Pending})
	}
	if to < len(m.Things) {
		a.Next = fmt.Sprintf("from-%d", to)
	}
}

func (c *club) apply(q script.Request, a *script.Answer) bool {
	keepers := 0
	for _, m := range c.members {
		if slices.ContainsFunc(m.Things, func(e integrationtest.Entry) bool { return e.Resource == "board" && e.Rung == "keeper" }) {
			keepers++
		}
	}
	if q.Change.Resource == "board" && q.Change.From == "keeper" && keepers == 1 {
		return false
	}
	c.put(q.Account, integrationtest.Entry{Kind: q.Change.Kind, Resource: q.Change.Resource, Rung: q.Change.To, Pending: q.Change.Pending})
	a.Account, a.Outcome, a.RequestID = q.Account, lastday.OutcomeApplied, "r-1"
	return true
}

func (c *club) put(id string, e integrationtest.Entry) {
	m, ok := c.members[id]
	if !ok {
		return
	}
	kept := slices.DeleteFunc(slices.Clone(m.Things), func(o integrationtest.Entry) bool { return o.Kind == e.Kind && o.Resource == e.Resource })
	if e.Rung != lastday.None {
		e.Later = false
		kept = append(kept, e)
	}
	slices.SortFunc(kept, func(a, b integrationtest.Entry) int { return strings.Compare(a.Kind+a.Resource, b.Kind+b.Resource) })
	for i := range kept {
		kept[i].Later = i >= perPage
	}
	m.Things = kept
}

func (c *club) Access(id string) []integrationtest.Entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	if m, ok := c.members[id]; ok {
		return slices.Clone(m.Things)
	}
	return nil
}

func (c *club) Snapshot() map[string]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := map[string]string{}
	for id, m := range c.members {
		out[id] = fmt.Sprint(*m)
	}
	return out
}

func (c *club) Put(id string, e integrationtest.Entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.put(id, e)
}

func (c *club) Vanish(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.members, id)
}

// config is a program that is this very binary.
func config(t testing.TB, env map[string]string) script.Config {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{"GORACE": "atexit_sleep_ms=0"} // else each process sleeps for a second under -race
	maps.Copy(all, env)
	exact := script.Restore{Fidelity: lastday.RestoreExact}
	return script.Config{
		Title: "Club", Command: []string{self}, Env: all, Timeout: "20s", MaxOutput: 1 << 20,
		Secrets:     []script.Secret{{Name: "CLUB_TOKEN", Ref: "env:CLUB_TOKEN"}},
		Permissions: []script.Permission{{Name: "auditor", For: "seeing everybody"}},
		Grants: []script.GrantKind{
			{Kind: "chair", What: "a chair", Order: 1, Restore: exact, Ladder: []script.Rung{{Name: "keeper", Level: lastday.LevelAdmin}, {Name: "helper", Level: lastday.LevelWrite}}},
			{Kind: "door", What: "a door", Order: 2, Restore: exact, Ladder: []script.Rung{{Name: "open", Level: lastday.LevelSignIn}}},
		},
	}
}

// logs is a log that several goroutines write.
type logs struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func deps(l *logs) integrations.Deps {
	return integrations.Deps{
		System: "club", Now: noon, Log: slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Secret: func(context.Context, string) (string, error) { return token, nil },
	}
}

func TestConformance(t *testing.T) {
	integrationtest.Run(t, integrationtest.Harness{Description: config(t, nil).Describe(), Open: func(it integrationtest.T) integrationtest.World {
		c := newClub()
		server := httptest.NewServer(c.Wrap(http.HandlerFunc(c.serve)))
		it.Cleanup(server.Close)
		said := &logs{}
		d, err := script.Open(it.Context(), config(t, map[string]string{"CLUB": server.URL}), deps(said))
		if err != nil {
			it.Fatalf("open: %v", err)
		}
		return integrationtest.World{
			System: "club", Driver: d, Far: c, Now: noon, Secrets: []string{token}, Logs: said.String,
			Leaver:    lastday.Person{Key: "p1", Name: "Kim Doe", Emails: []string{"kim@acme.example"}},
			Bystander: lastday.Person{Key: "p2", Name: "Lee Roe", Emails: []string{"lee@acme.example"}},
			Stranger:  lastday.Person{Key: "p3", Name: "Max", Emails: []string{"max@acme.example"}},
			LeaverID:  "m-1", BystanderID: "m-2",
			LastOwner: func() integrationtest.Entry {
				for _, other := range []string{"m-2", "m-3"} {
					c.Put(other, integrationtest.Entry{Kind: "chair", Resource: "board", Rung: lastday.None})
				}
				return integrationtest.Entry{Kind: "chair", Resource: "board", Rung: "keeper"}
			},
		}
	}})
}

package manual_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"lastday"
	"lastday/integrations"
	"lastday/integrations/integrationtest"
	"lastday/integrations/manual"
)

// office exports who has what, as somebody's script would.
type office struct {
	mu   sync.Mutex
	path string
	has  map[string][]string
}

func (o *office) export() {
	text := header
	for _, who := range slices.Sorted(maps.Keys(o.has)) {
		for _, thing := range o.has[who] {
			text += who + "," + thing + "\n"
		}
	}
	at := noon().Add(-time.Hour)
	if err := os.WriteFile(o.path, []byte(text), 0o600); err != nil {
		panic(err)
	}
	if err := os.Chtimes(o.path, at, at); err != nil {
		panic(err)
	}
}

func (o *office) Access(account string) []integrationtest.Entry {
	o.mu.Lock()
	defer o.mu.Unlock()
	var all []integrationtest.Entry
	for _, thing := range o.has[account] {
		all = append(all, integrationtest.Entry{Kind: "item", Resource: thing, Rung: "held"})
	}
	return all
}

func (o *office) Snapshot() map[string]string {
	o.mu.Lock()
	defer o.mu.Unlock()
	out := map[string]string{}
	for who, things := range o.has {
		out[who] = fmt.Sprint(things)
	}
	return out
}

func (o *office) Put(account string, e integrationtest.Entry) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.has[account] = slices.DeleteFunc(slices.Clone(o.has[account]), func(thing string) bool { return thing == e.Resource })
	if e.Rung != lastday.None {
		o.has[account] = append(o.has[account], e.Resource)
	}
	o.export()
}

func (o *office) Vanish(account string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.has, account)
	o.export()
}

// Break does nothing: what a file can suffer is asked in the other tests.
func (o *office) Break(integrationtest.Fault) {}

// Mend does nothing, as there was nothing to break.
func (o *office) Mend() {}

func (o *office) Writes() int { return 0 }

func TestConformanceWithAnExport(t *testing.T) {
	integrationtest.Run(t, integrationtest.Harness{
		Description: manual.Description(),
		Absent:      map[string]string{"pending": "an export has no invitations", "later": "an export has no pages"},
		Excused: map[string]string{
			"refuses an answer about somebody else": "an export is read whole: nobody answers, and a row under another name is another person's",
		},
		Open: func(it integrationtest.T) integrationtest.World {
			o := &office{path: filepath.Join(t.TempDir(), "export.csv"), has: map[string][]string{
				"kim@acme.example": {"badge", "vault"}, "lee@acme.example": {"badge"},
			}}
			o.export()
			d, err := manual.Open(it.Context(), manual.Config{Items: items(), Readback: &manual.Readback{
				File: "file:" + o.path, MaxAge: "24h", Person: "E-Mail", By: "email", Item: "Thing",
			}}, integrations.Deps{System: "office", Now: noon})
			if err != nil {
				it.Fatalf("open: %v", err)
			}
			return integrationtest.World{
				System: "office", Driver: d, Far: o, Now: noon,
				Leaver:    lastday.Person{Key: "p1", Name: "Kim", Emails: []string{"kim@acme.example"}},
				Bystander: lastday.Person{Key: "p2", Name: "Lee", Emails: []string{"lee@acme.example"}},
				Stranger:  lastday.Person{Key: "p3", Name: "Max", Emails: []string{"max@acme.example"}},
				LeaverID:  "kim@acme.example", BystanderID: "lee@acme.example",
			}
		},
	})
}

package custody_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"lastday"
	"lastday/integrations"
	"lastday/integrations/custody"
	"lastday/integrations/integrationtest"
)

// keeper keeps a register for two people, as somebody with an editor would.
// What they hold is answered from these books, never from the file.
type keeper struct {
	mu   sync.Mutex
	path string
	// has lists the kinds of items that an address holds.
	has map[string][]string
	ids map[string]string
}

func (k *keeper) write() {
	var text strings.Builder
	n := 0
	for _, who := range slices.Sorted(maps.Keys(k.has)) {
		for _, kind := range k.has[who] {
			n++
			fmt.Fprintf(&text, "  - {id: %s, what: a thing, kind: %s, where: a safe, owner: ops, action: rotate, within: 24h, level: admin, known_to: [{email: %s}]}\n",
				thing(who, kind), kind, who)
		}
	}
	whole := fmt.Sprintf("version: 1\nas_of: 2026-11-22\ncount: %d\nitems:\n%s", n, text.String())
	if err := os.WriteFile(k.path, []byte(whole), 0o600); err != nil {
		panic(err)
	}
}

func thing(who, kind string) string { return who[:3] + "-" + kind }

func (k *keeper) Access(account string) []integrationtest.Entry {
	k.mu.Lock()
	defer k.mu.Unlock()
	var all []integrationtest.Entry
	who := k.ids[account]
	for _, kind := range k.has[who] {
		all = append(all, integrationtest.Entry{Kind: kind, Resource: thing(who, kind), Rung: "known"})
	}
	return all
}

func (k *keeper) Snapshot() map[string]string {
	k.mu.Lock()
	defer k.mu.Unlock()
	out := map[string]string{}
	for id, who := range k.ids {
		out[id] = fmt.Sprint(k.has[who])
	}
	return out
}

func (k *keeper) Put(account string, e integrationtest.Entry) {
	k.mu.Lock()
	defer k.mu.Unlock()
	who := k.ids[account]
	k.has[who] = slices.DeleteFunc(slices.Clone(k.has[who]), func(kind string) bool { return kind == e.Kind })
	if e.Rung != lastday.None {
		k.has[who] = append(k.has[who], e.Kind)
	}
	k.write()
}

func (k *keeper) Vanish(account string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.has, k.ids[account])
	k.write()
}

// Break does nothing: what a file can suffer is asked in the other tests.
func (k *keeper) Break(integrationtest.Fault) {}

// Mend does nothing, as there was nothing to break.
func (k *keeper) Mend() {}

func (k *keeper) Writes() int { return 0 }

// idOf is the id of an account by the documented rule: a digest for each thing
// that HR tells to know the person by.
func idOf(p lastday.Person) string {
	parts := []string{"k-" + lastday.OpaqueKey("custody", "custody", "person", p.Key)}
	for _, email := range p.Emails {
		parts = append(parts, "m-"+lastday.OpaqueKey("custody", "custody", "email", email))
	}
	slices.Sort(parts)
	return strings.Join(parts, ".")
}

func TestConformance(t *testing.T) {
	var kinds []string
	for _, k := range custody.Description().Kinds {
		kinds = append(kinds, k.Name)
	}
	person := func(name string) lastday.Person {
		return lastday.Person{Key: "p-" + name, Name: name, Emails: []string{name + "@acme.example"}}
	}
	integrationtest.Run(t, integrationtest.Harness{
		Description: custody.Description(),
		Absent:      map[string]string{"pending": "a register has no invitations", "later": "a register has no pages"},
		Excused: map[string]string{
			"refuses an answer about somebody else": "a register is read whole: nobody answers, and an item under another name is another person's",
		},
		Open: func(it integrationtest.T) integrationtest.World {
			leaver, bystander := person("kim"), person("lee")
			k := &keeper{
				path: filepath.Join(t.TempDir(), "custody.yaml"),
				has:  map[string][]string{"kim@acme.example": slices.Clone(kinds), "lee@acme.example": {"shared-secret", "job"}},
				ids:  map[string]string{idOf(leaver): "kim@acme.example", idOf(bystander): "lee@acme.example"},
			}
			k.write()
			d, err := custody.Open(it.Context(), custody.Config{File: "file:" + k.path, MaxAge: "24h", Keeper: "ops"}, integrations.Deps{System: "custody", Now: noon})
			if err != nil {
				it.Fatalf("open: %v", err)
			}
			return integrationtest.World{
				System: "custody", Driver: d, Far: k, Now: noon, Leaver: leaver, Bystander: bystander, Stranger: person("max"),
				LeaverID: idOf(leaver), BystanderID: idOf(bystander),
			}
		},
	})
}

package main

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"lastday"
	"lastday/integrations"
)

// farSideConfig says how much a far side in memory grants to everybody, and
// how long each call of it takes.
type farSideConfig struct {
	Grants  int           `yaml:"grants"`
	Latency time.Duration `yaml:"latency"`
}

// farSideKind is an integration whose far side is in memory: the numbers are
// then those of lastday and Temporal, and of nobody's API.
func farSideKind() integrations.Kind {
	return integrations.Define(integrations.Description{
		Name: "memory", Title: "A far side in memory", Kinds: farSideKinds(),
	}, openFarSide)
}

func farSideKinds() []integrations.KindOfGrant {
	var kinds []integrations.KindOfGrant
	for i, name := range []string{"token", "team", "repo_role"} {
		kinds = append(kinds, integrations.KindOfGrant{
			Name: name, What: "a grant in memory", Ladder: farSideLadder(), Order: i, Restore: lastday.Restore{Fidelity: lastday.RestoreExact},
		})
	}
	return kinds
}

func farSideLadder() lastday.Ladder {
	return lastday.Ladder{
		{Name: "admin", Level: lastday.LevelAdmin}, {Name: "push", Level: lastday.LevelWrite}, {Name: "pull", Level: lastday.LevelRead},
	}
}

func openFarSide(_ context.Context, c farSideConfig, deps integrations.Deps) (integrations.Driver, error) {
	return newFarSide(deps.System, c, deps.Now), nil
}

// farSide grants everybody the same until it is taken. It keeps only what was changed.
type farSide struct {
	system string
	config farSideConfig
	now    func() time.Time

	mu      sync.Mutex
	changed map[string]string
	calls   int
}

func newFarSide(system string, c farSideConfig, now func() time.Time) *farSide {
	return &farSide{system: system, config: c, now: now, changed: map[string]string{}}
}

// call takes as long as a far side takes to answer.
func (f *farSide) call(ctx context.Context) error {
	f.mu.Lock()
	f.calls++
	f.mu.Unlock()
	if f.config.Latency == 0 {
		return nil
	}
	answer := time.NewTimer(f.config.Latency)
	defer answer.Stop()
	select {
	case <-ctx.Done():
		return lastday.Wrap(lastday.CodeTransient, "far side", "no answer", context.Cause(ctx))
	case <-answer.C:
		return nil
	}
}

// Probe is one call.
func (f *farSide) Probe(ctx context.Context) (lastday.Health, error) {
	return lastday.Health{Identity: "bench", QuotaLeft: -1, Control: f.control()}, f.call(ctx)
}

func (f *farSide) control() lastday.Control {
	return lastday.Control{Seen: true, Evidence: "read our own account"}
}

// Find is one call; everybody has an account.
func (f *farSide) Find(ctx context.Context, person lastday.Person) (lastday.Match, error) {
	return lastday.Match{
		Verdict: lastday.FoundOne, Account: lastday.Account{System: f.system, ID: "id-" + person.Key, Login: person.Key},
		Evidence: []string{"linked by the key of HR"}, Control: f.control(),
	}, f.call(ctx)
}

// pageSize is how many grants one call of List brings.
const pageSize = 20

// List is one call for each page.
func (f *farSide) List(ctx context.Context, account lastday.Account, at integrations.Cursor) (integrations.Page, error) {
	if err := f.call(ctx); err != nil {
		return integrations.Page{}, err
	}
	begin := 0
	if at != "" {
		var err error
		if begin, err = strconv.Atoi(string(at)); err != nil {
			return integrations.Page{}, lastday.Wrap(lastday.CodeInvalid, "far side", "cursor", err)
		}
	}
	held := f.held(account)
	page := integrations.Page{Grants: held[min(begin, len(held)):min(begin+pageSize, len(held))], Control: f.control()}
	if begin+pageSize < len(held) {
		page.Next = integrations.Cursor(strconv.Itoa(begin + pageSize))
	}
	return page, nil
}

// held is what the account can do now.
func (f *farSide) held(account lastday.Account) []lastday.Grant {
	f.mu.Lock()
	defer f.mu.Unlock()
	kinds := farSideKinds()
	var held []lastday.Grant
	for i := range f.config.Grants {
		grant := grantNumber(i, kinds)
		if rung, ok := f.changed[account.ID+"/"+grant.Key]; ok {
			grant.Rung = rung
		}
		if grant.Rung != lastday.None {
			held = append(held, grant)
		}
	}
	return held
}

// grantNumber makes one in twenty an admin's, and the others by turns those of
// somebody who writes and of somebody who reads.
func grantNumber(i int, kinds []integrations.KindOfGrant) lastday.Grant {
	kind := kinds[i%len(kinds)]
	ladder := kind.Ladder
	rung := ladder[1+i%2].Name
	if i%20 == 0 {
		rung = ladder[0].Name
	}
	id := fmt.Sprintf("%s-%03d", kind.Name, i)
	return lastday.Grant{
		Key: id, Kind: kind.Name, Rung: rung, Ladder: ladder, Order: kind.Order, Restore: kind.Restore,
		Resource: lastday.Resource{ID: id, Name: "company/" + id, Labels: map[string]string{"visibility": "private"}},
	}
}

// Apply is one call.
func (f *farSide) Apply(ctx context.Context, change lastday.Change) (lastday.Receipt, error) {
	if err := f.call(ctx); err != nil {
		return lastday.Receipt{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.changed[change.Account.ID+"/"+change.Grant.Key] = change.To
	return lastday.Receipt{
		Change: change.ID, Outcome: lastday.OutcomeApplied, Before: change.From, Proof: lastday.ProofAcknowledged,
		Requests: []lastday.Request{{What: "PUT " + change.Grant.Kind, ID: "req-" + change.ID, Status: 204, At: f.now()}},
	}, nil
}

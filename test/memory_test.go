package test

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"lastday"
	"lastday/integrations"
)

// memory is a far side and its driver in one, small enough that recorded
// histories stay small.
type memory struct {
	name   string
	manual bool
	// many makes the account ambiguous until a link pins it.
	many bool

	mu     sync.Mutex
	grants []lastday.Grant
	// down is the error of every verb while it is set.
	down error
}

func newMemory(name string, rungs ...string) *memory {
	m := &memory{name: name}
	for i, rung := range rungs {
		m.grants = append(m.grants, lastday.Grant{
			Key: fmt.Sprintf("role:%d", i), Kind: "role", Rung: rung,
			Ladder: lastday.Ladder{
				{Name: "admin", Level: lastday.LevelAdmin}, {Name: "write", Level: lastday.LevelWrite}, {Name: "read", Level: lastday.LevelRead},
			},
			Resource: lastday.Resource{ID: fmt.Sprint(i), Name: fmt.Sprintf("thing-%d", i)},
			Restore:  lastday.Restore{Fidelity: lastday.RestoreExact},
		})
	}
	return m
}

// fail makes every verb fail with the error; nil mends it.
func (m *memory) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.down = err
}

func (m *memory) trouble() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.down
}

// set changes a grant as somebody else would.
func (m *memory) set(i int, rung string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.grants[i].Rung = rung
}

// rungs says what is granted, in order, gone ones as none.
func (m *memory) rungs() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []string
	for _, g := range m.grants {
		all = append(all, g.Rung)
	}
	return strings.Join(all, " ")
}

func (m *memory) control() lastday.Control {
	if m.manual {
		return lastday.Control{}
	}
	return lastday.Control{Seen: true, Evidence: "read our own account"}
}

// Probe answers unless the far side is down.
func (m *memory) Probe(context.Context) (lastday.Health, error) {
	return lastday.Health{Identity: "lastday", AccountID: "own", QuotaLeft: -1, Control: m.control()}, m.trouble()
}

// Find knows one account, or two until one of them is linked.
func (m *memory) Find(_ context.Context, p lastday.Person) (lastday.Match, error) {
	match := lastday.Match{Verdict: lastday.FoundOne, Account: lastday.Account{System: m.name, ID: "7"}, Control: m.control()}
	link, linked := p.Link(m.name)
	if linked {
		match.Account.ID = link.ID
	}
	if m.many && !linked {
		match = lastday.Match{Verdict: lastday.FoundMany, Control: m.control(), Candidates: []lastday.Candidate{
			{Account: lastday.Account{System: m.name, ID: "7"}, Evidence: []string{"same address"}},
			{Account: lastday.Account{System: m.name, ID: "8"}, Evidence: []string{"same address"}},
		}}
	}
	return match, m.trouble()
}

// List lists everything on one page.
func (m *memory) List(context.Context, lastday.Account, integrations.Cursor) (integrations.Page, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	page := integrations.Page{Control: m.control()}
	for _, g := range m.grants {
		if g.Rung != lastday.None {
			page.Grants = append(page.Grants, g)
		}
	}
	return page, m.down
}

// Apply changes one grant, or asks a person if the system has no interface.
func (m *memory) Apply(_ context.Context, c lastday.Change) (lastday.Receipt, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.down != nil {
		return lastday.Receipt{}, m.down
	}
	if m.manual {
		return lastday.Receipt{Outcome: lastday.OutcomeAsked, Note: "please collect it"}, nil
	}
	for i := range m.grants {
		g := &m.grants[i]
		if g.Key != c.Grant.Key {
			continue
		}
		before := g.Rung
		if before == c.To {
			return lastday.Receipt{Outcome: lastday.OutcomeAlready, Proof: lastday.ProofAcknowledged}, nil
		}
		g.Rung = c.To
		return lastday.Receipt{Outcome: lastday.OutcomeApplied, Before: before, Proof: lastday.ProofAcknowledged}, nil
	}
	return lastday.Receipt{}, lastday.Errorf(lastday.CodeNotFound, m.name, "there is no such grant")
}

package workflows_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lastday"
	"lastday/activities"
	"lastday/integrations"
	"lastday/workflows"
)

// directory is a system in which a person has several accounts, each with its
// own grants. It knows itself by one name, whatever lanes are called.
type directory struct {
	*farSide
	accounts map[string]*farSide
	// shows is the account that a search finds, whoever is asked for; empty is
	// the one that is linked.
	shows string
}

func newDirectory(name string, accounts map[string][]string) *directory {
	d := &directory{farSide: newFarSide(name), accounts: map[string]*farSide{}}
	for id, rungs := range accounts {
		d.accounts[id] = newFarSide(name, rungs...)
	}
	return d
}

func (d *directory) Find(_ context.Context, p lastday.Person) (lastday.Match, error) {
	id := "7"
	if link, ok := p.Link(d.name); ok && link.ID != "" {
		id = link.ID
	}
	if d.shows != "" {
		id = d.shows
	}
	return lastday.Match{Verdict: lastday.FoundOne, Account: lastday.Account{System: d.name, ID: id}, Evidence: []string{"address"}, Control: d.control()}, d.trouble()
}

func (d *directory) List(ctx context.Context, a lastday.Account, at integrations.Cursor) (integrations.Page, error) {
	if a.System != d.name {
		return integrations.Page{}, lastday.Errorf(lastday.CodeInternal, "directory", "asked about system %q", a.System)
	}
	return d.accounts[a.ID].List(ctx, a, at)
}

func (d *directory) Apply(ctx context.Context, c lastday.Change) (lastday.Receipt, error) {
	if c.Account.System != d.name {
		return lastday.Receipt{}, lastday.Errorf(lastday.CodeInternal, "directory", "told to change system %q", c.Account.System)
	}
	return d.accounts[c.Account.ID].Apply(ctx, c)
}

// linkTable is a link table in memory.
type linkTable struct {
	mu    sync.Mutex
	links []activities.AccountLink
	kept  []activities.KeepLinkInput
	err   error
	// refuse is an account that is linked to somebody else.
	refuse string
}

func (l *linkTable) Of(_ context.Context, person string) ([]activities.AccountLink, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if person != leaver().Person.Key {
		return nil, nil
	}
	return slices.Clone(l.links), l.err
}

func (l *linkTable) Settle(_ context.Context, in activities.KeepLinkInput) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if in.ID == l.refuse {
		return lastday.Errorf(lastday.CodeInvalid, "links: add", "it is linked to another person")
	}
	l.kept = append(l.kept, in)
	return nil
}

func (l *linkTable) mend() { l.fail(nil) }

func (l *linkTable) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = err
}

func known(role, id string) activities.AccountLink {
	return activities.AccountLink{Link: lastday.Link{System: "ldap", ID: id}, Role: role, Evidence: "ticket 9", By: "ann"}
}

// withDirectory makes a story with one directory and a link table.
func withDirectory(t *testing.T, d *directory, links ...activities.AccountLink) (*story, *linkTable) {
	t.Helper()
	s := newStory(t)
	table := &linkTable{links: links}
	s.cases.Links = table
	s.cases.Settings.Systems = []activities.SystemSetting{{Name: d.name, Queue: workflows.SystemQueue(d.name)}}
	s.others = append(s.others, integrations.NewSystem(d.name, d, integrations.Options{Now: time.Now, Protected: d.guarded}))
	return s, table
}

func TestEveryAccountOfAPersonGoesDownOnItsOwnLane(t *testing.T) {
	d := newDirectory("ldap", map[string][]string{"7": {"write"}, "70": {"admin", "write"}, "71": {"read"}, "99": {"admin"}})
	s, _ := withDirectory(t, d, known("primary", "7"), known("admin", "70"), known("admin", "71"))
	see := func(when time.Duration, want string) {
		s.at(when, func() {
			if got := d.accounts["7"].rungs() + " | " + d.accounts["70"].rungs() + " | " + d.accounts["71"].rungs(); got != want {
				t.Errorf("after %s: %q, want %q", when, got, want)
			}
		})
	}
	see(day(8, 9), "write | write write | read")
	see(day(15, 9), "read | read read | read")
	see(day(18, 17), "none | none none | none")
	result := s.run()
	if result.Outcome != workflows.OutcomeClean || len(result.Lanes) != 3 {
		t.Fatalf("outcome %q, %d lanes", result.Outcome, len(result.Lanes))
	}
	for i, want := range []string{"ldap 7", "ldap+admin 70", "ldap+admin2 71"} {
		l := result.Lanes[i]
		if got := l.System + " " + l.Account.ID; got != want || l.Queue != "system.ldap" || l.Account.System != l.System {
			t.Errorf("lane %q on queue %s, want %q", got, l.Queue, want)
		}
		for _, o := range l.Orders {
			if o.Receipt.Proof != lastday.ProofObserved {
				t.Errorf("%s: proof %s", l.System, o.Receipt.Proof)
			}
		}
	}
	if d.accounts["99"].rungs() != "admin" {
		t.Error("somebody else's account was touched")
	}
}

func TestAFurtherAccountIsGuardedByItsRealSystem(t *testing.T) {
	d := newDirectory("ldap", map[string][]string{"7": {"read"}, "70": {"admin"}})
	d.guarded = []string{"70"}
	s, _ := withDirectory(t, d, known("primary", "7"), known("admin", "70"))
	s.cases.Protected.Accounts = map[string][]string{"ldap": {"70"}}
	s.at(day(8, 12), func() {
		if got := d.accounts["70"].rungs(); got != "admin" {
			t.Errorf("a protected account was changed without an approval: %q", got)
		}
		digest := s.status().PlanDigest
		for _, who := range []string{"ann", "bob"} {
			s.env.SignalWorkflow(workflows.SignalApprove, workflows.ApproveMessage{Message: by(who, "ok"), Digest: digest})
		}
	})
	s.at(day(18, 18), func() {
		if got := d.accounts["70"].rungs(); got != "none" {
			t.Errorf("after the approvals and the cut: %q", got)
		}
	})
	s.run()
}

func TestAFurtherAccountIsGivenBackToo(t *testing.T) {
	d := newDirectory("ldap", map[string][]string{"7": {"admin"}, "70": {"admin"}})
	s, _ := withDirectory(t, d, known("primary", "7"), known("admin", "70"))
	stays := leaver()
	stays.Rescinded, stays.Sequence = true, "0002"
	s.hr.says = stays
	s.at(day(9, 12), func() {
		if got := d.accounts["70"].rungs(); got != "write" {
			t.Errorf("before the rescind: %q", got)
		}
		s.announce("evt-2", stays)
	})
	if result := s.run(); result.Outcome != workflows.OutcomeRescinded {
		t.Errorf("outcome %q", result.Outcome)
	}
	if got := d.accounts["7"].rungs() + " " + d.accounts["70"].rungs(); got != "admin admin" {
		t.Errorf("given back: %q", got)
	}
}

func TestAContradictionIsAQuestionAndNothingIsTouchedBeforeTheAnswer(t *testing.T) {
	cases := map[string]struct {
		hr, shows string
		evidence  string
	}{
		"HR says otherwise":         {hr: "8", evidence: "HR says so"},
		"the system says otherwise": {shows: "8", evidence: "the system shows it"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			d := newDirectory("ldap", map[string][]string{"7": {"admin"}, "8": {"admin"}})
			d.shows = c.shows
			s, table := withDirectory(t, d, known("primary", "7"))
			if c.hr != "" {
				s.first.Person.Links = []lastday.Link{{System: "ldap", ID: c.hr}}
			}
			s.at(day(12, 12), func() {
				task := openTask(t, s.status(), workflows.TaskIdentity)
				for _, part := range []string{"id 7", "id 8", c.evidence} {
					if !strings.Contains(task.Why, part) {
						t.Errorf("%q is not in %q", part, task.Why)
					}
				}
				if d.accounts["7"].writes()+d.accounts["8"].writes() != 0 {
					t.Error("an account was touched while nobody knew whose it is")
				}
				d.shows = ""
				s.env.SignalWorkflow(workflows.SignalResolve, workflows.ResolveMessage{Message: by("ann", "asked Kim"), Task: task.ID, How: workflows.HowLink, Account: "8"})
			})
			s.run()
			if got := d.accounts["7"].rungs() + " " + d.accounts["8"].rungs(); got != "admin none" {
				t.Errorf("in the end %q", got)
			}
			if len(table.kept) != 1 || table.kept[0].ID != "8" || table.kept[0].By != "ann" || table.kept[0].Reason != "asked Kim" || table.kept[0].Person != "p-1" {
				t.Errorf("kept %+v", table.kept)
			}
		})
	}
}

func TestAnAmbiguousAccountThatIsResolvedIsKept(t *testing.T) {
	github := newFarSide("github", "read")
	github.many = true
	s := newStory(t, github)
	table := &linkTable{}
	s.cases.Links = table
	s.at(day(12, 12), func() {
		task := openTask(t, s.status(), workflows.TaskIdentity)
		s.env.SignalWorkflow(workflows.SignalResolve, workflows.ResolveMessage{Message: by("ann", "known"), Task: task.ID, How: workflows.HowLink, Account: "8", Evidence: "HR file"})
	})
	s.run()
	if len(table.kept) != 1 || table.kept[0].System != "github" || table.kept[0].ID != "8" || table.kept[0].Evidence != "HR file" {
		t.Errorf("kept %+v", table.kept)
	}
}

func TestATableThatIsDownHoldsUpNoCutAndIsNotForgotten(t *testing.T) {
	d := newDirectory("ldap", map[string][]string{"7": {"admin"}, "70": {"admin"}})
	s, table := withDirectory(t, d, known("primary", "7"), known("admin", "70"))
	table.err = lastday.Errorf(lastday.CodeTransient, "links", "down")
	s.at(day(26, 12), func() {
		if got := d.accounts["7"].rungs() + " " + d.accounts["70"].rungs(); got != "none admin" {
			t.Errorf("with the table down: %q", got)
		}
		task := openTask(t, s.status(), workflows.TaskBlind)
		table.mend()
		s.env.SignalWorkflow(workflows.SignalResolve, workflows.ResolveMessage{Message: by("ann", ""), Task: task.ID, How: workflows.HowRetry})
	})
	s.run()
	if got := d.accounts["70"].rungs(); got != "none" {
		t.Errorf("the account that was not known at first: %q", got)
	}
}

func TestAnAccountThatIsLinkedWhileTheCaseSleepsIsCovered(t *testing.T) {
	d := newDirectory("ldap", map[string][]string{"7": {"read"}, "70": {"admin"}})
	s, table := withDirectory(t, d, known("primary", "7"))
	s.at(day(16, 12), func() {
		table.mu.Lock()
		defer table.mu.Unlock()
		table.links = append(table.links, known("service", "70"))
	})
	s.at(day(18, 17), func() {
		if got := d.accounts["70"].rungs(); got != "none" {
			t.Errorf("after the cut: %q", got)
		}
	})
	if result := s.run(); fmt.Sprint(len(result.Lanes)) != "2" {
		t.Errorf("lanes %+v", result.Lanes)
	}
}

func TestAnAccountThatWasFoundIsPinnedBeforeTheFirstChange(t *testing.T) {
	d := newDirectory("ldap", map[string][]string{"7": {"admin"}, "8": {"admin"}})
	s, _ := withDirectory(t, d)
	s.at(time.Hour, func() {
		if l := s.status().Lanes[0]; l.Account.ID != "7" || d.accounts["7"].writes() != 0 {
			t.Errorf("pinned %q after %d writes", l.Account.ID, d.accounts["7"].writes())
		}
		// The evidence moves to somebody else's account from now on.
		d.accounts["moved"] = d.accounts["8"]
	})
	s.run()
	if got := d.accounts["7"].rungs() + " " + d.accounts["8"].rungs(); got != "none admin" {
		t.Errorf("in the end %q", got)
	}
}

func TestAFurtherAccountThatHRNamesTooHidesNotThePersonsOwn(t *testing.T) {
	d := newDirectory("ldap", map[string][]string{"7": {"admin"}, "70": {"admin"}})
	s, _ := withDirectory(t, d, known("admin", "70"))
	s.first.Person.Links = []lastday.Link{{System: "ldap", ID: "70"}}
	s.run()
	if got := d.accounts["7"].rungs() + " " + d.accounts["70"].rungs(); got != "none none" {
		t.Errorf("in the end %q", got)
	}
}

func TestEveryAccountThatHRNamesIsRead(t *testing.T) {
	d := newDirectory("ldap", map[string][]string{"8": {"admin"}, "70": {"admin"}})
	s, _ := withDirectory(t, d, known("admin", "70"))
	s.first.Person.Links = []lastday.Link{{System: "ldap", ID: "70"}, {System: "ldap", ID: "8"}}
	s.run()
	if got := d.accounts["8"].rungs() + " " + d.accounts["70"].rungs(); got != "none none" {
		t.Errorf("in the end %q", got)
	}
}

func TestAnAnswerThatNamesAnotherPersonsAccountTouchesNothing(t *testing.T) {
	d := newDirectory("ldap", map[string][]string{"7": {"admin"}, "8": {"admin"}})
	s, table := withDirectory(t, d, known("primary", "7"))
	s.first.Person.Links = []lastday.Link{{System: "ldap", ID: "9"}}
	table.refuse = "8"
	answer := func(when time.Duration, account string) {
		s.at(when, func() {
			task := openTask(t, s.status(), workflows.TaskIdentity)
			s.env.SignalWorkflow(workflows.SignalResolve, workflows.ResolveMessage{Message: by("ann", "is "+account), Task: task.ID, How: workflows.HowLink, Account: account})
		})
	}
	answer(day(20, 12), "8")
	answer(day(21, 12), "7")
	s.run()
	if got := d.accounts["7"].rungs() + " " + d.accounts["8"].rungs(); got != "none admin" {
		t.Errorf("in the end %q", got)
	}
}

func TestAnAccountThatHRNamesLaterDoesNotReplaceTheOneThatWasFound(t *testing.T) {
	d := newDirectory("ldap", map[string][]string{"7": {"admin"}, "8": {"admin"}})
	s, _ := withDirectory(t, d)
	again := leaver()
	again.Sequence, again.Person.Links = "0002", []lastday.Link{{System: "ldap", ID: "8"}}
	s.at(day(9, 12), func() { s.announce("evt-2", again) })
	s.at(day(20, 12), func() {
		if got := d.accounts["7"].rungs() + " " + d.accounts["8"].rungs(); got != "write admin" {
			t.Errorf("while nobody knows whose it is: %q", got)
		}
		task := openTask(t, s.status(), workflows.TaskIdentity)
		for _, part := range []string{"id 7", "id 8", "it was found in the system first", "HR says so"} {
			if !strings.Contains(task.Why, part) {
				t.Errorf("%q is not in %q", part, task.Why)
			}
		}
		s.env.SignalWorkflow(workflows.SignalResolve, workflows.ResolveMessage{Message: by("ann", "asked HR"), Task: task.ID, How: workflows.HowLink, Account: "7"})
	})
	s.run()
	if got := d.accounts["7"].rungs() + " " + d.accounts["8"].rungs(); got != "none admin" {
		t.Errorf("in the end %q", got)
	}
}

func TestAPlanThatIsMadeAgainAfterTheLastWatchStrandsNoLane(t *testing.T) {
	d := newDirectory("ldap", map[string][]string{"7": {"admin"}, "70": {"admin"}})
	s, table := withDirectory(t, d, known("primary", "7"), known("admin", "70"))
	s.at(day(24, 12), func() { d.fail(lastday.Errorf(lastday.CodeTransient, "ldap", "down")) })
	s.at(day(25, 12), func() { table.fail(lastday.Errorf(lastday.CodeTransient, "links", "down")) })
	s.at(day(26, 12), func() {
		task := openTask(t, s.status(), workflows.TaskBlind)
		table.mend()
		s.env.SignalWorkflow(workflows.SignalResolve, workflows.ResolveMessage{Message: by("ann", ""), Task: task.ID, How: workflows.HowRetry})
	})
	s.at(day(27, 12), func() { d.fail(nil) })
	if result := s.run(); result.Outcome != workflows.OutcomeClean {
		t.Errorf("outcome %q", result.Outcome)
	}
}

func TestATableThatGoesDownSettlesNoContradiction(t *testing.T) {
	d := newDirectory("ldap", map[string][]string{"7": {"admin"}, "8": {"admin"}})
	s, table := withDirectory(t, d, known("primary", "7"))
	s.first.Person.Links = []lastday.Link{{System: "ldap", ID: "8"}}
	s.at(day(12, 12), func() { table.fail(lastday.Errorf(lastday.CodeTransient, "links", "down")) })
	s.at(day(20, 12), func() {
		if d.accounts["7"].writes()+d.accounts["8"].writes() != 0 {
			t.Error("an account was touched while nobody knew whose it is")
		}
		table.mend()
		task := openTask(t, s.status(), workflows.TaskIdentity)
		s.env.SignalWorkflow(workflows.SignalResolve, workflows.ResolveMessage{Message: by("ann", "asked Kim"), Task: task.ID, How: workflows.HowLink, Account: "7"})
		blind := openTask(t, s.status(), workflows.TaskBlind)
		s.env.SignalWorkflow(workflows.SignalResolve, workflows.ResolveMessage{Message: by("ann", "mended"), Task: blind.ID, How: workflows.HowRetry})
	})
	s.run()
	if got := d.accounts["7"].rungs() + " " + d.accounts["8"].rungs(); got != "none admin" {
		t.Errorf("in the end %q", got)
	}
}

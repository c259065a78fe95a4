package storytest

import (
	"fmt"
	"strings"
	"time"

	"lastday"
)

// digest stands for a plan's digest.
const digest = "5b1c9d0e7f3a2b48c6d5e4f3029181706f5e4d3c2b1a09f8e7d6c5b4a3928170"

// Berlin is a moment of the stories, on the wall of the contractor.
func Berlin(month time.Month, day, hour, minute int) time.Time {
	// Central European Time; the stories play after the end of summer time.
	return time.Date(2026, month, day, hour, minute, 0, 0, time.FixedZone("CET", 3600)).UTC()
}

// Stage makes a stage at a wall-clock time in Berlin.
func Stage(name, rule string, at time.Time, ceiling lastday.Level) lastday.StageFact {
	wall := at.In(time.FixedZone("CET", 3600))
	return lastday.StageFact{Name: name, Ceiling: ceiling, Moment: lastday.Moment{
		Date: lastday.DateOf(wall), Time: lastday.WallTime{Hour: wall.Hour(), Minute: wall.Minute()}, Zone: "Europe/Berlin", Rule: rule, Instant: at,
	}}
}

// glide is the usual way down to a cut.
func glide(cut time.Time) []lastday.StageFact {
	stages := []lastday.StageFact{
		Stage("notice", "last day -14d", cut.AddDate(0, 0, -14).Add(-8*time.Hour), lastday.LevelWrite),
		Stage("hand-over", "last day -7d", cut.AddDate(0, 0, -7).Add(-8*time.Hour), lastday.LevelRead),
		Stage("last-day", "last day 09:00", cut.Add(-8*time.Hour), lastday.LevelSignIn),
		Stage("cut", "last day 17:00", cut, lastday.LevelNone),
		Stage("watch-1h", "cut +1h", cut.Add(time.Hour), lastday.LevelNone),
		Stage("watch-1d", "cut +1d", cut.AddDate(0, 0, 1), lastday.LevelNone),
		Stage("watch-7d", "cut +7d", cut.AddDate(0, 0, 7), lastday.LevelNone),
	}
	for i, s := range stages {
		stages[i].Cut, stages[i].Watch = s.Name == "cut", strings.HasPrefix(s.Name, "watch")
	}
	return stages
}

func admin(name string) Rung  { return Rung{Name: name, Level: lastday.LevelAdmin} }
func write(name string) Rung  { return Rung{Name: name, Level: lastday.LevelWrite} }
func read(name string) Rung   { return Rung{Name: name, Level: lastday.LevelRead} }
func signIn(name string) Rung { return Rung{Name: name, Level: lastday.LevelSignIn} }

// Company is what a contractor of the company has.
func Company() []*Far {
	return []*Far{
		{Name: "code", Lag: 25 * time.Second, Account: lastday.Account{System: "code", ID: "8812345", Login: "noor-h"}, Grants: []*Grant{
			NewGrant("org", "org membership", "acme", admin("owner"), signIn("member")),
			NewGrant("team/1", "team", "platform", write("maintainer"), read("member")),
			NewGrant("repo/billing", "repository", "acme/billing", admin("admin"), write("write"), read("read")),
			NewGrant("repo/web", "repository", "acme/web", write("write"), read("read")),
			NewGrant("key/77", "deploy key", "acme/billing: ci-deploy", write("read-write")),
			NewGrant("pat/3", "fine-grained token", "release robot", admin("granted")),
			NewGrant("repo/docs", "repository", "acme/docs", read("read")),
		}, Residue: []lastday.Residue{
			{System: "code", Kind: "fork", What: "fork noor-h/web of acme/web", Why: "forks of public code stay", Harmless: true},
			{System: "code", Kind: "secret", What: "Actions secret DEPLOY_TOKEN", Why: "whoever could read a workflow may know it", Todo: "rotate it"},
		}},
		{Name: "crm", Lag: 70 * time.Second, Account: lastday.Account{System: "crm", ID: "b6f1c1de-0f5a-4c34-8a6e-2f3a7c1d9e44", Login: "noor.haddad"}, Grants: []*Grant{
			NewGrant("user", "account", "noor.haddad", signIn("active")),
			NewGrant("role/sales-admin", "role", "Sales administrator", admin("assigned")),
			NewGrant("role/report", "role", "Report viewer", read("assigned")),
		}},
		{Name: "database", Lag: 10 * time.Second, Account: lastday.Account{System: "database", ID: "16991", Login: "noor"}, Grants: []*Grant{
			NewGrant("login", "login", "noor", signIn("login")),
			NewGrant("member/billing_rw", "role membership", "billing_rw", write("member")),
			NewGrant("member/billing_owner", "role membership", "billing_owner", admin("member with admin option"), write("member")),
			NewGrant("session", "open session", "noor@10.2.8.14", write("open")),
		}},
		{Name: "directory", Lag: 15 * time.Second, Account: lastday.Account{System: "directory", ID: "7c1d6e52-81f0-4b8e-8a7b-9b9d2c0f6d11", Login: "nhaddad"}, Grants: []*Grant{
			NewGrant("account", "account", "nhaddad", signIn("enabled")),
			NewGrant("group/vpn", "group", "VPN users", signIn("member")),
			NewGrant("group/ops", "group", "Ops administrators", admin("member")),
			NewGrant("group/eng", "group", "Engineering share", write("member"), read("reader")),
		}},
		{Name: "office", ByHand: true, Account: lastday.Account{System: "office", ID: "p-noor"}, Grants: []*Grant{
			NewGrant("asset/laptop", "laptop", "LT-2231", read("handed out")),
			NewGrant("asset/badge", "badge", "B-0817", signIn("handed out")),
		}},
	}
}

func opened(kind lastday.SeparationKind, entered time.Time, day int) lastday.OpenedFact {
	return lastday.OpenedFact{
		Source: "people", Engagement: lastday.Engagement{ID: "e-1", WorkerType: "contractor"}, Kind: kind, LastDay: lastday.Date{Year: 2026, Month: 11, Day: day},
		Cutoff: &lastday.WallTime{Hour: 17}, Zone: "Europe/Berlin", ZoneBasis: "worker", Entered: entered,
	}
}

// Contractor is the long story: two weeks, five systems, an exception waived
// with an approval, a laptop attested, residue, and a grant that came back.
func Contractor() *Teller {
	t := NewTeller("c-q7m2k4xj5yb3n6ta", "p-4tz6r2", Berlin(11, 10, 9, 14))
	t.Systems = Company()
	t.Subject("Noor Haddad", "C-10442", "noor.haddad@acme.example")
	t.Open(opened(lastday.SeparationContractEnd, Berlin(11, 10, 9, 2), 27))
	t.After(30 * time.Second)
	t.Plan(digest, glide(Berlin(11, 27, 17, 0))...)
	t.At(Berlin(11, 10, 11, 20)).Message("ann@acme.example", "approve", digest, "contract not extended", "")
	t.At(Berlin(11, 12, 15, 3)).Message("noor.haddad@acme.example", "hold", "", "I still need billing", "the leaver decides nothing about the own case")
	t.Reach("notice")
	t.Reach("hand-over")
	t.At(Berlin(11, 26, 14, 0))
	t.AskFor("office", "asset/laptop", "it-desk", "nobody can read a cupboard")
	t.AskFor("office", "asset/badge", "reception", "nobody can read a cupboard")
	t.secret()
	t.Reach("last-day")
	t.At(Berlin(11, 27, 16, 20)).Attest("office", "asset/laptop", "joe@acme.example", "it-desk", "handed in at the desk", "ticket IT-4711")
	t.At(Berlin(11, 27, 16, 41)).Attest("office", "asset/badge", "mia@acme.example", "reception", "badge destroyed", "photo sha256:1f3a…")
	t.Reach("cut")
	t.Reach("watch-1h")
	t.System("directory").Raise("group/vpn", "member")
	t.Reach("watch-1d")
	t.Note("VPN users came back within a day of the cut and was taken again: a synchronisation had not been told")
	t.Reach("watch-7d")
	t.Close("answered_for")
	return t
}

// secret lets a person waive the rotation of a secret, with an approval.
func (t *Teller) secret() {
	id := "t-secret"
	t.Ask("code", lastday.TaskFact{
		ID: id, Kind: "residue", What: "Actions secret DEPLOY_TOKEN", Why: "whoever could read a workflow may know it", Todo: "rotate it", Owner: "platform", Due: t.cutDue(),
	})
	t.At(Berlin(11, 26, 16, 30)).Message("sec@acme.example", "approve", id, "bound to one runner, replaced on 1 December", "")
	t.Answer("code", id, "lee@acme.example", "waive", "only usable from our own runner; replaced on 1 December", "")
}

// Clean is a small case in which everything was read back.
func Clean(n int) *Teller {
	t := NewTeller(fmt.Sprintf("c-clean%02d", n), fmt.Sprintf("p-clean%02d", n), Berlin(11, 2, 10, n%60))
	t.Systems = Company()[1:4]
	for _, f := range t.Systems {
		f.Lag += time.Duration(n*n%97) * 11 * time.Second
	}
	t.Open(opened(lastday.SeparationScheduled, Berlin(11, 2, 9, 0), 20))
	t.After(time.Minute)
	t.Plan(digest, glide(Berlin(11, 20, 17, 0))...)
	for _, s := range t.Stages {
		t.Reach(s.Name)
	}
	t.Close("clean")
	return t
}

// LateHR is told a day after the last day, and cuts at once.
func LateHR() *Teller {
	t := NewTeller("c-latehr", "p-late", Berlin(11, 14, 18, 5))
	t.Systems = Company()[2:4]
	t.Subject("Ole Brandt", "10311", "ole.brandt@acme.example")
	o := opened(lastday.SeparationScheduled, Berlin(11, 14, 17, 40), 13)
	t.Open(o)
	t.After(time.Minute)
	cut := glide(Berlin(11, 13, 17, 0))[3:]
	t.Plan(digest, cut...)
	for _, s := range cut {
		t.Reach(s.Name)
	}
	t.Close("clean")
	return t
}

// RescindedCase gives back what it took after the notice, but for one grant.
func RescindedCase() *Teller {
	t := NewTeller("c-rescinded", "p-stays", Berlin(11, 3, 9, 0))
	t.Systems = Company()[:2]
	t.Systems[0].Residue = nil
	t.Subject("Sam Okafor", "10007", "sam.okafor@acme.example")
	t.Open(opened(lastday.SeparationScheduled, Berlin(11, 3, 8, 30), 27))
	t.Plan(digest, glide(Berlin(11, 27, 17, 0))...)
	t.Reach("notice")
	t.At(Berlin(11, 16, 10, 0)).News("people", "the engagement goes on", func(o *lastday.OpenedFact) { o.Rescinded = true })
	t.GiveBack("code", "repo/billing", "admin", true)
	t.GiveBack("crm", "role/sales-admin", "assigned", false)
	t.Close("rescinded")
	return t
}

// HeldCase waits: a person said so, and the cut-off is over.
func HeldCase() *Teller {
	t := NewTeller("c-held", "p-held", Berlin(11, 9, 9, 0))
	t.Systems = Company()[:4]
	t.Open(opened(lastday.SeparationScheduled, Berlin(11, 9, 8, 0), 25))
	t.Plan(digest, glide(Berlin(11, 25, 17, 0))...)
	t.Reach("notice")
	t.Reach("hand-over")
	t.At(Berlin(11, 25, 15, 0)).Message("ann@acme.example", "hold", "", "legal asks to keep the mailbox", "")
	t.At(Berlin(11, 25, 18, 0)).Note("held")
	return t
}

// OpenCase is between two stages, with a system that cannot be read.
func OpenCase() *Teller {
	t := NewTeller("c-open", "p-open", Berlin(11, 16, 9, 0))
	t.Systems = Company()[:4]
	t.System("crm").Blind = "its credential was refused"
	t.Subject("Ida Lindqvist", "10220", "ida@acme.example")
	t.Open(opened(lastday.SeparationScheduled, Berlin(11, 16, 8, 0), 30))
	t.Plan(digest, glide(Berlin(11, 30, 17, 0))...)
	t.Reach("notice")
	t.Reach("hand-over")
	return t
}

// DeafCase is closed as clean although one system did nothing: a case that a
// report must not believe.
func DeafCase() *Teller {
	t := NewTeller("c-deaf", "p-deaf", Berlin(11, 2, 9, 0))
	t.Systems = Company()[2:4]
	t.System("database").Deaf = true
	t.Open(opened(lastday.SeparationScheduled, Berlin(11, 2, 8, 0), 18))
	t.Plan(digest, glide(Berlin(11, 18, 17, 0))...)
	for _, s := range t.Stages {
		t.Reach(s.Name)
	}
	t.Close("clean")
	return t
}

// Stories are all stories of the company, one after the other.
func Stories() []*Teller {
	all := []*Teller{Contractor(), LateHR(), RescindedCase(), HeldCase(), OpenCase(), DeafCase()}
	for n := range 12 {
		all = append(all, Clean(n))
	}
	return all
}

// Records are the records of all stories.
func Records() []lastday.Record {
	var all []lastday.Record
	for _, t := range Stories() {
		all = append(all, t.Records()...)
	}
	return all
}

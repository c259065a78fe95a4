package githubtest

import (
	"fmt"
	"testing"
	"time"
)

func TestTheSameSeedGivesTheSameCompany(t *testing.T) {
	at := newClock().Now
	a, b := New(Options{Clock: at}), New(Options{Clock: at})
	a.SeedCompany(Company{Seed: 7, Teams: 40, Repos: 30, People: 20})
	b.SeedCompany(Company{Seed: 7, Teams: 40, Repos: 30, People: 20})
	if d := a.Snapshot().Diff(b.Snapshot()); len(d) != 0 {
		t.Errorf("two companies of one seed differ: %v", d)
	}
}

func TestACompanyHasTheSizeAskedForAndALeaverOnEveryList(t *testing.T) {
	srv := New(Options{Clock: newClock().Now})
	c := srv.SeedCompany(Company{SAML: true})
	if len(c.Teams) != 300 || len(c.Repos) != 400 || len(c.People) != 120 {
		t.Fatalf("%d teams, %d repositories, %d people", len(c.Teams), len(c.Repos), len(c.People))
	}
	kinds := map[string]int{}
	for _, e := range srv.Access(c.Leaver.ID()) {
		kinds[e.Kind]++
	}
	for _, k := range []string{
		"organization", "team", "repository", "deploy key", "private fork", "codespace", "webhook", "self-hosted runner", "push restriction",
		"review dismissal", "pull request bypass", "ruleset bypass", "environment reviewer", "code owner", "repository invitation sent",
		"invitation sent", "Copilot seat", "fine-grained token", "fine-grained token request", "organization role", "SCIM identity",
		"authorized credential", "codespaces billing",
	} {
		if kinds[k] == 0 {
			t.Errorf("the leaver has no %s", k)
		}
	}
	deep := 0
	for _, tm := range srv.w.Orgs["northwind"].Teams {
		if n := len(srv.w.Orgs["northwind"].ancestors(tm)); n > deep {
			deep = n
		}
	}
	if deep != 3 {
		t.Errorf("teams nest %d deep, want 3", deep)
	}
}

func TestACopyOfTheWorldIsTheSameWorld(t *testing.T) {
	srv := New(Options{Clock: newClock().Now})
	srv.SeedCompany(Company{Seed: 3, Teams: 30, Repos: 30, People: 20, SAML: true})
	cp, err := srv.w.clone()
	if err != nil {
		t.Fatal(err)
	}
	before := srv.Snapshot()
	srv.w = cp
	if d := before.Diff(srv.Snapshot()); len(d) != 0 {
		t.Errorf("the copy differs: %v", d)
	}
}

func BenchmarkOracle(b *testing.B) {
	srv := New(Options{Clock: time.Now})
	c := srv.SeedCompany(Company{Teams: 300, Repos: 2000})
	for b.Loop() {
		if len(srv.Access(c.Leaver.ID())) == 0 {
			b.Fatal(fmt.Sprint("nothing for ", c.Leaver.Login()))
		}
	}
}

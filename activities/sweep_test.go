package activities_test

import (
	"context"
	"testing"
	"time"

	"go.temporal.io/sdk/testsuite"

	"lastday"
	"lastday/activities"
	"lastday/integrations"
)

// asked remembers about whom a system was asked. Everybody has one grant.
type asked struct{ who []string }

func (a *asked) Probe(context.Context) (lastday.Health, error) { return lastday.Health{}, nil }

func (a *asked) Find(_ context.Context, p lastday.Person) (lastday.Match, error) {
	id := p.Key
	if link, ok := p.Link("code"); ok {
		id = link.ID
	}
	a.who = append(a.who, id)
	return lastday.Match{Verdict: lastday.FoundOne, Account: lastday.Account{System: "code", ID: id}, Evidence: []string{"pinned"}}, nil
}

func (a *asked) List(context.Context, lastday.Account, integrations.Cursor) (integrations.Page, error) {
	return integrations.Page{Control: lastday.Control{Seen: true}, Grants: []lastday.Grant{
		{Key: "org", Kind: "org", Rung: "member", Ladder: lastday.Ladder{{Name: "member", Level: lastday.LevelRead}}},
	}}, nil
}

func (a *asked) Apply(context.Context, lastday.Change) (lastday.Receipt, error) {
	return lastday.Receipt{}, lastday.Errorf(lastday.CodeInternal, "asked", "a sweep wrote")
}

func clock() time.Time { return time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC) }

func goneKey(key string, links ...lastday.Link) activities.Leaver {
	return activities.Leaver{Case: "c-" + key, Separation: lastday.Separation{Person: lastday.Person{Key: key, Links: links}}}
}

func TestALookThatWasInterruptedGoesOnWhereItStopped(t *testing.T) {
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	far := &asked{}
	env.RegisterActivity(activities.NewSystems(integrations.NewSystem("code", far, integrations.Options{Now: clock})))
	env.SetHeartbeatDetails(activities.LookOutput{Looked: 2, Clean: 1, Found: []activities.Sighting{{Person: "p-1"}}})
	value, err := env.ExecuteActivity((*activities.Systems)(nil).Look, activities.LookInput{
		System: "code", Leavers: []activities.Leaver{goneKey("p-1"), goneKey("p-2"), goneKey("p-3")},
	})
	if err != nil {
		t.Fatal(err)
	}
	var out activities.LookOutput
	if err := value.Get(&out); err != nil {
		t.Fatal(err)
	}
	if out.Looked != 3 || out.Clean != 1 || len(out.Found) != 2 || len(far.who) != 1 || far.who[0] != "p-3" {
		t.Errorf("%+v, asked about %v", out, far.who)
	}
}

func TestEveryLinkedAccountIsLookedAt(t *testing.T) {
	far := &asked{}
	surveyor := integrations.NewSurveyor("code", far, integrations.Options{Now: clock})
	l := goneKey("p-1", lastday.Link{System: "code", ID: "7"}, lastday.Link{System: "code", ID: "8"}, lastday.Link{System: "mail", ID: "9"})
	found, unseen, err := activities.LookFor(t.Context(), surveyor, false, l)
	if err != nil || len(unseen) != 0 || len(found) != 2 || found[0].Account.ID != "7" || found[1].Account.ID != "8" {
		t.Errorf("found %+v, unseen %+v, %v", found, unseen, err)
	}
}

// listed is a link table that knows some accounts of everybody.
type listed []activities.AccountLink

func (l listed) Of(context.Context, string) ([]activities.AccountLink, error) { return l, nil }

func (l listed) Settle(context.Context, activities.KeepLinkInput) error { return nil }

func TestAFurtherAccountHidesNotTheOneThatEvidenceFinds(t *testing.T) {
	further := listed{{Link: lastday.Link{System: "code", ID: "70"}, Role: "admin"}}
	for name, l := range map[string]activities.Leaver{
		"the table alone knows it": goneKey("p-1"),
		"HR or a case named it":    goneKey("p-1", lastday.Link{System: "code", ID: "70"}),
	} {
		l, err := activities.WithLinks(t.Context(), further, l)
		if err != nil {
			t.Fatal(err)
		}
		far := &asked{}
		found, _, err := activities.LookFor(t.Context(), integrations.NewSurveyor("code", far, integrations.Options{Now: clock}), false, l)
		if err != nil || len(found) != 2 || found[0].Account.ID != "p-1" || found[1].Account.ID != "70" {
			t.Errorf("%s: asked about %v, found %+v, %v", name, far.who, found, err)
		}
	}
}

func TestAnAccountThatIsFoundTwiceIsToldOnce(t *testing.T) {
	l, err := activities.WithLinks(t.Context(), listed{{Link: lastday.Link{System: "code", ID: "p-1"}, Role: "service"}}, goneKey("p-1"))
	if err != nil {
		t.Fatal(err)
	}
	found, _, err := activities.LookFor(t.Context(), integrations.NewSurveyor("code", &asked{}, integrations.Options{Now: clock}), false, l)
	if err != nil || len(found) != 1 {
		t.Errorf("found %+v, %v", found, err)
	}
}

package activities_test

import (
	"context"
	"testing"

	"go.temporal.io/sdk/testsuite"

	"lastday"
	"lastday/activities"
	"lastday/integrations"
)

// blinded is a system that names itself wherever a driver does.
type blinded struct{ asked }

func (b *blinded) List(context.Context, lastday.Account, integrations.Cursor) (integrations.Page, error) {
	return integrations.Page{
		Gaps: []lastday.Gap{{System: "code", What: "tokens"}}, Residue: []lastday.Residue{{System: "code", What: "a hook"}},
	}, nil
}

func TestASurveyOfAFurtherAccountSpeaksOfItsLane(t *testing.T) {
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	far := &blinded{}
	env.RegisterActivity(activities.NewSystems(integrations.NewSystem("code", far, integrations.Options{Now: clock})))
	value, err := env.ExecuteActivity((*activities.Systems)(nil).Survey, activities.SurveyInput{System: "code+admin", Person: lastday.Person{
		Key: "p-1", Links: []lastday.Link{{System: "code", ID: "7"}, {System: "code+admin", ID: "70"}, {System: "mail", ID: "9"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	var inv lastday.Inventory
	if err := value.Get(&inv); err != nil {
		t.Fatal(err)
	}
	if inv.System != "code+admin" || inv.Match.Account.System != "code+admin" || inv.Gaps[0].System != "code+admin" || inv.Residue[0].System != "code+admin" {
		t.Errorf("inventory %+v", inv)
	}
	if len(far.who) != 1 || far.who[0] != "70" {
		t.Errorf("asked about %v", far.who)
	}
}

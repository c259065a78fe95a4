package app_test

import (
	"testing"

	"lastday"
	"lastday/activities"
	"lastday/internal/app"
)

func TestAListIsEnrichedByWhatTheCaseKnew(t *testing.T) {
	var listed, known activities.Leaver
	listed.Separation.LastDay = lastday.Date{Year: 2026, Month: 10, Day: 30}
	listed.Separation.Person = lastday.Person{Key: "p-1", EmployeeNumber: "E1"}
	known.Separation.Person = lastday.Person{Key: "p-1", EmployeeNumber: "E0", Emails: []string{"kim@acme.example"}, Links: []lastday.Link{{System: "code", ID: "7"}}}
	got := app.Enrich(listed, known).Separation
	if got.LastDay != listed.Separation.LastDay || got.Person.EmployeeNumber != "E1" || len(got.Person.Emails) != 1 || len(got.Person.Links) != 1 {
		t.Errorf("got %+v", got)
	}
}

package app

import (
	"testing"

	"lastday"
	"lastday/activities"
)

func TestAPlanReadsThePersonsOwnAccountBesideAFurtherOneThatHRNames(t *testing.T) {
	person := lastday.Person{Key: "p-1", Links: []lastday.Link{{System: "code", ID: "70"}}}
	known := []activities.AccountLink{{Link: lastday.Link{System: "code", ID: "70"}, Role: "admin"}}
	all := readingsOf(OpenSystem{Name: "code"}, person, known)
	if len(all) != 2 || all[1].lane != "code+admin" {
		t.Fatalf("%+v", all)
	}
	if _, linked := all[0].person.Link("code"); linked {
		t.Error("the person's own account is not looked for: the further one stands in its place")
	}
	if k, _ := all[1].person.Link("code+admin"); k.ID != "70" {
		t.Errorf("the further account is %q", k.ID)
	}
}

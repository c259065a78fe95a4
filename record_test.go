package lastday_test

import (
	"bytes"
	"testing"
	"time"

	"lastday"
)

func TestARecordIsTheSameBytesWhenItIsReadAndWrittenAgain(t *testing.T) {
	r := lastday.Record{
		ID: "c-1/7", Case: "c-1", Seq: 7, At: time.Date(2026, 11, 27, 16, 0, 0, 123456789, time.UTC), Kind: lastday.RecordChange, Person: "p-1",
		What: "team Core: maintainer → none", Workflow: "case/c-1", Run: "run-1", Event: 41,
		Change: &lastday.ChangeFact{
			ID: "ch-1", Account: lastday.Account{System: "git", ID: "42", Login: "kim<&>"}, Kind: "team", From: "maintainer", To: "none",
			Level: lastday.LevelAdmin, Outcome: lastday.OutcomeApplied, Proof: lastday.ProofObserved,
			Requests: []lastday.Request{{What: "DELETE team membership", ID: "AB:1", Status: 204}},
		},
	}
	first, err := r.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	again, err := lastday.ParseRecord(first)
	if err != nil {
		t.Fatal(err)
	}
	second, err := again.Bytes()
	if err != nil || !bytes.Equal(first, second) {
		t.Errorf("%v\n%s\n%s", err, first, second)
	}
}

func TestWhatIsNoRecordIsRefused(t *testing.T) {
	if _, err := lastday.ParseRecord([]byte(`{"seq":"one"}`)); lastday.CodeOf(err) != lastday.CodeInvalid {
		t.Errorf("got %v", err)
	}
}

func TestTheFactOfAGrantKeepsNothingThatOnlyARestoreNeeds(t *testing.T) {
	g := lastday.Grant{
		Key: "team/1", Kind: "team", Rung: "maintainer", Via: []string{"org"}, Details: map[string]string{"slug": "core"},
		Ladder: lastday.Ladder{{Name: "maintainer", Level: lastday.LevelAdmin}, {Name: lastday.None}},
	}
	fact := g.Fact()
	if fact.Level != lastday.LevelAdmin || fact.Rung != "maintainer" || len(fact.Via) != 1 {
		t.Errorf("got %+v", fact)
	}
}

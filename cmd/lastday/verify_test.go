package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lastday"
	"lastday/audit"
	"lastday/audit/bundle"
)

func ordered(id, to, after string, restore bool, proof lastday.Proof, outcome lastday.Outcome) lastday.Record {
	return lastday.Record{Kind: lastday.RecordChange, Change: &lastday.ChangeFact{
		ID: id, To: to, After: after, Restore: restore, Proof: proof, Outcome: outcome,
	}}
}

// What was given back is not gone, what was lowered is not gone, and what
// somebody else changed is not what was ordered, however well it was seen.
func TestOnlyWhatWasReadBackGoneIsCountedAsGone(t *testing.T) {
	seen := lastday.ProofObserved
	records := []lastday.Record{
		ordered("taken", lastday.None, lastday.None, false, lastday.ProofAcknowledged, lastday.OutcomeApplied),
		ordered("taken", lastday.None, lastday.None, false, seen, lastday.OutcomeApplied),
		ordered("lowered", "read", "read", false, seen, lastday.OutcomeApplied),
		ordered("drifted", lastday.None, "admin", false, seen, lastday.OutcomeDrifted),
		ordered("returned", lastday.None, lastday.None, false, seen, lastday.OutcomeApplied),
		ordered("returned", "admin", "admin", true, seen, lastday.OutcomeApplied),
		ordered("said", lastday.None, lastday.None, false, lastday.ProofAttested, lastday.OutcomeAsked),
	}
	want := evidence{Changes: 5, Gone: 2, Lowered: 1, Attested: 1, Unproved: 1, Returned: 1}
	if got := weigh(records); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	v := bundle.Verdict{Case: "c-1", Records: records, Sealed: &lastday.SealedFact{Last: 7}, Signed: time.Unix(0, 0), Checks: []bundle.Check{{What: "x"}}}
	var out bytes.Buffer
	tellVerdict(&out, v)
	for _, words := range []string{"of 5 changes 2 were read back gone, 1 read back lowered", "1 was ordered back"} {
		if !strings.Contains(out.String(), words) {
			t.Errorf("it does not say %q:\n%s", words, out.String())
		}
	}
}

// A forged bundle chooses the names of its files and the ids of its records:
// they must not write over what is said about it.
func TestWhatABundleHoldsCannotRewriteTheVerdict(t *testing.T) {
	forged := "x\x1b[2J\x1b[H\nok     everything"
	v := bundle.Verdict{Checks: []bundle.Check{{What: "every record is there", Found: []audit.Finding{{Problem: audit.Changed, ID: forged, What: forged}}}}}
	var out bytes.Buffer
	tellVerdict(&out, v)
	if strings.Contains(out.String(), "\x1b") || strings.Contains(out.String(), "\nok ") {
		t.Errorf("%q", out.String())
	}
}

func TestAnInputThatIsTooLargeIsNotRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 1<<40); err != nil {
		t.Fatal(err)
	}
	for _, most := range []int64{mostInput, mostBundle} {
		if _, err := readAtMost("a test", path, most); lastday.CodeOf(err) != lastday.CodeInvalid {
			t.Errorf("%v", err)
		}
	}
}

func TestWhatALaterReadingShowsAgainIsNotGone(t *testing.T) {
	account := lastday.Account{System: "code", ID: "7"}
	taken := ordered("taken", lastday.None, lastday.None, false, lastday.ProofObserved, lastday.OutcomeApplied)
	taken.System, taken.Change.Account, taken.Change.Grant = "code", account, "team/1"
	reading := func(id string) lastday.Record {
		return lastday.Record{Kind: lastday.RecordReading, System: "code", Reading: &lastday.ReadingFact{
			Account: lastday.Account{System: "code", ID: id}, Grants: []lastday.GrantFact{{Key: "team/1", Rung: "member", Level: lastday.LevelRead}},
		}}
	}
	for name, c := range map[string]struct {
		records []lastday.Record
		gone    int
	}{
		"read before it was taken":    {[]lastday.Record{reading("7"), taken}, 1},
		"of somebody else's account":  {[]lastday.Record{taken, reading("8")}, 1},
		"it came back":                {[]lastday.Record{taken, reading("7")}, 0},
		"it came back and went again": {[]lastday.Record{taken, reading("7"), taken}, 1},
	} {
		if got := weigh(c.records); got.Gone != c.gone || got.Gone+got.Unproved != 1 {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

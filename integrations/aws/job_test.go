package aws

import (
	"testing"

	"lastday"
)

func TestWhenNothingIsWritten(t *testing.T) {
	grant := lastday.Grant{
		Kind: "k", Key: "k", Rung: "high", Restore: exact(),
		Ladder: lastday.Ladder{{Name: "high", Level: lastday.LevelAdmin}, {Name: "low", Level: lastday.LevelRead}},
	}
	cases := map[string]struct {
		from, to, now string
		want          lastday.Outcome
	}{
		"down, and it is there":               {"high", "low", "low", lastday.OutcomeAlready},
		"down, and it is lower":               {"high", "low", lastday.None, lastday.OutcomeAlready},
		"down, and it is above":               {"high", "low", "high", ""},
		"back, and it is as we left it":       {lastday.None, "high", lastday.None, ""},
		"back, and it is there":               {lastday.None, "high", "high", lastday.OutcomeAlready},
		"back, and somebody brought it half":  {lastday.None, "high", "low", lastday.OutcomeDrifted},
		"back, and it is on an unknown rung":  {lastday.None, "high", "elsewhere", lastday.OutcomeDrifted},
		"down, and it is on an unknown rung":  {"high", lastday.None, "elsewhere", ""},
		"back, and what was left is gone too": {"low", "high", lastday.None, lastday.OutcomeDrifted},
	}
	for name, c := range cases {
		j, err := newJob("op", lastday.Change{Grant: grant, From: c.from, To: c.to})
		if err != nil {
			t.Fatal(err)
		}
		j.now = c.now
		if j.settle(); j.outcome != c.want {
			t.Errorf("%s: %q, want %q", name, j.outcome, c.want)
		}
	}
	gone := grant
	gone.Restore.Fidelity = lastday.RestoreNever
	j, err := newJob("op", lastday.Change{Grant: gone, From: lastday.None, To: "high"})
	if err != nil {
		t.Fatal(err)
	}
	j.now = lastday.None
	if j.settle(); j.outcome != lastday.OutcomeRefused {
		t.Errorf("what cannot be given back: %q", j.outcome)
	}
}

// What the receipt did not keep cannot be made up.
func TestNothingIsGivenBackFromMemory(t *testing.T) {
	_, d := iamWorld(t)
	page := inventory(t, d)
	_, back := take(t, d, kim(), grantOf(t, page, kindTrust, "release"))
	back.Undo = nil
	mustApply(t, d, back, lastday.OutcomeRefused)
	_, back = take(t, d, kim(), grantOf(t, page, kindInline, "own-bucket"))
	back.Undo, back.Grant.Details = nil, nil
	mustApply(t, d, back, lastday.OutcomeRefused)
}

package stats_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"lastday"
	"lastday/audit/stats"
	"lastday/audit/story"
	"lastday/audit/story/storytest"
)

func cases(t *testing.T) []story.Case {
	t.Helper()
	all, err := story.All(storytest.Records(), story.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestTheNumbersOfTheCompany(t *testing.T) {
	s := stats.Of(cases(t))
	for name, got := range map[string][2]int{
		"cases": {s.Cases, 18}, "closed": {s.Closed, 16}, "proven": {s.Verdicts[story.Proven], 13}, "answered for": {s.Verdicts[story.AnsweredFor], 1},
		"closed and not shown": {s.Verdicts[story.NotShown], 1}, "met": {s.Met, 13}, "missed": {s.Missed, 1}, "on people's word": {s.Answered, 1},
		"late HR": {s.LateHR, 1}, "came back": {s.Resurrected, 1}, "exceptions": {s.Exceptions, 3}, "alone": {s.Alone, 2}, "too late": {s.TooLate, 0},
		// the secret of the held and of the open case
		"residue": {s.Residue, 2},
		// the contractor's office, the deaf database, and the held case's cut
		"unverified": {s.Unverified, 3}, "verified": {s.Cut.N, 13},
	} {
		if got[0] != got[1] {
			t.Errorf("%s: %d, want %d", name, got[0], got[1])
		}
	}
}

func TestSharesAddUpAndCountOnlyWhatWasDue(t *testing.T) {
	s := stats.Of(cases(t))
	all := 0
	for _, x := range append(s.Systems, stats.System{}) {
		sum := x.Shares.Observed + x.Shares.Acknowledged + x.Shares.Attested + x.Shares.Waived + x.Shares.NotShown
		if sum != x.Shares.Accesses {
			t.Errorf("%s: %d of %d", x.Name, sum, x.Shares.Accesses)
		}
		all += sum
	}
	// 12 clean cases of 11, 20 of the contractor, 8 late, 8 deaf, 18 held; the open one is not due
	if want := 12*11 + 20 + 8 + 8 + 18; all != want || s.Shares.Accesses != want {
		t.Errorf("got %d and %d, want %d", all, s.Shares.Accesses, want)
	}
	if s.Shares.Attested != 2 || s.Shares.NotShown != 4+11 {
		t.Errorf("got %+v", s.Shares)
	}
}

func TestQuantilesAreNearestRank(t *testing.T) {
	told := storytest.Berlin(11, 1, 9, 0)
	var all []story.Case
	for i := 1; i <= 100; i++ {
		c := story.Case{ID: "c", Clocks: story.Clocks{Told: told, Due: told.Add(time.Hour)}}
		c.SLA.From = c.Clocks.Due
		c.Clocks.Verified = c.Clocks.Due.Add(time.Duration(i) * time.Minute)
		all = append(all, c)
	}
	got := stats.Of(all).Cut
	if want := (stats.Times{N: 100, P50: 50 * time.Minute, P95: 95 * time.Minute, P99: 99 * time.Minute, Max: 100 * time.Minute}); got != want {
		t.Errorf("got %+v", got)
	}
	if one := stats.Of(all[:1]).Cut; one.P50 != time.Minute || one.P99 != time.Minute {
		t.Errorf("got %+v", one)
	}
	if none := stats.Of(nil); none.Cut.String() != "no case" {
		t.Errorf("got %q", none.Cut)
	}
}

func TestAPeriodHoldsWhatWasDueInIt(t *testing.T) {
	all := cases(t)
	from, to := storytest.Berlin(11, 20, 17, 0), storytest.Berlin(11, 27, 17, 0)
	got := stats.Period(all, from, to)
	for _, c := range got {
		if c.Clocks.Due.Before(from) || !c.Clocks.Due.Before(to) {
			t.Errorf("%s was due %s", c.ID, c.Clocks.Due)
		}
	}
	if len(got) != 13 {
		t.Errorf("12 clean cases are due at its beginning, one is held in it, and what is due at its end is the next one's: got %d", len(got))
	}
}

func TestTheTableSaysWhatTheNumbersSay(t *testing.T) {
	var out bytes.Buffer
	if err := stats.WriteTable(&out, stats.Of(cases(t))); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"met 13, on people's word 1, missed 1", "late HR 1", "came back", "database", "not shown"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in\n%s", want, out.String())
		}
	}
}

func TestASystemsNameCannotSteerTheTerminal(t *testing.T) {
	var out bytes.Buffer
	c := story.Case{Systems: []story.System{{Name: "a\x1b[2J\u202eb"}}}
	if err := stats.WriteTable(&out, stats.Of([]story.Case{c})); err != nil || strings.ContainsAny(out.String(), "\x1b\u202e") {
		t.Errorf("%v %q", err, out.String())
	}
}

func TestNearlyAllIsNotAll(t *testing.T) {
	c := story.Case{Closed: &lastday.ClosedFact{}, Systems: []story.System{{Name: "crm"}}}
	for range 9999 {
		c.Systems[0].Accesses = append(c.Systems[0].Accesses, story.Access{Standing: story.Gone})
	}
	c.Systems[0].Accesses = append(c.Systems[0].Accesses, story.Access{Standing: story.Unknown})
	if text := stats.Of([]story.Case{c}).Shares.String(); !strings.Contains(text, "observed 99.9%") || !strings.Contains(text, "not shown 0.1%") {
		t.Errorf("got %q", text)
	}
}

func TestTheNumbersCanBeReadByPrograms(t *testing.T) {
	var out bytes.Buffer
	want := stats.Of(cases(t))
	if err := stats.WriteJSON(&out, want); err != nil {
		t.Fatal(err)
	}
	var got stats.Stats
	if err := json.Unmarshal(out.Bytes(), &got); err != nil || got.Met != want.Met || len(got.Systems) != len(want.Systems) {
		t.Errorf("%v %+v", err, got)
	}
}

func TestMonthsAreThoseOfTheZone(t *testing.T) {
	eve := time.Date(2026, 11, 30, 23, 30, 0, 0, time.UTC) // in Berlin it is December
	c := story.Case{Clocks: story.Clocks{Due: eve}}
	told := story.Case{Clocks: story.Clocks{Told: eve.AddDate(0, -1, 0)}}
	utc := stats.Months([]story.Case{c, told}, time.UTC)
	berlin := stats.Months([]story.Case{c, told}, time.FixedZone("CET", 3600))
	if len(utc) != 2 || utc[1].Name != "2026-11" || berlin[1].Name != "2026-12" || utc[0].Name != "2026-10" || utc[1].Stats.Cases != 1 {
		t.Errorf("got %+v and %+v", utc, berlin)
	}
	var out bytes.Buffer
	if err := stats.WriteMonths(&out, stats.Months(cases(t), time.UTC)); err != nil || !strings.Contains(out.String(), "2026-11") {
		t.Errorf("%v %s", err, out.String())
	}
}

package population_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"lastday"
	"lastday/audit/population"
	"lastday/audit/story"
	"lastday/audit/story/storytest"
)

func november(day int) lastday.Date { return lastday.Date{Year: 2026, Month: 11, Day: day} }

func cases(t *testing.T) []story.Case {
	t.Helper()
	all, err := story.All(storytest.Records(), story.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// input is November as it should be: each list whole, each leaver with a case.
func input(t *testing.T) population.Input {
	t.Helper()
	in := population.Input{From: november(1), To: november(30), Zone: "Europe/Berlin", Made: storytest.Berlin(12, 5, 9, 0), By: "ann@acme.example", Tool: "0.4.0", Cases: cases(t)}
	for _, c := range in.Cases {
		if c.Separation.Rescinded {
			continue
		}
		in.Leavers = append(in.Leavers, population.Leaver{
			Person: c.Person, Engagement: "e-1", Source: "people", LastDay: c.Separation.LastDay, Zone: "Europe/Berlin",
		})
	}
	for _, name := range []string{"leavers", "cases", "enabled"} {
		in.Lists = append(in.Lists, population.List{Name: name, Source: "a " + name + " list", Query: "ended in November", ReadAt: in.Made, Whole: true})
	}
	return in
}

func reconcile(t *testing.T, in population.Input) population.Result {
	t.Helper()
	r, err := population.Reconcile(in)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func row(t *testing.T, r population.Result, person string) population.Row {
	t.Helper()
	i := slices.IndexFunc(r.Rows, func(row population.Row) bool { return row.Person == person })
	if i < 0 {
		t.Fatalf("%s is in no row", person)
	}
	return r.Rows[i]
}

func TestAPopulationIsCompleteWhenAllThreeListsAgree(t *testing.T) {
	r := reconcile(t, input(t))
	if !r.Complete || len(r.Rows) != 18 || r.Counts[population.Matched] != 18 {
		t.Errorf("got %v: %q, %v", r.Complete, r.Findings, r.Counts)
	}
	if back := row(t, r, "p-stays"); back.State != population.Matched || back.Explained == "" {
		t.Errorf("whoever stays is in no list of leavers, and that is explained: %+v", back)
	}
}

// working is an account of a person that was read at a time.
func working(person string, read time.Time) population.Enabled {
	return population.Enabled{System: "directory", Account: "u-1", Person: person, Level: lastday.LevelSignIn, ReadAt: read}
}

func TestEveryDifferenceIsFoundAndNamed(t *testing.T) {
	later := storytest.Berlin(12, 5, 8, 0)
	cases := map[string]struct {
		person string
		change func(*population.Input)
		want   population.State
		says   string
	}{
		"nobody told us": {"p-new", func(in *population.Input) {
			in.Leavers = append(in.Leavers, population.Leaver{Person: "p-new", Engagement: "e-1", Source: "people", LastDay: november(17)})
		}, population.NoCase, "p-new (engagement e-1) left on 2026-11-17 by people, and has no case"},
		"told of one engagement only": {"p-late", func(in *population.Input) {
			in.Leavers = slices.DeleteFunc(in.Leavers, func(l population.Leaver) bool { return l.Person == "p-late" })
			in.Leavers = append(in.Leavers, population.Leaver{Person: "p-late", Engagement: "e-2", Source: "people", LastDay: november(13)})
		}, population.NoLeaver, "and has no case; the person has case c-latehr about engagement e-1"},
		"HR forgot": {"p-late", func(in *population.Input) {
			in.Leavers = slices.DeleteFunc(in.Leavers, func(l population.Leaver) bool { return l.Person == "p-late" })
		}, population.NoLeaver, "case c-latehr, and is not in HR's list"},
		"two last days": {"p-late", func(in *population.Input) {
			in.Leavers[slices.IndexFunc(in.Leavers, func(l population.Leaver) bool { return l.Person == "p-late" })].LastDay = november(12)
		}, population.DatesDiffer, "left on 2026-11-12 by HR, on 2026-11-13 by case c-latehr"},
		"taken back here, not there": {"p-stays", func(in *population.Input) {
			in.Leavers = append(in.Leavers, population.Leaver{Person: "p-stays", Engagement: "e-1", Source: "people", LastDay: november(27)})
		}, population.TakenBack, "case c-rescinded was taken back"},
		"the account still works": {
			"p-late", func(in *population.Input) { in.Enabled = append(in.Enabled, working("p-late", later)) },
			population.StillEnabled, "still has u-1 in directory (sign-in)",
		},
		"no case, and it still works": {"p-new", func(in *population.Input) {
			in.Leavers = append(in.Leavers, population.Leaver{Person: "p-new", Source: "people", LastDay: november(17)})
			in.Enabled = append(in.Enabled, working("p-new", later))
		}, population.NoCase, "and has no case, and still has u-1"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			in := input(t)
			c.change(&in)
			r := reconcile(t, in)
			if r.Complete || !strings.Contains(strings.Join(r.Findings, "\n"), c.says) {
				t.Errorf("%q is not told: %q", c.says, r.Findings)
			}
			if !slices.ContainsFunc(r.Rows, func(row population.Row) bool { return row.Person == c.person && row.State == c.want }) {
				t.Errorf("got %+v", row(t, r, c.person))
			}
		})
	}
}

func TestAnAccountThatWorksBeforeTheCutIsNoFinding(t *testing.T) {
	in := input(t)
	in.Enabled = []population.Enabled{
		working("p-late", storytest.Berlin(11, 13, 16, 59)), // due at 17:00
		working("p-stays", storytest.Berlin(12, 5, 8, 0)),   // the engagement goes on
		working("p-somebody", storytest.Berlin(12, 5, 8, 0)),
	}
	off := working("p-late", storytest.Berlin(12, 5, 8, 0))
	off.Level = lastday.LevelNone
	in.Enabled = append(in.Enabled, off)
	r := reconcile(t, in)
	if !r.Complete || r.Strangers != 1 {
		t.Errorf("got %q, %d strangers", r.Findings, r.Strangers)
	}
	in.Enabled[0].ReadAt = storytest.Berlin(11, 13, 17, 1)
	if r := reconcile(t, in); r.Complete {
		t.Error("two minutes later it is one")
	}
}

func TestALeaverWithoutACaseIsDueTheDayAfterInTheirZone(t *testing.T) {
	in := input(t)
	in.Leavers = append(in.Leavers, population.Leaver{Person: "p-new", Source: "people", LastDay: november(17), Zone: "Pacific/Auckland"})
	in.Enabled = []population.Enabled{working("p-new", time.Date(2026, 11, 17, 10, 59, 0, 0, time.UTC))}
	if got := row(t, reconcile(t, in), "p-new"); len(got.Enabled) != 0 {
		t.Errorf("in Auckland it is still the last day: %+v", got)
	}
	in.Enabled[0].ReadAt = time.Date(2026, 11, 17, 11, 1, 0, 0, time.UTC)
	if got := row(t, reconcile(t, in), "p-new"); len(got.Enabled) != 1 {
		t.Errorf("in Auckland it is the day after: %+v", got)
	}
}

func TestAListThatIsNotWholeMakesThePopulationIncomplete(t *testing.T) {
	in := input(t)
	in.Lists[2].Whole, in.Lists[2].Why = false, "the directory answered 500 on page 3"
	if r := reconcile(t, in); r.Complete || !strings.Contains(r.Findings[0], "enabled is not known to be whole: the directory answered 500") {
		t.Errorf("got %q", r.Findings)
	}
	in.Lists = in.Lists[:2]
	if r := reconcile(t, in); r.Complete || len(r.Lists) != 3 {
		t.Error("a list that nobody described is not known to be whole")
	}
}

func TestAccountsThatWereReadBeforeTheCutShowNothing(t *testing.T) {
	in := input(t)
	in.Lists[2].ReadAt = storytest.Berlin(11, 13, 16, 59)
	r := reconcile(t, in)
	if r.Complete || !strings.Contains(strings.Join(r.Findings, "\n"), "the accounts of p-late were read at 2026-11-13T15:59:00Z, before the access was due to end") {
		t.Errorf("got %q", r.Findings)
	}
	if strings.Contains(strings.Join(r.Findings, "\n"), "p-stays") {
		t.Error("the accounts of who stays are not due to end")
	}
}

func TestACaseThatLostItsLastDayIsNotPassedOver(t *testing.T) {
	in := input(t)
	i := slices.IndexFunc(in.Cases, func(c story.Case) bool { return c.ID == "c-latehr" })
	in.Leavers = slices.DeleteFunc(in.Leavers, func(l population.Leaver) bool { return l.Person == "p-late" })
	in.Cases[i].Separation = lastday.OpenedFact{} // the record that told it was erased
	if r := reconcile(t, in); r.Complete || !strings.Contains(strings.Join(r.Findings, "\n"), "case c-latehr does not tell the last day") {
		t.Errorf("got %q", r.Findings)
	}
	in.Cases[i].Clocks.Due = storytest.Berlin(9, 13, 17, 0)
	if r := reconcile(t, in); !r.Complete {
		t.Errorf("it was due long before the period: %q", r.Findings)
	}
}

func TestACaseOfAnotherSourceIsTold(t *testing.T) {
	in := input(t)
	in.Leavers[0].Source = "contractors"
	got := row(t, reconcile(t, in), in.Leavers[0].Person)
	if got.State != population.Matched || !strings.Contains(got.Explained, "the case came from people") {
		t.Errorf("two sources may mean two people by one key: %+v", got)
	}
}

func TestAPeriodThatIsNotOverIsNotComplete(t *testing.T) {
	in := input(t)
	in.Made = storytest.Berlin(11, 28, 9, 0)
	if r := reconcile(t, in); r.Complete || !strings.Contains(strings.Join(r.Findings, "\n"), "the period ends on 2026-11-30") {
		t.Errorf("got %q", r.Findings)
	}
	in.Made = storytest.Berlin(11, 30, 9, 0)
	if r := reconcile(t, in); !r.Complete {
		t.Errorf("on its last day it is told as it stands: %q", r.Findings)
	}
}

func TestTheDigestOfAListSeesEveryRowAndNoOrder(t *testing.T) {
	in := input(t)
	first := reconcile(t, in).Lists
	slices.Reverse(in.Leavers)
	slices.Reverse(in.Cases)
	if again := reconcile(t, in).Lists; first[0].SHA256 != again[0].SHA256 || first[1].SHA256 != again[1].SHA256 || first[0].Rows != 17 {
		t.Errorf("got %+v and %+v", first, again)
	}
	in.Leavers[3].WorkerType = "intern"
	if other := reconcile(t, in).Lists; first[0].SHA256 == other[0].SHA256 {
		t.Error("another row has the same digest")
	}
}

func TestListsThatContradictThemselvesAreRefused(t *testing.T) {
	in := input(t)
	twice := in.Leavers[0]
	in.Leavers = append(in.Leavers, twice)
	if r := reconcile(t, in); len(r.Rows) != 18 {
		t.Errorf("the same row twice is one: %d", len(r.Rows))
	}
	twice.LastDay = november(19)
	in.Leavers = append(in.Leavers, twice)
	if _, err := population.Reconcile(in); lastday.CodeOf(err) != lastday.CodeInvalid {
		t.Errorf("got %v", err)
	}
	if _, err := population.Reconcile(population.Input{From: november(2), To: november(1)}); lastday.CodeOf(err) != lastday.CodeInvalid {
		t.Errorf("got %v", err)
	}
}

func TestThePeriodIsByLastDayAndInclusive(t *testing.T) {
	in := input(t)
	in.From, in.To = november(13), november(18)
	r := reconcile(t, in)
	if len(r.Rows) != 2 || r.Rows[0].Case != "c-latehr" || r.Rows[1].Case != "c-deaf" {
		t.Errorf("got %+v", r.Rows)
	}
}

func TestOfTwoCasesOfAPersonTheLastDayDecides(t *testing.T) {
	in := input(t)
	i := slices.IndexFunc(in.Cases, func(c story.Case) bool { return c.ID == "c-latehr" })
	second := in.Cases[i]
	second.ID, second.Separation.Engagement.ID, second.Separation.LastDay = "c-other", "e-2", november(25)
	in.Cases = append([]story.Case{second}, in.Cases...)
	in.Leavers = slices.DeleteFunc(in.Leavers, func(l population.Leaver) bool { return l.Person == "p-late" })
	for _, day := range []int{13, 25} { // HR's list has no engagements
		in.Leavers = append(in.Leavers, population.Leaver{Person: "p-late", Source: "people", LastDay: november(day)})
	}
	r := reconcile(t, in)
	for _, row := range r.Rows {
		if row.Person == "p-late" && (row.State != population.Matched || row.LastDay != row.CaseDay) {
			t.Errorf("got %+v", row)
		}
	}
	if !r.Complete {
		t.Errorf("got %q", r.Findings)
	}
}

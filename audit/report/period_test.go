package report_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"lastday"
	"lastday/audit/population"
	"lastday/audit/report"
	"lastday/audit/stats"
	"lastday/audit/story"
	"lastday/audit/story/storytest"
)

func november(t *testing.T, keep func(story.Case) bool) report.PeriodIn {
	t.Helper()
	all, err := story.All(storytest.Records(), story.Options{})
	if err != nil {
		t.Fatal(err)
	}
	in := report.PeriodIn{From: storytest.Berlin(11, 1, 0, 0), To: storytest.Berlin(12, 1, 0, 0), Zone: "Europe/Berlin"}
	for _, c := range stats.Period(all, in.From, in.To) {
		if keep == nil || keep(c) {
			in.Cases = append(in.Cases, c)
		}
	}
	return in
}

// compared adds a population in which every case has its leaver.
func compared(t *testing.T, in report.PeriodIn, change func(*population.Input)) report.PeriodIn {
	t.Helper()
	p := population.Input{From: lastday.Date{Year: 2026, Month: 11, Day: 1}, To: lastday.Date{Year: 2026, Month: 11, Day: 30}, Cases: in.Cases}
	for _, c := range in.Cases {
		if !c.Separation.Rescinded {
			p.Leavers = append(p.Leavers, population.Leaver{Person: c.Person, Engagement: "e-1", Source: "people", LastDay: c.Separation.LastDay})
		}
	}
	for _, name := range []string{"leavers", "cases", "enabled"} {
		p.Lists = append(p.Lists, population.List{Name: name, Source: "people", Query: "all of November", Whole: true})
	}
	if change != nil {
		change(&p)
	}
	r, err := population.Reconcile(p)
	if err != nil {
		t.Fatal(err)
	}
	in.Population = &r
	return in
}

func periodPage(t *testing.T, in report.PeriodIn) string {
	t.Helper()
	var out bytes.Buffer
	if err := report.Period(&out, in, proofs()); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func clean(c story.Case) bool { return strings.HasPrefix(c.ID, "c-clean") }

// only holds one case, as it stood a minute after its last record.
func only(t *testing.T, told *storytest.Teller) report.PeriodIn {
	t.Helper()
	in := november(t, nil)
	c, err := story.Of(told.Records(), story.Options{})
	if err != nil {
		t.Fatal(err)
	}
	in.Cases = []story.Case{c}
	return in
}

// leaving leaves something of one case that nobody answered for.
func leaving(in report.PeriodIn) report.PeriodIn {
	in.Cases[0].Residue = []story.Residue{{Residue: lastday.Residue{System: "mail", Kind: "session", What: "an open session"}}}
	return in
}

// elsewhere moves the case that is not shown out of the page, as if its cut had
// been due after midnight of who reads it: the comparison still has it.
func elsewhere(in report.PeriodIn) report.PeriodIn {
	in.Cases = slices.DeleteFunc(in.Cases, func(c story.Case) bool { return c.ID == "c-deaf" })
	return in
}

// late makes the promise of one case missed.
func late(in report.PeriodIn) report.PeriodIn {
	in.Cases[0].SLA.State = story.SLAMissed
	return in
}

func TestAPeriodIsAsGoodAsItsWorst(t *testing.T) {
	noDeaf := func(c story.Case) bool { return clean(c) || c.ID == "c-q7m2k4xj5yb3n6ta" }
	cases := map[string]struct {
		in   report.PeriodIn
		tone string
		says string
	}{
		"all proven":           {compared(t, november(t, clean), nil), "verdict good", "complete and proven"},
		"people's word":        {compared(t, november(t, noDeaf), nil), "verdict word", "3 exceptions on people"},
		"a missed one":         {compared(t, november(t, nil), nil), "verdict bad", "1 promise missed"},
		"late, and proven":     {compared(t, late(november(t, clean)), nil), "verdict bad", "1 promise missed"},
		"not compared":         {november(t, clean), "verdict calm", "whether the list is complete is not known"},
		"one is held":          {compared(t, only(t, storytest.HeldCase()), nil), "verdict calm", "not over yet"},
		"one is under way":     {compared(t, only(t, storytest.OpenCase()), nil), "verdict calm", "not over yet"},
		"something is left":    {compared(t, leaving(november(t, clean)), nil), "verdict calm", "waits for a person: 1"},
		"due on the day after": {elsewhere(compared(t, november(t, func(c story.Case) bool { return clean(c) || c.ID == "c-deaf" }), nil)), "verdict bad", "1 leaver of the list"},
		"another period":       {compared(t, november(t, clean), func(p *population.Input) { p.From.Month = 10 }), "verdict bad", "of another period"},
		"somebody is missing": {compared(t, november(t, clean), func(p *population.Input) {
			p.Leavers = append(p.Leavers, population.Leaver{Person: "p-new", Source: "people", LastDay: lastday.Date{Year: 2026, Month: 11, Day: 9}})
		}), "verdict bad", "p-new left on 2026-11-09 by people, and has no case"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			html := periodPage(t, c.in)
			if !strings.Contains(html, c.tone) {
				t.Errorf("the tone is not %s", c.tone)
			}
			must(t, html, c.says)
		})
	}
}

func TestThePageOfAPeriodTellsAllOfIt(t *testing.T) {
	html := periodPage(t, compared(t, november(t, nil), nil))
	must(t, html, "1 Nov 2026 to 30 Nov 2026", "Noor Haddad", "late HR", "p-deaf", "due → verified 13", "Actions secret DEPLOY_TOKEN", "all of November", "CC6.2")
	if n := strings.Count(html, `<g class="p-`); n != 16 {
		t.Errorf("16 cases were due and not taken back: %d marks", n)
	}
}

func TestAPeriodWithoutCasesHasAPage(t *testing.T) {
	html := periodPage(t, report.PeriodIn{From: storytest.Berlin(11, 1, 0, 0), To: storytest.Berlin(12, 1, 0, 0)})
	must(t, html, "No case was due in the period.", "Not compared.")
	if strings.Contains(html, "NaN") || strings.Contains(html, "Inf") {
		t.Error("a number that is none")
	}
}

func TestNamesCannotTakeOverThePageOfAPeriod(t *testing.T) {
	in := compared(t, november(t, clean), func(p *population.Input) {
		p.Leavers = append(p.Leavers, population.Leaver{Person: "<script>", Engagement: `"><img src=x>`, Source: "</style>", LastDay: lastday.Date{Year: 2026, Month: 11, Day: 9}})
		p.Lists[0].Query = "<script>alert(1)</script>"
	})
	in.Cases[0].Subject.Name = "</title><script>"
	in.Cases[0].Clocks.Verified = in.Cases[0].Clocks.Due.Add(-time.Hour)
	html := periodPage(t, in)
	if strings.Contains(html, "<script") || strings.Contains(html, "<img") || strings.Count(html, "</style>") != 1 {
		t.Error("a name came through")
	}
	must(t, html, "−1 h 0 min")
}

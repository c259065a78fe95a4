package report

import (
	"cmp"
	_ "embed" // the page's template
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"lastday"
	"lastday/audit/population"
	"lastday/audit/stats"
	"lastday/audit/story"
)

//go:embed period.html
var periodPage string

// PeriodIn is what the page of a period is made of.
type PeriodIn struct {
	From time.Time
	To   time.Time
	// Zone is the zone of who reads it. From is part of the period, To is not.
	Zone string
	// Cases are those of the period: stats.Period picks them.
	Cases []story.Case
	// Population is the comparison with HR and with the systems; nil if there is
	// none: then the page says that nobody knows whether it is complete.
	Population *population.Result
}

// Period writes the page of a period.
func Period(w io.Writer, in PeriodIn, p Proofs) error {
	return render(w, "period", periodPage, periodView(in, p))
}

// periodData is what the page of a period is filled with.
type periodData struct {
	page
	Lead       string
	Tone       string
	Word       string
	Sentence   string
	Stats      stats.Stats
	Measures   []measure
	Cases      []caseRow
	Systems    []systemRow
	Plot       plot
	Shares     []bar
	Except     []exceptionLine
	Residue    []residueLine
	Population *population.Result
	PopRows    []population.Row
	Lists      []listRow
	Controls   []control
}

type measure struct {
	Name, P50, P95, P99, Max, Meaning string
	N                                 int
}

type caseRow struct {
	ID, Name, Verdict, Tone, LastDay, SLA, SLATone string
	Due, Verified                                  stamp
	Notice, Late                                   string
	Accesses, Observed, Words, Left                int
	LateHR                                         bool
}

type systemRow struct {
	stats.System
	P50, P95, P99 string
	Bars          []bar
}

// bar is a share drawn as a part of a line.
type bar struct {
	X, Width float64
	Class    string
	Name     string
	N        int
	Percent  string
}

type exceptionLine struct {
	Case, Name string
	exceptionRow
}

type residueLine struct {
	Case, Name string
	residueRow
}

type listRow struct {
	population.List
	At stamp
}

func periodView(in PeriodIn, p Proofs) periodData {
	k := newClock(in.Zone)
	last := in.To.Add(-time.Nanosecond) // the end is not part of it
	period := in.From.In(k.zone).Format("2 Jan 2006") + " to " + last.In(k.zone).Format("2 Jan 2006")
	d := periodData{
		page: newPage("Offboarding, "+period, period, p, k), Lead: period, Stats: stats.Of(in.Cases), Population: in.Population,
		Controls: controls(tallyOf(in.Cases)),
	}
	d.Tone, d.Word, d.Sentence = periodVerdict(d.Stats, in.Population)
	d.compare(in, k)
	d.Stand = periodFigures(d.Stats)
	d.Measures = measures(d.Stats)
	d.Shares = bars(d.Stats.Shares)
	d.Plot = plotOf(in.Cases)
	for _, c := range in.Cases {
		d.Cases = append(d.Cases, caseOf(c, k))
		d.words(c, k)
	}
	for _, s := range d.Stats.Systems {
		d.Systems = append(d.Systems, systemRow{System: s, P50: quantile(s.Cut, s.Cut.P50), P95: quantile(s.Cut, s.Cut.P95), P99: quantile(s.Cut, s.Cut.P99), Bars: bars(s.Shares)})
	}
	if in.Population != nil {
		d.population(*in.Population, k)
	}
	return d
}

// compare says what of the comparison speaks against the page: it may be of
// another period, or hold cases that the page does not.
func (d *periodData) compare(in PeriodIn, k clock) {
	r := in.Population
	if r == nil {
		return
	}
	if r.From != lastday.DateOf(in.From.In(k.zone)) || r.To != lastday.DateOf(in.To.Add(-time.Nanosecond).In(k.zone)) {
		d.Tone, d.Word = "bad", "population of another period"
		d.Sentence = fmt.Sprintf("The comparison is of %s to %s: whether the list of this period is complete is not known.", r.From, r.To)
		return
	}
	if n := beyond(in); n > 0 && d.Tone != "bad" {
		d.Tone, d.Word = "bad", "not all shown, or not in time"
		d.Sentence = fmt.Sprintf("%s of the list, whose cut was due in another period, not shown or not in time.", plural(n, "leaver"))
	}
}

// beyond counts the leavers whose cut was due in another period, as it can be
// where zones differ, and is not shown, or not in time.
func beyond(in PeriodIn) int {
	n, here := 0, map[string]bool{}
	for i := range in.Cases {
		here[in.Cases[i].ID] = true
	}
	for _, row := range in.Population.Rows {
		open := slices.Contains([]story.Word{story.NotShown, story.Overdue, story.HeldBack, story.Under}, row.Verdict)
		if !here[row.Case] && (open || row.SLA == story.SLAMissed) {
			n++
		}
	}
	return n
}

func (d *periodData) words(c story.Case, k clock) {
	for _, e := range c.Exceptions {
		d.Except = append(d.Except, exceptionLine{c.ID, c.Name(), exceptionOf(e, k)})
	}
	for _, r := range c.Residue {
		if r.Open(c.AsOf) {
			d.Residue = append(d.Residue, residueLine{c.ID, c.Name(), residueOf(r, c, k)})
		}
	}
}

func (d *periodData) population(r population.Result, k clock) {
	for _, row := range r.Rows {
		if row.State != population.Matched {
			d.PopRows = append(d.PopRows, row)
		}
	}
	for _, l := range r.Lists {
		d.Lists = append(d.Lists, listRow{l, k.stamp(l.ReadAt)})
	}
}

// running counts the cases of which nobody can say yet whether all is gone.
func running(s stats.Stats) int {
	return s.Verdicts[story.HeldBack] + s.Verdicts[story.Under]
}

// periodVerdict judges by the worst: an unknown population is no good news.
func periodVerdict(s stats.Stats, r *population.Result) (toneName, word, sentence string) {
	trouble := fmt.Sprintf("%s missed; %s in which the cut was due, is not shown and nobody answered for.", plural(s.Missed, "promise"), plural(max(s.Unverified-s.Answered, 0), "case"))
	switch {
	case r != nil && !r.Complete:
		return "bad", "population not complete", plural(len(r.Findings), "finding") + " about the population. " + trouble
	case s.Missed > 0 || s.Verdicts[story.NotShown] > 0 || s.Verdicts[story.Overdue] > 0:
		return "bad", "not all shown, or not in time", trouble
	case r == nil:
		return "calm", "cases alone", "Nobody compared these cases with HR's list and with the accounts still enabled: whether the list is complete is not known."
	case running(s) > 0:
		return "calm", "complete, and not over yet", fmt.Sprintf("Every leaver has a case; not cut yet, or held: %s. Nothing shows that this access is gone.", plural(running(s), "case"))
	case s.Residue > 0:
		return "calm", "complete, and something is left", fmt.Sprintf("Every leaver has a case; what is left and waits for a person: %d.", s.Residue)
	case s.Answered > 0 || s.Exceptions > 0:
		return "word", "complete, part of it answered for", fmt.Sprintf("Every leaver has a case; %s on people's word.", plural(s.Exceptions, "exception"))
	}
	return "good", "complete and proven", "Every leaver has a case, and every access was read back gone in time."
}

func periodFigures(s stats.Stats) []figure {
	return []figure{
		{fmt.Sprint(s.Cases), "cases", ""},
		{fmt.Sprint(s.Met), "in time, read back", "p-observed"},
		{fmt.Sprint(s.Answered), "in time, on people's word", mark(s.Answered, "p-attested")},
		{fmt.Sprint(s.Missed), "missed", mark(s.Missed, "p-none")},
		{fmt.Sprint(s.LateHR), "late HR", mark(s.LateHR, "p-acknowledged")},
		{fmt.Sprint(s.Resurrected), "came back", mark(s.Resurrected, "p-none")},
		{fmt.Sprint(s.Residue), "residue open", mark(s.Residue, "p-none")},
	}
}

func measures(s stats.Stats) []measure {
	one := func(name, meaning string, t stats.Times) measure {
		return measure{Name: name, Meaning: meaning, N: t.N, P50: quantile(t, t.P50), P95: quantile(t, t.P95), P99: quantile(t, t.P99), Max: quantile(t, t.Max)}
	}
	return []measure{
		one("due and told → verified", "ours: from the later of due and told until the last system was read back empty", s.Cut),
		one("due → verified", "all: HR's lateness included", s.Late),
		one("told → due", "the notice that was given; negative is late HR", s.Notice),
	}
}

func quantile(t stats.Times, d time.Duration) string {
	if t.N == 0 {
		return "—"
	}
	return span(d)
}

// bars draws shares one after the other on a line of 100.
func bars(s stats.Shares) []bar {
	var all []bar
	x := 0.0
	for _, g := range []struct {
		name, class string
		n           int
	}{
		{"observed", "p-observed", s.Observed},
		{"acknowledged", "p-acknowledged", s.Acknowledged},
		{"attested", "p-attested", s.Attested},
		{"waived", "p-waived", s.Waived},
		{"not shown", "p-none", s.NotShown},
	} {
		percent, known := stats.Share(g.n, s.Accesses)
		if !known || g.n == 0 {
			continue
		}
		all = append(all, bar{X: x, Width: percent, Class: g.class, Name: g.name, N: g.n, Percent: fmt.Sprintf("%.1f%%", percent)})
		x += percent
	}
	return all
}

func caseOf(c story.Case, k clock) caseRow {
	r := caseRow{
		ID: c.ID, Name: c.Name(), Verdict: string(c.Verdict.Word), Tone: tone(c.Verdict.Word), LastDay: c.Separation.LastDay.String(), SLA: string(c.SLA.State),
		SLATone: slaTone(c.SLA), Due: k.stamp(c.Clocks.Due), Verified: k.stamp(c.Clocks.Verified), Accesses: c.Total(), Observed: c.Accesses(story.Gone, story.Powerless),
		Words: len(c.Exceptions), LateHR: c.SLA.LateHR,
	}
	for _, x := range c.Residue {
		if x.Open(c.AsOf) {
			r.Left++
		}
	}
	distances := c.Clocks.Distances()
	if distances[1].Known {
		r.Notice = span(distances[1].Span())
	}
	if distances[3].Known {
		r.Late = signed(distances[3].Span())
	}
	return r
}

// plot shows for each case how long after due it was verified, on a scale of
// magnitudes.
type plot struct {
	Width, Height, Base float64
	Ticks               []tick
	Dots                []dot
	Allowed             float64
}

type tick struct {
	X    float64
	Name string
}

const (
	plotWidth = 1000.0
	plotLeft  = 40.0
	plotRow   = 12.0
	plotMost  = 9
)

// plotX maps a time after due to a place: early ones stand at the left edge, and
// each further power of ten seconds takes the same room, up to about a month.
func plotX(d time.Duration) float64 {
	seconds := max(d.Seconds(), 1)
	share := math.Log10(seconds) / math.Log10(30*24*3600)
	return plotLeft + min(share, 1)*(plotWidth-2*plotLeft)
}

func plotOf(cases []story.Case) plot {
	p := plot{Width: plotWidth}
	for _, t := range []struct {
		d    time.Duration
		name string
	}{{time.Second, "due"}, {10 * time.Second, "10 s"}, {time.Minute, "1 min"}, {10 * time.Minute, "10 min"}, {time.Hour, "1 h"}, {6 * time.Hour, "6 h"}, {24 * time.Hour, "1 d"}, {7 * 24 * time.Hour, "7 d"}, {30 * 24 * time.Hour, "30 d"}} {
		p.Ticks = append(p.Ticks, tick{plotX(t.d), t.name})
	}
	rows := map[int]int{}
	most := 1
	for _, c := range sorted(cases) {
		end, g := c.Clocks.Verified, gradeOf(3)
		g.Class, g.Shape = "p-observed", "s-observed"
		switch {
		case c.Clocks.Due.IsZero() || c.Separation.Rescinded:
			continue
		case end.IsZero() && c.SLA.State == story.SLAAnswered:
			end, g.Class, g.Shape = c.SLA.From.Add(c.SLA.Taken), "p-attested", "s-attested"
		case end.IsZero() && c.AsOf.Before(c.Clocks.Due):
			continue
		case end.IsZero():
			end, g.Class, g.Shape = c.AsOf, "p-none", "s-none"
		}
		late := end.Sub(c.Clocks.Due)
		x := plotX(late)
		column := int(x / 13)
		row := min(rows[column], plotMost)
		rows[column]++
		most = max(most, row+1)
		p.Dots = append(p.Dots, dot{X: x, Y: -plotRow * (float64(row) + 0.7), Shape: g.Shape, Class: g.Class, Title: c.Name() + " · " + signed(late) + " · " + string(c.Verdict.Word)})
		if len(p.Dots) == 1 || c.SLA.Allowed > 0 {
			p.Allowed = plotX(c.SLA.Allowed)
		}
	}
	p.Base = plotRow*float64(most) + 20
	p.Height = p.Base + 22
	return p
}

func sorted(cases []story.Case) []story.Case {
	all := slices.Clone(cases)
	slices.SortStableFunc(all, func(a, b story.Case) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

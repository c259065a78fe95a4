// Package stats says how good we are, in numbers whose meaning stands beside
// them. It counts what the fold of the records says; nothing is estimated, and
// what is not known is left out and counted as such.
package stats

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"time"

	"lastday"
	"lastday/audit/story"
)

// Stats are the numbers of some cases.
type Stats struct {
	// Cases counts the cases, Closed those of them that are closed. Cases that were
	// rescinded are in Cases and Closed and in nothing below but Verdicts.
	Cases  int `json:"cases"`
	Closed int `json:"closed"`
	// Verdicts counts the cases by the verdict about them.
	Verdicts map[story.Word]int `json:"verdicts"`
	// Cut is the time from the later of due and told until the last system was read
	// back empty, over cases whose every system was.
	Cut Times `json:"cut"`
	// Late is the time from due until then, whoever is to blame: it holds HR's
	// lateness too.
	Late Times `json:"late"`
	// Unverified counts cases whose cut was due and is not shown in all systems.
	Unverified int `json:"unverified"`
	// Met, Missed and Answered count the promises that were kept, were not, and were
	// kept on people's word.
	Met      int `json:"met"`
	Missed   int `json:"missed"`
	Answered int `json:"answered"`
	// LateHR counts cases that were told after the cut was due, Notice is the time
	// from told to due; negative is late.
	LateHR int    `json:"lateHr"`
	Notice Times  `json:"notice"`
	Shares Shares `json:"shares"`
	// Residue counts what is left and needs a person, at the time of the story.
	Residue int `json:"residue"`
	// Resurrected counts accesses that came back after they were gone.
	Resurrected int `json:"resurrected"`
	// Exceptions counts decisions to waive or attest; Alone those of them that
	// nobody else approved, TooLate those after the deadline.
	Exceptions int `json:"exceptions"`
	Alone      int `json:"alone"`
	TooLate    int `json:"tooLate"`
	// Calls counts requests to far sides, of the cases that counted them, and
	// CallsPerLeaver is their mean over those cases.
	Calls          int      `json:"calls"`
	CallsPerLeaver float64  `json:"callsPerLeaver"`
	Systems        []System `json:"systems,omitempty"`
}

// System are the numbers of one system over all cases.
type System struct {
	Name string `json:"name"`
	// Cases counts the cases in which it was read or named.
	Cases int `json:"cases"`
	// Cut is the time from the later of due and told until this system was read
	// back empty; Unverified counts the cases whose cut was due in which it was not.
	Cut         Times  `json:"cut"`
	Unverified  int    `json:"unverified"`
	Shares      Shares `json:"shares"`
	Residue     int    `json:"residue"`
	Resurrected int    `json:"resurrected"`
	Calls       int    `json:"calls"`
}

// Shares counts accesses by how it is shown that they are gone. Accesses of
// cases whose cut is not due are not counted.
type Shares struct {
	Accesses     int `json:"accesses"`
	Observed     int `json:"observed"`
	Acknowledged int `json:"acknowledged"`
	Attested     int `json:"attested"`
	Waived       int `json:"waived"`
	// NotShown is the rest: seen still, or not seen since.
	NotShown int `json:"notShown"`
}

// Times are durations of which there are N. The quantiles are nearest-rank: the
// smallest value that at least that share of the values does not exceed. They
// are zero where N is.
type Times struct {
	N   int           `json:"n"`
	P50 time.Duration `json:"p50"`
	P95 time.Duration `json:"p95"`
	P99 time.Duration `json:"p99"`
	Max time.Duration `json:"max"`
}

// Of counts cases.
func Of(cases []story.Case) Stats {
	c := counter{s: Stats{Verdicts: map[story.Word]int{}}, systems: map[string]*systemCount{}}
	for _, each := range cases {
		c.take(each)
	}
	return c.end()
}

type counter struct {
	s                 Stats
	cut, late, notice []time.Duration
	counted           int
	systems           map[string]*systemCount
}

type systemCount struct {
	System
	cut []time.Duration
}

func (n *counter) take(c story.Case) {
	n.s.Cases++
	n.s.Verdicts[c.Verdict.Word]++
	if c.Closed != nil {
		n.s.Closed++
	}
	if c.Separation.Rescinded || c.Verdict.Word == story.Rescinded {
		return
	}
	n.times(c)
	n.promises(c)
	for _, s := range c.Systems {
		n.system(c, s)
	}
	n.words(c)
}

// due says whether the cut of the case was due at the time of its story.
func due(c story.Case) bool {
	return c.Closed != nil || (!c.Clocks.Due.IsZero() && c.AsOf.After(c.Clocks.Due))
}

func (n *counter) times(c story.Case) {
	k := c.Clocks
	if !k.Told.IsZero() && !k.Due.IsZero() {
		n.notice = append(n.notice, k.Due.Sub(k.Told))
	}
	if c.SLA.LateHR {
		n.s.LateHR++
	}
	switch {
	case k.Verified.IsZero() && due(c):
		n.s.Unverified++
	case !k.Verified.IsZero() && !k.Due.IsZero():
		n.cut = append(n.cut, k.Verified.Sub(c.SLA.From))
		n.late = append(n.late, k.Verified.Sub(k.Due))
	}
}

func (n *counter) promises(c story.Case) {
	switch c.SLA.State {
	case story.SLAMet:
		n.s.Met++
	case story.SLAMissed:
		n.s.Missed++
	case story.SLAAnswered:
		n.s.Answered++
	case story.SLARunning, story.SLANone:
	}
}

func (n *counter) system(c story.Case, s story.System) {
	t, ok := n.systems[s.Name]
	if !ok {
		t = &systemCount{System: System{Name: s.Name}}
		n.systems[s.Name] = t
	}
	t.Cases++
	t.Calls += s.Calls
	t.Resurrected += s.Resurrected
	n.s.Resurrected += s.Resurrected
	if !due(c) {
		return
	}
	for _, a := range s.Accesses {
		t.Shares.take(a)
		n.s.Shares.take(a)
	}
	if s.Cut == nil {
		t.Unverified++
		return
	}
	t.cut = append(t.cut, s.Cut.At.Sub(c.SLA.From))
}

func (s *Shares) take(a story.Access) {
	s.Accesses++
	switch {
	case a.Standing == story.Gone || a.Standing == story.Powerless:
		s.Observed++
	case a.Standing == story.Said:
		s.Acknowledged++
	case a.Standing == story.Attested:
		s.Attested++
	case a.Standing == story.Waived:
		s.Waived++
	default:
		s.NotShown++
	}
}

// words counts what rests on people's words, what is left and what it cost.
func (n *counter) words(c story.Case) {
	for _, e := range c.Exceptions {
		n.s.Exceptions++
		if !e.FourEyes() {
			n.s.Alone++
		}
		if early, known := e.BeforeDue(); known && !early {
			n.s.TooLate++
		}
	}
	for _, r := range c.Residue {
		if !r.Open(c.AsOf) {
			continue
		}
		n.s.Residue++
		if t, ok := n.systems[r.System]; ok {
			t.Residue++
		}
	}
	calls := 0
	for _, s := range c.Systems {
		calls += s.Calls
	}
	if calls > 0 {
		n.s.Calls += calls
		n.counted++
	}
}

func (n *counter) end() Stats {
	n.s.Cut, n.s.Late, n.s.Notice = timesOf(n.cut), timesOf(n.late), timesOf(n.notice)
	if n.counted > 0 {
		n.s.CallsPerLeaver = math.Round(10*float64(n.s.Calls)/float64(n.counted)) / 10
	}
	for _, name := range slices.Sorted(maps.Keys(n.systems)) {
		t := n.systems[name]
		t.Cut = timesOf(t.cut)
		n.s.Systems = append(n.s.Systems, t.System)
	}
	return n.s
}

func timesOf(all []time.Duration) Times {
	if len(all) == 0 {
		return Times{}
	}
	slices.Sort(all)
	return Times{N: len(all), P50: rank(all, 50), P95: rank(all, 95), P99: rank(all, 99), Max: all[len(all)-1]}
}

// rank is the nearest-rank quantile of sorted values.
func rank(sorted []time.Duration, percent int) time.Duration {
	i := (len(sorted)*percent + 99) / 100
	return sorted[max(i, 1)-1]
}

// Period keeps the cases that belong to a period: those whose cut was due in
// it, from its beginning and before its end; and those without a due time that
// were told in it. Late cases belong to the period in which they were due.
func Period(cases []story.Case, from, to time.Time) []story.Case {
	var in []story.Case
	for _, c := range cases {
		at := c.Clocks.Due
		if at.IsZero() {
			at = c.Clocks.Told
		}
		if !at.Before(from) && at.Before(to) {
			in = append(in, c)
		}
	}
	slices.SortStableFunc(in, func(a, b story.Case) int {
		return cmp.Or(a.Clocks.Due.Compare(b.Clocks.Due), cmp.Compare(a.ID, b.ID))
	})
	return in
}

// Share is n of all in percent; a share of nothing is not known.
func Share(n, all int) (percent float64, known bool) {
	if all == 0 {
		return 0, false
	}
	return 100 * float64(n) / float64(all), true
}

// grades is the order in which proofs are told.
func (s Shares) grades() []struct {
	Name lastday.Proof
	N    int
} {
	return []struct {
		Name lastday.Proof
		N    int
	}{
		{lastday.ProofObserved, s.Observed}, {lastday.ProofAcknowledged, s.Acknowledged}, {lastday.ProofAttested, s.Attested}, {lastday.ProofWaived, s.Waived}, {lastday.ProofNone, s.NotShown},
	}
}

// Month are the numbers of the cases that were due in one calendar month.
type Month struct {
	// Name is YYYY-MM.
	Name  string `json:"month"`
	Stats Stats  `json:"stats"`
}

// Months counts cases by the calendar month, in a zone, in which their cut was
// due, or in which they were told where there is no due time. A month without
// cases is left out.
func Months(cases []story.Case, zone *time.Location) []Month {
	by := map[string][]story.Case{}
	for _, c := range cases {
		at := c.Clocks.Due
		if at.IsZero() {
			at = c.Clocks.Told
		}
		name := at.In(zone).Format("2006-01")
		by[name] = append(by[name], c)
	}
	var all []Month
	for _, name := range slices.Sorted(maps.Keys(by)) {
		all = append(all, Month{Name: name, Stats: Of(by[name])})
	}
	return all
}

package report

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"lastday/audit/story"
)

// The measures of the picture of the clocks.
const (
	clockWidth = 1000.0
	clockLeft  = 70.0
	clockLine  = 46.0
	clockStep  = 26.0
)

// dial is the picture of the clocks and their distances.
type dial struct {
	Width, Height, Line float64
	Left, Right         float64
	Marks               []clockMark
	Bars                []clockBar
	Missing             []string
}

type clockMark struct {
	X    float64
	Name string
	UTC  string
}

type clockBar struct {
	X1, X2, Y, Text float64
	Anchor          string
	Name            string
	Span            string
	Class           string
	Meaning         string
}

type hand struct {
	name string
	at   time.Time
}

// drawClocks puts the clocks in the order in which they came, evenly: what
// counts are the distances, and those are written.
func drawClocks(c story.Case, k clock) dial {
	d := dial{Width: clockWidth, Line: clockLine, Left: clockLeft, Right: clockWidth - clockLeft}
	var known []hand
	for _, h := range []hand{
		{"HR entered", c.Clocks.Entered},
		{"told", c.Clocks.Told},
		{"first reduced", c.Clocks.FirstReduced},
		{"due", c.Clocks.Due},
		{"done", c.Clocks.Done},
		{"verified", c.Clocks.Verified},
	} {
		if h.at.IsZero() {
			d.Missing = append(d.Missing, h.name)
			continue
		}
		known = append(known, h)
	}
	slices.SortStableFunc(known, func(a, b hand) int { return cmp.Or(a.at.Compare(b.at), 0) })
	place := map[time.Time]float64{}
	for i, h := range known {
		x := clockLeft + float64(i)*(clockWidth-2*clockLeft)/float64(max(len(known)-1, 1))
		place[h.at] = x
		d.Marks = append(d.Marks, clockMark{X: x, Name: h.name, UTC: strings.TrimSuffix(k.stamp(h.at).UTC, "Z")})
	}
	for _, distance := range c.Clocks.Distances() {
		d.bar(c, distance, place)
	}
	d.Height = clockLine + 24 + clockStep*float64(max(len(d.Bars), 1))
	return d
}

func (d *dial) bar(c story.Case, distance story.Distance, place map[time.Time]float64) {
	if !distance.Known {
		return
	}
	from, to := place[distance.From], place[distance.To]
	b := clockBar{
		X1: min(from, to), X2: max(from, to), Y: clockLine + 26 + clockStep*float64(len(d.Bars)), Name: distance.Name, Span: signed(distance.Span()),
		Meaning: distance.Meaning, Class: "bar", Anchor: "middle",
	}
	b.Text = (b.X1 + b.X2) / 2
	if distance.From.Equal(c.Clocks.Told) && distance.Span() < 0 {
		b.Class = "bar bar-bad"
	}
	if distance.From.Equal(c.Clocks.Due) && distance.To.Equal(c.Clocks.Verified) {
		b.Class = "bar bar-" + slaTone(c.SLA)
	}
	d.Bars = append(d.Bars, b)
}

func slaTone(s story.SLA) string {
	switch s.State {
	case story.SLAMet:
		return "good"
	case story.SLAMissed:
		return "bad"
	case story.SLAAnswered:
		return "word"
	case story.SLARunning, story.SLANone:
		return "calm"
	}
	return "calm"
}

package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"lastday"
	"lastday/audit/story"
)

// The measures of a staircase, in its own units.
const (
	stairWidth  = 1000.0
	stairLeft   = 64.0
	stairTop    = 54.0
	stairRise   = 19.0
	stairFoot   = 8.0
	stairHeight = stairTop + 4*stairRise + stairFoot + 6
)

// picture is the staircase of one system.
type picture struct {
	System  string
	Account string
	Says    string
	Height  float64
	Width   float64
	Left    float64
	Base    float64
	Top     float64
	Rungs   []rungLine
	Stages  []stageLine
	// Ceiling and Area are paths; Actual are pieces of the line of what was seen.
	Ceiling string
	Area    string
	Actual  []piece
	Dots    []dot
	// Returned are where access came back.
	Returned []dot
}

type rungLine struct {
	Y    float64
	Name string
}

type stageLine struct {
	X, TextY float64
	Anchor   string
	Name     string
	When     string
	Cut      bool
	Reached  bool
}

type piece struct {
	Path string
	// Sure says that the level was observed.
	Sure bool
}

type dot struct {
	X, Y  float64
	Shape string
	Class string
	Title string
}

// scale maps times to places. Time is not drawn to scale: hours around the cut
// would vanish beside weeks before it.
type scale struct {
	knots []time.Time
	at    []float64
}

func newScale(c story.Case) scale {
	var all []time.Time
	add := func(t time.Time) {
		if !t.IsZero() {
			all = append(all, t)
		}
	}
	for _, s := range c.Stages {
		add(s.Moment.Instant)
	}
	add(c.Clocks.Told)
	for _, s := range c.Systems {
		if len(s.Points) > 0 {
			add(s.Points[0].At)
			add(s.Points[len(s.Points)-1].At)
		}
	}
	slices.SortFunc(all, time.Time.Compare)
	s := scale{}
	for _, t := range all {
		if n := len(s.knots); n == 0 || t.Sub(s.knots[n-1]) > 20*time.Minute {
			s.knots = append(s.knots, t)
		}
	}
	s.place()
	return s
}

// place gives each stretch between two knots the root of its length, and at
// least room for a label.
func (s *scale) place() {
	sum, weights := 0.0, []float64{0}
	for i := 1; i < len(s.knots); i++ {
		sum += max(math.Sqrt(s.knots[i].Sub(s.knots[i-1]).Hours()), 3.2)
		weights = append(weights, sum)
	}
	for _, w := range weights {
		s.at = append(s.at, stairLeft+14+w/max(sum, 1)*(stairWidth-stairLeft-60))
	}
}

func (s scale) x(t time.Time) float64 {
	if len(s.knots) == 0 || !t.After(s.knots[0]) {
		return stairLeft + 14
	}
	for i := 1; i < len(s.knots); i++ {
		if !t.After(s.knots[i]) {
			share := float64(t.Sub(s.knots[i-1])) / float64(s.knots[i].Sub(s.knots[i-1]))
			return s.at[i-1] + share*(s.at[i]-s.at[i-1])
		}
	}
	return min(s.at[len(s.at)-1]+6, stairWidth-30)
}

func height(l lastday.Level) float64 { return stairTop + float64(lastday.LevelAdmin-l)*stairRise }

func pictures(c story.Case, k clock) []picture {
	sc := newScale(c)
	var all []picture
	for _, s := range c.Systems {
		all = append(all, draw(c, s, sc, k))
	}
	return all
}

func draw(c story.Case, s story.System, sc scale, k clock) picture {
	p := picture{
		System: s.Name, Account: cmp.Or(s.Account.Login, s.Account.ID), Width: stairWidth, Height: stairHeight, Left: stairLeft, Top: stairTop,
		Base: height(lastday.LevelNone), Says: says(s, k),
	}
	for _, l := range lastday.Levels() {
		p.Rungs = append(p.Rungs, rungLine{Y: height(l), Name: l.String()})
	}
	p.stages(c, sc, k)
	p.Ceiling = ceiling(c, sc)
	p.Area = strings.Replace(p.Ceiling, "M", fmt.Sprintf("M%.1f %.1f L", stairLeft, p.Top-10), 1) + fmt.Sprintf(" V%.1f Z", p.Top-10)
	p.Actual = actual(s, sc)
	p.dots(c, s, sc, k)
	return p
}

// says is the end of the story of a system in words.
func says(s story.System, k clock) string {
	switch {
	case len(s.Points) == 0:
		return "never read"
	case s.Resurrected > 0 && s.Cut != nil:
		return fmt.Sprintf("empty at the cut since %s; %s came back and was taken again", k.stamp(s.Cut.At).UTC, plural(s.Resurrected, "access"))
	case s.Cut != nil:
		return "read back empty at the cut: " + k.stamp(s.Cut.At).UTC
	case s.Blind != "":
		return s.Blind
	}
	last := s.Points[len(s.Points)-1]
	return "last seen at " + last.Level.String() + ": " + k.stamp(last.At).UTC
}

// stages puts each name on the first row where it runs into no other.
func (p *picture) stages(c story.Case, sc scale, k clock) {
	const letter, row, rows = 6.5, 13.0, 3
	var ends [rows]float64
	for _, s := range c.Stages {
		at := s.Moment.Instant
		line := stageLine{X: sc.x(at), Name: s.Name, When: at.In(k.zone).Format("2 Jan 15:04"), Cut: s.Cut, Reached: !s.Reached.IsZero(), Anchor: "middle"}
		left, wide := line.fit(letter)
		r := 0
		for r < rows-1 && ends[r] > left {
			r++
		}
		if ends[r] > left { // no room for the time: the table of stages has it
			line.When = ""
			left, wide = line.fit(letter)
			r = slices.Index(ends[:], slices.Min(ends[:]))
		}
		ends[r] = left + wide + 8
		line.TextY = 10 + row*float64(r)
		p.Stages = append(p.Stages, line)
	}
}

// fit says where the label begins and how wide it is.
func (l *stageLine) fit(letter float64) (left, wide float64) {
	wide = letter * float64(len(l.Name)+len(l.When)+1)
	if l.X+wide/2 > stairWidth {
		l.Anchor = "end"
		return l.X - wide, wide
	}
	return l.X - wide/2, wide
}

// ceiling is the highest level allowed, as a path of steps.
func ceiling(c story.Case, sc scale) string {
	path := fmt.Sprintf("M%.1f %.1f", stairLeft, height(lastday.LevelAdmin))
	for _, s := range c.Stages {
		path += fmt.Sprintf(" H%.1f V%.1f", sc.x(s.Moment.Instant), height(s.Ceiling))
	}
	return path + fmt.Sprintf(" H%.1f", stairWidth)
}

// actual is what was seen, from each look to the next. From a look that shows
// nothing on, the line is broken.
func actual(s story.System, sc scale) []piece {
	var all []piece
	for i := 0; i+1 < len(s.Points); i++ {
		from, to := s.Points[i], s.Points[i+1]
		path := fmt.Sprintf("M%.1f %.1f H%.1f V%.1f", sc.x(from.At), height(from.Level), sc.x(to.At), height(to.Level))
		sure := from.Proof == lastday.ProofObserved && to.Proof == lastday.ProofObserved
		all = append(all, piece{Path: path, Sure: sure})
	}
	return all
}

// dots marks the first look and every stage that was declared clean. Looks
// between them are in the line.
func (p *picture) dots(c story.Case, s story.System, sc scale, k clock) {
	gone := false
	for i, point := range s.Points {
		g := gradeOf(point.Proof)
		d := dot{X: sc.x(point.At), Y: height(point.Level), Shape: g.Shape, Class: g.Class}
		d.Title = fmt.Sprintf("%s · %s · %s · %s %s", k.stamp(point.At).UTC, cmp.Or(point.Stage, "first reading"), point.Level, g.Name, point.Why)
		if i == 0 || point.Verified || i == len(s.Points)-1 || point.Proof < lastday.ProofObserved {
			p.Dots = append(p.Dots, d)
		}
		if gone && point.Level > lastday.LevelNone && point.At.After(c.Clocks.Due) {
			d.Shape, d.Class = "s-back", "p-back"
			d.Title = "came back · " + d.Title
			p.Returned = append(p.Returned, d)
		}
		gone = point.Level == lastday.LevelNone && point.Proof == lastday.ProofObserved
	}
}

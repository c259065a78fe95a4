package report

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"lastday"
	"lastday/audit/story"
)

// clock writes times in UTC and on the person's wall.
type clock struct {
	zone *time.Location
	// name is the zone's, as it was announced; known says whether it could be loaded.
	name  string
	known bool
}

func newClock(zone string) clock {
	loc, err := time.LoadLocation(zone)
	if err != nil || zone == "" || zone == "Local" { // Local is this machine's
		return clock{zone: time.UTC, name: cmp.Or(zone, "UTC")}
	}
	return clock{zone: loc, name: zone, known: true}
}

// stamp is one time as it is printed.
type stamp struct {
	// UTC is empty if there is no time.
	UTC string
	// Local is the same on the person's wall; with its date only if that differs.
	Local string
	// Machine is for <time datetime>.
	Machine string
}

func (c clock) stamp(t time.Time) stamp {
	if t.IsZero() {
		return stamp{}
	}
	utc, local := t.UTC(), t.In(c.zone)
	layout := "15:04:05 MST"
	if lastday.DateOf(utc) != lastday.DateOf(local) {
		layout = "2 Jan 15:04:05 MST"
	}
	return stamp{UTC: utc.Format("2006-01-02 15:04:05Z"), Local: local.Format(layout), Machine: utc.Format(time.RFC3339Nano)}
}

// long is a time in words: both clocks with weekday.
func (c clock) long(t time.Time) string {
	if t.IsZero() {
		return "not known"
	}
	local := t.In(c.zone).Format("Mon 2 Jan 2006, 15:04 MST")
	if c.zone == time.UTC {
		return local
	}
	return local + " (" + t.UTC().Format("15:04Z") + ")"
}

// span writes a duration by its two largest units: 14 d 6 h, 3 min 25 s.
func span(d time.Duration) string {
	sign := ""
	if d < 0 {
		sign, d = "−", -d
	}
	d = d.Round(time.Second)
	days, hours, minutes, seconds := int(d.Hours())/24, int(d.Hours())%24, int(d.Minutes())%60, int(d.Seconds())%60
	switch {
	case days > 0 && hours == 0:
		return fmt.Sprintf("%s%d d", sign, days)
	case days > 0:
		return fmt.Sprintf("%s%d d %d h", sign, days, hours)
	case hours > 0:
		return fmt.Sprintf("%s%d h %d min", sign, hours, minutes)
	case minutes > 0:
		return fmt.Sprintf("%s%d min %d s", sign, minutes, seconds)
	}
	return fmt.Sprintf("%s%d s", sign, seconds)
}

// signed is a span with its sign always shown.
func signed(d time.Duration) string {
	if d >= 0 {
		return "+" + span(d)
	}
	return span(d)
}

// grade is how a proof looks: the same colour and shape on the whole page.
type grade struct {
	Name  string
	Class string
	// Shape is the id of the symbol.
	Shape string
}

func gradeOf(p lastday.Proof) grade {
	name := p.String()
	if p == lastday.ProofNone {
		name = "not shown"
	}
	return grade{Name: name, Class: "p-" + p.String(), Shape: "s-" + p.String()}
}

func grades() []grade {
	return []grade{
		gradeOf(lastday.ProofObserved), gradeOf(lastday.ProofAcknowledged), gradeOf(lastday.ProofAttested), gradeOf(lastday.ProofWaived), gradeOf(lastday.ProofNone),
	}
}

// tone is how a verdict looks.
func tone(w story.Word) string {
	switch w {
	case story.Proven, story.Cut:
		return "good"
	case story.AnsweredFor, story.CutAnswered:
		return "word"
	case story.NotShown, story.Overdue:
		return "bad"
	case story.Rescinded, story.Under, story.HeldBack:
		return "calm"
	}
	return "calm"
}

func plural(n int, one string) string {
	switch {
	case n == 1:
		return "1 " + one
	case strings.HasSuffix(one, "ss"):
		return fmt.Sprintf("%d %ses", n, one)
	}
	return fmt.Sprintf("%d %ss", n, one)
}

package plan

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"lastday"
)

// Resolve finds the instant at which a clock on the wall of a zone shows a time
// on a civil day. Where there is none or more than one, a note says what was
// chosen; it is empty in the plain case:
//
//   - a time that the clocks skip is the first instant after the skip,
//   - a time that comes twice is the earlier of the two, never later than meant,
//   - a day that the zone skips altogether is the end of the day before.
//
// The zone is an IANA name; aliases such as US/Eastern are fine. An unknown
// zone, a day that is on no calendar and a time that is on no clock are
// CodeInvalid. time.Date is not used for it: it does not promise which of two
// instants it gives (https://pkg.go.dev/time#Date), and where clocks change at
// midnight it gives an instant of the day before.
func Resolve(d lastday.Date, w lastday.WallTime, zone string) (at time.Time, note string, err error) {
	if err := checkCivil(d, w); err != nil {
		return time.Time{}, "", err
	}
	loc, err := location(zone)
	if err != nil {
		return time.Time{}, "", err
	}
	wall := time.Date(d.Year, d.Month, d.Day, w.Hour, w.Minute, 0, 0, time.UTC)
	at, note = settle(wall, loc, zone)
	return at, note, nil
}

func checkCivil(d lastday.Date, w lastday.WallTime) error {
	const op = "plan: resolve"
	if d.Year < 1900 || d.Year > 9999 || d.AddDays(0) != d {
		return lastday.Errorf(lastday.CodeInvalid, op, "%q is no day between the years 1900 and 9999", d)
	}
	if w.Hour < 0 || w.Hour > 23 || w.Minute < 0 || w.Minute > 59 {
		return lastday.Errorf(lastday.CodeInvalid, op, "%q is no time of day", w)
	}
	return nil
}

// location loads a zone. The names "" and "Local" mean something to Go that no
// HR system means, and "right/" zones count leap seconds.
func location(zone string) (*time.Location, error) {
	const op = "plan: zone"
	if zone == "" {
		return nil, lastday.Errorf(lastday.CodeInvalid, op, "no zone is named; use an IANA name such as Europe/Berlin")
	}
	plain := regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_+/-]{0,63}$`).MatchString(zone)
	if !plain || zone == "Local" || strings.HasPrefix(zone, "right/") {
		return nil, unknownZone(zone)
	}
	loc, err := time.LoadLocation(zone)
	if err != nil {
		return nil, unknownZone(zone)
	}
	return loc, nil
}

func unknownZone(zone string) error {
	return lastday.Errorf(lastday.CodeInvalid, "plan: zone", "%q is no known zone; use an IANA name such as Europe/Berlin", clip(zone, 64))
}

// span is a stretch of time during which a zone keeps one offset. A zero start
// or end is open.
type span struct {
	start, end time.Time
	offset     time.Duration
}

// spans lists the stretches that touch the days around a wall time. Offsets
// stay within a day of UTC, so two days on either side hold every candidate.
func spans(wall time.Time, loc *time.Location) []span {
	var all []span
	last := wall.Add(48 * time.Hour)
	for t := wall.Add(-48 * time.Hour).In(loc); ; {
		start, end := t.ZoneBounds()
		_, offset := t.Zone()
		all = append(all, span{start, end, time.Duration(offset) * time.Second})
		if end.IsZero() || end.After(last) {
			return all
		}
		t = end
	}
}

// has says whether the span shows the wall time, and when.
func (s span) has(wall time.Time) (time.Time, bool) {
	t := wall.Add(-s.offset)
	early := !s.start.IsZero() && t.Before(s.start)
	late := !s.end.IsZero() && !t.Before(s.end)
	return t, !early && !late
}

func settle(wall time.Time, loc *time.Location, zone string) (time.Time, string) {
	var found []time.Time
	all := spans(wall, loc)
	for _, s := range all {
		if t, ok := s.has(wall); ok {
			found = append(found, t)
		}
	}
	switch len(found) {
	case 0:
		return skipped(wall, all, zone)
	case 1:
		return found[0].UTC(), ""
	}
	return found[0].UTC(), fmt.Sprintf("%s comes twice in %s on %s; the earlier one is meant", wall.Format("15:04"), zone, wall.Format(time.DateOnly))
}

// skipped finds the instant at which the clocks jump over the wall time.
func skipped(wall time.Time, all []span, zone string) (time.Time, string) {
	i := 1
	for i < len(all)-1 && !all[i].start.Add(all[i].offset).After(wall) {
		i++
	}
	at, day := all[i].start.UTC(), lastday.DateOf(wall)
	last := lastday.DateOf(at.Add(all[i-1].offset - 1))
	first := lastday.DateOf(at.Add(all[i].offset))
	if last.Before(day) && day.Before(first) {
		return at, fmt.Sprintf("%s does not exist in %s; the end of the day before is meant", day, zone)
	}
	return at, fmt.Sprintf("%s does not exist in %s on %s; the first instant after it is meant", wall.Format("15:04"), zone, day)
}

// clip keeps foreign text short enough for an error.
func clip(text string, most int) string {
	if len(text) > most {
		return text[:most] + "..."
	}
	return text
}

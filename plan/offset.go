package plan

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"lastday"
)

// offset is a distance in days from the last day; negative is before.
type offset struct {
	days    int
	working bool
}

func parseOffset(text string) (offset, bool) {
	if text == "last day" {
		return offset{}, true
	}
	m := regexp.MustCompile(`^([1-9][0-9]{0,2}) (working )?days? (before|after)$`).FindStringSubmatch(text)
	if m == nil {
		return offset{}, false
	}
	n, err := strconv.Atoi(m[1])
	if err != nil || n > 366 {
		return offset{}, false
	}
	if m[3] == "before" {
		n = -n
	}
	return offset{days: n, working: m[2] != ""}, true
}

// String is the offset as a policy writes it.
func (o offset) String() string {
	if o.days == 0 {
		return "last day"
	}
	n, side := o.days, "after"
	if n < 0 {
		n, side = -n, "before"
	}
	unit := "day"
	if o.working {
		unit = "working day"
	}
	if n > 1 {
		unit += "s"
	}
	return fmt.Sprintf("%d %s %s", n, unit, side)
}

// calendar says which days are worked on.
type calendar struct {
	weekend  []time.Weekday
	holidays []lastday.Date
}

func (c calendar) working(d lastday.Date) bool {
	return !slices.Contains(c.weekend, d.Weekday()) && !slices.Contains(c.holidays, d)
}

// from counts from a day. The day itself never counts, whatever it is.
func (o offset) from(d lastday.Date, c calendar) lastday.Date {
	if !o.working {
		return d.AddDays(o.days)
	}
	step, left := 1, o.days
	if left < 0 {
		step, left = -1, -left
	}
	for left > 0 {
		d = d.AddDays(step)
		if c.working(d) {
			left--
		}
	}
	return d
}

// parseSpan reads a duration as policies write it: 30m, 1h, 7d.
func parseSpan(text string) (time.Duration, bool) {
	m := regexp.MustCompile(`^([1-9][0-9]{0,3})([mhd])$`).FindStringSubmatch(text)
	if m == nil {
		return 0, false
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		return 0, false
	}
	unit := map[string]time.Duration{"m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}[m[2]]
	span := time.Duration(n) * unit
	return span, span <= 400*24*time.Hour
}

func parseWeekday(text string) (time.Weekday, bool) {
	for d := time.Sunday; d <= time.Saturday; d++ {
		if strings.ToLower(d.String()) == text {
			return d, true
		}
	}
	return 0, false
}

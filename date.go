package lastday

import (
	"fmt"
	"time"
)

// Date is a civil date: a day on a calendar, in no zone. Its zero value is no date.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// ParseDate reads YYYY-MM-DD and refuses days that do not exist, such as 31 February.
func ParseDate(text string) (Date, error) {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return Date{}, Errorf(CodeInvalid, "date", "%q is no day in the form YYYY-MM-DD", clip(text))
	}
	return DateOf(t), nil
}

// DateOf is the civil date that a calendar on the wall shows at t, in t's zone.
func DateOf(t time.Time) Date {
	y, m, d := t.Date()
	return Date{Year: y, Month: m, Day: d}
}

// IsZero says that there is no date.
func (d Date) IsZero() bool { return d == Date{} }

// AddDays is the date n days later (earlier if n is negative).
func (d Date) AddDays(n int) Date {
	return DateOf(time.Date(d.Year, d.Month, d.Day+n, 12, 0, 0, 0, time.UTC))
}

// Weekday is the day of the week.
func (d Date) Weekday() time.Weekday {
	return time.Date(d.Year, d.Month, d.Day, 12, 0, 0, 0, time.UTC).Weekday()
}

// Before says whether d is an earlier day than e.
func (d Date) Before(e Date) bool { return d.ordinal() < e.ordinal() }

// DaysUntil counts the days from d to e; negative if e is earlier.
func (d Date) DaysUntil(e Date) int { return e.ordinal() - d.ordinal() }

func (d Date) ordinal() int {
	return int(time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

// String is YYYY-MM-DD, or empty for no date.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, int(d.Month), d.Day)
}

// MarshalText writes YYYY-MM-DD.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads YYYY-MM-DD; empty is no date.
func (d *Date) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = Date{}
		return nil
	}
	parsed, err := ParseDate(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}

// WallTime is a time of day as a clock on the wall shows it, to the minute.
type WallTime struct {
	Hour   int
	Minute int
}

// ParseWallTime reads HH:MM, 00:00 to 23:59.
func ParseWallTime(text string) (WallTime, error) {
	t, err := time.Parse("15:04", text)
	if err != nil || len(text) != len("15:04") {
		return WallTime{}, Errorf(CodeInvalid, "time of day", "%q is not in the form HH:MM", clip(text))
	}
	return WallTime{Hour: t.Hour(), Minute: t.Minute()}, nil
}

// String is HH:MM.
func (w WallTime) String() string { return fmt.Sprintf("%02d:%02d", w.Hour, w.Minute) }

// MarshalText writes HH:MM.
func (w WallTime) MarshalText() ([]byte, error) { return []byte(w.String()), nil }

// UnmarshalText reads HH:MM.
func (w *WallTime) UnmarshalText(text []byte) error {
	parsed, err := ParseWallTime(string(text))
	if err != nil {
		return err
	}
	*w = parsed
	return nil
}

// clip keeps foreign text short enough for an error.
func clip(text string) string {
	const most = 40
	if len(text) > most {
		return text[:most] + "..."
	}
	return text
}

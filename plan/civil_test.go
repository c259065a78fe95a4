package plan

import (
	"strings"
	"testing"
	"time"

	"lastday"
)

func TestResolveFindsTheInstantThatIsMeant(t *testing.T) {
	for _, c := range []struct {
		name, day, clock, zone string
		want                   string
		note                   string
	}{
		{"plain winter day", "2026-12-18", "17:00", "Europe/Berlin", "2026-12-18T16:00:00Z", ""},
		{"plain summer day", "2026-07-01", "17:00", "Europe/Berlin", "2026-07-01T15:00:00Z", ""},
		{"an alias", "2026-12-18", "17:00", "US/Eastern", "2026-12-18T22:00:00Z", ""},
		{"half an hour", "2026-12-18", "17:00", "Asia/Kolkata", "2026-12-18T11:30:00Z", ""},
		{"first to end a day", "2026-12-18", "17:00", "Pacific/Kiritimati", "2026-12-18T03:00:00Z", ""},
		{"last to end a day", "2026-12-18", "17:00", "Pacific/Pago_Pago", "2026-12-19T04:00:00Z", ""},
		{"UTC", "2026-12-18", "00:00", "UTC", "2026-12-18T00:00:00Z", ""},
		{"spring: the hour is skipped", "2026-03-29", "02:30", "Europe/Berlin", "2026-03-29T01:00:00Z", "does not exist"},
		{"spring: just before", "2026-03-29", "01:59", "Europe/Berlin", "2026-03-29T00:59:00Z", ""},
		{"spring: just after", "2026-03-29", "03:00", "Europe/Berlin", "2026-03-29T01:00:00Z", ""},
		{"autumn: the hour comes twice", "2026-10-25", "02:30", "Europe/Berlin", "2026-10-25T00:30:00Z", "comes twice"},
		{"autumn: its first minute comes twice", "2026-10-25", "02:00", "Europe/Berlin", "2026-10-25T00:00:00Z", "comes twice"},
		{"autumn: just after", "2026-10-25", "03:00", "Europe/Berlin", "2026-10-25T02:00:00Z", ""},
		{"New York in spring", "2026-03-08", "02:15", "America/New_York", "2026-03-08T07:00:00Z", "does not exist"},
		{"New York in autumn", "2026-11-01", "01:15", "America/New_York", "2026-11-01T05:15:00Z", "comes twice"},
		{"half an hour is skipped", "2026-10-04", "02:10", "Australia/Lord_Howe", "2026-10-03T15:30:00Z", "does not exist"},
		{"half an hour comes twice", "2026-04-05", "01:45", "Australia/Lord_Howe", "2026-04-04T14:45:00Z", "comes twice"},
		{"no midnight in Santiago", "2026-09-06", "00:00", "America/Santiago", "2026-09-06T04:00:00Z", "does not exist"},
		{"no midnight in Cairo", "2026-04-24", "00:00", "Africa/Cairo", "2026-04-23T22:00:00Z", "does not exist"},
		{"midnight twice in Cairo: 23:30", "2026-10-29", "23:30", "Africa/Cairo", "2026-10-29T20:30:00Z", "comes twice"},
		{"Samoa skipped a day", "2011-12-30", "17:00", "Pacific/Apia", "2011-12-30T10:00:00Z", "end of the day before"},
		{"Samoa, the day before", "2011-12-29", "23:59", "Pacific/Apia", "2011-12-30T09:59:00Z", ""},
		{"Samoa, the day after", "2011-12-31", "00:00", "Pacific/Apia", "2011-12-30T10:00:00Z", ""},
		{"Kwajalein skipped a day", "1993-08-21", "09:00", "Pacific/Kwajalein", "1993-08-21T12:00:00Z", "end of the day before"},
		{"a leap day", "2028-02-29", "17:00", "Europe/Berlin", "2028-02-29T16:00:00Z", ""},
		{"far in the future", "2199-07-01", "17:00", "Europe/Berlin", "2199-07-01T15:00:00Z", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			at, note, err := Resolve(mustDate(t, c.day), mustClock(t, c.clock), c.zone)
			if err != nil {
				t.Fatal(err)
			}
			if got := at.Format(time.RFC3339); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if (c.note == "") != (note == "") || !strings.Contains(note, c.note) {
				t.Errorf("note %q does not say %q", note, c.note)
			}
		})
	}
}

func TestResolveRefusesWhatDoesNotExist(t *testing.T) {
	good := lastday.Date{Year: 2026, Month: 12, Day: 18}
	five := lastday.WallTime{Hour: 17}
	for _, c := range []struct {
		name string
		day  lastday.Date
		wall lastday.WallTime
		zone string
	}{
		{"no zone", good, five, ""},
		{"the machine's own zone", good, five, "Local"},
		{"no such zone", good, five, "Europe/Atlantis"},
		{"an abbreviation", good, five, "CESTX"},
		{"a path", good, five, "../../etc/passwd"},
		{"leap seconds", good, five, "right/UTC"},
		{"a very long zone", good, five, strings.Repeat("a", 100)},
		{"no day", lastday.Date{}, five, "UTC"},
		{"31 February", lastday.Date{Year: 2026, Month: 2, Day: 31}, five, "UTC"},
		{"a year before our calendar", lastday.Date{Year: 12, Month: 2, Day: 3}, five, "UTC"},
		{"25 o'clock", good, lastday.WallTime{Hour: 25}, "UTC"},
		{"minute 60", good, lastday.WallTime{Minute: 60}, "UTC"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := Resolve(c.day, c.wall, c.zone)
			if lastday.CodeOf(err) != lastday.CodeInvalid {
				t.Errorf("got %v, want code invalid", err)
			}
		})
	}
}

func TestWorkingDaysSkipWeekendsAndHolidays(t *testing.T) {
	german := calendar{
		weekend:  []time.Weekday{time.Saturday, time.Sunday},
		holidays: []lastday.Date{{Year: 2026, Month: 12, Day: 25}},
	}
	gulf := calendar{weekend: []time.Weekday{time.Friday, time.Saturday}}
	for _, c := range []struct {
		name, at, from string
		calendar       calendar
		want           string
	}{
		{"the last day itself", "last day", "2026-12-20", german, "2026-12-20"},
		{"calendar days count all", "14 days before", "2026-12-18", german, "2026-12-04"},
		{"one before a Monday is Friday", "1 working day before", "2026-12-21", german, "2026-12-18"},
		{"a Sunday does not count itself", "1 working day before", "2026-12-20", german, "2026-12-18"},
		{"a week of work", "5 working days before", "2026-12-18", german, "2026-12-11"},
		{"Christmas is no work", "1 working day before", "2026-12-28", german, "2026-12-24"},
		{"other weekends", "1 working day before", "2026-12-20", gulf, "2026-12-17"},
		{"after", "3 days after", "2026-12-30", german, "2027-01-02"},
		{"working after", "1 working day after", "2026-12-24", german, "2026-12-28"},
	} {
		t.Run(c.name, func(t *testing.T) {
			at, ok := parseOffset(c.at)
			if !ok {
				t.Fatalf("%q was not read", c.at)
			}
			if at.String() != c.at {
				t.Errorf("written as %q", at)
			}
			if got := at.from(mustDate(t, c.from), c.calendar).String(); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func mustDate(t testing.TB, text string) lastday.Date {
	t.Helper()
	d, err := lastday.ParseDate(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func mustClock(t testing.TB, text string) lastday.WallTime {
	t.Helper()
	w, err := lastday.ParseWallTime(text)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

package hr

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"lastday"
)

// maxEvents is how many events one body may hold: each is handed over by
// itself, and the sender waits.
const maxEvents = 100

// Parse reads the events of a foreign shape. Each is brought into the
// canonical shape and then read by the very rules of a canonical one. Events
// whose type is mapped to ignore are left out.
//
// CodeInvalid: no event stands at the mapping's path, or too many.
func (m Mapping) Parse(c Canon, tree any) ([]Event, error) {
	steps, err := parsePath(m.Events)
	if err != nil {
		return nil, err
	}
	return fanOut(lookup(tree, steps), func(item any) (Event, bool) { return m.event(c, item) })
}

// Parse reads one canonical event or an array of them.
//
// CodeInvalid: there is none, or too many.
func (c Canon) Parse(tree any) ([]Event, error) {
	return fanOut(tree, func(item any) (Event, bool) { return c.Event(item), true })
}

func fanOut(tree any, read func(item any) (Event, bool)) ([]Event, error) {
	items, several := tree.([]any)
	if _, one := tree.(map[string]any); one {
		items = []any{tree}
	}
	if len(items) == 0 || len(items) > maxEvents {
		return nil, lastday.Errorf(lastday.CodeInvalid, opParse, "holds no event, or more than %d", maxEvents)
	}
	var events []Event
	for _, item := range items {
		e, wanted := read(item)
		if !wanted {
			continue
		}
		if several {
			raw, err := json.Marshal(item)
			if err != nil {
				return nil, lastday.Wrap(lastday.CodeInternal, opParse, "one of several events", err)
			}
			e.Raw = raw
		}
		events = append(events, e)
	}
	return events, nil
}

// Answer reads what HR answered to Read in a foreign shape.
//
// CodeInvalid: with all mistakes.
func (m Mapping) Answer(c Canon, tree any) (lastday.Separation, error) {
	e, wanted := m.event(c, tree)
	if !wanted {
		return lastday.Separation{}, lastday.Errorf(lastday.CodeInvalid, "hr: answer", "its type is mapped to %s", saysNothing)
	}
	if e.Separation == nil {
		return lastday.Separation{}, lastday.Errorf(lastday.CodeInvalid, "hr: answer", "%s", e.Unknown)
	}
	return *e.Separation, nil
}

func (m Mapping) event(c Canon, item any) (Event, bool) {
	t := taker{tree: item}
	said := t.raw(m.Type)
	word := t.take(m.Type, "type")
	if word == saysNothing {
		return Event{}, false
	}
	known := slices.Contains(words(), word)
	if !known && len(t.wrong) == 0 {
		t.mistake("type", "%s is not understood", shownType(word))
	}
	e := Event{ID: t.take(m.ID, "id"), Type: said, Time: t.instant(m.Time, "time")}
	if len(e.ID) > maxText {
		t.mistake("id", "is longer than %d characters", maxText)
		e.ID = ""
	}
	data := t.data(m)
	s := c.separation(&t.form, data, "", told{word: word, known: known, at: e.Time, sequence: t.take(m.Sequence, "sequence")})
	return finish(e, s, &t.form), true
}

// taker takes values out of a foreign tree.
type taker struct {
	form

	tree any
}

// raw is the value before it is translated.
func (t *taker) raw(f Field) string {
	if f.Const != "" {
		return f.Const
	}
	steps, err := parsePath(f.Path)
	if err != nil || f.Path == "" {
		return f.Default
	}
	text, _ := scalar(lookup(t.tree, steps))
	return or(strings.TrimSpace(text), f.Default)
}

func (t *taker) take(f Field, at string) string {
	text := t.raw(f)
	if text == "" && f.Path != "" {
		t.refuseTree(f, at)
	}
	if text == "" || len(f.Values) == 0 {
		return text
	}
	word, ok := f.Values[text]
	if !ok {
		t.mistake(at, "%s is none of the values in the mapping", shown(text))
	}
	return word
}

func (t *taker) refuseTree(f Field, at string) {
	steps, err := parsePath(f.Path)
	if err != nil {
		return
	}
	switch lookup(t.tree, steps).(type) {
	case map[string]any, []any:
		t.mistake(at, "is no single value")
	}
}

func (t *taker) data(m Mapping) map[string]any {
	p, e, s := m.Person, m.Engagement, m.Separation
	return map[string]any{
		"person": map[string]any{
			"id": t.take(p.ID, "person.id"), "name": t.take(p.Name, "person.name"),
			"employeeNumber": t.take(p.EmployeeNumber, "person.employeeNumber"),
			"emails":         t.emails(p.Emails), "links": t.links(p.Links),
		},
		"engagement": map[string]any{
			"id": t.take(e.ID, "engagement.id"), "workerType": t.take(e.WorkerType, "engagement.workerType"),
			"department": t.take(e.Department, "engagement.department"), "manager": t.take(e.Manager, "engagement.manager"),
			"timeZone":      t.take(e.TimeZone, "engagement.timeZone"),
			"timeZoneBasis": t.take(e.TimeZoneBasis, "engagement.timeZoneBasis"),
		},
		"separation": map[string]any{
			"kind": t.take(s.Kind, "separation.kind"), "lastDay": t.day(s),
			"cutoff":       t.take(s.Cutoff, "separation.cutoff"),
			"confidential": t.flag(s.Confidential, "separation.confidential"),
			"enteredAt":    stamp(t.instant(s.EnteredAt, "separation.enteredAt")),
		},
	}
}

func (t *taker) emails(fields []Field) []any {
	var found []any
	for i, f := range fields {
		if text := t.take(f, fmt.Sprintf("person.emails[%d]", i)); text != "" {
			found = append(found, text)
		}
	}
	return found
}

func (t *taker) links(fields []LinkFields) []any {
	var found []any
	for i, f := range fields {
		at := fmt.Sprintf("person.links[%d]", i)
		id, login := t.take(f.ID, at+".id"), t.take(f.Login, at+".login")
		if id != "" || login != "" {
			found = append(found, map[string]any{"system": f.System, "id": id, "login": login})
		}
	}
	return found
}

// day gives the last day as the canonical form wants it.
func (t *taker) day(s SeparationFields) any {
	const at = "separation.lastDay"
	text := t.take(s.LastDay, at)
	if text == "" {
		return nil
	}
	date, ok := readDay(s.LastDay.Format, text)
	if !ok {
		t.mistake(at, "%s is no day in the form %s", shown(text), or(s.LastDay.Format, "YYYY-MM-DD"))
		return placeholderDay
	}
	if s.LastDayIs == "first_day_after" {
		date = date.AddDays(-1)
	}
	return date.String()
}

// placeholderDay keeps a day that was already found wrong from being told
// missing as well; the event is parked in any case.
const placeholderDay = "2000-01-01"

func readDay(format, text string) (lastday.Date, bool) {
	if format == "instant" {
		return dayOfInstant(text)
	}
	layout, ok := dayLayout(or(format, "YYYY-MM-DD"))
	day, err := time.Parse(layout, text)
	return lastday.DateOf(day), ok && err == nil
}

// dayOfInstant takes the first ten characters of a day that some systems write
// as midnight UTC: converting it to a zone would move it by a day.
func dayOfInstant(text string) (lastday.Date, bool) {
	if _, ok := readInstant(text); !ok && !isLocalInstant(text) {
		return lastday.Date{}, false
	}
	date, err := lastday.ParseDate(text[:len(time.DateOnly)])
	return date, err == nil
}

func isLocalInstant(text string) bool {
	for _, layout := range []string{"2006-01-02T15:04:05", time.DateTime} {
		if _, err := time.Parse(layout, text); err == nil {
			return true
		}
	}
	return false
}

// readInstant reads RFC 3339 and, as some vendors write it, the same with an
// offset without colon.
func readInstant(text string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05Z0700"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC(), true
		}
	}
	return time.Time{}, false
}

func (t *taker) instant(f Field, at string) time.Time {
	text := t.take(f, at)
	if text == "" {
		return time.Time{}
	}
	found, ok := readInstant(text)
	if f.Format == "unix" || f.Format == "unix_ms" {
		var n int64
		var err error
		n, err = strconv.ParseInt(text, 10, 64)
		found, ok = time.Unix(n, 0).UTC(), err == nil
		if f.Format == "unix_ms" {
			found = time.UnixMilli(n).UTC()
		}
	}
	if !ok || found.Year() < 2000 || found.Year() > 2199 {
		t.mistake(at, "%s is no plausible instant", shown(text))
		return time.Time{}
	}
	return found
}

func stamp(at time.Time) any {
	if at.IsZero() {
		return nil
	}
	return at.Format(time.RFC3339Nano)
}

func (t *taker) flag(f Field, at string) bool {
	text := t.take(f, at)
	if text != "" && text != "true" && text != "false" {
		t.mistake(at, "%s is neither true nor false", shown(text))
	}
	return text == "true"
}

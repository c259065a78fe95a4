package hr

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"lastday"
)

// The limits of single texts.
const (
	maxText  = 200
	maxIDLen = 128
	maxItems = 100
)

// form reads fields of parsed JSON and collects all mistakes, each with its
// path and without foreign text that could name somebody.
type form struct{ wrong []string }

func (f *form) mistake(path, format string, args ...any) {
	f.wrong = append(f.wrong, path+": "+fmt.Sprintf(format, args...))
}

// object gives the fields at path; a missing or other value is a mistake.
func (f *form) object(v any, path string) map[string]any {
	if v == nil {
		f.mistake(path, "missing")
		return nil
	}
	m, ok := v.(map[string]any)
	if !ok {
		f.mistake(path, "is no object")
	}
	return m
}

// only refuses fields that nobody knows: a misspelt field would change what
// the event means without anybody seeing it.
func (f *form) only(m map[string]any, path string, known ...string) {
	for _, key := range slices.Sorted(maps.Keys(m)) {
		if !slices.Contains(known, key) {
			f.mistake(join(path, key), "is not a known field")
		}
	}
}

// text gives a text field, empty if it is absent.
func (f *form) text(m map[string]any, path, key string) string {
	v, there := m[key]
	if !there || v == nil {
		return ""
	}
	at := join(path, key)
	s, ok := v.(string)
	if !ok {
		f.mistake(at, "is no text")
		return ""
	}
	if utf8.RuneCountInString(s) > maxText {
		f.mistake(at, "is longer than %d characters", maxText)
		return ""
	}
	if strings.ContainsFunc(s, unicode.IsControl) {
		f.mistake(at, "holds a control character")
		return ""
	}
	return s
}

// id gives a required id: it becomes part of keys and logs, so it must not
// name anybody.
func (f *form) id(m map[string]any, path, key string) string {
	s, at := f.text(m, path, key), join(path, key)
	switch {
	case s == "":
		f.mistake(at, "missing")
	case len(s) > maxIDLen || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }):
		f.mistake(at, "must be plain text without spaces, up to %d characters", maxIDLen)
	case strings.Contains(s, "@"):
		f.mistake(at, "looks like an address (use HR's own id)")
	}
	return s
}

// flag gives a field that is true or false, false if it is absent.
func (f *form) flag(m map[string]any, path, key string) bool {
	v, there := m[key]
	if !there || v == nil {
		return false
	}
	b, ok := v.(bool)
	if !ok {
		f.mistake(join(path, key), "is neither true nor false")
	}
	return b
}

// list gives the items of an array, none if it is absent.
func (f *form) list(m map[string]any, path, key string) []any {
	v, there := m[key]
	if !there || v == nil {
		return nil
	}
	items, ok := v.([]any)
	if !ok {
		f.mistake(join(path, key), "is no array")
	}
	if len(items) > maxItems {
		f.mistake(join(path, key), "has more than %d items", maxItems)
		return nil
	}
	return items
}

// oneOf gives a text field out of a closed set, empty if it is absent.
func (f *form) oneOf(m map[string]any, path, key string, set ...string) string {
	s := f.text(m, path, key)
	if s != "" && !slices.Contains(set, s) {
		f.mistake(join(path, key), "%s is none of %s", shown(s), strings.Join(set, ", "))
		return ""
	}
	return s
}

// date gives a civil date. The first year and the last are bounds of sense:
// 9999-12-31 and 1900-01-01 are how some systems write "none".
func (f *form) date(m map[string]any, path, key string) lastday.Date {
	s := f.text(m, path, key)
	if s == "" {
		return lastday.Date{}
	}
	d, err := lastday.ParseDate(s)
	if err != nil {
		f.mistake(join(path, key), "%s is no day in the form YYYY-MM-DD", shown(s))
		return lastday.Date{}
	}
	if d.Year < 2000 || d.Year > 2199 {
		f.mistake(join(path, key), "%s is no plausible day", shown(s))
		return lastday.Date{}
	}
	return d
}

// clock gives a wall-clock time, nil if it is absent.
func (f *form) clock(m map[string]any, path, key string) *lastday.WallTime {
	s := f.text(m, path, key)
	if s == "" {
		return nil
	}
	w, err := lastday.ParseWallTime(s)
	if err != nil {
		f.mistake(join(path, key), "%s is no time of day in the form HH:MM", shown(s))
		return nil
	}
	return &w
}

// instant gives a point in time, zero if it is absent.
func (f *form) instant(m map[string]any, path, key string) time.Time {
	s := f.text(m, path, key)
	if s == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil || t.Year() < 2000 || t.Year() > 2199 {
		f.mistake(join(path, key), "%s is no plausible instant of RFC 3339", shown(s))
		return time.Time{}
	}
	return t.UTC()
}

// zone gives an IANA zone, empty if it is absent: then the company's default
// holds. A zone that we do not know must not be guessed.
func (f *form) zone(m map[string]any, path, key string) string {
	s := f.text(m, path, key)
	if s == "" {
		return ""
	}
	if _, err := time.LoadLocation(s); err != nil || s == "Local" {
		f.mistake(join(path, key), "%s is no IANA zone that we know, such as Europe/Berlin", shown(s))
		return ""
	}
	return s
}

// shown quotes a foreign value if it can name nobody.
func shown(value string) string {
	if len(value) > 40 || !plainText(value) || strings.Contains(value, " ") {
		return "the value (not shown)"
	}
	return fmt.Sprintf("%q", value)
}

// scalar is the text of a value that is neither object nor array; ok is false
// if it is one of these, or absent.
func scalar(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return fmt.Sprint(v), true
	}
	return "", false
}

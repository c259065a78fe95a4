package hr

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"lastday"
)

// Field says where one fact stands in a foreign shape.
type Field struct {
	// Path leads to the value: names with dots, [n] into arrays, ["any key"].
	Path string `yaml:"path"`
	// Const is the value itself, instead of a path.
	Const string `yaml:"const"`
	// Default stands in where the path finds nothing, null or an empty text.
	Default string `yaml:"default"`
	// Values translates. A value that is not listed is a mistake, so that a new
	// word of the source is seen by a person and not guessed.
	Values map[string]string `yaml:"values"`
	// Format is how days and instants are written. Days: YYYY-MM-DD (default),
	// any order of YYYY, MM, DD (or M, D without zeros), or instant: a day written
	// as an instant, of which the first ten characters are taken and which is
	// never converted. Instants: rfc3339 (default), unix, unix_ms.
	Format string `yaml:"format"`
}

func (f Field) given() bool { return f.Path != "" || f.Const != "" || f.Default != "" }

// Mapping fits a foreign shape to the canonical one. Fields of the foreign
// shape that it does not name are passed over.
type Mapping struct {
	Version int `yaml:"version"`
	// Events is the path of an array that holds the events; empty is the body
	// itself, one event or an array of them.
	Events string `yaml:"events"`
	ID     Field  `yaml:"id"`
	// Type must yield scheduled, changed, rescinded, immediate, contract_end, or
	// ignore for events to pass over.
	Type     Field `yaml:"type"`
	Time     Field `yaml:"time"`
	Sequence Field `yaml:"sequence"`

	Person     PersonFields     `yaml:"person"`
	Engagement EngagementFields `yaml:"engagement"`
	Separation SeparationFields `yaml:"separation"`
}

// PersonFields are where the facts about the person stand.
type PersonFields struct {
	ID             Field        `yaml:"id"`
	Name           Field        `yaml:"name"`
	EmployeeNumber Field        `yaml:"employeeNumber"`
	Emails         []Field      `yaml:"emails"`
	Links          []LinkFields `yaml:"links"`
}

// LinkFields are where HR keeps an account of the person. A link that finds
// neither id nor login is left out.
type LinkFields struct {
	System string `yaml:"system"`
	ID     Field  `yaml:"id"`
	Login  Field  `yaml:"login"`
}

// EngagementFields are where the facts about the contract stand.
type EngagementFields struct {
	ID            Field `yaml:"id"`
	WorkerType    Field `yaml:"workerType"`
	Department    Field `yaml:"department"`
	Manager       Field `yaml:"manager"`
	TimeZone      Field `yaml:"timeZone"`
	TimeZoneBasis Field `yaml:"timeZoneBasis"`
}

// SeparationFields are where the facts about the end stand.
type SeparationFields struct {
	Kind    Field `yaml:"kind"`
	LastDay Field `yaml:"lastDay"`
	// LastDayIs says what that day means: last_day (default), the last day of the
	// engagement, or first_day_after, one day too late.
	LastDayIs    string `yaml:"lastDayIs"`
	Cutoff       Field  `yaml:"cutoff"`
	Confidential Field  `yaml:"confidential"`
	EnteredAt    Field  `yaml:"enteredAt"`
}

// ParseMapping reads a mapping file. It is strict: an unknown field is an
// error with its place.
//
// CodeInvalid: with all mistakes.
func ParseMapping(text []byte) (Mapping, error) {
	const op = "hr: mapping"
	var m Mapping
	if err := yaml.UnmarshalWithOptions(text, &m, yaml.Strict()); err != nil {
		return Mapping{}, lastday.Wrap(lastday.CodeInvalid, op, "YAML", err)
	}
	if wrong := m.Check(); len(wrong) > 0 {
		return Mapping{}, lastday.Errorf(lastday.CodeInvalid, op, "%s", strings.Join(wrong, "; "))
	}
	return m, nil
}

// named is a field with its place in the mapping.
type named struct {
	at    string
	field Field
}

func (m Mapping) fields() []named {
	p, e, s := m.Person, m.Engagement, m.Separation
	all := []named{
		{"id", m.ID},
		{"type", m.Type},
		{"time", m.Time},
		{"sequence", m.Sequence},
		{"person.id", p.ID},
		{"person.name", p.Name},
		{"person.employeeNumber", p.EmployeeNumber},
		{"engagement.id", e.ID},
		{"engagement.workerType", e.WorkerType},
		{"engagement.department", e.Department},
		{"engagement.manager", e.Manager},
		{"engagement.timeZone", e.TimeZone},
		{"engagement.timeZoneBasis", e.TimeZoneBasis},
		{"separation.kind", s.Kind},
		{"separation.lastDay", s.LastDay},
		{"separation.cutoff", s.Cutoff},
		{"separation.confidential", s.Confidential},
		{"separation.enteredAt", s.EnteredAt},
	}
	for i, f := range p.Emails {
		all = append(all, named{fmt.Sprintf("person.emails[%d]", i), f})
	}
	for i, l := range p.Links {
		at := fmt.Sprintf("person.links[%d]", i)
		all = append(all, named{at + ".id", l.ID}, named{at + ".login", l.Login})
	}
	return all
}

// Paths lists every path that the mapping reads, each once.
func (m Mapping) Paths() []string {
	seen := map[string]bool{}
	for _, n := range m.fields() {
		if n.field.Path != "" {
			seen[n.field.Path] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// Check finds everything that is wrong with the mapping.
func (m Mapping) Check() []string {
	var wrong []string
	if m.Version != 1 {
		wrong = append(wrong, "version: must be 1")
	}
	if _, err := parsePath(m.Events); err != nil {
		wrong = append(wrong, "events: the path is malformed")
	}
	for _, n := range m.fields() {
		wrong = append(wrong, n.check()...)
	}
	for _, need := range []named{{"type", m.Type}, {"person.id", m.Person.ID}, {"engagement.id", m.Engagement.ID}} {
		if !need.field.given() {
			wrong = append(wrong, need.at+": missing")
		}
	}
	for i, l := range m.Person.Links {
		if l.System == "" {
			wrong = append(wrong, fmt.Sprintf("person.links[%d].system: missing", i))
		}
	}
	for value, word := range m.Type.Values {
		if word != saysNothing && !slices.Contains(words(), word) {
			wrong = append(wrong, fmt.Sprintf("type.values.%s: %q is none of %s, %s", value, word, strings.Join(words(), ", "), saysNothing))
		}
	}
	if is := m.Separation.LastDayIs; is != "" && is != "last_day" && is != "first_day_after" {
		wrong = append(wrong, "separation.lastDayIs: is none of last_day, first_day_after")
	}
	slices.Sort(wrong)
	return wrong
}

func (n named) check() []string {
	var wrong []string
	if _, err := parsePath(n.field.Path); err != nil {
		wrong = append(wrong, n.at+".path: is malformed")
	}
	if n.field.Const != "" && (n.field.Path != "" || n.field.Default != "") {
		wrong = append(wrong, n.at+": const stands alone, without path or default")
	}
	day := n.at == "separation.lastDay"
	instant := n.at == "time" || n.at == "separation.enteredAt"
	format := n.field.Format
	switch {
	case format == "":
	case day:
		if _, ok := dayLayout(format); !ok && format != "instant" {
			wrong = append(wrong, n.at+".format: is neither instant nor made of YYYY, MM and DD")
		}
	case instant:
		if !slices.Contains([]string{"rfc3339", "unix", "unix_ms"}, format) {
			wrong = append(wrong, n.at+".format: is none of rfc3339, unix, unix_ms")
		}
	default:
		wrong = append(wrong, n.at+".format: only days and instants have one")
	}
	return wrong
}

// dayLayout makes Go's layout of a format made of YYYY, MM, DD, M, D and marks.
func dayLayout(format string) (string, bool) {
	layout := strings.NewReplacer("YYYY", "2006", "MM", "01", "DD", "02", "M", "1", "D", "2").Replace(format)
	t := time.Date(2031, time.November, 27, 0, 0, 0, 0, time.UTC)
	back, err := time.Parse(layout, t.Format(layout))
	return layout, err == nil && back.Equal(t) && strings.Trim(format, "YMD-./ ") == ""
}

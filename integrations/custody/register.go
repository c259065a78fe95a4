package custody

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"lastday"
)

// register is a register that can be relied on: whole, and with sense.
type register struct {
	asOf  time.Time
	items []item
}

// item is one thing of the register.
type item struct {
	id, what, kind, system, where, owner, how string
	action                                    action
	within                                    time.Duration
	level                                     lastday.Level
	// rotated is when it was last changed; zero is never, as far as is known.
	rotated time.Time
	holders []holder
	// handedTo is who owns it now, by any of their names or none that HR knows;
	// empty if it was not handed over.
	handedTo string
}

// action is what must be done when somebody leaves.
type action string

const (
	actionRotate   action = "rotate"
	actionTransfer action = "transfer"
)

func (i item) rung() string {
	if i.action == actionTransfer {
		return rungOwned
	}
	return rungKnown
}

// holder is somebody who knows or owns an item.
type holder struct {
	sort sort
	name string
	// leaving is since when nothing new is shown to them; zero is not at all.
	leaving time.Time
}

// sort is by what a register names people.
type sort string

const (
	byKey    sort = "person"
	byEmail  sort = "email"
	byNumber sort = "employee_number"
)

func (s sort) letter() string {
	switch s {
	case byEmail:
		return "m"
	case byNumber:
		return "n"
	case byKey:
		return "k"
	}
	return ""
}

// holds says whether a holder has the item as it is now. Somebody who was
// shown nothing new since before it was last changed knows only the old one.
func (i item) holds(h holder) bool {
	if i.action == actionTransfer {
		return i.handedTo == ""
	}
	return h.leaving.IsZero() || i.rotated.IsZero() || i.rotated.Before(h.leaving)
}

// written is the file's form.
type written struct {
	Version int           `yaml:"version"`
	AsOf    string        `yaml:"as_of"`
	Count   int           `yaml:"count"`
	Items   []writtenItem `yaml:"items"`
}

type writtenItem struct {
	ID            string          `yaml:"id"`
	What          string          `yaml:"what"`
	Kind          string          `yaml:"kind"`
	System        string          `yaml:"system"`
	Where         string          `yaml:"where"`
	KnownTo       []writtenHolder `yaml:"known_to"`
	OwnedBy       []writtenHolder `yaml:"owned_by"`
	Owner         string          `yaml:"owner"`
	Action        string          `yaml:"action"`
	How           string          `yaml:"how"`
	Within        string          `yaml:"within"`
	Level         string          `yaml:"level"`
	Rotated       string          `yaml:"rotated"`
	TransferredTo string          `yaml:"transferred_to"`

	place string
}

type writtenHolder struct {
	Person         string `yaml:"person"`
	Email          string `yaml:"email"`
	EmployeeNumber string `yaml:"employee_number"`
	Leaving        string `yaml:"leaving"`
}

// UnmarshalYAML decodes strictly and remembers where the item stands.
func (w *writtenItem) UnmarshalYAML(node ast.Node) error {
	type plain writtenItem
	var p plain
	if err := yaml.NodeToValue(node, &p, yaml.Strict()); err != nil {
		return err
	}
	*w = writtenItem(p)
	// A mapping's own token is the colon after its first key.
	token := node.GetToken()
	if m, ok := node.(*ast.MappingNode); ok && len(m.Values) > 0 {
		token = m.Values[0].Key.GetToken()
	}
	if token != nil && token.Position != nil {
		w.place = fmt.Sprintf("[%d:%d] ", token.Position.Line, token.Position.Column)
	}
	return nil
}

const opRegister = "custody: register"

// parseRegister reads a register. All mistakes are told at once, with their
// lines.
//
// CodeInvalid: it makes no sense. CodeTransient: it is not whole.
func parseRegister(text []byte, now time.Time) (register, error) {
	body, err := document(text)
	if err != nil {
		return register{}, err
	}
	var w written
	if err := yaml.NodeToValue(body, &w, yaml.Strict()); err != nil {
		return register{}, lastday.Errorf(lastday.CodeInvalid, opRegister, "%s", yaml.FormatError(err, false, false))
	}
	c := &checker{now: now, ids: map[string]bool{}}
	r := register{asOf: c.time("as_of", w.AsOf)}
	if w.Version != 1 {
		c.bad("version: is %d, this program reads 1", w.Version)
	}
	if r.asOf.IsZero() && w.AsOf == "" {
		c.bad("as_of: is missing: say when somebody last went through the register")
	}
	for _, one := range w.Items {
		r.items = append(r.items, c.item(one))
	}
	if len(c.mistakes) > 0 {
		return register{}, lastday.Wrap(lastday.CodeInvalid, opRegister, "it makes no sense", errors.Join(c.mistakes...))
	}
	if len(r.items) == 0 || len(r.items) != w.Count {
		return register{}, lastday.Errorf(lastday.CodeTransient, opRegister, "it says that it has %d items (count) and has %d: it is cut, or the count was not kept", w.Count, len(r.items))
	}
	return r, nil
}

// document parses the text to its one document, without what makes a small
// text large.
func document(text []byte) (ast.Node, error) {
	if !utf8.Valid(text) || bytes.IndexByte(text, 0) >= 0 || bytes.Count(text, []byte("[")) > 50_000 || nested(text) > 20 {
		return nil, lastday.Errorf(lastday.CodeInvalid, opRegister, "it is no plain text, or nested too deeply")
	}
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, lastday.Errorf(lastday.CodeInvalid, opRegister, "%s", yaml.FormatError(err, false, false))
	}
	docs := slices.DeleteFunc(file.Docs, func(d *ast.DocumentNode) bool { return d == nil || d.Body == nil })
	if len(docs) == 0 {
		return nil, lastday.Errorf(lastday.CodeTransient, opRegister, "it is empty")
	}
	if len(docs) > 1 {
		return nil, lastday.Errorf(lastday.CodeInvalid, opRegister, "there are %d documents in it", len(docs))
	}
	if slices.ContainsFunc(ast.Filter(ast.AliasType, docs[0]), func(ast.Node) bool { return true }) {
		return nil, lastday.Errorf(lastday.CodeInvalid, opRegister, "write everything out: it uses a YAML alias")
	}
	return docs[0].Body, nil
}

// nested bounds how deep flow brackets and dashes go, so that the parser is never
// handed a text that is made to exhaust it.
func nested(text []byte) int {
	depth, deepest := 0, 0
	for line := range bytes.Lines(text) {
		start := line[:len(line)-len(bytes.TrimLeft(line, " -?"))]
		deepest = max(deepest, bytes.Count(start, []byte("- "))+bytes.Count(start, []byte("? ")))
	}
	for _, c := range text {
		switch c {
		case '[', '{':
			depth++
			deepest = max(deepest, depth)
		case ']', '}':
			depth = max(depth-1, 0)
		case '\n':
			depth = 0
		}
	}
	return deepest
}

// checker finds what makes no sense.
type checker struct {
	now      time.Time
	place    string
	ids      map[string]bool
	mistakes []error
}

func (c *checker) bad(format string, args ...any) {
	c.mistakes = append(c.mistakes, fmt.Errorf(c.place+format, args...))
}

func (c *checker) item(w writtenItem) item {
	c.place = w.place
	i := item{
		id: w.ID, what: w.What, kind: w.Kind, system: w.System, where: w.Where, owner: w.Owner, how: w.How,
		action: action(w.Action), level: levelOf(w.Level), handedTo: normal(w.TransferredTo), rotated: c.time("rotated", w.Rotated),
	}
	c.words(i)
	within, err := duration(w.Within)
	if i.within = within; err != nil || within <= 0 || within > oldest {
		c.bad("within: %q: want how long the owner has, such as 24h or 3d", w.Within)
	}
	i.holders = c.people(w)
	c.ids[i.id] = true
	return i
}

// levelOf reads a level; none if there is no such level. It is not left to the
// decoder, which looks through the whole file again for each value that reads
// itself.
func levelOf(name string) lastday.Level {
	level, err := lastday.ParseLevel(name)
	if err != nil {
		return lastday.LevelNone
	}
	return level
}

func (c *checker) words(i item) {
	if !regexp.MustCompile(`^[a-z0-9]([a-z0-9._-]{0,99})$`).MatchString(i.id) || c.ids[i.id] {
		c.bad("id: %q: want a name of its own, of lower case letters, digits, dots and dashes", i.id)
	}
	if !slices.ContainsFunc(kindNames(), func(k [2]string) bool { return k[0] == i.kind }) {
		c.bad("kind: %q is not known", i.kind)
	}
	for name, value := range map[string]string{"what": i.what, "owner": i.owner, "where": i.where} {
		if strings.TrimSpace(value) == "" || len(value) > 500 {
			c.bad("%s: is missing or too long", name)
		}
	}
	if i.level <= lastday.LevelNone {
		c.bad("level: want admin, write, read or sign-in")
	}
}

// people are those who know an item that is rotated, or own one that is
// handed over.
func (c *checker) people(w writtenItem) []holder {
	listed, other := w.KnownTo, w.OwnedBy
	switch action(w.Action) {
	case actionRotate:
		if w.TransferredTo != "" {
			c.bad("transferred_to: an item that is rotated is not handed over; make two items of it")
		}
	case actionTransfer:
		listed, other = w.OwnedBy, w.KnownTo
	default:
		c.bad("action: %q: want rotate (with known_to) or transfer (with owned_by)", w.Action)
	}
	if len(other) > 0 {
		c.bad("action %s: rotate goes with known_to, transfer with owned_by; make two items of it", w.Action)
	}
	if len(listed) == 0 {
		c.bad("known_to, owned_by: nobody is named")
	}
	all := make([]holder, 0, len(listed))
	for _, one := range listed {
		h := c.holder(one)
		if h.name != "" && h.name == normal(w.TransferredTo) {
			c.bad("transferred_to: names one of owned_by")
		}
		all = append(all, h)
	}
	return all
}

func (c *checker) holder(w writtenHolder) holder {
	h := holder{leaving: c.time("leaving", w.Leaving)}
	named := 0
	for s, name := range map[sort]string{byKey: w.Person, byEmail: w.Email, byNumber: w.EmployeeNumber} {
		if name = normal(name); name != "" {
			h.sort, h.name = s, name
			named++
		}
	}
	if named != 1 {
		c.bad("known_to, owned_by: name each by one of person, email, employee_number")
	}
	if h.sort == byEmail && !strings.Contains(h.name, "@") {
		c.bad("email: is no address")
	}
	return h
}

// time reads a moment with its offset, or a day, which is meant in UTC.
func (c *checker) time(name, text string) time.Time {
	if text == "" {
		return time.Time{}
	}
	for _, form := range []string{time.RFC3339, time.DateOnly} {
		at, err := time.Parse(form, text)
		if err != nil {
			continue
		}
		const skew = time.Hour
		if at.After(c.now.Add(skew)) && name != "leaving" {
			c.bad("%s: is in the future", name)
		}
		return at
	}
	c.bad("%s: want a day such as 2026-11-22 or a moment such as 2026-11-22T09:00:00Z", name)
	return time.Time{}
}

// duration reads hours as Go does, and days.
func duration(text string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		hours, err := time.ParseDuration(days + "h")
		return 24 * hours, err
	}
	return time.ParseDuration(text)
}

func normal(text string) string { return strings.ToLower(strings.TrimSpace(text)) }

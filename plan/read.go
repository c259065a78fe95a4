package plan

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"lastday"
)

// kinds are the two sorts of conditions of a policy.
type kinds struct{ separation, grant exprKind }

func (r *reader) policy(text []byte) (Policy, error) {
	k := kinds{}
	var err error
	if k.separation, err = separationKind(); err != nil {
		return Policy{}, err
	}
	if k.grant, err = grantKind(); err != nil {
		return Policy{}, err
	}
	root := r.open(text)
	if root == nil {
		return Policy{}, nil
	}
	f, ok := r.mapping(root, place{1, 1}, "the policy", "version", "name", "for", "cutoff", "zone", "calendar",
		"stages", "sensitive", "keep", "guards", "watch", "tell", "accept_gaps", "confidential")
	if !ok {
		return Policy{}, nil
	}
	return r.whole(f, k), nil
}

func (r *reader) whole(f fields, k kinds) Policy {
	p := Policy{cutoff: lastday.WallTime{Hour: 17}}
	if v, ok := f.text("version", "write version: 1", true); ok && v != "1" {
		r.wrong(f.place("version"), "version "+strconv.Quote(clip(v, 40))+" is not known", "write version: 1")
	}
	p.name = f.name()
	p.applies = f.condition("for", k.separation, false)
	p.cutoff = f.clock("cutoff", p.cutoff)
	p.zone = f.zone()
	p.calendar = r.calendar(f)
	r.stages(f, &p)
	r.sensitive(f, k.grant, &p)
	r.keeps(f, k.grant, &p)
	r.guards(f, &p)
	r.watches(f, &p)
	r.tell(f, &p)
	r.gaps(f, &p)
	p.confidential = f.confidentiality()
	return p
}

// name reads a name that is fit for screens and records.
func (f fields) name() string {
	const key = "name"
	const todo = "use up to 40 letters, digits, spaces and - _ ."
	text, ok := f.text(key, todo, true)
	if ok && !regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9 _.-]{0,39}$`).MatchString(text) {
		f.r.wrong(f.place(key), strconv.Quote(clip(text, 40))+" is no name", todo)
	}
	return text
}

// reason reads why somebody wants a rule. It is for people.
func (f fields) reason() string {
	text, _ := f.text("reason", "say why; people will read it when they approve", true)
	if len(text) > 400 {
		f.r.wrong(f.place("reason"), "the reason is longer than 400 bytes", "shorten it")
	}
	return text
}

func (f fields) clock(key string, otherwise lastday.WallTime) lastday.WallTime {
	const todo = `write HH:MM in quotes, such as "17:00"`
	text, ok := f.text(key, todo, false)
	if !ok {
		return otherwise
	}
	w, err := lastday.ParseWallTime(text)
	if err != nil {
		f.r.wrong(f.place(key), strconv.Quote(clip(text, 40))+" is no time of day", todo)
	}
	return w
}

func (f fields) zone() string {
	const todo = "use an IANA name such as Europe/Berlin"
	text, ok := f.text("zone", todo, false)
	if !ok {
		return ""
	}
	if _, err := location(text); err != nil {
		f.r.wrong(f.place("zone"), strconv.Quote(clip(text, 40))+" is no known zone", todo)
	}
	return text
}

func (f fields) level(key string) (lastday.Level, bool) {
	const todo = "write admin, write, read, sign-in or none"
	text, ok := f.text(key, todo, true)
	if !ok {
		return lastday.LevelNone, false
	}
	l, err := lastday.ParseLevel(text)
	if err != nil {
		f.r.wrong(f.place(key), strconv.Quote(clip(text, 40))+" is no level", todo)
		return lastday.LevelNone, false
	}
	return l, true
}

func (f fields) confidentiality() confidentiality {
	const todo = `write "cut only" or "all stages"`
	text, ok := f.text("confidential", todo, false)
	switch {
	case !ok:
		return cutOnly
	case text == string(cutOnly), text == string(allStages):
		return confidentiality(text)
	}
	f.r.wrong(f.place("confidential"), strconv.Quote(clip(text, 40))+" is not known", todo)
	return cutOnly
}

func (r *reader) calendar(f fields) calendar {
	c := calendar{weekend: []time.Weekday{time.Saturday, time.Sunday}}
	if !f.has("calendar") {
		return c
	}
	g, ok := r.mapping(f.keys["calendar"].value, f.place("calendar"), "calendar", "weekend", "holidays")
	if !ok {
		return c
	}
	if g.has("weekend") {
		c.weekend = r.weekend(g)
	}
	days, at := g.texts("holidays", "write days such as 2026-12-25")
	for i, text := range days {
		d, err := lastday.ParseDate(text)
		if err != nil {
			r.wrong(at[i], strconv.Quote(clip(text, 40))+" is no day", "write it as YYYY-MM-DD")
		}
		c.holidays = append(c.holidays, d)
	}
	return c
}

func (r *reader) weekend(g fields) []time.Weekday {
	var free []time.Weekday
	names, at := g.texts("weekend", "write days such as saturday")
	for i, text := range names {
		d, ok := parseWeekday(text)
		if !ok {
			r.wrong(at[i], strconv.Quote(clip(text, 40))+" is no day of the week", "write it in lower case, such as saturday")
		}
		if !slices.Contains(free, d) {
			free = append(free, d)
		}
	}
	if len(free) == 7 {
		r.wrong(g.place("weekend"), "no day of the week is worked on", "leave at least one out")
	}
	return free
}

func (r *reader) guards(f fields, p *Policy) {
	p.approvals, p.minOwners = 2, 1
	if !f.has("guards") {
		return
	}
	g, ok := r.mapping(f.keys["guards"].value, f.place("guards"), "guards", "approvals", "min_owners")
	if ok {
		p.approvals = g.number("approvals", 2, 1, 10)
		p.minOwners = g.number("min_owners", 1, 1, 100)
	}
}

func (r *reader) watches(f fields, p *Policy) {
	const todo = "write durations such as 1h or 7d, each longer than the one before"
	texts, at := f.texts("watch", todo)
	for i, text := range texts {
		span, ok := parseSpan(text)
		if !ok || (len(p.watch) > 0 && span <= p.watch[len(p.watch)-1].after) {
			r.wrong(at[i], strconv.Quote(clip(text, 40))+" does not fit", todo)
			continue
		}
		p.watch = append(p.watch, watch{name: "watch " + text, after: span})
	}
}

func (r *reader) tell(f fields, p *Policy) {
	p.tellAfter, p.tellAgain = time.Hour, 24*time.Hour
	if !f.has("tell") {
		return
	}
	g, ok := r.mapping(f.keys["tell"].value, f.place("tell"), "tell", "after", "again")
	if ok {
		p.tellAfter = g.span("after", p.tellAfter)
		p.tellAgain = g.span("again", p.tellAgain)
	}
}

func (f fields) span(key string, otherwise time.Duration) time.Duration {
	const todo = "write a duration such as 30m, 4h or 1d"
	text, ok := f.text(key, todo, false)
	if !ok {
		return otherwise
	}
	span, ok := parseSpan(text)
	if !ok {
		f.r.wrong(f.place(key), strconv.Quote(clip(text, 40))+" is no duration", todo)
		return otherwise
	}
	return span
}

func (r *reader) gaps(f fields, p *Policy) {
	for _, n := range f.list("accept_gaps", "write entries with system, kind and reason") {
		g, ok := r.mapping(n, placeOf(n), "an accepted gap", "system", "kind", "reason")
		if !ok {
			continue
		}
		a := accepted{reason: g.reason()}
		a.system, _ = g.text("system", "name the system", true)
		a.kind, _ = g.text("kind", `name the kind of grant, or "*" for all of the system`, true)
		p.accepted = append(p.accepted, a)
	}
}

// entries reads a list of mappings.
func (r *reader) entries(f fields, key, what string, known ...string) []fields {
	var all []fields
	for _, n := range f.list(key, "write entries with "+strings.Join(known, ", ")) {
		if g, ok := r.mapping(n, placeOf(n), what, known...); ok {
			all = append(all, g)
		}
	}
	return all
}

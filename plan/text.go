package plan

import (
	"cmp"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"lastday"
)

// TextOptions say how Text writes.
type TextOptions struct {
	// Colour adds ANSI colour.
	Colour bool
	// Width is the number of columns, 100 if zero. Narrower than 60 is taken as 60.
	Width int
}

// Text tells a plan to people: what is lost where and when, what is kept, what
// cannot be taken, who must decide, and what could not be seen. Names from far
// sides are stripped of control characters, so that no resource can write to
// the reader's terminal.
func Text(p lastday.Plan, o TextOptions) string {
	w := &writer{paint: paint(o.Colour), width: max(cmp.Or(o.Width, 100), 60)}
	w.measure(p)
	w.head(p)
	w.systems(p)
	for _, s := range p.Stages {
		if !s.Watch {
			w.stage(s)
		}
	}
	w.watches(p.Stages)
	w.kept(p.Kept)
	w.guards(p.Guards)
	w.gaps(p.Gaps)
	w.residue(p.Residue)
	w.notes(p.Notes)
	return w.out.String()
}

// writer lays text out in columns.
type writer struct {
	paint paint
	width int
	// system and kind are the widths of those columns.
	system, kind int
	out          strings.Builder
}

// measure makes the columns as wide as the names in them, within reason.
func (w *writer) measure(p lastday.Plan) {
	w.system, w.kind = 14, 12
	for _, s := range p.Systems {
		w.system = max(w.system, utf8.RuneCountInString(s.System)+1)
	}
	for _, s := range p.Stages {
		for _, c := range s.Changes {
			w.kind = max(w.kind, utf8.RuneCountInString(c.Grant.Kind)+1)
		}
	}
	w.system, w.kind = min(w.system, w.width/4), min(w.kind, w.width/4)
}

func (w *writer) head(p lastday.Plan) {
	w.line(w.paint.bold("Plan for " + clean(p.Case)))
	w.pair("policy", fmt.Sprintf("%s (%s)", clean(p.Policy), short(p.PolicyDigest)))
	w.pair("last day", p.LastDay.String())
	w.pair("cut", moment(p.Cutoff)+", "+p.Cutoff.Rule)
	w.pair("digest", short(p.Digest))
	if n := p.Approvals(); n > 0 {
		w.pair("approvals", fmt.Sprintf("%d different people must approve before anything is changed", n))
	}
}

func (w *writer) systems(p lastday.Plan) {
	w.title("Systems", "")
	for _, s := range p.Systems {
		what := fmt.Sprintf("%d grants, highest %s", s.Grants, s.Highest)
		switch {
		case s.Match.Verdict == lastday.FoundMany:
			what = "more than one account may be the person's"
		case s.Match.Verdict == lastday.FoundNone && s.Complete:
			what = "no account"
		}
		if !s.Complete {
			what += ", not all could be seen"
		}
		w.row(max(16, w.system), s.System, what)
	}
}

func (w *writer) stage(s lastday.Stage) {
	what := "nothing above " + s.Ceiling.String()
	switch {
	case s.Cut:
		what = "nothing may be left"
	case s.Ceiling == lastday.LevelAdmin:
		what = "no ceiling of its own"
	}
	w.title(s.Name, moment(s.Moment)+" · "+what)
	if len(s.Changes) == 0 {
		w.line("  nothing to change")
	}
	for _, c := range s.Changes {
		w.change(c)
	}
}

func (w *writer) watches(all []lastday.Stage) {
	titled := false
	for _, s := range all {
		if !s.Watch {
			continue
		}
		if !titled {
			w.title("Look again", "what came back reopens the case")
			titled = true
		}
		w.row(16, s.Name, moment(s.Moment))
	}
}

func (w *writer) change(c lastday.Change) {
	const level, steps = 8, 20
	room := w.width - 2 - w.system - w.kind - level - steps
	what := cut(clean(c.Grant.Resource.Name), room-1)
	step := fmt.Sprintf("%s → %s", clean(c.From), clean(c.To))
	w.line("  " + pad(c.Account.System, w.system) + pad(c.Grant.Kind, w.kind) + pad(what, room) +
		w.paint.as(c.Level(), pad(c.Level().String(), level)+cut(step, steps)))
	var notes []string
	if name, ok := strings.CutPrefix(c.Rule, "sensitive "); ok {
		notes = append(notes, "rule "+name)
	}
	if f := c.Grant.Restore.Fidelity; f != lastday.RestoreExact {
		note := "to give back: " + cmp.Or(string(f), "nothing promised")
		if why := c.Grant.Restore.Note; why != "" {
			note += " (" + why + ")"
		}
		notes = append(notes, note)
	}
	if len(notes) > 0 {
		w.wrap(4, w.paint.dim, strings.Join(notes, "; "))
	}
}

func (w *writer) kept(all []lastday.Kept) {
	if len(all) > 0 {
		w.title("Kept", "")
	}
	for _, k := range all {
		w.row(max(16, w.system), k.System, fmt.Sprintf("%s on %s until %s: %s", k.Rung, k.Name, k.Until, k.Reason))
	}
}

func (w *writer) guards(all []lastday.Guard) {
	if len(all) > 0 {
		w.title("Needs a person", "")
	}
	for _, g := range all {
		what := "refused: "
		if g.Approvals > 0 {
			what = fmt.Sprintf("%d approvals: ", g.Approvals)
		}
		w.row(max(16, w.system), cmp.Or(g.System, "everything"), what+g.Why)
	}
}

func (w *writer) gaps(all []lastday.Gap) {
	if len(all) > 0 {
		w.title("Not seen", "nothing about it may be called done")
	}
	for _, g := range all {
		w.row(max(16, w.system), g.System, sentence(g.What+": "+g.Why, g.Fix))
	}
}

func (w *writer) residue(all []lastday.Residue) {
	if len(all) > 0 {
		w.title("Cannot be taken here", "")
	}
	for _, r := range all {
		what := r.What + ": " + r.Why
		if !r.Until.IsZero() {
			what += ", until " + r.Until.UTC().Format("2006-01-02 15:04 UTC")
		}
		w.row(max(16, w.system), r.System, sentence(what, r.Todo))
	}
}

func (w *writer) notes(all []string) {
	if len(all) > 0 {
		w.title("Notes", "")
	}
	for _, n := range all {
		w.wrap(2, nil, "- "+n)
	}
}

func sentence(what, todo string) string {
	if todo == "" {
		return what
	}
	return what + "; to do: " + todo
}

// moment tells a moment by the clock that was meant, and in UTC.
func moment(m lastday.Moment) string {
	day := time.Date(m.Date.Year, m.Date.Month, m.Date.Day, 12, 0, 0, 0, time.UTC).Format("Mon 2 Jan 2006")
	return fmt.Sprintf("%s %s %s (%s UTC)", day, m.Time, m.Zone, m.Instant.UTC().Format("15:04"))
}

func short(digest string) string { return digest[:min(len(digest), 12)] }

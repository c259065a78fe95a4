package plan

import (
	"slices"
	"strconv"
	"strings"

	"lastday"
)

// stages reads the way down. Its end is the cut: the stage on the last day that
// names no time, because its time is the cut-off.
func (r *reader) stages(f fields, p *Policy) {
	p.cut = -1
	if !f.has("stages") {
		r.wrong(f.at, `"stages" is missing`, "write at least - {name: cut, at: last day, ceiling: none}")
		return
	}
	known := []string{"name", "at", "time", "ceiling"}
	for _, g := range r.entries(f, "stages", "a stage", known...) {
		r.stage(g, p)
	}
	if p.cut < 0 {
		r.wrong(f.place("stages"), "no stage is the cut", "end with - {name: cut, at: last day, ceiling: none}, without a time")
	}
}

func (r *reader) stage(g fields, p *Policy) {
	const todo = `write "last day", "14 days before" or "5 working days before"`
	s := stage{name: g.name(), place: g.at}
	if at, ok := g.text("at", todo, true); ok {
		if s.at, ok = parseOffset(at); !ok {
			r.wrong(g.place("at"), strconv.Quote(clip(at, 40))+" is no distance from the last day", todo)
		}
	}
	s.time = g.clock("time", lastday.WallTime{Hour: 9})
	level, ok := g.level("ceiling")
	s.ceiling = level
	if strings.HasPrefix(s.name, "watch ") {
		r.wrong(g.place("name"), "names that begin with \"watch \" belong to the key watch", "use another name")
	}
	if slices.ContainsFunc(p.stages, func(t stage) bool { return t.name == s.name }) {
		r.wrong(g.place("name"), "two stages are called "+strconv.Quote(s.name), "give each its own name")
	}
	isCut := s.at == offset{} && !g.has("time") && g.has("at")
	r.falling(g, p, s, ok, isCut)
	if isCut && p.cut < 0 {
		p.cut = len(p.stages)
		s.time = p.cutoff
	}
	p.stages = append(p.stages, s)
}

// falling checks that a stage stands where it may and only goes down.
func (r *reader) falling(g fields, p *Policy, s stage, leveled, isCut bool) {
	afterCut := p.cut >= 0
	switch {
	case isCut && afterCut:
		r.wrong(g.place("at"), "there are two cuts", "leave one stage at last day without a time")
	case (isCut || afterCut) && leveled && s.ceiling != lastday.LevelNone:
		r.wrong(g.place("ceiling"), "from the cut on nothing may be left", "write ceiling: none")
	case afterCut && s.at.days <= 0:
		r.wrong(g.place("at"), "the cut must be the last stage on the way down", "move this stage before it")
	case !afterCut && s.at.days > 0:
		r.wrong(g.place("at"), "a stage after the last day stands before the cut", "move it after the cut")
	case leveled && len(p.stages) > 0 && s.ceiling > p.stages[len(p.stages)-1].ceiling:
		r.wrong(g.place("ceiling"), "a ceiling must not rise", "write "+p.stages[len(p.stages)-1].ceiling.String()+" or lower")
	}
}

// stageNamed finds a stage on the way down, the cut included.
func (r *reader) stageNamed(g fields, key string, p *Policy) (int, bool) {
	name, ok := g.text(key, "name one of the stages", true)
	if !ok {
		return 0, false
	}
	for i, s := range p.stages {
		if s.name == name && (p.cut < 0 || i <= p.cut) {
			return i, true
		}
	}
	r.wrong(g.place(key), strconv.Quote(clip(name, 40))+" is no stage up to the cut", "name one of the stages")
	return 0, false
}

func (r *reader) sensitive(f fields, kind exprKind, p *Policy) {
	known := []string{"name", "when", "stage", "ceiling", "reason", "silent"}
	for _, g := range r.entries(f, "sensitive", "a sensitive rule", known...) {
		s := sensitive{name: g.name(), when: g.condition("when", kind, true), reason: g.reason(), silent: g.yes("silent")}
		level, leveled := g.level("ceiling")
		index, found := r.stageNamed(g, "stage", p)
		s.ceiling, s.stage = level, index
		if leveled && found && !s.silent && level >= p.stages[index].ceiling {
			r.wrong(g.place("ceiling"), "the rule changes nothing: its stage is as low already", "write a lower ceiling or an earlier stage")
		}
		if slices.ContainsFunc(p.sensitive, func(t sensitive) bool { return t.name == s.name }) {
			r.wrong(g.place("name"), "two sensitive rules are called "+strconv.Quote(s.name), "give each its own name")
		}
		p.sensitive = append(p.sensitive, s)
	}
}

func (r *reader) keeps(f fields, kind exprKind, p *Policy) {
	known := []string{"name", "when", "until", "reason", "admin"}
	for _, g := range r.entries(f, "keep", "a keep rule", known...) {
		k := keep{name: g.name(), when: g.condition("when", kind, true), reason: g.reason(), admin: g.yes("admin")}
		index, found := r.stageNamed(g, "until", p)
		k.until = index
		if found && index == 0 {
			r.wrong(g.place("until"), "the rule keeps nothing: no stage comes before "+strconv.Quote(p.stages[0].name), "name a later stage")
		}
		if slices.ContainsFunc(p.keep, func(t keep) bool { return t.name == k.name }) {
			r.wrong(g.place("name"), "two keep rules are called "+strconv.Quote(k.name), "give each its own name")
		}
		p.keep = append(p.keep, k)
	}
}

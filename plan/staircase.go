package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"lastday"
)

// Step is how high one system was seen to stand after a stage.
type Step struct {
	Stage string
	At    time.Time
	// Level is the highest that was seen, and Proof how well it is shown.
	Level lastday.Level
	Proof lastday.Proof
}

// StairOptions say what is known besides the plan, and how Staircase draws.
type StairOptions struct {
	// Done names the stages that are over.
	Done []string
	// Now is the time to draw; zero draws the plan as if nothing had begun.
	Now time.Time
	// Actual holds, by system, what was seen after each stage.
	Actual map[string][]Step
	// Colour adds ANSI colour.
	Colour bool
	// Width is the number of columns, 100 if zero.
	Width int
}

// Staircase draws for each system how its highest level falls over the stages:
// █ was seen, ▒ is under way, ░ is planned. Where something was seen above the
// plan, it is what was seen that is drawn. Grants that cannot be changed here
// are in no change of a plan; a system that has some says so.
func Staircase(p lastday.Plan, o StairOptions) string {
	s := &stairs{plan: p, o: o, paint: paint(o.Colour)}
	s.columns()
	s.head()
	for _, system := range p.Systems {
		s.system(system)
	}
	return s.out.String()
}

// column is one stage of the picture; the first is what was found.
type column struct {
	name  string
	day   string
	clock string
	state string
}

// The states of a column.
const (
	stateDone    = "done"
	stateNow     = "now"
	statePlanned = "planned"
)

type stairs struct {
	plan  lastday.Plan
	o     StairOptions
	paint paint
	cols  []column
	each  int
	out   strings.Builder
}

const stairLabel = 10

func (s *stairs) columns() {
	s.cols = []column{{name: "found", state: stateDone}}
	for _, past := range s.earlier() {
		s.cols = append(s.cols, column{name: past.Stage, day: past.At.UTC().Format("2 Jan"), clock: past.At.UTC().Format("15:04Z"), state: stateDone})
	}
	for _, st := range s.plan.Stages {
		s.cols = append(s.cols, column{name: st.Name, day: day(st.Moment), clock: st.Moment.Time.String(), state: s.state(st)})
	}
	s.each = min(max((cmp.Or(s.o.Width, 100)-stairLabel)/len(s.cols), 5), 14)
}

func day(m lastday.Moment) string {
	return fmt.Sprintf("%d %s", m.Date.Day, m.Date.Month.String()[:3])
}

// earlier are stages that an earlier plan had and this one has not.
func (s *stairs) earlier() []Step {
	var all []Step
	for _, system := range s.plan.Systems {
		for _, step := range s.o.Actual[system.System] {
			_, planned := s.plan.Stage(step.Stage)
			known := slices.ContainsFunc(all, func(t Step) bool { return t.Stage == step.Stage })
			if !planned && !known {
				all = append(all, step)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b Step) int { return a.At.Compare(b.At) })
	return all
}

func (s *stairs) state(st lastday.Stage) string {
	switch {
	case slices.Contains(s.o.Done, st.Name):
		return stateDone
	case !s.o.Now.IsZero() && !st.Moment.Instant.After(s.o.Now):
		return stateNow
	}
	return statePlanned
}

func (s *stairs) head() {
	for _, pick := range []func(column) string{
		func(c column) string { return c.name },
		func(c column) string { return c.day },
		func(c column) string { return c.clock },
		func(c column) string { return strings.TrimSpace(mark(c.state) + " " + c.state) },
	} {
		line := strings.Repeat(" ", stairLabel)
		for _, c := range s.cols {
			line += pad(pick(c), s.each)
		}
		s.line(line)
	}
}

func mark(state string) string {
	switch state {
	case stateDone:
		return "█"
	case stateNow:
		return "▒"
	}
	return "░"
}

func (s *stairs) line(text string) {
	s.out.WriteString(strings.TrimRight(text, " "))
	s.out.WriteByte('\n')
}

func (s *stairs) system(system lastday.SystemPlan) {
	levels := s.levels(system)
	s.line("")
	s.line(s.paint.bold(clean(system.System)) + s.warning(system))
	for _, l := range lastday.Levels() {
		line := pad("  "+l.String(), stairLabel)
		for i, c := range s.cols {
			line += s.cell(l, levels[i], c)
		}
		s.line(line)
	}
	s.line(s.proofs(system.System))
}

func (s *stairs) warning(system lastday.SystemPlan) string {
	left := 0
	for _, r := range s.plan.Residue {
		if r.System == system.System && !r.Harmless {
			left++
		}
	}
	text := ""
	if left > 0 {
		text += fmt.Sprintf(" · %d cannot be taken here", left)
	}
	if !system.Complete {
		text += " · not all could be seen"
	}
	return s.paint.warn(text)
}

// levels is how high the system stands in each column.
func (s *stairs) levels(system lastday.SystemPlan) []lastday.Level {
	planned := s.planned(system)
	all := []lastday.Level{system.Highest}
	for _, c := range s.cols[1:] {
		level, ok := planned[c.name]
		if step, seen := s.step(system.System, c.name); seen {
			level, ok = step.Level, true
		}
		if !ok {
			level = all[len(all)-1]
		}
		all = append(all, level)
	}
	return all
}

func (s *stairs) step(system, stage string) (Step, bool) {
	found, ok := Step{}, false
	for _, step := range s.o.Actual[system] {
		if step.Stage == stage {
			found, ok = step, true
		}
	}
	return found, ok
}

// planned follows the changes: the highest level left after each stage.
func (s *stairs) planned(system lastday.SystemPlan) map[string]lastday.Level {
	left := map[string]lastday.Level{}
	for _, st := range slices.Backward(s.plan.Stages) {
		for _, c := range st.Changes {
			if c.Account.System == system.System {
				left[c.Grant.Key] = c.Grant.Level()
			}
		}
	}
	out := map[string]lastday.Level{}
	for _, st := range s.plan.Stages {
		for _, c := range st.Changes {
			if rung, ok := c.Grant.Ladder.Rung(c.To); ok && c.Account.System == system.System {
				left[c.Grant.Key] = rung.Level
			}
		}
		highest := lastday.LevelNone
		for _, l := range left {
			highest = max(highest, l)
		}
		if len(left) == 0 {
			highest = system.Highest
		}
		out[st.Name] = highest
	}
	return out
}

// cell draws one level of one column. The floor is drawn at none, so that a
// system that has fallen is not mistaken for one that is missing.
func (s *stairs) cell(l, stands lastday.Level, c column) string {
	width := s.each - 1
	if l == lastday.LevelNone {
		return s.paint.dim(strings.Repeat("▁", width)) + " "
	}
	if stands < l {
		return strings.Repeat(" ", s.each)
	}
	return s.paint.as(stands, strings.Repeat(mark(c.state), width)) + " "
}

// proofs says under each column how well what is drawn is shown.
func (s *stairs) proofs(system string) string {
	line, shown := strings.Repeat(" ", stairLabel), false
	for _, c := range s.cols {
		step, seen := s.step(system, c.name)
		text := ""
		if seen {
			text, shown = step.Proof.String(), true
		}
		line += pad(text, s.each)
	}
	if !shown {
		return ""
	}
	return line
}

package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"lastday"
	"lastday/workflows"
)

// stair is one system of the picture: how high its access stood in each column.
type stair struct {
	system string
	levels []lastday.Level
	// seen is how many of the columns were read back, the rest is planned.
	seen  int
	proof string
}

const (
	stairCell    = 6
	stairLabel   = 8
	stairGap     = 3
	stairAbreast = 4
)

// sideBySide draws the staircases of all systems beside each other, in at most
// 120 columns: █ was read back, ░ is planned.
func sideBySide(st workflows.Status, made lastday.Plan) string {
	columns := stairColumns(st, made)
	var b strings.Builder
	fmt.Fprintf(&b, "%s█ read back  ░ planned\n", strings.Repeat(" ", stairLabel))
	var all []stair
	for _, l := range st.Lanes {
		all = append(all, stairOf(l, columns))
	}
	for row := range slices.Chunk(all, stairAbreast) {
		b.WriteString("\n" + stairRow(row, columns))
	}
	return b.String()
}

// stairColumn is one stage that takes something away.
type stairColumn struct {
	stage   string
	at      time.Time
	ceiling lastday.Level
}

// stairColumns are the stages up to the cut: those that were reached, also
// under an earlier plan, and those to come.
func stairColumns(st workflows.Status, made lastday.Plan) []stairColumn {
	ceilings := map[string]lastday.Level{"notice": lastday.LevelWrite, "handover": lastday.LevelRead, "cut": lastday.LevelNone}
	var columns []stairColumn
	for _, name := range []string{"notice", "handover", "cut"} {
		c := stairColumn{stage: name, ceiling: ceilings[name]}
		if stage, ok := made.Stage(name); ok {
			c.at, c.ceiling = stage.Moment.Instant, stage.Ceiling
		}
		for _, r := range st.Reached {
			if r.Stage == name {
				c.at = r.At
			}
		}
		columns = append(columns, c)
	}
	return columns
}

func stairOf(l workflows.Lane, columns []stairColumn) stair {
	s := stair{system: l.System, levels: []lastday.Level{l.Highest}, proof: "not read back yet"}
	if len(l.Steps) > 0 {
		s.levels[0] = l.Steps[0].Level
	}
	for i, c := range columns {
		level := min(s.levels[i], c.ceiling)
		for _, step := range l.Steps[min(1, len(l.Steps)):] {
			if step.Stage == c.stage {
				level, s.seen, s.proof = step.Level, i+1, step.Proof.String()
			}
		}
		s.levels = append(s.levels, level)
	}
	return s
}

func stairRow(row []stair, columns []stairColumn) string {
	width := stairCell * (len(columns) + 1)
	gap := strings.Repeat(" ", stairGap)
	line := func(label string, cell func(stair) string) string {
		text := fmt.Sprintf("%-*s", stairLabel, label)
		for _, s := range row {
			cell := cell(s)
			text += cell + strings.Repeat(" ", max(0, width-len([]rune(cell)))) + gap
		}
		return strings.TrimRight(text, " ") + "\n"
	}
	var b strings.Builder
	b.WriteString(line("", func(s stair) string { return clip(s.system, width) }))
	for _, level := range lastday.Levels() {
		if level > lastday.LevelNone {
			b.WriteString(line(level.String(), func(s stair) string { return s.bar(level) }))
		}
	}
	b.WriteString(line("", func(stair) string { return stairDays(columns) }))
	b.WriteString(line("proof", func(s stair) string { return s.proof }))
	return b.String()
}

// bar is one level of one system over all columns.
func (s stair) bar(level lastday.Level) string {
	var b strings.Builder
	for i, at := range s.levels {
		mark := "█"
		if i > s.seen {
			mark = "░"
		}
		if at < level {
			mark = " "
		}
		b.WriteString(strings.Repeat(mark, stairCell))
	}
	return b.String()
}

func stairDays(columns []stairColumn) string {
	text := fmt.Sprintf("%-*s", stairCell, "found")
	for _, c := range columns {
		text += fmt.Sprintf("%-*s", stairCell, c.at.Format("2.1"))
	}
	return text
}

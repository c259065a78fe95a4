package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Mistake is one thing wrong in a policy, and where.
type Mistake struct {
	File string
	// Line and Column count from one.
	Line   int
	Column int
	// What is wrong, and Todo how to mend it.
	What string
	Todo string
}

// String is `file:line:column: what; todo`.
func (m Mistake) String() string {
	text := fmt.Sprintf("%s:%d:%d: %s", m.File, m.Line, m.Column, m.What)
	if m.Todo != "" {
		text += "; " + m.Todo
	}
	return text
}

// Mistakes are all things wrong in a policy, in the order of the text.
type Mistakes []Mistake

// Error lists the mistakes, one a line.
func (m Mistakes) Error() string {
	lines := make([]string, 0, len(m))
	for _, one := range m {
		lines = append(lines, one.String())
	}
	return strings.Join(lines, "\n")
}

func (m Mistakes) sorted() Mistakes {
	slices.SortStableFunc(m, func(a, b Mistake) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return m
}

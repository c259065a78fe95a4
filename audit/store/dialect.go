package store

import (
	"context"
	"database/sql"
	"iter"
	"slices"
	"strings"
)

// dialect is all in which the two databases differ.
type dialect struct {
	// dir holds the migrations.
	dir string
	// lock makes the transaction that it begins with the only one that writes; a
	// database whose transactions are so by themselves has none.
	lock string
	// mark writes the place of an argument; places stand in the order of arguments.
	mark func(number int) string
	// tables says whether our tables are there.
	tables string
	// refused says whether a constraint or a trigger of ours refused.
	refused func(error) bool
	// scrub takes what was erased out of the files of the database.
	scrub func(ctx context.Context, db *sql.DB) error
}

// mostArgs is how many arguments one statement gets at most.
const mostArgs = 500

// places writes the places of n arguments, such as $3,$4.
func (d dialect) places(first, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(d.mark(first + i))
	}
	return b.String()
}

// tuples writes the places of rows of n columns: ($1,$2),($3,$4).
func (d dialect) tuples(rows, n int) string {
	parts := make([]string, rows)
	for i := range parts {
		parts[i] = "(" + d.places(1+i*n, n) + ")"
	}
	return strings.Join(parts, ",")
}

func anys[T any](list []T) []any {
	all := make([]any, len(list))
	for i, v := range list {
		all[i] = v
	}
	return all
}

// chunks cuts a list into parts of at most n.
func chunks[T any](list []T, n int) iter.Seq[[]T] { return slices.Chunk(list, n) }

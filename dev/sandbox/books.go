package sandbox

import (
	"context"
	"slices"
	"strings"
)

// Books is what a far side itself knows, read as its own administrator would
// and never by way of an integration of lastday.
type Books interface {
	// System is the far side's name in the configuration.
	System() string
	// Ways are what the leaver can still get in with, or do there.
	Ways(ctx context.Context) ([]string, error)
	// Others are what everybody else has, by what it is called.
	Others(ctx context.Context) (map[string]string, error)
	// Writes are the changes that the far side was told to make since the company
	// opened, one text for each: the same text twice is a change made twice.
	Writes(ctx context.Context) ([]string, error)
}

// Books are the books of all far sides but GitHub, which has some of its own.
func (c *Company) Books() []Books {
	all := []Books{c.Directory, c.Console, c.CRM}
	if c.Database != nil {
		all = append(all, c.Database)
	}
	return append(all, c.Register)
}

// Attempt is one try of the leaver to get in.
type Attempt struct {
	// What was tried, In if it worked, and Says what the far side answered.
	What string
	In   bool
	Says string
}

func attempt(what string, err error) Attempt {
	if err != nil {
		return Attempt{What: what, Says: firstLine(err.Error())}
	}
	return Attempt{What: what, In: true, Says: "let in"}
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return strings.Map(func(r rune) rune {
		if r < ' ' {
			return -1
		}
		return r
	}, line)
}

// Try lets the leaver try all doors with real passwords and sessions.
func (c *Company) Try(ctx context.Context) []Attempt {
	all := c.Directory.try()
	all = append(all, c.Console.try())
	if c.Database != nil {
		all = append(all, c.Database.try(ctx)...)
	}
	return all
}

// Twice are the texts that are there more than once.
func Twice(writes []string) []string {
	var twice []string
	seen := map[string]bool{}
	for _, w := range writes {
		if seen[w] && !slices.Contains(twice, w) {
			twice = append(twice, w)
		}
		seen[w] = true
	}
	return twice
}

// Touched are the names of what is different now.
func Touched(before, after map[string]string) []string {
	var names []string
	for name, text := range before {
		if after[name] != text {
			names = append(names, name)
		}
	}
	for name := range after {
		if _, was := before[name]; !was {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

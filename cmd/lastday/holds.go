package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"lastday"
	"lastday/audit/store"
	"lastday/internal/app"
)

func (p *program) holdRecordsCommand() *cobra.Command {
	var f orderFlags
	var h store.LegalHold
	c := &cobra.Command{
		Use:   "hold --id ID (--person KEY | --case CASE | --everything) --reason TEXT",
		Short: "Forbid to erase records and bundles, until unhold",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if f.id == "" {
				return usage("records hold: --id names the hold, such as the number of the matter")
			}
			if err := f.check(p, "hold"); err != nil {
				return err
			}
			h.ID, h.By, h.Reason = f.id, f.by, f.reason
			return p.withArchive(c.Context(), func(a app.Archive) error {
				if err := a.Records.Hold(c.Context(), h); err != nil {
					return err
				}
				return p.print(h, func(w io.Writer) { fmt.Fprintf(w, "%s: %s is not erased until it ends\n", h.ID, covers(h)) })
			})
		},
	}
	c.Flags().StringVar(&h.Person, "person", "", "all that is kept of the person with this `key`")
	c.Flags().StringVar(&h.Case, "case", "", "all that is kept of this `case`")
	c.Flags().BoolVar(&h.Everything, "everything", false, "everything")
	p.registerOrder(c, &f, "the `id` of the hold, for good")
	return c
}

// covers says what a hold keeps.
func covers(h store.LegalHold) string {
	switch {
	case h.Everything:
		return "everything"
	case h.Case != "":
		return "case " + h.Case
	}
	return "person " + h.Person
}

func (p *program) unholdCommand() *cobra.Command {
	var f orderFlags
	c := &cobra.Command{
		Use:   "unhold --id ID --reason TEXT",
		Short: "End a legal hold",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if f.id == "" {
				return usage("records unhold: --id names the hold (see lastday records holds)")
			}
			if err := f.check(p, "unhold"); err != nil {
				return err
			}
			return p.withArchive(c.Context(), func(a app.Archive) error {
				if err := a.Records.Unhold(c.Context(), f.id, f.by, f.reason); err != nil {
					return err
				}
				return p.print(map[string]string{"id": f.id}, func(w io.Writer) { fmt.Fprintf(w, "%s is over\n", f.id) })
			})
		},
	}
	p.registerOrder(c, &f, "the `id` of the hold")
	return c
}

func (p *program) holdsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "holds",
		Short: "List the legal holds in force",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return p.withArchive(c.Context(), func(a app.Archive) error {
				holds, err := a.Records.Holds(c.Context())
				if err != nil {
					return err
				}
				return p.print(slices.Concat([]store.LegalHold{}, holds), func(w io.Writer) {
					table(w, "ID\tKEEPS", func(row func(string, ...any)) {
						for _, h := range holds {
							row("%s\t%s", h.ID, covers(h))
						}
					})
				})
			})
		},
	}
}

func (p *program) retainCommand() *cobra.Command {
	var dry bool
	c := &cobra.Command{
		Use:   "retain [--dry-run]",
		Short: "Erase what is older than records.retention keeps; workers do so every day",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return p.withArchive(c.Context(), func(a app.Archive) error {
				if dry {
					return p.wouldRetain(c.Context(), a)
				}
				return p.retain(c.Context(), a)
			})
		},
	}
	c.Flags().BoolVar(&dry, "dry-run", false, "say what is kept for how long and what would be erased, and change nothing")
	return c
}

func (p *program) retain(ctx context.Context, a app.Archive) error {
	defer p.wait("looking for what was kept long enough")()
	done, err := a.Retain(ctx)
	told := erasedTold{Retained: done}
	if err != nil && len(done.Entries) == 0 {
		return err
	}
	if err := p.print(told, func(w io.Writer) { told.tell(w) }); err != nil {
		return err
	}
	return err
}

// keeps is how long one kind of record is kept; zero is for good.
type keeps struct {
	Kind lastday.RecordKind `json:"kind"`
	For  time.Duration      `json:"for"`
}

func (p *program) wouldRetain(ctx context.Context, a app.Archive) error {
	defer p.wait("looking for what was kept long enough")()
	would, err := a.WouldRetain(ctx)
	if err != nil {
		return err
	}
	told := struct {
		Keeps []keeps      `json:"keeps"`
		Would store.Erased `json:"would"`
	}{keptFor(a.Parts.Retention()), would}
	return p.print(told, func(w io.Writer) {
		table(w, "RECORDS\tKEPT AFTER THE CASE CLOSED", func(row func(string, ...any)) {
			for _, k := range told.Keeps {
				row("%s\t%s", k.Kind, daysOf(k.For))
			}
		})
		fmt.Fprintf(w, "\n%d records would be erased, %d are kept by a legal hold\n", len(would.Entries), len(would.Kept))
	})
}

func keptFor(policy store.Retention) []keeps {
	var all []keeps
	for kind := range store.DefaultRetention() {
		all = append(all, keeps{kind, policy[kind]})
	}
	slices.SortFunc(all, func(a, b keeps) int { return cmp.Compare(a.Kind, b.Kind) })
	return all
}

func daysOf(d time.Duration) string {
	if d == 0 {
		return "for good"
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}

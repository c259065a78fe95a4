package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"lastday"
	"lastday/internal/app"
	"lastday/internal/links"
)

func (p *program) linkCommand() *cobra.Command {
	c := &cobra.Command{Use: "link", Short: "Keep the table of whose accounts are whose"}
	c.AddCommand(p.linkListCommand(), p.linkAddCommand(), p.linkRemoveCommand(), p.linkImportCommand(), p.linkFindCommand())
	return c
}

// withLinks runs do with the link table.
func (p *program) withLinks(ctx context.Context, do func(*app.Parts, *links.Store) error) (err error) {
	parts, err := p.open(ctx)
	if err != nil {
		return err
	}
	store, err := parts.OpenLinks(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	return do(parts, store)
}

func queryFlags(c *cobra.Command, q *links.Query) {
	c.Flags().StringVar(&q.Person, "person", "", "HR's `key` of the person")
	c.Flags().StringVar(&q.System, "system", "", "the `system`")
	c.Flags().StringVar(&q.ID, "id", "", "the account's immutable `id`")
}

func (p *program) linkListCommand() *cobra.Command {
	var q links.Query
	var history bool
	c := &cobra.Command{
		Use: "list", Short: "List the links that hold, or with --history every change", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return p.withLinks(c.Context(), func(_ *app.Parts, store *links.Store) error {
				if history {
					all, err := store.History(c.Context(), q)
					if err != nil {
						return err
					}
					return p.print(all, func(w io.Writer) { writeLinkHistory(w, all) })
				}
				all, err := store.List(c.Context(), q)
				if err != nil {
					return err
				}
				return p.print(all, func(w io.Writer) { writeLinks(w, all) })
			})
		},
	}
	queryFlags(c, &q)
	c.Flags().BoolVar(&history, "history", false, "every change, with who and why")
	return c
}

func writeLinks(w io.Writer, all []links.Link) {
	table(w, "PERSON\tSYSTEM\tID\tLOGIN\tROLE\tEVIDENCE\tBY\tAT", func(row func(string, ...any)) {
		for _, l := range all {
			row("%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s", l.Person, l.System, l.ID, orDash(l.Login), l.Role, l.Evidence, l.By, when(l.At))
		}
	})
}

func writeLinkHistory(w io.Writer, all []links.Change) {
	table(w, "#\tAT\tBY\tWHAT\tPERSON\tSYSTEM\tID\tROLE\tREASON", func(row func(string, ...any)) {
		for _, c := range all {
			row("%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s", c.Seq, when(c.At), c.By, c.Verb, c.Link.Person, c.Link.System, c.Link.ID, c.Link.Role, c.Reason)
		}
	})
}

func (p *program) linkAddCommand() *cobra.Command {
	var q links.Query
	var login, role, evidence, reason string
	c := &cobra.Command{
		Use:   "add --person KEY --system SYSTEM --id ID --evidence TEXT --reason TEXT",
		Short: "Say that an account is a person's", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return p.withLinks(c.Context(), func(parts *app.Parts, store *links.Store) error {
				if err := knownSystem(parts, q.System); err != nil {
					return err
				}
				l := links.Link{Person: q.Person, System: q.System, ID: q.ID, Login: login, Role: links.Role(role), Evidence: evidence}
				return store.Add(c.Context(), l, p.actor, reason)
			})
		},
	}
	queryFlags(c, &q)
	c.Flags().StringVar(&login, "login", "", "what the account is called, a label")
	c.Flags().StringVar(&role, "role", string(links.RolePrimary), "primary, admin, service or other")
	c.Flags().StringVar(&evidence, "evidence", "", "what it rests on, such as a ticket")
	c.Flags().StringVar(&reason, "reason", "", "why, for the history")
	needed(c, "person", "system", "id", "evidence", "reason")
	return c
}

func needed(c *cobra.Command, flags ...string) {
	c.PreRunE = func(c *cobra.Command, _ []string) error {
		for _, name := range flags {
			if !c.Flags().Changed(name) {
				return usage("--%s is needed", name)
			}
		}
		return nil
	}
}

func knownSystem(parts *app.Parts, name string) error {
	var names []string
	for _, s := range parts.Systems {
		if s.Name == name {
			return nil
		}
		names = append(names, s.Name)
	}
	return lastday.Errorf(lastday.CodeInvalid, "link", "there is no system %q; there are: %s", name, strings.Join(names, ", "))
}

func (p *program) linkRemoveCommand() *cobra.Command {
	var q links.Query
	var reason string
	c := &cobra.Command{
		Use:   "remove --person KEY --system SYSTEM --id ID --reason TEXT",
		Short: "Say that an account is not, or no more, a person's; the history keeps it", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return p.withLinks(c.Context(), func(_ *app.Parts, store *links.Store) error {
				return store.Remove(c.Context(), q, p.actor, reason)
			})
		},
	}
	queryFlags(c, &q)
	c.Flags().StringVar(&reason, "reason", "", "why, for the history")
	needed(c, "person", "system", "id", "reason")
	return c
}

func (p *program) linkImportCommand() *cobra.Command {
	var apply bool
	var reason string
	c := &cobra.Command{
		Use:   "import LINKS.csv [--apply --reason TEXT]",
		Short: "Show what a list of links would add; with --apply add them, all or none",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage("name the list: lastday link import links.csv")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if apply && reason == "" {
				return usage("say why: --reason")
			}
			return p.withLinks(c.Context(), func(parts *app.Parts, store *links.Store) error {
				return p.importLinks(c.Context(), parts, store, args[0], apply, reason)
			})
		},
	}
	c.Flags().BoolVar(&apply, "apply", false, "add the links; without it nothing is changed")
	c.Flags().StringVar(&reason, "reason", "", "why, for the history")
	return c
}

func (p *program) importLinks(ctx context.Context, parts *app.Parts, store *links.Store, file string, apply bool, reason string) error {
	text, err := p.read(file)
	if err != nil {
		return err
	}
	rows, err := links.ParseCSV(bytes.NewReader(text))
	if err != nil {
		return err
	}
	wrong, err := store.Preview(ctx, rows)
	if err != nil {
		return err
	}
	var all []links.Link
	for i := range rows {
		if err := knownSystem(parts, rows[i].Link.System); err != nil && !rows[i].Wrong {
			rows[i].Result, rows[i].Wrong = "there is no such system", true
			wrong++
		}
		all = append(all, rows[i].Link)
	}
	if apply && wrong == 0 {
		if err := store.Import(ctx, all, p.actor, reason); err != nil {
			return err
		}
	}
	if err := p.print(rows, func(w io.Writer) { writeLinkRows(w, rows, apply && wrong == 0) }); err != nil {
		return err
	}
	if wrong > 0 {
		return lastday.Errorf(lastday.CodeInvalid, "link import", "%d of %d rows have mistakes; nothing was added", wrong, len(rows))
	}
	return nil
}

func writeLinkRows(w io.Writer, rows []links.Row, added bool) {
	table(w, "LINE\tPERSON\tSYSTEM\tID\tROLE\tRESULT", func(row func(string, ...any)) {
		for _, r := range rows {
			row("%d\t%s\t%s\t%s\t%s\t%s", r.Line, r.Link.Person, r.Link.System, r.Link.ID, r.Link.Role, r.Result)
		}
	})
	if added {
		fmt.Fprintln(w, "\nadded")
		return
	}
	fmt.Fprintln(w, "\nnothing was changed; to add them: --apply --reason TEXT")
}

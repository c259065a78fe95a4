package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"lastday"
	"lastday/internal/app"
	"lastday/internal/links"
)

// foundLink is what one system says of one person, beside what the table says.
type foundLink struct {
	Person string        `json:"person"`
	System string        `json:"system"`
	Match  lastday.Match `json:"match"`
	// Table is what the table says: the same, another account, or nothing.
	Table string       `json:"table"`
	Code  lastday.Code `json:"code,omitempty"`
	Error string       `json:"error,omitempty"`
}

func (p *program) linkFindCommand() *cobra.Command {
	var who person
	var list, source string
	c := &cobra.Command{
		Use:   "find (PERSON --email ADDRESS --employee-number NUMBER | --list FILE [PERSON…])",
		Short: "Ask every system which account is a person's, and show the evidence; changes nothing",
		RunE: func(c *cobra.Command, args []string) error {
			if list == "" && len(args) != 1 {
				return usage("name one person, or a list with --list")
			}
			return p.withLinks(c.Context(), func(parts *app.Parts, store *links.Store) error {
				people, err := p.peopleToFind(parts, who, list, source, args)
				if err != nil {
					return err
				}
				all, err := p.findLinks(c.Context(), parts, store, people)
				if err != nil {
					return err
				}
				return p.print(all, func(w io.Writer) { writeFoundLinks(w, all) })
			})
		},
	}
	c.Flags().StringSliceVar(&who.emails, "email", nil, "verified corporate `address`")
	c.Flags().StringVar(&who.number, "employee-number", "", "HR's `number` of the person")
	c.Flags().StringVar(&list, "list", "", "take people from a CSV `file` in the form of `lastday import`")
	c.Flags().StringVar(&source, "source", "", "the HR source that the list comes from; default is the only one")
	return c
}

func (p *program) peopleToFind(parts *app.Parts, who person, list, source string, keys []string) ([]lastday.Person, error) {
	if list == "" {
		one := lastday.Person{Key: keys[0], EmployeeNumber: who.number}
		for _, e := range who.emails {
			one.Emails = append(one.Emails, strings.ToLower(e))
		}
		return []lastday.Person{one}, nil
	}
	text, err := p.read(list)
	if err != nil {
		return nil, err
	}
	leavers, err := parts.Leavers(text, source)
	if err != nil {
		return nil, err
	}
	var all []lastday.Person
	for _, l := range leavers {
		one := l.Separation.Person
		if len(keys) == 0 || slices.Contains(keys, one.Key) {
			all = append(all, one)
		}
	}
	return all, nil
}

// findLinks asks all systems at once, each about one person after the other.
// What is linked is not told to them, so that what they say is their own.
func (p *program) findLinks(ctx context.Context, parts *app.Parts, store *links.Store, people []lastday.Person) ([]foundLink, error) {
	known, err := store.List(ctx, links.Query{})
	if err != nil {
		return nil, err
	}
	all := make([]foundLink, len(people)*len(parts.Systems))
	var wg sync.WaitGroup
	for n, s := range parts.Systems {
		wg.Go(func() {
			for i, person := range people {
				person.Links = nil
				all[i*len(parts.Systems)+n] = findLink(ctx, s, person, known)
			}
		})
	}
	wg.Wait()
	return all, ctx.Err()
}

func findLink(ctx context.Context, s app.OpenSystem, person lastday.Person, known []links.Link) foundLink {
	f := foundLink{Person: person.Key, System: s.Name, Table: "nothing"}
	match, err := s.Driver.Find(ctx, person)
	f.Match = match
	if err != nil {
		f.Code, f.Error = lastday.CodeOf(err), err.Error()
	}
	for _, l := range known {
		if l.Person != person.Key || l.System != s.Name {
			continue
		}
		if f.Table == "nothing" {
			f.Table = "another account"
		}
		if l.ID == match.Account.ID {
			f.Table = "the same, " + string(l.Role)
			return f
		}
	}
	return f
}

func writeFoundLinks(w io.Writer, all []foundLink) {
	table(w, "PERSON\tSYSTEM\tFOUND\tACCOUNT\tTABLE SAYS\tEVIDENCE", func(row func(string, ...any)) {
		for _, f := range all {
			if f.Error != "" {
				row("%s\t%s\tunknown\t-\t%s\t%s", f.Person, f.System, f.Table, f.Error)
				continue
			}
			row("%s\t%s\t%s\t%s\t%s\t%s", f.Person, f.System, verdictOf(f.Match), accountOf(f.Match.Account), f.Table, strings.Join(f.Match.Evidence, "; "))
			for _, c := range f.Match.Candidates {
				row("\t\t\t%s\t\t%s", accountOf(c.Account), strings.Join(c.Evidence, "; "))
			}
		}
	})
}

// verdictOf never says none where nothing showed that somebody would have been seen.
func verdictOf(m lastday.Match) string {
	if m.Verdict == lastday.FoundNone && !m.Control.Seen {
		return "unknown"
	}
	return string(m.Verdict)
}

func accountOf(a lastday.Account) string {
	if a.Login == "" {
		return orDash(a.ID)
	}
	return fmt.Sprintf("%s (%s)", a.ID, a.Login)
}

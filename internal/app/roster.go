package app

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"strconv"
	"strings"

	"go.temporal.io/sdk/client"

	"lastday"
	"lastday/activities"
	"lastday/intake"
	"lastday/workflows"
)

// Roster tells a sweep who left: the configured list first, then everybody
// whose case is closed.
func (p *Parts) Roster(c client.Client) activities.Roster {
	return &roster{parts: p, cases: workflows.NewClient(c)}
}

type roster struct {
	parts *Parts
	cases *workflows.Client
}

// A place in the roster is list:NUMBER or cases:TOKEN.
const (
	atList  = "list:"
	atCases = "cases:"
)

// Leavers gives a page. The list is read anew for each: a sweep never works on
// a list that nobody keeps any more.
func (r *roster) Leavers(ctx context.Context, at string, most int) (activities.RosterPage, error) {
	list, err := r.list()
	if err != nil {
		return activities.RosterPage{}, err
	}
	if token, ok := strings.CutPrefix(at, atCases); ok {
		return r.closed(ctx, list, token, most)
	}
	from := 0
	if number, ok := strings.CutPrefix(at, atList); ok {
		if from, err = strconv.Atoi(number); err != nil || from < 0 {
			return activities.RosterPage{}, lastday.Errorf(lastday.CodeInvalid, "roster", "no place in the list")
		}
	}
	if from >= len(list) {
		return r.closed(ctx, list, "", most)
	}
	to := min(from+most, len(list))
	page := activities.RosterPage{Next: fmt.Sprint(atList, to)}
	for _, l := range list[from:to] {
		known, ok, err := r.cases.Leaver(ctx, l.Case)
		switch {
		case err != nil:
			page.Trouble = append(page.Trouble, fmt.Sprintf("the accounts that case %s knew are not known: %s", l.Case, lastday.CodeOf(err)))
		case ok:
			l = Enrich(l, known)
		}
		page.Leavers = append(page.Leavers, l)
	}
	return page, nil
}

// Enrich adds to somebody of a list what their case knew: the accounts, and
// what the list does not say. That they left, the list says.
func Enrich(listed, known activities.Leaver) activities.Leaver {
	p, k := &listed.Separation.Person, known.Separation.Person
	p.Links, p.EmployeeNumber = k.Links, cmp.Or(p.EmployeeNumber, k.EmployeeNumber)
	if len(p.Emails) == 0 {
		p.Emails = k.Emails
	}
	return listed
}

func (r *roster) list() ([]activities.Leaver, error) {
	s := r.parts.Config.Sweep
	if s.Leavers == "" {
		return nil, nil
	}
	text, err := os.ReadFile(r.parts.Config.Path(s.Leavers))
	if err != nil {
		return nil, lastday.Wrap(lastday.CodeTransient, "roster", "the list of leavers", err)
	}
	return r.parts.Leavers(text, s.Source)
}

func (r *roster) closed(ctx context.Context, list []activities.Leaver, token string, most int) (activities.RosterPage, error) {
	at, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return activities.RosterPage{}, lastday.Wrap(lastday.CodeInvalid, "roster", "no place among the cases", err)
	}
	page, next, err := r.cases.ClosedCases(ctx, at, most)
	if err != nil {
		return page, err
	}
	if len(next) > 0 {
		page.Next = atCases + base64.RawURLEncoding.EncodeToString(next)
	}
	listed := make(map[string]bool, len(list))
	for _, l := range list {
		listed[l.Case] = true
	}
	kept := page.Leavers[:0]
	for _, l := range page.Leavers {
		if !listed[l.Case] {
			kept = append(kept, l)
		}
	}
	page.Leavers = kept
	return page, nil
}

// Leavers reads a list of people who left, in the form of `lastday import`.
//
// CodeInvalid: the list cannot be read or has mistakes. A list that is half
// read would let people pass as looked for.
func (p *Parts) Leavers(text []byte, source string) ([]activities.Leaver, error) {
	if source == "" && len(p.Sources) == 1 {
		source = p.Sources[0].Name()
	}
	rows, err := intake.ParseCSV(bytes.NewReader(text), intake.Columns{Source: cmp.Or(source, "manual"), Domains: p.Config.Company.Domains})
	if err != nil {
		return nil, err
	}
	var all []activities.Leaver
	for _, r := range rows {
		if len(r.Mistakes) > 0 {
			return nil, lastday.Errorf(lastday.CodeInvalid, "leavers", "line %d: %s", r.Line, strings.Join(r.Mistakes, "; "))
		}
		if r.Separation != nil {
			all = append(all, activities.Leaver{Separation: *r.Separation, Case: r.Separation.CaseID(), From: "list"})
		}
	}
	return all, nil
}

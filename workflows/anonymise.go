package workflows

import (
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.temporal.io/sdk/workflow"

	"lastday"
)

// thePerson stands where a record's text named the person.
const thePerson = "(the person)"

// anonymise takes the person's name and addresses out of a record's texts: far
// sides call things after whoever made them, and people give reasons. Ids and
// logins stay, because they say what was done to what. What the record shares
// with the case's state is copied: the state keeps its words.
func (c *caseRun) anonymise(r *lastday.Record) {
	if r.Subject != nil {
		return
	}
	n := namesOf(c.s.Separation.Person)
	n.clear(&r.What)
	switch {
	case r.Change != nil:
		n.change(r.Change)
	case r.Reading != nil:
		n.reading(r.Reading)
	case r.Verified != nil:
		n.clear(&r.Verified.Why, &r.Verified.Control.Evidence, &r.Verified.Account.Note)
		r.Verified.Evidence = n.all(r.Verified.Evidence)
	case r.Plan != nil:
		n.plan(r.Plan)
	case r.Task != nil:
		n.clear(&r.Task.What, &r.Task.Why, &r.Task.Todo, &r.Task.Reason, &r.Task.Evidence)
	case r.Message != nil:
		n.clear(&r.Message.Reason, &r.Message.Evidence, &r.Message.Refused)
	}
}

// names are what a person is called, the longest first.
type names []string

func namesOf(p lastday.Person) names {
	var n names
	for _, name := range append([]string{p.Name}, p.Emails...) {
		if len(name) > 2 {
			n = append(n, name)
		}
	}
	slices.SortStableFunc(n, func(a, b string) int { return len(b) - len(a) })
	return n
}

// clear takes the names out of texts.
func (n names) clear(texts ...*string) {
	for _, text := range texts {
		for _, name := range n {
			*text = without(*text, name)
		}
	}
}

func (n names) all(texts []string) []string {
	texts = slices.Clone(texts)
	for i := range texts {
		n.clear(&texts[i])
	}
	return texts
}

func (n names) change(f *lastday.ChangeFact) {
	n.clear(&f.Note, &f.Account.Note)
	n.resource(&f.Resource)
	f.Residue = n.residue(f.Residue)
}

func (n names) reading(f *lastday.ReadingFact) {
	n.clear(&f.Control.Evidence, &f.Account.Note)
	f.Evidence, f.Gaps, f.Residue = n.all(f.Evidence), n.gaps(f.Gaps), n.residue(f.Residue)
	for i := range f.Grants {
		n.resource(&f.Grants[i].Resource)
	}
}

func (n names) plan(f *lastday.PlanFact) {
	f.Gaps, f.Notes = n.gaps(f.Gaps), n.all(f.Notes)
	f.Guards, f.Kept = slices.Clone(f.Guards), slices.Clone(f.Kept)
	for i := range f.Guards {
		n.clear(&f.Guards[i].Why)
	}
	for i := range f.Kept {
		n.clear(&f.Kept[i].Name, &f.Kept[i].Reason)
	}
}

func (n names) resource(r *lastday.Resource) {
	n.clear(&r.Name)
	r.Labels = maps.Clone(r.Labels)
	for _, key := range workflow.DeterministicKeys(r.Labels) {
		label := r.Labels[key]
		n.clear(&label)
		r.Labels[key] = label
	}
}

func (n names) gaps(gaps []lastday.Gap) []lastday.Gap {
	gaps = slices.Clone(gaps)
	for i := range gaps {
		n.clear(&gaps[i].What, &gaps[i].Why, &gaps[i].Fix)
	}
	return gaps
}

func (n names) residue(residue []lastday.Residue) []lastday.Residue {
	residue = slices.Clone(residue)
	for i := range residue {
		n.clear(&residue[i].What, &residue[i].Why, &residue[i].Todo)
	}
	return residue
}

// without takes a name out of a text, in small and large letters, where it
// stands as words of its own: Ana is not in Analytics.
func without(text, name string) string {
	var b strings.Builder
	for rest := 0; rest < len(text); {
		if end := rest + len(name); end <= len(text) && strings.EqualFold(text[rest:end], name) && alone(text, rest, end) {
			b.WriteString(thePerson)
			rest = end
			continue
		}
		_, size := utf8.DecodeRuneInString(text[rest:])
		b.WriteString(text[rest : rest+size])
		rest += size
	}
	return b.String()
}

// alone says whether no letter or digit stands just before or after.
func alone(text string, from, to int) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:from])
	after, _ := utf8.DecodeRuneInString(text[to:])
	return !word(before) && !word(after)
}

func word(r rune) bool { return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r)) }

package catalog_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"lastday"
	"lastday/integrations"
	"lastday/integrations/catalog"
)

var update = flag.Bool("update", false, "write docs/integrations.md anew; read the difference before you commit it")

const (
	docs         = "../../docs"
	requestsPath = "../../bench/requests.json"
)

// scene is what one leaver costs in one setting, as `make bench` writes it.
type scene struct {
	Scene             string
	Requests, Changes float64
	Charged, Writes   float64
}

type costs struct {
	Date    string
	Leavers int
	Kinds   map[string][]scene
}

func readCosts(t *testing.T) costs {
	t.Helper()
	text, err := os.ReadFile(requestsPath)
	if err != nil {
		t.Fatal(err)
	}
	var c costs
	if err := json.Unmarshal(text, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

func descriptions() []integrations.Description {
	var all []integrations.Description
	for _, k := range catalog.Kinds() {
		all = append(all, k.Description())
	}
	return all
}

// home is the page about a kind, relative to docs: its own, that of its vendor
// (aws.md for aws-iam), or one beside this page.
func home(name string) string {
	vendor, _, _ := strings.Cut(name, "-")
	for _, page := range []string{"integrations/" + name + ".md", "integrations/" + vendor + ".md", name + ".md"} {
		if _, err := os.Stat(filepath.Join(docs, page)); err == nil {
			return page
		}
	}
	return ""
}

// page is docs/integrations.md.
func page(all []integrations.Description, c costs) string {
	var b strings.Builder
	b.WriteString(pageHead)
	for _, d := range all {
		b.WriteString(compared(d))
	}
	b.WriteString(pageWords)
	for _, d := range all {
		b.WriteString(chapter(d, c))
	}
	return b.String()
}

func row(cells ...string) string {
	for i, c := range cells {
		cells[i] = strings.ReplaceAll(c, "|", `\|`)
	}
	return "| " + strings.Join(cells, " | ") + " |\n"
}

// compared is the line of a system in the table that compares them.
func compared(d integrations.Description) string {
	cells := []string{fmt.Sprintf("[%s](#%s)", d.Title, anchor(d.Title))}
	for _, s := range []integrations.Sort{
		integrations.SortSignIn, integrations.SortSession, integrations.SortCredential, integrations.SortMembership, integrations.SortRole,
	} {
		cells = append(cells, namesOf(d, s))
	}
	proof := lastday.ProofObserved
	if d.Manual {
		proof = lastday.ProofAttested
	}
	return row(append(cells, fidelities(d), proof.String())...)
}

// anchor is what GitHub and others make of a heading.
func anchor(title string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
			return unicode.ToLower(r)
		}
		return -1
	}, title)
}

// namesOf names the kinds of a sort that can be taken.
func namesOf(d integrations.Description, s integrations.Sort) string {
	var names []string
	for _, k := range d.Kinds {
		if k.Sort == integrations.SortDeclared {
			return "as declared"
		}
		if k.Sort == s && !k.ReadOnly {
			names = append(names, "`"+k.Name+"`")
		}
	}
	if len(names) == 0 {
		return "no"
	}
	return strings.Join(names, ", ")
}

// fidelities counts how well the kinds can be given back.
func fidelities(d integrations.Description) string {
	var counted []string
	for _, f := range []lastday.Fidelity{lastday.RestoreExact, lastday.RestoreLossy, lastday.RestoreConsent, lastday.RestoreNever} {
		n := 0
		for _, k := range d.Kinds {
			if k.Restore.Fidelity == f && !k.ReadOnly {
				n++
			}
		}
		if n > 0 {
			counted = append(counted, fmt.Sprintf("%d %s", n, f))
		}
	}
	if d.Kinds[0].Sort == integrations.SortDeclared && !d.Manual {
		return "as declared"
	}
	return strings.Join(counted, ", ")
}

// chapter is what one kind declares.
func chapter(d integrations.Description, c costs) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n## %s\n\nKind: `%s`. [Its page](%s) has the configuration and the traps.\n\n", d.Title, d.Name, home(d.Name))
	b.WriteString(row("kind of grant", "sort", "what", "rungs", "given back", "settles"))
	b.WriteString(row("---", "---", "---", "---", "---", "---"))
	for _, k := range inOrder(d.Kinds) {
		b.WriteString(row("`"+k.Name+"`", string(k.Sort), k.What, rungs(k.Ladder), givenBack(k), settling(k.Settles)))
	}
	if len(d.Permissions) > 0 {
		b.WriteString("\n" + row("our credential needs", "for") + row("---", "---"))
		for _, p := range d.Permissions {
			b.WriteString(row(p.Name, p.For))
		}
	}
	if len(d.Cannot) > 0 {
		b.WriteString("\nWhat is not taken here:\n\n")
		for _, what := range d.Cannot {
			b.WriteString("- " + what + "\n")
		}
	}
	return b.String() + cost(d, c)
}

func inOrder(kinds []integrations.KindOfGrant) []integrations.KindOfGrant {
	sorted := slices.Clone(kinds)
	slices.SortStableFunc(sorted, func(a, b integrations.KindOfGrant) int { return a.Order - b.Order })
	return sorted
}

// rungs tells a ladder by levels, highest first.
func rungs(l lastday.Ladder) string {
	var levels []string
	for _, level := range []lastday.Level{lastday.LevelAdmin, lastday.LevelWrite, lastday.LevelRead, lastday.LevelSignIn} {
		var names []string
		for _, r := range l {
			if r.Level == level {
				names = append(names, "`"+r.Name+"`")
			}
		}
		if len(names) > 0 {
			levels = append(levels, level.String()+": "+strings.Join(names, ", "))
		}
	}
	return strings.Join(levels, "; ")
}

func givenBack(k integrations.KindOfGrant) string {
	if k.ReadOnly {
		return "seen, not changed: " + k.Restore.Note
	}
	said := string(k.Restore.Fidelity)
	if k.Restore.Within > 0 {
		said += ", for " + long(k.Restore.Within)
	}
	if k.Restore.Note != "" {
		said += ": " + k.Restore.Note
	}
	return said
}

func settling(d time.Duration) string {
	if d == 0 {
		return "at once"
	}
	return long(d)
}

func long(d time.Duration) string {
	if days := int(d.Hours()) / 24; days > 0 {
		return fmt.Sprintf("%d days", days)
	}
	return fmt.Sprintf("%g min", d.Minutes())
}

// cost is what one leaver costs in requests.
func cost(d integrations.Description, c costs) string {
	if d.Manual {
		return "\nOne leaver: no request to anybody; each change is asked of a person.\n"
	}
	var b strings.Builder
	b.WriteString("\n" + row("one leaver", "requests", "changes") + row("---", "---:", "---:"))
	for _, s := range c.Kinds[d.Name] {
		name := s.Scene
		if name == "" {
			name = "as measured"
		}
		b.WriteString(row(name, number(s.Requests), number(s.Changes)))
	}
	return b.String() + fmt.Sprintf("\nMeasured on %s, means of %d.\n", c.Date, c.Leavers)
}

// number is a mean with at most one digit behind the point.
func number(v float64) string {
	return strings.TrimSuffix(strconv.FormatFloat(v, 'f', 1, 64), ".0")
}

const pageHead = `# Integrations

What can be connected, and what each does. This page is written from what the drivers declare in their code, which the
conformance suite holds them to; a test holds the page to it. ` + "`go test ./integrations/catalog -update`" + ` writes it anew. The
numbers of requests are those of the last ` + "`make bench`" + `.

## Side by side

| system | sign-in | open sessions | credentials | memberships | roles | given back | proof at best |
| --- | --- | --- | --- | --- | --- | --- | --- |
`

const pageWords = `
The cells name the kinds of grant that are taken; "no" means that this interface has nothing of the sort that could be taken. What
each system leaves open is said below, and told as residue in every case. Kinds of other sorts (offers not taken up, seats,
what is owned) stand below alone.

**Given back**: *exact* is just what was taken; *lossy* less or other; *consent* only once the person accepts it; *never* is gone
for good. **Settles** is how long the far side may go on showing what was. **Proof**: *observed* was read back, with a positive
control that shows that it could have been seen; *attested* is the word of a person or of a record that people keep. An export
that a machine writes lifts ` + "`manual`" + ` to observed. What ` + "`httpapi`, `script` and `manual`" + ` take stands in their configuration: that is
*as declared*.

The kinds of a system stand in the order in which they are taken. Grants begin at the rung where they are found and end at
*none*, or wherever the ceiling lets them stand. A request is an HTTP request, an operation of LDAP, a round trip to PostgreSQL,
or a request that a script's program makes; one leaver is a reading, every change, and a reading again.
`

func TestDocsTellWhatTheDriversDeclare(t *testing.T) {
	path := filepath.Join(docs, "integrations.md")
	want := page(descriptions(), readCosts(t))
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("the page is not what the drivers declare; -update writes it anew (-declared +page):\n%s", diff)
	}
}

func TestDocsHaveAPageOfEveryKind(t *testing.T) {
	for _, d := range descriptions() {
		if home(d.Name) == "" {
			t.Errorf("%s has no page: write docs/integrations/%s.md", d.Name, d.Name)
		}
	}
}

func TestDocsKnowWhatALeaverOfEveryKindCosts(t *testing.T) {
	c := readCosts(t)
	for _, d := range descriptions() {
		scenes := c.Kinds[d.Name]
		delete(c.Kinds, d.Name)
		if !d.Manual && len(scenes) == 0 {
			t.Errorf("%s: nobody measured a leaver: write a BenchmarkLeaver, and run make bench", d.Name)
		}
		for _, s := range scenes {
			if s.Requests <= 0 || s.Changes <= 0 {
				t.Errorf("%s: %+v counts nothing", d.Name, s)
			}
		}
	}
	for name := range c.Kinds {
		t.Errorf("%s was measured and is not in the catalog", name)
	}
}

func TestAChapterLeavesNothingOut(t *testing.T) {
	d := integrations.Description{
		Name: "wiki", Title: "Wiki 2.0, hosted",
		Kinds: []integrations.KindOfGrant{
			{Name: "late", Sort: integrations.SortRole, What: "a|b", Order: 2, ReadOnly: true, Restore: lastday.Restore{Fidelity: lastday.RestoreNever, Note: "comes and goes"}},
			{
				Name: "early", Sort: integrations.SortSession, What: "first", Order: 1, Settles: 90 * time.Second,
				Ladder:  lastday.Ladder{{Name: "owner", Level: lastday.LevelAdmin}, {Name: "chief", Level: lastday.LevelAdmin}, {Name: "guest", Level: lastday.LevelSignIn}},
				Restore: lastday.Restore{Fidelity: lastday.RestoreConsent, Note: "if they accept", Within: 72 * time.Hour},
			},
		},
		Permissions: []integrations.Permission{{Name: "auditor", For: "seeing"}}, Cannot: []string{"printed pages"},
	}
	text := chapter(d, costs{Date: "2026-11-22", Leavers: 3, Kinds: map[string][]scene{"wiki": {{Scene: "cold", Requests: 12.25, Changes: 3}}}})
	at := 0
	for _, want := range []string{
		"## Wiki 2.0, hosted\n", "| `early` | session | first | admin: `owner`, `chief`; sign-in: `guest` | consent, for 3 days: if they accept | 1.5 min |",
		`| ` + "`late`" + ` | role | a\|b |  | seen, not changed: comes and goes | at once |`, "| auditor | seeing |", "- printed pages\n", "| cold | 12.2 | 3 |", "Measured on 2026-11-22, means of 3.",
	} {
		next := strings.Index(text[at:], want)
		if next < 0 {
			t.Fatalf("%q is missing, or out of order, in\n%s", want, text)
		}
		at += next
	}
	if got, want := compared(d), "| [Wiki 2.0, hosted](#wiki-20-hosted) | no | `early` | no | no | no | 1 consent | observed |\n"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if d.Manual = true; !strings.HasSuffix(compared(d), "| attested |\n") || !strings.Contains(chapter(d, costs{}), "asked of a person") {
		t.Errorf("people's word is told as more: %s", compared(d))
	}
}

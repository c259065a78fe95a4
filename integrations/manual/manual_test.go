package manual_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lastday"
	"lastday/integrations"
	"lastday/integrations/manual"
)

func noon() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

func kim() lastday.Person {
	return lastday.Person{Key: "p-kim", Emails: []string{"kim@acme.example"}, EmployeeNumber: "E7"}
}

func items() []manual.Item {
	return []manual.Item{
		{Key: "badge", What: "Door badge", Level: lastday.LevelSignIn, Owner: "facilities", Instructions: "Lock it in the door system.", Evidence: "a screenshot", Return: "Unlock it.", Within: "2d", EscalateTo: "site security"},
		{Key: "vault", What: "Safe code", Level: lastday.LevelAdmin, Owner: "treasury", Instructions: "Change the code."},
	}
}

func open(t *testing.T, c manual.Config) integrations.Driver {
	t.Helper()
	d, err := manual.Open(t.Context(), c, integrations.Deps{System: "office", Now: noon})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// withExport opens a driver with an export that was written an hour ago.
func withExport(t *testing.T, text string) (integrations.Driver, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "export.csv")
	put(t, path, text, noon().Add(-time.Hour))
	return open(t, manual.Config{Items: items(), Readback: &manual.Readback{
		File: "file:" + path, MaxAge: "24h", Person: "E-Mail", By: "email", Item: "Thing",
	}}), path
}

func put(t *testing.T, path, text string, at time.Time) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
}

func survey(t *testing.T, d integrations.Driver) lastday.Inventory {
	t.Helper()
	inv, err := integrations.NewSurveyor("office", d, integrations.Options{Now: noon}).Survey(t.Context(), kim(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return inv
}

func TestWithoutAnExportEverythingIsPresumedAndNothingProven(t *testing.T) {
	inv := survey(t, open(t, manual.Config{Items: items()}))
	if len(inv.Grants) != 2 || inv.Highest() != lastday.LevelAdmin {
		t.Fatalf("grants: %+v", inv.Grants)
	}
	if inv.Complete() || inv.Control.Seen || inv.Match.Control.Seen || inv.Health.Control.Seen {
		t.Error("a list that nobody read must not pass as evidence")
	}
}

func TestAChangeIsAskedOfTheOwner(t *testing.T) {
	d := open(t, manual.Config{Items: items()})
	inv := survey(t, d)
	change := lastday.NewChange("c-1", inv.Match.Account, inv.Grants[0], lastday.None, "")
	system := integrations.NewSystem("office", d, integrations.Options{Now: noon})
	receipt, err := system.Apply(t.Context(), change, false)
	if err != nil {
		t.Fatal(err)
	}
	if receipt.Outcome != lastday.OutcomeAsked || receipt.Proof != lastday.ProofNone {
		t.Errorf("receipt %+v", receipt)
	}
	if receipt.Owner != "facilities" || receipt.Within != 48*time.Hour || !strings.Contains(receipt.Todo, "--evidence-file") || !strings.Contains(receipt.Todo, "turn to site security") {
		t.Errorf("who must act, until when and how: %q, %s, %q", receipt.Owner, receipt.Within, receipt.Todo)
	}
	for _, part := range []string{"facilities", "Take Door badge", "Lock it", "a screenshot"} {
		if !strings.Contains(receipt.Note, part) {
			t.Errorf("the note lacks %q: %s", part, receipt.Note)
		}
	}
	graded := integrations.Grade([]lastday.Change{change}, []lastday.Receipt{receipt}, survey(t, d))
	if graded[0].Proof != lastday.ProofNone {
		t.Errorf("asking became %s", graded[0].Proof)
	}
}

func TestGivingBackIsAskedOnlyWhereItIsPossible(t *testing.T) {
	d := open(t, manual.Config{Items: items()})
	inv := survey(t, d)
	for i, want := range []lastday.Outcome{lastday.OutcomeAsked, lastday.OutcomeRefused} {
		grant := inv.Grants[i]
		grant.Rung = lastday.None
		receipt, err := d.Apply(t.Context(), lastday.NewChange("c-1", inv.Match.Account, grant, "held", ""))
		if err != nil || receipt.Outcome != want {
			t.Errorf("%s: %s, %v, want %s", grant.Key, receipt.Outcome, err, want)
		}
		if want == lastday.OutcomeAsked && !strings.Contains(receipt.Note, "Unlock it.") {
			t.Errorf("note: %s", receipt.Note)
		}
	}
}

const header = "E-Mail,Thing\n"

func TestAnExportShowsWhoHasWhat(t *testing.T) {
	d, path := withExport(t, "\xef\xbb\xbf"+header+"KIM@acme.example ,badge\nkim@acme.example,badge\nkim@acme.example,drone\nlee@acme.example,vault\n")
	inv := survey(t, d)
	var got []string
	for _, g := range inv.Grants {
		got = append(got, g.Key+" "+g.Level().String())
	}
	if diff := cmp.Diff([]string{"item/badge sign-in", "item/drone admin"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !inv.Complete() {
		t.Error("a fresh export with rows is a positive control")
	}
	change := lastday.NewChange("c-1", inv.Match.Account, inv.Grants[0], lastday.None, "")
	receipt, err := d.Apply(t.Context(), change)
	if err != nil || receipt.Outcome != lastday.OutcomeAsked {
		t.Fatalf("%+v, %v", receipt, err)
	}

	put(t, path, header+"lee@acme.example,vault\n", noon())
	graded := integrations.Grade([]lastday.Change{change}, []lastday.Receipt{receipt}, survey(t, d))
	if graded[0].Proof != lastday.ProofObserved || graded[0].After != lastday.None {
		t.Errorf("%+v", graded[0])
	}
	again, err := d.Apply(t.Context(), change)
	if err != nil || again.Outcome != lastday.OutcomeAlready {
		t.Errorf("what the export shows done is asked for again: %+v, %v", again, err)
	}
}

func TestAnExportThatShowsNothingIsNoEvidence(t *testing.T) {
	cases := map[string]struct {
		text string
		age  time.Duration
		want lastday.Code
	}{
		"only a header":     {header, time.Hour, lastday.CodeTransient},
		"empty":             {"", time.Hour, lastday.CodeTransient},
		"old":               {header + "lee@acme.example,vault\n", 25 * time.Hour, lastday.CodeTransient},
		"from the future":   {header + "lee@acme.example,vault\n", -2 * time.Hour, lastday.CodeTransient},
		"another header":    {"Mail,Thing\nlee@acme.example,vault\n", time.Hour, lastday.CodeInvalid},
		"cut inside a row":  {header + "lee@acme.example,vault\nlee@ac", time.Hour, lastday.CodeTransient},
		"cut inside quotes": {header + "lee@acme.example,\"vau", time.Hour, lastday.CodeTransient},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			d, path := withExport(t, c.text)
			put(t, path, c.text, noon().Add(-c.age))
			if _, err := d.Probe(t.Context()); lastday.CodeOf(err) != c.want {
				t.Errorf("probe: %v", err)
			}
			_, err := d.Find(t.Context(), kim())
			if lastday.CodeOf(err) != c.want || strings.Contains(err.Error(), "lee@") {
				t.Errorf("find: %v", err)
			}
			if _, err := d.List(t.Context(), lastday.Account{System: "office", ID: "kim@acme.example"}, ""); lastday.CodeOf(err) != c.want {
				t.Errorf("list: %v", err)
			}
		})
	}
}

func TestAListThatPeopleKeepIsTheirWord(t *testing.T) {
	path := filepath.Join(t.TempDir(), "list.csv")
	put(t, path, header+"kim@acme.example,badge\n", noon())
	d := open(t, manual.Config{Items: items(), Readback: &manual.Readback{
		File: "file:" + path, MaxAge: "24h", Person: "E-Mail", By: "email", Item: "Thing", KeptBy: "facilities",
	}})
	inv := survey(t, d)
	change := lastday.NewChange("c-1", inv.Match.Account, inv.Grants[0], lastday.None, "")
	asked, err := d.Apply(t.Context(), change)
	if err != nil || !strings.Contains(asked.Todo, "export again") {
		t.Fatalf("%+v, %v", asked, err)
	}
	put(t, path, header+"lee@acme.example,vault\n", noon())
	graded := integrations.Grade([]lastday.Change{change}, []lastday.Receipt{asked}, survey(t, d))
	if graded[0].Proof != lastday.ProofAttested || graded[0].By != "facilities" {
		t.Errorf("%+v", graded[0])
	}
	again, err := d.Apply(t.Context(), change)
	if err != nil || again.Outcome != lastday.OutcomeAlready || again.Proof != lastday.ProofAttested || again.By != "facilities" {
		t.Errorf("%+v, %v", again, err)
	}
}

func TestTwoNamesInOneExportAreAQuestion(t *testing.T) {
	d, _ := withExport(t, header+"kim@acme.example,badge\nk.lee@acme.example,vault\n")
	person := kim()
	person.Emails = append(person.Emails, "k.lee@acme.example")
	m, err := d.Find(t.Context(), person)
	if err != nil || m.Verdict != lastday.FoundMany || len(m.Candidates) != 2 {
		t.Errorf("%+v, %v", m, err)
	}
	person.Emails = nil
	if _, err := d.Find(t.Context(), person); lastday.CodeOf(err) != lastday.CodeInvalid {
		t.Errorf("without anything to search by, absence was concluded: %v", err)
	}
}

func TestAllMistakesAreToldAtOnce(t *testing.T) {
	_, err := manual.Open(t.Context(), manual.Config{
		Items:    []manual.Item{{Key: "A b", Within: "soon"}, {Key: "A b", EscalateTo: "the chief"}},
		Readback: &manual.Readback{File: "/x", MaxAge: "never", By: "name", Separator: "||"},
	}, integrations.Deps{System: "office", Now: noon})
	if lastday.CodeOf(err) != lastday.CodeInvalid {
		t.Fatal(err)
	}
	for _, part := range []string{
		"items[0]: within", "items[1]: escalate_to", "items[0]: key", "items[0]: what", "items[0]: level", "items[1]: owner", "items[1]: instructions", "used twice",
		"readback.file", "readback.max_age", "readback.person", "readback.by", "readback.item", "readback.separator",
	} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q is not told: %v", part, err)
		}
	}
}

package intake_test

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"lastday"
	"lastday/intake"
	"lastday/integrations/hr"
)

const head = "person_id,engagement_id,what,last_day,email,time_zone\n"

func TestTheExampleListIsRead(t *testing.T) {
	rows, err := intake.ParseCSV(strings.NewReader(example(t, "leavers.csv")), intake.Columns{Source: "import"})
	if err != nil || len(rows) != 3 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	kinds := []lastday.SeparationKind{lastday.SeparationScheduled, lastday.SeparationContractEnd, lastday.SeparationImmediate}
	for i, row := range rows {
		if row.Line != i+2 || len(row.Mistakes) > 0 || row.Separation == nil || row.Separation.Kind != kinds[i] || row.Separation.Source != "import" {
			t.Errorf("%+v", row)
		}
	}
	first := rows[0].Separation
	if first.LastDay.String() != "2026-12-18" || first.Cutoff == nil || first.Zone != "Europe/Berlin" || first.Person.Emails[0] != "mara.lindqvist@example.com" {
		t.Errorf("%+v", first)
	}
	if !rows[2].Separation.Confidential || rows[1].Separation.Cutoff != nil {
		t.Errorf("%+v, %+v", rows[1].Separation, rows[2].Separation)
	}
}

func TestEveryMistakeOfEveryRowIsTold(t *testing.T) {
	rows := parse(t, head+
		"p-1,c-1,scheduled,2026-12-18,a@example.com,Europe/Berlin\n"+
		"p-2,c-2,scheduled,2026-02-31,a@example.com,Europe/Atlantis\n"+
		"p-3,c-3,scheduled\n"+
		"p-4,c-4,quits,2026-12-18,,\n"+
		"mara@example.com,,scheduled,,nobody,\n"+
		"p-6,\"c-6,scheduled,2026-12-18,,\n")
	if len(rows) != 6 {
		t.Fatalf("%d rows: %+v", len(rows), rows)
	}
	for i, want := range [][]string{
		nil,
		{"separation.lastDay", "engagement.timeZone"},
		{"does not have 6 columns"},
		{`type: "quits" is not understood`},
		{"person.id: looks like an address", "engagement.id: missing", "separation.lastDay: missing", "person.emails[0]"},
		{"quotation mark"},
	} {
		row := rows[i]
		if row.Line != i+2 || (row.Separation == nil) != (want != nil) || len(row.Mistakes) != len(want) {
			t.Errorf("line %d: %+v", i+2, row)
		}
		for _, text := range want {
			if !slices.ContainsFunc(row.Mistakes, func(m string) bool { return strings.Contains(m, text) }) {
				t.Errorf("line %d: %q does not tell of %q", i+2, row.Mistakes, text)
			}
		}
		if strings.Contains(strings.Join(row.Mistakes, " "), "mara") {
			t.Errorf("line %d names the person: %q", i+2, row.Mistakes)
		}
	}
}

// Which of two rows about one engagement holds is not ours to guess.
func TestTheSameEngagementTwiceIsAMistake(t *testing.T) {
	rows := parse(t, head+"p,c,scheduled,2026-12-18,,\np,d,scheduled,2026-12-18,,\np,c,scheduled,2027-12-18,,\n")
	if rows[0].Separation == nil || rows[1].Separation == nil || rows[2].Separation != nil || !strings.Contains(rows[2].Mistakes[0], "line 2") {
		t.Errorf("%+v", rows)
	}
}

func TestListsOfSpreadsheetsAreRead(t *testing.T) {
	for name, text := range map[string]string{
		"semicolons":          strings.ReplaceAll(head, ",", ";") + "p;c;scheduled;2026-12-18;;\n",
		"a mark at the start": "\ufeff" + head + "p,c,scheduled,2026-12-18,,\n",
		"other line ends":     strings.ReplaceAll(head, "\n", "\r\n") + "p,c,scheduled,2026-12-18,,\r\n",
		"no last line end":    head + "p,c,scheduled,2026-12-18,,",
		"spaces in the head":  strings.ReplaceAll(head, ",", " ,") + "p,c,scheduled,2026-12-18,,\n",
	} {
		if rows := parse(t, text); len(rows) != 1 || rows[0].Separation == nil || rows[0].Line != 2 {
			t.Errorf("%s: %+v", name, rows)
		}
	}
}

func TestAMappingLeadsToColumnsOfOtherNames(t *testing.T) {
	columns := mapped(t, `
version: 1
type: {path: Status, values: {Leaver: scheduled, Active: ignore}}
person: {id: {path: '["Worker ID"]'}}
engagement: {id: {path: '["Worker ID"]'}}
separation: {lastDay: {path: '["Last Day"]', format: DD.MM.YYYY}}
`)
	rows, err := intake.ParseCSV(strings.NewReader("Worker ID;Shoe Size;Status;Last Day\n7;44;Leaver;18.12.2026\n8;40;Active;\n"), columns)
	if err != nil || len(rows) != 2 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	if s := rows[0].Separation; s == nil || s.Person.Key != "7" || s.LastDay.String() != "2026-12-18" {
		t.Errorf("%+v", rows[0])
	}
	if rows[1].Separation != nil || len(rows[1].Mistakes) > 0 {
		t.Errorf("who stays is neither a leaver nor a mistake: %+v", rows[1])
	}
	if _, err := intake.ParseCSV(strings.NewReader("Worker ID;Status\n7;Leaver\n"), columns); lastday.CodeOf(err) != lastday.CodeInvalid {
		t.Errorf("a column that the mapping reads is missing: %v", err)
	}
}

func TestListsThatCannotBeReadAtAllAreInvalid(t *testing.T) {
	for name, in := range map[string]io.Reader{
		"nothing":         strings.NewReader(""),
		"no names":        strings.NewReader("p,c,scheduled,2026-12-18\n"),
		"a misspelt name": strings.NewReader("person_id,engagement_id,what,last_day,cut_off\n"),
		"a name twice":    strings.NewReader("person_id,engagement_id,what,last_day,last_day\n"),
		"a name missing":  strings.NewReader("person_id,what,last_day\n"),
		"latin-1":         strings.NewReader(head + "M\xfcller,c,scheduled,2026-12-18,,\n"),
		"far too much":    strings.NewReader(head + strings.Repeat("x", 9<<20)),
		"too many rows":   strings.NewReader(head + strings.Repeat("p,c,scheduled,2026-12-18,,\n", 20_001)),
		"a broken disk":   io.MultiReader(strings.NewReader(head), broken{}),
	} {
		if rows, err := intake.ParseCSV(in, intake.Columns{Source: "import"}); lastday.CodeOf(err) != lastday.CodeInvalid {
			t.Errorf("%s: %d rows, %v, want invalid", name, len(rows), err)
		}
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("the disk is gone") }

func parse(t *testing.T, text string) []intake.Row {
	t.Helper()
	rows, err := intake.ParseCSV(strings.NewReader(text), intake.Columns{Source: "import"})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func mapped(t *testing.T, text string) intake.Columns {
	t.Helper()
	m, err := hr.ParseMapping([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return intake.Columns{Source: "import", Mapping: &m}
}

func FuzzParseCSV(f *testing.F) {
	f.Add([]byte(head + "p,c,scheduled,2026-12-18,a@example.com,Europe/Berlin\n"))
	f.Add([]byte("person_id;engagement_id;what;last_day\n\"p\";c\"\n\n,,,\n"))
	f.Add([]byte("\ufeff"))
	f.Fuzz(func(t *testing.T, text []byte) {
		rows, err := intake.ParseCSV(strings.NewReader(string(text)), intake.Columns{Source: "import"})
		if err != nil && lastday.CodeOf(err) != lastday.CodeInvalid {
			t.Fatalf("code of %v", err)
		}
		line := 1
		for _, row := range rows {
			if row.Line <= line || (row.Separation == nil) == (len(row.Mistakes) == 0) {
				t.Fatalf("%+v after line %d", row, line)
			}
			line = row.Line
		}
	})
}

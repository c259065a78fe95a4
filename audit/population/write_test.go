package population_test

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"strconv"
	"strings"
	"testing"

	"lastday/audit/population"
)

// hostile is a population with a name that a spreadsheet would run.
func hostile(t *testing.T) population.Result {
	t.Helper()
	r := reconcile(t, input(t))
	r.Rows[0].Name = `=HYPERLINK("https://evil.example","click")`
	r.Rows[1].Name = "a \"quoted\", name\nof two lines <b>&amp;"
	r.Rows[2].Name = "\u0000\u202e=1+1"
	return r
}

func TestTheCSVIsReadAgainAsItWasWritten(t *testing.T) {
	r := hostile(t)
	var out bytes.Buffer
	if err := population.WriteCSV(&out, r.Rows); err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(out.String(), "\r\n") {
		t.Error("RFC 4180 ends lines with CR LF")
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil || len(rows) != len(r.Rows)+1 {
		t.Fatalf("%v: %d rows", err, len(rows))
	}
	if rows[1][2] != "'"+r.Rows[0].Name || rows[2][2] != r.Rows[1].Name || rows[1][5] != "2026-11-13" {
		t.Errorf("got %q", rows[1:3])
	}
}

func TestNoTextOfACSVIsRunByASpreadsheet(t *testing.T) {
	for _, name := range []string{"=1", "+1", "-1", "@sum", "\t=1", "\r=1", "  =1", "\u00a0=1", "＝1", "\ufeff=1", "|calc", "%0"} {
		var out bytes.Buffer
		if err := population.WriteCSV(&out, []population.Row{{Name: name, Case: name}}); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(&out).ReadAll()
		if err != nil || !strings.HasPrefix(rows[1][2], "'") || !strings.HasPrefix(rows[1][7], "'") {
			t.Errorf("%q: %v %q", name, err, rows)
		}
	}
}

func TestMinutesBeforeTheDeadlineStayANumber(t *testing.T) {
	due := input(t).Made
	var out bytes.Buffer
	if err := population.WriteCSV(&out, []population.Row{{Due: due, Verified: due.Add(-90e9)}}); err != nil || !strings.Contains(out.String(), ",-1.5,") {
		t.Errorf("%v %s", err, out.String())
	}
}

// sheet is what a reader of a workbook sees of one of its sheets.
type sheet struct {
	Rows []struct {
		Cells []struct {
			Ref    string `xml:"r,attr"`
			Type   string `xml:"t,attr"`
			Number string `xml:"v"`
			Text   string `xml:"is>t"`
		} `xml:"c"`
	} `xml:"sheetData>row"`
}

// open reads a workbook the way a spreadsheet does: types, links, sheets.
func open(t *testing.T, text []byte) map[string]sheet {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(text), int64(len(text)))
	if err != nil {
		t.Fatal(err)
	}
	read := func(name string, into any) {
		f, err := z.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := xml.NewDecoder(f).Decode(into); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	var book struct {
		Sheets []struct {
			Name string `xml:"name,attr"`
			Link string `xml:"http://schemas.openxmlformats.org/officeDocument/2006/relationships id,attr"`
		} `xml:"sheets>sheet"`
	}
	var links struct {
		All []struct {
			ID     string `xml:"Id,attr"`
			Target string `xml:"Target,attr"`
		} `xml:"Relationship"`
	}
	read("xl/workbook.xml", &book)
	read("xl/_rels/workbook.xml.rels", &links)
	all := map[string]sheet{}
	for _, s := range book.Sheets {
		for _, l := range links.All {
			if l.ID == s.Link {
				var one sheet
				read("xl/"+l.Target, &one)
				all[s.Name] = one
			}
		}
	}
	return all
}

func TestTheWorkbookIsReadAgainAsItWasWritten(t *testing.T) {
	r := hostile(t)
	var out bytes.Buffer
	if err := population.WriteXLSX(&out, r); err != nil {
		t.Fatal(err)
	}
	book := open(t, out.Bytes())
	people := book["Population"]
	if len(people.Rows) != len(r.Rows)+1 || len(book["Findings"].Rows) != 2 || len(book["Sources"].Rows) != 4+1+8 {
		t.Fatalf("got %d, %d and %d rows", len(people.Rows), len(book["Findings"].Rows), len(book["Sources"].Rows))
	}
	got := map[string]string{}
	for _, row := range people.Rows {
		for _, c := range row.Cells {
			got[c.Ref] = c.Text + c.Number
			if _, err := strconv.ParseFloat(c.Number, 64); (c.Type == "") != (err == nil) {
				t.Errorf("%s: a text that is no text cell may be run: %+v", c.Ref, c)
			}
		}
	}
	if got["C2"] != r.Rows[0].Name || got["C3"] != r.Rows[1].Name || got["A1"] != "state" || got["A2"] != "matched" {
		t.Errorf("got %q, %q", got["C2"], got["C3"])
	}
}

func TestTheSameResultGivesTheSameWorkbook(t *testing.T) {
	var first, second bytes.Buffer
	if err := population.WriteXLSX(&first, hostile(t)); err != nil {
		t.Fatal(err)
	}
	if err := population.WriteXLSX(&second, hostile(t)); err != nil || !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Errorf("%v: the digest of the file cannot be told", err)
	}
}

func TestTheJSONCarriesTheProvenance(t *testing.T) {
	var out bytes.Buffer
	want := hostile(t)
	if err := population.WriteJSON(&out, want); err != nil {
		t.Fatal(err)
	}
	var got population.Result
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Lists) != 3 || got.Lists[0].SHA256 != want.Lists[0].SHA256 || got.By != "ann@acme.example" || got.Rows[0].Name != want.Rows[0].Name {
		t.Errorf("got %+v", got.Lists)
	}
}

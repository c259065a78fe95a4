package population

import (
	"archive/zip"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"lastday"
)

// WriteXLSX writes a workbook (ECMA-376, https://ecma-international.org/publications-and-standards/standards/ecma-376/)
// of three sheets: the rows, the findings, and where the lists come from. All
// texts are cells of type text, which no spreadsheet runs. The same result gives
// the same bytes, so that its digest can be told.
func WriteXLSX(w io.Writer, r Result) error {
	z := zip.NewWriter(w)
	for _, f := range book(sheets(r)) {
		if err := addFile(z, f); err != nil {
			return lastday.Wrap(lastday.CodeTransient, "population", "write XLSX", err)
		}
	}
	if err := z.Close(); err != nil {
		return lastday.Wrap(lastday.CodeTransient, "population", "write XLSX", err)
	}
	return nil
}

type file struct{ name, text string }

// addFile leaves the time of the file out: it would change the bytes.
func addFile(z *zip.Writer, f file) error {
	out, err := z.CreateHeader(&zip.FileHeader{Name: f.name, Method: zip.Deflate})
	if err != nil {
		return fmt.Errorf("%s: %w", f.name, err)
	}
	if _, err := io.WriteString(out, f.text); err != nil {
		return fmt.Errorf("%s: %w", f.name, err)
	}
	return nil
}

type sheet struct {
	name string
	rows [][]string
	// number is the column of numbers, -1 if there is none.
	number int
	widths []int
}

func sheets(r Result) []sheet {
	people := sheet{name: "Population", rows: [][]string{header()}, number: numeric, widths: []int{16, 18, 22, 16, 14, 12, 18, 24, 14, 14, 14, 22, 22, 12, 44, 44}}
	for _, row := range r.Rows {
		people.rows = append(people.rows, row.cells())
	}
	return []sheet{people, findingSheet(r), sourceSheet(r)}
}

func findingSheet(r Result) sheet {
	s := sheet{name: "Findings", number: -1, widths: []int{120}, rows: [][]string{{"finding"}}}
	for _, f := range r.Findings {
		s.rows = append(s.rows, []string{f})
	}
	if len(r.Findings) == 0 {
		s.rows = append(s.rows, []string{"none: the population is complete"})
	}
	return s
}

func sourceSheet(r Result) sheet {
	s := sheet{name: "Sources", number: -1, widths: []int{22, 30, 60, 24, 10, 70, 40}}
	s.rows = [][]string{{"list", "source", "query", "read_utc", "rows", "sha256", "whole"}}
	for _, l := range r.Lists {
		whole := "yes"
		if !l.Whole {
			whole = "no: " + l.Why
		}
		s.rows = append(s.rows, []string{l.Name, l.Source, l.Query, utc(l.ReadAt), strconv.Itoa(l.Rows), l.SHA256, whole})
	}
	complete := "no"
	if r.Complete {
		complete = "yes"
	}
	facts := [][]string{
		{"period", r.From.String() + " to " + r.To.String() + ", by last day, inclusive"},
		{"complete", complete},
		{"rows", strconv.Itoa(len(r.Rows))},
		{"enabled accounts of others", strconv.Itoa(r.Strangers)},
		{"made", utc(r.Made)},
		{"made by", r.By},
		{"zone", r.Zone},
		{"tool", "lastday " + r.Tool},
	}
	return sheet{name: s.name, number: s.number, widths: s.widths, rows: slices.Concat(s.rows, [][]string{{}}, facts)}
}

const xmlHead = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"

// book is the files of a workbook.
func book(all []sheet) []file {
	var types, names, links strings.Builder
	files := []file{}
	for i, s := range all {
		n := i + 1
		fmt.Fprintf(&types, `<Override PartName="/xl/worksheets/sheet%d.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>`, n)
		fmt.Fprintf(&names, `<sheet name="%s" sheetId="%d" r:id="rId%d"/>`, escaped(s.name), n, n)
		fmt.Fprintf(&links, `<Relationship Id="rId%d" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet%d.xml"/>`, n, n)
		files = append(files, file{fmt.Sprintf("xl/worksheets/sheet%d.xml", n), s.xml()})
	}
	fmt.Fprintf(&links, `<Relationship Id="rId%d" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/>`, len(all)+1)
	head := []file{
		{"[Content_Types].xml", xmlHead + `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/>` + types.String() + `</Types>`},
		{"_rels/.rels", xmlHead + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`},
		{"xl/workbook.xml", xmlHead + `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>` + names.String() + `</sheets></workbook>`},
		{"xl/_rels/workbook.xml.rels", xmlHead + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` + links.String() + `</Relationships>`},
		{"xl/styles.xml", xmlHead + styles},
	}
	return append(head, files...)
}

// styles has the plain cell, and the bold one of the header.
const styles = `<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders><cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="2"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/><xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/></cellXfs></styleSheet>`

func (s sheet) xml() string {
	var b strings.Builder
	b.WriteString(xmlHead + `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><cols>`)
	for i, wide := range s.widths {
		fmt.Fprintf(&b, `<col min="%d" max="%d" width="%d" customWidth="1"/>`, i+1, i+1, wide)
	}
	b.WriteString(`</cols><sheetData>`)
	for y, row := range s.rows {
		fmt.Fprintf(&b, `<row r="%d">`, y+1)
		for x, text := range row {
			b.WriteString(s.cell(x, y, text))
		}
		b.WriteString(`</row>`)
	}
	b.WriteString(`</sheetData></worksheet>`)
	return b.String()
}

func (s sheet) cell(x, y int, text string) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ" // no sheet here has more columns
	ref := letters[x:x+1] + strconv.Itoa(y+1)
	switch {
	case text == "":
		return ""
	case x == s.number && y > 0:
		return fmt.Sprintf(`<c r="%s"><v>%s</v></c>`, ref, escaped(text))
	case y == 0:
		return fmt.Sprintf(`<c r="%s" s="1" t="inlineStr"><is><t xml:space="preserve">%s</t></is></c>`, ref, escaped(text))
	}
	return fmt.Sprintf(`<c r="%s" t="inlineStr"><is><t xml:space="preserve">%s</t></is></c>`, ref, escaped(text))
}

// mostCell is what a cell holds at most: 32767 UTF-16 units, of which a
// character may need two.
const mostCell = 16383

// escaped is a text as XML takes it; what XML cannot hold becomes U+FFFD.
func escaped(text string) string {
	if utf8.RuneCountInString(text) > mostCell {
		text = string([]rune(text)[:mostCell-1]) + "…"
	}
	var b strings.Builder
	if err := xml.EscapeText(&b, []byte(text)); err != nil {
		return ""
	}
	return b.String()
}

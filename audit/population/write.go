package population

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"lastday"
)

// header names the columns of the files.
func header() []string {
	return []string{
		"state", "person", "name", "engagement", "source", "last_day", "zone", "case", "case_last_day", "verdict", "sla", "due_utc", "verified_utc",
		"minutes_after_due", "still_enabled", "explained",
	}
}

// cells are the row's columns, as they are; numbers are told apart in numeric.
func (r Row) cells() []string {
	minutes := ""
	if !r.Due.IsZero() && !r.Verified.IsZero() {
		minutes = fmt.Sprintf("%.1f", r.Verified.Sub(r.Due).Minutes())
	}
	still := ""
	if len(r.Enabled) > 0 {
		still = accounts(r.Enabled)
	}
	return []string{
		string(r.State), r.Person, r.Name, r.Engagement, r.Source, r.LastDay.String(), r.Zone, r.Case, r.CaseDay.String(), string(r.Verdict), string(r.SLA),
		utc(r.Due), utc(r.Verified), minutes, still, r.Explained,
	}
}

// numeric is the column that holds a number.
const numeric = 13

func utc(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// WriteCSV writes the rows: RFC 4180, UTF-8, a header, lines ended by CR LF. A
// text that a spreadsheet would run as a formula gets an apostrophe in front
// (https://owasp.org/www-community/attacks/CSV_Injection). Provenance is not in
// it: a CSV has no place for it; WriteJSON and WriteXLSX carry it.
func WriteCSV(w io.Writer, rows []Row) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	if err := out.Write(header()); err != nil {
		return lastday.Wrap(lastday.CodeTransient, "population", "write CSV", err)
	}
	for _, r := range rows {
		cells := r.cells()
		for i := range cells {
			if i != numeric {
				cells[i] = harmless(cells[i])
			}
		}
		if err := out.Write(cells); err != nil {
			return lastday.Wrap(lastday.CodeTransient, "population", "write CSV", err)
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return lastday.Wrap(lastday.CodeTransient, "population", "write CSV", err)
	}
	return nil
}

// harmless keeps a spreadsheet from taking a text for a formula. Spreadsheets
// skip leading blanks, and take full-width signs for the usual ones.
func harmless(text string) string {
	bare := strings.TrimLeft(text, " \u00a0\u3000\ufeff")
	if bare != "" && strings.ContainsRune("=+-@\t\r\n|%＝＋－＠", []rune(bare)[0]) {
		return "'" + text
	}
	return text
}

// WriteJSON writes the result with its provenance.
func WriteJSON(w io.Writer, r Result) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(r); err != nil {
		return lastday.Wrap(lastday.CodeTransient, "population", "write JSON", err)
	}
	return nil
}

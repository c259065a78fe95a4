package intake

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"lastday"
	"lastday/integrations/hr"
)

const opCSV = "intake: csv"

// The bounds of an imported list.
const (
	maxCSV  = 8 << 20
	maxRows = 20_000
)

// Columns say what the columns of a list mean.
type Columns struct {
	// Source is the name that the separations bear.
	Source string
	// Domains are the company's own mail domains; empty is all.
	Domains []string
	// Mapping leads to the columns by name, as in ["Last Day"]; nil is the list
	// with the columns of CanonicalColumns.
	Mapping *hr.Mapping
}

// CanonicalColumns are the columns of a list that needs no mapping. The first
// four must be there.
func CanonicalColumns() []string {
	return []string{
		"person_id", "engagement_id", "what", "last_day", "name", "email", "employee_number", "worker_type",
		"department", "manager", "time_zone", "time_zone_basis", "cutoff", "confidential", "entered_at",
	}
}

const requiredColumns = 4

func canonicalMapping(header []string) hr.Mapping {
	at := func(column string) hr.Field {
		if !slices.Contains(header, column) {
			return hr.Field{}
		}
		return hr.Field{Path: column}
	}
	return hr.Mapping{
		Version: 1, Type: at("what"),
		Person: hr.PersonFields{ID: at("person_id"), Name: at("name"), EmployeeNumber: at("employee_number"), Emails: []hr.Field{at("email")}},
		Engagement: hr.EngagementFields{
			ID: at("engagement_id"), WorkerType: at("worker_type"), Department: at("department"), Manager: at("manager"),
			TimeZone: at("time_zone"), TimeZoneBasis: at("time_zone_basis"),
		},
		Separation: hr.SeparationFields{
			LastDay: at("last_day"), Cutoff: at("cutoff"), Confidential: at("confidential"), EnteredAt: at("entered_at"),
		},
	}
}

// Row is one line of a list: a separation or mistakes.
type Row struct {
	// Line is where the row begins in the file, from 1.
	Line int
	// Separation is what the row says; nil if there are mistakes, or if its type
	// is mapped to ignore.
	Separation *lastday.Separation
	// Mistakes are all that is wrong with the row, free of personal data.
	Mistakes []string
}

// ParseCSV reads a list of leavers: UTF-8, the names of the columns in the
// first line, separated by commas or semicolons. Mistakes in rows stand in the
// rows, so that all of them can be mended at once; nothing of the list should
// be acted on while there are any.
//
// CodeInvalid: the list as a whole cannot be read.
func ParseCSV(in io.Reader, columns Columns) ([]Row, error) {
	text, err := readAll(in)
	if err != nil {
		return nil, err
	}
	r := csv.NewReader(bytes.NewReader(text))
	r.Comma = delimiter(text)
	header, err := readHeader(r)
	if err != nil {
		return nil, err
	}
	l := list{header: header, canon: hr.Canon{Source: columns.Source, Domains: columns.Domains}, seen: map[string]int{}}
	if l.mapping, err = mappingOf(columns.Mapping, header); err != nil {
		return nil, err
	}
	return l.rows(r)
}

func readAll(in io.Reader) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(in, maxCSV+1))
	switch {
	case err != nil:
		return nil, lastday.Wrap(lastday.CodeInvalid, opCSV, "read", err)
	case len(text) > maxCSV:
		return nil, lastday.Errorf(lastday.CodeInvalid, opCSV, "is larger than %d bytes", maxCSV)
	case !utf8.Valid(text):
		return nil, lastday.Errorf(lastday.CodeInvalid, opCSV, "is not valid UTF-8; export it as \"CSV UTF-8\"")
	}
	return bytes.TrimPrefix(text, []byte("\ufeff")), nil
}

// delimiter is a semicolon where spreadsheets of countries with a decimal
// comma write one.
func delimiter(text []byte) rune {
	first, _, _ := bufio.ScanLines(text, true)
	if line := text[:min(first, len(text))]; bytes.Count(line, []byte(";")) > bytes.Count(line, []byte(",")) {
		return ';'
	}
	return ','
}

func readHeader(r *csv.Reader) ([]string, error) {
	header, err := r.Read()
	if err != nil {
		return nil, lastday.Errorf(lastday.CodeInvalid, opCSV, "line 1 does not name the columns")
	}
	for i, name := range header {
		header[i] = strings.TrimSpace(name)
		if header[i] == "" || slices.Contains(header[:i], header[i]) {
			return nil, lastday.Errorf(lastday.CodeInvalid, opCSV, "line 1: column %d has no name, or one that another has", i+1)
		}
	}
	return header, nil
}

func mappingOf(given *hr.Mapping, header []string) (hr.Mapping, error) {
	if given == nil {
		return canonicalMapping(header), checkCanonical(header)
	}
	if wrong := given.Check(); len(wrong) > 0 {
		return hr.Mapping{}, lastday.Errorf(lastday.CodeInvalid, opCSV, "mapping: %s", strings.Join(wrong, "; "))
	}
	for _, path := range given.Paths() {
		column := path
		if quoted, ok := strings.CutPrefix(path, `["`); ok {
			column = strings.TrimSuffix(quoted, `"]`)
		}
		if !slices.Contains(header, column) {
			return hr.Mapping{}, lastday.Errorf(lastday.CodeInvalid, opCSV, "line 1: there is no column %q, which the mapping reads", column)
		}
	}
	return *given, nil
}

func checkCanonical(header []string) error {
	known := CanonicalColumns()
	for _, need := range known[:requiredColumns] {
		if !slices.Contains(header, need) {
			return lastday.Errorf(lastday.CodeInvalid, opCSV, "line 1: the column %s is missing", need)
		}
	}
	for i, name := range header {
		if !slices.Contains(known, name) {
			return lastday.Errorf(lastday.CodeInvalid, opCSV, "line 1: column %d is none of %s", i+1, strings.Join(known, ", "))
		}
	}
	return nil
}

// list is a list while it is read.
type list struct {
	header  []string
	mapping hr.Mapping
	canon   hr.Canon
	// seen tells in which line an engagement stood.
	seen map[string]int
}

func (l *list) rows(r *csv.Reader) ([]Row, error) {
	var rows []Row
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if len(rows) == maxRows {
			return nil, lastday.Errorf(lastday.CodeInvalid, opCSV, "has more than %d rows", maxRows)
		}
		row, ok := l.broken(err)
		if !ok {
			line, _ := r.FieldPos(0)
			row = l.row(line, record)
		}
		rows = append(rows, row)
	}
}

// broken makes a row of a line that is no CSV. Reading goes on behind it.
func (l *list) broken(err error) (Row, bool) {
	var parse *csv.ParseError
	switch {
	case err == nil:
		return Row{}, false
	case errors.Is(err, csv.ErrFieldCount) && errors.As(err, &parse):
		return Row{Line: parse.StartLine, Mistakes: []string{fmt.Sprintf("does not have %d columns, as the first line does", len(l.header))}}, true
	case errors.As(err, &parse):
		return Row{Line: parse.StartLine, Mistakes: []string{fmt.Sprintf("a quotation mark is out of place, at column %d of line %d", parse.Column, parse.Line)}}, true
	}
	return Row{Mistakes: []string{"cannot be read"}}, true
}

func (l *list) row(line int, record []string) Row {
	tree := make(map[string]any, len(record))
	for i, value := range record {
		tree[l.header[i]] = value
	}
	row := Row{Line: line}
	events, err := l.mapping.Parse(l.canon, tree)
	switch {
	case err != nil:
		row.Mistakes = []string{err.Error()}
	case len(events) == 0:
	case events[0].Unknown != "":
		row.Mistakes = strings.Split(events[0].Unknown, "; ")
	default:
		row.Separation = events[0].Separation
		l.once(&row)
	}
	return row
}

// once refuses a second row about one engagement: which of the two holds is
// not ours to guess.
func (l *list) once(row *Row) {
	key := row.Separation.CaseID()
	if first, twice := l.seen[key]; twice {
		row.Separation = nil
		row.Mistakes = []string{fmt.Sprintf("is about the same engagement as line %d", first)}
		return
	}
	l.seen[key] = row.Line
}

package links

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"lastday"
)

// The bounds of an imported list.
const (
	mostBytes = 8 << 20
	mostRows  = 50_000
)

// columns of an imported list; login may be left out.
func columns() []string { return []string{"person", "system", "id", "role", "evidence", "login"} }

// Row is one line of an imported list.
type Row struct {
	Line int  `json:"line"`
	Link Link `json:"link"`
	// Result is new, there already, or what is wrong.
	Result string `json:"result"`
	Wrong  bool   `json:"wrong,omitempty"`
}

// ParseCSV reads a list of links: UTF-8, the names of the columns in the first
// line.
//
// CodeInvalid: the list as a whole cannot be read.
func ParseCSV(in io.Reader) ([]Row, error) {
	const op = "links: list"
	text, err := io.ReadAll(io.LimitReader(in, mostBytes+1))
	if err != nil {
		return nil, lastday.Wrap(lastday.CodeInvalid, op, "read", err)
	}
	if len(text) > mostBytes || !utf8.Valid(text) {
		return nil, lastday.Errorf(lastday.CodeInvalid, op, "it is no UTF-8 or larger than %d bytes", mostBytes)
	}
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))))
	header, err := r.Read()
	if err != nil {
		return nil, lastday.Errorf(lastday.CodeInvalid, op, "it has no header")
	}
	for i, name := range columns() {
		if i < len(columns())-1 && !slices.Contains(header, name) {
			return nil, lastday.Errorf(lastday.CodeInvalid, op, "the column %s is missing", name)
		}
	}
	var rows []Row
	for {
		record, err := r.Read()
		if err == io.EOF {
			return rows, nil
		}
		if err != nil || len(rows) >= mostRows {
			return nil, lastday.Errorf(lastday.CodeInvalid, op, "after %d rows: no whole row, or too many", len(rows))
		}
		line, _ := r.FieldPos(0)
		rows = append(rows, Row{Line: line, Link: linkOf(header, record)})
	}
}

func linkOf(header, record []string) Link {
	at := func(name string) string {
		if i := slices.Index(header, name); i >= 0 {
			return strings.TrimSpace(record[i])
		}
		return ""
	}
	return Link{Person: at("person"), System: at("system"), ID: at("id"), Login: at("login"), Role: Role(at("role")), Evidence: at("evidence")}
}

// Preview says for each row what importing it would do, and whether any is
// wrong. It changes nothing.
func (s *Store) Preview(ctx context.Context, rows []Row) (wrong int, err error) {
	owner, primary := map[string]string{}, map[string]string{}
	for i := range rows {
		l := rows[i].Link
		account, place := l.System+"\x00"+l.ID, l.Person+"\x00"+l.System
		why, there := l.check(), false
		if why == "" {
			if why, there, err = s.against(ctx, s.db, l); err != nil {
				return wrong, err
			}
		}
		switch {
		case why == "" && owner[account] != "":
			why = "the account is in the list twice (" + owner[account] + ")"
		case why == "" && l.Role == RolePrimary && primary[place] != "":
			why = "the list has two primary accounts of the person there (" + primary[place] + ")"
		}
		if why != "" {
			rows[i].Result, rows[i].Wrong = why, true
			wrong++
			continue
		}
		owner[account] = fmt.Sprintf("line %d", rows[i].Line)
		if l.Role == RolePrimary {
			primary[place] = owner[account]
		}
		rows[i].Result = "new"
		if there {
			rows[i].Result = "there already"
		}
	}
	return wrong, nil
}

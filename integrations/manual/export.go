package manual

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"lastday"
	"lastday/integrations"
)

// maxExport is the most bytes of an export.
const maxExport = 32 << 20

// Readback is a CSV file, with a header, that somebody or something exports
// from the far side: one row for each thing that one person has there.
type Readback struct {
	// File is where the export lies, as file:PATH.
	File string `yaml:"file" json:"file"`
	// MaxAge is how old it may be, as a duration such as 24h. An older one shows
	// nothing.
	MaxAge string `yaml:"max_age" json:"max_age"`
	// Person is the column that says whose a row is, and By is what stands in it:
	// key, email or employee_number.
	Person string `yaml:"person" json:"person"`
	By     string `yaml:"by" json:"by"`
	// Item is the column with the items' keys; it may be left out if there is but
	// one item.
	Item string `yaml:"item" json:"item"`
	// KeptBy says who keeps the file, where it is a list that people keep and not
	// what the far side itself wrote: what it shows is then their word, attested
	// and never observed. Empty says that the far side wrote it.
	KeptBy string `yaml:"kept_by" json:"kept_by"`
	// Separator is a comma unless said otherwise.
	Separator string `yaml:"separator" json:"separator"`
}

func (r Readback) mistakes(items int) []string {
	var found []string
	if !strings.HasPrefix(r.File, "file:") || r.path() == "" {
		found = append(found, "readback.file: must be file:PATH")
	}
	if age, err := time.ParseDuration(r.MaxAge); err != nil || age <= 0 || age > oldest {
		found = append(found, "readback.max_age: must be a duration such as 24h, at most 31 days")
	}
	if r.Person == "" {
		found = append(found, "readback.person: the column is missing")
	}
	if !slices.Contains([]string{"key", "email", "employee_number"}, r.By) {
		found = append(found, "readback.by: must be key, email or employee_number")
	}
	if r.Item == "" && items > 1 {
		found = append(found, "readback.item: with several items the column is needed")
	}
	if len(r.Separator) > 1 || strings.ContainsAny(r.Separator, "\"\r\n") {
		found = append(found, "readback.separator: must be one character")
	}
	return found
}

func (r Readback) path() string { return strings.TrimPrefix(r.File, "file:") }

// sought is what may stand in the person's column.
func (r Readback) sought(person lastday.Person) []string {
	switch r.By {
	case "email":
		return person.Emails
	case "employee_number":
		return []string{person.EmployeeNumber}
	}
	return []string{person.Key}
}

type export struct {
	config Readback
	items  []Item
	now    func() time.Time
	open   func(path string) (*os.File, error)
}

// table is an export that passed as evidence: it has its columns, at least one
// row, and is fresh.
type table struct {
	rows   []row
	at     time.Time
	keptBy string
}

type row struct{ person, item string }

func (t table) control() lastday.Control {
	return lastday.Control{Seen: true, KeptBy: t.keptBy, Evidence: fmt.Sprintf("read the export of %s with %d rows", t.at.UTC().Format(time.RFC3339), len(t.rows))}
}

// read reads the export anew. One that is missing, old, empty or cut is
// CodeTransient: the next may be better. One without the columns is CodeInvalid.
func (e *export) read() (table, error) {
	file, err := e.open(e.config.path())
	if err != nil {
		return table{}, lastday.Wrap(lastday.CodeTransient, "manual: export", "open", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return table{}, lastday.Wrap(lastday.CodeTransient, "manual: export", "look at the file", err)
	}
	if err := e.fresh(info.ModTime()); err != nil {
		return table{}, err
	}
	text, err := io.ReadAll(io.LimitReader(file, maxExport+1))
	if err != nil {
		return table{}, lastday.Wrap(lastday.CodeTransient, "manual: export", "read", err)
	}
	if len(text) > maxExport {
		return table{}, lastday.Errorf(lastday.CodeInvalid, "manual: export", "it is larger than %d bytes", maxExport)
	}
	rows, err := e.parse(text)
	return table{rows: rows, at: info.ModTime(), keptBy: e.config.KeptBy}, err
}

func (e *export) fresh(at time.Time) error {
	const skew = time.Hour
	most, err := time.ParseDuration(e.config.MaxAge)
	if err != nil {
		return lastday.Wrap(lastday.CodeInvalid, "manual: export", "max_age", err)
	}
	age := e.now().Sub(at)
	if age > most {
		return lastday.Errorf(lastday.CodeTransient, "manual: export", "it is %s old, allowed are %s: export again", age.Round(time.Minute), most)
	}
	if age < -skew {
		return lastday.Errorf(lastday.CodeTransient, "manual: export", "it is dated in the future")
	}
	return nil
}

func (e *export) parse(text []byte) ([]row, error) {
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))))
	if e.config.Separator != "" {
		r.Comma = rune(e.config.Separator[0])
	}
	records, err := r.ReadAll()
	if err != nil {
		return nil, lastday.Wrap(lastday.CodeTransient, "manual: export", "no whole CSV", lineOf(err))
	}
	if len(records) < 2 {
		return nil, lastday.Errorf(lastday.CodeTransient, "manual: export", "it has no rows: it shows nothing")
	}
	person := slices.Index(records[0], e.config.Person)
	item := slices.Index(records[0], e.config.Item)
	if person < 0 || (item < 0 && e.config.Item != "") {
		return nil, lastday.Errorf(lastday.CodeInvalid, "manual: export", "a configured column is not in the header")
	}
	rows := make([]row, 0, len(records)-1)
	for _, record := range records[1:] {
		rows = append(rows, row{person: normal(record[person]), item: e.itemOf(record, item)})
	}
	return rows, nil
}

func (e *export) itemOf(record []string, column int) string {
	if column < 0 {
		return e.items[0].Key
	}
	return normal(record[column])
}

// lineOf keeps of a CSV error where it is, and none of the text.
func lineOf(err error) error {
	if p, ok := err.(*csv.ParseError); ok { //nolint:errorlint // encoding/csv returns it unwrapped
		return fmt.Errorf("line %d: %w", p.Line, p.Err)
	}
	return err
}

func normal(text string) string { return strings.ToLower(strings.TrimSpace(text)) }

// find looks the person up. Two of their names in one export are a question
// for a person.
func (e *export) find(system string, person lastday.Person) (lastday.Match, error) {
	t, err := e.read()
	if err != nil {
		return lastday.Match{}, err
	}
	var ids []string
	for _, s := range e.config.sought(person) {
		id := normal(s)
		if id != "" && !slices.Contains(ids, id) && slices.ContainsFunc(t.rows, func(r row) bool { return r.person == id }) {
			ids = append(ids, id)
		}
	}
	evidence := []string{"the column " + e.config.Person + " of the export, by " + e.config.By}
	m := lastday.Match{Evidence: evidence, Control: t.control()}
	switch len(ids) {
	case 0:
		if !e.canSeek(person) {
			return lastday.Match{}, lastday.Errorf(lastday.CodeInvalid, "manual: find", "nothing is known of the person by which the export could be searched (%s)", e.config.By)
		}
		m.Verdict = lastday.FoundNone
	case 1:
		m.Verdict, m.Account = lastday.FoundOne, lastday.Account{System: system, ID: ids[0]}
	default:
		m.Verdict = lastday.FoundMany
		for _, id := range ids {
			m.Candidates = append(m.Candidates, lastday.Candidate{Account: lastday.Account{System: system, ID: id}, Evidence: evidence})
		}
	}
	return m, nil
}

// canSeek says whether anything is known to search by: without it, finding
// nothing shows nothing.
func (e *export) canSeek(person lastday.Person) bool {
	return slices.ContainsFunc(e.config.sought(person), func(s string) bool { return normal(s) != "" })
}

func (e *export) list(account lastday.Account) (integrations.Page, error) {
	t, err := e.read()
	if err != nil {
		return integrations.Page{}, err
	}
	page := integrations.Page{Control: t.control()}
	seen := map[string]bool{}
	for _, r := range t.rows {
		if r.person != account.ID || seen[r.item] {
			continue
		}
		seen[r.item] = true
		page.Grants = append(page.Grants, e.item(r.item).grant())
	}
	return page, nil
}

// item finds what is configured about a key. What is not configured is feared.
func (e *export) item(key string) Item {
	i := slices.IndexFunc(e.items, func(i Item) bool { return i.Key == key })
	if i >= 0 {
		return e.items[i]
	}
	return Item{
		Key: key, What: key + " (in the export, not in the configuration)", Level: lastday.LevelAdmin,
		Owner: "the system's owner", Instructions: "Find out what it is and take it; then add it to the configuration.",
	}
}

func (e *export) holds(person, item string) (bool, error) {
	t, err := e.read()
	if err != nil {
		return false, err
	}
	return slices.Contains(t.rows, row{person: person, item: item}), nil
}

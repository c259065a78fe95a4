package store

import (
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"time"

	"lastday"
	"lastday/audit"
)

// Erasure asks that what is kept of a person is erased.
type Erasure struct {
	// ID is the same for the same request: letters, digits, dots, dashes. Asking
	// again tells what was erased the first time.
	ID string
	// Person is the opaque key.
	Person string
	// Everything erases all records of the person; otherwise those that name them
	// (lastday.RecordSubject) alone.
	Everything bool
	// By and Reason are kept for good in the log: they must not name the person.
	By, Reason string
}

// Retention says how long the records of each kind are kept, counted from the
// last record of their case, which must be closed. Kinds that it does not name
// are kept for good.
type Retention map[lastday.RecordKind]time.Duration

// DefaultRetention keeps everything for seven years, which is more than HIPAA
// (six) and PCI DSS (one) ask for, and what is usual for financial controls.
func DefaultRetention() Retention {
	const years = 7 * 8766 * time.Hour
	r := Retention{}
	for _, kind := range []lastday.RecordKind{
		lastday.RecordSubject, lastday.RecordOpened, lastday.RecordNews, lastday.RecordPlan, lastday.RecordMessage, lastday.RecordStage,
		lastday.RecordReading, lastday.RecordChange, lastday.RecordTask, lastday.RecordVerified, lastday.RecordNote, lastday.RecordClosed,
	} {
		r[kind] = years
	}
	return r
}

// Place is an entry without what it holds.
type Place struct {
	Index int64              `json:"index"`
	ID    string             `json:"id"`
	Case  string             `json:"case"`
	Kind  lastday.RecordKind `json:"kind"`
}

// Kept is an entry that was to be erased and was not.
type Kept struct {
	Place

	Why string `json:"why"`
}

// Erased is what became of a request to erase.
type Erased struct {
	Entries []Place `json:"entries,omitempty"`
	Kept    []Kept  `json:"kept,omitempty"`
	// Records are the ids of the records that say so.
	Records []string `json:"records,omitempty"`
}

// Erase takes away what the entries of a person hold. Their leaves stay, so all
// proofs hold, and a record of the log says what was erased, by whom and why.
// What a legal hold covers is kept, and so are open cases: they need it.
//
// With an error of CodeTransient and entries, these are erased from the log,
// but the files of the database may still hold their bytes: call Scrub until
// it succeeds.
func (s *Store) Erase(ctx context.Context, e Erasure) (Erased, error) {
	if e.Person == "" {
		return Erased{}, lastday.Errorf(lastday.CodeInvalid, "audit: erase", "name the person by their key")
	}
	where, args, what := ` AND person = $1`, []any{e.Person}, "erased all records of a person"
	if !e.Everything {
		args = append(args, string(lastday.RecordSubject))
		where, what = where+` AND kind = $2`, "erased the name of a person"
	}
	o := order{id: e.ID, by: e.By, reason: e.Reason, what: what}
	return s.erase(ctx, o, func(tx *sql.Tx) ([]candidate, error) { return s.candidates(ctx, tx, where, args) })
}

// Scrub takes what was erased out of the files of the database, if that is
// still to be done. It writes them anew, which takes a while.
func (s *Store) Scrub(ctx context.Context) error {
	chores, err := s.chores(ctx)
	if err != nil || len(chores) == 0 {
		return err
	}
	if err := s.d.scrub(ctx, s.db); err != nil {
		return err
	}
	// What somebody else erased meanwhile is still to be done.
	for part := range chunks(chores, mostArgs) {
		//nolint:gosec // what is put together are numbered places of arguments
		query := `DELETE FROM log_chore WHERE name IN (` + s.d.places(1, len(part)) + `)`
		if _, err := s.db.ExecContext(ctx, query, anys(part)...); err != nil {
			return s.wrap("audit: scrub", "note that it is done", err)
		}
	}
	return nil
}

// chores are the records of what was erased and may still be in the files.
func (s *Store) chores(ctx context.Context) ([]string, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT name FROM log_chore`)
	if err != nil {
		return nil, s.wrap("audit: scrub", "", err)
	}
	defer func() { _ = rows.Close() }()
	var all []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, s.wrap("audit: scrub", "", err)
		}
		all = append(all, name)
	}
	if err := rows.Err(); err != nil {
		return nil, s.wrap("audit: scrub", "", err)
	}
	return all, nil
}

// order is who wants something erased.
type order struct{ id, by, reason, what string }

func (o order) check() error {
	if !regexp.MustCompile(`^[A-Za-z0-9.-]{1,100}$`).MatchString(o.id) {
		return lastday.Errorf(lastday.CodeInvalid, "audit: order", "its id must be 1 to 100 letters, digits, dots and dashes")
	}
	if o.by == "" || o.reason == "" || len(o.by)+len(o.reason) > 2000 {
		return lastday.Errorf(lastday.CodeInvalid, "audit: order", "say who wants it and why, in at most 2000 characters")
	}
	return nil
}

// candidate is an entry that may be erased.
type candidate struct {
	Place

	person string
	open   bool
}

func (s *Store) erase(ctx context.Context, o order, pick func(tx *sql.Tx) ([]candidate, error)) (Erased, error) {
	if err := o.check(); err != nil {
		return Erased{}, err
	}
	var done Erased
	err := s.write(ctx, "audit: erase", func(tx *sql.Tx) (err error) {
		if done, err = s.erasedBefore(ctx, tx, o); err != nil || len(done.Entries) > 0 {
			return err
		}
		found, err := pick(tx)
		if err != nil {
			return err
		}
		if done, err = s.judge(ctx, tx, found); err != nil {
			return err
		}
		return s.eraseEntries(ctx, tx, o, &done)
	})
	if err != nil {
		return Erased{}, err
	}
	return done, s.Scrub(ctx)
}

// candidates are the entries that still hold something and that the condition selects.
func (s *Store) candidates(ctx context.Context, tx *sql.Tx, where string, args []any) ([]candidate, error) {
	//nolint:gosec // the conditions are our own, their values are arguments
	query := `SELECT idx, id, case_id, kind, COALESCE(person, ''),
		CASE WHEN EXISTS (SELECT 1 FROM log_entry c WHERE c.case_id = e.case_id AND c.kind = 'closed' AND NOT EXISTS
			(SELECT 1 FROM log_entry o WHERE o.case_id = e.case_id AND o.kind = 'opened' AND o.idx > c.idx)) THEN 0 ELSE 1 END
		FROM log_entry e WHERE body IS NOT NULL` + where + ` ORDER BY idx`
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, s.wrap("audit: erase", "find the entries", err)
	}
	defer func() { _ = rows.Close() }()
	var all []candidate
	for rows.Next() {
		var c candidate
		var open int
		if err := rows.Scan(&c.Index, &c.ID, &c.Case, &c.Kind, &c.person, &open); err != nil {
			return nil, s.wrap("audit: erase", "find the entries", err)
		}
		c.open = open == 1
		all = append(all, c)
	}
	if err := rows.Err(); err != nil {
		return nil, s.wrap("audit: erase", "find the entries", err)
	}
	return all, nil
}

// lastTimes says when the last record of each case was appended.
func (s *Store) lastTimes(ctx context.Context, tx *sql.Tx) (map[string]time.Time, error) {
	rows, err := tx.QueryContext(ctx, `SELECT case_id, MAX(at) FROM log_entry GROUP BY case_id`)
	if err != nil {
		return nil, s.wrap("audit: erase", "find the ends of the cases", err)
	}
	defer func() { _ = rows.Close() }()
	last := map[string]time.Time{}
	for rows.Next() {
		var of string
		var at int64
		if err := rows.Scan(&of, &at); err != nil {
			return nil, s.wrap("audit: erase", "find the ends of the cases", err)
		}
		last[of] = time.Unix(0, at)
	}
	if err := rows.Err(); err != nil {
		return nil, s.wrap("audit: erase", "find the ends of the cases", err)
	}
	return last, nil
}

// judge says which entries are erased, and why not the others.
func (s *Store) judge(ctx context.Context, tx *sql.Tx, found []candidate) (Erased, error) {
	holds, err := s.holds(ctx, tx)
	if err != nil {
		return Erased{}, err
	}
	var done Erased
	for _, c := range found {
		i := slices.IndexFunc(holds, func(h LegalHold) bool { return h.covers(c.person, c.Case) })
		switch {
		case i >= 0:
			done.Kept = append(done.Kept, Kept{c.Place, "legal hold " + holds[i].ID})
		case c.open:
			done.Kept = append(done.Kept, Kept{c.Place, "its case is not closed"})
		default:
			done.Entries = append(done.Entries, c.Place)
		}
	}
	return done, nil
}

// mostErased is how many entries one record names as erased.
const mostErased = 5000

// eraseEntries writes the records that say what is erased, and erases it.
func (s *Store) eraseEntries(ctx context.Context, tx *sql.Tx, o order, done *Erased) error {
	part := 0
	for places := range chunks(done.Entries, mostErased) {
		part++
		indexes := make([]int64, len(places))
		for i, p := range places {
			indexes[i] = p.Index
		}
		id := o.record() + strconv.Itoa(part)
		message := lastday.MessageFact{ID: o.id, Verb: audit.VerbErase, Reason: o.reason, About: audit.FormatIndexes(indexes)}
		if err := s.appendOwn(ctx, tx, id, o, message); err != nil {
			return err
		}
		if err := s.eraseIndexes(ctx, tx, id, indexes); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO log_chore (name) VALUES ($1)`, id); err != nil {
			return s.wrap("audit: erase", "note what is to be scrubbed", err)
		}
		done.Records = append(done.Records, id)
	}
	return nil
}

// record begins the ids of the records of an order.
func (o order) record() string { return audit.CaseLog + "/" + audit.VerbErase + "/" + o.id + "/" }

func (s *Store) eraseIndexes(ctx context.Context, tx *sql.Tx, record string, indexes []int64) error {
	for part := range chunks(indexes, mostArgs/2) {
		args := make([]any, 0, 2*len(part))
		for _, index := range part {
			args = append(args, index, record)
		}
		//nolint:gosec // what is put together are numbered places of arguments
		query := `INSERT INTO log_erasure (idx, record) VALUES ` + s.d.tuples(len(part), 2)
		if _, err := tx.ExecContext(ctx, query, args...); err != nil {
			return s.wrap("audit: erase", "note what is erased", err)
		}
		query = `UPDATE log_entry SET person = NULL, salt = NULL, body = NULL WHERE idx IN (` + s.d.places(1, len(part)) + `)`
		if _, err := tx.ExecContext(ctx, query, anys(part)...); err != nil {
			return s.wrap("audit: erase", "", err)
		}
	}
	return nil
}

// appendOwn appends a record that the log makes about itself.
func (s *Store) appendOwn(ctx context.Context, tx *sql.Tx, id string, o order, m lastday.MessageFact) error {
	last, err := s.lastSeq(ctx, tx, audit.CaseLog)
	if err != nil {
		return err
	}
	rows, err := newRows([]lastday.Record{{
		ID: id, Case: audit.CaseLog, Seq: last + 1, At: s.now().UTC(), Kind: lastday.RecordMessage, By: o.by, What: o.what, Message: &m,
	}})
	if err != nil {
		return err
	}
	_, err = s.appendRows(ctx, tx, rows)
	return err
}

// erasedBefore is what the same order erased when it was given before.
func (s *Store) erasedBefore(ctx context.Context, tx *sql.Tx, o order) (Erased, error) {
	query := fmt.Sprintf(`SELECT e.idx, e.id, e.case_id, e.kind, r.record FROM log_erasure r JOIN log_entry e ON e.idx = r.idx
		WHERE substr(r.record, 1, %d) = $1 ORDER BY e.idx`, len(o.record()))
	rows, err := tx.QueryContext(ctx, query, o.record())
	if err != nil {
		return Erased{}, s.wrap("audit: erase", "look for the order", err)
	}
	defer func() { _ = rows.Close() }()
	var done Erased
	for rows.Next() {
		var p Place
		var record string
		if err := rows.Scan(&p.Index, &p.ID, &p.Case, &p.Kind, &record); err != nil {
			return Erased{}, s.wrap("audit: erase", "look for the order", err)
		}
		done.Entries = append(done.Entries, p)
		if !slices.Contains(done.Records, record) {
			done.Records = append(done.Records, record)
		}
	}
	if err := rows.Err(); err != nil {
		return Erased{}, s.wrap("audit: erase", "look for the order", err)
	}
	return done, nil
}

package store

import (
	"context"
	"database/sql"
	"slices"

	"lastday"
	"lastday/audit"
)

// LegalHold keeps records from being erased. It is a record of the log, and so
// is its end.
type LegalHold struct {
	// ID names the hold for good: letters, digits, dots, dashes.
	ID string `json:"id"`
	// Person or Case say what it covers; Everything covers all.
	Person     string `json:"person,omitempty"`
	Case       string `json:"case,omitempty"`
	Everything bool   `json:"everything,omitempty"`
	// By and Reason are kept for good in the log: they must not name the person.
	By     string `json:"by,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// all stands for everything where a hold is kept.
const all = "*"

func (h LegalHold) covers(person, of string) bool {
	return h.Everything || h.Person != "" && h.Person == person || h.Case != "" && h.Case == of
}

func (h LegalHold) about() string {
	switch {
	case h.Everything:
		return "everything"
	case h.Case != "":
		return "case " + h.Case
	}
	return "person " + h.Person
}

func (h LegalHold) check() error {
	said := 0
	for _, one := range []bool{h.Person != "", h.Case != "", h.Everything} {
		if one {
			said++
		}
	}
	if said != 1 || h.Person == all || h.Case == all {
		return lastday.Errorf(lastday.CodeInvalid, "audit: hold", "it covers a person, a case or everything: say one of them")
	}
	return nil
}

// Hold puts a legal hold into force. The same hold again changes nothing.
// CodeInvalid: another hold has its id, or had it.
func (s *Store) Hold(ctx context.Context, h LegalHold) error {
	o := order{id: h.ID, by: h.By, reason: h.Reason, what: "forbade to erase"}
	if err := o.check(); err != nil {
		return err
	}
	if err := h.check(); err != nil {
		return err
	}
	return s.write(ctx, "audit: hold", func(tx *sql.Tx) error {
		holds, err := s.holds(ctx, tx)
		if err != nil {
			return err
		}
		if i := slices.IndexFunc(holds, func(o LegalHold) bool { return o.ID == h.ID }); i >= 0 && holds[i].about() == h.about() {
			return nil
		}
		id := audit.CaseLog + "/" + audit.VerbHold + "/" + h.ID
		if err := s.appendNew(ctx, tx, id, o, lastday.MessageFact{ID: h.ID, Verb: audit.VerbHold, Reason: h.Reason, About: h.about()}); err != nil {
			return err
		}
		person, of := h.Person, h.Case
		if h.Everything {
			person, of = all, all
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO log_hold (id, person, case_id, record) VALUES ($1, $2, $3, $4)`, h.ID, person, of, id); err != nil {
			return s.wrap("audit: hold", "keep it", err)
		}
		return nil
	})
}

// Unhold ends a legal hold. CodeNotFound: there is none of this id.
func (s *Store) Unhold(ctx context.Context, id, by, reason string) error {
	o := order{id: id, by: by, reason: reason, what: "allowed to erase again"}
	if err := o.check(); err != nil {
		return err
	}
	return s.write(ctx, "audit: hold", func(tx *sql.Tx) error {
		holds, err := s.holds(ctx, tx)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(holds, func(h LegalHold) bool { return h.ID == id })
		if i < 0 {
			return lastday.Errorf(lastday.CodeNotFound, "audit: hold", "there is no hold %s", id)
		}
		record := audit.CaseLog + "/" + audit.VerbUnhold + "/" + id
		if err := s.appendNew(ctx, tx, record, o, lastday.MessageFact{ID: id, Verb: audit.VerbUnhold, Reason: reason, About: holds[i].about()}); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM log_hold WHERE id = $1`, id); err != nil {
			return s.wrap("audit: hold", "end it", err)
		}
		return nil
	})
}

// appendNew is appendOwn for a record that must not be there yet.
func (s *Store) appendNew(ctx context.Context, tx *sql.Tx, id string, o order, m lastday.MessageFact) error {
	var n int
	if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM log_entry WHERE id = $1`, id).Scan(&n); err != nil {
		return s.wrap("audit: hold", "look for the record", err)
	}
	if n > 0 {
		return lastday.Errorf(lastday.CodeInvalid, "audit: hold", "there was a hold %s already: give this one another id", o.id)
	}
	return s.appendOwn(ctx, tx, id, o, m)
}

// Holds are the legal holds in force. Who asked for them stands in the log.
func (s *Store) Holds(ctx context.Context) ([]LegalHold, error) { return s.holds(ctx, s.db) }

func (s *Store) holds(ctx context.Context, q querier) ([]LegalHold, error) {
	rows, err := q.QueryContext(ctx, `SELECT id, person, case_id FROM log_hold ORDER BY id`)
	if err != nil {
		return nil, s.wrap("audit: hold", "read", err)
	}
	defer func() { _ = rows.Close() }()
	var found []LegalHold
	for rows.Next() {
		var h LegalHold
		if err := rows.Scan(&h.ID, &h.Person, &h.Case); err != nil {
			return nil, s.wrap("audit: hold", "read", err)
		}
		if h.Person == all && h.Case == all {
			h = LegalHold{ID: h.ID, Everything: true}
		}
		found = append(found, h)
	}
	if err := rows.Err(); err != nil {
		return nil, s.wrap("audit: hold", "read", err)
	}
	return found, nil
}

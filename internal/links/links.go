// Package links keeps the table of which accounts are whose.
//
// HR rarely knows accounts, and evidence in systems goes away. What a person
// once found out is kept here: the account's immutable id, what it is for, on
// what evidence, by whom. Nothing is ever overwritten: the table is a list of
// changes, each with its actor and reason, and what holds now is what was
// added and not removed since.
package links

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"lastday"
)

// Role says what an account is for.
type Role string

// The roles. A person has at most one primary account in a system.
const (
	RolePrimary Role = "primary"
	RoleAdmin   Role = "admin"
	RoleService Role = "service"
	RoleOther   Role = "other"
)

// Roles lists the roles.
func Roles() []Role { return []Role{RolePrimary, RoleAdmin, RoleService, RoleOther} }

// Link says that an account is a person's.
type Link struct {
	// Person is HR's opaque key of the person.
	Person string `json:"person"`
	System string `json:"system"`
	// ID is the account's immutable id, Login only a label.
	ID    string `json:"id"`
	Login string `json:"login,omitempty"`
	Role  Role   `json:"role"`
	// Evidence says what the link rests on.
	Evidence string `json:"evidence"`
	// By added it, and At is when.
	By string    `json:"by"`
	At time.Time `json:"at"`
	// Until is when it was removed; zero while it holds.
	Until time.Time `json:"until,omitzero"`
}

// Change is one change of the table.
type Change struct {
	Seq int `json:"seq"`
	// Verb is add or remove.
	Verb   string    `json:"verb"`
	At     time.Time `json:"at"`
	By     string    `json:"by"`
	Reason string    `json:"reason"`
	Link   Link      `json:"link"`
}

const (
	verbAdd    = "add"
	verbRemove = "remove"
)

// Query selects links or changes; empty fields select all.
type Query struct{ Person, System, ID string }

// Store is the table in a database. It is safe for concurrent use.
type Store struct {
	db *sql.DB
	// lock makes the transaction that it begins with the only one that writes;
	// empty where transactions are so by themselves.
	lock string
	now  func() time.Time
}

// Close ends the connections to the database.
func (s *Store) Close() error {
	if err := s.db.Close(); err != nil {
		return lastday.Wrap(lastday.CodeTransient, "links: close", "", err)
	}
	return nil
}

// most bounds every text of a link.
const most = 500

// check says what is wrong with a link; empty if nothing is.
func (l Link) check() string {
	switch {
	case l.Person == "" || l.System == "" || l.ID == "":
		return "person, system and the account's immutable id are needed"
	case strings.Contains(l.System, "+"):
		return "name the system itself; lastday gives further accounts lanes of their own"
	case !slices.Contains(Roles(), l.Role):
		return "the role must be primary, admin, service or other"
	case strings.TrimSpace(l.Evidence) == "":
		return "say what it rests on"
	case max(len(l.Person), len(l.System), len(l.ID), len(l.Login), len(l.Evidence)) > most:
		return "a text is too long"
	}
	return ""
}

// Add adds a link. Adding what holds already changes nothing.
//
// CodeInvalid: something is missing, the account is somebody else's, or the
// person has another primary account there: remove that first.
func (s *Store) Add(ctx context.Context, l Link, by, reason string) error {
	return s.write(ctx, func(tx *sql.Tx) error { return s.add(ctx, tx, l, by, reason) })
}

// Settle adds a link that a person decided on. Another primary account of the
// person in the system is removed for it.
func (s *Store) Settle(ctx context.Context, l Link, by, reason string) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		old, err := s.current(ctx, tx, Query{Person: l.Person, System: l.System})
		if err != nil {
			return err
		}
		for _, o := range old {
			replaced := o.ID == l.ID && o.Role != l.Role
			if replaced || (l.Role == RolePrimary && o.Role == RolePrimary && o.ID != l.ID) {
				if err := s.append(ctx, tx, Change{Verb: verbRemove, By: by, Reason: "replaced: " + reason, Link: o}); err != nil {
					return err
				}
			}
		}
		return s.add(ctx, tx, l, by, reason)
	})
}

// Remove removes a link.
//
// CodeNotFound: there is no such link. CodeInvalid: actor or reason is missing.
func (s *Store) Remove(ctx context.Context, q Query, by, reason string) error {
	if q.Person == "" || q.System == "" || q.ID == "" {
		return lastday.Errorf(lastday.CodeInvalid, "links: remove", "person, system and id are needed")
	}
	return s.write(ctx, func(tx *sql.Tx) error {
		old, err := s.current(ctx, tx, q)
		if err != nil {
			return err
		}
		if len(old) == 0 {
			return lastday.Errorf(lastday.CodeNotFound, "links: remove", "there is no such link")
		}
		return s.append(ctx, tx, Change{Verb: verbRemove, By: by, Reason: reason, Link: old[0]})
	})
}

// List lists the links that hold, by person, system and role.
func (s *Store) List(ctx context.Context, q Query) ([]Link, error) {
	return s.current(ctx, s.db, q)
}

// History lists the changes, oldest first.
func (s *Store) History(ctx context.Context, q Query) ([]Change, error) {
	return s.changes(ctx, s.db, q)
}

// Import adds links, all or none.
func (s *Store) Import(ctx context.Context, all []Link, by, reason string) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		for _, l := range all {
			if err := s.add(ctx, tx, l, by, reason); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Store) add(ctx context.Context, tx *sql.Tx, l Link, by, reason string) error {
	if why := l.check(); why != "" {
		return lastday.Errorf(lastday.CodeInvalid, "links: add", "%s", why)
	}
	why, there, err := s.against(ctx, tx, l)
	if err != nil || there {
		return err
	}
	if why != "" {
		return lastday.Errorf(lastday.CodeInvalid, "links: add", "account %s of %s: %s", l.ID, l.System, why)
	}
	return s.append(ctx, tx, Change{Verb: verbAdd, By: by, Reason: reason, Link: l})
}

// against says what speaks against a link, and whether it is there already.
func (s *Store) against(ctx context.Context, db querier, l Link) (why string, there bool, err error) {
	owners, err := s.current(ctx, db, Query{System: l.System, ID: l.ID})
	if err != nil {
		return "", false, err
	}
	switch {
	case len(owners) > 0 && owners[0].Person != l.Person:
		return "it is linked to another person", false, nil
	case len(owners) > 0 && owners[0].Role != l.Role:
		return "it is linked as " + string(owners[0].Role) + ": remove that first", false, nil
	case len(owners) > 0 || l.Role != RolePrimary:
		return "", len(owners) > 0, nil
	}
	own, err := s.current(ctx, db, Query{Person: l.Person, System: l.System})
	if slices.ContainsFunc(own, func(o Link) bool { return o.Role == RolePrimary }) {
		why = "the person has another primary account there: remove that first, or use another role"
	}
	return why, false, err
}

type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// current folds the changes into what holds.
func (s *Store) current(ctx context.Context, db querier, q Query) ([]Link, error) {
	changes, err := s.changes(ctx, db, q)
	if err != nil {
		return nil, err
	}
	var now []Link
	for _, c := range changes {
		now = slices.DeleteFunc(now, func(l Link) bool {
			return l.Person == c.Link.Person && l.System == c.Link.System && l.ID == c.Link.ID
		})
		if c.Verb == verbAdd {
			now = append(now, c.Link)
		}
	}
	slices.SortStableFunc(now, func(a, b Link) int {
		return cmp.Or(cmp.Compare(a.Person, b.Person), cmp.Compare(a.System, b.System),
			cmp.Compare(slices.Index(Roles(), a.Role), slices.Index(Roles(), b.Role)), cmp.Compare(a.ID, b.ID))
	})
	return now, nil
}

// statement names only the columns that are asked for, so that an index serves
// it: a long list is imported in one transaction, and nothing else writes to the
// database of the records meanwhile.
func (q Query) statement() (text string, values []any) {
	text = `SELECT seq, verb, at, actor, reason, person, system, id, login, role, evidence, since, since_by FROM link_change`
	word := ` WHERE `
	for _, asked := range []struct{ column, value string }{{"person", q.Person}, {"system", q.System}, {"id", q.ID}} {
		if asked.value == "" {
			continue
		}
		values = append(values, asked.value)
		text += fmt.Sprintf("%s%s = $%d", word, asked.column, len(values))
		word = ` AND `
	}
	return text + ` ORDER BY seq`, values
}

func (s *Store) changes(ctx context.Context, db querier, q Query) ([]Change, error) {
	statement, values := q.statement()
	rows, err := db.QueryContext(ctx, statement, values...)
	if err != nil {
		return nil, lastday.Wrap(lastday.CodeTransient, "links: read", "", err)
	}
	defer func() { _ = rows.Close() }() // What went wrong, rows.Err says.
	var all []Change
	for rows.Next() {
		var c Change
		var at, since string
		l := &c.Link
		err := rows.Scan(&c.Seq, &c.Verb, &at, &c.By, &c.Reason, &l.Person, &l.System, &l.ID, &l.Login, &l.Role, &l.Evidence, &since, &l.By)
		if err != nil {
			return nil, lastday.Wrap(lastday.CodeTransient, "links: read", "", err)
		}
		var wrong, wrongSince error
		c.At, wrong = time.Parse(time.RFC3339Nano, at)
		l.At, wrongSince = time.Parse(time.RFC3339Nano, since)
		if err := errors.Join(wrong, wrongSince); err != nil {
			return nil, lastday.Wrap(lastday.CodeInvalid, "links: read", "a time", err)
		}
		if c.Verb == verbRemove {
			l.Until = c.At
		}
		all = append(all, c)
	}
	if err := rows.Err(); err != nil {
		return nil, lastday.Wrap(lastday.CodeTransient, "links: read", "", err)
	}
	return all, nil
}

func (s *Store) append(ctx context.Context, tx *sql.Tx, c Change) error {
	if strings.TrimSpace(c.By) == "" || strings.TrimSpace(c.Reason) == "" || len(c.By) > most || len(c.Reason) > 4*most {
		return lastday.Errorf(lastday.CodeInvalid, "links: change", "say who and why, in short")
	}
	var seq int
	if err := tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(seq), 0) + 1 FROM link_change`).Scan(&seq); err != nil {
		return lastday.Wrap(lastday.CodeTransient, "links: change", "", err)
	}
	at := s.now().UTC()
	l := c.Link
	if c.Verb == verbAdd {
		l.At, l.By = at, c.By
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO link_change (seq, verb, at, actor, reason, person, system, id, login, role, evidence, since, since_by)
		VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13)`,
		seq, c.Verb, at.Format(time.RFC3339Nano), c.By, c.Reason, l.Person, l.System, l.ID, l.Login, string(l.Role), l.Evidence, l.At.Format(time.RFC3339Nano), l.By)
	if err != nil {
		return lastday.Wrap(lastday.CodeTransient, "links: change", "", err)
	}
	return nil
}

// write runs f as the only writer of the table, all or nothing.
func (s *Store) write(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return lastday.Wrap(lastday.CodeTransient, "links: write", "begin", err)
	}
	defer func() { _ = tx.Rollback() }() // After a commit there is nothing to roll back.
	if s.lock != "" {
		if _, err := tx.ExecContext(ctx, s.lock); err != nil {
			return lastday.Wrap(lastday.CodeTransient, "links: write", "lock", err)
		}
	}
	if err := f(tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return lastday.Wrap(lastday.CodeTransient, "links: write", "commit", err)
	}
	return nil
}

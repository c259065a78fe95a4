package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"lastday/audit"
)

func TestTheDatabaseRefusesToForget(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		w.append(w.facts("c-1", 1, 5)...)
		w.closed("c-2", 3)
		w.checkpoint()
		order := erasureOf("c-2")
		w.erase(order)
		for _, query := range []string{
			`DELETE FROM log_entry WHERE idx = 4`,
			`DELETE FROM log_hash`,
			`DELETE FROM log_checkpoint`,
			`DELETE FROM log_erasure`,
			`UPDATE log_entry SET body = salt WHERE idx = 1`,
			`UPDATE log_entry SET at = 0 WHERE idx = 1`,
			`UPDATE log_entry SET person = NULL, salt = NULL, body = NULL WHERE idx = 1`,
			`UPDATE log_entry SET body = leaf, salt = leaf WHERE idx = 5`,
			`UPDATE log_entry SET case_id = 'c-9', person = NULL, salt = NULL, body = NULL WHERE idx = 5`,
			`UPDATE log_hash SET hash = (SELECT leaf FROM log_entry WHERE idx = 1) WHERE idx = 1`,
			`UPDATE log_checkpoint SET at = 0`,
			`UPDATE log_erasure SET record = 'c-1/1'`,
			`INSERT INTO log_entry (idx, id, case_id, seq, kind, at, leaf) SELECT 50, 'x', 'c-1', 2, 'note', 0, leaf FROM log_entry WHERE idx = 1`,
			`INSERT INTO log_entry (idx, id, case_id, seq, kind, at, leaf) SELECT 50, 'c-1/2', 'c-3', 1, 'note', 0, leaf FROM log_entry WHERE idx = 1`,
		} {
			if err := w.try(query); err == nil {
				t.Errorf("done: %s", query)
			}
		}
		if w.postgres {
			if err := w.try(`TRUNCATE log_hash`); err == nil {
				t.Error("the tree was emptied")
			}
		}
		w.clean()
	})
}

func TestWhatWhoOwnsTheDatabaseChangesIsFoundAndNamed(t *testing.T) {
	flip := func(column string) string {
		return `UPDATE log_entry SET ` + column + ` = (SELECT ` + column + ` FROM log_entry WHERE idx = 7) WHERE idx = 4`
	}
	for what, c := range map[string]struct {
		query   string
		problem audit.Problem
		index   int64
	}{
		"salt":         {flip("salt"), audit.Changed, 4},
		"body":         {flip("body"), audit.Changed, 4},
		"leaf":         {flip("leaf"), audit.Changed, 4},
		"kind":         {`UPDATE log_entry SET kind = 'closed' WHERE idx = 4`, audit.Changed, 4},
		"case":         {`UPDATE log_entry SET case_id = 'c-9' WHERE idx = 4`, audit.Changed, 4},
		"id":           {`UPDATE log_entry SET id = 'c-9/1' WHERE idx = 4`, audit.Changed, 4},
		"time":         {`UPDATE log_entry SET at = at - 7200000000000 WHERE idx = 4`, audit.Misdated, 4},
		"stored hash":  {`UPDATE log_hash SET hash = (SELECT hash FROM log_hash WHERE idx = 0) WHERE idx = 7`, audit.Changed, 4},
		"erased":       {`UPDATE log_entry SET body = NULL, salt = NULL WHERE idx = 4`, audit.Unexplained, 4},
		"dropped":      {`DELETE FROM log_entry WHERE idx = 4`, audit.Missing, 5},
		"last dropped": {`DELETE FROM log_entry WHERE idx = 9`, audit.Missing, -1},
		"moved":        {`UPDATE log_entry SET idx = 100 WHERE idx = 4; UPDATE log_entry SET idx = 4 WHERE idx = 5; UPDATE log_entry SET idx = 5 WHERE idx = 100`, audit.Changed, 4},
		"unsigned":     {`DELETE FROM log_checkpoint`, audit.Missing, -1},
		"checkpoint":   {`UPDATE log_checkpoint SET text = (SELECT leaf FROM log_entry WHERE idx = 4)`, audit.Unsigned, -1},
	} {
		t.Run(what, func(t *testing.T) {
			everywhere(t, func(t *testing.T, w *world) {
				w.append(w.facts("c-1", 1, 10)...)
				w.checkpoint()
				w.exec(c.query)
				v := w.verify()
				if !slices.ContainsFunc(v.Findings, func(f audit.Finding) bool { return f.Problem == c.problem && f.Index == c.index }) {
					t.Errorf("found %v", v.Findings)
				}
				for _, f := range v.Findings {
					if strings.Contains(fmt.Sprint(f), "Secretname") {
						t.Errorf("says too much: %s", f)
					}
				}
			})
		})
	}
}

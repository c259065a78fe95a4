package links

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestAnIndexServesWhatAnImportAsks(t *testing.T) {
	s, err := OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "links.db"), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	for index, q := range map[string]Query{
		"link_change_account": {System: "code", ID: "7"}, "link_change_person": {Person: "p-1", System: "code"},
	} {
		statement, values := q.statement()
		var id, parent, unused int
		var how string
		if err := s.db.QueryRowContext(t.Context(), "EXPLAIN QUERY PLAN "+statement, values...).Scan(&id, &parent, &unused, &how); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(how, "USING INDEX "+index) {
			t.Errorf("%+v: %s", q, how)
		}
	}
}

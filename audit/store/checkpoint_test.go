package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"lastday"
	"lastday/audit"
	"lastday/audit/store"
)

func TestACheckpointIsMadeWhenThereIsSomethingNew(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		empty := w.checkpoint()
		w.clock.advance(time.Hour)
		if again := w.checkpoint(); empty.Size != 0 || again.At != noon() {
			t.Errorf("got %+v, then %+v", empty, again)
		}
		w.append(w.facts("c-1", 1, 3)...)
		full := w.checkpoint()
		if full.Size != 3 || full.At != noon().Add(time.Hour) {
			t.Errorf("got %+v", full)
		}
		w.clock.advance(time.Hour)
		young, err := w.Renew(t.Context(), 2*time.Hour)
		if err != nil || young.At != full.At {
			t.Errorf("got %+v, %v", young, err)
		}
		old, err := w.Renew(t.Context(), time.Hour)
		if err != nil || old.At != noon().Add(2*time.Hour) || old.Root != full.Root {
			t.Errorf("got %+v, %v", old, err)
		}
		all, err := w.Checkpoints(t.Context())
		if err != nil || len(all) != 3 {
			t.Errorf("got %d, %v", len(all), err)
		}
		w.clean()
	})
}

func TestAnyTwoCheckpointsAreShownToFollowEachOther(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		var all []audit.Signed
		for n := range 9 {
			w.append(w.facts(fmt.Sprintf("c-%d", n), 1, n+1)...)
			all = append(all, w.checkpoint())
		}
		for i, older := range all {
			for _, newer := range all[i:] {
				p, err := w.ProveTree(t.Context(), newer.Size, older.Size)
				if err != nil {
					t.Fatal(err)
				}
				if err := audit.CheckGrowth(older, newer, p); err != nil {
					t.Error(err)
				}
			}
		}
		_, err := w.ProveTree(t.Context(), 46, 1)
		wantCode(t, err, lastday.CodeInvalid)
		_, err = w.Prove(t.Context(), 0, 46)
		wantCode(t, err, lastday.CodeInvalid)
		_, err = w.Prove(t.Context(), 7, 7)
		wantCode(t, err, lastday.CodeInvalid)
		_, err = w.ProveTree(t.Context(), 3, 4)
		wantCode(t, err, lastday.CodeProtected)
	})
}

func TestNothingIsSignedThatDeniesWhatWasSigned(t *testing.T) {
	for what, damage := range map[string]string{
		"cut short":     `DELETE FROM log_hash WHERE idx >= 6; DELETE FROM log_entry WHERE idx >= 4`,
		"a hash gone":   `DELETE FROM log_hash WHERE idx = 6`,
		"another hash":  `UPDATE log_hash SET hash = (SELECT hash FROM log_hash WHERE idx = 0) WHERE idx = 6`,
		"a hash broken": `ALTER TABLE log_hash DROP CONSTRAINT IF EXISTS log_hash_hash_check; UPDATE log_hash SET hash = substr(hash, 1, 31) WHERE idx = 6`,
		"a checkpoint":  `UPDATE log_checkpoint SET text = (SELECT leaf FROM log_entry WHERE idx = 1)`,
	} {
		t.Run(what, func(t *testing.T) {
			everywhere(t, func(t *testing.T, w *world) {
				w.append(w.facts("c-1", 1, 5)...)
				w.checkpoint()
				w.append(w.facts("c-1", 6, 6)...)
				w.exec(forDialect(w, damage))
				_, err := w.Checkpoint(t.Context())
				if code := lastday.CodeOf(err); code != lastday.CodeProtected && code != lastday.CodeInvalid {
					t.Errorf("got %v", err)
				}
				if all, err := w.Checkpoints(t.Context()); err != nil || len(all) != 1 {
					t.Errorf("got %d checkpoints, %v", len(all), err)
				}
			})
		})
	}
}

// forDialect leaves out what a database has no words for.
func forDialect(w *world, query string) string {
	if w.postgres {
		return query
	}
	return strings.ReplaceAll(query, "ALTER TABLE log_hash DROP CONSTRAINT IF EXISTS log_hash_hash_check; ", "")
}

func TestAClockThatWentBackSignsNothing(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		w.append(w.facts("c-1", 1, 1)...)
		w.checkpoint()
		w.append(w.facts("c-1", 2, 2)...)
		w.clock.advance(-30 * time.Second) // as clocks of two hosts may differ
		w.checkpoint()
		w.append(w.facts("c-1", 3, 3)...)
		w.clock.advance(-time.Hour)
		_, err := w.Checkpoint(t.Context())
		wantCode(t, err, lastday.CodeProtected)
	})
}

func TestWithoutAKeyALogIsReadAndAppendedToButNotSigned(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		w.append(w.facts("c-1", 1, 2)...)
		w.checkpoint()
		reader := w.again(store.Options{Now: w.clock.now})
		if c, err := reader.Checkpoint(t.Context()); err != nil || c.Size != 2 {
			t.Errorf("got %+v, %v", c, err)
		}
		if _, err := reader.Append(t.Context(), w.facts("c-1", 3, 3)); err != nil {
			t.Error(err)
		}
		_, err := reader.Checkpoint(t.Context())
		wantCode(t, err, lastday.CodeInvalid)
		if c := w.checkpoint(); c.Size != 3 {
			t.Errorf("got %+v", c)
		}
	})
}

func TestALogGoesOnWithANewKeyThatKnowsTheOldOne(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		w.append(w.facts("c-1", 1, 2)...)
		w.checkpoint()
		next := newWorld(t)
		_, err := w.again(store.Options{Now: w.clock.now, Key: next.key}).Renew(t.Context(), 0)
		wantCode(t, err, lastday.CodeInvalid)
		both, err := audit.ParseKeys(next.key.Public() + "\n" + w.key.Public())
		if err != nil {
			t.Fatal(err)
		}
		s := w.again(store.Options{Now: w.clock.now, Key: next.key, Keys: both})
		if _, err := s.Renew(t.Context(), 0); err != nil {
			t.Error(err)
		}
		if v, err := s.Verify(t.Context(), both, audit.Tolerance{}); err != nil || !v.Clean() || v.Checkpoints != 2 {
			t.Errorf("got %+v, %v", v, err)
		}
	})
}

func TestALogIsThereWhenItIsOpenedAgain(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		w.append(w.facts("c-1", 1, 300)...)
		w.checkpoint()
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		w.Store = w.again(w.options())
		done := w.append(w.facts("c-1", 300, 301)...)
		if done.New != 1 || !slices.Equal(done.Indexes, []int64{299, 300}) {
			t.Errorf("got %+v", done)
		}
		w.clean()
	})
}

func TestALogOfANewerProgramIsLeftAlone(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		if err := w.try(`INSERT INTO log_version (version, at) VALUES (99, 0)`); err != nil {
			t.Fatal(err)
		}
		_, err := w.open()
		wantCode(t, err, lastday.CodeInvalid)
		if !strings.Contains(fmt.Sprint(err), "use a newer one") {
			t.Errorf("got %v", err)
		}
	})
}

func TestWhatWasDeliveredIsRemembered(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		_, _, err := w.Delivered(t.Context(), "git")
		wantCode(t, err, lastday.CodeNotFound)
		for n := range 2 {
			w.append(w.facts("c-1", n+1, n+1)...)
			w.clock.advance(time.Minute)
			c := w.checkpoint()
			if err := w.SetDelivered(t.Context(), "git", c); err != nil {
				t.Fatal(err)
			}
			got, at, err := w.Delivered(t.Context(), "git")
			if err != nil || got.Size != c.Size || !at.Equal(w.clock.now()) {
				t.Errorf("got %+v at %s, %v", got, at, err)
			}
		}
	})
}

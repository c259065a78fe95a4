package store_test

import (
	"testing"
	"time"

	"lastday"
	"lastday/audit/store"
)

// claimed claims the stream "siem" for a minute.
func claimed(w *world, s *store.Store, holder string) (int64, bool) {
	w.t.Helper()
	next, mine, err := s.Claim(w.t.Context(), "siem", holder, time.Minute)
	if err != nil {
		w.t.Fatal(err)
	}
	return next, mine
}

func TestOneOfSeveralSendsAStreamAndAnotherGoesOnWhereItStopped(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		other := w.again(w.options())
		if next, mine := claimed(w, w.Store, "one"); next != 0 || !mine {
			t.Fatalf("a new stream begins at %d, mine %v", next, mine)
		}
		if _, mine := claimed(w, other, "two"); mine {
			t.Error("two send at a time")
		}
		if err := w.Advance(t.Context(), "siem", "one", 5); err != nil {
			t.Error(err)
		}
		wantCode(t, other.Advance(t.Context(), "siem", "two", 9), lastday.CodeProtected)
		w.clock.advance(59 * time.Second)
		if _, mine := claimed(w, other, "two"); mine {
			t.Error("taken before the time was over")
		}
		w.clock.advance(time.Second)
		if next, mine := claimed(w, other, "two"); next != 5 || !mine {
			t.Errorf("the other one goes on at %d, mine %v", next, mine)
		}
		wantCode(t, w.Advance(t.Context(), "siem", "one", 7), lastday.CodeProtected)
		if _, mine := claimed(w, w.Store, "one"); mine {
			t.Error("taken back while the other one has it")
		}
	})
}

func TestAStreamNeverGoesBackAndIsKept(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		claimed(w, w.Store, "one")
		for _, next := range []int64{4, 4} {
			if err := w.Advance(t.Context(), "siem", "one", next); err != nil {
				t.Error(err)
			}
		}
		wantCode(t, w.Advance(t.Context(), "siem", "one", 3), lastday.CodeProtected)
		found, err := w.again(w.options()).Streams(t.Context())
		if err != nil || len(found) != 1 || found[0].Next != 4 || found[0].Holder != "one" || !found[0].Until.Equal(noon().Add(time.Minute)) {
			t.Errorf("got %+v, %v", found, err)
		}
		_, _, err = w.Claim(t.Context(), "", "one", time.Minute)
		wantCode(t, err, lastday.CodeInvalid)
	})
}

func TestALogOfTheVersionBeforeIsBroughtUp(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		w.append(w.facts("c-1", 1, 3)...)
		w.exec(`DROP TABLE log_stream`)
		w.exec(`DELETE FROM log_version WHERE version = 2`)
		again := w.again(w.options())
		if next, mine := claimed(w, again, "one"); next != 0 || !mine {
			t.Errorf("begins at %d, mine %v", next, mine)
		}
		if n, err := again.Size(t.Context()); err != nil || n != 3 {
			t.Errorf("%d entries, %v", n, err)
		}
		w.clean()
	})
}

package store_test

import (
	"testing"
	"time"

	"lastday"
	"lastday/audit"
	"lastday/audit/store"
)

func TestWhatWouldBeErasedIsToldAndStays(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		w.closed("c-1", 3)
		w.append(w.facts("c-open", 1, 3)...)
		policy := store.Retention{lastday.RecordSubject: time.Hour}
		w.clock.advance(time.Hour)
		if would, err := w.WouldRetain(t.Context(), policy); err != nil || len(would.Entries) != 0 {
			t.Errorf("on the hour: %+v, %v", would, err)
		}
		w.clock.advance(time.Second)
		would, err := w.WouldRetain(t.Context(), policy)
		if err != nil || len(would.Entries) != 1 || would.Entries[0].Case != "c-1" || would.Entries[0].Kind != lastday.RecordSubject {
			t.Errorf("after it: %+v, %v", would, err)
		}
		for _, e := range w.entries(audit.Query{}) {
			if e.Erased() {
				t.Errorf("%s is erased", e.ID)
			}
		}
		if would, err := w.WouldRetain(t.Context(), nil); err != nil || len(would.Entries) != 0 {
			t.Errorf("without a policy: %+v, %v", would, err)
		}
		if err := w.Hold(t.Context(), store.LegalHold{ID: "h-1", Case: "c-1", By: "counsel", Reason: "lawsuit"}); err != nil {
			t.Fatal(err)
		}
		if would, err := w.WouldRetain(t.Context(), policy); err != nil || len(would.Entries) != 0 || len(would.Kept) != 1 {
			t.Errorf("held: %+v, %v", would, err)
		}
	})
}

package app

import (
	"testing"
	"time"

	"lastday"
	"lastday/audit/store"
)

func TestAPeriodHoldsBothOfItsDaysInItsZone(t *testing.T) {
	p, err := ParsePeriod("2026-03-29", "2026-03-29", "Europe/Berlin")
	if err != nil || p.End().Sub(p.Begin()) != 23*time.Hour || p.Begin().UTC().Hour() != 23 {
		t.Errorf("%+v, %v", p, err)
	}
	open, err := ParsePeriod("", "2026-03-29", "")
	if err != nil || !open.Begin().IsZero() || open.End() != time.Date(2026, 3, 30, 0, 0, 0, 0, time.UTC) {
		t.Errorf("%+v, %v", open, err)
	}
	for _, bad := range [][3]string{{"2026-02-30", "", ""}, {"", "soon", ""}, {"", "", "Mars/Base"}, {"2026-03-02", "2026-03-01", ""}} {
		if _, err := ParsePeriod(bad[0], bad[1], bad[2]); lastday.CodeOf(err) != lastday.CodeInvalid {
			t.Errorf("%v: %v", bad, err)
		}
	}
}

func TestCasesAreToldWithoutWhatTheLogSaysOfItself(t *testing.T) {
	o := newOffice(t, "{}")
	o.closed("c-1")
	o.closed("c-2")
	seal := lastday.Record{ID: "seal/c-1/1", Case: "seal/c-1", Seq: 1, At: noon(), Kind: lastday.RecordSealed, What: "sealed", Sealed: &lastday.SealedFact{Of: "c-1"}}
	if _, err := o.Records.Append(t.Context(), []lastday.Record{seal}); err != nil {
		t.Fatal(err)
	}
	if err := o.Records.Hold(t.Context(), store.LegalHold{ID: "m-1", Case: "c-2", By: "counsel", Reason: "lawsuit"}); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Records.Erase(t.Context(), store.Erasure{ID: "e-1", Person: "p-1", Everything: true, By: "ann", Reason: "asked for it"}); err != nil {
		t.Fatal(err)
	}
	told, err := o.Cases(t.Context())
	if err != nil || len(told.Cases) != 1 || told.Cases[0].ID != "c-2" || len(told.Empty) != 1 || told.Empty[0].Case != "c-1" {
		t.Errorf("%+v, %v", told, err)
	}
	if before, after := told.EmptySince(noon()), told.EmptySince(noon().Add(1)); len(before) != 1 || len(after) != 0 {
		t.Errorf("erased cases until noon: %v, after it: %v", before, after)
	}
	for _, id := range []string{"c-1", "c-none", "log"} {
		if _, _, err := o.Case(t.Context(), id); lastday.CodeOf(err) != lastday.CodeNotFound {
			t.Errorf("%s: %v", id, err)
		}
	}
	if _, erased, err := o.Case(t.Context(), "c-2"); err != nil || len(erased) != 0 {
		t.Errorf("%v, %v", erased, err)
	}
}

func TestEventsBeginWithADay(t *testing.T) {
	o := newOffice(t, "{}")
	o.closed("c-1")
	o.now = noon().AddDate(0, 0, 3)
	o.closed("c-2")
	for day, want := range map[int]int64{0: 4, 4: 8, -5: 0} {
		if got, err := o.IndexAt(t.Context(), noon().AddDate(0, 0, day).Add(time.Second)); err != nil || got != want {
			t.Errorf("day %d: %d, want %d: %v", day, got, want, err)
		}
	}
}

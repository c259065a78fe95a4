package app

import (
	"archive/zip"
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"lastday"
	"lastday/audit"
	"lastday/audit/store"
	"lastday/internal/config"
)

// office is an archive with a clock that the test turns.
type office struct {
	Archive

	t      *testing.T
	now    time.Time
	folder string
}

func newOffice(t *testing.T, records string) *office {
	t.Helper()
	c, err := config.Parse([]byte("version: 1\npolicies: [p.yaml]\nsystems: [{name: code, kind: github}]\nrecords: " + records + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	o := &office{t: t, now: noon(), folder: t.TempDir()}
	c.Records.Bundles = o.folder
	log := openLog(t, func() time.Time { return o.now })
	parts := &Parts{Config: c, deps: Deps{Now: func() time.Time { return o.now }, Log: slog.New(slog.DiscardHandler)}}
	o.Archive = Archive{Parts: parts, Records: log}
	return o
}

// closed writes a closed case with a bundle.
func (o *office) closed(of string) {
	o.t.Helper()
	write(o.t, o.Records, of, 1, 3, lastday.RecordNote)
	write(o.t, o.Records, of, 4, 4, lastday.RecordClosed)
	o.bundle(of + "-001-closed.zip")
}

func (o *office) bundle(name string) {
	o.t.Helper()
	if err := os.WriteFile(filepath.Join(o.folder, name), []byte("Kim Lee"), 0o600); err != nil {
		o.t.Fatal(err)
	}
}

// bundles are the names of those that are there.
func (o *office) bundles() int {
	o.t.Helper()
	files, err := os.ReadDir(o.folder)
	if err != nil {
		o.t.Fatal(err)
	}
	return len(files)
}

// erased counts the entries without text.
func (o *office) erased() int {
	o.t.Helper()
	n := 0
	for e, err := range o.Records.Entries(o.t.Context(), audit.Query{}) {
		if err != nil {
			o.t.Fatal(err)
		}
		if e.Erased() {
			n++
		}
	}
	return n
}

func (o *office) retained() Retained {
	o.t.Helper()
	done, err := o.Retain(o.t.Context())
	if err != nil {
		o.t.Fatal(err)
	}
	return done
}

func TestNamesGoFirstAndTheBundleWithThem(t *testing.T) {
	o := newOffice(t, "{retention: {subject: 30d, default: 1y}}")
	o.closed("c-1")
	o.now = noon().AddDate(0, 0, 30)
	if done := o.retained(); len(done.Entries) != 0 || o.bundles() != 1 {
		t.Errorf("erased on the last day: %+v", done)
	}
	o.now = noon().AddDate(0, 0, 31)
	would, err := o.WouldRetain(t.Context())
	if err != nil || len(would.Entries) != 1 || o.erased() != 0 {
		t.Errorf("would erase %+v, %v", would, err)
	}
	if done := o.retained(); len(done.Entries) != 1 || done.Entries[0].Kind != lastday.RecordSubject || len(done.Bundles.Removed) != 1 || o.bundles() != 0 {
		t.Errorf("%+v", done)
	}
	o.now = noon().AddDate(2, 0, 0)
	if o.retained(); o.erased() != 4 {
		t.Errorf("%d erased after two years", o.erased())
	}
}

func TestWithoutAPolicyAllIsKeptForSevenYears(t *testing.T) {
	o := newOffice(t, "{}")
	o.closed("c-1")
	o.now = noon().AddDate(6, 11, 0)
	if o.retained(); o.erased() != 0 || o.bundles() != 1 {
		t.Errorf("%d erased, %d bundles", o.erased(), o.bundles())
	}
	o.now = noon().AddDate(7, 0, 2)
	if o.retained(); o.erased() != 4 || o.bundles() != 0 {
		t.Errorf("%d erased, %d bundles", o.erased(), o.bundles())
	}
}

func TestOpenCasesAndLegalHoldsAreKept(t *testing.T) {
	o := newOffice(t, "{retention: {default: 1d}}")
	write(t, o.Records, "c-open", 1, 3, lastday.RecordNote)
	o.bundle("c-open-001-cut.zip")
	o.closed("c-held")
	if err := o.Records.Hold(t.Context(), store.LegalHold{ID: "m-1", Case: "c-held", By: "counsel", Reason: "lawsuit"}); err != nil {
		t.Fatal(err)
	}
	o.now = noon().AddDate(0, 1, 0)
	if done := o.retained(); len(done.Entries) != 0 || len(done.Kept) != 4 || o.bundles() != 2 {
		t.Errorf("%+v, %d bundles", done, o.bundles())
	}
}

func TestACaseThatIsOpenedAnewIsOpen(t *testing.T) {
	o := newOffice(t, "{retention: {default: 1d}}")
	o.closed("c-1")
	write(t, o.Records, "c-1", 5, 5, lastday.RecordOpened)
	o.now = noon().AddDate(0, 1, 0)
	if done := o.retained(); len(done.Entries) != 0 {
		t.Errorf("an open case needs what was erased: %+v", done.Entries)
	}
	write(t, o.Records, "c-1", 6, 6, lastday.RecordClosed)
	o.now = o.now.AddDate(0, 1, 0)
	if done := o.retained(); len(done.Entries) != 6 {
		t.Errorf("%d erased", len(done.Entries))
	}
}

// A crash may come after the erasure and before the bundles are removed; and
// bundles lie on other machines, whose workers see the erasure in the log.
func TestABundleThatAnErasureLeftGoesLaterUnlessItIsHeld(t *testing.T) {
	o := newOffice(t, "{}")
	o.closed("c-1")
	if _, err := o.Records.Erase(t.Context(), store.Erasure{ID: "e-1", Person: "p-1", By: "ann", Reason: "asked for it"}); err != nil {
		t.Fatal(err)
	}
	for i, h := range []store.LegalHold{{Person: "p-1"}, {Case: "c-1"}, {Everything: true}} {
		h.ID, h.By, h.Reason = string(rune('a'+i)), "counsel", "lawsuit"
		if err := o.Records.Hold(t.Context(), h); err != nil {
			t.Fatal(err)
		}
		if done := o.retained(); len(done.Bundles.Held) != 1 || o.bundles() != 1 {
			t.Errorf("held by %+v: %+v", h, done)
		}
		if err := o.Records.Unhold(t.Context(), h.ID, "counsel", "settled"); err != nil {
			t.Fatal(err)
		}
	}
	o.bundle("c-2-001-closed.zip")
	o.bundle("notes.txt")
	if done := o.retained(); len(done.Bundles.Removed) != 1 || o.bundles() != 2 {
		t.Errorf("%+v, %d files", done, o.bundles())
	}
}

// named writes a bundle that tells whose case it is.
func (o *office) named(name, person string) {
	o.t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	w, err := z.Create("case.json")
	if err == nil {
		_, err = w.Write([]byte(`{"id":"c-1","person":"` + person + `"}`))
	}
	if err := errors.Join(err, z.Close(), os.WriteFile(filepath.Join(o.folder, name), out.Bytes(), 0o600)); err != nil {
		o.t.Fatal(err)
	}
}

// Of a case that was erased as a whole the log does not tell any more whose it was.
func TestAHoldOfAPersonKeepsTheBundleOfACaseThatIsGone(t *testing.T) {
	o := newOffice(t, "{}")
	o.closed("c-1")
	o.named("c-1-002-closed.zip", "p-1")
	o.named("c-1-003-closed.zip", "p-2")
	if _, err := o.Records.Erase(t.Context(), store.Erasure{ID: "e-1", Person: "p-1", Everything: true, By: "ann", Reason: "asked for it"}); err != nil {
		t.Fatal(err)
	}
	if err := o.Records.Hold(t.Context(), store.LegalHold{ID: "m-1", Person: "p-1", By: "counsel", Reason: "lawsuit"}); err != nil {
		t.Fatal(err)
	}
	done := o.retained()
	if len(done.Bundles.Removed) != 1 || done.Bundles.Removed[0].Seq != 3 || len(done.Bundles.Held) != 2 {
		t.Errorf("what is of the person, or of nobody knows whom, is kept: %+v", done.Bundles)
	}
	if err := o.Records.Unhold(t.Context(), "m-1", "counsel", "settled"); err != nil {
		t.Fatal(err)
	}
	if o.retained(); o.bundles() != 0 {
		t.Errorf("%d bundles after the hold", o.bundles())
	}
}

func TestAWorkerLooksEveryDay(t *testing.T) {
	o := newOffice(t, "{retention: {default: 1d}}")
	o.closed("c-1")
	ticks := make(chan time.Time)
	r := retainer{archive: o.Archive, tick: func(every time.Duration) (<-chan time.Time, func()) {
		if every != 24*time.Hour {
			t.Errorf("every %s", every)
		}
		return ticks, func() {}
	}}
	wait := background(t.Context(), r.run)
	ticks <- noon() // It looked once: it is ready for a tick.
	ticks <- noon()
	wait()
	if o.erased() != 0 {
		t.Error("erased before its time")
	}
	o.now = noon().AddDate(0, 0, 2)
	wait = background(t.Context(), r.run)
	ticks <- noon()
	wait()
	if o.erased() != 4 || o.bundles() != 0 {
		t.Errorf("%d erased, %d bundles", o.erased(), o.bundles())
	}
}

func TestAClockThatJumpedErasesNothing(t *testing.T) {
	o := newOffice(t, "{retention: {default: 7y}}")
	o.closed("c-1")
	if _, err := o.Records.Renew(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	o.now = noon().AddDate(8, 0, 0)
	r := retainer{archive: o.Archive}
	if r.look(t.Context()); o.erased() != 0 {
		t.Errorf("a clock that stands eight years ahead erased %d records", o.erased())
	}
	if _, err := o.Records.Renew(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if r.look(t.Context()); o.erased() != 4 {
		t.Errorf("%d erased after the log was signed at that time", o.erased())
	}
}

func TestBundlesAreFoundByCaseTheNewestFirst(t *testing.T) {
	o := newOffice(t, "{}")
	for _, name := range []string{"c-b-002-watch-100.zip", "c-b-1001-closed.zip", "c-a-999-by-hand.zip", ".bundle-1.zip", "c-a.zip"} {
		o.bundle(name)
	}
	found, err := o.Parts.Bundles()
	if err != nil || len(found) != 3 {
		t.Fatalf("%+v, %v", found, err)
	}
	for i, want := range []Bundle{{Case: "c-a", Seq: 999}, {Case: "c-b", Seq: 1001}, {Case: "c-b", Seq: 2}} {
		if found[i].Case != want.Case || found[i].Seq != want.Seq {
			t.Errorf("%d: %+v, want %+v", i, found[i], want)
		}
	}
}

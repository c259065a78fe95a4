package audit_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"lastday"
	"lastday/audit"
)

func TestALogAsItWasWrittenIsClean(t *testing.T) {
	l := twoCases(t)
	for _, v := range []audit.Verdict{l.verify(), l.verifyEntries()} {
		if !v.Clean() || v.Size != 13 || v.Covered != 12 || v.Checkpoints != 4 || v.Erased != 0 {
			t.Errorf("got %+v", v)
		}
	}
	if v := newLog(t).verify(); !v.Clean() || v.Size != 0 {
		t.Errorf("an empty log: %+v", v)
	}
}

func TestEveryChangedByteOfAnEntryIsFoundAndNamed(t *testing.T) {
	whole := twoCases(t)
	for i := range whole.entries {
		l := whole.clone()
		e := &l.entries[i]
		for what, bytes := range map[string][]byte{"salt": e.Salt, "body": e.Body, "leaf": e.Leaf[:]} {
			for at := range bytes {
				bytes[at] ^= 1 << (at % 8)
				if v := l.verify(); !names(v, audit.Changed, int64(i)) {
					t.Errorf("byte %d of the %s of entry %d was changed: %v", at, what, i, v.Findings)
				}
				bytes[at] ^= 1 << (at % 8)
			}
		}
		if !l.verify().Clean() {
			t.Fatal("the test did not put everything back")
		}
	}
}

func TestEveryChangedByteOfTheTreeIsFoundAndNamed(t *testing.T) {
	l := twoCases(t)
	for i := range l.hashes {
		for at := range l.hashes[i] {
			l.hashes[i][at] ^= 0x10
			v := l.verify()
			if v.Clean() || !says(v, audit.Changed, "stored hash") {
				t.Errorf("byte %d of stored hash %d was changed: %v", at, i, v.Findings)
			}
			l.hashes[i][at] ^= 0x10
		}
	}
	for what, damage := range map[string]func(){
		"one is gone":     func() { l.hashes = l.hashes[:len(l.hashes)-1] },
		"one is too many": func() { l.hashes = append(l.hashes, l.hashes[0]) },
	} {
		whole := slices.Clone(l.hashes)
		damage()
		if l.verify().Clean() {
			t.Error(what)
		}
		l.hashes = whole
	}
}

func TestEveryChangedByteOfACheckpointIsFound(t *testing.T) {
	l := twoCases(t)
	for i, text := range l.checkpoints {
		for at := range text {
			for bit := range 8 {
				text[at] ^= 1 << bit
				if _, err := l.keys.Open(text); err == nil {
					t.Errorf("bit %d of byte %d of checkpoint %d was changed", bit, at, i)
				}
				text[at] ^= 1 << bit
			}
		}
		text[len(text)/2]++
		if v := l.verify(); !says(v, audit.Unsigned, "checkpoint") {
			t.Errorf("checkpoint %d was changed: %v", i, v.Findings)
		}
		text[len(text)/2]--
	}
}

func TestADroppedEntryIsFoundAndNamed(t *testing.T) {
	whole := twoCases(t)
	for i := range int64(len(whole.entries)) - 1 {
		l := whole.clone()
		l.entries = slices.Delete(l.entries, int(i), int(i)+1)
		if v := l.verify(); !says(v, audit.Missing, "not there") {
			t.Errorf("entry %d: %v", i, v.Findings)
		}
		// Whoever hides the gap, and works out the tree anew, cannot hide the number
		// of the next record of the case, nor the root that was signed.
		l.renumber()
		l.rebuild()
		v := l.verify()
		if next := i + 1; next < int64(len(l.entries))-1 && !names(v, audit.Missing, next) {
			t.Errorf("entry %d, renumbered: %v", i, v.Findings)
		}
		if i < 12 && !says(v, audit.Changed, "was changed, dropped, moved or put in") {
			t.Errorf("entry %d, renumbered: no root is wrong: %v", i, v.Findings)
		}
	}
	l := whole.clone()
	l.entries, l.hashes = l.entries[:11], nil
	if v := l.verifyEntries(); !says(v, audit.Missing, "covers 12 entries, and only 11 are there") {
		t.Errorf("cut short: %v", v.Findings)
	}
}

func TestAMovedEntryIsFoundAndNamed(t *testing.T) {
	whole := twoCases(t)
	for i := range len(whole.entries) - 2 {
		for _, far := range []int{1, 2} {
			l := whole.clone()
			l.entries[i], l.entries[i+far] = l.entries[i+far], l.entries[i]
			if v := l.verify(); !names(v, audit.Misplaced, l.entries[i+far].Index) {
				t.Errorf("entries %d and %d: %v", i, i+far, v.Findings)
			}
			l.renumber()
			if v := l.verify(); !names(v, audit.Changed, int64(i)) || far == 2 && !names(v, audit.Missing, int64(i)) {
				t.Errorf("entries %d and %d, renumbered: %v", i, i+far, v.Findings)
			}
		}
	}
}

func TestARepeatedEntryIsFoundAndNamed(t *testing.T) {
	whole := twoCases(t)
	for i := range whole.entries {
		l := whole.clone()
		l.entries = slices.Insert(l.entries, i+1, l.entries[i])
		l.renumber()
		l.rebuild()
		if v := l.verify(); !names(v, audit.Repeated, int64(i)+1) || !names(v, audit.Misplaced, int64(i)+1) {
			t.Errorf("entry %d: %v", i, v.Findings)
		}
	}
}

func TestARewriteByWhoHasNoKeyIsNarrowedDownByCheckpoints(t *testing.T) {
	l := twoCases(t)
	r, err := lastday.ParseRecord(l.entries[5].Body)
	if err != nil {
		t.Fatal(err)
	}
	r.What = "y"
	if l.entries[5].Body, err = r.Bytes(); err != nil {
		t.Fatal(err)
	}
	l.rebuild()
	v := l.verify()
	if !says(v, audit.Changed, "one of the entries 4 to 7 was changed") || len(v.Findings) != 1 || v.Covered != 4 {
		t.Errorf("got %+v", v)
	}
}

func TestARewriteByWhoHasTheKeyIsFoundByACheckpointElsewhere(t *testing.T) {
	l := twoCases(t)
	elsewhere := l.checkpoints[2]
	forged := newLog(t)
	forged.key, forged.keys = l.key, l.keys
	for range 13 {
		forged.add("a", nil)
	}
	forged.sign()
	if v := forged.verify(); !v.Clean() {
		t.Fatalf("by itself it looks well: %v", v.Findings)
	}
	forged.checkpoints = append(forged.checkpoints, elsewhere)
	if v := forged.verify(); !says(v, audit.Changed, "the first 8 entries are not those that were signed") {
		t.Errorf("got %v", v.Findings)
	}
	l.checkpoints = append(l.checkpoints, func() []byte {
		c, err := l.key.Sign(12, l.hashes[0], l.now)
		if err != nil {
			t.Fatal(err)
		}
		return c.Text
	}())
	if v := l.verify(); !says(v, audit.Changed, "two different logs of 12 entries were signed") {
		t.Errorf("got %v", v.Findings)
	}
}

func TestDatesThatDoNotFitAreNamed(t *testing.T) {
	for what, c := range map[string]struct {
		damage func(l *kept)
		index  int64
	}{
		"appended before the checkpoint before it": {func(l *kept) { l.entries[4].At = l.entries[4].At.Add(-4 * time.Minute) }, 4},
		"appended after the checkpoint after it":   {func(l *kept) { l.entries[7].At = l.entries[7].At.Add(3 * time.Minute) }, 7},
		"appended before its neighbour":            {func(l *kept) { l.entries[2].At = l.entries[2].At.Add(-3 * time.Minute) }, 2},
		"tells of the future": {func(l *kept) {
			l.add("a", func(r *lastday.Record) { r.At = l.now.Add(2 * time.Minute) })
		}, 13},
		"dated back": {func(l *kept) {
			l.add("a", func(r *lastday.Record) { r.At = l.now.Add(-90 * time.Minute) })
		}, 13},
	} {
		l := twoCases(t)
		c.damage(l)
		if v := l.verify(); !names(v, audit.Misdated, c.index) {
			t.Errorf("%s: %v", what, v.Findings)
		}
	}
	l := twoCases(t)
	l.now = noon().Add(-time.Hour)
	l.sign()
	if v := l.verify(); !says(v, audit.Misdated, "the checkpoint of 13 entries says") {
		t.Errorf("a checkpoint dated back: %v", v.Findings)
	}
}

func TestClocksMayDifferALittleAndRecordsMayBeALittleLate(t *testing.T) {
	l := twoCases(t)
	l.add("a", func(r *lastday.Record) { r.At = l.now.Add(30 * time.Second) })
	l.add("b", func(r *lastday.Record) { r.At = l.now.Add(-20 * time.Minute) })
	l.entries[14].At = l.now.Add(-30 * time.Second)
	if v := l.verify(); !v.Clean() {
		t.Errorf("got %v", v.Findings)
	}
}

// erased is a record of the log that says that entries were erased.
func erased(indexes ...int64) func(r *lastday.Record) {
	return func(r *lastday.Record) {
		r.Kind = lastday.RecordMessage
		r.Message = &lastday.MessageFact{ID: "r-1", Verb: audit.VerbErase, Reason: "Art. 17", About: audit.FormatIndexes(indexes)}
	}
}

func TestWhatIsErasedMustBeSaidToBe(t *testing.T) {
	l := twoCases(t)
	for _, i := range []int{3, 4, 8} {
		l.entries[i].Salt, l.entries[i].Body = nil, nil
	}
	v := l.verify()
	if !names(v, audit.Unexplained, 3) || !names(v, audit.Unexplained, 8) || len(v.Findings) != 3 || v.Erased != 3 {
		t.Errorf("got %+v", v)
	}
	l.add(audit.CaseLog, erased(3, 4, 8))
	l.sign()
	if v := l.verify(); !v.Clean() || v.Covered != 14 {
		t.Errorf("got %+v", v)
	}
	l.add(audit.CaseLog, erased(5))
	if v := l.verify(); !names(v, audit.Unexplained, 5) || len(v.Findings) != 1 {
		t.Errorf("said and not done: %+v", v)
	}
	// Nobody says beforehand what will be erased.
	l = twoCases(t)
	l.add(audit.CaseLog, erased(14))
	l.add("a", nil)
	l.entries[14].Salt, l.entries[14].Body = nil, nil
	if v := l.verify(); !names(v, audit.Unexplained, 14) {
		t.Errorf("said beforehand: %+v", v)
	}
	// A record of another case erases nothing.
	l = twoCases(t)
	l.add("a", erased(3))
	l.entries[3].Salt, l.entries[3].Body = nil, nil
	if v := l.verify(); !names(v, audit.Unexplained, 3) {
		t.Errorf("got %+v", v)
	}
}

func TestHalfAnErasureIsAChange(t *testing.T) {
	l := twoCases(t)
	l.add(audit.CaseLog, erased(3))
	l.entries[3].Body = nil
	if v := l.verify(); !names(v, audit.Changed, 3) {
		t.Errorf("the salt was left: %+v", v)
	}
	l = twoCases(t)
	l.entries[3].Salt = nil
	if v := l.verify(); !names(v, audit.Changed, 3) {
		t.Errorf("the body was left: %+v", v)
	}
	// Salt and body cannot lend each other a byte.
	l = twoCases(t)
	e := &l.entries[3]
	e.Body, e.Salt = append([]byte{e.Salt[31]}, e.Body...), e.Salt[:31]
	if v := l.verify(); !names(v, audit.Changed, 3) {
		t.Errorf("a byte was moved: %+v", v)
	}
}

func TestWhatTheEntrySaysOfItsRecordIsChecked(t *testing.T) {
	for what, damage := range map[string]func(e *audit.Entry){
		"id":   func(e *audit.Entry) { e.ID = "z/1" },
		"case": func(e *audit.Entry) { e.Case = "z" },
		"kind": func(e *audit.Entry) { e.Kind = lastday.RecordClosed },
	} {
		l := twoCases(t)
		damage(&l.entries[6])
		if v := l.verify(); !names(v, audit.Changed, 6) {
			t.Errorf("%s: %+v", what, v)
		}
	}
}

func TestALogThatCannotBeReadHasNoVerdict(t *testing.T) {
	l := twoCases(t)
	broken := errors.New("the disk is gone")
	for what, log := range map[string]audit.Log{
		"entries": {Entries: func(yield func(audit.Entry, error) bool) { yield(audit.Entry{}, broken) }},
	} {
		if _, err := audit.VerifyLog(log, l.keys, audit.Tolerance{}); !errors.Is(err, broken) {
			t.Errorf("%s: got %v", what, err)
		}
	}
}

func TestFindingsAreBounded(t *testing.T) {
	l := newLog(t)
	l.sign()
	for range 1200 {
		l.add("a", nil)
		l.entries[len(l.entries)-1].Salt[0]++
	}
	if v := l.verify(); len(v.Findings) != 1000 || v.More != 200 {
		t.Errorf("%d findings and %d more", len(v.Findings), v.More)
	}
}

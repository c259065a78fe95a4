package audit

import (
	"crypto/sha256"
	"encoding/json"
	"iter"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"lastday"
)

// Log is a whole log as it is kept, to be checked.
type Log struct {
	// Entries are all entries from the first one on.
	Entries iter.Seq2[Entry, error]
	// Hashes are the stored hashes of the tree in their order; nil if there are
	// none to check. With them a changed leaf is named even if it fits its body.
	Hashes iter.Seq2[tlog.Hash, error]
	// Checkpoints are the texts of all checkpoints at hand, in any order: the
	// log's own and those that were sent away.
	Checkpoints [][]byte
}

// Tolerance says how far times may be from each other before they are told.
type Tolerance struct {
	// Skew is how far the clocks of the hosts may differ; zero is a minute.
	Skew time.Duration
	// Late is how much older than the checkpoint before it a record may be; zero
	// is an hour. A record is written soon after what it tells, and no checkpoint
	// is signed while the store is down.
	Late time.Duration
}

func (t Tolerance) orDefault() Tolerance {
	if t.Skew == 0 {
		t.Skew = time.Minute
	}
	if t.Late == 0 {
		t.Late = time.Hour
	}
	return t
}

// VerifyLog checks a whole log against its checkpoints: each entry against its
// leaf, the tree against each signed root, the numbers of each case, and all
// times against each other. What is wrong is in the verdict; an error means
// that the log could not be read to its end.
func VerifyLog(log Log, keys *Keys, t Tolerance) (Verdict, error) {
	c := &checker{
		times: t.orDefault(), next: map[string]int{}, ids: map[[16]byte]int64{},
		gone: map[int64]Entry{}, told: map[int64]bool{},
	}
	c.open(log.Checkpoints, keys)
	hashes, stop := pull(log.Hashes)
	defer stop()
	c.hashes = hashes
	c.roots()
	for e, err := range log.Entries {
		if err != nil {
			return c.verdict, err
		}
		if err := c.entry(e); err != nil {
			return c.verdict, err
		}
	}
	return c.finish()
}

// pull reads a sequence one by one; of none it gives nil.
func pull(hashes iter.Seq2[tlog.Hash, error]) (next func() (tlog.Hash, error, bool), stop func()) {
	if hashes == nil {
		return nil, func() {}
	}
	return iter.Pull2(hashes)
}

type checker struct {
	verdict     Verdict
	times       Tolerance
	checkpoints []Signed
	// past is the number of checkpoints that cover no more than was read.
	past   int
	broken bool
	tree   Tree
	// left is the newest stored hash of each level.
	left   []tlog.Hash
	hashes func() (tlog.Hash, error, bool)
	// next is the number that the next record of a case must have. An erased one
	// counts by the case that its entry names.
	next map[string]int
	ids  map[[16]byte]int64
	gone map[int64]Entry
	told map[int64]bool
	last time.Time
}

// open reads the checkpoints, and sorts them by size and time.
func (c *checker) open(texts [][]byte, keys *Keys) {
	for i, text := range texts {
		cp, err := keys.Open(text)
		if err != nil {
			c.verdict.general(Unsigned, "checkpoint %d of those at hand: %v", i, err)
			continue
		}
		c.checkpoints = append(c.checkpoints, cp)
	}
	slices.SortStableFunc(c.checkpoints, func(a, b Signed) int {
		if a.Size != b.Size {
			return int(min(max(a.Size-b.Size, -1), 1))
		}
		return a.At.Compare(b.At)
	})
	c.verdict.Checkpoints = len(c.checkpoints)
	for i := 1; i < len(c.checkpoints); i++ {
		before, after := c.checkpoints[i-1], c.checkpoints[i]
		if after.At.Add(c.times.Skew).Before(before.At) {
			c.verdict.general(Misdated, "the checkpoint of %d entries says %s, and an earlier one of %d says %s",
				after.Size, after.At.Format(timeForm), before.Size, before.At.Format(timeForm))
		}
	}
}

func (c *checker) entry(e Entry) error {
	c.place(&e)
	if !e.sound() {
		c.verdict.about(e, Changed, "what it holds is not what was logged")
	}
	if e.Erased() {
		c.verdict.Erased++
		c.gone[e.Index] = e
		c.next[e.Case] = c.expected(e.Case) + 1
	} else {
		c.body(e)
	}
	c.appended(e)
	if err := c.grow(e); err != nil {
		return err
	}
	c.roots()
	return nil
}

// place holds the entry against its place, and sees whether its id is new.
func (c *checker) place(e *Entry) {
	want := c.tree.Size()
	switch {
	case e.Index > want:
		c.verdict.general(Missing, "entries %d to %d are not there", want, e.Index-1)
	case e.Index < want:
		c.verdict.about(*e, Misplaced, "it stands where entry %d belongs", want)
	}
	digest := sha256.Sum256([]byte(e.ID))
	short := [16]byte(digest[:16])
	if first, ok := c.ids[short]; ok {
		c.verdict.about(*e, Repeated, "its record is entry %d already", first)
		return
	}
	c.ids[short] = e.Index
}

// head is what every record says.
type head struct {
	ID      string               `json:"id"`
	Case    string               `json:"case"`
	Seq     int                  `json:"seq"`
	At      time.Time            `json:"at"`
	Kind    lastday.RecordKind   `json:"kind"`
	Message *lastday.MessageFact `json:"message"`
}

// body holds what the record says against the entry and the records before it.
func (c *checker) body(e Entry) {
	var h head
	if err := json.Unmarshal(e.Body, &h); err != nil {
		c.verdict.about(e, Changed, "what it holds is no record")
		return
	}
	if h.ID != e.ID || h.Case != e.Case || h.Kind != e.Kind {
		c.verdict.about(e, Changed, "its record has another id, case or kind than the entry says")
	}
	c.number(e, h)
	c.happened(e, h.At)
	indexes, err := ErasedBy(lastday.Record{ID: h.ID, Case: h.Case, Kind: h.Kind, Message: h.Message})
	if err != nil {
		c.verdict.about(e, Unexplained, "it does not say which entries were erased")
	}
	for _, i := range indexes {
		if i < e.Index {
			c.told[i] = true
		}
	}
}

// expected is the number that the next record of a case must have.
func (c *checker) expected(of string) int { return max(c.next[of], 1) }

func (c *checker) number(e Entry, h head) {
	want := c.expected(h.Case)
	switch {
	case h.Seq == want:
	case h.Seq > want:
		c.verdict.about(e, Missing, "it is record %d of its case, and %d to %d are not before it", h.Seq, want, h.Seq-1)
	default:
		c.verdict.about(e, Misplaced, "it is record %d of its case, and stands after %d", h.Seq, want-1)
	}
	c.next[h.Case] = max(h.Seq+1, want)
}

// happened holds the record's own time against when it was appended and against
// the checkpoint before it.
func (c *checker) happened(e Entry, at time.Time) {
	if at.After(e.At.Add(c.times.Skew)) {
		c.verdict.about(e, Misdated, "it tells of %s and was appended before that, at %s", at.UTC().Format(timeForm), e.At.UTC().Format(timeForm))
	}
	if c.past == 0 {
		return
	}
	if before := c.checkpoints[c.past-1]; at.Before(before.At.Add(-c.times.Late)) {
		c.verdict.about(e, Misdated, "it tells of %s, and the checkpoint of %s does not have it yet: it was written %s late or dated back",
			at.UTC().Format(timeForm), before.At.Format(timeForm), before.At.Sub(at).Round(time.Second))
	}
}

// appended holds the time of the entry against its neighbours and against the
// checkpoints around it.
func (c *checker) appended(e Entry) {
	if e.At.Add(c.times.Skew).Before(c.last) {
		c.verdict.about(e, Misdated, "it was appended at %s, and the entry before it at %s", e.At.UTC().Format(timeForm), c.last.UTC().Format(timeForm))
	}
	c.last = e.At
	if c.past > 0 && e.At.Add(c.times.Skew).Before(c.checkpoints[c.past-1].At) {
		c.verdict.about(e, Misdated, "it was appended at %s, and the checkpoint of %s does not have it",
			e.At.UTC().Format(timeForm), c.checkpoints[c.past-1].At.Format(timeForm))
	}
	if c.past < len(c.checkpoints) && e.At.After(c.checkpoints[c.past].At.Add(c.times.Skew)) {
		c.verdict.about(e, Misdated, "it was appended at %s, and the checkpoint of %s has it already",
			e.At.UTC().Format(timeForm), c.checkpoints[c.past].At.Format(timeForm))
	}
}

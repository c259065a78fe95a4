package audit

import (
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// Problem says what sort of damage was found.
type Problem string

// The problems.
const (
	// Changed: bytes are not those that were logged.
	Changed Problem = "changed"
	// Missing: something that was logged is not there.
	Missing Problem = "missing"
	// Repeated: something is there twice.
	Repeated Problem = "repeated"
	// Misplaced: something is not where it was logged.
	Misplaced Problem = "misplaced"
	// Misdated: a time does not fit the times around it.
	Misdated Problem = "misdated"
	// Unexplained: something is erased and no record says so, or the reverse.
	Unexplained Problem = "unexplained"
	// Unsigned: a checkpoint is not signed by the log.
	Unsigned Problem = "unsigned"
)

// Finding is one thing that is wrong with a log.
type Finding struct {
	Problem Problem `json:"problem"`
	// Index is the entry that it is about, -1 if it is about none.
	Index int64  `json:"index"`
	ID    string `json:"id,omitempty"`
	Case  string `json:"case,omitempty"`
	// What says it in words, without anything that a record holds.
	What string `json:"what"`
}

// String is the finding on one line.
func (f Finding) String() string {
	if f.Index < 0 {
		return fmt.Sprintf("%s: %s", f.Problem, f.What)
	}
	return fmt.Sprintf("%s: entry %d (record %s): %s", f.Problem, f.Index, f.ID, f.What)
}

// mostFindings is how many findings are told one by one.
const mostFindings = 1000

// Verdict is what became of checking a log.
type Verdict struct {
	// Size is the number of entries that were read, and Erased how many of them
	// hold nothing but a leaf.
	Size   int64     `json:"size"`
	Erased int64     `json:"erased"`
	Root   tlog.Hash `json:"root"`
	// Covered is how many entries the newest good checkpoint covers. Later ones are
	// held by nothing yet.
	Covered     int64 `json:"covered"`
	Checkpoints int   `json:"checkpoints"`
	// Findings are what is wrong, at most a thousand, and More how many others.
	Findings []Finding `json:"findings,omitempty"`
	More     int       `json:"more,omitempty"`
}

// Clean says whether nothing is wrong.
func (v Verdict) Clean() bool { return len(v.Findings) == 0 }

func (v *Verdict) add(f Finding) {
	if len(v.Findings) >= mostFindings {
		v.More++
		return
	}
	v.Findings = append(v.Findings, f)
}

func (v *Verdict) about(e Entry, p Problem, format string, args ...any) {
	v.add(Finding{Problem: p, Index: e.Index, ID: e.ID, Case: e.Case, What: fmt.Sprintf(format, args...)})
}

func (v *Verdict) general(p Problem, format string, args ...any) {
	v.add(Finding{Problem: p, Index: -1, What: fmt.Sprintf(format, args...)})
}

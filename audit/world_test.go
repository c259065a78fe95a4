package audit_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"lastday"
	"lastday/audit"
)

const origin = "lastday.example/log"

func noon() time.Time { return time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC) }

func newKey(t testing.TB) (*audit.Key, *audit.Keys) {
	t.Helper()
	private, public, err := audit.NewKey(origin)
	if err != nil {
		t.Fatal(err)
	}
	key, err := audit.ParseKey(private)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := audit.ParseKeys("# the log's key\n\n" + public + "\n" + public)
	if err != nil {
		t.Fatal(err)
	}
	return key, keys
}

// kept is a log as a store would have it, for a test to damage.
type kept struct {
	t           testing.TB
	key         *audit.Key
	keys        *audit.Keys
	tree        audit.Tree
	entries     []audit.Entry
	hashes      []tlog.Hash
	checkpoints [][]byte
	now         time.Time
	seqs        map[string]int
}

func newLog(t testing.TB) *kept {
	l := &kept{t: t, now: noon(), seqs: map[string]int{}}
	l.key, l.keys = newKey(t)
	return l
}

// clone is the same log, to be damaged alone.
func (l *kept) clone() *kept {
	c := *l
	c.entries, c.hashes, c.checkpoints = slices.Clone(l.entries), slices.Clone(l.hashes), slices.Clone(l.checkpoints)
	for i, e := range c.entries {
		c.entries[i].Salt, c.entries[i].Body = bytes.Clone(e.Salt), bytes.Clone(e.Body)
	}
	for i, text := range c.checkpoints {
		c.checkpoints[i] = bytes.Clone(text)
	}
	return &c
}

// add appends a record to a case.
func (l *kept) add(of string, change func(r *lastday.Record)) {
	l.t.Helper()
	l.seqs[of]++
	r := lastday.Record{ID: fmt.Sprintf("%s/%d", of, l.seqs[of]), Case: of, Seq: l.seqs[of], At: l.now, Kind: lastday.RecordNote, What: "x"}
	if change != nil {
		change(&r)
	}
	body, err := r.Bytes()
	if err != nil {
		l.t.Fatal(err)
	}
	salt := sha256.Sum256([]byte(r.ID))
	e := audit.Entry{Index: l.tree.Size(), ID: r.ID, Case: r.Case, Kind: r.Kind, At: l.now, Salt: salt[:], Body: body, Leaf: audit.Leaf(salt[:], body)}
	hashes, err := l.tree.Append(e.Leaf)
	if err != nil {
		l.t.Fatal(err)
	}
	l.entries, l.hashes = append(l.entries, e), append(l.hashes, hashes...)
}

// sign appends a checkpoint.
func (l *kept) sign() audit.Signed {
	l.t.Helper()
	root, err := l.tree.Root()
	if err != nil {
		l.t.Fatal(err)
	}
	c, err := l.key.Sign(l.tree.Size(), root, l.now)
	if err != nil {
		l.t.Fatal(err)
	}
	l.checkpoints = append(l.checkpoints, c.Text)
	return c
}

// reader reads the stored hashes.
func (l *kept) reader() tlog.HashReader {
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		all := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			all[i] = l.hashes[index]
		}
		return all, nil
	})
}

func each[T any](list []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, v := range list {
			if !yield(v, nil) {
				return
			}
		}
	}
}

func (l *kept) verify() audit.Verdict {
	l.t.Helper()
	return l.verifyAs(audit.Log{Entries: each(l.entries), Hashes: each(l.hashes), Checkpoints: l.checkpoints})
}

// verifyEntries is verify without the stored hashes, as of a bundle.
func (l *kept) verifyEntries() audit.Verdict {
	l.t.Helper()
	return l.verifyAs(audit.Log{Entries: each(l.entries), Checkpoints: l.checkpoints})
}

func (l *kept) verifyAs(log audit.Log) audit.Verdict {
	l.t.Helper()
	v, err := audit.VerifyLog(log, l.keys, audit.Tolerance{})
	if err != nil {
		l.t.Fatal(err)
	}
	return v
}

// renumber gives every entry the index of its place, as somebody would who
// hides that one was moved.
func (l *kept) renumber() {
	for i := range l.entries {
		l.entries[i].Index = int64(i)
	}
}

// rebuild works out all leaves and stored hashes anew.
func (l *kept) rebuild() {
	l.t.Helper()
	var tree audit.Tree
	l.hashes = nil
	for i, e := range l.entries {
		if !e.Erased() {
			l.entries[i].Leaf = audit.Leaf(e.Salt, e.Body)
		}
		hashes, err := tree.Append(l.entries[i].Leaf)
		if err != nil {
			l.t.Fatal(err)
		}
		l.hashes = append(l.hashes, hashes...)
	}
	l.tree = tree
}

// names says whether a finding of the problem is about the entry.
func names(v audit.Verdict, p audit.Problem, index int64) bool {
	return slices.ContainsFunc(v.Findings, func(f audit.Finding) bool { return f.Problem == p && f.Index == index })
}

// says whether a finding of the problem has the words.
func says(v audit.Verdict, p audit.Problem, words string) bool {
	return slices.ContainsFunc(v.Findings, func(f audit.Finding) bool { return f.Problem == p && strings.Contains(f.String(), words) })
}

// twoCases is a log of two cases that alternate, with a checkpoint every five
// minutes and four entries, and one entry that no checkpoint covers yet.
func twoCases(t testing.TB) *kept {
	l := newLog(t)
	l.sign()
	for n := range 13 {
		l.add([]string{"a", "b"}[n%2], nil)
		l.now = l.now.Add(time.Minute)
		if n%4 == 3 {
			l.sign()
			l.now = l.now.Add(time.Minute)
		}
	}
	return l
}

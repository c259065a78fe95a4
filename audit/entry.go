// Package audit is a log that shows every later change of what it holds.
//
// Each record of a case is one leaf of a Merkle tree, salted so that it can be
// erased while every proof still holds. Signed checkpoints say what the tree
// was at a time; they follow https://c2sp.org/tlog-checkpoint and
// https://c2sp.org/signed-note, so that other people's tools read them. The
// tree is that of RFC 6962.
//
// The package is pure: it computes and checks. Package store keeps a log,
// package sink carries its checkpoints out of the operator's reach.
package audit

import (
	"context"
	"iter"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"lastday"
)

// SaltSize is the number of random bytes in front of each record's bytes.
const SaltSize = 32

// Entry is one record as the log holds it.
type Entry struct {
	// Index is the place in the log, from 0.
	Index int64
	// ID is the record's id.
	ID string
	// Case is the case that the record belongs to, or CaseLog.
	Case string
	Kind lastday.RecordKind
	// At is when the record was appended, by the clock of whoever appended it.
	At time.Time
	// Salt is SaltSize random bytes; nil when erased.
	Salt []byte
	// Body is what lastday.Record.Bytes gave; nil when erased.
	Body []byte
	// Leaf is Leaf(Salt, Body), and stays when they are erased.
	Leaf tlog.Hash
}

// Erased says whether only the leaf is left.
func (e Entry) Erased() bool { return e.Body == nil }

// sound says whether what the entry holds makes its leaf. The salt's size is
// fixed: otherwise bytes could move between salt and body unseen.
func (e Entry) sound() bool {
	if e.Erased() {
		return e.Salt == nil
	}
	return len(e.Salt) == SaltSize && Leaf(e.Salt, e.Body) == e.Leaf
}

// Leaf is the hash of a record in the tree: RFC 6962's hash of salt and body,
// one after the other.
func Leaf(salt, body []byte) tlog.Hash {
	data := make([]byte, 0, len(salt)+len(body))
	return tlog.RecordHash(append(append(data, salt...), body...))
}

// Query selects entries; zero values select everything.
type Query struct {
	Case string
	// From and To select by when an entry was appended; To itself is not selected.
	From, To time.Time
	// FirstIndex and LastIndex are both selected.
	FirstIndex, LastIndex int64
}

// Source is what readers need of a store.
type Source interface {
	// Entries gives the selected entries in the order of the log. It ends at the
	// first error.
	Entries(ctx context.Context, q Query) iter.Seq2[Entry, error]
	// Checkpoint is the newest signed checkpoint. It covers everything appended
	// before the call.
	Checkpoint(ctx context.Context) (Signed, error)
	// Prove shows that the entry with the index is in the tree of the first size
	// entries. CodeInvalid: the log has not so many.
	Prove(ctx context.Context, index, size int64) (tlog.RecordProof, error)
	// ProveTree shows that the larger tree begins with all of the smaller one.
	ProveTree(ctx context.Context, larger, smaller int64) (tlog.TreeProof, error)
}

// Signed is a signed checkpoint with what it says.
type Signed struct {
	// Origin is the name of the log.
	Origin string
	// Size is the number of entries that it covers.
	Size int64
	Root tlog.Hash
	// At is when it was signed, by the clock of whoever signed it.
	At time.Time
	// Text is the whole signed note.
	Text []byte
}

package audit

import (
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"lastday"
)

// Tree grows a Merkle tree by its right edge. It holds one hash for each level,
// so it is small however many leaves there are. The zero value is empty.
type Tree struct {
	size int64
	// edge is the newest finished subtree of each level; a level that has none yet
	// is missing.
	edge []tlog.Hash
}

// ResumeTree is the tree of the first size leaves, read from stored hashes.
func ResumeTree(size int64, r tlog.HashReader) (*Tree, error) {
	t := &Tree{size: size}
	var at []int64
	for level := 0; size>>level > 0; level++ {
		at = append(at, tlog.StoredHashIndex(level, size>>level-1))
	}
	if len(at) == 0 {
		return t, nil
	}
	edge, err := r.ReadHashes(at)
	if err != nil {
		return nil, err
	}
	t.edge = edge
	return t, nil
}

// Size is the number of leaves.
func (t *Tree) Size() int64 { return t.size }

// Append adds a leaf and gives the hashes to store, in the order of
// tlog.StoredHashIndex.
func (t *Tree) Append(leaf tlog.Hash) ([]tlog.Hash, error) {
	hashes, err := tlog.StoredHashesForRecordHash(t.size, leaf, tlog.HashReaderFunc(t.read))
	if err != nil {
		return nil, lastday.Wrap(lastday.CodeInternal, "audit: tree", "append", err)
	}
	t.take(hashes)
	return hashes, nil
}

// take makes the hashes of one more leaf the edge.
func (t *Tree) take(hashes []tlog.Hash) {
	for level, h := range hashes {
		if level == len(t.edge) {
			t.edge = append(t.edge, h)
			continue
		}
		t.edge[level] = h
	}
	t.size++
}

// Root is the hash of the whole tree.
func (t *Tree) Root() (tlog.Hash, error) {
	root, err := tlog.TreeHash(t.size, tlog.HashReaderFunc(t.read))
	if err != nil {
		return tlog.Hash{}, lastday.Wrap(lastday.CodeInternal, "audit: tree", "root", err)
	}
	return root, nil
}

// read gives hashes of the edge: growing and hashing a tree asks for no others.
func (t *Tree) read(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		level, _ := tlog.SplitStoredHashIndex(index)
		if level >= len(t.edge) {
			return nil, fmt.Errorf("hash %d of level %d is not at the edge", index, level)
		}
		hashes[i] = t.edge[level]
	}
	return hashes, nil
}

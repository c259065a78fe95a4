package audit

import (
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// grow adds the entry's leaf to the tree, and holds the stored hashes against it.
func (c *checker) grow(e Entry) error {
	hashes, err := c.tree.Append(e.Leaf)
	if err != nil || c.hashes == nil {
		return err
	}
	return c.compare(e, len(hashes))
}

// compare reads the stored hashes of one more leaf. Each is held against those
// stored below it, so that a changed one is named and not all above it as well.
func (c *checker) compare(e Entry, levels int) error {
	want := e.Leaf
	for level := range levels {
		got, err, ok := c.hashes()
		if err != nil {
			return err
		}
		if !ok {
			c.verdict.about(e, Missing, "the tree has no stored hash of level %d for it", level)
			c.hashes = nil
			return nil
		}
		if got != want {
			c.verdict.about(e, Changed, "the stored hash of level %d that ends with it is not the one of what is below it", level)
		}
		if level+1 < levels {
			// The sibling to the left is the newest of this level so far.
			want = tlog.NodeHash(c.left[level], got)
		}
		c.remember(level, got)
	}
	return nil
}

// remember keeps the newest stored hash of a level.
func (c *checker) remember(level int, h tlog.Hash) {
	if level == len(c.left) {
		c.left = append(c.left, h)
		return
	}
	c.left[level] = h
}

// roots holds the tree as it is now against every checkpoint of its size.
func (c *checker) roots() {
	size := c.tree.Size()
	for c.past < len(c.checkpoints) && c.checkpoints[c.past].Size <= size {
		c.root(c.checkpoints[c.past])
		c.past++
	}
}

func (c *checker) root(cp Signed) {
	root, err := c.tree.Root()
	if err == nil && root == cp.Root {
		c.verdict.Covered = cp.Size
		return
	}
	if c.broken {
		return // It was told where the tree began to differ.
	}
	c.broken = true
	if c.verdict.Covered == cp.Size {
		c.verdict.general(Changed, "two different logs of %d entries were signed: the one here, and another at %s", cp.Size, cp.At.Format(timeForm))
		return
	}
	c.verdict.general(Changed, "the first %d entries are not those that were signed at %s: one of the entries %d to %d was changed, dropped, moved or put in",
		cp.Size, cp.At.Format(timeForm), c.verdict.Covered, cp.Size-1)
}

// finish says what only the end of the log shows.
func (c *checker) finish() (Verdict, error) {
	v := &c.verdict
	v.Size = c.tree.Size()
	root, err := c.tree.Root()
	if err != nil {
		return *v, err
	}
	v.Root = root
	if c.past < len(c.checkpoints) {
		newest := c.checkpoints[len(c.checkpoints)-1]
		v.general(Missing, "the checkpoint of %s covers %d entries, and only %d are there", newest.At.Format(timeForm), newest.Size, v.Size)
	}
	if v.Size > 0 && len(c.checkpoints) == 0 {
		v.general(Missing, "there is no checkpoint: nothing holds these entries to what was logged")
	}
	if c.hashes != nil {
		if _, err, ok := c.hashes(); err != nil || ok {
			v.general(Changed, "there are more stored hashes than entries have")
		}
	}
	c.erasures()
	return *v, nil
}

// erasures holds what is erased against what records say was.
func (c *checker) erasures() {
	var silent []int64
	for i := range c.gone {
		if !c.told[i] {
			silent = append(silent, i)
		}
	}
	slices.Sort(silent)
	for _, i := range silent {
		c.verdict.about(c.gone[i], Unexplained, "what it held is gone, and no record of the log says that it was erased")
	}
	var standing []int64
	for i := range c.told {
		if _, gone := c.gone[i]; !gone {
			standing = append(standing, i)
		}
	}
	slices.Sort(standing)
	for _, i := range standing {
		c.verdict.add(Finding{Problem: Unexplained, Index: i, What: "a record of the log says that it was erased, and it was not"})
	}
}

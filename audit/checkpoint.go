package audit

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"lastday"
)

// maxCheckpoint is the most bytes that a checkpoint may have, cosignatures of
// witnesses included.
const maxCheckpoint = 64 << 10

// timeLine begins the extension line that says when a checkpoint was signed.
const timeLine = "time "

// timeForm is RFC 3339 in UTC, in whole milliseconds.
const timeForm = "2006-01-02T15:04:05.000Z"

// Sign makes a checkpoint. The time goes into it as an extension line and is
// signed with the rest.
//
// A signed time is the word of whoever holds the key. It becomes evidence
// through what lies outside: where the checkpoint was sent it has another time,
// and VerifyLog holds the entries before and after it against it.
func (k *Key) Sign(size int64, root tlog.Hash, at time.Time) (Signed, error) {
	if size < 0 || at.IsZero() {
		return Signed{}, lastday.Errorf(lastday.CodeInvalid, "audit: checkpoint", "size %d at %s makes no sense", size, at)
	}
	at = at.UTC().Truncate(time.Millisecond)
	text := fmt.Sprintf("%s\n%d\n%s\n%s%s\n", k.Origin(), size, root, timeLine, at.Format(timeForm))
	signed, err := note.Sign(&note.Note{Text: text}, k.signer)
	if err != nil {
		return Signed{}, lastday.Wrap(lastday.CodeInternal, "audit: checkpoint", "sign", err)
	}
	return Signed{Origin: k.Origin(), Size: size, Root: root, At: at, Text: signed}, nil
}

// ParseCheckpoint reads what a checkpoint says without asking who signed it:
// see Keys.Open.
func ParseCheckpoint(text []byte) (Signed, error) {
	if len(text) > maxCheckpoint {
		return Signed{}, lastday.Errorf(lastday.CodeInvalid, "audit: checkpoint", "it has %d bytes, at most %d are read", len(text), maxCheckpoint)
	}
	body, _, ok := bytes.Cut(text, []byte("\n\n"))
	lines := strings.Split(string(body), "\n")
	if !ok || len(lines) < 3 {
		return Signed{}, lastday.Errorf(lastday.CodeInvalid, "audit: checkpoint", "it has no origin, size and root before its signatures")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return Signed{}, lastday.Errorf(lastday.CodeInvalid, "audit: checkpoint", "the second line is no size")
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil || root.String() != lines[2] {
		return Signed{}, lastday.Errorf(lastday.CodeInvalid, "audit: checkpoint", "the third line is no root")
	}
	at, err := parseTime(lines[3:])
	if err != nil {
		return Signed{}, err
	}
	if err := checkOrigin(lines[0]); err != nil {
		return Signed{}, err
	}
	return Signed{Origin: lines[0], Size: size, Root: root, At: at, Text: bytes.Clone(text)}, nil
}

// parseTime finds the one line with the time. Lines that it does not know are
// left alone, as the specification asks.
func parseTime(lines []string) (time.Time, error) {
	var found []string
	for _, line := range lines {
		if rest, ok := strings.CutPrefix(line, timeLine); ok {
			found = append(found, rest)
		}
	}
	if len(found) != 1 {
		return time.Time{}, lastday.Errorf(lastday.CodeInvalid, "audit: checkpoint", "it has %d lines with its time, not one", len(found))
	}
	at, err := time.Parse(timeForm, found[0])
	if err != nil || at.Format(timeForm) != found[0] {
		return time.Time{}, lastday.Errorf(lastday.CodeInvalid, "audit: checkpoint", "its time is not like %s", timeForm)
	}
	return at, nil
}

// CheckEntry says whether an entry is the one that a checkpoint covers: its
// leaf is the hash of what it holds, and the proof leads to the root. Of an
// erased entry only the second can be checked.
func CheckEntry(e Entry, p tlog.RecordProof, c Signed) error {
	if !e.sound() {
		return lastday.Errorf(lastday.CodeInvalid, "audit: proof", "entry %d: what it holds is not what was logged", e.Index)
	}
	if e.Index < 0 || e.Index >= c.Size {
		return lastday.Errorf(lastday.CodeInvalid, "audit: proof", "entry %d: the checkpoint covers only %d", e.Index, c.Size)
	}
	if err := tlog.CheckRecord(p, c.Size, c.Root, e.Index, e.Leaf); err != nil {
		return lastday.Wrap(lastday.CodeInvalid, "audit: proof", fmt.Sprintf("entry %d is not in the tree of the checkpoint", e.Index), err)
	}
	return nil
}

// CheckGrowth says whether the newer checkpoint's tree begins with all of the
// older one's: nothing that was there then was changed, dropped or moved.
func CheckGrowth(older, newer Signed, p tlog.TreeProof) error {
	switch {
	case older.Origin != newer.Origin:
		return lastday.Errorf(lastday.CodeInvalid, "audit: proof", "the checkpoints are of two logs: %s and %s", older.Origin, newer.Origin)
	case older.Size > newer.Size:
		return lastday.Errorf(lastday.CodeProtected, "audit: proof", "the log had %d entries and has only %d: it was cut short", older.Size, newer.Size)
	case older.Size == 0:
		return nil
	}
	if err := tlog.CheckTree(p, newer.Size, newer.Root, older.Size, older.Root); err != nil {
		return lastday.Wrap(lastday.CodeProtected, "audit: proof", fmt.Sprintf("the first %d entries are no longer those that were signed", older.Size), err)
	}
	return nil
}

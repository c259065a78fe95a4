package audit

import (
	"fmt"
	"strconv"
	"strings"

	"lastday"
)

// CaseLog is the case of the records that the log makes about itself: what was
// erased, and what must not be. They are numbered like those of any case.
const CaseLog = "log"

// The verbs of the log's own records.
const (
	// VerbErase: the entries that the message is about were erased.
	VerbErase = "erase"
	// VerbHold: what the message is about must not be erased.
	VerbHold = "legal-hold"
	// VerbUnhold: it may be erased again.
	VerbUnhold = "legal-release"
)

// FormatIndexes writes rising indexes shortly: 3-5,9.
func FormatIndexes(indexes []int64) string {
	var b strings.Builder
	for i := 0; i < len(indexes); {
		j := i
		for j+1 < len(indexes) && indexes[j+1] == indexes[j]+1 {
			j++
		}
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.FormatInt(indexes[i], 10))
		if j > i {
			b.WriteString("-" + strconv.FormatInt(indexes[j], 10))
		}
		i = j + 1
	}
	return b.String()
}

// maxIndexes is how many indexes one text may name.
const maxIndexes = 1 << 20

// ParseIndexes reads what FormatIndexes wrote. CodeInvalid: the text is not
// such, or names more than a million.
func ParseIndexes(text string) ([]int64, error) {
	var indexes []int64
	for part := range strings.SplitSeq(text, ",") {
		from, to, ranged := strings.Cut(part, "-")
		first, err := strconv.ParseInt(from, 10, 64)
		last := first
		if err == nil && ranged {
			last, err = strconv.ParseInt(to, 10, 64)
		}
		if err != nil || first < 0 || last < first || last-first >= maxIndexes-int64(len(indexes)) {
			return nil, lastday.Errorf(lastday.CodeInvalid, "audit: indexes", "must be like 3-5,9 and name at most %d", maxIndexes)
		}
		if n := len(indexes); n > 0 && first <= indexes[n-1] {
			return nil, lastday.Errorf(lastday.CodeInvalid, "audit: indexes", "do not rise at %d", first)
		}
		for i := first; i <= last; i++ {
			indexes = append(indexes, i)
		}
	}
	return indexes, nil
}

// ErasedBy gives the indexes of the entries that a record says were erased; nil
// if it is no such record.
func ErasedBy(r lastday.Record) ([]int64, error) {
	if r.Case != CaseLog || r.Kind != lastday.RecordMessage || r.Message == nil || r.Message.Verb != VerbErase {
		return nil, nil
	}
	indexes, err := ParseIndexes(r.Message.About)
	if err != nil {
		return nil, lastday.Wrap(lastday.CodeInvalid, "audit: erasure", fmt.Sprintf("record %s", r.ID), err)
	}
	return indexes, nil
}

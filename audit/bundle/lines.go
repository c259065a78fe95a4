package bundle

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"lastday"
	"lastday/audit"
)

// line is one record in a bundle. What stands in its body stands nowhere else,
// so that there is nothing that no proof covers.
type line struct {
	Index int64  `json:"index"`
	Salt  []byte `json:"salt,omitempty"`
	// Body is the record's very bytes as a string; absent when erased, and then
	// Leaf is there.
	Body  *string     `json:"body,omitempty"`
	Leaf  []byte      `json:"leaf,omitempty"`
	Proof []tlog.Hash `json:"proof"`
}

func lineOf(e audit.Entry, proof tlog.RecordProof) line {
	if e.Erased() {
		return line{Index: e.Index, Leaf: e.Leaf[:], Proof: proof}
	}
	body := string(e.Body)
	return line{Index: e.Index, Salt: e.Salt, Body: &body, Proof: proof}
}

// entry is the line as the log's own checks want it.
func (l line) entry() audit.Entry {
	e := audit.Entry{Index: l.Index}
	if l.Body == nil {
		copy(e.Leaf[:], l.Leaf)
		return e
	}
	e.Salt, e.Body = l.Salt, []byte(*l.Body)
	e.Leaf = audit.Leaf(e.Salt, e.Body)
	if r, err := lastday.ParseRecord(e.Body); err == nil {
		e.ID, e.Case, e.Kind = r.ID, r.Case, r.Kind
	}
	return e
}

func lines(ctx context.Context, log Log, entries []audit.Entry, c audit.Signed) ([]byte, error) {
	var out bytes.Buffer
	for _, e := range entries {
		proof, err := log.Prove(ctx, e.Index, c.Size)
		if err != nil {
			return nil, err
		}
		if err := writeLine(&out, lineOf(e, proof)); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}

func writeLine(out *bytes.Buffer, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return lastday.Wrap(lastday.CodeInternal, "bundle", "encode", err)
	}
	out.Write(text)
	out.WriteByte('\n')
	return nil
}

// earlier are the checkpoints that bound the times of the entries: for each the
// last one before it and the first one that covers it. They are sealed with the
// other files, so that none can be left out.
func earlier(ctx context.Context, log Log, entries []audit.Entry) (File, []audit.Signed, error) {
	all, err := log.Checkpoints(ctx)
	if err != nil {
		return File{}, nil, err
	}
	signed, err := parseAll(all)
	if err != nil {
		return File{}, nil, err
	}
	var out bytes.Buffer
	var kept []audit.Signed
	for i, c := range signed {
		if c.Size == 0 || !bounds(signed, i, entries) {
			continue
		}
		kept = append(kept, c)
		if err := writeLine(&out, string(c.Text)); err != nil {
			return File{}, nil, err
		}
	}
	return File{Name: fileEarlier, Data: out.Bytes()}, kept, nil
}

func parseAll(texts [][]byte) ([]audit.Signed, error) {
	signed := make([]audit.Signed, 0, len(texts))
	for _, text := range texts {
		c, err := audit.ParseCheckpoint(text)
		if err != nil {
			return nil, err
		}
		signed = append(signed, c)
	}
	return signed, nil
}

// bounds says whether the i-th checkpoint is the last before one of the entries,
// or the first that covers it.
func bounds(signed []audit.Signed, i int, entries []audit.Entry) bool {
	size := signed[i].Size
	last := i+1 == len(signed)
	return slices.ContainsFunc(entries, func(e audit.Entry) bool {
		before := size <= e.Index && (last || signed[i+1].Size > e.Index)
		after := size > e.Index && (i == 0 || signed[i-1].Size <= e.Index)
		return before || after
	})
}

// growths are the proofs that the log only grew from each earlier checkpoint to
// the last one.
func growths(ctx context.Context, log Log, older []audit.Signed, final audit.Signed) ([]byte, error) {
	var out bytes.Buffer
	for _, c := range older {
		proof, err := log.ProveTree(ctx, final.Size, c.Size)
		if err != nil {
			return nil, err
		}
		if err := writeLine(&out, proof); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}

// readLines decodes lines strictly: a line must be just as it would be written.
func readLines[T any](data []byte) ([]T, error) {
	var all []T
	for len(data) > 0 {
		text, rest, ended := bytes.Cut(data, []byte("\n"))
		var value T
		if err := json.Unmarshal(text, &value); err != nil || !ended {
			return all, lastday.Errorf(lastday.CodeInvalid, "bundle", "line %d cannot be read", len(all)+1)
		}
		var again bytes.Buffer
		if err := writeLine(&again, value); err != nil || !bytes.Equal(again.Bytes(), data[:len(text)+1]) {
			return all, lastday.Errorf(lastday.CodeInvalid, "bundle", "line %d is not as it was written", len(all)+1)
		}
		all, data = append(all, value), rest
	}
	return all, nil
}

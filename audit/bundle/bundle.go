// Package bundle makes one file of all that there is about a case, and checks
// such a file without asking anybody but a public key.
//
// A bundle is a zip file without compression. It holds the records of the case
// with their salts and their proofs, the signed checkpoint that the proofs lead
// to, earlier checkpoints with the proof that the log only grew, and files: the
// complete Temporal histories, the plan, a report. A record of kind
// lastday.RecordSealed holds the digests of the files and is in the log like
// any other, so the one signature of the checkpoint covers every byte.
//
// What a bundle shows, and what it does not: replaying the histories shows that
// the workflow takes these decisions, given what it was told. That the far side
// changed is shown by the readings alone, which stand in the records with what
// they rest on. And that the log was not made anew as a whole, with the key, is
// shown only by checkpoints that were sent out of the operator's reach.
package bundle

import (
	"archive/zip"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"lastday"
	"lastday/audit"
)

// The names of what every bundle has.
const (
	fileRecords    = "log/records.jsonl"
	fileErasures   = "log/erasures.jsonl"
	fileSeal       = "log/seal.jsonl"
	fileCheckpoint = "log/checkpoint"
	fileGrowth     = "log/growth.jsonl"
	fileEarlier    = "log/earlier.jsonl"
	fileReadme     = "README.txt"
)

// HistoryFile is the name of the file of the n-th history, from 1.
func HistoryFile(n int, run string) string { return fmt.Sprintf("histories/%03d-%s.json", n, run) }

// HistoryRun is the run whose history has that name.
func HistoryRun(name string) string {
	_, run, _ := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(name, "histories/"), ".json"), "-")
	return run
}

// IsHistory says whether a file is a history.
func IsHistory(name string) bool { return strings.HasPrefix(name, "histories/") }

// File is a file of a bundle.
type File struct {
	Name string
	Data []byte
}

// Fact is the file by its content.
func (f File) Fact() lastday.FileFact {
	sum := sha256.Sum256(f.Data)
	return lastday.FileFact{Name: f.Name, Bytes: int64(len(f.Data)), SHA256: hex.EncodeToString(sum[:])}
}

// Log is the log that a bundle is made from.
type Log interface {
	audit.Source
	// Checkpoints are all that were signed, in their order.
	Checkpoints(ctx context.Context) ([][]byte, error)
	// Keep appends records.
	Keep(ctx context.Context, records []lastday.Record) error
}

// Order says what to make.
type Order struct {
	Case string
	// Final says that the case is closed and its histories are complete.
	Final bool
	// LastIndex is the place in the log of the last record to seal; zero seals all.
	// Of an open case, records that came after its histories were read would be
	// told by none.
	LastIndex int64
	// Files are the histories (HistoryFile) and what else is to be sealed.
	Files []File
	// Tool is the version of the program, By who asked for the bundle (empty is
	// lastday itself) and Now the time.
	Tool, By string
	Now      time.Time
}

// Made says what was made.
type Made struct {
	Seal       lastday.Record
	Checkpoint audit.Signed
	Records    int
}

// Make seals a case: it writes down in the log what the bundle holds, and writes
// the bundle.
//
// CodeNotFound: the log has no record of the case.
func Make(ctx context.Context, log Log, o Order, w io.Writer) (Made, error) {
	entries, err := collect(log.Entries(ctx, audit.Query{Case: o.Case, LastIndex: o.LastIndex}))
	if err != nil {
		return Made{}, err
	}
	if len(entries) == 0 {
		return Made{}, lastday.Errorf(lastday.CodeNotFound, "bundle", "the log has no record of case %s", o.Case)
	}
	older, signed, err := earlier(ctx, log, entries)
	if err != nil {
		return Made{}, err
	}
	o.Files = append(slices.Clone(o.Files), older, File{Name: fileReadme, Data: []byte(readme)})
	slices.SortFunc(o.Files, func(a, b File) int { return cmp.Compare(a.Name, b.Name) })
	seal, err := writeSeal(ctx, log, o, entries)
	if err != nil {
		return Made{}, err
	}
	files, checkpoint, err := logFiles(ctx, log, entries, seal, signed)
	if err != nil {
		return Made{}, err
	}
	if err := writeZip(w, append(files, o.Files...), checkpoint.At); err != nil {
		return Made{}, err
	}
	record, err := lastday.ParseRecord(seal.Body)
	return Made{Seal: record, Checkpoint: checkpoint, Records: len(entries)}, err
}

// logFiles are the files that lead from the records to one signature.
func logFiles(ctx context.Context, log Log, entries []audit.Entry, seal audit.Entry, older []audit.Signed) ([]File, audit.Signed, error) {
	checkpoint, err := log.Checkpoint(ctx)
	if err != nil {
		return nil, audit.Signed{}, err
	}
	erasures, err := explaining(ctx, log, entries)
	if err != nil {
		return nil, audit.Signed{}, err
	}
	files := []File{{fileCheckpoint, checkpoint.Text}}
	for _, part := range []struct {
		name    string
		entries []audit.Entry
	}{{fileErasures, erasures}, {fileRecords, entries}, {fileSeal, []audit.Entry{seal}}} {
		data, err := lines(ctx, log, part.entries, checkpoint)
		if err != nil {
			return nil, audit.Signed{}, err
		}
		files = append(files, File{part.name, data})
	}
	grown, err := growths(ctx, log, older, checkpoint)
	return append(files, File{fileGrowth, grown}), checkpoint, err
}

// explaining are the records of the log that say why entries are erased.
func explaining(ctx context.Context, log Log, entries []audit.Entry) ([]audit.Entry, error) {
	if !slices.ContainsFunc(entries, audit.Entry.Erased) {
		return nil, nil
	}
	own, err := collect(log.Entries(ctx, audit.Query{Case: audit.CaseLog}))
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(own, func(e audit.Entry) bool {
		erased := erasedBy(e)
		return !slices.ContainsFunc(entries, func(of audit.Entry) bool { return of.Erased() && slices.Contains(erased, of.Index) })
	}), nil
}

// erasedBy are the entries that a record of the log says are erased.
func erasedBy(e audit.Entry) []int64 {
	r, err := lastday.ParseRecord(e.Body)
	if err != nil {
		return nil
	}
	indexes, err := audit.ErasedBy(r)
	if err != nil {
		return nil
	}
	return indexes
}

// SealCase is the case of the seals of a case: they are numbered for themselves.
func SealCase(of string) string { return "seal/" + of }

// writeSeal appends the record that says what is in the bundle.
func writeSeal(ctx context.Context, log Log, o Order, sealed []audit.Entry) (audit.Entry, error) {
	earlier, err := collect(log.Entries(ctx, audit.Query{Case: SealCase(o.Case)}))
	if err != nil {
		return audit.Entry{}, err
	}
	fact := &lastday.SealedFact{Of: o.Case, Last: len(sealed), Entries: audit.FormatIndexes(placesOf(sealed)), Final: o.Final, Tool: o.Tool}
	for _, f := range o.Files {
		fact.Files = append(fact.Files, f.Fact())
	}
	seq := len(earlier) + 1
	record := lastday.Record{
		ID: fmt.Sprintf("%s/%d", SealCase(o.Case), seq), Case: SealCase(o.Case), Seq: seq, At: o.Now.UTC(), Kind: lastday.RecordSealed,
		By: o.By, What: fmt.Sprintf("sealed %d records and %d files", len(sealed), len(o.Files)), Sealed: fact,
	}
	kept := log.Keep(ctx, []lastday.Record{record})
	now, err := collect(log.Entries(ctx, audit.Query{Case: SealCase(o.Case)}))
	switch {
	case err != nil:
		return audit.Entry{}, err
	case kept != nil && len(now) >= seq:
		return audit.Entry{}, lastday.Errorf(lastday.CodeTransient, "bundle", "somebody else sealed case %s meanwhile", o.Case)
	case kept != nil:
		return audit.Entry{}, kept
	case len(now) < seq:
		return audit.Entry{}, lastday.Errorf(lastday.CodeInternal, "bundle", "the seal of case %s was written and is not there", o.Case)
	}
	return now[seq-1], nil
}

// placesOf are the places of entries in the log.
func placesOf(entries []audit.Entry) []int64 {
	places := make([]int64, len(entries))
	for i, e := range entries {
		places[i] = e.Index
	}
	return places
}

func collect(all func(yield func(audit.Entry, error) bool)) ([]audit.Entry, error) {
	var entries []audit.Entry
	for e, err := range all {
		if err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// writeZip writes files in the given order, all with the same time, so that the
// same bundle has the same bytes.
func writeZip(w io.Writer, files []File, at time.Time) error {
	z := zip.NewWriter(w)
	for _, f := range files {
		out, err := z.CreateHeader(&zip.FileHeader{Name: f.Name, Method: zip.Store, Modified: at.UTC().Truncate(2 * time.Second)})
		if err != nil {
			return lastday.Wrap(lastday.CodeInternal, "bundle", "write", err)
		}
		if _, err := out.Write(f.Data); err != nil {
			return lastday.Wrap(lastday.CodeTransient, "bundle", "write", err)
		}
	}
	if err := z.Close(); err != nil {
		return lastday.Wrap(lastday.CodeTransient, "bundle", "write", err)
	}
	return nil
}

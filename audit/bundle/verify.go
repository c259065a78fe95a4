package bundle

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"lastday"
	"lastday/audit"
)

// Limits of what is read.
const (
	mostBytes = 1 << 30
	mostFiles = 10_000
)

// Check is one thing that was checked.
type Check struct {
	What string `json:"what"`
	// Found is what is wrong; empty if nothing is.
	Found []audit.Finding `json:"found,omitempty"`
}

// OK says that nothing is wrong.
func (c Check) OK() bool { return len(c.Found) == 0 }

func (c *Check) add(p audit.Problem, format string, args ...any) {
	c.Found = append(c.Found, audit.Finding{Problem: p, Index: -1, What: fmt.Sprintf(format, args...)})
}

func (c *Check) about(e audit.Entry, p audit.Problem, format string, args ...any) {
	c.Found = append(c.Found, audit.Finding{Problem: p, Index: e.Index, ID: e.ID, Case: e.Case, What: fmt.Sprintf(format, args...)})
}

// Verdict is what became of checking a bundle.
type Verdict struct {
	Case       string       `json:"case"`
	Checkpoint audit.Signed `json:"-"`
	// Signed is when the checkpoint was signed, Size and Root what it covers: to be
	// compared with one that was sent out of the operator's reach.
	Signed time.Time           `json:"signed"`
	Size   int64               `json:"size"`
	Root   string              `json:"root"`
	Sealed *lastday.SealedFact `json:"sealed,omitempty"`
	Erased int                 `json:"erased"`
	Checks []Check             `json:"checks"`
	// Records are the records of the case, without erased ones.
	Records []lastday.Record `json:"-"`
	// Files are the sealed files by name.
	Files map[string][]byte `json:"-"`
}

// Clean says whether nothing is wrong.
func (v Verdict) Clean() bool {
	return len(v.Checks) > 0 && !slices.ContainsFunc(v.Checks, func(c Check) bool { return !c.OK() })
}

// Options are what a check is given.
type Options struct {
	// Keys are the public keys of the log, required.
	Keys *audit.Keys
	// Elsewhere is a checkpoint that was found somewhere else; empty for none.
	Elsewhere []byte
	Tolerance audit.Tolerance
	// Histories checks the histories against the records: that they are complete,
	// replay, and tell the same. Nil leaves that out, and the verdict says so.
	Histories func(ctx context.Context, files []File, records []lastday.Record, sealed lastday.SealedFact) []Check
}

// Verify checks a bundle. What is wrong is in the verdict; an error means that
// the file cannot be read as a bundle at all.
func Verify(ctx context.Context, data []byte, o Options) (Verdict, error) {
	files, err := readZip(data)
	if err != nil {
		return Verdict{}, err
	}
	v := &verifier{o: o, files: files}
	v.container(data)
	if !v.checkpoint() {
		return v.Verdict, nil
	}
	v.seal()
	v.sealedFiles()
	v.records()
	v.erasures()
	v.growth()
	v.times()
	v.elsewhere()
	v.histories(ctx)
	return v.Verdict, nil
}

type verifier struct {
	Verdict
	o       Options
	files   []File
	entries []audit.Entry
	older   []audit.Signed
}

func (v *verifier) done(c Check) { v.Checks = append(v.Checks, c) }

func (v *verifier) file(name string) []byte {
	for _, f := range v.files {
		if f.Name == name {
			return f.Data
		}
	}
	return nil
}

func readZip(data []byte) ([]File, error) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, lastday.Wrap(lastday.CodeInvalid, "bundle", "this is no zip file, or it was cut short", err)
	}
	if len(z.File) > mostFiles {
		return nil, lastday.Errorf(lastday.CodeInvalid, "bundle", "%d files, at most %d are read", len(z.File), mostFiles)
	}
	var files []File
	left := int64(mostBytes)
	for _, f := range z.File {
		content, err := readFile(f, left)
		if err != nil {
			return nil, err
		}
		left -= int64(len(content))
		files = append(files, File{Name: f.Name, Data: content})
	}
	return files, nil
}

func readFile(f *zip.File, most int64) ([]byte, error) {
	in, err := f.Open()
	if err != nil {
		return nil, lastday.Wrap(lastday.CodeInvalid, "bundle", "a file cannot be read", err)
	}
	defer func() { _ = in.Close() }() // It was only read.
	content, err := io.ReadAll(io.LimitReader(in, most+1))
	// A wrong checksum is not the end: the seal names the file that was changed.
	if err != nil && !errors.Is(err, zip.ErrChecksum) {
		return nil, lastday.Wrap(lastday.CodeInvalid, "bundle", "file "+f.Name, err)
	}
	if int64(len(content)) > most {
		return nil, lastday.Errorf(lastday.CodeInvalid, "bundle", "more than %d bytes", mostBytes)
	}
	return content, nil
}

// container holds the zip file itself, headers and all, to what would be
// written: there is no byte that means nothing.
func (v *verifier) container(data []byte) {
	c := Check{What: "the file itself is as it was written"}
	defer func() { v.done(c) }()
	signed, err := audit.ParseCheckpoint(v.file(fileCheckpoint))
	if err != nil {
		c.add(audit.Missing, "there is no checkpoint in it")
		return
	}
	var again bytes.Buffer
	if err := writeZip(&again, v.files, signed.At); err != nil || !bytes.Equal(again.Bytes(), data) {
		c.add(audit.Changed, "bytes of the zip file's own headers differ, or it was packed again")
	}
}

// checkpoint checks the signature. Without it nothing else means anything.
func (v *verifier) checkpoint() bool {
	c := Check{What: "the checkpoint is signed by the log"}
	defer func() { v.done(c) }()
	signed, err := v.o.Keys.Open(v.file(fileCheckpoint))
	if err != nil {
		c.add(audit.Unsigned, "the checkpoint is not signed by a key of this log")
		return false
	}
	v.Checkpoint, v.Signed, v.Size, v.Root = signed, signed.At, signed.Size, signed.Root.String()
	return true
}

// read reads lines and checks each against the tree.
func (v *verifier) read(c *Check, name string) []audit.Entry {
	found, err := readLines[line](v.file(name))
	if err != nil {
		c.add(audit.Changed, "%s: %s", name, err.Error())
	}
	entries := make([]audit.Entry, 0, len(found))
	for _, l := range found {
		e := l.entry()
		if err := audit.CheckEntry(e, l.Proof, v.Checkpoint); err != nil {
			c.about(e, audit.Changed, "it is not what was logged at this place")
		}
		entries = append(entries, e)
	}
	return entries
}

func (v *verifier) seal() {
	c := Check{What: "the seal is in the log"}
	defer func() { v.done(c) }()
	entries := v.read(&c, fileSeal)
	if len(entries) != 1 {
		c.add(audit.Missing, "there are %d seals, there must be one", len(entries))
		return
	}
	r, err := lastday.ParseRecord(entries[0].Body)
	if err != nil || r.Sealed == nil || r.Case != SealCase(r.Sealed.Of) {
		c.about(entries[0], audit.Changed, "this record is no seal")
		return
	}
	v.Sealed, v.Case = r.Sealed, r.Sealed.Of
}

func (v *verifier) sealedFiles() {
	c := Check{What: "every file is as it was sealed, and none is missing or added"}
	defer func() { v.done(c) }()
	v.Files = map[string][]byte{}
	if v.Sealed == nil {
		c.add(audit.Missing, "without a seal nothing says what the files were")
		return
	}
	sealed, seen := map[string]lastday.FileFact{}, map[string]bool{}
	for _, f := range v.Sealed.Files {
		sealed[f.Name] = f
	}
	for _, f := range v.files {
		want, ok := sealed[f.Name]
		delete(sealed, f.Name)
		again := seen[f.Name]
		seen[f.Name] = true
		switch {
		case again:
			c.add(audit.Repeated, "%q: it is there twice, and programs differ in which one they show", f.Name)
		case !ok && !isLogFile(f.Name):
			c.add(audit.Misplaced, "%q: it was not sealed", f.Name)
		case ok && f.Fact() != want:
			c.add(audit.Changed, "%s: it is not what was sealed", f.Name)
		case ok:
			v.Files[f.Name] = f.Data
		}
	}
	for name := range sealed {
		c.add(audit.Missing, "%s: it was sealed and is not there", name)
	}
}

// isLogFile says whether a file is checked by proofs instead of by the seal.
func isLogFile(name string) bool {
	switch name {
	case fileCheckpoint, fileErasures, fileRecords, fileSeal, fileGrowth:
		return true
	}
	return false
}

// records checks that all records of the case are there, in their order.
func (v *verifier) records() {
	c := Check{What: "every record of the case is there, unchanged and in its place"}
	defer func() { v.done(c) }()
	v.entries = v.read(&c, fileRecords)
	last := 0
	for i, e := range v.entries {
		if i > 0 && e.Index <= v.entries[i-1].Index {
			c.about(e, audit.Misplaced, "it stands after entry %d", v.entries[i-1].Index)
		}
		last++
		if e.Erased() {
			v.Erased++
			continue
		}
		r, err := lastday.ParseRecord(e.Body)
		if err != nil || r.Case != v.Case {
			c.about(e, audit.Misplaced, "it is no record of case %s", v.Case)
			continue
		}
		if r.Seq != last {
			c.about(e, missingOr(r.Seq, last), "it is number %d of the case, and stands where number %d must be", r.Seq, last)
			last = r.Seq
		}
		v.Records = append(v.Records, r)
	}
	if v.Sealed != nil && last != v.Sealed.Last {
		c.add(audit.Missing, "the last record is number %d, %d were sealed", last, v.Sealed.Last)
	}
	if v.Sealed != nil && audit.FormatIndexes(placesOf(v.entries)) != v.Sealed.Entries {
		c.add(audit.Changed, "other entries of the log stand here than were sealed: %s", v.Sealed.Entries)
	}
}

func missingOr(is, want int) audit.Problem {
	if is > want {
		return audit.Missing
	}
	return audit.Misplaced
}

// erasures checks that everything that is erased is said to be.
func (v *verifier) erasures() {
	c := Check{What: "what is erased is said to be, with a reason"}
	defer func() { v.done(c) }()
	told := map[int64]bool{}
	for _, e := range v.read(&c, fileErasures) {
		indexes := erasedBy(e)
		for _, index := range indexes {
			told[index] = true
		}
		if !slices.ContainsFunc(v.entries, func(of audit.Entry) bool { return of.Erased() && slices.Contains(indexes, of.Index) }) {
			c.about(e, audit.Misplaced, "it explains nothing that is erased here")
		}
	}
	for _, e := range v.entries {
		if e.Erased() && !told[e.Index] {
			c.about(e, audit.Unexplained, "it holds nothing, and no record says that it was erased")
		}
	}
}

// growth checks that the log only grew from each earlier checkpoint.
func (v *verifier) growth() {
	c := Check{What: "the log only grew since earlier checkpoints"}
	defer func() { v.done(c) }()
	texts, err := readLines[string](v.file(fileEarlier))
	if err != nil {
		c.add(audit.Changed, "%s: %s", fileEarlier, err.Error())
	}
	proofs, err := readLines[[]tlog.Hash](v.file(fileGrowth))
	if err != nil || len(proofs) != len(texts) {
		c.add(audit.Changed, "%s: it does not have one proof for each earlier checkpoint", fileGrowth)
		return
	}
	for i, text := range texts {
		older, err := v.o.Keys.Open([]byte(text))
		if err != nil {
			c.add(audit.Unsigned, "earlier checkpoint %d is not signed by a key of this log", i+1)
			continue
		}
		if err := audit.CheckGrowth(older, v.Checkpoint, proofs[i]); err != nil {
			c.add(audit.Changed, "what was signed at %s is no longer what the log begins with", older.At.Format(time.RFC3339))
		}
		v.older = append(v.older, older)
	}
}

// times holds each record's time against the signed times before and after it.
func (v *verifier) times() {
	c := Check{What: "the times of the records fit the signed times around them"}
	defer func() { v.done(c) }()
	skew, late := v.o.Tolerance.Skew, v.o.Tolerance.Late
	if skew == 0 {
		skew = time.Minute
	}
	if late == 0 {
		late = time.Hour
	}
	for _, e := range v.entries {
		r, err := lastday.ParseRecord(e.Body)
		if err != nil {
			continue
		}
		after, before := v.around(e.Index)
		if !after.IsZero() && r.At.Before(after.Add(-late)) {
			c.about(e, audit.Misdated, "it says %s, and was not in the log at %s", r.At.Format(time.RFC3339), after.Format(time.RFC3339))
		}
		if r.At.After(before.Add(skew)) {
			c.about(e, audit.Misdated, "it says %s, and was in the log at %s", r.At.Format(time.RFC3339), before.Format(time.RFC3339))
		}
	}
}

// around are the signed times between which an entry was appended: when the log
// did not have it yet, zero if that is unknown, and when it did.
func (v *verifier) around(index int64) (after, before time.Time) {
	before = v.Checkpoint.At
	for _, c := range v.older {
		if c.Size <= index && c.At.After(after) {
			after = c.At
		}
		if c.Size > index && c.At.Before(before) {
			before = c.At
		}
	}
	return after, before
}

// elsewhere compares with a checkpoint that was kept out of the operator's reach.
func (v *verifier) elsewhere() {
	if len(v.o.Elsewhere) == 0 {
		return
	}
	c := Check{What: "the checkpoint found elsewhere is of the same log"}
	defer func() { v.done(c) }()
	other, err := v.o.Keys.Open(v.o.Elsewhere)
	if err != nil {
		c.add(audit.Unsigned, "the checkpoint found elsewhere is not signed by a key of this log")
		return
	}
	known := append(slices.Clone(v.older), v.Checkpoint)
	for _, k := range known {
		if k.Size == other.Size && k.Root != other.Root {
			c.add(audit.Changed, "the log was made anew: of its first %d entries two different states were signed", k.Size)
			return
		}
	}
	if !slices.ContainsFunc(known, func(k audit.Signed) bool { return k.Size == other.Size }) {
		c.add(audit.Missing, "this bundle has no checkpoint of %d entries to compare it with; `lastday records verify --elsewhere` asks the log itself", other.Size)
	}
}

// histories hands over to who knows the workflows.
func (v *verifier) histories(ctx context.Context) {
	if v.o.Histories == nil {
		return
	}
	var files []File
	for _, f := range v.files {
		if IsHistory(f.Name) {
			files = append(files, f)
		}
	}
	var sealed lastday.SealedFact
	if v.Sealed != nil {
		sealed = *v.Sealed
	}
	v.Checks = append(v.Checks, v.o.Histories(ctx, files, v.Records, sealed)...)
}

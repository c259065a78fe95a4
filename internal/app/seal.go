package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strings"

	"go.temporal.io/sdk/client"

	"lastday"
	"lastday/activities"
	"lastday/audit"
	"lastday/audit/bundle"
	"lastday/audit/report"
	"lastday/audit/store"
	"lastday/audit/story"
	"lastday/codec"
	"lastday/internal/replay"
	"lastday/workflows"
)

// Sealer makes bundles of cases: everything that there is about a case, in one
// file that is checked with a public key.
type Sealer struct {
	Parts    *Parts
	Temporal client.Client
	Records  *store.Store
	// By is who asked; empty is lastday itself.
	By string
}

// Seal makes the bundle of a case and puts it into the folder of bundles.
//
// CodeTransient: a final one is wanted, and the case has not closed yet.
// CodeProtected: something of the case was erased; the histories, as Temporal
// still keeps them, would bring it back.
func (s Sealer) Seal(ctx context.Context, in activities.SealInput) (activities.SealOutput, error) {
	runs, what, closed, err := s.read(ctx, in)
	if err != nil {
		return activities.SealOutput{}, err
	}
	if err := s.whole(ctx, in.Case); err != nil {
		return activities.SealOutput{}, err
	}
	files, err := s.files(ctx, what, runs)
	if err != nil {
		return activities.SealOutput{}, err
	}
	var out bytes.Buffer
	made, err := bundle.Make(ctx, sealedLog{s.Records}, bundle.Order{
		Case: in.Case, LastIndex: what.LastIndex, Final: closed, Files: files, Tool: Version(), By: s.By, Now: s.Parts.deps.Now(),
	}, &out)
	if err != nil {
		return activities.SealOutput{}, err
	}
	name := BundleName(in.Case, made.Seal.Seq, in.Cause)
	if err := s.put(name, out.Bytes()); err != nil {
		return activities.SealOutput{}, err
	}
	return activities.SealOutput{
		Bundle: name, Records: made.Records, Runs: len(runs), Bytes: int64(out.Len()), Size: made.Checkpoint.Size, Root: made.Checkpoint.Root.String(),
	}, nil
}

// read reads the histories of a case, and says which of its records they tell:
// those of an open case that were there before.
func (s Sealer) read(ctx context.Context, in activities.SealInput) (runs []replay.Run, what audit.Query, closed bool, err error) {
	what.Case = in.Case
	ring, err := s.Parts.Ring(ctx)
	if err != nil {
		return nil, what, false, err
	}
	if what.LastIndex, err = s.lastIndex(ctx, in.Case); err != nil {
		return nil, what, false, err
	}
	runs, closed, err = replay.Fetch(ctx, s.Temporal, ring, workflows.CaseWorkflowID(in.Case))
	switch {
	case err != nil:
		return nil, what, false, err
	case in.Final && !closed:
		return nil, what, false, lastday.Errorf(lastday.CodeTransient, "seal", "case %s has not closed yet", in.Case)
	case closed:
		what.LastIndex = 0 // All is written before a case closes.
	}
	return runs, what, closed, nil
}

// lastIndex is the place in the log of the last record of a case.
func (s Sealer) lastIndex(ctx context.Context, of string) (last int64, err error) {
	for e, err := range s.Records.Entries(ctx, audit.Query{Case: of}) {
		if err != nil {
			return 0, err
		}
		last = e.Index
	}
	return last, nil
}

// whole refuses a case of which something was erased.
func (s Sealer) whole(ctx context.Context, of string) error {
	t, err := tracesOf(ctx, s.Records, of)
	if err == nil && t.erased > 0 {
		return lastday.Errorf(lastday.CodeProtected, "seal", "records of case %s were erased: it gets no bundle any more", of)
	}
	return err
}

// BundleName is the name of the n-th bundle of a case.
func BundleName(of string, n int, cause string) string {
	cause = regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(cause), "-")
	return fmt.Sprintf("%s-%03d-%s.zip", of, n, strings.Trim(cause, "-"))
}

// files are the histories, the plan, the records told as a case, and the report.
func (s Sealer) files(ctx context.Context, what audit.Query, runs []replay.Run) ([]bundle.File, error) {
	var files []bundle.File
	for i, r := range runs {
		text, err := r.Write()
		if err != nil {
			return nil, err
		}
		files = append(files, bundle.File{Name: bundle.HistoryFile(i+1, r.ID), Data: text})
	}
	told, erased, err := s.story(ctx, what)
	if err != nil {
		return nil, err
	}
	page, err := s.page(ctx, told, erased)
	if err != nil {
		return nil, err
	}
	text, err := json.MarshalIndent(told, "", " ")
	if err != nil {
		return nil, lastday.Wrap(lastday.CodeInternal, "seal", "encode the case", err)
	}
	plan, err := s.plan(ctx, what.Case)
	return append(files, bundle.File{Name: "case.json", Data: text}, bundle.File{Name: "report.html", Data: page}, bundle.File{Name: "plan.json", Data: plan}), err
}

func (s Sealer) plan(ctx context.Context, of string) ([]byte, error) {
	p, err := workflows.NewClient(s.Temporal).Plan(ctx, of)
	if err != nil {
		return nil, err
	}
	text, err := json.MarshalIndent(p, "", " ")
	if err != nil {
		return nil, lastday.Wrap(lastday.CodeInternal, "seal", "encode the plan", err)
	}
	return text, nil
}

// Story tells a case from its records. Erased are the numbers of records whose
// text is gone.
func (s Sealer) Story(ctx context.Context, of string) (told story.Case, erased []int, err error) {
	return s.story(ctx, audit.Query{Case: of})
}

func (s Sealer) story(ctx context.Context, what audit.Query) (told story.Case, erased []int, err error) {
	records, erased, err := RecordsOf(ctx, s.Records, what)
	if err != nil {
		return story.Case{}, nil, err
	}
	told, err = story.Of(records, story.Options{})
	return told, erased, err
}

// RecordsOf reads records. Erased are the numbers, within the case, of those
// whose text is gone; they mean something when one case is asked for.
func RecordsOf(ctx context.Context, source audit.Source, q audit.Query) (records []lastday.Record, erased []int, err error) {
	n := 0
	for e, err := range source.Entries(ctx, q) {
		if err != nil {
			return nil, nil, err
		}
		n++
		if e.Erased() {
			erased = append(erased, n)
			continue
		}
		r, err := lastday.ParseRecord(e.Body)
		if err != nil {
			return nil, nil, err
		}
		records = append(records, r)
	}
	return records, erased, nil
}

func (s Sealer) page(ctx context.Context, told story.Case, erased []int) ([]byte, error) {
	proofs, err := s.Proofs(ctx, erased)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = report.Case(&out, told, proofs)
	return out.Bytes(), err
}

// Proofs say how a report can be checked.
func (s Sealer) Proofs(ctx context.Context, erased []int) (report.Proofs, error) {
	checkpoint, err := s.Records.Checkpoint(ctx)
	if err != nil {
		return report.Proofs{}, err
	}
	key, _, err := s.Parts.recordKeys(ctx)
	if err != nil {
		return report.Proofs{}, err
	}
	p := report.Proofs{
		Key: key.Public(), Checkpoint: string(checkpoint.Text), Erased: erased, Tool: "lastday", Commit: Version(), Made: s.Parts.deps.Now(), By: s.By,
	}
	for _, c := range s.Parts.Config.Records.Checkpoints {
		p.Sinks = append(p.Sinks, c.Kind)
	}
	return p, nil
}

// put writes a bundle at once or not at all. It names people: only its owner
// may read it.
func (s Sealer) put(name string, data []byte) error {
	folder := s.Parts.Config.Path(s.Parts.Config.Records.Bundles)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return lastday.Wrap(lastday.CodeTransient, "seal", "make the folder of bundles", err)
	}
	draft, err := os.CreateTemp(folder, ".bundle-*")
	if err != nil {
		return lastday.Wrap(lastday.CodeTransient, "seal", "make a file", err)
	}
	_, err = draft.Write(data)
	err = errors.Join(err, draft.Sync(), draft.Close())
	if err == nil {
		err = os.Rename(draft.Name(), filepath.Join(folder, name))
	}
	if err != nil {
		_ = os.Remove(draft.Name()) // It is a draft: what counts is the error before.
		return lastday.Wrap(lastday.CodeTransient, "seal", "write the bundle", err)
	}
	return nil
}

// Version is the commit that the program was built from, or "devel".
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "devel"
	}
	version := info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			version = s.Value
		}
	}
	if version == "" || version == "(devel)" {
		return "devel"
	}
	return version
}

// sealedLog is the store as bundles are made from it.
type sealedLog struct{ *store.Store }

// Keep appends records.
func (l sealedLog) Keep(ctx context.Context, records []lastday.Record) error {
	_, err := l.Append(ctx, records)
	return err
}

// Ring is the ring of keys that encrypt histories; nil if they are not encrypted.
func (p *Parts) Ring(ctx context.Context) (*codec.Ring, error) {
	return OpenRing(ctx, p.Config.Encryption, p.deps.Secret)
}

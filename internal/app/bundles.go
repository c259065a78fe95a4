package app

import (
	"archive/zip"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"

	"go.temporal.io/api/workflowservice/v1"

	"lastday"
	"lastday/activities"
	"lastday/audit"
	"lastday/audit/bundle"
	"lastday/audit/store"
	"lastday/workflows"
)

// Bundle is a sealed bundle in the folder of bundles.
type Bundle struct {
	Path string `json:"path"`
	Case string `json:"case"`
	// Seq is the number of the record that seals it: a later one is newer.
	Seq int `json:"seq"`
}

// Bundles are those in the folder of this machine, by case, the newest first.
func (p *Parts) Bundles() ([]Bundle, error) {
	folder := p.Config.Path(p.Config.Records.Bundles)
	files, err := os.ReadDir(folder)
	if err != nil && !os.IsNotExist(err) {
		return nil, lastday.Wrap(lastday.CodeTransient, "bundles", "read the folder", plainPath(err))
	}
	form := regexp.MustCompile(`^(.+?)-(\d{3,})-[a-z0-9-]*\.zip$`)
	var all []Bundle
	for _, f := range files {
		parts := form.FindStringSubmatch(f.Name())
		if parts == nil || !f.Type().IsRegular() {
			continue
		}
		seq, err := strconv.Atoi(parts[2])
		if err != nil {
			continue
		}
		all = append(all, Bundle{Path: filepath.Join(folder, f.Name()), Case: parts[1], Seq: seq})
	}
	slices.SortStableFunc(all, func(a, b Bundle) int {
		return cmp.Or(cmp.Compare(a.Case, b.Case), cmp.Compare(b.Seq, a.Seq))
	})
	return all, nil
}

// Forgotten is what became of bundles whose case was erased, wholly or in part.
type Forgotten struct {
	Removed []Bundle `json:"removed,omitempty"`
	// Held are those that a legal hold keeps.
	Held []Bundle `json:"held,omitempty"`
}

// ForgetBundles removes from the folder of this machine each bundle of a case of
// which something was erased: a bundle names the person, in its records, its
// report and its histories. What a legal hold covers stays.
func (a Archive) ForgetBundles(ctx context.Context) (Forgotten, error) {
	bundles, err := a.Parts.Bundles()
	if err != nil || len(bundles) == 0 {
		return Forgotten{}, err
	}
	holds, err := a.Records.Holds(ctx)
	if err != nil {
		return Forgotten{}, err
	}
	var done Forgotten
	erased := map[string]traces{}
	for _, b := range bundles {
		if _, known := erased[b.Case]; !known {
			if erased[b.Case], err = tracesOf(ctx, a.Records, b.Case); err != nil {
				return done, err
			}
		}
		switch t := erased[b.Case]; {
		case t.erased == 0:
		case t.held(b, holds):
			done.Held = append(done.Held, b)
		default:
			if err := os.Remove(b.Path); err != nil && !os.IsNotExist(err) {
				return done, lastday.Wrap(lastday.CodeTransient, "bundles", "remove a bundle of "+b.Case, plainPath(err))
			}
			done.Removed = append(done.Removed, b)
		}
	}
	return done, nil
}

// traces are what is left of a case in the log.
type traces struct {
	records, erased int
	person          string
}

func tracesOf(ctx context.Context, source audit.Source, of string) (traces, error) {
	records, erased, err := RecordsOf(ctx, source, audit.Query{Case: of})
	t := traces{records: len(records), erased: len(erased)}
	for _, r := range records {
		t.person = cmp.Or(t.person, r.Person)
	}
	return t, err
}

// held says whether a hold covers a bundle. Of a case that was erased as a whole
// the log does not tell any more whose it was: then the bundle does; one that
// does not tell may be anybody's.
func (t traces) held(b Bundle, holds []store.LegalHold) bool {
	if t.person == "" && slices.ContainsFunc(holds, func(h store.LegalHold) bool { return h.Person != "" }) {
		t.person = personIn(b.Path)
	}
	return slices.ContainsFunc(holds, func(h store.LegalHold) bool {
		return h.Everything || h.Case == b.Case || h.Person != "" && (t.person == "" || h.Person == t.person)
	})
}

// mostCase bounds what is read of a bundle to learn whose it is.
const mostCase = 64 << 20

// personIn is the key of the person of a bundle; empty if it cannot be read.
func personIn(path string) string {
	z, err := zip.OpenReader(path)
	if err != nil {
		return ""
	}
	defer func() { _ = z.Close() }() // It was only read.
	f, err := z.Open("case.json")
	if err != nil {
		return ""
	}
	var of struct {
		Person string `json:"person"`
	}
	if err := json.NewDecoder(io.LimitReader(f, mostCase)).Decode(&of); err != nil {
		return ""
	}
	return of.Person
}

// Unsealed is a closed case without a final bundle on this machine.
type Unsealed struct {
	Case string `json:"case"`
	// Bundle is the one that was made; Why there is none.
	Bundle string `json:"bundle,omitempty"`
	Why    string `json:"why,omitempty"`
	// Erased says that there shall be none: something of the case was erased.
	Erased bool `json:"erased,omitempty"`
}

// SealMissing makes the final bundle of each closed case that has none on this
// machine, and tells of each. Progress, which may be nil, is told of each case.
func (s Sealer) SealMissing(ctx context.Context, progress func(of, what string)) ([]Unsealed, error) {
	closed, err := s.closedCases(ctx)
	if err != nil {
		return nil, err
	}
	bundles, err := s.Parts.Bundles()
	if err != nil {
		return nil, err
	}
	there := map[Bundle]bool{}
	for _, b := range bundles {
		there[Bundle{Case: b.Case, Seq: b.Seq}] = true // by name, wherever it lies
	}
	var all []Unsealed
	for _, id := range closed {
		t, err := tracesOf(ctx, s.Records, id)
		if err != nil {
			return all, err
		}
		if sealed, err := s.sealed(ctx, id, t, there); err != nil || sealed {
			if err != nil {
				return all, err
			}
			continue
		}
		one, err := s.sealOne(ctx, id, t)
		if err != nil {
			return all, err
		}
		tell(progress, id, cmp.Or(one.Bundle, one.Why))
		all = append(all, one)
	}
	return all, nil
}

func (s Sealer) sealOne(ctx context.Context, id string, t traces) (Unsealed, error) {
	if t.erased > 0 {
		return Unsealed{Case: id, Erased: true, Why: "records of it were erased: it gets no bundle any more"}, nil
	}
	made, err := s.Seal(ctx, activities.SealInput{Case: id, Cause: "closed", Final: true})
	if err != nil {
		return Unsealed{Case: id, Why: err.Error()}, ctx.Err()
	}
	return Unsealed{Case: id, Bundle: made.Bundle}, nil
}

// closedCases asks Temporal for the cases that ended, whatever their end, in
// their order.
func (s Sealer) closedCases(ctx context.Context) ([]string, error) {
	var all []string
	var page []byte
	for {
		list, err := s.Temporal.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
			Query:    `WorkflowType = 'Case' AND ExecutionStatus IN ('Completed', 'Failed', 'Terminated', 'Canceled', 'TimedOut')`,
			PageSize: 500, NextPageToken: page,
		})
		if err != nil {
			return nil, lastday.Wrap(lastday.CodeTransient, "seal", "list the closed cases", err)
		}
		for _, e := range list.GetExecutions() {
			all = append(all, caseOf(e.GetExecution().GetWorkflowId()))
		}
		if page = list.GetNextPageToken(); len(page) == 0 {
			slices.Sort(all)
			return slices.Compact(all), nil
		}
	}
}

// caseOf is the case of a workflow id.
func caseOf(workflowID string) string { return workflowID[len(workflows.CaseWorkflowID("")):] }

// sealed says whether a case has a final bundle: the log says that one was made
// of all its records, and the file is there. The record comes first, and a crash
// may follow.
func (s Sealer) sealed(ctx context.Context, of string, t traces, there map[Bundle]bool) (bool, error) {
	records, _, err := RecordsOf(ctx, s.Records, audit.Query{Case: bundle.SealCase(of)})
	return slices.ContainsFunc(records, func(r lastday.Record) bool {
		f := r.Sealed
		return f != nil && f.Final && f.Last == t.records+t.erased && there[Bundle{Case: of, Seq: r.Seq}]
	}), err
}

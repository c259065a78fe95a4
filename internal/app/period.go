package app

import (
	"cmp"
	"context"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"time"

	"lastday"
	"lastday/audit"
	"lastday/audit/report"
	"lastday/audit/store"
	"lastday/audit/story"
	"lastday/internal/config"
)

// Period is a span of time by civil dates of a zone. Both days belong to it; a
// zero date is no bound.
type Period struct {
	From lastday.Date
	To   lastday.Date
	Zone *time.Location
}

// ParsePeriod reads a period. An empty text is no bound, an empty zone UTC.
//
// CodeInvalid: a date or the zone makes no sense, or the period ends before it
// begins.
func ParsePeriod(from, to, zone string) (Period, error) {
	where, err := time.LoadLocation(cmp.Or(zone, "UTC"))
	if err != nil {
		return Period{}, lastday.Errorf(lastday.CodeInvalid, "period", "%q is no time zone such as Europe/Berlin", zone)
	}
	p := Period{Zone: where}
	if p.From, err = optionalDate(from); err != nil {
		return Period{}, err
	}
	if p.To, err = optionalDate(to); err != nil {
		return Period{}, err
	}
	if !p.From.IsZero() && !p.To.IsZero() && p.To.Before(p.From) {
		return Period{}, lastday.Errorf(lastday.CodeInvalid, "period", "it ends on %s, before it begins on %s", p.To, p.From)
	}
	return p, nil
}

func optionalDate(text string) (lastday.Date, error) {
	if text == "" {
		return lastday.Date{}, nil
	}
	return lastday.ParseDate(text)
}

// Begin is the first instant of the period; zero without a first day.
func (p Period) Begin() time.Time { return p.midnight(p.From) }

// End is the first instant after the period; zero without a last day.
func (p Period) End() time.Time {
	if p.To.IsZero() {
		return time.Time{}
	}
	return p.midnight(p.To.AddDays(1))
}

func (p Period) midnight(d lastday.Date) time.Time {
	if d.IsZero() {
		return time.Time{}
	}
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, p.Zone)
}

// OpenAlone opens what the configuration names but its systems: whoever only
// reads records needs no credential of a far side.
func (o Options) OpenAlone(ctx context.Context) (*Parts, error) {
	return o.open(ctx, func(config.Worker, string) bool { return false })
}

// ReadRecords is OpenRecords for those who only look: a log that is not there
// is not made. CodeNotFound: there is none.
func (p *Parts) ReadRecords(ctx context.Context) (*store.Store, error) {
	r := p.Config.Records
	if r.Postgres != "" {
		return p.OpenRecords(ctx)
	}
	path := p.Config.Path(r.File)
	if _, err := os.Stat(path); err != nil {
		code := lastday.CodeTransient
		if os.IsNotExist(err) {
			code = lastday.CodeNotFound
		}
		return nil, lastday.Wrap(code, "records", "there is no log to read (records.file; a worker makes it)", plainPath(err))
	}
	return p.OpenRecords(ctx)
}

// plainPath leaves the operation out of an error about a file.
func plainPath(err error) error {
	if bad, ok := err.(*fs.PathError); ok { //nolint:errorlint // What the standard library gives here is never wrapped.
		return bad.Err
	}
	return err
}

// Archive is the log of records, read for people.
type Archive struct {
	Parts   *Parts
	Records *store.Store
	// By is who asked.
	By string
}

// Told are cases told from the log.
type Told struct {
	Cases []story.Case
	// Empty are cases of whose records nothing but the leaves is left.
	Empty []Emptied
	// At is when they were told.
	At time.Time
}

// Emptied is a case that was erased.
type Emptied struct {
	Case string
	// Last is when its last record was appended.
	Last time.Time
}

// EmptySince are the ids of the erased cases that went on until a time or later:
// only those may belong to a period that begins then.
func (t Told) EmptySince(begin time.Time) []string {
	var ids []string
	for _, e := range t.Empty {
		if !e.Last.Before(begin) {
			ids = append(ids, e.Case)
		}
	}
	return ids
}

// Cases tells all cases as they stand now, by id.
func (a Archive) Cases(ctx context.Context) (Told, error) {
	t := Told{At: a.Parts.deps.Now()}
	last, full := map[string]time.Time{}, map[string]bool{}
	var records []lastday.Record
	for e, err := range a.Records.Entries(ctx, audit.Query{}) {
		if err != nil {
			return Told{}, err
		}
		if e.Case == audit.CaseLog || e.Kind == lastday.RecordSealed {
			continue
		}
		last[e.Case] = e.At
		if e.Erased() {
			continue
		}
		full[e.Case] = true
		r, err := lastday.ParseRecord(e.Body)
		if err != nil {
			return Told{}, err
		}
		records = append(records, r)
	}
	for _, id := range slices.Sorted(maps.Keys(last)) {
		if !full[id] {
			t.Empty = append(t.Empty, Emptied{id, last[id]})
		}
	}
	var err error
	t.Cases, err = story.All(records, story.Options{AsOf: t.At})
	return t, err
}

// Case tells one case as it stands now. Erased are the numbers of its records
// whose text is gone.
//
// CodeNotFound: the log has no record of it, or nothing but their leaves.
func (a Archive) Case(ctx context.Context, id string) (told story.Case, erased []int, err error) {
	records, erased, err := RecordsOf(ctx, a.Records, audit.Query{Case: id})
	if err != nil {
		return story.Case{}, nil, err
	}
	if len(records) == 0 && len(erased) > 0 {
		return story.Case{}, nil, lastday.Errorf(lastday.CodeNotFound, "report", "all records of case %s were erased", id)
	}
	if len(records) == 0 || id == audit.CaseLog {
		return story.Case{}, nil, lastday.Errorf(lastday.CodeNotFound, "report", "the log has no record of case %s", id)
	}
	told, err = story.Of(records, story.Options{AsOf: a.Parts.deps.Now()})
	return told, erased, err
}

// Report writes the page of a case.
func (a Archive) Report(ctx context.Context, w io.Writer, told story.Case, erased []int) error {
	proofs, err := a.Proofs(ctx, erased)
	if err != nil {
		return err
	}
	return report.Case(w, told, proofs)
}

// Proofs say how a page can be checked.
func (a Archive) Proofs(ctx context.Context, erased []int) (report.Proofs, error) {
	return Sealer{Parts: a.Parts, Records: a.Records, By: a.By}.Proofs(ctx, erased)
}

package test

import (
	"slices"
	"strings"
	"testing"

	"go.temporal.io/sdk/converter"

	"lastday"
	"lastday/activities"
	"lastday/audit"
	"lastday/audit/bundle"
	"lastday/internal/replay"
)

// histories are the sealed histories of a bundle, in their order.
func histories(v bundle.Verdict) []bundle.File {
	var files []bundle.File
	for name, text := range v.Files {
		if bundle.IsHistory(name) {
			files = append(files, bundle.File{Name: name, Data: text})
		}
	}
	slices.SortFunc(files, func(a, b bundle.File) int { return strings.Compare(a.Name, b.Name) })
	return files
}

// rewrite changes a record where the history hands it over to be written.
func rewrite(t *testing.T, f bundle.File, change func(*lastday.Record)) bundle.File {
	t.Helper()
	run, err := replay.Read(f.Data)
	must(t, err)
	data := converter.GetDefaultDataConverter()
	for _, event := range run.History.GetEvents() {
		scheduled := event.GetActivityTaskScheduledEventAttributes()
		if scheduled.GetActivityType().GetName() != "Record" {
			continue
		}
		var in activities.RecordInput
		must(t, data.FromPayloads(scheduled.GetInput(), &in))
		for i := range in.Records {
			change(&in.Records[i])
		}
		scheduled.Input, err = data.ToPayloads(in)
		must(t, err)
	}
	text, err := run.Write()
	must(t, err)
	return bundle.File{Name: f.Name, Data: text}
}

// foundBy says whether one of the checks found the problem, and the words in
// what it says.
func foundBy(checks []bundle.Check, p audit.Problem, words string) bool {
	return slices.ContainsFunc(checks, func(c bundle.Check) bool {
		return slices.ContainsFunc(c.Found, func(f audit.Finding) bool { return f.Problem == p && strings.Contains(f.What, words) })
	})
}

// Who holds the key and the store of the records can write other records into
// both the log and the histories. Temporal's replay does not compare what
// activities are called with: the code must be heard itself.
func TestARecordThatTheCaseDidNotGiveOutIsFound(t *testing.T) {
	t.Parallel()
	h := newHouse(t, setup{})
	h.startWorker()
	h.leaves()
	h.ends()
	v := h.verify(h.bundle("closed"))
	if !v.Clean() {
		t.Fatalf("%+v", v.Checks)
	}
	forge := func(r *lastday.Record) {
		if r.Verified != nil {
			r.Verified.Control.Evidence = "we looked twice"
		}
	}
	forged, files := slices.Clone(v.Records), histories(v)
	for i := range forged {
		if forged[i].Verified != nil {
			fact := *forged[i].Verified
			forged[i].Verified = &fact
		}
		forge(&forged[i])
	}
	for i := range files {
		files[i] = rewrite(t, files[i], forge)
	}
	if !foundBy(replay.Check(t.Context(), files, forged, *v.Sealed), audit.Changed, "not what the case gives out") {
		t.Error("records that the case never gave out pass")
	}
}

func TestRecordsThatAreMissingAtTheEndAreFound(t *testing.T) {
	t.Parallel()
	h := newHouse(t, setup{})
	h.startWorker()
	h.leaves()
	h.ends()
	v := h.verify(h.bundle("closed"))
	sealed := *v.Sealed
	sealed.Last -= 2
	checks := replay.Check(t.Context(), histories(v), v.Records[:sealed.Last], sealed)
	if !foundBy(checks, audit.Missing, "not in the log") {
		t.Errorf("%+v", checks)
	}
}

// Where nothing is left of a case but erased records, only the histories say
// whose they are.
func TestHistoriesOfAnotherCaseAreNoEvidence(t *testing.T) {
	t.Parallel()
	h := newHouse(t, setup{})
	h.startWorker()
	h.leaves()
	h.ends()
	v := h.verify(h.bundle("closed"))
	sealed := *v.Sealed
	sealed.Of = "c-another"
	for name, records := range map[string][]lastday.Record{"erased": nil, "kept": v.Records} {
		if !foundBy(replay.Check(t.Context(), histories(v), records, sealed), audit.Misplaced, "not of case c-another") {
			t.Errorf("%s records: histories of %s pass for another case", name, v.Case)
		}
	}
}

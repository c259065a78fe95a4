package test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lastday/audit/population"
	"lastday/audit/stats"
)

// closedHouse is a house whose only case is closed and sealed.
func closedHouse(t *testing.T, s setup) *house {
	t.Helper()
	h := newHouse(t, s)
	h.startWorker()
	h.leaves()
	h.ends()
	h.bundle("closed")
	return h
}

// period are flags for the days until today.
func period(more ...string) []string {
	return append([]string{"--from", inDays(-3).String(), "--to", inDays(0).String()}, more...)
}

// leaversOf writes HR's list of who left today.
func (h *house) leaversOf(name string, people ...string) string {
	text := "person_id,engagement_id,what,worker_type,last_day,time_zone\n"
	for i, person := range people {
		text += fmt.Sprintf("%s,ctr-%d,immediate,contractor,%s,Europe/Berlin\n", person, i+1, inDays(0))
	}
	return h.put(name, text)
}

// swept sweeps for a list and keeps what the command writes.
func (h *house) swept(name, leavers string) string {
	out, _ := h.lastday(0, "--json", "sweep", "--cases", "--leavers", leavers)
	return h.put(name, out)
}

// decode reads what the command writes for machines.
func decode[T any](t *testing.T, text string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return v
}

func TestAClosedCaseIsReportedAndCounted(t *testing.T) {
	t.Parallel()
	h := closedHouse(t, setup{})
	page := filepath.Join(h.dir, "case.html")
	h.lastday(0, "report", h.caseID(), "--out", page)
	h.says(h.read("case.html"), "<!doctype html", leaverName, h.caseID(), "lastday verify")
	out, _ := h.lastday(0, append([]string{"report"}, period("--zone", "Europe/Berlin")...)...)
	h.says(out, "<!doctype html", h.caseID())
	_, trouble := h.lastday(1, "report", "c-nobody")
	h.says(trouble, "no record of case c-nobody")
	h.lastday(2, "report")
	h.lastday(2, "report", h.caseID(), "--from", "2026-01-01")

	out, _ = h.lastday(0, append([]string{"--json", "stats"}, period()...)...)
	if s := decode[stats.Stats](t, out); s.Cases != 1 || s.Closed != 1 || s.Cut.N != 1 || s.Shares.Observed == 0 {
		t.Errorf("%+v", s)
	}
	out, _ = h.lastday(0, "--json", "stats", "--to", inDays(-3).String())
	if s := decode[stats.Stats](t, out); s.Cases != 0 {
		t.Errorf("before the period: %+v", s)
	}
	out, _ = h.lastday(0, "stats")
	h.says(out, "due and told → verified", systemName)
	out, _ = h.lastday(0, "--json", "stats", "--months")
	if all := decode[[]stats.Month](t, out); len(all) != 1 || all[0].Stats.Cases != 1 {
		t.Errorf("%+v", all)
	}
	h.lastday(2, "stats", "--from", "yesterday")
}

func TestAPopulationIsCompleteOrSaysWhoIsMissing(t *testing.T) {
	t.Parallel()
	h := closedHouse(t, setup{})
	all, more := h.leaversOf("all.csv", h.person.Key), h.leaversOf("more.csv", h.person.Key, "p-forgotten")
	swept := h.swept("swept.json", all)
	folder := filepath.Join(h.dir, "population")
	out, _ := h.lastday(0, append([]string{"population"}, period("--leavers", all, "--enabled", swept, "--out", folder)...)...)
	h.says(out, "COMPLETE", "matched")
	frozen := decode[population.Result](t, h.read("population/population.json"))
	if !frozen.Complete || len(frozen.Rows) != 1 || frozen.Rows[0].Case != h.caseID() || len(frozen.Lists) != 3 {
		t.Errorf("%+v", frozen)
	}
	h.says(h.read("population/SHA256SUMS"), fmt.Sprintf("%x  population.csv", sha256.Sum256([]byte(h.read("population/population.csv")))))

	for want, args := range map[string][]string{
		"p-forgotten (engagement ctr-2) left":         {"--leavers", more, "--enabled", swept},
		"it did not look for 1 of the 2 who left":     {"--leavers", more, "--enabled", swept, "--json"},
		"no sweep was given":                          {"--leavers", all},
		h.person.Key + " (engagement ctr-1) has case": {"--leavers", h.leaversOf("none.csv", "p-other"), "--enabled", swept},
	} {
		out, trouble := h.lastday(1, append([]string{"population", "--out", folder}, period(args...)...)...)
		h.says(out+trouble, want, "not complete")
	}
	_, trouble := h.lastday(1, append([]string{"population", "--source", "people", "--out", folder}, period()...)...)
	h.says(trouble, "export the leavers")

	h.giveBack()
	found, _ := h.lastday(1, "--json", "sweep", "--cases", "--leavers", all)
	out, _ = h.lastday(1, append([]string{"population", "--out", folder}, period("--leavers", all, "--enabled", h.put("found.json", found))...)...)
	h.says(out, "NOT COMPLETE", "still has "+h.accountID())
}

// unpack reads all files of a zip.
func unpack(t *testing.T, data []byte) map[string][]byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	must(t, err)
	files := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		must(t, err)
		files[f.Name], err = io.ReadAll(r)
		must(t, err)
	}
	return files
}

func TestASampleIsDrawnAgainAndItsPackIsEvidence(t *testing.T) {
	t.Parallel()
	h := closedHouse(t, setup{})
	h.lastday(0, "seal", h.caseID())
	folder, pack := filepath.Join(h.dir, "population"), filepath.Join(h.dir, "pack.zip")
	list := h.leaversOf("all.csv", h.person.Key, "p-forgotten")
	h.lastday(1, append([]string{"population", "--out", folder}, period("--leavers", list)...)...)
	frozen := filepath.Join(folder, "population.json")
	out, trouble := h.lastday(1, "sample", "--n", "5", "--seed", "4711", "--population", frozen, "--out", pack)
	h.says(out+trouble, "sha256sum -c", "THE POPULATION IS NOT COMPLETE", "p-forgotten: there is no case", "evidence is missing for 1 of 2")

	files := unpack(t, []byte(h.read("pack.zip")))
	sums := string(files["SHA256SUMS"])
	for name, data := range files {
		if line := fmt.Sprintf("%x  %s\n", sha256.Sum256(data), name); name != "SHA256SUMS" && !strings.Contains(sums, line) {
			t.Errorf("%s is not in the list of digests", name)
		}
	}
	if string(files["population.json"]) != h.read("population/population.json") {
		t.Error("the population in the pack is another one")
	}
	if newest := h.read("lastday-bundles/" + h.caseID() + "-002-by-hand.zip"); string(files["bundles/"+h.caseID()+".zip"]) != newest {
		t.Error("the bundle in the pack is not the newest")
	}
	if v := h.verify(files["bundles/"+h.caseID()+".zip"]); !v.Clean() || !v.Sealed.Final {
		t.Errorf("%+v", v.Checks)
	}
	h.says(string(files["reports/"+h.caseID()+".html"]), leaverName)
	again := filepath.Join(h.dir, "again.zip")
	h.lastday(1, "sample", "--n", "5", "--seed", "4711", "--population", h.put("frozen.json", string(files["population.json"])), "--out", again)
	if first, second := rowsOf(t, files), rowsOf(t, unpack(t, []byte(h.read("again.zip")))); first != second {
		t.Errorf("drawn %s, then %s", first, second)
	}
	h.lastday(2, "sample", "--n", "5", "--population", frozen, "--out", pack)
}

// rowsOf are the people of a pack, in their order.
func rowsOf(t *testing.T, files map[string][]byte) string {
	t.Helper()
	var people []string
	for _, r := range decode[struct{ Rows []population.Row }](t, string(files["sample.json"])).Rows {
		people = append(people, r.Person)
	}
	return strings.Join(people, " ")
}

func TestEventsReachSecurityToolsAndNameNobody(t *testing.T) {
	t.Parallel()
	h := closedHouse(t, setup{extra: "siem: [{kind: file, format: ecs, config: {path: \"{dir}/events.jsonl\"}}]\n"})
	out, _ := h.lastday(0, "siem", "--format", "ecs")
	eventually(t, 30*time.Second, "all events in the file", func() bool {
		text, err := os.ReadFile(filepath.Join(h.dir, "events.jsonl"))
		return err == nil && string(text) == out
	})
	if n := strings.Count(out, "\n"); n < 10 || strings.Contains(out, leaverName) || strings.Contains(out, leaverEmail) {
		t.Errorf("%d events, or they name the person", n)
	}
	h.says(out, "access-revoked", h.caseID())
	later, _ := h.lastday(0, "siem", "--format", "ecs", "--from", "5")
	if !strings.HasSuffix(out, later) || later == out {
		t.Error("from the fifth entry on is not the end of all")
	}
	later, _ = h.lastday(0, "siem", "--format", "ecs", "--from", inDays(2).String())
	if later != "" {
		t.Errorf("of the future: %s", later)
	}
	eventually(t, 30*time.Second, "that nothing waits", func() bool {
		text, _ := h.lastday(0, "--json", "siem", "--status")
		all := decode[[]struct{ Next, Lag int64 }](t, text)
		return len(all) == 1 && all[0].Lag == 0 && all[0].Next > 0
	})
	h.lastday(2, "siem", "--format", "cef")
	h.lastday(2, "siem", "--from", "soon")
}

func TestAByteOfTheDatabaseIsFound(t *testing.T) {
	t.Parallel()
	h := closedHouse(t, setup{extra: "records: {checkpoints: [{kind: file, config: {name: away, path: \"{dir}/away.jsonl\"}}]}\n"})
	key := filepath.Join(h.dir, "lastday-records.key.pub")
	out, _ := h.lastday(0, "records", "checkpoint")
	h.says(out, "lastday\n", "away", "signed ")
	h.worker.stop()
	out, _ = h.lastday(0, "records", "verify", "--key", key)
	h.says(out, "nothing is wrong", "0 erased")
	checkpoint := decode[struct{ Checkpoint string }](t, first(h.lastday(0, "--json", "records", "checkpoint"))).Checkpoint
	out, _ = h.lastday(0, "records", "verify", "--key", key, "--elsewhere", h.put("elsewhere.txt", checkpoint))
	_, trouble := h.lastday(1, "records", "verify", "--key", key, "--elsewhere", h.put("page.html", "<html>"))
	h.says(trouble, "--elsewhere page.html")
	if strings.Contains(trouble, "not what was signed") {
		t.Errorf("the log is blamed for a file that is no checkpoint: %s", trouble)
	}
	h.says(out, "nothing is wrong")

	sound := h.read("lastday-records.db")
	if !strings.Contains(sound, `"outcome":"answered_for"`) {
		t.Fatal("the closing record is not in the file")
	}
	h.put("lastday-records.db", strings.Replace(sound, `"outcome":"answered_for"`, `"outcome":"answered_fOr"`, 1))
	out, trouble = h.lastday(1, "records", "verify", "--key", key)
	h.says(out+trouble, "changed", h.caseID(), "not what was signed")
	h.put("lastday-records.db", sound)
	h.lastday(0, "records", "verify", "--key", key)

	other := filepath.Join(h.dir, "other.key")
	h.lastday(0, "records", "key", "--origin", "lastday", "--out", other)
	out, _ = h.lastday(1, "records", "verify", "--key", other+".pub")
	h.says(out, "unsigned")
	h.lastday(1, "records", "key", "--origin", "lastday", "--out", other)
	must(t, os.Remove(filepath.Join(h.dir, "lastday-records.db")))
	_, trouble = h.lastday(1, "records", "verify", "--key", key)
	h.says(trouble, "there is no log to read")
}

func first(out, _ string) string { return out }

func TestAPersonIsErasedUnlessALegalHoldForbidsIt(t *testing.T) {
	t.Parallel()
	h := closedHouse(t, setup{encrypt: true})
	if !h.kept(leaverName) {
		t.Fatal("the name is nowhere: this test cannot fail")
	}
	erase := []string{"records", "erase", "--person", h.person.Key, "--reason", "asked for it"}
	h.lastday(0, "records", "hold", "--id", "matter-1", "--case", h.caseID(), "--reason", "lawsuit")
	out, _ := h.lastday(0, "records", "holds")
	h.says(out, "matter-1", h.caseID())
	_, trouble := h.lastday(1, erase...)
	h.says(trouble, "legal hold matter-1")
	if !h.kept(leaverName) || len(h.sealed()) == 0 {
		t.Error("a legal hold did not keep what it covers")
	}
	h.lastday(0, "records", "unhold", "--id", "matter-1", "--reason", "settled")

	out, _ = h.lastday(0, erase...)
	h.says(out, "records erased", "bundle removed")
	if left := h.sealed(); len(left) > 0 {
		t.Errorf("bundles left: %v", left)
	}
	for _, word := range []string{leaverName, leaverEmail} {
		if h.kept(word) {
			t.Errorf("%s is still in the files of the log", word)
		}
	}
	out, _ = h.lastday(0, "records", "verify")
	h.says(out, "nothing is wrong", "1 erased")
	page, _ := h.lastday(0, "report", h.caseID())
	if strings.Contains(page, leaverName) || !strings.Contains(page, h.person.Key) {
		t.Error("the report still names the person, or does not know the case")
	}
	_, trouble = h.lastday(1, "seal", h.caseID())
	h.says(trouble, "were erased")
	out, _ = h.lastday(0, "seal", "--missing")
	h.says(out, "gets no bundle any more", "0 bundles were missing")
	_, trouble = h.lastday(1, "records", "erase", "--person", "p-nobody", "--reason", "asked for it")
	h.says(trouble, "nothing that could be erased")
	h.lastday(2, "records", "erase", "--person", h.person.Key)
}

// kept says whether a text stands anywhere in the files of the log.
func (h *house) kept(text string) bool {
	h.t.Helper()
	files, err := filepath.Glob(filepath.Join(h.dir, "lastday-records.db*"))
	must(h.t, err)
	for _, f := range files {
		if strings.Contains(h.read(filepath.Base(f)), text) {
			return true
		}
	}
	return false
}

// sealed are the bundles in the house's folder.
func (h *house) sealed() []string {
	h.t.Helper()
	found, err := filepath.Glob(filepath.Join(h.dir, "lastday-bundles", "*.zip"))
	must(h.t, err)
	return found
}

func TestABundleThatWasLostIsMadeAgain(t *testing.T) {
	t.Parallel()
	h := closedHouse(t, setup{})
	out, _ := h.lastday(0, "seal", "--missing")
	h.says(out, "0 bundles were missing")
	for _, path := range h.sealed() {
		must(t, os.Remove(path))
	}
	out, _ = h.lastday(0, "seal", "--missing")
	h.says(out, h.caseID(), "1 bundles were missing and are made")
	key := filepath.Join(h.dir, "lastday-records.key.pub")
	h.lastday(0, "verify", "--key", key, "--skew", "1m", "--late", "2h", h.sealed()[0])
	h.lastday(2, "seal")
}

func TestWhatWasKeptLongEnoughGoesWithItsBundles(t *testing.T) {
	t.Parallel()
	h := closedHouse(t, setup{extra: "records: {retention: {subject: 1d, default: 7y}}\n"})
	out, _ := h.lastday(0, "records", "retain", "--dry-run")
	h.says(out, "subject", "1 days", "2556 days", "0 records would be erased")
	out, _ = h.lastday(0, "records", "retain")
	h.says(out, "0 records erased")
	if len(h.sealed()) == 0 || !h.kept(leaverName) {
		t.Error("erased before its time")
	}
}

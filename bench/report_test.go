package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func measured() report {
	s := section{Name: "cut", Title: "Cut now", How: "By hand.", Note: "Once.", Took: "1s"}
	s.add("ratio", 1.2345, "×", "ours over theirs")
	s.add("calls", 12345, "", "all of them")
	return report{Machine: machine{Date: "2026-11-22", Cores: 2, Memory: 24, System: "linux/amd64", Go: "go1", Server: "server 1"}, Sections: []section{s}}
}

func TestNumbersShowWhatCounts(t *testing.T) {
	for value, want := range map[float64]string{
		0: "0", 7: "7", 0.2345: "0.23", 1.266: "1.27", 12.34: "12.3", 999.6: "1,000", 1234567.8: "1,234,568", -1234.5: "-1,234",
	} {
		if got := threeDigits(value); got != want {
			t.Errorf("%v is shown as %q, want %q", value, got, want)
		}
	}
}

func TestEveryNumberSaysWhatItIs(t *testing.T) {
	var printed bytes.Buffer
	if err := measured().deliver(options{}, &printed); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"printed": printed.String(), "page": string(measured().page(""))} {
		for _, want := range []string{"2026-11-22, 2 cores, 24 GiB, linux/amd64, go1, server 1", "By hand.", "1.23 ×", "ours over theirs", "12,345", "all of them", "Once."} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: %q is missing in\n%s", name, want, text)
			}
		}
	}
}

func TestAQuickRunSaysSo(t *testing.T) {
	full := machine{}
	quick := machine{Quick: true}
	if strings.Contains(full.String(), "noise") || !strings.Contains(quick.String(), "noise") {
		t.Errorf("full: %s\nquick: %s", full, quick)
	}
}

func TestPartsThatWereNotMeasuredStayOnThePage(t *testing.T) {
	first := measured()
	first.Sections = append(first.Sections, section{Title: "Memory", How: "Long ago."})
	second := measured()
	second.Sections[0].How = "By machine."
	page := string(second.page(string(first.page(""))))
	if strings.Contains(page, "By hand.") || strings.Count(page, "## Cut now") != 1 || !strings.Contains(page, "By machine.") {
		t.Errorf("the old numbers were not replaced:\n%s", page)
	}
	if !strings.Contains(page, "## Memory\n\nLong ago.") {
		t.Errorf("what was not measured is gone:\n%s", page)
	}
	if again := string(second.page(page)); again != page {
		t.Errorf("writing the same again makes another page:\n%s", again)
	}
}

func TestReportIsWrittenAsPageAndAsJSON(t *testing.T) {
	page := filepath.Join(t.TempDir(), "benchmarks.md")
	if err := measured().save(options{write: page}); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(page); err != nil || !strings.Contains(string(text), "## Cut now") {
		t.Errorf("%v: %s", err, text)
	}
	var out bytes.Buffer
	if err := measured().deliver(options{json: true}, &out); err != nil {
		t.Fatal(err)
	}
	var back report
	if err := json.Unmarshal(out.Bytes(), &back); err != nil || back.Sections[0].Numbers[0] != measured().Sections[0].Numbers[0] {
		t.Errorf("%v: %s", err, out.String())
	}
}

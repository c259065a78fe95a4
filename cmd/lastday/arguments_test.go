package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestACommandThatIsUsedWronglySaysHowItIsUsed(t *testing.T) {
	for _, tc := range []struct{ line, says string }{
		{"verify", "lastday verify BUNDLE.zip"},
		{"verify a.zip b.zip --key k", "lastday verify BUNDLE.zip"},
		{"replay", "lastday replay CASE"},
		{"status a b", "lastday status"},
		{"stats c-1", "lastday stats"},
		{"hold", "name the case"},
		{"bogus", `there is no command "bogus"; see lastday --help`},
		{"link bogus", `there is no command "bogus"; see lastday link --help`},
		{"records bogus", "lastday records --help"},
		{"sweep bogus", "lastday sweep"},
		{"sweep schedule bogus", "lastday sweep schedule --help"},
	} {
		t.Run(tc.line, func(t *testing.T) {
			var out, trouble bytes.Buffer
			code := run(t.Context(), strings.Fields(tc.line), world{out: &out, err: &trouble})
			if code != 2 || !strings.Contains(trouble.String(), tc.says) {
				t.Errorf("exit code %d, %q", code, trouble.String())
			}
		})
	}
}

func TestACommandThatOnlyHoldsOthersShowsThem(t *testing.T) {
	for line, says := range map[string]string{"": "population", "link": "import", "records": "checkpoint", "sweep schedule": "pause"} {
		var out, trouble bytes.Buffer
		if code := run(t.Context(), strings.Fields(line), world{out: &out, err: &trouble}); code != 0 || !strings.Contains(out.String(), says) {
			t.Errorf("%q: exit code %d, %q, %q", line, code, out.String(), trouble.String())
		}
	}
}

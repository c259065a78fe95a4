package audit_test

import (
	"slices"
	"testing"

	"lastday"
	"lastday/audit"
)

func TestIndexesAreWrittenShortlyAndReadAgain(t *testing.T) {
	for text, indexes := range map[string][]int64{
		"7":           {7},
		"0-2":         {0, 1, 2},
		"0,2,4-6,900": {0, 2, 4, 5, 6, 900},
	} {
		if got := audit.FormatIndexes(indexes); got != text {
			t.Errorf("got %q, want %q", got, text)
		}
		if got, err := audit.ParseIndexes(text); err != nil || !slices.Equal(got, indexes) {
			t.Errorf("%q: got %v, %v", text, got, err)
		}
	}
	if got := audit.FormatIndexes(nil); got != "" {
		t.Errorf("got %q", got)
	}
}

func TestIndexesThatMakeNoSenseAreRefused(t *testing.T) {
	for _, text := range []string{"", "a", "-3", "3-", "5-3", "3,3", "4,2", "1,,2", "0-1048576", "0-1000000,1000002-2000000", "0-9223372036854775807", "99999999999999999999"} {
		if got, err := audit.ParseIndexes(text); lastday.CodeOf(err) != lastday.CodeInvalid {
			t.Errorf("%q: got %d, %v", text, len(got), err)
		}
	}
}

func FuzzParseIndexes(f *testing.F) {
	f.Add("0,2,4-6")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := audit.ParseIndexes(text)
		if err != nil {
			return
		}
		if again, err := audit.ParseIndexes(audit.FormatIndexes(got)); err != nil || !slices.Equal(got, again) {
			t.Errorf("%q: %v is read again as %v, %v", text, got, again, err)
		}
	})
}

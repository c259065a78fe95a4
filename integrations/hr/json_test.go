package hr

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lastday"
)

func TestParseJSONKeepsNumbersAsText(t *testing.T) {
	got, err := ParseJSON([]byte(` {"id":9007199254740993,"list":[true,null,"ü\ud83d\ude00"],"o":{}} `))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"id": json.Number("9007199254740993"), "list": []any{true, nil, "ü😀"}, "o": map[string]any{}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestParseJSONRefusesWhatTwoReadersCouldReadInTwoWays(t *testing.T) {
	for name, v := range map[string]struct{ body, tells string }{
		"nothing":                   {"", "not JSON"},
		"not JSON":                  {"leaver: yes", "not JSON"},
		"cut off":                   {`{"a":[1,`, "a[1]"},
		"a key twice":               {`{"data":{"lastDay":"2026-12-18","lastDay":"2027-12-18"}}`, "data.lastDay: given twice"},
		"a key twice by an escape":  {`{"a":1,"\u0061":2}`, "a: given twice"},
		"a key twice in an array":   {`[{"a":1},{"b":1,"b":2}]`, "[1].b: given twice"},
		"two values":                {`{} {}`, "behind"},
		"text behind it":            {`{}x`, "behind"},
		"invalid UTF-8":             {"{\"name\":\"M\xfcller\"}", "UTF-8"},
		"half a character":          {`{"a":"\ud83d"}`, "half a character"},
		"the other half":            {`{"a":"\ude00\ud83d"}`, "half a character"},
		"half behind a backslash":   {`{"a":"\\\ud83d"}`, "half a character"},
		"half and another escape":   {`{"a":"\ud83d\n"}`, "half a character"},
		"half at the end":           {`"\ud83d`, "half a character"},
		"deep arrays":               {strings.Repeat("[", 100_000), "deeper than 32"},
		"deep objects":              {strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40), "deeper than 32"},
		"an address as a bad key":   {`{"mara@example.com":1,"mara@example.com":2}`, "not shown"},
		"a number that is not JSON": {`{"a":01}`, "not JSON"},
		"not a number":              {`{"a":NaN}`, "not JSON"},
	} {
		_, err := ParseJSON([]byte(v.body))
		if lastday.CodeOf(err) != lastday.CodeInvalid || !strings.Contains(err.Error(), v.tells) {
			t.Errorf("%s: %v, want invalid and %q", name, err, v.tells)
		}
		if err != nil && (strings.Contains(err.Error(), "mara@") || len(err.Error()) > 500) {
			t.Errorf("%s: the error shows too much: %v", name, err)
		}
	}
}

func TestParseJSONTakesAnEscapedBackslashBeforeAU(t *testing.T) {
	if _, err := ParseJSON([]byte(`{"a":"C:\\ud83d"}`)); err != nil {
		t.Error(err)
	}
}

func TestParseJSONTakesThirtyTwoLevels(t *testing.T) {
	if _, err := ParseJSON([]byte(strings.Repeat("[", 32) + "1" + strings.Repeat("]", 32))); err != nil {
		t.Error(err)
	}
}

// What we accept, the standard library must read in the same way.
func FuzzParseJSON(f *testing.F) {
	for _, seed := range []string{`{"a":[1,{"b":"\ud83d\ude00"}]}`, `[[[]]]`, `"\u00e9\\u"`, `1e400`, `{"a":1,"a":2}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := ParseJSON(body)
		if err != nil {
			if lastday.CodeOf(err) != lastday.CodeInvalid {
				t.Fatalf("code of %v", err)
			}
			return
		}
		d := json.NewDecoder(strings.NewReader(string(body)))
		d.UseNumber()
		var want any
		if err := d.Decode(&want); err != nil {
			t.Fatalf("the standard library refuses it: %v", err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

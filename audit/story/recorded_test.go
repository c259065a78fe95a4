package story_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"lastday"
	"lastday/audit/story"
	"lastday/audit/story/storytest"
)

// recorded reads a story that the Case workflow itself recorded, in Temporal's
// test environment. There the times of readings are those of the machine and not
// of the story: these tests ask for no times.
func recorded(t *testing.T, name string) []lastday.Record {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name+".jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var all []lastday.Record
	for line := range bytes.Lines(text) {
		r, err := lastday.ParseRecord(bytes.TrimSpace(line))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

func TestStoriesThatACaseRecordedAreToldAsTheyEnded(t *testing.T) {
	for name, c := range map[string]struct {
		word                            story.Word
		gone, waived, exceptions, shown int
	}{
		"steps-down":            {story.Proven, 4, 0, 0, 2},
		"cut-now":               {story.Proven, 2, 0, 0, 2},
		"late-news":             {story.Proven, 2, 0, 0, 1},
		"came-back":             {story.Proven, 1, 0, 0, 1},
		"cut-overtakes-rescind": {story.Proven, 2, 0, 0, 2},
		"rescinded":             {story.Rescinded, 0, 0, 0, 0},
		// A person gave up on the whole system, twice: once at each stage.
		"lost-right-waived": {story.AnsweredFor, 1, 1, 2, 1},
		// What is behind a waived gap is waived, and never gone.
		"waived-gap": {story.AnsweredFor, 0, 1, 1, 0},
		// The reading that contradicted the attestation was followed by one that shows it gone.
		"attestation-contradicted": {story.Proven, 1, 0, 1, 1},
		"answered-for":             {story.AnsweredFor, 0, 0, 3, 0},
	} {
		t.Run(name, func(t *testing.T) {
			got := tell(t, recorded(t, name))
			if got.Verdict.Word != c.word || got.Accesses(story.Gone) != c.gone || got.Accesses(story.Waived) != c.waived || len(got.Exceptions) != c.exceptions || got.Clocks.Shown != c.shown {
				t.Errorf("%s: %d gone, %d waived, %d exceptions, %d systems shown; %q", got.Verdict.Word, got.Accesses(story.Gone), got.Accesses(story.Waived), len(got.Exceptions), got.Clocks.Shown, got.Unproved)
			}
		})
	}
}

func TestAnAnswerThatAReadingOvertookCarriesNothingAnyMore(t *testing.T) {
	c := tell(t, recorded(t, "attestation-contradicted"))
	if len(c.Exceptions) != 1 || !c.Exceptions[0].Overtaken {
		t.Errorf("got %+v", c.Exceptions)
	}
	if c := tell(t, recorded(t, "lost-right-waived")); c.Exceptions[0].Overtaken || c.Exceptions[0].By != "ann" {
		t.Errorf("nothing overtook it: %+v", c.Exceptions)
	}
}

func TestACaseIsReadAgainAsItWasWritten(t *testing.T) {
	for _, teller := range storytest.Stories() {
		want := tell(t, teller.Records())
		text, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got story.Case
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: %s", want.ID, diff)
		}
	}
}

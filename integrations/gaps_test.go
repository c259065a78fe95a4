package integrations

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"lastday"
)

func TestGapsAboutTheSameKindAreOne(t *testing.T) {
	got := mergeGaps([]lastday.Gap{
		{System: "a", Kind: "key", Why: "no permission", Fix: "grant it"},
		{System: "a", Kind: "token", Why: "apps only"},
		{System: "a", Kind: "key", Why: "list keys: denied", Fix: "grant it"},
		{System: "b", Kind: "key", Why: "another system"},
		{System: "a", Kind: "key", Why: "no permission"},
	})
	want := []lastday.Gap{
		{System: "a", Kind: "key", Why: "no permission; list keys: denied", Fix: "grant it"},
		{System: "a", Kind: "token", Why: "apps only"},
		{System: "b", Kind: "key", Why: "another system"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if mergeGaps(nil) != nil {
		t.Error("gaps out of nothing")
	}
}

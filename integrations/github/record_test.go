package github

import (
	"flag"
	"testing"

	"lastday/integrations/github/githubtest"
)

// With -args -record DIR the tests that plant no fault leave what they
// exchanged for the contract check:
//
//	go test ./integrations/github -run 'Leaver|Enterprise|Managed|Server|Block|Pending|Copilot|Outside|Custom|ByVerified|ByIdentity|ToTheOrg|IsLeft|IsDemoted' -args -record DIR
var record = flag.String("record", "", "folder for recordings of what the tests exchange")

func recordTo(tb testing.TB, server *githubtest.Server) {
	tb.Helper()
	if *record == "" {
		return
	}
	tb.Cleanup(func() {
		if err := server.Record(*record); err != nil {
			tb.Errorf("record: %v", err)
		}
	})
}

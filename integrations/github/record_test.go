package github

import (
	"flag"

	"lastday/integrations/github/githubtest"
)

// With -args -record DIR the tests leave what they exchanged for the contract
// check, all but those about the size of a company, which exchange the same
// many times over:
//
//	go test ./integrations/github -count=1 -args -record DIR
var record = flag.String("record", "", "folder for recordings of what the tests exchange")

// recorder is what recording needs of a test.
type recorder interface {
	Cleanup(func())
	Errorf(format string, args ...any)
}

func recordTo(t recorder, server *githubtest.Server) {
	if *record == "" {
		return
	}
	t.Cleanup(func() {
		if err := server.Record(*record); err != nil {
			t.Errorf("record: %v", err)
		}
	})
}

// Command contract holds recorded calls between a client and the stateful server of package githubtest against the
// descriptions that GitHub itself publishes. It keeps both honest: the client, because a wrong path, parameter or body is
// found; and the server, because an answer GitHub does not document is found.
//
// Usage, from the root of the tree:
//
//	go test ./integrations/github/githubtest -count=1 -run TestRecordingCoversEveryEndpoint -args -record "$PWD/.cache/contract/record"
//	go test ./integrations/github -count=1 -args -record "$PWD/.cache/contract/record"
//	go run -C integrations/github/contract . -record "$PWD/.cache/contract/record" -cache "$PWD/.cache/contract/cache"
//
// which is what "make contract" does. The first records a call of every endpoint that is served, the second all that the
// driver's own tests exchange, the conformance suite included. Where a test planted the answer (a fault), the request is
// checked and the answer is not. Left out are the tests about the size of a company, whose calls are the same many times
// over. A recording is appended to, so empty the folder first; it takes about 600 MB. All recordings belong together: an
// exception that is needed for one of them matches nothing in the others.
//
// The flags are
//
//	-record  folder with recordings: every *.jsonl file in it, as Server.Record writes them
//	-cache   folder for the descriptions; they are fetched once, with "npm pack" and a pinned version
//	-v       also print every use of an exception
//
// The descriptions are the npm packages @octokit/openapi (https://github.com/octokit/openapi, ghec.json for Enterprise
// Cloud, ghes-3.19.json for what exists on Enterprise Server only) and @octokit/graphql-schema
// (https://github.com/octokit/graphql-schema, schema.graphql). They are not kept in this tree: the first is some hundred
// megabytes unpacked. The program trims it to the paths that were called.
//
// It prints a table (route, requests, verdict), then each violation, and ends with status 1 if there is any. What GitHub
// does but does not describe is in exceptions.go, each entry with its reason; an entry that matches no call is a
// violation too, so the list cannot rot.
//
// This is a module of its own because the validators pull in modules that no part of the product needs, and a worker's
// dependency graph is worth keeping small. Consequently "go test ./..." at the root does not run it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
)

// options are the flags.
type options struct {
	record  string
	cache   string
	verbose bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var o options
	flag.StringVar(&o.record, "record", "", "folder with recordings (*.jsonl)")
	flag.StringVar(&o.cache, "cache", "", "folder for the published descriptions")
	flag.BoolVar(&o.verbose, "v", false, "print every use of an exception")
	flag.Parse()
	if err := run(ctx, o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "contract:", err)
		stop()
		os.Exit(1) //nolint:gocritic // stop was called
	}
}

// run fetches the descriptions if need be, checks every recorded call and prints the report.
func run(ctx context.Context, o options, out io.Writer) error {
	if o.record == "" || o.cache == "" {
		return errors.New("both -record and -cache are required")
	}
	calls, err := readCalls(o.record)
	if err != nil {
		return err
	}
	files, err := fetch(ctx, o.cache)
	if err != nil {
		return err
	}
	rest, err := loadREST(ctx, files, calls)
	if err != nil {
		return err
	}
	graph, err := loadGraphQL(files.graphql)
	if err != nil {
		return err
	}
	return judge(ctx, calls, rest, graph, exceptions()).print(out, o.verbose)
}

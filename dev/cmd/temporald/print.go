package main

import (
	"flag"
	"fmt"
	"io"
	"strings"

	"lastday/dev/temporald"
)

const usage = `temporald runs a Temporal server and its web UI in one process, for development, demonstrations and tests.

Usage:
  temporald [server start-dev] [flags]
  temporald --version

State is kept in memory unless --db-filename names a file. A file can be opened again only by the minor version of the
server that made it. The server listens on 127.0.0.1; other addresses need --allow-remote.

Flags (those marked * may be given more than once):
`

func printHelp(out io.Writer, set *flag.FlagSet) {
	fmt.Fprint(out, usage)
	set.VisitAll(func(f *flag.Flag) {
		value, text := flag.UnquoteUsage(f)
		dashes := "--"
		if len(f.Name) == 1 {
			dashes = "-"
		}
		if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "0" && !strings.HasPrefix(text, "short for") {
			text += fmt.Sprintf(" (default: %s)", f.DefValue)
		}
		fmt.Fprintf(out, "  %-34s %s\n", dashes+f.Name+" "+value, text)
	})
}

func printVersions(out io.Writer) {
	server, ui := temporald.Versions()
	fmt.Fprintf(out, "temporald server %s ui %s\n", server, ui)
}

func printAddresses(out io.Writer, server *temporald.Server) {
	printVersions(out)
	fmt.Fprintln(out, "gRPC", server.Address())
	if url := server.UIURL(); url != "" {
		fmt.Fprintln(out, "UI  ", url)
	}
}

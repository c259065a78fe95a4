package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"
)

// measureRequests runs the drivers' own benchmarks, which count what reaches
// their fakes, and takes what they report for each leaver.
func measureRequests(ctx context.Context, o options) (section, error) {
	s := section{
		Title: "Requests for one leaver",
		How:   "The drivers' own benchmarks (BenchmarkRequests) against their fakes: a whole way out is a reading, every change, and a reading again. GitHub: an organization of 300 teams, 2,000 repositories and 400 people. Cold is the first leaver after a start, when the shared index is made; warm is any other.",
	}
	times := "10x"
	if o.quick {
		times = "2x"
	}
	command := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^BenchmarkRequests$", "-benchtime", times, "./integrations/...")
	var complaint bytes.Buffer
	command.Stderr = &complaint
	out, err := command.Output()
	if err != nil {
		return s, fmt.Errorf("go test (run it at the root of the sources): %w: %s%s", err, tail(string(out), 2000), complaint.String())
	}
	if s.Numbers = requestNumbers(string(out)); len(s.Numbers) == 0 {
		return s, errors.New("no driver reported anything")
	}
	s.Note = "Counts, not times: they do not depend on the machine. Means of " + strings.TrimSuffix(times, "x") + " leavers."
	return s, nil
}

// requestNumbers reads the output of go test -bench.
func requestNumbers(out string) []number {
	var found []number
	scanner := bufio.NewScanner(strings.NewReader(out))
	for scanner.Scan() {
		fields := strings.Fields(scanner.Text())
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "BenchmarkRequests/") {
			continue
		}
		name, _, _ := strings.Cut(strings.TrimPrefix(fields[0], "BenchmarkRequests/"), "-")
		found = append(found, metrics(strings.ReplaceAll(strings.ReplaceAll(name, "/", ", "), "_", " "), fields[2:])...)
	}
	return found
}

// counted are the drivers' metrics in the order in which they are told.
func counted() [][2]string {
	return [][2]string{
		{"requests/leaver", "all requests of one leaver's way out"},
		{"charged/leaver", "of these, what counts against the rate limit (answers 304 do not)"},
		{"writes/leaver", "of these, what is no GET: changes, and questions by GraphQL"},
		{"changes/leaver", "grants that were taken by a request"},
	}
}

func metrics(name string, fields []string) []number {
	var found []number
	for _, c := range counted() {
		at := slices.Index(fields, c[0])
		if at < 1 {
			continue
		}
		value, err := strconv.ParseFloat(fields[at-1], 64)
		if err != nil {
			continue
		}
		what, _, _ := strings.Cut(c[0], "/")
		found = append(found, number{Name: name + ": " + what, Value: value, Means: c[1]})
	}
	return found
}

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// everywhereTest is the end-to-end test that cuts in every kind of system and
// tells what it measured. It is a test because fakes of far sides are for tests.
const everywhereTest = "TestCutNowReachesEverySystem"

// measureEverywhere orders a cut now of somebody who has an account in every
// kind of system that can be had in memory.
func measureEverywhere(ctx context.Context, o options) (section, error) {
	s := section{Title: "Cut now in every kind of system"}
	temporald, err := filepath.Abs(o.temporald)
	if err != nil {
		return s, err
	}
	args := []string{"test", "./test", "-v", "-run", "^" + everywhereTest + "$", "-parallel", "1", "-count", strconv.Itoa(o.runs)}
	command := exec.CommandContext(ctx, "go", args...)
	command.Env = append(os.Environ(), "LASTDAY_TEMPORALD="+temporald)
	var complaint bytes.Buffer
	command.Stderr = &complaint
	out, err := command.Output()
	if err != nil {
		return s, fmt.Errorf("go test (run it at the root of the sources): %w: %s%s", err, failures(string(out)), complaint.String())
	}
	return s, s.everywhere(attributes(string(out)))
}

// attributes reads what a test told with T.Attr, each with a value for each run.
func attributes(out string) map[string][]float64 {
	told := map[string][]float64{}
	scanner := bufio.NewScanner(strings.NewReader(out))
	for scanner.Scan() {
		fields := strings.Fields(scanner.Text())
		if len(fields) != 5 || fields[0] != "===" || fields[1] != "ATTR" || fields[2] != everywhereTest {
			continue
		}
		if value, err := strconv.ParseFloat(fields[4], 64); err == nil {
			told[fields[3]] = append(told[fields[3]], value)
		}
	}
	return told
}

// everywhere fills the section.
func (s *section) everywhere(told map[string][]float64) error {
	const lane = "lane_"
	runs := len(told["all"])
	if runs == 0 {
		return errors.New("the test told nothing")
	}
	slowest, sums := make([]float64, runs), make([]float64, runs)
	var systems []string
	for name, times := range told {
		if !strings.HasPrefix(name, lane) || len(times) != runs {
			continue
		}
		systems = append(systems, name)
		for i, took := range times {
			slowest[i], sums[i] = max(slowest[i], took), sums[i]+took
		}
	}
	s.How = fmt.Sprintf("One person with an account in %.0f systems of as many kinds (fakes that keep state, every answer over HTTP takes %.0f ms longer), cut by the command with lastday's own programs and a real Temporal server.",
		median(told["systems"]), median(told["latency"]))
	at := ratios{our: slowest, their: told["all"]}
	s.add("share of the slowest", at.median(), "", "when the slowest system was read back clean, of the time until all were: none waits for another")
	at.our = sums
	s.add("at a time", at.median(), "×", "the times of all systems together over the time that passed")
	s.add("all systems", median(told["all"]), "ms", "from the command's start until the last system was read back clean")
	slices.Sort(systems)
	for _, name := range systems {
		s.add(strings.TrimPrefix(name, lane), median(told[name]), "ms", "until this system was read back clean")
	}
	s.add("grants", median(told["grants"]), "", "that were taken, and seen to be gone")
	s.add("calls", median(told["calls"]), "", "of far sides, the plan's reading included")
	s.Note = fmt.Sprintf("Medians of %d runs.", runs)
	return nil
}

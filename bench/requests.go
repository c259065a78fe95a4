package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// requestTimes is how many leavers a mean is of.
const requestTimes = 10

// measureRequests runs the drivers' own benchmarks, which count what reaches
// their far sides, and takes what they report for each leaver.
func measureRequests(ctx context.Context, o options) (section, error) {
	s := section{
		Title: "Requests for one leaver",
		How:   "The drivers' own benchmarks (BenchmarkLeaver) against their fakes and servers: a whole way out is a reading, every change, and a reading again. A request is an HTTP request, an operation of LDAP, a round trip to PostgreSQL, or a request that a script's program makes. GitHub: an organization of 300 teams, 2,000 repositories and 400 people; cold is the first leaver after a start, when the shared index is made, and warm any other.",
	}
	times := requestTimes
	if o.quick {
		times = 2
	}
	packages, err := measuring("integrations")
	if err != nil {
		return s, err
	}
	args := append([]string{"test", "-run", "^$", "-bench", "^BenchmarkLeaver$", "-benchtime", strconv.Itoa(times) + "x"}, packages...)
	command := exec.CommandContext(ctx, "go", args...)
	var complaint bytes.Buffer
	command.Stderr = &complaint
	out, err := command.Output()
	if err != nil {
		return s, fmt.Errorf("go test (run it at the root of the sources): %w: %s%s", err, failures(string(out)), complaint.String())
	}
	scenes := requestScenes(string(out))
	for _, sc := range scenes {
		s.Numbers = append(s.Numbers, sc.numbers()...)
	}
	if len(s.Numbers) == 0 {
		return s, errors.New("no driver reported anything")
	}
	s.Note = fmt.Sprintf("Counts, not times: they do not depend on the machine. Means of %d leavers.", times)
	return s, saveRequests(o, scenes)
}

// failures are the lines of go test that a person wants to see first.
func failures(out string) string {
	var told []string
	for line := range strings.Lines(out) {
		if strings.HasPrefix(line, "FAIL") || strings.HasPrefix(line, "---") || strings.HasPrefix(line, "    ") {
			told = append(told, line)
		}
	}
	return tail(strings.Join(told, ""), 2000)
}

// measuring lists the packages below a folder that measure a leaver: to compile
// the others would take longer than to measure.
func measuring(root string) ([]string, error) {
	tests, err := filepath.Glob(filepath.Join(root, "*", "*_test.go"))
	if err != nil {
		return nil, err
	}
	var packages []string
	for _, name := range tests {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		if bytes.Contains(text, []byte("\nfunc BenchmarkLeaver(")) {
			packages = append(packages, "./"+filepath.ToSlash(filepath.Dir(name)))
		}
	}
	return packages, nil
}

// scene is what one leaver of one kind of integration costs in one setting.
type scene struct {
	kind string
	// Scene is the setting, empty if there is but one.
	Scene string `json:"scene,omitempty"`
	// Requests and Changes are means; so are Charged, of the requests what counts
	// against a limit, and Writes, of the requests what may change something.
	Requests float64 `json:"requests"`
	Changes  float64 `json:"changes"`
	Charged  float64 `json:"charged,omitempty"`
	Writes   float64 `json:"writes,omitempty"`
}

// requestScenes reads the output of go test -bench over several packages.
func requestScenes(out string) []scene {
	var found []scene
	pkg := ""
	scanner := bufio.NewScanner(strings.NewReader(out))
	for scanner.Scan() {
		fields := strings.Fields(scanner.Text())
		switch {
		case len(fields) == 2 && fields[0] == "pkg:":
			pkg = path.Base(fields[1])
		case len(fields) > 3 && (strings.HasPrefix(fields[0], "BenchmarkLeaver/") || strings.HasPrefix(fields[0], "BenchmarkLeaver-")):
			found = append(found, readScene(pkg, fields))
		}
	}
	slices.SortStableFunc(found, func(a, b scene) int { return strings.Compare(a.kind+"/"+a.Scene, b.kind+"/"+b.Scene) })
	return found
}

// processors is what go test puts behind the name of a benchmark.
func processors() *regexp.Regexp { return regexp.MustCompile(`-\d+$`) }

// readScene takes a benchmark for that of the kind that its package is called
// after, unless its own name says which of the package's kinds it is.
func readScene(pkg string, fields []string) scene {
	s := scene{kind: pkg}
	name := strings.TrimPrefix(processors().ReplaceAllString(fields[0], ""), "BenchmarkLeaver")
	s.Scene = strings.ReplaceAll(strings.TrimPrefix(name, "/"), "_", " ")
	if first, rest, _ := strings.Cut(s.Scene, "/"); strings.HasPrefix(first, pkg+"-") {
		s.kind, s.Scene = first, rest
	}
	for unit, into := range map[string]*float64{"requests": &s.Requests, "changes": &s.Changes, "charged": &s.Charged, "writes": &s.Writes} {
		if at := slices.Index(fields, unit+"/leaver"); at > 0 {
			*into, _ = strconv.ParseFloat(fields[at-1], 64) // What is no number stays zero, and is missed on the page.
		}
	}
	return s
}

// numbers are the scene's lines on the page of benchmarks.
func (s scene) numbers() []number {
	name := s.kind
	if s.Scene != "" {
		name += ", " + s.Scene
	}
	all := []number{
		{Name: name + ": requests", Value: s.Requests, Means: "all requests of one leaver's way out"},
		{Name: name + ": charged", Value: s.Charged, Means: "of these, what counts against the rate limit (answers 304 do not)"},
		{Name: name + ": writes", Value: s.Writes, Means: "of these, what is no GET: changes, questions by GraphQL, and asking for a token"},
		{Name: name + ": changes", Value: s.Changes, Means: "grants that were taken"},
	}
	return slices.DeleteFunc(all, func(n number) bool { return n.Value == 0 })
}

// requestsFile is what docs/integrations.md is told of.
type requestsFile struct {
	Date    string             `json:"date"`
	Leavers int                `json:"leavers"`
	Kinds   map[string][]scene `json:"kinds"`
}

// saveRequests writes the numbers by kind, if the command line names a file.
func saveRequests(o options, scenes []scene) error {
	if o.requests == "" {
		return nil
	}
	file := requestsFile{Date: o.now().UTC().Format("2006-01-02"), Leavers: requestTimes, Kinds: map[string][]scene{}}
	for _, s := range scenes {
		file.Kinds[s.kind] = append(file.Kinds[s.kind], s)
	}
	text, err := json.MarshalIndent(file, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(o.requests, append(text, '\n'), 0o644) //nolint:gosec // The numbers are for everybody.
}

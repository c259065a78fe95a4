package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
)

// report is all that was measured.
type report struct {
	Machine  machine   `json:"machine"`
	Sections []section `json:"sections"`
}

// machine says what the numbers were measured on.
type machine struct {
	Date   string  `json:"date"`
	Cores  int     `json:"cores"`
	Memory float64 `json:"memoryGiB"`
	System string  `json:"system"`
	Go     string  `json:"go"`
	Server string  `json:"server"`
	Quick  bool    `json:"quick,omitempty"`
}

// section is the answer to one question.
type section struct {
	Name    string   `json:"name"`
	Title   string   `json:"title"`
	How     string   `json:"how"`
	Numbers []number `json:"numbers"`
	Note    string   `json:"note,omitempty"`
	Took    string   `json:"took"`
	// Load is the machine's load average before: what others did meanwhile.
	Load string `json:"load,omitempty"`
}

// number is one result with what it is.
type number struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit,omitempty"`
	Means string  `json:"means"`
}

func (s *section) add(name string, value float64, unit, means string) {
	s.Numbers = append(s.Numbers, number{Name: name, Value: value, Unit: unit, Means: means})
}

// String is the number with three digits that count, and its unit.
func (n number) String() string {
	return strings.TrimSpace(threeDigits(n.Value) + " " + n.Unit)
}

func threeDigits(v float64) string {
	switch size := math.Abs(v); {
	case size >= 100 || v == math.Trunc(v):
		return thousands(fmt.Sprintf("%.0f", v))
	case size >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// thousands puts commas between groups of three digits.
func thousands(digits string) string {
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

func describeMachine(ctx context.Context, o options) machine {
	m := machine{
		Date: o.now().UTC().Format("2006-01-02"), Cores: runtime.NumCPU(), System: runtime.GOOS + "/" + runtime.GOARCH,
		Go: runtime.Version(), Server: "unknown", Quick: o.quick,
	}
	if out, err := exec.CommandContext(ctx, o.temporald, "--version").Output(); err == nil {
		m.Server = strings.Join(strings.Fields(string(out)), " ")
	}
	if text, err := os.ReadFile("/proc/meminfo"); err == nil {
		var kib float64
		if _, err := fmt.Sscanf(string(text), "MemTotal: %f kB", &kib); err == nil {
			m.Memory = math.Round(kib / (1 << 20))
		}
	}
	return m
}

// loadAverage is that of the last minute, where the system tells it.
func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	first, _, ok := strings.Cut(string(text), " ")
	if err != nil || !ok {
		return "unknown"
	}
	return first
}

// String is one line.
func (m machine) String() string {
	line := fmt.Sprintf("%s, %d cores, %.0f GiB, %s, %s, %s", m.Date, m.Cores, m.Memory, m.System, m.Go, m.Server)
	if m.Quick {
		line += ". A quick run: the sizes are so small that the numbers are noise"
	}
	return line
}

// save writes the page, if the command line names one: parts that were not
// measured stay as they are. It is written after each part, so that a long one
// that fails takes nothing with it.
func (r report) save(o options) error {
	if o.write == "" {
		return nil
	}
	old, err := os.ReadFile(o.write)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.WriteFile(o.write, r.page(string(old)), 0o644) //nolint:gosec // A page of the documentation is for everybody.
}

// deliver prints the report.
func (r report) deliver(o options, out io.Writer) error {
	if !o.json {
		return r.print(out)
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}

func (r report) print(out io.Writer) error {
	fmt.Fprintln(out, r.Machine)
	for _, s := range r.Sections {
		fmt.Fprintf(out, "\n%s (took %s, load average before %s)\n%s\n", s.Title, s.Took, s.Load, s.How)
		table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		for _, n := range s.Numbers {
			fmt.Fprintf(table, "  %s\t%s\t%s\n", n.Name, n, n.Means)
		}
		if err := table.Flush(); err != nil {
			return err
		}
		fmt.Fprintln(out, s.Note)
	}
	return nil
}

// page is docs/benchmarks.md: what was measured now, and of the old page what was not.
func (r report) page(old string) []byte {
	const heading = "\n## "
	var b bytes.Buffer
	fmt.Fprintf(&b, pageHead, r.Machine)
	fresh := slices.Clone(r.Sections)
	for i, kept := range strings.Split(old, heading) {
		title, _, _ := strings.Cut(kept, "\n")
		at := slices.IndexFunc(fresh, func(s section) bool { return s.Title == title })
		switch {
		case i == 0: // The head, which is written anew.
		case at < 0:
			fmt.Fprint(&b, heading+strings.TrimRight(kept, "\n")+"\n")
		default:
			fmt.Fprint(&b, heading+fresh[at].markdown(r.Machine))
			fresh = slices.Delete(fresh, at, at+1)
		}
	}
	for _, s := range fresh {
		fmt.Fprint(&b, heading+s.markdown(r.Machine))
	}
	return b.Bytes()
}

func (s section) markdown(m machine) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n%s\n\n| | | |\n| --- | ---: | --- |\n", s.Title, s.How)
	for _, n := range s.Numbers {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", n.Name, n, n.Means)
	}
	fmt.Fprintf(&b, "\n%s Measured on %s in %s; load average of the machine before: %s.\n", s.Note, m.Date, s.Took, s.Load)
	return b.String()
}

const pageHead = `# Benchmarks

This page is written by the program that measures: ` + "`make build && go run ./bench -temporald bin/temporald -write docs/benchmarks.md`" + `.
A part alone is measured anew with -only; -h lists the parts.

Machine of the last run: %s.

Server, worker, starter and the load share one machine, and the server keeps its state in a SQLite file: times say little
about yours. Where two things were measured in the same run their ratio is given first: it holds better elsewhere.
`

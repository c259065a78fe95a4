package stats

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"lastday"
	"lastday/audit/story"
)

// WriteJSON writes the numbers; durations are nanoseconds.
func WriteJSON(w io.Writer, s Stats) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	if err := e.Encode(s); err != nil {
		return lastday.Wrap(lastday.CodeTransient, "stats", "write", err)
	}
	return nil
}

// WriteTable writes the numbers for a terminal.
func WriteTable(w io.Writer, s Stats) error {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintf(t, "cases\t%d, closed %d\n", s.Cases, s.Closed)
	for _, word := range words() {
		if n := s.Verdicts[word]; n > 0 {
			fmt.Fprintf(t, "  %s\t%d\n", word, n)
		}
	}
	fmt.Fprintf(t, "promise\tmet %d, on people's word %d, missed %d\n", s.Met, s.Answered, s.Missed)
	fmt.Fprintf(t, "due and told → verified\t%s\n", s.Cut)
	fmt.Fprintf(t, "due → verified\t%s\n", s.Late)
	fmt.Fprintf(t, "due and not shown\t%d\n", s.Unverified)
	fmt.Fprintf(t, "told → due\t%s, late HR %d\n", s.Notice, s.LateHR)
	fmt.Fprintf(t, "accesses\t%s\n", s.Shares)
	fmt.Fprintf(t, "exceptions\t%d, of one person alone %d, after the deadline %d\n", s.Exceptions, s.Alone, s.TooLate)
	fmt.Fprintf(t, "residue open\t%d\n", s.Residue)
	fmt.Fprintf(t, "came back\t%d\n", s.Resurrected)
	fmt.Fprintf(t, "calls\t%d, per leaver %.1f\n", s.Calls, s.CallsPerLeaver)
	if err := t.Flush(); err != nil {
		return lastday.Wrap(lastday.CodeTransient, "stats", "write", err)
	}
	return writeSystems(w, s.Systems)
}

func writeSystems(w io.Writer, all []System) error {
	if len(all) == 0 {
		return nil
	}
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "\nsystem\tcases\tp50\tp95\tp99\tnot shown\taccesses\tobserved\tattested\twaived\tresidue\tcame back\tcalls")
	for _, s := range all {
		fmt.Fprintf(t, "%s\t%d\t%s\t%s\t%s\t%d\t%d\t%s\t%s\t%s\t%d\t%d\t%d\n", clean(s.Name), s.Cases, brief(s.Cut.N, s.Cut.P50), brief(s.Cut.N, s.Cut.P95), brief(s.Cut.N, s.Cut.P99),
			s.Unverified, s.Shares.Accesses, percent(s.Shares.Observed, s.Shares.Accesses), percent(s.Shares.Attested, s.Shares.Accesses), percent(s.Shares.Waived, s.Shares.Accesses), s.Residue, s.Resurrected, s.Calls)
	}
	if err := t.Flush(); err != nil {
		return lastday.Wrap(lastday.CodeTransient, "stats", "write", err)
	}
	return nil
}

// words lists the verdicts in the order in which they are told.
func words() []story.Word {
	return []story.Word{story.Proven, story.AnsweredFor, story.NotShown, story.Rescinded, story.Cut, story.CutAnswered, story.Under, story.HeldBack, story.Overdue}
}

// String is p50, p95 and p99.
func (t Times) String() string {
	if t.N == 0 {
		return "no case"
	}
	return fmt.Sprintf("p50 %s, p95 %s, p99 %s (%d)", brief(t.N, t.P50), brief(t.N, t.P95), brief(t.N, t.P99), t.N)
}

// String is each grade with its share.
func (s Shares) String() string {
	parts := []string{fmt.Sprint(s.Accesses)}
	for _, g := range s.grades() {
		name := g.Name.String()
		if g.Name == lastday.ProofNone {
			name = "not shown"
		}
		if g.N > 0 {
			parts = append(parts, fmt.Sprintf("%s %s", name, percent(g.N, s.Accesses)))
		}
	}
	return strings.Join(parts, ", ")
}

func percent(n, all int) string {
	share, known := Share(n, all)
	switch {
	case !known:
		return "-"
	case share > 99.9 && n < all:
		return "99.9%" // never rounded up to all
	case share < 0.1 && n > 0:
		return "0.1%" // nor down to none
	}
	return fmt.Sprintf("%.1f%%", share)
}

// brief is a duration to the second, and to the minute beyond an hour.
func brief(n int, d time.Duration) string {
	switch {
	case n == 0:
		return "-"
	case d.Abs() >= 48*time.Hour:
		return fmt.Sprintf("%.1fd", d.Hours()/24)
	case d.Abs() >= time.Hour:
		return strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
	}
	return d.Round(time.Second).String()
}

// clean keeps what somebody else named from steering a terminal.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || (r >= 0x80 && r < 0xa0) || (r >= 0x202a && r <= 0x202e) || (r >= 0x2066 && r <= 0x2069) {
			return '?'
		}
		return r
	}, text)
}

// WriteMonths writes one line a month for a terminal.
func WriteMonths(w io.Writer, all []Month) error {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "month\tcases\tmet\ton word\tmissed\tp50\tp95\tp99\tobserved\tattested\twaived\tlate HR\tresidue\tcame back")
	for _, m := range all {
		s := m.Stats
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\t%s\t%s\t%s\t%s\t%s\t%s\t%d\t%d\t%d\n", m.Name, s.Cases, s.Met, s.Answered, s.Missed, brief(s.Cut.N, s.Cut.P50), brief(s.Cut.N, s.Cut.P95), brief(s.Cut.N, s.Cut.P99),
			percent(s.Shares.Observed, s.Shares.Accesses), percent(s.Shares.Attested, s.Shares.Accesses), percent(s.Shares.Waived, s.Shares.Accesses), s.LateHR, s.Residue, s.Resurrected)
	}
	if err := t.Flush(); err != nil {
		return lastday.Wrap(lastday.CodeTransient, "stats", "write", err)
	}
	return nil
}

package story

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Word is the verdict about a case in one word.
type Word string

// The verdicts.
const (
	// Proven: the case is closed, every access was read back gone, and nothing
	// rests on anybody's word.
	Proven Word = "proven"
	// AnsweredFor: the case is closed; what was not read back, people answered for.
	AnsweredFor Word = "answered for"
	// NotShown: the case is closed, and the records do not show that all is gone.
	NotShown Word = "not shown"
	// Rescinded: the engagement goes on.
	Rescinded Word = "rescinded"
	// HeldBack: a person holds the case.
	HeldBack Word = "held"
	// Under: the case is open, and the cut is not due.
	Under Word = "under way"
	// Cut: the case is open, the cut was read back, the watch goes on.
	Cut Word = "cut, watched"
	// CutAnswered: the case is open; what was not read back at the cut, people
	// answered for.
	CutAnswered Word = "cut, part answered for"
	// Overdue: the case is open, the cut was due, and is not shown.
	Overdue Word = "overdue"
)

// Verdict is the verdict with its reason.
type Verdict struct {
	Word Word `json:"word"`
	// Sentence says it in plain words.
	Sentence string `json:"sentence"`
}

// settled counts accesses that nobody has to see to any more.
func (c Case) settled() bool {
	return c.Accesses(Gone, Powerless, Attested, Waived) == c.Total()
}

func judge(c Case) Verdict {
	switch {
	case c.Closed != nil:
		return judgeClosed(c)
	case !c.Held.IsZero():
		return Verdict{HeldBack, "Held by " + c.HeldBy + ". " + standing(c)}
	case !c.Clocks.Verified.IsZero() && c.Accesses(Gone, Powerless) == c.Total():
		return Verdict{Cut, "Cut and read back in all " + count(c.Clocks.Systems, "system") + "; the watch goes on."}
	case c.settled() && covered(c) && c.Total() > 0:
		return Verdict{CutAnswered, partly(c) + " The watch goes on."}
	case !c.Clocks.Due.IsZero() && c.AsOf.After(c.Clocks.Due):
		return Verdict{Overdue, "The cut was due, and the records do not show it. " + standing(c)}
	}
	return Verdict{Under, "The way down is under way; the cut is not due yet. " + standing(c)}
}

func judgeClosed(c Case) Verdict {
	word := answeredCount(c)
	switch {
	case c.Closed.Outcome == "rescinded":
		return Verdict{Rescinded, "The engagement goes on. " + count(c.Accesses(Restored), "access") + " given back and read back" + remaining(c)}
	case !c.settled() || (c.Clocks.Verified.IsZero() && !covered(c)) || slices.ContainsFunc(c.Missing, func(n int) bool { return n > 1 }):
		return Verdict{NotShown, "The case was closed, and these records do not show that all access is gone. " + standing(c)}
	case word > 0:
		return Verdict{AnsweredFor, partly(c)}
	}
	return Verdict{Proven, everything(c)}
}

func partly(c Case) string {
	return fmt.Sprintf("%d of %s read back %s; for the rest people answered, by name and with a reason.", c.Accesses(Gone, Powerless), count(c.Total(), "access"), gone(c))
}

func gone(c Case) string {
	if c.Accesses(Powerless) > 0 {
		return "gone or without power"
	}
	return "gone"
}

func everything(c Case) string {
	text := "All " + count(c.Total(), "access") + " in " + count(c.Clocks.Systems, "system") + " read back " + gone(c) + ", each with a positive control"
	switch {
	case c.SLA.State != SLAMet:
		return text + ", too late."
	case c.SLA.LateHR:
		return text + ", in time after it was told; HR told of it after it was due."
	}
	return text + ", in time."
}

func remaining(c Case) string {
	left := c.Accesses(Said, Gone, Lowered, Unknown)
	if left == 0 {
		return "."
	}
	return "; " + strconv.Itoa(left) + " not, or not seen to be."
}

// answeredCount counts what rests on people's words.
func answeredCount(c Case) int {
	n := c.Accesses(Attested, Waived)
	for _, e := range c.Exceptions {
		if !e.Overtaken {
			n++
		}
	}
	return n
}

// covered says whether every system was read back empty at the cut, or somebody
// answered for something in it.
func covered(c Case) bool {
	_, all := answeredAt(c)
	return all
}

func standing(c Case) string {
	if c.Total() == 0 {
		return "No access was found."
	}
	var parts []string
	for _, s := range Standings() {
		if n := c.Accesses(s); n > 0 {
			parts = append(parts, strconv.Itoa(n)+" "+string(s))
		}
	}
	return "Of " + count(c.Total(), "access") + ": " + strings.Join(parts, ", ") + "."
}

// Standings lists all standings, from the best to the worst shown.
func Standings() []Standing {
	return []Standing{Gone, Powerless, Lowered, Restored, Said, Attested, Waived, Unknown, Unchanged, Back}
}

func count(n int, what string) string {
	switch {
	case n == 1:
		return "1 " + what
	case strings.HasSuffix(what, "ss"):
		return strconv.Itoa(n) + " " + what + "es"
	}
	return strconv.Itoa(n) + " " + what + "s"
}

// unproved says what the records do not show, the gravest first.
func unproved(c Case) []string {
	var all []string
	if len(c.Missing) > 0 {
		all = append(all, "Records without text, erased or lost: number "+numbers(c.Missing)+". Which of the two, the log's proofs tell.")
	}
	past := c.Closed != nil || (!c.Clocks.Due.IsZero() && c.AsOf.After(c.Clocks.Due))
	if past && !c.Separation.Rescinded {
		for _, s := range c.Systems {
			all = append(all, unprovedIn(s)...)
		}
	}
	for _, g := range c.Gaps {
		all = append(all, fmt.Sprintf("%s: not seen: %s: %s", g.System, g.What, g.Why))
	}
	for _, r := range c.Residue {
		if r.Open(c.AsOf) {
			all = append(all, fmt.Sprintf("%s: left: %s: %s", r.System, r.What, r.Why))
		}
	}
	return all
}

func unprovedIn(s System) []string {
	var all []string
	if s.Cut == nil {
		why := s.Blind
		if why == "" {
			why = "no complete reading shows it"
		}
		all = append(all, s.Name+": never read back empty at the cut: "+why)
	}
	for _, standing := range Standings() {
		if standing == Gone || standing == Powerless {
			continue
		}
		if names := named(s, standing); len(names) > 0 {
			all = append(all, fmt.Sprintf("%s: %s: %s", s.Name, standing, short(names)))
		}
	}
	return all
}

func named(s System, standing Standing) []string {
	var names []string
	for _, a := range s.Accesses {
		if a.Standing == standing {
			names = append(names, a.Kind+" "+a.Resource.Name)
		}
	}
	return names
}

func short(names []string) string {
	const most = 3
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:most], ", ") + " and " + strconv.Itoa(len(names)-most) + " more"
}

// numbers writes 2, 4-7.
func numbers(all []int) string {
	var parts []string
	for len(all) > 0 {
		n := 1
		for n < len(all) && all[n] == all[n-1]+1 {
			n++
		}
		part := strconv.Itoa(all[0])
		if n > 1 {
			part += "-" + strconv.Itoa(all[n-1])
		}
		parts, all = append(parts, part), slices.Clone(all[n:])
	}
	return strings.Join(parts, ", ")
}

package story

import (
	"slices"
	"time"

	"lastday"
)

// Clocks are kept apart: what HR was late with and what we were late with are
// different findings. A zero time did not happen, or nobody knows it.
type Clocks struct {
	// Entered is when HR wrote the end down, Told when lastday knew.
	Entered time.Time `json:"entered,omitzero"`
	Told    time.Time `json:"told,omitzero"`
	// FirstReduced is when the first change was acknowledged.
	FirstReduced time.Time `json:"firstReduced,omitzero"`
	// Due is when the cut had to be, Done when the last change of it was
	// acknowledged by a far side, Verified when the last of all systems was read
	// back empty. Verified stays zero while one system was not.
	Due      time.Time `json:"due,omitzero"`
	Done     time.Time `json:"done,omitzero"`
	Verified time.Time `json:"verified,omitzero"`
	// Shown counts the systems that were read back empty, of Systems; LastShown is
	// when the last of those was.
	Shown     int       `json:"shown"`
	Systems   int       `json:"systems"`
	LastShown time.Time `json:"lastShown,omitzero"`
}

// Distance is the time from one clock to another; negative is early.
type Distance struct {
	Name  string    `json:"name"`
	From  time.Time `json:"from,omitzero"`
	To    time.Time `json:"to,omitzero"`
	Known bool      `json:"known,omitempty"`
	// Meaning says in words what the distance tells.
	Meaning string `json:"meaning"`
}

// Span is To minus From, zero if it is not known.
func (d Distance) Span() time.Duration {
	if !d.Known {
		return 0
	}
	return d.To.Sub(d.From)
}

// Distances are the four that matter, in the order of the case.
func (c Clocks) Distances() []Distance {
	return []Distance{
		distance("HR entered → told", c.Entered, c.Told, "how long the news took from HR to here"),
		distance("told → due", c.Told, c.Due, "the notice that was given; negative is late HR"),
		distance("due → done", c.Due, c.Done, "the last change of the cut; negative is early"),
		distance("due → verified", c.Due, c.Verified, "the last system read back empty; negative is early"),
	}
}

func distance(name string, from, to time.Time, meaning string) Distance {
	return Distance{Name: name, From: from, To: to, Known: !from.IsZero() && !to.IsZero(), Meaning: meaning}
}

func clocks(c Case) Clocks {
	out := Clocks{Entered: c.Opened.Entered, Told: c.Opened.Told, Due: cutDue(c), Systems: len(c.Systems)}
	if c.Closed != nil {
		out.Entered, out.Told = either(out.Entered, c.Closed.Entered), either(out.Told, c.Closed.Told)
	}
	for _, s := range c.Systems {
		for _, a := range s.Accesses {
			for _, ch := range a.Changes {
				out.take(c, ch)
			}
		}
		if s.Cut != nil {
			out.Shown++
			out.LastShown = later(out.LastShown, s.Cut.At)
		}
	}
	if out.Shown == out.Systems {
		out.Verified = out.LastShown
	}
	return out
}

// take counts a change that a far side has acknowledged: those of the watch
// come after the cut, and what was given back is no cut.
func (c *Clocks) take(of Case, ch Change) {
	if ch.Restore || ch.Done.IsZero() || ch.Proof < lastday.ProofAcknowledged {
		return
	}
	if c.FirstReduced.IsZero() || ch.Done.Before(c.FirstReduced) {
		c.FirstReduced = ch.Done
	}
	for _, s := range of.Stages {
		if s.Name == ch.Stage && s.Watch {
			return
		}
	}
	if !of.Separation.Rescinded { // then there is no cut to be done
		c.Done = later(c.Done, ch.Done)
	}
}

func either(a, b time.Time) time.Time {
	if a.IsZero() {
		return b
	}
	return a
}

func cutDue(c Case) time.Time {
	if c.Closed != nil && !c.Closed.CutDue.IsZero() {
		return c.Closed.CutDue
	}
	if s, ok := c.CutStage(); ok {
		return s.Moment.Instant
	}
	return time.Time{}
}

// SLAState says whether the cut was in time.
type SLAState string

// The states of the promise.
const (
	// SLAMet: all systems were read back empty in time.
	SLAMet SLAState = "met"
	// SLAMissed: they were not.
	SLAMissed SLAState = "missed"
	// SLAAnswered: what could be read back was in time; for the rest people
	// answered in time.
	SLAAnswered SLAState = "answered for"
	// SLARunning: the time is not over.
	SLARunning SLAState = "running"
	// SLANone: there is no cut to be in time for.
	SLANone SLAState = "does not apply"
)

// SLA is the promise and what became of it. The time runs from the later of
// due and told: HR's lateness is HR's finding.
type SLA struct {
	State   SLAState      `json:"state"`
	Allowed time.Duration `json:"allowed"`
	From    time.Time     `json:"from,omitzero"`
	// Taken is from From to the reading back, or, while there is none, to the time
	// of the story; negative is early.
	Taken time.Duration `json:"taken"`
	// LateHR says that lastday was told after the cut was due, LateUs that the
	// promise was missed.
	LateHR bool `json:"lateHr,omitempty"`
	LateUs bool `json:"lateUs,omitempty"`
}

func judgeSLA(c Case, allowed time.Duration) SLA {
	k := c.Clocks
	s := SLA{State: SLANone, Allowed: allowed}
	if c.Separation.Rescinded || k.Due.IsZero() {
		return s
	}
	s.LateHR = k.Told.After(k.Due)
	s.From = later(k.Due, k.Told)
	end := k.Verified
	if end.IsZero() {
		end = c.AsOf
	}
	answered, all := answeredAt(c)
	if k.Verified.IsZero() && all {
		end = answered
	}
	s.Taken = end.Sub(s.From)
	s.State = slaState(s.Taken <= allowed, !k.Verified.IsZero(), all)
	s.LateUs = s.State == SLAMissed
	return s
}

func slaState(inTime, verified, answered bool) SLAState {
	switch {
	case !inTime:
		return SLAMissed
	case verified:
		return SLAMet
	case answered:
		return SLAAnswered
	}
	return SLARunning
}

// answeredAt is when the last system was read back empty or answered for, and
// whether all of them are.
func answeredAt(c Case) (time.Time, bool) {
	var last time.Time
	for _, s := range c.Systems {
		if s.Cut != nil {
			last = later(last, s.Cut.At)
			continue
		}
		at, answered := s.answeredAt(c.Exceptions)
		if !answered {
			return time.Time{}, false
		}
		last = later(last, at)
	}
	return last, len(c.Systems) > 0
}

// answeredAt is when people had answered for all that is not gone in a system
// that was not read back empty. Where nobody could look, an answer about what is
// no access, such as residue, does not stand for the access that there may be.
func (s System) answeredAt(all []Exception) (time.Time, bool) {
	var last time.Time
	for _, a := range s.Accesses {
		if !slices.Contains([]Standing{Gone, Powerless, Attested, Waived}, a.Standing) {
			return time.Time{}, false
		}
	}
	dark := !s.Sighted
	for _, e := range all {
		if e.System == s.Name {
			last = later(last, e.At)
			dark = dark && e.Grant == "" && !e.whole() && e.Kind != taskBlind
		}
	}
	return last, !last.IsZero() && !dark
}

package story

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"lastday"
)

// Options say how a case is told.
type Options struct {
	// AsOf is the time of the telling; zero is the time of the last record.
	AsOf time.Time
	// SLA is how long after the later of due and told the cut may take until it
	// is verified; zero is DefaultSLA.
	SLA time.Duration
}

// DefaultSLA is what auditors most often find promised.
const DefaultSLA = 24 * time.Hour

// Of tells one case. The records may come in any order, and twice.
//
// CodeInvalid: there are none, they are of several cases, or two records say
// different things under one number.
func Of(records []lastday.Record, o Options) (Case, error) {
	const op = "story"
	if len(records) == 0 {
		return Case{}, lastday.Errorf(lastday.CodeInvalid, op, "there are no records")
	}
	sorted, err := inOrder(records)
	if err != nil {
		return Case{}, err
	}
	f := newFold(sorted[0])
	for _, r := range sorted {
		if r.Case != f.c.ID {
			return Case{}, lastday.Errorf(lastday.CodeInvalid, op, "records of %s and of %s are mixed", f.c.ID, r.Case)
		}
		f.take(r)
	}
	return f.end(o), nil
}

// All tells every case that has records, by id.
func All(records []lastday.Record, o Options) ([]Case, error) {
	by := map[string][]lastday.Record{}
	for _, r := range records {
		by[r.Case] = append(by[r.Case], r)
	}
	var all []Case
	for _, id := range slices.Sorted(maps.Keys(by)) {
		c, err := Of(by[id], o)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

// inOrder sorts by number and drops what is there twice.
func inOrder(records []lastday.Record) ([]lastday.Record, error) {
	sorted := slices.Clone(records)
	slices.SortStableFunc(sorted, func(a, b lastday.Record) int {
		return cmp.Or(cmp.Compare(a.Case, b.Case), cmp.Compare(a.Seq, b.Seq))
	})
	out := sorted[:1]
	for _, r := range sorted[1:] {
		last := out[len(out)-1]
		if r.Seq != last.Seq || r.Case != last.Case {
			out = append(out, r)
			continue
		}
		same, err := equal(r, last)
		if err != nil {
			return nil, err
		}
		if !same {
			return nil, lastday.Errorf(lastday.CodeInvalid, "story", "record %d of %s is there twice, and says different things", r.Seq, r.Case)
		}
	}
	return out, nil
}

func equal(a, b lastday.Record) (bool, error) {
	first, err := a.Bytes()
	if err != nil {
		return false, err
	}
	second, err := b.Bytes()
	return bytes.Equal(first, second), err
}

type fold struct {
	c       Case
	seq     int
	systems map[string]*system
	names   []string
	tasks   map[string]int
	reached map[string]time.Time
	residue map[string]*Residue
	at      time.Time
}

func newFold(first lastday.Record) *fold {
	return &fold{
		c:       Case{ID: first.Case, Person: first.Person, Workflow: first.Workflow},
		systems: map[string]*system{}, tasks: map[string]int{}, reached: map[string]time.Time{}, residue: map[string]*Residue{},
	}
}

func (f *fold) take(r lastday.Record) {
	for f.seq++; f.seq < r.Seq; f.seq++ {
		f.c.Missing = append(f.c.Missing, f.seq)
	}
	f.seq = r.Seq
	f.c.Records++
	f.c.Last = r.Seq
	if r.At.After(f.at) {
		f.at = r.At
	}
	if r.Run != "" && !slices.Contains(f.c.Runs, r.Run) {
		f.c.Runs = append(f.c.Runs, r.Run)
	}
	f.told(r)
	f.happened(r)
	f.seen(r)
}

// told takes what was announced and decided.
func (f *fold) told(r lastday.Record) {
	switch {
	case r.Kind == lastday.RecordSubject && r.Subject != nil:
		f.c.Subject = *r.Subject
	case r.Kind == lastday.RecordOpened && r.Opened != nil:
		if f.c.Closed != nil {
			f.anew(r)
		}
		f.c.Opened, f.c.Separation = *r.Opened, *r.Opened
	case r.Kind == lastday.RecordNews:
		f.news(r)
	case r.Kind == lastday.RecordPlan && r.Plan != nil:
		f.c.Plans = append(f.c.Plans, Plan{At: r.At, PlanFact: *r.Plan})
	case r.Kind == lastday.RecordMessage && r.Message != nil:
		f.message(r)
	}
}

// anew begins the telling again: the same engagement ends once more, after its
// case had closed. What was shown or answered then stands for nothing now.
func (f *fold) anew(r lastday.Record) {
	old := f.c
	next := newFold(r)
	next.c.Subject, next.c.Runs, next.c.Workflow = old.Subject, old.Runs, old.Workflow
	next.c.Records, next.c.Last, next.c.Missing = old.Records, old.Last, old.Missing
	next.c.Notes = append(slices.Clone(old.Notes), Note{At: r.At, What: "opened anew; before, it was closed: " + old.Closed.Outcome})
	next.seq, next.at = f.seq, f.at
	*f = *next
}

func (f *fold) news(r lastday.Record) {
	f.c.News = append(f.c.News, News{At: r.At, By: r.By, What: r.What, Fact: r.Opened})
	if r.Opened != nil {
		f.c.Separation = *r.Opened
	}
}

func (f *fold) message(r lastday.Record) {
	f.c.Messages = append(f.c.Messages, Message{At: r.At, By: r.By, MessageFact: *r.Message})
	if r.Message.Refused != "" {
		return
	}
	switch strings.ReplaceAll(r.Message.Verb, " ", "-") {
	case "hold":
		f.c.Held, f.c.HeldBy = r.At, r.By
	case "release":
		f.c.Held, f.c.HeldBy = time.Time{}, ""
	case "cut-now": // it ends a hold, and overtakes a rescind
		f.c.Held, f.c.HeldBy = time.Time{}, ""
		f.c.Separation.Rescinded = false
	}
}

// happened takes what came into force, was asked, noted and ended.
func (f *fold) happened(r lastday.Record) {
	switch {
	case r.Kind == lastday.RecordStage:
		f.reached[r.Stage] = r.At
		f.pastStage(r)
	case r.Kind == lastday.RecordTask && r.Task != nil:
		f.task(r)
	case r.Kind == lastday.RecordNote:
		f.c.Notes = append(f.c.Notes, Note{At: r.At, By: r.By, System: r.System, What: r.What})
	case r.Kind == lastday.RecordClosed && r.Closed != nil:
		f.c.Closed, f.c.ClosedAt = r.Closed, r.At
	}
}

// pastStage keeps a stage that came into force under a plan, so that a later
// plan without it does not make it unhappened.
func (f *fold) pastStage(r lastday.Record) {
	stage := lastday.StageFact{Name: r.Stage}
	for _, p := range f.c.Plans {
		if i := slices.IndexFunc(p.Stages, func(s lastday.StageFact) bool { return s.Name == r.Stage }); i >= 0 {
			stage = p.Stages[i]
		}
	}
	if r.Moment != nil {
		stage.Moment = *r.Moment
	}
	f.c.Stages = slices.DeleteFunc(f.c.Stages, func(s Stage) bool { return s.Name == r.Stage })
	f.c.Stages = append(f.c.Stages, Stage{StageFact: stage, Reached: r.At})
}

func (f *fold) task(r lastday.Record) {
	i, known := f.tasks[r.Task.ID]
	if !known || (!f.c.Tasks[i].Open() && r.Task.How == "") {
		i = len(f.c.Tasks)
		f.tasks[r.Task.ID] = i
		f.c.Tasks = append(f.c.Tasks, Task{TaskFact: *r.Task, System: r.System, Opened: r.At})
	}
	t := &f.c.Tasks[i]
	owner, due := t.Owner, t.Due
	t.TaskFact = *r.Task
	t.Owner = cmp.Or(r.Task.Owner, owner)
	if t.Due.IsZero() {
		t.Due = due
	}
	t.Seq = r.Seq
	if r.Task.How != "" {
		t.Closed, t.By = r.At, r.By
	}
}

// seen takes what was read and changed in systems.
func (f *fold) seen(r lastday.Record) {
	if r.System == "" {
		return
	}
	switch {
	case r.Kind == lastday.RecordReading && r.Reading != nil:
		f.system(r.System).reading(r)
		f.leftIn(r)
	case r.Kind == lastday.RecordChange && r.Change != nil:
		f.system(r.System).change(r)
		for _, left := range r.Change.Residue {
			f.left(r.System, left, r.At)
		}
	case r.Kind == lastday.RecordVerified && r.Verified != nil:
		f.system(r.System).verified(r)
	}
}

func (f *fold) system(name string) *system {
	if s, ok := f.systems[name]; ok {
		return s
	}
	s := &system{System: System{Name: name}, index: map[string]*access{}}
	f.systems[name] = s
	f.names = append(f.names, name)
	return s
}

// leftIn takes the residue of a reading: what an earlier reading named and a
// complete one does not is no longer left.
func (f *fold) leftIn(r lastday.Record) {
	if shows(*r.Reading) {
		for key, left := range f.residue {
			if left.System == r.System && left.Until.IsZero() {
				delete(f.residue, key)
			}
		}
	}
	for _, left := range r.Reading.Residue {
		f.left(r.System, left, r.Reading.ReadAt)
	}
}

func (f *fold) left(system string, left lastday.Residue, at time.Time) {
	left.System = system
	f.residue[system+"\x00"+left.Kind+"\x00"+left.What] = &Residue{Residue: left, SeenAt: at}
}

// end draws the conclusions.
func (f *fold) end(o Options) Case {
	f.c.AsOf = o.AsOf
	if o.AsOf.IsZero() {
		f.c.AsOf = f.at
	}
	f.stages()
	f.closedSystems()
	f.exceptions()
	slices.Sort(f.names)
	for _, name := range f.names {
		f.c.Systems = append(f.c.Systems, f.systems[name].end(f.c.Exceptions))
	}
	f.overtaken()
	f.gaps()
	f.leftover()
	f.c.Clocks = clocks(f.c)
	f.c.SLA = judgeSLA(f.c, cmp.Or(o.SLA, DefaultSLA))
	f.c.Unproved = unproved(f.c)
	f.c.Verdict = judge(f.c)
	return f.c
}

func (f *fold) stages() {
	if len(f.c.Plans) > 0 {
		for _, s := range f.c.Plans[len(f.c.Plans)-1].Stages {
			f.c.Stages = slices.DeleteFunc(f.c.Stages, func(past Stage) bool { return past.Name == s.Name })
			f.c.Stages = append(f.c.Stages, Stage{StageFact: s, Reached: f.reached[s.Name]})
		}
	}
	slices.SortStableFunc(f.c.Stages, func(a, b Stage) int { return a.Moment.Instant.Compare(b.Moment.Instant) })
}

// closedSystems takes what the closing says of systems, of those too that were
// never read.
func (f *fold) closedSystems() {
	if f.c.Closed == nil {
		return
	}
	for _, fact := range f.c.Closed.Systems {
		s := f.system(fact.System)
		s.State, s.Calls = fact.State, max(s.Calls, fact.Calls)
		s.Resurrected = fact.Resurrected
	}
}

func (f *fold) gaps() {
	for _, s := range f.c.Systems {
		f.c.Gaps = append(f.c.Gaps, s.Gaps...)
	}
	if len(f.c.Plans) == 0 {
		return
	}
	for _, g := range f.c.Plans[len(f.c.Plans)-1].Gaps {
		if _, read := f.systems[g.System]; !read {
			f.c.Gaps = append(f.c.Gaps, g)
		}
	}
}

func (f *fold) leftover() {
	for _, key := range slices.Sorted(maps.Keys(f.residue)) {
		left := *f.residue[key]
		for _, t := range f.c.Tasks {
			if t.System != left.System || t.What != left.What {
				continue
			}
			left.Owner = t.Owner
			switch t.How {
			case howWaive:
				left.Answered = "waived by " + t.By
			case howAttest:
				left.Answered = "attested by " + t.By
			}
		}
		f.c.Residue = append(f.c.Residue, left)
	}
}

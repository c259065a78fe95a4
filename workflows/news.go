package workflows

import (
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"

	"lastday"
	"lastday/activities"
)

// absorb looks at the news that came in. Worse news holds at once; a later
// date or a rescind is re-read from HR first.
func (c *caseRun) absorb(ctx workflow.Context) {
	for len(c.inbox) > 0 {
		n := c.inbox[0]
		c.inbox = c.inbox[1:]
		c.weigh(ctx, n)
	}
	if c.s.News != nil && !c.asking && c.s.News.Why == "" {
		c.askHR(ctx)
	}
}

func (c *caseRun) weigh(ctx workflow.Context, n News) {
	fromPerson := n.Why != ""
	n.Separation.Person.Links = mergeLinks(n.Separation.Person.Links, c.s.Separation.Person.Links)
	if !fromPerson && c.stale(n.Separation) {
		c.note(ctx, Entry{What: "older than what is known, not followed: " + tellSeparation(n.Separation), By: n.By})
		return
	}
	if c.s.News != nil {
		c.note(ctx, Entry{What: "overtaken by later news: " + tellSeparation(c.s.News.Separation), By: n.By})
		c.s.News = nil
	}
	switch {
	case same(n.Separation, c.s.Separation):
		relinked := !slices.Equal(n.Separation.Person.Links, c.s.Separation.Person.Links)
		c.s.Separation = n.Separation
		c.s.NeedPlan = c.s.NeedPlan || (relinked && !c.s.Restoring)
		c.note(ctx, Entry{What: "nothing new: " + tellSeparation(n.Separation), By: n.By})
	case raises(n.Separation, c.s.Separation) || (n.Separation.Rescinded && c.cutOrdered()):
		n.Since, n.Why = workflow.Now(ctx), ""
		c.s.News = &n
		c.note(ctx, Entry{What: "asks HR before following: " + tellSeparation(n.Separation), By: n.By})
	default:
		c.believe(ctx, n.Separation, n.By)
	}
}

// stale says whether news is older than what holds, or than what waits.
func (c *caseRun) stale(s lastday.Separation) bool {
	return !s.Newer(c.s.Separation) || (c.s.News != nil && !s.Newer(c.s.News.Separation))
}

// cutOrdered says whether the cut is done, under way, or ordered by a person:
// then only a person takes it back.
func (c *caseRun) cutOrdered() bool { return c.pastCut() || c.s.CutNow != nil }

// mergeLinks keeps the links that people added by hand.
func mergeLinks(fresh, known []lastday.Link) []lastday.Link {
	for _, k := range known {
		if _, ok := (lastday.Person{Links: fresh}).Link(k.System); !ok {
			fresh = append(fresh, k)
		}
	}
	return fresh
}

// same says that the news changes nothing about when access ends.
func same(a, b lastday.Separation) bool {
	return a.Rescinded == b.Rescinded && a.Kind == b.Kind && a.LastDay == b.LastDay && a.Zone == b.Zone &&
		sameTime(a.Cutoff, b.Cutoff) && a.Confidential == b.Confidential
}

func sameTime(a, b *lastday.WallTime) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

// raises says whether following the news could leave somebody more access, or
// for longer, than what is known now.
func raises(n, known lastday.Separation) bool {
	switch {
	case n.Rescinded:
		return !known.Rescinded
	case n.Kind == lastday.SeparationImmediate, known.Rescinded:
		return false
	case known.Kind == lastday.SeparationImmediate:
		return true
	case n.LastDay != known.LastDay:
		return known.LastDay.Before(n.LastDay)
	case n.Zone != known.Zone:
		return true
	}
	// Once it is confidential nothing visible may happen any more before the cut:
	// stages fall away.
	return laterTime(n.Cutoff, known.Cutoff) || (n.Confidential && !known.Confidential)
}

// laterTime says whether a wall-clock time may be later; against the policy's
// own time nobody knows, so it may.
func laterTime(n, known *lastday.WallTime) bool {
	if n == nil || known == nil {
		return !sameTime(n, known)
	}
	return n.Hour*60+n.Minute > known.Hour*60+known.Minute
}

// askWithin is how long HR may take to answer before a person decides instead.
const askWithin = 10 * time.Minute

// askHR re-reads HR beside the main loop: while HR does not answer, the
// earlier end stays in force.
func (c *caseRun) askHR(ctx workflow.Context) {
	c.asking = true
	news := *c.s.News
	workflow.GoNamed(ctx, "ask HR", func(ctx workflow.Context) {
		known := c.s.Separation
		in := activities.AskHRInput{Source: known.Source, Person: known.Person.Key, Engagement: known.Engagement.ID}
		o := caseCall(c.activityID("hr", "read"), "Ask HR what holds now")
		o.ScheduleToCloseTimeout = askWithin
		read, err := call(ctx, o, cases().AskHR, in)
		c.asking = false
		if c.s.News == nil || c.s.News.ID != news.ID {
			c.wake()
			return
		}
		c.hearHR(ctx, news, read, err)
	})
}

func (c *caseRun) hearHR(ctx workflow.Context, news News, read lastday.Separation, err error) {
	switch {
	case err != nil:
		c.question(ctx, "HR cannot be asked ("+string(troubleOf(err).Code)+")")
	case same(read, c.s.Separation) && news.Separation.Rescinded && c.s.CutNow != nil:
		c.s.News.Undo = true
		c.question(ctx, "HR still says "+tellSeparation(read)+"; approving takes back the order to cut, gives back what was taken, and goes on by that date")
	case same(read, c.s.Separation):
		c.s.News = nil
		c.note(ctx, Entry{What: "HR was asked and says otherwise, not followed: " + tellSeparation(news.Separation), By: news.By})
	case read.Rescinded && c.cutOrdered():
		c.question(ctx, "the cut is over, or ordered")
	case same(read, news.Separation):
		c.believe(ctx, news.Separation, news.By+", confirmed by HR")
	default:
		read.Person.Links = mergeLinks(read.Person.Links, c.s.Separation.Person.Links)
		c.believe(ctx, read, "HR, asked because of news from "+news.By)
	}
	c.wake()
}

// question leaves the decision to a person.
func (c *caseRun) question(ctx workflow.Context, why string) {
	c.s.News.Why = why
	text := fmt.Sprintf("news waits for approval (%s): %s", why, tellSeparation(c.s.News.Separation))
	c.note(ctx, Entry{What: text, By: c.s.News.By})
	c.wake()
}

// believe makes news what holds from now on. A hold stays: whoever holds the
// case releases it.
func (c *caseRun) believe(ctx workflow.Context, s lastday.Separation, by string) {
	was := c.s.Separation
	c.s.News = nil
	c.s.Separation = s
	c.show(ctx, Entry{What: "holds from now on: " + tellSeparation(s), By: by})
	c.recordNews(ctx, by)
	switch {
	case s.Rescinded:
		c.s.Restoring, c.s.NeedPlan, c.s.CutNow = true, false, nil
	case was.Rescinded:
		c.beginAgain(ctx)
		c.s.NeedPlan = true
	case c.pastCut() && !raises(s, was):
		// The cut is done: an earlier end changes nothing.
	default:
		c.s.NeedPlan = true
	}
	c.s.LingerUntil = time.Time{}
	c.wake()
}

// undoCut takes back an order to cut that was a mistake: what was taken is
// given back, system by system, and the end that HR says stays in force. A
// stage that cuts, or a new order, overtakes the giving back.
func (c *caseRun) undoCut(ctx workflow.Context, by string) {
	c.s.CutNow, c.s.News = nil, nil
	c.note(ctx, Entry{What: "the order to cut is taken back", By: by})
	c.s.Undoing = workflow.GetVersion(ctx, versionUndo, workflow.DefaultVersion, 1) >= 1
	c.beginAgain(ctx)
	for _, l := range c.lanes {
		l.setGoal(goal{restore: true})
	}
	c.s.NeedPlan = true
	c.wake()
}

// beginAgain forgets what a way out had reached: the engagement goes on for
// now. What could not be given back meanwhile stays in the ledger; what people
// answered for must be asked again.
func (c *caseRun) beginAgain(ctx workflow.Context) {
	c.s.Restoring, c.s.Reached = false, nil
	c.s.Times.CutDue, c.s.Times.CutVerified = time.Time{}, time.Time{}
	c.closeWhere(ctx, func(Task) bool { return true })
	c.s.Tasks = slices.DeleteFunc(c.s.Tasks, func(t Task) bool { return t.Closed.How != howCleared })
	for _, l := range c.lanes {
		l.l.Clean, l.l.State, l.l.Stage, l.l.Exited = "", LaneWaiting, "", false
		l.l.Attested = nil
		l.interrupt()
	}
}

package workflows

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"

	"lastday"
)

// listen registers all messages before the case first waits.
func (c *caseRun) listen(ctx workflow.Context) error {
	err := errors.Join(
		workflow.SetQueryHandlerWithOptions(ctx, QueryStatus, c.status,
			workflow.QueryHandlerOptions{Description: "Where the case stands, in every system"}),
		workflow.SetQueryHandlerWithOptions(ctx, QueryPlan, func() (lastday.Plan, error) { return c.s.Plan, nil },
			workflow.QueryHandlerOptions{Description: "The plan in force"}),
		workflow.SetUpdateHandlerWithOptions(ctx, UpdateAnnounce, c.announce,
			workflow.UpdateHandlerOptions{Validator: c.mayAnnounce, Description: "News from HR"}),
	)
	c.signals = []workflow.ReceiveChannel{
		receiveEach(ctx, SignalApprove, "Consent to the plan or the news with that digest", hear(c, SignalApprove, c.approve)),
		receiveEach(ctx, SignalHold, "Change nothing until released", hear(c, SignalHold, c.hold)),
		receiveEach(ctx, SignalRelease, "End a hold", hear(c, SignalRelease, c.release)),
		receiveEach(ctx, SignalReschedule, "Move the last day", hear(c, SignalReschedule, c.reschedule)),
		receiveEach(ctx, SignalRescind, "The engagement goes on", hear(c, SignalRescind, c.rescind)),
		receiveEach(ctx, SignalCutNow, "Cut everything now", hear(c, SignalCutNow, c.cutNow)),
		receiveEach(ctx, SignalResolve, "Answer a task: retry, waive, attest or link", hear(c, SignalResolve, c.resolve)),
	}
	return err
}

// hear remembers which message is being answered, for the record.
func hear[M interface {
	about() (what, evidence string)
}](c *caseRun, verb string, handle func(workflow.Context, M)) func(workflow.Context, M) {
	return func(ctx workflow.Context, m M) {
		what, evidence := m.about()
		c.hearing = lastday.MessageFact{Verb: verb, About: what, Evidence: evidence}
		handle(ctx, m)
	}
}

// receiveEach handles a kind of signal in the order of arrival, for as long as
// the case lives.
func receiveEach[M any](ctx workflow.Context, name, description string, handle func(workflow.Context, M)) workflow.ReceiveChannel {
	channel := workflow.GetSignalChannelWithOptions(ctx, name, workflow.SignalChannelOptions{Description: description})
	workflow.GoNamed(ctx, name, func(ctx workflow.Context) {
		for {
			var m M
			if more := channel.Receive(ctx, &m); !more || ctx.Err() != nil {
				return
			}
			handle(ctx, m)
		}
	})
	return channel
}

func (c *caseRun) mayAnnounce(d lastday.Delivery) error {
	if d.Separation == nil {
		return errors.New("announce: the delivery holds no separation")
	}
	if id := d.Separation.CaseID(); id != c.id {
		return fmt.Errorf("announce: the delivery belongs to case %s", id)
	}
	return nil
}

// announce takes in news from HR. The first makes the case; whether later news
// is believed is for the main loop to find out.
func (c *caseRun) announce(ctx workflow.Context, d lastday.Delivery) (AnnounceResult, error) {
	key := d.Source + "/" + d.ID
	if slices.Contains(c.s.Deliveries, key) {
		return AnnounceResult{Case: c.id, Duplicate: true}, nil
	}
	c.s.Deliveries = append(c.s.Deliveries, key)
	by := "HR source " + d.Source
	if d.Actor != "" {
		by = d.Actor + " (" + d.Scheme + ")"
	}
	if !c.s.Announced {
		c.s.Announced, c.s.Separation = true, *d.Separation
		c.s.Times.Entered = d.Separation.EnteredAt
		if d.Separation.Rescinded {
			c.s.Restoring, c.s.NeedPlan = true, false
			c.s.LingerUntil = workflow.Now(ctx).Add(lingerFor)
		}
		c.show(ctx, Entry{What: "announced: " + tellSeparation(*d.Separation), By: by})
		c.recordOpened(ctx, by)
	} else {
		c.inbox = append(c.inbox, News{ID: newsID(*d.Separation, key), Separation: *d.Separation, By: by})
	}
	c.wake()
	return AnnounceResult{Case: c.id}, nil
}

// lingerFor is how long a case stays open that began with a rescind.
const lingerFor = 7 * 24 * time.Hour

func newsID(s lastday.Separation, key string) string {
	return "news-" + lastday.OpaqueKey(key, s.LastDay.String(), string(s.Kind), fmt.Sprint(s.Rescinded))
}

func tellSeparation(s lastday.Separation) string {
	switch {
	case s.Rescinded:
		return "the engagement goes on"
	case s.Kind == lastday.SeparationImmediate:
		return "ends at once"
	}
	text := fmt.Sprintf("last day %s", s.LastDay)
	if s.Cutoff != nil {
		text += " " + s.Cutoff.String()
	}
	if s.Zone != "" {
		text += " in " + s.Zone
	}
	return text
}

// accept notes an answer to a message; refuse notes why it is not followed.
func (c *caseRun) accept(ctx workflow.Context, m Message, what string) {
	if m.Reason != "" {
		what += ": " + m.Reason
	}
	c.hearing.Reason = m.Reason
	c.note(ctx, Entry{What: what, By: m.Actor, Message: m.ID})
	c.wake()
}

func (c *caseRun) refuse(ctx workflow.Context, m Message, what, why string) {
	c.hearing.Reason = m.Reason
	c.note(ctx, Entry{What: what, By: m.Actor, Message: m.ID, Refused: why})
	c.wake()
}

// answered says whether a message was answered before: sending one twice does no harm.
func (c *caseRun) answeredMessage(m Message) bool {
	return m.ID != "" && slices.ContainsFunc(c.s.Log, func(e Entry) bool { return e.Message == m.ID })
}

// acceptable refuses messages that nobody stands behind.
func (c *caseRun) acceptable(ctx workflow.Context, m Message, what string, needsReason bool) bool {
	if c.answeredMessage(m) {
		return false
	}
	if m.Actor == "" {
		c.refuse(ctx, m, what, "it does not say who sends it")
		return false
	}
	if needsReason && m.Reason == "" {
		c.refuse(ctx, m, what, "it does not say why")
		return false
	}
	return true
}

func (c *caseRun) approve(ctx workflow.Context, m ApproveMessage) {
	if !c.acceptable(ctx, m.Message, "approve", false) {
		return
	}
	if i := slices.IndexFunc(c.s.Tasks, func(t Task) bool { return t.ID == m.Digest }); i >= 0 {
		c.approveAnswer(ctx, m, c.s.Tasks[i])
		return
	}
	news := c.s.News != nil && m.Digest == c.s.News.ID
	if !news && m.Digest != c.s.Plan.Digest {
		c.refuse(ctx, m.Message, "approve", "that digest is not in force any more: look at the plan again")
		return
	}
	if news && c.s.News.By == m.Actor {
		c.refuse(ctx, m.Message, "approve", "whoever brought the news cannot approve it")
		return
	}
	c.s.Approvals = append(c.s.Approvals, Approval{Digest: m.Digest, By: m.Actor, Reason: m.Reason, At: workflow.Now(ctx)})
	if !news {
		c.s.GateHeld = ""
		for _, l := range c.lanes {
			l.kick()
		}
	}
	c.accept(ctx, m.Message, "approved")
	switch {
	case news && c.s.News.Undo:
		c.undoCut(ctx, "approved by "+m.Actor)
	case news:
		c.believe(ctx, c.s.News.Separation, "approved by "+m.Actor)
	}
}

// approveAnswer is a second person's consent to what a first one answered for: a
// waiver or an attestation. The record shows both.
func (c *caseRun) approveAnswer(ctx workflow.Context, m ApproveMessage, t Task) {
	switch {
	case t.Closed == nil:
		c.refuse(ctx, m.Message, "approve", "the task is still open: answer it first")
	case t.Closed.How != HowWaive && t.Closed.How != HowAttest:
		c.refuse(ctx, m.Message, "approve", "nobody answered for that task")
	case t.Closed.By == m.Actor:
		c.refuse(ctx, m.Message, "approve", "whoever answered cannot approve it")
	default:
		c.s.Approvals = append(c.s.Approvals, Approval{Digest: t.ID, By: m.Actor, Reason: m.Reason, At: workflow.Now(ctx)})
		c.accept(ctx, m.Message, fmt.Sprintf("approved the answer (%s, by %s) to: %s: %s", t.Closed.How, t.Closed.By, t.System, t.What))
	}
}

func (c *caseRun) hold(ctx workflow.Context, m HoldMessage) {
	if !c.acceptable(ctx, m.Message, "hold", true) {
		return
	}
	c.s.Held = &Held{By: m.Actor, Reason: m.Reason, At: workflow.Now(ctx)}
	for _, l := range c.lanes {
		if c.s.CutNow == nil {
			l.begin()
		}
	}
	c.accept(ctx, m.Message, "held")
}

func (c *caseRun) release(ctx workflow.Context, m ReleaseMessage) {
	if !c.acceptable(ctx, m.Message, "release", false) {
		return
	}
	if c.s.Held == nil {
		c.refuse(ctx, m.Message, "release", "the case is not held")
		return
	}
	c.s.Held = nil
	c.accept(ctx, m.Message, "released")
}

func (c *caseRun) reschedule(ctx workflow.Context, m RescheduleMessage) {
	if !c.acceptable(ctx, m.Message, "reschedule", true) {
		return
	}
	if m.LastDay.IsZero() {
		c.refuse(ctx, m.Message, "reschedule", "it names no last day")
		return
	}
	s := c.s.Separation
	s.LastDay, s.Rescinded = m.LastDay, false
	if m.Cutoff != nil {
		s.Cutoff = m.Cutoff
	}
	if m.Zone != "" {
		s.Zone = m.Zone
	}
	c.bring(m.Message, s)
	c.accept(ctx, m.Message, "reschedule to "+tellSeparation(s))
}

func (c *caseRun) rescind(ctx workflow.Context, m RescindMessage) {
	if !c.acceptable(ctx, m.Message, "rescind", true) {
		return
	}
	s := c.s.Separation
	s.Rescinded = true
	c.bring(m.Message, s)
	c.accept(ctx, m.Message, "rescind")
}

// bring puts news from a person where news from HR goes, too. It is newer than
// whatever is known, because it was said now.
func (c *caseRun) bring(m Message, s lastday.Separation) {
	c.inbox = append(c.inbox, News{ID: newsID(s, m.ID), Separation: s, By: m.Actor, Why: "a person says so"})
}

func (c *caseRun) cutNow(ctx workflow.Context, m CutNowMessage) {
	if !c.acceptable(ctx, m.Message, "cut now", true) {
		return
	}
	if c.s.CutNow != nil || c.pastCut() {
		c.refuse(ctx, m.Message, "cut now", "the cut is under way or done")
		return
	}
	if c.s.Restoring {
		c.s.Separation.Rescinded = false
		c.beginAgain(ctx)
	}
	c.s.CutNow = &Order{By: m.Actor, Reason: m.Reason, At: workflow.Now(ctx)}
	// An order to cut ends a hold: who gave it stands in the record.
	c.s.News, c.s.Held, c.s.LingerUntil = nil, nil, time.Time{}
	c.s.NeedPlan = true
	c.accept(ctx, m.Message, "cut now")
}

func (c *caseRun) pastCut() bool {
	for _, r := range c.s.Reached {
		if stage, ok := c.s.Plan.Stage(r.Stage); ok && stage.Cut {
			return !c.s.Restoring
		}
	}
	return false
}

// resolve answers a task.
func (c *caseRun) resolve(ctx workflow.Context, m ResolveMessage) {
	if !c.acceptable(ctx, m.Message, "resolve", m.How == HowWaive) {
		return
	}
	i := slices.IndexFunc(c.s.Tasks, func(t Task) bool { return t.ID == m.Task && t.Closed == nil })
	if i < 0 {
		c.refuse(ctx, m.Message, "resolve", "no open task has that id")
		return
	}
	t := &c.s.Tasks[i]
	if why := c.answer(ctx, *t, m); why != "" {
		c.refuse(ctx, m.Message, "resolve "+t.What, why)
		return
	}
	t.Closed = &Closing{How: m.How, By: m.Actor, Reason: m.Reason, Evidence: m.Evidence, At: workflow.Now(ctx)}
	c.tasksChanged()
	c.accept(ctx, m.Message, fmt.Sprintf("%s: %s: %s", t.System, t.What, m.How))
	c.recordTask(ctx, *t)
	if l := c.lane(t.System); l != nil {
		l.resolved(*t, m)
		c.settleDelegated(ctx, l)
	}
}

// answer applies what a person decided; it says why if it cannot be.
func (c *caseRun) answer(ctx workflow.Context, t Task, m ResolveMessage) string {
	switch m.How {
	case HowRetry:
		if t.System == "" {
			c.s.NeedPlan = c.s.NeedPlan || !c.s.Restoring
		}
		return ""
	case HowWaive:
		if t.Kind == TaskDecision {
			return "it waits for a decision: approve it, or release the hold"
		}
		c.attest(ctx, t, m, lastday.ProofWaived)
		return ""
	case HowAttest:
		if m.Evidence == "" {
			return "an attestation needs evidence: a ticket, a digest of a screenshot"
		}
		if t.Kind == TaskDecision || wholeSystem(t) {
			return "nobody can attest that: `waive` it with a reason, or mend it and `retry`"
		}
		c.attest(ctx, t, m, lastday.ProofAttested)
		return ""
	case HowLink:
		return c.link(ctx, t, m)
	}
	return fmt.Sprintf("%q is none of retry, waive, attest, link", m.How)
}

// attest remembers what a person answered for: a grant, a kind that could not
// be seen, or a whole system.
func (c *caseRun) attest(ctx workflow.Context, t Task, m ResolveMessage, proof lastday.Proof) {
	l := c.lane(t.System)
	if l == nil || t.Kind == TaskResidue || t.Kind == TaskDrifted || t.Stage == restoreGoal || wholeSystem(t) {
		return
	}
	a := Attested{
		Grant: t.Grant, Kind: t.GrantKind, Rung: t.To, Seen: t.From, Stage: t.Stage,
		Proof: proof, By: m.Actor, Why: m.Reason, At: workflow.Now(ctx),
	}
	if a.Rung == "" {
		a.Rung = lastday.None
	}
	l.l.Attested = append(l.l.Attested, a)
	if i := orderOf(l.l.Orders, t.Change); i >= 0 && t.Change != "" {
		r := &l.l.Orders[i].Receipt
		r.Change, r.Proof, r.By, r.DoneAt = t.Change, proof, m.Actor, workflow.Now(ctx)
		r.Note = m.How + ": " + m.Reason + " " + m.Evidence
		l.recordChange(ctx, l.l.Orders[i], t.Stage == restoreGoal)
	}
}

// wholeSystem says whether a task is about a system that could not be worked
// with at all. A waiver of it holds for the stage, and is no answer for
// anything in it.
func wholeSystem(t Task) bool {
	switch t.Kind {
	case TaskFailing, TaskUnserved:
		return t.Change == ""
	case TaskIdentity:
		return true
	case TaskAsked, TaskRefused, TaskElsewhere, TaskResidue, TaskBlind, TaskUnseen, TaskDecision, TaskDrifted:
		return false
	}
	return false
}

func (c *caseRun) link(ctx workflow.Context, t Task, m ResolveMessage) string {
	identity := t.Kind == TaskIdentity || (t.Kind == TaskBlind && t.Code == lastday.CodeProtected)
	if !identity || m.Account == "" {
		return "link answers only the question which account is the person's, and needs its immutable id"
	}
	p := &c.s.Separation.Person
	before := slices.Clone(p.Links)
	p.Links = slices.DeleteFunc(slices.Clone(p.Links), func(l lastday.Link) bool { return l.System == t.System })
	p.Links = append(p.Links, lastday.Link{System: t.System, ID: m.Account})
	c.keepLink(ctx, t, m, before)
	c.s.NeedPlan = c.s.NeedPlan || !c.pastCut()
	return ""
}

func (c *caseRun) lane(system string) *laneRun {
	for _, l := range c.lanes {
		if l.l.System == system {
			return l
		}
	}
	return nil
}

// resolved lets a lane go on after an answer: a waived failure ends its way to
// this stage, everything else is tried again at once.
func (l *laneRun) resolved(t Task, m ResolveMessage) {
	l.fruitless = 0
	if m.How == HowWaive && wholeSystem(t) {
		l.l.State, l.l.Why = LaneWaived, "waived by "+m.Actor+": "+m.Reason
		l.abandon()
		return
	}
	l.kick()
}

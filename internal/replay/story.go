package replay

import (
	"fmt"
	"io"
	"strings"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/converter"

	"lastday/workflows"
)

// Line is one line of a story.
type Line struct {
	At    time.Time `json:"at"`
	Run   string    `json:"run"`
	Event int64     `json:"event"`
	// Who is the principal that the Temporal server verified, for what people and
	// programs sent; empty for what the case did itself.
	Who  string `json:"who,omitempty"`
	What string `json:"what"`
}

// Story tells runs for a person: what was sent, what was waited for, what was
// done and what failed, in the order in which it happened.
func Story(runs []Run) []Line {
	var lines []Line
	for i, r := range runs {
		t := &teller{run: r, names: map[int64]string{}}
		for _, e := range r.History.GetEvents() {
			if what := t.tell(e, i); what != "" {
				lines = append(lines, Line{At: e.GetEventTime().AsTime(), Run: r.ID, Event: e.GetEventId(), Who: sender(e), What: what})
			}
		}
	}
	return lines
}

// teller remembers what activities and timers were called when they began.
type teller struct {
	run   Run
	names map[int64]string
}

func (t *teller) tell(e *historypb.HistoryEvent, run int) string {
	switch e.GetEventType() {
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
		if run > 0 {
			return "the case goes on in a new run"
		}
		return "the case begins"
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
		a := e.GetWorkflowExecutionSignaledEventAttributes()
		return "message " + a.GetSignalName() + message(a.GetInput())
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED:
		return "news: " + e.GetWorkflowExecutionUpdateAcceptedEventAttributes().GetAcceptedRequest().GetInput().GetName()
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED:
		return "the case is closed" + outcome(e.GetWorkflowExecutionCompletedEventAttributes().GetResult())
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED:
		return "the case failed: " + e.GetWorkflowExecutionFailedEventAttributes().GetFailure().GetMessage()
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED:
		return "the case was terminated: " + e.GetWorkflowExecutionTerminatedEventAttributes().GetReason()
	case enumspb.EVENT_TYPE_WORKFLOW_TASK_FAILED:
		return "the workflow's code stumbled: " + e.GetWorkflowTaskFailedEventAttributes().GetFailure().GetMessage()
	}
	return t.work(e)
}

func (t *teller) work(e *historypb.HistoryEvent) string {
	switch e.GetEventType() {
	case enumspb.EVENT_TYPE_TIMER_STARTED:
		t.names[e.GetEventId()] = summary(e)
		return "waits: " + summary(e)
	case enumspb.EVENT_TYPE_TIMER_FIRED:
		return "the time has come: " + t.names[e.GetTimerFiredEventAttributes().GetStartedEventId()]
	case enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
		t.names[e.GetEventId()] = summary(e)
		return ""
	case enumspb.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
		return "done: " + t.names[e.GetActivityTaskCompletedEventAttributes().GetScheduledEventId()]
	case enumspb.EVENT_TYPE_ACTIVITY_TASK_FAILED:
		a := e.GetActivityTaskFailedEventAttributes()
		return "failed: " + t.names[a.GetScheduledEventId()] + ": " + a.GetFailure().GetMessage()
	case enumspb.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT:
		return "no answer: " + t.names[e.GetActivityTaskTimedOutEventAttributes().GetScheduledEventId()]
	case enumspb.EVENT_TYPE_ACTIVITY_TASK_CANCELED:
		return "called off: " + t.names[e.GetActivityTaskCanceledEventAttributes().GetScheduledEventId()]
	}
	return ""
}

// sender is the principal that the server verified, of what was sent.
func sender(e *historypb.HistoryEvent) string {
	switch e.GetEventType() {
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED:
		return e.GetPrincipal().GetName()
	}
	return ""
}

// summary is what the Temporal UI shows of an event.
func summary(e *historypb.HistoryEvent) string {
	var text string
	if converter.GetDefaultDataConverter().FromPayload(e.GetUserMetadata().GetSummary(), &text) != nil || text == "" {
		text = e.GetActivityTaskScheduledEventAttributes().GetActivityId() + e.GetTimerStartedEventAttributes().GetTimerId()
	}
	return strings.ReplaceAll(text, "**", "")
}

// message is who a message says it is from, and why.
func message(in *commonpb.Payloads) string {
	var m workflows.Message
	if converter.GetDefaultDataConverter().FromPayloads(in, &m) != nil || m.Actor == "" {
		return ""
	}
	text := ", as " + m.Actor
	if m.Reason != "" {
		text += ": " + m.Reason
	}
	return text
}

func outcome(result *commonpb.Payloads) string {
	var r workflows.CaseResult
	if converter.GetDefaultDataConverter().FromPayloads(result, &r) != nil || r.Outcome == "" {
		return ""
	}
	return ": " + string(r.Outcome)
}

// Print writes a story for a terminal, a day at a time, in the given zone.
func Print(w io.Writer, lines []Line, zone *time.Location) {
	day := ""
	for _, l := range lines {
		if d := l.At.In(zone).Format("Monday 2 January 2006 MST"); d != day {
			day = d
			fmt.Fprintf(w, "\n%s\n", day)
		}
		who := ""
		if l.Who != "" {
			who = " [" + l.Who + "]"
		}
		fmt.Fprintf(w, "  %s %5d  %s%s\n", l.At.In(zone).Format("15:04:05"), l.Event, l.What, who)
	}
}

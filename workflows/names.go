// Package workflows holds the workflows of lastday: a Case for each engagement
// that ends, an Event for each delivery from HR, and the Gate that counts
// leavers.
//
// A Case executes; it does not plan. Plans and judgements are computed in
// activities, so that a changed planner cannot break a case that sleeps for
// weeks. Everything here is deterministic, and every recorded history in
// testdata/history replays.
package workflows

import (
	"go.temporal.io/sdk/temporal"

	"lastday"
)

// CaseQueue is the task queue of workflows and of the activities that need no far side.
const CaseQueue = "cases"

// SystemQueue is the task queue of one system: its rate limit, its
// credentials and its workers are its own.
func SystemQueue(system string) string { return "system." + system }

// The workflow types.
const (
	CaseType  = "Case"
	EventType = "Event"
	GateType  = "Gate"
)

// GateID is the id of the one Gate.
const GateID = "gate"

// CaseWorkflowID is the workflow id of a case.
func CaseWorkflowID(caseID string) string { return "case/" + caseID }

// Messages of a Case. What people send are signals: the server writes the
// sender's verified principal into a signal's event, but the worker's into an
// update's. What HR sends is an update: it is acknowledged with its result, and
// the actor is in its signed payload.
const (
	UpdateAnnounce   = "announce"
	SignalApprove    = "approve"
	SignalHold       = "hold"
	SignalRelease    = "release"
	SignalReschedule = "reschedule"
	SignalRescind    = "rescind"
	SignalCutNow     = "cut-now"
	SignalResolve    = "resolve"
	QueryStatus      = "status"
	QueryPlan        = "plan"
)

// Messages of an Event and of the Gate.
const (
	// SignalDismiss ends a parked event.
	SignalDismiss = "dismiss"
	// UpdateEnter asks the Gate whether a leaver may pass.
	UpdateEnter = "enter"
	// QueryEntered lists who entered the Gate.
	QueryEntered = "entered"
)

// The search attributes. They hold no personal data: they are never encrypted.
func searchStage() temporal.SearchAttributeKeyKeyword {
	return temporal.NewSearchAttributeKeyKeyword("LastdayStage")
}

func searchState() temporal.SearchAttributeKeyKeyword {
	return temporal.NewSearchAttributeKeyKeyword("LastdayState")
}

func searchCutoff() temporal.SearchAttributeKeyTime {
	return temporal.NewSearchAttributeKeyTime("LastdayCutoff")
}

func searchPerson() temporal.SearchAttributeKeyKeyword {
	return temporal.NewSearchAttributeKeyKeyword("LastdayPerson")
}

func searchStuck() temporal.SearchAttributeKeyKeywordList {
	return temporal.NewSearchAttributeKeyKeywordList("LastdayStuck")
}

func searchTasks() temporal.SearchAttributeKeyInt64 {
	return temporal.NewSearchAttributeKeyInt64("LastdayTasks")
}

// SearchAttributes lists the keys that must be registered with the namespace.
func SearchAttributes() []temporal.SearchAttributeKey {
	return []temporal.SearchAttributeKey{
		searchStage(), searchState(), searchCutoff(), searchPerson(), searchStuck(), searchTasks(),
	}
}

// personKey is what a search attribute may say about who a case is about.
func personKey(s lastday.Separation) string { return lastday.OpaqueKey(s.Source, s.Person.Key) }

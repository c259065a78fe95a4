package replay

import (
	"bytes"
	"time"

	"go.temporal.io/sdk/converter"

	historypb "go.temporal.io/api/history/v1"

	"lastday"
	"lastday/activities"
	"lastday/audit"
	"lastday/audit/bundle"
)

// activityRecord is the type of the activity that writes records.
const activityRecord = "Record"

// told compares the records of the log with those that the case gave out, as
// its histories show, and their times with those of the events they rest on:
// the histories have the times of the Temporal server.
func told(runs []Run, records []lastday.Record, final bool) bundle.Check {
	c := bundle.Check{What: "the histories tell the same records, at the same times"}
	given := map[string]lastday.Record{}
	for _, r := range runs {
		for _, event := range r.History.GetEvents() {
			for _, record := range givenOut(event) {
				given[record.ID] = record
			}
		}
	}
	kept := map[string]bool{}
	for _, record := range records {
		kept[record.ID] = true
		compare(&c, runs, given, record)
	}
	for id := range given {
		// Records that were erased are no longer there to be compared, and the log's
		// own checks count them.
		if !kept[id] && final && len(records) == len(given) {
			found(&c, audit.Missing, "record %s was given out and is not in the log", id)
		}
	}
	return c
}

func compare(c *bundle.Check, runs []Run, given map[string]lastday.Record, record lastday.Record) {
	want, ok := given[record.ID]
	if !ok {
		found(c, audit.Misplaced, "record %s is in the log, and no history gave it out", record.ID)
		return
	}
	is, err := record.Bytes()
	was, err2 := want.Bytes()
	if err != nil || err2 != nil || !bytes.Equal(is, was) {
		found(c, audit.Changed, "record %s in the log is not what the history gave out", record.ID)
	}
	at, ok := eventTime(runs, record)
	if !ok {
		found(c, audit.Missing, "record %s rests on event %d of run %s, which is not there", record.ID, record.Event, record.Run)
		return
	}
	if !at.Equal(record.At) {
		found(c, audit.Misdated, "record %s says %s; its event happened at %s", record.ID, record.At.Format(time.RFC3339Nano), at.Format(time.RFC3339Nano))
	}
}

// eventTime is the time of the event that a record rests on: the start of the
// workflow task in which it was made.
func eventTime(runs []Run, record lastday.Record) (time.Time, bool) {
	for _, r := range runs {
		if r.ID != record.Run {
			continue
		}
		events := r.History.GetEvents()
		if record.Event < 1 || record.Event > len(events) {
			return time.Time{}, false
		}
		return events[record.Event-1].GetEventTime().AsTime(), true
	}
	return time.Time{}, false
}

// givenOut are the records that an event hands to the activity that writes them.
func givenOut(event *historypb.HistoryEvent) []lastday.Record {
	scheduled := event.GetActivityTaskScheduledEventAttributes()
	if scheduled.GetActivityType().GetName() != activityRecord {
		return nil
	}
	var in activities.RecordInput
	if err := converter.GetDefaultDataConverter().FromPayloads(scheduled.GetInput(), &in); err != nil {
		return nil
	}
	return in.Records
}

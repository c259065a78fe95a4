package replay

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/converter"

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
func told(runs []Run, records []lastday.Record, sealed lastday.SealedFact) bundle.Check {
	c := bundle.Check{What: "the histories tell the same records, at the same times"}
	given := map[string][]lastday.Record{}
	for _, r := range runs {
		for _, record := range r.givenOut() {
			given[record.ID] = append(given[record.ID], record)
			if record.Case != sealed.Of {
				found(&c, audit.Misplaced, "run %s gave out record %s, which is not of case %s", r.ID, record.ID, sealed.Of)
			}
			if sealed.Final && record.Seq > sealed.Last {
				found(&c, audit.Missing, "record %s was given out and written, and is not in the log", record.ID)
			}
		}
	}
	for _, record := range records {
		compare(&c, runs, given[record.ID], record)
	}
	return c
}

// meant holds the records in the histories against those that the code gave out
// when it was replayed: nobody else wrote them.
func meant(runs []Run, heard []lastday.Record) bundle.Check {
	c := bundle.Check{What: "replayed with this program, the case gives out the records that the histories show"}
	byCode := map[string][]lastday.Record{}
	for _, record := range heard {
		byCode[record.ID] = append(byCode[record.ID], record)
	}
	for _, r := range runs {
		for _, record := range r.givenOut() {
			if !slices.ContainsFunc(byCode[record.ID], func(want lastday.Record) bool { return same(record, want) }) {
				found(&c, audit.Changed, "record %s in the history is not what the case gives out, told what it was told", record.ID)
			}
		}
	}
	return c
}

func compare(c *bundle.Check, runs []Run, given []lastday.Record, record lastday.Record) {
	if len(given) == 0 {
		found(c, audit.Misplaced, "record %s is in the log, and no history gave it out", record.ID)
		return
	}
	if !slices.ContainsFunc(given, func(want lastday.Record) bool { return same(want, record) }) {
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

func same(a, b lastday.Record) bool {
	is, err := a.Bytes()
	was, err2 := b.Bytes()
	return err == nil && err2 == nil && bytes.Equal(is, was)
}

// givenOut are the records that a run handed to the activity that writes them,
// without those whose numbers were taken: they came again under others.
func (r Run) givenOut() []lastday.Record {
	batches := map[int64][]lastday.Record{}
	for _, event := range r.History.GetEvents() {
		if records := handed(event); len(records) > 0 {
			batches[event.GetEventId()] = records
		}
		var out activities.RecordOutput
		done := event.GetActivityTaskCompletedEventAttributes()
		if done != nil && converter.GetDefaultDataConverter().FromPayloads(done.GetResult(), &out) == nil && out.Taken {
			delete(batches, done.GetScheduledEventId())
		}
	}
	var all []lastday.Record
	for _, records := range batches {
		all = append(all, records...)
	}
	slices.SortStableFunc(all, func(a, b lastday.Record) int { return cmp.Compare(a.Seq, b.Seq) })
	return all
}

// handed are the records that an event hands over.
func handed(event *historypb.HistoryEvent) []lastday.Record {
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

package workflows_test

import (
	"context"
	"testing"
	"time"

	"lastday"
	"lastday/activities"
	"lastday/integrations"
	"lastday/workflows"
)

// talkative is a far side that names the person wherever it says something.
type talkative struct{ *farSide }

func (f *talkative) List(ctx context.Context, a lastday.Account, at integrations.Cursor) (integrations.Page, error) {
	page, err := f.farSide.List(ctx, a, at)
	page.Residue = append(page.Residue, lastday.Residue{
		System: f.name, Kind: "webhook", What: "hook", Why: "it reports to Kim@Example.com", Todo: "ask KIM EXAMPLE", Harmless: true,
	})
	page.Gaps = append(page.Gaps, lastday.Gap{
		System: f.name, Kind: "drive", What: "the drive of Kim Example", Code: lastday.CodeUnsupported, Why: "only Kim Example sees it", Fix: "ask kim@example.com",
	})
	for i := range page.Grants {
		page.Grants[i].Resource.Labels = map[string]string{"owner": "kim@example.com"}
	}
	return page, err
}

// said is a message whose id does not repeat its reason.
func said(who, reason string) workflows.Message {
	m := by(who, "")
	m.ID, m.Reason = lastday.OpaqueKey(who, reason), reason
	return m
}

// Erasing the one record that names the person would be worth nothing if others
// named them as well.
func TestNoOtherRecordNamesThePersonWhateverPeopleAndFarSidesSay(t *testing.T) {
	code := &talkative{newFarSide("code", "read")}
	s := newStory(t)
	s.cases.Settings.Systems = []activities.SystemSetting{{Name: "code", Queue: workflows.SystemQueue("code")}}
	s.others = append(s.others, integrations.NewSystem("code", code, integrations.Options{Now: time.Now}))
	s.at(day(2, 9), func() {
		s.env.SignalWorkflow(workflows.SignalHold, workflows.HoldMessage{Message: said("ana", "Kim Example is on a plane")})
	})
	s.at(day(2, 10), func() {
		s.env.SignalWorkflow(workflows.SignalRelease, workflows.ReleaseMessage{Message: said("ana", "kim@example.com answered")})
	})
	for hour := range 40 {
		s.at(day(18, 17)+time.Duration(hour)*6*time.Hour, func() {
			for _, task := range s.status().Tasks {
				if task.Closed == nil {
					s.env.SignalWorkflow(workflows.SignalResolve, workflows.ResolveMessage{
						Message: said("bob", "Kim Example said so"), Task: task.ID, How: workflows.HowWaive, Evidence: "mail to kim@example.com",
					})
				}
			}
		})
	}
	s.run()
	for _, r := range s.notes.all() {
		if r.Kind != lastday.RecordSubject {
			mustNameNobody(t, r)
		}
	}
}

package story_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"lastday"
	"lastday/audit/story"
	"lastday/audit/story/storytest"
)

func tell(t *testing.T, records []lastday.Record) story.Case {
	t.Helper()
	c, err := story.Of(records, story.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// access finds one access of a case.
func access(t *testing.T, c story.Case, system, key string) story.Access {
	t.Helper()
	for _, s := range c.Systems {
		for _, a := range s.Accesses {
			if s.Name == system && a.Key == key {
				return a
			}
		}
	}
	t.Fatalf("%s has no access %s", system, key)
	return story.Access{}
}

func TestTheVerdictSaysWhatTheRecordsShow(t *testing.T) {
	cases := map[string]struct {
		teller *storytest.Teller
		word   story.Word
		sla    story.SLAState
		says   string
	}{
		"everything read back":      {storytest.Clean(3), story.Proven, story.SLAMet, "All 11 accesses in 3 systems read back gone"},
		"two things attested":       {storytest.Contractor(), story.AnsweredFor, story.SLAAnswered, "18 of 20 accesses"},
		"told after the last day":   {storytest.LateHR(), story.Proven, story.SLAMet, "in time"},
		"the engagement goes on":    {storytest.RescindedCase(), story.Rescinded, story.SLANone, "1 access given back and read back; 3 not"},
		"somebody holds it":         {storytest.HeldCase(), story.HeldBack, story.SLARunning, "Held by ann@acme.example"},
		"between two stages":        {storytest.OpenCase(), story.Under, story.SLARunning, "not due yet"},
		"closed as clean, was not":  {storytest.DeafCase(), story.NotShown, story.SLAMissed, "do not show that all access is gone"},
		"the cut is seen, no more":  {until(storytest.Clean(0), "watch-1h"), story.Cut, story.SLAMet, "the watch goes on"},
		"the cut is due and unseen": {overdue(), story.Overdue, story.SLARunning, "the records do not show it"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := tell(t, c.teller.Records())
			if got.Verdict.Word != c.word || got.SLA.State != c.sla || !strings.Contains(got.Verdict.Sentence, c.says) {
				t.Errorf("got %+v, promise %+v", got.Verdict, got.SLA)
			}
		})
	}
}

// until drops what was told after a stage began.
func until(t *storytest.Teller, stage string) *storytest.Teller {
	return t.Until(func(r lastday.Record) bool { return r.Stage == stage })
}

func overdue() *storytest.Teller {
	t := storytest.OpenCase()
	t.At(storytest.Berlin(12, 1, 9, 0)).Note("nothing happens")
	return t
}

func TestNothingIsGoneThatWasNotReadBack(t *testing.T) {
	c := tell(t, storytest.DeafCase().Records())
	login := access(t, c, "database", "login")
	if login.Standing != story.Unchanged || login.After != "login" {
		t.Errorf("the far side said done and did nothing: got %s at %q", login.Standing, login.After)
	}
	if _, known := login.Late(); known || !c.Clocks.Verified.IsZero() {
		t.Errorf("nothing was verified: %+v", c.Clocks)
	}
	if !strings.Contains(strings.Join(c.Unproved, "\n"), "database: unchanged: ") {
		t.Errorf("it is not told: %q", c.Unproved)
	}
}

func TestAnAcknowledgementIsNoProof(t *testing.T) {
	c := tell(t, storytest.RescindedCase().Records())
	if a := access(t, c, "crm", "role/sales-admin"); a.Standing != story.Gone {
		t.Errorf("it was read back gone, and giving it back was not: got %s", a.Standing)
	}
	if a := access(t, c, "code", "repo/billing"); a.Standing != story.Restored || a.After != "admin" {
		t.Errorf("got %s at %s", a.Standing, a.After)
	}
}

// onlyReading is a case with one grant seen, and then read again like this.
func onlyReading(change func(*lastday.ReadingFact)) []lastday.Record {
	at := storytest.Berlin(11, 2, 9, 0)
	first := lastday.ReadingFact{
		Account: lastday.Account{System: "crm", ID: "1"}, Verdict: lastday.FoundOne, Complete: true, Control: lastday.Control{Seen: true}, ReadAt: at,
		Grants: []lastday.GrantFact{{Key: "role", Kind: "role", Rung: "admin", Level: lastday.LevelAdmin}},
	}
	second := first
	second.Grants, second.ReadAt = nil, at.Add(time.Hour)
	change(&second)
	return []lastday.Record{
		{Case: "c", Seq: 1, At: at, Kind: lastday.RecordReading, System: "crm", Reading: &first},
		{Case: "c", Seq: 2, At: second.ReadAt, Kind: lastday.RecordReading, System: "crm", Reading: &second},
	}
}

func TestAbsenceIsShownOnlyByACompleteReadingThatCouldSee(t *testing.T) {
	cases := map[string]struct {
		change func(*lastday.ReadingFact)
		want   story.Standing
	}{
		"complete, with a control":   {func(*lastday.ReadingFact) {}, story.Gone},
		"the account is gone":        {func(r *lastday.ReadingFact) { r.Account, r.Verdict = lastday.Account{}, lastday.FoundNone }, story.Gone},
		"without a control":          {func(r *lastday.ReadingFact) { r.Control.Seen = false }, story.Unknown},
		"not complete":               {func(r *lastday.ReadingFact) { r.Complete = false }, story.Unknown},
		"with a gap":                 {func(r *lastday.ReadingFact) { r.Gaps = []lastday.Gap{{What: "tokens"}} }, story.Unknown},
		"nobody knows which account": {func(r *lastday.ReadingFact) { r.Account, r.Verdict = lastday.Account{}, lastday.FoundMany }, story.Unknown},
		"of another account":         {func(r *lastday.ReadingFact) { r.Account.ID = "2" }, story.Unchanged},
		"a list that people keep":    {func(r *lastday.ReadingFact) { r.Control.KeptBy = "reception" }, story.Attested},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			told := tell(t, onlyReading(c.change))
			if a := access(t, told, "crm", "role"); a.Standing != c.want {
				t.Errorf("got %s, want %s", a.Standing, c.want)
			}
			shown := c.want == story.Gone || c.want == story.Unchanged
			if p := told.Systems[0].Points[1]; (p.Proof == lastday.ProofObserved) != shown || (told.Systems[0].Blind == "") != shown {
				t.Errorf("the point is %s, blind: %q", p.Proof, told.Systems[0].Blind)
			}
		})
	}
}

func TestAVerifiedStageCountsOnlyWithItsControl(t *testing.T) {
	for name, spoil := range map[string]func(*lastday.VerifiedFact){
		"nothing was seen":        func(v *lastday.VerifiedFact) { v.Control.Seen = false },
		"a list that people keep": func(v *lastday.VerifiedFact) { v.Control.KeptBy = "reception" },
		"attested":                func(v *lastday.VerifiedFact) { v.Proof = lastday.ProofAttested },
	} {
		records := storytest.Clean(0).Records()
		for i := range records {
			if records[i].Verified != nil && records[i].System == "crm" {
				spoil(records[i].Verified)
			}
		}
		c := tell(t, records)
		if c.Verdict.Word != story.NotShown || c.Clocks.Shown != 2 {
			t.Errorf("%s: got %s, %d systems shown", name, c.Verdict.Word, c.Clocks.Shown)
		}
	}
}

func TestWhatCameBackIsCountedAndTold(t *testing.T) {
	c := tell(t, storytest.Contractor().Records())
	vpn := access(t, c, "directory", "group/vpn")
	if vpn.Resurrected != 1 || vpn.Standing != story.Gone || !strings.Contains(vpn.Note, "came back") {
		t.Errorf("got %+v", vpn)
	}
	if late, _ := vpn.Late(); late < 0 || late > time.Hour {
		t.Errorf("the times must be of the first removal: %s", late)
	}
	raised := storytest.Contractor()
	raised.System("directory").Raise("group/vpn", "member")
	raised.After(time.Hour).Read("directory", "watch-7d")
	if a := access(t, tell(t, raised.Records()), "directory", "group/vpn"); a.Standing != story.Back {
		t.Errorf("seen again and not taken: got %s", a.Standing)
	}
}

func TestExceptionsCarryWhoDecidedAndWhen(t *testing.T) {
	c := tell(t, storytest.Contractor().Records())
	i := slices.IndexFunc(c.Exceptions, func(e story.Exception) bool { return e.How == "waive" })
	if len(c.Exceptions) != 3 || i < 0 {
		t.Fatalf("got %+v", c.Exceptions)
	}
	e := c.Exceptions[i]
	if early, known := e.BeforeDue(); !early || !known || !e.FourEyes() || e.By != "lee@acme.example" || len(e.Approvals) != 1 {
		t.Errorf("got %+v", e)
	}
	e.Approvals = []story.Approval{{By: e.By}}
	if e.FourEyes() || e.Owner == "" {
		t.Error("whoever approves the own decision is no second pair of eyes, nor is the role that was asked")
	}
}

func TestTheClocksAreKeptApart(t *testing.T) {
	c := tell(t, storytest.LateHR().Records())
	d := c.Clocks.Distances()
	if !c.SLA.LateHR || c.SLA.LateUs {
		t.Errorf("late was HR, not we: %+v", c.SLA)
	}
	if d[0].Span() != 25*time.Minute || d[1].Span() >= 0 || d[3].Span() < 24*time.Hour {
		t.Errorf("entered to told %s, told to due %s, due to verified %s", d[0].Span(), d[1].Span(), d[3].Span())
	}
	if open := tell(t, storytest.OpenCase().Records()).Clocks.Distances()[3]; open.Known || open.Span() != 0 {
		t.Errorf("nothing was verified yet: %+v", open)
	}
}

func TestResidueHasAnOwnerOrSaysThatItHasNone(t *testing.T) {
	c := tell(t, storytest.Contractor().Records())
	open := 0
	for _, r := range c.Residue {
		if r.Open(c.AsOf) {
			open++
		}
		if r.Kind == "secret" && (r.Owner != "platform" || r.Answered == "") {
			t.Errorf("got %+v", r)
		}
	}
	if len(c.Residue) != 2 || open != 0 {
		t.Errorf("got %+v", c.Residue)
	}
}

func TestMissingRecordsAreNamed(t *testing.T) {
	all := storytest.Clean(0).Records()
	if erased := tell(t, slices.Delete(slices.Clone(all), 0, 1)); len(erased.Missing) != 1 || erased.Verdict.Word != story.Proven {
		t.Errorf("the first names the person and may be erased: %v %s", erased.Missing, erased.Verdict.Word)
	}
	if both := tell(t, slices.Delete(slices.Clone(all)[1:], 3, 6)); both.Verdict.Word != story.NotShown {
		t.Errorf("that the name was erased hides no other record that is missing: %v %s", both.Missing, both.Verdict.Word)
	}
	lost := tell(t, slices.Delete(slices.Clone(all), 4, 7))
	if lost.Verdict.Word != story.NotShown || !strings.Contains(lost.Unproved[0], "number 5-7") {
		t.Errorf("got %s, %q", lost.Verdict.Word, lost.Unproved)
	}
}

func TestRecordsMayComeInAnyOrderAndTwice(t *testing.T) {
	all := storytest.Contractor().Records()
	mixed := slices.Concat(all[40:], all, all[:7])
	if got := tell(t, mixed); got.Records != len(all) || got.Verdict != tell(t, all).Verdict {
		t.Errorf("got %d records, %v", got.Records, got.Verdict)
	}
}

func TestRecordsThatDisagreeAreRefused(t *testing.T) {
	all := storytest.Clean(0).Records()
	other := all[3]
	other.What = "something else"
	for name, records := range map[string][]lastday.Record{
		"none": nil, "two cases": {all[0], storytest.Clean(1).Records()[1]}, "one number, two facts": append(slices.Clone(all), other),
	} {
		if _, err := story.Of(records, story.Options{}); lastday.CodeOf(err) != lastday.CodeInvalid {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestWhatPeopleSaidIsWeighedAgainstWhatWasSeenLater(t *testing.T) {
	listed := func(r *lastday.ReadingFact) { r.Control.KeptBy = "reception" }
	still := onlyReading(listed)
	again := *still[0].Reading
	again.Control.KeptBy = "reception"
	still = append(still, lastday.Record{Case: "c", Seq: 3, At: still[1].At.Add(time.Hour), Kind: lastday.RecordReading, System: "crm", Reading: &again})
	if a := access(t, tell(t, still), "crm", "role"); a.Standing != story.Unchanged {
		t.Errorf("the list lost it, and shows it again: got %s", a.Standing)
	}
	attested := onlyReading(func(*lastday.ReadingFact) {})
	task := &lastday.TaskFact{ID: "t", Kind: "asked", What: "role", Grant: "role", How: "attest", Evidence: "ticket"}
	seen := *attested[0].Reading
	attested[1] = lastday.Record{Case: "c", Seq: 2, At: attested[1].At, Kind: lastday.RecordTask, System: "crm", By: "joe", Task: task}
	if a := access(t, tell(t, attested), "crm", "role"); a.Standing != story.Attested {
		t.Errorf("joe said that it is gone: got %s", a.Standing)
	}
	attested = append(attested, lastday.Record{Case: "c", Seq: 3, At: attested[1].At.Add(time.Hour), Kind: lastday.RecordReading, System: "crm", Reading: &seen})
	if a := access(t, tell(t, attested), "crm", "role"); a.Standing != story.Unchanged || !strings.Contains(a.Note, "still seen afterwards") {
		t.Errorf("joe said so, and it is still there: got %s, %q", a.Standing, a.Note)
	}
}

func TestAChangeIsReadBackOnlyIfItsProofSaysSo(t *testing.T) {
	records := onlyReading(func(r *lastday.ReadingFact) { r.Complete = false })
	at := records[1].At
	change := lastday.ChangeFact{ID: "ch", Account: lastday.Account{ID: "1"}, Grant: "role", From: "admin", To: "none", After: "none", Proof: lastday.ProofAcknowledged, Done: at, Seen: at}
	with := func(c lastday.ChangeFact) []lastday.Record {
		return append(slices.Clone(records), lastday.Record{Case: "c", Seq: 3, At: at, Kind: lastday.RecordChange, System: "crm", Change: &c})
	}
	if a := access(t, tell(t, with(change)), "crm", "role"); a.Standing != story.Said {
		t.Errorf("acknowledged: got %s", a.Standing)
	}
	change.Proof = lastday.ProofObserved
	if a := access(t, tell(t, with(change)), "crm", "role"); a.Standing != story.Gone {
		t.Errorf("observed: got %s", a.Standing)
	}
	change.Seen = time.Time{}
	if a := access(t, tell(t, with(change)), "crm", "role"); a.Standing == story.Gone {
		t.Error("nobody says when it was read back")
	}
}

func TestWhatWeGaveBackDidNotComeBack(t *testing.T) {
	teller := storytest.RescindedCase().Until(func(r lastday.Record) bool { return r.Kind == lastday.RecordClosed })
	teller.GiveBack("crm", "role/sales-admin", "assigned", true)
	a := access(t, tell(t, teller.Records()), "crm", "role/sales-admin")
	if a.Standing != story.Restored || a.Resurrected != 0 {
		t.Errorf("got %s, came back %d times", a.Standing, a.Resurrected)
	}
}

func TestASystemThatIsEmptyBeforeTheCutIsNotShownAtTheCut(t *testing.T) {
	for stage, shown := range map[string]int{"last-day": 0, "cut": 1, "watch-1h": 1} {
		at := storytest.Berlin(11, 27, 17, 0)
		v := &lastday.VerifiedFact{Cut: stage == "cut", Watch: stage == "watch-1h", Proof: lastday.ProofObserved, Verdict: lastday.FoundNone, Control: lastday.Control{Seen: true}, ReadAt: at}
		c := tell(t, []lastday.Record{{Case: "c", Seq: 1, At: at, Kind: lastday.RecordVerified, System: "crm", Stage: stage, Verified: v}})
		if c.Clocks.Shown != shown {
			t.Errorf("%s: %d shown", stage, c.Clocks.Shown)
		}
	}
}

func TestWhatWasGivenBackIsNoPartOfTheCut(t *testing.T) {
	teller := storytest.Clean(0)
	before := tell(t, teller.Records()).Clocks
	teller.After(time.Hour)
	teller.GiveBack("crm", "role/report", "assigned", false)
	if after := tell(t, teller.Records()).Clocks; !after.Done.Equal(before.Done) || before.Done.IsZero() {
		t.Errorf("done at %s, and then at %s", before.Done, after.Done)
	}
}

func TestAnOpenCaseMayBeAnsweredForAlready(t *testing.T) {
	c := tell(t, storytest.Contractor().Until(func(r lastday.Record) bool { return r.Kind == lastday.RecordClosed }).Records())
	if c.Verdict.Word != story.CutAnswered || c.SLA.State != story.SLAAnswered {
		t.Errorf("got %+v, %+v", c.Verdict, c.SLA)
	}
	// One badge that nobody answered for is enough to spoil it.
	records := storytest.Contractor().Until(func(r lastday.Record) bool { return r.Stage == "watch-7d" }).Records()
	records = slices.DeleteFunc(records, func(r lastday.Record) bool {
		return r.By == "mia@acme.example" || (r.Change != nil && r.Change.AnsweredBy == "mia@acme.example")
	})
	c = tell(t, records)
	if c.Verdict.Word != story.Overdue || c.SLA.State != story.SLAMissed || c.Clocks.Shown != 4 {
		t.Errorf("got %+v, %+v, %d shown", c.Verdict, c.SLA, c.Clocks.Shown)
	}
	// So is access that came back after the cut and was not taken.
	back := storytest.Contractor().Until(func(r lastday.Record) bool { return r.Kind == lastday.RecordClosed })
	back.System("directory").Raise("group/vpn", "member")
	back.After(time.Hour).Read("directory", "watch-7d")
	if c := tell(t, back.Records()); c.Verdict.Word != story.Overdue {
		t.Errorf("got %+v", c.Verdict)
	}
}

func TestARefusedMessageChangesNothing(t *testing.T) {
	teller := storytest.OpenCase()
	teller.Message("kim", "hold", "", "no", "you may not")
	if c := tell(t, teller.Records()); c.Verdict.Word != story.Under {
		t.Errorf("got %s", c.Verdict.Word)
	}
	teller.Message("ann", "hold", "", "wait", "")
	if c := tell(t, teller.Records()); c.Verdict.Word != story.HeldBack || c.HeldBy != "ann" {
		t.Errorf("got %s by %s", c.Verdict.Word, c.HeldBy)
	}
	teller.Message("ann", "release", "", "", "")
	if c := tell(t, teller.Records()); c.Verdict.Word != story.Under {
		t.Errorf("got %s", c.Verdict.Word)
	}
}

func TestAnOrderToCutOvertakesARescind(t *testing.T) {
	if c := tell(t, recorded(t, "cut-overtakes-rescind")); c.Separation.Rescinded || c.SLA.State == story.SLANone {
		t.Errorf("got rescinded %v, promise %s", c.Separation.Rescinded, c.SLA.State)
	}
}

func TestAccessThatIsBackAtTheCloseIsNotProven(t *testing.T) {
	teller := storytest.Clean(0).Until(func(r lastday.Record) bool { return r.Kind == lastday.RecordClosed })
	teller.System("directory").Raise("group/vpn", "member")
	teller.After(time.Minute).Read("directory", "watch-7d")
	teller.Close("clean")
	if c := tell(t, teller.Records()); c.Verdict.Word != story.NotShown || access(t, c, "directory", "group/vpn").Standing != story.Back {
		t.Errorf("got %+v", c.Verdict)
	}
}

func TestResidueThatACompleteReadingLacksIsLeftNoMore(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*lastday.ReadingFact)
		left   int
	}{
		"complete": {func(*lastday.ReadingFact) {}, 0}, "not complete": {func(r *lastday.ReadingFact) { r.Complete = false }, 1},
		"a list that people keep": {func(r *lastday.ReadingFact) { r.Control.KeptBy = "reception" }, 1},
	} {
		records := onlyReading(c.change)
		records[0].Reading.Residue = []lastday.Residue{{Kind: "secret", What: "key"}}
		if got := tell(t, records); len(got.Residue) != c.left {
			t.Errorf("%s: %+v", name, got.Residue)
		}
	}
}

func TestWhatIsLeftWithoutPowerIsNotGoneAndHarmsNobody(t *testing.T) {
	records := onlyReading(func(r *lastday.ReadingFact) {
		r.Grants = []lastday.GrantFact{{Key: "role", Kind: "role", Rung: "disabled", Level: lastday.LevelNone}}
	})
	at := records[1].At
	v := &lastday.VerifiedFact{Cut: true, Proof: lastday.ProofObserved, Verdict: lastday.FoundOne, Account: lastday.Account{ID: "1"}, Control: lastday.Control{Seen: true}, ReadAt: at}
	records = append(records, lastday.Record{Case: "c", Seq: 3, At: at, Kind: lastday.RecordVerified, System: "crm", Stage: "cut", Verified: v},
		lastday.Record{Case: "c", Seq: 4, At: at, Kind: lastday.RecordClosed, Closed: &lastday.ClosedFact{Outcome: "clean", CutDue: at}})
	c := tell(t, records)
	a := access(t, c, "crm", "role")
	if a.Standing != story.Powerless || a.After != "disabled" || c.Verdict.Word != story.Proven || !strings.Contains(c.Verdict.Sentence, "gone or without power") {
		t.Errorf("got %s at %s; %+v", a.Standing, a.After, c.Verdict)
	}
	enabled := *records[0].Reading
	enabled.ReadAt = at.Add(time.Hour)
	records = append(records, lastday.Record{Case: "c", Seq: 5, At: enabled.ReadAt, Kind: lastday.RecordReading, System: "crm", Reading: &enabled})
	if a := access(t, tell(t, records), "crm", "role"); a.Standing != story.Back || a.Resurrected != 1 {
		t.Errorf("enabled again: got %s, came back %d times", a.Standing, a.Resurrected)
	}
}

// dark is a closed case with a system that nobody could ever look into, about
// which a person waived one task.
func dark(kind string) []lastday.Record {
	held := storytest.HeldCase()
	t := storytest.NewTeller("c-dark", "p-dark", storytest.Berlin(11, 9, 9, 0))
	t.Systems = storytest.Company()[2:4]
	t.System("database").Grants, t.System("database").Blind = nil, "its credential was refused"
	t.Open(*held.Records()[0].Opened)
	t.Plan("0123456789abcdef", held.Stages...)
	for _, s := range held.Stages {
		t.Reach(s.Name)
	}
	t.Ask("database", lastday.TaskFact{ID: "t-1", Kind: kind, What: "an open share", Why: "it is left"})
	t.Answer("database", "t-1", "ann@acme.example", "waive", "nobody reads it", "")
	t.Close("clean")
	return t.Records()
}

func TestAnAnswerAboutWhatIsLeftIsNoneAboutWhatNobodyCouldSee(t *testing.T) {
	for kind, want := range map[string]story.Word{"residue": story.NotShown, "asked": story.NotShown, "blind": story.AnsweredFor, "failing": story.AnsweredFor} {
		if c := tell(t, dark(kind)); c.Verdict.Word != want {
			t.Errorf("%s: got %s", kind, c.Verdict)
		}
	}
}

func TestACaseThatIsOpenedAnewIsNotClosed(t *testing.T) {
	for name, first := range map[string]*storytest.Teller{"taken back": storytest.RescindedCase(), "cut": storytest.Clean(0)} {
		first.After(time.Hour).Open(*storytest.HeldCase().Records()[0].Opened)
		first.Message("ann@acme.example", "hold", "", "wait", "")
		all := first.Records()
		c := tell(t, all)
		if c.Closed != nil || c.Verdict.Word != story.HeldBack || !c.Clocks.Verified.IsZero() || len(c.Exceptions) != 0 {
			t.Errorf("%s: got %s, closed %v, verified %s", name, c.Verdict, c.Closed, c.Clocks.Verified)
		}
		if c.Records != len(all) || c.Last != len(all) || len(c.Missing) != 0 || !strings.Contains(c.Notes[len(c.Notes)-1].What, "before, it was closed") {
			t.Errorf("%s: %d of %d records, %d missing, %+v", name, c.Records, len(all), len(c.Missing), c.Notes)
		}
	}
}

package report_test

import (
	"bytes"
	"errors"
	"fmt"
	"html"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"lastday"
	"lastday/audit/report"
	"lastday/audit/story"
	"lastday/audit/story/storytest"
)

func proofs() report.Proofs {
	return report.Proofs{
		Bundle: "c-1.zip", Key: "audit.acme.example/lastday+4d1f2a77+AeOQ", Checkpoint: "audit.acme.example/lastday\n154\nyRGqvKApZ37cTHyHAatamjK4dR7stKGsg0KY4HCCVvs=\n",
		Sinks: []string{"the auditor's repository"}, Digests: []report.Digest{{File: "plan.json", SHA256: "5b1c9d0e"}}, Erased: []int{1}, Tool: "0.4.0", Commit: "1d67c73", Made: storytest.Berlin(12, 5, 9, 0), By: "ann@acme.example",
	}
}

func fold(t *testing.T, records []lastday.Record) story.Case {
	t.Helper()
	c, err := story.Of(records, story.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func page(t *testing.T, c story.Case, p report.Proofs) string {
	t.Helper()
	var out bytes.Buffer
	if err := report.Case(&out, c, p); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// text is a page without its tags, with blanks made one.
func text(page string) string {
	body := page[strings.Index(page, "<main>"):]
	body = regexp.MustCompile(`(?s)<title>.*?</title>|<[^>]*>`).ReplaceAllString(body, " ")
	return html.UnescapeString(regexp.MustCompile(`\s+`).ReplaceAllString(body, " "))
}

func must(t *testing.T, page string, wants ...string) {
	t.Helper()
	plain := text(page)
	for _, want := range wants {
		if !strings.Contains(plain, want) {
			t.Errorf("%q is not on the page", want)
		}
	}
}

func TestThePageOfACaseTellsAllOfIt(t *testing.T) {
	must(t, page(t, fold(t, storytest.Contractor().Records()), proofs()),
		"Noor Haddad", "18 of 20 accesses read back gone", "Access due to end Fri 27 Nov 2026, 17:00 CET (16:00Z)",
		"office: never read back empty at the cut", "HR entered → told +12 min 0 s", "for 4 of 5 systems: +3 min 54 s",
		"release robot fine-grained token", "2026-11-27 16:00:53Z 17:00:53 CET", "it came back and was taken again",
		"Actions secret DEPLOY_TOKEN code waived lee@acme.example", "approved by another person asked: platform approved: sec@acme.example", "one person's word asked: it-desk",
		"refused: the leaver decides nothing about the own case", "lastday verify c-1.zip --key", "It was also sent to: the auditor", "plan.json 5b1c9d0e", "shown by the log as such: 1.", "AC-2(13)", "164.308(a)(3)(ii)(C)",
	)
}

func TestNamesOfStagesDoNotRunIntoEachOther(t *testing.T) {
	label := regexp.MustCompile(`<text x="([\d.]+)" y="([\d.]+)" text-anchor="(\w+)"><tspan class="\w*">([^<]+)</tspan>([^<]*)</text>`)
	for _, teller := range []*storytest.Teller{storytest.Contractor(), storytest.RescindedCase(), storytest.OpenCase(), storytest.LateHR()} {
		got := page(t, fold(t, teller.Records()), proofs())
		ends := map[string]float64{}
		for _, m := range label.FindAllStringSubmatch(got[:strings.Index(got, "</figure>")], -1) {
			x, _ := strconv.ParseFloat(m[1], 64)
			wide := 5.6 * float64(len(m[4])+len(m[5])) // a letter of this size is hardly narrower
			if m[3] == "middle" {
				x -= wide / 2
			} else {
				x -= wide
			}
			if x < ends[m[2]] {
				t.Errorf("%s: %s begins at %.0f, where another ends at %.0f", teller.Case, m[4], x, ends[m[2]])
			}
			ends[m[2]] = x + wide
		}
		if len(ends) == 0 {
			t.Errorf("%s has no labels", teller.Case)
		}
	}
}

func TestLateAndEarlyLookDifferent(t *testing.T) {
	c := fold(t, storytest.Clean(0).Records())
	c.Systems[0].Accesses[0].Seen = c.Systems[0].Accesses[0].Due.Add(-time.Minute)
	got := page(t, c, proofs())
	if !strings.Contains(got, `<span class="early">−1 min 0 s`) || !strings.Contains(got, `<span class="after">&#43;`) {
		t.Error("they look the same")
	}
}

func TestVerdictsAreSaidInPlainWords(t *testing.T) {
	for name, c := range map[string]struct {
		teller *storytest.Teller
		tone   string
		says   string
	}{
		"proven":     {storytest.Clean(1), "verdict good", "All 11 accesses in 3 systems read back gone, each with a positive control, in time."},
		"late HR":    {storytest.LateHR(), "verdict good", "HR told of it after it was due: late HR."},
		"not shown":  {storytest.DeafCase(), "verdict bad", "these records do not show that all access is gone"},
		"rescinded":  {storytest.RescindedCase(), "verdict calm", "The end of the engagement was taken back."},
		"held":       {storytest.HeldCase(), "verdict calm", "Held by ann@acme.example"},
		"still open": {storytest.OpenCase(), "verdict calm", "its credential was refused"},
	} {
		t.Run(name, func(t *testing.T) {
			got := page(t, fold(t, c.teller.Records()), proofs())
			if !strings.Contains(got, c.tone) {
				t.Errorf("the tone is not %s", c.tone)
			}
			must(t, got, c.says)
		})
	}
}

func TestNothingThatWasNotReadBackLooksDone(t *testing.T) {
	got := page(t, fold(t, storytest.DeafCase().Records()), proofs())
	rows := regexp.MustCompile(`(?s)<tr class="st-unchanged">.*?</tr>`).FindAllString(got, -1)
	if len(rows) != 4 {
		t.Fatalf("4 accesses were never taken: %d rows say so", len(rows))
	}
	must(t, got, "0 of them attested", "4 not shown gone", "database: unchanged:", "Missed:")
}

func TestAPageWithoutACheckpointSaysThatItProvesNothing(t *testing.T) {
	got := page(t, fold(t, storytest.Clean(0).Records()), report.Proofs{})
	must(t, got, "This page cannot be verified.")
	if strings.Contains(text(got), "lastday verify") {
		t.Error("it offers a command that cannot work")
	}
	alone := proofs()
	alone.Sinks = nil
	must(t, page(t, fold(t, storytest.Clean(0).Records()), alone), "It is not known to have been sent anywhere else")
}

func TestAPageNeedsNothingFromOutside(t *testing.T) {
	got := page(t, fold(t, storytest.Contractor().Records()), proofs())
	for _, bad := range []string{"<script", "<link", "<img", "<iframe", "@import", "url(", "javascript:", " onload", " onclick", "src=", "http://", "https://"} {
		if strings.Contains(got, bad) {
			t.Errorf("%s is on the page", bad)
		}
	}
	if hrefs := regexp.MustCompile(`href="[^#]`).FindString(got); hrefs != "" {
		t.Errorf("it points elsewhere: %s", hrefs)
	}
}

// hostile is a case whose names would take over a page that let them.
func hostile(names ...string) []lastday.Record {
	records := storytest.Contractor().Records()
	i := 0
	name := func() string { i++; return names[i%len(names)] }
	for r := range records {
		rec := &records[r]
		rec.What, rec.By = name(), name()
		if rec.Subject != nil {
			rec.Subject.Name = name()
		}
		if rec.Reading != nil {
			rec.Reading.Account.Login, rec.Reading.Evidence = name(), []string{name()}
			for g := range rec.Reading.Grants {
				rec.Reading.Grants[g].Resource.Name, rec.Reading.Grants[g].Kind, rec.Reading.Grants[g].Via = name(), name(), []string{name()}
			}
		}
		if rec.Task != nil {
			rec.Task.What, rec.Task.Why, rec.Task.Owner, rec.Task.Reason, rec.Task.Evidence = name(), name(), name(), name(), name()
		}
		if rec.Message != nil {
			rec.Message.Reason, rec.Message.About, rec.Message.Verb = name(), name(), name()
		}
		if rec.Plan != nil {
			for s := range rec.Plan.Stages {
				rec.Plan.Stages[s].Moment.Rule = name()
			}
			rec.Plan.Policy = name()
		}
		rec.Case = `c-"}@page{margin:0}</style><script>alert(1)</script>`
	}
	return records
}

func TestNamesCannotTakeOverThePage(t *testing.T) {
	got := page(t, fold(t, hostile(`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `</title></svg></style><script>`, `{{.}}`, "`${1}`", `'; content: url(x)`)), proofs())
	for _, bad := range []string{"<script", "<img", `content:"c-"}`, "onerror=alert(1)>"} {
		if strings.Contains(got, bad) {
			t.Errorf("%s came through", bad)
		}
	}
	if n := strings.Count(got, "</style>"); n != 1 {
		t.Errorf("%d ends of the style", n)
	}
	must(t, got, "<script>alert(1)</script>")
}

func TestDirectionsOfANameStayInTheirPlace(t *testing.T) {
	got := page(t, fold(t, hostile("نور حداد", "\u202egnp.exe", strings.Repeat("W", 4000), "")), proofs())
	must(t, got, "نور حداد")
	if strings.ContainsRune(got, '\u202e') {
		t.Error("a sign that turns the direction of writing came through")
	}
	for _, rule := range []string{"unicode-bidi:isolate", "overflow-wrap:anywhere"} {
		if !strings.Contains(got, rule) {
			t.Errorf("%s is missing in the style", rule)
		}
	}
}

func TestFourHundredGrantsAreAllThere(t *testing.T) {
	teller := storytest.NewTeller("c-many", "p-many", storytest.Berlin(11, 2, 9, 0))
	far := &storytest.Far{Name: "code", Account: lastday.Account{System: "code", ID: "1"}}
	for i := range 400 {
		far.Grants = append(far.Grants, storytest.NewGrant(fmt.Sprintf("repo/%03d", i), "repository", fmt.Sprintf("acme/service-%03d", i), storytest.Rung{Name: "write", Level: lastday.LevelWrite}))
	}
	teller.Systems = []*storytest.Far{far}
	teller.Open(lastday.OpenedFact{Source: "people", LastDay: lastday.Date{Year: 2026, Month: 11, Day: 20}, Zone: "Europe/Berlin"})
	cut := storytest.Stage("cut", "last day 17:00", storytest.Berlin(11, 20, 17, 0), lastday.LevelNone)
	cut.Cut = true
	teller.Plan(strings.Repeat("0", 64), cut)
	teller.Reach("cut")
	teller.Close("clean")
	got := page(t, fold(t, teller.Records()), proofs())
	if n := strings.Count(got, `<tr class="st-gone">`); n != 400 {
		t.Errorf("%d rows", n)
	}
	if len(got) > 2<<20 {
		t.Errorf("%d bytes", len(got))
	}
}

func TestACaseWithHardlyAnythingHasAPage(t *testing.T) {
	at := storytest.Berlin(11, 2, 9, 0)
	for name, r := range map[string]lastday.Record{
		"a note":          {Kind: lastday.RecordNote, What: "begun"},
		"an announcement": {Kind: lastday.RecordOpened, Opened: &lastday.OpenedFact{Source: "people", Zone: "Mars/Olympus"}},
		"a closing":       {Kind: lastday.RecordClosed, Closed: &lastday.ClosedFact{Outcome: "clean", Systems: []lastday.SystemFact{{System: "crm"}}}},
		"an empty read":   {Kind: lastday.RecordReading, System: "crm", Reading: &lastday.ReadingFact{}},
	} {
		r.Case, r.Seq, r.At = "c-1", 1, at
		got := page(t, fold(t, []lastday.Record{r}), proofs())
		if strings.Contains(got, "NaN") || strings.Contains(got, "Inf") || strings.Contains(got, "0001-01-01") || strings.Contains(got, `class="verdict good"`) {
			t.Errorf("%s: a number or time that is none, or praise for nothing", name)
		}
	}
}

func TestAPageIsPrintedWithItsNameAndNumbers(t *testing.T) {
	got := page(t, fold(t, storytest.Clean(0).Records()), proofs())
	for _, rule := range []string{"counter(page)", `"c-clean00"`, "table-header-group", "break-inside:avoid", "@media print"} {
		if !strings.Contains(got, rule) {
			t.Errorf("%s is missing", rule)
		}
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestAPageThatCannotBeWrittenIsAnError(t *testing.T) {
	if err := report.Case(full{}, fold(t, storytest.Clean(0).Records()), proofs()); lastday.CodeOf(err) != lastday.CodeTransient {
		t.Errorf("got %v", err)
	}
}

func TestLocalTimesCarryTheirDateWhereItDiffers(t *testing.T) {
	records := storytest.LateHR().Records()
	for i := range records {
		if records[i].Opened != nil {
			records[i].Opened.Zone = "Pacific/Auckland"
		}
	}
	must(t, page(t, fold(t, records), proofs()), "2026-11-14 17:06:51Z 15 Nov 06:06:51 NZDT")
}

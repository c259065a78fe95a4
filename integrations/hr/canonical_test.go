package hr

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/google/go-cmp/cmp"

	"lastday"
)

func canon() Canon { return Canon{Source: "people"} }

func TestTheExamplesSayWhatTheirNamesSay(t *testing.T) {
	at := func(text string) time.Time {
		parsed, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return parsed
	}
	mara := lastday.Person{Key: "p-7f3c", Emails: []string{"mara.lindqvist@example.com"}, EmployeeNumber: "1047"}
	contract := lastday.Engagement{ID: "ctr-881", WorkerType: "contractor"}
	full, fullContract := mara, contract
	full.Name = "Mara Lindqvist"
	full.Links = []lastday.Link{{System: "github", ID: "5839201", Login: "maralind"}}
	fullContract.Department, fullContract.Manager = "payments", "p-11d0"
	for file, want := range map[string]lastday.Separation{
		"scheduled": {
			Source: "people", Person: full, Engagement: fullContract, Kind: lastday.SeparationScheduled,
			LastDay: lastday.Date{Year: 2026, Month: 12, Day: 18}, Cutoff: &lastday.WallTime{Hour: 17},
			Zone: "Europe/Berlin", ZoneBasis: "worker", EnteredAt: at("2026-11-20T09:14:55Z"), Sequence: "00000000000000000041",
		},
		"earlier": {
			Source: "people", Person: mara, Engagement: contract, Kind: lastday.SeparationScheduled,
			LastDay: lastday.Date{Year: 2026, Month: 12, Day: 4},
			Zone:    "Europe/Berlin", ZoneBasis: "worker", EnteredAt: at("2026-11-21T16:02:10Z"), Sequence: "00000000000000000042",
		},
		"rescinded": {
			Source: "people", Person: lastday.Person{Key: "p-7f3c"}, Engagement: lastday.Engagement{ID: "ctr-881"},
			Kind: lastday.SeparationScheduled, Rescinded: true, EnteredAt: at("2026-11-22T08:30:00Z"), Sequence: "00000000000000000043",
		},
		// Half past ten in the evening in London is already the next day in Tokyo.
		"immediate": {
			Source:     "people",
			Person:     lastday.Person{Key: "p-2b90", Name: "Tom Okafor", Emails: []string{"tom.okafor@example.com"}, EmployeeNumber: "0986"},
			Engagement: lastday.Engagement{ID: "emp-412", WorkerType: "employee"}, Kind: lastday.SeparationImmediate, Confidential: true,
			LastDay: lastday.Date{Year: 2026, Month: 11, Day: 22},
			Zone:    "Asia/Tokyo", ZoneBasis: "site", EnteredAt: at("2026-11-21T22:41:07Z"), Sequence: "00000000000000000044",
		},
		"contract-end": {
			Source: "people", Person: lastday.Person{Key: "p-c0de", Emails: []string{"ana.souza@example.com"}},
			Engagement: lastday.Engagement{ID: "ctr-902", WorkerType: "contractor"}, Kind: lastday.SeparationContractEnd,
			LastDay: lastday.Date{Year: 2027, Month: 2, Day: 28},
			Zone:    "America/Sao_Paulo", ZoneBasis: "worker", EnteredAt: at("2026-09-01T07:00:00Z"), Sequence: "00000000000000000007",
		},
	} {
		t.Run(file, func(t *testing.T) {
			e := eventOf(t, example(t, file+".json"))
			if e.Unknown != "" {
				t.Fatal(e.Unknown)
			}
			if diff := cmp.Diff(want, *e.Separation); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Each line spoils a good event in one place. The event is parked with the
// place and the reason; it is never guessed.
func TestEventsThatAreNotUnderstoodSayWhere(t *testing.T) {
	for name, v := range map[string]struct{ old, new, tells string }{
		"31 February":               {`"2026-12-18"`, `"2026-02-31"`, `data.separation.lastDay: "2026-02-31" is no day`},
		"29 February of no leap":    {`"2026-12-18"`, `"2027-02-29"`, "data.separation.lastDay"},
		"an instant as a day":       {`"2026-12-18"`, `"2026-12-18T00:00:00Z"`, "data.separation.lastDay"},
		"the end of time":           {`"2026-12-18"`, `"9999-12-31"`, "no plausible day"},
		"the dawn of computers":     {`"2026-12-18"`, `"1900-01-01"`, "no plausible day"},
		"no last day":               {`"lastDay": "2026-12-18",`, ``, "data.separation.lastDay: missing"},
		"null as a last day":        {`"2026-12-18"`, `null`, "data.separation.lastDay: missing"},
		"an unknown zone":           {`Europe/Berlin`, `Europe/Atlantis`, `data.engagement.timeZone: "Europe/Atlantis" is no IANA zone`},
		"a zone of another system":  {`Europe/Berlin`, `W. Europe Standard Time`, "data.engagement.timeZone"},
		"the machine's own zone":    {`Europe/Berlin`, `Local`, "data.engagement.timeZone"},
		"a zone that climbs":        {`Europe/Berlin`, `../../etc/passwd`, "data.engagement.timeZone"},
		"24 o'clock":                {`17:00`, `24:00`, "data.separation.cutoff"},
		"a misspelt field":          {`"lastDay"`, `"lastday"`, "data.separation.lastday: is not a known field"},
		"a field nobody knows":      {`"name"`, `"shoeSize"`, "data.person.shoeSize: is not a known field"},
		"an attribute nobody knows": {`"sequence"`, `"sequense"`, "sequense: is not a known field"},
		"an unknown type":           {`scheduled.v1`, `paused.v1`, `type: "offboard.separation.paused.v1" is not understood`},
		"another version":           {`scheduled.v1`, `scheduled.v2`, "is not understood"},
		"another type altogether":   {`offboard.separation.scheduled.v1`, `com.example.hired`, "type"},
		"a kind that contradicts":   {`"kind": "scheduled"`, `"kind": "immediate"`, "contradicts"},
		"an unknown kind":           {`"kind": "scheduled"`, `"kind": "sabbatical"`, "data.separation.kind"},
		"a rescind that is not":     {`"kind": "scheduled"`, `"rescinded": true`, "data.separation.rescinded: contradicts"},
		"yes for true":              {`"confidential": false`, `"confidential": "no"`, "data.separation.confidential"},
		"no person's id":            {`"id": "p-7f3c",`, ``, "data.person.id: missing"},
		"a number as an id":         {`"p-7f3c"`, `7`, "data.person.id: is no text"},
		"an address as an id":       {`"p-7f3c"`, `"mara@example.com"`, "data.person.id: looks like an address"},
		"a space in an id":          {`"ctr-881"`, `"ctr 881"`, "data.engagement.id"},
		"an unknown worker type":    {`"contractor"`, `"wizard"`, "data.engagement.workerType"},
		"an address that is none":   {`["mara.lindqvist@example.com"]`, `["mara"]`, "data.person.emails[0]"},
		"an address with a name":    {`["mara.lindqvist@example.com"]`, `["Mara <mara@example.com>"]`, "data.person.emails[0]"},
		"no array of addresses":     {`["mara.lindqvist@example.com"]`, `"mara@example.com"`, "data.person.emails: is no array"},
		"a control character":       {`Mara Lindqvist`, `Mara\u0000Lindqvist`, "data.person.name: holds a control character"},
		"a very long name":          {`Mara Lindqvist`, strings.Repeat("x", 300), "data.person.name"},
		"a link to nothing":         {`"id": "5839201", "login": "maralind"`, `"login": ""`, "data.person.links[0]"},
		"two accounts in a system":  {`[{"system": "github"`, `[{"system": "github", "login": "a"}, {"system": "github"`, "data.person.links[1]"},
		"no envelope's version":     {`"specversion": "1.0",`, ``, "specversion"},
		"no envelope's id":          {`"id": "evt_01",`, ``, "id: missing"},
		"no envelope's source":      {`"source": "hr://example/people",`, ``, "source: missing"},
		"a time that is none":       {`2026-11-20T09:14:55Z`, `yesterday`, "time"},
		"XML inside":                {`application/json`, `application/xml`, "datacontenttype"},
		"a list as data":            {`"person": {`, `"person": [], "x": {`, "data.person: is no object"},
	} {
		t.Run(name, func(t *testing.T) {
			good := example(t, "scheduled.json")
			bad := strings.Replace(good, v.old, v.new, 1)
			if bad == good {
				t.Fatal("nothing was spoilt")
			}
			e := eventOf(t, bad)
			if e.Separation != nil || !strings.Contains(e.Unknown, v.tells) {
				t.Errorf("got %+v, %q, want %q", e.Separation, e.Unknown, v.tells)
			}
			if strings.Contains(strings.ToLower(e.Unknown), "mara") {
				t.Errorf("the reason names the person: %s", e.Unknown)
			}
		})
	}
}

func TestAllMistakesAreToldAtOnce(t *testing.T) {
	bad := strings.NewReplacer("2026-12-18", "2026-02-31", "Europe/Berlin", "Nowhere", "17:00", "late").Replace(example(t, "scheduled.json"))
	e := eventOf(t, bad)
	for _, want := range []string{"lastDay", "timeZone", "cutoff"} {
		if !strings.Contains(e.Unknown, want) {
			t.Errorf("%q does not tell of %s", e.Unknown, want)
		}
	}
}

func TestAbsentZoneIsLeftToTheCompanysDefault(t *testing.T) {
	bare := strings.NewReplacer(`"timeZone": "Europe/Berlin",`, "", `"manager": "p-11d0",`, `"manager": "p-11d0"`, `"timeZoneBasis": "worker"`, "").
		Replace(example(t, "scheduled.json"))
	e := eventOf(t, bare)
	if e.Separation == nil || e.Separation.Zone != "" {
		t.Errorf("%+v, %s", e.Separation, e.Unknown)
	}
}

func TestZonesOfOldNamesAreKnown(t *testing.T) {
	e := eventOf(t, strings.Replace(example(t, "scheduled.json"), "Europe/Berlin", "US/Eastern", 1))
	if e.Separation == nil || e.Separation.Zone != "US/Eastern" {
		t.Errorf("%+v, %s", e.Separation, e.Unknown)
	}
}

func TestAddressesOfOtherDomainsAreLeftOut(t *testing.T) {
	text := strings.Replace(example(t, "scheduled.json"), `["mara`, `["mara@mail.example", "MARA.Lindqvist@Example.COM", "mara`, 1)
	c := canon()
	c.Domains = []string{"example.com"}
	e := c.Event(treeOf(t, text))
	if e.Separation == nil {
		t.Fatal(e.Unknown)
	}
	if diff := cmp.Diff([]string{"mara.lindqvist@example.com"}, e.Separation.Person.Emails); diff != "" {
		t.Error(diff)
	}
}

func TestSequencesOrderAsNumbersDo(t *testing.T) {
	nine := eventOf(t, strings.Replace(example(t, "scheduled.json"), `"41"`, `"9"`, 1)).Separation
	ten := eventOf(t, strings.Replace(example(t, "scheduled.json"), `"41"`, `"10"`, 1)).Separation
	if nine == nil || ten == nil || !ten.Newer(*nine) || nine.Newer(*ten) {
		t.Errorf("%+v, %+v", nine, ten)
	}
}

func TestAnAnswerMustSayItselfWhatItMeans(t *testing.T) {
	const form = `{"person":{"id":"p"},"engagement":{"id":"e"},"separation":%s}`
	for name, v := range map[string]struct {
		separation string
		rescinded  bool
		tells      string
	}{
		"it ends":               {`{"kind":"scheduled","lastDay":"2026-12-18"}`, false, ""},
		"it goes on":            {`{"rescinded":true}`, true, ""},
		"it says nothing":       {`{}`, false, "separation.kind: missing"},
		"it says null":          {`null`, false, "separation: missing"},
		"it is told to go on":   {`{"rescinded":false}`, false, "separation.kind: missing"},
		"it ends, nobody knows": {`{"kind":"scheduled"}`, false, "separation.lastDay: missing"},
	} {
		got, err := canon().Answer(treeOf(t, strings.Replace(form, "%s", v.separation, 1)))
		switch {
		case v.tells == "" && (err != nil || got.Rescinded != v.rescinded):
			t.Errorf("%s: %+v, %v", name, got, err)
		case v.tells != "" && (lastday.CodeOf(err) != lastday.CodeInvalid || !strings.Contains(err.Error(), v.tells)):
			t.Errorf("%s: %v, want %q", name, err, v.tells)
		}
	}
}

func TestSeveralEventsInOneBodyAreToldApart(t *testing.T) {
	bad := strings.Replace(example(t, "earlier.json"), "2026-12-04", "2026-02-31", 1)
	events, err := canon().Parse(treeOf(t, "["+example(t, "scheduled.json")+","+bad+","+example(t, "rescinded.json")+"]"))
	if err != nil || len(events) != 3 {
		t.Fatalf("%d events, %v", len(events), err)
	}
	if events[0].Separation == nil || events[1].Separation != nil || events[2].Separation == nil {
		t.Errorf("one bad event must spoil no other: %+v", events)
	}
	if !json.Valid(events[1].Raw) || !strings.Contains(string(events[1].Raw), "2026-02-31") || strings.Contains(string(events[1].Raw), "evt_01") {
		t.Errorf("the parked part is %s", events[1].Raw)
	}
}

func TestBodiesWithoutEventsOrWithTooManyAreInvalid(t *testing.T) {
	for _, body := range []string{`[]`, `null`, `"Ping test"`, `7`, "[" + strings.Repeat("{},", 100) + "{}]"} {
		if _, err := canon().Parse(treeOf(t, body)); lastday.CodeOf(err) != lastday.CodeInvalid {
			t.Errorf("%.20s: %v, want invalid", body, err)
		}
	}
}

func FuzzCanonicalEvent(f *testing.F) {
	for _, file := range []string{"scheduled", "earlier", "rescinded", "immediate", "contract-end"} {
		f.Add([]byte(exampleText(f.Fatal, file+".json")))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		tree, err := ParseJSON(body)
		if err != nil {
			return
		}
		e := canon().Event(tree)
		checkUnderstood(t, e)
	})
}

// checkUnderstood holds an event to what the rest of the program relies on.
func checkUnderstood(t *testing.T, e Event) {
	t.Helper()
	if (e.Separation == nil) == (e.Unknown == "") {
		t.Fatalf("neither understood nor parked, or both: %+v", e)
	}
	if e.Separation == nil {
		return
	}
	s := *e.Separation
	if s.Person.Key == "" || s.Engagement.ID == "" || strings.Contains(s.Person.Key, "@") || s.Source == "" {
		t.Fatalf("a separation of nobody: %+v", s)
	}
	if !s.Rescinded && (s.LastDay.IsZero() || s.LastDay.Year < 1999) {
		t.Fatalf("a separation without a day: %+v", s)
	}
	if again, err := lastday.ParseDate(s.LastDay.String()); !s.LastDay.IsZero() && (err != nil || again != s.LastDay) {
		t.Fatalf("a day that does not exist: %+v", s)
	}
	if _, err := time.LoadLocation(s.Zone); err != nil {
		t.Fatalf("a zone that does not exist: %+v", s)
	}
}

func eventOf(t *testing.T, text string) Event {
	t.Helper()
	return canon().Event(treeOf(t, text))
}

func treeOf(t *testing.T, text string) any {
	t.Helper()
	tree, err := ParseJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func example(t *testing.T, name string) string {
	t.Helper()
	return exampleText(t.Fatal, name)
}

func exampleText(fatal func(...any), name string) string {
	text, err := os.ReadFile("../../examples/events/" + name)
	if err != nil {
		fatal(err)
	}
	return string(text)
}

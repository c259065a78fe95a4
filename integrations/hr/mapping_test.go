package hr

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lastday"
)

func TestTheExampleMappingFitsAForeignShape(t *testing.T) {
	events, err := exampleMapping(t).Parse(canon(), treeOf(t, example(t, "mapped.json")))
	if err != nil {
		t.Fatal(err)
	}
	if len(events) != 1 {
		t.Fatalf("%d events: somebody who was hired is to be passed over", len(events))
	}
	e := events[0]
	if e.Unknown != "" {
		t.Fatal(e.Unknown)
	}
	// The number is beyond what a float can hold.
	if e.ID != "9007199254740993" || e.Type != "Terminated" || e.Time.Unix() != 1795166095 {
		t.Errorf("%+v", e)
	}
	want := lastday.Separation{
		Source: "people", Kind: lastday.SeparationScheduled,
		Person: lastday.Person{
			Key: "67890", Name: "Mara Lindqvist", EmployeeNumber: "1047", Emails: []string{"mara.lindqvist@example.com"},
			Links: []lastday.Link{{System: "github", Login: "maralind"}},
		},
		Engagement: lastday.Engagement{ID: "ctr-881", WorkerType: "contractor"},
		// The first day after is 19 December, whatever Berlin's clocks show at that instant.
		LastDay: lastday.Date{Year: 2026, Month: 12, Day: 18}, Zone: "Europe/Berlin", ZoneBasis: "site",
		EnteredAt: time.Unix(1795166095, 0).UTC(),
	}
	if diff := cmp.Diff(want, *e.Separation); diff != "" {
		t.Error(diff)
	}
}

func TestMappedEventsThatAreNotUnderstoodSayWhere(t *testing.T) {
	for name, v := range map[string]struct{ old, new, tells string }{
		"31 February":          {"2026-12-19T00:00:00Z", "2026-02-31T00:00:00Z", "separation.lastDay"},
		"a day as an instant":  {"2026-12-19T00:00:00Z", "2026-12-19", "separation.lastDay"},
		"an object as a day":   {`"2026-12-19T00:00:00Z"`, `{"year":2026}`, "separation.lastDay: is no single value"},
		"no day":               {`"terminationDate"`, `"terminationDay"`, "separation.lastDay: missing"},
		"an unknown zone":      {"Europe/Berlin", "Berlin", `engagement.timeZone: "Berlin" is no IANA zone`},
		"a new word":           {`"Contingent"`, `"Gig"`, `engagement.workerType: "Gig" is none of the values`},
		"a new status":         {`"Terminated"`, `"Furloughed"`, `type: "Furloughed" is none of the values`},
		"no status":            {`"status": "Terminated",`, ``, "type"},
		"no person":            {`"id": 67890,`, ``, "person.id: missing"},
		"no contract":          {`"position": "ctr-881",`, ``, "engagement.id: missing"},
		"a time long ago":      {"1795166095", "17", "time"},
		"a time in words":      {"1795166095", `"noon"`, "time"},
		"a flag of a new kind": {`"N"`, `"maybe"`, "separation.confidential"},
	} {
		good := example(t, "mapped.json")
		bad := strings.Replace(good, v.old, v.new, 1)
		if bad == good {
			t.Fatalf("%s: nothing was spoilt", name)
		}
		events, err := exampleMapping(t).Parse(canon(), treeOf(t, bad))
		if err != nil || len(events) != 1 {
			t.Fatalf("%s: %d events, %v", name, len(events), err)
		}
		if events[0].Separation != nil || !strings.Contains(events[0].Unknown, v.tells) {
			t.Errorf("%s: %q, want %q", name, events[0].Unknown, v.tells)
		}
	}
}

func TestAMappingWhosePathLeadsNowhereIsInvalid(t *testing.T) {
	_, err := exampleMapping(t).Parse(canon(), treeOf(t, `{"items":[]}`))
	if lastday.CodeOf(err) != lastday.CodeInvalid {
		t.Errorf("%v, want invalid", err)
	}
}

func TestDaysAreReadAsTheirFormatSays(t *testing.T) {
	want := lastday.Date{Year: 2026, Month: 3, Day: 4}
	for format, text := range map[string]string{
		"": "2026-03-04", "YYYY-MM-DD": "2026-03-04", "DD.MM.YYYY": "04.03.2026", "MM/DD/YYYY": "03/04/2026",
		"D.M.YYYY": "4.3.2026", "YYYYMMDD": "20260304", "instant": "2026-03-04T00:00:00Z",
	} {
		if got, ok := readDay(format, text); !ok || got != want {
			t.Errorf("%s as %s: %v, %v", text, format, got, ok)
		}
	}
	for format, text := range map[string]string{
		"": "04.03.2026", "DD.MM.YYYY": "31.02.2026", "MM/DD/YYYY": "31/01/2026", "YYYYMMDD": "2026034", "instant": "2026-03-04",
	} {
		if got, ok := readDay(format, text); ok {
			t.Errorf("%s as %s: %v, want none", text, format, got)
		}
	}
}

// A day written as midnight in some zone is the day that stands there.
func TestADayWrittenAsAnInstantIsNeverConverted(t *testing.T) {
	for _, text := range []string{
		"2026-03-04T00:00:00Z", "2026-03-04T00:00:00+1400", "2026-03-04T23:59:59-11:00", "2026-03-04T00:00:00", "2026-03-04 00:00:00",
	} {
		if got, ok := readDay("instant", text); !ok || got.String() != "2026-03-04" {
			t.Errorf("%s: %v, %v", text, got, ok)
		}
	}
}

func TestTheFirstDayAfterIsOneTooLate(t *testing.T) {
	for text, want := range map[string]string{"2026-12-19": "2026-12-18", "2027-01-01": "2026-12-31", "2028-03-01": "2028-02-29"} {
		x := taker{tree: map[string]any{"d": text}}
		if got := x.day(SeparationFields{LastDay: Field{Path: "d"}, LastDayIs: "first_day_after"}); got != want {
			t.Errorf("%s: %v, want %s", text, got, want)
		}
	}
}

func TestPathsLeadThroughObjectsArraysAndOddKeys(t *testing.T) {
	tree := treeOf(t, `{"a":{"b":[{"c":"one"},[null,"two"]]},"Last Day":{"x.y":"three"},"":"four"}`)
	for path, want := range map[string]any{
		"a.b[0].c": "one", "a.b[1][1]": "two", `["Last Day"]["x.y"]`: "three", `a["b"][0].c`: "one",
		"a.b[1][0]": nil, "a.b[9].c": nil, "a.b.c": nil, "a[0]": nil, "x.y": nil, "a.b[0].c.d": nil,
	} {
		steps, err := parsePath(path)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if got := lookup(tree, steps); got != want {
			t.Errorf("%s: %v, want %v", path, got, want)
		}
	}
	for _, path := range []string{".", "a.", ".a", "a..b", "a[", "a[x]", "a[-1]", "a[1", `a["b]`, `[""]`, "a]b[", "a[0]b", "a[99999999999]"} {
		if steps, err := parsePath(path); err == nil {
			t.Errorf("%s: %v, want an error", path, steps)
		}
	}
}

func TestParseMappingTellsEveryMistake(t *testing.T) {
	_, err := ParseMapping([]byte(`
version: 2
events: "a..b"
type: {path: status, values: {gone: vanished}}
time: {path: t, format: DD.MM.YYYY}
person:
  id: {path: "a["}
  links: [{login: {path: x}}]
separation:
  lastDay: {path: d, format: "yy/mm"}
  lastDayIs: whenever
  cutoff: {const: "17:00", path: c}
  confidential: {path: c, format: unix}
`))
	if lastday.CodeOf(err) != lastday.CodeInvalid {
		t.Fatalf("%v, want invalid", err)
	}
	for _, want := range []string{
		"version", "events", "type.values.gone", "time.format", "person.id.path", "person.links[0].system",
		"engagement.id: missing", "separation.lastDay.format", "separation.lastDayIs", "separation.cutoff: const", "separation.confidential.format",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("does not tell of %s: %v", want, err)
		}
	}
}

func TestParseMappingIsStrict(t *testing.T) {
	good := example(t, "mapping.yaml")
	for name, bad := range map[string]string{
		"a misspelt field":      strings.Replace(good, "lastDayIs", "lastDayMeans", 1),
		"a misspelt part of it": strings.Replace(good, "format: unix", "fromat: unix", 1),
		"a key twice":           good + "\nversion: 1\n",
		"not YAML":              "\t{",
		"nothing":               "",
	} {
		if _, err := ParseMapping([]byte(bad)); lastday.CodeOf(err) != lastday.CodeInvalid {
			t.Errorf("%s: %v, want invalid", name, err)
		}
	}
}

func TestConstAndDefaultStandIn(t *testing.T) {
	m, err := ParseMapping([]byte(`
version: 1
type: {const: changed}
person: {id: {path: p}}
engagement: {id: {path: e, default: only}, timeZone: {const: Asia/Tokyo}}
separation: {lastDay: {path: d}}
`))
	if err != nil {
		t.Fatal(err)
	}
	for _, body := range []string{`{"p":1,"d":"2026-12-18"}`, `{"p":1,"e":null,"d":"2026-12-18"}`, `{"p":1,"e":" ","d":"2026-12-18"}`} {
		events, err := m.Parse(canon(), treeOf(t, body))
		if err != nil || events[0].Separation == nil {
			t.Fatalf("%v %+v", err, events)
		}
		if s := events[0].Separation; s.Engagement.ID != "only" || s.Zone != "Asia/Tokyo" || s.Person.Key != "1" {
			t.Errorf("%s: %+v", body, s)
		}
	}
}

func exampleMapping(t *testing.T) Mapping {
	t.Helper()
	m, err := ParseMapping([]byte(example(t, "mapping.yaml")))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func FuzzMapping(f *testing.F) {
	f.Add([]byte(exampleText(f.Fatal, "mapping.yaml")), []byte(exampleText(f.Fatal, "mapped.json")))
	f.Add([]byte("version: 1\ntype: {const: changed}\nperson: {id: {path: p}}\nengagement: {id: {path: e}}\n"), []byte(`[{"p":1,"e":2}]`))
	f.Fuzz(func(t *testing.T, mapping, body []byte) {
		m, err := ParseMapping(mapping)
		if err != nil {
			return
		}
		tree, err := ParseJSON(body)
		if err != nil {
			return
		}
		events, err := m.Parse(canon(), tree)
		if err != nil {
			return
		}
		for _, e := range events {
			checkUnderstood(t, e)
			if e.Raw != nil && !json.Valid(e.Raw) {
				t.Fatalf("the part of the body is no JSON: %s", e.Raw)
			}
		}
	})
}

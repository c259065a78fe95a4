package siem_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"lastday"
	"lastday/audit/siem"
	"lastday/audit/story/storytest"
)

func encoder(t *testing.T, format, version string) *siem.Encoder {
	t.Helper()
	e, err := siem.New(format, version, "0.4.0")
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// bodies are the events of records, read again.
func bodies(t *testing.T, e *siem.Encoder, records []lastday.Record) []map[string]any {
	t.Helper()
	var all []map[string]any
	for _, r := range records {
		events, err := e.Events(r)
		if err != nil {
			t.Fatal(err)
		}
		for _, event := range events {
			var body map[string]any
			if err := json.Unmarshal(event.Line, &body); err != nil {
				t.Fatalf("%s: %v", event.Line, err)
			}
			all = append(all, body)
		}
	}
	return all
}

func TestFormatsAndVersionsAreASwitch(t *testing.T) {
	for _, c := range []struct {
		format, version string
		ok              bool
	}{
		{"ocsf", "", true}, {"OCSF", "1.9", true}, {"ecs", "", true}, {"ecs", "9.4.0", true}, {"ocsf", "1.2.0", false}, {"ecs", "1.8.0", false}, {"cef", "", false},
	} {
		if _, err := siem.New(c.format, c.version, ""); (err == nil) != c.ok || (err != nil && lastday.CodeOf(err) != lastday.CodeInvalid) {
			t.Errorf("%s %s: %v", c.format, c.version, err)
		}
	}
}

func TestEveryRecordBecomesAnEventButTheOneThatNamesThePerson(t *testing.T) {
	records := storytest.Records()
	subjects := 0
	for _, r := range records {
		if r.Kind == lastday.RecordSubject {
			subjects++
		}
	}
	for _, format := range []string{siem.OCSF, siem.ECS} {
		if got := bodies(t, encoder(t, format, ""), records); len(got) != len(records)-subjects || subjects == 0 {
			t.Errorf("%s: %d events of %d records", format, len(got), len(records))
		}
	}
}

func TestNoEventNamesThePerson(t *testing.T) {
	for _, format := range []string{siem.OCSF, siem.ECS} {
		text := fmt.Sprint(bodies(t, encoder(t, format, ""), storytest.LateHR().Records()))
		for _, secret := range []string{"Ole Brandt", "10311", "ole.brandt@acme.example"} {
			if strings.Contains(text, secret) {
				t.Errorf("%s: %q is told", format, secret)
			}
		}
	}
}

// schema is the trimmed published schema of OCSF.
type schema struct {
	Classes map[string]struct {
		UID, Category      int
		Activities         map[string]string
		Required, Optional map[string]string
	}
	Objects map[string]struct {
		Any                []string
		Required, Optional map[string]string
	}
	Enums map[string]map[string]string
}

func load(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}

// check holds an event to the schema and gives what is wrong with it.
func (s schema) check(body map[string]any) []string {
	for name, class := range s.Classes {
		if float64(class.UID) != body["class_uid"] {
			continue
		}
		wrong := s.object(name, body, class.Required, class.Optional, nil)
		id := fmt.Sprint(body["activity_id"])
		if class.Activities[id] == "" || class.Activities[id] != body["activity_name"] {
			wrong = append(wrong, name+": activity "+id+" is not "+fmt.Sprint(body["activity_name"]))
		}
		if body["type_uid"] != float64(class.UID)*100+body["activity_id"].(float64) || body["category_uid"] != float64(class.Category) {
			wrong = append(wrong, name+": type or category does not fit the class")
		}
		return wrong
	}
	return []string{fmt.Sprint("no class ", body["class_uid"])}
}

func (s schema) object(at string, body map[string]any, required, optional map[string]string, least []string) []string {
	var wrong []string
	for name := range required {
		if _, there := body[name]; !there {
			wrong = append(wrong, at+"."+name+" is required")
		}
	}
	if len(least) > 0 && !slices.ContainsFunc(least, func(name string) bool { return body[name] != nil }) {
		wrong = append(wrong, at+": none of "+strings.Join(least, ", "))
	}
	for name, value := range body {
		kind := required[name] + optional[name]
		if kind == "" {
			wrong = append(wrong, at+"."+name+" is not in the schema")
			continue
		}
		if enum := s.Enums[name]; enum != nil && enum[fmt.Sprint(value)] == "" {
			wrong = append(wrong, fmt.Sprintf("%s.%s: %v is not in the enum", at, name, value))
		}
		wrong = append(wrong, s.value(at+"."+name, kind, value)...)
	}
	return wrong
}

func (s schema) value(at, kind string, value any) []string {
	if each, list := strings.CutSuffix(kind, "[]"); list {
		all, ok := value.([]any)
		if !ok {
			return []string{at + " is no list"}
		}
		var wrong []string
		for _, v := range all {
			wrong = append(wrong, s.value(at+"[]", each, v)...)
		}
		return wrong
	}
	ok := false
	switch kind {
	case "string":
		_, ok = value.(string)
	case "int":
		var f float64
		f, ok = value.(float64)
		ok = ok && f == float64(int64(f))
	case "bool":
		_, ok = value.(bool)
	case "object":
		_, ok = value.(map[string]any)
	default:
		var m map[string]any
		if m, ok = value.(map[string]any); ok {
			o := s.Objects[kind]
			return s.object(at, m, o.Required, o.Optional, o.Any)
		}
	}
	if !ok {
		return []string{fmt.Sprintf("%s: %v is no %s", at, value, kind)}
	}
	return nil
}

func TestOCSFEventsFollowThePublishedSchema(t *testing.T) {
	var s schema
	load(t, "ocsf.json", &s)
	for _, version := range []string{siem.OCSF18, siem.OCSF19} {
		classes := map[any]int{}
		for _, body := range bodies(t, encoder(t, siem.OCSF, version), storytest.Records()) {
			classes[body["class_uid"]]++
			if wrong := s.check(body); len(wrong) > 0 {
				t.Fatalf("%s: %q in %v", version, wrong, body)
			}
			if got := body["metadata"].(map[string]any)["version"]; got != version {
				t.Fatalf("version %v", got)
			}
		}
		want := []any{0.0, 3001.0, 3005.0}
		if version == siem.OCSF19 {
			want = []any{0.0, 3007.0}
		}
		for _, class := range want {
			if classes[class] == 0 || len(classes) != len(want) {
				t.Errorf("%s: got classes %v", version, classes)
			}
		}
	}
}

func TestTheSchemaFindsWhatIsWrong(t *testing.T) {
	var s schema
	load(t, "ocsf.json", &s)
	for name, spoil := range map[string]func(map[string]any){
		"missing":      func(b map[string]any) { delete(b, "time") },
		"unknown":      func(b map[string]any) { b["colour"] = "red" },
		"wrong type":   func(b map[string]any) { b["message"] = 1 },
		"wrong enum":   func(b map[string]any) { b["severity_id"] = 42.0 },
		"no user":      func(b map[string]any) { b["user"] = map[string]any{"domain": "x"} },
		"activity":     func(b map[string]any) { b["activity_name"] = "Dance" },
		"type of type": func(b map[string]any) { b["type_uid"] = 1.0 },
	} {
		body := bodies(t, encoder(t, siem.OCSF, ""), []lastday.Record{revoked()})[0]
		if wrong := s.check(body); len(wrong) > 0 {
			t.Fatal(wrong)
		}
		if spoil(body); len(s.check(body)) == 0 {
			t.Errorf("%s was not found", name)
		}
	}
}

// revoked is a change that was read back.
func revoked() lastday.Record {
	at := storytest.Berlin(11, 27, 17, 1)
	return lastday.Record{
		ID: "c-1/7", Case: "c-1", Seq: 7, At: at, Kind: lastday.RecordChange, Person: "p-1", System: "crm", Stage: "cut", What: "role Ümläut → none",
		Change: &lastday.ChangeFact{
			ID: "ch-1", Account: lastday.Account{System: "crm", ID: "42", Login: "kim"}, Grant: "role/1", Kind: "role", Resource: lastday.Resource{ID: "1", Name: "Sales 😀"},
			From: "assigned", To: "none", Before: "assigned", After: "none", Level: lastday.LevelAdmin, Outcome: lastday.OutcomeApplied, Proof: lastday.ProofObserved,
			Done: at, Seen: at, Requests: []lastday.Request{{What: "DELETE role", ID: "AB:1"}},
		},
	}
}

func TestOnlyWhatWasReadBackIsASuccess(t *testing.T) {
	cases := map[string]struct {
		change func(*lastday.ChangeFact)
		status float64
		ecs    string
		grave  bool
	}{
		"observed":                       {func(*lastday.ChangeFact) {}, 1, "success", false},
		"acknowledged":                   {func(c *lastday.ChangeFact) { c.Proof, c.After = lastday.ProofAcknowledged, "" }, 0, "unknown", false},
		"observed, and nobody says what": {func(c *lastday.ChangeFact) { c.After = "" }, 0, "unknown", false},
		"attested":                       {func(c *lastday.ChangeFact) { c.Proof, c.AnsweredBy = lastday.ProofAttested, "joe" }, 99, "unknown", false},
		"waived":                         {func(c *lastday.ChangeFact) { c.Proof = lastday.ProofWaived }, 99, "unknown", false},
		"refused":                        {func(c *lastday.ChangeFact) { c.Proof, c.Outcome = lastday.ProofNone, lastday.OutcomeRefused }, 2, "failure", true},
		"asked":                          {func(c *lastday.ChangeFact) { c.Proof, c.Outcome = lastday.ProofNone, lastday.OutcomeAsked }, 0, "unknown", false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r := revoked()
			c.change(r.Change)
			if got := bodies(t, encoder(t, siem.OCSF, ""), []lastday.Record{r})[0]["status_id"]; got != c.status {
				t.Errorf("OCSF status %v, want %v", got, c.status)
			}
			event := bodies(t, encoder(t, siem.ECS, ""), []lastday.Record{r})[0]["event"].(map[string]any)
			if event["outcome"] != c.ecs {
				t.Errorf("ECS outcome %v, want %v", event["outcome"], c.ecs)
			}
			if all, _ := encoder(t, siem.ECS, "").Events(r); all[0].Grave != c.grave {
				t.Errorf("grave is %v", all[0].Grave)
			}
		})
	}
}

func TestActivitiesFitTheKindOfGrant(t *testing.T) {
	for _, c := range []struct {
		kind, to string
		restore  bool
		old, new float64
	}{
		{"account", "none", false, 300105, 300705},
		{"login", "none", false, 300105, 300705},
		{"account", "enabled", true, 300102, 300704},
		{"role", "none", false, 300504, 300717},
		{"role", "reader", false, 300502, 300715},
		{"role", "admin", true, 300503, 300716},
		{"team", "none", false, 300502, 300715},
		{"team", "member", true, 300501, 300714},
		{"access token", "none", false, 300502, 300719},
	} {
		r := revoked()
		r.Change.Kind, r.Change.To, r.Change.Restore = c.kind, c.to, c.restore
		old := bodies(t, encoder(t, siem.OCSF, siem.OCSF18), []lastday.Record{r})[0]["type_uid"]
		now := bodies(t, encoder(t, siem.OCSF, siem.OCSF19), []lastday.Record{r})[0]["type_uid"]
		if old != c.old || now != c.new {
			t.Errorf("%s to %s: %v and %v, want %v and %v", c.kind, c.to, old, now, c.old, c.new)
		}
	}
}

func TestLinesAreASCIIAndOneLine(t *testing.T) {
	r := revoked()
	r.What = "two\nlines\u2028 and \u202e more 😀"
	for _, format := range []string{siem.OCSF, siem.ECS} {
		all, err := encoder(t, format, "").Events(r)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range all[0].Line {
			if b < ' ' || b > '~' {
				t.Fatalf("%s: byte %#x in %s", format, b, all[0].Line)
			}
		}
		if body := bodies(t, encoder(t, format, ""), []lastday.Record{r})[0]; body["message"] != r.What {
			t.Errorf("got %q", body["message"])
		}
	}
}

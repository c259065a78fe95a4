package siem_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"lastday"
	"lastday/audit/siem"
	"lastday/audit/story/storytest"
)

// fields is the trimmed published list of fields of ECS.
type fields struct {
	Fields map[string]struct {
		Type    string
		Array   bool
		Allowed []string
		IAM     []string
	}
}

// flat writes a.b.c for nested objects; labels are one field.
func flat(prefix string, body map[string]any, into map[string]any) {
	for name, value := range body {
		if m, ok := value.(map[string]any); ok && prefix+name != "labels" {
			flat(prefix+name+".", m, into)
			continue
		}
		into[prefix+name] = value
	}
}

func (f fields) check(body map[string]any) []string {
	var wrong []string
	all := map[string]any{}
	flat("", body, all)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		spec, known := f.Fields[name]
		list, isList := all[name].([]any)
		if !known || isList != spec.Array {
			wrong = append(wrong, fmt.Sprintf("%s: known %v, list %v", name, known, isList))
			continue
		}
		if !isList {
			list = []any{all[name]}
		}
		for _, v := range list {
			if len(spec.Allowed) > 0 && !slices.Contains(spec.Allowed, fmt.Sprint(v)) {
				wrong = append(wrong, fmt.Sprintf("%s: %v is not allowed", name, v))
			}
			if name == "event.type" && !slices.Contains(f.Fields["event.category"].IAM, fmt.Sprint(v)) {
				wrong = append(wrong, fmt.Sprintf("%v is no type of the category iam", v))
			}
			wrong = append(wrong, kind(name, spec.Type, v)...)
		}
	}
	for _, name := range []string{"@timestamp", "ecs.version", "event.kind", "event.category", "event.type", "event.outcome"} {
		if all[name] == nil {
			wrong = append(wrong, name+" is missing")
		}
	}
	return wrong
}

func kind(name, want string, v any) []string {
	ok := true
	switch want {
	case "keyword", "match_only_text", "wildcard":
		_, ok = v.(string)
	case "long":
		_, ok = v.(float64)
	case "date":
		_, err := time.Parse(time.RFC3339Nano, fmt.Sprint(v))
		ok = err == nil
	case "object":
		m, isMap := v.(map[string]any)
		ok = isMap
		for _, each := range m {
			_, text := each.(string)
			ok = ok && text
		}
	}
	if !ok {
		return []string{fmt.Sprintf("%s: %v is no %s", name, v, want)}
	}
	return nil
}

func TestECSEventsFollowThePublishedFields(t *testing.T) {
	var f fields
	load(t, "ecs.json", &f)
	for _, body := range bodies(t, encoder(t, siem.ECS, ""), storytest.Records()) {
		if wrong := f.check(body); len(wrong) > 0 {
			t.Fatalf("%q in %v", wrong, body)
		}
	}
}

func TestTheListOfFieldsFindsWhatIsWrong(t *testing.T) {
	var f fields
	load(t, "ecs.json", &f)
	for name, spoil := range map[string]func(map[string]any){
		"unknown":    func(b map[string]any) { b["colour"] = "red" },
		"type":       func(b map[string]any) { b["event"].(map[string]any)["sequence"] = "one" },
		"no list":    func(b map[string]any) { b["event"].(map[string]any)["category"] = "iam" },
		"category":   func(b map[string]any) { b["event"].(map[string]any)["category"] = []any{"offboarding"} },
		"event type": func(b map[string]any) { b["event"].(map[string]any)["type"] = []any{"start"} },
		"missing":    func(b map[string]any) { delete(b, "@timestamp") },
		"nested":     func(b map[string]any) { b["labels"].(map[string]any)["x"] = map[string]any{"y": "z"} },
	} {
		body := bodies(t, encoder(t, siem.ECS, ""), []lastday.Record{revoked()})[0]
		if wrong := f.check(body); len(wrong) > 0 {
			t.Fatal(wrong)
		}
		if spoil(body); len(f.check(body)) == 0 {
			t.Errorf("%s was not found", name)
		}
	}
}

func TestAnECSEventSaysWhoDidItToWhom(t *testing.T) {
	r := revoked()
	r.By = "joe"
	all := map[string]any{}
	flat("", bodies(t, encoder(t, siem.ECS, ""), []lastday.Record{r})[0], all)
	for name, want := range map[string]string{
		"user.id": "joe", "user.target.id": "42", "user.target.name": "kim", "event.action": "access-revoked", "event.type": "[user change admin]",
		"service.target.name": "crm", "http.request.id": "AB:1", "related.user": "[joe 42 kim]",
	} {
		if fmt.Sprint(all[name]) != want {
			t.Errorf("%s is %v, want %s", name, all[name], want)
		}
	}
}

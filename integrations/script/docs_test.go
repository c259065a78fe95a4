package script_test

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"lastday/integrations/script"
)

func page(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/integrations/script.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func block(t *testing.T, language string) string {
	t.Helper()
	_, text, ok := strings.Cut(page(t), "```"+language+"\n")
	text, _, end := strings.Cut(text, "```")
	if !ok || !end {
		t.Fatalf("the page has no block of %s", language)
	}
	return text
}

func TestThePagesRequestsAreThose(t *testing.T) {
	n := 0
	for line := range strings.Lines(block(t, "json")) {
		d := json.NewDecoder(strings.NewReader(line))
		d.DisallowUnknownFields()
		var r script.Request
		if err := d.Decode(&r); err != nil || r.Version != script.Version {
			t.Errorf("%s: %v", line, err)
		}
		n++
	}
	if n != 4 {
		t.Errorf("%d requests", n)
	}
}

func TestThePagesConfigurationCanBeOpened(t *testing.T) {
	var c struct {
		Systems []struct {
			Name   string        `yaml:"name"`
			Kind   string        `yaml:"kind"`
			Config script.Config `yaml:"config"`
		} `yaml:"systems"`
	}
	if err := yaml.UnmarshalWithOptions([]byte(block(t, "yaml")), &c, yaml.Strict()); err != nil || len(c.Systems) != 1 {
		t.Fatalf("%+v, %v", c, err)
	}
	c.Systems[0].Config.Command = []string{copyOf(t, "badges.sh")}
	open(t, c.Systems[0].Config)
}

func TestThePageTellsOfEveryWord(t *testing.T) {
	text := page(t)
	for _, part := range []reflect.Type{
		reflect.TypeFor[script.Config](), reflect.TypeFor[script.Secret](), reflect.TypeFor[script.GrantKind](),
		reflect.TypeFor[script.Answer](), reflect.TypeFor[script.Found](), reflect.TypeFor[script.Grant](),
		reflect.TypeFor[script.Gap](), reflect.TypeFor[script.Residue](),
	} {
		for field := range part.Fields() {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if !strings.Contains(text, "`"+name+"`") && !strings.Contains(text, "`"+name+":") && !strings.Contains(text, `"`+name+`":`) {
				t.Errorf("the page does not tell of %s", name)
			}
		}
	}
}

package manual_test

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"lastday/integrations/manual"
)

func TestThePageIsTrue(t *testing.T) {
	text, err := os.ReadFile("../../docs/integrations/manual.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	_, block, _ := strings.Cut(page, "```yaml\n")
	block, _, _ = strings.Cut(block, "```")
	var c struct {
		Systems []struct {
			Name   string        `yaml:"name"`
			Kind   string        `yaml:"kind"`
			Config manual.Config `yaml:"config"`
		} `yaml:"systems"`
	}
	if err := yaml.UnmarshalWithOptions([]byte(block), &c, yaml.Strict()); err != nil || len(c.Systems) != 1 {
		t.Fatalf("%+v, %v", c, err)
	}
	open(t, c.Systems[0].Config)
	for _, part := range []reflect.Type{reflect.TypeFor[manual.Item](), reflect.TypeFor[manual.Readback]()} {
		for field := range part.Fields() {
			if word := field.Tag.Get("yaml"); !strings.Contains(page, "`"+word+"`") {
				t.Errorf("the page does not tell of %s", word)
			}
		}
	}
}

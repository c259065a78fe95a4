package httpapi_test

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"lastday/integrations/httpapi"
)

// words lists every word of a description, by the tags of its types.
func words(t reflect.Type, into map[string]bool) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		words(t.Elem(), into)
	case reflect.Struct:
		for field := range t.Fields() {
			name, options, _ := strings.Cut(field.Tag.Get("yaml"), ",")
			if name != "" && options != "inline" {
				into[name] = true
			}
			words(field.Type, into)
		}
	default:
	}
}

func page(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/integrations/httpapi.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestThePageTellsOfEveryWord(t *testing.T) {
	all := map[string]bool{}
	words(reflect.TypeFor[httpapi.Spec](), all)
	if len(all) < 60 {
		t.Fatalf("found %d words", len(all))
	}
	text := page(t)
	for word := range all {
		if !regexp.MustCompile("`[^`\n]*\\b" + word + "\\b[^`\n]*`").MatchString(text) {
			t.Errorf("the page does not tell of %s", word)
		}
	}
}

func TestThePagesConfigurationIsOne(t *testing.T) {
	_, block, _ := strings.Cut(page(t), "```yaml\n")
	block, _, _ = strings.Cut(block, "```")
	var c struct {
		Systems []struct {
			Name   string         `yaml:"name"`
			Kind   string         `yaml:"kind"`
			Config httpapi.Config `yaml:"config"`
		} `yaml:"systems"`
	}
	if err := yaml.UnmarshalWithOptions([]byte(block), &c, yaml.Strict()); err != nil || len(c.Systems) != 1 || c.Systems[0].Kind != httpapi.Description().Name {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestThePageShowsTheConsolesKinds(t *testing.T) {
	text := page(t)
	for _, kind := range spec(t).Describe().Kinds {
		if !strings.Contains(text, "| `"+kind.Name+"` | ") {
			t.Errorf("the page's table has no %s", kind.Name)
		}
	}
}

package aws

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// The configurations in the documentation are ones that work.
func TestTheExamplesInTheDocumentation(t *testing.T) {
	page, err := os.ReadFile("../../docs/integrations/aws.md")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(page), -1)
	if len(found) != 2 {
		t.Fatalf("%d examples, want one for each kind", len(found))
	}
	var users IAMConfig
	var people CenterConfig
	if err := yaml.UnmarshalWithOptions([]byte(found[0][1]), &users, yaml.Strict()); err != nil {
		t.Error(err)
	}
	if err := yaml.UnmarshalWithOptions([]byte(found[1][1]), &people, yaml.Strict()); err != nil {
		t.Error(err)
	}
	with := deps("aws")
	if _, err := openIAM(t.Context(), users, with); err != nil {
		t.Error(err)
	}
	if _, err := openCenter(t.Context(), people, with); err != nil {
		t.Error(err)
	}
	for _, k := range append(iamKinds(), centerKinds()...) {
		if !strings.Contains(string(page), "`"+k.Name+"`") {
			t.Errorf("the page says nothing of %s", k.Name)
		}
	}
	for _, p := range append(iamDescription().Permissions, centerDescription().Permissions...) {
		for _, action := range regexp.MustCompile(`[a-z]+:([A-Za-z]+)`).FindAllStringSubmatch(p.Name, -1) {
			if !strings.Contains(string(page), action[1]+"`") {
				t.Errorf("the page does not name the permission %s", action[0])
			}
		}
	}
}

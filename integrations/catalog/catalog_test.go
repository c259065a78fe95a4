package catalog_test

import (
	"regexp"
	"slices"
	"testing"

	"lastday/integrations"
	"lastday/integrations/catalog"
)

func TestEveryKindDescribesItselfFully(t *testing.T) {
	var names []string
	for _, k := range catalog.Kinds() {
		d := k.Description()
		names = append(names, d.Name)
		if !regexp.MustCompile(`^[a-z][a-z0-9-]*$`).MatchString(d.Name) || d.Title == "" || len(d.Kinds) == 0 {
			t.Errorf("%q: name, title or kinds of grants are missing", d.Name)
		}
		for _, g := range d.Kinds {
			if g.Name == "" || !slices.Contains(integrations.Sorts(), g.Sort) || g.What == "" || len(g.Ladder) == 0 || g.Restore.Fidelity == "" {
				t.Errorf("%s: the kind of grant %q is not declared fully", d.Name, g.Name)
			}
		}
		if !d.Manual && len(d.Permissions) == 0 {
			t.Errorf("%s: no permission is declared", d.Name)
		}
	}
	slices.Sort(names)
	if len(names) == 0 || len(slices.Compact(slices.Clone(names))) != len(names) {
		t.Errorf("names are missing or double: %v", names)
	}
}

func TestEveryMediumHasANameOfItsOwn(t *testing.T) {
	seen := map[string]bool{"": true}
	for _, m := range catalog.Media() {
		if seen[m.Name()] {
			t.Errorf("the name %q is empty or double", m.Name())
		}
		seen[m.Name()] = true
	}
}

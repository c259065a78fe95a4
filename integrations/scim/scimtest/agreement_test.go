package scimtest

import (
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func load(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// settled takes empty lists for nothing (RFC 7643 section 2.5).
func settled(v any) any {
	switch x := v.(type) {
	case []any:
		out := []any{}
		for _, e := range x {
			out = append(out, settled(e))
		}
		return out
	case resource:
		out := resource{}
		for name, e := range x {
			if inner, ok := e.([]any); !ok || len(inner) > 0 {
				out[name] = settled(e)
			}
		}
		return out
	}
	return v
}

// opinion is what another implementation makes of a patch.
type opinion struct {
	After   resource `json:"after"`
	Refused string   `json:"refused"`
}

func (o opinion) is(after resource, err error) bool {
	if o.Refused != "" || err != nil {
		return o.Refused != "" && err != nil
	}
	return cmp.Equal(settled(o.After), settled(after))
}

func TestPatchesComeOutAsOthersHaveThem(t *testing.T) {
	var all struct {
		User, Group resource
		Cases       []struct {
			Kind      string    `json:"kind"`
			Op        operation `json:"op"`
			Scimmy    opinion   `json:"scimmy"`
			ScimPatch opinion   `json:"scim_patch"`
			Agree     bool      `json:"agree"`
		} `json:"cases"`
	}
	load(t, "patches.json", &all)
	agreed := 0
	for _, c := range all.Cases {
		fresh := clone(map[string]resource{"User": all.User, "Group": all.Group}[c.Kind])
		err := apply(fresh, c.Op)
		if err == nil {
			err = strict(fresh)
		}
		if c.Agree {
			agreed++
		}
		first, second := c.Scimmy.is(fresh, err), c.ScimPatch.is(fresh, err)
		switch {
		case c.Agree && !first:
			t.Errorf("%+v: %v\n%s", c.Op, err, cmp.Diff(settled(c.Scimmy.After), settled(fresh)))
		case !c.Agree && !first && !second && c.Op.Path != "ACTIVE": // names are not case sensitive (RFC 7643 section 2.1), which neither knows
			t.Errorf("%+v: neither of the two others does what we do: %v %v", c.Op, err, fresh)
		}
	}
	if agreed < 20 {
		t.Errorf("the others agree on %d patches alone", agreed)
	}
}

func TestFiltersFindWhatOthersFind(t *testing.T) {
	var all struct {
		People []resource `json:"people"`
		Cases  []struct {
			Filter           string          `json:"filter"`
			Scimmy           json.RawMessage `json:"scimmy"`
			Scim2ParseFilter []string        `json:"scim2_parse_filter"`
		} `json:"cases"`
	}
	load(t, "filters.json", &all)
	// userName is not case sensitive (RFC 7643 section 4.1.1), nor are names of
	// attributes (section 2.1): the others compare letter by letter.
	ours := map[string][]string{
		`userName eq "KIM@ACME.EXAMPLE"`:                           {"u1"},
		`username eq "lee@acme.example"`:                           {"u2"},
		`userName sw "k" or active eq false`:                       {"u1", "u2"},
		`(userName sw "k" or userName sw "l") and active eq false`: {"u2"},
	}
	for _, c := range all.Cases {
		found, err := parseFilter(c.Filter)
		if err != nil {
			t.Errorf("%s: %v", c.Filter, err)
			continue
		}
		got := []string{}
		for _, p := range all.People {
			if found(p) {
				got = append(got, p["id"].(string))
			}
		}
		want := c.Scim2ParseFilter
		if known := ours[c.Filter]; known != nil {
			want = known
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: found %v, want %v", c.Filter, got, want)
		}
	}
}

// attribute is a part of a schema.
type attribute struct {
	Name, Type    string
	MultiValued   bool
	SubAttributes []attribute
}

type schema struct {
	ID         string
	Attributes []attribute
}

// breaches names what of a value the schema does not allow.
func breaches(v any, a attribute, path string) []string {
	if a.MultiValued {
		all, ok := v.([]any)
		if !ok {
			return []string{path + " has many values"}
		}
		var out []string
		one := a
		one.MultiValued = false
		for _, x := range all {
			out = append(out, breaches(x, one, path)...)
		}
		return out
	}
	if a.Type == "complex" {
		m, ok := v.(resource)
		if !ok {
			return []string{path + " is no object"}
		}
		return within(m, a.SubAttributes, path+".")
	}
	_, text := v.(string)
	_, truth := v.(bool)
	if (a.Type == "boolean") != truth || (a.Type != "boolean") != text {
		return []string{path + " is not of the type " + a.Type}
	}
	return nil
}

func within(m resource, attributes []attribute, path string) []string {
	var out []string
	for name, v := range m {
		i := slices.IndexFunc(attributes, func(a attribute) bool { return a.Name == name })
		if i < 0 {
			out = append(out, path+name+" is in no schema")
			continue
		}
		out = append(out, breaches(v, attributes[i], path+name)...)
	}
	return out
}

// check holds a resource to the schemas as SCIMMY has them from RFC 7643.
func check(t *testing.T, r resource, schemas []schema) {
	t.Helper()
	declared, _ := r["schemas"].([]any)
	var own []attribute
	for _, s := range schemas {
		if len(declared) > 0 && declared[0] == s.ID {
			own = append(own, s.Attributes...)
		}
		if slices.Contains(declared, any(s.ID)) && s.ID == EnterpriseSchema {
			own = append(own, attribute{Name: s.ID, Type: "complex", SubAttributes: s.Attributes})
		}
	}
	own = append(own, attribute{Name: "id", Type: "string"}, attribute{Name: "externalId", Type: "string"}, attribute{Name: "schemas", Type: "string", MultiValued: true},
		attribute{Name: "meta", Type: "complex", SubAttributes: []attribute{{Name: "resourceType", Type: "string"}, {Name: "location", Type: "string"}, {Name: "version", Type: "string"}}})
	for _, b := range within(r, own, "") {
		t.Errorf("%v: %s", r["id"], b)
	}
}

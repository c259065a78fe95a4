package scim

import (
	"context"
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"lastday"
	"lastday/integrations"
	"lastday/integrations/scim/scimtest"
)

func TestConfigurationsThatMakeNoSense(t *testing.T) {
	good := Config{URL: "https://scim.acme.example/v2", Token: "env:T", Canary: "u-1"}
	for name, c := range map[string]struct {
		change func(*Config)
		ok     bool
	}{
		"as it should be":    {func(*Config) {}, true},
		"a vendor's":         {func(c *Config) { c.Profile = "zoom" }, true},
		"made-up lists":      {func(c *Config) { c.Profile = "snowflake" }, false},
		"a group against it": {func(c *Config) { c.Profile, c.CanaryGroup = "snowflake", "g-1" }, true},
		"no such vendor":     {func(c *Config) { c.Profile = "nobody" }, false},
		"no address":         {func(c *Config) { c.URL = "" }, false},
		"in clear":           {func(c *Config) { c.URL = "http://scim.acme.example/v2" }, false},
		"a token in it":      {func(c *Config) { c.URL = "https://scim.acme.example/v2?token=x" }, false},
		"no token":           {func(c *Config) { c.Token = "" }, false},
		"no canary":          {func(c *Config) { c.Canary = "" }, false},
		"we are the canary":  {func(c *Config) { c.Self = "u-1" }, false},
		"no such evidence":   {func(c *Config) { c.ExternalID = "name" }, false},
		"no such paging":     {func(c *Config) { c.Paging = "pages" }, false},
		"no such level":      {func(c *Config) { c.GroupLevel = "much" }, false},
		"a level of none":    {func(c *Config) { c.RoleLevels = map[string]string{"x": "none"} }, false},
		"no such kind":       {func(c *Config) { c.ManagedBy = map[string]string{"badge": "Okta"} }, false},
		"no level of a role": {func(c *Config) { c.EntitlementLevels = map[string]string{"x": "y"} }, false},
	} {
		cfg := good
		c.change(&cfg)
		_, err := open(t.Context(), cfg, integrations.Deps{System: "saas", Now: noon, Secret: func(context.Context, string) (string, error) { return token, nil }})
		if (err == nil) != c.ok || (err != nil && lastday.CodeOf(err) != lastday.CodeInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheExampleOfThePageIsRead(t *testing.T) {
	page, err := os.ReadFile("../../docs/integrations/scim.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(page), -1)
	if len(examples) == 0 {
		t.Fatal("the page has no example")
	}
	for _, e := range examples {
		decode := func(into any) error { return yaml.NewDecoder(strings.NewReader(e[1]), yaml.Strict()).Decode(into) }
		if _, err := Kind().Open(t.Context(), decode, integrations.Deps{System: "saas", Now: noon, Secret: func(context.Context, string) (string, error) { return token, nil }}); err != nil {
			t.Errorf("%v\n%s", err, e[1])
		}
	}
}

// A token that something else renews is used from the next call on, and one that
// cannot be had is no answer of the server.
func TestTheTokenIsAskedForEveryTime(t *testing.T) {
	c := newCompany(t, scimtest.Manners{})
	given, failing := token, error(nil)
	d, err := open(t.Context(), c.config(), integrations.Deps{System: "saas", Now: noon, Secret: func(context.Context, string) (string, error) { return given, failing }})
	if err != nil {
		t.Fatal(err)
	}
	given = "old"
	if _, err := d.Probe(t.Context()); lastday.CodeOf(err) != lastday.CodeDenied {
		t.Errorf("an old token: %v", err)
	}
	given = token
	if h, err := d.Probe(t.Context()); err != nil || !h.Control.Seen {
		t.Errorf("the new one: %+v, %v", h, err)
	}
	failing = lastday.Wrap(lastday.CodeDenied, "secret", "cannot be read", errors.New("no file"))
	if _, err := d.Probe(t.Context()); lastday.CodeOf(err) != lastday.CodeDenied {
		t.Errorf("none: %v", err)
	}
}

func TestProbeTellsWhatIsMissing(t *testing.T) {
	for name, c := range map[string]struct {
		manners scimtest.Manners
		profile string
		missing int
	}{
		"nothing":          {scimtest.Manners{}, "", 0},
		"no discovery":     {scimtest.Manners{NoDiscovery: true}, "", 0},
		"no groups":        {scimtest.Manners{NoGroups: true}, "", 1},
		"no PATCH, by PUT": {scimtest.Manners{NoPatch: true}, "", 0},
		"no PATCH":         {scimtest.Manners{NoPatch: true}, "slack", 1},
		"no canary":        {scimtest.Manners{Blind: true}, "", 1},
	} {
		w := newCompany(t, c.manners)
		h, err := w.driver(t, with(c.profile)).Probe(t.Context())
		if err != nil || len(h.Missing) != c.missing || h.Control.Seen != !c.manners.Blind {
			t.Errorf("%s: %+v, %v", name, h, err)
		}
		if n := len(w.Calls()); n > 3 {
			t.Errorf("%s: %d calls, at most 3 are allowed", name, n)
		}
	}
}

package okta

import (
	"context"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"lastday"
	"lastday/integrations"
)

func TestAServiceAppMintsATokenAndKeepsItForAnHour(t *testing.T) {
	w := newWorld(t, true)
	for range 3 {
		w.survey(t, w.leaver)
	}
	if n := w.server.Minted(w.client); n != 1 {
		t.Errorf("%d tokens for three inventories", n)
	}
	w.clock.skip(59 * time.Minute)
	w.survey(t, w.leaver)
	if n := w.server.Minted(w.client); n != 2 {
		t.Errorf("%d tokens after an hour", n)
	}
}

func TestATokenThatIsNoLongerAcceptedIsRenewedByTheNextAttempt(t *testing.T) {
	w := newWorld(t, true)
	w.survey(t, w.leaver)
	w.clock.skip(2 * time.Minute)
	w.server.RevokeBearers()
	if _, err := w.driver.Probe(t.Context()); lastday.CodeOf(err) != lastday.CodeTransient {
		t.Errorf("%v; want one that is tried again", err)
	}
	if _, err := w.driver.Probe(t.Context()); err != nil {
		t.Errorf("the next attempt: %v", err)
	}
	w.server.RevokeBearers()
	if _, err := w.driver.Probe(t.Context()); lastday.CodeOf(err) != lastday.CodeDenied {
		t.Errorf("refused as soon as it was minted: %v; want a person", err)
	}
}

func TestACredentialThatIsNoGoodIsDeniedAndSaysWhy(t *testing.T) {
	for what, c := range map[string]struct {
		tune func(*world) func(*Config)
		says string
	}{
		"a key id that is not known": {func(*world) func(*Config) { return func(c *Config) { c.ServiceApp.KeyID = "other" } }, "not known"},
		"a scope that was not granted": {func(*world) func(*Config) {
			return func(c *Config) { c.ServiceApp.Scopes = []string{"okta.schemas.read"} }
		}, "scopes are not configured"},
		"an app that requires DPoP": {func(w *world) func(*Config) { return func(*Config) { w.server.RequireDPoP(w.client) } }, "DPoP"},
	} {
		w := newWorld(t, true)
		tune := c.tune(w)
		cfg := w.config
		app := *cfg.ServiceApp
		cfg.ServiceApp = &app
		tune(&cfg)
		d, err := open(t.Context(), cfg, w.deps())
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		_, err = d.Probe(t.Context())
		if lastday.CodeOf(err) != lastday.CodeDenied || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestAServiceAppSaysWhichScopesItLacks(t *testing.T) {
	w := newWorld(t, true, func(c *Config) { c.ServiceApp.Scopes = []string{"okta.users.manage", "okta.groups.manage"} })
	health, err := w.driver.Probe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var missing []string
	for _, g := range health.Missing {
		missing = append(missing, g.Kind)
	}
	if got := strings.Join(missing, " "); got != "api_token admin_role session identity_link app" {
		t.Errorf("missing: %s", got)
	}
	if inv := w.survey(t, w.leaver); inv.Complete() || len(inv.Grants) == 0 {
		t.Errorf("what it may see is not told, or what it may not see is not a gap")
	}
}

func TestProbingIsCheapAndSaysWhoWeAre(t *testing.T) {
	for _, service := range []bool{false, true} {
		w := newWorld(t, service)
		before := len(w.server.Calls())
		health, err := w.driver.Probe(t.Context())
		if err != nil || len(w.server.Calls())-before > 3 || health.QuotaLeft != 599 || len(health.Missing) != 0 {
			t.Errorf("%d calls, %+v, error %v", len(w.server.Calls())-before, health, err)
		}
		if want := map[bool]string{false: w.root.ID}[service]; health.AccountID != want {
			t.Errorf("we are %q, want %q", health.AccountID, want)
		}
	}
}

func TestConfigurationsThatMakeNoSense(t *testing.T) {
	app := func() *ServiceApp { return &ServiceApp{ClientID: "0oa1", Key: "env:KEY", KeyID: "k"} }
	good := Config{URL: "https://acme.okta.com", Token: "env:TOKEN", Canary: "canary@acme.example"}
	for what, c := range map[string]struct {
		change func(*Config)
		ok     bool
	}{
		"as it should be":     {func(*Config) {}, true},
		"an app":              {func(c *Config) { c.Token, c.ServiceApp = "", app() }, false}, // the secret below is no key
		"no address":          {func(c *Config) { c.URL = "" }, false},
		"in clear":            {func(c *Config) { c.URL = "http://acme.okta.com" }, false},
		"two credentials":     {func(c *Config) { c.ServiceApp = app() }, false},
		"none":                {func(c *Config) { c.Token = "" }, false},
		"an app without id":   {func(c *Config) { c.Token, c.ServiceApp = "", &ServiceApp{Key: "env:KEY", KeyID: "k"} }, false},
		"a scope of others":   {func(c *Config) { c.Token, c.ServiceApp = "", app(); c.ServiceApp.Scopes = []string{"openid"} }, false},
		"no canary":           {func(c *Config) { c.Canary = "" }, false},
		"ourselves as canary": {func(c *Config) { c.Canary = "me" }, false},
		"a canary with a way": {func(c *Config) { c.Canary = "x/lifecycle" }, false},
		"nobody need be left": {func(c *Config) { c.MinSuperAdmins = -1 }, false},
	} {
		cfg := good
		c.change(&cfg)
		_, err := open(t.Context(), cfg, integrations.Deps{System: "okta", Now: time.Now, Secret: func(context.Context, string) (string, error) { return "s3cr3t", nil }})
		if (err == nil) != c.ok || err != nil && (lastday.CodeOf(err) != lastday.CodeInvalid || strings.Contains(err.Error(), "s3cr3t")) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestThePageIsTrue(t *testing.T) {
	text, err := os.ReadFile("../../docs/integrations/okta.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(page, -1)
	if len(blocks) != 2 {
		t.Fatalf("the page has %d examples, want one for each credential", len(blocks))
	}
	for _, b := range blocks {
		var cfg Config
		if err := yaml.NewDecoder(strings.NewReader(b[1]), yaml.Strict()).Decode(&cfg); err != nil {
			t.Errorf("the example: %v", err)
		}
		if _, err := cfg.checked(); err != nil {
			t.Errorf("the example: %v", err)
		}
	}
	for _, k := range kinds() {
		if !strings.Contains(page, "| `"+k.Name+"` |") {
			t.Errorf("the page does not tell of %s", k.Name)
		}
	}
	for _, s := range allScopes() {
		if !strings.Contains(page, "`"+s+"`") {
			t.Errorf("the page does not ask for %s", s)
		}
	}
}

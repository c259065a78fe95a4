package ldap

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"lastday"
	"lastday/integrations"
	"lastday/integrations/ldap/ldaptest"
)

func good() Config {
	return Config{
		URL: "ldaps://ldap.acme.example", Flavour: flavourOpenLDAP, Bind: "cn=bot,dc=acme", Password: "env:LDAP",
		Bases: []string{"dc=acme"}, Canary: "uid=canary,dc=acme", Policy: "cn=policy,dc=acme",
	}
}

func TestConfigurationsThatMakeNoSense(t *testing.T) {
	const secret = "s3cr3t-w0rd"
	for name, c := range map[string]struct {
		change func(*Config)
		ok     bool
	}{
		"as it should be":                 {func(*Config) {}, true},
		"StartTLS":                        {func(c *Config) { c.URL, c.StartTLS = "ldap://ldap.acme.example:3389", true }, true},
		"clear text":                      {func(c *Config) { c.URL = "ldap://ldap.acme.example" }, false},
		"clear text, asked for":           {func(c *Config) { c.URL, c.InsecureClearText = "ldap://ldap.acme.example", true }, true},
		"clear text and TLS":              {func(c *Config) { c.InsecureClearText = true }, false},
		"TLS twice":                       {func(c *Config) { c.StartTLS = true }, false},
		"a password in the url":           {func(c *Config) { c.URL = "ldaps://bot:" + secret + "@ldap.acme.example" }, false},
		"another protocol":                {func(c *Config) { c.URL = "https://ldap.acme.example" }, false},
		"no url":                          {func(c *Config) { c.URL = "" }, false},
		"no flavour":                      {func(c *Config) { c.Flavour = "" }, false},
		"no bind":                         {func(c *Config) { c.Bind = "" }, false},
		"no password":                     {func(c *Config) { c.Password = "" }, false},
		"an empty password":               {func(c *Config) { c.Password = "env:EMPTY" }, false},
		"no bases":                        {func(c *Config) { c.Bases = nil }, false},
		"a base that is no DN":            {func(c *Config) { c.Bases = []string{"acme"} }, false},
		"an empty base":                   {func(c *Config) { c.Bases = []string{""} }, false},
		"no canary":                       {func(c *Config) { c.Canary = "" }, false},
		"ourselves as the canary":         {func(c *Config) { c.Canary = "CN=bot, dc=acme" }, false},
		"no policy":                       {func(c *Config) { c.Policy = "" }, false},
		"a policy for AD":                 {func(c *Config) { c.Flavour = flavourAD }, false},
		"a locked canary, no password":    {func(c *Config) { c.LockedCanary = "uid=locked,dc=acme" }, false},
		"a locked canary, empty password": {func(c *Config) { c.LockedCanary, c.LockedPassword = "uid=locked,dc=acme", "env:EMPTY" }, false},
		"a monitor for AD":                {func(c *Config) { c.Flavour, c.Policy, c.Monitor = flavourAD, "", true }, false},
		"a level that is none":            {func(c *Config) { c.Groups = map[string]string{"cn=x": "boss"} }, false},
		"a group without level":           {func(c *Config) { c.Groups = map[string]string{"cn=x": "none"} }, false},
		"pages too large":                 {func(c *Config) { c.PageSize = 5000 }, false},
		"no time":                         {func(c *Config) { c.Timeout = time.Millisecond }, false},
		"no certificate":                  {func(c *Config) { c.CA = "env:LDAP" }, false},
	} {
		cfg := good()
		c.change(&cfg)
		_, err := open(t.Context(), cfg, integrations.Deps{System: "ldap", Now: noon, Secret: func(_ context.Context, ref string) (string, error) {
			return map[string]string{"env:LDAP": secret + "\n"}[ref], nil
		}})
		if (err == nil) != c.ok || (err != nil && lastday.CodeOf(err) != lastday.CodeInvalid) {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("%s: the error tells the password: %v", name, err)
		}
	}
}

// The examples on the page are read as a configuration is.
func TestTheExamplesOnThePageAreRead(t *testing.T) {
	text, err := os.ReadFile("../../docs/integrations/ldap.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(text, -1)
	if len(examples) < 2 {
		t.Fatalf("%d examples, want one for each flavour", len(examples))
	}
	for _, x := range examples {
		var cfg Config
		if err := yaml.UnmarshalWithOptions(x[1], &cfg, yaml.Strict()); err != nil {
			t.Errorf("%v in\n%s", err, x[1])
			continue
		}
		cfg.CA = ""
		_, err := open(t.Context(), cfg, integrations.Deps{System: "ldap", Now: noon, Secret: func(context.Context, string) (string, error) { return "x", nil }})
		if err != nil {
			t.Errorf("%v in\n%s", err, x[1])
		}
	}
}

func TestEncryptedConnections(t *testing.T) {
	w := newWorld(t)
	other := filepath.Join(t.TempDir(), "other")
	if err := os.Mkdir(other, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := ldaptest.WriteCertificates(other); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*Config)
		ok     bool
	}{
		"ldaps":                      {func(c *Config) { c.URL = "ldaps://" + slapd.TLSAddr }, true},
		"StartTLS":                   {func(c *Config) { c.URL, c.StartTLS = "ldap://"+slapd.Addr, true }, true},
		"ldaps, another's signature": {func(c *Config) { c.URL, c.CA = "ldaps://"+slapd.TLSAddr, "file:"+other+"/ca.pem" }, false},
		"StartTLS, another's signature": {func(c *Config) {
			c.URL, c.StartTLS, c.CA = "ldap://"+slapd.Addr, true, "file:"+other+"/ca.pem"
		}, false},
		"ldaps, the machine's own trust": {func(c *Config) { c.URL, c.CA = "ldaps://"+slapd.TLSAddr, "" }, false},
	} {
		d := w.driver(func(cfg *Config) {
			cfg.InsecureClearText, cfg.CA = false, "file:"+filepath.Join(slapdFolder, "ca.pem")
			c.change(cfg)
		})
		_, err := d.List(t.Context(), lastday.Account{System: "ldap", ID: w.kim}, "")
		if (err == nil) != c.ok || (err != nil && lastday.CodeOf(err) != lastday.CodeTransient) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheServerSaysWhatItIs(t *testing.T) {
	w, a := newWorld(t), newADWorld(t)
	asAD := a.config()
	asAD.URL, asAD.Bind, asAD.Canary = "ldap://"+slapd.Addr, w.bot(), w.person("canary")
	asOpenLDAP := w.config()
	asOpenLDAP.URL, asOpenLDAP.Bind = "ldap://"+a.ad.Addr, adBot
	for _, cfg := range []Config{asAD, asOpenLDAP} {
		_, err := openDriver(t, cfg).Probe(t.Context())
		if lastday.CodeOf(err) != lastday.CodeInvalid || !strings.Contains(err.Error(), "the server says that it is") {
			t.Errorf("%s: %v", cfg.Flavour, err)
		}
	}
}

func TestMessagesAreBounded(t *testing.T) {
	for name, c := range map[string]struct {
		bytes []byte
		ok    bool
	}{
		"short":           {[]byte{0x30, 2, 1, 1, 0x30, 0}, true},
		"long form":       {append([]byte{0x30, 0x82, 1, 0}, make([]byte, 256)...), true},
		"a gigabyte":      {[]byte{0x30, 0x84, 0x40, 0, 0, 0}, false},
		"a longer length": {[]byte{0x30, 0x85, 0, 0, 0, 0, 1}, false},
		"no end":          {[]byte{0x30, 0x80, 1, 1}, false},
	} {
		if b := new(bounded); b.allows(c.bytes) != c.ok {
			t.Errorf("%s, at once: want %t", name, c.ok)
		}
		b, ok := new(bounded), true
		for _, x := range c.bytes {
			ok = ok && b.allows([]byte{x})
		}
		if ok != c.ok {
			t.Errorf("%s, byte by byte: want %t", name, c.ok)
		}
	}
}

func FuzzNames(f *testing.F) {
	for _, s := range []string{"f307de9a-7aac-1041-86da-b5a85b74431d", "*", ")(uid=*", "\\", "cn=a,dc=b", "CN=x\\, y,DC=z", "", "00000000-0000-0000-0000-00000000000G"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, name := range []string{flavourOpenLDAP, flavourAD} {
			c := flavourOf(Config{Flavour: name})
			filter, err := c.idFilter(s)
			if err == nil && strings.ContainsAny(filter[1:len(filter)-1], "()*") {
				t.Errorf("%q becomes a filter of its own: %s", s, filter)
			}
			if raw := guidBytes(s); c.ad() && err == nil && guidText(raw) != s {
				t.Errorf("GUID %q becomes %q", s, guidText(raw))
			}
		}
		if e := equal("uid", s); strings.ContainsAny(e[5:len(e)-1], "()*\x00") {
			t.Errorf("%q becomes a filter of its own: %s", s, e)
		}
		if foldDN(foldDN(s)) != foldDN(s) {
			t.Errorf("%q folds to %q and then to %q", s, foldDN(s), foldDN(foldDN(s)))
		}
		new(bounded).allows([]byte(s))
	})
}

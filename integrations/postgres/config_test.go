package postgres

import (
	"context"
	"strings"
	"testing"
	"time"

	"lastday"
	"lastday/integrations"
)

func TestConfigurationsThatMakeNoSense(t *testing.T) {
	good := func() Config { return Config{DSN: "env:DSN", Canary: "app"} }
	const secret = "s3cr3t-w0rd"
	local := "postgres://bot:" + secret + "@127.0.0.1/postgres?sslmode=disable"
	far := "postgres://bot:" + secret + "@db.acme.example/postgres"
	cases := map[string]struct {
		change func(*Config)
		dsn    string
		ok     bool
	}{
		"as it should be":        {func(*Config) {}, local, true},
		"no dsn":                 {func(c *Config) { c.DSN = "" }, local, false},
		"no canary":              {func(c *Config) { c.Canary = "" }, local, false},
		"a built-in canary":      {func(c *Config) { c.Canary = "pg_monitor" }, local, false},
		"no superuser left":      {func(c *Config) { c.MinSuperusers = -1 }, local, false},
		"no time":                {func(c *Config) { c.StatementTimeout = time.Millisecond }, local, false},
		"waits longer than asks": {func(c *Config) { c.TerminateTimeout = time.Minute }, local, false},
		"no connection string":   {func(*Config) {}, "postgres://bot:" + secret + "@[::1/postgres", false},
		"TLS if it likes":        {func(*Config) {}, far, false},
		"no TLS":                 {func(*Config) {}, far + "?sslmode=disable", false},
		"no TLS, asked for":      {func(c *Config) { c.Cleartext = true }, far + "?sslmode=disable", true},
		"TLS":                    {func(*Config) {}, far + "?sslmode=require", true},
	}
	for name, c := range cases {
		cfg := good()
		c.change(&cfg)
		_, err := open(t.Context(), cfg, integrations.Deps{System: "pg", Now: noon, Secret: func(context.Context, string) (string, error) { return c.dsn, nil }})
		if (err == nil) != c.ok || (err != nil && lastday.CodeOf(err) != lastday.CodeInvalid) {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("%s: the error tells the password: %v", name, err)
		}
	}
}

func FuzzIDs(f *testing.F) {
	for _, s := range []string{"16384/kim", "0/kim", "kim", "5/pg_class/1/0/10", "0/pg_parameter_acl/my.own/0/10", "5/10/0/r", "77/1700000000000000", "indirect/7", "7/10", "", "/", "99999999999/x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if p := parsePin(s); p.oid != 0 && parsePin(p.String()) != p {
			t.Errorf("pin %q is read as %+v and written as %q", s, p, p)
		}
		if p, ok := parsePlace(s); ok && p.String() != s {
			t.Errorf("place %q is written as %q", s, p)
		}
		if pid, began, ok := parseSession(s); ok && sessionID(pid, began) != s {
			t.Errorf("session %q is read as %d, %d", s, pid, began)
		}
		if all, ok := parseItems(s); ok && strings.ContainsAny(all.names(""), `;"'()`) {
			t.Errorf("privileges %q become part of a statement: %q", s, all.names(""))
		}
	})
}

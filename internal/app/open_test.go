package app_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"lastday"
	"lastday/integrations"
	"lastday/integrations/notify"
	"lastday/internal/app"
	"lastday/internal/config"
)

// vault is a kind of integration that wants a secret as soon as it is opened.
func vault() integrations.Kind {
	type settings struct {
		Token string `yaml:"token"`
	}
	return integrations.Define(integrations.Description{Name: "vault"}, func(ctx context.Context, c settings, deps integrations.Deps) (integrations.Driver, error) {
		_, err := deps.Secret(ctx, c.Token)
		return blank{}, err
	})
}

type blank struct{ integrations.Driver }

const file = `
version: 1
policies: [policy.yaml]
systems:
  - {name: near, kind: vault, config: {token: env:NEAR}}
  - {name: far, kind: vault, config: {token: env:FAR}}
`

const policy = `
version: 1
name: all
stages:
  - {name: cut, at: last day, ceiling: none}
`

func read(t *testing.T, text string) config.Config {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{"lastday.yaml": text, "policy.yaml": policy} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := config.Read(filepath.Join(dir, "lastday.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// deps has one secret alone: that of the near system.
func deps() app.Deps {
	return app.Deps{
		Kinds: []integrations.Kind{vault()}, Media: []notify.Medium{notify.LogMedium()},
		Log: slog.New(slog.DiscardHandler), Now: time.Now,
		Secret: func(_ context.Context, ref string) (string, error) {
			if ref == "env:NEAR" {
				return "secret", nil
			}
			return "", lastday.Errorf(lastday.CodeInvalid, "secret", "there is no %s", ref)
		},
	}
}

func TestAProcessAsksOnlyForTheSecretsOfSystemsItServes(t *testing.T) {
	d := deps()
	d.Serves = func(system string) bool { return system == "near" }
	parts, err := app.Open(t.Context(), read(t, file), d)
	if err != nil {
		t.Fatal(err)
	}
	if len(parts.Systems) != 2 || parts.Systems[0].Driver == nil || parts.Systems[1].Driver != nil {
		t.Errorf("both systems must be known and only the near one opened: %+v", parts.Systems)
	}
}

func TestAMissingSecretIsToldWithItsSystem(t *testing.T) {
	_, err := app.Open(t.Context(), read(t, file), deps())
	if err == nil || !strings.Contains(err.Error(), "system far: ") || !strings.Contains(err.Error(), "env:FAR") {
		t.Errorf("got %v", err)
	}
}

func TestAllMistakesOfWhatIsOpenedAreToldAtOnce(t *testing.T) {
	text := strings.ReplaceAll(file, "kind: vault, config: {token: env:NEAR}", "kind: volt")
	text = strings.ReplaceAll(text, "token: env:FAR", "tokn: env:FAR") + "sources:\n  - {name: hr, kind: fax}\n"
	_, err := app.Open(t.Context(), read(t, text), deps())
	for _, want := range []string{`"volt"`, "tokn", `"fax"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s is not told in %v", want, err)
		}
	}
}

func TestAPreviewNeedsNoSystem(t *testing.T) {
	d := deps()
	d.Serves = func(string) bool { return false }
	parts, err := app.Open(t.Context(), read(t, file), d)
	if err != nil {
		t.Fatal(err)
	}
	made, err := parts.Preview(lastday.Separation{
		Source: "hr", Person: lastday.Person{Key: "p"}, Engagement: lastday.Engagement{ID: "e"}, Kind: lastday.SeparationScheduled,
		LastDay: lastday.Date{Year: 2026, Month: 12, Day: 18}, Zone: "Europe/Berlin",
	}, time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	if got := made.Cutoff.Instant.UTC().Format(time.RFC3339); got != "2026-12-18T16:00:00Z" {
		t.Errorf("cut at %s", got)
	}
}

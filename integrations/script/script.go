// Package script is the integration for what a local command can reach: one
// program of the company's own that reads a far side and changes it.
//
// The program speaks a small contract in JSON, of which docs/integrations/script.md
// tells; every call is a process of its own. It is started directly, never by a
// shell, with fixed arguments, no environment but what is named, and a time
// limit that ends it with all that it started.
//
// What is asked of every integration is done here and not by the program: an
// answer is held to what was asked, absence counts only with a positive control,
// and a change is sent only after a reading that shows that it is needed.
package script

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"lastday"
	"lastday/integrations"
)

// Config is what a configuration says about a program.
type Config struct {
	Title string `yaml:"title" json:"title"`
	// Command is the program's absolute path and its arguments.
	Command []string `yaml:"command" json:"command"`
	// Dir is the folder that it runs in, absolute; empty is the root folder.
	Dir string `yaml:"dir" json:"dir"`
	// Input is json (the default) or env: then the request is given in variables.
	Input string `yaml:"input" json:"input"`
	// Env is all of its environment, but for secrets and, with input env, the request.
	Env map[string]string `yaml:"env" json:"env"`
	// Secrets are handed to it.
	Secrets []Secret `yaml:"secrets" json:"secrets"`
	// Timeout of one call, such as 30s, which is the default.
	Timeout string `yaml:"timeout" json:"timeout"`
	// MaxOutput is the most bytes of one answer; zero is 4 MiB.
	MaxOutput int64 `yaml:"max_output" json:"max_output"`
	// Permissions are what the program needs there.
	Permissions []Permission `yaml:"permissions" json:"permissions"`
	// Cannot lists what nobody can take through it.
	Cannot []string    `yaml:"cannot" json:"cannot"`
	Grants []GrantKind `yaml:"grants" json:"grants"`
}

// Secret is a secret that the program is given.
type Secret struct {
	// Name of the variable: it holds the secret with as env, and the number of a
	// file descriptor to read it from with as fd, which is the default.
	Name string `yaml:"name" json:"name"`
	Ref  string `yaml:"ref" json:"ref"`
	As   string `yaml:"as" json:"as"`
}

// Permission is something that the program needs there.
type Permission struct {
	Name string `yaml:"name" json:"name"`
	For  string `yaml:"for" json:"for"`
}

// GrantKind is one kind of grant that the program knows.
type GrantKind struct {
	Kind   string `yaml:"kind" json:"kind"`
	What   string `yaml:"what" json:"what"`
	Ladder []Rung `yaml:"ladder" json:"ladder"`
	// Order ranks the kinds; lower is changed first.
	Order   int     `yaml:"order" json:"order"`
	Restore Restore `yaml:"restore" json:"restore"`
	// ReadOnly says why it cannot be changed; empty if it can.
	ReadOnly string `yaml:"read_only" json:"read_only"`
}

// Rung is one step of a ladder, highest first.
type Rung struct {
	Name  string        `yaml:"rung" json:"rung"`
	Level lastday.Level `yaml:"level" json:"level"`
}

// Restore is what can be promised about giving back.
type Restore struct {
	Fidelity lastday.Fidelity `yaml:"fidelity" json:"fidelity"`
	Note     string           `yaml:"note" json:"note"`
}

func (k GrantKind) ladder() lastday.Ladder {
	var l lastday.Ladder
	for _, r := range k.Ladder {
		l = append(l, lastday.Rung{Name: r.Name, Level: r.Level})
	}
	return l
}

func (k GrantKind) restore() lastday.Restore {
	return lastday.Restore{Fidelity: k.Restore.Fidelity, Note: k.Restore.Note}
}

// Description is what the integration declares before any program is configured;
// that of a program is Config.Describe.
func Description() integrations.Description {
	return integrations.Description{
		Name: "script", Title: "Whatever a local command can reach",
		Kinds: []integrations.KindOfGrant{{
			Name: "configured", Sort: integrations.SortDeclared, What: "whatever the configuration declares",
			Ladder:  lastday.Ladder{{Name: "held", Level: lastday.LevelAdmin}},
			Restore: lastday.Restore{Fidelity: lastday.RestoreNever, Note: "the configuration says what can be given back"},
		}},
		Permissions: []integrations.Permission{{Name: "as configured", For: "the program's own work"}},
		Cannot:      []string{"what the program does not know"},
	}
}

// Describe is what a configured program declares.
func (c Config) Describe() integrations.Description {
	d := integrations.Description{Name: "script", Title: c.Title, Cannot: c.Cannot}
	for _, p := range c.Permissions {
		d.Permissions = append(d.Permissions, integrations.Permission{Name: p.Name, For: p.For})
	}
	for _, k := range c.Grants {
		d.Kinds = append(d.Kinds, integrations.KindOfGrant{
			Name: k.Kind, What: k.What, Ladder: k.ladder(), Order: k.Order, Restore: k.restore(), ReadOnly: k.ReadOnly != "",
		})
	}
	return d
}

// Kind is the integration's entry in the catalog.
func Kind() integrations.Kind { return integrations.Define(Description(), Open) }

type driver struct {
	config Config
	system string
	secret func(ctx context.Context, ref string) (string, error)
	log    *slog.Logger
	now    func() time.Time
}

// Open makes a driver. All mistakes of the configuration are in one CodeInvalid.
// That the program can be trusted is seen anew before every call.
func Open(ctx context.Context, c Config, deps integrations.Deps) (integrations.Driver, error) {
	op := "script: open " + deps.System
	if found := c.mistakes(); len(found) > 0 {
		return nil, lastday.Errorf(lastday.CodeInvalid, op, "%s", strings.Join(found, "; "))
	}
	if err := trusted(c.Command[0]); err != nil {
		return nil, lastday.Wrap(lastday.CodeInvalid, op, "command", err)
	}
	d := &driver{config: c, system: deps.System, secret: deps.Secret, log: deps.Log, now: deps.Now}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	if _, err := d.secrets(ctx); err != nil { // one that is not there is told at opening
		return nil, err
	}
	return d, nil
}

// secrets resolves the program's secrets, in their order: for every call, so that
// one that something else renews is used at once.
func (d *driver) secrets(ctx context.Context) ([]string, error) {
	values := make([]string, len(d.config.Secrets))
	for i, s := range d.config.Secrets {
		var err error
		if values[i], err = d.secret(ctx, s.Ref); err != nil {
			return nil, err
		}
	}
	return values, nil
}

func (c Config) timeout() time.Duration {
	d, err := time.ParseDuration(c.Timeout)
	if err != nil {
		return 30 * time.Second
	}
	return d
}

func (c Config) maxOutput() int64 {
	if c.MaxOutput > 0 {
		return c.MaxOutput
	}
	return 4 << 20
}

func (c Config) mistakes() []string {
	var found []string
	need := func(ok bool, what string) {
		if !ok {
			found = append(found, what)
		}
	}
	need(c.Title != "", "title: is missing")
	need(len(c.Command) > 0 && filepath.IsAbs(c.Command[0]) && filepath.Clean(c.Command[0]) == c.Command[0],
		"command: must begin with the clean absolute path of a program")
	need(c.Dir == "" || filepath.IsAbs(c.Dir), "dir: must be absolute")
	need(slices.Contains([]string{"", inputJSON, inputEnv}, c.Input), "input: must be json or env")
	if t, err := time.ParseDuration(c.Timeout); c.Timeout != "" {
		need(err == nil && t > 0 && t <= 10*time.Minute, "timeout: must be a duration such as 30s, at most 10m")
	}
	need(c.MaxOutput >= 0 && c.MaxOutput <= 32<<20, "max_output: must be at most 33554432")
	need(len(c.Permissions) > 0, "permissions: say what the program needs there")
	need(len(c.Grants) > 0, "grants: there is none")
	found = append(found, c.nameMistakes()...)
	for i, k := range c.Grants {
		for _, m := range k.mistakes() {
			found = append(found, fmt.Sprintf("grants[%d]: %s", i, m))
		}
		if slices.IndexFunc(c.Grants, func(o GrantKind) bool { return o.Kind == k.Kind }) != i {
			found = append(found, fmt.Sprintf("grants[%d]: the kind %q is there twice", i, k.Kind))
		}
	}
	return found
}

// nameMistakes holds names of variables apart: those of the request are ours.
func (c Config) nameMistakes() []string {
	var found []string
	taken := map[string]bool{}
	name := func(place, n string) {
		if !regexp.MustCompile(`^[A-Z][A-Z0-9_]*$`).MatchString(n) || strings.HasPrefix(n, "LASTDAY_") || strings.HasPrefix(n, "LD_") || taken[n] {
			found = append(found, place+": want a name of its own of capitals, digits and underscores, not LASTDAY_ or LD_")
		}
		taken[n] = true
	}
	for n := range c.Env {
		name("env", n)
	}
	for i, s := range c.Secrets {
		name(fmt.Sprintf("secrets[%d].name", i), s.Name)
		if !slices.Contains([]string{"", asFD, asEnv}, s.As) {
			found = append(found, fmt.Sprintf("secrets[%d].as: must be fd or env", i))
		}
		if !strings.HasPrefix(s.Ref, "env:") && !strings.HasPrefix(s.Ref, "file:") {
			found = append(found, fmt.Sprintf("secrets[%d].ref: must be a reference: env:NAME or file:PATH", i))
		}
	}
	return found
}

func (k GrantKind) mistakes() []string {
	var found []string
	if !regexp.MustCompile(`^[a-z][a-z0-9_]*$`).MatchString(k.Kind) {
		found = append(found, "kind: use lower case letters, digits and underscores")
	}
	if k.What == "" {
		found = append(found, "what: is missing")
	}
	if len(k.Ladder) == 0 {
		found = append(found, "ladder: has no rung")
	}
	for i, r := range k.Ladder {
		double := slices.IndexFunc(k.Ladder, func(o Rung) bool { return o.Name == r.Name }) != i
		if r.Name == "" || r.Name == lastday.None || double || r.Level <= lastday.LevelNone || r.Level > lastday.LevelAdmin {
			found = append(found, fmt.Sprintf("ladder[%d]: want a name of its own and a level of admin, write, read or sign-in", i))
		}
		if i > 0 && r.Level > k.Ladder[i-1].Level {
			found = append(found, fmt.Sprintf("ladder[%d]: is higher than the rung before it", i))
		}
	}
	fidelities := []lastday.Fidelity{lastday.RestoreExact, lastday.RestoreLossy, lastday.RestoreConsent, lastday.RestoreNever}
	if !slices.Contains(fidelities, k.Restore.Fidelity) || (k.Restore.Fidelity != lastday.RestoreExact && k.Restore.Note == "") {
		found = append(found, "restore: want a fidelity of exact, lossy, consent or never, and a note for all but exact")
	}
	return found
}

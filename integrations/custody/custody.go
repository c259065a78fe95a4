// Package custody is the integration of what is no account: secrets that
// people share, keys they made, jobs and things they own.
//
// Nothing of that can be read from a far side, so people keep a register of
// it: one YAML file that says what there is, who knows or owns it, who must act
// when somebody leaves, and when it was last changed. The integration reads the
// register and asks; it writes nothing. What the register shows is the word of
// those who keep it, and is graded so: attested at most, never observed.
package custody

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"lastday"
	"lastday/integrations"
)

// The rungs of what a register holds.
const (
	rungKnown = "known"
	rungOwned = "owned"
)

// Config says which register is read.
type Config struct {
	// File is where the register lies, as file:PATH.
	File string `yaml:"file" json:"file"`
	// MaxAge is how old its as_of may be, as a duration such as 24h or 7d. An
	// older register shows nothing.
	MaxAge string `yaml:"max_age" json:"max_age"`
	// Keeper is who keeps it, a role: what it shows is the keeper's word.
	Keeper string `yaml:"keeper" json:"keeper"`
}

// kindNames are the kinds of items, each with what it is.
func kindNames() [][2]string {
	return [][2]string{
		{"shared-secret", "a password or token that several people know"},
		{"recovery-code", "a code or device that gets somebody into an account again"},
		{"signing-key", "a key that signs what others trust, such as tokens or releases"},
		{"certificate", "a certificate with its private key"},
		{"service-account", "an account of a program that a person made or can use"},
		{"deploy-key", "a key of a machine that a person made"},
		{"webhook", "an address that is told what happens"},
		{"job", "something that runs on a schedule in a person's name"},
		{"phone", "a number or line that reaches a person"},
		{"owned-object", "a document, a domain, a bill, an app that a person owns"},
		{"other", "anything else that must not stay with somebody who left"},
	}
}

// sortOf tells what opens something by itself from what is merely somebody's.
func sortOf(kind string) integrations.Sort {
	switch kind {
	case "webhook", "job", "phone", "owned-object", "other":
		return integrations.SortOther
	}
	return integrations.SortCredential
}

// Description is what the integration declares about itself.
func Description() integrations.Description {
	d := integrations.Description{
		Name: "custody", Title: "Shared secrets and owned things, by a register that people keep", Manual: true,
		Cannot: []string{
			"what the register does not name: it is not seen",
			"what the register shows is the word of those who keep it: attested, never observed",
			"what was changed or handed over is not given back",
		},
	}
	for i, k := range kindNames() {
		d.Kinds = append(d.Kinds, integrations.KindOfGrant{
			Name: k[0], Sort: sortOf(k[0]), What: k[1], Order: i, Restore: neverBack(),
			Ladder: lastday.Ladder{{Name: rungKnown, Level: lastday.LevelAdmin}, {Name: rungOwned, Level: lastday.LevelAdmin}},
		})
	}
	return d
}

func neverBack() lastday.Restore {
	return lastday.Restore{Fidelity: lastday.RestoreNever, Note: "a secret that was changed is another one; whoever needs it is told the new one by hand"}
}

// Kind is the integration's entry in the catalog.
func Kind() integrations.Kind { return integrations.Define(Description(), Open) }

// Open makes a driver. All mistakes of the configuration are in one CodeInvalid.
func Open(_ context.Context, c Config, deps integrations.Deps) (integrations.Driver, error) {
	var mistakes []string
	path, ok := strings.CutPrefix(c.File, "file:")
	if !ok || path == "" {
		mistakes = append(mistakes, "file: must be file:PATH")
	}
	age, err := duration(c.MaxAge)
	if err != nil || age <= 0 || age > oldest {
		mistakes = append(mistakes, "max_age: must be a duration such as 24h or 7d, at most 92 days")
	}
	if strings.TrimSpace(c.Keeper) == "" {
		mistakes = append(mistakes, "keeper: somebody must stand for the register")
	}
	if len(mistakes) > 0 {
		return nil, lastday.Errorf(lastday.CodeInvalid, "custody: open "+deps.System, "%s", strings.Join(mistakes, "; "))
	}
	return &driver{path: path, maxAge: age, keeper: c.Keeper, system: deps.System, now: deps.Now}, nil
}

// oldest bounds Config.MaxAge and the deadlines of items.
const oldest = 92 * 24 * time.Hour

type driver struct {
	path, keeper, system string
	maxAge               time.Duration
	now                  func() time.Time
}

// mostBytes bounds the register.
const mostBytes = 4 << 20

// read reads the register anew. One that is missing, cut or old is
// CodeTransient: it may be better soon. One that makes no sense is CodeInvalid.
func (d *driver) read() (register, error) {
	const op = "custody: register"
	file, err := os.Open(d.path)
	if err != nil {
		return register{}, lastday.Wrap(lastday.CodeTransient, op, "open", err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, mostBytes+1))
	if err != nil {
		return register{}, lastday.Wrap(lastday.CodeTransient, op, "read", err)
	}
	if len(text) > mostBytes {
		return register{}, lastday.Errorf(lastday.CodeInvalid, op, "it is larger than %d bytes", mostBytes)
	}
	now := d.now()
	r, err := parseRegister(text, now)
	if err != nil {
		return register{}, err
	}
	if age := now.Sub(r.asOf); age > d.maxAge {
		return register{}, lastday.Errorf(lastday.CodeTransient, op, "its as_of is %s old, allowed are %s: go through it and write the new date", age.Round(time.Minute), d.maxAge)
	}
	return r, nil
}

func (d *driver) control(r register) lastday.Control {
	return lastday.Control{
		Seen: true, KeptBy: d.keeper,
		Evidence: fmt.Sprintf("read the whole register as of %s: %d items", r.asOf.UTC().Format(time.RFC3339), len(r.items)),
	}
}

func (d *driver) Probe(context.Context) (lastday.Health, error) {
	r, err := d.read()
	if err != nil {
		return lastday.Health{}, err
	}
	health := lastday.Health{Identity: "the register kept by " + d.keeper, QuotaLeft: -1, Control: d.control(r)}
	for _, k := range kindNames() {
		health.Can = append(health.Can, k[0])
	}
	return health, nil
}

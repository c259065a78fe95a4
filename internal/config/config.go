// Package config reads the one configuration file of lastday.
//
// The file is strict: a word that is not known is a mistake, and all mistakes
// are told at once, each with its line. It holds no secrets, only references
// such as env:NAME or file:PATH.
package config

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"lastday"
)

// Config is the file's content.
type Config struct {
	// Version of the file's form; it is 1.
	Version int     `yaml:"version"`
	Company Company `yaml:"company"`
	// Policies are files, relative to this one; the first whose selector holds
	// decides about a leaver.
	Policies []string  `yaml:"policies"`
	Systems  []System  `yaml:"systems"`
	Sources  []Source  `yaml:"sources"`
	Notify   []Channel `yaml:"notify"`
	// Protected people are only touched with the approval of others.
	Protected Protected `yaml:"protected"`
	Gate      Gate      `yaml:"gate"`
	MinOwners int       `yaml:"min_owners"`
	// UI is the address of a case in the Temporal UI, with {case} in it; it goes
	// into notices.
	UI         string     `yaml:"ui"`
	Starter    Starter    `yaml:"starter"`
	Worker     Worker     `yaml:"worker"`
	Encryption Encryption `yaml:"encryption"`
	Sweep      Sweep      `yaml:"sweep"`
	Records    Records    `yaml:"records"`
	// SIEM is where security tools get events; a worker that serves cases sends them.
	SIEM []Stream `yaml:"siem"`

	dir string
}

// Company says what holds for all.
type Company struct {
	// Domains are the company's own mail domains: only addresses in them are
	// evidence of who somebody is.
	Domains []string `yaml:"domains"`
}

// System is one far side.
type System struct {
	// Name is unique and stands in records; lower case, digits and dashes.
	Name string `yaml:"name"`
	Kind string `yaml:"kind"`
	// Protected are immutable account ids there that are only touched with an approval.
	Protected []string `yaml:"protected"`
	// PerSecond bounds the activities of this system in all workers together;
	// zero is no bound.
	PerSecond float64 `yaml:"per_second"`
	// DryRun refuses every change.
	DryRun bool `yaml:"dry_run"`
	// ManagedBy is the system in which what is managed elsewhere is managed, such
	// as the directory that synchronises teams; empty if it is not connected.
	ManagedBy string `yaml:"managed_by"`
	Config    Raw    `yaml:"config"`
}

// Source is one HR source.
type Source struct {
	Name   string `yaml:"name"`
	Kind   string `yaml:"kind"`
	Config Raw    `yaml:"config"`
}

// Channel is one way to tell people.
type Channel struct {
	Kind   string `yaml:"kind"`
	Config Raw    `yaml:"config"`
}

// Protected are people whom nobody may cut alone.
type Protected struct {
	// People are keys of persons, as HR has them.
	People []string `yaml:"people"`
}

// Gate says how many leavers are usual.
type Gate struct {
	// PerDay is how many cases may begin to change access in 24 hours before the
	// next ones wait for a person; zero is 10.
	PerDay int `yaml:"per_day"`
}

// Starter is the HTTP side.
type Starter struct {
	// Listen is host:port; empty is 127.0.0.1:8090.
	Listen string `yaml:"listen"`
}

// Worker says what a worker process serves.
type Worker struct {
	// Systems are the systems served; empty is all.
	Systems []string `yaml:"systems"`
	// NoCases leaves cases to other workers: this one serves far sides alone.
	NoCases bool `yaml:"no_cases"`
	// Metrics is host:port for /metrics and /healthz; empty serves none.
	Metrics string `yaml:"metrics"`
}

// Serves says whether the worker serves a system.
func (w Worker) Serves(system string) bool {
	return len(w.Systems) == 0 || slices.Contains(w.Systems, system)
}

// Encryption turns the encryption of histories on.
type Encryption struct {
	// Keys: the first encrypts, all decrypt. None leaves histories readable to
	// whoever may read the namespace.
	Keys []Key `yaml:"keys"`
	// CodecListen is where the starter lets the Temporal UI decode; empty is nowhere.
	CodecListen string `yaml:"codec_listen"`
	// CodecOrigins are the addresses of the UI that may ask.
	CodecOrigins []string `yaml:"codec_origins"`
	// CodecTokens are references of bearer tokens that must be shown.
	CodecTokens []string `yaml:"codec_tokens"`
	// CodecAnonymous lets everybody on this machine decode; only for a loopback address.
	CodecAnonymous bool `yaml:"codec_anonymous"`
}

// Key is one key of the ring.
type Key struct {
	ID     string `yaml:"id"`
	Secret string `yaml:"secret"`
}

// Records say where the facts of cases are kept, and how they are shown to be
// unchanged.
type Records struct {
	// File is a SQLite file; empty is lastday-records.db beside this file. Only
	// processes on one machine can share it.
	File string `yaml:"file"`
	// Postgres refers to the connection string of a PostgreSQL database, instead
	// of File.
	Postgres string `yaml:"postgres"`
	// Origin names the log for good, such as audit.example.com/lastday; empty is
	// lastday.
	Origin string `yaml:"origin"`
	// Key refers to the private key that signs checkpoints; empty is a file
	// beside File, which is made if there is none.
	Key string `yaml:"key"`
	// Keys is a file with the public keys that signed before, one a line.
	Keys string `yaml:"keys"`
	// Every is how often a checkpoint is signed and sent out, as a duration; empty is 5m.
	Every string `yaml:"every"`
	// Checkpoints are where checkpoints go, out of the operator's reach.
	Checkpoints []Channel `yaml:"checkpoints"`
	// Bundles is the folder for the sealed bundles of cases; empty is lastday-bundles.
	Bundles string `yaml:"bundles"`
	// Retention is how long the records of closed cases are kept, by kind of
	// record: days or years such as 90d or 7y, or forever; default stands for all
	// kinds that are not named. Without any, all are kept for 7y. A bundle is
	// removed with the first record of its case.
	Retention map[string]string `yaml:"retention"`
}

// Sweep says for whom a scheduled sweep looks besides those whose case is closed.
type Sweep struct {
	// Leavers is a list of people who left, in the form of `lastday import`,
	// relative to this file; it is read anew by each sweep. Empty is none.
	Leavers string `yaml:"leavers"`
	// Source is the HR source that the list comes from; empty is the only one.
	Source string `yaml:"source"`
}

// Raw is a part of the file that somebody else decodes, strictly and with its lines.
type Raw struct{ node ast.Node }

// UnmarshalYAML keeps the node.
func (r *Raw) UnmarshalYAML(node ast.Node) error {
	r.node = node
	return nil
}

// Decode decodes the part into a struct. An absent part leaves it as it is.
func (r Raw) Decode(into any) error {
	if r.node == nil {
		return nil
	}
	if _, empty := r.node.(*ast.NullNode); empty {
		return nil
	}
	if err := yaml.NodeToValue(r.node, into, yaml.Strict()); err != nil {
		return lastday.Errorf(lastday.CodeInvalid, "configuration", "%s", yaml.FormatError(err, false, false))
	}
	return nil
}

// mostBytes bounds the file.
const mostBytes = 4 << 20

// Read reads and checks a file.
func Read(path string) (Config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Config{}, lastday.Wrap(lastday.CodeInvalid, "configuration", "read (is --config right?)", err)
	}
	c, err := Parse(text)
	if err != nil {
		return Config{}, fmt.Errorf("%s: %w", path, err)
	}
	c.dir = filepath.Dir(path)
	return c, nil
}

// Parse reads a file's text; relative paths in it are relative to where the
// program runs.
func Parse(text []byte) (Config, error) {
	if len(text) > mostBytes {
		return Config{}, lastday.Errorf(lastday.CodeInvalid, "configuration", "larger than %d bytes", mostBytes)
	}
	var c Config
	if err := yaml.UnmarshalWithOptions(text, &c, yaml.Strict()); err != nil {
		return Config{}, lastday.Errorf(lastday.CodeInvalid, "configuration", "%s", yaml.FormatError(err, false, false))
	}
	c.fill()
	return c, c.check()
}

func (c *Config) fill() {
	if c.Gate.PerDay == 0 {
		c.Gate.PerDay = 10
	}
	if c.MinOwners == 0 {
		c.MinOwners = 1
	}
	if c.Starter.Listen == "" {
		c.Starter.Listen = "127.0.0.1:8090"
	}
	c.Records.fill()
}

func (r *Records) fill() {
	for field, value := range map[*string]string{
		&r.Origin: "lastday", &r.Every: "5m", &r.Bundles: "lastday-bundles",
	} {
		if *field == "" {
			*field = value
		}
	}
	if r.File == "" && r.Postgres == "" {
		r.File = "lastday-records.db"
	}
}

// Path makes a path of the file absolute or relative to where the program runs.
func (c Config) Path(path string) string {
	if c.dir == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(c.dir, path)
}

// check finds all mistakes that need no far side.
func (c Config) check() error {
	var found []error
	bad := func(format string, args ...any) {
		found = append(found, lastday.Errorf(lastday.CodeInvalid, "configuration", format, args...))
	}
	if c.Version != 1 {
		bad("version: is %d, this program reads 1", c.Version)
	}
	if len(c.Policies) == 0 {
		bad("policies: there is none; without one nobody knows when to take what")
	}
	if len(c.Systems) == 0 {
		bad("systems: there is none; a case without one would end nobody's access")
	}
	c.checkNames(bad)
	c.checkAddresses(bad)
	c.checkRecords(bad)
	c.checkRetention(bad)
	c.checkStreams(bad)
	if c.Gate.PerDay < 0 {
		bad("gate.per_day: %d is less than nothing", c.Gate.PerDay)
	}
	return errors.Join(found...)
}

func (c Config) checkRecords(bad func(string, ...any)) {
	r := c.Records
	if r.File != "" && r.Postgres != "" {
		bad("records: there is a file and a database; name one of them")
	}
	if r.Postgres != "" && r.Key == "" {
		bad("records.key: records in PostgreSQL need a key to sign with that all workers have: `lastday records key` makes one")
	}
	if d, err := time.ParseDuration(r.Every); err != nil || d < time.Second {
		bad("records.every: %q is no duration of at least 1s, such as 5m", r.Every)
	}
}

func (c Config) checkNames(bad func(string, ...any)) {
	name := regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	seen := map[string]bool{}
	for i, s := range c.Systems {
		if !name.MatchString(s.Name) {
			bad("systems[%d].name: %q: want lower case letters, digits and dashes", i, s.Name)
		}
		if seen[s.Name] {
			bad("systems[%d].name: %q is there twice", i, s.Name)
		}
		seen[s.Name] = true
		if s.PerSecond < 0 {
			bad("systems[%d].per_second: %v is less than nothing", i, s.PerSecond)
		}
	}
	for i, s := range c.Systems {
		if s.ManagedBy != "" && (!seen[s.ManagedBy] || s.ManagedBy == s.Name) {
			bad("systems[%d].managed_by: there is no other system %q", i, s.ManagedBy)
		}
	}
	for i, served := range c.Worker.Systems {
		if !seen[served] {
			bad("worker.systems[%d]: there is no system %q", i, served)
		}
	}
	sources := map[string]bool{}
	for i, s := range c.Sources {
		if !name.MatchString(s.Name) || sources[s.Name] {
			bad("sources[%d].name: %q: want a name of its own, of lower case letters, digits and dashes", i, s.Name)
		}
		sources[s.Name] = true
	}
}

func (c Config) checkAddresses(bad func(string, ...any)) {
	for _, a := range []struct{ field, address string }{
		{"starter.listen", c.Starter.Listen}, {"worker.metrics", c.Worker.Metrics}, {"encryption.codec_listen", c.Encryption.CodecListen},
	} {
		if _, _, err := net.SplitHostPort(a.address); a.address != "" && err != nil {
			bad("%s: %q is not host:port", a.field, a.address)
		}
	}
	if c.Encryption.CodecListen != "" && len(c.Encryption.Keys) == 0 {
		bad("encryption.codec_listen: there are no keys to decode with")
	}
}

package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"strings"

	enumspb "go.temporal.io/api/enums/v1"

	"lastday/dev/temporald"
)

const (
	defaultPort = 7233
	maxPort     = 65535
	// uiPortOffset is the distance of the UI's port from the frontend's in "temporal server start-dev".
	uiPortOffset = 1000
)

// secrets is where references to secrets are looked up.
type secrets struct {
	env  func(name string) (string, bool)
	file func(path string) ([]byte, error)
}

// command is what a command line asks for.
type command struct {
	version bool
	options temporald.Options
}

// parser collects the flags; a few need a second look once all are known.
type parser struct {
	command
	set           *flag.FlagSet
	secrets       secrets
	level, format string
	uiPort        int
	people        []string
}

// parse reads a command line. flag.ErrHelp means that help was asked for and has been printed to out; the server will log
// to errOut.
func parse(args []string, out, errOut io.Writer, from secrets) (command, error) {
	p := &parser{set: flag.NewFlagSet("temporald", flag.ContinueOnError), secrets: from}
	p.set.SetOutput(io.Discard)
	p.define()
	err := p.set.Parse(withoutWords(args))
	if errors.Is(err, flag.ErrHelp) {
		printHelp(out, p.set)
		return command{}, err
	}
	if err != nil {
		return command{}, fmt.Errorf("%w (see --help)", err)
	}
	if p.set.NArg() > 0 {
		return command{}, fmt.Errorf("unexpected argument %q (see --help)", p.set.Arg(0))
	}
	return p.finish(errOut)
}

// withoutWords drops the words by which the Temporal CLI names the same thing.
func withoutWords(args []string) []string {
	if len(args) >= 2 && args[0] == "server" && args[1] == "start-dev" {
		return args[2:]
	}
	return args
}

func (p *parser) define() {
	o, set := &p.options, p.set
	set.BoolVar(&p.version, "version", false, "print the versions of server and UI and exit")
	set.StringVar(&o.IP, "ip", "127.0.0.1", "`address` of the frontend")
	set.IntVar(&o.Port, "port", defaultPort, "gRPC `port` of the frontend, 0 for a free one")
	set.IntVar(&o.Port, "p", defaultPort, "short for --port")
	set.IntVar(&o.HTTPPort, "http-port", 0, "`port` of the HTTP API, 0 for none")
	set.IntVar(&o.MetricsPort, "metrics-port", 0, "`port` of Prometheus metrics on 127.0.0.1, 0 for none")
	set.BoolVar(&o.AllowRemote, "allow-remote", false, "permit addresses that are not loopback (plain text, no TLS)")
	set.StringVar(&o.DatabaseFile, "db-filename", "", "SQLite `file`; without it the state lives in memory")
	set.StringVar(&o.DatabaseFile, "f", "", "short for --db-filename")
	set.DurationVar(&o.Retention, "retention", temporald.DefaultRetention, "how long closed workflows stay, at least 24h")
	set.BoolVar(&o.TimeSkipping, "time-skipping", false, "let clients skip a workflow's time (demonstrations and tests)")
	set.BoolVar(&o.AnonymousReadOnly, "anonymous-read-only", false, "callers without a token may only read (needs --people)")
	set.BoolVar(&o.Headless, "headless", false, "leave the web UI out")
	set.StringVar(&o.UIIP, "ui-ip", "", "`address` of the web UI (default: that of --ip)")
	set.IntVar(&p.uiPort, "ui-port", 0, "`port` of the web UI (default: --port plus 1000, or a free one)")
	set.StringVar(&o.UICodecEndpoint, "ui-codec-endpoint", "", "`URL` of the codec server for the web UI")
	set.StringVar(&p.level, "log-level", "error", "debug, info, warn, error or never")
	set.StringVar(&p.format, "log-format", "text", "text or json")
	p.defineRepeated()
}

func (p *parser) defineRepeated() {
	o, set := &p.options, p.set
	namespace := func(name string) error { o.Namespaces = append(o.Namespaces, name); return nil }
	set.Func("namespace", "* create this `name` (default: default)", namespace)
	set.Func("n", "short for --namespace", namespace)
	set.Func("search-attribute", "* register a `name=Type`: Text, Keyword, Int, Double, Bool, Datetime, KeywordList", p.searchAttribute)
	set.Func("dynamic-config-value", "* set a `key=JSON` of the server's dynamic configuration", pairs(&o.DynamicConfig))
	set.Func("sqlite-pragma", "* set a `name=value`: journal_mode, synchronous, busy_timeout", pairs(&o.SQLitePragmas))
	set.Func("people", "* a person's token as `name=env:NAME` or name=file:PATH", p.notePerson)
}

// pairs returns a flag's function that collects key=value into a map.
func pairs(into *map[string]string) func(string) error {
	return func(text string) error {
		key, value, ok := strings.Cut(text, "=")
		if !ok || key == "" {
			return errors.New("not of the form key=value")
		}
		if *into == nil {
			*into = make(map[string]string)
		}
		(*into)[key] = value
		return nil
	}
}

func (p *parser) searchAttribute(text string) error {
	name, kind, ok := strings.Cut(text, "=")
	if !ok || name == "" {
		return errors.New("not of the form name=Type")
	}
	value, err := enumspb.IndexedValueTypeFromString(kind)
	if err != nil {
		return err
	}
	if p.options.SearchAttributes == nil {
		p.options.SearchAttributes = make(map[string]enumspb.IndexedValueType)
	}
	p.options.SearchAttributes[name] = value
	return nil
}

// finish settles what depends on several flags.
func (p *parser) finish(errOut io.Writer) (command, error) {
	p.options.UIPort = p.uiPort
	if p.uiPort == 0 && p.options.Port != 0 && p.options.Port+uiPortOffset <= maxPort {
		p.options.UIPort = p.options.Port + uiPortOffset
	}
	for _, text := range p.people {
		if err := p.person(text); err != nil {
			return command{}, fmt.Errorf("--people: %w", err)
		}
	}
	logger, err := newLogger(errOut, p.level, p.format)
	p.options.Logger = logger
	return p.command, err
}

// newLogger returns nil, which is silence, for the level "never".
func newLogger(to io.Writer, level, format string) (*slog.Logger, error) {
	if level == "never" {
		return nil, nil //nolint:nilnil // nil is the value that means silence.
	}
	var options slog.HandlerOptions
	var least slog.Level
	if err := least.UnmarshalText([]byte(level)); err != nil {
		return nil, fmt.Errorf("--log-level: %q is not debug, info, warn, error or never", level)
	}
	options.Level = least
	switch format {
	case "text", "pretty":
		return slog.New(slog.NewTextHandler(to, &options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(to, &options)), nil
	}
	return nil, fmt.Errorf("--log-format: %q is not text or json", format)
}

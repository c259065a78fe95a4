// Package generic is the HR source for everything that can send JSON: our own
// canonical event (CloudEvents 1.0 in structured JSON, signed as in Standard
// Webhooks), or any other shape that a mapping fits to it, signed in any way
// that hr.Scheme can tell.
//
// Specifications: https://github.com/cloudevents/spec/blob/main/cloudevents/spec.md and
// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md.
package generic

import (
	"context"
	"net/http"
	"os"
	"strings"
	"time"

	"lastday"
	"lastday/integrations/hr"
)

// Config is one source's configuration.
type Config struct {
	// Scheme is how the sender signs; without a name it is Standard Webhooks. The
	// name "bearer" stands for a fixed token in the Authorization header, which
	// proves less.
	Scheme hr.Scheme `yaml:"scheme"`
	// Secrets are all that are accepted now. Two at a time is how one is changed.
	Secrets []hr.Secret `yaml:"secrets"`
	// Domains are the company's own mail domains. Addresses in others are left out.
	Domains []string `yaml:"domains"`
	// Extensions are further CloudEvents attributes to tolerate.
	Extensions []string `yaml:"extensions"`
	// MappingFile is the path of a mapping for other shapes than the canonical one.
	MappingFile string `yaml:"mappingFile"`
	// Read says how HR is asked; without it the source cannot be asked.
	Read *ReadConfig `yaml:"read"`
}

// Deps is what the source may use of the world.
type Deps struct {
	// Secret resolves a reference such as env:NAME or file:PATH.
	Secret hr.Resolver
	// Transport carries the calls of Read; nil is http.DefaultTransport.
	Transport http.RoundTripper
	// ReadFile reads mapping files; nil is os.ReadFile.
	ReadFile func(path string) ([]byte, error)
}

// Source is one configured HR source. It is safe for concurrent use.
type Source struct {
	name    string
	keyring *hr.Keyring
	canon   hr.Canon
	mapping *hr.Mapping
	asker   *asker
}

// New makes a source. It reads mapping files, but no secrets: these are read
// by Refresh, and again while the source runs.
//
// CodeInvalid: the configuration is wrong; the error says where.
func New(name string, config Config, deps Deps) (*Source, error) {
	op := "hr source " + name
	if name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return nil, lastday.Errorf(lastday.CodeInvalid, "hr source", "the name must be made of a-z, 0-9 and -")
	}
	keyring, err := newKeyring(config, deps.Secret)
	if err != nil {
		return nil, lastday.Wrap(lastday.CodeInvalid, op, "configuration", err)
	}
	s := &Source{name: name, keyring: keyring, canon: hr.Canon{Source: name, Domains: config.Domains, Extensions: config.Extensions}}
	if s.mapping, err = readMapping(config.MappingFile, deps.ReadFile); err != nil {
		return nil, lastday.Wrap(lastday.CodeInvalid, op, "mappingFile", err)
	}
	if s.asker, err = newAsker(config.Read, deps); err != nil {
		return nil, lastday.Wrap(lastday.CodeInvalid, op, "read", err)
	}
	return s, nil
}

func newKeyring(config Config, resolve hr.Resolver) (*hr.Keyring, error) {
	switch {
	case resolve == nil:
		return nil, lastday.Errorf(lastday.CodeInvalid, "secrets", "there is nothing to read them with")
	case config.Scheme.Name == "bearer":
		return hr.NewBearer(config.Secrets, resolve)
	case config.Scheme.Name == "" || config.Scheme.Name == hr.StandardWebhooks().Name:
		if config.Scheme != (hr.Scheme{Name: config.Scheme.Name}) {
			return nil, lastday.Errorf(lastday.CodeInvalid, "scheme", "standard-webhooks has no settings; give a scheme with settings another name")
		}
		return hr.NewKeyring(hr.StandardWebhooks(), config.Secrets, resolve)
	}
	return hr.NewKeyring(config.Scheme, config.Secrets, resolve)
}

func readMapping(path string, readFile func(string) ([]byte, error)) (*hr.Mapping, error) {
	if path == "" {
		return nil, nil //nolint:nilnil // No mapping is a choice: then events are canonical.
	}
	if readFile == nil {
		readFile = os.ReadFile
	}
	text, err := readFile(path)
	if err != nil {
		return nil, lastday.Wrap(lastday.CodeInvalid, "hr: mapping", "file", err)
	}
	m, err := hr.ParseMapping(text)
	if err != nil {
		return nil, err
	}
	return &m, nil
}

// Name is the configured name.
func (s *Source) Name() string { return s.name }

// Refresh reads the secrets again if they are old.
//
// CodeInternal: some secret cannot be read.
func (s *Source) Refresh(ctx context.Context, now time.Time) error {
	return s.keyring.Refresh(ctx, now)
}

// Verify proves the sender; see hr.Source.
func (s *Source) Verify(header http.Header, body []byte, now time.Time) (hr.Verified, error) {
	return s.keyring.Verify(header, body, now)
}

// Parse reads the events of a verified body: one event or an array of them.
//
// CodeInvalid: the body can never be understood.
func (s *Source) Parse(body []byte) ([]hr.Event, error) {
	tree, err := hr.ParseJSON(body)
	if err != nil {
		return nil, err
	}
	if s.mapping != nil {
		return s.mapping.Parse(s.canon, tree)
	}
	return s.canon.Parse(tree)
}

// Package app is the runtime: it opens what a configuration names and runs it.
//
// Mains only parse flags and hand over; end-to-end tests and the demo boot the
// very same parts.
package app

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"time"

	"lastday"
	"lastday/integrations"
	"lastday/integrations/hr"
	"lastday/integrations/hr/generic"
	"lastday/integrations/notify"
	"lastday/internal/config"
	"lastday/plan"
)

// Deps are what the parts may use of the world.
type Deps struct {
	// Kinds are the integrations that a configuration may name, required.
	Kinds []integrations.Kind
	// Media are the channels that a configuration may name to tell people.
	Media []notify.Medium
	// Serves says which systems this process opens; nil is all. The others are
	// known by name, and their secrets are never asked for.
	Serves func(system string) bool
	// Secret resolves references, required.
	Secret func(ctx context.Context, ref string) (string, error)
	// Log is required.
	Log *slog.Logger
	// Now is the clock, required.
	Now func() time.Time
	// Transport carries HTTP; nil is http.DefaultTransport.
	Transport http.RoundTripper
	// Metrics may be nil.
	Metrics *Metrics
}

// Parts are what a configuration names, opened. Opening does no I/O but
// reading files and secrets.
type Parts struct {
	Config   config.Config
	Policies []plan.Policy
	Systems  []OpenSystem
	Sources  []hr.Source
	deps     Deps
}

// OpenSystem is a system of the configuration with its driver.
type OpenSystem struct {
	Name string
	// PerSecond bounds its activities in all workers together; zero is no bound.
	PerSecond float64
	Kind      integrations.Kind
	// Driver is nil in a process that does not serve the system.
	Driver integrations.Driver
	opts   integrations.Options
}

// System is the system as the worker uses it.
func (o OpenSystem) System() *integrations.System {
	return integrations.NewSystem(o.Name, o.Driver, o.opts)
}

// Surveyor is the system as everything uses it that must not write.
func (o OpenSystem) Surveyor() *integrations.Surveyor {
	return integrations.NewSurveyor(o.Name, o.Driver, o.opts)
}

// Open opens all that the configuration names and tells all mistakes at once.
func Open(ctx context.Context, c config.Config, deps Deps) (*Parts, error) {
	p := &Parts{Config: c, deps: deps}
	return p, errors.Join(p.openPolicies(), p.openSystems(ctx), p.openSources())
}

func (p *Parts) openPolicies() error {
	var found []error
	for _, path := range p.Config.Policies {
		text, err := os.ReadFile(p.Config.Path(path))
		if err != nil {
			found = append(found, lastday.Wrap(lastday.CodeInvalid, "policy", "read", err))
			continue
		}
		policy, err := plan.Parse(path, text)
		if err != nil {
			found = append(found, err)
			continue
		}
		p.Policies = append(p.Policies, policy)
	}
	return errors.Join(found...)
}

func (p *Parts) openSystems(ctx context.Context) error {
	var found []error
	for _, s := range p.Config.Systems {
		opened, err := p.openSystem(ctx, s)
		if err != nil {
			found = append(found, err)
			continue
		}
		p.Systems = append(p.Systems, opened)
	}
	return errors.Join(found...)
}

func (p *Parts) openSystem(ctx context.Context, s config.System) (OpenSystem, error) {
	kind, ok := p.kind(s.Kind)
	if !ok {
		return OpenSystem{}, lastday.Errorf(lastday.CodeInvalid, "system "+s.Name, "there is no kind of integration %q; there are: %v", s.Kind, p.kindNames())
	}
	opts := integrations.Options{Now: p.deps.Now, DryRun: s.DryRun, Protected: s.Protected, ManagedBy: s.ManagedBy}
	if p.deps.Metrics != nil {
		opts.Observer = p.deps.Metrics
	}
	opened := OpenSystem{Name: s.Name, PerSecond: s.PerSecond, Kind: kind, opts: opts}
	if p.deps.Serves != nil && !p.deps.Serves(s.Name) {
		return opened, nil
	}
	driver, err := kind.Open(ctx, s.Config.Decode, integrations.Deps{
		System: s.Name, Secret: p.deps.Secret, Transport: p.deps.Transport,
		Log: p.deps.Log.With("system", s.Name), Now: p.deps.Now,
	})
	if err != nil {
		return OpenSystem{}, lastday.Wrap(lastday.CodeOf(err), "system "+s.Name, "", err)
	}
	opened.Driver = driver
	return opened, nil
}

func (p *Parts) kind(name string) (integrations.Kind, bool) {
	for _, k := range p.deps.Kinds {
		if k.Description().Name == name {
			return k, true
		}
	}
	return integrations.Kind{}, false
}

func (p *Parts) kindNames() []string {
	names := make([]string, 0, len(p.deps.Kinds))
	for _, k := range p.deps.Kinds {
		names = append(names, k.Description().Name)
	}
	return names
}

func (p *Parts) openSources() error {
	var found []error
	for _, s := range p.Config.Sources {
		if s.Kind != "generic" {
			found = append(found, lastday.Errorf(lastday.CodeInvalid, "source "+s.Name, "there is no kind of HR source %q; there is: generic", s.Kind))
			continue
		}
		source, err := p.openGeneric(s)
		if err != nil {
			found = append(found, err)
			continue
		}
		p.Sources = append(p.Sources, source)
	}
	return errors.Join(found...)
}

func (p *Parts) openGeneric(s config.Source) (hr.Source, error) {
	var c generic.Config
	if err := s.Config.Decode(&c); err != nil {
		return nil, lastday.Wrap(lastday.CodeInvalid, "source "+s.Name, "configuration", err)
	}
	if len(c.Domains) == 0 {
		c.Domains = p.Config.Company.Domains
	}
	return generic.New(s.Name, c, generic.Deps{
		Secret: p.deps.Secret, Transport: p.deps.Transport,
		ReadFile: func(path string) ([]byte, error) { return os.ReadFile(p.Config.Path(path)) },
	})
}

// Source finds an HR source.
func (p *Parts) Source(name string) (hr.Source, bool) {
	for _, s := range p.Sources {
		if s.Name() == name {
			return s, true
		}
	}
	return nil, false
}

// Protected are the people and accounts of the configuration that are only
// touched with an approval.
func (p *Parts) Protected() plan.Protected {
	accounts := map[string][]string{}
	for _, s := range p.Config.Systems {
		if len(s.Protected) > 0 {
			accounts[s.Name] = s.Protected
		}
	}
	return plan.Protected{People: p.Config.Protected.People, Accounts: accounts}
}

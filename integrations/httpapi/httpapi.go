// Package httpapi is the integration for systems with an HTTP interface of their
// own, such as a company's admin console: a file describes in YAML how access
// is found, listed, taken and given back there, and this package does it.
//
// The description is held to what every integration is held to: an answer is
// checked for what was asked, absence counts only together with the probe, and
// every write is preceded by a reading. It carries examples, recorded answers
// with what must be made of them, that are run without the far side.
package httpapi

import (
	"context"
	"io"
	"net/http"
	"os"
	"strings"

	"lastday"
	"lastday/integrations"
	"lastday/integrations/internal/httpx"
)

// Config is what a configuration says about a described system.
type Config struct {
	// File is the description's path.
	File string `yaml:"file" json:"file"`
	// BaseURL replaces the description's; empty leaves it.
	BaseURL string `yaml:"base_url" json:"base_url"`
}

// Description is what the kind declares before any description is read; that of
// a system is Spec.Describe.
func Description() integrations.Description {
	return integrations.Description{
		Name: "httpapi", Title: "A system with an HTTP interface, described in YAML",
		Kinds: []integrations.KindOfGrant{{
			Name: "described", Sort: integrations.SortDeclared, What: "whatever the description declares",
			Ladder:  lastday.Ladder{{Name: "held", Level: lastday.LevelAdmin}},
			Restore: lastday.Restore{Fidelity: lastday.RestoreNever, Note: "the description says what can be given back"},
		}},
		Permissions: []integrations.Permission{{Name: "as described", For: "the requests of the description"}},
		Cannot:      []string{"what the description has no request for"},
	}
}

// Kind is the integration's entry in the catalog.
func Kind() integrations.Kind { return integrations.Define(Description(), Open) }

type driver struct {
	spec   Spec
	system string
	client *httpx.Client
}

// mostBytes bounds a description.
const mostBytes = 1 << 20

// Open reads the description and makes a driver. All mistakes of the description
// are in one CodeInvalid, each with its place.
func Open(ctx context.Context, c Config, deps integrations.Deps) (integrations.Driver, error) {
	op := "httpapi: open " + deps.System
	file, err := os.Open(c.File)
	if err != nil {
		return nil, lastday.Wrap(lastday.CodeInvalid, op, "read the description (file:)", err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, mostBytes+1))
	if err != nil {
		return nil, lastday.Wrap(lastday.CodeInvalid, op, "read the description", err)
	}
	spec, err := Parse(c.File, text)
	if err != nil {
		return nil, err
	}
	if c.BaseURL != "" {
		spec.BaseURL = c.BaseURL
	}
	return New(ctx, spec, deps)
}

// New makes a driver of a description that was parsed.
func New(ctx context.Context, spec Spec, deps integrations.Deps) (integrations.Driver, error) {
	options := httpx.Options{
		Base: spec.BaseURL, Transport: deps.Transport, Now: deps.Now, RequestID: spec.RequestID,
		MaxBody: spec.maxBody(), Timeout: span(spec.Limits.Timeout), Header: http.Header{"User-Agent": {"lastday"}},
	}
	if err := spec.Auth.set(ctx, &options, deps); err != nil {
		return nil, err
	}
	client, err := httpx.New(options)
	if err != nil {
		return nil, err
	}
	return &driver{spec: spec, system: deps.System, client: client}, nil
}

func (s Spec) maxBody() int64 {
	if s.Limits.Bytes > 0 {
		return s.Limits.Bytes
	}
	return 4 << 20
}

func (d *driver) mostPages() int {
	if d.spec.Limits.Pages > 0 {
		return d.spec.Limits.Pages
	}
	return 1000
}

// Describe is what a described system declares about itself.
func (s Spec) Describe() integrations.Description {
	d := integrations.Description{Name: "httpapi", Title: s.Title, Cannot: s.Cannot}
	for _, p := range s.Permissions {
		d.Permissions = append(d.Permissions, integrations.Permission{Name: p.Name, For: p.For})
	}
	for _, g := range s.Grants {
		d.Kinds = append(d.Kinds, integrations.KindOfGrant{
			Name: g.Kind, What: g.What, Ladder: g.ladder(), Order: g.Order,
			Restore: g.restore(), Settles: span(g.Settles), ReadOnly: g.ReadOnly != "",
		})
	}
	return d
}

// set makes the options carry the credential. The secret is resolved for every
// call, so that one that something else renews is used at once; and now, so that
// one that is not there is told at opening.
func (a Auth) set(ctx context.Context, o *httpx.Options, deps integrations.Deps) error {
	if _, err := deps.Secret(ctx, a.ref()); err != nil {
		return err
	}
	show := a.show
	if a.OAuth2 != nil {
		show = a.OAuth2.issuer(ctx, deps.Transport).show
	}
	o.Authorize = func(r *http.Request) error {
		secret, err := deps.Secret(r.Context(), a.ref())
		if err != nil {
			return err
		}
		return show(r, secret)
	}
	return nil
}

// show puts the secret where the far side wants it.
func (a Auth) show(r *http.Request, secret string) error {
	switch {
	case a.Bearer != "":
		r.Header.Set("Authorization", "Bearer "+secret)
	case a.Basic != nil:
		r.SetBasicAuth(a.Basic.User, secret)
	case a.Header != nil:
		r.Header.Set(a.Header.Name, a.Header.Prefix+secret)
	case a.Query != nil:
		query := r.URL.Query()
		query.Set(a.Query.Name, a.Query.Prefix+secret)
		r.URL.RawQuery = query.Encode()
	}
	return nil
}

// ref is the reference of the secret.
func (a Auth) ref() string {
	switch {
	case a.OAuth2 != nil:
		return a.OAuth2.Secret
	case a.Basic != nil:
		return a.Basic.Password
	case a.Header != nil:
		return a.Header.Secret
	case a.Query != nil:
		return a.Query.Secret
	}
	return a.Bearer
}

func join(texts []string) string { return strings.Join(texts, ", ") }

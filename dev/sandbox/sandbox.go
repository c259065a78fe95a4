// Package sandbox is a company to try lastday on: a GitHub-shaped server with
// an organization of believable size, an HR system, and the configuration that
// connects lastday to both. Nothing in it leaves this machine.
package sandbox

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"lastday"
	"lastday/codec"
	"lastday/integrations/github/githubtest"
	"lastday/integrations/hr/hrtest"
)

// Options say how large and how fast the company is.
type Options struct {
	// Dir is where configuration and secrets are written, required.
	Dir string
	// Latency is how long each answer of a far side takes on top.
	Latency time.Duration
	// LastDay is the leaver's last day, required.
	LastDay lastday.Date
}

// Company is the running sandbox.
type Company struct {
	GitHub *githubtest.Server
	Seeded *githubtest.Seeded
	HR     *hrtest.HR
	// Leaver is the person whose contract ends.
	Leaver     lastday.Person
	Engagement lastday.Engagement
	Zone       string
	// Config is the path of the configuration file.
	Config string
	// Env are the variables that the processes of lastday need.
	Env []string
	// Listen is where the starter listens, Codec where the UI may decode.
	Listen, Codec string

	servers []*http.Server
	appKey  *rsa.PrivateKey
}

const (
	hrSecret = "whsec_bGFzdGRheS1zYW5kYm94LXNpZ25pbmcta2V5LTAx"
	hrToken  = "sandbox-hr-token-for-reading"
)

// New builds the company and starts its servers on free loopback ports.
func New(o Options) (*Company, error) {
	c := &Company{Zone: "Europe/Berlin"}
	c.GitHub = githubtest.New(githubtest.Options{Latency: o.Latency})
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	c.appKey = key
	c.Seeded = c.GitHub.SeedCompany(githubtest.Company{Login: "northwind", SAML: true, Seed: 7, AppKey: &key.PublicKey, AppPerms: appPermissions()})
	hr, err := hrtest.New(hrtest.Options{Secret: hrSecret, Token: hrToken})
	if err != nil {
		return nil, err
	}
	c.HR = hr
	leaver := c.Seeded.Leaver
	c.Leaver = lastday.Person{
		Key: "p-" + lastday.OpaqueKey(leaver.Login()), Name: "the leaver",
		Links: []lastday.Link{{System: "northwind-github", ID: fmt.Sprint(leaver.ID()), Login: leaver.Login()}},
	}
	c.Engagement = lastday.Engagement{ID: "ctr-2041", WorkerType: "contractor", Department: "support"}
	c.HR.Hire(c.Leaver, c.Engagement, c.Zone)
	return c, c.open(o)
}

func (c *Company) open(o Options) error {
	github, err := c.serve(c.GitHub)
	if err != nil {
		return err
	}
	hr, err := c.serve(c.HR.Handler())
	if err != nil {
		return err
	}
	if c.Listen, err = freePort(); err != nil {
		return err
	}
	if c.Codec, err = freePort(); err != nil {
		return err
	}
	return c.write(o.Dir, github, hr)
}

func (c *Company) serve(h http.Handler) (address string, err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	c.servers = append(c.servers, server)
	go func() { _ = server.Serve(listener) }() // It ends with Close; a server that failed shows in the story at once.
	return listener.Addr().String(), nil
}

// freePort finds a port that is free now.
func freePort() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

// write writes configuration and policy. The secrets travel in the
// environment; the configuration only refers to them.
func (c *Company) write(dir, github, hr string) error {
	text := strings.NewReplacer(
		"{github}", github, "{hr}", hr, "{readpath}", hrtest.ReadPath, "{listen}", c.Listen, "{codec}", c.Codec, "{dir}", dir,
		"{app}", fmt.Sprint(c.Seeded.AppID), "{installation}", fmt.Sprint(c.Seeded.Installation),
	).Replace(configText)
	c.Config = filepath.Join(dir, "lastday.yaml")
	c.Env = []string{
		"SANDBOX_GITHUB_KEY=" + c.privateKey(), "SANDBOX_HR_SECRET=" + hrSecret, "SANDBOX_HR_TOKEN=" + hrToken,
		"SANDBOX_KEY=" + codec.GenerateKey(),
	}
	if err := os.WriteFile(filepath.Join(dir, "contractor.yaml"), []byte(policyText), 0o600); err != nil {
		return err
	}
	return os.WriteFile(c.Config, []byte(text), 0o600)
}

// privateKey is the app's key as GitHub hands it out.
func (c *Company) privateKey() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(c.appKey)}))
}

// AllowUI lets the Temporal UI at that address decode what is encrypted.
func (c *Company) AllowUI(url string) error {
	text, err := os.ReadFile(c.Config)
	if err != nil {
		return err
	}
	return os.WriteFile(c.Config, []byte(strings.ReplaceAll(string(text), "{ui}", url)), 0o600)
}

// Hook is where HR sends its events.
func (c *Company) Hook() string { return "http://" + c.Listen + "/v1/hooks/people" }

// Close stops the company's servers.
func (c *Company) Close(ctx context.Context) {
	ending, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	for _, s := range c.servers {
		_ = s.Shutdown(ending) // Nothing depends on the answers any more.
	}
}

const configText = `# The sandbox company's configuration. It holds no secret, only where to find them.
version: 1
company:
  domains: [northwind.example]
policies: [contractor.yaml]
systems:
  - name: northwind-github
    kind: github
    config:
      org: northwind
      url: http://{github}/
      app: {id: "{app}", installation: {installation}, key: env:SANDBOX_GITHUB_KEY}
      index_reads: 2000      # a small organization: look at everything at once
      invitation_walk: 2000
  - name: office
    kind: manual
    config:
      items:
        - key: laptop
          what: company laptop
          level: read
          owner: IT desk
          instructions: Collect the laptop and lock it in device management.
          evidence: number of the return slip
          return: Hand it out again.
sources:
  - name: people
    kind: generic
    config:
      secrets:
        - {id: sandbox-1, ref: env:SANDBOX_HR_SECRET}
      read:
        url: http://{hr}{readpath}
        token: env:SANDBOX_HR_TOKEN
notify:
  - kind: file
    config: {path: "{dir}/notices.jsonl"}
gate: {per_day: 25}
ui: "{ui}/namespaces/default/workflows/case%2F{case}"
starter: {listen: "{listen}"}
encryption:
  keys:
    - {id: sandbox, secret: env:SANDBOX_KEY}
  codec_listen: "{codec}"
  codec_origins: ["{ui}"]
  codec_anonymous: true
`

const policyText = `# What a contractor loses, and when. The ceiling only falls.
version: 1
name: contractor
for: person.workerType == "contractor"
cutoff: "17:00"
stages:
  - {name: notice, at: 10 days before, time: "09:00", ceiling: write}
  - {name: handover, at: 3 days before, time: "09:00", ceiling: read}
  - {name: cut, at: last day, ceiling: none}
guards: {min_owners: 2}
watch: [1h, 1d, 7d]
tell: {after: 15m, again: 4h}
`

// appPermissions are what docs/integrations/github.md asks for.
func appPermissions() map[string]string {
	return map[string]string{
		"members": "write", "organization_administration": "write", "organization_personal_access_tokens": "write",
		"organization_personal_access_token_requests": "write", "organization_custom_org_roles": "read",
		"organization_codespaces": "write", "organization_codespaces_settings": "write", "organization_copilot_seat_management": "write", "administration": "write",
		"metadata": "read", "contents": "read", "actions": "read", "organization_hooks": "read", "organization_self_hosted_runners": "read",
		"organization_secrets": "read", "repository_hooks": "read", "secrets": "read", "organization_dependabot_secrets": "read", "organization_codespaces_secrets": "read",
	}
}

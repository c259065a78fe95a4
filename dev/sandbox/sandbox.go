// Package sandbox is a company to try lastday on: a GitHub-shaped server with
// an organization of believable size, a directory, a support console, an
// application that speaks SCIM, a PostgreSQL where there is one, a custody
// register, an HR system, and the configuration that connects lastday to all of
// them. Nothing in it leaves this machine.
package sandbox

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	random "math/rand/v2"
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
	// Examples is the folder with the description of the support console, required.
	Examples string
}

// Company is the running sandbox.
type Company struct {
	GitHub *githubtest.Server
	Seeded *githubtest.Seeded
	HR     *hrtest.HR

	Directory *Directory
	Console   *Console
	CRM       *CRM
	Register  *Register
	// Database is nil if it is left out, and DatabaseLeftOut says why.
	Database        *Database
	DatabaseLeftOut string
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

// Who leaves.
const (
	leaverName   = "Freya Larsen"
	leaverLogin  = "freya.larsen"
	leaverMail   = leaverLogin + "@northwind.example"
	leaverNumber = "C-2041"
)

// New builds the company and starts its servers on free loopback ports.
func New(ctx context.Context, o Options) (*Company, error) {
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
		Key: "p-" + lastday.OpaqueKey(leaver.Login()), Name: leaverName, Emails: []string{leaverMail}, EmployeeNumber: leaverNumber,
		Links: []lastday.Link{{System: "northwind-github", ID: fmt.Sprint(leaver.ID()), Login: leaver.Login()}},
	}
	c.Engagement = lastday.Engagement{ID: "ctr-2041", WorkerType: "contractor", Department: "support"}
	c.HR.Hire(c.Leaver, c.Engagement, c.Zone)
	if err := c.furnish(ctx, o); err != nil {
		c.Close(ctx)
		return nil, err
	}
	return c, c.open(o)
}

// furnish makes all far sides but GitHub.
func (c *Company) furnish(ctx context.Context, o Options) error {
	var err error
	if c.Directory, err = newDirectory(o.Dir); err != nil {
		return err
	}
	if c.Database, err = newDatabase(ctx, c.Leaver.Key); err != nil {
		c.DatabaseLeftOut = firstLine(err.Error())
	}
	c.CRM, c.Console, c.Register = newCRM(), newConsole(), newRegister(o.Dir)
	return errors.Join(c.Console.describe(o.Examples, o.Dir), c.Register.write(time.Now()))
}

func (c *Company) open(o Options) error {
	addresses := map[string]string{}
	for name, handler := range map[string]http.Handler{
		"{github}": c.GitHub, "{hr}": c.HR.Handler(), "{console}": c.Console, "{crm}": c.CRM,
	} {
		address, err := c.serve(handler)
		if err != nil {
			return err
		}
		addresses[name] = address
	}
	var err error
	if c.Listen, err = freePort(); err != nil {
		return err
	}
	if c.Codec, err = freePort(); err != nil {
		return err
	}
	return c.write(o.Dir, addresses)
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

// freePort finds a loopback address that is free now. Its port is under those that
// connections are given by themselves: none takes it before it is used.
func freePort() (string, error) {
	for range 100 {
		address := fmt.Sprintf("127.0.0.1:%d", 20000+random.IntN(12000)) //nolint:gosec // A port is no secret.
		if listener, err := net.Listen("tcp", address); err == nil {
			return address, listener.Close()
		}
	}
	return "", errors.New("no port is free between 20000 and 32000")
}

// write writes configuration and policy. The secrets travel in the
// environment; the configuration only refers to them.
func (c *Company) write(dir string, addresses map[string]string) error {
	text := configText
	if c.Database == nil {
		text = strings.Replace(text, databaseConfig, "", 1)
	}
	for name, address := range addresses {
		text = strings.ReplaceAll(text, name, address)
	}
	text = strings.NewReplacer(
		"{readpath}", hrtest.ReadPath, "{listen}", c.Listen, "{codec}", c.Codec, "{dir}", dir, "{directory}", c.Directory.ad.TLSAddr,
		"{app}", fmt.Sprint(c.Seeded.AppID), "{installation}", fmt.Sprint(c.Seeded.Installation),
	).Replace(text)
	c.Config = filepath.Join(dir, "lastday.yaml")
	c.Env = []string{
		"SANDBOX_GITHUB_KEY=" + c.privateKey(), "SANDBOX_HR_SECRET=" + hrSecret, "SANDBOX_HR_TOKEN=" + hrToken,
		"SANDBOX_KEY=" + codec.GenerateKey(), "SANDBOX_DIRECTORY_PASSWORD=" + robotPassword,
		"SUPPORT_CONSOLE_TOKEN=" + consoleToken, "SANDBOX_CRM_TOKEN=" + crmToken,
	}
	if c.Database != nil {
		c.Env = append(c.Env, "SANDBOX_DATABASE_DSN="+c.Database.dsn())
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
	if c.Directory != nil {
		c.Directory.ad.Close()
	}
	if c.Database != nil {
		_ = c.Database.close(ctx) // Its data is thrown away anyhow.
	}
}

package github

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"

	"lastday"
	"lastday/integrations"
	"lastday/integrations/internal/httpx"
)

// App names a GitHub App installation to act as.
type App struct {
	// ID is the app's id or client id.
	ID string `yaml:"id"`
	// Installation is the id of its installation in the organization.
	Installation int64 `yaml:"installation"`
	// Key refers to the app's private key in PEM, such as file:/run/secrets/app.pem.
	Key string `yaml:"key"`
}

// installation mints installation tokens. They live an hour;
// https://docs.github.com/rest/apps/apps#create-an-installation-access-token-for-an-app
type installation struct {
	app  App
	key  *rsa.PrivateKey
	http *httpx.Client
	now  func() time.Time
	// ctx is that of opening, without its end: oauth2.TokenSource takes none.
	ctx context.Context

	mu    sync.Mutex
	token *oauth2.Token
	perms map[string]string
}

// tokens makes the source of tokens that the configuration asks for, and the
// installation behind it if there is one.
func tokens(ctx context.Context, cfg Config, deps integrations.Deps) (oauth2.TokenSource, *installation, error) {
	if cfg.App == nil {
		value, err := deps.Secret(ctx, cfg.Token)
		if err != nil {
			return nil, nil, lastday.Wrap(lastday.CodeInvalid, "open", "token", err)
		}
		return oauth2.StaticTokenSource(&oauth2.Token{AccessToken: strings.TrimSpace(value)}), nil, nil
	}
	text, err := deps.Secret(ctx, cfg.App.Key)
	if err != nil {
		return nil, nil, lastday.Wrap(lastday.CodeInvalid, "open", "app key", err)
	}
	key, err := httpx.RSAKey("open", "the app's key", text)
	if err != nil {
		return nil, nil, err
	}
	inst := &installation{app: *cfg.App, key: key, now: deps.Now, ctx: context.WithoutCancel(ctx)}
	options := httpOptions(cfg.URL, deps.Transport, deps.Now)
	options.Authorize = inst.authorize
	if inst.http, err = httpx.New(options); err != nil {
		return nil, nil, err
	}
	return inst, inst, nil
}

// tokenSlack is how long before its end a token is no longer used.
const tokenSlack = 2 * time.Minute

// Token gives the token of before while it is good, and else asks for a fresh
// one. It goes by our own clock, where oauth2.ReuseTokenSource goes by the
// machine's: the two differ where a server skips time.
func (i *installation) Token() (*oauth2.Token, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.token != nil && i.now().Add(tokenSlack).Before(i.token.Expiry) {
		return &oauth2.Token{AccessToken: i.token.AccessToken}, nil
	}
	const op = "installation token"
	var got struct {
		Token       string            `json:"token"`
		ExpiresAt   time.Time         `json:"expires_at"`
		Permissions map[string]string `json:"permissions"`
	}
	where := path("app", "installations", itoa(i.app.Installation), "access_tokens")
	what := httpx.Call{What: op, Method: http.MethodPost, Path: where, Reads: true}
	if _, err := i.http.Do(i.ctx, what, &got); err != nil {
		return nil, deniedIfMissing(op, err)
	}
	if got.Token == "" {
		return nil, lastday.Errorf(lastday.CodeTransient, op, "malformed answer")
	}
	i.perms = got.Permissions
	i.token = &oauth2.Token{AccessToken: got.Token, Expiry: got.ExpiresAt}
	return &oauth2.Token{AccessToken: got.Token}, nil
}

// deniedIfMissing makes "no such installation" what it is for us: a credential
// that is no good.
func deniedIfMissing(op string, err error) error {
	if codeIs(err, lastday.CodeNotFound) {
		return lastday.Errorf(lastday.CodeDenied, op, "no such installation, or not of this app")
	}
	return err
}

func (i *installation) authorize(req *http.Request) error {
	token, err := i.jwt()
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Accept", "application/vnd.github+json")
	return nil
}

// permissions are those of the last token; nil before the first.
func (i *installation) permissions() map[string]string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return maps.Clone(i.perms)
}

// jwt signs the app's own token: a minute back against clock drift, nine
// minutes of life where ten are allowed.
// https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app
func (i *installation) jwt() (string, error) {
	now := i.now()
	claims, err := json.Marshal(map[string]any{"iss": i.app.ID, "iat": now.Add(-time.Minute).Unix(), "exp": now.Add(9 * time.Minute).Unix()})
	if err != nil {
		return "", lastday.Wrap(lastday.CodeInternal, "installation token", "claims", err)
	}
	part := base64.RawURLEncoding.EncodeToString
	signed := part([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + part(claims)
	sum := sha256.Sum256([]byte(signed))
	sig, err := rsa.SignPKCS1v15(rand.Reader, i.key, crypto.SHA256, sum[:])
	if err != nil {
		return "", lastday.Wrap(lastday.CodeInternal, "installation token", "sign", err)
	}
	return signed + "." + part(sig), nil
}

package okta

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"lastday"
	"lastday/integrations"
	"lastday/integrations/internal/httpx"
)

// ServiceApp names an OAuth 2.0 service app. It must not require DPoP, and its
// client must authenticate with a public key.
// https://developer.okta.com/docs/guides/implement-oauth-for-okta-serviceapp/main/
type ServiceApp struct {
	// ClientID is the app's client id.
	ClientID string `yaml:"client_id"`
	// Key refers to its RSA private key in PEM.
	Key string `yaml:"key"`
	// KeyID is the id (kid) under which Okta knows the public key.
	KeyID string `yaml:"key_id"`
	// Scopes are asked for; empty asks for all that everything needs. Asking for a
	// scope that was not granted to the app is refused as a whole.
	Scopes []string `yaml:"scopes"`
}

func (a ServiceApp) check() error {
	if a.ClientID == "" || a.Key == "" || a.KeyID == "" {
		return invalid("service_app needs client_id, key and key_id")
	}
	for _, s := range a.Scopes {
		if !strings.HasPrefix(s, "okta.") || strings.ContainsAny(s, " \t\n") {
			return invalid("a scope of the service_app is none")
		}
	}
	return nil
}

// authorizer puts our credential on calls.
type authorizer interface {
	authorize(req *http.Request) error
	// forget is told that the credential was not accepted, and says whether
	// another can be had by trying again.
	forget() (renewable bool)
	// scopes are those of the credential; nil means that it has no scopes but its
	// owner's admin roles.
	scopes(ctx context.Context) ([]string, error)
}

func newAuthorizer(ctx context.Context, cfg Config, deps integrations.Deps, options httpx.Options) (authorizer, error) {
	if cfg.ServiceApp == nil {
		value, err := deps.Secret(ctx, cfg.Token)
		if err != nil {
			return nil, lastday.Wrap(lastday.CodeInvalid, "okta: open", "token", err)
		}
		return ssws{token: strings.TrimPrefix(strings.TrimSpace(value), "SSWS ")}, nil
	}
	text, err := deps.Secret(ctx, cfg.ServiceApp.Key)
	if err != nil {
		return nil, lastday.Wrap(lastday.CodeInvalid, "okta: open", "the service app's key", err)
	}
	key, err := httpx.RSAKey("okta: open", "the service app's key", text)
	if err != nil {
		return nil, err
	}
	plain, err := httpx.New(options)
	if err != nil {
		return nil, err
	}
	app := *cfg.ServiceApp
	if len(app.Scopes) == 0 {
		app.Scopes = allScopes()
	}
	return &service{app: app, key: key, http: plain, now: deps.Now}, nil
}

// ssws is an API token.
type ssws struct{ token string }

func (s ssws) authorize(req *http.Request) error {
	req.Header.Set("Authorization", "SSWS "+s.token)
	return nil
}

func (s ssws) forget() bool { return false }

func (s ssws) scopes(context.Context) ([]string, error) { return nil, nil }

// service mints access tokens. They live an hour.
type service struct {
	app  ServiceApp
	key  *rsa.PrivateKey
	http *httpx.Client
	now  func() time.Time

	mu    sync.Mutex
	token string
	since time.Time
	until time.Time
	has   []string
}

// slack is how long before its end a token is no longer used.
const slack = 2 * time.Minute

func (s *service) authorize(req *http.Request) error {
	token, _, err := s.current(req.Context())
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	return nil
}

// forget drops the token. One that is refused as soon as it was minted will not be
// followed by a better one.
func (s *service) forget() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token = ""
	return s.now().Sub(s.since) > time.Minute
}

func (s *service) scopes(ctx context.Context) ([]string, error) {
	_, has, err := s.current(ctx)
	return has, err
}

func (s *service) current(ctx context.Context) (string, []string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.token != "" && s.now().Add(slack).Before(s.until) {
		return s.token, s.has, nil
	}
	assertion, err := s.assertion()
	if err != nil {
		return "", nil, err
	}
	got, err := s.mint(ctx, assertion)
	if err != nil {
		return "", nil, err
	}
	s.token, s.since = got.Token, s.now()
	s.until = s.since.Add(time.Duration(got.ExpiresIn) * time.Second)
	s.has = strings.Fields(got.Scope)
	return s.token, s.has, nil
}

type minted struct {
	Type      string `json:"token_type"`
	Token     string `json:"access_token"`
	ExpiresIn int64  `json:"expires_in"`
	Scope     string `json:"scope"`
}

// mint trades the assertion for a token. Okta's token endpoint takes a form.
func (s *service) mint(ctx context.Context, assertion string) (minted, error) {
	const op = "okta: service app's token"
	form := url.Values{
		"grant_type": {"client_credentials"}, "scope": {strings.Join(s.app.Scopes, " ")}, "client_assertion": {assertion},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.http.Base()+tokenPath, strings.NewReader(form.Encode()))
	if err != nil {
		return minted{}, lastday.Errorf(lastday.CodeInternal, op, "malformed address")
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := s.http.HTTP().Do(req)
	var got minted
	if resp != nil {
		defer resp.Body.Close()
	}
	if err == nil && resp.StatusCode/100 == 2 {
		var text []byte
		if text, err = io.ReadAll(resp.Body); err == nil {
			err = json.Unmarshal(text, &got)
		}
	}
	if err := httpx.Classify(resp, err, false); err != nil {
		return minted{}, tokenError(op, resp, err)
	}
	if got.Token == "" || got.ExpiresIn <= 0 || !strings.EqualFold(got.Type, "Bearer") {
		return minted{}, lastday.Errorf(lastday.CodeDenied, op, "no bearer token in the answer: the app must not require DPoP")
	}
	return got, nil
}

const tokenPath = "/oauth2/v1/token"

// tokenError makes what the token endpoint says with a 400 (a wrong key, a scope
// that was not granted) what it is for us: a credential that is no good.
func tokenError(op string, resp *http.Response, err error) error {
	code := lastday.CodeOf(err)
	if resp != nil && resp.StatusCode == http.StatusBadRequest {
		code = lastday.CodeDenied
	}
	return &lastday.Error{Code: code, Op: op, RetryAfter: lastday.RetryAfterOf(err), Err: err}
}

// assertion signs who we are, for five minutes where an hour is allowed.
// https://developer.okta.com/docs/api/openapi/okta-oauth/guides/client-auth/#jwt-with-private-key
func (s *service) assertion() (string, error) {
	const op = "okta: service app's token"
	now := s.now()
	var id [16]byte
	if _, err := rand.Read(id[:]); err != nil {
		return "", lastday.Wrap(lastday.CodeInternal, op, "random", err)
	}
	part := base64.RawURLEncoding.EncodeToString
	header, err := json.Marshal(map[string]string{"alg": "RS256", "typ": "JWT", "kid": s.app.KeyID})
	if err != nil {
		return "", lastday.Wrap(lastday.CodeInternal, op, "header", err)
	}
	claims, err := json.Marshal(map[string]any{
		"iss": s.app.ClientID, "sub": s.app.ClientID, "aud": s.http.Base() + tokenPath,
		"iat": now.Add(-time.Minute).Unix(), "exp": now.Add(5 * time.Minute).Unix(), "jti": part(id[:]),
	})
	if err != nil {
		return "", lastday.Wrap(lastday.CodeInternal, op, "claims", err)
	}
	signed := part(header) + "." + part(claims)
	sum := sha256.Sum256([]byte(signed))
	sig, err := rsa.SignPKCS1v15(rand.Reader, s.key, crypto.SHA256, sum[:])
	if err != nil {
		return "", lastday.Wrap(lastday.CodeInternal, op, "sign", err)
	}
	return signed + "." + part(sig), nil
}

// allScopes are those that everything here needs; a scope to manage reads too.
func allScopes() []string {
	return []string{
		"okta.users.manage", "okta.groups.manage", "okta.apps.manage", "okta.roles.manage",
		"okta.apiTokens.manage", "okta.idps.manage", "okta.logs.read",
	}
}

// scopeOf is what a kind of grant needs.
func scopeOf(kind string) string {
	switch kind {
	case kindToken:
		return "okta.apiTokens.manage"
	case kindRole:
		return "okta.roles.manage"
	case kindApp:
		return "okta.apps.manage"
	case kindGroup:
		return "okta.groups.manage"
	case kindLink:
		return "okta.idps.manage"
	case kindSession:
		return "okta.logs.read"
	}
	return "okta.users.manage"
}

func lacks(scopes []string, kind string) bool {
	return scopes != nil && !slices.Contains(scopes, scopeOf(kind))
}

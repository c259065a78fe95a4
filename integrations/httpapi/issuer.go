package httpapi

import (
	"context"
	"net/http"
	"sync"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// issuer gives tokens for a client's secret, as long as they last and the secret
// is the same. It is safe for use by several goroutines.
type issuer struct {
	tokens func(secret string) oauth2.TokenSource

	mu     sync.Mutex
	secret string
	source oauth2.TokenSource
}

// issuer asks the token endpoint when a token is needed. The secret is sent to
// that address alone: redirects are not followed.
func (c ClientSecret) issuer(ctx context.Context, transport http.RoundTripper) *issuer {
	const patience = 30 * time.Second
	client := &http.Client{
		Transport: transport, Timeout: patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	// Tokens are asked for during calls long after opening ended.
	ctx = context.WithValue(context.WithoutCancel(ctx), oauth2.HTTPClient, client)
	return &issuer{tokens: func(secret string) oauth2.TokenSource {
		config := clientcredentials.Config{ClientID: c.ClientID, ClientSecret: secret, TokenURL: c.TokenURL, Scopes: c.Scopes, EndpointParams: map[string][]string{}}
		for name, value := range c.Params {
			config.EndpointParams[name] = []string{value}
		}
		return config.TokenSource(ctx)
	}}
}

// show puts a token that was given for the secret on the call.
func (i *issuer) show(r *http.Request, secret string) error {
	token, err := i.of(secret).Token()
	if err != nil {
		return err
	}
	token.SetAuthHeader(r)
	return nil
}

// of is where the tokens of this secret come from; those of another are forgotten.
func (i *issuer) of(secret string) oauth2.TokenSource {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.source == nil || i.secret != secret {
		i.secret, i.source = secret, i.tokens(secret)
	}
	return i.source
}

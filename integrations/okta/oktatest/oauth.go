package oktatest

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

type service struct {
	key    *rsa.PublicKey
	kid    string
	scopes []string
	roles  []*role
	minted int
	dpop   bool
}

// AddService makes a service app with a public key, granted scopes and the role
// of a super administrator, and gives its client id.
func (s *Server) AddService(key *rsa.PublicKey, kid string, scopes ...string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := s.id("0oa")
	s.services[id] = &service{key: key, kid: kid, scopes: scopes, roles: []*role{{id: s.id("ra1"), kind: "SUPER_ADMIN"}}}
	return id
}

// RequireDPoP lets the service app be asked for a proof of possession.
func (s *Server) RequireDPoP(client string) {
	s.Set(nil, func(*User) { s.services[client].dpop = true })
}

// Minted counts the tokens given to a service app.
func (s *Server) Minted(client string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.services[client].minted
}

// RevokeBearers lets every access token be refused from now on.
func (s *Server) RevokeBearers() { s.Set(nil, func(*User) { s.bearer = map[string]bearer{} }) }

// mint is the token endpoint. What it refuses it refuses with a 400 and OAuth's words.
func (s *Server) mint(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	refuse := func(kind, why string) {
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]string{"error": kind, "error_description": why}) // the caller is gone
	}
	r.Body = http.MaxBytesReader(w, r.Body, 1<<16)
	if r.ParseForm() != nil || r.PostForm.Get("grant_type") != "client_credentials" ||
		r.PostForm.Get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
		refuse("unsupported_grant_type", "The grant type was not provided or is not supported")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	app, id, err := s.asserted(r)
	if err != nil {
		refuse("invalid_client", err.Error())
		return
	}
	if app.dpop {
		refuse("invalid_dpop_proof", "The DPoP proof JWT header is missing.")
		return
	}
	scopes := strings.Fields(r.PostForm.Get("scope"))
	for _, scope := range scopes {
		if !slices.Contains(app.scopes, scope) {
			refuse("invalid_scope", "One or more scopes are not configured for the authorization server resource.")
			return
		}
	}
	app.minted++
	token := fmt.Sprintf("eyJraWQ0.%s.%d", strings.Repeat("x7", 12), app.minted)
	s.bearer[token] = bearer{client: id, scopes: scopes, until: s.now().Add(time.Hour)}
	_ = json.NewEncoder(w).Encode(map[string]any{ // the caller is gone
		"token_type": "Bearer", "expires_in": 3600, "access_token": token, "scope": strings.Join(scopes, " "),
	})
}

// asserted checks the signature, the times and who is meant.
func (s *Server) asserted(r *http.Request) (*service, string, error) {
	parts := strings.Split(r.PostForm.Get("client_assertion"), ".")
	if len(parts) != 3 {
		return nil, "", fmt.Errorf("the client_assertion is no JWT")
	}
	var header struct{ Alg, Kid string }
	var claims claims
	if err := segment(parts[0], &header); err != nil {
		return nil, "", err
	}
	if err := segment(parts[1], &claims); err != nil {
		return nil, "", err
	}
	app := s.services[claims.Iss]
	if app == nil || claims.Iss != claims.Sub || header.Kid != app.kid || header.Alg != "RS256" {
		return nil, "", fmt.Errorf("the client is not known")
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	sig, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || rsa.VerifyPKCS1v15(app.key, crypto.SHA256, sum[:], sig) != nil {
		return nil, "", fmt.Errorf("the client_assertion signature is invalid")
	}
	if !claims.timely(s.now().Unix()) || claims.Aud != "http://"+r.Host+"/oauth2/v1/token" || claims.Jti == "" {
		return nil, "", fmt.Errorf("the audience or the times are invalid")
	}
	return app, claims.Iss, nil
}

// timely says whether an assertion is not over, and not good for too long.
func (c claims) timely(now int64) bool { return c.Exp > now && c.Exp <= now+3600 && c.Iat <= now+60 }

type claims struct {
	Iss, Sub, Aud, Jti string
	Iat, Exp           int64
}

func segment(text string, into any) error {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, into)
}

package temporald

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"strings"

	"go.temporal.io/server/common/authorization"
)

const (
	authType      = "token"
	anonymousName = "anonymous"
	selfName      = "temporald"
)

// claims tells the server who calls, by bearer token. It keeps digests only: the time of a look-up then says nothing
// about a token, and no token can be printed by accident.
type claims struct {
	byToken   map[[sha256.Size]byte]authorization.Claims
	anonymous authorization.Role
}

// newClaims returns the mapper and the token of this package's own calls, which is made anew for each server.
func newClaims(people map[string]string, anonymousReadOnly bool) (*claims, string) {
	c := &claims{byToken: make(map[[sha256.Size]byte]authorization.Claims), anonymous: authorization.RoleAdmin}
	if anonymousReadOnly {
		c.anonymous = authorization.RoleReader
	}
	own := rand.Text()
	c.add(selfName, own)
	for name, token := range people {
		c.add(name, token)
	}
	return c, own
}

func (c *claims) add(name, token string) {
	c.byToken[sha256.Sum256([]byte(token))] = authorization.Claims{
		Subject: name, System: authorization.RoleAdmin, AuthType: authType,
	}
}

// AuthInfoRequired is false so that the server asks for calls without a token, too: workers and the web UI make them.
func (c *claims) AuthInfoRequired() bool { return false }

// GetClaims returns the roles of the caller, or an error for a token that nobody has.
func (c *claims) GetClaims(info *authorization.AuthInfo) (*authorization.Claims, error) {
	if info.AuthToken == "" {
		return &authorization.Claims{Subject: anonymousName, System: c.anonymous, AuthType: authType}, nil
	}
	scheme, token, ok := strings.Cut(info.AuthToken, " ")
	if !ok || !strings.EqualFold(scheme, "bearer") {
		return nil, errors.New("claims: not a bearer token")
	}
	known, ok := c.byToken[sha256.Sum256([]byte(token))]
	if !ok {
		return nil, errors.New("claims: unknown token")
	}
	return &known, nil
}

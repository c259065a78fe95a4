package codec

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/netip"
	"net/url"
	"strings"

	"lastday"
)

const opServer = "codec: server"

// minToken keeps tokens from being guessed.
const minToken = 16

func (c ServerConfig) check() error {
	if c.Ring == nil || c.Log == nil {
		return lastday.Errorf(lastday.CodeInvalid, opServer, "a ring and a log are required")
	}
	for _, origin := range c.Origins {
		if !exactOrigin(origin) {
			return lastday.Errorf(lastday.CodeInvalid, opServer,
				"the origin %q is not scheme://host or scheme://host:port in lower case, without a path or a wildcard", origin)
		}
	}
	for _, token := range c.Tokens {
		if len(token) < minToken || strings.ContainsAny(token, " \t\r\n") {
			return lastday.Errorf(lastday.CodeInvalid, opServer, "a token must have at least %d bytes and no white space", minToken)
		}
	}
	return c.checkAdmission()
}

func (c ServerConfig) checkAdmission() error {
	switch {
	case !c.AllowAnonymous && len(c.Tokens) == 0:
		return lastday.Errorf(lastday.CodeInvalid, opServer, "tokens are required: without any, everybody could decrypt")
	case c.AllowAnonymous && len(c.Tokens) > 0:
		return lastday.Errorf(lastday.CodeInvalid, opServer, "anonymous requests are allowed and tokens are given: choose one")
	case c.AllowAnonymous && !loopback(c.Listen):
		return lastday.Errorf(lastday.CodeInvalid, opServer,
			"anonymous requests are allowed on a loopback address alone, and %q is none: give tokens", c.Listen)
	}
	return nil
}

func loopback(hostPort string) bool {
	host, _, err := net.SplitHostPort(hostPort)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true // where that leads is seen when a request arrives
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

// exactOrigin accepts what a browser may send as Origin, "null" excepted: every
// sandboxed page has that one.
func exactOrigin(origin string) bool {
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" || strings.ContainsAny(u.Host, "*,") || u.Port() == "" && strings.HasSuffix(u.Host, ":") {
		return false
	}
	return (u.Scheme == "https" || u.Scheme == "http") && origin == strings.ToLower(u.Scheme+"://"+u.Host)
}

// tokens are kept as digests: all of one length, so that a comparison in
// constant time shows nothing of a token, its length included.
type tokens [][sha256.Size]byte

func hashTokens(list []string) tokens {
	out := make(tokens, 0, len(list))
	for _, token := range list {
		out = append(out, sha256.Sum256([]byte(token)))
	}
	return out
}

// has compares with every token, whether or not one was found already.
func (t tokens) has(authorization string) bool {
	scheme, token, _ := strings.Cut(authorization, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return false
	}
	given, found := sha256.Sum256([]byte(token)), 0
	for i := range t {
		found |= subtle.ConstantTimeCompare(given[:], t[i][:])
	}
	return found == 1
}

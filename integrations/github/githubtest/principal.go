package githubtest

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

type callerKind string

const (
	anonymous       callerKind = "anonymous"
	classicPAT      callerKind = "classic"
	finePAT         callerKind = "fine-grained"
	appInstallation callerKind = "installation"
	appItself       callerKind = "app"
)

// principal is who calls.
type principal struct {
	kind    callerKind
	key     string // of the rate window
	user    *user
	token   *token
	app     *app
	inst    *installation
	refused *reply // the credentials were no good
}

func (p *principal) name() string {
	switch {
	case p == nil:
		return "unknown"
	case p.user != nil:
		return p.user.Login
	case p.app != nil:
		return p.app.Slug + "[bot]"
	}
	return string(p.kind)
}

func badCredentials() *principal {
	out := failure(http.StatusUnauthorized, "Bad credentials")
	return &principal{kind: anonymous, key: "bad", refused: out}
}

// identify reads the credentials of the request.
func (c *call) identify() *principal {
	value, given := credentials(c.r)
	if !given {
		return &principal{kind: anonymous, key: "anonymous"}
	}
	if strings.Count(value, ".") == 2 {
		return c.identifyApp(value)
	}
	t := c.w.Tokens[value]
	if t == nil || !t.live(c.now) {
		return badCredentials()
	}
	if t.Kind == installationToken {
		return c.identifyInstallation(t)
	}
	u := c.w.Users[t.User]
	if u == nil {
		return badCredentials()
	}
	p := &principal{kind: classicPAT, key: strconv.FormatInt(u.ID, 10), user: u, token: t}
	if t.Kind == fineGrainedToken {
		p.kind = finePAT
	}
	if u.Suspended {
		p.refused = forbidden("Sorry. Your account was suspended.")
	}
	return p
}

func (c *call) identifyInstallation(t *token) *principal {
	inst := c.w.Installations[t.Installation]
	if inst == nil {
		return badCredentials()
	}
	p := &principal{kind: appInstallation, key: "i" + strconv.FormatInt(inst.ID, 10), token: t, inst: inst, app: c.w.Apps[inst.App]}
	if inst.Suspended {
		p.refused = forbidden("This installation has been suspended")
	}
	return p
}

// credentials reads "Bearer x", "token x" or the password of basic authentication.
func credentials(r *http.Request) (string, bool) {
	if _, password, ok := r.BasicAuth(); ok {
		return password, true
	}
	scheme, value, found := strings.Cut(r.Header.Get("Authorization"), " ")
	if !found {
		return "", scheme != ""
	}
	if !strings.EqualFold(scheme, "bearer") && !strings.EqualFold(scheme, "token") {
		return "", true
	}
	return strings.TrimSpace(value), true
}

// identifyApp verifies a JSON Web Token of a GitHub App
// (https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app).
func (c *call) identifyApp(jwt string) *principal {
	signed, sig, _ := cutLast(jwt)
	header, claims, _ := strings.Cut(signed, ".")
	var head struct{ Alg string }
	var body struct {
		Iss any
		Iat int64
		Exp int64
	}
	if !decodePart(header, &head) || !decodePart(claims, &body) || head.Alg != "RS256" {
		return badCredentials()
	}
	a := c.w.appByIssuer(body.Iss)
	if a == nil || !verified(a.PublicKey, signed, sig) {
		return badCredentials()
	}
	p := &principal{kind: appItself, key: "app" + strconv.FormatInt(a.ID, 10), app: a}
	p.refused = refuseTimes(c.now, time.Unix(body.Iat, 0), time.Unix(body.Exp, 0))
	return p
}

func refuseTimes(now, iat, exp time.Time) *reply {
	const skew = time.Minute
	switch {
	case iat.After(now.Add(skew)):
		return failure(http.StatusUnauthorized, "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued")
	case !exp.After(now):
		return failure(http.StatusUnauthorized, "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires")
	case exp.After(now.Add(10*time.Minute + skew)):
		return failure(http.StatusUnauthorized, "'Expiration time' claim ('exp') is too far in the future")
	}
	return nil
}

func (w *world) appByIssuer(iss any) *app {
	for _, a := range w.Apps {
		id := strconv.FormatInt(a.ID, 10)
		switch v := iss.(type) {
		case string:
			if v == id || v == clientID(a) {
				return a
			}
		case float64:
			if int64(v) == a.ID {
				return a
			}
		}
	}
	return nil
}

func clientID(a *app) string { return "Iv23li" + strconv.FormatInt(a.ID, 36) }

func cutLast(s string) (before, after string, found bool) {
	i := strings.LastIndex(s, ".")
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

func decodePart(part string, v any) bool {
	raw, err := base64.RawURLEncoding.DecodeString(part)
	return err == nil && json.Unmarshal(raw, v) == nil
}

func verified(pkix []byte, signed, sig string) bool {
	key, err := x509.ParsePKIXPublicKey(pkix)
	if err != nil {
		return false
	}
	pub, isRSA := key.(*rsa.PublicKey)
	raw, err := base64.RawURLEncoding.DecodeString(sig)
	if err != nil || !isRSA {
		return false
	}
	sum := sha256.Sum256([]byte(signed))
	return rsa.VerifyPKCS1v15(pub, crypto.SHA256, sum[:], raw) == nil
}

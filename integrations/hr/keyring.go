package hr

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"lastday"
)

// Secrets are read again when they are a minute old; after a reading that
// failed, two seconds later, however many deliveries come in between.
const (
	refreshAfter = time.Minute
	retryAfter   = 2 * time.Second
)

// Secret is one of the active secrets of a source. Having two of them at a
// time is how a secret is changed without losing a delivery.
type Secret struct {
	// ID stands in records; it is no secret.
	ID string `yaml:"id"`
	// Ref is where the secret is: env:NAME or file:PATH.
	Ref string `yaml:"ref"`
	// NotBefore and NotAfter bound when it is accepted; zero is without bound.
	NotBefore time.Time `yaml:"notBefore"`
	NotAfter  time.Time `yaml:"notAfter"`
}

// active says whether the secret is accepted at a time.
func (s Secret) active(now time.Time) bool {
	if !s.NotBefore.IsZero() && now.Before(s.NotBefore) {
		return false
	}
	return s.NotAfter.IsZero() || !now.After(s.NotAfter)
}

// Resolver reads a secret by its reference. Its errors must not hold the secret.
type Resolver func(ctx context.Context, ref string) (string, error)

// Keyring verifies senders with several secrets at a time. It is safe for
// concurrent use.
type Keyring struct {
	scheme  Scheme
	bearer  bool
	secrets []Secret
	resolve Resolver
	keys    atomic.Pointer[keys]
	reading sync.Mutex
}

// keys is one reading of all secrets; a key that could not be read is nil.
type keys struct {
	at  time.Time
	key [][]byte
}

// NewKeyring makes a keyring for a scheme that signs. The secrets are read by
// the first Refresh; until then every Verify is CodeInternal.
//
// CodeInvalid: scheme or secrets are misconfigured; all mistakes are told.
func NewKeyring(scheme Scheme, secrets []Secret, resolve Resolver) (*Keyring, error) {
	return newKeyring(scheme.withDefaults(), false, scheme.Check(), secrets, resolve)
}

// NewBearer makes a keyring for senders that do not sign, and only show a
// fixed token in the Authorization header, alone or as "Bearer TOKEN". That
// proves less: neither the body nor the time is bound to it.
//
// CodeInvalid: the secrets are misconfigured; all mistakes are told.
func NewBearer(secrets []Secret, resolve Resolver) (*Keyring, error) {
	return newKeyring(Scheme{Name: "bearer", Key: "text"}, true, nil, secrets, resolve)
}

func newKeyring(scheme Scheme, bearer bool, wrong []string, secrets []Secret, resolve Resolver) (*Keyring, error) {
	for i := range wrong {
		wrong[i] = "scheme." + wrong[i]
	}
	if wrong = append(wrong, checkSecrets(secrets)...); len(wrong) > 0 {
		return nil, lastday.Errorf(lastday.CodeInvalid, "hr: keyring", "%s", strings.Join(wrong, "; "))
	}
	return &Keyring{scheme: scheme, bearer: bearer, secrets: secrets, resolve: resolve}, nil
}

func checkSecrets(secrets []Secret) []string {
	var wrong []string
	if len(secrets) == 0 {
		wrong = append(wrong, "secrets: there must be one at least")
	}
	seen := map[string]bool{}
	for i, s := range secrets {
		at := fmt.Sprintf("secrets[%d]", i)
		if s.ID == "" || seen[s.ID] {
			wrong = append(wrong, at+".id: missing or given twice")
		}
		seen[s.ID] = true
		if !strings.HasPrefix(s.Ref, "env:") && !strings.HasPrefix(s.Ref, "file:") {
			wrong = append(wrong, at+".ref: must be env:NAME or file:PATH, never the secret itself")
		}
		if !s.NotAfter.IsZero() && s.NotAfter.Before(s.NotBefore) {
			wrong = append(wrong, at+".notAfter: is before notBefore")
		}
	}
	return wrong
}

// Refresh reads the secrets again if they were read more than a minute ago. A
// secret that cannot be read now keeps its last known value.
//
// CodeInternal: some secret cannot be read, or is not in the scheme's form.
func (k *Keyring) Refresh(ctx context.Context, now time.Time) error {
	if old := k.keys.Load(); old != nil && now.Sub(old.at).Abs() < refreshAfter {
		return nil
	}
	k.reading.Lock()
	defer k.reading.Unlock()
	old := k.keys.Load()
	if old != nil && now.Sub(old.at).Abs() < refreshAfter {
		return nil
	}
	next := &keys{at: now, key: make([][]byte, len(k.secrets))}
	var broken []string
	for i, s := range k.secrets {
		key, err := k.read(ctx, s)
		if err != nil {
			broken = append(broken, s.ID)
			key = old.get(i)
		}
		next.key[i] = key
	}
	if len(broken) > 0 {
		next.at = now.Add(retryAfter - refreshAfter)
	}
	k.keys.Store(next)
	if len(broken) > 0 {
		return lastday.Errorf(lastday.CodeInternal, "hr: refresh", "secret %s cannot be read", strings.Join(broken, ", "))
	}
	return nil
}

func (k *keys) get(i int) []byte {
	if k == nil {
		return nil
	}
	return k.key[i]
}

func (k *Keyring) read(ctx context.Context, s Secret) ([]byte, error) {
	text, err := k.resolve(ctx, s.Ref)
	if err != nil {
		return nil, err
	}
	return k.scheme.DecodeKey(strings.TrimSpace(text))
}

// Verify proves the sender with every active secret. Its errors are those of
// Source.Verify.
func (k *Keyring) Verify(header http.Header, body []byte, now time.Time) (Verified, error) {
	claim, check, err := k.claim(header, body)
	if err != nil {
		return Verified{}, err
	}
	match, missing := "", false
	known := k.keys.Load()
	for i, s := range k.secrets {
		if !s.active(now) {
			continue
		}
		key := known.get(i)
		if key == nil {
			missing = true
			continue
		}
		if check(key) {
			match = s.ID
		}
	}
	return k.judge(claim, match, missing, now)
}

// claim reads what the sender claims, and gives the check of one key.
func (k *Keyring) claim(header http.Header, body []byte) (signed, func(key []byte) bool, error) {
	if k.bearer {
		text, err := one(header, "Authorization")
		token := sha256.Sum256([]byte(strings.TrimPrefix(text, "Bearer ")))
		return signed{}, func(key []byte) bool {
			want := sha256.Sum256(key)
			return subtle.ConstantTimeCompare(token[:], want[:]) == 1
		}, err
	}
	c, err := k.scheme.read(header)
	return c, func(key []byte) bool { return k.scheme.matches(key, c, body) }, err
}

func (k *Keyring) judge(c signed, match string, missing bool, now time.Time) (Verified, error) {
	if match == "" && (missing || !k.anyActive(now)) {
		return Verified{}, lastday.Errorf(lastday.CodeInternal, opVerify, "a secret of ours is missing or none is active")
	}
	if match == "" {
		return Verified{}, lastday.Errorf(lastday.CodeDenied, opVerify, "no active secret made this signature")
	}
	if !c.at.IsZero() && now.Sub(c.at).Abs() > k.scheme.Window {
		return Verified{}, lastday.Wrap(lastday.CodeDenied, opVerify, "refused", ErrClock)
	}
	return Verified{ID: c.id, SecretID: match, Scheme: k.scheme.Name, At: c.at}, nil
}

func (k *Keyring) anyActive(now time.Time) bool {
	for _, s := range k.secrets {
		if s.active(now) {
			return true
		}
	}
	return false
}

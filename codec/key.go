package codec

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"log/slog"
	"regexp"
	"strings"

	"lastday"
)

// KeySize is the size of a key's secret in bytes: AES-256.
const KeySize = 32

// keyPrefix names the text form of a key and its version, so that a key is
// never mistaken for another secret and secret scanners can find it.
const keyPrefix = "lastday-key-1:"

// Key is one key of a Ring. However it is printed, its secret is not shown.
type Key struct {
	// ID names the key in the payloads that it encrypts. It is readable to
	// whoever may read the history and must never be given to another secret.
	ID string
	// Secret is the AES-256 key.
	Secret [KeySize]byte
}

// GenerateKey makes the text form of a new random key, as ParseKey reads it:
// lastday-key-1: followed by 32 random bytes in base64.
func GenerateKey() string {
	var secret [KeySize]byte
	_, _ = rand.Read(secret[:]) // never fails: it ends the process if the system has no randomness
	return keyPrefix + base64.StdEncoding.EncodeToString(secret[:])
}

// ParseKey reads the text form of a key and gives it an id of 1 to 64 lower
// case letters, digits, dots, dashes and underscores, beginning with a letter
// or digit. White space around the text is ignored.
//
// CodeInvalid: the id or the text is malformed. The error never shows the text.
func ParseKey(id, text string) (Key, error) {
	key := Key{ID: id}
	if err := checkID(id); err != nil {
		return Key{}, err
	}
	encoded, ok := strings.CutPrefix(strings.TrimSpace(text), keyPrefix)
	if !ok {
		return Key{}, lastday.Errorf(lastday.CodeInvalid, opKey, "the text of key %q does not begin with %s", id, keyPrefix)
	}
	secret, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil || len(secret) != KeySize {
		return Key{}, lastday.Errorf(lastday.CodeInvalid, opKey, "the text of key %q is not %d bytes in base64", id, KeySize)
	}
	copy(key.Secret[:], secret)
	return key, nil
}

func checkID(id string) error {
	if !regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`).MatchString(id) {
		// The id is not repeated: somebody may have written the key in its place.
		return lastday.Errorf(lastday.CodeInvalid, opKey,
			"a key's id must be 1 to 64 lower case letters, digits, dots, dashes and underscores")
	}
	return nil
}

// Format prints the key's id under every verb of fmt, and never its secret.
func (k Key) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "key %s", k.ID) }

// LogValue is the key's id.
func (k Key) LogValue() slog.Value { return slog.StringValue("key " + k.ID) }

// MarshalText refuses: a key is written by nobody but GenerateKey.
func (k Key) MarshalText() ([]byte, error) {
	return nil, lastday.Errorf(lastday.CodeInternal, opKey, "a key must not be written out")
}

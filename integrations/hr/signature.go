package hr

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"net/http"
	"strconv"
	"strings"
	"time"

	"lastday"
)

const opVerify = "hr: verify"

// The limits of what a sender may put into the signed headers.
const (
	maxIDLength        = 256
	maxSignatures      = 16
	maxSignatureHeader = 4096
)

// Scheme says how a sender signs its deliveries. One parametric verifier
// covers the vendors that sign: hash, message, decoding of the key, encoding of
// the signature. The zero value of a field is the default it names.
type Scheme struct {
	// Name stands in records as the way the sender was verified.
	Name string `yaml:"name"`
	// Hash is sha256 (default) or sha512.
	Hash string `yaml:"hash"`
	// Message is the template of what is signed: {id}, {timestamp}, {body} and
	// literal text. The default is {body}.
	Message string `yaml:"message"`
	// Key says how the secret's text becomes the key: text (default), base64, hex
	// or whsec (base64 behind the prefix whsec_, 24 to 64 bytes).
	Key string `yaml:"key"`
	// Encoding is the signature's: hex (default), base64 or base64url. Padding of
	// base64 does not matter.
	Encoding string `yaml:"encoding"`
	// SignatureHeader carries the signature, IDHeader the delivery's id and
	// TimestampHeader its time.
	SignatureHeader string `yaml:"signatureHeader"`
	IDHeader        string `yaml:"idHeader"`
	TimestampHeader string `yaml:"timestampHeader"`
	// Prefix stands before every signature, such as "v1," or "sha256=".
	Prefix string `yaml:"prefix"`
	// List says that the header is a list separated by spaces; signatures with
	// other prefixes are passed over.
	List bool `yaml:"list"`
	// Millis says that the timestamp counts milliseconds, not seconds.
	Millis bool `yaml:"millis"`
	// Window is how far the signed time may lie from ours, both ways; the default
	// is five minutes. Where the sender's time is that of its first attempt the
	// window must span its retries.
	Window time.Duration `yaml:"window"`
}

// StandardWebhooks is the scheme of
// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md.
func StandardWebhooks() Scheme {
	return Scheme{
		Name: "standard-webhooks", Hash: "sha256", Message: "{id}.{timestamp}.{body}", Key: "whsec", Encoding: "base64",
		SignatureHeader: "webhook-signature", IDHeader: "webhook-id", TimestampHeader: "webhook-timestamp",
		Prefix: "v1,", List: true, Window: 5 * time.Minute,
	}
}

func (s Scheme) withDefaults() Scheme {
	s.Hash = or(s.Hash, "sha256")
	s.Message = or(s.Message, "{body}")
	s.Key = or(s.Key, "text")
	s.Encoding = or(s.Encoding, "hex")
	if s.Window == 0 {
		s.Window = 5 * time.Minute
	}
	return s
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// Check finds everything that is wrong with the scheme.
func (s Scheme) Check() []string {
	s = s.withDefaults()
	var wrong []string
	must := func(ok bool, what string) {
		if !ok {
			wrong = append(wrong, what)
		}
	}
	must(s.Name != "", "name: missing")
	must(s.Hash == "sha256" || s.Hash == "sha512", "hash: is none of sha256, sha512")
	must(s.Key == "text" || s.Key == "base64" || s.Key == "hex" || s.Key == "whsec", "key: is none of text, base64, hex, whsec")
	must(s.Encoding == "hex" || s.Encoding == "base64" || s.Encoding == "base64url", "encoding: is none of hex, base64, base64url")
	must(s.SignatureHeader != "", "signatureHeader: missing")
	must(strings.Count(s.Message, "{body}") == 1, "message: must hold {body} once")
	must(strings.Contains(s.Message, "{id}") == (s.IDHeader != ""), "idHeader: must be given just when the message holds {id}")
	must(strings.Contains(s.Message, "{timestamp}") == (s.TimestampHeader != ""),
		"timestampHeader: must be given just when the message holds {timestamp}")
	must(s.Window > 0, "window: must be longer than nothing")
	return wrong
}

// signed is what a sender claims, read from the headers.
type signed struct {
	id, timestamp string
	at            time.Time
	signatures    [][]byte
}

// read takes the claim from the headers. The id and the timestamp must not be
// able to shift text into one another, so both are held to narrow alphabets.
func (s Scheme) read(header http.Header) (signed, error) {
	var c signed
	var err error
	if s.IDHeader != "" {
		if c.id, err = one(header, s.IDHeader); err != nil {
			return signed{}, err
		}
		if !plainID(c.id) {
			return signed{}, lastday.Errorf(lastday.CodeDenied, opVerify, "%s is malformed", s.IDHeader)
		}
	}
	if s.TimestampHeader != "" {
		if c.timestamp, err = one(header, s.TimestampHeader); err != nil {
			return signed{}, err
		}
		if c.at, err = s.instant(c.timestamp); err != nil {
			return signed{}, err
		}
	}
	c.signatures, err = s.signatures(header)
	return c, err
}

func one(header http.Header, name string) (string, error) {
	values := header.Values(name)
	if len(values) != 1 || values[0] == "" {
		return "", lastday.Errorf(lastday.CodeDenied, opVerify, "%s must be given once", name)
	}
	return values[0], nil
}

// plainID refuses the dot, which Standard Webhooks puts between the signed parts.
func plainID(id string) bool {
	if len(id) > maxIDLength {
		return false
	}
	for i := range len(id) {
		if id[i] <= ' ' || id[i] > '~' || id[i] == '.' {
			return false
		}
	}
	return id != ""
}

func (s Scheme) instant(text string) (time.Time, error) {
	bad := lastday.Errorf(lastday.CodeDenied, opVerify, "%s is malformed", s.TimestampHeader)
	if len(text) > 15 || strings.Trim(text, "0123456789") != "" {
		return time.Time{}, bad
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, bad
	}
	if s.Millis {
		return time.UnixMilli(n).UTC(), nil
	}
	return time.Unix(n, 0).UTC(), nil
}

// signatures decodes before anything is compared, so that the case of hex and
// the padding of base64 do not matter.
func (s Scheme) signatures(header http.Header) ([][]byte, error) {
	text, err := one(header, s.SignatureHeader)
	if err != nil {
		return nil, err
	}
	if len(text) > maxSignatureHeader {
		return nil, lastday.Errorf(lastday.CodeDenied, opVerify, "%s is too long", s.SignatureHeader)
	}
	items := []string{text}
	if s.List {
		items = strings.Fields(text)
	}
	var found [][]byte
	for _, item := range items {
		rest, ok := strings.CutPrefix(item, s.Prefix)
		if !ok {
			continue
		}
		if sum, err := decode(s.Encoding, rest); err == nil && len(sum) > 0 && len(found) < maxSignatures {
			found = append(found, sum)
		}
	}
	if len(found) == 0 {
		return nil, lastday.Errorf(lastday.CodeDenied, opVerify, "%s holds no signature of this scheme", s.SignatureHeader)
	}
	return found, nil
}

func decode(encoding, text string) ([]byte, error) {
	switch encoding {
	case "base64":
		return base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
	case "base64url":
		return base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
	default:
		return hex.DecodeString(text)
	}
}

func encode(encoding string, sum []byte) string {
	switch encoding {
	case "base64":
		return base64.StdEncoding.EncodeToString(sum)
	case "base64url":
		return base64.URLEncoding.EncodeToString(sum)
	default:
		return hex.EncodeToString(sum)
	}
}

// DecodeKey makes the key from the secret's text. The error says nothing of
// the secret.
//
// CodeInvalid: the text is not in the form that the scheme asks for.
func (s Scheme) DecodeKey(secret string) ([]byte, error) {
	const op = "hr: key"
	switch s.withDefaults().Key {
	case "whsec":
		key, err := decode("base64", strings.TrimPrefix(secret, "whsec_"))
		if err != nil || len(key) < 24 || len(key) > 64 {
			return nil, lastday.Errorf(lastday.CodeInvalid, op, "is not whsec_ and 24 to 64 bytes in base64")
		}
		return key, nil
	case "text":
		if len(secret) < 16 {
			return nil, lastday.Errorf(lastday.CodeInvalid, op, "is shorter than 16 bytes")
		}
		return []byte(secret), nil
	}
	key, err := decode(s.Key, secret)
	if err != nil || len(key) < 16 {
		return nil, lastday.Errorf(lastday.CodeInvalid, op, "is not 16 bytes or more in %s", s.Key)
	}
	return key, nil
}

// sum computes the signature of a message without copying the body.
func (s Scheme) sum(key []byte, id, timestamp string, body []byte) []byte {
	mac := hmac.New(s.hash(), key)
	before, after, _ := strings.Cut(s.Message, "{body}")
	fill := strings.NewReplacer("{id}", id, "{timestamp}", timestamp)
	mac.Write([]byte(fill.Replace(before)))
	mac.Write(body)
	mac.Write([]byte(fill.Replace(after)))
	return mac.Sum(nil)
}

func (s Scheme) hash() func() hash.Hash {
	if s.Hash == "sha512" {
		return sha512.New
	}
	return sha256.New
}

// Sign makes the headers that a sender of this scheme adds to a delivery.
//
// CodeInvalid: the secret or the id is not in the scheme's form.
func (s Scheme) Sign(secret, id string, at time.Time, body []byte) (http.Header, error) {
	s = s.withDefaults()
	key, err := s.DecodeKey(secret)
	if err != nil {
		return nil, err
	}
	if s.IDHeader != "" && !plainID(id) {
		return nil, lastday.Errorf(lastday.CodeInvalid, "hr: sign", "the id must be plain text without dots and spaces")
	}
	stamp := strconv.FormatInt(at.Unix(), 10)
	if s.Millis {
		stamp = strconv.FormatInt(at.UnixMilli(), 10)
	}
	header := http.Header{}
	header.Set(s.SignatureHeader, s.Prefix+encode(s.Encoding, s.sum(key, id, stamp, body)))
	if s.IDHeader != "" {
		header.Set(s.IDHeader, id)
	}
	if s.TimestampHeader != "" {
		header.Set(s.TimestampHeader, stamp)
	}
	return header, nil
}

// matches says whether the key made any of the signatures. It compares all of
// them, in constant time each.
func (s Scheme) matches(key []byte, c signed, body []byte) bool {
	want := s.sum(key, c.id, c.timestamp, body)
	found := false
	for _, sum := range c.signatures {
		if hmac.Equal(sum, want) {
			found = true
		}
	}
	return found
}

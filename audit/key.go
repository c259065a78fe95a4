package audit

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"lastday"
)

// Key signs checkpoints of one log. Its private text is a secret.
type Key struct {
	signer note.Signer
	public string
}

// NewKey makes an Ed25519 key for a log, as two lines of text: the private one
// to sign with, and the public one to give to everybody. The origin names the
// log for good: a domain and a path, without spaces and plus signs.
func NewKey(origin string) (private, public string, err error) {
	if err := checkOrigin(origin); err != nil {
		return "", "", err
	}
	private, public, err = note.GenerateKey(rand.Reader, origin)
	if err != nil {
		return "", "", lastday.Wrap(lastday.CodeInternal, "audit: key", "generate", err)
	}
	return private, public, nil
}

func checkOrigin(origin string) error {
	if origin == "" || len(origin) > 200 || strings.ContainsFunc(origin, func(r rune) bool { return r <= ' ' || r == '+' || r > '~' }) {
		return lastday.Errorf(lastday.CodeInvalid, "audit: key", "origin: must be 1 to 200 printable ASCII characters without spaces and plus signs")
	}
	return nil
}

// ParseKey reads a private key as NewKey wrote it. CodeInvalid: it is none; the
// error does not repeat it.
func ParseKey(private string) (*Key, error) {
	wrong := lastday.Errorf(lastday.CodeInvalid, "audit: key", "the private key is not of the form PRIVATE+KEY+origin+hash+data")
	private = strings.TrimSpace(private)
	signer, err := note.NewSigner(private)
	if err != nil {
		return nil, wrong
	}
	parts := strings.SplitN(private, "+", 5)
	data, err := base64.StdEncoding.DecodeString(parts[len(parts)-1])
	if err != nil || len(data) != 1+ed25519.SeedSize {
		return nil, wrong
	}
	half, ok := ed25519.NewKeyFromSeed(data[1:]).Public().(ed25519.PublicKey)
	if !ok {
		return nil, wrong
	}
	public, err := note.NewEd25519VerifierKey(signer.Name(), half)
	if err != nil {
		return nil, wrong
	}
	return &Key{signer: signer, public: public}, nil
}

// Origin is the name of the log.
func (k *Key) Origin() string { return k.signer.Name() }

// Public is the public half, to give to everybody.
func (k *Key) Public() string { return k.public }

// Keys are the public keys of one log: the present one and those before it.
type Keys struct {
	origin    string
	verifiers []note.Verifier
}

// ParseKeys reads public keys, one a line; empty lines and lines that begin
// with # say nothing. All must be of one log.
func ParseKeys(text string) (*Keys, error) {
	keys, seen := &Keys{}, map[string]bool{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") || seen[line] {
			continue
		}
		seen[line] = true
		v, err := note.NewVerifier(line)
		if err != nil {
			return nil, lastday.Errorf(lastday.CodeInvalid, "audit: key", "a public key is not of the form origin+hash+data")
		}
		if keys.origin != "" && v.Name() != keys.origin {
			return nil, lastday.Errorf(lastday.CodeInvalid, "audit: key", "the public keys are of different logs: %s and %s", keys.origin, v.Name())
		}
		keys.origin = v.Name()
		keys.verifiers = append(keys.verifiers, v)
	}
	if len(keys.verifiers) == 0 {
		return nil, lastday.Errorf(lastday.CodeInvalid, "audit: key", "there is no public key")
	}
	return keys, nil
}

// Origin is the name of the log.
func (k *Keys) Origin() string { return k.origin }

// Open reads a checkpoint and checks that one of the keys signed it.
// CodeInvalid: it is not a checkpoint of this log, or nobody known signed it.
func (k *Keys) Open(text []byte) (Signed, error) {
	if _, err := note.Open(text, note.VerifierList(k.verifiers...)); err != nil {
		return Signed{}, lastday.Wrap(lastday.CodeInvalid, "audit: checkpoint", "", plain(err))
	}
	if !canonical(text) {
		return Signed{}, lastday.Errorf(lastday.CodeInvalid, "audit: checkpoint", "a signature is not written as it was made: the text was changed")
	}
	c, err := ParseCheckpoint(text)
	if err != nil {
		return Signed{}, err
	}
	if c.Origin != k.origin {
		return Signed{}, lastday.Errorf(lastday.CodeInvalid, "audit: checkpoint", "it is of the log %s, the key of %s", c.Origin, k.origin)
	}
	return c, nil
}

// canonical says whether every signature is written in the one way that base64
// has for it. Readers of notes accept others, so that a byte of one could be
// changed unseen.
func canonical(text []byte) bool {
	_, signatures, _ := strings.Cut(string(text), "\n\n")
	for line := range strings.Lines(signatures) {
		data := strings.TrimSuffix(line[strings.LastIndexByte(line, ' ')+1:], "\n")
		raw, err := base64.StdEncoding.Strict().DecodeString(data)
		if err != nil || base64.StdEncoding.EncodeToString(raw) != data {
			return false
		}
	}
	return true
}

// plain says what is wrong with a note without repeating what it holds.
func plain(err error) error {
	if _, ok := errors.AsType[*note.UnverifiedNoteError](err); ok {
		return errors.New("no key of this log signed it")
	}
	if bad, ok := errors.AsType[*note.InvalidSignatureError](err); ok {
		return errors.New("the signature of " + bad.Name + " is wrong: the text was changed")
	}
	return errors.New("it is no signed note")
}

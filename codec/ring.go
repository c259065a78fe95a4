// Package codec keeps personal data in Temporal's histories unreadable to
// those who run or back up Temporal: payloads are encrypted before they leave
// our processes and decrypted when they come back.
//
// A Ring of keys is a converter.PayloadCodec; Converters makes of it what a
// client and a worker need; Server lets the Temporal UI decrypt for people who
// may read. What stays readable (ids, types, search attributes) and how keys are
// rotated is told in docs/encryption.md.
package codec

import (
	"crypto/aes"
	"crypto/cipher"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/proto"

	"lastday"
)

const (
	// Encoding marks our payloads in the metadata that Temporal shows.
	Encoding = "binary/lastday-aes-256-gcm"
	// MetadataKeyID is the metadata that names the key of a payload.
	MetadataKeyID = "encryption-key-id"
	// MaxPayload is the most bytes that one payload may have before it is
	// encrypted. Temporal's own limit, on what is sent, is lower (2 MiB by
	// default, https://docs.temporal.io/self-hosted-guide/defaults): this one
	// keeps a small ciphertext from unfolding into a large plaintext.
	MaxPayload = 16 << 20
	// MaxCall is the same for all payloads of one call together.
	MaxCall = 64 << 20
)

const (
	opKey    = "codec: key"
	opEncode = "codec: encode"
	opDecode = "codec: decode"
)

// Ring encrypts with its first key and decrypts with all. It is a
// converter.PayloadCodec, immutable and safe for concurrent use.
//
// Nonces are random: one key must encrypt no more than 2^32 payloads
// (NIST SP 800-38D, section 8.3).
type Ring struct {
	first string
	ids   []string
	aeads map[string]cipher.AEAD
}

var _ converter.PayloadCodec = (*Ring)(nil)

// NewRing makes a ring of one or more keys: the first encrypts, all decrypt.
//
// CodeInvalid: there is no key, an id is malformed or there twice, a secret is
// all zero, or the same secret stands under two ids.
func NewRing(keys []Key) (*Ring, error) {
	if len(keys) == 0 {
		return nil, lastday.Errorf(lastday.CodeInvalid, opKey, "a ring needs at least one key")
	}
	r := &Ring{first: keys[0].ID, aeads: make(map[string]cipher.AEAD, len(keys))}
	secrets := map[[KeySize]byte]string{{}: "no key at all"}
	for _, k := range keys {
		if err := r.add(k, secrets); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (r *Ring) add(k Key, secrets map[[KeySize]byte]string) error {
	if err := checkID(k.ID); err != nil {
		return err
	}
	if _, twice := r.aeads[k.ID]; twice {
		return lastday.Errorf(lastday.CodeInvalid, opKey, "two keys have the id %q", k.ID)
	}
	if same, twice := secrets[k.Secret]; twice {
		return lastday.Errorf(lastday.CodeInvalid, opKey, "key %q has the secret of %s: make one of its own", k.ID, same)
	}
	block, err := aes.NewCipher(k.Secret[:])
	if err != nil {
		return lastday.Wrap(lastday.CodeInternal, opKey, "cipher", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return lastday.Wrap(lastday.CodeInternal, opKey, "cipher mode", err)
	}
	secrets[k.Secret] = "key " + k.ID
	r.aeads[k.ID], r.ids = aead, append(r.ids, k.ID)
	return nil
}

// KeyIDs lists the ids of the ring, the one that encrypts first.
func (r *Ring) KeyIDs() []string { return append([]string(nil), r.ids...) }

// Encode encrypts every payload whole, its metadata included, with the first key.
//
// CodeInvalid: a payload is larger than MaxPayload, or all are larger than MaxCall.
func (r *Ring) Encode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	out, left := make([]*commonpb.Payload, len(payloads)), MaxCall
	for i, p := range payloads {
		plain, err := proto.Marshal(p)
		if err != nil {
			return nil, lastday.Wrap(lastday.CodeInvalid, opEncode, "a payload cannot be written", err)
		}
		if len(plain) > min(left, MaxPayload) {
			return nil, tooLarge(opEncode)
		}
		left -= len(plain)
		if out[i], err = r.seal(plain); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Decode decrypts the payloads that bear our Encoding and passes all others
// through, so that histories from before encryption stay readable. It is all
// or nothing: one bad payload fails the call.
//
// CodeDenied: a payload needs a key that the ring does not have; the error names
// it. CodeInvalid: a payload was changed, cut short, or unfolds beyond MaxPayload
// or, all together, MaxCall. No error shows contents.
func (r *Ring) Decode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	out, left := make([]*commonpb.Payload, len(payloads)), MaxCall
	for i, p := range payloads {
		if string(p.GetMetadata()[converter.MetadataEncoding]) != Encoding {
			out[i] = p
			continue
		}
		plain, err := r.open(p, min(left, MaxPayload))
		if err != nil {
			return nil, err
		}
		left -= len(plain)
		out[i] = &commonpb.Payload{}
		if err := proto.Unmarshal(plain, out[i]); err != nil {
			return nil, lastday.Errorf(lastday.CodeInvalid, opDecode, "what was encrypted is no payload")
		}
	}
	return out, nil
}

func tooLarge(op string) error {
	return lastday.Errorf(lastday.CodeInvalid, op, "too large: at most %d bytes in one payload and %d in one call", MaxPayload, MaxCall)
}

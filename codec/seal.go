package codec

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"

	"lastday"
)

// The first byte under the encryption says how the rest is packed. It stands
// inside so that nobody without the key can see or change it.
const (
	packedPlain   byte = 0
	packedDeflate byte = 1
)

// minPack is the size from which compressing can pay.
const minPack = 128

// seal makes of plain one encrypted payload: nonce, ciphertext and tag.
func (r *Ring) seal(plain []byte) (*commonpb.Payload, error) {
	packed, err := pack(plain)
	if err != nil {
		return nil, err
	}
	return &commonpb.Payload{
		Metadata: map[string][]byte{
			converter.MetadataEncoding: []byte(Encoding),
			MetadataKeyID:              []byte(r.first),
		},
		Data: r.aeads[r.first].Seal(nil, nil, packed, additional(r.first)), //nolint:gosec // G407: the AEAD makes a random nonce itself.
	}, nil
}

// open gives back what seal was given, unfolding to at most limit bytes.
func (r *Ring) open(p *commonpb.Payload, limit int) ([]byte, error) {
	id := string(p.GetMetadata()[MetadataKeyID])
	aead, ok := r.aeads[id]
	if !ok {
		return nil, lastday.Errorf(lastday.CodeDenied, opDecode,
			"the key %.64q is not in the ring: add it after the first key, and never take out a key that a kept history needs", id)
	}
	if len(p.GetData()) <= aead.Overhead() {
		return nil, lastday.Errorf(lastday.CodeInvalid, opDecode, "a payload of key %q is cut short", id)
	}
	packed, err := aead.Open(nil, nil, p.GetData(), additional(id))
	if err != nil || len(packed) == 0 {
		return nil, lastday.Errorf(lastday.CodeInvalid, opDecode, "a payload of key %q was changed, or another secret has that id", id)
	}
	return unpack(packed[0], packed[1:], limit)
}

// additional binds a ciphertext to its encoding and its key's id: neither can be
// rewritten in the metadata. Ids hold no NUL, hence there is one way to read it.
//
// It is not bound to the workflow. The SDK offers the workflow's id, but encodes
// a schedule's input with another id than the run that decodes it
// (https://github.com/temporalio/sdk-go, internal/internal_schedule_client.go).
func additional(id string) []byte { return []byte(Encoding + "\x00" + id) }

// pack compresses where that makes it smaller.
func pack(plain []byte) ([]byte, error) {
	stored := append([]byte{packedPlain}, plain...)
	if len(plain) < minPack {
		return stored, nil
	}
	buf := bytes.NewBuffer([]byte{packedDeflate})
	w, err := flate.NewWriter(buf, flate.DefaultCompression)
	if err != nil {
		return nil, lastday.Wrap(lastday.CodeInternal, opEncode, "compress", err)
	}
	_, err = w.Write(plain)
	if err := errors.Join(err, w.Close()); err != nil {
		return nil, lastday.Wrap(lastday.CodeInternal, opEncode, "compress", err)
	}
	if buf.Len() >= len(stored) {
		return stored, nil
	}
	return buf.Bytes(), nil
}

// unpack is the way back. It reads one byte beyond the limit and no more,
// however much a bomb would unfold to.
func unpack(how byte, body []byte, limit int) ([]byte, error) {
	switch how {
	case packedPlain:
		if len(body) > limit {
			return nil, tooLarge(opDecode)
		}
		return body, nil
	case packedDeflate:
		return inflate(body, limit)
	}
	return nil, lastday.Errorf(lastday.CodeInvalid, opDecode, "a payload is packed in a way of a later version")
}

func inflate(body []byte, limit int) ([]byte, error) {
	r := flate.NewReader(bytes.NewReader(body))
	plain, err := io.ReadAll(io.LimitReader(r, int64(limit)+1))
	if len(plain) > limit {
		return nil, tooLarge(opDecode)
	}
	if err != nil {
		return nil, lastday.Errorf(lastday.CodeInvalid, opDecode, "a payload does not unfold")
	}
	return plain, nil
}

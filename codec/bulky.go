package codec

import (
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/proto"
)

// bulkySize is the size from which a payload is compressed although histories
// are not encrypted. Temporal refuses payloads over 2 MiB, and the plan of
// somebody with thousands of grants is larger than that in plain JSON. Smaller
// ones stay as they are, so that the Temporal UI can show them.
const bulkySize = 128 << 10

// bulky compresses what is large and leaves alone what is not.
//
// With a ring it only opens: the ring compresses by itself, and histories from
// before it must stay readable.
type bulky struct {
	zlib   converter.PayloadCodec
	encode bool
}

func newBulky(encode bool) converter.PayloadCodec {
	return bulky{zlib: converter.NewZlibCodec(converter.ZlibCodecOptions{AlwaysEncode: true}), encode: encode}
}

// Encode compresses payloads of bulkySize and more.
func (b bulky) Encode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	encoded := make([]*commonpb.Payload, len(payloads))
	for i, p := range payloads {
		encoded[i] = p
		if !b.encode || proto.Size(p) < bulkySize {
			continue
		}
		one, err := b.zlib.Encode([]*commonpb.Payload{p})
		if err != nil {
			return nil, err
		}
		encoded[i] = one[0]
	}
	return encoded, nil
}

// Decode opens what was compressed.
func (b bulky) Decode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	return b.zlib.Decode(payloads)
}

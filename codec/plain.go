package codec

import (
	"context"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/proxy"
	"google.golang.org/protobuf/proto"

	"lastday"
)

// Plain decrypts and unpacks every payload of a message in place, such as of a
// history: what is left needs no key. A nil ring unpacks what was not encrypted.
//
// CodeInvalid: a key is missing, or a payload is damaged.
func Plain(ctx context.Context, ring *Ring, message proto.Message) error {
	if ring == nil {
		ring = &Ring{} // has no key, and says so of every encrypted payload
	}
	decode := func(_ *proxy.VisitPayloadsContext, payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
		opened, err := ring.Decode(payloads)
		if err != nil {
			return nil, err
		}
		return newBulky(false).Decode(opened)
	}
	err := proxy.VisitPayloads(ctx, message, proxy.VisitPayloadsOptions{Visitor: decode, SkipSearchAttributes: true})
	if err != nil {
		return lastday.Wrap(lastday.CodeInvalid, "codec", "a history cannot be decrypted", err)
	}
	return nil
}

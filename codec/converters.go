package codec

import (
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
)

// Converters gives the data converter and the failure converter that encrypt
// with the ring: both belong into client.Options and, for replays, into
// worker.WorkflowReplayerOptions. Messages and stacks of failures are encrypted
// too: Temporal shows "Encoded failure" in their place.
//
// A nil ring encrypts nothing; what is large is compressed all the same.
func Converters(ring *Ring) (converter.DataConverter, converter.FailureConverter) {
	if ring == nil {
		return convertersOf(false, newBulky(true))
	}
	return convertersOf(true, ring, newBulky(false))
}

func convertersOf(hide bool, codecs ...converter.PayloadCodec) (converter.DataConverter, converter.FailureConverter) {
	data := converter.NewCodecDataConverter(converter.GetDefaultDataConverter(), codecs...)
	failure := temporal.NewDefaultFailureConverter(temporal.DefaultFailureConverterOptions{
		DataConverter: data, EncodeCommonAttributes: hide,
	})
	return data, failure
}

// WorkerConverters are the Converters of a worker that runs workflows. They
// differ where a payload cannot be decrypted: the SDK then fails a workflow for
// its input and drops a signal with a log line, and a worker that was started
// without a new key would lose cases and messages so. Hence decoding panics
// there: the workflow task fails, is tried again, and goes on once the key is
// there. An activity's attempt fails and is retried as its policy says.
//
// A nil ring encrypts nothing, and stops at encrypted payloads in the same way.
//
// Only workers recover such a panic, under the default panic policy
// worker.BlockWorkflow; clients must use Converters. See the contract of
// PayloadCodec, https://pkg.go.dev/go.temporal.io/sdk/converter#PayloadCodec.
func WorkerConverters(ring *Ring) (converter.DataConverter, converter.FailureConverter) {
	return convertersOf(ring != nil, blocking{ring: ring}, newBulky(ring == nil))
}

// blocking is a ring that panics in a worker's hands, rather than have a case
// or a message lost. The SDK names the context only where it knows one: without,
// errors are returned.
type blocking struct {
	ring   *Ring
	worker bool
}

// Encode is the ring's; without one it changes nothing.
func (b blocking) Encode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	if b.ring == nil {
		return payloads, nil
	}
	return b.ring.Encode(payloads)
}

// Decode is the ring's, and panics with its error in a workflow or an activity.
func (b blocking) Decode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	ring := b.ring
	if ring == nil {
		ring = &Ring{} // has no key, and says so of every encrypted payload
	}
	out, err := ring.Decode(payloads)
	if err != nil && b.worker {
		panic(err)
	}
	return out, err
}

// WithSerializationContext says that a workflow or an activity is being served.
func (b blocking) WithSerializationContext(converter.SerializationContext) converter.PayloadCodec {
	return blocking{ring: b.ring, worker: true}
}

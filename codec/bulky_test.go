package codec_test

import (
	"strings"
	"testing"

	"lastday/codec"
)

func TestWhatIsLargeIsCompressedAlsoWithoutKeys(t *testing.T) {
	large := strings.Repeat(`{"name":"admin","level":"admin"},`, 100_000)
	for name, ring := range map[string]*codec.Ring{"without keys": nil, "with keys": ring(t)} {
		data, _ := codec.Converters(ring)
		p, err := data.ToPayload(large)
		if err != nil {
			t.Fatal(err)
		}
		if size := len(p.GetData()); size > 256<<10 {
			t.Errorf("%s: %d bytes of a payload of %d", name, size, len(large))
		}
		var back string
		if err := data.FromPayload(p, &back); err != nil || back != large {
			t.Errorf("%s: it does not come back: %v", name, err)
		}
	}
}

func TestWhatWasCompressedBeforeEncryptionStaysReadable(t *testing.T) {
	large := strings.Repeat("x", 1<<20)
	before, _ := codec.Converters(nil)
	p, err := before.ToPayload(large)
	if err != nil {
		t.Fatal(err)
	}
	since, _ := codec.Converters(ring(t))
	var back string
	if err := since.FromPayload(p, &back); err != nil || back != large {
		t.Errorf("it does not come back: %v", err)
	}
}

// ring is a ring of one new key.
func ring(t *testing.T) *codec.Ring {
	t.Helper()
	key, err := codec.ParseKey("k", codec.GenerateKey())
	if err != nil {
		t.Fatal(err)
	}
	made, err := codec.NewRing([]codec.Key{key})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

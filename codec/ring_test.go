package codec_test

import (
	"bytes"
	"compress/flate"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	"lastday"
	"lastday/codec"
)

// planted is what must be seen nowhere.
const planted = "jane.roe@example.com leaves on 2026-12-31"

func newKey(t testing.TB, id string) codec.Key {
	t.Helper()
	key, err := codec.ParseKey(id, codec.GenerateKey())
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newRing(t testing.TB, keys ...codec.Key) *codec.Ring {
	t.Helper()
	ring, err := codec.NewRing(keys)
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

func payload(data string) *commonpb.Payload {
	return &commonpb.Payload{
		Metadata: map[string][]byte{converter.MetadataEncoding: []byte(converter.MetadataEncodingJSON)},
		Data:     []byte(data),
	}
}

func encodeOne(t testing.TB, ring *codec.Ring, p *commonpb.Payload) *commonpb.Payload {
	t.Helper()
	out, err := ring.Encode([]*commonpb.Payload{p})
	if err != nil || len(out) != 1 {
		t.Fatalf("encode: %d payloads, %v", len(out), err)
	}
	return out[0]
}

func decodeOne(ring *codec.Ring, p *commonpb.Payload) (*commonpb.Payload, error) {
	out, err := ring.Decode([]*commonpb.Payload{p})
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

func wantSame(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestWhatIsEncodedComesBackWithItsMetadataAndIsHiddenMeanwhile(t *testing.T) {
	ring := newRing(t, newKey(t, "2026-11"))
	noise := make([]byte, 4096)
	if _, err := rand.Read(noise); err != nil {
		t.Fatal(err)
	}
	in := []*commonpb.Payload{
		payload(planted), payload(strings.Repeat(planted, 100)), payload(string(noise)), payload(""), {},
	}
	before := make([]*commonpb.Payload, len(in))
	for i := range in {
		before[i] = proto.Clone(in[i]).(*commonpb.Payload)
	}
	sealed, err := ring.Encode(in)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range sealed {
		if text := p.String(); strings.Contains(text, "jane") || strings.Contains(text, "json/plain") {
			t.Errorf("payload %d is readable: %.200s", i, text)
		}
	}
	out, err := ring.Decode(sealed)
	if err != nil {
		t.Fatal(err)
	}
	wantSame(t, "decoded", out, before)
	wantSame(t, "what was given in", in, before)
}

func TestTheSameTwiceLooksDifferent(t *testing.T) {
	ring := newRing(t, newKey(t, "k"))
	a, b := encodeOne(t, ring, payload(planted)), encodeOne(t, ring, payload(planted))
	if bytes.Equal(a.Data, b.Data) {
		t.Error("two ciphertexts of one text are equal: the nonce was used twice")
	}
}

func TestCompressionIsUsedWhereItHelps(t *testing.T) {
	ring := newRing(t, newKey(t, "k"))
	if got := len(encodeOne(t, ring, payload(strings.Repeat(planted, 1000))).Data); got > 4000 {
		t.Errorf("%d bytes of repeated text became %d", len(planted)*1000, got)
	}
	noise := make([]byte, 4096)
	if _, err := rand.Read(noise); err != nil {
		t.Fatal(err)
	}
	if got := len(encodeOne(t, ring, payload(string(noise))).Data); got > len(noise)+100 {
		t.Errorf("4096 random bytes grew to %d", got)
	}
}

func TestPayloadsFromBeforeEncryptionPassThrough(t *testing.T) {
	ring := newRing(t, newKey(t, "k"))
	for _, p := range []*commonpb.Payload{payload(planted), {}, {Data: []byte("x")}} {
		got, err := decodeOne(ring, p)
		if err != nil {
			t.Error(err)
		}
		wantSame(t, "passed through", got, p)
	}
}

func TestRotation(t *testing.T) {
	older, newer := newKey(t, "2025"), newKey(t, "2026")
	both := newRing(t, newer, older)
	fromOlder := encodeOne(t, newRing(t, older), payload("old"))
	if got, err := decodeOne(both, fromOlder); err != nil || string(got.GetData()) != "old" {
		t.Errorf("the retired key no longer decrypts: %v, %v", got, err)
	}
	fresh := encodeOne(t, both, payload("new"))
	if id := string(fresh.Metadata[codec.MetadataKeyID]); id != "2026" {
		t.Errorf("encrypted with %q, not with the first key", id)
	}
	_, err := decodeOne(newRing(t, older), fresh)
	if lastday.CodeOf(err) != lastday.CodeDenied || !strings.Contains(err.Error(), `"2026"`) {
		t.Errorf("a missing key must be denied and named: %v", err)
	}
	wantSame(t, "ids", both.KeyIDs(), []string{"2026", "2025"})
}

func TestAnotherSecretUnderTheSameIDDoesNotDecrypt(t *testing.T) {
	sealed := encodeOne(t, newRing(t, newKey(t, "k")), payload(planted))
	if _, err := decodeOne(newRing(t, newKey(t, "k")), sealed); lastday.CodeOf(err) != lastday.CodeInvalid {
		t.Errorf("got %v", err)
	}
}

func TestEveryChangedBitAndEveryCutIsFound(t *testing.T) {
	ring := newRing(t, newKey(t, "k"))
	sealed := encodeOne(t, ring, payload(planted))
	for i := range sealed.Data {
		bad := proto.Clone(sealed).(*commonpb.Payload)
		bad.Data[i] ^= 1 << (i % 8)
		if _, err := decodeOne(ring, bad); lastday.CodeOf(err) != lastday.CodeInvalid {
			t.Errorf("byte %d was changed: %v", i, err)
		}
		short := proto.Clone(sealed).(*commonpb.Payload)
		short.Data = short.Data[:i]
		if _, err := decodeOne(ring, short); lastday.CodeOf(err) != lastday.CodeInvalid {
			t.Errorf("cut to %d bytes: %v", i, err)
		}
	}
}

func TestTheKeyIDCannotBeRewritten(t *testing.T) {
	// The same secret under another id, as no ring allows but an attacker may wish.
	key := newKey(t, "a")
	sealed := encodeOne(t, newRing(t, key), payload(planted))
	sealed.Metadata[codec.MetadataKeyID] = []byte("b")
	if _, err := decodeOne(newRing(t, codec.Key{ID: "b", Secret: key.Secret}), sealed); err == nil {
		t.Error("a payload was accepted under another key id")
	}
}

func TestAnUnknownKeyIDFromOutsideDoesNotFloodTheError(t *testing.T) {
	sealed := encodeOne(t, newRing(t, newKey(t, "k")), payload(planted))
	sealed.Metadata[codec.MetadataKeyID] = bytes.Repeat([]byte("\x00x\n"), 100_000)
	_, err := decodeOne(newRing(t, newKey(t, "k")), sealed)
	if err == nil || len(err.Error()) > 600 || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %.700v", err)
	}
}

// forge seals bytes of the test's choice, as only a holder of the key can.
func forge(t *testing.T, key codec.Key, packed []byte) *commonpb.Payload {
	t.Helper()
	block, err := aes.NewCipher(key.Secret[:])
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	nonce := make([]byte, aead.NonceSize())
	return &commonpb.Payload{
		Metadata: map[string][]byte{
			converter.MetadataEncoding: []byte("binary/lastday-aes-256-gcm"), codec.MetadataKeyID: []byte(key.ID),
		},
		Data: aead.Seal(nonce, nonce, packed, []byte("binary/lastday-aes-256-gcm\x00"+key.ID)),
	}
}

func deflated(t *testing.T, plain []byte) []byte {
	t.Helper()
	buf := bytes.NewBuffer([]byte{1})
	w, err := flate.NewWriter(buf, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(plain); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func TestTheFormatIsTheDocumentedOne(t *testing.T) {
	// Held down from outside, since histories are kept for years.
	key := newKey(t, "k")
	plain, err := proto.Marshal(payload(planted))
	if err != nil {
		t.Fatal(err)
	}
	for _, packed := range [][]byte{append([]byte{0}, plain...), deflated(t, plain)} {
		got, err := decodeOne(newRing(t, key), forge(t, key, packed))
		if err != nil {
			t.Fatal(err)
		}
		wantSame(t, "decoded", got, payload(planted))
	}
}

func TestABombIsNotUnfolded(t *testing.T) {
	key := newKey(t, "k")
	bomb := forge(t, key, deflated(t, make([]byte, codec.MaxPayload+1)))
	if len(bomb.Data) > 64<<10 {
		t.Fatalf("this is no bomb: %d bytes", len(bomb.Data))
	}
	_, err := decodeOne(newRing(t, key), bomb)
	if lastday.CodeOf(err) != lastday.CodeInvalid || !strings.Contains(err.Error(), "too large") {
		t.Errorf("got %v", err)
	}
}

func TestManySmallBombsInOneCallAreNotUnfolded(t *testing.T) {
	ring := newRing(t, newKey(t, "k"))
	one := encodeOne(t, ring, payload(strings.Repeat("0", codec.MaxPayload-64)))
	if _, err := ring.Decode([]*commonpb.Payload{one, one, one, one}); err != nil {
		t.Errorf("four are allowed: %v", err)
	}
	if _, err := ring.Decode([]*commonpb.Payload{one, one, one, one, one}); err == nil {
		t.Error("five unfold beyond MaxCall")
	}
}

func TestWhatCouldNotBeDecodedIsNotEncoded(t *testing.T) {
	ring := newRing(t, newKey(t, "k"))
	_, err := ring.Encode([]*commonpb.Payload{payload(strings.Repeat("0", codec.MaxPayload))})
	if lastday.CodeOf(err) != lastday.CodeInvalid {
		t.Errorf("got %v", err)
	}
}

func TestNonsenseUnderTheEncryptionIsAnError(t *testing.T) {
	key := newKey(t, "k")
	for name, packed := range map[string][]byte{
		"nothing":         {},
		"unknown packing": {9, 1, 2},
		"no deflate":      {1, 0xff, 0xff, 0xff},
		"cut deflate":     deflated(t, bytes.Repeat([]byte("abc"), 500))[:6],
		"no payload":      {0, 0xff, 0xff},
	} {
		if _, err := decodeOne(newRing(t, key), forge(t, key, packed)); lastday.CodeOf(err) != lastday.CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestARingServesManyAtOnce(t *testing.T) {
	ring := newRing(t, newKey(t, "a"), newKey(t, "b"))
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 50 {
				sealed, err := ring.Encode([]*commonpb.Payload{payload(strings.Repeat(planted, 10))})
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := ring.Decode(sealed); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func FuzzDecode(f *testing.F) {
	ring := newRing(f, newKey(f, "k"))
	sealed := encodeOne(f, ring, payload(planted))
	f.Add([]byte(codec.Encoding), []byte("k"), sealed.Data)
	f.Add([]byte(codec.Encoding), []byte("k"), []byte{})
	f.Add([]byte(codec.Encoding), []byte(""), sealed.Data[:28])
	f.Add([]byte("json/plain"), []byte("k"), []byte(planted))
	f.Fuzz(func(t *testing.T, encoding, id, data []byte) {
		in := &commonpb.Payload{
			Metadata: map[string][]byte{converter.MetadataEncoding: encoding, codec.MetadataKeyID: id}, Data: data,
		}
		out, err := decodeOne(ring, in)
		switch {
		case string(encoding) != codec.Encoding:
			if err != nil || out != in {
				t.Fatalf("a foreign payload did not pass through: %v", err)
			}
		case err == nil && !bytes.Equal(data, sealed.Data):
			t.Fatal("a forged payload was accepted")
		}
	})
}

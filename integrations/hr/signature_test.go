package hr

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"lastday"
)

// Schemes of vendors, as their documentation tells them.
func finch() Scheme {
	s := StandardWebhooks()
	s.Name, s.Key = "finch", "base64"
	s.SignatureHeader, s.IDHeader, s.TimestampHeader = "Finch-Signature", "Finch-Event-Id", "Finch-Timestamp"
	return s
}

// https://documentation.bamboohr.com/docs/webhooks: hex over body and timestamp, without a separator.
func bamboo() Scheme {
	return Scheme{Name: "bamboohr", Message: "{body}{timestamp}", SignatureHeader: "X-BambooHR-Signature", TimestampHeader: "X-BambooHR-Timestamp"}
}

// https://developer.deel.com/docs/webhooks-get-started: the word POST stands before the body.
func deel() Scheme {
	return Scheme{Name: "deel", Message: "POST{body}", SignatureHeader: "x-deel-signature"}
}

// https://apidocs.hibob.com/docs/working-with-webhooks: SHA-512 in base64.
func hibob() Scheme {
	return Scheme{Name: "hibob", Hash: "sha512", Encoding: "base64", SignatureHeader: "Bob-Signature"}
}

// Vectors that others published, so that a mistake of ours cannot hide in both
// the signing and the verifying.
func TestSchemesVerifyPublishedVectors(t *testing.T) {
	for _, v := range []struct {
		name, secret, body string
		scheme             Scheme
		header             map[string]string
	}{
		{
			// standard-webhooks/standard-webhooks, libraries/go/webhook_test.go
			name: "standard webhooks, the library's test", scheme: StandardWebhooks(),
			secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", body: `{"test": 2432232314}`,
			header: map[string]string{
				"webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": "1614265330",
				"webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
			},
		},
		{
			// standard-webhooks/standard-webhooks, libraries/rust/src/lib.rs
			name: "standard webhooks, the Rust library's test", scheme: StandardWebhooks(),
			secret: "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", body: `{"email":"test@example.com","username":"test_user"}`,
			header: map[string]string{
				"webhook-id": "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk", "webhook-timestamp": "1649367553",
				"webhook-signature": "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=",
			},
		},
		{
			// Finch-API/finch-api-node, tests/api-resources/webhooks.test.ts
			name: "other header names", scheme: finch(),
			secret: "5WbX5kEWLlfzsGNjH64I8lOOqUB6e8FH", body: `{"company_id":"720be419-0293-4d32-a707-32179b0827ab"}`,
			header: map[string]string{
				"Finch-Event-Id": "msg_2Lh9KRb0pzN4LePd3XiA4v12Axj", "Finch-Timestamp": "1676312382",
				"Finch-Signature": "v1,m7y0TV2C+hlHxU42wCieApTSTaA8/047OAplBqxIV/s=",
			},
		},
		{
			// fusebit/integrations, src/bamboohr/bamboohr-connector/test: a captured delivery.
			name: "the timestamp behind the body, in hex", scheme: bamboo(), secret: "123b929362d51613054f71e5e5d4bf2c",
			body: `{"employees":[{"changedFields":["First name"],"fields":{"Employee #":{"value":"300"},"First name":{"value":"Tefi"},"Last name":{"value":"Adams"}},"id":"5"}]}`,
			header: map[string]string{
				"X-BambooHR-Timestamp": "1658248023",
				"X-BambooHR-Signature": "56491dd9c2b352bc5f4fc627159aae20ddff9c8cb19f239a6de6771dc5310bac",
			},
		},
	} {
		t.Run(v.name, func(t *testing.T) {
			header := http.Header{}
			for name, value := range v.header {
				header.Set(name, value)
			}
			ring := ringOf(t, v.scheme, Secret{ID: "now", Ref: "env:A"}, v.secret)
			if _, err := ring.Verify(header, []byte(v.body), stampOf(t, v.scheme, header)); err != nil {
				t.Fatalf("a published signature is refused: %v", err)
			}
			if _, err := ring.Verify(header, []byte(v.body+" "), stampOf(t, v.scheme, header)); lastday.CodeOf(err) != lastday.CodeDenied {
				t.Fatalf("a changed body is let through: %v", err)
			}
		})
	}
}

// Two schemes have no published vector; both ends are ours here, and openssl's
// sums are written down.
func TestSchemesFollowTheVendorsFormulas(t *testing.T) {
	body := []byte(`{"a":1}`)
	const secret = "0123456789abcdef0123456789abcdef"
	for name, v := range map[string]struct {
		scheme Scheme
		want   string
	}{
		// printf 'POST{"a":1}' | openssl dgst -sha256 -hmac 0123456789abcdef0123456789abcdef
		"a word before the body": {deel(), "d3b231c03046f690600ce93a27b390df127947b80d50341818407e2ae971f2be"},
		// printf '{"a":1}' | openssl dgst -sha512 -hmac 0123456789abcdef0123456789abcdef -binary | base64 -w0
		"SHA-512 in base64": {hibob(), "T6nyMEvLyuMJR07iKoXZLi1/Q9DZXQC2cp466wYgcSwG4soJhDs52Cc8siedRgH6SEVDA7aTZVwNOfY3atUz6A=="},
	} {
		header, err := v.scheme.Sign(secret, "", time.Unix(1, 0), body)
		if err != nil {
			t.Fatal(err)
		}
		if got := header.Get(v.scheme.SignatureHeader); got != v.want {
			t.Errorf("%s: signed %s, want %s", name, got, v.want)
		}
	}
}

const (
	testSecret  = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	otherSecret = "whsec_ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA="
)

// The official library is the other opinion about what a signature is.
func TestTheOfficialLibraryVerifiesWhatWeSign(t *testing.T) {
	body, now := []byte(`{"n":1}`), time.Now()
	header, err := StandardWebhooks().Sign(testSecret, "evt_1", now, body)
	if err != nil {
		t.Fatal(err)
	}
	library, err := standardwebhooks.NewWebhook(testSecret)
	if err != nil {
		t.Fatal(err)
	}
	if err := library.Verify(body, header); err != nil {
		t.Fatalf("the library refuses: %v", err)
	}
}

func TestWeVerifyWhatTheOfficialLibrarySigns(t *testing.T) {
	body, now := []byte(`{"n":1}`), time.Unix(1795000000, 0)
	library, err := standardwebhooks.NewWebhook(testSecret)
	if err != nil {
		t.Fatal(err)
	}
	signature, err := library.Sign("evt_1", now, body)
	if err != nil {
		t.Fatal(err)
	}
	got, err := standardRing(t).Verify(headerOf("evt_1", "1795000000", signature), body, now)
	if err != nil {
		t.Fatal(err)
	}
	want := Verified{ID: "evt_1", SecretID: "now", Scheme: "standard-webhooks", At: now.UTC()}
	if got != want {
		t.Errorf("verified %+v, want %+v", got, want)
	}
}

func TestVerifyRefusesEverythingThatIsNotWellSigned(t *testing.T) {
	body, now := []byte(`{"n":1}`), time.Unix(1795000000, 0)
	signed, err := StandardWebhooks().Sign(testSecret, "evt_1", now, body)
	if err != nil {
		t.Fatal(err)
	}
	good := signed.Get("webhook-signature")
	other, err := StandardWebhooks().Sign(otherSecret, "evt_1", now, body)
	if err != nil {
		t.Fatal(err)
	}
	for name, header := range map[string]http.Header{
		"no headers":             {},
		"no signature":           headerOf("evt_1", "1795000000", ""),
		"no id":                  headerOf("", "1795000000", good),
		"no timestamp":           headerOf("evt_1", "", good),
		"another id":             headerOf("evt_2", "1795000000", good),
		"another timestamp":      headerOf("evt_1", "1795000001", good),
		"timestamp with a sign":  headerOf("evt_1", "+1795000000", good),
		"timestamp with a space": headerOf("evt_1", " 1795000000", good),
		"timestamp in words":     headerOf("evt_1", "now", good),
		"timestamp too long":     headerOf("evt_1", strings.Repeat("1", 40), good),
		"a dot in the id":        headerOf("evt.1", "1795000000", good),
		"another secret":         other,
		"another version":        headerOf("evt_1", "1795000000", "v2,"+strings.TrimPrefix(good, "v1,")),
		"no version":             headerOf("evt_1", "1795000000", strings.TrimPrefix(good, "v1,")),
		"half a signature":       headerOf("evt_1", "1795000000", good[:20]),
		"an empty signature":     headerOf("evt_1", "1795000000", "v1,"),
		"not base64":             headerOf("evt_1", "1795000000", "v1,!!!"),
		"a very long list":       headerOf("evt_1", "1795000000", strings.Repeat("v1,AAAA ", 1000)+good),
		"two timestamps": {
			"Webhook-Id": {"evt_1"}, "Webhook-Timestamp": {"1795000000", "1"}, "Webhook-Signature": {good},
		},
	} {
		if _, err := standardRing(t).Verify(header, body, now); lastday.CodeOf(err) != lastday.CodeDenied {
			t.Errorf("%s: got %v, want denied", name, err)
		}
	}
}

// Parts that could shift text into one another are refused also when the sum
// is right: "a.1" and "2" must not be taken for "a" and "1.2".
func TestVerifyRefusesAmbiguousPartsEvenWithTheRightSum(t *testing.T) {
	body, now, scheme := []byte(`{"n":1}`), time.Unix(1795000000, 0), StandardWebhooks()
	key, err := scheme.DecodeKey(testSecret)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []struct{ id, timestamp string }{
		{"evt.1", "1795000000"}, {"evt 1", "1795000000"}, {"evt_1", "+1795000000"}, {"evt_1", "1795000000 "}, {"evt_1", "-1795000000"},
	} {
		sum := base64.StdEncoding.EncodeToString(scheme.sum(key, v.id, v.timestamp, body))
		if _, err := standardRing(t).Verify(headerOf(v.id, v.timestamp, "v1,"+sum), body, now); lastday.CodeOf(err) != lastday.CodeDenied {
			t.Errorf("%q, %q: %v, want denied", v.id, v.timestamp, err)
		}
	}
}

// Rotating at the sender: it signs with the old and the new secret at a time.
func TestVerifyFindsTheRightSignatureInAList(t *testing.T) {
	body, now := []byte(`{"n":1}`), time.Unix(1795000000, 0)
	signed, err := StandardWebhooks().Sign(testSecret, "evt_1", now, body)
	if err != nil {
		t.Fatal(err)
	}
	list := "v1a,AAAA v1," + base64.StdEncoding.EncodeToString(make([]byte, 32)) + " " + signed.Get("webhook-signature")
	if _, err := standardRing(t).Verify(headerOf("evt_1", "1795000000", list), body, now); err != nil {
		t.Error(err)
	}
}

func TestHexMayBeUpperCaseAndBase64Unpadded(t *testing.T) {
	body := []byte(`{}`)
	const secret = "0123456789abcdef0123456789abcdef"
	for _, s := range []Scheme{deel(), hibob()} {
		header, err := s.Sign(secret, "", time.Unix(1, 0), body)
		if err != nil {
			t.Fatal(err)
		}
		text := header.Get(s.SignatureHeader)
		if s.withDefaults().Encoding == "hex" {
			text = strings.ToUpper(text)
		}
		header.Set(s.SignatureHeader, strings.TrimRight(text, "="))
		if _, err := ringOf(t, s, Secret{ID: "now", Ref: "env:A"}, secret).Verify(header, body, time.Unix(1, 0)); err != nil {
			t.Errorf("%s: %v", s.Name, err)
		}
	}
}

func TestKeysInTheWrongFormAreRefusedWithoutBeingShown(t *testing.T) {
	for name, v := range map[string]struct{ key, secret string }{
		"whsec too short":  {"whsec", "whsec_c2hvcnQ="},
		"whsec not base64": {"whsec", "whsec_####hunter2####"},
		"text too short":   {"text", "hunter2"},
		"hex":              {"hex", "hunter2hunter2hunter2hunter2hunter2"},
	} {
		_, err := Scheme{Key: v.key}.DecodeKey(v.secret)
		if lastday.CodeOf(err) != lastday.CodeInvalid {
			t.Errorf("%s: got %v, want invalid", name, err)
			continue
		}
		if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "c2hvcnQ") {
			t.Errorf("%s: the error shows the secret: %v", name, err)
		}
	}
}

func TestSchemeCheckTellsAllMistakesAtOnce(t *testing.T) {
	wrong := Scheme{Hash: "md5", Message: "{id}", Key: "rot13", Encoding: "ebcdic", TimestampHeader: "T", Window: -1}.Check()
	if len(wrong) != 9 {
		t.Errorf("%d mistakes: %q", len(wrong), wrong)
	}
}

func headerOf(id, timestamp, signature string) http.Header {
	h := http.Header{}
	for name, value := range map[string]string{"webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signature} {
		if value != "" {
			h.Set(name, value)
		}
	}
	return h
}

func stampOf(t *testing.T, s Scheme, h http.Header) time.Time {
	t.Helper()
	at, err := s.instant(h.Get(s.TimestampHeader))
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func FuzzVerify(f *testing.F) {
	f.Add("evt_1", "1795000000", "v1,AAAA", []byte(`{}`))
	f.Add("", "", "", []byte(nil))
	f.Add("a.b", "-1", "v1, v1,= v1a,x", []byte("\xff"))
	ring, err := NewKeyring(StandardWebhooks(), []Secret{{ID: "now", Ref: "env:A"}}, fixed(testSecret))
	if err != nil {
		f.Fatal(err)
	}
	now := time.Unix(1795000000, 0)
	if err := ring.Refresh(f.Context(), now); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, id, timestamp, signature string, body []byte) {
		if _, err := ring.Verify(headerOf(id, timestamp, signature), body, now); lastday.CodeOf(err) != lastday.CodeDenied {
			t.Fatalf("what nobody signed gives %v", err)
		}
	})
}

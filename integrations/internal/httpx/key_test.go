package httpx_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"

	"lastday"
	"lastday/integrations/internal/httpx"
)

func block(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func TestAKeyIsReadInBothForms(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	modern, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key)), block("PRIVATE KEY", modern)} {
		if got, err := httpx.RSAKey("open", "the key", text); err != nil || !got.Equal(key) {
			t.Errorf("%v", err)
		}
	}
}

func TestWhatIsNoRSAKeyIsRefusedWithoutRepeatingIt(t *testing.T) {
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	curve, err := x509.MarshalPKCS8PrivateKey(other)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"", "hunter2", block("PRIVATE KEY", []byte("hunter2")), block("PRIVATE KEY", curve)} {
		_, err := httpx.RSAKey("open", "the key", text)
		if lastday.CodeOf(err) != lastday.CodeInvalid || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%v", err)
		}
	}
}

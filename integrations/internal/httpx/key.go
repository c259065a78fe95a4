package httpx

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"

	"lastday"
)

// RSAKey reads a private RSA key in PEM, of either of the two forms in which
// vendors hand them out. CodeInvalid: it is none; the error does not repeat it.
func RSAKey(op, what, text string) (*rsa.PrivateKey, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, lastday.Errorf(lastday.CodeInvalid, op, "%s is no PEM block", what)
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	key, isRSA := parsed.(*rsa.PrivateKey)
	if err != nil || !isRSA {
		return nil, lastday.Errorf(lastday.CodeInvalid, op, "%s is no RSA key", what)
	}
	return key, nil
}

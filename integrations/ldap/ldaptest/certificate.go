package ldaptest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// pair is a certificate for the loopback that signs itself, and its key.
type pair struct{ cert, key []byte }

func newPair() (pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return pair{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "127.0.0.1"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Unix(0, 0), NotAfter: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, errCert := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	private, errKey := x509.MarshalPKCS8PrivateKey(key)
	return pair{
		cert: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		key:  pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
	}, errors.Join(errCert, errKey)
}

func (p pair) tls() (*tls.Config, error) {
	c, err := tls.X509KeyPair(p.cert, p.key)
	return &tls.Config{Certificates: []tls.Certificate{c}, MinVersion: tls.VersionTLS12}, err
}

// WriteCertificates puts ca.pem, cert.pem and key.pem into dir.
func WriteCertificates(dir string) error {
	p, err := newPair()
	return errors.Join(err,
		os.WriteFile(filepath.Join(dir, "ca.pem"), p.cert, 0o600),
		os.WriteFile(filepath.Join(dir, "cert.pem"), p.cert, 0o600),
		os.WriteFile(filepath.Join(dir, "key.pem"), p.key, 0o600))
}

package rig

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"testing"

	"framegate/gateway/certs"
)

// CertificatePair makes a certificate that a new authority signed for 127.0.0.1, and
// its key: chain and key are as files have them (PEM).
func CertificatePair(t *testing.T) (leaf *x509.Certificate, chain, key []byte) {
	t.Helper()
	authority, err := certs.OpenAuthority(t.TempDir(), func() []string { return []string{"127.0.0.1"} })
	if err != nil {
		t.Fatal(err)
	}
	pair, err := authority.Config().GetCertificate(&tls.ClientHelloInfo{})
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	var all bytes.Buffer
	for _, der := range pair.Certificate {
		if err := pem.Encode(&all, &pem.Block{Type: "CERTIFICATE", Bytes: der}); err != nil {
			t.Fatal(err)
		}
	}
	return pair.Leaf, all.Bytes(), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})
}

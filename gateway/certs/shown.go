package certs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"path/filepath"

	"golang.org/x/crypto/acme/autocert"
)

// Shown gives the certificate that a server with settings of Files or of an
// Authority shows at the moment, or nil where it has none. For settings of ACME,
// whose issuer would be asked, there is Kept.
func Shown(c *tls.Config) *x509.Certificate {
	certificate, err := c.GetCertificate(&tls.ClientHelloInfo{})
	if err != nil {
		return nil
	}
	return certificate.Leaf
}

// Kept gives the certificates that ACME keeps for names in a folder, which is that
// of its options. It asks nobody: a name without one is left out.
func Kept(folder string, names []string) (kept []*x509.Certificate) {
	cache := autocert.DirCache(filepath.Join(folder, "acme"))
	for _, name := range names {
		content, err := cache.Get(context.Background(), name)
		if err != nil {
			continue
		}
		if leaf := firstCertificate(content); leaf != nil {
			kept = append(kept, leaf)
		}
	}
	return kept
}

// firstCertificate reads the first certificate of PEM, in which keys may stand too.
func firstCertificate(content []byte) *x509.Certificate {
	for {
		block, rest := pem.Decode(content)
		if block == nil {
			return nil
		}
		if block.Type == "CERTIFICATE" {
			leaf, _ := x509.ParseCertificate(block.Bytes)
			return leaf
		}
		content = rest
	}
}

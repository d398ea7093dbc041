// Package certs gives the server its TLS certificates: of an authority of its
// own for machines on a local network, of files that somebody else renews, or
// of an ACME issuer such as Let's Encrypt.
//
// Each of them gives a tls.Config whose certificate may change while the
// server runs, without a restart and without a connection lost. Package main
// chooses one as the configuration says. The package serves nothing itself,
// starts no goroutine, and knows no users.
package certs

import (
	"crypto/tls"
	"net/http"
	"path/filepath"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

// serverConfig is what all kinds of certificates are served with.
func serverConfig(get func(*tls.ClientHelloInfo) (*tls.Certificate, error), protocols ...string) *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     append([]string{"h2", "http/1.1"}, protocols...),
		GetCertificate: get,
	}
}

// ACMEOptions say whose certificates are asked for, and of whom.
type ACMEOptions struct {
	Folder    string   // where keys and certificates are kept; made where it is not there
	Names     []string // the names to have certificates for
	Email     string   // where the issuer writes to; may be empty
	Directory string   // the issuer's directory; "" is Let's Encrypt
	Client    *http.Client
}

// ACME gets certificates as they are asked for and renews them 30 days before
// they end (RFC 8555). The issuer proves that the names are ours by a
// connection to port 443 (RFC 8737), which must lead here. A handshake for any
// other name fails.
func ACME(o ACMEOptions) *tls.Config {
	manager := &autocert.Manager{
		Prompt:     autocert.AcceptTOS,
		Cache:      autocert.DirCache(filepath.Join(o.Folder, "acme")),
		HostPolicy: autocert.HostWhitelist(o.Names...),
		Email:      o.Email,
		Client:     &acme.Client{DirectoryURL: o.Directory, HTTPClient: o.Client},
	}
	if o.Directory == "" {
		manager.Client.DirectoryURL = autocert.DefaultACMEDirectory
	}
	return serverConfig(manager.GetCertificate, acme.ALPNProto)
}

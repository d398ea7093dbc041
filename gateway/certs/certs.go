// Package certs gives the server its TLS certificates: of an authority of its
// own for machines on a local network, of files that somebody else renews, or
// of an ACME issuer such as Let's Encrypt.
//
// Each of them gives a tls.Config whose certificate may change while the
// server runs, without a restart and without a connection lost. Package front
// chooses one as the configuration says. The package serves nothing itself,
// starts no goroutine, and knows no users.
package certs

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

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
	Folder string // where keys and certificates are kept, under acme; made where it is not there
	// Names gives the names to have certificates for, at the moment. Those that
	// no public issuer knows, addresses and names without a dot, are left out.
	Names     func() []string
	Email     string // where the issuer writes to; may be empty
	Directory string // the issuer's directory; "" is Let's Encrypt
	Client    *http.Client
	Log       *slog.Logger // nil discards
}

// retold is how long a problem with the issuer is not told again.
const retold = time.Minute

// ACME gets certificates as they are asked for and renews them 30 days before
// they end, or when a third of a shorter life is left (RFC 8555). The issuer
// proves that the names are ours by a connection to port 443 (RFC 8737), which
// must lead here. A handshake for any other name fails; one without a name, as
// for an address, gets the certificate of the first of Names.
//
// The first handshake for a name waits for its certificate. What goes wrong is
// logged, since clients hear no more than that the handshake failed.
func ACME(o ACMEOptions) *tls.Config {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	a := &issued{names: o.Names, log: o.Log}
	a.manager = &autocert.Manager{
		Prompt:     autocert.AcceptTOS,
		Cache:      autocert.DirCache(filepath.Join(o.Folder, "acme")),
		HostPolicy: a.allow,
		Email:      o.Email,
		Client:     &acme.Client{DirectoryURL: cmp.Or(o.Directory, autocert.DefaultACMEDirectory), HTTPClient: o.Client},
	}
	return serverConfig(a.get, acme.ALPNProto)
}

// issued is certificates of an ACME issuer.
type issued struct {
	names   func() []string
	manager *autocert.Manager
	log     *slog.Logger

	mu   sync.Mutex // guards told
	told time.Time  // when a problem was last logged
}

// domains gives those of names that a public issuer may know.
func (a *issued) domains() []string {
	return slices.DeleteFunc(slices.Clone(a.names()), func(name string) bool {
		return net.ParseIP(name) != nil || !strings.Contains(name, ".")
	})
}

// allow is an autocert.HostPolicy.
func (a *issued) allow(_ context.Context, name string) error {
	if !slices.Contains(a.domains(), name) {
		return fmt.Errorf("no certificate is kept for %q", name)
	}
	return nil
}

// Issued says which of these names an issuer is asked for, and until when what is kept of
// it in a folder, as in ACMEOptions, is good for all of them. The error wraps
// fs.ErrNotExist where nothing is kept of one.
func Issued(folder string, names []string) (asked []string, until time.Time, err error) {
	asked = (&issued{names: func() []string { return names }}).domains()
	for _, name := range asked {
		kept, err := os.ReadFile(filepath.Join(folder, "acme", name)) // as autocert.DirCache names it
		if err != nil {
			return asked, time.Time{}, err
		}
		pair, err := tls.X509KeyPair(kept, kept)
		if err != nil {
			return asked, time.Time{}, fmt.Errorf("%s: %w", name, err)
		}
		if end := pair.Leaf.NotAfter; until.IsZero() || end.Before(until) {
			until = end
		}
	}
	return asked, until, nil
}

func (a *issued) get(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	name := strings.ToLower(strings.TrimSuffix(hello.ServerName, "."))
	domains := a.domains()
	if name == "" && len(domains) > 0 {
		name = domains[0]
	}
	named := *hello
	named.ServerName = name
	certificate, err := a.manager.GetCertificate(&named)
	switch {
	case !slices.Contains(domains, name): // strangers try many
	case err != nil && !slices.Equal(hello.SupportedProtos, []string{acme.ALPNProto}):
		a.tell("the issuer gives no certificate", "name", name, "err", err)
	case err == nil && certificate.Leaf != nil && overdue(certificate.Leaf, time.Now()):
		a.tell("the certificate was not renewed", "name", name, "until", certificate.Leaf.NotAfter)
	}
	return certificate, err
}

// overdue says that a certificate should have been renewed long ago.
func overdue(leaf *x509.Certificate, now time.Time) bool {
	return leaf.NotAfter.Sub(now) < min(leaf.NotAfter.Sub(leaf.NotBefore)/6, renewBefore/2)
}

// tell warns of a problem, now and then for as long as it is there.
func (a *issued) tell(message string, about ...any) {
	a.mu.Lock()
	silent := time.Since(a.told) < retold
	if !silent {
		a.told = time.Now()
	}
	a.mu.Unlock()
	if !silent {
		a.log.Warn(message, about...)
	}
}

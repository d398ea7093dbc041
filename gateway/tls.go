package main

import (
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"slices"

	"framegate/gateway/certs"
	"framegate/gateway/config"
)

// identity is by what the server proves who it is.
type identity struct {
	tls       *tls.Config      // nil: it does not
	authority *certs.Authority // nil where its certificates are somebody else's
}

// newIdentity gets the certificates that the configuration asks for.
func newIdentity(c *config.Config, log *slog.Logger) (identity, error) {
	switch c.TLS.Mode {
	case config.TLSFiles:
		settings, err := certs.Files(c.TLS.Cert, c.TLS.Key, log)
		return identity{tls: settings}, err
	case config.TLSSelfSigned:
		hosts := slices.Clone(c.Hosts)
		authority, err := certs.OpenAuthority(filepath.Join(c.Data, "tls"), func() []string { return certs.LocalNames(hosts) })
		if err != nil {
			return identity{}, err
		}
		return identity{tls: authority.Config(), authority: authority}, nil
	case config.TLSACME:
		return identity{tls: certs.ACME(certs.ACMEOptions{Folder: c.Data, Names: domains(c.Hosts), Email: c.TLS.Email})}, nil
	}
	return identity{}, nil
}

// domains gives those of names that are not addresses.
func domains(names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return net.ParseIP(name) != nil })
}

// scheme is what the server's addresses begin with.
func (i identity) scheme() string {
	if i.tls != nil {
		return "https"
	}
	return "http"
}

// serve answers requests on a listener until the server is shut down.
func (i identity) serve(s *http.Server, l net.Listener) error {
	if i.tls == nil {
		return s.Serve(l)
	}
	s.TLSConfig = i.tls
	return s.ServeTLS(l, "", "")
}

// showAuthority gives the certificate that a device must trust before it takes
// this server for what it says it is.
func (i identity) showAuthority(w http.ResponseWriter, _ *http.Request, _ string) error {
	if i.authority == nil {
		answer(w, http.StatusNotFound, "this server has no certificate authority of its own")
		return nil
	}
	w.Header().Set("Content-Type", "application/x-x509-ca-cert")
	w.Header().Set("Content-Disposition", `attachment; filename="framegate-ca.crt"`)
	w.Header().Set("X-Framegate-Fingerprint", i.authority.Fingerprint())
	w.Header().Set("Cache-Control", "no-store")
	_, err := w.Write(i.authority.Certificate())
	return err
}

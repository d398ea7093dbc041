package front

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"framegate/gateway/certs"
	"framegate/gateway/config"
)

// Identity is by what the server proves who it is. Its zero value is one that
// proves nothing.
type Identity struct {
	tls       *tls.Config      // nil: it does not
	authority *certs.Authority // nil where its certificates are somebody else's
	lasting   bool             // browsers may insist on TLS from now on
	hosts     func() []string  // names that the server answers to, at the moment
	shown     func() []*x509.Certificate
}

// NewIdentity gets the certificates that the configuration asks for, and makes
// those that the server is to make. The names
// that hosts gives are the server's besides those that the machine has anyway,
// which nobody else can take (RFC 6762, and those without a dot), so that they
// are no way for DNS rebinding.
func NewIdentity(c *config.Config, hosts func() []string, log *slog.Logger) (i Identity, err error) {
	machine := certs.HostNames()
	i.hosts = func() []string { return slices.Concat(hosts(), machine) }
	i.lasting = c.TLS.Mode == config.TLSFiles || c.TLS.Mode == config.TLSACME
	i.shown = func() []*x509.Certificate {
		if leaf := certs.Shown(i.tls); leaf != nil {
			return []*x509.Certificate{leaf}
		}
		return nil
	}
	switch c.TLS.Mode {
	case config.TLSFiles:
		i.tls, err = certs.Files(c.TLS.Cert, c.TLS.Key, log)
	case config.TLSSelfSigned:
		names := func() []string { return certs.LocalNames(hosts()) }
		if i.authority, err = certs.OpenAuthority(filepath.Join(c.Data, "tls"), names); err == nil {
			i.tls = i.authority.Config()
		}
	case config.TLSACME:
		i.shown = func() []*x509.Certificate { return certs.Kept(c.Data, hosts()) }
		i.tls = certs.ACME(certs.ACMEOptions{Folder: c.Data, Names: hosts, Email: c.TLS.Email, Directory: c.TLS.Directory, Log: log})
	}
	return i, err
}

// TLS is with what other protocols than HTTP prove it; nil where the server does not.
func (i Identity) TLS() *tls.Config {
	if i.tls == nil {
		return nil
	}
	c := i.tls.Clone()
	c.NextProtos = nil
	return c
}

// Scheme is what the server's addresses begin with.
func (i Identity) Scheme() string {
	if i.tls != nil {
		return "https"
	}
	return "http"
}

// Fingerprint is by what people recognise the server's own certificate
// authority; "" where it has none.
func (i Identity) Fingerprint() string {
	if i.authority == nil {
		return ""
	}
	return i.authority.Fingerprint()
}

// Hosts gives the names that the server answers to at the moment, besides any
// address.
func (i Identity) Hosts() []string { return i.hosts() }

// Certificates gives those that the server shows at the moment, none without TLS.
func (i Identity) Certificates() []*x509.Certificate {
	if i.tls == nil {
		return nil
	}
	return i.shown()
}

// insist tells browsers to come by TLS alone from now on (RFC 6797), where the
// certificates are ones that they trust. They would for all ports of the name,
// so a server that is at a port of its own, beside others maybe, does not say it.
func (i Identity) insist(w http.ResponseWriter, r *http.Request) {
	if i.lasting && r.TLS != nil && !strings.Contains(r.Host, ":") {
		w.Header().Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// Serve answers requests on a listener until the server is shut down, as
// http.Server's Serve and ServeTLS do.
func (i Identity) Serve(s *http.Server, l net.Listener) error {
	if i.tls == nil {
		return s.Serve(l)
	}
	s.TLSConfig = i.tls.Clone() // which it changes, while RTSP has it too
	return s.ServeTLS(&secureListener{l, i.hosts, int64(s.MaxHeaderBytes)}, "", "")
}

// showAuthority gives the certificate that a device must trust before it takes
// this server for what it says it is.
func (i Identity) showAuthority(w http.ResponseWriter, _ *http.Request, _ Visit) error {
	if i.authority == nil {
		answer(w, http.StatusNotFound, "this server has no certificate authority of its own")
		return nil
	}
	w.Header().Set("Content-Type", "application/x-x509-ca-cert")
	w.Header().Set("Content-Disposition", `attachment; filename="framegate-ca.crt"`)
	w.Header().Set("X-Framegate-Fingerprint", i.Fingerprint())
	w.Header().Set("Cache-Control", "no-store")
	_, err := w.Write(i.authority.Certificate())
	return err
}

// secureListener takes connections in for TLS. A client that speaks HTTP
// without it, as browsers do where a person types an address without https,
// is told where to go.
type secureListener struct {
	net.Listener
	hosts       func() []string
	headerBytes int64 // of a request
}

// Accept gives the next connection.
func (l *secureListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &firstSeen{Conn: c, listener: l}, nil
}

// firstSeen is a connection whose first bytes are looked at: a record of TLS
// begins with 0x16 (RFC 8446 section 5.1), a request with a capital letter. It
// is in the first Read, under the deadline for the handshake, that a request
// is answered.
type firstSeen struct {
	net.Conn
	listener *secureListener
	begun    bool
}

// NetConn gives the connection below, which package delivery looks for.
func (c *firstSeen) NetConn() net.Conn { return c.Conn }

// Read reads what the client sends, but for a request without TLS.
func (c *firstSeen) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if c.begun || n == 0 {
		return n, err
	}
	c.begun = true
	if b[0] < 'A' || b[0] > 'Z' {
		return n, err
	}
	request := io.MultiReader(bytes.NewReader(b[:n]), io.LimitReader(c.Conn, c.listener.headerBytes))
	if err := sendToTLS(c.Conn, request, c.listener.hosts()); err != nil {
		return 0, err
	}
	return 0, io.EOF
}

// sendToTLS answers a request that came without TLS: a page is to be found
// with it at the same address, and all else is told.
func sendToTLS(w io.Writer, request io.Reader, hosts []string) error {
	const text = "This port speaks HTTPS: the address begins with https://"
	r, err := http.ReadRequest(bufio.NewReader(request))
	if err != nil || r.Host == "" || !ourHost(r.Host, hosts) || r.Method != http.MethodGet && r.Method != http.MethodHead {
		_, err = fmt.Fprintf(w, "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n%s\n", text)
		return err
	}
	to := url.URL{Scheme: "https", Host: r.Host, Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery}
	_, err = fmt.Fprintf(w, "HTTP/1.1 307 Temporary Redirect\r\nLocation: %s\r\nContent-Type: text/plain\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n%s\n", &to, text)
	return err
}

package certs

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, folder string, names ...string) *Authority {
	t.Helper()
	a, err := OpenAuthority(folder, func() []string { return names })
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// leaf gives the certificate a client sees now.
func leaf(t *testing.T, c *tls.Config) *x509.Certificate {
	t.Helper()
	certificate, err := c.GetCertificate(&tls.ClientHelloInfo{})
	if err != nil {
		t.Fatal(err)
	}
	return certificate.Leaf
}

// serveTLS answers "hello" with these settings, and gives where.
func serveTLS(t *testing.T, c *tls.Config) string {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "hello over "+r.Proto)
	}))
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) // of clients that are refused
	s.Listener = tls.NewListener(s.Listener, c)
	s.Start()
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

func TestAuthorityServesItsNames(t *testing.T) {
	folder := t.TempDir()
	a := open(t, folder, "cams.example.org", "127.0.0.1", "::1", "127.0.0.1")
	address := serveTLS(t, a.Config())
	authority := filepath.Join(t.TempDir(), "downloaded.crt")
	if err := os.WriteFile(authority, a.Certificate(), 0o600); err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(address)
	for name, good := range map[string]bool{"cams.example.org": true, "127.0.0.1": true, "other.example.org": false} {
		out, err := exec.Command("curl", "-sS", "--max-time", "20", "--cacert", authority, "--resolve", name+":"+port+":127.0.0.1", "https://"+name+":"+port+"/").CombinedOutput()
		if good != (err == nil && strings.HasPrefix(string(out), "hello")) {
			t.Errorf("%s: %v, %s", name, err, out)
		}
	}
}

func TestAuthorityIsTheSameAfterARestart(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "tls")
	first := open(t, folder, "localhost")
	second := open(t, folder, "localhost")
	if first.Fingerprint() != second.Fingerprint() || !bytes.Equal(first.Certificate(), second.Certificate()) {
		t.Error("another authority after a restart")
	}
	if len(first.Fingerprint()) != 32*3-1 {
		t.Error(first.Fingerprint())
	}
	for name, want := range map[string]os.FileMode{"": 0o700 | os.ModeDir, "ca.key": 0o600, "ca.crt": 0o644} {
		if info, err := os.Stat(filepath.Join(folder, name)); err != nil || info.Mode() != want {
			t.Errorf("%q has mode %v, want %v; %v", name, info.Mode(), want, err)
		}
	}
	roots := x509.NewCertPool()
	roots.AddCert(first.cert)
	if _, err := leaf(t, second.Config()).Verify(x509.VerifyOptions{Roots: roots, DNSName: "localhost"}); err != nil {
		t.Error(err)
	}
}

func TestLocalNames(t *testing.T) {
	got := strings.Join(LocalNames([]string{"cams.example.org"}), " ")
	for _, name := range []string{"cams.example.org", "localhost", "127.0.0.1", "::1"} {
		if !strings.Contains(got, name) {
			t.Errorf("%s is not in %s", name, got)
		}
	}
	host, err := os.Hostname()
	if err == nil && isDNSName(host) && !strings.Contains(got, strings.ToLower(host)) {
		t.Errorf("the host's name %s is not in %s", host, got)
	}
}

// writePair writes the certificate and key of a new authority's server.
func writePair(t *testing.T, certFile, keyFile, name string) {
	t.Helper()
	folder := t.TempDir()
	open(t, folder, name)
	for from, to := range map[string]string{"ca.crt": certFile, "ca.key": keyFile} {
		b, err := os.ReadFile(filepath.Join(folder, from))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOldProtocolsAreRefused(t *testing.T) {
	address := serveTLS(t, open(t, t.TempDir(), "127.0.0.1").Config())
	c, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10})
	if err == nil {
		c.Close()
		t.Error("TLS 1.1 was accepted")
	}
}

func until(t *testing.T, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !done(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it did not happen")
		}
	}
}

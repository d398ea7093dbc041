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
	"testing/synctest"
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

func TestDamagedAuthorityIsNotReplaced(t *testing.T) {
	for _, damaged := range []string{"ca.key", "ca.crt"} {
		folder := t.TempDir()
		open(t, folder, "localhost")
		name := filepath.Join(folder, damaged)
		if err := os.WriteFile(name, []byte("garbage"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenAuthority(folder, nil); err == nil || !strings.Contains(err.Error(), "restore it from a backup") {
			t.Errorf("%s: %v", damaged, err)
		}
		if b, _ := os.ReadFile(name); string(b) != "garbage" {
			t.Errorf("%s was replaced", damaged)
		}
	}
}

func TestCertificateFollowsNamesAndTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		names := []string{"localhost", "192.0.2.1"}
		a, err := OpenAuthority(t.TempDir(), func() []string { return names })
		if err != nil {
			t.Fatal(err)
		}
		c := a.Config()
		first := leaf(t, c)
		if leaf(t, c) != first {
			t.Error("a new certificate for each handshake")
		}

		names = []string{"localhost", "192.0.2.7"}
		time.Sleep(namesEvery)
		second := leaf(t, c)
		if err := second.VerifyHostname("192.0.2.7"); err != nil {
			t.Error(err)
		}
		if second.VerifyHostname("192.0.2.1") == nil {
			t.Error("the certificate names an address that is gone")
		}

		time.Sleep(leafLife - renewBefore - time.Hour)
		if leaf(t, c) != second {
			t.Error("renewed early")
		}
		time.Sleep(2 * time.Hour)
		third := leaf(t, c)
		if third == second || time.Until(third.NotAfter) < leafLife-time.Minute {
			t.Errorf("not renewed: ends %v", third.NotAfter)
		}

		time.Sleep(authorityLife - leafLife - 30*24*time.Hour)
		if last := leaf(t, c); last.NotAfter.After(a.cert.NotAfter) {
			t.Error("outlives its authority")
		}
	})
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

func TestFilesAreReadAgainWhenTheyChange(t *testing.T) {
	folder := t.TempDir()
	cert, key := filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	writePair(t, cert, key, "localhost")
	var logged bytes.Buffer
	c, err := Files(cert, key, slog.New(slog.NewTextHandler(&logged, nil)))
	if err != nil {
		t.Fatal(err)
	}
	first := leaf(t, c)

	if err := os.WriteFile(cert, []byte("half a certif"), 0o600); err != nil {
		t.Fatal(err)
	}
	until(t, func() bool { leaf(t, c); return strings.Contains(logged.String(), "the old one stays") })
	if leaf(t, c) != first {
		t.Error("a bad certificate took the good one's place")
	}

	writePair(t, cert, key, "localhost")
	until(t, func() bool { return leaf(t, c) != first })
	if n := strings.Count(logged.String(), "the old one stays"); n > 2 { // certificate and key change one after the other
		t.Errorf("said %d times", n)
	}
}

func TestFilesThatAreNoGoodAtTheStart(t *testing.T) {
	folder := t.TempDir()
	cert, key := filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	if _, err := Files(cert, key, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), cert) {
		t.Error(err)
	}
	writePair(t, cert, key, "localhost")
	writePair(t, cert, filepath.Join(folder, "other.pem"), "localhost")
	if _, err := Files(cert, key, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "does not match") {
		t.Error(err)
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

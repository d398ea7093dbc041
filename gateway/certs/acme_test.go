package certs

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/acme"
)

// issuer is one that does not answer, and counts who asks.
type issuer struct {
	mu    sync.Mutex
	asked []string
}

func (i *issuer) RoundTrip(r *http.Request) (*http.Response, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.asked = append(i.asked, r.URL.String())
	return nil, errors.New("the issuer is away")
}

func (i *issuer) times() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return len(i.asked)
}

// domain is a server whose certificates an issuer gives.
type domain struct {
	*tls.Config
	folder string
	names  []string
	issuer issuer
	log    bytes.Buffer
}

func newDomain(t *testing.T, names ...string) *domain {
	t.Helper()
	d := &domain{folder: t.TempDir(), names: names}
	d.Config = ACME(ACMEOptions{
		Folder: d.folder, Names: func() []string { return d.names }, Email: "a@example.org",
		Directory: "https://issuer.invalid/directory", Client: &http.Client{Transport: &d.issuer},
		Log: slog.New(slog.NewTextHandler(&d.log, nil)),
	})
	return d
}

// keep keeps a certificate for a name, as if the issuer had given it.
func (d *domain) keep(t *testing.T, name string, from, to time.Duration) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: serial(), DNSNames: []string{name}, NotBefore: time.Now().Add(from), NotAfter: time.Now().Add(to)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	content := append(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: private}), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	if err := os.MkdirAll(filepath.Join(d.folder, "acme"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(d.folder, "acme", name), content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// hello is what a client says that knows all of TLS.
func hello(name string) *tls.ClientHelloInfo {
	return &tls.ClientHelloInfo{ServerName: name, SupportedVersions: []uint16{tls.VersionTLS13}, SignatureSchemes: []tls.SignatureScheme{tls.ECDSAWithP256AndSHA256},
		CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}}
}

// told gives how often the log warns since it was asked last, and what of.
func (d *domain) told() (times int, text string) {
	text = d.log.String()
	d.log.Reset()
	return strings.Count(text, "level="), text
}

const day = 24 * time.Hour

// TestKeptCertificatesAreServed by real handshakes, without a word to the
// issuer: for the name asked for however it is written, and for the first name
// where none is, as for an address.
func TestKeptCertificatesAreServed(t *testing.T) {
	d := newDomain(t, "localhost", "192.0.2.1", "a.example.org", "b.example.org")
	d.keep(t, "a.example.org", -time.Hour, 89*day)
	d.keep(t, "b.example.org", -time.Hour, 89*day)
	address := serveTLS(t, d.Config)
	for asked, want := range map[string]string{
		"a.example.org": "a.example.org", "B.Example.ORG": "b.example.org", "b.example.org.": "b.example.org", "127.0.0.1": "a.example.org",
		"c.example.org": "", "localhost": "", "example.org": "",
	} {
		c, err := tls.Dial("tcp", address, &tls.Config{ServerName: asked, InsecureSkipVerify: true, NextProtos: []string{"h2"}})
		if (err == nil) != (want != "") {
			t.Errorf("%s: %v", asked, err)
		}
		if err != nil {
			continue
		}
		if s := c.ConnectionState(); s.PeerCertificates[0].DNSNames[0] != want || s.NegotiatedProtocol != "h2" {
			t.Errorf("%s: got that of %v by %s", asked, s.PeerCertificates[0].DNSNames, s.NegotiatedProtocol)
		}
		c.Close()
	}
	if n, text := d.told(); n > 0 || d.issuer.times() > 0 {
		t.Errorf("the issuer was asked %d times, and it is told %s", d.issuer.times(), text)
	}
	d.names = []string{"b.example.org"} // as after a reload
	if c, err := d.GetCertificate(hello("")); err != nil || c.Leaf.DNSNames[0] != "b.example.org" {
		t.Errorf("without a name: %v", err)
	}
	if _, err := d.GetCertificate(hello("a.example.org")); err == nil || !strings.Contains(err.Error(), `no certificate is kept for "a.example.org"`) {
		t.Errorf("a name that is ours no more: %v", err)
	}
}

// TestIssuerThatIsAway is told of once a minute while somebody asks for a name of
// ours, and strangers' names are nobody's news and are not asked for.
func TestIssuerThatIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDomain(t, "cams.example.org", "other.example.org")
		ask := func(name string) {
			t.Helper()
			if _, err := d.GetCertificate(hello(name)); err == nil {
				t.Fatalf("%q: a certificate from nobody", name)
			}
		}
		for _, strange := range []string{"example.org", "localhost", "x.cams.example.org", "a..b", "*.example.org", "192.0.2.1"} {
			ask(strange)
		}
		if n, text := d.told(); n > 0 || d.issuer.times() > 0 {
			t.Errorf("for strangers: asked %d times, told %q", d.issuer.times(), text)
		}
		ask("cams.example.org")
		if n, text := d.told(); n != 1 || !strings.Contains(text, "name=cams.example.org") || !strings.Contains(text, "the issuer is away") {
			t.Errorf("told %q", text)
		}
		if d.issuer.times() == 0 || d.issuer.asked[0] != "https://issuer.invalid/directory" {
			t.Errorf("asked for %v", d.issuer.asked)
		}
		ask("other.example.org")
		time.Sleep(retold - time.Second)
		ask("")
		if n, text := d.told(); n != 0 {
			t.Errorf("told again: %q", text)
		}
		time.Sleep(time.Second)
		ask("")
		if n, _ := d.told(); n != 1 {
			t.Errorf("told %d times after a minute", n)
		}
		time.Sleep(retold)
		challenge := hello("cams.example.org") // by which the issuer looks whether the name is ours
		challenge.SupportedProtos = []string{acme.ALPNProto}
		if _, err := d.GetCertificate(challenge); err == nil {
			t.Error("an answer to a question that nobody asks")
		}
		if n, text := d.told(); n != 0 {
			t.Errorf("of a question: told %q", text)
		}
	})
}

// TestCertificateThatIsNotRenewed is served until it ends, and told of in time.
func TestCertificateThatIsNotRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDomain(t, "cams.example.org")
		d.keep(t, "cams.example.org", -time.Hour, 90*day)
		ask := func(wants int, when string) {
			t.Helper()
			c, err := d.GetCertificate(hello("cams.example.org"))
			if err != nil || !c.Leaf.NotAfter.After(time.Now()) {
				t.Fatalf("%s: %v", when, err)
			}
			if n, text := d.told(); n != wants || n > 0 && !strings.Contains(text, "the certificate was not renewed") {
				t.Errorf("%s: told %q", when, text)
			}
		}
		ask(0, "new")
		time.Sleep(59 * day)
		ask(0, "before it is due")
		if d.issuer.times() > 0 {
			t.Error("the issuer was asked early")
		}
		time.Sleep(2 * day)
		if ask(0, "just due"); d.issuer.times() == 0 {
			t.Error("the issuer was not asked in time")
		}
		time.Sleep(15 * day)
		ask(1, "two weeks before its end")
		ask(0, "and again")
		time.Sleep(retold)
		ask(1, "a minute later")
	})
}

// TestOverdue: half of the month in which it is to be renewed, or a sixth of a
// shorter life.
func TestOverdue(t *testing.T) {
	now := time.Now()
	for _, c := range []struct {
		life, left time.Duration
		want       bool
	}{
		{90 * day, 31 * day, false}, {90 * day, 15*day + time.Hour, false}, {90 * day, 15*day - time.Hour, true}, {90 * day, -time.Hour, true},
		{6 * day, day + time.Hour, false}, {6 * day, day - time.Hour, true},
		{398 * day, 16 * day, false}, {398 * day, 14 * day, true},
	} {
		leaf := &x509.Certificate{NotAfter: now.Add(c.left), NotBefore: now.Add(c.left - c.life)}
		if got := overdue(leaf, now); got != c.want {
			t.Errorf("%v left of %v: %v", c.left, c.life, got)
		}
	}
}

// TestKeysOfTheIssuerAreKeptSecret, and a damaged or an unreadable certificate is
// asked for anew.
func TestKeysOfTheIssuerAreKeptSecret(t *testing.T) {
	d := newDomain(t, "cams.example.org")
	d.keep(t, "cams.example.org", -time.Hour, 89*day)
	kept := filepath.Join(d.folder, "acme", "cams.example.org")
	if err := os.Truncate(kept, 100); err != nil {
		t.Fatal(err)
	}
	if _, err := d.GetCertificate(hello("cams.example.org")); err == nil || d.issuer.times() == 0 {
		t.Errorf("half a certificate: %v, and the issuer was asked %d times", err, d.issuer.times())
	}
	entries, err := os.ReadDir(filepath.Join(d.folder, "acme"))
	if err != nil || len(entries) != 2 {
		t.Errorf("%v, %v", entries, err)
	}
	for _, entry := range entries { // of which one is the key of the account
		if info, err := entry.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", entry.Name(), info.Mode(), err)
		}
	}
	if info, err := os.Stat(filepath.Join(d.folder, "acme")); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder: %v, %v", info.Mode(), err)
	}
	fresh := newDomain(t, "cams.example.org")
	if _, err := fresh.GetCertificate(hello("cams.example.org")); err == nil {
		t.Error("a certificate from nobody")
	}
	if info, err := os.Stat(filepath.Join(fresh.folder, "acme")); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("a new folder: %v", err)
	}
}

// TestKeptCertificatesAreTold without a word to the issuer, also where there is
// none, or a file that is no certificate.
func TestKeptCertificatesAreTold(t *testing.T) {
	d := newDomain(t)
	d.keep(t, "a.example.org", -time.Hour, 89*day)
	if err := os.WriteFile(filepath.Join(d.folder, "acme", "b.example.org"), []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	kept := Kept(d.folder, []string{"localhost", "b.example.org", "a.example.org", "../a.example.org"})
	if len(kept) != 2 || kept[0].DNSNames[0] != "a.example.org" || time.Until(kept[0].NotAfter) < 88*day || d.issuer.times() > 0 {
		t.Errorf("%v, the issuer was asked %d times", kept, d.issuer.times())
	}
	if kept := Kept(t.TempDir(), []string{"a.example.org"}); kept != nil {
		t.Errorf("%v in an empty folder", kept)
	}
}

// TestIssuedAreFound as they are kept: until the first of them ends.
func TestIssuedAreFound(t *testing.T) {
	d := newDomain(t, "a.example.org", "localhost", "b.example.org")
	d.keep(t, "a.example.org", -time.Hour, 48*time.Hour)
	if names, _, err := Issued(d.folder, d.names); !errors.Is(err, fs.ErrNotExist) || len(names) != 2 {
		t.Errorf("of one of two: %v, %v", names, err)
	}
	d.keep(t, "b.example.org", -time.Hour, 24*time.Hour)
	if _, until, err := Issued(d.folder, d.names); err != nil || time.Until(until).Round(time.Hour) != 24*time.Hour {
		t.Errorf("until %v, %v", until, err)
	}
	if err := os.WriteFile(filepath.Join(d.folder, "acme", "a.example.org"), []byte("rubbish"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Issued(d.folder, d.names); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of what is none: %v", err)
	}
}

// TestServersWithoutAPublicName have no certificate, and nobody is asked.
func TestServersWithoutAPublicName(t *testing.T) {
	d := newDomain(t, "localhost", "192.0.2.1", "::1")
	for _, name := range []string{"", "localhost", "192.0.2.1"} {
		if _, err := d.GetCertificate(hello(name)); err == nil || d.issuer.times() > 0 {
			t.Errorf("%q: %v, the issuer was asked %d times", name, err, d.issuer.times())
		}
	}
	if silent := ACME(ACMEOptions{Folder: t.TempDir(), Names: func() []string { return nil }}); silent.MinVersion != tls.VersionTLS12 || silent.NextProtos[2] != acme.ALPNProto {
		t.Errorf("%+v", silent)
	}
}

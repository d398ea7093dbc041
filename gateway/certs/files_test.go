package certs

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// pair is a certificate and its key as somebody else keeps them.
type pair struct {
	t         *testing.T
	cert, key string
	log       bytes.Buffer
}

func newPair(t *testing.T) *pair {
	folder := t.TempDir()
	p := &pair{t: t, cert: filepath.Join(folder, "cert.pem"), key: filepath.Join(folder, "key.pem")}
	writePair(t, p.cert, p.key, "localhost")
	return p
}

func (p *pair) serve() *tls.Config {
	p.t.Helper()
	c, err := Files(p.cert, p.key, slog.New(slog.NewTextHandler(&p.log, nil)))
	if err != nil {
		p.t.Fatal(err)
	}
	return c
}

// told gives how often the log says something since it was asked last.
func (p *pair) told(text string) int {
	n := strings.Count(p.log.String(), text)
	p.log.Reset()
	return n
}

// do fails the test for an error.
func (p *pair) do(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

const (
	staysOld = "the old one stays"
	isNew    = "certificate changed"
)

// TestWhatBecomesOfTheFiles while the server runs: the last that was good is
// served, each change is told once, and files are looked at once a second.
func TestWhatBecomesOfTheFiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		good, err := os.ReadFile(p.cert)
		p.do(err)
		c := p.serve()
		last := leaf(t, c)
		for _, step := range []struct {
			name string
			do   func()
			want string // told, once; "" for nothing
		}{
			{"nothing", func() {}, ""},
			{"the certificate is removed", func() { p.do(os.Remove(p.cert)) }, staysOld},
			{"nothing more", func() {}, ""},
			{"it is back", func() { p.do(os.WriteFile(p.cert, good, 0o600)) }, isNew},
			{"half of it is written", func() { p.do(os.Truncate(p.cert, 100)) }, staysOld},
			{"both are others", func() { writePair(t, p.cert, p.key, "localhost") }, isNew},
			{"the key alone is another", func() { writePair(t, p.cert+".new", p.key, "localhost") }, staysOld},
			{"and its certificate", func() { p.do(os.Rename(p.cert+".new", p.cert)) }, isNew},
			{"the key is a folder", func() { p.do(os.Remove(p.key)); p.do(os.Mkdir(p.key, 0o700)) }, staysOld},
			{"a link to another key", func() {
				p.do(os.Remove(p.key))
				writePair(t, p.cert, p.key+".1", "localhost")
				p.do(os.Symlink("key.pem.1", p.key))
			}, isNew},
			{"what it leads to is another", func() { writePair(t, p.cert, p.key+".1", "localhost") }, isNew},
			{"the certificate is a pipe, which nobody writes", func() { p.do(os.Remove(p.cert)); p.do(syscall.Mkfifo(p.cert, 0o600)) }, staysOld},
			{"the certificate is large", func() {
				p.do(os.Remove(p.cert))
				p.do(os.WriteFile(p.cert, nil, 0o600))
				p.do(os.Truncate(p.cert, 1<<30))
			}, staysOld},
			{"all is well again", func() { writePair(t, p.cert, p.key+".1", "localhost") }, isNew},
		} {
			leaf(t, c) // which looks
			step.do()
			if now := leaf(t, c); now != last {
				t.Errorf("%s: looked again at once", step.name)
			}
			time.Sleep(lookEvery)
			for range 3 {
				if now := leaf(t, c); (now != last) != (step.want == isNew) {
					t.Errorf("%s: another certificate: %v", step.name, now != last)
				}
				if step.want == isNew {
					last = leaf(t, c)
					break
				}
			}
			text := p.log.String()
			if n := p.told("level="); step.want == "" && n != 0 || step.want != "" && (n != 1 || !strings.Contains(text, step.want) || !strings.Contains(text, p.cert)) {
				t.Errorf("%s: told %q", step.name, text)
			}
		}
	})
}

// TestHandshakesWhileFilesChange are all good, by one certificate or the other.
func TestHandshakesWhileFilesChange(t *testing.T) {
	p := newPair(t)
	c := p.serve()
	address := serveTLS(t, c)
	var crowd sync.WaitGroup
	end := make(chan struct{})
	for range 4 {
		crowd.Go(func() { // ends with end
			for {
				select {
				case <-end:
					return
				default:
				}
				connection, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true})
				if err != nil {
					t.Error(err)
					return
				}
				connection.Close()
			}
		})
	}
	first := leaf(t, c)
	p.do(os.WriteFile(p.cert, []byte("half"), 0o600))
	writePair(t, p.cert, p.key, "localhost")
	until(t, func() bool { return leaf(t, c) != first })
	close(end)
	crowd.Wait()
}

// TestWholeChainIsServed: clients that know the root alone need what is between.
func TestWholeChainIsServed(t *testing.T) {
	a := open(t, t.TempDir(), "127.0.0.1")
	issued, err := a.get(nil)
	if err != nil {
		t.Fatal(err)
	}
	p := newPair(t)
	var chain bytes.Buffer
	for _, der := range issued.Certificate {
		p.do(pem.Encode(&chain, &pem.Block{Type: "CERTIFICATE", Bytes: der}))
	}
	private, err := x509.MarshalPKCS8PrivateKey(issued.PrivateKey)
	p.do(err)
	p.do(os.WriteFile(p.cert, chain.Bytes(), 0o600))
	p.do(os.WriteFile(p.key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600))
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(a.Certificate())
	c, err := tls.Dial("tcp", serveTLS(t, p.serve()), &tls.Config{RootCAs: trusted, NextProtos: []string{"http/1.1"}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if s := c.ConnectionState(); len(s.PeerCertificates) != 2 || s.NegotiatedProtocol != "http/1.1" {
		t.Errorf("%d certificates, %s", len(s.PeerCertificates), s.NegotiatedProtocol)
	}
	io.WriteString(c, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
	if b, _ := io.ReadAll(c); !bytes.Contains(b, []byte("hello over HTTP/1.1")) {
		t.Errorf("it says %s", b)
	}
}

// TestFilesThatCannotBeServed are told of at the start, both by name.
func TestFilesThatCannotBeServed(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(p *pair) error
		says  string
	}{
		"no key":                    {func(p *pair) error { return os.Remove(p.key) }, "no such file"},
		"no certificate":            {func(p *pair) error { return os.Remove(p.cert) }, "no such file"},
		"an empty key":              {func(p *pair) error { return os.Truncate(p.key, 0) }, "failed to find any PEM data in key"},
		"an empty certificate":      {func(p *pair) error { return os.Truncate(p.cert, 0) }, "failed to find any PEM data in certificate"},
		"the one for the other":     {func(p *pair) error { p.cert, p.key = p.key, p.cert; return nil }, "may have been switched"},
		"a key with a password":     {func(p *pair) error { return os.WriteFile(p.key, locked, 0o600) }, "private key"},
		"a folder":                  {func(p *pair) error { p.cert = filepath.Dir(p.cert); return nil }, "is a folder"},
		"a pipe":                    {func(p *pair) error { p.key += ".pipe"; return syscall.Mkfifo(p.key, 0o600) }, "is a pipe"},
		"a device":                  {func(p *pair) error { p.key = "/dev/zero"; return nil }, "is a device"},
		"more than any certificate": {func(p *pair) error { return os.Truncate(p.cert, 1<<30) }, "larger than 1MiB"},
	} {
		p := newPair(t)
		p.do(c.spoil(p))
		_, err := Files(p.cert, p.key, slog.New(slog.DiscardHandler))
		if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), p.cert) || !strings.Contains(err.Error(), p.key) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// locked is a key that only a password opens.
var locked = pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: []byte("locked")})

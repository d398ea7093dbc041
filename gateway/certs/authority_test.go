package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// TestCrowdOfHandshakes: however many come at once, they get one certificate,
// and the machine is asked for its names once.
func TestCrowdOfHandshakes(t *testing.T) {
	var asked atomic.Int32
	a, err := OpenAuthority(t.TempDir(), func() []string { asked.Add(1); return []string{"127.0.0.1"} })
	if err != nil {
		t.Fatal(err)
	}
	address := serveTLS(t, a.Config())
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(a.Certificate())
	serials, began := make([]string, 40), time.Now()
	var crowd sync.WaitGroup
	for i := range serials {
		crowd.Go(func() {
			c, err := tls.Dial("tcp", address, &tls.Config{RootCAs: trusted})
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			serials[i] = c.ConnectionState().PeerCertificates[0].SerialNumber.String()
		})
	}
	crowd.Wait()
	looks := 1 + int32(time.Since(began)/namesEvery) // on a slow machine it is looked again
	if slices.Sort(serials); serials[0] != serials[len(serials)-1] || asked.Load() > looks {
		t.Errorf("certificates %v, asked %d times", slices.Compact(serials), asked.Load())
	}
}

// TestPhoneThatTrustsTheAuthority connects by every name there is, by HTTP/2,
// and by no other.
func TestPhoneThatTrustsTheAuthority(t *testing.T) {
	a := open(t, t.TempDir(), "localhost", "127.0.0.1", "::1", "fe80::1", "Cams.local", "printer-2")
	address := serveTLS(t, a.Config())
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(a.Certificate())
	for name, good := range map[string]bool{
		"localhost": true, "LOCALHOST": true, "127.0.0.1": true, "::1": true, "fe80::1": true, "cams.local": true, "printer-2": true,
		"127.0.0.2": false, "::2": false, "local": false, "x.cams.local": false, "": false,
	} {
		c, err := tls.Dial("tcp", address, &tls.Config{RootCAs: trusted, ServerName: name, NextProtos: []string{"h2"}})
		if name == "" { // nothing is asked for, so 127.0.0.1 counts, where it connects to
			good = true
		}
		if (err == nil) != good {
			t.Errorf("%q: %v", name, err)
		}
		if err == nil {
			if s := c.ConnectionState(); s.NegotiatedProtocol != "h2" || s.Version != tls.VersionTLS13 || len(s.VerifiedChains[0]) != 2 {
				t.Errorf("%q: %+v", name, s)
			}
			c.Close()
		}
	}
}

// TestRenewedInTime: a certificate is made anew a month before it ends, or when
// a third of a shorter life is left, and at no handshake before; and when the
// names are others, which is looked for every ten seconds.
func TestRenewedInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		names := []string{"b", "a", "a"}
		a, err := OpenAuthority(t.TempDir(), func() []string { return names })
		if err != nil {
			t.Fatal(err)
		}
		c := a.Config()
		last := leaf(t, c)
		if time.Until(last.NotAfter) != leafLife || time.Since(last.NotBefore) != backdate || !slices.Equal(last.DNSNames, []string{"a", "b"}) {
			t.Errorf("from %v to %v, for %v", last.NotBefore, last.NotAfter, last.DNSNames)
		}
		for _, step := range []struct {
			name    string
			wait    time.Duration
			names   []string
			renewed bool
		}{
			{"at once", 0, []string{"a", "b"}, false},
			{"the same names in another order", namesEvery, []string{"a", "b"}, false},
			{"others, but a moment later", namesEvery - time.Millisecond, []string{"c"}, false},
			{"in time", time.Millisecond, []string{"c"}, true},
			{"an hour before it is due", leafLife - renewBefore - time.Hour, []string{"c"}, false},
			{"when it is", time.Hour, []string{"c"}, true},
			{"long after it is due", leafLife, []string{"c"}, true},
		} {
			names = step.names
			time.Sleep(step.wait)
			now := leaf(t, c)
			if (now != last) != step.renewed {
				t.Errorf("%s: another %v", step.name, now != last)
			}
			if !now.NotAfter.After(time.Now()) || now.NotAfter.After(a.cert.NotAfter) {
				t.Errorf("%s: ends %v", step.name, now.NotAfter)
			}
			last = now
		}
		time.Sleep(time.Until(a.cert.NotAfter) - leafLife - renewBefore)
		for handshakes := 0; time.Until(a.cert.NotAfter) > time.Hour; handshakes++ {
			before := leaf(t, c)
			left := time.Until(before.NotAfter)
			time.Sleep(left - min(renewBefore, left/3) - time.Minute)
			if leaf(t, c) != before {
				t.Fatalf("renewed %v before its end", time.Until(before.NotAfter))
			}
			time.Sleep(2 * time.Minute)
			if now := leaf(t, c); now == before || now.NotAfter.After(a.cert.NotAfter) || handshakes > 20 {
				t.Fatalf("%d certificates, the last until %v", handshakes, now.NotAfter)
			}
		}
	})
}

// TestAuthorityThatEnded is refused at the start, with what to do.
func TestAuthorityThatEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		folder := t.TempDir()
		open(t, folder, "a")
		time.Sleep(authorityLife - time.Second)
		if err := CheckAuthority(folder); err != nil {
			t.Errorf("before its end: %v", err)
		}
		time.Sleep(2 * time.Second)
		for name, err := range map[string]error{"open": second(OpenAuthority(folder, nil)), "check": CheckAuthority(folder)} {
			if err == nil || !strings.Contains(err.Error(), "ended on 2009-12-29; remove both files") {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func second(_ *Authority, err error) error { return err }

// encoded gives a key and a certificate made with it, as PEM.
func encoded(t *testing.T, key any, public any, template *x509.Certificate) (cert, private []byte) {
	t.Helper()
	template.SerialNumber, template.NotAfter = serial(), time.Now().Add(time.Hour)
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, key)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
}

// TestAuthoritiesThatAreNone: what is there and cannot be used is told by the
// start and by the check alike, and stays as it is.
func TestAuthoritiesThatAreNone(t *testing.T) {
	small, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	large, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	serverCert, serverKey := encoded(t, small, small.Public(), &x509.Certificate{})
	rsaCert, rsaKey := encoded(t, large, large.Public(), &x509.Certificate{IsCA: true, BasicConstraintsValid: true})
	write := func(name string, content []byte) func(folder string) error {
		return func(folder string) error { return os.WriteFile(filepath.Join(folder, name), content, 0o600) }
	}
	for name, c := range map[string]struct {
		spoil []func(folder string) error
		says  string
	}{
		"no certificate":         {[]func(string) error{func(f string) error { return os.Remove(f + "/ca.crt") }}, "no such file"},
		"an empty certificate":   {[]func(string) error{write("ca.crt", nil)}, "restore it from a backup"},
		"an empty key":           {[]func(string) error{write("ca.key", nil)}, "restore it from a backup"},
		"half a key":             {[]func(string) error{func(f string) error { return os.Truncate(f+"/ca.key", 100) }}, "restore it from a backup"},
		"another's key":          {[]func(string) error{write("ca.key", serverKey)}, "does not match"},
		"a server's":             {[]func(string) error{write("ca.crt", serverCert), write("ca.key", serverKey)}, "no authority made by Framegate"},
		"another's authority":    {[]func(string) error{write("ca.crt", rsaCert), write("ca.key", rsaKey)}, "no authority made by Framegate"},
		"a huge certificate":     {[]func(string) error{func(f string) error { return os.Truncate(f+"/ca.crt", 1<<30) }}, "larger than 1MiB"},
		"a folder as key":        {[]func(string) error{func(f string) error { return os.Remove(f + "/ca.key") }, func(f string) error { return os.Mkdir(f+"/ca.key", 0o700) }}, "is a folder"},
		"a pipe as certificate":  {[]func(string) error{func(f string) error { return os.Remove(f + "/ca.crt") }, func(f string) error { return syscall.Mkfifo(f+"/ca.crt", 0o600) }}, "is a pipe"},
		"a link to nowhere else": {[]func(string) error{func(f string) error { return os.Remove(f + "/ca.crt") }, func(f string) error { return os.Symlink("ca.crt", f+"/ca.crt") }}, "too many"},
	} {
		folder := t.TempDir()
		open(t, folder, "localhost")
		for _, spoil := range c.spoil {
			if err := spoil(folder); err != nil {
				t.Fatal(err)
			}
		}
		before := held(t, folder)
		for what, err := range map[string]error{"start": second(OpenAuthority(folder, nil)), "check": CheckAuthority(folder)} {
			if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), folder) {
				t.Errorf("%s, %s: %v", name, what, err)
			}
		}
		if after := held(t, folder); after != before {
			t.Errorf("%s: the folder held %s, and then %s", name, before, after)
		}
	}
}

// held gives what a folder holds, as far as it can be told by looking.
func held(t *testing.T, folder string) (all string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil {
			t.Fatal(err)
		}
		all += entry.Name() + info.Mode().String() + info.ModTime().String() + " "
	}
	return all
}

// TestAuthorityIsMadeWholeOrNotAtAll: nothing else is left, whatever the umask;
// and a certificate without a key, as after a crash in between, is no authority
// yet.
func TestAuthorityIsMadeWholeOrNotAtAll(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "data", "tls")
	if err := CheckAuthority(folder); err != nil {
		t.Errorf("the check of what is not there: %v", err)
	}
	if _, err := os.Stat(folder); err == nil {
		t.Error("the check made a folder")
	}
	first := open(t, folder, "localhost")
	if err := os.Remove(filepath.Join(folder, "ca.key")); err != nil {
		t.Fatal(err)
	}
	if err := CheckAuthority(folder); err != nil {
		t.Errorf("the check of half an authority: %v", err)
	}
	again := open(t, folder, "localhost")
	if again.Fingerprint() == first.Fingerprint() {
		t.Error("a key without a file")
	}
	if got := held(t, folder); strings.Count(got, " -") > 0 || strings.Count(got, "ca.") != 2 || strings.Contains(got, ".new") {
		t.Errorf("the folder holds %s", got)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenAuthority(file, nil); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("a file as folder: %v", err)
	}
	if err := CheckAuthority(file); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("the check of a file as folder: %v", err)
	}
}

// TestAuthorityIsOneThatDevicesTake: they are told that it signs servers alone.
func TestAuthorityIsOneThatDevicesTake(t *testing.T) {
	a := open(t, t.TempDir(), "localhost")
	block, rest := pem.Decode(a.Certificate())
	if block == nil || block.Type != "CERTIFICATE" || len(rest) > 0 {
		t.Fatalf("%s", a.Certificate())
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if !c.IsCA || c.MaxPathLen != 0 || !c.MaxPathLenZero || c.KeyUsage != x509.KeyUsageCertSign|x509.KeyUsageCRLSign || !strings.HasPrefix(c.Subject.CommonName, "Framegate") || c.SerialNumber.Sign() <= 0 {
		t.Errorf("%+v", c)
	}
	l := leaf(t, a.Config())
	if l.IsCA || !slices.Equal(l.ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}) || l.SerialNumber.Cmp(c.SerialNumber) == 0 || l.NotAfter.Sub(l.NotBefore) > 398*24*time.Hour {
		t.Errorf("%+v", l)
	}
}

// TestNamesThatACertificateCanHave.
func TestNamesThatACertificateCanHave(t *testing.T) {
	for name, want := range map[string]bool{
		"cams": true, "cams.example.org": true, "CAMS-2": true, "192.0.2.1": true,
		"": false, "my cams": false, "über": false, "a_b": false, "a/b": false, strings.Repeat("a", 253): true, strings.Repeat("a", 254): false,
	} {
		if got := isDNSName(name); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
}

// TestConnectionsOutliveTheirCertificate: who is connected notices nothing.
func TestConnectionsOutliveTheirCertificate(t *testing.T) {
	var name atomic.Value
	name.Store("first.local")
	a, err := OpenAuthority(t.TempDir(), func() []string { return []string{name.Load().(string)} })
	if err != nil {
		t.Fatal(err)
	}
	address := serveTLS(t, a.Config())
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, MaxConnsPerHost: 1}}
	defer client.CloseIdleConnections()
	ask := func() string {
		t.Helper()
		r, err := client.Get("https://" + address + "/")
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		io.Copy(io.Discard, r.Body)
		return r.TLS.PeerCertificates[0].DNSNames[0]
	}
	if got := ask(); got != "first.local" {
		t.Fatal(got)
	}
	name.Store("second.local")
	a.mu.Lock()
	a.looked = time.Time{} // as after a while
	a.mu.Unlock()
	if got := leaf(t, a.Config()).DNSNames[0]; got != "second.local" {
		t.Errorf("a new connection gets %s", got)
	}
	if got := ask(); got != "first.local" {
		t.Errorf("the connection was another: %s", got)
	}
}

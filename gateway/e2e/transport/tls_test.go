package transport

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/certs"
	"framegate/gateway/e2e/rig"
)

// trust gives the settings of a client that trusts the gateway's own authority.
func trust(t *testing.T, l *rig.Server) *tls.Config {
	t.Helper()
	authority, err := os.ReadFile(filepath.Join(l.Data, "tls", "ca.crt"))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	return &tls.Config{RootCAs: roots, ServerName: "127.0.0.1"}
}

// newClient gives an HTTP client with connections of its own.
func newClient(t *testing.T, transport *http.Transport) *http.Client {
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// overHTTP2 gives a client of HTTP/2 that trusts the gateway.
func overHTTP2(t *testing.T, l *rig.Server) *http.Client {
	return newClient(t, &http.Transport{TLSClientConfig: trust(t, l), ForceAttemptHTTP2: true})
}

// networkAddresses are those by which its network knows this machine.
func networkAddresses(t *testing.T) (addresses []string) {
	t.Helper()
	all, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		if ip := a.(*net.IPNet).IP; ip.IsGlobalUnicast() {
			addresses = append(addresses, ip.String())
		}
	}
	return addresses
}

func TestSelfSignedServerIsKnownByAllItsNames(t *testing.T) {
	rig.Need(t, "curl")
	l := rig.Launch(t, "[::]:0", "tls: {mode: self-signed}\nhosts: [cams.example.org]", "FRAMEGATE_AUTH=required")
	authority := filepath.Join(t.TempDir(), "framegate-ca.crt")
	if err := rig.Program(t, "curl", "-sSfk", "-o", authority, l.URL+"/ca.crt").Run(); err != nil {
		t.Fatal(err)
	}

	downloaded, err := os.ReadFile(authority)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(downloaded)
	fingerprint := strings.ReplaceAll(fmt.Sprintf("% X", sha256.Sum256(block.Bytes)), " ", ":")
	server, err := rig.Program(t, "curl", "-sSf", "--cacert", authority, l.URL+"/api/v1/server").Output()
	if err != nil {
		t.Fatal(err)
	}
	if want := `"scheme":"https","base_path":"","authority":"` + fingerprint + `"}`; !strings.Contains(string(server), want) {
		t.Errorf("before a login the API says %s", server)
	}
	if text := l.Printed.String(); !strings.Contains(text, fingerprint) || !strings.Contains(text, "/ca.crt") {
		t.Errorf("the start does not show the authority %s:\n%s", fingerprint, text)
	}

	names := append(certs.HostNames(), "localhost", "127.0.0.1", "::1", "cams.example.org")
	for _, name := range append(names, networkAddresses(t)...) {
		if got, err := askByName(t, authority, name, l.Port); string(got) != "ok\n" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if got, err := askByName(t, authority, "other.example.org", l.Port); err == nil {
		t.Errorf("a name that is not the server's: %q", got)
	}
	if status, _, stderr := rig.Say(t, "healthcheck", "--config", l.Config, "--listen", "127.0.0.1:"+l.Port); status != 0 {
		t.Errorf("healthcheck: %d, %s", status, stderr)
	}
	if status, _, stderr := rig.Say(t, "healthcheck", "--listen", "0.0.0.0:"+l.Port); status != 0 {
		t.Errorf("healthcheck, which is told nothing of TLS: %d, %s", status, stderr)
	}
}

// askByName asks a gateway on this machine whether it is well.
func askByName(t *testing.T, authority, name, port string) ([]byte, error) {
	args := []string{"-sS", "--max-time", "60", "--cacert", authority, "--noproxy", "*"}
	if net.ParseIP(name) == nil {
		args = append(args, "--resolve", name+":"+port+":127.0.0.1")
	}
	return exec.CommandContext(t.Context(), "curl", append(args, "https://"+net.JoinHostPort(name, port)+"/healthz")...).Output()
}

func TestAuthorityIsThereForSelfSignedServersOnly(t *testing.T) {
	l := rig.Launch(t, "127.0.0.1:0", "")
	response, _ := rig.Fetch(t, http.DefaultClient, l.URL+"/ca.crt")
	if response.StatusCode != http.StatusNotFound {
		t.Error(response.Status)
	}
	if _, about := rig.Fetch(t, http.DefaultClient, l.URL+"/api/v1/server"); strings.Contains(about, "authority") {
		t.Errorf("the login is told of an authority that is not there: %s", about)
	}
}

func TestRequestWithoutTLSIsToldWhereToGo(t *testing.T) {
	l := rig.Launch(t, "127.0.0.1:0", "tls: {mode: self-signed}\nhosts: [cams.example.org]")
	const hint = "This port speaks HTTPS: the address begins with https://\n"
	for _, row := range []struct{ request, status, location string }{
		{"GET /camera/front?width=320&a=%2F HTTP/1.1\r\nHost: cams.example.org:8443\r\n\r\n", "307", "https://cams.example.org:8443/camera/front?width=320&a=%2F"},
		{"HEAD / HTTP/1.1\r\nHost: 192.0.2.7\r\n\r\n", "307", "https://192.0.2.7/"},
		{"GET /a%2Fb HTTP/1.1\r\nHost: [2001:db8::1]:1\r\n\r\n", "307", "https://[2001:db8::1]:1/a%2Fb"},
		{"GET //evil.example.org/ HTTP/1.1\r\nHost: localhost\r\n\r\n", "307", "https://localhost//evil.example.org/"},
		{"GET http://evil.example.org/ HTTP/1.1\r\nHost: localhost\r\n\r\n", "400", ""},
		{"GET / HTTP/1.1\r\nHost: evil.example.org\r\n\r\n", "400", ""},
		{"GET / HTTP/1.0\r\n\r\n", "400", ""},
		{"POST /api/v1/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\na=bc", "400", ""},
		{"CONNECT localhost:1 HTTP/1.1\r\nHost: localhost:1\r\n\r\n", "400", ""},
		{"GARBAGE\r\n\r\n", "400", ""},
	} {
		answer := exchange(t, l.Port, row.request)
		status, rest, _ := strings.Cut(strings.TrimPrefix(answer, "HTTP/1.1 "), " ")
		location := ""
		if _, after, ok := strings.Cut(rest, "Location: "); ok {
			location, _, _ = strings.Cut(after, "\r\n")
		}
		if status != row.status || location != row.location || !strings.HasSuffix(answer, "\r\n\r\n"+hint) {
			t.Errorf("%.60q: %q", row.request, answer)
		}
	}
	if answer := exchange(t, l.Port, "\x00\x01\x02garbage"); answer != "" && answer[0] != 21 { // an alert (RFC 8446 section 6)
		t.Errorf("garbage: %q", answer)
	}
	c := newClient(t, &http.Transport{TLSClientConfig: trust(t, l)})
	if response, body := rig.Fetch(t, c, strings.Replace(l.URL, "https:", "http:", 1)+"/healthz"); body != "ok\n" || response.TLS == nil {
		t.Errorf("a browser is not led to HTTPS: %v %q", response.Status, body)
	}
}

// exchange sends bytes to a port and gives all that comes back.
func exchange(t *testing.T, port, request string) string {
	t.Helper()
	c, err := net.Dial("tcp", "127.0.0.1:"+port)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(rig.Ceiling))
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	answer, _ := io.ReadAll(c) // may end with a reset, where not all that was sent was read
	return string(answer)
}

// writeServerPair writes a certificate that a new authority signed for
// 127.0.0.1, and its key, and gives it.
func writeServerPair(t *testing.T, cert, key string) *x509.Certificate {
	t.Helper()
	leaf, chain, private := rig.CertificatePair(t)
	for name, content := range map[string][]byte{cert: chain, key: private} {
		if err := os.WriteFile(name+".new", content, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(name+".new", name); err != nil {
			t.Fatal(err)
		}
	}
	return leaf
}

// certificateOf gives the certificate that a new connection is shown.
func certificateOf(t *testing.T, l *rig.Server) *x509.Certificate {
	t.Helper()
	c, err := tls.Dial("tcp", "127.0.0.1:"+l.Port, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.ConnectionState().PeerCertificates[0]
}

func TestCertificateFilesChangeUnderConnections(t *testing.T) {
	folder := t.TempDir()
	cert, key := filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	first := writeServerPair(t, cert, key)
	l := rig.Launch(t, "127.0.0.1:0", fmt.Sprintf("tls: {mode: files, cert: %q, key: %q}\ncameras: {phone: {source: 'upload:'}}", cert, key))
	if !certificateOf(t, l).Equal(first) {
		t.Error("another certificate than that of the files")
	}
	blind := &tls.Config{InsecureSkipVerify: true}
	rig.PublishOver(t, newClient(t, &http.Transport{TLSClientConfig: blind.Clone()}), l, "phone", 0)
	v, err := camtest.Watch(t.Context(), l.URL+"/live/phone.mjpeg", camtest.WatchOptions{TLS: blind})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	rig.ExpectMore(t, v.Next, 5)

	second := writeServerPair(t, cert, key)
	rig.Await(t, "new handshakes get the new certificate", func() bool { return certificateOf(t, l).Equal(second) })
	rig.ExpectMore(t, v.Next, 5)

	if err := os.WriteFile(key, []byte("half a k"), 0o600); err != nil {
		t.Fatal(err)
	}
	rig.Await(t, "a bad file is reported", func() bool {
		return certificateOf(t, l).Equal(second) && strings.Contains(l.Log.String(), "the old one stays")
	})
	rig.ExpectMore(t, v.Next, 5)

	_, about := rig.Fetch(t, newClient(t, &http.Transport{TLSClientConfig: blind.Clone()}), l.URL+"/api/v1/server")
	if until := second.NotAfter.UTC().Format(time.RFC3339); !strings.Contains(about, `"mode":"files","certificates":[{"names":["127.0.0.1"]`) || !strings.Contains(about, until) {
		t.Errorf("the API does not name the certificate that ends at %s: %s", until, about)
	}

	third := writeServerPair(t, cert, key)
	rig.Await(t, "good files count again", func() bool { return certificateOf(t, l).Equal(third) })
	rig.ExpectMore(t, v.Next, 5)
}

// Browsers are told to insist on TLS where they trust the certificate anyway, and
// nothing else can be at other ports of the name.
func TestBrowsersAreToldToInsistOnTLS(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	cert, key := filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	writeServerPair(t, cert, key)
	files := rig.Launch(t, "127.0.0.1:0", fmt.Sprintf("hosts: [cams.example.org]\ntls: {mode: files, cert: %q, key: %q}", cert, key))
	own := rig.Launch(t, "127.0.0.1:0", "hosts: [cams.example.org]\ntls: {mode: self-signed}")
	clear := rig.Launch(t, "127.0.0.1:0", "hosts: [cams.example.org]\ntrusted_proxies: [127.0.0.1]")
	client := newClient(t, &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}})
	for _, c := range []struct {
		server *rig.Server
		host   string
		says   bool
	}{
		{files, "cams.example.org", true},
		{files, "cams.example.org:8443", false},
		{files, "cams.example.org:443", false},
		{own, "cams.example.org", false},
		{clear, "cams.example.org", false},
	} {
		for _, path := range []string{"/healthz", "/api/v1/absent", "/login"} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.server.URL+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Host = c.host
			r.Header.Set("X-Forwarded-Proto", "https")
			a, err := client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			a.Body.Close()
			if said := a.Header.Get("Strict-Transport-Security"); (said == "max-age=31536000") != c.says || !c.says && said != "" {
				t.Errorf("%s of %s: %q", path, c.host, said)
			}
		}
	}
}

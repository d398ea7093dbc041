//go:build linux

package transport

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"framegate/gateway/e2e/rig"
)

// acmeIssuer is Pebble, the issuer that those of Let's Encrypt test ACME
// clients with, and a DNS server where it looks names up.
type acmeIssuer struct {
	folder     string
	cert       string // file: by what its own server is known
	listen     string // host:port of the directory
	management string // host:port of what is no part of ACME
	dnsControl string // host:port
}

func newACMEIssuer(t *testing.T) *acmeIssuer {
	t.Helper()
	at := func() string { return fmt.Sprintf("127.0.0.1:%d", rig.HeldPort(t)) }
	folder := t.TempDir()
	i := &acmeIssuer{folder: folder, cert: filepath.Join(folder, "cert.pem"), listen: at(), management: at(), dnsControl: at()}
	writeServerPair(t, i.cert, filepath.Join(folder, "key.pem"))
	return i
}

// start runs the issuer, which looks for those who ask it at a port, and whose
// certificates live for so many seconds.
func (i *acmeIssuer) start(t *testing.T, port string, seconds int) {
	t.Helper()
	names := rig.Program(t, rig.PeerTool(t, "pebble-challtestsrv"), "-defaultIPv4", "127.0.0.1", "-defaultIPv6", "", "-dns01", "127.0.0.1:0",
		"-management", i.dnsControl, "-doh", "", "-http01", "", "-https01", "", "-tlsalpn01", "")
	if err := names.Start(); err != nil {
		t.Fatal(err)
	}
	dns := ""
	rig.Await(t, "the DNS server listens", func() bool {
		dns = datagramsOf(t, names.Process.Pid)
		return dns != ""
	})
	config := filepath.Join(i.folder, "pebble.json")
	text := fmt.Sprintf(`{"pebble": {"listenAddress": %q, "managementListenAddress": %q, "certificate": %q, "privateKey": %q,
		"httpPort": 1, "tlsPort": %s, "retryAfter": {"authz": 1, "order": 1},
		"profiles": {"default": {"description": "short", "validityPeriod": %d}}}}`,
		i.listen, i.management, i.cert, filepath.Join(i.folder, "key.pem"), port, seconds)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	issuer := rig.Program(t, rig.PeerTool(t, "pebble"), "-config", config, "-dnsserver", dns, "-strict")
	issuer.Env = append(os.Environ(), "PEBBLE_VA_NOSLEEP=1")
	if err := issuer.Start(); err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{i.listen, i.management, i.dnsControl} {
		rig.Await(t, "the issuer listens", func() bool {
			c, err := net.Dial("tcp", address)
			if err == nil {
				c.Close()
			}
			return err == nil
		})
	}
}

// datagramsOf gives the address where a process takes datagrams, "" while it
// does not: a port cannot be held for one that does not reuse addresses.
func datagramsOf(t *testing.T, pid int) string {
	t.Helper()
	folder := fmt.Sprintf("/proc/%d/", pid)
	sockets, err := os.ReadFile(folder + "net/udp")
	if err != nil {
		t.Fatal(err)
	}
	open, err := os.ReadDir(folder + "fd")
	if err != nil {
		t.Fatal(err)
	}
	inodes := make(map[string]bool)
	for _, f := range open {
		link, _ := os.Readlink(folder + "fd/" + f.Name()) // it may be closed by now
		inodes[strings.TrimSuffix(strings.TrimPrefix(link, "socket:["), "]")] = true
	}
	for line := range strings.Lines(string(sockets)) {
		fields := strings.Fields(line) // sl local_address rem_address st queues tr retrnsmt uid timeout inode
		if len(fields) < 10 || !inodes[fields[9]] {
			continue
		}
		_, port, _ := strings.Cut(fields[1], ":")
		if n, err := strconv.ParseUint(port, 16, 16); err == nil {
			return fmt.Sprintf("127.0.0.1:%d", n)
		}
	}
	return ""
}

// roots gives what trusts the certificates that are issued.
func (i *acmeIssuer) roots(t *testing.T) *x509.CertPool {
	t.Helper()
	c := newClient(t, &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}})
	_, root := rig.Fetch(t, c, "https://"+i.management+"/roots/0")
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM([]byte(root)) {
		t.Fatalf("the issuer's root is %q", root)
	}
	return pool
}

// moveName has a name lead to another address.
func (i *acmeIssuer) moveName(t *testing.T, name, address string) {
	t.Helper()
	response, err := http.Post("http://"+i.dnsControl+"/add-a", "application/json",
		strings.NewReader(fmt.Sprintf(`{"host": %q, "addresses": [%q]}`, name+".", address)))
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatal(response, err)
	}
	response.Body.Close()
}

// TestACMEIssuerGivesAndRenewsCertificates: the issuer proves by connections to
// our own listener that the names are ours (RFC 8737).
func TestACMEIssuerGivesAndRenewsCertificates(t *testing.T) {
	rig.Thorough(t)
	t.Parallel() // it waits most of the time
	issuer := newACMEIssuer(t)
	data := t.TempDir()
	gateway := rig.Command([]string{
		"SSL_CERT_FILE=" + issuer.cert, "FRAMEGATE_DATA=" + data,
		"FRAMEGATE_TLS__MODE=acme", "FRAMEGATE_TLS__EMAIL=admin@example.org", "FRAMEGATE_TLS__DIRECTORY=https://" + issuer.listen + "/dir",
		"FRAMEGATE_HOSTS=192.0.2.1,cams.example.org,lost.example.org",
		"FRAMEGATE_LIMITS__HEADER_TIMEOUT=1m", // for the handshake that waits for the issuer
	}, "--listen", "127.0.0.1:0", "--log-format", "text")
	printed, logged := &rig.Buffer{}, &rig.Buffer{}
	gateway.Stdout, gateway.Stderr = printed, logged
	if err := gateway.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = gateway.Process.Kill()
		_ = gateway.Wait() // it was killed
		if t.Failed() {
			t.Logf("the gateway's log:\n%s", logged)
		}
	})
	rig.Await(t, "the gateway says its address", func() bool { return strings.Contains(printed.String(), "watch      https://127.0.0.1:") })
	_, after, _ := strings.Cut(printed.String(), "https://127.0.0.1:")
	port, _, _ := strings.Cut(after, "/")
	issuer.start(t, port, 15)
	issuer.moveName(t, "lost.example.org", "127.0.0.2") // where nobody listens
	roots := issuer.roots(t)

	dial := func(name string) (*x509.Certificate, error) {
		d := &tls.Dialer{NetDialer: &net.Dialer{Timeout: rig.Ceiling}, Config: &tls.Config{ServerName: name, RootCAs: roots}}
		c, err := d.DialContext(t.Context(), "tcp", "127.0.0.1:"+port)
		if err != nil {
			return nil, err
		}
		defer c.Close()
		return c.(*tls.Conn).ConnectionState().PeerCertificates[0], nil
	}
	first, err := dial("cams.example.org")
	if err != nil {
		t.Fatal(err)
	}
	kept, err := os.ReadFile(filepath.Join(data, "acme", "cams.example.org"))
	if err != nil || !bytes.Contains(kept, []byte("PRIVATE KEY")) {
		t.Errorf("nothing is kept for the next start: %.40q, %v", kept, err)
	}
	if _, err := dial("CAMS.example.org"); err != nil {
		t.Error(err)
	}
	if c, err := dial("other.example.org"); err == nil {
		t.Errorf("a certificate for a name that is not ours: %v", c.DNSNames)
	}
	if status, _, stderr := rig.Say(t, "healthcheck", "--config", rig.WriteConfig(t, "tls: {mode: acme}\nhosts: [cams.example.org]"), "--listen", "127.0.0.1:"+port); status != 0 {
		t.Errorf("healthcheck, which asks an address: %d, %s", status, stderr)
	}
	if status, _, stderr := rig.Say(t, "healthcheck", "--listen", "0.0.0.0:"+port); status != 0 {
		t.Errorf("healthcheck, which is told nothing of TLS: %d, %s", status, stderr)
	}

	if c, err := dial("lost.example.org"); err == nil {
		t.Errorf("a certificate for a name that does not lead here: %v", c.DNSNames)
	}
	rig.Await(t, "the log says that a name has no certificate", func() bool {
		return strings.Contains(logged.String(), `"the issuer gives no certificate" name=lost.example.org`)
	})
	if strings.Contains(logged.String(), "other.example.org") {
		t.Error("the log tells of names that strangers try")
	}

	rig.Await(t, "the certificate is renewed", func() bool {
		now, err := dial("cams.example.org")
		return err == nil && now.SerialNumber.Cmp(first.SerialNumber) != 0 && now.NotAfter.After(first.NotAfter)
	})
}

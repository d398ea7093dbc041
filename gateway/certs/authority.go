package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"framegate/gateway/regular"
)

const (
	authorityLife = 10 * 365 * 24 * time.Hour
	leafLife      = 90 * 24 * time.Hour
	renewBefore   = 30 * 24 * time.Hour
	// backdate is for clients whose clock is a little behind.
	backdate = time.Hour
	// namesEvery is how often it is looked whether this machine has other
	// addresses, at most.
	namesEvery = 10 * time.Second
)

// Authority is a certificate authority for this server alone. People install
// its certificate once, on each device; the server's own certificates are made
// anew whenever they are about to end or the machine has another name or
// address.
type Authority struct {
	names func() []string
	pem   []byte
	cert  *x509.Certificate
	key   *ecdsa.PrivateKey

	mu     sync.Mutex // guards what follows
	looked time.Time
	named  []string  // what leaf is for
	renew  time.Time // when leaf is to be made anew
	leaf   *tls.Certificate
}

// OpenAuthority reads the authority kept in folder, and makes both where there
// is none. names gives the names and addresses the server has at the moment;
// see LocalNames. Files that are there and cannot be used are an error, never
// replaced: devices trust what was there before.
func OpenAuthority(folder string, names func() []string) (*Authority, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	certFile, keyFile := authorityFiles(folder)
	if _, err := os.Stat(keyFile); errors.Is(err, fs.ErrNotExist) {
		if err := makeAuthority(certFile, keyFile); err != nil {
			return nil, fmt.Errorf("making the certificate authority: %w", err)
		}
	}
	return readAuthority(folder, names)
}

// CheckAuthority gives the error that OpenAuthority would, without making an
// authority where there is none.
func CheckAuthority(folder string) error {
	_, keyFile := authorityFiles(folder)
	if _, err := os.Stat(keyFile); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	_, err := readAuthority(folder, nil)
	return err
}

func authorityFiles(folder string) (certFile, keyFile string) {
	return filepath.Join(folder, "ca.crt"), filepath.Join(folder, "ca.key")
}

func readAuthority(folder string, names func() []string) (*Authority, error) {
	pair, err := loadPair(authorityFiles(folder))
	if err != nil {
		return nil, fmt.Errorf("certificate authority in %s: %w; restore it from a backup, or remove both files to have a new one, which every device must trust anew", folder, err)
	}
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !ok || !pair.Leaf.IsCA {
		return nil, fmt.Errorf("certificate authority in %s: the files hold no authority made by Framegate", folder)
	}
	if time.Now().After(pair.Leaf.NotAfter) {
		return nil, fmt.Errorf("certificate authority in %s ended on %s; remove both files to have a new one, which every device must trust anew",
			folder, pair.Leaf.NotAfter.Format(time.DateOnly))
	}
	return &Authority{
		names: names,
		pem:   pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Leaf.Raw}),
		cert:  pair.Leaf,
		key:   key,
	}, nil
}

// makeAuthority writes a new authority, the certificate before the key: a key
// is what says that there is one.
//
// It has no name constraints (RFC 5280 section 4.2.1.10): a machine moves to
// other addresses and is given other names, public ones too, for ten years, and
// each that was not foreseen would need a new authority and a visit to every
// device. So whoever has its key can speak for any site to the devices that
// trust it; the key leaves the data folder for nobody.
func makeAuthority(certFile, keyFile string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	host, _ := os.Hostname() // it is only a label
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber:          serial(),
		Subject:               pkix.Name{CommonName: strings.TrimSpace("Framegate " + host), Organization: []string{"Framegate"}},
		NotBefore:             now.Add(-backdate),
		NotAfter:              now.Add(authorityLife),
		IsCA:                  true,
		BasicConstraintsValid: true,
		MaxPathLenZero:        true, // it signs servers, no further authorities
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if err := writePEM(certFile, "CERTIFICATE", der, 0o644); err != nil {
		return err
	}
	return writePEM(keyFile, "PRIVATE KEY", private, 0o600)
}

// writePEM writes a file so that it is there whole or not at all.
func writePEM(name, kind string, der []byte, mode fs.FileMode) error {
	return regular.Write(name, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), mode)
}

// serial is a random serial number of 120 bits (RFC 5280 section 4.1.2.2).
func serial() *big.Int {
	var b [15]byte
	_, _ = rand.Read(b[:]) // never fails
	return new(big.Int).SetBytes(b[:])
}

// Certificate gives the authority's certificate as PEM, for people to install.
func (a *Authority) Certificate() []byte { return a.pem }

// Fingerprint gives the SHA-256 of the authority's certificate in the form in
// which devices show it: pairs of hexadecimal digits with colons between.
func (a *Authority) Fingerprint() string {
	sum := sha256.Sum256(a.cert.Raw)
	pairs := make([]string, len(sum))
	for i, b := range sum {
		pairs[i] = fmt.Sprintf("%02X", b)
	}
	return strings.Join(pairs, ":")
}

// Config gives the settings of a server with certificates of this authority.
func (a *Authority) Config() *tls.Config { return serverConfig(a.get) }

// get gives a certificate for all names this machine has at the moment.
func (a *Authority) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	good := a.leaf != nil && now.Before(a.renew)
	if good && now.Sub(a.looked) < namesEvery {
		return a.leaf, nil
	}
	a.looked = now
	names := slices.Compact(slices.Sorted(slices.Values(a.names())))
	if good && slices.Equal(names, a.named) {
		return a.leaf, nil
	}
	leaf, err := a.issue(names, now)
	if err != nil {
		return nil, fmt.Errorf("making a certificate: %w", err)
	}
	life := leaf.Leaf.NotAfter.Sub(now) // short where the authority itself is about to end
	a.leaf, a.named, a.renew = leaf, names, leaf.Leaf.NotAfter.Add(-min(renewBefore, life/3))
	return leaf, nil
}

// issue makes a server's certificate. It lives on in memory alone: the next
// start makes another.
func (a *Authority) issue(names []string, now time.Time) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial(),
		Subject:      pkix.Name{CommonName: "Framegate"},
		NotBefore:    now.Add(-backdate),
		NotAfter:     earlier(now.Add(leafLife), a.cert.NotAfter),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{der, a.cert.Raw}, PrivateKey: key, Leaf: leaf}, nil
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// LocalNames gives every name and address by which this machine can be reached
// from its network: those given, its host name, alone and in .local (RFC 6762),
// and the addresses of its interfaces at this moment.
func LocalNames(given []string) []string {
	names := slices.Concat(given, []string{"localhost", "127.0.0.1", "::1"}, HostNames())
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return names
	}
	for _, address := range addresses {
		if p, err := netip.ParsePrefix(address.String()); err == nil && !p.Addr().IsMulticast() {
			names = append(names, p.Addr().WithZone("").String())
		}
	}
	return names
}

// HostNames gives what this machine calls itself: its host name, alone and in
// .local; nothing where that cannot be a name on a network.
func HostNames() []string {
	host, err := os.Hostname()
	if err != nil || !isDNSName(host) {
		return nil
	}
	host = strings.ToLower(host)
	if strings.Contains(host, ".") {
		return []string{host}
	}
	return []string{host, host + ".local"}
}

// isDNSName says whether a certificate can name it.
func isDNSName(host string) bool {
	return host != "" && len(host) <= 253 && !strings.ContainsFunc(host, func(r rune) bool {
		return r != '-' && r != '.' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
}

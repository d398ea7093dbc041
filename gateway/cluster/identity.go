package cluster

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"framegate/gateway/regular"
)

const (
	authorityLife = 20 * 365 * 24 * time.Hour
	// nodeLife is long because nothing renews a certificate while a node runs: a
	// new token does, and a restart.
	nodeLife = 10 * 365 * 24 * time.Hour
	// backdate is for nodes whose clock is a little behind.
	backdate = time.Hour

	maxCertificate = 2 << 10 // bytes; ours have about 400
	tokenPrefix    = "fgnode2_"

	secretBytes = 32
)

// Errors of identities, for callers to branch on.
var (
	// ErrNoIdentity: the node has not joined a cluster.
	ErrNoIdentity = errors.New("this node has joined no cluster")
	// ErrToken: a text that is no token of a node, or not the whole of one.
	ErrToken = errors.New("this is no token of a node, or not the whole of it")
	// ErrExists: there is an authority, or an identity, already.
	ErrExists = errors.New("there is one already")
)

var namePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)

// ValidName says whether a text can be the name of a cluster, or of a node.
func ValidName(name string) bool { return namePattern.MatchString(name) }

// folder is where in the data folder a node keeps what makes it one.
const folder = "cluster"

// The files in it. The authority's key is on the node alone that made it.
const (
	authorityCert = "ca.crt"
	authorityKey  = "ca.key"
	nodeCert      = "node.crt"
	nodeKey       = "node.key"
	commonSecret  = "secret" // that all nodes of the cluster have, and nobody else
	lives         = "life"   // the number of the node's last life
)

func fileIn(data, name string) string { return filepath.Join(data, folder, name) }

// Authority is the certificate authority of one cluster: who has a certificate
// of it is a node. Its key stays in the data folder of the node that made it.
type Authority struct {
	cert *x509.Certificate
	key  ed25519.PrivateKey
	data string // the data folder
}

// MakeAuthority makes the authority of a cluster and keeps it in a data folder.
// The error wraps ErrExists where there is one.
func MakeAuthority(data, name string) (*Authority, error) {
	if !ValidName(name) {
		return nil, fmt.Errorf("%q is no name of a cluster", name)
	}
	if _, err := os.Stat(fileIn(data, authorityCert)); err == nil {
		return nil, fmt.Errorf("%s: %w", fileIn(data, authorityCert), ErrExists)
	}
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber:          serial(),
		Subject:               pkix.Name{CommonName: name, Organization: []string{"Framegate cluster"}},
		NotBefore:             time.Now().Add(-backdate),
		NotAfter:              time.Now().Add(authorityLife),
		IsCA:                  true,
		BasicConstraintsValid: true,
		MaxPathLenZero:        true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, key)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Join(data, folder), 0o700); err != nil {
		return nil, err
	}
	if err := errors.Join(writeKey(fileIn(data, authorityKey), key), writeCert(fileIn(data, authorityCert), der)); err != nil {
		return nil, err
	}
	return OpenAuthority(data)
}

// OpenAuthority reads the authority that MakeAuthority made in a data folder. The
// error wraps fs.ErrNotExist where there is none.
func OpenAuthority(data string) (*Authority, error) {
	key, err := readKey(fileIn(data, authorityKey))
	if err != nil {
		return nil, fmt.Errorf("the cluster's authority: %w", err)
	}
	cert, err := readCert(fileIn(data, authorityCert))
	if err != nil {
		return nil, fmt.Errorf("the cluster's authority: %w", err)
	}
	return &Authority{cert: cert, key: key, data: data}, nil
}

// HasAuthority says whether a data folder has an authority's key.
func HasAuthority(data string) bool {
	_, err := os.Stat(fileIn(data, authorityKey))
	return err == nil
}

// Cluster gives the name of the cluster.
func (a *Authority) Cluster() string { return a.cert.Subject.CommonName }

// secret gives what all nodes of the cluster know, and nobody else.
func (a *Authority) secret() []byte {
	secret, err := hkdf.Key(sha256.New, a.key.Seed(), nil, "framegate cluster secret 1", secretBytes)
	if err != nil {
		panic(err) // of a length that no hash gives
	}
	return secret
}

// Token makes what lets a machine join the cluster as the node of that name: its
// certificate, the key of it, and the secret of the cluster. Whoever has it is that node.
func (a *Authority) Token(node string) (string, error) {
	if !ValidName(node) {
		return "", fmt.Errorf("%q is no name of a node; use 1 to 63 of a-z, 0-9 and -, not beginning with -", node)
	}
	number, err := a.nextNumber()
	if err != nil {
		return "", err
	}
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return "", err
	}
	template := &x509.Certificate{
		SerialNumber: serial(),
		Subject:      pkix.Name{CommonName: node, Organization: []string{a.Cluster()}, SerialNumber: strconv.FormatUint(number, 10)},
		NotBefore:    time.Now().Add(-backdate),
		NotAfter:     time.Now().Add(nodeLife),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, public, a.key)
	if err != nil {
		return "", err
	}
	var b []byte
	for _, part := range [][]byte{a.cert.Raw, der, key.Seed(), a.secret()} {
		b = binary.BigEndian.AppendUint16(b, uint16(len(part)))
		b = append(b, part...)
	}
	sum := sha256.Sum256(b)
	return tokenPrefix + base64.RawURLEncoding.EncodeToString(append(b, sum[:4]...)), nil
}

// MaxToken is more than a token has, in bytes.
const MaxToken = 8 << 10

// ReadToken gives the identity that Join would give, and makes nothing. The errors are those of Join.
func ReadToken(data, token string) (*Identity, error) {
	r, err := readToken(data, token)
	return r.identity, err
}

// tokenIn is what there is to say of a token where a data folder is.
type tokenIn struct {
	identity *Identity
	parts    [4][]byte // see parseToken
	moves    bool      // the folder has a node of another cluster
}

func readToken(data, token string) (r tokenIn, err error) {
	if r.parts, err = parseToken(token); err != nil {
		return r, err
	}
	id, err := newIdentity(r.parts[0], r.parts[1], ed25519.NewKeyFromSeed(r.parts[2]), r.parts[3])
	if err != nil {
		return r, fmt.Errorf("%w: %w", ErrToken, err)
	}
	held, err := readCert(fileIn(data, authorityCert))
	if r.moves = err == nil && !bytes.Equal(held.Raw, r.parts[0]); r.moves {
		if HasAuthority(data) {
			return r, fmt.Errorf("the token is of another cluster than the one whose authority is in %s: %w", filepath.Join(data, folder), ErrExists)
		}
		r.identity = id
		return r, nil
	}
	if err := id.keepIn(data); err != nil {
		return r, err
	}
	if id.ShutOut() {
		return r, fmt.Errorf("%w: node %s, %w; make another token where the cluster's authority is", ErrToken, id.Node, ErrRevoked)
	}
	r.identity = id
	return r, nil
}

// Join makes the node of a token in a data folder, in place of the one that was
// there, and gives its identity. The error is ErrToken, wrapped, or of files.
func Join(data, token string) (*Identity, error) {
	r, err := readToken(data, token)
	if err != nil {
		return nil, err
	}
	id, parts := r.identity, r.parts
	if r.moves {
		if err := os.Remove(fileIn(data, revokedFile)); err != nil && !errors.Is(err, fs.ErrNotExist) { // that cluster's
			return nil, err
		}
		if err := id.keepIn(data); err != nil {
			return nil, err
		}
	}
	if err := os.MkdirAll(filepath.Join(data, folder), 0o700); err != nil {
		return nil, err
	}
	return id, errors.Join(
		writeCert(fileIn(data, authorityCert), parts[0]),
		regular.Write(fileIn(data, commonSecret), []byte(hex.EncodeToString(id.secret)+"\n"), 0o600),
		writeKey(fileIn(data, nodeKey), id.key),
		writeCert(fileIn(data, nodeCert), parts[1]),
	)
}

// parseToken gives the authority's certificate, the node's, the seed of its key, and
// the secret of the cluster.
func parseToken(token string) (parts [4][]byte, err error) {
	text, ok := strings.CutPrefix(strings.TrimSpace(token), tokenPrefix)
	b, err := base64.RawURLEncoding.DecodeString(text)
	if !ok || err != nil || len(b) < 4 {
		return parts, ErrToken
	}
	b, sum := b[:len(b)-4], b[len(b)-4:]
	if is := sha256.Sum256(b); !bytes.Equal(is[:4], sum) {
		return parts, ErrToken
	}
	for i := range parts {
		if len(b) < 2 || len(b)-2 < int(binary.BigEndian.Uint16(b)) {
			return parts, ErrToken
		}
		n := int(binary.BigEndian.Uint16(b))
		parts[i], b = b[2:2+n], b[2+n:]
	}
	if len(b) > 0 || len(parts[2]) != ed25519.SeedSize || len(parts[3]) != secretBytes {
		return parts, ErrToken
	}
	return parts, nil
}

// Identity is what makes a process a node: a name, the key of it, and who else is
// a node. It is immutable but for those that were shut out, and may be used from any
// goroutine.
type Identity struct {
	Node    string // its name
	Cluster string // that it belongs to
	Ends    time.Time

	authority   *x509.Certificate
	pool        *x509.CertPool
	certificate []byte // its own, as DER
	key         ed25519.PrivateKey
	secret      []byte // that all nodes have
	number      uint64 // of its certificate
	data        string // the data folder; "" for one that is kept nowhere

	revoked  atomic.Pointer[revoked]
	adopting sync.Mutex // of another list in place of that
}

// OpenIdentity reads what Join left in a data folder. The error wraps ErrNoIdentity
// where that did not happen.
func OpenIdentity(data string) (*Identity, error) {
	key, err := readKey(fileIn(data, nodeKey))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNoIdentity
	}
	if err != nil {
		return nil, err
	}
	authority, err := readCert(fileIn(data, authorityCert))
	if err != nil {
		return nil, err
	}
	own, err := readCert(fileIn(data, nodeCert))
	if err != nil {
		return nil, err
	}
	secret, err := readSecret(data)
	if err != nil {
		return nil, err
	}
	id, err := newIdentity(authority.Raw, own.Raw, key, secret)
	if err != nil {
		return nil, err
	}
	return id, id.keepIn(data)
}

// keepIn has an identity be that of a data folder, which knows who was shut out.
func (i *Identity) keepIn(data string) error {
	r, err := readRevoked(data, i.authority)
	i.data = data
	i.revoked.Store(r)
	return err
}

// readSecret gives the secret of the cluster that the node in a data folder is of.
func readSecret(data string) ([]byte, error) {
	text, err := os.ReadFile(fileIn(data, commonSecret))
	if errors.Is(err, fs.ErrNotExist) {
		if authority, err := OpenAuthority(data); err == nil {
			return authority.secret(), nil
		}
		return nil, fmt.Errorf("%w with a secret, as nodes of this version have one: make another token where the cluster's authority is, and join with it", ErrNoIdentity)
	}
	if err != nil {
		return nil, err
	}
	secret, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(secret) != secretBytes {
		return nil, fmt.Errorf("%s holds no secret of a cluster", fileIn(data, commonSecret))
	}
	return secret, nil
}

func newIdentity(authority, own []byte, key ed25519.PrivateKey, secret []byte) (*Identity, error) {
	ca, err := x509.ParseCertificate(authority)
	if err != nil {
		return nil, err
	}
	id := &Identity{Cluster: ca.Subject.CommonName, authority: ca, pool: x509.NewCertPool(), certificate: own, key: key, secret: secret}
	id.pool.AddCert(ca)
	cert, err := id.check(own)
	if err != nil {
		return nil, err
	}
	if public, ok := cert.PublicKey.(ed25519.PublicKey); !ok || !public.Equal(key.Public()) {
		return nil, errors.New("the key is of another certificate")
	}
	id.Node, id.Ends, id.number = cert.Subject.CommonName, cert.NotAfter, numberOf(cert)
	return id, nil
}

// check gives a certificate that makes its holder a node of this cluster.
func (i *Identity) check(der []byte) (*x509.Certificate, error) {
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return cert, i.verify(cert)
}

func (i *Identity) verify(cert *x509.Certificate) error {
	_, err := cert.Verify(x509.VerifyOptions{Roots: i.pool, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	if err == nil && (cert.IsCA || !ValidName(cert.Subject.CommonName)) {
		err = errors.New("the certificate is not one of a node")
	}
	if err == nil && i.voids(cert.Subject.CommonName, numberOf(cert)) {
		err = fmt.Errorf("node %s: %w", cert.Subject.CommonName, errVoid)
	}
	return err
}

// NextLife gives the number of a life of the node in a data folder that begins, which
// is higher than those of all before, also where the clock went back.
func NextLife(data string) (uint64, error) {
	name := fileIn(data, lives)
	b, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	last, _ := strconv.ParseUint(strings.TrimSpace(string(b)), 10, 64) // 0 where there was none
	next := numberAfter(last)
	return next, regular.Write(name, strconv.AppendUint(nil, next, 10), 0o600)
}

// Fingerprint gives the SHA-256 of the authority's certificate, which all nodes of
// the cluster have in common.
func (i *Identity) Fingerprint() string {
	sum := sha256.Sum256(i.authority.Raw)
	return hex.EncodeToString(sum[:])
}

// TLS gives the settings of connections to and from other nodes, of both sides.
// peer is the name that the other side must have; "" takes any node. Names of
// hosts mean nothing in it: a node is who has the certificate.
func (i *Identity) TLS(peer string) *tls.Config {
	return &tls.Config{
		MinVersion:         tls.VersionTLS13,
		Certificates:       []tls.Certificate{{Certificate: [][]byte{i.certificate}, PrivateKey: i.key}},
		RootCAs:            i.pool,
		ClientCAs:          i.pool,
		ClientAuth:         tls.RequireAnyClientCert, // which VerifyConnection looks at, as at servers'
		InsecureSkipVerify: true,
		VerifyConnection: func(c tls.ConnectionState) error {
			if len(c.PeerCertificates) == 0 {
				return errors.New("no certificate of a node")
			}
			if err := i.verify(c.PeerCertificates[0]); err != nil {
				return fmt.Errorf("not a node of cluster %s: %w", i.Cluster, err)
			}
			if name := NodeOf(c); peer != "" && name != peer {
				return fmt.Errorf("node %s answers where %s is to be", name, peer)
			}
			return nil
		},
	}
}

// NodeOf gives the name of the node at the other end of a connection made by TLS.
func NodeOf(c tls.ConnectionState) string {
	if len(c.PeerCertificates) == 0 {
		return ""
	}
	return c.PeerCertificates[0].Subject.CommonName
}

func serial() *big.Int {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails
	b[0] &= 0x7F
	return new(big.Int).SetBytes(b)
}

func writeCert(name string, der []byte) error {
	return regular.Write(name, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644)
}

func writeKey(name string, key ed25519.PrivateKey) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return regular.Write(name, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600)
}

func readCert(name string) (*x509.Certificate, error) {
	der, err := readPEM(name, "CERTIFICATE")
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

func readKey(name string) (ed25519.PrivateKey, error) {
	der, err := readPEM(name, "PRIVATE KEY")
	if err != nil {
		return nil, err
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	own, ok := key.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%s: a key of another kind than Framegate makes", name)
	}
	return own, nil
}

func readPEM(name, kind string) ([]byte, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(b)
	if block == nil || block.Type != kind {
		return nil, fmt.Errorf("%s holds no %s", name, strings.ToLower(kind))
	}
	return block.Bytes, nil
}

package cluster

import (
	"cmp"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"regexp"
	"slices"
	"sync"
)

// What a beat may hold at most.
const (
	maxBeat    = 512 << 10 // bytes
	maxOwned   = 4096      // cameras that one node owns
	maxTexts   = 32        // roles, and labels
	maxText    = 128       // bytes of one
	maxAddress = 256       // bytes, also of the URL for viewers
	// maxEpoch is more than failovers can make, so that nobody takes a camera for
	// good: a claim beyond it is a lie.
	maxEpoch = 1 << 40
	// maxAt is a time in a thousand years and more.
	maxAt = 1 << 45
	// maxLeap is by how much an epoch may be higher than all that were heard.
	maxLeap = 1 << 20
)

// Beat is what a node says of itself, twice a second.
type Beat struct {
	Node        string   `json:"node"`
	Incarnation uint64   `json:"incarnation"` // which life of the node: see NextLife
	Sequence    uint64   `json:"sequence"`    // of the beat, in that life
	Version     string   `json:"version"`
	Relay       string   `json:"relay"` // host:port at which other nodes get its cameras
	Roles       []string `json:"roles"`
	Labels      []string `json:"labels"`
	Viewers     int      `json:"viewers"`
	Shown       int      `json:"shown"`  // streams that other nodes get of it
	Load        float64  `json:"load"`   // of the processors of its machine, 0 to 1; 0 where that is not known
	At          int64    `json:"at"`     // by its clock, in milliseconds since 1970; 0 where it does not say
	Config      string   `json:"config"` // a digest of which cameras it knows
	Common      uint64   `json:"common"` // the version of what all nodes have in common that it has
	Origin      bool     `json:"origin"` // the cluster was made there
	Public      string   `json:"public"` // URL by which viewers reach it; "" where none is sent there
	Leaving     bool     `json:"leaving"`
	Revoked     uint64   `json:"revoked,omitempty"` // which list it has of nodes that were shut out
	Owned       []Claim  `json:"owned"`
	Chain       []byte   `json:"chain,omitempty"`  // the last link of that of its pulses; nil where there are none
	Lacks       []string `json:"lacks,omitempty"`  // nodes of which only pulses were heard
	Apart       bool     `json:"apart,omitempty"`  // it hears too few of those that vote, and has exclusive cameras
	Asks        []string `json:"asks,omitempty"`   // exclusive cameras that it wants to own, or is connected to: see Vote
	Votes       []Vote   `json:"votes,omitempty"`  // of a node that votes
	Stands      []Stand  `json:"stands,omitempty"` // cameras that it keeps connected beside their owners

	certificate uint64 // the number of the one by which it was signed
}

// Stand says that a node keeps a camera connected that another owns, to take it over.
type Stand struct {
	Camera string `json:"camera"`
	State  string `json:"state"` // how that is: see standStates
}

// standStates are the states of a stand: how the stream is there, or why its source
// ended (stream.State, stream.Reason).
var standStates = []string{"idle", "connecting", standsReady, "offline", "denied", "unreachable", "silent", "ended", "limit", "panic", "other"}

// Claim says that a node owns a camera. Of several the one with the higher epoch
// counts, and of equal ones that of the node whose name sorts last.
type Claim struct {
	Camera string `json:"camera"`
	Epoch  uint64 `json:"epoch"`
	Sent   bool   `json:"sent"` // its pictures are sent in there
	// State is how the camera is, since when, in seconds since 1970, and Reason why.
	State  State `json:"state,omitempty"`
	Since  int64 `json:"since,omitempty"`
	Reason uint8 `json:"reason,omitempty"`
}

// Refusals of messages, for counters and tests.
var (
	errBroken    = errors.New("broken")    // it cannot be read
	errTooLarge  = errors.New("too large") // it, or something in it
	errStranger  = errors.New("stranger")  // it is of no node of this cluster
	errName      = errors.New("name")      // it speaks for another node than the one that signed it
	errEpoch     = errors.New("epoch")     // it claims an epoch that cannot be
	errOld       = errors.New("old")       // it was heard before, or is of an earlier life
	errDuplicate = errors.New("duplicate") // another process has this node's own name
	errRole      = errors.New("role")      // it owns what a node of its roles does not
	errVoid      = errors.New("shut out")  // it is of a node that was shut out
	refusals     = []error{errBroken, errTooLarge, errStranger, errName, errEpoch, errOld, errDuplicate, errRole, errVoid}
)

// signed separates signatures of beats from all others that a key may make.
const signed = "framegate cluster beat 1\n"

// seal gives a beat as it travels: the length of the certificate, the certificate,
// the signature, and the beat as JSON.
func (i *Identity) seal(b Beat) ([]byte, error) {
	text, err := json.Marshal(b)
	if err != nil {
		return nil, err
	}
	out := i.sign(signed, text)
	if len(out) > maxBeat {
		return nil, errTooLarge
	}
	return out, nil
}

// sign gives a text of one kind as it travels.
func (i *Identity) sign(kind string, text []byte) []byte {
	out := binary.BigEndian.AppendUint16(nil, uint16(len(i.certificate)))
	out = append(out, i.certificate...)
	out = append(out, ed25519.Sign(i.key, append([]byte(kind), text...))...)
	return append(out, text...)
}

// opener opens what others sealed, and remembers whose certificates are good. It may
// be used from any goroutine.
type opener struct {
	identity *Identity

	mu    sync.Mutex // guards what follows
	known map[[sha256.Size]byte]*x509.Certificate
}

// maxKnown bounds the certificates that are remembered.
const maxKnown = 256

func newOpener(i *Identity) *opener {
	return &opener{identity: i, known: make(map[[sha256.Size]byte]*x509.Certificate)}
}

// open gives a beat that is sound, and was made by the node that it is of.
func (o *opener) open(message []byte) (b Beat, err error) {
	if len(message) > maxBeat {
		return b, errTooLarge
	}
	cert, text, err := o.signed(signed, message)
	if err != nil {
		return b, err
	}
	if json.Unmarshal(text, &b) != nil {
		return b, errBroken
	}
	if b.Node != cert.Subject.CommonName {
		return b, fmt.Errorf("%w: %s speaks for %.63q", errName, cert.Subject.CommonName, b.Node)
	}
	if b.certificate = numberOf(cert); o.identity.voids(b.Node, b.certificate) {
		return b, fmt.Errorf("%w: %s", errVoid, b.Node)
	}
	return b, b.check()
}

// signer gives the node that signed a text of one kind, and the text.
func (o *opener) signer(kind string, message []byte) (node string, text []byte, err error) {
	cert, text, err := o.signed(kind, message)
	if err != nil {
		return "", nil, err
	}
	if node = cert.Subject.CommonName; o.identity.voids(node, numberOf(cert)) {
		return node, nil, fmt.Errorf("%w: %s", errVoid, node)
	}
	return node, text, nil
}

// signed gives a text of one kind, and the certificate of the node that signed it.
func (o *opener) signed(kind string, message []byte) (*x509.Certificate, []byte, error) {
	if len(message) < 2 {
		return nil, nil, errBroken
	}
	n := int(binary.BigEndian.Uint16(message))
	if message = message[2:]; n > maxCertificate || len(message) < n+ed25519.SignatureSize {
		return nil, nil, errBroken
	}
	cert, err := o.certificate(message[:n])
	if err != nil {
		return nil, nil, err
	}
	signature, text := message[n:n+ed25519.SignatureSize], message[n+ed25519.SignatureSize:]
	public, ok := cert.PublicKey.(ed25519.PublicKey)
	if !ok || !ed25519.Verify(public, append([]byte(kind), text...), signature) {
		return nil, nil, errStranger
	}
	return cert, text, nil
}

// certificate gives a certificate of a node of this cluster.
func (o *opener) certificate(der []byte) (*x509.Certificate, error) {
	sum := sha256.Sum256(der)
	o.mu.Lock()
	known := o.known[sum]
	o.mu.Unlock()
	if known != nil {
		return known, nil
	}
	cert, err := o.identity.check(der)
	if errors.Is(err, errVoid) {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errStranger, err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.known) >= maxKnown {
		clear(o.known)
	}
	o.known[sum] = cert
	return cert, nil
}

// publicPattern is the URL of a node for viewers. It stands in headers of answers, and so is
// of characters that mean nothing there.
var publicPattern = regexp.MustCompile(`^https?://([a-z0-9_.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?(/[A-Za-z0-9._~-]{1,64}){0,8}$`)

// check says what is wrong with a beat, whoever it is of.
func (b *Beat) check() error {
	switch {
	case len(b.Owned) > maxOwned, len(b.Stands) > maxOwned, len(b.Roles) > maxTexts, len(b.Labels) > maxTexts, len(b.Relay) > maxAddress,
		len(b.Version) > maxText, len(b.Config) > maxText,
		slices.ContainsFunc(slices.Concat(b.Roles, b.Labels), func(s string) bool { return len(s) > maxText }):
		return errTooLarge
	case len(b.Lacks) > maxLacks:
		return errTooLarge
	case len(b.Chain) != 0 && len(b.Chain) != len(link{}):
		return errBroken
	case b.Incarnation == 0, b.Sequence == 0, b.Viewers < 0, b.Shown < 0, b.Load < 0, b.Load > 1, b.At < 0, b.At > maxAt:
		return errBroken
	}
	if b.Public != "" && (len(b.Public) > maxAddress || !publicPattern.MatchString(b.Public)) {
		return errBroken
	}
	if _, port, err := net.SplitHostPort(b.Relay); err != nil || port == "" {
		return errBroken
	}
	seen := make(map[string]bool, len(b.Owned))
	for _, c := range b.Owned {
		switch {
		case !ValidName(c.Camera), seen[c.Camera]:
			return errBroken
		case c.Epoch == 0 || c.Epoch > maxEpoch:
			return fmt.Errorf("%w: %d of camera %s", errEpoch, c.Epoch, c.Camera)
		case !c.Sent && !slices.Contains(b.Roles, RoleCamera):
			return fmt.Errorf("%w: it has not the role %s, and owns %s", errRole, RoleCamera, c.Camera)
		}
		if err := c.checkState(); err != nil {
			return err
		}
		seen[c.Camera] = true
	}
	return cmp.Or(b.checkStands(seen), b.checkVotes())
}

// checkStands says what is wrong with the cameras that a node stands by of which it
// owns some.
func (b *Beat) checkStands(owned map[string]bool) error {
	seen := make(map[string]bool, len(b.Stands))
	for _, s := range b.Stands {
		switch {
		case !ValidName(s.Camera), seen[s.Camera], owned[s.Camera], !slices.Contains(standStates, s.State):
			return errBroken
		case !slices.Contains(b.Roles, RoleCamera):
			return fmt.Errorf("%w: it has not the role %s, and stands by %s", errRole, RoleCamera, s.Camera)
		}
		seen[s.Camera] = true
	}
	return nil
}

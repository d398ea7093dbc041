package cluster

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"framegate/gateway/regular"
)

// maxRevoked is how many names a list of revoked nodes may hold, and MaxRevokedList how long
// it may be, in bytes.
const (
	maxRevoked     = 1024
	MaxRevokedList = 256 << 10
)

// revokedFile is where in the folder of an identity the newest list stands.
const revokedFile = "revoked"

// countFile is where an authority keeps the number of the last certificate that it made.
const countFile = "ca.count"

// revokedSigned separates signatures of lists from all others that the authority makes.
const revokedSigned = "framegate cluster revoked 1\n"

// Errors of lists of revoked nodes, for callers to branch on.
var (
	// ErrRevoked: the node was shut out, and what it shows of itself counts no more.
	ErrRevoked = errors.New("this node was shut out of the cluster")
	// ErrNoList: what is no list of revoked nodes that this cluster's authority signed.
	ErrNoList = errors.New("this is no list of revoked nodes that the authority of this cluster signed")
	// ErrOwnNode: the node that is to be shut out is the one with the authority.
	ErrOwnNode = errors.New("the node that has the authority cannot be shut out by it")
)

// revoked is which certificates count no more: of a node all up to one, by the numbers
// that the authority gave them. The cluster's authority signs it. It is immutable.
type revoked struct {
	Cluster string            `json:"cluster"`
	Number  uint64            `json:"number"` // of two lists the one with the higher number counts
	Until   map[string]uint64 `json:"until"`  // numbers of certificates, by node

	sealed []byte // the signature, and the rest as JSON
}

// voids says whether a certificate counts no more.
func (r *revoked) voids(node string, certificate uint64) bool {
	if r == nil {
		return false
	}
	until, there := r.Until[node]
	return there && certificate <= until
}

// number gives that of a list; 0 of none.
func (r *revoked) number() uint64 {
	if r == nil {
		return 0
	}
	return r.Number
}

// numberOf gives that which the authority gave a certificate of a node; 0 where it did
// not count yet.
func numberOf(cert *x509.Certificate) uint64 {
	n, _ := strconv.ParseUint(cert.Subject.SerialNumber, 10, 64)
	return n
}

// openRevoked reads a list that an authority signed. The error is ErrNoList.
func openRevoked(authority *x509.Certificate, sealed []byte) (*revoked, error) {
	public, ok := authority.PublicKey.(ed25519.PublicKey)
	if !ok || len(sealed) < ed25519.SignatureSize || len(sealed) > MaxRevokedList {
		return nil, ErrNoList
	}
	signature, text := sealed[:ed25519.SignatureSize], sealed[ed25519.SignatureSize:]
	if !ed25519.Verify(public, append([]byte(revokedSigned), text...), signature) {
		return nil, ErrNoList
	}
	r := &revoked{sealed: slices.Clone(sealed)}
	if json.Unmarshal(text, r) != nil || r.Cluster != authority.Subject.CommonName || r.Number == 0 || len(r.Until) > maxRevoked {
		return nil, ErrNoList
	}
	return r, nil
}

// readRevoked gives the list in a data folder; nil where there is none.
func readRevoked(data string, authority *x509.Certificate) (*revoked, error) {
	sealed, err := os.ReadFile(fileIn(data, revokedFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	r, err := openRevoked(authority, sealed)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", fileIn(data, revokedFile), err)
	}
	return r, nil
}

// Revoke shuts a node out: all certificates that were made of that name until now count
// no more, wherever the list that it gives, and keeps, is known (Identity.Adopt,
// Cluster.Revoke). A later token of the name is good. The error is ErrOwnNode, wrapped, or of
// files. Calls beside each other, of any process, are one after the other.
func (a *Authority) Revoke(node string) (list []byte, err error) {
	if !ValidName(node) {
		return nil, fmt.Errorf("%q is no name of a node", node)
	}
	if own, err := readCert(fileIn(a.data, nodeCert)); err == nil && own.Subject.CommonName == node {
		return nil, fmt.Errorf("node %s: %w", node, ErrOwnNode)
	}
	unlock, err := lockFolder(a.data)
	if err != nil {
		return nil, err
	}
	defer unlock()
	r, err := readRevoked(a.data, a.cert)
	if err != nil {
		return nil, err
	}
	next := revoked{Cluster: a.Cluster(), Number: numberAfter(r.number()), Until: make(map[string]uint64)}
	if r != nil {
		next.Until = maps.Clone(r.Until)
	}
	next.Until[node] = max(a.count(r), numberNow())
	if len(next.Until) > maxRevoked {
		return nil, fmt.Errorf("more than %d nodes were shut out of this cluster; make a new one", maxRevoked)
	}
	text, err := json.Marshal(next)
	if err != nil {
		return nil, err
	}
	list = append(ed25519.Sign(a.key, append([]byte(revokedSigned), text...)), text...)
	return list, regular.Write(fileIn(a.data, revokedFile), list, 0o644)
}

// Adopt has a list of revoked nodes count from now on, and at the next start, if the
// authority of this cluster signed it and it is newer than what is known, which news
// says. The error is ErrNoList, or of files, and then it counts until this process ends.
func (i *Identity) Adopt(list []byte) (news bool, err error) {
	r, err := openRevoked(i.authority, list)
	if err != nil {
		return false, err
	}
	i.adopting.Lock()
	defer i.adopting.Unlock()
	if r.Number <= i.revoked.Load().number() {
		return false, nil
	}
	i.revoked.Store(r)
	if i.data == "" {
		return true, nil
	}
	unlock, err := lockFolder(i.data)
	if err != nil {
		return true, err
	}
	defer unlock()
	if kept, err := readRevoked(i.data, i.authority); err == nil && kept.number() >= r.Number { // another process was first
		return true, nil
	}
	return true, regular.Write(fileIn(i.data, revokedFile), list, 0o644)
}

// ShutOut says whether this node itself was.
func (i *Identity) ShutOut() bool { return i.revoked.Load().voids(i.Node, i.number) }

// voids says whether what a node of that name shows counts no more, by its certificate
// with that number.
func (i *Identity) voids(node string, certificate uint64) bool {
	return i.revoked.Load().voids(node, certificate)
}

// since gives the nodes that are shut out by this list and were not by an older one. Those
// of both may have been let in again meanwhile.
func (r *revoked) since(older *revoked) (nodes []string) {
	for node, until := range r.Until {
		if older == nil || until > older.Until[node] {
			nodes = append(nodes, node)
		}
	}
	slices.Sort(nodes)
	return nodes
}

// numberNow gives the time in microseconds, which is a number that a certificate or a list has
// that is made now, if the one before it has no higher one. So those of an authority that is an
// older copy, as out of a backup, come after all that was made since, unless the clock was
// ahead then.
func numberNow() uint64 { return uint64(time.Now().UnixMicro()) }

// numberAfter gives the number of what is made now, after what has that number.
func numberAfter(last uint64) uint64 { return max(last+1, numberNow()) }

// count gives the number of the last certificate that the authority made, by its own count
// and by who was shut out, which is of a later one where the folder is an older copy.
func (a *Authority) count(r *revoked) uint64 {
	text, _ := os.ReadFile(fileIn(a.data, countFile))
	n, _ := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
	if r != nil {
		for _, until := range r.Until {
			n = max(n, until)
		}
	}
	return n
}

// nextNumber numbers a certificate that is made now. One that is made after a node was
// shut out is good, also where the clock went back.
func (a *Authority) nextNumber() (uint64, error) {
	unlock, err := lockFolder(a.data)
	if err != nil {
		return 0, err
	}
	defer unlock()
	r, err := readRevoked(a.data, a.cert)
	if err != nil {
		return 0, err
	}
	n := numberAfter(a.count(r))
	return n, regular.Write(fileIn(a.data, countFile), strconv.AppendUint(nil, n, 10), 0o600)
}

// lockFolder keeps other processes, and other calls, from changing what proves nodes in
// a data folder, until unlock. Who has it does so for a moment.
func lockFolder(data string) (unlock func(), err error) {
	f, err := os.Open(filepath.Join(data, folder))
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		f.Close()
		return nil, err
	}
	return func() {
		// A program that is just being started has all files for a moment, and so the lock.
		_ = syscall.Flock(int(f.Fd()), syscall.LOCK_UN)
		f.Close()
	}, nil
}

// tellEvery is how often a node tells the list of those that were shut out at most,
// where others have an older one.
const tellEvery = time.Second

// tellRevoked tells other nodes which were shut out. It is called by Run.
func (c *Cluster) tellRevoked(now time.Time) {
	if now.Sub(c.toldRevoked) < tellEvery {
		return
	}
	c.toldRevoked = now
	if r := c.options.Identity.revoked.Load(); r != nil {
		if err := c.bus.tell(c.bus.revoked, r.sealed); err != nil {
			c.options.Log.Warn("other nodes are not told which are shut out", "err", err)
		}
	}
}

// hearRevoked takes a list that another node told.
func (c *Cluster) hearRevoked(list []byte) {
	select {
	case <-c.began: // before, not all is there that it ends
	case <-c.closed:
		return
	}
	if err := c.Revoke(list); err != nil {
		c.options.Log.Warn("a list of nodes that are shut out is not taken", "err", err)
	}
}

// Revoke has a list of Authority.Revoke count here, tells it to all that can be
// reached, and ends what those have with this node that it shuts out. An older list
// than the one that counts changes nothing. The error is ErrNoList; other faults are
// logged.
func (c *Cluster) Revoke(list []byte) error {
	before := c.options.Identity.revoked.Load()
	news, err := c.options.Identity.Adopt(list)
	if errors.Is(err, ErrNoList) {
		c.refused[errVoid].Add(1)
		return err
	}
	if err != nil {
		c.options.Log.Error("which nodes are shut out is not kept, and counts until this process ends", "err", err)
	}
	if !news {
		return nil
	}
	if err := c.bus.tell(c.bus.revoked, list); err != nil {
		c.options.Log.Warn("other nodes are not told which are shut out", "err", err)
	}
	c.mu.Lock()
	c.table.shutOut(c.options.Identity, time.Now())
	c.cutAt = time.Now().Add(lastWord)
	c.mu.Unlock()
	if c.options.Identity.ShutOut() {
		c.options.Log.Error("this node was shut out of the cluster, and takes no part in it any more; a new token lets it in", "node", c.Node())
	}
	if c.options.ShutOut != nil {
		c.options.ShutOut(c.options.Identity.revoked.Load().since(before))
	}
	c.Soon()
	return nil
}

// lastWord is for how long the bus has connections of a node that is shut out, so that
// it hears of it, and tells its people.
const lastWord = time.Second

// cutDue has the bus end connections of nodes that were shut out, where it is time. It
// is called by Run.
func (c *Cluster) cutDue(now time.Time) {
	c.mu.Lock()
	due := !c.cutAt.IsZero() && now.After(c.cutAt)
	if due {
		c.cutAt = time.Time{}
	}
	c.mu.Unlock()
	if !due {
		return
	}
	if err := c.bus.cut(); err != nil {
		c.options.Log.Error("connections of nodes that are shut out are not ended", "err", err)
	}
}

// Voids says whether what a certificate proves counts no more.
func (c *Cluster) Voids(cert *x509.Certificate) bool {
	return c.options.Identity.voids(cert.Subject.CommonName, numberOf(cert))
}

// shutOut has nodes be gone that were shut out, and this one own nothing if it was.
func (t *table) shutOut(by *Identity, now time.Time) {
	for name, m := range t.members {
		if m.shutOut = by.voids(name, m.certificate); m.shutOut && m.alive {
			m.alive, m.since = false, now
		}
		if m.shutOut {
			delete(t.publics, m.Public) // so that no page of its may ask for anything
		}
	}
	if by.ShutOut() {
		t.self.Leaving, t.closed = true, true // settle has cameras move to nowhere
	}
}

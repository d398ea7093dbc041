package cluster

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// What all nodes have in common is one value in a bucket of JetStream (ADR-8 of NATS).
// So it is replaced whole or not at all, and only by who saw what it replaces.
const (
	bucket     = "framegate" // on a bus of the nodes' own
	bucketKey  = "state"
	kvAnswers  = 2 * time.Second // until another question is asked
	kvCreation = 5 * time.Second

	// maxSealed bounds the value as it travels, and maxCommon what it is made of.
	maxSealed = 4 << 20
	maxCommon = 32 << 20
)

// kept is where in JetStream the value is.
type kept struct {
	bucket  string
	subject string // where it is replaced
	latest  string // where it is asked for
}

// keptIn gives where that is in a bucket of a domain of JetStream, "" for that of the server one is connected to.
func keptIn(bucket, domain string) kept {
	at := "$KV." + bucket + "." + bucketKey
	if domain == "" {
		return kept{bucket: bucket, subject: at, latest: "$JS.API.DIRECT.GET.KV_" + bucket + "." + at}
	}
	api := "$JS." + domain + ".API."
	return kept{bucket: bucket, subject: api + at, latest: api + "DIRECT.GET.KV_" + bucket + "." + at}
}

// wrongRevision is what JetStream calls a value that is not the expected one, with one
// copy and with several.
var wrongRevision = []jetstream.ErrorCode{jetstream.JSErrCodeStreamWrongLastSequence, jetstream.JSErrCodeStreamWrongLastSequenceConstant}

// Errors of what nodes have in common, for callers to branch on.
var (
	// ErrApart: the nodes that keep it are not reached, or are too few.
	ErrApart = errors.New("the nodes that keep what all nodes have in common are not reached, or too few of them are")
	// ErrAbsent: nothing is kept yet, or any more.
	ErrAbsent = errors.New("nothing is kept yet")
	// ErrChanged: somebody else replaced it.
	ErrChanged = errors.New("it was replaced by somebody else")
	// ErrUnreadable: what is kept was not sealed by a node of this cluster.
	ErrUnreadable = errors.New("what is kept was sealed by no node of this cluster, or is damaged")
	// ErrTooMuch: it is more than nodes can have in common.
	ErrTooMuch = errors.New("it is more than nodes can have in common")
)

// Fetch gives what all nodes have in common, and its revision, for Replace. It may be
// older than what another node has replaced it by in this moment. The error is ErrApart,
// ErrAbsent or ErrUnreadable, and of the last two the revision counts.
func (c *Cluster) Fetch(ctx context.Context) (text []byte, revision uint64, err error) {
	ctx, cancel := context.WithTimeout(ctx, kvAnswers)
	defer cancel()
	answer, err := c.bus.conn.RequestWithContext(ctx, c.bus.kept.latest, nil)
	if err != nil {
		return nil, 0, fmt.Errorf("%w (%v)", ErrApart, err)
	}
	switch status := answer.Header.Get("Status"); status {
	case "":
	case "404":
		return nil, 0, ErrAbsent
	default:
		return nil, 0, fmt.Errorf("%w (%s %s)", ErrApart, status, answer.Header.Get("Description"))
	}
	if revision, err = strconv.ParseUint(answer.Header.Get(jetstream.SequenceHeader), 10, 64); err != nil {
		return nil, 0, fmt.Errorf("%w (an answer without a revision)", ErrApart)
	}
	text, err = c.options.Identity.openCommon(answer.Data)
	return text, revision, err
}

// Replace makes this what all nodes have in common, if its revision is still that, 0
// for ErrAbsent, and gives the new revision. Once it gave one the nodes that keep it
// have it on their disks, most of them where they are several. The error is ErrChanged,
// ErrTooMuch, or ErrApart, after which it may have happened all the same.
func (c *Cluster) Replace(ctx context.Context, text []byte, revision uint64) (uint64, error) {
	sealed, err := c.options.Identity.sealCommon(text)
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, kvAnswers)
	defer cancel()
	m := nats.NewMsg(c.bus.kept.subject)
	m.Data = sealed
	m.Header.Set(jetstream.ExpectedLastSubjSeqHeader, strconv.FormatUint(revision, 10))
	answer, err := c.bus.conn.RequestMsgWithContext(ctx, m)
	if errors.Is(err, nats.ErrMaxPayload) {
		return 0, fmt.Errorf("%w: %d bytes, and the outside NATS takes %d at once (max_payload)", ErrTooMuch, len(sealed), c.bus.conn.MaxPayload())
	}
	if err != nil {
		return 0, fmt.Errorf("%w (%v)", ErrApart, err)
	}
	var ack struct {
		Sequence uint64              `json:"seq"`
		Error    *jetstream.APIError `json:"error"`
	}
	switch err := json.Unmarshal(answer.Data, &ack); {
	case err != nil:
		return 0, fmt.Errorf("%w (%v)", ErrApart, err)
	case ack.Error != nil && slices.Contains(wrongRevision, ack.Error.ErrorCode):
		return 0, ErrChanged
	case ack.Error != nil || ack.Sequence == 0:
		return 0, fmt.Errorf("%w (%v)", ErrApart, ack.Error)
	}
	return ack.Sequence, nil
}

// Prepare makes the place where what all nodes have in common is kept, if it is not
// there: as many copies as nodes that keep it. A node that keeps it calls it, again
// and again until it gives no error, since most of them must be there; with an outside NATS
// every node does.
func (c *Cluster) Prepare(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, kvCreation)
	defer cancel()
	js, err := c.options.NATS.keeper(c.bus.conn)
	switch {
	case err != nil:
	case c.bus.outside != nil:
		err = c.prepareOutside(ctx, js)
	default:
		_, err = js.CreateOrUpdateKeyValue(ctx, c.bucket(max(1, len(c.options.Stores))))
	}
	if err != nil {
		return fmt.Errorf("%w (%v)", ErrApart, err)
	}
	return nil
}

// bucket gives the settings of the bucket, with so many copies.
func (c *Cluster) bucket(copies int) jetstream.KeyValueConfig {
	return jetstream.KeyValueConfig{
		Bucket: c.bus.kept.bucket, Description: "what the nodes of a Framegate cluster have in common, sealed", History: 1,
		Storage: jetstream.FileStorage, Replicas: copies, MaxValueSize: maxSealed, MaxBytes: 16 * maxSealed,
	}
}

// heirPatience is how long a node waits for others that keep what all have in common, one
// of which may have a newer copy.
const heirPatience = 30 * time.Second

// Heir says whether this node is the one to put in its copy of what all have in common
// where nothing is kept: of those that keep it and live the one with the newest, and of equal ones
// the one where the cluster was made, or else whose name sorts first.
func (c *Cluster) Heir() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	t, all := c.table, c.bus.outside != nil // with an outside NATS each node may
	if !all && !slices.Contains(t.self.Roles, RoleStore) || t.self.Leaving {
		return false
	}
	lives := map[string]bool{t.self.Node: true}
	mine := t.self
	mine.Common = c.options.Common()
	for name, m := range t.members {
		if !m.alive || !all && !slices.Contains(m.Roles, RoleStore) {
			continue
		}
		lives[name] = true
		if inherits(m.Beat, mine) {
			return false
		}
	}
	if all { // who they are nobody says; where the cluster was made there is nothing newer at its first start
		first := mine.Origin && mine.Common == 0 && !c.exchanges.echoed.IsZero() && time.Since(t.began) > t.patient
		return first || time.Since(t.began) > heirPatience
	}
	return !slices.ContainsFunc(c.options.Stores, func(name string) bool { return !lives[name] }) || time.Since(t.began) > heirPatience
}

// inherits says whether the copy of a node counts more than that of another.
func inherits(a, b Beat) bool {
	switch {
	case a.Common != b.Common:
		return a.Common > b.Common
	case a.Origin != b.Origin:
		return a.Origin
	}
	return a.Node < b.Node
}

// sealForm is the first byte of what is sealed, before the nonce and the text with its
// tag, in AES-256-GCM.
const sealForm = 1

// sealer gives what seals with the secret that all nodes have.
func (i *Identity) sealer() (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, i.secret, nil, "framegate common state 1", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// sealCommon presses and seals a text so that only nodes of the cluster can read it.
func (i *Identity) sealCommon(text []byte) ([]byte, error) {
	if len(text) > maxCommon {
		return nil, fmt.Errorf("%w: %d bytes", ErrTooMuch, len(text))
	}
	var pressed bytes.Buffer
	w := gzip.NewWriter(&pressed)
	_, err := w.Write(text)
	if err := errors.Join(err, w.Close()); err != nil {
		return nil, err
	}
	aead, err := i.sealer()
	if err != nil {
		return nil, err
	}
	sealed := make([]byte, 1+aead.NonceSize(), 1+aead.NonceSize()+pressed.Len()+aead.Overhead())
	sealed[0] = sealForm
	_, _ = rand.Read(sealed[1:]) // never fails
	sealed = aead.Seal(sealed, sealed[1:], pressed.Bytes(), []byte(i.Cluster))
	if len(sealed) > maxSealed {
		return nil, fmt.Errorf("%w: %d bytes, pressed", ErrTooMuch, len(sealed))
	}
	return sealed, nil
}

// openCommon gives what sealCommon sealed, or ErrUnreadable.
func (i *Identity) openCommon(sealed []byte) ([]byte, error) {
	aead, err := i.sealer()
	if err != nil {
		return nil, err
	}
	head := 1 + aead.NonceSize()
	if len(sealed) < head || len(sealed) > maxSealed || sealed[0] != sealForm {
		return nil, ErrUnreadable
	}
	pressed, err := aead.Open(nil, sealed[1:head], sealed[head:], []byte(i.Cluster))
	if err != nil {
		return nil, ErrUnreadable
	}
	r, err := gzip.NewReader(bytes.NewReader(pressed))
	if err != nil {
		return nil, ErrUnreadable
	}
	text, err := io.ReadAll(io.LimitReader(r, maxCommon+1))
	if err != nil || len(text) > maxCommon {
		return nil, ErrUnreadable
	}
	return text, nil
}

package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// What callers branch on where several servers have the store in common.
var (
	// ErrApart: what all nodes of a cluster have in common cannot be changed now.
	ErrApart = errors.New("what all nodes of the cluster have in common cannot be changed now, since this one does not reach the nodes that keep it, or too few of them live: nothing was changed here; try again when it does")
	// ErrAbsent: no node put anything in yet.
	ErrAbsent = errors.New("the cluster has nothing in common yet")
	// ErrReplaced: another node replaced it meanwhile.
	ErrReplaced = errors.New("another node replaced it")
	// ErrGarbled: it was not made by a node of this cluster.
	ErrGarbled = errors.New("it was made by no node of this cluster, or is damaged")
)

// Keeper keeps one text for all nodes of a cluster, by revisions.
type Keeper interface {
	// Fetch gives the text and its revision. The error is ErrApart, ErrAbsent or
	// ErrGarbled, and of the last two the revision counts.
	Fetch(ctx context.Context) (text []byte, revision uint64, err error)
	// Replace replaces the text of a revision, and gives the new one. The error is
	// ErrReplaced or ErrApart, after which it may have happened all the same.
	Replace(ctx context.Context, text []byte, revision uint64) (uint64, error)
	// Heir says whether this node is the one to put its text in where there is none.
	Heir() bool
}

// CommonOptions are how a store is had in common.
type CommonOptions struct {
	Keeper  Keeper
	Cluster string // which cluster, for ever
	Node    string // this node
	// Check says what is wrong with cameras that another node added.
	Check func([]Camera) error
	// Changed is told of what came from other nodes, by one goroutine, and Told that
	// other nodes can have something newer of this one.
	Changed func(ctx context.Context, cameras bool)
	Told    func()
	Log     *slog.Logger
}

const (
	// lookEvery is how often a node looks for what others changed, of which it mostly
	// hears before.
	lookEvery = 10 * time.Second
	// apartPatience is how long the keeper may not be reached until the log is told, which is looked at again and
	// again meanwhile: at each start it takes some seconds, and after one of those that keep it died.
	apartPatience = 10 * time.Second
	// lookAgain is how soon it looks again for what it heard of and did not find.
	lookAgain = 200 * time.Millisecond
	// probeEvery is how often a node that could change nothing tries whether it can.
	probeEvery = 2 * time.Second
	// commonPatience is how long a change waits until nodes agree, which takes up to
	// nine seconds after one of them died.
	commonPatience = 12 * time.Second
	// commonForm is the form of what nodes exchange.
	commonForm = 1
	// maxVersions is more than there are while a node is away.
	maxVersions = 1 << 24
	// maxWrites bounds the writes that are remembered to be in it.
	maxWrites = 32
)

// document is what all nodes have in common, as one text.
type document struct {
	Form    int      `json:"form"`
	Version uint64   `json:"version"` // grows by 1 with each
	Node    string   `json:"node"`    // that made it
	Writes  []string `json:"writes"`  // that are in it: the newest, and last its own
	Rows    rows     `json:"rows"`
}

func (d *document) write() string {
	if len(d.Writes) == 0 {
		return ""
	}
	return d.Writes[len(d.Writes)-1]
}

// common is a store's part in what all nodes of a cluster have in common. The rows of
// the database are the copy of this node: they begin as the keeper's document, which it had
// last, and base says how they were then.
type common struct {
	CommonOptions
	store   *Store
	kick    chan struct{} // cap 1: somebody has something newer, or something is to be told
	version atomic.Uint64 // that is here; 0 before there was any
	met     chan struct{} // closed when there is a version
	asking  atomic.Bool   // who holds Store.writing waits for the keeper

	// What follows belongs to who holds Store.writing.
	base     marks
	writes   []string        // of the document that is here
	revision uint64          // of the keeper
	known    bool            // revision is
	beside   int64           // PRAGMA data_version, which moves when other processes write
	edited   bool            // perhaps there is something here that the keeper has not
	seen     uint64          // the highest version of the keeper, taken or not
	refused  uint64          // the revision that was refused last
	unread   bool            // the keeper was not reached when it was asked last
	stuck    bool            // it took nothing when something was to be replaced last
	probed   time.Time       // when that was
	found    map[string]bool // tables that others changed, of which nobody was told

	mu     sync.Mutex // guards what follows
	status CommonStatus
	warned bool // the log was told that the keeper is not reached
}

// CommonStatus is how it is with what all nodes have in common, as one of them sees it.
type CommonStatus struct {
	Version uint64            // of what is here; 0 where this node has not met the others yet
	Node    string            // that made it
	Apart   time.Time         // since when the keeper is not reached; zero where it is
	Refused map[string]uint64 // documents that were not taken, by reason
	Problem string            // of the newest, where the keeper has it still
	Writes  uint64            // that the keeper took of this node
	Lost    uint64            // changes made here while apart that others had made otherwise
}

// Refusals of documents, for counters.
const (
	refusedGarbled = "garbled" // not made by a node of this cluster
	refusedForm    = "form"    // of another version of Framegate
	refusedOld     = "old"     // older than what is here
	refusedContent = "content" // it cannot be
)

// Share has other nodes have in common with this store what keeper keeps, from now on:
// every write but those of places and times is the keeper's first. Before it nothing writes. RunCommon
// has to be run.
func (s *Store) Share(ctx context.Context, o CommonOptions) error {
	c := &common{CommonOptions: o, store: s, kick: make(chan struct{}, 1), met: make(chan struct{}), edited: true}
	c.status.Refused = map[string]uint64{refusedGarbled: 0, refusedForm: 0, refusedOld: 0, refusedContent: 0}
	s.writing <- struct{}{}
	defer func() { <-s.writing }()
	err := transact(ctx, s.writer, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS common (cluster TEXT PRIMARY KEY, version INTEGER NOT NULL, writes TEXT NOT NULL, base TEXT NOT NULL) STRICT"); err != nil {
			return err
		}
		return c.load(ctx, tx)
	})
	if err != nil {
		return s.explain("reading what all nodes have in common", err)
	}
	s.common.Store(c)
	return nil
}

// load reads what this node had of the cluster when it ran last.
func (c *common) load(ctx context.Context, tx *sql.Tx) error {
	var version int64
	var writes, base string
	err := tx.QueryRowContext(ctx, "SELECT version, writes, base FROM common WHERE cluster = ?", c.Cluster).Scan(&version, &writes, &base)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err == nil {
		err = errors.Join(json.Unmarshal([]byte(writes), &c.writes), json.Unmarshal([]byte(base), &c.base))
	}
	if err == nil {
		c.reached(uint64(version), "")
	}
	return err
}

// save keeps that a document is here.
func (c *common) save(ctx context.Context, tx *sql.Tx, d *document, base marks) error {
	writes, err := json.Marshal(d.Writes)
	if err != nil {
		return err
	}
	text, err := json.Marshal(base)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "DELETE FROM common"); err != nil { // of other clusters, too
		return err
	}
	_, err = tx.ExecContext(ctx, "INSERT INTO common VALUES (?, ?, ?, ?)", c.Cluster, int64(d.Version), string(writes), string(text))
	return err
}

// reached notes that a version is here.
func (c *common) reached(version uint64, node string) {
	if c.version.Swap(version) == 0 {
		close(c.met)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.status.Version, c.status.Node = version, node
}

// CommonVersion gives the version of what all nodes have in common that is here; 0 for a
// store of one server, and before there is any.
func (s *Store) CommonVersion() uint64 {
	if c := s.common.Load(); c != nil {
		return c.version.Load()
	}
	return 0
}

// CommonStatus gives how it is with what all nodes have in common; nothing for a store
// of one server.
func (s *Store) CommonStatus() CommonStatus {
	c := s.common.Load()
	if c == nil {
		return CommonStatus{}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	status := c.status
	status.Refused = make(map[string]uint64, len(c.status.Refused))
	for why, n := range c.status.Refused {
		status.Refused[why] = n
	}
	return status
}

// Met waits until this node has what all have in common, or ctx is done, which is the
// error. A store of one server has it.
func (s *Store) Met(ctx context.Context) error {
	c := s.common.Load()
	if c == nil {
		return nil
	}
	select {
	case <-c.met:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// LookSoon has RunCommon look for what others changed at once.
func (s *Store) LookSoon() {
	if c := s.common.Load(); c != nil {
		c.soon()
	}
}

func (c *common) soon() {
	select {
	case c.kick <- struct{}{}:
	default:
	}
}

// RunCommon takes what other nodes change and gives them what other processes changed here,
// until ctx is done.
func (s *Store) RunCommon(ctx context.Context) {
	c := s.common.Load()
	if c == nil {
		return
	}
	look := time.NewTimer(0)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.kick:
		case <-look.C:
		}
		wait := lookEvery
		if c.lookOnce(ctx) {
			wait = lookAgain
		}
		look.Reset(wait)
		select { // so that whoever says it has something newer is not believed too often
		case <-ctx.Done():
			return
		case <-time.After(lookAgain / 4):
		}
	}
}

// lookOnce looks, and says whether it is to do so again soon.
func (c *common) lookOnce(ctx context.Context) (again bool) {
	select {
	case c.store.writing <- struct{}{}:
	case <-ctx.Done():
		return false
	}
	c.asking.Store(true)
	before := c.version.Load()
	err := c.look(ctx)
	if err == nil {
		err = c.tell(ctx)
	}
	if err == nil && c.stuck && time.Since(c.probed) > probeEvery {
		_, err = c.attempt(ctx, c.revision, func(*sql.Tx) error { return nil }, true)
	}
	changed, waits := c.found, c.unread || c.stuck
	c.found = nil
	c.asking.Store(false)
	<-c.store.writing
	if len(changed) > 0 {
		c.Changed(ctx, changed["cameras"])
	}
	if c.version.Load() != before {
		c.Told()
	}
	switch {
	case waits, errors.Is(err, ErrAbsent), errors.Is(err, ErrReplaced):
		return true
	case err != nil && ctx.Err() == nil && !errors.Is(err, ErrApart): // which was said
		c.Log.Error("what all nodes have in common", "err", err)
	}
	return false
}

// look takes what the keeper has, where it is newer than what is here. The writer is
// held.
func (c *common) look(ctx context.Context) error {
	text, revision, err := c.Keeper.Fetch(ctx)
	c.unread = errors.Is(err, ErrApart)
	c.noteApart(err)
	if errors.Is(err, ErrAbsent) {
		return c.inherit(ctx)
	}
	if err != nil && !errors.Is(err, ErrGarbled) {
		return err
	}
	c.revision, c.known = revision, c.base != nil
	if err != nil {
		return c.refuse(refusedGarbled, err)
	}
	d, why, err := c.read(text)
	if err != nil {
		return c.refuse(why, err)
	}
	if c.base == nil || d.Version > c.version.Load() {
		if err := c.take(ctx, d); err != nil {
			return c.refuse(refusedContent, err)
		}
	}
	c.known = true
	c.took(d)
	return nil
}

func last(writes []string) string {
	if len(writes) == 0 {
		return ""
	}
	return writes[len(writes)-1]
}

// read reads a document that is newer than what is here, or the same, and says why not.
func (c *common) read(text []byte) (d *document, why string, err error) {
	d = new(document)
	if err := json.Unmarshal(text, d); err != nil {
		return nil, refusedContent, err
	}
	have := c.version.Load()
	switch {
	case d.Form != commonForm:
		return nil, refusedForm, fmt.Errorf("it is of form %d, and this version knows %d: give all nodes the same Framegate", d.Form, commonForm)
	case d.Version < have, d.Version == have && have > 0 && d.write() != last(c.writes):
		return nil, refusedOld, fmt.Errorf("it is version %d, which is not after %d, which is here", d.Version, have)
	case d.Version == 0, d.Version > 1<<62, have > 0 && d.Version > have+maxVersions, len(d.Writes) > maxWrites:
		return nil, refusedContent, errors.New("it counts what cannot be")
	}
	c.seen = max(c.seen, d.Version)
	if err := d.Rows.check(); err != nil {
		return nil, refusedContent, err
	}
	if err := c.Check(d.Rows.cameras()); err != nil {
		return nil, refusedContent, err
	}
	return d, "", nil
}

// inherit puts in what is here, where nobody put anything in and this node is to.
func (c *common) inherit(ctx context.Context) error {
	c.revision, c.known = 0, false
	if !c.Keeper.Heir() {
		return ErrAbsent
	}
	if _, err := c.attempt(ctx, 0, func(*sql.Tx) error { return nil }, true); err != nil {
		return err
	}
	c.Log.Info("what all nodes have in common is what this node has", "version", c.version.Load())
	return nil
}

// tell gives the keeper what is here and not with it: what other processes changed, or
// what was changed while it was not reached.
func (c *common) tell(ctx context.Context) error {
	var beside int64
	if err := c.store.writer.QueryRowContext(ctx, "PRAGMA data_version").Scan(&beside); err != nil {
		return err
	}
	if !c.known || beside == c.beside && !c.edited {
		return nil
	}
	if _, err := c.attempt(ctx, c.revision, func(*sql.Tx) error { return nil }, false); err != nil {
		return err
	}
	c.beside, c.edited = beside, false
	return nil
}

// ready looks what the keeper has, where that is not known.
func (c *common) ready(ctx context.Context) error {
	if c.known {
		return nil
	}
	err := c.look(ctx)
	if len(c.found) > 0 {
		c.soon() // to tell of it
	}
	if err == nil && !c.known || errors.Is(err, ErrAbsent) {
		err = ErrApart
	}
	return err
}

// noteApart notes whether the keeper is reached, and can take anything.
func (c *common) noteApart(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	away, was := c.unread || c.stuck, !c.status.Apart.IsZero()
	switch {
	case away && !was:
		c.status.Apart = time.Now()
	case away && !c.warned && time.Since(c.status.Apart) > apartPatience:
		c.warned = true
		c.Log.Warn("the nodes that keep what all have in common are not reached, or too few of them live: what this one has stays, and cannot be changed", "err", err)
	case !away && was:
		c.status.Apart = time.Time{}
		if c.warned {
			c.warned = false
			c.Log.Info("the nodes that keep what all have in common are reached again")
		}
	}
}

// refuse counts a document that is not taken; what is here stays. A write on top of it is
// possible, and puts it right, unless it is of a newer version of Framegate.
func (c *common) refuse(why string, err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refused != c.revision {
		c.refused = c.revision
		c.status.Refused[why]++
		c.status.Problem = why + ": " + err.Error()
		c.Log.Error("what all nodes have in common is not taken, what is here stays", "reason", why, "err", err)
	}
	if why == refusedForm {
		c.known = false
		return ErrApart
	}
	return nil
}

// took notes that the keeper has what is here.
func (c *common) took(d *document) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.status.Problem = ""
	c.seen = d.Version
}

// Package record writes what cameras send to disk, as DESIGN.md beside it says:
// one recorder a camera, which reads the camera's stream like a viewer that never
// skips, and writes files of about a minute.
//
// Recorders has all of them, the volume that they write to, its index, and what
// keeps recordings within their limits. It is what others ask for the state of
// recordings, and for the recordings themselves (Index, Open). It knows no
// configuration and no HTTP; package server tells it what to record.
package record

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"framegate/gateway/record/index"
	"framegate/gateway/record/segment"
	"framegate/gateway/stream"
)

// Options are what Recorders need.
type Options struct {
	Hub *stream.Hub
	Dir string // the folder of recordings, until Move says another
	// Memory is the file, elsewhere, that says which volume was in Dir.
	Memory string
	// OpenDisk opens Dir; nil is OpenFolder.
	OpenDisk func(dir string) (Disk, error)
	// Changed is told whenever a Status has become another; nil is not told. It
	// must return at once, and may be called with locks held.
	Changed func()
	// Finished is told of each segment that was written and is in the index; nil is
	// not told. It must return at once.
	Finished func(index.Segment)
	// Told is given news; nil is not. It must return at once, and may be called with
	// locks held.
	Told func(News)
	Log  *slog.Logger // nil discards
}

// Recorders are the recorders of all cameras. Any goroutine may call any method.
type Recorders struct {
	options Options
	log     *slog.Logger
	start   time.Time // from which monotonic times count
	boot    segment.ID

	configured atomic.Pointer[Settings]

	mu        sync.Mutex // guards what follows
	ctx       context.Context
	cancel    context.CancelFunc
	recorders map[string]*recorder
	wrote     uint64 // bytes, by those of cameras that are gone
	cameras   map[string]Camera
	folder    string // where recordings are to be
	current   *volume
	trouble   error // why there is none, or it is not in folder
	removed   map[string]uint64
	kept      map[string]Keep // of cameras that are not there any more
	noted     map[string]Keep // of all, as it was written down last
	unnoted   string          // why it could not be since; "" where it could
	room      Room
	tallied   map[string]Kept // what there is of each camera, since the last look
	steps     []step          // of the clock, that are to be put right when there is a volume

	clock tellClock
	lives sync.WaitGroup
	works sync.WaitGroup // recorders
}

// New makes recorders of nothing. It starts nothing.
func New(o Options) *Recorders {
	if o.OpenDisk == nil {
		o.OpenDisk = OpenFolder
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Changed == nil {
		o.Changed = func() {}
	}
	if o.Finished == nil {
		o.Finished = func(index.Segment) {}
	}
	if o.Told == nil {
		o.Told = func(News) {}
	}
	r := &Recorders{
		options: o, log: o.Log, start: time.Now(), boot: bootID(),
		recorders: make(map[string]*recorder), cameras: make(map[string]Camera), removed: make(map[string]uint64),
		kept: make(map[string]Keep), folder: o.Dir,
	}
	r.configured.Store(&Settings{})
	return r
}

func (r *Recorders) settings() Settings { return *r.configured.Load() }

// Apply makes these the settings and the cameras. Those that are recorded as
// before lose no picture. Cameras that are not there any more are not recorded
// any more; what there is of them ages as it did.
func (r *Recorders) Apply(s Settings, cameras []Camera) {
	s.Segment = cmp.Or(s.Segment, time.Minute)
	r.configured.Store(&s)
	r.mu.Lock()
	defer r.mu.Unlock()
	gone := maps.Clone(r.cameras)
	maps.Copy(r.kept, keepsOf(r.cameras))
	r.cameras = make(map[string]Camera, len(cameras))
	for _, c := range cameras {
		c.Keep = r.lastKept(c)
		delete(gone, c.ID)
		delete(r.kept, c.ID)
		r.cameras[c.ID] = c
		r.applyTo(c)
	}
	for _, rec := range r.recorders {
		rec.rebuffer()
	}
	for id, c := range gone {
		r.kept[id] = c.Keep
		if rec := r.recorders[id]; rec != nil {
			c.Mode = ModeOff
			rec.apply(c)
		}
	}
}

// Move has recordings kept in another folder, as soon as that can be used; until
// then they go on where they are. What is in a folder stays there, and is known
// again when recordings are moved back.
func (r *Recorders) Move(dir string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.folder = dir
}

// dir gives where recordings are to be.
func (r *Recorders) dir() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.folder
}

// lastKept gives what is kept of a camera: of one that is not recorded, and of which
// nothing is said, as before. The recorders are locked.
func (r *Recorders) lastKept(c Camera) Keep {
	if last, known := r.kept[c.ID]; known && (c.Mode == ModeOff || c.Mode == "") && c.Keep == (Keep{}) {
		return last
	}
	return c.Keep
}

func keepsOf(cameras map[string]Camera) map[string]Keep {
	all := make(map[string]Keep, len(cameras))
	for id, c := range cameras {
		all[id] = c.Keep
	}
	return all
}

// applyTo tells a camera's recorder, which begins to work where there was none
// and there is something to do. The recorders are locked.
func (r *Recorders) applyTo(c Camera) {
	rec := r.recorders[c.ID]
	if rec != nil {
		rec.apply(c)
		return
	}
	if c.Mode == ModeOff || c.Mode == "" {
		return
	}
	rec = &recorder{all: r, id: c.ID, camera: c, status: Status{Camera: c.ID, Mode: c.Mode}}
	r.recorders[c.ID] = rec
	if r.ctx != nil && r.ctx.Err() == nil {
		r.startOne(rec)
	}
}

// dismiss forgets a recorder that has nothing to do, if its camera is gone, and says
// whether it did. What it wrote counts on.
func (r *Recorders) dismiss(rec *recorder) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, there := r.cameras[rec.id]; there {
		return false
	}
	rec.mu.Lock()
	r.wrote += rec.status.Bytes
	rec.mu.Unlock()
	delete(r.recorders, rec.id)
	return true
}

// startOne has a recorder work. The recorders are locked.
func (r *Recorders) startOne(rec *recorder) {
	ctx := r.ctx
	r.works.Go(func() { rec.work(ctx) })
}

// Start begins to record. Close ends it.
func (r *Recorders) Start(ctx context.Context) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ctx, r.cancel = context.WithCancel(context.WithoutCancel(ctx))
	living := r.ctx
	for _, rec := range r.recorders {
		rec.atStart = true
		r.startOne(rec)
	}
	r.lives.Go(func() { r.keepVolume(living) })
	r.lives.Go(func() { r.watch(living) })
}

// Patience is how long Close waits for a disk that does not answer. What is not
// finished then is mended at the next start.
const Patience = 3 * time.Second

// Close finishes the files that are open, and ends all recorders, within
// Patience.
func (r *Recorders) Close() {
	r.mu.Lock()
	cancel := r.cancel
	r.mu.Unlock()
	if cancel == nil {
		return
	}
	cancel()
	done := make(chan struct{})
	go func() { // ends with the recorders, or with the process where the disk hangs
		r.works.Wait()
		r.lives.Wait()
		if v := r.put(nil, nil); v != nil {
			v.close()
		}
		close(done)
	}()
	timer := time.NewTimer(Patience)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
		r.log.Warn("recordings are left as they are, since the disk does not answer; they are mended at the next start")
	}
}

// lookPause is the time between two looks at all recorders.
const lookPause = 250 * time.Millisecond

// watch looks after the recorders, also while the disk does not answer.
func (r *Recorders) watch(ctx context.Context) {
	for pause(ctx, nil, lookPause) {
		r.clock.look(time.Now())
		for _, s := range r.clock.taken() {
			r.lives.Go(func() { r.stepped(ctx, s) }) // which may wait for the disk
		}
		for _, rec := range r.all() {
			rec.look(time.Now())
		}
	}
}

func (r *Recorders) all() []*recorder {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Collect(maps.Values(r.recorders))
}

// Status gives how the recording of a camera is.
func (r *Recorders) Status(camera string) Status {
	r.mu.Lock()
	rec, removed, c := r.recorders[camera], r.removed[camera], r.cameras[camera]
	r.mu.Unlock()
	s := Status{Camera: camera, Mode: cmp.Or(c.Mode, ModeOff)}
	if rec != nil {
		rec.mu.Lock()
		s = rec.status
		rec.mu.Unlock()
	}
	s.Removed, s.Crowded = removed, r.crowded(camera)
	return s
}

// Statuses gives those of all cameras that are recorded, or were, by name.
func (r *Recorders) Statuses() (all []Status) {
	r.mu.Lock()
	ids := slices.Sorted(maps.Keys(r.recorders))
	r.mu.Unlock()
	for _, id := range ids {
		all = append(all, r.Status(id))
	}
	return all
}

// Index gives the index of the volume that is there; nil where there is none. It
// may be closed at any time, and then gives errors.
func (r *Recorders) Index() *index.Index {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.current == nil {
		return nil
	}
	return r.current.index
}

// monotonic gives a time of arrival by a clock that never steps.
func (r *Recorders) monotonic(t time.Time) time.Duration { return t.Sub(r.start) }

// uptime gives the same since the host was started.
func (r *Recorders) uptime(t time.Time) time.Duration {
	now := sinceBoot()
	if now == 0 {
		return 0
	}
	return now - time.Since(t)
}

// needed says that there is, or was, something to record.
func (r *Recorders) needed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	m, err := remembered(r.options.Memory, r.folder)
	return len(r.recorders) > 0 || m.Volume != "" || err != nil
}

// use gives the volume to somebody who gives it back by users.Done, or says why
// there is none.
func (r *Recorders) use() (*volume, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.current == nil {
		return nil, r.trouble
	}
	r.current.users.Add(1)
	return r.current, nil
}

// put makes another volume the one there is, or none for a reason. It gives the
// one before.
func (r *Recorders) put(v *volume, why error) (before *volume) {
	r.mu.Lock()
	defer r.mu.Unlock()
	before = r.current
	if before != nil {
		close(before.gone)
	}
	r.current, r.trouble = v, why
	return before
}

// keepVolume opens the volume when it is there, and lets go of it when it is
// not, or when it is to be another, until ctx is done.
func (r *Recorders) keepVolume(ctx context.Context) {
	said := ""
	for ok := true; ok; ok = pause(ctx, nil, retryPause) {
		v, _ := r.use()
		moves := false
		if v != nil {
			spoiled := r.tend(v)
			v.users.Done()
			if spoiled {
				v.close() // when all recorders have finished their files: then it is opened anew
			}
			moves = r.moves(v)
		}
		if moves || v == nil && r.needed() {
			said = r.take(ctx, said)
		}
	}
}

// moves says whether recordings are to be elsewhere than on a volume. If not, it is no
// trouble any more that they could not be.
func (r *Recorders) moves(v *volume) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.current != v || r.folder != v.folder {
		return r.current == v
	}
	r.trouble = nil
	return false
}

// take makes the folder where recordings are to be the volume that is there. Where it
// cannot be opened, one that is there stays, and the log says why, unless that was
// said last. It gives what was.
func (r *Recorders) take(ctx context.Context, said string) string {
	v, err := r.openVolume(ctx)
	if err == nil {
		r.clock.started(v.newest(ctx)) // before anybody goes by the clock
		if before := r.put(v, nil); before != nil {
			r.log.Info("recordings move", "from", before.folder, "to", v.folder)
			r.lives.Go(before.close) // when all recorders have finished their files
		}
		r.attend(ctx, v)
		return ""
	}
	r.mu.Lock()
	r.trouble = err
	stays := r.current
	r.mu.Unlock()
	r.options.Changed()
	switch text := err.Error(); {
	case text == said || ctx.Err() != nil:
		return said
	case stays != nil:
		r.log.Error("recordings cannot be moved, and go on where they are", "folder", stays.folder, "err", err)
	default:
		r.log.Error("recordings cannot be kept", "err", err)
	}
	return err.Error()
}

// attend starts what a new volume needs.
func (r *Recorders) attend(ctx context.Context, v *volume) {
	r.log.Info("recordings are kept", "folder", v.folder, "volume", v.id)
	v.later() // whatever there is, the index is compared with it
	for _, s := range r.takeSteps() {
		r.lives.Go(func() { r.putRight(ctx, s) })
	}
	v.users.Add(3)
	r.lives.Go(func() { defer v.users.Done(); r.syncFiles(ctx, v) })
	r.lives.Go(func() { defer v.users.Done(); r.compareFiles(ctx, v) })
	r.lives.Go(func() { defer v.users.Done(); r.ageFiles(ctx, v) })
	r.options.Changed()
}

// tend looks whether a volume is still there, and how much room there is. It lets
// go of one that is not, and says of one whose index is spoiled that it did, which
// the caller is to close.
func (r *Recorders) tend(v *volume) (spoiled bool) {
	r.noteKept(v)
	err := v.check()
	if err == nil {
		_, _, err = v.measure()
	}
	if err == nil {
		v.doubts = 0
		return false
	}
	if errors.Is(err, errSpoiled) {
		r.put(nil, err)
		return true
	}
	if v.doubts++; passing(err) && v.doubts < goneAfter {
		return false
	}
	r.log.Error("recordings are gone", "folder", v.folder, "err", err)
	r.put(nil, err)
	r.lives.Go(v.close)
	r.options.Changed()
	return false
}

// goneAfter is how many looks in a row have to fail before a volume is taken for
// gone, where what they say may pass.
const goneAfter = 5

// passing says of an error that it is none of the volume, or may not come again.
func passing(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.EIO)
}

// noteKept writes down what is kept of each camera, so that those which are removed,
// also while nothing runs, age like others after a start as well.
func (r *Recorders) noteKept(v *volume) {
	keeps := r.keeps()
	r.mu.Lock()
	news := !maps.Equal(keeps, r.noted)
	r.mu.Unlock()
	if !news {
		return
	}
	err := remember(r.options.Memory, memory{Folder: v.folder, Volume: v.id, Cameras: keeps})
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		r.noted, r.unnoted = keeps, ""
		return
	}
	if why := err.Error(); why != r.unnoted { // it is tried again at the next look
		r.unnoted = why
		r.log.Warn("what is kept of cameras is not written down", "err", err)
	}
}

// keeps gives what is kept of each camera, and of those that were removed.
func (r *Recorders) keeps() map[string]Keep {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := maps.Clone(r.kept)
	maps.Copy(all, keepsOf(r.cameras))
	return all
}

// recallKept takes what was written down of cameras that are not there any more.
func (r *Recorders) recallKept(m memory) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, keeps := range []map[string]Keep{m.Cameras, m.Removed} {
		for id, keep := range keeps {
			c, there := r.cameras[id]
			if _, known := r.kept[id]; !there && !known {
				r.kept[id] = keep
			}
			if off := c.Mode == ModeOff || c.Mode == ""; there && off && c.Keep == (Keep{}) {
				c.Keep = keep
				r.cameras[id] = c
			}
		}
	}
}

package record

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"framegate/gateway/record/index"
	"framegate/gateway/record/segment"
)

// Names at the top of a folder of recordings. Cameras' folders have the names of
// cameras, which have no dots and underscores.
const (
	markerName = "framegate-recordings.json"
	readmeName = "README.txt"
	indexName  = "index.db"
	asideName  = "_aside"
)

// formatVersion is that of the folder's layout.
const formatVersion = 1

const readme = `These are recordings of Framegate: a folder a camera, in it a folder a day and
one an hour, in it a file for about a minute. All names are in UTC.

The files are ordinary MP4: copy them as you like. One that ends in .part is
being written. Delete recordings in Framegate rather than here, so that it knows.
A .thumbs beside the folder of an hour has small pictures of what is in it; they
are made again where they are missing.
What is in _aside was found here and not understood; it stays, unless somebody
has Framegate delete what was recorded then.
`

// volume is a folder of recordings that is there.
type volume struct {
	disk   Disk
	index  *index.Index
	folder string
	remote string // as Disk.Remote says
	id     string
	log    *slog.Logger
	gone   chan struct{}  // closed when it is not to be used any more
	users  sync.WaitGroup // who still does

	doubts int // looks that failed, one after the other; of keepVolume alone

	room    sync.Mutex // one makes room at a time; it guards what follows
	promise promise
	refusal refusal
	full    bool   // nothing may be deleted to make room, which was said
	stuck   string // the file that could not be deleted, which was said

	mending sync.Mutex   // one looks at a file at a time, to finish it or move it; room may be taken inside
	thumbs  sync.RWMutex // guards files of thumbnails; no other lock is taken inside

	mu          sync.Mutex // guards what follows
	open        map[*file]bool
	parts       map[string]bool   // pictures that are being written
	pins        map[string]int    // readers by path
	lasting     map[string]string // by camera: a folder that is on the disk, as those that lead to it
	leftover    bool              // there is something in the folder that the index does not know
	corrections []correction
	total       int64 // bytes of the disk, as was seen last
	free        int64
	lag         time.Duration // from one sync to the next, at present
	slowSync    bool

	reserved atomic.Int64  // bytes that were, for the index
	synced   atomic.Uint64 // rounds
	spoiled  atomic.Bool   // its index is damaged: it is opened anew, without that one
}

// marked says which volume a folder is, "" for none yet.
func marked(disk Disk) (string, error) {
	b, err := readSmall(disk, markerName)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	var m marker
	if err := json.Unmarshal(b, &m); err != nil || m.Volume == "" {
		const text = markerName + " is damaged; put it back from a backup, or move it away to have the folder taken as a new one"
		return "", &errNotHere{text, text}
	}
	if m.Version > formatVersion {
		const text = markerName + " was made by a newer Framegate; use that one, or another folder"
		return "", &errNotHere{text, text}
	}
	return m.Volume, nil
}

// mark makes a folder one of recordings.
func mark(disk Disk) (string, error) {
	id := newID().String()
	m := marker{Volume: id, Version: formatVersion, Made: time.Now().UTC()}
	if err := writeSmall(disk, readmeName, []byte(readme)); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	const half = markerName + ".new"
	if err := disk.Remove(half); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if err := writeSmall(disk, half, m.text()); err != nil {
		return "", err
	}
	if err := disk.Rename(half, markerName); err != nil {
		return "", err
	}
	return id, disk.SyncFolder(".")
}

const maxSmallBytes = 64 << 10

func readSmall(disk Disk, name string) ([]byte, error) {
	f, size, err := disk.Open(name, false)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.NewSectionReader(f, 0, min(size, maxSmallBytes)))
}

func writeSmall(disk Disk, name string, b []byte) error {
	f, err := disk.Create(name)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(b, 0)
	return errors.Join(err, f.Sync(), f.Close())
}

// errNotHere is a volume that is not where it was, or another: in few words, and for
// who may know names of folders.
type errNotHere struct{ short, text string }

func (e *errNotHere) Error() string { return e.text }

// openVolume opens the folder of recordings, and makes it at the first time.
func (r *Recorders) openVolume(ctx context.Context) (*volume, error) {
	folder := r.dir()
	m, err := remembered(r.options.Memory, folder)
	if err != nil {
		return nil, err
	}
	r.recallKept(m)
	known := m.Volume
	if known == "" {
		err := os.Mkdir(folder, 0o750)
		if err == nil {
			err = syncFolder(filepath.Dir(folder))
		}
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
	}
	disk, err := r.options.OpenDisk(folder)
	if err != nil {
		return nil, err
	}
	v, err := r.openOn(ctx, disk, folder, m)
	if err != nil {
		return nil, errors.Join(err, disk.Close())
	}
	return v, nil
}

func (r *Recorders) openOn(ctx context.Context, disk Disk, folder string, m memory) (*volume, error) {
	known := m.Volume
	if err := disk.Lock(); err != nil {
		return nil, err
	}
	id, err := marked(disk)
	switch {
	case err != nil:
		return nil, err
	case known != "" && id == "":
		return nil, &errNotHere{"the folder is empty of recordings: is its disk mounted?", fmt.Sprintf("%s is empty of recordings: is its disk mounted? To begin anew there, delete %s", folder, r.options.Memory)}
	case known != "" && id != known:
		return nil, &errNotHere{"the folder has the recordings of another disk or server", fmt.Sprintf("%s has the recordings of another disk or server; to use them, delete %s", folder, r.options.Memory)}
	case id == "":
		if id, err = mark(disk); err != nil {
			return nil, err
		}
	}
	if m.Folder == "" {
		if err := remember(r.options.Memory, memory{Folder: folder, Volume: id, Cameras: r.keeps()}); err != nil {
			return nil, err
		}
	}
	corrections, err := readCorrections(disk)
	if err != nil {
		return nil, err
	}
	x, err := index.Open(ctx, filepath.Join(folder, indexName))
	if err != nil {
		return nil, err
	}
	if x.Aside() != "" {
		r.log.Error("index of recordings was damaged and is made anew; the old one is kept", "aside", x.Aside())
	}
	remote := disk.Remote()
	if remote != "" {
		r.log.Warn("recordings are not on a local disk: their index may be damaged there, and be made anew; use a local one, and copy finished files", "folder", folder, "on", remote)
	}
	return &volume{
		disk: disk, remote: remote, index: x, folder: folder, id: id, log: r.log, gone: make(chan struct{}),
		corrections: corrections, open: make(map[*file]bool), parts: make(map[string]bool), pins: make(map[string]int),
		lasting: make(map[string]string),
	}, nil
}

// newest gives when the newest recording ends, or begins, as the index knows or,
// where it is made anew, the names of the files. The error is one of the index.
func (v *volume) newest(ctx context.Context) (newest time.Time, err error) {
	total, err := v.index.Total(ctx)
	if err != nil || !total.Newest.IsZero() {
		return total.Newest, err
	}
	cameras, err := v.disk.List(".")
	for _, camera := range cameras {
		if !camera.IsDir() || !cameraFolder.MatchString(camera.Name()) {
			continue
		}
		for _, e := range newestFiles(v.disk, camera.Name()) {
			if start, ok := startOf(e.Name()); ok && start.After(newest) {
				newest = start
			}
		}
	}
	return newest, err
}

// errSpoiled says that the index of a volume is damaged.
var errSpoiled = errors.New("the index of recordings is damaged, and is made anew")

// judge passes on an error of the index. One that says that it is damaged has the
// volume opened anew, which moves the index aside.
func (v *volume) judge(err error) error {
	if !errors.Is(err, index.ErrDamaged) || !v.spoiled.CompareAndSwap(false, true) {
		return err
	}
	v.log.Error("index of recordings is damaged, and is made anew of the files", "err", err)
	if err := v.index.Condemn(); err != nil {
		v.log.Error("index of recordings cannot be moved aside", "err", err)
	}
	return err
}

// check says whether the volume is still the one that it was.
func (v *volume) check() error {
	if v.spoiled.Load() {
		return errSpoiled
	}
	if err := v.disk.Check(); err != nil {
		return err
	}
	id, err := marked(v.disk)
	if err == nil && id != v.id {
		err = errReplaced
	}
	return err
}

// reserve keeps some room for the index, so that on a full disk marks can go, and
// recordings that somebody wants erased. It says so where there is none.
func (v *volume) reserve() {
	v.mu.Lock()
	want, free := min(mostReserve, v.total/32), v.free
	v.mu.Unlock()
	missing := want - v.index.Reserved()
	if missing <= 0 || missing > free {
		return
	}
	if err := v.index.Reserve(want); err != nil {
		v.log.Debug("no room is kept for the index", "bytes", want, "err", err)
		return
	}
	v.reserved.Store(want)
}

// mostReserve is how much room is kept for the index: for a mark that protected
// thousands of recordings.
const mostReserve = 4 << 20

// owed gives how much of what was kept for the index was given up.
func (v *volume) owed() int64 { return max(v.reserved.Load()-v.index.Reserved(), 0) }

// left says that the volume is not to be used any more.
func (v *volume) left() bool {
	select {
	case <-v.gone:
		return true
	default:
		return false
	}
}

// measure looks how much room there is.
func (v *volume) measure() (free, total int64, err error) {
	free, total, err = v.disk.Free()
	if err == nil {
		v.mu.Lock()
		v.free, v.total = free, total
		v.mu.Unlock()
	}
	return free, total, err
}

// close lets go of the volume when nobody uses it.
func (v *volume) close() {
	v.users.Wait()
	if err := errors.Join(v.index.Close(), v.disk.Close()); err != nil {
		v.log.Warn("closing the recordings", "err", err)
	}
}

func (v *volume) opened(f *file) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.open[f] = true
}

func (v *volume) closed(f *file) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.open, f)
}

// files gives those that are being written.
func (v *volume) files() (all []*file) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for f := range v.open {
		all = append(all, f)
	}
	return all
}

// writes says whether a file is being written.
func (v *volume) writes(path string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	for f := range v.open {
		if f.part == path {
			return true
		}
	}
	return v.parts[path]
}

// begins says that a picture is being written, until ends.
func (v *volume) begins(part string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.parts[part] = true
}

func (v *volume) ends(part string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.parts, part)
}

// later says that the folder has something that the index does not know.
func (v *volume) later() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.leftover = true
}

// takeLeftover says whether there is, and forgets it.
func (v *volume) takeLeftover() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	was := v.leftover
	v.leftover = false
	return was
}

// pin keeps a file from being deleted until unpin.
func (v *volume) pin(path string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.pins[path]++
}

func (v *volume) unpin(path string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.pins[path]--; v.pins[path] <= 0 {
		delete(v.pins, path)
	}
}

// pinnedPaths gives the files that are being read.
func (v *volume) pinnedPaths() map[string]bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	paths := make(map[string]bool, len(v.pins))
	for path := range v.pins {
		paths[path] = true
	}
	return paths
}

func newID() (id segment.ID) {
	_, _ = rand.Read(id[:]) // never fails
	return id
}

// bootID names the time since the host was started.
func bootID() (id segment.ID) {
	b, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return id
	}
	digits := make([]byte, 0, 2*len(id))
	for _, c := range b {
		if c != '-' && c != '\n' {
			digits = append(digits, c)
		}
	}
	if raw, err := hex.DecodeString(string(digits)); err == nil {
		copy(id[:], raw)
	}
	return id
}

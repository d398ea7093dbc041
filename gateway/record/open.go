package record

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"sync"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/record/index"
	"framegate/gateway/record/segment"
)

// ErrMissing says that the volume of recordings is not there.
var ErrMissing = errors.New("the recordings are not there at the moment")

// File is a recording that is being read. It is not deleted until it is closed, as
// long as the volume is there; it can be read on after that, and holds up nobody.
type File struct {
	io.ReaderAt
	Size  int64
	close func() error
	once  sync.Once
}

// Close lets go of the file. Closing again does nothing.
func (f *File) Close() (err error) {
	f.once.Do(func() { err = f.close() })
	return err
}

// Open opens the file of a segment: one of the index, or one of Growing. The error
// is ErrMissing, fs.ErrNotExist where it was deleted meanwhile, or of the disk.
func (r *Recorders) Open(s index.Segment) (*File, error) {
	v, _ := r.use()
	if v == nil {
		return nil, ErrMissing
	}
	defer v.users.Done() // what was opened outlives the folder
	v.pin(s.Path)
	done := func() { v.unpin(s.Path) }
	if isPicture(s.Path) {
		m, err := openPicture(v.disk, s)
		if err != nil {
			done()
			return nil, err
		}
		return &File{ReaderAt: m, Size: int64(len(*m)), close: func() error { done(); return nil }}, nil
	}
	var f segment.File
	var size int64
	err := fs.ErrNotExist
	if s.ID == 0 {
		f, size, err = v.disk.Open(s.Path+partSuffix, false)
	}
	if errors.Is(err, fs.ErrNotExist) { // or it was finished meanwhile
		f, size, err = v.disk.Open(s.Path, false)
	}
	if err != nil {
		done()
		return nil, err
	}
	return &File{ReaderAt: f, Size: size, close: func() error { defer done(); return f.Close() }}, nil
}

// Growing is a segment that is being written.
type Growing struct {
	// Segment is what its row would be now: with the path that it gets at last,
	// and an ID of 0.
	Segment index.Segment
	Format  *media.Format
	Sound   *media.Format // of the second track; nil without one
	Table   segment.Table
}

// Growing gives the segment of a camera that is being written, as far as it is
// on the disk.
func (r *Recorders) Growing(camera string) (g Growing, ok bool) {
	r.mu.Lock()
	rec := r.recorders[camera]
	r.mu.Unlock()
	if rec == nil {
		return g, false
	}
	rec.mu.Lock()
	f, rate := rec.open, rec.status.Rate
	rec.mu.Unlock()
	if f == nil {
		return g, false
	}
	t := f.w.Table()
	if len(t.Entries) == 0 || len(t.Entries[0]) == 0 {
		return g, false
	}
	t.Timescale = segment.Timescale // also once the file is finished, which says it at its rate
	g = Growing{Format: f.format, Sound: f.sound, Table: t, Segment: index.Segment{
		Camera: camera, Run: f.head.Run.String(), Sequence: f.head.Sequence, Path: f.name,
		Start: *f.start.Load(), Bytes: f.w.Size(), Frames: len(t.Entries[0]), Rate: rate,
	}}
	if rate == 0 {
		g.Segment.Rate = 1
	}
	for _, e := range t.Entries[0] {
		if e.Key {
			g.Segment.Keys++
		}
	}
	last := t.Entries[0][len(t.Entries[0])-1]
	seconds := float64(last.Decode+int64(last.Duration)) / segment.Timescale / g.Segment.Rate
	g.Segment.End = g.Segment.Start.Add(time.Duration(seconds * float64(time.Second)))
	return g, true
}

// Cut has the segment of a camera that is being written finished, at its next
// keyframe, or at once where none comes. It waits for that.
func (r *Recorders) Cut(ctx context.Context, camera string) error {
	g, ok := r.Growing(camera)
	r.mu.Lock()
	rec := r.recorders[camera]
	r.mu.Unlock()
	if !ok || rec == nil {
		return nil
	}
	rec.cutNow.Store(true)
	for {
		now, ok := r.Growing(camera)
		if !ok || now.Segment.Path != g.Segment.Path {
			return nil
		}
		if !pause(ctx, nil, retryPause/10) {
			return ctx.Err()
		}
	}
}

package record

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/record/index"
	"framegate/gateway/record/segment"
)

// file is a segment that is being written. Its recorder writes; the volume syncs.
type file struct {
	volume *volume
	camera string
	part   string // path while it is written
	name   string // and after that
	head   segment.Head
	format *media.Format
	sound  *media.Format // nil where it has none
	w      *segment.Writer
	dirty  atomic.Bool
	began  time.Time
	start  atomic.Pointer[time.Time] // of the first picture, as is known now
	done   *segment.Summary          // once it is a regular MP4

	mu     sync.Mutex // guards f against being closed while it is synced, and what follows
	f      *strict
	listed bool // its folder was synced since it is there
	closed bool
}

// partSuffix marks what is being written.
const partSuffix = ".part"

func withoutPart(name string) string { return strings.TrimSuffix(name, partSuffix) }

// nameOf gives the path of a segment, below the folder, in UTC.
func nameOf(camera string, start time.Time, sequence, epoch uint64) string {
	at := start.UTC()
	name := fmt.Sprintf("%s-%d", at.Format("20060102T150405.000Z"), sequence)
	if epoch > 0 {
		name += fmt.Sprintf("-e%d", epoch)
	}
	return path.Join(camera, at.Format("2006-01-02"), at.Format("15"), name+".mp4")
}

// newFile begins a segment, with sound where its format is not nil.
func newFile(v *volume, head segment.Head, format, sound *media.Format, epoch uint64, expect int) (*file, error) {
	name := nameOf(head.Camera, head.Start, head.Sequence, epoch)
	f := &file{
		volume: v, camera: head.Camera, name: name, part: name + partSuffix,
		head: head, format: format, sound: sound, began: time.Now(),
	}
	f.start.Store(&head.Start)
	v.opened(f) // before it is there: what nobody writes is mended, or removed
	if err := f.create(expect); err != nil {
		v.closed(f)
		return nil, err
	}
	return f, nil
}

func (f *file) create(expect int) (err error) {
	disk := f.volume.disk
	created, err := disk.Create(f.part)
	if err != nil {
		return err
	}
	f.f = &strict{File: created}
	tracks := []segment.Track{{Format: f.format}}
	if f.sound != nil {
		tracks = append(tracks, segment.Track{Format: f.sound})
	}
	f.w, err = segment.Create(f.f, f.head, tracks, expect)
	if err != nil {
		return errors.Join(err, f.f.Close(), disk.Remove(f.part))
	}
	return nil
}

// errNotKept says that the disk lost something of a file that it had taken.
type errNotKept struct{ error }

func (e errNotKept) Unwrap() error { return e.error }

// strict is a file that is never synced again once that has failed: an operating
// system tells each descriptor of what it lost once only, and then all seems well.
type strict struct {
	segment.File
	failed atomic.Pointer[error]
}

func (s *strict) Sync() error {
	if err := s.failed.Load(); err != nil {
		return *err
	}
	err := s.File.Sync()
	if err != nil {
		err = errNotKept{err}
		s.failed.Store(&err)
	}
	return err
}

// append writes a fragment of pictures and sound.
func (f *file) append(pictures, sound []segment.Sample) error {
	tracks := [][]segment.Sample{pictures}
	if f.sound != nil {
		tracks = append(tracks, sound)
	}
	if err := f.w.Append(tracks...); err != nil {
		return err
	}
	f.dirty.Store(true)
	return nil
}

// sync brings what was written to the disk.
func (f *file) sync(log *slog.Logger) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed || !f.dirty.Swap(false) || f.broken() {
		return
	}
	if err := f.f.Sync(); err != nil {
		log.Warn("a recording is not kept by the disk, and ends at the next keyframe", "file", f.part, "err", err)
		return
	}
	if f.listed {
		return
	}
	f.listed = true // else finish does it, until it is done
	if err := f.volume.syncEntry(f.part); err != nil {
		log.Warn("the folder of a recording is not kept by the disk; it is tried again", "file", f.part, "err", err)
	}
}

// broken says that finish cannot succeed any more.
func (f *file) broken() bool { return f.f.failed.Load() != nil }

// finish makes the segment a file for everybody. It may be called again after an
// error.
func (f *file) finish(rate float64) (segment.Summary, error) {
	if f.done == nil {
		s, err := f.w.Finish(rate)
		if err != nil {
			return s, err
		}
		f.done = &s
	}
	s := *f.done
	if err := f.rename(); err != nil {
		return s, err
	}
	return s, f.volume.syncEntry(f.name)
}

// rename gives the file its name. It may have done so before, or the disk, which
// did not say so.
func (f *file) rename() error {
	disk := f.volume.disk
	err := disk.Rename(f.part, f.name)
	if errors.Is(err, fs.ErrNotExist) && isThere(disk, f.name) || errors.Is(err, fs.ErrExist) && !isThere(disk, f.part) {
		return nil
	}
	return err
}

func isThere(disk Disk, name string) bool {
	f, _, err := disk.Open(name, false)
	if err == nil {
		_ = f.Close() // it was only read
	}
	return !errors.Is(err, fs.ErrNotExist)
}

// close lets go of the file.
func (f *file) close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	f.volume.closed(f)
	return f.f.Close()
}

// row is what the index keeps of a finished segment.
func row(x context.Context, ix *index.Index, s segment.Summary, name string, start, end time.Time) (index.Segment, error) {
	format, err := ix.AddFormat(x, formatOf(s.Formats[0]))
	if err != nil {
		return index.Segment{}, err
	}
	sound := int64(0)
	if s.Sounds > 0 {
		if sound, err = ix.AddFormat(x, formatOf(s.Formats[1])); err != nil {
			return index.Segment{}, err
		}
	}
	if longest := start.Add(index.MaxLength); end.After(longest) {
		end = longest // as of a file that got no keyframe for hours; else nobody would ever delete it
	}
	return index.Segment{
		Camera: s.Head.Camera, Run: s.Head.Run.String(), Sequence: s.Head.Sequence, Path: name,
		Start: start, End: end, Bytes: s.Bytes,
		Frames: s.Frames, Keys: s.Keys, STTS: s.STTS, CTTS: s.CTTS, MoovBytes: s.MoovBytes,
		DataAt: s.DataAt, Fragments: s.Fragments, Format: format, Rate: cmp.Or(s.Rate, 1),
		Sound: sound, Sounds: s.Sounds,
	}, nil
}

func formatOf(f *media.Format) index.Format {
	return index.Format{Codec: f.Codec.String(), Width: f.Width, Height: f.Height, Config: f.Config}
}

package record

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/record/index"
	"framegate/gateway/record/segment"
	"framegate/gateway/stream"
)

// pictureSuffix is that of a picture, in place of a film's.
const pictureSuffix = ".jpg"

// pictureKey is the rendition that pictures are taken of.
const pictureKey = "jpeg"

// longestPicture is how long a picture is shown at most until the next, as long as
// any sample of a film.
const longestPicture = segment.MaxSample * time.Second / segment.Timescale

// patience is how long a picture is waited for.
const patience = 10 * time.Second

// pictures takes a picture now and then until ctx is done.
func (r *recorder) pictures(ctx context.Context, c Camera) {
	defer r.leave(ctx)
	every := max(c.Every, time.Second)
	r.set(Waiting, "the camera has sent no picture yet")
	for next := time.Now(); pause(ctx, nil, time.Until(next)); {
		began := time.Now()
		f, err := r.picture(ctx)
		if err == nil {
			_ = r.keepPicture(ctx, f, every) // the state says why not
		} else if ctx.Err() == nil {
			r.away(ctx, reason(err))
		}
		if ctx.Err() != nil {
			return
		}
		if next = next.Add(every); next.Before(began) {
			next = began.Add(every)
		}
	}
}

// picture gives the camera's present one.
func (r *recorder) picture(ctx context.Context) (media.Frame, error) {
	reader, err := r.all.options.Hub.Open(stream.Key{Camera: r.id, Rendition: pictureKey}, stream.ReadOptions{Once: true, Idle: patience})
	if err != nil {
		return media.Frame{}, err
	}
	defer reader.Close()
	f, err := reader.Next(ctx)
	if errors.Is(err, stream.ErrIdle) {
		err = errors.New("the camera sends nothing")
	}
	return f, err
}

// keepPicture writes one. It waits for the disk for as long as it takes.
func (r *recorder) keepPicture(ctx context.Context, f media.Frame, every time.Duration) error {
	v, err := r.volume(ctx)
	if err != nil {
		return err
	}
	defer v.users.Done()
	if err := r.persist(ctx, v, false, func() error { return r.recall(ctx, v) }); err != nil {
		return err
	}
	start := f.Arrived.UTC().Truncate(time.Microsecond)
	of := index.Segment{Camera: r.id, Start: start, End: start.Add(min(every, longestPicture))}
	return r.persist(ctx, v, false, func() error {
		r.keeping.Lock()
		defer r.keeping.Unlock()
		if r.isErased(f.Arrived) {
			return nil
		}
		r.sequence++
		of.Sequence = r.sequence
		of.Path = strings.TrimSuffix(nameOf(r.id, start, r.sequence, r.epoch()), ".mp4") + pictureSuffix
		if err := r.all.makeRoom(ctx, v, r.id); err != nil {
			return err
		}
		if err := v.writePicture(of.Path, f.Data); err != nil {
			return err
		}
		r.resume(ctx, v, start, reasonNoPicture)
		r.ended(start.Add(every), r.untilNext(start.Add(every)))
		r.enterPicture(ctx, v, of, f.Data)
		return nil
	})
}

// untilNext says why there is none from when the next picture was due, where none comes:
// while the disk did not take this one, it was the disk.
func (r *recorder) untilNext(due time.Time) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.trouble.troubled() && time.Now().After(due) {
		return r.trouble.String()
	}
	return reasonNoPicture
}

// writePicture makes a file that is whole under its name, or not there.
func (v *volume) writePicture(name string, b []byte) error {
	part := name + partSuffix
	v.begins(part) // before it is there: what nobody writes is mended, or removed
	defer v.ends(part)
	err := writeSmall(v.disk, part, b)
	if err == nil {
		err = v.disk.Rename(part, name)
	}
	if err == nil {
		return v.syncEntry(name)
	}
	if err := v.disk.Remove(part); err != nil {
		v.later() // it may be there, or may have got its name
	}
	return err
}

func (r *recorder) enterPicture(ctx context.Context, v *volume, of index.Segment, b []byte) {
	err := r.timed(func() error {
		row, err := pictureRow(ctx, v.index, of, b)
		if err == nil {
			of = row
			of.ID, err = v.index.Replace(ctx, of)
		}
		return err
	})
	if v.judge(err) == nil {
		r.all.options.Finished(of)
		r.all.tell(Came, "", of)
	} else {
		r.all.log.Warn("a picture is not in the index yet", "file", of.Path, "err", err)
		v.later()
	}
	r.count(func(s *Status) {
		s.Segments++
		s.Frames++
		s.Bytes += uint64(len(b))
		s.Newest = of.Start
		r.usual = int64(len(b))
	})
	r.set(Recording, "")
	r.all.options.Changed()
}

// pictureRow gives the row of a picture, which is read as a film of one.
func pictureRow(ctx context.Context, x *index.Index, of index.Segment, b []byte) (index.Segment, error) {
	_, s, err := film(of, b)
	if err != nil {
		return of, err
	}
	full, err := row(ctx, x, s, of.Path, of.Start, of.End)
	full.Run = ""
	return full, err
}

// film makes a picture a film of one, which lasts until the next: the same bytes
// for the same row and the same picture.
func film(of index.Segment, b []byte) ([]byte, segment.Summary, error) {
	f, err := media.JPEGFrame(b, nil)
	if err != nil {
		return nil, segment.Summary{}, fmt.Errorf("%w: %w", errNoPicture, err)
	}
	var file inMemory
	head := segment.Head{Camera: of.Camera, Sequence: of.Sequence, Start: of.Start}
	w, err := segment.Create(&file, head, []segment.Track{{Format: f.Format}}, 1)
	if err != nil {
		return nil, segment.Summary{}, err
	}
	lasts := min(max(inTicks(of.End.Sub(of.Start)), 1), segment.MaxSample)
	if err := w.Append([]segment.Sample{{Duration: uint32(lasts), Key: true, Data: f.Data}}); err != nil {
		return nil, segment.Summary{}, err
	}
	s, err := w.Finish(1)
	return file, s, err
}

// inMemory is a segment.File in memory.
type inMemory []byte

func (m *inMemory) ReadAt(b []byte, at int64) (int, error) {
	if at >= int64(len(*m)) {
		return 0, io.EOF
	}
	n := copy(b, (*m)[at:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (m *inMemory) WriteAt(b []byte, at int64) (int, error) {
	if end := at + int64(len(b)); end > int64(len(*m)) {
		*m = append(*m, make([]byte, end-int64(len(*m)))...)
	}
	return copy((*m)[at:], b), nil
}

func (m *inMemory) Sync() error  { return nil }
func (m *inMemory) Close() error { return nil }

func (m *inMemory) Truncate(size int64) error {
	if size > int64(len(*m)) {
		_, err := m.WriteAt(nil, size)
		return err
	}
	*m = (*m)[:size]
	return nil
}

// maxPicture bounds a picture that is read.
const maxPicture = 32 << 20

// errNoPicture says of a file with the name of a picture that it is none.
var errNoPicture = errors.New("is no picture")

// readPicture reads the file of a picture.
func readPicture(disk Disk, name string) ([]byte, error) {
	f, size, err := disk.Open(name, false)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if size > maxPicture {
		return nil, fmt.Errorf("%w: %d bytes, of at most %d", errNoPicture, size, maxPicture)
	}
	return io.ReadAll(io.NewSectionReader(f, 0, size))
}

// openPicture gives a picture as a film of one.
func openPicture(disk Disk, of index.Segment) (*inMemory, error) {
	b, err := readPicture(disk, of.Path)
	if err != nil {
		return nil, err
	}
	whole, _, err := film(of, b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", of.Path, err)
	}
	return (*inMemory)(&whole), nil
}

// isPicture says of the name of a file, without partSuffix, what it holds.
func isPicture(name string) bool { return strings.HasSuffix(name, pictureSuffix) }

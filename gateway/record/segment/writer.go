package segment

import (
	"fmt"
	"math"
	"slices"
	"sync"

	"framegate/gateway/media"
	"framegate/gateway/mp4"
)

// What bounds a file.
const (
	maxTracks   = 2
	maxExpect   = 1 << 20
	maxSamples  = 1 << 20 // of a track
	maxFragment = 1 << 30
	minHole     = 4 << 10
	maxHole     = minHole + 20*maxExpect*maxTracks
)

// Writer writes one file. Only Table and Size may be called from other
// goroutines than the one that writes.
type Writer struct {
	f        File
	head     Head
	formats  []*media.Format
	data     int64 // where the fragments begin, and the hole ends
	sequence uint32
	torn     bool // there may be something behind the last whole fragment
	finished bool
	buf      mp4.Boxes // of a fragment

	mu        sync.Mutex // guards what follows, which only the writer changes
	size      int64      // up to the end of the last whole fragment
	entries   [][]Entry  // those that are there never change
	timescale uint32
}

// Create begins a file, which must be empty, for about so many samples in each
// track: for the tables of more there is no room in front, and they come to
// stand at the end. The error is ErrFormat, or the File's. The caller still
// closes f.
func Create(f File, h Head, tracks []Track, expect int) (*Writer, error) {
	if err := check(h, tracks); err != nil {
		return nil, err
	}
	expect = max(0, min(expect, maxExpect))
	w := &Writer{f: f, head: h, timescale: Timescale, entries: make([][]Entry, len(tracks))}
	for i, t := range tracks {
		w.formats = append(w.formats, t.Format)
		w.entries[i] = make([]Entry, 0, min(expect, 4096))
	}
	w.data = holeAt + minHole + 20*int64(expect)*int64(len(tracks))
	w.size = w.data
	appendHead(&w.buf, h, w.data)
	if _, err := f.WriteAt(w.buf, 0); err != nil {
		return nil, fmt.Errorf("writing the head of a recording: %w", err)
	}
	return w, nil
}

// check refuses what the fields of the boxes cannot hold.
func check(h Head, tracks []Track) error {
	if len(h.Camera) > maxCamera {
		return fmt.Errorf("%w: a camera's id of %d bytes, of at most %d", ErrFormat, len(h.Camera), maxCamera)
	}
	if len(tracks) < 1 || len(tracks) > maxTracks {
		return fmt.Errorf("%w: %d tracks, of at least 1 and at most %d", ErrFormat, len(tracks), maxTracks)
	}
	for i, t := range tracks {
		switch f := t.Format; {
		case i > 0 && (f == nil || f.Codec != media.AAC || len(f.Config) == 0):
			return fmt.Errorf("%w: sound that is no AAC", ErrFormat)
		case i > 0:
			continue
		case f == nil || f.Codec.Kind() != media.Video:
			return fmt.Errorf("%w: none of pictures", ErrFormat)
		case f.Width < 1 || f.Width > math.MaxUint16 || f.Height < 1 || f.Height > math.MaxUint16:
			return fmt.Errorf("%w: pictures of %dx%d", ErrFormat, f.Width, f.Height)
		case f.Codec != media.JPEG && len(f.Config) == 0:
			return fmt.Errorf("%w: %s without parameter sets", ErrFormat, f.Codec)
		}
	}
	return nil
}

// Append writes one fragment, of samples by track in decode order, by one
// WriteAt. It keeps nothing of them. When it fails, nothing of it counts, and it
// may be called again. The first one has a keyframe first in the first track.
//
// A sample begins when the one before it ends, or later where some were lost.
func (w *Writer) Append(samples ...[]Sample) error {
	if err := w.accept(samples); err != nil {
		return err
	}
	if err := w.mend(); err != nil {
		return err
	}
	w.buf = w.buf[:0]
	entries := w.fragment(samples)
	w.torn = true
	if _, err := w.f.WriteAt(w.buf, w.size); err != nil {
		return fmt.Errorf("writing %d bytes of a recording: %w", len(w.buf), err)
	}
	w.torn = false
	w.sequence++
	w.mu.Lock()
	defer w.mu.Unlock()
	w.size += int64(len(w.buf))
	w.entries = entries
	return nil
}

// accept refuses samples that do not belong behind those that are there.
func (w *Writer) accept(samples [][]Sample) error {
	if w.finished || len(samples) != len(w.formats) {
		return fmt.Errorf("%w: samples of %d tracks, in a file of %d, which is finished: %v", ErrFormat, len(samples), len(w.formats), w.finished)
	}
	if len(w.entries[0]) == 0 && (len(samples[0]) == 0 || !samples[0][0].Key || samples[0][0].Decode != 0 || samples[0][0].Offset < 0) {
		return fmt.Errorf("%w: the first sample of a file is not a keyframe at its start", ErrFormat)
	}
	size := 0
	for i, track := range samples {
		longest := longestOf(i)
		if len(w.entries[i])+len(track) > maxSamples {
			return fmt.Errorf("%w: more than %d samples in a track", ErrFormat, maxSamples)
		}
		next := end(w.entries[i])
		for _, s := range track {
			if s.Decode < next || s.Decode > next+longest || s.Duration < 1 {
				return fmt.Errorf("%w: a sample at %d for %d, behind one that ends at %d", ErrFormat, s.Decode, s.Duration, next)
			}
			next = s.Decode + int64(s.Duration)
			size += len(s.Data)
		}
	}
	if size > maxFragment {
		return fmt.Errorf("%w: a fragment of %d bytes, of at most %d", ErrFormat, size, maxFragment)
	}
	return nil
}

// longestOf is how far apart two samples of a track may be, in ticks. Sound may be
// away for as long as a table can say: hours.
func longestOf(track int) int64 {
	if track == 0 {
		return MaxSample
	}
	return math.MaxInt32
}

// end gives when a track's last sample ends.
func end(all []Entry) int64 {
	if len(all) == 0 {
		return 0
	}
	return all[len(all)-1].Decode + int64(all[len(all)-1].Duration)
}

// mend cuts off what a write that failed may have left.
func (w *Writer) mend() error {
	if !w.torn {
		return nil
	}
	if err := w.f.Truncate(w.size); err != nil {
		return fmt.Errorf("cutting off half a fragment: %w", err)
	}
	w.torn = false
	return nil
}

// fragment writes the bytes of a moof and an mdat, behind the moov that only the
// first one needs, and gives the entries that there are with them.
func (w *Writer) fragment(samples [][]Sample) (entries [][]Entry) {
	entries = slices.Clone(w.entries)
	if len(w.entries[0]) == 0 {
		m := movie{timescale: Timescale, created: w.head.Start, formats: w.formats, growing: true, entries: make([][]Entry, len(samples))}
		for i, track := range samples {
			m.entries[i] = appendEntries(nil, track[:min(len(track), 1)], 0)
		}
		m.append(&w.buf)
	}
	appendMoof(&w.buf, w.sequence+1, samples)
	mdat := w.buf.Open("mdat")
	for i, track := range samples {
		entries[i] = appendEntries(entries[i], track, w.size+int64(len(w.buf)))
		for _, s := range track {
			w.buf.U8(s.Data...)
		}
	}
	w.buf.Close(mdat)
	return entries
}

func appendEntries(all []Entry, samples []Sample, at int64) []Entry {
	for _, s := range samples {
		all = append(all, Entry{At: at, Decode: s.Decode, Size: uint32(len(s.Data)), Duration: s.Duration, Offset: s.Offset, Key: s.Key})
		at += int64(len(s.Data))
	}
	return all
}

// Size gives the file's size.
func (w *Writer) Size() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.size
}

// Table gives what is in the file so far, all of which is written.
func (w *Writer) Table() Table {
	w.mu.Lock()
	defer w.mu.Unlock()
	t := Table{Timescale: w.timescale, Entries: make([][]Entry, len(w.entries))}
	for i, all := range w.entries {
		t.Entries[i] = all[:len(all):len(all)]
	}
	return t
}

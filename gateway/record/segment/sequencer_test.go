package segment

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"framegate/gateway/media"
	"framegate/transcode/h264"
	"framegate/transcode/nal"
)

// Data of a slice of a kind, as it begins.
var (
	bSlice = []byte{0, 0, 0, 3, 0x01, 0xA8, 0x80} // first_mb 0, slice_type 1
	pSlice = []byte{0, 0, 0, 3, 0x41, 0x9A, 0x24}
)

// stream is frames with their media times.
type stream struct {
	frames []media.Frame
	times  []int64
}

func (s *stream) add(f *media.Format, key, b bool, at int64) {
	data := pSlice
	if b {
		data = bSlice
	}
	s.frames = append(s.frames, media.Frame{Key: key, Format: f, Data: data})
	s.times = append(s.times, at)
}

// order is a stream whose pictures of 25 a second are shown in such an order.
func order(f *media.Format, keys []int, shown ...int64) (s stream) {
	newest := int64(math.MinInt64)
	for i, at := range shown {
		s.add(f, slices.Contains(keys, i), at < newest, 500000+at*3600)
		newest = max(newest, at)
	}
	return s
}

// samples pushes all of it and flushes.
func (s stream) samples(q *Sequencer, last int64) (all []Sample) {
	for i, f := range s.frames {
		all = append(all, q.Push(f, s.times[i])...)
	}
	return append(all, q.Flush(last)...)
}

// checkSequence checks what holds for every file: it begins at 0, no sample
// leaves a gap, none takes no time or too much of it.
func checkSequence(t testing.TB, all []Sample, frames int) {
	t.Helper()
	if len(all) != frames {
		t.Fatalf("%d samples of %d frames", len(all), frames)
	}
	next := int64(0)
	for i, s := range all {
		if s.Decode != next || s.Duration < 1 || s.Duration > MaxSample {
			t.Fatalf("sample %d at %d for %d, the one before ends at %d", i, s.Decode, s.Duration, next)
		}
		next += int64(s.Duration)
	}
}

// checkShown checks that each picture is shown at its media time, counted from
// the first, from sample from on not before it is decoded, and that all of it
// takes as long as it should.
func (s stream) checkShown(t testing.TB, all []Sample, from int, last int64) {
	t.Helper()
	checkSequence(t, all, len(s.frames))
	zero := all[0].Decode + int64(all[0].Offset)
	for i, a := range all {
		if got, want := a.Decode+int64(a.Offset)-zero, s.times[i]-s.times[0]; got != want {
			t.Errorf("picture %d is shown at %d, want %d", i, got, want)
		}
		if a.Offset < 0 && i >= from {
			t.Errorf("picture %d is shown %d before it is decoded", i, -a.Offset)
		}
	}
	end := all[len(all)-1]
	got, want := end.Decode+int64(end.Duration), slices.Max(s.times)-slices.Min(s.times)+last
	// Where the last pictures are closer than usual, the last sample's least
	// duration makes it longer.
	if got < want || got > want && end.Duration > 1 {
		t.Errorf("all samples take %d, want %d", got, want)
	}
}

func TestSequenceOfReorderedFrames(t *testing.T) {
	f := h264Format(t) // reordered by two frames, it says
	for name, s := range map[string]stream{
		"in order":       order(f, []int{0}, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
		"B-frames":       order(f, []int{0}, 0, 3, 1, 2, 6, 4, 5, 9, 7, 8),
		"a tree of them": order(f, []int{0}, 0, 4, 2, 1, 3, 8, 6, 5, 7, 9),
		"closed GOPs":    order(f, []int{0, 4, 8}, 0, 3, 1, 2, 4, 7, 5, 6, 8, 9),
		"open GOPs":      order(f, []int{0, 4}, 0, 3, 1, 2, 6, 4, 5, 9, 7, 8),
		"an open start":  order(f, []int{0}, 2, 0, 1, 5, 3, 4, 8, 6, 7),
		"an open tree":   order(f, []int{0}, 4, 2, 1, 3, 8, 6, 5, 7),
		"two frames":     order(f, []int{0}, 0, 1),
		"one frame":      order(f, []int{0}, 7),
		"uneven times":   order(f, []int{0}, 0, 20, 1, 2, 21, 40, 35, 30, 38, 41, 1000),
	} {
		t.Run(name, func(t *testing.T) {
			var q Sequencer
			s.checkShown(t, s.samples(&q, 3600), 0, 3600)
			s.checkShown(t, s.samples(&q, 5000), 0, 5000) // of the next file
		})
	}
}

// TestHoldsBackNoMoreThanItMust records as few frames behind as can be.
func TestHoldsBackNoMoreThanItMust(t *testing.T) {
	s := order(h264Format(t), []int{0}, 0, 3, 1, 2, 6, 4, 5, 9, 7, 8)
	var q Sequencer
	held := 0
	for i, f := range s.frames {
		held += 1 - len(q.Push(f, s.times[i]))
		if want := 1; i >= 2 && held != want {
			t.Errorf("%d frames are held back after %d, want %d", held, i+1, want)
		}
	}
}

// TestDepthThatIsNotAnnounced has B-frames where the SPS says nothing of them, or
// denies them: after the first ones they get good places.
func TestDepthThatIsNotAnnounced(t *testing.T) {
	parsed, _ := h264.ParseSPS(sps)
	var w nal.BitWriter
	w.CopyBits(parsed.RBSP, 0, parsed.RestrictionFlag)
	w.Bits(0b01, 2)
	silent, err := media.H264Format(nal.Escape(sps[:1:1], w.B), pps)
	if err != nil {
		t.Fatal(err)
	}
	low, ok := silent.LowDelay()
	if !ok {
		t.Fatal("no low delay")
	}
	for name, f := range map[string]*media.Format{"silent": silent, "denied": low} {
		t.Run(name, func(t *testing.T) {
			var shown []int64
			for at := int64(0); at < 40; at += 4 {
				shown = append(shown, at, at+3, at+1, at+2)
			}
			s := order(f, []int{0}, shown...)
			var q Sequencer
			all := s.samples(&q, 3600)
			s.checkShown(t, all, 6, 3600)
			s.checkShown(t, s.samples(&q, 3600), 0, 3600) // in the next file it is known
		})
	}
	t.Run("feared for nothing", func(t *testing.T) {
		s := order(silent, []int{0}, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9)
		var q Sequencer
		s.checkShown(t, s.samples(&q, 3600), 0, 3600)
		for i, a := range s.samples(&q, 3600) {
			if a.Offset != 0 {
				t.Errorf("picture %d is shown %d after it is decoded, in the second file", i, a.Offset)
			}
		}
	})
}

// TestTimesThatDoNotGoOn has equal times, small steps back and great ones, and
// leaps, of cameras in order.
func TestTimesThatDoNotGoOn(t *testing.T) {
	f := &media.Format{Codec: media.JPEG, Width: 64, Height: 48}
	var q Sequencer
	var s stream
	const far = 1 << 40
	for _, at := range []int64{0, 3600, 3600, 3000, 7200, 7200 + far, 7200 + far + 3600, 3600, 7200, math.MaxInt64, math.MinInt64, 0} {
		s.add(f, true, false, at)
	}
	all := s.samples(&q, 1<<50)
	checkSequence(t, all, len(s.frames))
	var got []int64
	for _, a := range all {
		if a.Offset != 0 {
			t.Errorf("a picture in order is shown %d after it is decoded", a.Offset)
		}
		got = append(got, int64(a.Duration))
	}
	if want := []int64{3600, 1, 1, 3598, MaxSample, 3600, 3600, 3600}; !slices.Equal(got[:8], want) {
		t.Errorf("durations %v, want %v", got[:8], want)
	}
	if last := got[len(got)-1]; last != MaxSample {
		t.Errorf("the last picture lasts %d", last)
	}
}

func TestFollows(t *testing.T) {
	f, other := h264Format(t), h264Format(t)
	var q Sequencer
	if q.Follows(media.Frame{Format: f}, 0) || !q.Follows(media.Frame{Format: f, Key: true}, 0) {
		t.Error("a file begins with a keyframe")
	}
	q.Push(media.Frame{Format: f, Key: true}, 1000)
	for _, c := range []struct {
		format *media.Format
		at     int64
		want   bool
	}{
		{f, 4600, true}, {f, 1000, true}, {f, 1000 - Timescale, true}, {f, 1000 - 2*Timescale, false},
		{f, 1000 + MaxSample, true}, {f, 1001 + MaxSample, false}, {other, 4600, false},
	} {
		if got := q.Follows(media.Frame{Format: c.format}, c.at); got != c.want {
			t.Errorf("at %d, of the same format %v: %v", c.at, c.format == f, got)
		}
	}
}

// TestSequenceLetsGoOfData keeps no frame that it gave out.
func TestSequenceLetsGoOfData(t *testing.T) {
	s := order(h264Format(t), []int{0}, 0, 3, 1, 2, 6, 4, 5, 9, 7, 8)
	var q Sequencer
	s.samples(&q, 0)
	for _, a := range q.held[:cap(q.held)] {
		if a.Data != nil {
			t.Error("data of a frame is still held")
		}
	}
}

// FuzzSequencer pushes frames of any times: what comes out is a file's, and
// where the times are those of B-frames that the SPS announces they are exact.
func FuzzSequencer(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, uint64(1))
	f.Add([]byte{0x80, 0xFF, 0, 0, 0x7F, 0xFF, 0xFF, 0xFF, 1}, uint64(2))
	format := h264Format(f)
	jpeg := &media.Format{Codec: media.JPEG, Width: 64, Height: 48}
	f.Fuzz(func(t *testing.T, b []byte, seed uint64) {
		anything(t, format, jpeg, b)
		r := rand.New(rand.NewPCG(seed, 2))
		s := shuffled(r, format)
		var q Sequencer
		for range 3 {
			s.checkShown(t, s.samples(&q, 1234), 0, 1234)
		}
	})
}

// anything pushes frames as bytes say.
func anything(t *testing.T, format, jpeg *media.Format, b []byte) {
	var q Sequencer
	var all []Sample
	n, at := 0, int64(0)
	for len(b) >= 3 {
		kind, step := b[0], int64(int16(binary.BigEndian.Uint16(b[1:])))
		b = b[3:]
		at += step << (kind & 48)
		f := media.Frame{Format: format, Key: kind&1 != 0, Data: [][]byte{bSlice, pSlice}[kind>>1&1]}
		if kind&12 == 12 {
			f.Format = jpeg
		}
		all = append(all, q.Push(f, at)...)
		if n++; kind == 0xFF {
			checkSequence(t, append(all, q.Flush(step)...), n)
			n, all = 0, nil
		}
	}
	checkSequence(t, append(all, q.Flush(0)...), n)
}

// shuffled gives frames that come up to two frames before ones that are shown
// earlier, at uneven distances.
func shuffled(r *rand.Rand, f *media.Format) (s stream) {
	n := 1 + r.IntN(60)
	times := make([]int64, n)
	at := r.Int64N(1<<40) - 1<<39
	for i := range times {
		at += 100 + r.Int64N(5000)
		times[i] = at
	}
	// A picture is decoded in place of the earliest that waits, or up to two
	// before it; the first one is where it is.
	from := 1
	for i := 0; i < n; {
		ahead := 0
		if i >= from {
			ahead = min(r.IntN(3), n-1-i)
		}
		group := times[i : i+ahead+1]
		s.add(f, i == 0, false, group[ahead])
		for _, earlier := range group[:ahead] {
			s.add(f, false, true, earlier)
		}
		i += ahead + 1
	}
	return s
}

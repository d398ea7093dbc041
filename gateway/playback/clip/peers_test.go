package clip

import (
	"bytes"
	"math"
	"net/http"
	"slices"
	"testing"
	"time"

	"framegate/gateway/playback/tape"

	"github.com/Eyevinn/mp4ff/mp4"
)

// mixed is a volume of what differs: a camera that lies about its rate, a gap,
// another size, reordered pictures, a segment that grows, sound and none.
func mixed(t testing.TB) (v *volume, end time.Time) {
	v = newVolume()
	v.sung = beeping(0, 0)
	end = v.record(t, noon, 1, shuffled()[:40])
	end = v.record(t, end, 1.25, plainFrames()[40:80])
	v.sung = nil
	end = v.record(t, end.Add(time.Minute), 1, largePictures()[:20])
	v.sung = beeping(0, 0)
	v.grow(t, end, shuffled()[80:120])
	return v, end.Add(4 * time.Second)
}

// TestMP4ffReadsIt: a reader that is none of ours finds the same samples, and that
// tables and boxes are as the standard has them.
func TestMP4ffReadsIt(t *testing.T) {
	t.Parallel()
	v, end := mixed(t)
	c := v.clip(t, Request{From: after(1.5), To: end.Add(-time.Second), Exact: true})
	b := whole(t, c)
	f, err := mp4.DecodeFile(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if f.IsFragmented() || len(f.Moov.Traks) != 2 || f.Moov.Mvhd.CreationTimeS() != c.Start.Unix() {
		t.Errorf("fragmented %v, %d tracks, made at %v", f.IsFragmented(), len(f.Moov.Traks), f.Moov.Mvhd.CreationTimeS())
	}
	trak := f.Moov.Traks[0]
	stbl := trak.Mdia.Minf.Stbl
	n := stbl.Stsz.GetNrSamples()
	if n != 120 || len(stbl.Stsd.Children) != 3 {
		t.Fatalf("%d samples, %d sample entries", n, len(stbl.Stsd.Children))
	}
	want := slices.Concat(shuffled()[10:40], plainFrames()[40:80], largePictures()[:20], shuffled()[80:])
	for number := uint32(1); number <= n; number++ {
		ranges, err := trak.GetRangesForSampleInterval(number, number)
		if err != nil || len(ranges) != 1 {
			t.Fatalf("sample %d: %v, %v", number, ranges, err)
		}
		if r := ranges[0]; !bytes.Equal(b[r.Offset:r.Offset+r.Size], want[number-1].Data) || stbl.Stss.IsSyncSample(number) != want[number-1].Key {
			t.Errorf("sample %d is another", number)
		}
	}
	heard := sounds(t, b)
	if seconds := float64(trak.Mdia.Mdhd.Duration) / Timescale; math.Abs(float64(len(heard))*frameLength-seconds) > 4*frameLength {
		t.Errorf("%d frames of sound in %.3f s", len(heard), seconds)
	}
	at, lasts := stbl.Stts.GetDecodeTime(n)
	if total := at + uint64(lasts); total != trak.Mdia.Mdhd.Duration {
		t.Errorf("the samples last %d ticks, the track %d", total, trak.Mdia.Mdhd.Duration)
	}
}

// served serves the clip of a request.
func (v *volume) served(r Request) http.HandlerFunc {
	r.Camera = "front"
	return func(w http.ResponseWriter, asked *http.Request) {
		c, err := New(asked.Context(), v, v, r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		defer c.Close()
		w.Header().Set("ETag", c.ETag())
		http.ServeContent(w, asked, "clip.mp4", time.Time{}, c)
	}
}

// TestChromiumPlaysIt seeks in it, and sees the picture of each moment; where the
// format becomes another, of a clip up to there and of one from there on.
func TestChromiumPlaysIt(t *testing.T) {
	v := newVolume()
	v.sung = beeping(0, -300*time.Millisecond)
	end := v.record(t, noon, 1, shuffled()[:40])
	end = v.record(t, end, 1.25, shuffled()[40:80]) // 3.2 s
	v.grow(t, end.Add(time.Minute), shuffled()[80:])
	changed := newVolume()
	end = changed.record(t, noon, 1, plainFrames()[:40])
	changed.record(t, end, 1, largePictures()[:40])
	all := Request{From: after(1), To: noon.Add(time.Hour)}
	next := changed.clip(t, all).Next
	seen := tape.Show(t,
		tape.Look{Film: v.served(Request{From: after(1.5), To: after(100), Exact: true}), Times: []float64{0, 1.25, 2.54, 5.59, 5.75, 9.65, 0.35}},
		tape.Look{Film: changed.served(Request{From: all.From, To: next}), Times: []float64{1.25, 2.95}},
		tape.Look{Film: changed.served(Request{From: next, To: all.To}), Times: []float64{0, 3.95}})
	for i, want := range [][]int{{15, 27, 40, 78, 80, 119, 18}, {22, 39}, {200, 239}} {
		if s := seen[i]; s.Error != "" || !slices.Equal(s.Numbers, want) {
			t.Errorf("it sees %v, want %v; %s", s.Numbers, want, s.Error)
		}
	}
	if math.Abs(seen[0].Duration-9.7) > 0.01 {
		t.Errorf("it takes the clip for %v s long", seen[0].Duration)
	}
}

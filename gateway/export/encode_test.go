package export

import (
	"context"
	"image"
	"math"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
	"framegate/gateway/playback"
	"framegate/gateway/playback/clip"
	"framegate/gateway/playback/tape"
	"framegate/gateway/record/index"
	"framegate/gateway/record/segment"
)

// TestEncodedIsExactAtBothEnds over a hole and two runs, with reordered pictures,
// and as H.264 and at the times of the recording.
func TestEncodedIsExactAtBothEnds(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.heard = tape.Beeps(t, "4.5")
	r.record("front", noon, tape.Numbered(t, 0, 50, 64, 48, "-bf", "2"))
	r.record("front", after(200), tape.Numbered(t, 100, 40, 64, 48, "-bf", "0"))
	r.run()
	j, b := r.made(Request{Cameras: []string{"front"}, From: after(13.5), To: after(220), Start: Encode, TimeZone: "Europe/Berlin"})
	want := append(count(13, 50), count(100, 120)...)
	if got := numbers(t, b); !slices.Equal(got, want) {
		t.Errorf("it shows %v", got)
	}
	for i, at := range times(t, b) {
		if at != 100*i {
			t.Errorf("picture %d is shown at %d ms", i, at)
		}
	}
	for _, byTime := range []bool{true, false} { // with pictures 20, 30, 40, 100 and 110
		want := []float64{0.7, 1.7, 2.7, 3.7, 4.7}
		got := tape.BeepsIn(t, kept(t, b), byTime)
		if len(got) < len(want) || len(got) > len(want)+1 {
			t.Fatalf("beeps at %.3f, want %.3f", got, want)
		}
		for i := range want {
			if math.Abs(got[i]-want[i]) > 0.045 {
				t.Errorf("by time %v: a beep at %.3f, want %.3f", byTime, got[i], want[i])
			}
		}
	}
	for _, start := range []Start{Keyframe, Encode} {
		silent := Request{Cameras: []string{"front"}, From: after(20), To: after(25), Start: start, Silent: true}
		if _, b := r.made(silent); strings.Contains(string(b), "soun") {
			t.Errorf("%s: there is sound all the same", start)
		}
	}
	if j.Name != "front_2026-11-20_13-00-01_to_13-00-22.mp4" {
		t.Errorf("it is called %s", j.Name)
	}
	if entries := strings.Count(string(b), "avc1"); entries > 2 { // one of them in ftyp
		t.Errorf("it has %d formats, which browsers do not play", entries)
	}
	if left := r.left(j.ID); !slices.Equal(left, []string{"file", "job.json"}) {
		t.Errorf("in its folder are %v", left)
	}
}

// TestEncodedH265IsH264 in the same file as that of another stretch of time.
func TestEncodedH265IsH264(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.record("front", noon, tape.Numbered(t, 0, 40, 64, 48, "-bf", "2"))
	r.record("front", after(40), tape.NumberedH265(t, 40, 40, 64, 48))
	r.run()
	_, b := r.made(Request{Cameras: []string{"front"}, From: after(33), To: after(67), Start: Encode})
	if got := numbers(t, b); !slices.Equal(got, count(33, 67)) {
		t.Errorf("it shows %v", got)
	}
	codec := camtest.Output(t, nil, "ffprobe", "-v", "error", "-show_entries", "stream=codec_name,pix_fmt", "-of", "csv=p=0", kept(t, b))
	if strings.TrimSpace(string(codec)) != "h264,yuv420p" {
		t.Errorf("it is %s", codec)
	}
}

func TestEncodedJPEGsAreH264(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.record("front", noon, stills(0, 40, 64, 48))
	r.run()
	_, b := r.made(Request{Cameras: []string{"front"}, From: after(12), To: after(30), Start: Encode})
	if got := numbers(t, b); !slices.Equal(got, count(12, 30)) {
		t.Errorf("it shows %v", got)
	}
	codec := camtest.Output(t, nil, "ffprobe", "-v", "error", "-show_entries", "stream=codec_name,pix_fmt", "-of", "csv=p=0", kept(t, b))
	if strings.TrimSpace(string(codec)) != "h264,yuv420p" {
		t.Errorf("it is %s", codec)
	}
}

// TestSizesFitTheFirst: pictures of another shape are shown whole, in the size that
// was asked for, since browsers stop where the size changes.
func TestSizesFitTheFirst(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.record("front", noon, tape.Numbered(t, 0, 10, 128, 96, "-bf", "0"))
	r.record("front", after(10), stills(10, 10, 96, 96))
	r.run()
	_, b := r.made(Request{Cameras: []string{"front"}, From: noon, To: after(20), Start: Encode, Width: 64})
	size := camtest.Output(t, nil, "ffprobe", "-v", "error", "-show_entries", "frame=width,height", "-select_streams", "v", "-of", "csv=p=0", kept(t, b))
	if lines := strings.Fields(string(size)); len(lines) != 20 || strings.Trim(slices.Max(lines), ",") != "64,48" || strings.Trim(slices.Min(lines), ",") != "64,48" {
		t.Errorf("its sizes are %s", size)
	}
	last := greys(t, b, 64, 48)[19]
	if left := last.GrayAt(2, 24).Y; left > 30 {
		t.Errorf("beside the picture it is not black but %d", left)
	}
}

// clockArea is where the clock of a picture of 320x240 is, at most.
var clockArea = image.Rect(0, 0, 320, 36)

// TestClockIsBurnedIn where it is, and nowhere else, and is that of each picture's
// row: over a hole, for H.264 and JPEGs, in the zone that was asked for.
func TestClockIsBurnedIn(t *testing.T) {
	t.Parallel()
	shown := make(clocks)
	for name, frames := range map[string]func(from, n int) []media.Frame{
		"H.264": func(from, n int) []media.Frame { return tape.Numbered(t, from, n, 320, 240, "-bf", "2") },
		"JPEG":  func(from, n int) []media.Frame { return stills(from, n, 320, 240) },
	} {
		r := newRig(t)
		r.record("front", noon.Add(-300*time.Millisecond), frames(0, 20))
		r.record("front", noon.Add(time.Hour), frames(20, 15))
		r.run()
		request := Request{Cameras: []string{"front"}, From: noon.Add(-time.Second), To: noon.Add(2 * time.Hour), Start: Encode, TimeZone: "Asia/Kolkata"}
		_, plain := r.made(request)
		request.Clock = true
		_, clocked := r.made(request)
		without, with := greys(t, plain, 320, 240), greys(t, clocked, 320, 240)
		if len(without) != 35 || len(with) != 35 {
			t.Fatalf("%s: %d pictures without and %d with a clock", name, len(without), len(with))
		}
		for i := range with {
			if d := differs(without[i], with[i], image.Rect(0, clockArea.Max.Y, 320, 240)); d > 4 {
				t.Errorf("%s: picture %d differs by %v where there is no clock", name, i, d)
			}
		}
		for i, text := range map[int]string{
			0: "2026-11-20 17:29:59", 2: "2026-11-20 17:29:59", 3: "2026-11-20 17:30:00", 12: "2026-11-20 17:30:00", 13: "2026-11-20 17:30:01",
			20: "2026-11-20 18:30:00", 29: "2026-11-20 18:30:00", 30: "2026-11-20 18:30:01",
		} {
			text += " +05:30"
			if got := shown.of(t, with[i], text); got != text {
				t.Errorf("%s: picture %d says %s, not %s", name, i, got, text)
			}
		}
	}
}

// TestClockOverSummerTime has the offset of each picture where that becomes another in
// the middle of a stretch, forwards by half an hour and back by a whole one.
func TestClockOverSummerTime(t *testing.T) {
	t.Parallel()
	shown := make(clocks)
	for zone, c := range map[string]struct {
		change time.Time
		shown  map[int]string
	}{
		"Europe/Berlin": {time.Date(2026, 10, 25, 1, 0, 0, 0, time.UTC), map[int]string{
			0: "2026-10-25 02:59:58 +02:00", 9: "2026-10-25 02:59:58 +02:00", 10: "2026-10-25 02:59:59 +02:00", 19: "2026-10-25 02:59:59 +02:00",
			20: "2026-10-25 02:00:00 +01:00", 29: "2026-10-25 02:00:00 +01:00", 30: "2026-10-25 02:00:01 +01:00",
		}},
		"Australia/Lord_Howe": {time.Date(2026, 10, 3, 15, 30, 0, 0, time.UTC), map[int]string{
			10: "2026-10-04 01:59:59 +10:30", 19: "2026-10-04 01:59:59 +10:30", 20: "2026-10-04 02:30:00 +11:00", 30: "2026-10-04 02:30:01 +11:00",
		}},
	} {
		r := newRig(t)
		r.record("front", c.change.Add(-2*time.Second), tape.Numbered(t, 0, 35, 320, 240, "-bf", "2"))
		r.run()
		_, b := r.made(Request{Cameras: []string{"front"}, From: c.change.Add(-time.Minute), To: c.change.Add(time.Minute), Start: Encode, Clock: true, TimeZone: zone})
		pictures := greys(t, b, 320, 240)
		for i, text := range c.shown {
			if got := shown.of(t, pictures[i], text); got != text {
				t.Errorf("%s: picture %d says %s, not %s", zone, i, got, text)
			}
		}
	}
}

// clocks draws times as they are to be, each once.
type clocks map[string]*image.Gray

func (c clocks) draw(t *testing.T, text string) *image.Gray {
	t.Helper()
	if c[text] == nil {
		drawn := strings.ReplaceAll(text, ":", `\\:`)
		out := camtest.Output(t, nil, "ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=black:size=320x240", "-vf",
			"drawtext=expansion=none:text="+drawn+":fontsize=12:fontcolor=white:box=1:boxcolor=black@0.6:boxborderw=3:x=6:y=6",
			"-frames:v", "1", "-pix_fmt", "gray", "-f", "rawvideo", "pipe:1")
		c[text] = &image.Gray{Pix: out, Stride: 320, Rect: image.Rect(0, 0, 320, 240)}
	}
	return c[text]
}

// shownClock is how a clock is written.
const shownClock = time.DateTime + " -07:00"

// of gives which time a picture shows: the one, of those near another, in its zone
// and others, with which a picture of it looks most like it.
func (c clocks) of(t *testing.T, picture *image.Gray, near string) (best string) {
	t.Helper()
	at, err := time.Parse(shownClock, near)
	if err != nil {
		t.Fatal(err)
	}
	_, offset := at.Zone()
	least := 1e9
	for _, shift := range []int{-3600, -1800, 0, 1800, 3600} {
		for seconds := -1; seconds <= 1; seconds++ {
			text := at.Add(time.Duration(seconds) * time.Second).In(time.FixedZone("", offset+shift)).Format(shownClock)
			if d := unlike(c.draw(t, text), picture); d < least {
				least, best = d, text
			}
		}
	}
	return best
}

// unlike says how much a picture differs from another where the clock is.
func unlike(reference, picture *image.Gray) (sum float64) {
	for y := 4; y < 20; y++ {
		for x := 6; x < 170; x++ {
			d := float64(reference.GrayAt(x, y).Y) - float64(picture.GrayAt(x, y).Y)
			sum += d * d
		}
	}
	return sum
}

// differs gives how much two pictures differ in an area, on average.
func differs(a, b *image.Gray, area image.Rectangle) float64 {
	sum := 0
	for y := area.Min.Y; y < area.Max.Y; y++ {
		for x := area.Min.X; x < area.Max.X; x++ {
			d := int(a.GrayAt(x, y).Y) - int(b.GrayAt(x, y).Y)
			sum += max(d, -d)
		}
	}
	return float64(sum) / float64(area.Dx()*area.Dy())
}

// pushing is a shelf that has somebody need the encoder when some of its files are
// opened, and something is so.
type pushing struct {
	played
	yield *atomic.Value // of func()
	at    map[string]func()
}

func (p pushing) Open(row index.Segment) (playback.File, int64, error) {
	if await := p.at[row.Path]; await != nil {
		delete(p.at, row.Path)
		await()
		p.yield.Load().(func())()
	}
	return p.played.Open(row)
}

// TestViewersComeFirst: who needs the encoder gets it at once, and what is made goes
// on where it was. Pictures are so small that a pipe holds hundreds.
func TestViewersComeFirst(t *testing.T) {
	t.Parallel()
	var given, lent atomic.Int32
	var pushed atomic.Value
	r := newRig(t, func(o *Options) {
		o.Spare = func(_ context.Context, yield func()) (func(), error) {
			lent.Add(1)
			pushed.Store(yield)
			return func() { given.Add(1) }, nil
		}
	})
	r.options.Library.Recordings = pushing{played{r.shelf}, &pushed, map[string]func(){"2.mp4": func() {}, "3.mp4": func() {}}}
	frames := tape.Numbered(t, 0, 600, 64, 48, "-bf", "2")
	for n := range 3 {
		r.record("front", after(200*float64(n)), frames[200*n:200*(n+1)])
	}
	r.run()
	_, b := r.made(Request{Cameras: []string{"front"}, From: after(15), To: after(595), Start: Encode})
	if got := numbers(t, b); !slices.Equal(got, count(15, 595)) {
		t.Errorf("it shows %v", got)
	}
	if lent.Load() != 3 || given.Load() != 3 {
		t.Errorf("%d encoders were lent, and %d given back", lent.Load(), given.Load())
	}
}

// TestFfmpegThatFailsIsTriedAgain, and if it always does the job fails in words.
func TestFfmpegThatFailsIsTriedAgain(t *testing.T) {
	t.Parallel()
	for _, fails := range []int{attempts - 1, attempts} {
		var r *rig
		tries := 0
		r = newRig(t, func(o *Options) {
			o.Spare = func(context.Context, func()) (func(), error) { // by whom the program is read as well
				if r.options.FFmpeg = "ffmpeg"; tries < fails {
					r.options.FFmpeg = "false"
				}
				tries++
				return func() {}, nil
			}
		})
		r.record("front", noon, stills(0, 20, 64, 48))
		r.run()
		j, err := r.Add(t.Context(), anna, Request{Cameras: []string{"front"}, From: noon, To: after(20), Start: Encode})
		r.check(err)
		j = r.await(j.ID, func(j Job) bool { return j.State.Ended() })
		switch {
		case fails < attempts && (j.State != Done || tries != attempts):
			t.Errorf("after %d tries it is %+v", tries, j)
		case fails == attempts && (j.State != Failed || !strings.Contains(j.Error, "log says why") || !slices.Equal(r.left(j.ID), []string{"job.json"})):
			t.Errorf("without an ffmpeg it is %+v, with %v", j, r.left(j.ID))
		}
	}
}

// TestNothingStaysOpen: of a camera without sound, whose file that is being written has to
// be looked into for that, no file stays open behind what was encoded; newRig expects it.
func TestNothingStaysOpen(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.record("front", noon, tape.Numbered(t, 0, 50, 64, 48, "-bf", "0"))
	r.record("front", after(50), tape.Numbered(t, 50, 50, 64, 48, "-bf", "0"))
	last := r.rows[1]
	f, err := r.file(last)
	r.check(err)
	s, err := segment.Open(f, last.Bytes)
	r.check(err)
	r.check(f.Close())
	last.ID = 0
	r.rows, r.grows = r.rows[:1], &clip.Growing{Segment: last, Format: s.Formats[0], Table: s.Table}
	r.run()
	if _, b := r.made(Request{Cameras: []string{"front"}, From: after(10), To: after(70), Start: Encode}); len(numbers(t, b)) < 40 {
		t.Errorf("it shows %v", numbers(t, b))
	}
}

package export

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/playback"
	"framegate/gateway/playback/tape"
	"framegate/gateway/record/index"
)

// TestTimelapseIsH264OfKeyframes of whatever was recorded, over a hole, which takes no
// time, and in a ZIP too.
func TestTimelapseIsH264OfKeyframes(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.record("front", noon, tape.Numbered(t, 0, 20, 64, 48, "-bf", "2"))
	r.record("front", after(20), tape.NumberedH265(t, 20, 20, 64, 48))
	r.record("front", after(40), stills(40, 30, 64, 48))
	r.record("front", after(36000), stills(100, 40, 64, 48))
	r.run()
	request := Request{Cameras: []string{"front"}, From: after(5), To: after(36025), Speed: 30, TimeZone: "Europe/Berlin"}
	j, b := r.made(request)
	want := []int{0, 10, 20, 30, 40, 50, 60, 100, 110, 120}
	if got := numbers(t, b); !slices.Equal(got, want) {
		t.Errorf("it shows %v", got)
	}
	for i, at := range times(t, b) {
		if at < 33*i || at > 34*i+1 {
			t.Errorf("picture %d is shown at %d ms", i, at)
		}
	}
	if j.Name != "front_2026-11-20_13-00-00_to_14-00-02_30x.mp4" || !j.Covers.Equal(noon) {
		t.Errorf("it is called %s, and covers what was from %v on", j.Name, j.Covers)
	}
	codec := camtest.Output(t, nil, "ffprobe", "-v", "error", "-show_entries", "stream=codec_name,pix_fmt", "-of", "csv=p=0", kept(t, b))
	if strings.TrimSpace(string(codec)) != "h264,yuv420p" {
		t.Errorf("it is %s", codec)
	}
	if left := r.left(j.ID); !slices.Equal(left, []string{"file", "job.json"}) {
		t.Errorf("in its folder are %v", left)
	}
	request.Cameras = []string{"back", "front"}
	_, b = r.made(request)
	if text := string(b); !strings.Contains(text, `"front_2026-11-20_13-00-00_to_14-00-02_30x.mp4"`) || !strings.Contains(text, `"to": "2026-11-20T13:00:02.5Z"`) || !strings.Contains(text, `"speed": 30`) {
		t.Errorf("the manifest says %s", text[strings.LastIndex(text, "{\n  \"framegate"):])
	}
}

// TestTimelapseOfPicturesThatJitter has all of them, where they come as often as it
// shows some.
func TestTimelapseOfPicturesThatJitter(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for n := range 20 {
		late := time.Duration(n*7%11) * 4 * time.Millisecond
		r.record("front", after(10*float64(n)).Add(late), stills(n, 1, 64, 48))
		r.rows[n].End = r.rows[n].Start.Add(time.Second)
	}
	r.run()
	_, b := r.made(Request{Cameras: []string{"front"}, From: noon, To: after(200), Speed: 30})
	if got := numbers(t, b); !slices.Equal(got, count(0, 20)) {
		t.Errorf("it shows %v", got)
	}
}

// TestTimelapseHasNoLength that is too much: of pictures, each a file, there are more
// than are in a clip, and most of them are not opened.
func TestTimelapseHasNoLength(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.record("front", noon, stills(7, 1, 64, 48))
	const all, every = 20_000, 10 * time.Second
	row := r.rows[0]
	r.rows = nil
	for n := range all {
		row.ID, row.Path, row.Start = int64(n+1), strconv.Itoa(n+1)+".mp4", noon.Add(time.Duration(n)*every)
		row.End = row.Start.Add(every)
		r.rows = append(r.rows, row)
	}
	opened := atomic.Int64{}
	r.options.Library.Recordings = counting{played{r.shelf}, &opened}
	r.run()
	request := Request{Cameras: []string{"front"}, From: noon, To: noon.Add(all * every), Start: Encode}
	if _, err := r.Add(t.Context(), anna, request); err == nil {
		t.Error("it is made without a speed")
	}
	request.Speed = 20_000 // a picture in 667 s
	_, b := r.made(request)
	if got := times(t, b); len(got) < 295 || len(got) > 320 || got[len(got)-1] < 9950 || got[len(got)-1] > 10_000 {
		t.Errorf("%d pictures, the last of them at %d ms", len(got), got[len(got)-1])
	}
	if n := opened.Load(); n > 700 {
		t.Errorf("%d files were opened", n)
	}
}

// TestTimelapseGoesOn where viewers needed its encoder, without losing or repeating
// a picture.
func TestTimelapseGoesOn(t *testing.T) {
	t.Parallel()
	var pushed atomic.Value
	var lent atomic.Int32
	r := newRig(t, func(o *Options) {
		o.Spare = func(_ context.Context, yield func()) (func(), error) {
			lent.Add(1)
			pushed.Store(yield)
			return func() {}, nil
		}
	})
	made := func(share float64) {
		for end := time.Now().Add(ceiling); r.All()[0].Progress < share && time.Now().Before(end); {
			time.Sleep(5 * time.Millisecond)
		}
	}
	r.options.Library.Recordings = pushing{played{r.shelf}, &pushed, map[string]func(){"2.mp4": func() { made(0.01) }, "3.mp4": func() { made(0.34) }}}
	for n := range 3 {
		r.record("front", after(200*float64(n)), stills(200*n, 200, 64, 48))
	}
	r.run()
	_, b := r.made(Request{Cameras: []string{"front"}, From: noon, To: after(600), Speed: 6})
	var want []int
	for n := range 300 {
		want = append(want, 2*n)
	}
	if got := numbers(t, b); !slices.Equal(got, want) {
		t.Errorf("it shows %v", got)
	}
	if at := times(t, b); at[len(at)-1] < 9960 || at[len(at)-1] > 9970 {
		t.Errorf("the last is shown at %d ms", at[len(at)-1])
	}
	if lent.Load() != 3 {
		t.Errorf("%d encoders were lent", lent.Load())
	}
}

// TestTimelapseClock is that of each picture, and costs no more bytes than any.
func TestTimelapseClock(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for n := range 24 {
		r.record("front", noon.Add(time.Duration(n)*5*time.Second), stills(n, 1, 320, 240))
		r.rows[n].End = r.rows[n].Start.Add(5 * time.Second)
	}
	r.run()
	request := Request{Cameras: []string{"front"}, From: noon, To: noon.Add(2 * time.Minute), Speed: 300, TimeZone: "Asia/Kolkata"}
	_, plain := r.made(request)
	request.Clock = true
	_, clocked := r.made(request)
	shown, pictures := make(clocks), greys(t, clocked, 320, 240)
	if len(pictures) != 12 || len(clocked) > 2*len(plain) {
		t.Fatalf("%d pictures in %d bytes, in %d without a clock", len(pictures), len(clocked), len(plain))
	}
	for i, want := range map[int]string{0: "2026-11-20 17:30:00 +05:30", 6: "2026-11-20 17:31:00 +05:30", 11: "2026-11-20 17:31:50 +05:30"} {
		if got := shown.of(t, pictures[i], want); got != want {
			t.Errorf("picture %d says %s, not %s", i, got, want)
		}
	}
}

// counting counts the files that are opened, all of which are the first.
type counting struct {
	played
	opened *atomic.Int64
}

func (c counting) Open(row index.Segment) (playback.File, int64, error) {
	c.opened.Add(1)
	row.Path = "1.mp4"
	return c.played.Open(row)
}

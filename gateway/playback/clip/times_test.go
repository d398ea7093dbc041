package clip

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
	"framegate/gateway/record/index"
	"framegate/gateway/record/segment"
)

// shownAt gives when, in seconds, ffprobe would show the pictures of a clip, and
// how long it takes the clip to be.
func shownAt(t testing.TB, b []byte) (at []float64, length float64) {
	t.Helper()
	var found struct {
		Frames []struct {
			At string `json:"best_effort_timestamp_time"`
		}
		Format struct{ Duration string }
	}
	out := camtest.Output(t, nil, "ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "frame=best_effort_timestamp_time:format=duration", "-of", "json", file(t, b))
	if err := json.Unmarshal(out, &found); err != nil {
		t.Fatal(err)
	}
	for _, f := range found.Frames {
		seconds, err := strconv.ParseFloat(f.At, 64)
		if err != nil {
			t.Fatal(err)
		}
		at = append(at, seconds)
	}
	length, err := strconv.ParseFloat(found.Format.Duration, 64)
	if err != nil {
		t.Fatal(err)
	}
	return at, length
}

// TestPicturesAreShownInTheirTime has a clip of segments of cameras that count in
// seconds of their own.
func TestPicturesAreShownInTheirTime(t *testing.T) {
	t.Parallel()
	v := newVolume()
	end := v.record(t, noon, 1, shuffled()[:40])
	end = v.record(t, end, 1.25, shuffled()[40:80]) // 3.2 s
	end = v.record(t, end.Add(time.Minute), 0.8, shuffled()[80:120])
	if took := end.Sub(noon) - time.Minute; took != 12200*time.Millisecond {
		t.Fatalf("it was recorded in %v", took)
	}
	c := v.clip(t, Request{From: after(1.5), To: after(1000), Exact: true})
	at, length := shownAt(t, whole(t, c))
	if len(at) != 105 || math.Abs(length-10.7) > 0.001 {
		t.Fatalf("%d pictures in %v s", len(at), length)
	}
	for i, got := range at {
		want := float64(i) * 0.1
		switch n := i + 15; {
		case n >= 80:
			want = 2.5 + 3.2 + float64(n-80)*0.125
		case n >= 40:
			want = 2.5 + float64(n-40)*0.08
		}
		if math.Abs(got-want) > 0.001 {
			t.Errorf("picture %d is shown at %v, want %v", i, got, want)
		}
	}
	if !c.Start.Equal(after(1.5)) || !c.End.Equal(end) {
		t.Errorf("it says from %v to %v", c.Start, c.End)
	}
}

// TestDurationsFillTheTime of their segment to the tick, whatever is rounded, in as
// many entries as are announced.
func TestDurationsFillTheTime(t *testing.T) {
	for name, lasts := range map[string][]uint32{
		"alike":          {3600, 3600, 3600, 3600, 3600, 3600, 3600},
		"one":            {3600},
		"all different":  {3600, 3599, 3602, 3598, 3600, 3601},
		"a short last":   {3600, 3600, 3600, 3600, 3600, 1},
		"bursts":         {1, 1, 1, 10797, 1, 1, 1, 10797, 1, 2},
		"pairs, then no": {3000, 3000, 3001, 3002, 3001, 3000},
	} {
		for _, stretched := range []float64{1, 1.0003, 0.9996, 0.5, 1.7, 7} {
			var entries []segment.Entry
			total := int64(0)
			for i, d := range lasts {
				entries = append(entries, segment.Entry{At: int64(i), Size: 1, Decode: total, Duration: d, Key: true})
				total += int64(d)
			}
			length := int64(float64(total) * 20 * stretched)
			p := &part{whole: true, row: index.Segment{Bytes: 100}, length: length, ticks: length}
			v, err := look(p, segment.Table{Timescale: segment.Timescale, Entries: [][]segment.Entry{entries}})
			if err != nil {
				t.Fatal(err)
			}
			runs, samples, ticks := 0, int64(0), int64(0)
			for n, each := range v.durations {
				if n < 1 || each < 0 || each > math.MaxInt32 {
					t.Errorf("%s, %v: %d samples of %d ticks", name, stretched, n, each)
				}
				runs, samples, ticks = runs+1, samples+n, ticks+n*each
				if want := v.ticksAt(v.decodeOf(int(samples))); ticks > want || ticks < want-samples {
					t.Errorf("%s, %v: %d samples take %d ticks, want %d", name, stretched, samples, ticks, want)
				}
			}
			if runs != v.count().durations || samples != int64(len(lasts)) || ticks != length {
				t.Errorf("%s, %v: %d runs of %d, %d samples, %d ticks of %d", name, stretched, runs, v.count().durations, samples, ticks, length)
			}
		}
	}
}

// TestTwoFormats are two sample entries of one clip.
func TestTwoFormats(t *testing.T) {
	t.Parallel()
	v := newVolume()
	end := v.record(t, noon, 1, plainFrames()[:20])
	end = v.record(t, end, 1, largePictures()[:20])
	v.record(t, end, 1, plainFrames()[20:40])
	c := v.clip(t, Request{From: after(0.5), To: after(100), Exact: true})
	want := slices.Concat(count(5, 19), count(200, 219), count(20, 39))
	if got := numbers(t, whole(t, c)); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestJPEGs go into a clip as they are.
func TestJPEGs(t *testing.T) {
	t.Parallel()
	v := newVolume()
	v.record(t, noon, 1, pictures10(30))
	c := v.clip(t, Request{From: after(0.55), To: after(2), Exact: true})
	if got, want := numbers(t, whole(t, c)), count(5, 19); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestWhatGrowsIsPartOfIt up to the moment of the request, also when the file gets
// another name and its tables meanwhile.
func TestWhatGrowsIsPartOfIt(t *testing.T) {
	t.Parallel()
	v := newVolume()
	end := v.record(t, noon, 1, shuffled()[:40])
	v.grow(t, end, shuffled()[40:80])
	request := Request{From: after(3), To: after(1000), Exact: true}
	c := v.clip(t, request)
	if got, want := numbers(t, whole(t, c)), count(30, 79); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	grown := v.clip(t, request)
	if grown.ETag() != c.ETag() {
		t.Error("two clips of the same bytes have different validators")
	}
	v.grow(t, end, shuffled()[40:90])
	if v.clip(t, request).ETag() == c.ETag() {
		t.Error("a clip has the validator of one that was shorter")
	}
	request.To = after(7)
	c = v.clip(t, request)
	v.grow(t, end, shuffled()[40:110])
	if more := v.clip(t, request); more.ETag() != c.ETag() || string(whole(t, more)) != string(whole(t, c)) {
		t.Error("a clip becomes another while what it is of grows behind it")
	}
	delete(v.files, v.growing.Segment.Path)
	whole(t, c)
}

// TestFinishedMeanwhile: a segment that is both growing and in the index, since it
// was finished between two questions, is once in a clip.
func TestFinishedMeanwhile(t *testing.T) {
	t.Parallel()
	v := newVolume()
	v.grow(t, noon, plainFrames()[:20])
	v.record(t, noon, 1, plainFrames()[:20])
	c := v.clip(t, Request{From: noon, To: after(10)})
	if len(c.layout.blocks) != 1 || len(c.layout.blocks[0].parts) != 1 {
		t.Errorf("it has %d blocks", len(c.layout.blocks))
	}
}

// TestDeletedUnderADownload ends it, and gives no wrong byte before.
func TestDeletedUnderADownload(t *testing.T) {
	t.Parallel()
	v := newVolume()
	end := noon
	for i := range 12 {
		end = v.record(t, end, 1, plainFrames()[i*10:i*10+10])
	}
	request := Request{From: noon, To: end}
	want := whole(t, v.clip(t, request))
	for name, damage := range map[string]func(){
		"deleted": func() { delete(v.files, v.rows[5].Path) },
		"cut off": func() {
			v.files[v.rows[5].Path] = &memory{v.files[v.rows[5].Path].b[:len(v.files[v.rows[5].Path].b)-1]}
		},
		"another":   func() { v.files[v.rows[5].Path] = v.files[v.rows[7].Path] },
		"not there": func() { v.rows[5].Frames++ },
	} {
		c := v.clip(t, request)
		files, row := v.files[v.rows[5].Path], v.rows[5]
		damage()
		if name == "not there" {
			c = v.clip(t, request)
		}
		got := make([]byte, 0, len(want))
		var err error
		for b := make([]byte, 100); err == nil; {
			var n int
			n, err = c.Read(b)
			got = append(got, b[:n]...)
		}
		if !errors.Is(err, ErrChanged) && !errors.Is(err, segment.ErrDamaged) || c.Err() == nil {
			t.Errorf("%s: %v", name, err)
		}
		if name != "not there" && string(got) != string(want[:len(got)]) {
			t.Errorf("%s: wrong bytes before it ends", name)
		}
		v.files[row.Path], v.rows[5] = files, row
	}
}

// TestSpeed makes a timelapse of keyframes.
func TestSpeed(t *testing.T) {
	t.Run("H.264", func(t *testing.T) { t.Parallel(); atSpeeds(t, plainFrames()) })
	t.Run("H.265", func(t *testing.T) { t.Parallel(); atSpeeds(t, shuffledH265()) })
}

func atSpeeds(t *testing.T, frames []media.Frame) {
	v := newVolume()
	end := v.record(t, noon, 1, frames[:60])
	v.record(t, end.Add(time.Hour), 1, frames[60:])
	for _, test := range []struct {
		speed float64
		want  []int
	}{
		{10, []int{10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110}},
		{60, []int{10, 30, 50, 70, 90, 110}}, // 30 pictures a second at most
	} {
		c := v.clip(t, Request{From: after(1), To: end.Add(2 * time.Hour), Speed: test.speed})
		b := whole(t, c)
		if got := numbers(t, b); !slices.Equal(got, test.want) {
			t.Errorf("at %v: %v, want %v", test.speed, got, test.want)
		}
		at, length := shownAt(t, b)
		if want := 11 / test.speed; math.Abs(length-want) > 0.001 || math.Abs(at[len(at)-1]-float64(test.want[len(test.want)-1]-10)/10/test.speed) > 0.001 {
			t.Errorf("at %v: %v s, want %v; pictures at %v", test.speed, length, want, at)
		}
	}
}

// TestTimelapseHasKeyframesThatJitter, all of them where they come as often as it shows
// some.
func TestTimelapseHasKeyframesThatJitter(t *testing.T) {
	t.Parallel()
	v := newVolume()
	frames := slices.Clone(plainFrames()[:60]) // six keyframes, a second apart
	for i := range frames {
		frames[i].PTS += time.Duration(i/10*7%11) * 4 * time.Millisecond
	}
	v.record(t, noon, 1, frames)
	c := v.clip(t, Request{Camera: "front", From: noon, To: noon.Add(time.Hour), Speed: 30})
	if got := numbers(t, whole(t, c)); !slices.Equal(got, []int{0, 10, 20, 30, 40, 50}) {
		t.Errorf("it shows %v", got)
	}
}

// TestTimelapseIsOfMoreSegmentsThanAClip as long as it does not look into too many of
// them, and of JPEGs it is not made.
func TestTimelapseIsOfMoreSegmentsThanAClip(t *testing.T) {
	t.Parallel()
	const all = 2 * MaxSegments
	v := minutes(t, all, 10)
	request := Request{Camera: "front", From: noon, To: noon.Add(all * time.Minute), Speed: MaxSpeed}
	c := v.clip(t, request)
	if n := len(c.layout.picks); n < all/11 || n > all/10 || v.opened > 2*n || len(c.layout.parts) != n || c.End.Sub(request.To).Abs() > time.Second {
		t.Errorf("%d pictures of %d files, of which %d are kept in mind, up to %v", n, v.opened, len(c.layout.parts), c.End)
	}
	request.Speed = 60
	if _, err := New(t.Context(), v, v, request); !errors.Is(err, ErrTooLong) || !strings.Contains(err.Error(), "exported") {
		t.Error(err)
	}
	v.formats[0] = &media.Format{Codec: media.JPEG, Width: 64, Height: 48}
	if _, err := New(t.Context(), v, v, request); !errors.Is(err, ErrStills) {
		t.Error(err)
	}
}

// TestTooMuch is refused.
func TestTooMuch(t *testing.T) {
	t.Parallel()
	v := newVolume()
	v.record(t, noon, 1, plainFrames()[:10])
	for range MaxSegments {
		v.rows = append(v.rows, v.rows[0])
	}
	if _, err := New(context.Background(), v, v, Request{Camera: "front", From: noon, To: after(10)}); !errors.Is(err, ErrTooLong) {
		t.Error(err)
	}
}

// TestPicturesLastNoLongerThanTheirTablesCanSay which is 39 minutes.
func TestPicturesLastNoLongerThanTheirTablesCanSay(t *testing.T) {
	p := partOf(index.Segment{Frames: 1, Start: noon, End: noon.Add(24 * time.Hour)}, 1)
	if p.ticks != math.MaxUint32 || p.length != math.MaxUint32 {
		t.Errorf("a picture of a day lasts for %d ticks", p.ticks)
	}
	l := picker{speed: 2, picks: []pick{{}}}
	if l.end(timeToTicks(24 * time.Hour)); l.picks[0].ticks != math.MaxUint32 {
		t.Errorf("in a timelapse it lasts for %d ticks", l.picks[0].ticks)
	}
}

// TestFastTimelapseOpensFewFiles: those of which no picture is taken stay closed.
func TestFastTimelapseOpensFewFiles(t *testing.T) {
	t.Parallel()
	v := minutes(t, 60, 10)
	c := v.clip(t, Request{From: noon, To: noon.Add(59*time.Minute + 30*time.Second), Speed: 18_940}) // one each ten minutes
	if n := len(c.layout.picks); n != 6 || v.opened > 2*n {                                           // and whether there is one is seen in the file that ends it
		t.Errorf("%d pictures of %d files", n, v.opened)
	}
	for i, p := range c.layout.picks {
		if minute := c.layout.parts[p.part].row.ID - 1; minute != int64(10*i) {
			t.Errorf("picture %d is of minute %d", i, minute)
		}
	}
	if !c.End.Equal(noon.Add(59*time.Minute + 30*time.Second)) {
		t.Errorf("it ends at %v", c.End)
	}
}

package clip

import (
	"bytes"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	ff "github.com/Eyevinn/mp4ff/mp4"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
	"framegate/gateway/playback/tape"
	"framegate/gateway/record/index"
)

// frameLength is how long a frame of the tests' sound lasts, in seconds.
const frameLength = 1024. / 48000

// beeps are thirteen seconds of sound with a beep in the first 50 ms of each.
var beeps = sync.OnceValue(func() []media.Frame { return tape.Beeps(new(helper), "13") })

// beeping gives the sound of pictures that were numbered, from so long after the first
// of them to so long after the last.
func beeping(after, behind time.Duration) func([]media.Frame) []media.Frame {
	return func(pictures []media.Frame) (heard []media.Frame) {
		from, to := pictures[0].PTS, pictures[0].PTS
		for _, p := range pictures {
			from, to = min(from, p.PTS), max(to, p.PTS+100*time.Millisecond)
		}
		for _, f := range beeps() {
			if f.PTS >= from+after && f.PTS < to+behind {
				heard = append(heard, f)
			}
		}
		return heard
	}
}

// wantBeepsInStep wants a beep with each picture whose number is a multiple of ten, but
// for those that are missing, and no other, except that one may begin in the frame before
// such a picture, or before the end.
func wantBeepsInStep(t testing.TB, name string, b []byte, missing ...int) {
	t.Helper()
	pictures, _ := shownAt(t, b)
	var want []float64
	may := []float64{pictures[len(pictures)-1] - pictures[0] + 0.1}
	for i, n := range numbers(t, b) {
		switch at := pictures[i] - pictures[0]; {
		case n%10 == 0 && slices.Contains(missing, n):
			may = append(may, at)
		case n%10 == 0:
			want = append(want, at)
		}
	}
	for _, byTime := range []bool{true, false} {
		got := slices.DeleteFunc(tape.BeepsIn(t, file(t, b), byTime), func(at float64) bool {
			return slices.ContainsFunc(may, func(m float64) bool { return math.Abs(at-m) < 1.5*frameLength })
		})
		most := frameLength + 0.002 // by which a beep may be heard to begin earlier than it does
		if !byTime {
			most *= 2
		}
		if len(got) != len(want) {
			t.Errorf("%s: beeps at %.3f, want %.3f", name, got, want)
			continue
		}
		for i := range got {
			if off := got[i] - want[i]; math.Abs(off) > most {
				t.Errorf("%s: by time %v, beep %d at %.3f, its picture at %.3f: %.1f ms", name, byTime, i, got[i], want[i], off*1000)
			}
		}
	}
}

// TestSoundIsInStep over five gaps, in files whose sound is longer or shorter than
// their pictures, begins late, or is not there: in clips, and in parts one behind another.
func TestSoundIsInStep(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	reordered := slices.Clone(shuffledH265())
	for i := range reordered {
		reordered[i].PTS -= shuffledH265()[0].PTS // which are behind by how far they are reordered
	}
	for name, frames := range map[string][]media.Frame{"H.264 in order": plainFrames(), "H.265 reordered": reordered} {
		v := newVolume()
		end := noon
		for i, sung := range []func([]media.Frame) []media.Frame{
			beeping(0, 0), beeping(0, 700*ms), beeping(0, -650*ms), nil, beeping(650*ms, 0), beeping(-400*ms, 300*ms),
		} {
			v.sung = sung
			end = v.record(t, end.Add(time.Duration(i)*time.Minute), 1, frames[i*20:i*20+20])
		}
		c := v.clip(t, Request{From: noon, To: end})
		all := whole(t, c)
		wantBeepsInStep(t, name, all, 60, 70, 80)
		if n := len(sounds(t, all)); n != 563 {
			t.Errorf("%s: %d frames of sound", name, n)
		}
		if !c.Next.IsZero() {
			t.Errorf("%s: its sound becomes another at %v", name, c.Next)
		}
		c.Close()
		parts, sent := v.partsOf(t, Request{From: noon, To: end})
		joined := sent[0]
		for i, p := range sent[1:] {
			init, err := InitOf(t.Context(), v, "front", parts.Parts[i+1].Place, parts.Sound)
			if err != nil {
				t.Fatal(err)
			}
			joined = append(joined, p[len(init):]...)
		}
		wantBeepsInStep(t, name+" in parts", joined, 60, 70, 80)
		if parts, sent = v.partsOf(t, Request{From: noon, To: end, Silent: true}); parts.Sound != nil || bytes.Contains(sent[0], []byte("soun")) {
			t.Errorf("%s: silent parts have sound", name)
		}
		wantBeepsInStep(t, name+" from within", whole(t, v.clip(t, Request{From: after(0.53), To: end.Add(-time.Second), Exact: true})), 60, 70, 80)
	}
}

// TestSoundGoesOnOverFiles of one run without a frame that is another: each was
// recorded once and is heard once.
func TestSoundGoesOnOverFiles(t *testing.T) {
	t.Parallel()
	v := newVolume()
	v.sung = beeping(0, 0)
	end := noon
	for i := range 12 {
		end = v.record(t, end, 1, plainFrames()[i*10:i*10+10])
	}
	b := whole(t, v.clip(t, Request{From: noon, To: end}))
	var got []byte
	for _, s := range sounds(t, b) {
		got = append(got, s...)
	}
	var want []byte
	for _, f := range beeps() {
		if f.PTS >= 0 && f.PTS < 12*time.Second {
			want = append(want, f.Data...)
		}
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%d bytes of sound, want %d", len(got), len(want))
	}
	wantBeepsInStep(t, "over files", b)
}

// sounds gives the frames of sound in a clip, as another reader finds them.
func sounds(t testing.TB, b []byte) (all [][]byte) {
	t.Helper()
	f, err := ff.DecodeFile(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	for _, trak := range f.Moov.Traks {
		if trak.Mdia.Hdlr.HandlerType != "soun" {
			continue
		}
		stbl := trak.Mdia.Minf.Stbl
		n, last := stbl.Stsz.GetNrSamples(), uint64(0)
		for number := uint32(1); number <= n; number++ {
			ranges, err := trak.GetRangesForSampleInterval(number, number)
			if err != nil || len(ranges) != 1 || ranges[0].Offset <= last {
				t.Fatalf("sample %d: %v, behind one at %d, where Chromium does not hear it; %v", number, ranges, last, err)
			}
			last = ranges[0].Offset
			all = append(all, b[ranges[0].Offset:ranges[0].Offset+ranges[0].Size])
		}
		if at, lasts := stbl.Stts.GetDecodeTime(n); at+uint64(lasts) != trak.Mdia.Mdhd.Duration {
			t.Errorf("sound lasts %d ticks, its track %d", at+uint64(lasts), trak.Mdia.Mdhd.Duration)
		}
	}
	return all
}

// TestSilentClipsHaveNoSound, not even where no table points to it.
func TestSilentClipsHaveNoSound(t *testing.T) {
	t.Parallel()
	v := newVolume()
	v.sung = beeping(0, 0)
	end := v.record(t, noon, 1, plainFrames()[:40])
	v.grow(t, end, plainFrames()[40:60])
	request := Request{From: after(0.5), To: after(10)}
	heard := v.clip(t, request)
	all := whole(t, heard)
	request.Silent = true
	c := v.clip(t, request)
	silent := whole(t, c)
	if n := len(sounds(t, silent)); n > 0 || c.ETag() == heard.ETag() {
		t.Errorf("%d frames of sound; the tags are %v and %v", n, c.ETag(), heard.ETag())
	}
	if got := numbers(t, silent); !slices.Equal(got, count(0, 59)) {
		t.Errorf("it shows %v", got)
	}
	if n := len(sounds(t, all)); n < 280 {
		t.Errorf("%d frames of sound", n)
	}
	for i, s := range sounds(t, all) {
		if len(s) > 20 && bytes.Contains(silent, s) {
			t.Fatalf("frame %d of its sound is in it", i)
		}
	}
	v = newVolume()
	v.sung = beeping(time.Second, time.Second) // behind the pictures, where no clip has it
	end = v.record(t, noon, 1, plainFrames()[:10])
	end = v.record(t, end, 1, plainFrames()[10:20])
	request = Request{From: noon, To: v.record(t, end, 1, plainFrames()[20:30])}
	heard = v.clip(t, request)
	request.Silent = true
	if without := v.clip(t, request); without.ETag() == heard.ETag() || len(sounds(t, whole(t, heard))) > 0 {
		t.Error("clips of other bytes have the same validator")
	}
	at := int64(len(silent) / 2)
	part := make([]byte, 5000)
	if _, err := c.Seek(at, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(c, part); err != nil || !bytes.Equal(part, silent[at:at+5000]) {
		t.Errorf("other bytes in the middle; %v", err)
	}
}

// TestSoundOfAnotherFormatIsLeftOut from where on it is, and the clip says so.
func TestSoundOfAnotherFormatIsLeftOut(t *testing.T) {
	t.Parallel()
	other, err := media.AACFormat([]byte{0x12, 0x08})
	if err != nil {
		t.Fatal(err)
	}
	v := newVolume()
	end := v.record(t, noon, 1, plainFrames()[:20])
	v.sung = beeping(0, 0)
	end = v.record(t, end, 1, plainFrames()[20:60])
	v.sung = func(pictures []media.Frame) []media.Frame {
		heard := beeping(0, 0)(pictures)
		for i := range heard {
			heard[i].Format = other
		}
		return heard
	}
	last := v.record(t, end, 1, plainFrames()[60:80])
	c := v.clip(t, Request{From: noon, To: last})
	if !c.Next.Equal(end) {
		t.Errorf("it becomes another at %v, want %v", c.Next, end)
	}
	wantBeepsInStep(t, "in another format", whole(t, c), 0, 10, 60, 70)
	rest := v.clip(t, Request{From: c.Next, To: last})
	if n := len(sounds(t, whole(t, rest))); n < 80 || !rest.Next.IsZero() {
		t.Errorf("from there on %d frames, and then from %v", n, rest.Next)
	}
}

// TestUnheardFilesAreOpened: of rows that do not say whether there is sound their files
// do.
func TestUnheardFilesAreOpened(t *testing.T) {
	t.Parallel()
	v := newVolume()
	v.sung = beeping(0, 0)
	end := noon
	for i := range 12 {
		end = v.record(t, end.Add(10*time.Minute), 1, plainFrames()[i*10:i*10+10])
	}
	request := Request{From: noon, To: end.Add(2 * time.Hour)}
	want := whole(t, v.clip(t, request))
	for i := range v.rows {
		v.rows[i].Sound, v.rows[i].Sounds = index.Unheard, 0
	}
	if got := whole(t, v.clip(t, request)); !bytes.Equal(got, want) {
		t.Errorf("%d bytes, want %d", len(got), len(want))
	}
	v.opened = 0
	request.Silent = true
	c := v.clip(t, request)
	if v.opened > 2 {
		t.Errorf("%d files were opened for a silent clip of %d bytes", v.opened, c.Size())
	}
}

// TestHoursWithoutSound between others are one silence each, whose rows are not looked
// up for it, and what is heard behind them is in step.
func TestHoursWithoutSound(t *testing.T) {
	t.Parallel()
	v := newVolume()
	for i := range 12 {
		v.sung = beeping(0, 0)
		if i >= 4 && i < 8 {
			v.sung = nil
		}
		v.record(t, noon.Add(time.Duration(i)*15*time.Minute), 1, plainFrames()[i*10:i*10+10])
	}
	request := Request{From: noon, To: noon.Add(9 * time.Hour)}
	c := v.clip(t, request)
	if l := &c.layout; len(l.blocks) != 3 || !l.blocks[1].silent || l.blocks[1].hours == nil || l.blocks[1].tones.frames != 188 {
		t.Fatalf("%d blocks, the second with %+v", len(l.blocks), l.blocks[1].tones)
	}
	b := whole(t, c)
	wantBeepsInStep(t, "over a silent hour", b, 40, 50, 60, 70)
	random := rand.New(rand.NewPCG(7, 8))
	for range 100 {
		at := random.Int64N(int64(len(b)))
		part := make([]byte, min(1+random.Int64N(300), int64(len(b))-at))
		if _, err := c.Seek(at, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(c, part); err != nil || !bytes.Equal(part, b[at:at+int64(len(part))]) {
			t.Fatalf("other bytes at %d; %v", at, err)
		}
	}
}

// TestSilenceIsSilent in each format of AAC, to ffmpeg's ears.
func TestSilenceIsSilent(t *testing.T) {
	t.Parallel()
	for name, config := range map[string][]byte{
		"one channel": {0x11, 0x88}, "two": {0x11, 0x90}, "three": {0x11, 0x98}, "four": {0x11, 0xA0}, "five": {0x11, 0xA8}, "six": {0x11, 0xB0}, "eight": {0x11, 0xB8},
		"8 kHz": {0x15, 0x88}, "frames of 960": {0x11, 0x94}, "HE-AAC": {0x2B, 0x11, 0x88, 0x00},
	} {
		f, err := media.AACFormat(config)
		if err != nil {
			t.Fatal(err)
		}
		v := newVolume()
		v.sung = func(pictures []media.Frame) (heard []media.Frame) {
			for at := time.Duration(0); at < time.Second; at += heard[0].Duration() {
				heard = append(heard, media.Frame{PTS: pictures[0].PTS + at, Format: f, Data: f.Silence()})
			}
			return heard
		}
		end := v.record(t, noon, 1, plainFrames()[:10])
		pcm := camtest.Output(t, nil, "ffmpeg", "-xerror", "-err_detect", "explode", "-v", "error", "-i", file(t, whole(t, v.clip(t, Request{From: noon, To: end}))), "-map", "0:a", "-f", "s16le", "pipe:1")
		if n := len(pcm) / 2 / f.Channels; math.Abs(float64(n-f.Rate)) > float64(f.Rate)/8 || len(bytes.Trim(pcm, "\x00")) > 0 {
			t.Errorf("%s: %d samples at %d Hz, not all of them zero", name, n, f.Rate)
		}
	}
}

// TestSoundOfWhatGrowsAtARateOfItsOwn is as long as its pictures.
func TestSoundOfWhatGrowsAtARateOfItsOwn(t *testing.T) {
	t.Parallel()
	v := newVolume()
	v.sung = beeping(0, 0)
	v.grow(t, noon, plainFrames()[:50])
	v.growing.Segment.Rate, v.growing.Segment.End = 1.25, after(4)
	c := v.clip(t, Request{From: noon, To: after(10)})
	if n := len(sounds(t, whole(t, c))); math.Abs(float64(n)-4/frameLength) > 1 {
		t.Errorf("%d frames of sound in four seconds", n)
	}
}

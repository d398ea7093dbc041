package playback

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// lasts is how long a frame of sound is heard.
const lasts = 1024 * time.Second / 48000

// aac is the format of sound of so many channels.
func aac(t testing.TB, channels byte) *media.Format {
	t.Helper()
	format, err := media.AACFormat([]byte{0x11, 0x80 | channels<<3}) // LC, 48 kHz
	if err != nil {
		t.Fatal(err)
	}
	return format
}

// spoken gives the frames of sound from a moment on and before another, of those that
// are counted from noon on, each with its number.
func spoken(format *media.Format, from, to time.Duration) (frames []media.Frame) {
	for n := int((from + lasts - 1) / lasts); time.Duration(n)*lasts < to; n++ {
		frames = append(frames, media.Frame{Format: format, PTS: time.Duration(n) * lasts, Data: []byte(strconv.Itoa(n))})
	}
	return frames
}

// recordWith records pictures with the sound of their time.
func (p *tape) recordWith(run string, sound *media.Format, first, count int) {
	p.t.Helper()
	frames := numbered(p.t, first, count)
	w := p.beginWith(run, at(first), frames[0], sound)
	w.write(frames...)
	w.say(spoken(sound, time.Duration(first)*interval, time.Duration(first+count)*interval)...)
	w.finish()
}

// listener hears a session.
type listener struct {
	t      *testing.T
	reader *stream.Reader
	next   int       // number of the frame that is to come; less than 0: that of now, whichever it is
	first  int       // that was taken
	last   uint64    // picture
	since  time.Time // when the picture that was shown last was
}

// listen hears what a watcher sees, from a frame of sound on.
func (w *watcher) listen(first int) *listener {
	w.t.Helper()
	reader, err := w.session.Hub().Open(stream.Key{Camera: "front"}, stream.ReadOptions{Sound: true, Sequential: true})
	if err != nil {
		w.t.Fatal(err)
	}
	return &listener{t: w.t, reader: reader, next: first}
}

// heard takes all sound that there is now, and checks that it is the next, of the
// moment that a picture shows and of those right before and after it.
func (l *listener) heard(f media.Frame) (format *media.Format) {
	l.t.Helper()
	if f.Seq != l.last {
		l.last, l.since = f.Seq, time.Now()
	}
	for {
		s, ok, err := l.reader.TryNext()
		if err != nil {
			l.t.Fatal(err)
		}
		if !ok {
			return format
		}
		n, _ := strconv.Atoi(string(s.Data))
		if l.next < 0 && f.Wall.Sub(s.Wall) < soundBehind+2*interval {
			l.next, l.first = n, n
		}
		if n != l.next {
			l.t.Fatalf("sound %d, want %d", n, l.next)
		}
		taken := time.Duration(l.next) * lasts
		if off := s.Wall.Sub(noon) - taken; off.Abs() > 2*time.Millisecond {
			l.t.Fatalf("sound %d was taken %v off", l.next, off)
		}
		if off := s.PTS - f.PTS - s.Wall.Sub(f.Wall); off.Abs() > 2*time.Millisecond {
			l.t.Fatalf("sound %d is heard %v off", l.next, off)
		}
		if ahead := s.Wall.Sub(f.Wall) - time.Since(l.since); ahead > soundAhead+interval {
			l.t.Fatalf("sound %d comes %v before it is heard", l.next, ahead)
		}
		l.next++
		format = s.Format
	}
}

// silent checks that there is no sound.
func (l *listener) silent() {
	l.t.Helper()
	if s, ok, err := l.reader.TryNext(); ok || err != nil {
		l.t.Fatalf("sound %q, %v", s.Data, err)
	}
}

// TestSoundGoesAlong from one file into the next, with the picture of its moment.
func TestSoundGoesAlong(t *testing.T) {
	p := newTape(t)
	mono := aac(t, 1)
	p.recordWith("a", mono, 0, 100)
	p.recordWith("a", aac(t, 1), 100, 100)
	synctest.Test(t, func(t *testing.T) {
		w := p.play(t, at(90))
		first := int(90 * interval / lasts)
		l := w.listen(first)
		defer l.reader.Close()
		for n := 90; n < 190; n++ {
			f := w.next()
			if got := number(t, f); got != n {
				t.Fatalf("picture %d, want %d", got, n)
			}
			if n == 90 {
				time.Sleep(soundAhead / 2) // it may have been given before somebody listened
			}
			synctest.Wait()
			if format := l.heard(f); format != nil && format != mono && !same(format, mono) {
				t.Fatalf("sound of %+v", format)
			}
			if behind := f.Wall.Sub(noon) - time.Duration(l.next)*lasts; behind > 0 {
				t.Fatalf("picture %d is shown %v before its sound is there", n, behind)
			}
		}
	})
}

// TestSoundIsKnown with the first picture, also while nobody listens.
func TestSoundIsKnown(t *testing.T) {
	p := newTape(t)
	p.recordWith("a", aac(t, 1), 0, 50)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var given []media.Frame
	session := NewSession(SessionOptions{Library: p.library, Camera: "front"}, at(30))
	_ = session.Run(ctx, func(f media.Frame) {
		if given = append(given, f); len(given) == 2 {
			cancel()
		}
	})
	if first := given[0]; first.Format.Codec != media.AAC || len(first.Data) > 0 {
		t.Errorf("a frame of %s and %d bytes comes first", first.Format.Codec, len(first.Data))
	}
	if second := given[1]; second.Format.Codec.Kind() != media.Video {
		t.Errorf("a frame of %s comes second", second.Format.Codec)
	}
}

// TestSoundAtItsOwnSpeed alone is heard, and none that nobody hears is read.
func TestSoundAtItsOwnSpeed(t *testing.T) {
	p := newTape(t)
	p.recordWith("a", aac(t, 1), 0, 700)
	synctest.Test(t, func(t *testing.T) {
		w := p.play(t, noon)
		w.until(20)
		synctest.Wait()
		before := p.reads
		w.until(40)
		synctest.Wait()
		if got := p.reads - before; got > 21 {
			t.Errorf("%d reads for 20 pictures without a listener", got)
		}
		if hub := w.session.Hub(); hub.Sounds(stream.Key{Camera: "front"}).Format == nil {
			t.Error("it is not told that there is sound")
		}
		l := w.listen(0)
		defer l.reader.Close()
		w.rate(2)
		w.until(200)
		l.silent()
		w.rate(1)
		f := w.next()
		synctest.Wait()
		l.next = -1
		l.heard(f)
		if at := f.Wall.Sub(noon); time.Duration(l.first)*lasts > at-soundBehind/2 || time.Duration(l.next)*lasts < at {
			t.Errorf("at its own speed again it hears %d to %d at %v", l.first, l.next, at)
		}
		w.session.Pause()
		w.quiet()
		l.heard(f)
		w.rate(2)
		w.rate(1)
		w.quiet()
		l.silent()
		w.session.Seek(at(300))
		w.quietBut(300)
		l.silent()
		l.next = int(300 * interval / lasts)
		w.session.Play()
		for n := 301; n < 320; n++ {
			f := w.next()
			synctest.Wait()
			l.heard(f)
		}
		if l.next < int(315*interval/lasts) {
			t.Errorf("heard up to %d", l.next)
		}
	})
}

// quietBut checks that one picture comes, and then nothing.
func (w *watcher) quietBut(n int) {
	w.t.Helper()
	w.until(n)
	w.quiet()
}

// TestSoundOfFewPictures comes between them, and is whole where another file begins.
func TestSoundOfFewPictures(t *testing.T) {
	p := newTape(t)
	mono := aac(t, 1)
	frames := numbered(t, 0, 8*gop)
	for file := range 2 {
		var few []media.Frame
		for n := file * 4 * gop; n < (file+1)*4*gop; n += gop {
			few = append(few, frames[n])
		}
		w := p.beginWith("a", at(file*4*gop), few[0], mono)
		w.write(few...)
		w.say(spoken(mono, few[0].PTS, few[0].PTS+4*time.Second)...)
		w.finishAfter(time.Second)
	}
	synctest.Test(t, func(t *testing.T) {
		w := p.play(t, noon)
		l := w.listen(0)
		defer l.reader.Close()
		for n := range 8 {
			f := w.next()
			synctest.Wait()
			l.heard(f)
			for range 9 {
				if time.Sleep(2 * interval); n == 7 && l.next == int(8*time.Second/lasts) {
					return
				}
				before := l.next
				l.heard(f)
				if l.next == before && n < 7 {
					t.Fatalf("no sound between pictures, %d after %d", l.next, n)
				}
			}
			time.Sleep(time.Second - 18*interval - time.Millisecond)
			l.heard(f)
		}
		if l.next < int(7*time.Second/lasts) {
			t.Errorf("heard %d", l.next)
		}
	})
}

// TestHolesAreSilent and take no time, and what is heard behind one is of another
// format where that is so.
func TestHolesAreSilent(t *testing.T) {
	p := newTape(t)
	p.recordWith("a", aac(t, 1), 0, 50)
	p.recordWith("b", aac(t, 2), 100, 24)
	p.recordWith("d", aac(t, 2), 125, 24) // a hole that is shorter than sound is ahead
	p.record("c", 200, 50)
	synctest.Test(t, func(t *testing.T) {
		w := p.play(t, noon)
		l := w.listen(0)
		defer l.reader.Close()
		var format *media.Format
		for range 50 {
			f := w.next()
			synctest.Wait()
			if heard := l.heard(f); heard != nil {
				format = heard
			}
		}
		if format == nil || format.Channels != 1 {
			t.Fatalf("heard %+v", format)
		}
		for _, first := range []int{100, 125} {
			l.next = int((time.Duration(first)*interval + lasts - 1) / lasts)
			for range 24 {
				f := w.next()
				synctest.Wait()
				if heard := l.heard(f); heard != nil {
					format = heard
				}
			}
		}
		if format.Channels != 2 {
			t.Errorf("behind the hole heard %+v", format)
		}
		w.shows(interval, 200, 201, 202)
		synctest.Wait()
		l.silent()
		if known := w.session.Hub().Sounds(stream.Key{Camera: "front"}); known.Format != nil {
			t.Errorf("where none was recorded it tells of %+v", known)
		}
		w.session.Seek(noon)
		w.until(0)
		if known := w.session.Hub().Sounds(stream.Key{Camera: "front"}); known.Format == nil {
			t.Error("where some was recorded it tells of none")
		}
	})
}

// TestSoundOfWhatIsBeingWritten is heard like any other.
func TestSoundOfWhatIsBeingWritten(t *testing.T) {
	p := newTape(t)
	mono := aac(t, 1)
	frames, sounds := numbered(t, 0, 100), spoken(mono, 0, 100*interval)
	pen := p.beginWith("a", noon, frames[0], mono)
	pen.write(frames[:50]...)
	half := len(sounds) / 2
	pen.say(sounds[:half]...)
	pen.grow()
	synctest.Test(t, func(t *testing.T) {
		w := p.play(t, noon)
		l := w.listen(0)
		defer l.reader.Close()
		for range 49 {
			f := w.next()
			synctest.Wait()
			l.heard(f)
		}
		if l.next != half {
			t.Errorf("heard %d of %d", l.next, half)
		}
		pen.write(frames[50:]...)
		pen.say(sounds[half:]...)
		pen.finish()
		for range 51 {
			f := w.next()
			synctest.Wait()
			l.heard(f)
		}
		if left := len(sounds) - l.next; left > 0 {
			t.Errorf("%d of %d are not heard", left, len(sounds))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := w.reader.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
}

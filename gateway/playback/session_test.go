package playback

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// watcher reads a session as a viewer does.
type watcher struct {
	t       *testing.T
	session *Session
	reader  *stream.Reader
	shown   time.Duration // the media time of the newest picture, in whose order others come
}

func (p *tape) play(t *testing.T, from time.Time) *watcher {
	t.Helper()
	w := &watcher{t: t}
	w.session = NewSession(SessionOptions{Library: p.library, Camera: "front"}, from)
	t.Cleanup(w.session.Close)
	var err error
	if w.reader, err = w.session.Hub().Open(stream.Key{Camera: "front"}, stream.ReadOptions{}); err != nil {
		t.Fatal(err)
	}
	return w
}

// next gives the next picture that is not only there to lead to another, which
// has a minute to come.
func (w *watcher) next() media.Frame {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	for {
		f, err := w.reader.Next(ctx)
		if err != nil {
			w.t.Fatal(err)
		}
		if f.PTS < w.shown {
			w.t.Fatalf("picture %d is shown at %v, and one that was given before it at %v", number(w.t, f), f.PTS, w.shown)
		}
		w.shown = f.PTS
		if !f.Backlog {
			return f
		}
	}
}

// shows checks which pictures come next, and how far they are apart in true time
// and in media time.
func (w *watcher) shows(apart time.Duration, numbers ...int) {
	w.t.Helper()
	var before media.Frame
	var came time.Time
	for i, n := range numbers {
		f := w.next()
		if got := number(w.t, f); got != n {
			w.t.Fatalf("picture %d, want %d", got, n)
		}
		if off := f.Wall.Sub(at(n)); off.Abs() > time.Millisecond {
			w.t.Fatalf("picture %d was taken %v off", n, off)
		}
		if i > 0 {
			if d := time.Since(came) - apart; d.Abs() > time.Millisecond {
				w.t.Fatalf("picture %d came %v after the one before, want %v", n, time.Since(came), apart)
			}
			if d := f.PTS - before.PTS - apart; d.Abs() > time.Millisecond {
				w.t.Fatalf("picture %d is shown %v after the one before, want %v", n, f.PTS-before.PTS, apart)
			}
		}
		before, came = f, time.Now()
	}
}

// until reads up to a picture.
func (w *watcher) until(n int) {
	w.t.Helper()
	for range 10000 {
		if f := w.next(); number(w.t, f) == n {
			return
		}
	}
	w.t.Fatalf("picture %d never came", n)
}

// quiet checks that nothing comes for a while.
func (w *watcher) quiet() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 10*time.Second)
	defer cancel()
	if f, err := w.reader.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
		w.t.Fatalf("picture %v, %v", f.Wall, err)
	}
}

func (w *watcher) rate(rate float64) {
	w.t.Helper()
	if err := w.session.Rate(rate); err != nil {
		w.t.Fatal(err)
	}
}

const interval = time.Second / fps

func TestPlaysAsItWas(t *testing.T) {
	p := newTape(t)
	p.record("a", 0, 100)
	p.record("a", 100, 100)
	synctest.Test(t, func(t *testing.T) {
		w := p.play(t, at(95))
		began := time.Now()
		w.shows(interval, 95, 96, 97, 98, 99, 100, 101, 102)
		if d := time.Since(began); d != 7*interval {
			t.Errorf("took %v", d)
		}
		if s := w.session.Status(); !s.At.Equal(at(102)) || s.Rate != 1 || s.Paused || s.End || s.Problem != "" {
			t.Errorf("%+v", s)
		}
	})
}

// TestSeekGivesWhatLeadsThere at once, as old pictures, for decoders.
func TestSeekGivesWhatLeadsThere(t *testing.T) {
	p := newTape(t)
	p.record("a", 0, 100)
	synctest.Test(t, func(t *testing.T) {
		w := p.play(t, at(60).Add(interval/2))
		began := time.Now()
		for n := 50; n <= 60; n++ {
			f, err := w.reader.Next(t.Context())
			if err != nil || number(t, f) != n || f.Backlog != (n < 60) {
				t.Fatalf("%v, old %v, %v; want %d", f.Wall, f.Backlog, err, n)
			}
		}
		if time.Since(began) > 0 {
			t.Errorf("took %v", time.Since(began))
		}
		w.session.Seek(at(10))
		w.shows(interval, 10, 11, 12)
	})
}

func TestRates(t *testing.T) {
	p := newTape(t)
	for i := range 20 {
		p.record("a", i*100, 100)
	}
	synctest.Test(t, func(t *testing.T) {
		w := p.play(t, noon)
		w.shows(interval, 0, 1, 2, 3)
		w.rate(0.25)
		w.until(5)
		w.shows(4*interval, 6, 7, 8)
		w.rate(4)
		w.until(10)
		w.shows(interval/4, 11, 12, 13, 14)
		w.rate(16)
		w.until(50)
		w.shows(time.Second/16, 75, 100, 125, 150)
		w.rate(-8)
		w.until(100)
		w.shows(time.Second/8, 75, 50, 25, 0)
		w.quiet()
		if s := w.session.Status(); !s.End || s.Rate != -8 {
			t.Errorf("%+v", s)
		}
		w.rate(1)
		w.until(5)
		w.shows(interval, 6, 7, 8)
		for _, rate := range []float64{0, 0.2, 17, -0.1, -20} {
			if w.session.Rate(rate) == nil {
				t.Errorf("takes the rate %v", rate)
			}
		}
	})
}

func TestPauseKeepsThePicture(t *testing.T) {
	p := newTape(t)
	p.record("a", 0, 200)
	synctest.Test(t, func(t *testing.T) {
		w := p.play(t, noon)
		w.until(10)
		w.session.Pause()
		w.quiet()
		w.session.Seek(at(130))
		w.shows(0, 130) // one can look for a picture
		w.quiet()
		if s := w.session.Status(); !s.Paused {
			t.Errorf("%+v", s)
		}
		w.session.Play()
		w.shows(interval, 131, 132, 133)
		w.rate(-8)
		w.until(50)
		w.session.Pause()
		w.session.Seek(at(140))
		w.shows(0, 140) // whatever it was played at
		w.session.Play()
		w.shows(time.Second/8, 125, 100, 75)
	})
}

func TestHoleTakesNoTime(t *testing.T) {
	p := newTape(t)
	p.record("a", 0, 50)
	p.record("b", 90000, 50)
	p.record("c", 180000, 50)
	synctest.Test(t, func(t *testing.T) {
		w := p.play(t, at(45))
		w.shows(interval, 45, 46, 47, 48, 49, 90000, 90001, 90002)
		w.session.Seek(at(100000))
		w.shows(interval, 180000, 180001)
	})
}

func TestWaitsForWhatIsNotWrittenYet(t *testing.T) {
	p := newTape(t)
	frames := numbered(t, 0, 100)
	growing := p.begin("a", noon, frames[0])
	growing.write(frames[:26]...)
	growing.grow()
	synctest.Test(t, func(t *testing.T) {
		w := p.play(t, at(20))
		w.shows(interval, 20, 21, 22, 23, 24)
		time.Sleep(time.Second)
		growing.write(frames[26:51]...)
		w.shows(interval, 25, 26, 27, 28)
		w.until(49)
		w.quiet()
		if s := w.session.Status(); !s.End {
			t.Errorf("%+v", s)
		}
		growing.write(frames[51:]...)
		w.shows(interval, 50, 51)
		if s := w.session.Status(); s.End {
			t.Errorf("%+v", s)
		}
	})
}

func TestNothingRecorded(t *testing.T) {
	p := newTape(t)
	synctest.Test(t, func(t *testing.T) {
		w := p.play(t, noon)
		w.quiet()
		if s := w.session.Status(); s.Problem != ErrNothing.Error() {
			t.Errorf("%+v", s)
		}
		p.record("a", 0, 50)
		w.shows(interval, 0, 1, 2)
		if s := w.session.Status(); s.Problem != "" {
			t.Errorf("%+v", s)
		}
	})
}

package live

import (
	"context"
	"slices"
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
	"framegate/gateway/output/live/wire"
	"framegate/gateway/playback"
	"framegate/gateway/playback/tape"
	"framegate/gateway/stream"
)

// noon is when the recordings of tests begin.
var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// remember gives the site's camera a past, which may be seen until the context is
// done.
func (s *site) remember(allowed context.Context) *tape.Tape {
	a := tape.New(s.t)
	s.choice.Past = func(_ context.Context, from time.Time, changed func()) (*Past, error) {
		if allowed.Err() != nil {
			return nil, ErrForbidden
		}
		session := playback.NewSession(playback.SessionOptions{
			Library: &playback.Library{Recordings: a}, Camera: "front", Changed: changed, Audience: s.hub.Audience,
			Rendition: func(*stream.Hub, stream.Key) (stream.Source, error) { return nil, stream.ErrUnknown },
		}, from)
		return &Past{Session: session, Allowed: allowed, Stop: func() {}}, nil
	}
	return a
}

// pictures are JPEGs from number first on, at the rate of clips.
func pictures(first, count int) (frames []media.Frame) {
	for n := range count {
		f := picture(first + n)
		f.PTS = time.Duration(n) * time.Second / clipFPS
		frames = append(frames, f)
	}
	return frames
}

// micros gives a moment as messages have it.
func micros(t time.Time) float64 { return float64(t.UnixMicro()) }

func taken(n int) time.Time { return noon.Add(time.Duration(n) * time.Second / clipFPS) }

// seek asks for a moment, and gives the first picture of it.
func (p *player) seek(to time.Time) *payload {
	p.t.Helper()
	p.say(map[string]any{"type": "seek", "atUs": micros(to)})
	p.text("playback")
	hello := p.text("hello")
	for {
		if f := p.frame(); f.Epoch >= hello.Epoch && f.Flags&wire.FlagBacklog == 0 {
			return f
		}
	}
}

// numbered checks that a payload is the JPEG with a number.
func numbered(t *testing.T, f *payload, want int) {
	t.Helper()
	if n, err := camtest.ReadJPEGNumber(f.AU); err != nil || n != want {
		t.Fatalf("picture %d, %v; want %d", n, err, want)
	}
}

func TestPastAndBack(t *testing.T) {
	t.Parallel()
	s := newSite(t, overTCP)
	a := s.remember(context.Background())
	a.Record(noon, pictures(100, 50))
	a.Record(noon.Add(time.Hour), pictures(500, 50))
	camera := s.attach(own)
	camera.Give(picture(1))
	p := s.watch("jpeg")
	numbered(t, p.frame(), 1)

	f := p.seek(taken(30))
	numbered(t, f, 130)
	if !f.Wall.Equal(taken(30)) || f.Flags&wire.FlagDiscontinuity == 0 {
		t.Errorf("taken at %v, flags %b", f.Wall, f.Flags)
	}
	if n, err := camtest.ReadJPEGNumber(p.frame().AU); err != nil || n <= 130 || n >= 150 { // the next, or one after it where it is late
		t.Errorf("behind it comes %d, %v", n, err)
	}
	if all := s.hub.Watchers(); len(all) != 1 || !all[0].Past {
		t.Errorf("admins are told of %+v", all)
	}
	p.say(map[string]any{"type": "rate", "rate": 4})
	if m := p.text("playback"); m.Rate != 4 || m.Live || m.Paused {
		t.Errorf("%+v", m)
	}
	camera.Give(picture(2))                                                 // nobody sees it
	for f := p.frame(); f.Wall.Before(noon.Add(time.Hour)); f = p.frame() { // over the hole
		if f.Wall.After(taken(49)) {
			t.Fatalf("a picture of %v", f.Wall)
		}
	}

	p.say(map[string]any{"type": "pause"})
	for p.text("playback").Paused == false {
	}
	f = p.seek(taken(10))
	numbered(t, f, 110)

	p.say(map[string]any{"type": "play"})
	for p.text("playback").Live == false {
	}
	for f = p.frame(); f.Wall.Before(noon.Add(2*time.Hour)) && !f.Wall.Before(noon); {
		f = p.frame()
	}
	numbered(t, f, 2)
	camera.Give(picture(3))
	numbered(t, p.frame(), 3)
}

// TestPastPausesWhereItIsTold shows that picture though it gave later ones, and goes on with
// the next; from the present, too.
func TestPastPausesWhereItIsTold(t *testing.T) {
	t.Parallel()
	s := newSite(t, overTCP)
	s.remember(context.Background()).Record(noon, pictures(100, 500))
	s.attach(own).Give(picture(1))
	p := s.watch("jpeg")
	numbered(t, p.frame(), 1)
	for _, n := range []int{40, 30} {
		p.say(map[string]any{"type": "pause", "atUs": micros(taken(n + 1).Add(-ms))})
		for m := p.text("playback"); m.Live || !m.Paused; m = p.text("playback") {
		}
		hello := p.text("hello")
		f := p.frame()
		for f.Epoch < hello.Epoch || f.Flags&wire.FlagBacklog != 0 {
			f = p.frame()
		}
		numbered(t, f, 100+n)
		p.say(map[string]any{"type": "pause"}) // which gives nothing
		p.say(map[string]any{"type": "rate", "rate": 0.25})
		for next := 101 + n; next < 104+n; next++ {
			numbered(t, p.frame(), next)
		}
	}
}

// TestPastTellsItsEnd forwards and backwards.
func TestPastTellsItsEnd(t *testing.T) {
	t.Parallel()
	s := newSite(t, overTCP)
	a := s.remember(context.Background())
	a.Record(noon, pictures(0, 10))
	s.attach(own).Give(picture(1))
	p := s.watch("jpeg")
	p.frame()
	p.seek(noon)
	p.say(map[string]any{"type": "rate", "rate": -16})
	for {
		if m := p.text("playback"); m.End && m.Rate == -16 {
			return
		}
	}
}

func TestPastIsNotForAll(t *testing.T) {
	t.Parallel()
	s := newSite(t, overTCP)
	camera := s.attach(own)
	camera.Give(picture(1))
	p := s.watch("jpeg")
	p.frame()
	p.say(map[string]any{"type": "seek", "atUs": micros(noon)})
	if m := p.text("playback"); !m.Live || m.Code != 404 || m.Message == "" {
		t.Errorf("without recordings: %+v", m)
	}

	allowed, revoke := context.WithCancel(context.Background())
	s.remember(allowed).Record(noon, pictures(100, 500))
	p = s.watch("jpeg")
	p.frame()
	p.seek(noon)
	revoke()
	for {
		if m := p.text("playback"); m.Code == 403 && m.Live {
			break
		}
	}
	p.say(map[string]any{"type": "seek", "atUs": micros(noon)})
	if m := p.text("playback"); !m.Live || m.Code != 403 {
		t.Errorf("without permission: %+v", m)
	}
	camera.Give(picture(2)) // the present is as it was
	for f := p.frame(); f.Seq != 2; f = p.frame() {
	}
	p.say(map[string]any{"type": "rate", "rate": 100})
	if m := p.text("playback"); m.Code == 0 || !m.Live {
		t.Errorf("at another rate: %+v", m)
	}
	p.say(map[string]any{"type": "seek"})
	if code, why := p.end(); code != 1007 || why.Code != 400 {
		t.Errorf("without a time: %d, %+v", code, why)
	}
}

// TestPastOfVideo begins with the keyframe before, which decoders hurry through.
func TestPastOfVideo(t *testing.T) {
	t.Run("h264", func(t *testing.T) { t.Parallel(); pastOfVideo(t, "h264", clip(t, 0, 50, 25, "")) })
	t.Run("h265", func(t *testing.T) {
		t.Parallel()
		pastOfVideo(t, "h265", clipH265(t, 0, 50, 25, "bframes=0:scenecut=0"))
	})
}

func pastOfVideo(t *testing.T, codec string, frames []media.Frame) {
	t.Helper()
	s := newSite(t, overTCP)
	a := s.remember(context.Background())
	a.Record(noon, frames)
	s.attach(own).Give(frames[0])
	p := s.watch(codec)
	p.frame()
	p.say(map[string]any{"type": "pause"})
	for f := p.frame(); !f.Wall.Equal(taken(49)); f = p.frame() {
	} // the end, where it is paused
	p.say(map[string]any{"type": "seek", "atUs": micros(taken(40))})
	for n := 25; n <= 40; n++ {
		f := p.frame()
		if !f.Wall.Equal(taken(n)) {
			t.Fatalf("picture of %v, want %v", f.Wall, taken(n))
		}
		if f.Flags&wire.FlagKey != 0 != (n == 25) || f.Flags&wire.FlagBacklog != 0 != (n < 40) {
			t.Fatalf("picture %d: flags %b", n, f.Flags)
		}
		if string(f.AU) != string(frames[n].Data) {
			t.Fatalf("picture %d is another", n)
		}
	}
}

// BenchmarkSeek measures from the message to the picture that was sought, with
// the keyframe before it 2 s away, in files of a minute. Messages are as rare as those
// of a client have to be, or they would be read later.
func BenchmarkSeek(b *testing.B) {
	s := newSite(b, overTCP)
	a := s.remember(context.Background())
	const gop, minute = 2 * clipFPS, 60 * clipFPS
	frames := clip(b, 0, gop, gop, "")
	for file := range 10 {
		var all []media.Frame
		for n := range minute {
			f := frames[n%gop]
			f.PTS = time.Duration(n) * time.Second / clipFPS
			all = append(all, f)
		}
		a.Record(taken(file*minute), all)
	}
	s.attach(own).Give(frames[0])
	p := s.watch("h264")
	p.frame()
	var took []time.Duration
	for n := 0; b.Loop(); n++ {
		to := taken((n*7+1)*gop%(10*minute) + gop - 1)
		time.Sleep(time.Second / messageRate)
		began := time.Now()
		p.say(map[string]any{"type": "seek", "atUs": micros(to)})
		for f := p.frame(); !f.Wall.Equal(to); f = p.frame() {
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)-1].Microseconds())/1000, "max-ms")
}

// TestPastsThatHangAreNotAddedTo since each of them keeps a thread of the process
// until the disk answers.
func TestPastsThatHangAreNotAddedTo(t *testing.T) {
	t.Parallel()
	s := newSite(t, overTCP)
	s.remember(context.Background()).Record(noon, pictures(0, 10))
	s.attach(own).Give(picture(1))
	p := s.watch("jpeg")
	p.frame()
	hang := make(chan struct{})
	for range mostLeft {
		s.live.leave(func() { <-hang })
	}
	p.say(map[string]any{"type": "seek", "atUs": micros(noon)})
	if m := p.text("playback"); !m.Live || m.Code != 404 {
		t.Errorf("while pasts hang: %+v", m)
	}
	close(hang)
	for s.live.left.Load() > 0 {
		time.Sleep(time.Millisecond)
	}
	p.seek(noon)
}

// TestSoundOfThePast comes where some was recorded, and where none was that is said.
func TestSoundOfThePast(t *testing.T) {
	t.Parallel()
	s := newSite(t, overTCP)
	a := s.remember(context.Background())
	var sound []media.Frame
	for n := range 30 {
		sound = append(sound, heard(aacFormat, time.Duration(n)*64*ms))
	}
	a.RecordWith(noon, pictures(100, 50), sound)
	a.Record(noon.Add(time.Hour), pictures(500, 50))
	s.attach(own).Give(picture(1))
	p := s.watch("jpeg")
	p.frame()
	p.listen("aac")
	if m := p.text("sound"); m.Codec != "" || m.Message != noSound {
		t.Errorf("of the present it says %+v", m)
	}
	for range 2 {
		p.seek(noon)
		if m := p.text("sound"); m.Codec != "aac" {
			t.Fatalf("where sound was recorded it says %+v", m)
		}
		if got := p.sounds(2); got[0].Kind != wire.KindSoundInit || got[1].Kind != wire.KindSound {
			t.Errorf("comes %+v", got)
		}
		p.seek(noon.Add(time.Hour))
		if m := p.text("sound"); m.Codec != "" || m.Message != noPastSound {
			t.Errorf("where none was it says %+v", m)
		}
	}
}

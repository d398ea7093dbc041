package live

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"framegate/gateway/media"
	"framegate/gateway/mp4"
	"framegate/gateway/output/live/wire"
	"framegate/gateway/stream"
)

// TestViewerBeforeCamera has a viewer wait for the camera, and be told.
func TestViewerBeforeCamera(t *testing.T) {
	s := newSite(t, overTCP)
	p := s.watch("h264")
	if m := p.text("state"); m.Camera != "offline" || m.Code != 503 {
		t.Errorf("%+v", m)
	}
	camera := s.attach(own)
	if m := p.text("state"); m.Camera != "connecting" || m.Code != 0 {
		t.Errorf("%+v", m)
	}
	frames := clip(t, 0, 20, 10, "")
	camera.Give(frames[0])
	if m := p.text("hello"); m.Epoch != 1 || m.KeyAgeMs > soon.Milliseconds() {
		t.Errorf("%+v", m)
	}
	if m := p.text("state"); m.Camera != "online" {
		t.Errorf("%+v", m)
	}
	if m := p.frame(); m.Seq != 1 || m.Flags != wire.FlagKey {
		t.Errorf("%+v", m)
	}
}

// TestEncoderOnItsWay: a camera that is there but whose rendition is not yet is
// connecting, whatever is wrong with the encoder.
func TestEncoderOnItsWay(t *testing.T) {
	s := newSite(t, overTCP)
	s.attach(own).Give(picture(1))
	p := s.watch("h264")
	if m := p.text("state"); m.Camera != "connecting" || m.Code != 0 {
		t.Errorf("%+v", m)
	}
	s.attach(asH264).Give(clip(t, 0, 20, 10, "")[0])
	if m := p.text("hello"); m.Epoch != 1 || m.Codec != "h264" {
		t.Errorf("%+v", m)
	}
	if m := p.text("state"); m.Camera != "online" {
		t.Errorf("%+v", m)
	}
}

// TestCameraGoneAndBack: what a viewer gets after that is new, and marked.
func TestCameraGoneAndBack(t *testing.T) {
	s := newSite(t, overTCP)
	frames := clip(t, 0, 20, 10, "")
	camera := s.attach(own)
	camera.Give(frames[:5]...)
	p := s.watch("h264")
	for n := range 5 {
		if m := p.frame(); m.Seq != uint64(n+1) {
			t.Fatalf("%+v", m)
		}
	}
	camera.Leave()
	p.texts = nil
	if m := p.text("state"); m.Camera != "offline" {
		t.Errorf("%+v", m)
	}
	late := s.watch("h264") // comes while the camera is away
	if m := late.text("state"); m.Camera != "offline" {
		t.Errorf("%+v", m)
	}
	again := *frames[10].Format // a run has a Format of its own
	frame := frames[10]
	frame.Format = &again
	s.attach(own).Give(frame)
	for epoch, p := range map[uint32]*player{2: p, 1: late} {
		if m := p.text("hello"); m.Epoch != epoch {
			t.Errorf("%+v", m)
		}
		if m := p.text("state"); m.Camera != "online" {
			t.Errorf("%+v", m)
		}
		flags := uint16(wire.FlagKey)
		if epoch > 1 {
			flags |= wire.FlagDiscontinuity
		}
		if m := p.frame(); m.Seq != 6 || m.Epoch != epoch || m.Flags != flags || !bytes.Equal(m.AU, frame.Data) {
			t.Errorf("%+v", m)
		}
	}
}

// TestNewFormat has the camera change its size.
func TestNewFormat(t *testing.T) {
	s := newSite(t, overTCP)
	camera := s.attach(own)
	before, after := clip(t, 0, 20, 10, ""), clip(t, 0, 5, 10, "ref=1")
	camera.Give(before[:2]...)
	p := s.watch("h264")
	p.frame()
	p.frame()
	p.texts = nil
	camera.Give(after[:2]...)
	if m := p.text("hello"); m.Epoch != 2 || m.MIME != mp4.MIME(after[0].Format) {
		t.Errorf("%+v", m)
	}
	init, _ := mp4.Init(after[0].Format)
	if m := p.payload(); m.Kind != wire.KindInit || m.Epoch != 2 || !bytes.Equal(m.Data, init) {
		t.Errorf("%+v", m)
	}
	for n, flags := range []uint16{wire.FlagKey | wire.FlagDiscontinuity, 0} {
		if m := p.payload(); m.Kind != wire.KindFrame || m.Epoch != 2 || m.Flags != flags || !bytes.Equal(m.AU, after[n].Data) {
			t.Errorf("%+v", m)
		}
	}
}

// failing is a camera that cannot be reached, for a reason that is not for
// everybody.
type failing struct{ err error }

func (f failing) Run(context.Context, func(media.Frame)) error { return f.err }

func TestUnreachableCamera(t *testing.T) {
	for _, reason := range []error{errors.New("dial tcp 10.1.2.3:554: refused"), stream.ErrDenied} {
		hub := stream.New(stream.Options{Resolve: func(stream.Key) (stream.Source, error) { return failing{reason}, nil }})
		defer hub.Close()
		s := newSite(t, overTCP)
		s.live.hub = hub
		p := s.watch("h264")
		m := p.text("state")
		for m.Camera == "connecting" {
			m = p.text("state")
		}
		if m.Camera != "offline" || m.Code != 502 || m.Message != "unreachable" || strings.Contains(m.Message, "10.1.2.3") {
			t.Errorf("%+v", m)
		}
		p.conn.Close()
		waitFor(t, "the viewer leaves", func() bool { return hub.Viewers("front") == 0 })

		s.choice.Why = func(failed *stream.SourceError) string { return failed.Err.Error() }
		admin := s.watch("h264")
		for m = admin.text("state"); m.Camera == "connecting"; {
			m = admin.text("state")
		}
		if m.Camera != "offline" || m.Code != 502 || m.Message != reason.Error() {
			t.Errorf("who may know why is told %+v", m)
		}
		admin.conn.Close()
		waitFor(t, "the viewer leaves", func() bool { return hub.Viewers("front") == 0 })
	}
}

// TestNewsOfACamera: a state is told once, and a reason anew when it changes.
func TestNewsOfACamera(t *testing.T) {
	offline := stateMessage{Camera: "offline", Code: 502, Message: "refused"}
	for _, row := range []struct {
		m, before stateMessage
		news      bool
	}{
		{offline, stateMessage{}, true},
		{offline, offline, false},
		{stateMessage{Camera: "offline", Code: 502, Message: "wrong password"}, offline, true},
		{stateMessage{Camera: "offline", Code: 503, Message: "nothing is sent"}, offline, false}, // it knows more
		{stateMessage{Camera: "online"}, offline, true},
	} {
		if row.m.news(row.before) != row.news {
			t.Errorf("%+v after %+v", row.m, row.before)
		}
	}
}

// Parameter sets of cameras that say nothing of reordering: 160x96, without
// VUI, of the main profile and of the baseline.
var (
	mainSPS     = []byte{0x67, 77, 0, 30, 0xF6, 0x14, 0x6C, 0x80}
	baselineSPS = []byte{0x67, 66, 0, 30, 0xF6, 0x14, 0x6C, 0x80}
	anyPPS      = []byte{0x68, 0xCE, 0x3C, 0x80}
)

// silent gives frames a Format with an SPS that says nothing of reordering.
func silent(t *testing.T, frames []media.Frame, sps []byte) []media.Frame {
	t.Helper()
	format, err := media.H264Format(sps, anyPPS)
	if err != nil || format.Width != 160 || format.Height != 96 {
		t.Fatal(format, err)
	}
	frames = append([]media.Frame(nil), frames...)
	for i := range frames {
		frames[i].Format = format
	}
	return frames
}

// lowDelayInit gives the init segment that says that nothing is reordered.
func lowDelayInit(t *testing.T, sps []byte) []byte {
	t.Helper()
	format, err := media.H264Format(sps, anyPPS)
	if err != nil {
		t.Fatal(err)
	}
	low, ok := format.LowDelay()
	if !ok {
		t.Fatal("the SPS cannot be rewritten")
	}
	init, err := mp4.Init(low)
	if err != nil {
		t.Fatal(err)
	}
	return init
}

func TestLowDelayAtOnce(t *testing.T) {
	s := newSite(t, overTCP)
	s.attach(own).Give(silent(t, clip(t, 0, 20, 10, ""), baselineSPS)[:1]...)
	p := s.watch("h264")
	if m := p.payload(); m.Kind != wire.KindInit || !bytes.Equal(m.Data, lowDelayInit(t, baselineSPS)) {
		t.Errorf("%+v", m)
	}
}

// TestLowDelayIsNotClaimedBeforeItIsKnown has a camera whose SPS admits
// B-frames, and that sends none for a GOP, and then sends some.
func TestLowDelayIsNotClaimedBeforeItIsKnown(t *testing.T) {
	s := newSite(t, overTCP)
	camera := s.attach(own)
	frames := silent(t, clip(t, 0, 30, 10, ""), mainSPS)
	cautious, _ := mp4.Init(frames[0].Format)
	bold := lowDelayInit(t, mainSPS)
	camera.Give(frames[0])
	p := s.watch("h264")
	if m := p.payload(); m.Kind != wire.KindInit || m.Epoch != 1 || !bytes.Equal(m.Data, cautious) {
		t.Fatalf("%+v", m)
	}
	for n := 1; n <= 10; n++ {
		if m := p.payload(); m.Kind != wire.KindFrame || m.Epoch != 1 {
			t.Fatalf("%+v", m)
		}
		camera.Give(frames[n])
	}
	if m := p.payload(); m.Kind != wire.KindInit || m.Epoch != 2 || !bytes.Equal(m.Data, bold) {
		t.Fatalf("%+v", m)
	}
	if m := p.payload(); m.Kind != wire.KindFrame || m.Epoch != 2 || m.Flags != wire.FlagKey|wire.FlagDiscontinuity {
		t.Fatalf("%+v", m)
	}
	late := s.watch("h264")
	if m := late.payload(); m.Kind != wire.KindInit || m.Epoch != 1 || !bytes.Equal(m.Data, bold) {
		t.Fatalf("%+v", m)
	}
	late.payload()

	reordered := silent(t, clip(t, 0, 20, 10, "bframes=2:b-adapt=0"), mainSPS)
	for i := range reordered {
		reordered[i].Format = frames[0].Format
	}
	for n, f := range reordered[:11] {
		camera.Give(f)
		for epoch, p := range map[uint32]*player{3: p, 2: late} {
			m := p.payload()
			if n < 10 && m.Kind == wire.KindFrame {
				continue
			}
			if n < 10 || m.Kind != wire.KindInit || m.Epoch != epoch || !bytes.Equal(m.Data, cautious) {
				t.Fatalf("frame %d: %+v", n, m)
			}
		}
	}
}

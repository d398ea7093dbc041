package live

import (
	"bytes"
	"net/http/httptest"
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
	"framegate/gateway/mp4"
)

// TestJoin sees what a viewer gets that joins in the middle of a GOP: hello,
// the init segment, all of the GOP so far, and then what comes.
func TestJoin(t *testing.T) {
	for name, start := range ways {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, start)
			camera := s.attach(own)
			frames := clip(t, 0, 20, 10, "")
			for _, frame := range frames[:14] {
				camera.Give(frame)
				time.Sleep(2 * time.Millisecond) // so that the rate can be told
			}
			p := s.watch("h264", "jpeg")
			hello := p.text("hello")
			if hello.Epoch != 1 || hello.Codec != "h264" || hello.MIME != mp4.MIME(frames[0].Format) || hello.Width != 160 || hello.Height != 96 ||
				hello.Timescale != 90000 || hello.KeyAgeMs < 0 || hello.ServerTimeUs == 0 || hello.FPS <= 0 {
				t.Errorf("%+v", hello)
			}
			init, _ := mp4.Init(frames[0].Format)
			if m := p.payload(); m.Kind != 1 || m.Epoch != 1 || m.Seq != 11 || m.Offset != 0 || !bytes.Equal(m.Data, init) {
				t.Errorf("init segment %+v", m)
			}
			if state := p.text("state"); state.Camera != "online" {
				t.Errorf("%+v", state)
			}
			for n := 10; n < 14; n++ {
				p.expect(n, frames)
			}
			for n := 14; n < 20; n++ {
				camera.Give(frames[n])
				p.expect(n, frames)
			}
		})
	}
}

var ways = map[string]func(*httptest.Server){"TCP": overTCP, "TLS": overTLS}

// expect takes frame n of a clip that was joined at its GOP while frame 13 was
// the newest.
func (p *player) expect(n int, frames []media.Frame) {
	p.t.Helper()
	m := p.frame()
	flags := uint16(0)
	if frames[n].Key {
		flags |= 1
	}
	if n < 13 {
		flags |= 2
	}
	if m.Seq != uint64(n+1) || m.Flags != flags || m.Epoch != 1 || m.Wall.IsZero() || !bytes.Equal(m.AU, frames[n].Data) {
		p.t.Fatalf("frame %d: number %d, flags %d, epoch %d, %d bytes of %d", n, m.Seq, m.Flags, m.Epoch, len(m.AU), len(frames[n].Data))
	}
	if head := string(m.Data[4:8]); head != "moof" {
		p.t.Fatalf("fragment begins with %q", head)
	}
}

// TestJPEG has the pictures as they are.
func TestJPEG(t *testing.T) {
	s := newSite(t, overTCP)
	camera := s.attach(own)
	camera.Give(picture(1))
	p := s.watch("jpeg")
	if hello := p.text("hello"); hello.Codec != "jpeg" || hello.MIME != "image/jpeg" || hello.Width != 64 || hello.Height != 32 || hello.Timescale != 0 {
		t.Errorf("%+v", hello)
	}
	for n := 1; n < 5; n++ {
		m := p.payload()
		if got, err := camtest.ReadJPEGNumber(m.Data); got != n || err != nil || m.Kind != 2 || m.Offset != 0 || m.Flags != 1 {
			t.Fatalf("picture %d, %v, %+v", got, err, m)
		}
		camera.Give(picture(n + 1))
	}
}

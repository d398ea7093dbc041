package rtpvideo

import (
	"bytes"
	"errors"
	"fmt"
	"image/jpeg"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtp"

	"framegate/gateway/camtest"
	"framegate/gateway/input/rtspcam/rtptest"
	"framegate/gateway/media"
)

func newJPEG(t testing.TB) *reception {
	return newReception(t, &jpegAssembler{largest: budget{bytes: largest}, markers: honest()})
}

// quality encodes a picture anew, with the tables of RFC 2435 for this Q.
func quality(t *testing.T, picture []byte, q int) []byte {
	t.Helper()
	img, err := jpeg.Decode(bytes.NewReader(picture))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: q}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestJPEGComputedTables: for Q below 128 none are sent. What comes out must
// have the very tables that the picture was encoded with.
func TestJPEGComputedTables(t *testing.T) {
	for q := 1; q < 100; q++ {
		picture := quality(t, camtest.Picture(q, 64, 48), q)
		s := &rtptest.Sender{Q: byte(q)}
		r := newJPEG(t).take(s.Packets(t, picture, 0))
		if len(r.frames) != 1 {
			t.Fatalf("Q %d: %d frames, %v", q, len(r.frames), r.err)
		}
		_, _, _, _, want, _ := rtptest.CutJPEG(t, picture)
		if _, _, _, _, got, _ := rtptest.CutJPEG(t, r.frames[0].Data); !bytes.Equal(got, want) {
			t.Errorf("Q %d: tables\n%v, want\n%v", q, got, want)
		}
	}
}

// restarts gives pictures with restart markers, which ffmpeg writes for slices.
func restarts(t *testing.T, n int) [][]byte {
	t.Helper()
	b := rtptest.FFmpeg(t, rtptest.Numbered(n, 320, 240), "-f", "image2pipe", "-c:v", "mjpeg", "-i", "-", "-pix_fmt", "yuvj420p",
		"-c:v", "mjpeg", "-huffman", "default", "-threads", "3", "-slices", "3", "-q:v", "3", "-f", "image2pipe", "-")
	var pictures [][]byte
	for len(b) > 0 {
		_, size, err := media.ParseJPEG(b)
		if err != nil {
			t.Fatal(err)
		}
		wantRestarts(t, b[:size])
		pictures, b = append(pictures, b[:size]), b[size:]
	}
	return pictures
}

// restarts422 gives pictures in 4:2:2 with restart markers, which libjpeg-turbo
// made.
func restarts422(t *testing.T) (pictures [][]byte) {
	t.Helper()
	for n := range 3 {
		b, err := os.ReadFile(fmt.Sprintf("testdata/restart422-%d.jpg", n))
		if err != nil {
			t.Fatal(err)
		}
		wantRestarts(t, b)
		pictures = append(pictures, b)
	}
	return pictures
}

func wantRestarts(t *testing.T, picture []byte) {
	t.Helper()
	if _, _, _, _, _, scan := rtptest.CutJPEG(t, picture); rtptest.IntervalSize(scan) == len(scan) {
		t.Fatal("a picture without restart markers")
	}
}

// TestJPEGKinds takes every type and way to send tables and size.
func TestJPEGKinds(t *testing.T) {
	plain := [][]byte{camtest.Picture(0, 320, 240), camtest.Picture(1, 320, 240), camtest.Picture(2, 320, 240)}
	large := [][]byte{camtest.Picture(0, 2304, 1296), camtest.Picture(1, 2304, 1296)}
	for _, c := range []struct {
		name     string
		pictures [][]byte
		kind     byte
		sender   rtptest.Sender
	}{
		{"tables in every picture", plain, 1, rtptest.Sender{Q: 255, Tables: true}},
		{"tiny packets", plain, 1, rtptest.Sender{Q: 255, Tables: true, Size: 7}},
		{"one packet", plain, 1, rtptest.Sender{Q: 200, Tables: true, Size: 1 << 16}},
		{"restarts, 4:2:0", restarts(t, 3), 65, rtptest.Sender{Q: 255, Tables: true}},
		{"restarts, 4:2:2", restarts422(t), 64, rtptest.Sender{Q: 255, Tables: true}},
		{"restarts, an interval a packet", restarts422(t), 64, rtptest.Sender{Q: 255, Tables: true, Aligned: true}},
		{"restarts in tiny packets", restarts(t, 3), 65, rtptest.Sender{Q: 200, Tables: true, Size: 11}},
		{"over 2040 pixels, as ONVIF sends it", large, 1, rtptest.Sender{Q: 255, Tables: true, ONVIF: true}},
		{"height no multiple of 8, as ONVIF sends it", [][]byte{camtest.Picture(0, 330, 250)}, 1, rtptest.Sender{Q: 255, Tables: true, ONVIF: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newJPEG(t)
			for i, picture := range c.pictures {
				if kind, _, _, _, _, _ := rtptest.CutJPEG(t, picture); kind != c.kind {
					t.Fatalf("a picture of type %d", kind)
				}
				for j, p := range c.sender.Packets(t, picture, rtptest.TicksOf(i)) {
					r.Packet(p, time.Now())
					if p.Marker != (len(r.frames) == i+1) {
						t.Fatalf("picture %d: %d frames after packet %d, %v", i, len(r.frames), j, r.err)
					}
				}
				header, _, _ := media.ParseJPEG(picture)
				if f := r.frames[i].Format; f.Width != header.Width || f.Height != header.Height {
					t.Errorf("%dx%d, of %dx%d", f.Width, f.Height, header.Width, header.Height)
				}
			}
			rtptest.WantNumbers(t, r.frames, rtptest.Span(0, len(c.pictures)))
		})
	}
}

// TestJPEGTablesAreRemembered: tables come once for their Q, and are replaced.
func TestJPEGTablesAreRemembered(t *testing.T) {
	good, coarse := quality(t, camtest.Picture(0, 64, 48), 90), quality(t, camtest.Picture(1, 64, 48), 30)
	s := &rtptest.Sender{Q: 200}
	r := newJPEG(t).take(s.Packets(t, good, 0))
	if len(r.frames) != 0 {
		t.Fatal("a frame without tables")
	}
	for i, c := range []struct {
		picture []byte
		sender  rtptest.Sender
		want    int // frames in all
	}{
		{good, rtptest.Sender{Q: 200, Tables: true}, 1},
		{good, rtptest.Sender{Q: 200}, 2},
		{coarse, rtptest.Sender{Q: 201}, 2},
		{coarse, rtptest.Sender{Q: 200, Tables: true}, 3},
		{coarse, rtptest.Sender{Q: 200}, 4},
		{coarse, rtptest.Sender{Q: 255, Tables: true}, 5},
		{coarse, rtptest.Sender{Q: 255}, 5}, // those of 255 hold for one picture
	} {
		c.sender.Sequence = s.Sequence
		r.take(c.sender.Packets(t, c.picture, uint32(i+1)*3000))
		s.Sequence = c.sender.Sequence
		if len(r.frames) != c.want {
			t.Fatalf("step %d: %d frames, want %d", i, len(r.frames), c.want)
		}
		if _, _, _, _, want, _ := rtptest.CutJPEG(t, c.picture); len(r.frames) > i {
			if _, _, _, _, got, _ := rtptest.CutJPEG(t, r.frames[len(r.frames)-1].Data); !bytes.Equal(got, want) {
				t.Errorf("step %d: other tables", i)
			}
		}
	}
}

// TestJPEGAnyPacketLost loses each packet once: its picture is not shown, and
// all others are. Where two are swapped all are shown.
func TestJPEGAnyPacketLost(t *testing.T) {
	const n = 4
	s := &rtptest.Sender{Q: 255, Tables: true, Size: 200}
	var all []*rtp.Packet
	for i := range n {
		all = append(all, s.Packets(t, camtest.Picture(i, 160, 120), rtptest.TicksOf(i))...)
	}
	for i, p := range all {
		hurt := int(p.Timestamp-rtptest.TicksOf(0)) / 3000
		want := slices.Concat(rtptest.Span(0, hurt), rtptest.Span(hurt+1, n))
		rtptest.WantNumbers(t, newJPEG(t).take(slices.Delete(slices.Clone(all), i, i+1)).frames, want)
		if i+1 < len(all) && all[i+1].Timestamp == p.Timestamp {
			swapped := slices.Clone(all)
			swapped[i], swapped[i+1] = swapped[i+1], swapped[i]
			if i > 0 { // before the first that came there is nothing to wait for
				want = rtptest.Span(0, n)
			}
			rtptest.WantNumbers(t, overUDP(newJPEG(t)).take(swapped).frames, want)
		}
	}
	for _, p := range all {
		p.Marker = false
	}
	rtptest.WantNumbers(t, newJPEG(t).take(all).frames, rtptest.Span(0, n-1))
}

// TestJPEGRefused: what cannot be shown ends the run with a reason.
func TestJPEGRefused(t *testing.T) {
	packet := func(kind, width, height byte) *rtp.Packet {
		return &rtp.Packet{Header: rtp.Header{Marker: true}, Payload: []byte{0, 0, 0, 0, kind, 50, width, height, 1, 2, 3, 4, 5, 6}}
	}
	huge := packet(1, 0, 0)
	huge.Extension, huge.ExtensionProfile = true, onvifPadding
	huge.SetExtension(0, []byte{0xFF, soi, 0xFF, sof0, 0, 17, 8, 0xFF, 0xFF, 0xFF, 0xFF, 3})
	for name, c := range map[string]struct {
		packet *rtp.Packet
		want   error
	}{
		"a type of others":               {packet(2, 8, 8), errJPEGType},
		"a dynamic type":                 {packet(130, 8, 8), errJPEGType},
		"a type of others with restarts": {packet(66, 8, 8), errJPEGType},
		"the last of those":              {packet(127, 8, 8), errJPEGType},
		"no size":                        {packet(1, 0, 8), errJPEGSize},
		"65535x65535 by extension":       {huge, media.ErrTooManyPixels},
	} {
		if r := newJPEG(t).take([]*rtp.Packet{c.packet}); !errors.Is(r.err, c.want) || len(r.frames) > 0 {
			t.Errorf("%s: %v, want %v", name, r.err, c.want)
		}
	}
}

// TestJPEGLimits: an endless picture is given up, not kept.
func TestJPEGLimits(t *testing.T) {
	hits := 0
	a := &jpegAssembler{largest: budget{10_000, func() { hits++ }}, markers: honest()}
	r := newReception(t, a)
	for i := range 1000 {
		offset := i * 1000
		payload := append([]byte{0, byte(offset >> 16), byte(offset >> 8), byte(offset), 1, 50, 8, 8}, make([]byte, 1000)...)
		r.Packet(&rtp.Packet{Header: rtp.Header{SequenceNumber: uint16(i)}, Payload: payload}, time.Now())
		if len(a.scan) > 10_000 {
			t.Fatalf("%d bytes kept", len(a.scan))
		}
	}
	if hits != 1 {
		t.Errorf("counted %d times", hits)
	}
}

// FuzzJPEGPackets holds that no packets make the assembler panic, and that what
// it emits is a JPEG.
func FuzzJPEGPackets(f *testing.F) {
	s := &rtptest.Sender{Q: 255, Tables: true}
	p := s.Packets(f, camtest.Picture(3, 64, 32), 0)
	f.Add(p[0].Payload, p[0].Payload[:20], []byte{0xFF, sof0, 0, 17, 8, 1, 0, 1, 0, 3, 0, 0}, uint8(1))
	f.Add([]byte{0, 0, 0, 0, 65, 128, 8, 8, 0, 4, 0xFF, 0xFF, 0, 3, 0, 0}, []byte{0, 0, 0, 9, 1, 50, 8, 8, 1}, []byte{}, uint8(7))
	f.Add([]byte{0, 0, 0, 0, 65, 50, 8, 8, 0}, []byte{0, 0, 0, 0, 1, 200, 8, 8, 0}, []byte{}, uint8(3))
	f.Fuzz(func(t *testing.T, a, b, extension []byte, bits uint8) {
		r := newJPEG(t)
		for i, payload := range [][]byte{a, b, a, b} {
			p := &rtp.Packet{Header: rtp.Header{SequenceNumber: uint16(i), Timestamp: uint32(i / 2), Marker: bits>>i&1 == 1}, Payload: bytes.Clone(payload)}
			if len(extension) > 0 && len(extension)%4 == 0 {
				p.Extension, p.ExtensionProfile = true, onvifJPEG
				p.SetExtension(0, extension)
			}
			r.Packet(p, time.Now())
		}
		if r.err != nil && strings.Contains(r.err.Error(), "panic") {
			t.Fatal(r.err)
		}
		for _, frame := range r.frames {
			if _, n, err := media.ParseJPEG(frame.Data); err != nil || n != len(frame.Data) {
				t.Fatalf("frame of %d bytes, %d of them a JPEG: %v", len(frame.Data), n, err)
			}
		}
	})
}

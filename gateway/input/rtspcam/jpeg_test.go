package rtspcam

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"image/jpeg"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/pion/rtp"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
)

// sender makes packets of JPEGs, as RFC 2435 says.
type sender struct {
	q        byte
	tables   bool // send them, where q is 128 or more
	onvif    bool // send the size in a header extension
	size     int  // of a packet's data; 0 = 1000
	aligned  bool // each packet holds one restart interval, and says which (RFC 2435, 3.1.7)
	sequence uint16
}

// cutJPEG takes a JPEG apart into what the packets carry.
func cutJPEG(t testing.TB, b []byte) (kind byte, width, height, restart int, tables, scan []byte) {
	t.Helper()
	b = b[2:]
	for {
		marker, size := b[1], 2+int(binary.BigEndian.Uint16(b[2:]))
		switch body := b[4:size]; marker {
		case dqt:
			for ; len(body) > 0; body = body[65:] {
				tables = append(tables, body[1:65]...)
			}
		case dri:
			restart, kind = int(binary.BigEndian.Uint16(body)), kind|64
		case sof0:
			height, width = int(binary.BigEndian.Uint16(body[1:])), int(binary.BigEndian.Uint16(body[3:]))
			if body[7] == 0x22 {
				kind |= 1
			}
		case sos:
			return kind, width, height, restart, tables, b[size : len(b)-2]
		}
		b = b[size:]
	}
}

// packets gives those of one picture.
func (s *sender) packets(t testing.TB, picture []byte, ticks uint32) []*rtp.Packet {
	kind, width, height, restart, tables, scan := cutJPEG(t, picture)
	var packets []*rtp.Packet
	for offset := 0; offset < len(scan); {
		p := []byte{0, byte(offset >> 16), byte(offset >> 8), byte(offset), kind, s.q, byte((width + 7) / 8), byte((height + 7) / 8)}
		if s.onvif {
			p[6], p[7] = 0, 0
		}
		n := min(cmp.Or(s.size, 1000), len(scan)-offset)
		if kind >= 64 {
			place := 0xFFFF // all of the picture is to be put together
			if s.aligned {
				n = intervalSize(scan[offset:])
				place = 0xC000 | len(packets) // first and last piece of this interval
			}
			p = append(p, byte(restart>>8), byte(restart), byte(place>>8), byte(place))
		}
		if s.q >= 128 && offset == 0 {
			if !s.tables {
				tables = nil
			}
			p = append(append(p, 0, 0, byte(len(tables)>>8), byte(len(tables))), tables...)
		}
		p = append(p, scan[offset:offset+n]...)
		packet := &rtp.Packet{Header: rtp.Header{SequenceNumber: s.sequence, Timestamp: ticks, Marker: offset+n == len(scan)}, Payload: p}
		if s.onvif && offset == 0 {
			packet.Extension, packet.ExtensionProfile = true, onvifJPEG
			segment := []byte{0xFF, 0xFF, 0xFF, 0xE0, 0, 4, 1, 2, 0xFF, sof0, 0, 17, 8}
			segment = binary.BigEndian.AppendUint16(segment, uint16(height))
			segment = binary.BigEndian.AppendUint16(segment, uint16(width))
			segment = append(segment, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1, 0, 0)
			packet.SetExtension(0, segment[:len(segment)/4*4])
		}
		packets = append(packets, packet)
		offset += n
		s.sequence++
	}
	return packets
}

// intervalSize gives the length of the restart interval that scan begins with,
// with the marker behind it.
func intervalSize(scan []byte) int {
	for i := 1; i < len(scan); i++ {
		if scan[i-1] == 0xFF && scan[i] >= 0xD0 && scan[i] <= 0xD7 {
			return i + 1
		}
	}
	return len(scan)
}

func newJPEG(t testing.TB) *reception {
	return newReception(t, &jpegAssembler{largest: budget{bytes: defaultMaxFrame}, marking: honest()})
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
		s := &sender{q: byte(q)}
		r := newJPEG(t).take(s.packets(t, picture, 0))
		if len(r.frames) != 1 {
			t.Fatalf("Q %d: %d frames, %v", q, len(r.frames), r.err)
		}
		_, _, _, _, want, _ := cutJPEG(t, picture)
		if _, _, _, _, got, _ := cutJPEG(t, r.frames[0].Data); !bytes.Equal(got, want) {
			t.Errorf("Q %d: tables\n%v, want\n%v", q, got, want)
		}
	}
}

// restarts gives pictures with restart markers, which ffmpeg writes for slices.
func restarts(t *testing.T, n int) [][]byte {
	t.Helper()
	b := ffmpeg(t, numbered(n, 320, 240), "-f", "image2pipe", "-c:v", "mjpeg", "-i", "-", "-pix_fmt", "yuvj420p",
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
	if _, _, _, _, _, scan := cutJPEG(t, picture); intervalSize(scan) == len(scan) {
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
		sender   sender
	}{
		{"tables in every picture", plain, 1, sender{q: 255, tables: true}},
		{"tiny packets", plain, 1, sender{q: 255, tables: true, size: 7}},
		{"one packet", plain, 1, sender{q: 200, tables: true, size: 1 << 16}},
		{"restarts, 4:2:0", restarts(t, 3), 65, sender{q: 255, tables: true}},
		{"restarts, 4:2:2", restarts422(t), 64, sender{q: 255, tables: true}},
		{"restarts, an interval a packet", restarts422(t), 64, sender{q: 255, tables: true, aligned: true}},
		{"restarts in tiny packets", restarts(t, 3), 65, sender{q: 200, tables: true, size: 11}},
		{"over 2040 pixels, as ONVIF sends it", large, 1, sender{q: 255, tables: true, onvif: true}},
		{"height no multiple of 8, as ONVIF sends it", [][]byte{camtest.Picture(0, 330, 250)}, 1, sender{q: 255, tables: true, onvif: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newJPEG(t)
			for i, picture := range c.pictures {
				if kind, _, _, _, _, _ := cutJPEG(t, picture); kind != c.kind {
					t.Fatalf("a picture of type %d", kind)
				}
				for j, p := range c.sender.packets(t, picture, ticksOf(i)) {
					r.packet(p)
					if p.Marker != (len(r.frames) == i+1) {
						t.Fatalf("picture %d: %d frames after packet %d, %v", i, len(r.frames), j, r.err)
					}
				}
				header, _, _ := media.ParseJPEG(picture)
				if f := r.frames[i].Format; f.Width != header.Width || f.Height != header.Height {
					t.Errorf("%dx%d, of %dx%d", f.Width, f.Height, header.Width, header.Height)
				}
			}
			wantNumbers(t, r.frames, span(0, len(c.pictures)))
		})
	}
}

// TestJPEGTablesAreRemembered: tables come once for their Q, and are replaced.
func TestJPEGTablesAreRemembered(t *testing.T) {
	good, coarse := quality(t, camtest.Picture(0, 64, 48), 90), quality(t, camtest.Picture(1, 64, 48), 30)
	s := &sender{q: 200}
	r := newJPEG(t).take(s.packets(t, good, 0))
	if len(r.frames) != 0 {
		t.Fatal("a frame without tables")
	}
	for i, c := range []struct {
		picture []byte
		sender  sender
		want    int // frames in all
	}{
		{good, sender{q: 200, tables: true}, 1},
		{good, sender{q: 200}, 2},
		{coarse, sender{q: 201}, 2},
		{coarse, sender{q: 200, tables: true}, 3},
		{coarse, sender{q: 200}, 4},
		{coarse, sender{q: 255, tables: true}, 5},
		{coarse, sender{q: 255}, 5}, // those of 255 hold for one picture
	} {
		c.sender.sequence = s.sequence
		r.take(c.sender.packets(t, c.picture, uint32(i+1)*3000))
		s.sequence = c.sender.sequence
		if len(r.frames) != c.want {
			t.Fatalf("step %d: %d frames, want %d", i, len(r.frames), c.want)
		}
		if _, _, _, _, want, _ := cutJPEG(t, c.picture); len(r.frames) > i {
			if _, _, _, _, got, _ := cutJPEG(t, r.frames[len(r.frames)-1].Data); !bytes.Equal(got, want) {
				t.Errorf("step %d: other tables", i)
			}
		}
	}
}

// TestJPEGAnyPacketLost loses each packet once: its picture is not shown, and
// all others are. Where two are swapped all are shown.
func TestJPEGAnyPacketLost(t *testing.T) {
	const n = 4
	s := &sender{q: 255, tables: true, size: 200}
	var all []*rtp.Packet
	for i := range n {
		all = append(all, s.packets(t, camtest.Picture(i, 160, 120), ticksOf(i))...)
	}
	for i, p := range all {
		hurt := int(p.Timestamp-ticksOf(0)) / 3000
		want := slices.Concat(span(0, hurt), span(hurt+1, n))
		wantNumbers(t, newJPEG(t).take(slices.Delete(slices.Clone(all), i, i+1)).frames, want)
		if i+1 < len(all) && all[i+1].Timestamp == p.Timestamp {
			swapped := slices.Clone(all)
			swapped[i], swapped[i+1] = swapped[i+1], swapped[i]
			if i > 0 { // before the first that came there is nothing to wait for
				want = span(0, n)
			}
			wantNumbers(t, overUDP(newJPEG(t)).take(swapped).frames, want)
		}
	}
	for _, p := range all {
		p.Marker = false
	}
	wantNumbers(t, newJPEG(t).take(all).frames, span(0, n-1))
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
	a := &jpegAssembler{largest: budget{10_000, func(string) { hits++ }}, marking: honest()}
	r := newReception(t, a)
	for i := range 1000 {
		offset := i * 1000
		payload := append([]byte{0, byte(offset >> 16), byte(offset >> 8), byte(offset), 1, 50, 8, 8}, make([]byte, 1000)...)
		r.packet(&rtp.Packet{Header: rtp.Header{SequenceNumber: uint16(i)}, Payload: payload})
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
	s := &sender{q: 255, tables: true}
	p := s.packets(f, camtest.Picture(3, 64, 32), 0)
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
			r.packet(p)
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

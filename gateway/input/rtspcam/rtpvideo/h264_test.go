package rtpvideo

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtp"

	"framegate/gateway/input/rtspcam/rtptest"
	"framegate/gateway/media"
	"framegate/transcode/h264"
)

// reception is a Receiver without a camera.
type reception struct {
	*Receiver
	frames []media.Frame
	err    error
}

func newReception(t testing.TB, a assembler) *reception {
	r := new(reception)
	r.Receiver = New(Options{
		Emit:    func(f media.Frame, _ time.Time) { r.frames = append(r.frames, f) },
		First:   func() {},
		Ended:   func() {},
		Fail:    func(err error) { r.err = errors.Join(r.err, err) },
		Markers: honest(), MaxFrameBytes: largest,
	})
	r.assembler, r.intake.reliable = a, true
	t.Cleanup(r.End)
	return r
}

// overUDP has packets be put in order.
func overUDP(r *reception) *reception {
	r.intake.reliable = false
	return r
}

// largest is how many bytes a picture may have, where that does not matter.
const largest = 8 << 20

// honest is what is known of a camera whose markers are right.
func honest() *Markers {
	m := new(Markers)
	m.held(true)
	return m
}

func newH264(t testing.TB) *reception {
	return newReception(t, newH264Assembler(budget{bytes: largest}, honest()))
}

func (r *reception) take(packets []*rtp.Packet) *reception {
	for _, p := range packets {
		r.Packet(p, time.Now())
	}
	return r
}

// TestH264Tampered takes streams that were changed on their way, and wants to
// see exactly those pictures that are whole and can be decoded.
func TestH264Tampered(t *testing.T) {
	const n = 24
	pictures := rtptest.Encoded(t, n, 160, 120)
	for _, c := range []struct {
		name   string
		tamper func([]*rtp.Packet) []*rtp.Packet
		want   []int
	}{
		{"not at all", func(p []*rtp.Packet) []*rtp.Packet { return p }, rtptest.Span(0, n)},
		{"every packet doubled", func(p []*rtp.Packet) (out []*rtp.Packet) {
			for _, p := range p {
				out = append(out, p, p)
			}
			return out
		}, rtptest.Span(0, n)},
		{"old packets again", func(p []*rtp.Packet) (out []*rtp.Packet) {
			for i, q := range p {
				out = append(out, p[max(0, i-20):i+1]...)
				_ = q
			}
			return out
		}, rtptest.Span(0, n)},
		{"begun in the middle", func(p []*rtp.Packet) []*rtp.Packet {
			return slices.DeleteFunc(p, func(p *rtp.Packet) bool { return p.Timestamp-rtptest.TicksOf(0) < 3*3000 })
		}, rtptest.Span(10, n)},
		{"counted anew", func(p []*rtp.Packet) []*rtp.Packet {
			for _, p := range p {
				if p.Timestamp-rtptest.TicksOf(0) >= 15*3000 {
					p.SequenceNumber -= 5000
				}
			}
			return p
		}, append(rtptest.Span(0, 15), rtptest.Span(20, n)...)},
		{"without markers", func(p []*rtp.Packet) []*rtp.Packet {
			for _, p := range p {
				p.Marker = false
			}
			return p
		}, rtptest.Span(0, n-1)},
		{"without every second marker", func(p []*rtp.Packet) []*rtp.Packet {
			for _, p := range p {
				p.Marker = p.Marker && (p.Timestamp-rtptest.TicksOf(0))/3000%2 == 1
			}
			return p
		}, rtptest.Span(0, n)},
		{"the marker in a packet of its own", func(p []*rtp.Packet) (out []*rtp.Packet) {
			for _, p := range p {
				end := &rtp.Packet{Header: p.Header}
				p.Marker = false
				if out = append(out, p); end.Marker {
					out = append(out, end)
				}
			}
			for i, p := range out {
				p.SequenceNumber = uint16(i)
			}
			return out
		}, rtptest.Span(0, n)},
		{"a piece without an end", func(p []*rtp.Packet) []*rtp.Packet {
			for _, p := range p {
				if p.Timestamp == rtptest.TicksOf(10) && p.Payload[0]&0x1F == packetFU {
					p.Payload[1] &^= 0x40
				}
			}
			return p
		}, append(rtptest.Span(0, 10), rtptest.Span(20, n)...)},
		{"a forbidden bit", func(p []*rtp.Packet) []*rtp.Packet {
			i := slices.IndexFunc(p, func(p *rtp.Packet) bool { return p.Timestamp == rtptest.TicksOf(4) })
			p[i].Payload[0] |= 0x80
			return p
		}, append(rtptest.Span(0, 4), rtptest.Span(10, n)...)},
		{"units that are garbage among the pictures", func(p []*rtp.Packet) (out []*rtp.Packet) {
			for i, p := range p {
				if i == 0 || p.Timestamp != out[len(out)-1].Timestamp {
					for _, kind := range []byte{6, 12, 13, 16, 18, 22, 23} { // SEI, filler, and such as are reserved
						garbage := append([]byte{kind}, bytes.Repeat([]byte{0xA5, byte(i), 0xFF, 0x80}, 9)...)
						out = append(out, &rtp.Packet{Header: rtp.Header{Timestamp: p.Timestamp, SSRC: p.SSRC}, Payload: garbage})
					}
				}
				out = append(out, p)
			}
			for i, p := range out {
				p.SequenceNumber = uint16(i)
			}
			return out
		}, rtptest.Span(0, n)},
		{"an unknown kind of packet", func(p []*rtp.Packet) []*rtp.Packet {
			i := slices.IndexFunc(p, func(p *rtp.Packet) bool { return p.Timestamp == rtptest.TicksOf(4) })
			p[i].Payload[0] = 0x7F
			return p
		}, append(rtptest.Span(0, 4), rtptest.Span(10, n)...)},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := overUDP(newH264(t))
			if r.take(c.tamper(slices.Concat(rtptest.Packets(t, pictures)...))); r.err != nil {
				t.Fatal(r.err)
			}
			rtptest.WantNumbers(t, r.frames, c.want)
		})
	}
}

// TestH264AnyPacketLost loses each packet of a stream once, and swaps it with
// the next. Of what lost one that which was before is shown, and then what
// begins with the next keyframe, and nothing else.
func TestH264AnyPacketLost(t *testing.T) {
	const n = 24
	pictures := rtptest.Encoded(t, n, 160, 120)
	for i, p := range pictures { // what is no slice may be missing
		pictures[i] = slices.DeleteFunc(p, func(unit []byte) bool { return h264.Type(unit) == h264.TypeSEI })
	}
	whole := newH264(t).take(slices.Concat(rtptest.Packets(t, pictures)...)).frames
	groups := rtptest.Packets(t, pictures)
	all := slices.Concat(groups...)
	pictureOf := func(i int) int { return int(all[i].Timestamp-rtptest.TicksOf(0)) / 3000 }
	for i := range all {
		hurt := pictureOf(i)
		want := slices.Concat(whole[:hurt], whole[min(n, (hurt/10+1)*10):])
		if i > 0 && all[i].Payload[0]&0x1F == packetSTAP && all[i].Payload[3]&0x1F == h264.TypeSPS { // with sets that are known already
			want = whole
		}
		lost := newH264(t).take(slices.Delete(slices.Clone(all), i, i+1))
		rtptest.WantSame(t, fmt.Sprintf("packet %d lost, of picture %d", i, hurt), lost.frames, want)
		if i+1 == len(all) || pictureOf(i+1) != hurt {
			continue
		}
		swapped := slices.Clone(all)
		swapped[i], swapped[i+1] = swapped[i+1], swapped[i]
		if i > 0 { // before the first that came there is nothing to wait for
			want = whole
		}
		rtptest.WantSame(t, fmt.Sprintf("packet %d late, of picture %d", i, hurt), overUDP(newH264(t)).take(swapped).frames, want)
	}
}

// TestH264ParameterSetsChange: the pictures change their size, and the format
// changes with them.
func TestH264ParameterSetsChange(t *testing.T) {
	pictures := append(rtptest.Encoded(t, 10, 160, 120), rtptest.Encoded(t, 10, 320, 240)...)
	r := newH264(t).take(slices.Concat(rtptest.Packets(t, pictures)...))
	if len(r.frames) != 20 || r.err != nil {
		t.Fatalf("%d frames, %v", len(r.frames), r.err)
	}
	small, large := r.frames[0].Format, r.frames[10].Format
	if small.Width != 160 || large.Width != 320 || r.frames[9].Format != small || r.frames[19].Format != large {
		t.Errorf("formats %v and %v", small, large)
	}
	rtptest.WantNumbers(t, r.frames[:10], rtptest.Span(0, 10))
	rtptest.WantNumbers(t, r.frames[10:], rtptest.Span(0, 10))
}

// TestH264ParameterSetsAnnounced: they stand in the session description alone.
func TestH264ParameterSetsAnnounced(t *testing.T) {
	pictures := rtptest.Encoded(t, 12, 160, 120)
	a := newH264Assembler(budget{bytes: largest}, honest())
	a.framer.Announce(pictures[0][0], pictures[0][1])
	for i := range pictures {
		pictures[i] = slices.DeleteFunc(pictures[i], func(u []byte) bool { return u[0]&0x1F == h264.TypeSPS || u[0]&0x1F == 8 })
	}
	r := newReception(t, a).take(slices.Concat(rtptest.Packets(t, pictures)...))
	rtptest.WantNumbers(t, r.frames, rtptest.Span(0, 12))
	if without := newH264(t).take(slices.Concat(rtptest.Packets(t, pictures)...)); len(without.frames) > 0 {
		t.Errorf("%d frames without parameter sets", len(without.frames))
	}
}

// TestH264AnnexB: NAL units with start codes in the packets, as some cameras
// send them.
func TestH264AnnexB(t *testing.T) {
	pictures := rtptest.Encoded(t, 12, 160, 120)
	for i, units := range pictures {
		var b []byte
		for j, u := range units {
			if i > 0 || j > 0 {
				b = append(b, 0)
			}
			b = append(append(b, 0, 0, 1), u...)
		}
		pictures[i] = rtptest.Picture{b}
	}
	var all []*rtp.Packet
	for i, p := range pictures {
		all = append(all, &rtp.Packet{Header: rtp.Header{Marker: true, SequenceNumber: uint16(i), Timestamp: rtptest.TicksOf(i)}, Payload: p[0]})
	}
	rtptest.WantNumbers(t, newH264(t).take(all).frames, rtptest.Span(0, 12))
}

// TestH264Limits: a picture in endless pieces is given up, not kept.
func TestH264Limits(t *testing.T) {
	hits := 0
	a := newH264Assembler(budget{10_000, func() { hits++ }}, honest())
	r := newReception(t, a)
	piece := append([]byte{0x7C, 5}, bytes.Repeat([]byte{0xFF}, 1000)...)
	for i := range 1000 {
		first := byte(0)
		if i == 0 {
			first = 0x80
		}
		p := &rtp.Packet{Header: rtp.Header{SequenceNumber: uint16(i)}, Payload: slices.Clone(piece)}
		p.Payload[1] |= first
		r.Packet(p, time.Now())
		if len(a.pieces) > 10_000 {
			t.Fatalf("%d bytes kept", len(a.pieces))
		}
	}
	if hits != 1 {
		t.Errorf("counted %d times", hits)
	}
	for i := range 3 * maxUnits {
		r.Packet(&rtp.Packet{Header: rtp.Header{SequenceNumber: uint16(1000 + i), Timestamp: 1}, Payload: []byte{6, 1}}, time.Now())
		if len(a.units) > maxUnits {
			t.Fatalf("%d units kept", len(a.units))
		}
	}
	if len(r.frames) > 0 {
		t.Error("a frame of garbage")
	}
}

// TestH264LimitsStartCodes: what is nothing but start codes counts, too.
func TestH264LimitsStartCodes(t *testing.T) {
	codes := bytes.Repeat([]byte{0, 0, 1}, 300)
	for name, payload := range map[string][]byte{"pieces": append([]byte{0x7C, 0xC1}, codes...), "packets": codes} {
		a := newH264Assembler(budget{bytes: 10_000}, honest())
		r := newReception(t, a)
		for i := range 100 {
			r.Packet(&rtp.Packet{Header: rtp.Header{SequenceNumber: uint16(i)}, Payload: payload}, time.Now())
			if len(a.pieces) > 10_000 {
				t.Fatalf("%s: %d bytes kept", name, len(a.pieces))
			}
		}
	}
}

func TestHasStartCode(t *testing.T) {
	for text, want := range map[string]bool{
		"": false, "\x00\x00\x01": false, "\x00\x00\x00\x01": true, "\x01\x00\x00\x00": false,
		"a\x00\x00\x01bcd": false, "ab\x01\x00\x00\x00\x01": true, "abcd\x00\x00\x00\x00\x01e": true,
		"\x01\x01\x01\x01\x00\x01\x00\x00\x01": false,
	} {
		if got := hasStartCode([]byte(text)); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// FuzzH264Packets holds that no packets make the assembler panic, and that what
// it emits can be walked through.
func FuzzH264Packets(f *testing.F) {
	f.Add([]byte{0x67, 0x64, 0, 0x1f, 0xac}, []byte{0x7c, 0x85, 1, 2}, []byte{0x7c, 0x45, 3}, uint16(1))
	f.Add([]byte{0x78, 0, 2, 0x67, 1, 0, 1, 0x68}, []byte{0, 0, 0, 1, 0x65, 1, 0, 0, 1, 0x41, 2}, []byte{}, uint16(2))
	f.Fuzz(func(t *testing.T, a, b, c []byte, step uint16) {
		r := newH264(t)
		r.assembler.(*h264Assembler).framer.Announce(smallSPS, smallPPS)
		for i, payload := range [][]byte{a, b, c, a, c, b, a} {
			r.Packet(&rtp.Packet{Header: rtp.Header{SequenceNumber: uint16(i) * (step%3 + 1), Timestamp: uint32(i) / 2 * uint32(step), Marker: step>>i&1 == 1}, Payload: bytes.Clone(payload)}, time.Now())
		}
		if r.err != nil && !errors.Is(r.err, media.ErrBadParameterSets) {
			t.Fatal(r.err)
		}
		for _, frame := range r.frames {
			for data := frame.Data; len(data) > 0; {
				size := int(data[0])<<24 | int(data[1])<<16 | int(data[2])<<8 | int(data[3])
				if size < 1 {
					t.Fatalf("unit of %d bytes", size)
				}
				data = data[4+size:]
			}
		}
	})
}

// Parameter sets of x264 for 1280x720.
var (
	smallSPS = []byte{0x67, 0x64, 0x00, 0x1f, 0xac, 0xd9, 0x40, 0x50, 0x05, 0xbb, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10, 0x00, 0x00, 0x03, 0x03, 0xc0, 0xf1, 0x83, 0x19, 0x60}
	smallPPS = []byte{0x68, 0xeb, 0xe3, 0xcb, 0x22, 0xc0}
)

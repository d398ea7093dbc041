package rtpvideo

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtp"

	"framegate/gateway/input/rtspcam/rtptest"
	"framegate/gateway/media"
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
	r.assembler, r.intake.Reliable = a, true
	t.Cleanup(r.End)
	return r
}

// overUDP has packets be put in order.
func overUDP(r *reception) *reception {
	r.intake.Reliable = false
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

// newUnits is a Receiver of NAL units of some kind.
func newUnits(t testing.TB, codec unitCodec) *reception {
	return newReception(t, newUnitAssembler(codec, budget{bytes: largest}, honest()))
}

func newH264(t testing.TB) *reception { return newUnits(t, new(h264Codec)) }

// units are the ways of sending NAL units, and what the tests need to know of
// each.
var units = []struct {
	name    string
	codec   func() unitCodec
	encoded func(t *testing.T, n, width, height int) []rtptest.Picture
	packets func(*testing.T, []rtptest.Picture) [][]*rtp.Packet
	header  int    // how long that of a NAL unit is
	kinds   []byte // bytes that NAL units begin with: an SEI, a filler, and such as are reserved
	unknown byte   // that a packet begins with, that nobody understands
	pieces  []byte // the header of a packet with the beginning of a slice
}{
	{"H.264", func() unitCodec { return new(h264Codec) }, func(t *testing.T, n, width, height int) []rtptest.Picture {
		return rtptest.Encoded(t, n, width, height)
	}, rtptest.Packets,
		1, []byte{6, 12, 13, 16, 18, 22, 23}, 0x7F, []byte{0x7C, 0x85}},
	{"H.265", func() unitCodec { return new(h265Codec) }, func(t *testing.T, n, width, height int) []rtptest.Picture {
		return rtptest.EncodedH265(t, n, width, height)
	}, rtptest.PacketsH265,
		2, []byte{39 << 1, 38 << 1, 10 << 1, 22 << 1, 31 << 1, 41 << 1, 47 << 1}, 63 << 1, []byte{49 << 1, 1, 0x80 | 19}},
}

// isPiece says whether a packet holds a piece of a NAL unit.
func isPiece(codec unitCodec, p *rtp.Packet) bool {
	kind, _ := codec.packet(p.Payload)
	return kind == pieceOfUnit
}

func (r *reception) take(packets []*rtp.Packet) *reception {
	for _, p := range packets {
		r.Packet(p, time.Now())
	}
	return r
}

// TestTampered takes streams that were changed on their way, and wants to see
// exactly those pictures that are whole and can be decoded.
func TestTampered(t *testing.T) {
	const n = 24
	for _, u := range units {
		pictures := u.encoded(t, n, 160, 120)
		for _, c := range tamperings(n, u.codec(), u.header, u.kinds, u.unknown) {
			t.Run(u.name+", "+c.name, func(t *testing.T) {
				r := overUDP(newUnits(t, u.codec()))
				if r.take(c.tamper(slices.Concat(u.packets(t, pictures)...))); r.err != nil {
					t.Fatal(r.err)
				}
				rtptest.WantNumbers(t, r.frames, c.want)
			})
		}
	}
}

// tampering is a change to packets, and the pictures that are whole after it.
type tampering struct {
	name   string
	tamper func([]*rtp.Packet) []*rtp.Packet
	want   []int
}

func tamperings(n int, codec unitCodec, header int, kinds []byte, unknown byte) []tampering {
	return []tampering{
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
				if p.Timestamp == rtptest.TicksOf(10) && isPiece(codec, p) {
					p.Payload[header] &^= 0x40
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
					for _, kind := range kinds {
						garbage := append([]byte{kind, 1}[:header], bytes.Repeat([]byte{0xA5, byte(i), 0xFF, 0x80}, 9)...)
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
			p[i].Payload[0] = unknown
			return p
		}, append(rtptest.Span(0, 4), rtptest.Span(10, n)...)},
	}
}

// TestAnyPacketLost loses each packet of a stream once, and swaps it with
// the next. Of what lost one that which was before is shown, and then what
// begins with the next keyframe, and nothing else.
func TestAnyPacketLost(t *testing.T) {
	for _, u := range units {
		t.Run(u.name, func(t *testing.T) {
			const n = 24
			pictures := u.encoded(t, n, 160, 120)
			for i, p := range pictures { // what is no slice may be missing
				pictures[i] = slices.DeleteFunc(p, func(unit []byte) bool { return u.codec().unit(unit) == otherUnit })
			}
			all := slices.Concat(u.packets(t, pictures)...)
			loseEach(t, all, func() *reception { return newUnits(t, u.codec()) }, u.codec(), u.header)
		})
	}
}

func loseEach(t *testing.T, all []*rtp.Packet, receiver func() *reception, codec unitCodec, header int) {
	whole := receiver().take(all).frames
	n := len(whole)
	rtptest.WantNumbers(t, whole, rtptest.Span(0, 24))
	pictureOf := func(i int) int { return int(all[i].Timestamp-rtptest.TicksOf(0)) / 3000 }
	for i, p := range all {
		hurt := pictureOf(i)
		want := slices.Concat(whole[:hurt], whole[min(n, (hurt/10+1)*10):])
		if i > 0 && holdsNoSlice(codec, p.Payload, header) { // but sets that are known already
			want = whole
		}
		lost := receiver().take(slices.Delete(slices.Clone(all), i, i+1))
		rtptest.WantSame(t, fmt.Sprintf("packet %d lost, of picture %d", i, hurt), lost.frames, want)
		if i+1 == len(all) || pictureOf(i+1) != hurt {
			continue
		}
		swapped := slices.Clone(all)
		swapped[i], swapped[i+1] = swapped[i+1], swapped[i]
		if i > 0 { // before the first that came there is nothing to wait for
			want = whole
		}
		rtptest.WantSame(t, fmt.Sprintf("packet %d late, of picture %d", i, hurt), overUDP(receiver()).take(swapped).frames, want)
	}
}

// holdsNoSlice says so of a packet with several NAL units.
func holdsNoSlice(codec unitCodec, payload []byte, header int) bool {
	if kind, _ := codec.packet(payload); kind != severalUnits {
		return false
	}
	for b := payload[header:]; len(b) > 2; {
		size := 2 + int(binary.BigEndian.Uint16(b))
		if codec.unit(b[2:size]) == sliceUnit {
			return false
		}
		b = b[size:]
	}
	return true
}

// TestParameterSetsChange: the pictures change their size, and the format
// changes with them.
func TestParameterSetsChange(t *testing.T) {
	for _, u := range units {
		pictures := append(u.encoded(t, 10, 160, 120), u.encoded(t, 10, 320, 240)...)
		r := newUnits(t, u.codec()).take(slices.Concat(u.packets(t, pictures)...))
		if len(r.frames) != 20 || r.err != nil {
			t.Fatalf("%s: %d frames, %v", u.name, len(r.frames), r.err)
		}
		small, large := r.frames[0].Format, r.frames[10].Format
		if small.Width != 160 || large.Width != 320 || r.frames[9].Format != small || r.frames[19].Format != large {
			t.Errorf("%s: formats %v and %v", u.name, small, large)
		}
		rtptest.WantNumbers(t, r.frames[:10], rtptest.Span(0, 10))
		rtptest.WantNumbers(t, r.frames[10:], rtptest.Span(0, 10))
	}
}

// TestParameterSetsAnnounced: they stand in the session description alone.
func TestParameterSetsAnnounced(t *testing.T) {
	for _, u := range units {
		pictures := u.encoded(t, 12, 160, 120)
		isSet := func(unit []byte) bool { return u.codec().unit(unit) == setUnit }
		codec := u.codec()
		for i, p := range pictures {
			for _, unit := range p {
				if i == 0 && isSet(unit) {
					codec.announce(unit)
				}
			}
			pictures[i] = slices.DeleteFunc(p, isSet)
		}
		r := newUnits(t, codec).take(slices.Concat(u.packets(t, pictures)...))
		rtptest.WantNumbers(t, r.frames, rtptest.Span(0, 12))
		if without := newUnits(t, u.codec()).take(slices.Concat(u.packets(t, pictures)...)); len(without.frames) > 0 {
			t.Errorf("%s: %d frames without parameter sets", u.name, len(without.frames))
		}
	}
}

// TestAnnexB: NAL units with start codes in the packets, as some cameras send
// them.
func TestAnnexB(t *testing.T) {
	for _, u := range units {
		var all []*rtp.Packet
		for i, units := range u.encoded(t, 12, 160, 120) {
			var b []byte
			for j, unit := range units {
				if i > 0 || j > 0 {
					b = append(b, 0)
				}
				b = append(append(b, 0, 0, 1), unit...)
			}
			all = append(all, &rtp.Packet{Header: rtp.Header{Marker: true, SequenceNumber: uint16(i), Timestamp: rtptest.TicksOf(i)}, Payload: b})
		}
		rtptest.WantNumbers(t, newUnits(t, u.codec()).take(all).frames, rtptest.Span(0, 12))
	}
}

// TestLimits: a picture in endless pieces is given up, not kept.
func TestLimits(t *testing.T) {
	for _, u := range units {
		hits := 0
		a := newUnitAssembler(u.codec(), budget{10_000, func() { hits++ }}, honest())
		r := newReception(t, a)
		for i := range 1000 {
			payload := append(bytes.Clone(u.pieces), bytes.Repeat([]byte{0xFF}, 1000)...)
			if i > 0 {
				payload[u.header] &^= 0x80
			}
			r.Packet(&rtp.Packet{Header: rtp.Header{SequenceNumber: uint16(i)}, Payload: payload}, time.Now())
			if len(a.pieces) > 10_000 {
				t.Fatalf("%s: %d bytes kept", u.name, len(a.pieces))
			}
		}
		if hits != 1 {
			t.Errorf("%s: counted %d times", u.name, hits)
		}
		for i := range 3 * maxUnits {
			unit := []byte{u.kinds[0], 1, 1}
			r.Packet(&rtp.Packet{Header: rtp.Header{SequenceNumber: uint16(1000 + i), Timestamp: 1}, Payload: unit}, time.Now())
			if len(a.units) > maxUnits {
				t.Fatalf("%s: %d units kept", u.name, len(a.units))
			}
		}
		if len(r.frames) > 0 {
			t.Errorf("%s: a frame of garbage", u.name)
		}
	}
}

// TestLimitsStartCodes: what is nothing but start codes counts, too.
func TestLimitsStartCodes(t *testing.T) {
	codes := bytes.Repeat([]byte{0, 0, 1}, 300)
	for _, u := range units {
		whole := append(bytes.Clone(u.pieces), codes...)
		whole[u.header] |= 0x40
		for name, payload := range map[string][]byte{"pieces": whole, "packets": codes} {
			a := newUnitAssembler(u.codec(), budget{bytes: 10_000}, honest())
			r := newReception(t, a)
			for i := range 100 {
				r.Packet(&rtp.Packet{Header: rtp.Header{SequenceNumber: uint16(i)}, Payload: payload}, time.Now())
				if len(a.pieces) > 10_000 {
					t.Fatalf("%s, %s: %d bytes kept", u.name, name, len(a.pieces))
				}
			}
		}
	}
}

// TestSetsCutAnywhere: whatever is left of parameter sets, in band and
// announced, pictures come of it or not, and an error says that the sets are
// bad.
func TestSetsCutAnywhere(t *testing.T) {
	for _, u := range units {
		picture := u.encoded(t, 1, 160, 120)[0]
		for i, unit := range picture {
			if u.codec().unit(unit) != setUnit {
				continue
			}
			for size := range unit {
				cut := slices.Clone(picture)
				cut[i] = unit[:size]
				codec := u.codec()
				codec.announce(cut[i])
				r := newUnits(t, codec)
				var packets []*rtp.Packet
				for j, unit := range cut {
					packets = append(packets, &rtp.Packet{Header: rtp.Header{SequenceNumber: uint16(j), Marker: j == len(cut)-1}, Payload: unit})
				}
				if r.take(packets); r.err != nil && !errors.Is(r.err, media.ErrBadParameterSets) {
					t.Errorf("%s, set %d cut to %d bytes: %v", u.name, i, size, r.err)
				}
				for _, f := range r.frames {
					if f.Format.Width != 160 || f.Format.Height != 120 {
						t.Errorf("%s, set %d cut to %d bytes: %+v", u.name, i, size, f.Format)
					}
				}
			}
		}
	}
}

// TestReceiverAllocates: nothing, for a packet that ends no picture.
func TestReceiverAllocates(t *testing.T) {
	for _, u := range units {
		r := newUnits(t, u.codec())
		payloads := [][]byte{append(bytes.Clone(u.pieces), 0x80, 0x9A, 0x9B), {u.kinds[0], 1, 2, 3}}
		now, number := time.Now(), uint16(0)
		b := make([]byte, 12, 100)
		b[0] = 0x80
		allocated := testing.AllocsPerRun(100, func() {
			for _, payload := range payloads {
				binary.BigEndian.PutUint16(b[2:], number)
				number++
				r.Bytes(append(b, payload...), now)
			}
			r.assembler.(*unitAssembler).spoil() // so that nothing grows
		})
		if allocated != 0 || !r.received {
			t.Errorf("%s: %v allocations", u.name, allocated)
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
	fuzzPackets(f, func() unitCodec { return new(h264Codec) }, 1, smallSPS, smallPPS)
}

// FuzzH265Packets holds the same of H.265.
func FuzzH265Packets(f *testing.F) {
	f.Add(sps265, []byte{0x62, 1, 0x93, 0xAF, 0x12}, []byte{0x62, 1, 0x53, 3}, uint16(1))                                                         // a picture in pieces
	f.Add([]byte{0x60, 1, 0, 2, 0x42, 1, 0, 1, 0x44, 0xFF, 0xFF}, []byte{0, 0, 0, 1, 0x28, 1, 0xAF, 0, 0, 1, 0x02, 1, 0xD0}, []byte{}, uint16(2)) // lengths, start codes
	f.Add([]byte{0x64, 1, 0x26, 0x10, 0xEE, 0xAF, 0x12, 0x34}, []byte{0x64, 1, 0x62, 0x00, 0x93, 0xAF}, []byte{0x64, 1, 0x64, 0xF0}, uint16(1))   // PACI
	f.Add([]byte{0x2A, 1, 0xAC, 0x12}, []byte{0x10, 1, 0xE0, 0x12}, []byte{0x4A, 1}, uint16(0xAAAA))                                              // CRA, RASL, the end
	fuzzPackets(f, func() unitCodec { return new(h265Codec) }, 2, vps265, sps265, pps265)
}

func fuzzPackets(f *testing.F, codec func() unitCodec, header int, sets ...[]byte) {
	f.Fuzz(func(t *testing.T, a, b, c []byte, step uint16) {
		announced := codec()
		announced.announce(sets...)
		r := newUnits(t, announced)
		for i, payload := range [][]byte{a, b, c, a, c, b, a} {
			r.Packet(&rtp.Packet{Header: rtp.Header{SequenceNumber: uint16(i) * (step%3 + 1), Timestamp: uint32(i) / 2 * uint32(step), Marker: step>>i&1 == 1}, Payload: bytes.Clone(payload)}, time.Now())
		}
		if r.err != nil && !errors.Is(r.err, media.ErrBadParameterSets) {
			t.Fatal(r.err)
		}
		for _, frame := range r.frames {
			for data := frame.Data; len(data) > 0; {
				size := int(binary.BigEndian.Uint32(data))
				if size < header {
					t.Fatalf("unit of %d bytes", size)
				}
				data = data[4+size:]
			}
		}
	})
}

// Parameter sets of x264 and of x265 for 1280x720.
var (
	smallSPS  = []byte{0x67, 0x64, 0x00, 0x1f, 0xac, 0xd9, 0x40, 0x50, 0x05, 0xbb, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10, 0x00, 0x00, 0x03, 0x03, 0xc0, 0xf1, 0x83, 0x19, 0x60}
	smallPPS  = []byte{0x68, 0xeb, 0xe3, 0xcb, 0x22, 0xc0}
	vps265, _ = hex.DecodeString("40010c01ffff01600000030090000003000003005d959009")
	sps265, _ = hex.DecodeString("42010101600000030090000003000003005da00280802d16595912930bc05a020000030002000003003210")
	pps265    = []byte{0x44, 0x01, 0xC0, 0x73, 0xC1, 0x89}
)

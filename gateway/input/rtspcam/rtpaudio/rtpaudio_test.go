package rtpaudio

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/format/rtpmpeg4audio"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/g711"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	"github.com/pion/rtp"
	"go.uber.org/goleak"

	"framegate/gateway/input/rtspcam/rtptrack"
	"framegate/gateway/media"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Descriptions of what cameras send.
var (
	aacMono = Description{PayloadType: 97, Encoding: "MPEG4-GENERIC", Rate: 16000, Channels: 1, Parameters: map[string]string{
		"mode": "AAC-hbr", "config": "1408", "sizelength": "13", "indexlength": "3", "indexdeltalength": "3"}}
	opusStereo = Description{PayloadType: 98, Encoding: "OPUS", Rate: 48000, Channels: 2, Parameters: map[string]string{"sprop-stereo": "1"}}
	pcma       = Description{PayloadType: 8, Encoding: "PCMA", Rate: 8000, Channels: 1}
	l16        = Description{PayloadType: 99, Encoding: "L16", Rate: 16000, Channels: 2}
)

// ear is a Receiver and what it gave.
type ear struct {
	*Receiver
	pictures rtptrack.Clock
	frames   []media.Frame // but not the first, which only announces
	troubles []error
	now      time.Time
	number   uint16
	ticks    uint32
	ends     map[*rtp.Packet]time.Time // when the sound in a packet ends
}

// listen makes an ear for a stream, beside pictures that began a second ago.
func listen(t *testing.T, d Description, ordered bool) *ear {
	t.Helper()
	s, err := NewStream(d)
	if err != nil {
		t.Fatal(err)
	}
	e := &ear{pictures: rtptrack.Clock{Rate: 90000}, now: time.Unix(1_700_000_000, 0), number: 65530, ticks: 0xFFFFF000, ends: make(map[*rtp.Packet]time.Time)}
	e.Receiver = New(Options{
		Emit:     func(f media.Frame) { e.frames = append(e.frames, f) },
		Pictures: &e.pictures,
		Trouble:  func(err error) { e.troubles = append(e.troubles, err) },
	})
	e.Begin(s, ordered)
	if len(e.frames) != 1 || len(e.frames[0].Data) != 0 || e.frames[0].Format != s.Format {
		t.Fatalf("announced: %+v", e.frames)
	}
	e.frames = nil
	for i := range 25 {
		e.pictures.Stamp(1, uint32(i)*3600, e.now.Add(time.Duration(i-25)*40*time.Millisecond))
	}
	t.Cleanup(e.End)
	return e
}

// packet makes the next packet, with so much time of sound.
func (e *ear) packet(payload []byte, ticks uint32) *rtp.Packet {
	p := &rtp.Packet{Header: rtp.Header{Version: 2, Marker: true, PayloadType: e.kind, SequenceNumber: e.number, Timestamp: e.ticks, SSRC: 7}, Payload: payload}
	e.number++
	e.ticks += ticks
	e.now = e.now.Add(time.Duration(ticks) * time.Second / time.Duration(e.place.Rate))
	e.ends[p] = e.now
	return p
}

// hear takes packets as they come off the network.
func (e *ear) hear(t *testing.T, packets ...*rtp.Packet) {
	t.Helper()
	for _, p := range packets {
		b, err := p.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		arrived, ok := e.ends[p]
		if !ok {
			arrived = e.now
		}
		e.Bytes(b, arrived)
		for i := range b {
			b[i] = 0xEE // the buffer is used again
		}
	}
}

// want demands this data of frames, one behind another in time.
func (e *ear) want(t *testing.T, data ...[]byte) {
	t.Helper()
	if len(e.frames) != len(data) {
		t.Fatalf("%d frames, want %d; trouble: %v", len(e.frames), len(data), e.troubles)
	}
	for i, f := range e.frames {
		if !bytes.Equal(f.Data, data[i]) {
			t.Errorf("frame %d is %x, want %x", i, f.Data, data[i])
		}
		if i == 0 {
			continue
		}
		before := e.frames[i-1]
		if gap := f.PTS - before.PTS - before.Duration(); gap.Abs() > time.Millisecond {
			t.Errorf("frame %d comes %v after the one before", i, gap)
		}
	}
}

// units are n units of AAC that differ, of a size.
func units(n, size int) (all [][]byte) {
	for i := range n {
		all = append(all, bytes.Repeat([]byte{byte(i)}, size))
	}
	return all
}

// withHeaders is a packet's payload with the units as RFC 3640 wants them.
func withHeaders(units ...[]byte) []byte {
	b := []byte{0, byte(16 * len(units))}
	for _, u := range units {
		b = append(b, byte(len(u)>>5), byte(len(u)<<3))
	}
	return append(b, bytes.Join(units, nil)...)
}

// withADTS is a unit with the head of a file.
func withADTS(t *testing.T, rate, channels int, unit []byte) []byte {
	t.Helper()
	b, err := mpeg4audio.ADTSPackets{{Type: mpeg4audio.ObjectTypeAACLC, SampleRate: rate, ChannelCount: channels, AU: unit}}.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestAAC: one unit in a packet, several, and one in several packets, with marks or
// without.
func TestAAC(t *testing.T) {
	want := units(6, 300)
	large := units(1, 2500)[0]
	for name, send := range map[string]func(e *ear) []*rtp.Packet{
		"one in each": func(e *ear) (all []*rtp.Packet) {
			for _, u := range want {
				all = append(all, e.packet(withHeaders(u), 1024))
			}
			return all
		},
		"several in each": func(e *ear) []*rtp.Packet {
			return []*rtp.Packet{e.packet(withHeaders(want[:2]...), 2048), e.packet(withHeaders(want[2:]...), 4096)}
		},
		"without marks": func(e *ear) (all []*rtp.Packet) {
			for _, u := range want {
				p := e.packet(withHeaders(u), 1024)
				p.Marker = false
				all = append(all, p)
			}
			return all
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := listen(t, aacMono, true)
			e.hear(t, send(e)...)
			e.want(t, want...)
			if len(e.troubles) > 0 {
				t.Error(e.troubles)
			}
		})
	}
	for name, said := range map[string]func(piece int) int{
		"in pieces, with the size of all":       func(int) int { return len(large) },
		"in pieces, with the size of the piece": func(piece int) int { return piece },
	} {
		t.Run(name, func(t *testing.T) {
			e := listen(t, aacMono, true)
			for pieces := range 2 {
				for at := 0; at < len(large); at += 1200 {
					piece := large[at:min(len(large), at+1200)]
					size := said(len(piece))
					p := e.packet(append([]byte{0, 16, byte(size >> 5), byte(size << 3)}, piece...), 0)
					p.Marker = at+1200 >= len(large)
					if pieces == 1 && at > 0 {
						p.SequenceNumber++ // one is missing, and so is the unit
						e.number++
					}
					e.hear(t, p)
				}
				e.ticks += 1024
				e.now = e.now.Add(64 * time.Millisecond)
			}
			e.want(t, large)
		})
	}
}

// TestAACOfGortsplib: what its encoder makes of units is understood.
func TestAACOfGortsplib(t *testing.T) {
	want := append(units(3, 200), units(1, 3000)...)
	encoder := &rtpmpeg4audio.Encoder{PayloadType: 97, SizeLength: 13, IndexLength: 3, IndexDeltaLength: 3}
	if err := encoder.Init(); err != nil {
		t.Fatal(err)
	}
	packets, err := encoder.Encode(want)
	if err != nil {
		t.Fatal(err)
	}
	e := listen(t, aacMono, true)
	e.hear(t, packets...)
	e.want(t, want...)
}

// TestAACWithHeadsOfFiles: some cameras put ADTS into packets, and it has the last
// word on the format.
func TestAACWithHeadsOfFiles(t *testing.T) {
	u := units(4, 100)
	for name, payload := range map[string]func(i int) []byte{
		"within RFC 3640": func(i int) []byte { return withHeaders(withADTS(t, 16000, 1, u[i])) },
		"instead of it":   func(i int) []byte { return withADTS(t, 16000, 1, u[i]) },
		"with a checksum": func(i int) []byte { return withHeaders(checked(withADTS(t, 16000, 1, u[i]))) },
		"only in part": func(i int) []byte {
			return withHeaders(map[bool][]byte{true: withADTS(t, 16000, 1, u[i]), false: u[i]}[i == 1])
		},
		"with a few units": func(i int) []byte { return withHeaders(withADTS(t, 16000, 1, u[i])) },
	} {
		t.Run(name, func(t *testing.T) {
			e := listen(t, aacMono, true)
			for i := range u {
				e.hear(t, e.packet(payload(i), 1024))
			}
			e.want(t, u...)
		})
	}
	e := listen(t, aacMono, true)
	e.hear(t, e.packet(withADTS(t, 16000, 1, u[0]), 1024), e.packet(withADTS(t, 48000, 2, u[1]), 1024), e.packet(withADTS(t, 48000, 2, u[2]), 1024))
	if len(e.frames) != 3 {
		t.Fatalf("%d frames", len(e.frames))
	}
	first, second, third := e.frames[0].Format, e.frames[1].Format, e.frames[2].Format
	if first.Rate != 16000 || second.Rate != 48000 || second.Channels != 2 || second != third {
		t.Errorf("formats: %+v, %+v", first, second)
	}
	e.hear(t, e.packet([]byte{0xFF, 0xF1, 0xFF, 0, 0, 0, 0, 0}, 0))
	if len(e.frames) != 3 || len(e.troubles) != 1 {
		t.Errorf("%d frames of a broken head, trouble %v", len(e.frames)-3, e.troubles)
	}
}

// checked gives ADTS a checksum, which nobody checks.
func checked(adts []byte) []byte {
	b := slices.Insert(slices.Clone(adts), 7, 0xAB, 0xCD)
	size := len(b)
	b[1] &^= 1
	b[3], b[4], b[5] = b[3]&^3|byte(size>>11), byte(size>>3), b[5]&0x1F|byte(size<<5)
	return b
}

// TestLATM: the units of elements, in one packet or several.
func TestLATM(t *testing.T) {
	layer := &mpeg4audio.StreamMuxConfigLayer{AudioSpecificConfig: &mpeg4audio.AudioSpecificConfig{Type: mpeg4audio.ObjectTypeAACLC, SampleRate: 16000, ChannelConfig: 1}}
	mux := &mpeg4audio.StreamMuxConfig{NumSubFrames: 1, Programs: []*mpeg4audio.StreamMuxConfigProgram{{Layers: []*mpeg4audio.StreamMuxConfigLayer{layer}}}}
	config, err := mux.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	d := Description{PayloadType: 97, Encoding: "MP4A-LATM", Rate: 16000, Channels: 1, Parameters: map[string]string{"config": hex.EncodeToString(config), "cpresent": "0"}}
	e := listen(t, d, true)
	want := units(6, 150)
	for i := 0; i < len(want); i += 2 {
		element, err := mpeg4audio.AudioMuxElement{StreamMuxConfig: mux, Payloads: [][][][]byte{{{want[i]}}, {{want[i+1]}}}}.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		p := e.packet(element[:100], 0)
		p.Marker = false
		e.hear(t, p, e.packet(element[100:], 2048))
	}
	e.want(t, want...)
	e.hear(t, e.packet([]byte{0xFF, 0xFF, 1}, 2048))
	if len(e.troubles) != 1 {
		t.Errorf("trouble: %v", e.troubles)
	}
}

// TestOpus: each packet is a frame, and lasts as long as it says.
func TestOpus(t *testing.T) {
	e := listen(t, opusStereo, true)
	var want [][]byte
	for i, toc := range []byte{0x78 | 4, 0x70 | 4, 0xF8 | 4} { // 20 ms, 10 ms, 20 ms
		packet := []byte{toc, byte(i), 1, 2}
		want = append(want, packet)
		e.hear(t, e.packet(packet, []uint32{960, 480, 960}[i]))
	}
	e.want(t, want...)
	if e.frames[0].Format.Channels != 2 || e.frames[1].Duration() != 10*time.Millisecond {
		t.Errorf("%d channels, and 10 ms are %v", e.frames[0].Format.Channels, e.frames[1].Duration())
	}
	e.hear(t, e.packet([]byte{0x7B, 0}, 960), e.packet(nil, 960), e.packet(make([]byte, maxUnit+1), 960))
	if len(e.frames) != len(want) || len(e.troubles) != 1 {
		t.Errorf("%d frames of what is none, trouble %v", len(e.frames)-len(want), e.troubles)
	}
}

// TestSamplesOfAnySize: frames have 20 to 100 ms, whatever packets have, and no
// sample is lost.
func TestSamplesOfAnySize(t *testing.T) {
	for _, size := range []int{1, 7, 80, 159, 160, 161, 240, 800, 801, 1000, 4000} {
		t.Run(fmt.Sprint(size, " bytes"), func(t *testing.T) {
			e := listen(t, pcma, true)
			var sent, got []byte
			for len(sent) < 4000 {
				payload := make([]byte, size)
				for i := range payload {
					payload[i] = byte(len(sent) + i)
				}
				sent = append(sent, payload...)
				e.hear(t, e.packet(payload, uint32(size)))
			}
			for i, f := range e.frames {
				if d := f.Duration(); d < 20*time.Millisecond || d > 100*time.Millisecond {
					t.Errorf("a frame of %v", d)
				}
				if i > 0 && (f.PTS-e.frames[i-1].PTS-e.frames[i-1].Duration()).Abs() > time.Millisecond {
					t.Errorf("frame %d is not where the one before ends", i)
				}
				got = append(got, f.Data...)
			}
			if !bytes.HasPrefix(sent, got) || len(sent)-len(got) >= 160 {
				t.Errorf("%d samples of %d", len(got), len(sent))
			}
		})
	}
}

// TestL16IsMadeG711: nothing here encodes sound but to that.
func TestL16IsMadeG711(t *testing.T) {
	e := listen(t, l16, true)
	linear := make([]byte, 4*16*20) // 20 ms
	for i := range linear {
		linear[i] = byte(i * 7)
	}
	want, err := g711.Mulaw(linear).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	e.hear(t, e.packet(linear, 320))
	e.want(t, want)
	if f := e.frames[0].Format; f.Codec != media.PCMU || f.Rate != 16000 || f.Channels != 2 {
		t.Errorf("made %+v", f)
	}
}

// TestLossAndOrder: packets over UDP come late and twice, and some never; nobody
// waits for those for long.
func TestLossAndOrder(t *testing.T) {
	want := units(12, 100)
	for name, c := range map[string]struct {
		order   []int
		missing []int
	}{
		"late":             {[]int{0, 2, 1, 3, 5, 4, 6, 7, 8, 9, 10, 11}, nil},
		"twice":            {[]int{0, 0, 1, 1, 2, 2, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11}, nil},
		"missing":          {[]int{0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11}, []int{3}},
		"several missing":  {[]int{0, 1, 2, 8, 9, 10, 11}, []int{3, 4, 5, 6, 7}},
		"late past waking": {[]int{0, 2, 3, 4, 5, 1, 6, 7, 8, 9, 10, 11}, []int{1}},
	} {
		t.Run(name, func(t *testing.T) {
			e := listen(t, aacMono, false)
			var packets []*rtp.Packet
			for _, u := range want {
				packets = append(packets, e.packet(withHeaders(u), 1024))
			}
			start := e.now.Add(-12 * 64 * time.Millisecond)
			for n, i := range c.order {
				e.Packet(packets[i], start.Add(time.Duration(max(i, n)+1)*64*time.Millisecond))
			}
			var got []int
			for _, f := range e.frames {
				i := int(f.Data[0])
				got = append(got, i)
				if off := f.PTS - e.frames[0].PTS - time.Duration(i)*64*time.Millisecond; off.Abs() > 12*time.Millisecond {
					t.Errorf("frame %d is %v off", i, off)
				}
			}
			var all []int
			for i := range want {
				if !slices.Contains(c.missing, i) {
					all = append(all, i)
				}
			}
			if !slices.Equal(got, all) {
				t.Errorf("got %v, want %v", got, all)
			}
		})
	}
}

// TestFloodIsBounded: more sound than anybody could hear is left out, and what is
// kept of it has an end.
func TestFloodIsBounded(t *testing.T) {
	e := listen(t, opusStereo, true)
	for range 30_000 {
		p := e.packet([]byte{0x78, 1}, 0) // 20 ms each, in no time
		e.hear(t, p)
	}
	if n := len(e.frames); n == 0 || n > int(maxAhead/(20*time.Millisecond)) || len(e.troubles) != 1 || !errors.Is(e.troubles[0], errTooFast) {
		t.Errorf("%d frames, trouble %v", n, e.troubles)
	}
	e.frames = nil
	e.now = e.now.Add(time.Minute)
	e.hear(t, e.packet([]byte{0x78, 1}, 960))
	if len(e.frames) != 1 {
		t.Error("sound does not come back after a flood")
	}
}

// BenchmarkBytes is what a packet of sound costs.
func BenchmarkBytes(b *testing.B) {
	for name, d := range map[string]Description{"AAC": aacMono, "G.711": pcma} {
		b.Run(name, func(b *testing.B) {
			s, err := NewStream(d)
			if err != nil {
				b.Fatal(err)
			}
			pictures := &rtptrack.Clock{Rate: 90000}
			now := time.Unix(1_700_000_000, 0)
			pictures.Stamp(1, 0, now)
			frames := 0
			r := New(Options{Emit: func(media.Frame) { frames++ }, Pictures: pictures, Trouble: func(err error) { b.Error(err) }})
			r.Begin(s, true)
			payload, ticks := withHeaders(make([]byte, 300)), uint32(1024)
			if d.Encoding == "PCMA" {
				payload, ticks = make([]byte, 160), 160
			}
			packet, err := (&rtp.Packet{Header: rtp.Header{Version: 2, Marker: true, PayloadType: d.PayloadType}, Payload: payload}).Marshal()
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for i := uint32(0); b.Loop(); i++ {
				binary.BigEndian.PutUint16(packet[2:], uint16(i))
				binary.BigEndian.PutUint32(packet[4:], i*ticks)
				now = now.Add(time.Duration(ticks) * time.Second / time.Duration(d.Rate))
				r.Bytes(packet, now)
			}
			if frames < 2 {
				b.Errorf("%d frames", frames)
			}
		})
	}
}

// FuzzPackets: whatever comes, of whatever is described, frames are within their
// limits.
func FuzzPackets(f *testing.F) {
	for i := range fuzzed {
		f.Add(uint8(i), withHeaders(units(2, 20)...), withHeaders([]byte{1, 2, 3}), uint32(1024), true)
		f.Add(uint8(i), []byte{0xFF, 0xF1, 0x60, 0x40, 1, 0x7F, 0xFC, 1, 2, 3, 4}, []byte{0, 16, 0xFF, 0xF8, 1, 2}, uint32(0), false)
		f.Add(uint8(i), []byte{}, []byte{0x7B, 0xFF, 0xFF}, uint32(1<<31), true)
	}
	f.Fuzz(func(t *testing.T, which uint8, first, second []byte, ticks uint32, marker bool) {
		e := listen(t, fuzzed[int(which)%len(fuzzed)], true)
		for i := range 6 {
			p := e.packet([][]byte{first, second}[i%2], 0)
			p.Marker = marker || i%3 == 0
			p.Timestamp = ticks * uint32(i/2)
			e.Packet(p, e.now)
			e.now = e.now.Add(50 * time.Millisecond)
		}
		for _, f := range e.frames {
			if len(f.Data) == 0 || len(f.Data) > maxUnit || f.Duration() <= 0 || f.PTS < 0 {
				t.Fatalf("%d bytes, %v long, at %v", len(f.Data), f.Duration(), f.PTS)
			}
		}
		if e.closed {
			t.Fatal("panicked")
		}
	})
}

var fuzzed = []Description{
	aacMono, opusStereo, pcma, l16,
	{PayloadType: 97, Encoding: "MPEG4-GENERIC", Rate: 16000, Channels: 1, Parameters: map[string]string{"mode": "aac-LBR", "config": "1408"}},
	{PayloadType: 97, Encoding: "MPEG4-GENERIC", Channels: 1, Parameters: map[string]string{"config": "1408", "sizelength": "0", "indexlength": "16"}},
	{PayloadType: 97, Encoding: "MP4A-LATM", Rate: 16000, Channels: 1, Parameters: map[string]string{"config": "40002810", "cpresent": "0"}},
}

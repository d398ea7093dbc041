package device

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// unitOf gives n bytes that differ from those of other units.
func unitOf(n int) []byte {
	b := make([]byte, n)
	random := rand.New(rand.NewPCG(uint64(n), 1))
	for i := range b {
		b[i] = byte(random.Uint32())
	}
	return b
}

func TestUnitsAreGivenWithTheirLastByte(t *testing.T) {
	for _, bounded := range []bool{false, true} {
		m := newMuxer()
		m.bounded = bounded
		m.tables(streamTypeH264)
		var units []got
		d, held := demuxer{maxUnit: 1 << 20}, 0
		for n := 1; n <= 1000; n++ {
			m.unit(uint64(n), unitOf(n))
			if err := d.feed(m.flush(), keep(&units)); err != nil {
				t.Fatal(err)
			}
			if len(units) == n {
				continue
			}
			held++
			if (14+n)%184 != 0 || bounded {
				t.Errorf("bounded %v: a unit of %d bytes is held back", bounded, n)
			}
			m.unit(0, unitOf(1)) // brings it
			if err := d.feed(m.flush(), keep(&units)); err != nil {
				t.Fatal(err)
			}
			units = units[:n]
		}
		if want := map[bool]int{false: 1014 / 184, true: 0}[bounded]; held != want {
			t.Errorf("bounded %v: %d units were held back, want %d", bounded, held, want)
		}
		for i, u := range units {
			if u.PTS != uint64(i+1) || u.Data != string(unitOf(i+1)) || u.Lost && i > 0 {
				t.Fatalf("bounded %v: unit %d: stamp %d, %d bytes, lost %v", bounded, i+1, u.PTS, len(u.Data), u.Lost)
			}
		}
	}
}

// mixture is a stream of four units with all that may stand before, between
// and within them.
func mixture() []byte {
	m := newMuxer()
	m.tables(0x0F, streamTypeH264)
	for i := range 4 {
		p := pesOf(uint64(i), unitOf(250*i+300), i%2 == 1)
		clock := append([]byte{7, 0x50}, make([]byte, 6)...) // and nothing beyond: no stuffing
		m.packet(testVideo+1, true, clock, p[:176])
		m.packet(testVideo+1, false, stuffing(184), nil)
		m.packet(0x1FFF, false, nil, make([]byte, 184))
		m.pes(testVideo, pesOf(uint64(i), unitOf(50), true))
		m.tables(0x0F, streamTypeH264)
		m.more(testVideo+1, p[176:])
	}
	return append([]byte("what was GOing on"), m.flush()...)
}

// more continues a PES packet.
func (m *muxer) more(pid uint16, p []byte) {
	for len(p) > 0 {
		n := min(len(p), 184)
		m.packet(pid, false, stuffing(184-n), p[:n])
		p = p[n:]
	}
}

func TestEverySplit(t *testing.T) {
	b := mixture()
	var want []got
	for i := range 4 {
		want = append(want, got{PTS: uint64(i), Lost: i == 0, Data: string(unitOf(250*i + 300))})
	}
	for i := range b {
		if diff := cmp.Diff(want, demuxed(t, b[:i], b[i:])); diff != "" {
			t.Fatalf("split at %d: %s", i, diff)
		}
	}
	if diff := cmp.Diff(want, demuxed(t, slices.Collect(slices.Chunk(b, 1))...)); diff != "" {
		t.Fatalf("byte by byte: %s", diff)
	}
}

func TestEveryPacketTwice(t *testing.T) {
	b := mixture()[len("what was GOing on"):]
	var twice []byte
	for packet := range slices.Chunk(b, packetSize) {
		twice = append(append(twice, packet...), packet...)
	}
	if diff := cmp.Diff(demuxed(t, b), demuxed(t, twice)); diff != "" {
		t.Error(diff)
	}
}

// TestLossNeverGivesHalfAUnit takes each packet of the video out, damages it,
// and puts garbage into its place.
func TestLossNeverGivesHalfAUnit(t *testing.T) {
	m := newMuxer()
	m.tables(streamTypeH264)
	tables := len(m.out)
	for i := range 8 {
		m.unit(uint64(i), unitOf(400+i))
	}
	whole := m.flush()
	for at := tables; at < len(whole); at += packetSize {
		damaged := bytes.Clone(whole)
		damaged[at+1] |= 0x80
		damaged[at+packetSize-1]++
		cut := append(bytes.Clone(whole[:at]), whole[at+packetSize:]...)
		garbage := append(append(bytes.Clone(whole[:at]), "\x47garbage\x47"...), whole[at+packetSize:]...)
		for name, b := range map[string][]byte{"cut": cut, "damaged": damaged, "garbage": garbage} {
			units := demuxed(t, b)
			missing := (at - tables) / packetSize / 3
			for i, u := range units {
				n := int(u.PTS)
				if n < missing && i != n || u.Data != string(unitOf(400+n)) {
					t.Fatalf("%s at %d: unit %d of stamp %d has %d bytes", name, at, i, n, len(u.Data))
				}
				if after := i > 0 && n != int(units[i-1].PTS)+1; after && !u.Lost {
					t.Errorf("%s at %d: nothing says that a unit before %d is missing", name, at, n)
				}
			}
			if len(units) < 5 {
				t.Errorf("%s at %d: %d units are left of 8", name, at, len(units))
			}
		}
	}
}

// TestStuffingWithinUnits has a sender of which the end of a unit cannot be
// seen: the first is cut, and the others wait for the next.
func TestStuffingWithinUnits(t *testing.T) {
	m := newMuxer()
	m.tables(streamTypeH264)
	for i := range 4 {
		p := pesOf(uint64(i), unitOf(300), false)
		m.packet(testVideo, true, stuffing(84), p[:100])
		m.more(testVideo, p[100:])
	}
	want := []got{{0, true, string(unitOf(300)[:86])}, {1, true, string(unitOf(300))}, {2, false, string(unitOf(300))}}
	if diff := cmp.Diff(want, demuxed(t, m.flush())); diff != "" {
		t.Error(diff)
	}
}

// TestStuffingWithinUnitsOfKnownLength has one whose PES packets tell their
// length: nothing is cut, and nothing waits.
func TestStuffingWithinUnitsOfKnownLength(t *testing.T) {
	m := newMuxer()
	m.tables(streamTypeH264)
	var want []got
	for i := range 3 {
		p := pesOf(uint64(i), unitOf(300), true)
		m.packet(testVideo, true, stuffing(84), p[:100])
		m.more(testVideo, p[100:])
		want = append(want, got{uint64(i), i == 0, string(unitOf(300))})
	}
	if diff := cmp.Diff(want, demuxed(t, m.flush())); diff != "" {
		t.Error(diff)
	}
}

func TestStuffingIsToldFromWhatAFieldCarries(t *testing.T) {
	for field, want := range map[string]bool{
		"":                             true,
		"\x00":                         true,
		"\x00\xFF":                     true,
		"\x40":                         false, // random access
		"\x40\xFF":                     true,
		"\x50123456":                   false, // and a clock reference
		"\x50123456\xFF":               true,
		"\x18123456123456":             false, // and the original one
		"\x18123456123456\xFF":         true,
		"\x04\x03":                     false, // splice countdown
		"\x04\x03\xFF":                 true,
		"\x03\x02ab\x01x":              false, // private data and extension
		"\x03\x02ab\x01x\xFF":          true,
		"\x02\x09ab":                   false, // longer than the field
		"\x01":                         false,
		"\x5F1234561234560\x01a\x01bX": true,
	} {
		if got := hasStuffing([]byte(field)); got != want {
			t.Errorf("%q: %v, want %v", field, got, want)
		}
	}
}

// TestUnitsInSeveralPESPackets has units of which only the first PES packet
// has a time stamp.
func TestUnitsInSeveralPESPackets(t *testing.T) {
	m := newMuxer()
	m.tables(streamTypeH264)
	m.bounded = true
	for i := range 4 {
		m.unit(uint64(i), unitOf(300))
		m.pes(testVideo, append([]byte{0, 0, 1, 0xE0, 0, 200 + 3, 0x80, 0, 0}, unitOf(200)...))
	}
	both := string(unitOf(300)) + string(unitOf(200))
	want := []got{{0, true, string(unitOf(300))}, {1, true, both}, {2, false, both}}
	if diff := cmp.Diff(want, demuxed(t, m.flush())); diff != "" {
		t.Error(diff)
	}
}

func TestTables(t *testing.T) {
	pat := func(pids ...uint16) []byte {
		body := []byte{0, 0, 0xE0, 0x10}
		for i, pid := range pids {
			body = append(body, 0, byte(i+1), 0xE0|byte(pid>>8), byte(pid))
		}
		return sectionOf(tablePAT, body)
	}
	damaged := pmtOf(testVideo+9, streamTypeH264)
	damaged[15] ^= 1
	notYet := pmtOf(testVideo+9, streamTypeH264)
	notYet[5] &^= 1
	notYet = binary.BigEndian.AppendUint32(notYet[:len(notYet)-4], checksum(notYet[:len(notYet)-4]))
	for name, write := range map[string]func(m *muxer){
		"plain":        func(m *muxer) { m.tables(streamTypeH264) },
		"H.265":        func(m *muxer) { m.tables(streamTypeH265) },
		"two of H.265": func(m *muxer) { m.tables(streamTypeH265, streamTypeH265) },
		"H.265 beside": func(m *muxer) {
			m.section(0, pat(testPMT))
			m.section(testPMT, pmtOf(testVideo-1, streamTypeH265, streamTypeH264))
		},
		"another codec now": func(m *muxer) { m.tables(streamTypeH264); m.unit(1, unitOf(170)); m.tables(streamTypeH265) },
		"after audio": func(m *muxer) {
			m.section(0, pat(testPMT))
			m.section(testPMT, pmtOf(testVideo-2, 0x0F, 0x06, streamTypeH264))
		},
		"of many programs": func(m *muxer) {
			m.section(0, pat(append([]uint16{testPMT}, make([]uint16, 200)...)...))
			m.tables(streamTypeH264)
		},
		"of many streams": func(m *muxer) {
			m.section(0, pat(testPMT))
			m.section(testPMT, pmtOf(testVideo-99, append(bytes.Repeat([]byte{6}, 99), streamTypeH264)...))
		},
		"other one before": func(m *muxer) {
			m.section(0, pat(testPMT))
			m.section(testPMT, append(sectionOf(0xC0, make([]byte, 99)), pmtOf(testVideo, streamTypeH264)...))
		},
		"empty at first": func(m *muxer) { m.tables(); m.tables(streamTypeH264) },
		"video moves": func(m *muxer) {
			m.section(0, pat(testPMT))
			m.section(testPMT, pmtOf(testVideo+9, streamTypeH264))
			m.tables(streamTypeH264)
		},
		"program moves": func(m *muxer) {
			m.section(0, pat(0x200))
			m.section(0x200, pmtOf(testVideo+9, streamTypeH264))
			m.section(0, pat(testPMT))
			m.pes(testVideo+9, pesOf(1, unitOf(9), true))
			m.tables(streamTypeH264)
		},
		"damaged ones":  func(m *muxer) { m.tables(streamTypeH264); m.section(testPMT, damaged); m.section(testPMT, damaged[:9]) },
		"not valid yet": func(m *muxer) { m.tables(streamTypeH264); m.section(testPMT, notYet) },
		"without beginning": func(m *muxer) {
			m.packet(0, false, nil, make([]byte, 184))
			m.packet(0, true, nil, bytes.Repeat([]byte{0xFF}, 184))
			m.tables(streamTypeH264)
		},
	} {
		m := newMuxer()
		write(m)
		m.unit(7, unitOf(20))
		want := []got{{7, true, string(unitOf(20))}}
		if diff := cmp.Diff(want, demuxed(t, m.flush())); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestStreamsThatAreRefused(t *testing.T) {
	for want, write := range map[string]func(m *muxer){
		"the stream has neither H.264 nor H.265 video, but H.266":        func(m *muxer) { m.tables(0x0F, 0x33) },
		"the stream has neither H.264 nor H.265 video, but MPEG-2 video": func(m *muxer) { m.tables(0x02) },
		"the stream has no video of H.264 or H.265":                      func(m *muxer) { m.tables(0x0F, 0x06) },
		"the video is scrambled": func(m *muxer) {
			m.tables(streamTypeH264)
			m.unit(0, unitOf(20))
			m.out[len(m.out)-packetSize+3] |= 0x80
		},
		"a picture is larger than the limit of 1048576 bytes": func(m *muxer) {
			m.tables(streamTypeH264)
			m.unit(0, make([]byte, 1<<20+1))
		},
		"no MPEG transport stream: no packets in what is sent": func(m *muxer) {
			m.out = append(m.out, strings.Repeat("Gateway to nothing ", 5000)...)
		},
	} {
		m := newMuxer()
		write(m)
		if _, err := demux(m.flush()); err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

// TestEndlessGarbageIsRefusedSoon holds that noise, in which two bytes may well
// stand as those of two packets, is not read forever nor kept.
func TestEndlessGarbageIsRefusedSoon(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	d, fed := demuxer{maxUnit: 1 << 20}, 0
	for {
		b := make([]byte, 1000)
		for i := range b {
			b[i] = byte(random.Uint32())
		}
		b[0], b[packetSize] = syncByte, syncByte // by chance
		if err := d.feed(b, func(unit) error { return errors.New("a unit of noise") }); err == errNoSync {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if fed += len(b); fed > 2*maxSkipped || len(d.buf) > 2*packetSize {
			t.Fatalf("%d bytes were taken, %d are kept", fed, len(d.buf))
		}
	}
}

// FuzzDemuxer holds that no bytes make the demuxer panic or give a unit beyond
// its limit, and that it does not matter how they are split.
func FuzzDemuxer(f *testing.F) {
	f.Add(mixture(), 500)
	m := newMuxer()
	m.tables(0x33)
	f.Add(m.flush(), 3)
	for _, sound := range []string{"adts.ts", "latm.ts", "opus.ts"} {
		b, err := os.ReadFile(filepath.Join("testdata", sound))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, 1000)
		for at := 300; at < len(b); at += 997 { // lengths and heads that lie
			lies := bytes.Clone(b)
			lies[at] ^= 0x5F
			f.Add(lies, at)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte, at int) {
		const maxUnit = 1000
		at = max(0, min(at, len(b)))
		run := func(pieces ...[]byte) (units []got, err error) {
			d := demuxer{maxUnit: maxUnit, heard: func(u soundUnit) {
				if len(u.data) > maxSoundUnit || u.format == nil {
					t.Fatalf("sound of %d bytes, format %v", len(u.data), u.format)
				}
				units = append(units, got{PTS: u.stamp, Data: string(u.data)})
			}}
			for _, piece := range pieces {
				if err = d.feed(piece, keep(&units)); err != nil {
					break
				}
			}
			return units, err
		}
		whole, err := run(b)
		split, splitErr := run(b[:at], b[at:])
		if diff := cmp.Diff(whole, split); diff != "" || fmt.Sprint(err) != fmt.Sprint(splitErr) {
			t.Fatalf("%v, split %v: %s", err, splitErr, diff)
		}
		for _, u := range whole {
			if len(u.Data) > maxUnit {
				t.Fatalf("a unit of %d bytes", len(u.Data))
			}
		}
	})
}

// BenchmarkDemuxer takes apart pictures of 20 KB, which 4 Mbit/s give at 25 a
// second.
func BenchmarkDemuxer(b *testing.B) {
	m := newMuxer()
	m.tables(streamTypeH264)
	d := demuxer{maxUnit: 1 << 20}
	data := unitOf(20_000)
	for range 16 { // so that the counters go on where they began
		m.unit(0, data)
	}
	packets := m.flush()
	b.SetBytes(int64(len(packets)))
	b.ReportAllocs()
	for b.Loop() {
		units := 0
		if err := d.feed(packets, func(unit) error { units++; return nil }); err != nil || units != 16 {
			b.Fatalf("%d units, %v", units, err)
		}
	}
}

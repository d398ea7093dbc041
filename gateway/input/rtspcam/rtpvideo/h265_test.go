package rtpvideo

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/pion/rtp"

	"framegate/gateway/input/rtspcam/rtptest"
	"framegate/gateway/media"
	"framegate/transcode/h265"
	"framegate/transcode/nal"
)

func newH265(t testing.TB) *reception { return newUnits(t, new(h265Codec)) }

// openGOPs are parameters of x265 by which pictures come behind keyframes that
// are shown before them, and need what came before.
var openGOPs = []string{"open-gop=1:bframes=3:b-adapt=0:keyint=12:min-keyint=12", "ref=3"}

// TestH265OpenGOPs: pictures that need what came before their keyframe (RASL)
// are marked, and left out where that is missing.
func TestH265OpenGOPs(t *testing.T) {
	const n = 60
	pictures := rtptest.EncodedH265(t, n, 160, 144, openGOPs...)
	groups := rtptest.PacketsH265(t, pictures)
	skipped := func(p rtptest.Picture) bool { return slices.ContainsFunc(p, h265.IsSkipped) }
	var leading, keys []int // by their places
	for i, p := range pictures {
		switch {
		case skipped(p):
			leading = append(leading, i)
		case slices.ContainsFunc(p, h265.IsIRAP):
			keys = append(keys, i)
		}
	}
	if len(leading) < 6 || len(keys) < 3 {
		t.Fatalf("leading pictures %v, keyframes %v", leading, keys)
	}

	whole := newH265(t).take(slices.Concat(groups...))
	rtptest.WantNumbers(t, whole.frames, rtptest.Span(0, n))
	for i, f := range whole.frames {
		if f.Leading != slices.Contains(leading, i) || f.Key != slices.Contains(keys, i) || f.Format.Refreshed {
			t.Errorf("picture %d: %+v", i, f)
		}
	}

	begin, next := keys[2], keys[3]
	if !whole.frames[begin+1].Leading {
		t.Fatalf("leading pictures %v, keyframes %v", leading, keys)
	}
	want := slices.Clone(whole.frames[begin:next])
	want = slices.DeleteFunc(want, func(f media.Frame) bool { return f.Leading })
	want = append(want, whole.frames[next:]...)
	joined := newH265(t).take(slices.Concat(groups[begin-1:]...))
	rtptest.WantSame(t, "joined in the middle", joined.frames, want)
	if shown := len(rtptest.Numbers(t, joined.frames)); shown != len(want) { // a decoder leaves none out
		t.Errorf("%d pictures are shown, of %d", shown, len(want))
	}
	lossy := slices.DeleteFunc(slices.Concat(groups...), func(p *rtp.Packet) bool { return p == groups[begin-2][0] })
	rtptest.WantSame(t, "after a loss", newH265(t).take(lossy).frames, slices.Concat(whole.frames[:begin-2], want))
}

// TestH265WithoutIDR: cameras that refresh their pictures bit by bit, and say so,
// are joined at recovery points, from which on every picture is there.
func TestH265WithoutIDR(t *testing.T) {
	const n, joined = 60, 5
	pictures := rtptest.EncodedH265(t, n, 160, 144, "intra-refresh=1:keyint=10:min-keyint=1")
	for i, p := range pictures { // x265 leaves out the word
		if i%10 == 0 {
			pictures[i] = append(rtptest.Picture{{h265.TypePrefixSEI << 1, 1, 6, 1, 0xC4, 0x80}}, p...)
		}
	}
	groups := rtptest.PacketsH265(t, pictures)
	whole := newH265(t).take(slices.Concat(groups...))
	rtptest.WantNumbers(t, whole.frames, rtptest.Span(0, n))
	r := newH265(t).take(slices.Concat(groups[joined:]...))
	if len(r.frames) != n-10 || r.err != nil {
		t.Fatalf("%d frames, %v", len(r.frames), r.err)
	}
	for i, f := range r.frames {
		if f.Key != (i%10 == 0) || !f.Format.Refreshed || !bytes.Equal(f.Data, whole.frames[10+i].Data) {
			t.Errorf("frame %d: key %v, %+v", i, f.Key, f.Format)
		}
	}
}

// numbered gives packets of payloads, by pictures, as a camera sends them.
func numbered(pictures [][][]byte) (all []*rtp.Packet) {
	for i, payloads := range pictures {
		for j, payload := range payloads {
			all = append(all, &rtp.Packet{Header: rtp.Header{SequenceNumber: uint16(len(all)), Timestamp: rtptest.TicksOf(i), Marker: j == len(payloads)-1}, Payload: payload})
		}
	}
	return all
}

// TestH265Forms: whatever else comes in packets, and however it is wrapped, the
// pictures are whole, and nothing but what a decoder needs is in them.
func TestH265Forms(t *testing.T) {
	const n = 12
	pictures := rtptest.EncodedH265(t, n, 160, 144, "slices=3")
	for i, p := range pictures {
		pictures[i] = slices.DeleteFunc(p, func(unit []byte) bool { return h265.Type(unit) == h265.TypePrefixSEI })
	}
	sent := func(change func([]byte) [][]byte) *reception {
		var all [][][]byte
		for _, group := range rtptest.PacketsH265(t, pictures) {
			var payloads [][]byte
			for _, p := range group {
				payloads = append(payloads, change(p.Payload)...)
			}
			all = append(all, payloads)
		}
		return newH265(t).take(numbered(all))
	}
	want := sent(func(b []byte) [][]byte { return [][]byte{b} })
	rtptest.WantNumbers(t, want.frames, rtptest.Span(0, n))
	inPACI := func(b []byte, said int) []byte {
		wrapped := []byte{packetPACI<<1 | b[0]&1, b[1], b[0]&0x80 | b[0]&0x7E | byte(said>>4), byte(said << 4)}
		return append(append(wrapped, make([]byte, said)...), b[2:]...)
	}
	for name, change := range map[string]func([]byte) [][]byte{
		"PACI":                func(b []byte) [][]byte { return [][]byte{inPACI(b, 0)} },
		"PACI that says much": func(b []byte) [][]byte { return [][]byte{inPACI(b, 31)} },
		"another layer":       func(b []byte) [][]byte { return [][]byte{{0x02, 0x09, 0x80, 1}, b, {0x03, 0xF9, 0x80, 1}} },
		"its pieces":          func(b []byte) [][]byte { return [][]byte{{0x62, 0x09, 0x81, 0x80}, b, {0x62, 0x09, 0x41, 1}} },
		"several of it": func(b []byte) [][]byte {
			return [][]byte{b, {0x60, 0x09, 0, 4, 0x02, 0x09, 0x80, 1, 0, 4, 0x02, 0x09, 0x80, 1}}
		},
		"some of it":      func(b []byte) [][]byte { return [][]byte{appended(b, []byte{0x02, 0x09, 0x80, 1})} },
		"units of nobody": func(b []byte) [][]byte { return [][]byte{appended(b, []byte{60 << 1, 0x01, 0x80, 1})} },
		"padding":         func(b []byte) [][]byte { return [][]byte{appended(b, nil)} },
	} {
		t.Run(name, func(t *testing.T) {
			got := sent(change)
			if got.err != nil {
				t.Fatal(got.err)
			}
			rtptest.WantSame(t, "all", got.frames, want.frames)
		})
	}
}

// appended puts a NAL unit to those of a packet with one or several, and leaves
// pieces as they are.
func appended(b, unit []byte) []byte {
	switch h265.Type(b) {
	case packetFUOfH265:
		return b
	case packetAP:
		b = slices.Clone(b)
	default:
		b = append(binary.BigEndian.AppendUint16([]byte{0x60, 1}, uint16(len(b))), b...)
	}
	return append(binary.BigEndian.AppendUint16(b, uint16(len(unit))), unit...)
}

// TestH265UnitsBehindPictures are of the picture before them, not of the next,
// and are left out where that was shown already.
func TestH265UnitsBehindPictures(t *testing.T) {
	const n = 12
	hash := []byte{h265.TypeSuffixSEI << 1, 1, 132, 5, 2, 1, 2, 3, 4, 0x80}
	sei := []byte{h265.TypePrefixSEI << 1, 1, 5, 1, 0, 0x80}
	var together, late [][][]byte
	for _, p := range rtptest.EncodedH265(t, n, 160, 144) {
		together = append(together, slices.Concat([][]byte{sei}, p, [][]byte{hash}))
		late = append(late, slices.Concat([][]byte{sei}, p))
	}
	for i, f := range newH265(t).take(numbered(together)).frames {
		data := string(f.Data)
		if strings.Count(data, string(hash)) != 1 || !strings.HasPrefix(data[4:], string(sei)) {
			t.Errorf("picture %d is not what was sent", i)
		}
	}
	packets := numbered(late)
	var all []*rtp.Packet
	for _, p := range packets {
		if all = append(all, p); p.Marker {
			pieces := [][]byte{hash, {0x62, 1, 0x80 | h265.TypeSuffixSEI, 132, 5}, {0x62, 1, 0x40 | h265.TypeSuffixSEI, 2, 1, 2, 3, 4, 0x80}}
			for _, b := range pieces {
				all = append(all, &rtp.Packet{Header: rtp.Header{Timestamp: p.Timestamp, Marker: true}, Payload: b})
			}
		}
	}
	for i, p := range all {
		p.SequenceNumber = uint16(i)
	}
	got := newH265(t).take(all).frames
	rtptest.WantNumbers(t, got, rtptest.Span(0, n))
	rtptest.WantSame(t, "with such behind them", got, newH265(t).take(numbered(late)).frames)
}

// TestH265Damage: what cannot be is taken for a loss, and costs the pictures up
// to the next keyframe, but nothing else.
func TestH265Damage(t *testing.T) {
	const n, hurt = 24, 4
	pictures := rtptest.EncodedH265(t, n, 160, 144)
	whole := newH265(t).take(slices.Concat(rtptest.PacketsH265(t, pictures)...))
	rtptest.WantNumbers(t, whole.frames, rtptest.Span(0, n))
	want := slices.Concat(whole.frames[:hurt], whole.frames[10:])
	for name, payload := range map[string][]byte{
		"one byte":                                  {0x02},
		"no sub-layer":                              {0x02, 0x00, 0xD0, 0x12},
		"a slice without a header":                  {0x02, 0x01},
		"a piece without its header":                {0x62, 0x01},
		"a piece without its beginning":             {0x62, 0x01, 0x01, 0xD0, 0x12},
		"the beginning alone":                       {0x62, 0x01, 0x81, 0xD0, 0x12},
		"units beyond the packet":                   {0x60, 0x01, 0x00, 0x09, 0x02, 0x01, 0xD0},
		"enormous units":                            {0x60, 0x01, 0xFF, 0xFF, 0x02, 0x01, 0xD0},
		"a unit of one byte":                        {0x60, 0x01, 0x00, 0x01, 0x4E, 0x00, 0x03, 0x4E, 0x01, 0x80},
		"half a length":                             {0x60, 0x01, 0x00, 0x03, 0x4E, 0x01, 0x80, 0x07},
		"PACI that is cut off":                      {0x64, 0x01, 0x02},
		"PACI that says more than there is":         {0x64, 0x01, 0x03, 0xF0, 0x12},
		"PACI in PACI":                              {0x64, 0x01, 0x64, 0x00, 0x02, 0x00, 0xD0},
		"a kind of packet that is none":             {51 << 1, 0x01, 0xD0},
		"a packet of one byte that says it is PACI": {0x64},
	} {
		t.Run(name, func(t *testing.T) {
			var all [][][]byte
			for i, p := range pictures {
				units := slices.Clone([][]byte(p))
				if i == hurt {
					units = append([][]byte{payload}, units...)
				}
				all = append(all, units)
			}
			r := newH265(t).take(numbered(all))
			if r.err != nil {
				t.Fatal(r.err)
			}
			rtptest.WantSame(t, "what is whole", r.frames, want)
		})
	}
}

// TestH265OfEnormousPictures is refused in words.
func TestH265OfEnormousPictures(t *testing.T) {
	var w nal.BitWriter
	w.UE(0) // its number
	w.UE(1) // 4:2:0
	w.UE(16384)
	w.UE(16384)
	w.Bits(0, 1)
	for range 3 {
		w.UE(0)
	}
	w.Bits(1, 1)
	for range 3 {
		w.UE(0)
	}
	const upToLevel = 18
	sps := append(slices.Clone(sps265[:upToLevel]), w.B...)
	r := newH265(t).take(numbered([][][]byte{{vps265, sps, pps265, {0x28, 0x01, 0xAF, 0x12}}}))
	if !errors.Is(r.err, media.ErrBadParameterSets) || !strings.Contains(r.err.Error(), "16384x16384") || len(r.frames) > 0 {
		t.Errorf("%d frames, %v", len(r.frames), r.err)
	}
}

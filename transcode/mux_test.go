package transcode

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// TestPacketsThatArePartlyThere cuts what ffmpeg gives at each byte, and lets
// it come in pieces.
func TestPacketsThatArePartlyThere(t *testing.T) {
	whole := []byte("\x00\nSMJPEG\x00\x00\x00\x00\x00\x00\x00\x00HENDvidD\x00\x00\x00\x28\x00\x00\x00\x03abc")
	for length := range len(whole) {
		r := bufio.NewReader(iotest.OneByteReader(bytes.NewReader(whole[:length])))
		if p, _, err := new(smjpegReader).read(r); err != io.EOF && err != io.ErrUnexpectedEOF {
			t.Errorf("%d bytes: got %q, %v", length, p.Data, err)
		}
	}
	p, at, err := new(smjpegReader).read(bufio.NewReader(iotest.OneByteReader(bytes.NewReader(whole))))
	if err != nil || at != 40 || string(p.Data) != "abc" {
		t.Errorf("got %q at %d, %v", p.Data, at, err)
	}
}

// TestMemoryComesWithTheBytes reads a packet of 32 MB of which little comes.
func TestMemoryComesWithTheBytes(t *testing.T) {
	r := bufio.NewReader(bytes.NewReader(make([]byte, 1000)))
	if b, err := readSized(r, maxPacket); err != io.ErrUnexpectedEOF || cap(b) > 1<<20 {
		t.Errorf("%d bytes are taken, %v", cap(b), err)
	}
	big := make([]byte, 5<<20+7)
	for i := range big {
		big[i] = byte(i * 31 >> 3)
	}
	if b, err := readSized(bufio.NewReader(bytes.NewReader(big)), uint32(len(big))); err != nil || !bytes.Equal(b, big) {
		t.Errorf("%d bytes of %d, %v", len(b), len(big), err)
	}
}

func TestKeyframesOfDevicesAreRecognised(t *testing.T) {
	nal := func(header byte, rest ...byte) []byte {
		return append([]byte{0, 0, 0, byte(1 + len(rest)), header}, rest...)
	}
	for name, c := range map[string]struct {
		data []byte
		key  bool
	}{
		"IDR":                       {nal(0x65, 1, 2), true},
		"parameter sets and an IDR": {append(append(nal(0x67, 5), nal(0x68)...), nal(0x65)...), true},
		"slice":                     {nal(0x41, 0x65, 0x65), false},
		"SEI and slice":             {append(nal(6, 0x65), nal(1)...), false},
		"nothing":                   {nil, false},
		"a length too long":         {[]byte{0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0, 1, 0x65}, false},
	} {
		tag := appendTagHead(append([]byte{}, flvHeader...), false, avcNALUs, 40, 0, len(c.data))
		tag = appendTagTail(append(tag, c.data...), len(c.data))
		for _, unmarked := range []bool{false, true} {
			p, _, err := (&flvReader{unmarked: unmarked}).read(bufio.NewReader(bytes.NewReader(tag)))
			if err != nil || p.Key != (c.key && unmarked) {
				t.Errorf("%s: key %v, %v", name, p.Key, err)
			}
		}
	}
}

func TestClockGoesOnForMonths(t *testing.T) {
	var c clock
	const first = math.MaxInt32 - 5000
	for n := range int64(200) { // 31 bits are used up in the middle
		want := time.Duration(first+n*40) * time.Millisecond
		if got := c.at(uint32(first+n*40) & math.MaxInt32); got != want {
			t.Fatalf("packet %d: %v, want %v", n, got, want)
		}
	}
	c = clock{}
	for n, at := range []uint32{math.MaxUint32 - 10, 29, 19} { // all 32, and back a little
		want := time.Duration(math.MaxUint32-10+[]int64{0, 40, 30}[n]) * time.Millisecond
		if got := c.at(at); got != want {
			t.Errorf("%d: %v, want %v", at, got, want)
		}
	}
}

// TestLabelsComeBackShortened gives JPEGs times when 31 and 32 bits are used up
// by their number, which takes too long to be tried with ffmpeg.
func TestLabelsComeBackShortened(t *testing.T) {
	for _, bits := range []int{31, 32} {
		s := stamps{written: 1<<bits/jpegInterval - 2}
		for n := range uint64(5) {
			label := (1<<bits/jpegInterval - 2 + n) * jpegInterval
			want := Packet{PTS: time.Duration(n+1) * time.Second}
			s.place(want)
			for _, mask := range []uint64{math.MaxInt32, math.MaxUint32} { // FLV, SMJPEG
				var got Packet
				again := stamps{inside: append([]stamp{}, s.inside...)}
				if again.restore(&got, uint32(label&mask)); got.PTS != want.PTS {
					t.Errorf("%d bits, packet %d: %v, want %v", bits, n, got.PTS, want.PTS)
				}
			}
		}
	}
}

// TestVideoThatIsNotH264IsRefused reads tags as ffmpeg writes them, from 6.1 on
// enhanced ones too, behind one of sound. None may be waited past.
func TestVideoThatIsNotH264IsRefused(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"H.265":              {"\x90hvc1\x01\x00\x00\x00", "the video is H.265, "},
		"H.265, later":       {"\xa1hvc1\x00\x00\x00", "the video is H.265, "},
		"VP9":                {"\x90vp09\x01", "the video is VP9, "},
		"AV1":                {"\x91av01\x0a\x0a", "the video is AV1, "},
		"AV1, its FourCC":    {"\x91av01", "the video is AV1, "},
		"enhanced H.264":     {"\x90avc1\x01", "H.264 in a form that is not known"},
		"unknown FourCC":     {"\x90\x00x\ny\x01\x02", `the video is of codec "\x00x\ny", `},
		"Sorenson":           {"\x12\x00\x00\x84", "the video is H.263, "},
		"unknown number":     {"\x1f\x00\x00\x00\x00\x00", `the video is of codec "15", `},
		"cut in its FourCC":  {"\x90hvc", "video tag of 4 bytes"},
		"cut behind a bit":   {"\x90", "video tag of 1 bytes"},
		"cut in its prefix":  {"\x17\x01\x00", "video tag of 3 bytes"},
		"nothing":            {"", "video tag of 0 bytes"},
		"behind its colours": {"\x94hvc1\x02\x00\x09colorInfo", "EOF"},
	} {
		stream := slices.Concat(flvHeader, flvTag(8, "\xaf\x01sound"), flvTag(flvVideo, c.body))
		p, _, err := new(flvReader).read(bufio.NewReader(bytes.NewReader(stream)))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %q, %v", name, p.Data, err)
		}
		cut := stream[:len(stream)-flvTrailerSize-1]
		if _, _, err := new(flvReader).read(bufio.NewReader(bytes.NewReader(cut))); err != io.ErrUnexpectedEOF && err != io.EOF {
			t.Errorf("%s, and then the stream ends: got %v", name, err)
		}
	}
}

// flvTag is a whole tag of time 0.
func flvTag(kind byte, body string) []byte {
	tag := append([]byte{kind, 0, 0, byte(len(body)), 0, 0, 0, 0, 0, 0, 0}, body...)
	return binary.BigEndian.AppendUint32(tag, uint32(len(tag)))
}

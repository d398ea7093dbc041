package rtppack

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/format/rtph264"
	"github.com/bluenviron/gortsplib/v4/pkg/format/rtph265"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"framegate/gateway/media"
)

const most = 100

var (
	h264Format = &media.Format{Codec: media.H264}
	h265Format = &media.Format{Codec: media.H265}
)

// units makes NAL units of certain sizes, of one type.
func units(f *media.Format, sizes ...int) (all [][]byte) {
	for i, size := range sizes {
		unit := bytes.Repeat([]byte{byte(i + 1)}, size)
		if copy(unit, []byte{0x65}); f.Codec == media.H265 {
			copy(unit, []byte{20 << 1, 1})
		}
		all = append(all, unit)
	}
	return all
}

// pictureOf puts NAL units into a picture.
func pictureOf(f *media.Format, all ...[]byte) *media.Frame {
	p := &media.Frame{Format: f}
	for _, unit := range all {
		p.Data = append(binary.BigEndian.AppendUint32(p.Data, uint32(len(unit))), unit...)
	}
	return p
}

// packetsOf cuts a picture, and makes packets of it.
func packetsOf(t *testing.T, p *media.Frame) (packets []*rtp.Packet) {
	t.Helper()
	track := NewTrack(96, PictureRate)
	for c := Cut(p, most); c.Next(); {
		head, body := c.Payload()
		if len(head)+len(body) > most || len(body) == 0 {
			t.Errorf("a payload has %d and %d bytes", len(head), len(body))
		}
		b := track.AppendHead(nil, c.Last(), track.Count(len(head)+len(body)), 7)
		packet := new(rtp.Packet)
		if err := packet.Unmarshal(append(append(b, head...), body...)); err != nil {
			t.Fatal(err)
		}
		packets = append(packets, packet)
	}
	return packets
}

// TestPicturesOfAnySize come out of gortsplib's decoders as they went in.
func TestPicturesOfAnySize(t *testing.T) {
	for _, f := range []*media.Format{h264Format, h265Format} {
		for _, sizes := range [][]int{{2}, {most}, {most + 1}, {2*most - 2}, {2*most - 3, 3}, {3, most + 1, 2}, {1000, most, 1000}} {
			t.Run(fmt.Sprint(f.Codec, sizes), func(t *testing.T) {
				want := units(f, sizes...)
				packets := packetsOf(t, pictureOf(f, want...))
				var decode func(*rtp.Packet) ([][]byte, error)
				if f.Codec == media.H264 {
					d := &rtph264.Decoder{PacketizationMode: 1}
					if err := d.Init(); err != nil {
						t.Fatal(err)
					}
					decode = d.Decode
				} else {
					d := &rtph265.Decoder{}
					if err := d.Init(); err != nil {
						t.Fatal(err)
					}
					decode = d.Decode
				}
				for i, packet := range packets {
					last := i == len(packets)-1
					got, err := decode(packet)
					if packet.Marker != last || packet.SequenceNumber != packets[0].SequenceNumber+uint16(i) {
						t.Errorf("packet %d of %d has number %d, and is marked %v", i, len(packets), packet.SequenceNumber, packet.Marker)
					}
					if last && (err != nil || !slices.EqualFunc(got, want, bytes.Equal)) {
						t.Errorf("%d units come out, %v", len(got), err)
					}
				}
			})
		}
	}
}

// TestSetsComeFirst, and only with a keyframe.
func TestSetsComeFirst(t *testing.T) {
	sps, pps := []byte{0x67, 0x42, 0xC0, 0x0A, 0xD9, 0x1E, 0x84, 0, 0, 3, 0, 4, 0, 0, 3, 0, 0xC8, 0x3C, 0x48, 0x99, 0x20}, []byte{0x68, 0xCB, 0x83, 0xCB, 0x20}
	f, err := media.H264Format(sps, pps)
	if err != nil {
		t.Fatal(err)
	}
	p := pictureOf(f, units(f, 10)...)
	if n := len(packetsOf(t, p)); n != 1 {
		t.Errorf("a picture has %d packets", n)
	}
	p.Key = true
	packets := packetsOf(t, p)
	if len(packets) != 3 || !bytes.Equal(packets[0].Payload, sps) || !bytes.Equal(packets[1].Payload, pps) {
		t.Errorf("a keyframe has %d packets", len(packets))
	}
}

// TestOddEnds: what has no bytes, or fewer than it says, is no packet too many, and the
// last one is marked.
func TestOddEnds(t *testing.T) {
	empty := pictureOf(h264Format, []byte{0x65, 1}, nil, nil)
	short := pictureOf(h264Format, []byte{0x65, 1})
	short.Data = append(short.Data, 0, 0, 1, 0, 0x65)
	for name, c := range map[string]struct {
		p *media.Frame
		n int
	}{"empty": {empty, 1}, "short": {short, 2}, "nothing": {&media.Frame{Format: h265Format}, 0}} {
		packets := packetsOf(t, c.p)
		if len(packets) != c.n || c.n > 0 && !packets[c.n-1].Marker {
			t.Errorf("%s: %d packets", name, len(packets))
		}
	}
}

// TestCuttingCostsNothing for each viewer.
func TestCuttingCostsNothing(t *testing.T) {
	p := pictureOf(h265Format, units(h265Format, 1000, 20)...)
	track, room := NewTrack(96, PictureRate), make([]byte, 0, 4096)
	if n := testing.AllocsPerRun(100, func() {
		for c := Cut(p, most); c.Next(); {
			head, body := c.Payload()
			b := track.AppendHead(room[:0], c.Last(), track.Count(len(head)+len(body)), track.Timestamp(time.Second))
			room = append(append(b, head...), body...)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestTimesRunOn for longer than ticks fit into 32 bits.
func TestTimesRunOn(t *testing.T) {
	track := NewTrack(96, PictureRate)
	zero := track.Timestamp(0)
	for _, days := range []int64{0, 1, 1000} {
		at := time.Duration(days)*24*time.Hour + 40*time.Millisecond
		if got, want := track.Timestamp(at)-zero, uint32(days*24*3600*PictureRate+3600); got != want {
			t.Errorf("after %d days it is %d, want %d", days, got, want)
		}
	}
	if got := track.Timestamp(-40*time.Millisecond) - zero; int32(got) != -3600 {
		t.Errorf("before the beginning it is %d", int32(got))
	}
}

// TestReports say what was sent, and when.
func TestReports(t *testing.T) {
	track := NewTrack(96, PictureRate)
	track.Count(10)
	track.Count(5)
	taken := time.Date(2026, 3, 4, 5, 6, 7, 5e8, time.UTC)
	packets, err := rtcp.Unmarshal(track.Report(taken, time.Second))
	if err != nil || len(packets) != 2 {
		t.Fatal(packets, err)
	}
	r, ok := packets[0].(*rtcp.SenderReport)
	ntp := uint64(taken.Sub(time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC))/time.Second)<<32 | 1<<31
	if !ok || r.SSRC != track.SSRC || r.NTPTime != ntp || r.RTPTime != track.Timestamp(time.Second) || r.PacketCount != 2 || r.OctetCount != 15 {
		t.Errorf("%+v", r)
	}
	packets, err = rtcp.Unmarshal(track.Bye())
	if bye, ok := packets[1].(*rtcp.Goodbye); err != nil || !ok || bye.Sources[0] != track.SSRC {
		t.Errorf("%+v, %v", packets, err)
	}
}

package rtpvideo

import (
	"bytes"
	"testing"
	"time"

	"github.com/pion/rtp"

	"framegate/gateway/media"
)

// BenchmarkPictures takes pictures of 20 KB, all keyframes, in pieces of 1400
// bytes. What is allocated is the frame.
func BenchmarkPictures(b *testing.B) {
	const pieces, size = 15, 1400
	for _, c := range []struct {
		codec  media.Codec
		sets   [][]byte
		header func(flags byte) []byte
		slice  []byte // the beginning of its payload
	}{
		{media.H264, [][]byte{smallSPS, smallPPS}, func(flags byte) []byte { return []byte{0x7C, flags | 5} }, []byte{0x88, 0x84}},
		{media.H265, [][]byte{vps265, sps265, pps265}, func(flags byte) []byte { return []byte{0x62, 1, flags | 20} }, []byte{0xAF, 0x12}},
	} {
		b.Run(c.codec.String(), func(b *testing.B) {
			shown := 0
			r := New(Options{
				Emit: func(media.Frame, time.Time) { shown++ }, First: func() {}, Ended: func() {}, Fail: func(err error) { b.Error(err) },
				Markers: honest(), MaxFrameBytes: largest,
			})
			r.Begin(Stream{Codec: c.codec, Ordered: true, ParameterSets: c.sets})
			var packets []*rtp.Packet
			for i := range pieces {
				payload := c.header([]byte{0x80, 0, 0x40}[min(i, 1)+i/(pieces-1)])
				if i == 0 {
					payload = append(payload, c.slice...)
				}
				payload = append(payload, bytes.Repeat([]byte{0xA5}, size-len(payload))...)
				packets = append(packets, &rtp.Packet{Header: rtp.Header{Marker: i == pieces-1}, Payload: payload})
			}
			now := time.Now()
			number, ticks := uint16(0), uint32(0)
			b.SetBytes(pieces * size)
			b.ReportAllocs()
			for b.Loop() {
				for _, p := range packets {
					p.SequenceNumber, p.Timestamp = number, ticks
					number++
					r.Packet(p, now)
				}
				ticks += 3000
			}
			if shown != b.N {
				b.Fatalf("%d pictures of %d", shown, b.N)
			}
		})
	}
}

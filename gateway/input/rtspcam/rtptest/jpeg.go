package rtptest

import (
	"cmp"
	"encoding/binary"
	"testing"

	"github.com/pion/rtp"

	"framegate/gateway/camtest"
)

// Markers of ITU-T T.81, table B.1.
const (
	sof0 = 0xC0
	dqt  = 0xDB
	dri  = 0xDD
	sos  = 0xDA
)

// ONVIFJPEG is the profile of a header extension with segments of a JPEG (ONVIF
// Streaming Specification, "JPEG over RTP").
const ONVIFJPEG = 0xFFD8

// Sender makes packets of JPEGs, as RFC 2435 says.
type Sender struct {
	Q        byte
	Tables   bool // send them, where Q is 128 or more
	ONVIF    bool // send the size in a header extension
	Size     int  // of a packet's data; 0 = 1000
	Aligned  bool // each packet holds one restart interval, and says which (RFC 2435, 3.1.7)
	Sequence uint16
}

// CutJPEG takes a JPEG apart into what the packets carry.
func CutJPEG(t testing.TB, b []byte) (kind byte, width, height, restart int, tables, scan []byte) {
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

// Packets gives those of one picture.
func (s *Sender) Packets(t testing.TB, picture []byte, ticks uint32) []*rtp.Packet {
	kind, width, height, restart, tables, scan := CutJPEG(t, picture)
	var packets []*rtp.Packet
	for offset := 0; offset < len(scan); {
		p := []byte{0, byte(offset >> 16), byte(offset >> 8), byte(offset), kind, s.Q, byte((width + 7) / 8), byte((height + 7) / 8)}
		if s.ONVIF {
			p[6], p[7] = 0, 0
		}
		n := min(cmp.Or(s.Size, 1000), len(scan)-offset)
		if kind >= 64 {
			place := 0xFFFF // all of the picture is to be put together
			if s.Aligned {
				n = IntervalSize(scan[offset:])
				place = 0xC000 | len(packets) // first and last piece of this interval
			}
			p = append(p, byte(restart>>8), byte(restart), byte(place>>8), byte(place))
		}
		if s.Q >= 128 && offset == 0 {
			if !s.Tables {
				tables = nil
			}
			p = append(append(p, 0, 0, byte(len(tables)>>8), byte(len(tables))), tables...)
		}
		p = append(p, scan[offset:offset+n]...)
		packet := &rtp.Packet{Header: rtp.Header{SequenceNumber: s.Sequence, Timestamp: ticks, Marker: offset+n == len(scan)}, Payload: p}
		if s.ONVIF && offset == 0 {
			packet.Extension, packet.ExtensionProfile = true, ONVIFJPEG
			segment := []byte{0xFF, 0xFF, 0xFF, 0xE0, 0, 4, 1, 2, 0xFF, sof0, 0, 17, 8}
			segment = binary.BigEndian.AppendUint16(segment, uint16(height))
			segment = binary.BigEndian.AppendUint16(segment, uint16(width))
			segment = append(segment, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1, 0, 0)
			packet.SetExtension(0, segment[:len(segment)/4*4])
		}
		packets = append(packets, packet)
		offset += n
		s.Sequence++
	}
	return packets
}

// IntervalSize gives the length of the restart interval that scan begins with,
// with the marker behind it.
func IntervalSize(scan []byte) int {
	for i := 1; i < len(scan); i++ {
		if scan[i-1] == 0xFF && scan[i] >= 0xD0 && scan[i] <= 0xD7 {
			return i + 1
		}
	}
	return len(scan)
}

// JPEGPackets makes packets of n numbered pictures.
func JPEGPackets(t *testing.T, n int) [][]*rtp.Packet {
	s := &Sender{Q: 255, Tables: true}
	var groups [][]*rtp.Packet
	for i := range n {
		groups = append(groups, s.Packets(t, camtest.Picture(i, 160, 120), TicksOf(i)))
	}
	return groups
}

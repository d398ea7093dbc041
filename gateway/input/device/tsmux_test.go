package device

import (
	"encoding/binary"
	"testing"
)

// The streams that the tests write: a program with its table and its video.
const (
	testPMT   = 0x1000
	testVideo = 0x100
)

// muxer writes transport streams as the tests want them.
type muxer struct {
	counters map[uint16]byte
	out      []byte
	bounded  bool // PES packets say how long they are
}

func newMuxer() *muxer { return &muxer{counters: make(map[uint16]byte)} }

// tables writes a PAT, and a PMT with streams of these types from testVideo on.
func (m *muxer) tables(types ...byte) {
	m.section(0, sectionOf(tablePAT, []byte{0, 0, 0xE0, 0x10, 0, 1, 0xE0 | testPMT>>8, testPMT & 0xFF}))
	m.section(testPMT, pmtOf(testVideo, types...))
}

func pmtOf(first uint16, types ...byte) []byte {
	body := []byte{0xE1, 0, 0xF0, 0}
	for i, streamType := range types {
		pid := first + uint16(i)
		body = append(body, streamType, 0xE0|byte(pid>>8), byte(pid), 0xF0, 2, 0x0A, 0)
	}
	return sectionOf(tablePMT, body)
}

// sectionOf writes a section with its checksum.
func sectionOf(table byte, body []byte) []byte {
	s := []byte{table, 0, 0, 0, 1, 0xC1, 0, 0}
	s = append(s, body...)
	binary.BigEndian.PutUint16(s[1:], 0xB000|uint16(len(s)-3+4))
	return binary.BigEndian.AppendUint32(s, checksum(s))
}

// section writes packets that hold a section, and stuffing behind it.
func (m *muxer) section(pid uint16, s []byte) {
	s = append([]byte{0}, s...)
	for begins := true; len(s) > 0; begins = false {
		n := min(len(s), 184)
		payload := append([]byte{}, s[:n]...)
		for len(payload) < 184 {
			payload = append(payload, 0xFF)
		}
		m.packet(pid, begins, nil, payload)
		s = s[n:]
	}
}

// unit writes an access unit as one PES packet, and stuffing up to its end.
func (m *muxer) unit(pts uint64, data []byte) { m.pes(testVideo, pesOf(pts, data, m.bounded)) }

// pesOf gives a PES packet with a time stamp.
func pesOf(pts uint64, data []byte, bounded bool) []byte {
	p := []byte{0, 0, 1, 0xE0, 0, 0, 0x80, 0x80, 5,
		0x21 | byte(pts>>29)&0x0E, byte(pts >> 22), byte(pts>>14) | 1, byte(pts >> 7), byte(pts<<1) | 1}
	if bounded {
		binary.BigEndian.PutUint16(p[4:], uint16(8+len(data)))
	}
	return append(p, data...)
}

func (m *muxer) pes(pid uint16, p []byte) {
	for begins := true; len(p) > 0; begins = false {
		n := min(len(p), 184)
		m.packet(pid, begins, stuffing(184-n), p[:n])
		p = p[n:]
	}
}

// stuffing gives an adaptation field that takes n bytes with its length.
func stuffing(n int) []byte {
	if n == 0 {
		return nil
	}
	field := make([]byte, n)
	field[0] = byte(n - 1)
	for i := 2; i < n; i++ {
		field[i] = 0xFF
	}
	return field
}

// packet writes one packet of an adaptation field and a payload.
func (m *muxer) packet(pid uint16, begins bool, field, payload []byte) {
	p := []byte{syncByte, byte(pid >> 8), byte(pid), m.counters[pid] & 0x0F}
	if begins {
		p[1] |= 0x40
	}
	if field != nil {
		p[3] |= 0x20
	}
	if len(payload) > 0 {
		p[3] |= 0x10
		m.counters[pid]++
	} else {
		p[3] = p[3]&0xF0 | (m.counters[pid]-1)&0x0F
	}
	m.out = append(append(append(m.out, p...), field...), payload...)
	if len(m.out)%packetSize != 0 {
		panic("a packet of another size")
	}
}

// flush gives what was written since the last time.
func (m *muxer) flush() []byte {
	b := m.out
	m.out = nil
	return b
}

// got is a unit as a test keeps it.
type got struct {
	PTS  uint64
	Lost bool
	Data string
}

// demuxed feeds pieces to a new demuxer and gives the units.
func demuxed(t *testing.T, pieces ...[]byte) []got {
	t.Helper()
	units, err := demux(pieces...)
	if err != nil {
		t.Fatal(err)
	}
	return units
}

func demux(pieces ...[]byte) (units []got, err error) {
	d := demuxer{maxUnit: 1 << 20}
	for _, piece := range pieces {
		if err := d.feed(piece, keep(&units)); err != nil {
			return units, err
		}
	}
	return units, nil
}

func keep(to *[]got) func(unit) error {
	return func(u unit) error {
		*to = append(*to, got{u.pts, u.lost, string(u.data)})
		return nil
	}
}

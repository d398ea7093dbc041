package whep

import (
	"encoding/binary"
	"sync"

	"framegate/gateway/media"
	"framegate/transcode/h264"
	"framegate/transcode/h265"
)

// maxPayload bounds what is in a packet: with all heads and the seal it goes through
// whatever carries IPv6 (RFC 8200, 5).
const maxPayload = 1180

// packet is one that many viewers send, each with a head of its own in front. It is
// read-only.
type packet struct {
	payload []byte
	marker  bool
}

// picture is the packets of a frame.
type picture struct {
	seq     uint64 // of the frame, in its stream
	packets []packet
}

// shelved is how many pictures of a stream are kept for the viewers that are yet to
// send them.
const shelved = 16

// shelf keeps the pictures that viewers of each stream are sending, so that each is put
// into packets once. The zero value is ready.
type shelf struct {
	mu      sync.Mutex
	streams map[uint64]*streamShelf // by Reader.Stream
}

// streamShelf is that of one stream.
type streamShelf struct {
	viewers int // guarded by the shelf's lock

	mu       sync.Mutex
	pictures [shelved]*picture
}

// open gives that of a stream, which is to be closed.
func (s *shelf) open(number uint64) *streamShelf {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.streams == nil {
		s.streams = make(map[uint64]*streamShelf)
	}
	of := s.streams[number]
	if of == nil {
		of = new(streamShelf)
		s.streams[number] = of
	}
	of.viewers++
	return of
}

// close gives back that of a stream.
func (s *shelf) close(number uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if of := s.streams[number]; of != nil {
		if of.viewers--; of.viewers == 0 {
			delete(s.streams, number)
		}
	}
}

// packed gives the packets of a frame.
func (s *streamShelf) packed(f *media.Frame) *picture {
	s.mu.Lock()
	defer s.mu.Unlock()
	place := &s.pictures[f.Seq%shelved]
	if *place != nil && (*place).seq == f.Seq {
		return *place
	}
	p := pack(f)
	if *place == nil || (*place).seq < f.Seq { // who joins sends what is older
		*place = p
	}
	return p
}

// pack puts a frame of H.264 or H.265 into packets, with the parameter sets in front of
// a keyframe.
func pack(f *media.Frame) *picture {
	k := packing{room: make([]byte, 0, len(f.Data)+len(f.Format.Config)+3*(len(f.Data)/maxPayload+8))}
	k.packets = make([]packet, 0, len(f.Data)/maxPayload+8)
	add := k.h264
	if f.Format.Codec == media.H265 {
		add = k.h265
	}
	if f.Key {
		vps, sps, pps := f.Format.ParameterSets()
		for _, sets := range [...][][]byte{vps, sps, pps} {
			for _, set := range sets {
				add(set)
			}
		}
	}
	for data := f.Data; len(data) > 4; {
		n := min(int(binary.BigEndian.Uint32(data)), len(data)-4)
		if n > 0 {
			add(data[4 : 4+n])
		}
		data = data[4+n:]
	}
	if n := len(k.packets); n > 0 {
		k.packets[n-1].marker = true
	}
	return &picture{seq: f.Seq, packets: k.packets}
}

// packing is a picture while it is packed.
type packing struct {
	room    []byte
	packets []packet
}

// add adds a packet of what is in head and body.
func (k *packing) add(head, body []byte) {
	at := len(k.room)
	k.room = append(append(k.room, head...), body...)
	k.packets = append(k.packets, packet{payload: k.room[at:len(k.room):len(k.room)]})
}

// h264 adds a NAL unit by itself or as FU-A: RFC 6184, 5.6 and 5.8.
func (k *packing) h264(unit []byte) {
	if len(unit) <= maxPayload {
		k.add(nil, unit)
		return
	}
	const fuA = 28
	kind, start := h264.Type(unit), byte(0x80)
	for rest := unit[1:]; len(rest) > 0; start = 0 {
		n := min(len(rest), maxPayload-2)
		head := [2]byte{unit[0]&^0x1F | fuA, start | kind}
		if n == len(rest) {
			head[1] |= 0x40
		}
		k.add(head[:], rest[:n])
		rest = rest[n:]
	}
}

// h265 adds a NAL unit by itself or in fragments: RFC 7798, 4.4.1 and 4.4.3.
func (k *packing) h265(unit []byte) {
	if len(unit) <= maxPayload {
		k.add(nil, unit)
		return
	}
	if len(unit) < h265.HeaderSize {
		return
	}
	const fragment = 49
	kind, start := h265.Type(unit), byte(0x80)
	for rest := unit[h265.HeaderSize:]; len(rest) > 0; start = 0 {
		n := min(len(rest), maxPayload-3)
		head := [3]byte{unit[0]&^0x7E | fragment<<1, unit[1], start | kind}
		if n == len(rest) {
			head[2] |= 0x40
		}
		k.add(head[:], rest[:n])
		rest = rest[n:]
	}
}

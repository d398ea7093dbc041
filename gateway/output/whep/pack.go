package whep

import (
	"sync"

	"framegate/gateway/media"
	"framegate/gateway/output/rtppack"
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
	room := make([]byte, 0, len(f.Data)+len(f.Format.Config)+3*(len(f.Data)/maxPayload+8))
	packets := make([]packet, 0, len(f.Data)/maxPayload+8)
	for c := rtppack.Cut(f, maxPayload); c.Next(); {
		head, body := c.Payload()
		at := len(room)
		room = append(append(room, head...), body...)
		packets = append(packets, packet{payload: room[at:len(room):len(room)], marker: c.Last()})
	}
	return &picture{seq: f.Seq, packets: packets}
}

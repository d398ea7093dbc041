package rtmp

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
)

const (
	usualChunk = 128 // bytes of a message in a chunk, until somebody says otherwise (5.4.1)
	// maxStreams bounds the chunk streams of a peer. Nobody uses more than six.
	maxStreams = 32
	// noStamp is what stands where the time does not fit, and follows in four bytes.
	noStamp = 0xFFFFFF
	// step is how much room is made for a message before it has come.
	step = 32 << 10
)

// Why what comes is no RTMP.
var (
	errNoHead   = errors.New("a chunk goes on with a message that did not begin")
	errStreams  = fmt.Errorf("more than %d chunk streams", maxStreams)
	errChunk    = errors.New("a size of chunks that there is not")
	errTooMuch  = errors.New("messages that begin and do not end")
	errOverlong = errors.New("a message is too large")
)

// reader reads messages out of chunks. What it keeps of one grows with what comes, and
// never as its head says.
type reader struct {
	from    *bufio.Reader
	chunk   uint32
	largest int // message of pictures and sound; longer ones are passed over
	streams map[uint32]*chunkStream
	kept    int    // bytes of messages that are not whole yet
	given   []byte // the message that was read last
	spare   []byte // room for another

	count, told uint64 // bytes that came, and were acknowledged
	window      uint64 // of bytes that are acknowledged at once
}

// chunkStream is what the head of a chunk may leave out, since it was said before, and
// the message that comes.
type chunkStream struct {
	kind     Kind
	stream   uint32
	length   int
	stamp    uint32 // of the message
	delta    uint32 // to the next, where that does not say
	extended bool   // its time stood in four bytes of their own,
	long     uint32 // these
	body     []byte
	left     int  // bytes that are to come; 0: none
	cut      bool // they are passed over
}

// next reads up to the end of a message.
func (r *reader) next() (Message, error) {
	if cap(r.given) > cap(r.spare) {
		r.spare = r.given[:0]
	}
	r.given = nil
	for {
		s, format, err := r.basic()
		if err != nil {
			return Message{}, err
		}
		if err := r.head(s, format); err != nil {
			return Message{}, err
		}
		whole, err := r.piece(s)
		if err != nil {
			return Message{}, err
		}
		if whole {
			r.given, s.body = s.body, nil
			r.kept -= len(r.given)
			return Message{Kind: s.kind, Stamp: s.stamp, Body: r.given, Cut: s.cut, stream: s.stream}, nil
		}
	}
}

// basic reads the first bytes of a chunk: its format, and of which chunk stream it is
// (5.3.1.1).
func (r *reader) basic() (s *chunkStream, format byte, err error) {
	b, err := r.from.ReadByte()
	if err != nil {
		return nil, 0, err
	}
	r.count++
	id := uint32(b & 0x3F)
	if id < 2 {
		var more [2]byte
		if err := r.fill(more[:id+1]); err != nil {
			return nil, 0, err
		}
		id = 64 + uint32(more[0]) + 256*uint32(more[1])
	}
	if s = r.streams[id]; s == nil {
		if len(r.streams) == maxStreams {
			return nil, 0, errStreams
		}
		if b>>6 != 0 {
			return nil, 0, errNoHead
		}
		s = new(chunkStream)
		r.streams[id] = s
	}
	return s, b >> 6, nil
}

// headLengths are those of the heads of messages, by format (5.3.1.2).
var headLengths = [4]int{11, 7, 3, 0}

// head reads what the head of a chunk says of its message. One that begins anew in the
// middle of a message gives up that.
func (r *reader) head(s *chunkStream, format byte) error {
	var room [11]byte
	b := room[:headLengths[format]]
	if err := r.fill(b); err != nil {
		return err
	}
	if format == 3 {
		if err := r.repeated(s); err != nil || s.left > 0 {
			return err
		}
		s.stamp += s.delta
		return r.begin(s)
	}
	r.drop(s)
	if format < 2 {
		s.length, s.kind = int(uint24(b[3:])), Kind(b[6])
	}
	if format == 0 {
		s.stream = binary.LittleEndian.Uint32(b[7:])
	}
	at := uint24(b)
	if s.extended = at == noStamp; s.extended {
		if err := r.fill(room[:4]); err != nil {
			return err
		}
		at = binary.BigEndian.Uint32(room[:])
		s.long = at
	}
	if format == 0 {
		s.stamp, s.delta = at, 0
	} else {
		s.stamp, s.delta = s.stamp+at, at
	}
	return r.begin(s)
}

// repeated passes over the four bytes of a time in a chunk that goes on. Not all who
// send repeat them there, as they should (5.3.1.3).
func (r *reader) repeated(s *chunkStream) error {
	if !s.extended {
		return nil
	}
	b, err := r.from.Peek(4)
	if err != nil || binary.BigEndian.Uint32(b) != s.long {
		return err
	}
	r.count += 4
	_, err = r.from.Discard(4)
	return err
}

// begin begins a message. It gets the room of one that was read only where no other is
// under way: of many that begin and do not go on each would keep as much.
func (r *reader) begin(s *chunkStream) error {
	s.left, s.cut = s.length, false
	switch {
	case s.length <= largestWords:
	case s.kind == Pictures, s.kind == Sound:
		s.cut = s.length > r.largest
	case s.kind == Data: // at which nobody looks
		s.cut = true
	default:
		return fmt.Errorf("%w: of kind %d and %d bytes", errOverlong, s.kind, s.length)
	}
	if r.kept == 0 && !s.cut {
		s.body, r.spare = r.spare, nil
	}
	return nil
}

// piece reads what a chunk has of a message, and says whether that is whole with it.
func (r *reader) piece(s *chunkStream) (whole bool, err error) {
	n := min(s.left, int(r.chunk))
	s.left -= n
	for n > 0 {
		some := min(n, step)
		if s.cut {
			_, err = r.from.Discard(some)
			r.count += uint64(some)
		} else {
			if r.kept += some; r.kept > r.largest+largestWords*maxStreams {
				return false, errTooMuch
			}
			at := len(s.body)
			s.body = slices.Grow(s.body, some)[:at+some]
			err = r.fill(s.body[at:])
		}
		if err != nil {
			return false, err
		}
		n -= some
	}
	return s.left == 0, nil
}

// drop gives up the message that comes.
func (r *reader) drop(s *chunkStream) {
	r.kept -= len(s.body)
	s.body, s.left = nil, 0
}

// obey has what comes be read as a message of the peer's says (5.4).
func (r *reader) obey(m Message) error {
	if len(m.Body) < 4 {
		return fmt.Errorf("%w: %d bytes of kind %d", errChunk, len(m.Body), m.Kind)
	}
	n := binary.BigEndian.Uint32(m.Body)
	switch m.Kind {
	case kindChunkSize:
		if n == 0 || n > 1<<31-1 {
			return fmt.Errorf("%w: %d", errChunk, n)
		}
		r.chunk = n
	case kindWindow:
		r.window = max(uint64(n), leastWindow)
	case kindAbort:
		if s := r.streams[n]; s != nil {
			r.drop(s)
		}
	}
	return nil
}

// unacknowledged says that it is time to tell the peer how much came, and takes it that
// it is told.
func (r *reader) unacknowledged() bool {
	if r.count-r.told < r.window {
		return false
	}
	r.told = r.count
	return true
}

// fill reads as many bytes as there is room for.
func (r *reader) fill(b []byte) error {
	n, err := io.ReadFull(r.from, b)
	r.count += uint64(n)
	return err
}

func uint24(b []byte) uint32 { return uint32(b[0])<<16 | uint32(b[1])<<8 | uint32(b[2]) }

// number gives the body of a message that is one number.
func number(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }

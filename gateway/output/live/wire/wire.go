// Package wire is the header before each payload of framegate.v1, as output/live writes
// it, and whoever is its viewer reads it. It has 32 bytes, big endian:
//
//	 0  u8   version = 1
//	 1  u8   kind: 1 init segment, 2 frame, 3 init segment of sound, 4 sound
//	 2  u16  flags: 1 key, 2 backlog, 4 discontinuity, 8 behind
//	           what was sought, for decoders alone
//	 4  u32  epoch: which init segment, or for JPEG which hello
//	 8  u64  capture time, microseconds since 1970
//	16  u64  sequence number; a gap is a drop
//	24  u32  offset of the access unit, or of the first frame of sound, within a
//	         fragment, else 0
//	28  u32  reserved, 0
//
// The times and numbers of an init segment are those of the frame behind it, and
// of several frames of sound those of the first.
package wire

import (
	"encoding/binary"
	"errors"
	"time"
)

// HeadSize is how many bytes a header has.
const HeadSize = 32

const version = 1

// Kinds of payloads. A newer server may send more.
const (
	KindInit      = 1
	KindFrame     = 2
	KindSoundInit = 3
	KindSound     = 4
)

// Flags.
const (
	FlagKey           = 1
	FlagBacklog       = 2
	FlagDiscontinuity = 4
	FlagBehind        = 8
)

// Head is a header, without the offset.
type Head struct {
	Kind  byte
	Flags uint16
	Epoch uint32
	Wall  time.Time // when it was taken, to the microsecond
	Seq   uint64
}

// Put fills in a header, whose bytes are zeros.
func (h *Head) Put(b []byte) {
	b[0], b[1] = version, h.Kind
	binary.BigEndian.PutUint16(b[2:], h.Flags)
	binary.BigEndian.PutUint32(b[4:], h.Epoch)
	binary.BigEndian.PutUint64(b[8:], uint64(h.Wall.UnixMicro()))
	binary.BigEndian.PutUint64(b[16:], h.Seq)
}

// PutOffset fills in where the access unit is.
func PutOffset(b []byte, offset int) { binary.BigEndian.PutUint32(b[24:], uint32(offset)) }

// ErrNoHead: a message that does not begin with a header of this version.
var ErrNoHead = errors.New("a message without a header of framegate.v1")

// Read reads the header of a message, and gives the payload behind it, which is not
// copied. The error is ErrNoHead.
func Read(b []byte) (h Head, payload []byte, err error) {
	if len(b) < HeadSize || b[0] != version {
		return h, nil, ErrNoHead
	}
	h = Head{
		Kind: b[1], Flags: binary.BigEndian.Uint16(b[2:]), Epoch: binary.BigEndian.Uint32(b[4:]),
		Wall: time.UnixMicro(int64(binary.BigEndian.Uint64(b[8:]))), Seq: binary.BigEndian.Uint64(b[16:]),
	}
	return h, b[HeadSize:], nil
}

package live

import (
	"encoding/binary"

	"framegate/gateway/media"
)

// The header before each payload of the framegate.v1 dialect is 32 bytes, big
// endian:
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
const (
	headerSize    = 32
	headerVersion = 1

	kindInit      = 1
	kindFrame     = 2
	kindSoundInit = 3
	kindSound     = 4

	flagKey           = 1
	flagBacklog       = 2
	flagDiscontinuity = 4
	flagBehind        = 8
)

// putHeader fills in the header of a frame or of the init segment before it.
// The rest of it is zeros already.
func putHeader(b []byte, kind byte, flags uint16, epoch uint32, f *media.Frame) {
	b[0], b[1] = headerVersion, kind
	binary.BigEndian.PutUint16(b[2:], flags)
	binary.BigEndian.PutUint32(b[4:], epoch)
	binary.BigEndian.PutUint64(b[8:], uint64(f.Wall.UnixMicro()))
	binary.BigEndian.PutUint64(b[16:], f.Seq)
}

// putOffset fills in where the access unit is.
func putOffset(b []byte, offset int) { binary.BigEndian.PutUint32(b[24:], uint32(offset)) }

// Opcodes of WebSocket frames: RFC 6455, 5.2. All messages here are one frame,
// which is final and, coming from a server, not masked.
const (
	opText   = 0x80 | 1
	opBinary = 0x80 | 2
	opClose  = 0x80 | 8
	opPing   = 0x80 | 9
	opPong   = 0x80 | 10

	maxOpening = 10 // bytes of a WebSocket frame before its payload
)

// beginMessage leaves room for the opening of a WebSocket frame and gives
// where, for endMessage.
func beginMessage(b []byte) (longer []byte, at int) {
	return append(b, make([]byte, maxOpening)...), len(b)
}

// endMessage writes the opening of the WebSocket frame that began at at, whose
// payload is what stands behind it and more bytes to come, and closes the gap
// that is left where the opening is shorter than the room.
func endMessage(b []byte, at int, op byte, more int) []byte {
	payload := b[at+maxOpening:]
	opening := appendOpening(b[:at], op, len(payload)+more)
	return append(opening, payload...) // overlaps, towards the front
}

// appendOpening appends what comes before n bytes of payload: RFC 6455, 5.2.
func appendOpening(b []byte, op byte, n int) []byte {
	switch {
	case n < 126:
		return append(b, op, byte(n))
	case n <= 0xFFFF:
		return append(b, op, 126, byte(n>>8), byte(n))
	}
	return binary.BigEndian.AppendUint64(append(b, op, 127), uint64(n))
}

// appendSmall appends a WebSocket frame with a short payload.
func appendSmall(b []byte, op byte, payload []byte) []byte {
	return append(appendOpening(b, op, len(payload)), payload...)
}

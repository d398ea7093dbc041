package live

import "encoding/binary"

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

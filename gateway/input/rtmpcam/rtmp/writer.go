package rtmp

import (
	"encoding/binary"
	"io"
)

// The chunk streams that we send in.
const (
	controlStream = 2 // has to be (5.4)
	commandStream = 3
)

// writer writes messages in chunks. It writes no pictures: what we say is short.
type writer struct {
	to    io.Writer
	chunk int
}

// message writes one, in one write.
func (w *writer) message(chunks byte, kind Kind, stream uint32, body []byte) error {
	b := []byte{chunks, 0, 0, 0, byte(len(body) >> 16), byte(len(body) >> 8), byte(len(body)), byte(kind)}
	b = binary.LittleEndian.AppendUint32(b, stream)
	for n := len(body); n > w.chunk; n = len(body) {
		b = append(b, body[:w.chunk]...)
		b = append(b, 0xC0|chunks)
		body = body[w.chunk:]
	}
	_, err := w.to.Write(append(b, body...))
	return err
}

// command writes one, of a name, a number and values.
func (w *writer) command(stream uint32, values ...any) error {
	body, err := appendValues(nil, values...)
	if err != nil {
		return err
	}
	return w.message(commandStream, kindCommand, stream, body)
}

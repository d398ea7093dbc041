// Package rtmp speaks RTMP (Adobe's Real Time Messaging Protocol, version 1.0): the
// handshake (handshake.go), messages in chunks (reader.go, writer.go), and commands in
// AMF0 (amf0.go), as a server that is sent to (serve.go) and a client that plays
// (play.go). What is in messages of pictures and sound is package flv's affair.
//
// It is written here and not taken from a library because whoever connects says all of it before
// anybody knows who that is: what gortmplib 1.0.1 reads of values within values has a message
// of five to ten megabytes end the process, and its buffers are as large as a peer says.
//
// The package opens no connection, starts nothing and sets no deadline: those are the
// caller's.
package rtmp

import (
	"bufio"
	"io"
)

// Kind says what is in a message.
type Kind uint8

// The kinds of messages that somebody here knows (5.4, 7.1).
const (
	kindChunkSize  Kind = 1
	kindAbort      Kind = 2
	kindAck        Kind = 3
	kindControl    Kind = 4
	kindWindow     Kind = 5
	kindBandwidth  Kind = 6
	Sound          Kind = 8
	Pictures       Kind = 9
	kindCommandAny Kind = 17 // in AMF3, which begins with a byte and is AMF0 in all that is sent
	Data           Kind = 18
	kindCommand    Kind = 20
)

// Message is one that came.
type Message struct {
	Kind   Kind
	Stamp  uint32 // of its time, in ms, modulo 1<<32
	Body   []byte // until the next is read
	Cut    bool   // it was too large, and passed over
	stream uint32
}

// Conn is one end of a connection, once hands are shaken. It is not safe for concurrent
// use.
type Conn struct {
	reader reader
	writer writer
}

// largestWords bounds the messages that carry no pictures.
const largestWords = 16 << 10

// defaultWindow is how many bytes are acknowledged at once where the peer does not say;
// leastWindow the least that it may ask for.
const (
	defaultWindow = 2_500_000
	leastWindow   = 64 << 10
)

func newConn(to io.Writer, from *bufio.Reader) *Conn {
	return &Conn{
		reader: reader{from: from, chunk: usualChunk, largest: largestWords, window: defaultWindow, streams: make(map[uint32]*chunkStream)},
		writer: writer{to: to, chunk: usualChunk},
	}
}

// Take has messages of pictures and sound be read that are as large as that. Larger ones
// are passed over, and until then those of 16 kB.
func (c *Conn) Take(largest int) { c.reader.largest = max(largest, largestWords) }

// Read reads the next message of pictures, sound or commands, and answers what is below
// those. An error ends the connection.
func (c *Conn) Read() (Message, error) {
	for {
		m, err := c.reader.next()
		if err != nil {
			return m, err
		}
		if c.reader.unacknowledged() {
			if err := c.writer.message(controlStream, kindAck, 0, number(uint32(c.reader.count))); err != nil {
				return m, err
			}
		}
		switch m.Kind {
		case kindChunkSize, kindAbort, kindWindow:
			if err := c.reader.obey(m); err != nil {
				return m, err
			}
		case kindControl:
			if err := c.answerPing(m); err != nil {
				return m, err
			}
		case Sound, Pictures, Data, kindCommand:
			return m, nil
		case kindCommandAny:
			if m.Kind = kindCommand; len(m.Body) > 0 {
				m.Body = m.Body[1:]
			}
			return m, nil
		}
	}
}

// answerPing answers a ping (7.1.7).
func (c *Conn) answerPing(m Message) error {
	const request, response = 6, 7
	if len(m.Body) != 6 || m.Body[0] != 0 || m.Body[1] != request {
		return nil
	}
	return c.writer.message(controlStream, kindControl, 0, append([]byte{0, response}, m.Body[2:]...))
}

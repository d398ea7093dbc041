// Package rtmptest is somebody who sends by RTMP, for tests: as well as anybody, or as
// badly as a test wants. It shares nothing with package rtmp.
package rtmptest

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"io"
	"math"
	"net"
	"testing"
	"time"

	"framegate/gateway/media"
)

// Kinds of messages.
const (
	ChunkSize = 1
	Sound     = 8
	Pictures  = 9
	Command   = 20
)

// patience is how long anything may take.
const patience = 30 * time.Second

// Client is one end of a connection, which the test has closed at its end.
type Client struct {
	net.Conn
	Chunk int // bytes of a message in a chunk
	t     testing.TB
}

// Dial connects, in TLS or without, and shakes hands.
func Dial(t testing.TB, address string, secure bool) *Client {
	t.Helper()
	c := &Client{Conn: Connect(t, address, secure), Chunk: 128, t: t}
	c.must(c.Write(append([]byte{3}, make([]byte, 1536)...)))
	hello := make([]byte, 1+2*1536)
	c.must(io.ReadFull(c, hello))
	c.must(c.Write(hello[1:1537]))
	return c
}

// Connect connects, and says nothing.
func Connect(t testing.TB, address string, secure bool) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(patience)) // of a connection that is open it cannot fail
	if secure {
		c = tls.Client(c, &tls.Config{InsecureSkipVerify: true}) // who it is does not matter here
	}
	return c
}

func (c *Client) must(_ int, err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

// Message gives a message in chunks.
func (c *Client) Message(kind byte, stamp uint32, body []byte) []byte {
	const chunks = 6
	b := []byte{chunks, byte(stamp >> 16), byte(stamp >> 8), byte(stamp), byte(len(body) >> 16), byte(len(body) >> 8), byte(len(body)), kind, 1, 0, 0, 0}
	var long []byte
	if stamp >= 0xFFFFFF {
		b[1], b[2], b[3] = 0xFF, 0xFF, 0xFF
		long = binary.BigEndian.AppendUint32(nil, stamp)
		b = append(b, long...)
	}
	for len(body) > c.Chunk {
		b = append(append(b, body[:c.Chunk]...), 0xC0|chunks)
		b, body = append(b, long...), body[c.Chunk:]
	}
	return append(b, body...)
}

// Send sends a message.
func (c *Client) Send(kind byte, stamp uint32, body []byte) {
	c.t.Helper()
	c.must(c.Write(c.Message(kind, stamp, body)))
}

// SetChunk has chunks be larger.
func (c *Client) SetChunk(size int) {
	c.t.Helper()
	c.Send(ChunkSize, 0, binary.BigEndian.AppendUint32(nil, uint32(size)))
	c.Chunk = size
}

// Values gives values as a command has them: texts, numbers and nil, and maps of texts.
func Values(values ...any) (b []byte) {
	text := func(s string) { b = append(binary.BigEndian.AppendUint16(b, uint16(len(s))), s...) }
	for _, v := range values {
		switch v := v.(type) {
		case nil:
			b = append(b, 5)
		case float64:
			b = binary.BigEndian.AppendUint64(append(b, 0), math.Float64bits(v))
		case string:
			b = append(b, 2)
			text(v)
		case map[string]string:
			b = append(b, 3)
			for name, value := range v {
				text(name)
				b = append(b, 2)
				text(value)
			}
			b = append(b, 0, 0, 9)
		}
	}
	return b
}

// Ask asks to do something, such as publish, with a key, and gives the code of the answer.
func (c *Client) Ask(what, app, key string) (code string) {
	c.t.Helper()
	c.Send(Command, 0, Values("connect", 1.0, map[string]string{"app": app, "tcUrl": "rtmp://x/" + app}))
	c.Send(Command, 0, Values("createStream", 2.0, nil))
	c.Send(Command, 0, Values(what, 3.0, nil, key, "live"))
	return c.Status()
}

// Status gives the code of the next status.
func (c *Client) Status() (code string) {
	c.t.Helper()
	for {
		body, err := c.read()
		if err != nil {
			c.t.Fatal(err)
		}
		if !bytes.Contains(body, []byte("onStatus")) {
			continue
		}
		_, after, _ := bytes.Cut(body, []byte("\x00\x04code\x02"))
		return string(after[2:][:binary.BigEndian.Uint16(after)])
	}
}

// read reads the body of a message, as a server sends it that leaves chunks as they are.
func (c *Client) read() ([]byte, error) {
	const chunk = 128
	var head [12]byte
	if _, err := io.ReadFull(c, head[:]); err != nil {
		return nil, err
	}
	body := make([]byte, int(head[4])<<16|int(head[5])<<8|int(head[6]))
	for at := 0; at < len(body); at += chunk {
		if at > 0 {
			if _, err := io.ReadFull(c, head[:1]); err != nil {
				return nil, err
			}
		}
		if _, err := io.ReadFull(c, body[at:min(at+chunk, len(body))]); err != nil {
			return nil, err
		}
	}
	return body, nil
}

// Ends waits until the server has closed the connection, and gives the rest that it said.
func (c *Client) Ends() []byte {
	c.t.Helper()
	said, err := io.ReadAll(c)
	if timeout, ok := err.(net.Error); ok && timeout.Timeout() {
		c.t.Fatal("the server does not end it")
	}
	return said
}

// Config gives the message that describes pictures of H.264.
func Config(f *media.Format) []byte { return append([]byte{0x17, 0, 0, 0, 0}, f.Config...) }

// Picture gives the message of a picture of H.264, which is shown when it is decoded.
func Picture(f media.Frame) []byte {
	b := byte(0x27)
	if f.Key {
		b = 0x17
	}
	return append([]byte{b, 1, 0, 0, 0}, f.Data...)
}

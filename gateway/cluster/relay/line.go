package relay

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/url"
	"time"
)

// Opcodes of WebSocket frames: RFC 6455, 5.2. What package live sends is one frame a
// message.
const (
	opText   = 1
	opBinary = 2
	opClose  = 8
	opPing   = 9
	opPong   = 10

	final, masked = 0x80, 0x80
	maxControl    = 125 // bytes of a control frame's payload
)

const (
	// believed is how long a message may say that it is and be believed. Of a longer one
	// memory is taken as it comes, unless a half as long one came before.
	believed = 256 << 10
	// piece is how much memory is taken at a time for messages that are much smaller.
	piece = 1 << 20
	// ahead is what is read at once of what no picture has room for yet. It is short,
	// so that TLS writes nearly all of a picture where that stays.
	ahead = 512
	// maxAnswerHead is how many bytes of an answer are read before its stream begins.
	maxAnswerHead = 64 << 10
)

// errClosed is the end of a line that the other side said, and why.
type errClosed struct{ why string }

func (e errClosed) Error() string { return "closed: " + e.why }

// line is the client's end of a WebSocket. It is not a library's because that does
// not tell how long a message is before it was read, so that each picture would be
// copied, or take more memory than it has. It is not safe for concurrent use, but for
// close.
type line struct {
	conn    net.Conn
	in      *bufio.Reader
	rest    []byte // of the last piece
	largest int    // message that came
	most    int    // bytes of a message
}

// dial opens a line. Where the other side answers with something else, there is
// none, and its answer is given, whose body is short and needs no closing.
func dial(ctx context.Context, connect func(context.Context) (net.Conn, error), address *url.URL, most int) (*line, *http.Response, error) {
	conn, err := connect(ctx)
	if err != nil {
		return nil, nil, err
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	from := &io.LimitedReader{R: conn, N: maxAnswerHead}
	l := &line{conn: conn, in: bufio.NewReaderSize(from, ahead), most: most}
	answer, err := l.ask(address)
	from.N = math.MaxInt64
	if !stop() && err == nil {
		err = context.Cause(ctx)
	}
	if err != nil || answer.StatusCode != http.StatusSwitchingProtocols {
		conn.Close()
		return nil, answer, err
	}
	return l, answer, nil
}

// ask makes the handshake: RFC 6455, 4.1.
func (l *line) ask(address *url.URL) (*http.Response, error) {
	key := make([]byte, 16)
	_, _ = rand.Read(key) // never fails
	text := base64.StdEncoding.EncodeToString(key)
	r := &http.Request{Method: http.MethodGet, URL: address, Host: address.Host, Header: http.Header{
		"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {text}, "Sec-Websocket-Protocol": {subprotocol},
	}}
	if err := r.Write(l.conn); err != nil {
		return nil, err
	}
	answer, err := http.ReadResponse(l.in, r)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusSwitchingProtocols {
		b, err := io.ReadAll(io.LimitReader(answer.Body, maxRefusal))
		answer.Body = io.NopCloser(bytes.NewReader(b))
		return answer, err
	}
	sum := sha1.Sum([]byte(text + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	if answer.Header.Get("Sec-WebSocket-Accept") != base64.StdEncoding.EncodeToString(sum[:]) || answer.Header.Get("Sec-WebSocket-Protocol") != subprotocol {
		return nil, errors.New("it speaks another protocol")
	}
	return answer, nil
}

func (l *line) close() { l.conn.Close() }

// say sends a frame with a short payload.
func (l *line) say(op byte, payload []byte) error {
	b := []byte{final | op, masked | byte(len(payload)), 0, 0, 0, 0}
	if len(payload) > maxControl {
		return fmt.Errorf("a message of %d bytes is too long", len(payload))
	}
	_, _ = rand.Read(b[2:6]) // never fails
	for i, c := range payload {
		b = append(b, c^b[2+i%4])
	}
	return errors.Join(l.conn.SetWriteDeadline(time.Now().Add(connectTime)), write(l.conn, b))
}

func write(w io.Writer, b []byte) error {
	_, err := w.Write(b)
	return err
}

// next gives the next message, whose bytes are the caller's, and answers pings. Each
// frame has to begin within patience, which is from after the first longer, and to go on
// as fast. The error is errClosed where the other side ended the line.
func (l *line) next(patience time.Duration) (op byte, b []byte, err error) {
	for {
		if err := l.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
			return 0, nil, err
		}
		op, n, err := l.head()
		if err != nil {
			return 0, nil, err
		}
		if b, err = l.payload(n); err != nil {
			return 0, nil, err
		}
		switch op {
		case opText, opBinary:
			l.largest = max(l.largest, n)
			return op, b, nil
		case opClose:
			return 0, nil, errClosed{string(b[min(2, len(b)):])}
		case opPing:
			if err := l.say(opPong, b); err != nil {
				return 0, nil, err
			}
			patience = silentTime
		}
	}
}

// head reads what stands before a payload: RFC 6455, 5.2.
func (l *line) head() (op byte, n int, err error) {
	var b [8]byte
	if _, err := io.ReadFull(l.in, b[:2]); err != nil {
		return 0, 0, err
	}
	op, size := b[0]&^final, uint64(b[1])
	switch {
	case b[0]&final == 0, b[1]&masked != 0, op >= opClose && size > maxControl:
		return 0, 0, fmt.Errorf("%w: a frame that begins with %x", errBroken, b[:2])
	case op != opText && op != opBinary && op != opClose && op != opPing && op != opPong:
		return 0, 0, fmt.Errorf("%w: a frame of kind %x", errBroken, op)
	case size == 126:
		_, err = io.ReadFull(l.in, b[:2])
		size = uint64(binary.BigEndian.Uint16(b[:]))
	case size == 127:
		_, err = io.ReadFull(l.in, b[:8])
		size = binary.BigEndian.Uint64(b[:])
	}
	if err == nil && size > uint64(l.most) {
		err = fmt.Errorf("%w: it has %d bytes", errBroken, size)
	}
	return op, int(size), err
}

// payload reads so many bytes.
func (l *line) payload(n int) ([]byte, error) {
	b := l.room(min(n, max(believed, 2*l.largest)))
	_, err := io.ReadFull(l.in, b)
	for err == nil && len(b) < n {
		at := len(b)
		b = append(b, make([]byte, min(n-at, at))...)
		_, err = io.ReadFull(l.in, b[at:])
	}
	return b, err
}

// room gives memory for a message. That of small ones is cut from larger pieces, which
// are kept as long as any picture in them is: to free each by itself costs more than all
// else that is done with it here.
func (l *line) room(n int) []byte {
	if n > piece/8 {
		return make([]byte, n)
	}
	if len(l.rest) < n {
		l.rest = make([]byte, piece)
	}
	b := l.rest[:n:n]
	l.rest = l.rest[n:]
	return b
}

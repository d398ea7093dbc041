package rtmp

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
)

// wire is one end: what the other says, and what it is told.
type wire struct {
	io.Reader
	told bytes.Buffer
}

func (w *wire) Write(b []byte) (int, error) { return w.told.Write(b) }

// heard gives a connection on which that comes.
func heard(parts ...[]byte) (*Conn, *wire) {
	w := &wire{Reader: bytes.NewReader(slices.Concat(parts...))}
	return newConn(w, bufio.NewReader(w)), w
}

// chunk gives the beginning of a chunk with the whole head of a message.
func chunk(id byte, stamp uint32, kind Kind, length int) []byte {
	return []byte{id, byte(stamp >> 16), byte(stamp >> 8), byte(stamp), byte(length >> 16), byte(length >> 8), byte(length), byte(kind), 1, 0, 0, 0}
}

func be32(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }

var long = []byte(strings.Repeat("0123456789", 20)) // more than a chunk

// TestMessagesComeOfChunks in all forms that heads have.
func TestMessagesComeOfChunks(t *testing.T) {
	for name, c := range map[string]struct {
		parts [][]byte
		want  []string // stamp and body of each
	}{
		"each form of head": {[][]byte{
			chunk(4, 100, Pictures, 2), []byte("ab"),
			{0x44, 0, 0, 20, 0, 0, 3, byte(Sound)}, []byte("cde"),
			{0x84, 0, 0, 5}, []byte("fgh"),
			{0xC4}, []byte("ijk"),
		}, []string{"100 ab", "120 cde", "125 fgh", "130 ijk"}},
		"behind a whole head": {[][]byte{chunk(4, 100, Pictures, 1), []byte("a"), {0xC4}, []byte("b")}, []string{"100 a", "100 b"}},
		"in pieces, between others": {[][]byte{
			chunk(4, 1, Pictures, 200), long[:128], chunk(5, 2, Sound, 1), []byte("s"), {0xC4}, long[128:],
		}, []string{"2 s", "1 " + string(long)}},
		"in larger chunks": {[][]byte{
			chunk(2, 0, kindChunkSize, 4), be32(150), chunk(4, 1, Pictures, 200), long[:150], {0xC4}, long[150:],
		}, []string{"1 " + string(long)}},
		"a long time, repeated": {[][]byte{
			chunk(4, noStamp, Pictures, 200), be32(0xFFFFFFF0), long[:128], {0xC4}, be32(0xFFFFFFF0), long[128:],
			{0x84, 0, 0, 0x20}, long[:128], {0xC4}, long[128:],
		}, []string{"4294967280 " + string(long), "16 " + string(long)}},
		"a long time, once": {[][]byte{
			chunk(4, noStamp, Pictures, 200), be32(0x01000000), long[:128], {0xC4}, long[128:],
		}, []string{"16777216 " + string(long)}},
		"wide names of streams": {[][]byte{
			{0, 10}, chunk(0, 1, Pictures, 1)[1:], []byte("a"), {1, 10, 1}, chunk(0, 2, Pictures, 1)[1:], []byte("b"), {0xC0, 10}, []byte("c"),
		}, []string{"1 a", "2 b", "1 c"}},
		"one that is given up": {[][]byte{
			chunk(4, 1, Pictures, 200), long[:128], chunk(2, 0, kindAbort, 4), be32(4), {0xC4}, long[:128], {0xC4}, long[128:],
		}, []string{"1 " + string(long)}},
		"one that another takes the place of": {[][]byte{chunk(4, 1, Pictures, 200), long[:128], chunk(4, 3, Pictures, 1), []byte("a")}, []string{"3 a"}},
		"nothing, and what nobody knows":      {[][]byte{chunk(4, 1, Pictures, 0), chunk(4, 1, 99, 2), []byte("xx"), chunk(4, 2, Sound, 1), []byte("a")}, []string{"1 ", "2 a"}},
		"one that is too large": {[][]byte{
			chunk(2, 0, kindChunkSize, 4), be32(1 << 20), chunk(4, 1, Pictures, 20000), make([]byte, 20000), chunk(4, 2, Sound, 1), []byte("a"),
		}, []string{"1 cut", "2 a"}},
	} {
		t.Run(name, func(t *testing.T) {
			conn, _ := heard(c.parts...)
			var got []string
			for {
				m, err := conn.Read()
				if err != nil {
					if !errors.Is(err, io.EOF) {
						t.Error(err)
					}
					break
				}
				body := string(m.Body)
				if m.Cut {
					body += "cut"
				}
				got = append(got, fmt.Sprint(m.Stamp, " ", body))
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("what comes is %q", got)
			}
		})
	}
}

// TestWhatIsNoRTMPEnds the connection.
func TestWhatIsNoRTMPEnds(t *testing.T) {
	var many [][]byte
	for n := range maxStreams + 1 {
		many = append(many, []byte{0, byte(n)}, chunk(0, 1, Pictures, 0)[1:])
	}
	for want, parts := range map[error][][]byte{
		errNoHead:           {{0xC4}},
		errStreams:          many,
		errChunk:            {chunk(2, 0, kindChunkSize, 4), be32(0)},
		errOverlong:         {chunk(3, 0, kindCommand, largestWords+1)},
		io.ErrUnexpectedEOF: {chunk(4, 1, Pictures, 10), []byte("abc")},
	} {
		conn, _ := heard(parts...)
		var err error
		for err == nil {
			_, err = conn.Read()
		}
		if !errors.Is(err, want) {
			t.Errorf("%v: %v", want, err)
		}
	}
}

// TestNothingIsKeptOfWhatIsClaimed: room is made for what comes, however large chunks
// and messages say that they are, and for all that does not end together.
func TestNothingIsKeptOfWhatIsClaimed(t *testing.T) {
	const largest = 1 << 20
	parts := [][]byte{chunk(2, 0, kindChunkSize, 4), be32(1<<31 - 1)}
	conn, _ := heard(append(parts, chunk(4, 0, Pictures, largest), []byte("abc"))...)
	conn.Take(largest)
	if _, err := conn.Read(); !errors.Is(err, io.ErrUnexpectedEOF) || cap(conn.reader.streams[4].body) > 2*step {
		t.Errorf("%v, and %d bytes are kept", err, cap(conn.reader.streams[4].body))
	}
	parts = [][]byte{chunk(2, 0, kindChunkSize, 4), be32(largest - 1)}
	for n := range byte(4) {
		parts = append(parts, chunk(4+n, 0, Pictures, largest), make([]byte, largest-1))
	}
	conn, _ = heard(parts...)
	conn.Take(largest)
	if _, err := conn.Read(); !errors.Is(err, errTooMuch) {
		t.Errorf("messages that do not end: %v", err)
	}
	parts = [][]byte{chunk(2, 0, kindChunkSize, 4), be32(largest)}
	for n := range byte(20) {
		parts = append(parts, chunk(4+n, 0, Pictures, largest), make([]byte, largest))
	}
	conn, _ = heard(parts...)
	conn.Take(largest)
	for range 20 {
		if _, err := conn.Read(); err != nil {
			t.Fatal(err)
		}
	}
	if kept := kept(conn); kept > 4*largest {
		t.Errorf("%d bytes are kept of what ended", kept)
	}
	parts = nil
	for n := range byte(20) {
		parts = append(parts, chunk(2, 0, kindChunkSize, 4), be32(1), chunk(5+n, 0, Pictures, largest/2+1), make([]byte, 1))
		parts = append(append(parts, chunk(3, 0, kindChunkSize, 4)), oneByOne(3, be32(largest))...)
		parts = append(parts, chunk(4, 0, Pictures, largest), make([]byte, largest))
	}
	conn, _ = heard(parts...)
	conn.Take(largest)
	for range 20 {
		if _, err := conn.Read(); err != nil {
			t.Fatal(err)
		}
	}
	if kept := kept(conn); kept > 4*largest {
		t.Errorf("%d bytes are kept of messages of which a byte came", kept)
	}
}

// oneByOne gives the body of a message in chunks of one byte each.
func oneByOne(chunks byte, body []byte) (parts [][]byte) {
	for i, b := range body {
		if i > 0 {
			parts = append(parts, []byte{0xC0 | chunks})
		}
		parts = append(parts, []byte{b})
	}
	return parts
}

// kept says how much room a connection has for messages.
func kept(c *Conn) int {
	all := cap(c.reader.given) + cap(c.reader.spare)
	for _, s := range c.reader.streams {
		all += cap(s.body)
	}
	return all
}

// TestPeersAreAnswered: pings, and how much came.
func TestPeersAreAnswered(t *testing.T) {
	conn, w := heard(chunk(2, 0, kindControl, 6), []byte{0, 6}, be32(77), chunk(2, 0, kindWindow, 4), be32(1),
		chunk(2, 0, kindChunkSize, 4), be32(1<<20), chunk(4, 1, Pictures, leastWindow), make([]byte, leastWindow))
	conn.Take(leastWindow)
	if _, err := conn.Read(); err != nil {
		t.Fatal(err)
	}
	pong, ack := append([]byte{0, 7}, be32(77)...), be32(uint32(conn.reader.count))
	if told := w.told.Bytes(); !bytes.Contains(told, pong) || !bytes.HasSuffix(told, ack) {
		t.Errorf("it is told %x", told)
	}
}

// TestValues are written and read; what lies too deep, ends too soon or is not known is
// refused, however much of it there is.
func TestValues(t *testing.T) {
	b, err := appendValues(nil, "connect", 1.5, true, nil, []string{"a", "b"}, []named{{"app", "live"}, {"in", []named{{"x", 2.0}}}})
	if err != nil {
		t.Fatal(err)
	}
	b = append(append(b, markArray, 0, 0, 0, 9), "\x00\x01k\x05\x00\x00\x09"...)
	b = append(b, markLong, 0, 0, 0, 1, 'l')
	b = append(b, markDate, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
	values, err := readValues(b)
	if got, want := fmt.Sprint(values), "[connect 1.5 true <nil> [a b] map[app:live in:map[x:2]] map[k:<nil>] l <nil>]"; err != nil || got != want {
		t.Errorf("%s, %v", got, err)
	}
	for n := range b {
		_, _ = readValues(b[:n])
	}
	for want, b := range map[error][]byte{
		errDeep:  bytes.Repeat([]byte{markList, 0, 0, 0, 1}, 2<<20),
		errShort: {markList, 0xFF, 0xFF, 0xFF, 0xFF, markNull},
		errValue: {0x11},
	} {
		if _, err := readValues(b); !errors.Is(err, want) {
			t.Errorf("%v: %v", want, err)
		}
	}
	if _, err := readValues(bytes.Repeat([]byte{markObject, 0, 1, 'a'}, 1<<20)); !errors.Is(err, errDeep) {
		t.Errorf("objects in objects: %v", err)
	}
}

// FuzzServe holds that whatever a client says is answered or ends, with no more kept
// than came.
func FuzzServe(f *testing.F) {
	command := func(values ...any) []byte {
		var w wire
		_ = (&writer{to: &w, chunk: 128}).command(0, values...) // these can be written
		return w.told.Bytes()
	}
	f.Add(slices.Concat(command("connect", 1.0, []named{{"app", "live"}}), command("createStream", 2.0, nil), command("publish", 3.0, nil, "front?token=x", "live"),
		chunk(4, 0, Pictures, 3), []byte{0x17, 0, 0}, command("deleteStream", 4.0, nil, 1.0)))
	f.Add(slices.Concat(chunk(2, 0, kindChunkSize, 4), be32(1), chunk(4, noStamp, Sound, 2), be32(1<<31), []byte{1, 0xC4}, be32(1<<31), []byte{2}))
	f.Fuzz(func(t *testing.T, said []byte) {
		w := &wire{Reader: io.MultiReader(bytes.NewReader(append([]byte{version}, make([]byte, 2*helloLen)...)), bytes.NewReader(said))}
		s, err := Serve(w)
		for err == nil {
			_, err = s.Next()
		}
		if s != nil && s.reader.kept > len(said)+step {
			t.Errorf("%d bytes are kept of %d", s.reader.kept, len(said))
		}
	})
}

// TestPlayHearsAServer that refuses, at once or later, or has no more; of what it says a
// line at most comes out.
func TestPlayHearsAServer(t *testing.T) {
	say := func(values ...any) []byte {
		var w wire
		if err := (&writer{to: &w, chunk: 128}).command(0, values...); err != nil {
			t.Fatal(err)
		}
		return w.told.Bytes()
	}
	hello := append([]byte{version}, make([]byte, 2*helloLen)...)
	connected := slices.Concat(hello, say("_result", 1.0, nil, status("status", "NetConnection.Connect.Success", "")))
	created := slices.Concat(connected, say("onBWDone", 0.0, nil), say("_result", 2.0, nil, 7.0))
	for name, c := range map[string]struct {
		said []byte
		want error
	}{
		"another version": {[]byte{6}, errVersion},
		"not connected":   {slices.Concat(hello, say("_error", 1.0, nil, status("error", "NetConnection.Connect.Rejected", strings.Repeat("x", 5000)))), ErrRefused},
		"no stream":       {slices.Concat(connected, say("_error", 2.0, nil, nil)), ErrRefused},
		"talk":            {slices.Concat(hello, bytes.Repeat(say("onBWDone", 0.0, nil), maxBefore+1)), errNoAnswer},
		"no such":         {slices.Concat(created, say("onStatus", 0.0, nil, status("error", "NetStream.Play.StreamNotFound", ""))), ErrRefused},
		"the end":         {slices.Concat(created, say("onStatus", 0.0, nil, status("status", "NetStream.Play.Stop", ""))), io.EOF},
		"gone":            {created, io.EOF},
	} {
		w := &wire{Reader: bytes.NewReader(c.said)}
		p, err := Play(w, Place{Address: "rtmp://h/a", App: "a", Key: "k?user=u"}, 1<<20)
		for err == nil {
			_, err = p.Next()
		}
		if !errors.Is(err, c.want) || len(err.Error()) > 300 {
			t.Errorf("%s: %v", name, err)
		}
		if asked := w.told.String(); c.want == io.EOF && (!strings.Contains(asked, "k?user=u") || !strings.Contains(asked, "\x07\x00\x00\x00\x02\x00\x04play")) {
			t.Errorf("%s: it is asked %q", name, asked)
		}
	}
}

// FuzzPlay holds that whatever a server says comes to its end.
func FuzzPlay(f *testing.F) {
	f.Add(slices.Concat(chunk(3, 0, kindCommand, 20), []byte("\x02\x00\x07_result\x00\x3F\xF0\x00\x00\x00\x00\x00\x00\x05")))
	f.Add(slices.Concat(chunk(3, 0, kindCommand, 19), []byte("\x02\x00\x06_error\x00\x3F\xF0\x00\x00\x00\x00\x00\x00\x05")))
	f.Fuzz(func(t *testing.T, said []byte) {
		p, err := Play(&wire{Reader: io.MultiReader(bytes.NewReader(append([]byte{version}, make([]byte, 2*helloLen)...)), bytes.NewReader(said))}, Place{}, 1<<20)
		for err == nil {
			_, err = p.Next()
		}
	})
}

package rtspquirks

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/conn"
	"github.com/pion/rtp"
)

// readConn is a connection of which only reading is of interest.
type readConn struct {
	net.Conn
	io.Reader
}

func (c readConn) Read(p []byte) (int, error) { return c.Reader.Read(p) }

// pieces gives b in reads of these sizes, again and again.
type pieces struct {
	b     []byte
	sizes []int
	reads int
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.b) == 0 {
		return 0, io.EOF
	}
	n := copy(b[:min(len(b), max(1, p.sizes[p.reads%len(p.sizes)]))], p.b)
	p.b, p.reads = p.b[n:], p.reads+1
	return n, nil
}

// channelPacket is a packet as it travels within an RTSP connection.
func channelPacket(number byte, data string) string {
	return string(binary.BigEndian.AppendUint16([]byte{'$', number}, uint16(len(data)))) + data
}

// heard marshals a message, as it was understood, for gortsplib.
func heard(m message) ([]byte, error) {
	res := base.Response{StatusCode: base.StatusCode(max(m.status, 100)), StatusMessage: "-" + m.method, Header: base.Header{}, Body: m.body}
	for i, f := range m.header {
		if i < 200 && len(f.value) < 2000 {
			res.Header["X-"+hex.EncodeToString([]byte(f.name))] = base.HeaderValue{hex.EncodeToString([]byte(f.value))}
		}
	}
	return res.Marshal()
}

// playingConn is one that packets are awaited from.
func playingConn(conn net.Conn) *shortcutConn {
	c := newShortcut(conn, heard)
	c.playing.Store(true)
	return c
}

// messages reads a connection to its end as gortsplib does, and gives what it
// got, with what came by a shortcut for channel 2, and how it ended.
func messages(t *testing.T, source io.Reader) (got []string, end error) {
	s := playingConn(readConn{Reader: source})
	s.Straight(2, func(data []byte, _ time.Time) { got = append(got, fmt.Sprintf("2: %x", data)) })
	c := conn.NewConn(s)
	for {
		what, err := c.Read()
		if err != nil {
			return got, err
		}
		switch what := what.(type) {
		case *base.InterleavedFrame:
			got = append(got, fmt.Sprintf("%d: %x", what.Channel, what.Payload))
		default:
			got = append(got, fmt.Sprintf("%T %+v", what, what))
		}
	}
}

const (
	keptAlive = "RTSP/1.0 200 OK\r\nCSeq: 7\r\nContent-Length: 6\r\n\r\n$\x02\x00\x01ab"
	announced = "ANNOUNCE rtsp://c/ RTSP/1.0\r\nCSeq: 8\r\n\r\n"
)

// TestShortcutOrder: what comes straight and what gortsplib gets is what was
// sent, in order, however it was cut on its way.
func TestShortcutOrder(t *testing.T) {
	long := strings.Repeat("$", packetLimit)
	stream := channelPacket(2, "one") + channelPacket(3, "report") + keptAlive + channelPacket(2, "") + "garbage\x00" +
		channelPacket(2, "two") + announced + channelPacket(0, long) + channelPacket(2, long) + channelPacket(2, "three")
	want, end := messages(t, strings.NewReader(stream))
	if len(want) != 9 || end != io.EOF {
		t.Fatalf("%d messages, %v", len(want), end)
	}
	for _, size := range []int{1, 2, 3, 5, 100, 1400, 4096, 1 << 20} {
		got, _ := messages(t, &pieces{b: []byte(stream), sizes: []int{size}})
		if !slices.Equal(got, want) {
			t.Errorf("in pieces of %d bytes: %.300q, want %.300q", size, got, want)
		}
	}
}

// TestShortcutTakesAtOnce: a packet is taken with its last byte, and a message
// is gortsplib's with its last.
func TestShortcutTakesAtOnce(t *testing.T) {
	camera, our := net.Pipe()
	defer camera.Close()
	c := playingConn(our)
	taken, read := make(chan string, 1), make(chan string, 1)
	c.Straight(0, func(data []byte, arrived time.Time) {
		if arrived.IsZero() {
			t.Error("no time of arrival")
		}
		taken <- string(data)
	})
	done := make(chan struct{})
	go func() {
		defer close(done)
		b := make([]byte, 4096)
		for {
			n, err := c.Read(b)
			if err != nil {
				return
			}
			read <- string(b[:n])
		}
	}()
	for i := range 10 {
		text := fmt.Sprint("packet ", i)
		io.WriteString(camera, channelPacket(0, text))
		if got := within(t, taken); got != text {
			t.Errorf("%q taken, want %q", got, text)
		}
		io.WriteString(camera, keptAlive)
		if got := within(t, read); !strings.HasSuffix(got, "$\x02\x00\x01ab") {
			t.Errorf("%q read", got)
		}
	}
	camera.Close()
	<-done
}

func within(t *testing.T, c chan string) string {
	t.Helper()
	select {
	case s := <-c:
		return s
	case <-time.After(30 * time.Second):
		t.Fatal("kept back")
		return ""
	}
}

// TestShortcutGivesUp: what is no message, and what is too long for one, ends
// the connection, and nothing more is made room for.
func TestShortcutGivesUp(t *testing.T) {
	for name, c := range map[string]struct {
		message string
		want    error
	}{
		"trickling":        {keptAlive, io.EOF},
		"large":            {strings.Replace(keptAlive, "Content-Length: 6", "Content-Length: 100000", 1) + strings.Repeat("x", 100000-6), io.EOF},
		"unreadable":       {"RTSP/1.0 two hundred OK\r\n\r\n", errNoStatus},
		"a line alone":     {"RTSP/1.0\r\n\r\n", errNoStatus},
		"an endless line":  {"RTSP/1.0 200 OK\r\nX: " + strings.Repeat("x", 1<<20), errLongMessage},
		"an endless head":  {"RTSP/1.0 200 OK\r\n" + strings.Repeat("X: y\n", 1<<20), errLongMessage},
		"an endless body":  {"RTSP/1.0 200 OK\r\nContent-Length: 200000\r\n\r\n" + strings.Repeat("x", 1<<20), errLongMessage},
		"more than a body": {"RTSP/1.0 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n", errLongMessage},
	} {
		source := readConn{Reader: strings.NewReader(channelPacket(2, "one") + c.message + channelPacket(2, "two"))}
		if name == "trickling" {
			source.Reader = iotest.OneByteReader(source.Reader)
		}
		s := playingConn(source)
		taken := ""
		s.Straight(2, func(data []byte, _ time.Time) { taken += string(data) })
		_, err := io.Copy(io.Discard, s)
		if err == nil {
			err = io.EOF
		}
		if err != c.want || taken != "one" && c.want != io.EOF || taken != "onetwo" && c.want == io.EOF {
			t.Errorf("%s: %q taken, %v", name, taken, err)
		}
		if len(s.buffer) > 4*packetLimit {
			t.Errorf("%s: room for %d bytes", name, len(s.buffer))
		}
	}
}

// TestPacketsBeforePlay are passed over.
func TestPacketsBeforePlay(t *testing.T) {
	c := newShortcut(readConn{Reader: strings.NewReader(channelPacket(0, "old") + keptAlive + channelPacket(2, "older"))}, heard)
	got, err := io.ReadAll(c)
	if err != nil || !strings.HasPrefix(string(got), "RTSP/1.0 200") || strings.Contains(string(got), "old") {
		t.Errorf("%q, %v", got, err)
	}
}

// TestShortcutEnds: an error of the connection reaches gortsplib.
func TestShortcutEnds(t *testing.T) {
	c := playingConn(readConn{Reader: iotest.ErrReader(io.ErrClosedPipe)})
	if n, err := c.Read(make([]byte, 10)); n != 0 || err != io.ErrClosedPipe {
		t.Errorf("%d, %v", n, err)
	}
	c = playingConn(readConn{Reader: strings.NewReader("RTSP/1.0 200")})
	if n, err := c.Read(make([]byte, 10)); n != 0 || err != io.EOF {
		t.Errorf("%d, %v", n, err)
	}
}

// TestShortcutAllocates: nothing, for a packet.
func TestShortcutAllocates(t *testing.T) {
	b := []byte(channelPacket(2, "\x80\x60\x00\x00\x00\x00\x00\x00\x00\x00\x00\x05\x41\x9a\x9b"))
	c := playingConn(readConn{Reader: &endless{b: b}})
	taken := 0
	c.Straight(2, func([]byte, time.Time) { taken++ })
	allocated := testing.AllocsPerRun(100, func() {
		if err := c.fill(); err != nil {
			t.Fatal(err)
		}
		if more, err := c.sort(); more || err != nil {
			t.Fatal("no packet", err)
		}
	})
	if allocated != 0 || taken < 100 {
		t.Errorf("%v allocations, %d packets", allocated, taken)
	}
}

// endless gives a packet again and again, and counts them in it.
type endless struct {
	b []byte
	n uint16
}

func (e *endless) Read(p []byte) (int, error) {
	binary.BigEndian.PutUint16(e.b[packetHeader+2:], e.n)
	e.n++
	return copy(p, e.b), nil
}

// BenchmarkShortcut reads a connection with packets of 1400 bytes, nine at a
// time, down to the parsed packet.
func BenchmarkShortcut(b *testing.B) {
	packet := channelPacket(2, "\x80\x60"+strings.Repeat("\x00", 1410))
	const count = 900
	stream := []byte(strings.Repeat(packet, count))
	source := func() readConn { return readConn{Reader: &pieces{b: stream, sizes: []int{9 * len(packet)}}} }
	b.Run("gortsplib", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			c := conn.NewConn(source())
			for {
				what, err := c.Read()
				if err != nil {
					break
				}
				if err := new(rtp.Packet).Unmarshal(what.(*base.InterleavedFrame).Payload); err != nil {
					b.Fatal(err)
				}
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*count), "ns/packet")
	})
	b.Run("straight", func(b *testing.B) {
		b.ReportAllocs()
		var p rtp.Packet
		for b.Loop() {
			c := playingConn(source())
			c.Straight(2, func(data []byte, _ time.Time) {
				if err := p.Unmarshal(data); err != nil {
					b.Fatal(err)
				}
			})
			_, _ = c.Read(make([]byte, 1))
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*count), "ns/packet")
	})
}

// FuzzShortcut holds that whatever a camera sends is understood alike in
// whatever pieces it comes, and that gortsplib can read all that it gets.
func FuzzShortcut(f *testing.F) {
	f.Add([]byte(channelPacket(2, "one")+keptAlive+channelPacket(2, "two")+announced+channelPacket(3, "x")), byte(3), byte(200))
	f.Add([]byte("RTSP/1.0 200 OK\r\nA\r\n\r\n: b\r\n\r\n"+channelPacket(2, "one")), byte(9), byte(1))
	f.Add([]byte("RTSP/1.0 200 OK\r\nContent-Length: x\r\n\r\n"+channelPacket(2, "one")+"GET"), byte(50), byte(7))
	f.Add([]byte("$\x02RTSP$$\x02\x00\x01G$\x02\x00\x02GETEARDOWN\r\n\r\n"), byte(1), byte(1))
	f.Add([]byte("RTSP/1.0 200\nA: b\n c\nno colon\n\nRTSP/1.0 404OK\n\n"), byte(1), byte(1))
	f.Fuzz(func(t *testing.T, stream []byte, a, b byte) {
		want, end := messages(t, bytes.NewReader(stream))
		got, gotEnd := messages(t, &pieces{b: stream, sizes: []int{int(a), int(b) * 16}})
		if !slices.Equal(got, want) || gotEnd != end {
			t.Errorf("%q, %v, want %q, %v", got, gotEnd, want, end)
		}
		known := []error{io.EOF, io.ErrUnexpectedEOF, errLongMessage, errNoStatus, errHTTP, errTLS, errSSH}
		if !slices.Contains(known, end) {
			t.Errorf("ended with %v", end)
		}
	})
}

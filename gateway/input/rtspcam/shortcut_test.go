package rtspcam

import (
	"bytes"
	"context"
	"encoding/binary"
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
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/pion/rtp"
)

// readConn is a connection of which only reading is of interest.
type readConn struct {
	net.Conn
	io.Reader
}

func (c readConn) Read(p []byte) (int, error) { return c.Reader.Read(p) }

// dialNothing gives a connection without a far end.
func dialNothing(context.Context, string, string) (net.Conn, error) { return readConn{}, nil }

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

// messages reads a connection to its end as gortsplib does, and gives what it
// got, with what came by a shortcut for channel 2 where there is one.
func messages(source io.Reader, short bool) (got []string) {
	rw := readConn{Reader: source}
	var client io.ReadWriter = rw
	if short {
		s := newShortcut(rw)
		s.straight.Store(&channel{number: 2, take: func(data []byte, _ time.Time) { got = append(got, fmt.Sprintf("2: %x", data)) }})
		client = s
	}
	c := conn.NewConn(client)
	for {
		what, err := c.Read()
		if err != nil {
			return got
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
	want := messages(strings.NewReader(stream), false)
	if len(want) != 9 {
		t.Fatalf("gortsplib itself reads %d messages", len(want))
	}
	for _, size := range []int{1, 2, 3, 5, 100, 1400, 4096, 1 << 20} {
		got := messages(&pieces{b: []byte(stream), sizes: []int{size}}, true)
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
	c := newShortcut(our)
	taken, read := make(chan string, 1), make(chan string, 1)
	c.straight.Store(&channel{take: func(data []byte, arrived time.Time) {
		if arrived.IsZero() {
			t.Error("no time of arrival")
		}
		taken <- string(data)
	}})
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
		if got := within(t, read); got != keptAlive {
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
	case <-time.After(generous):
		t.Fatal("kept back")
		return ""
	}
}

// TestShortcutGivesUp: after what cannot be read, or is endless, all is
// gortsplib's, from there on and with nothing left out.
func TestShortcutGivesUp(t *testing.T) {
	for name, message := range map[string]string{
		"trickling":  keptAlive,
		"unreadable": "RTSP/1.0 two hundred OK\r\n\r\n",
		"endless":    "RTSP/1.0 200 OK\r\nX: " + strings.Repeat("x", 1<<17),
		"much":       strings.Replace(keptAlive, "Content-Length: 6", "Content-Length: 100000", 1) + strings.Repeat("x", 100000-6),
	} {
		stream := channelPacket(2, "one") + message + channelPacket(2, "two")
		source := readConn{Reader: strings.NewReader(stream)}
		if name == "trickling" {
			source.Reader = iotest.OneByteReader(source.Reader)
		}
		c := newShortcut(source)
		taken := ""
		c.straight.Store(&channel{number: 2, take: func(data []byte, _ time.Time) { taken += string(data) }})
		left, err := io.ReadAll(c)
		if want := message + channelPacket(2, "two"); err != nil || taken != "one" || string(left) != want {
			t.Errorf("%s: %q taken, and %d bytes left of %d, %v", name, taken, len(left), len(want), err)
		}
	}
}

// TestShortcutEnds: an error of the connection reaches gortsplib.
func TestShortcutEnds(t *testing.T) {
	c := newShortcut(readConn{Reader: iotest.ErrReader(io.ErrClosedPipe)})
	if n, err := c.Read(make([]byte, 10)); n != 0 || err != io.ErrClosedPipe {
		t.Errorf("%d, %v", n, err)
	}
	c = newShortcut(readConn{Reader: strings.NewReader("RTSP/1.0 200")})
	if n, err := c.Read(make([]byte, 10)); n != 0 || err != io.EOF {
		t.Errorf("%d, %v", n, err)
	}
}

// TestShortcutReceives: the receiver passes over what gortsplib would not give
// it, and keeps nothing that is the connection's.
func TestShortcutReceives(t *testing.T) {
	const n = 12
	r := newH264(t)
	r.begin(track{assembler: r.assembler, format: &format.H264{PayloadTyp: 96}})
	send := func(p rtp.Packet, kind uint8, source uint32) {
		p.Version, p.PayloadType, p.SSRC = 2, kind, source
		b, err := p.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		r.shortcut(b, time.Now())
		for i := range b {
			b[i] = 0xEE // the buffer is used again
		}
	}
	for _, p := range slices.Concat(packets(t, encoded(t, n, 160, 120))...) {
		spoils := *p
		spoils.Payload = []byte{0x80}
		send(spoils, 97, 5) // of another kind
		send(*p, 96, 5)
		spoils.SequenceNumber++
		send(spoils, 96, 6) // from another source
		r.shortcut([]byte{0x80, 96, 0}, time.Now())
	}
	wantNumbers(t, r.frames, span(0, n))
	if r.err != nil {
		t.Error(r.err)
	}
}

// TestShortcutAllocates: nothing, for a packet that ends no picture.
func TestShortcutAllocates(t *testing.T) {
	r := newH264(t)
	r.begin(track{assembler: r.assembler, format: &format.H264{PayloadTyp: 96}})
	b := []byte(channelPacket(2, "\x80\x60\x00\x00\x00\x00\x00\x00\x00\x00\x00\x05\x41\x9a\x9b"))
	c := newShortcut(readConn{Reader: &endless{b: b}})
	c.straight.Store(&channel{number: 2, take: func(data []byte, arrived time.Time) {
		r.shortcut(data, arrived)
		r.assembler.(*h264Assembler).discard() // so that nothing grows
	}})
	allocated := testing.AllocsPerRun(100, func() {
		if err := c.fill(); err != nil || c.sort() {
			t.Fatal("no packet", err)
		}
	})
	if allocated != 0 || !r.received.Load() {
		t.Errorf("%v allocations", allocated)
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
			c := newShortcut(source())
			c.straight.Store(&channel{number: 2, take: func(data []byte, _ time.Time) {
				if err := p.Unmarshal(data); err != nil {
					b.Fatal(err)
				}
			}})
			_, _ = c.Read(make([]byte, 1))
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*count), "ns/packet")
	})
}

// TestShortcutUsed: a run over TCP takes its packets by the shortcut, one with
// TLS cannot.
func TestShortcutUsed(t *testing.T) {
	source := newSource(t, Options{URL: "rtsp://127.0.0.1/", Dial: dialNothing})
	r := &run{source: source, watch: &watchdog{patience: impatient, cancel: func(error) {}}, receiver: new(receiver)}
	t.Cleanup(r.watch.stop)
	opened, err := r.dial(t.Context(), "tcp", source.address)
	if err != nil {
		t.Fatal(err)
	}
	c, ok := opened.(*shortcutConn)
	if !ok {
		t.Fatalf("a connection of type %T", opened)
	}
	for answer, want := range map[string]int{
		"RTP/AVP/TCP;unicast;interleaved=4-5":     4,
		"RTP/AVP;unicast;client_port=4000-4001":   -1,
		"RTP/AVP/TCP;unicast;interleaved=256-257": -1,
		"": -1,
		"RTP/AVP/TCP;unicast;interleaved=0-1;ssrc=01ABCD": 0,
	} {
		c.straight.Store(nil)
		r.shorten(&base.Response{Header: base.Header{"Transport": {answer}}})
		got := -1
		if s := c.straight.Load(); s != nil {
			got = int(s.number)
		}
		if got != want {
			t.Errorf("%q: channel %d, want %d", answer, got, want)
		}
	}
	secure := newSource(t, Options{URL: "rtsps://127.0.0.1/", Dial: dialNothing})
	r = &run{source: secure, watch: r.watch, receiver: new(receiver)}
	if opened, err = r.dial(t.Context(), "tcp", secure.address); err != nil {
		t.Fatal(err)
	}
	if _, ok := opened.(*shortcutConn); ok {
		t.Error("a shortcut into TLS")
	}
	r.shorten(&base.Response{Header: base.Header{"Transport": {"RTP/AVP/TCP;unicast;interleaved=0-1"}}})
}

// FuzzShortcut holds that whatever a camera sends, in whatever pieces, what
// comes straight and what gortsplib gets is what gortsplib alone would get.
func FuzzShortcut(f *testing.F) {
	f.Add([]byte(channelPacket(2, "one")+keptAlive+channelPacket(2, "two")+announced+channelPacket(3, "x")), byte(3), byte(200))
	f.Add([]byte("RTSP/1.0 200 OK\r\nA\r\n\r\n: b\r\n\r\n"+channelPacket(2, "one")), byte(9), byte(1))
	f.Add([]byte("RTSP/1.0 200 OK\r\nContent-Length: x\r\n\r\n"+channelPacket(2, "one")+"GET"), byte(50), byte(7))
	f.Add([]byte("$\x02RTSP$$\x02\x00\x01G$\x02\x00\x02GETEARDOWN\r\n\r\n"), byte(1), byte(1))
	f.Fuzz(func(t *testing.T, stream []byte, a, b byte) {
		want := messages(bytes.NewReader(stream), false)
		got := messages(&pieces{b: stream, sizes: []int{int(a), int(b) * 16}}, true)
		if !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	})
}

package rtspserver

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"net/textproto"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4"
	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"go.uber.org/goleak"

	"framegate/gateway/camtest"
	"framegate/gateway/delivery"
	"framegate/gateway/httplimit"
	"framegate/gateway/media"
	"framegate/gateway/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// soon is what anything that a test waits for may take.
const soon = 30 * time.Second

var (
	own    = stream.Key{Camera: "front"}
	asH264 = stream.Key{Camera: "front", Rendition: "h264"}
	asAAC  = stream.Key{Camera: "front", Rendition: "aac"}
)

// site is a server, and the hub of a camera whose streams are under the test's thumb.
type site struct {
	t       testing.TB
	hub     *stream.Hub
	server  *Server
	address string
	hits    chan string
	end     context.CancelCauseFunc // of all visits
	asked   chan Ask
}

// newSite makes a server that lets in who brings the link that is "good".
func newSite(t testing.TB, change func(*Options)) *site {
	s := &site{t: t, hits: make(chan string, 100), asked: make(chan Ask, 1000)}
	s.hub = stream.New(stream.Options{Resolve: func(k stream.Key) (stream.Source, error) {
		if k.Camera != own.Camera {
			return nil, stream.ErrUnknown
		}
		return nil, nil
	}})
	t.Cleanup(s.hub.Close)
	visits, end := context.WithCancelCause(context.Background())
	s.end = end
	udp, err := ListenUDP("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o := Options{
		Options: delivery.Options{Hub: s.hub, Log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug})), Limited: func(limit string) { s.hits <- limit }},
		Room:    func() httplimit.Room { return httplimit.Room{All: 1000, PerAddress: 1000} }, HeadBytes: 4 << 10, HeadTime: soon, Idle: soon, UDP: udp,
	}
	o.Admit = func(_ context.Context, ask Ask) (*Visit, error) {
		s.asked <- ask
		if ask.Query.Get("link") != "good" {
			return nil, &Refusal{Status: 401, Words: "no", Challenges: []string{`Basic realm="x"`}}
		}
		ctx, leave := context.WithCancel(visits)
		return &Visit{Context: ctx, Leave: leave, Client: stream.Client{Address: ask.From.String()},
			Choice: Choice{Own: stream.Key{Camera: ask.Camera}, Plain: true, H264: asH264, AAC: asAAC}}, nil
	}
	if change != nil {
		change(&o)
	}
	s.server = New(o)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.address = l.Addr().String()
	served := make(chan struct{})
	go func() { // ends with Close
		defer close(served)
		s.server.Serve(l, nil)
	}()
	t.Cleanup(func() {
		s.server.Close()
		<-served
		end(nil)
	})
	return s
}

// url gives the address of the camera for who may see it.
func (s *site) url(query string) string {
	return "rtsp://" + s.address + "/front?link=good" + query
}

// attach has a stream given its frames by the test.
func (s *site) attach(key stream.Key) *camtest.Source {
	return camtest.Attach(s.t, func(ctx context.Context, source *camtest.Source) error { return s.hub.Attach(ctx, key, source) })
}

var (
	sps264, _ = hex.DecodeString("6764001fac2484014016ec0440000003004000000c83c60ca8")
	pps264, _ = hex.DecodeString("68ee32c8b0")
	vps265, _ = hex.DecodeString("40010c01ffff01600000030090000003000003005d959009")
	sps265, _ = hex.DecodeString("42010101600000030090000003000003005da00280802d16595912930bc05a020000030002000003003210")
	pps265    = []byte{0x44, 0x01, 0xC0, 0x73, 0xC1, 0x89}
)

// format264 gives a new Format, as each run of a camera has one.
func format264(t testing.TB) *media.Format {
	f, err := media.H264Format(sps264, pps264)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// numbered is added to numbers, so that no start code is among their bytes.
const numbered = 0x11111111

// filler is what picture n is filled with.
func filler(n int) byte { return byte(n) | 0x80 }

// pictures makes pictures of H.264 or H.265, 25 a second, every tenth a keyframe, of
// two units the second of which has a size and begins with a number.
func pictures(format *media.Format, from, count, size int) (all []media.Frame) {
	for n := from; n < from+count; n++ {
		kinds := [2][]byte{{0x06, 5}, {0x41}}
		if n%10 == 0 {
			kinds[1] = []byte{0x65}
		}
		if format.Codec == media.H265 {
			kinds = [2][]byte{{78, 1}, {2, 1}}
			if n%10 == 0 {
				kinds[1] = []byte{40, 1}
			}
		}
		kinds[1] = binary.BigEndian.AppendUint32(kinds[1], numbered+uint32(n))
		kinds[1] = append(kinds[1], bytes.Repeat([]byte{filler(n)}, size)...)
		var data []byte
		for _, unit := range kinds {
			data = append(binary.BigEndian.AppendUint32(data, uint32(len(unit))), unit...)
		}
		all = append(all, media.Frame{Key: n%10 == 0, Format: format, Data: data, PTS: time.Duration(n) * 40 * time.Millisecond})
	}
	return all
}

// numberOf gives the number of the picture that a unit is of; -1 of none.
func numberOf(units [][]byte) int {
	last := units[len(units)-1]
	head := 1
	if last[0] == 2 || last[0] == 40 {
		head = 2
	}
	if len(last) < head+4 {
		return -1
	}
	return int(binary.BigEndian.Uint32(last[head:]) - numbered)
}

// player is gortsplib's client, as many recorders are made of it.
type player struct {
	client   *gortsplib.Client
	session  *description.Session
	pictures chan [][]byte    // their units; of a JPEG there is one
	packets  chan *rtp.Packet // of sound
	reports  [2]chan *rtcp.SenderReport
	lost     chan uint64
}

// play has a client play an address.
func (s *site) play(address string, transport gortsplib.Transport) *player {
	s.t.Helper()
	p := &player{pictures: make(chan [][]byte, 1000), packets: make(chan *rtp.Packet, 1000), lost: make(chan uint64, 1000)}
	u, err := base.ParseURL(address)
	if err != nil {
		s.t.Fatal(err)
	}
	p.client = &gortsplib.Client{Scheme: u.Scheme, Host: u.Host, Transport: &transport, OnPacketsLost: func(n uint64) { p.lost <- n }}
	if err := p.client.Start2(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(p.client.Close)
	if p.session, _, err = p.client.Describe(u); err != nil {
		s.t.Fatal(err)
	}
	if err := p.client.SetupAll(p.session.BaseURL, p.session.Medias); err != nil {
		s.t.Fatal(err)
	}
	decode := p.decoder(s.t)
	for n, m := range p.session.Medias {
		p.reports[n] = make(chan *rtcp.SenderReport, 100)
		p.client.OnPacketRTCP(m, func(packet rtcp.Packet) {
			if r, ok := packet.(*rtcp.SenderReport); ok {
				p.reports[n] <- r
			}
		})
		p.client.OnPacketRTP(m, m.Formats[0], func(packet *rtp.Packet) {
			if n == 1 {
				p.packets <- packet
			} else if units, err := decode(packet); err == nil {
				p.pictures <- units
			}
		})
	}
	if _, err := p.client.Play(nil); err != nil {
		s.t.Fatal(err)
	}
	return p
}

// decoder gives gortsplib's decoder of the pictures.
func (p *player) decoder(t testing.TB) func(*rtp.Packet) ([][]byte, error) {
	switch f := p.session.Medias[0].Formats[0].(type) {
	case *format.H264:
		d, err := f.CreateDecoder()
		if err != nil {
			t.Fatal(err)
		}
		return d.Decode
	case *format.H265:
		d, err := f.CreateDecoder()
		if err != nil {
			t.Fatal(err)
		}
		return d.Decode
	case *format.MJPEG:
		d, err := f.CreateDecoder()
		if err != nil {
			t.Fatal(err)
		}
		return func(p *rtp.Packet) ([][]byte, error) {
			picture, err := d.Decode(p)
			return [][]byte{picture}, err
		}
	}
	t.Fatalf("described is %T", p.session.Medias[0].Formats[0])
	return nil
}

// next gives the next of what comes.
func next[T any](t testing.TB, what string, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(soon):
		t.Fatalf("%s: nothing comes", what)
		panic("unreached")
	}
}

// talker speaks RTSP by hand.
type talker struct {
	t      testing.TB
	conn   net.Conn
	reader *bufio.Reader
	cseq   int
}

func (s *site) dial() *talker {
	s.t.Helper()
	c, err := net.Dial("tcp", s.address)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(2 * soon)) // of a connection that is open it cannot fail
	return &talker{t: s.t, conn: c, reader: bufio.NewReader(c)}
}

// said is an answer.
type said struct {
	status int
	header textproto.MIMEHeader
	body   string
}

// ask asks, with headers, and gives the answer.
func (k *talker) ask(method, target string, headers ...string) said {
	k.t.Helper()
	k.cseq++
	lines := append([]string{method + " " + target + " RTSP/1.0", "CSeq: " + strconv.Itoa(k.cseq)}, headers...)
	if _, err := io.WriteString(k.conn, strings.Join(lines, "\r\n")+"\r\n\r\n"); err != nil {
		k.t.Fatal(err)
	}
	return k.hear()
}

// hear reads an answer, and leaves out packets.
func (k *talker) hear() (a said) {
	k.t.Helper()
	for {
		b, err := k.reader.Peek(4)
		if err != nil {
			k.t.Fatal(err)
		}
		if b[0] != interleaved {
			break
		}
		if _, err := k.reader.Discard(4 + int(binary.BigEndian.Uint16(b[2:]))); err != nil {
			k.t.Fatal(err)
		}
	}
	text := textproto.NewReader(k.reader)
	line, err := text.ReadLine()
	if err != nil {
		k.t.Fatal(err)
	}
	if _, err := fmt.Sscanf(line, "RTSP/1.0 %d", &a.status); err != nil {
		k.t.Fatalf("%q", line)
	}
	if a.header, err = text.ReadMIMEHeader(); err != nil {
		k.t.Fatal(err)
	}
	if got := a.header.Get("CSeq"); got != strconv.Itoa(k.cseq) {
		k.t.Fatalf("an answer to %q, of %d", got, k.cseq)
	}
	n, _ := strconv.Atoi(a.header.Get("Content-Length")) // 0 without
	body := make([]byte, n)
	if _, err := io.ReadFull(k.reader, body); err != nil {
		k.t.Fatal(err)
	}
	a.body = string(body)
	return a
}

// gone expects the server to end the connection.
func (k *talker) gone(what string) {
	k.t.Helper()
	if _, err := io.Copy(io.Discard, k.reader); err != nil {
		if failed, ok := err.(net.Error); ok && failed.Timeout() {
			k.t.Errorf("%s: the connection stays", what)
		}
	}
}

// freePair gives a socket of UDP whose port is even.
func freePair(t testing.TB) (rtp, rtcp *net.UDPConn) {
	t.Helper()
	u, err := ListenUDP("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(u.close)
	return u.rtp, u.rtcp
}

func portOf(c *net.UDPConn) uint16 {
	return netip.MustParseAddrPort(c.LocalAddr().String()).Port()
}

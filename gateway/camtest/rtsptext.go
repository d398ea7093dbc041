package camtest

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pion/rtp"
)

// RTSPRequest is a request as a RTSPTextCamera reads it.
type RTSPRequest struct {
	Method, URL string
	Header      http.Header
	Number      int // among those of its connection, from 1
}

// RTSPTextOptions says how an RTSPTextCamera speaks. Nothing need be set.
type RTSPTextOptions struct {
	SDP         string // that it describes its pictures with; "" is one stream of JPEGs
	PayloadType uint8  // of its packets; 0 = 26
	TLS         bool   // with a certificate that nobody trusts
	OtherPort   bool   // packets over UDP come from another port than it tells
	// Answer, where it is set, gives the bytes that answer a request, of those
	// that a good camera would send; none is no answer. It may be called by
	// several goroutines at once if there are several connections.
	Answer func(r RTSPRequest, usual string) string
}

// RTSPTextCamera is a camera whose every word is up to the test: what it
// answers is text, which need not be RTSP. It sends the packets that it is
// given, over TCP or UDP, to all that play. Close ends it. Its methods may be
// called from any goroutine.
type RTSPTextCamera struct {
	options  RTSPTextOptions
	listener net.Listener
	rtp      net.PacketConn // the port that it tells
	rtcp     net.PacketConn
	other    net.PacketConn // what it sends from, where that is another
	working  sync.WaitGroup

	mu       sync.Mutex // guards what follows
	changed  *sync.Cond
	clients  map[*rtspTextClient]bool
	requests []RTSPRequest
	plays    int
}

// rtspTextClient is a connection to the camera. Its fields are guarded by the
// camera's lock, under which it is written to also.
type rtspTextClient struct {
	net.Conn
	playing bool
	tracks  []rtspTextTrack // that were set up, in their order
}

// rtspTextTrack is where the packets of a track go.
type rtspTextTrack struct {
	url     string
	channel byte         // of packets within the connection
	to      *net.UDPAddr // nil: within the connection
}

// NewRTSPTextCamera starts a camera on ports of the loopback.
func NewRTSPTextCamera(options RTSPTextOptions) (*RTSPTextCamera, error) {
	if options.SDP == "" {
		options.SDP = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=camera\r\nt=0 0\r\nm=video 0 RTP/AVP 26\r\na=control:trackID=0\r\n"
	}
	if options.PayloadType == 0 {
		options.PayloadType = 26
	}
	c := &RTSPTextCamera{options: options, clients: make(map[*rtspTextClient]bool)}
	c.changed = sync.NewCond(&c.mu)
	if err := c.listen(); err != nil {
		c.closeSockets()
		return nil, err
	}
	c.working.Go(c.accept)
	return c, nil
}

func (c *RTSPTextCamera) listen() (err error) {
	if c.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return err
	}
	if c.options.TLS {
		untrusted := httptest.NewTLSServer(nil)
		c.listener = tls.NewListener(c.listener, &tls.Config{Certificates: untrusted.TLS.Certificates})
		untrusted.Close()
	}
	for _, conn := range []*net.PacketConn{&c.rtp, &c.rtcp, &c.other} {
		if *conn, err = net.ListenPacket("udp4", "127.0.0.1:0"); err != nil {
			return err
		}
	}
	return nil
}

// Close ends the camera and its connections.
func (c *RTSPTextCamera) Close() {
	c.closeSockets()
	c.mu.Lock()
	for client := range c.clients {
		client.Close()
	}
	c.mu.Unlock()
	c.working.Wait()
}

func (c *RTSPTextCamera) closeSockets() {
	if c.listener != nil {
		c.listener.Close()
	}
	for _, conn := range []net.PacketConn{c.rtp, c.rtcp, c.other} {
		if conn != nil {
			conn.Close()
		}
	}
}

// URL gives the camera's address, with this path.
func (c *RTSPTextCamera) URL(path string) string {
	scheme := "rtsp"
	if c.options.TLS {
		scheme = "rtsps"
	}
	return (&url.URL{Scheme: scheme, Host: c.listener.Addr().String(), Path: path}).String()
}

// Requests gives those that came so far.
func (c *RTSPTextCamera) Requests() []RTSPRequest {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.requests)
}

// AwaitRequests waits until n requests with a method came.
func (c *RTSPTextCamera) AwaitRequests(ctx context.Context, method string, n int) error {
	return c.await(ctx, func() bool {
		count := 0
		for _, r := range c.requests {
			if r.Method == method {
				count++
			}
		}
		return count >= n
	})
}

// AwaitPlay waits until the camera was asked to play n times, and has agreed.
func (c *RTSPTextCamera) AwaitPlay(ctx context.Context, n int) error {
	return c.await(ctx, func() bool { return c.plays >= n })
}

// await waits for a condition, which is called under the lock.
func (c *RTSPTextCamera) await(ctx context.Context, reached func() bool) error {
	defer context.AfterFunc(ctx, c.changed.Broadcast)()
	c.mu.Lock()
	defer c.mu.Unlock()
	for !reached() && ctx.Err() == nil {
		c.changed.Wait()
	}
	return ctx.Err()
}

// Send sends a packet, of the track that was set up first, to everybody who plays.
func (c *RTSPTextCamera) Send(p *rtp.Packet) error {
	p.PayloadType = c.options.PayloadType
	return c.SendOn(0, p)
}

// SendOn sends a packet as one of the track that was set up at this place, from 0 on,
// to everybody who plays and has set it up.
func (c *RTSPTextCamera) SendOn(track int, p *rtp.Packet) error {
	p.Version = 2
	b, err := p.Marshal()
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for client := range c.clients {
		if client.playing && track < len(client.tracks) {
			err = c.sendTo(client, client.tracks[track], b)
		}
	}
	return err
}

// sendTo sends a packet to a client. The lock is held.
func (c *RTSPTextCamera) sendTo(client *rtspTextClient, track rtspTextTrack, b []byte) (err error) {
	switch {
	case track.to == nil:
		err = client.write(string([]byte{'$', track.channel, byte(len(b) >> 8), byte(len(b))}) + string(b))
	case c.options.OtherPort:
		_, err = c.other.WriteTo(b, track.to)
	default:
		_, err = c.rtp.WriteTo(b, track.to)
	}
	return err
}

func (c *rtspTextClient) write(text string) error {
	c.SetWriteDeadline(time.Now().Add(10 * time.Second))
	_, err := c.Write([]byte(text))
	return err
}

func (c *RTSPTextCamera) accept() {
	for {
		conn, err := c.listener.Accept()
		if err != nil {
			return
		}
		client := &rtspTextClient{Conn: conn}
		c.mu.Lock()
		c.clients[client] = true
		c.mu.Unlock()
		c.working.Go(func() { c.serve(client) })
	}
}

// serve answers requests until the connection ends.
func (c *RTSPTextCamera) serve(client *rtspTextClient) {
	defer func() {
		client.Close()
		c.mu.Lock()
		delete(c.clients, client)
		c.mu.Unlock()
	}()
	reader := bufio.NewReader(client)
	for number := 1; ; number++ {
		r, err := readRTSPRequest(reader)
		if err != nil {
			return
		}
		r.Number = number
		answer := c.usual(r, client)
		if c.options.Answer != nil {
			answer = c.options.Answer(r, answer)
		}
		if c.respond(r, client, answer) != nil {
			return
		}
	}
}

// respond writes an answer, and notes what it begins. What refuses a login
// begins nothing.
func (c *RTSPTextCamera) respond(r RTSPRequest, client *rtspTextClient, answer string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests = append(c.requests, r)
	defer c.changed.Broadcast()
	if err := client.write(answer); err != nil {
		return err
	}
	if r.Method == "PLAY" && !strings.Contains(answer, " 401") {
		client.playing = true
		c.plays++
	}
	return nil
}

// readRTSPRequest reads the next request, and passes over packets and answers.
func readRTSPRequest(b *bufio.Reader) (RTSPRequest, error) {
	for {
		head, err := b.Peek(4)
		if err != nil {
			return RTSPRequest{}, err
		}
		if head[0] == '$' {
			if _, err := b.Discard(4 + int(head[2])<<8 + int(head[3])); err != nil {
				return RTSPRequest{}, err
			}
			continue
		}
		text := textproto.NewReader(b)
		line, err := text.ReadLine()
		if err != nil {
			return RTSPRequest{}, err
		}
		header, err := text.ReadMIMEHeader()
		if err != nil {
			return RTSPRequest{}, err
		}
		if fields := strings.Fields(line); len(fields) == 3 && fields[2] == "RTSP/1.0" {
			return RTSPRequest{Method: fields[0], URL: fields[1], Header: http.Header(header)}, nil
		}
	}
}

// usual gives what a good camera answers.
func (c *RTSPTextCamera) usual(r RTSPRequest, client *rtspTextClient) string {
	head := fmt.Sprintf("RTSP/1.0 200 OK\r\nCSeq: %s\r\n", r.Header.Get("CSeq"))
	switch r.Method {
	case "OPTIONS":
		return head + "Public: OPTIONS, DESCRIBE, SETUP, TEARDOWN, PLAY, GET_PARAMETER\r\n\r\n"
	case "DESCRIBE":
		return head + fmt.Sprintf("Content-Base: %s/\r\nContent-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s",
			strings.TrimSuffix(r.URL, "/"), len(c.options.SDP), c.options.SDP)
	case "SETUP":
		return head + "Session: 12345678;timeout=60\r\nTransport: " + c.transport(r, client) + "\r\n\r\n"
	}
	return head + "Session: 12345678\r\n\r\n"
}

// transport agrees on the transport that is asked for, and notes it.
func (c *RTSPTextCamera) transport(r RTSPRequest, client *rtspTextClient) string {
	asked := r.Header.Get("Transport")
	c.mu.Lock()
	defer c.mu.Unlock()
	at := slices.IndexFunc(client.tracks, func(t rtspTextTrack) bool { return t.url == r.URL })
	if at < 0 {
		at = len(client.tracks)
		client.tracks = append(client.tracks, rtspTextTrack{url: r.URL})
	}
	track := &client.tracks[at]
	if _, channels, ok := strings.Cut(asked, "interleaved="); ok {
		first, _, _ := strings.Cut(channels, "-")
		number, _ := strconv.ParseUint(first, 10, 8)
		track.channel, track.to = byte(number), nil
		return asked
	}
	_, ports, _ := strings.Cut(asked, "client_port=")
	first, _, _ := strings.Cut(ports, "-")
	port, _ := strconv.Atoi(first)
	track.to = &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port}
	return asked + ";server_port=" + c.ports()
}

// ports are those that packets come from, as the camera tells.
func (c *RTSPTextCamera) ports() string {
	return fmt.Sprintf("%d-%d", c.rtp.LocalAddr().(*net.UDPAddr).Port, c.rtcp.LocalAddr().(*net.UDPAddr).Port)
}

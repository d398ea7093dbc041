package camtest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/bluenviron/gortsplib/v4"
	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/headers"
	"github.com/bluenviron/gortsplib/v4/pkg/liberrors"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

// RTSPOptions says what kind of camera an RTSPCamera is.
type RTSPOptions struct {
	Medias             []*description.Media // that it offers; the first is its video
	TLS                bool                 // with a certificate that nobody trusts
	UDP                bool                 // it can send over UDP
	RefuseTCP          bool                 // it answers 461 to those who want TCP
	WholePictures      bool                 // over TCP it writes the packets of a picture at once, instead of each alone
	Username, Password string               // it wants to see; none if both are empty
	// Answer, where it gives a response, is the answer to a DESCRIBE instead
	// of the description.
	Answer func() *base.Response
}

// RTSPCamera is a camera whose every packet is up to the test: packets can be
// lost, doubled, changed and kept. The protocol around them is gortsplib's
// server's. Close ends it. Its methods may be called from any goroutine.
type RTSPCamera struct {
	options RTSPOptions
	server  *gortsplib.Server
	stream  *gortsplib.ServerStream
	address string

	mu        sync.Mutex
	changed   *sync.Cond
	ssrc      [2]uint32 // of what was sent, of the video and beside it
	udp       net.PacketConn
	peers     []net.Addr // where packets go over UDP
	conns     map[*rtspConn]bool
	methods   map[*gortsplib.ServerConn]base.Method // asked last
	plays     int
	setups    int
	describes int
}

// NewRTSPCamera starts a camera on a port of the loopback.
func NewRTSPCamera(options RTSPOptions) (*RTSPCamera, error) {
	c := &RTSPCamera{options: options, conns: make(map[*rtspConn]bool), methods: make(map[*gortsplib.ServerConn]base.Method)}
	c.changed = sync.NewCond(&c.mu)
	if err := c.listen(); err != nil {
		return nil, err
	}
	c.stream = &gortsplib.ServerStream{Server: c.server, Desc: &description.Session{Medias: options.Medias}}
	if err := c.stream.Initialize(); err != nil {
		c.server.Close()
		return nil, err
	}
	return c, nil
}

// listen starts the server. Its two ports for UDP must be neighbours, so it
// tries some.
func (c *RTSPCamera) listen() (err error) {
	for range 20 {
		c.server = &gortsplib.Server{Handler: c, RTSPAddress: "127.0.0.1:0", Listen: c.listenTCP, DisableRTCPSenderReports: true}
		if c.options.TLS {
			untrusted := httptest.NewTLSServer(nil)
			c.server.TLSConfig = &tls.Config{Certificates: untrusted.TLS.Certificates}
			untrusted.Close()
		}
		if c.options.UDP {
			port := 20000 + 2*rand.IntN(10000)
			c.server.ListenPacket = c.listenUDP
			c.server.UDPRTPAddress = fmt.Sprintf("127.0.0.1:%d", port)
			c.server.UDPRTCPAddress = fmt.Sprintf("127.0.0.1:%d", port+1)
		}
		if err = c.server.Start(); err == nil {
			return nil
		}
	}
	return err
}

// URL gives the camera's address, with this path.
func (c *RTSPCamera) URL(path string) string {
	scheme := "rtsp"
	if c.options.TLS {
		scheme = "rtsps"
	}
	return (&url.URL{Scheme: scheme, Host: c.address, Path: path}).String()
}

// Close ends the camera.
func (c *RTSPCamera) Close() {
	c.stream.Close()
	c.server.Close()
}

// Send sends a packet of video to everybody who plays.
func (c *RTSPCamera) Send(p *rtp.Packet) error { return c.sendOn(0, p) }

// SendSound sends a packet of what is offered second, its sound.
func (c *RTSPCamera) SendSound(p *rtp.Packet) error { return c.sendOn(1, p) }

func (c *RTSPCamera) sendOn(track int, p *rtp.Packet) error {
	p.Version = 2
	p.PayloadType = c.options.Medias[track].Formats[0].PayloadType()
	err := c.stream.WritePacketRTP(c.options.Medias[track], p)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ssrc[track] = p.SSRC
	return err
}

// SendAs sends a packet as it is, with a source (SSRC) of its own, to everybody
// who plays.
func (c *RTSPCamera) SendAs(p *rtp.Packet) error {
	as := *p
	as.Version, as.PayloadType = 2, c.options.Medias[0].Formats[0].PayloadType()
	b, err := as.Marshal()
	if err != nil {
		return err
	}
	c.mu.Lock()
	udp, peers := c.udp, slices.Clone(c.peers)
	c.mu.Unlock()
	if len(peers) == 0 {
		return c.Inject(append([]byte{'$', 0, byte(len(b) >> 8), byte(len(b))}, b...))
	}
	var errs []error
	for _, peer := range peers {
		_, err := udp.WriteTo(b, peer)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// Report sends a sender report: that these ticks mean this time. It is about
// the packets of video sent before it.
func (c *RTSPCamera) Report(ntp uint64, ticks uint32) error { return c.reportOn(0, ntp, ticks) }

// ReportSound sends one about the packets of sound.
func (c *RTSPCamera) ReportSound(ntp uint64, ticks uint32) error { return c.reportOn(1, ntp, ticks) }

func (c *RTSPCamera) reportOn(track int, ntp uint64, ticks uint32) error {
	c.mu.Lock()
	report := &rtcp.SenderReport{SSRC: c.ssrc[track], NTPTime: ntp, RTPTime: ticks}
	c.mu.Unlock()
	return c.stream.WritePacketRTCP(c.options.Medias[track], report)
}

// Inject sends bytes as they are on every RTSP connection.
func (c *RTSPCamera) Inject(b []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var errs []error
	for conn := range c.conns {
		_, err := conn.Write(b)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// Cut breaks every RTSP connection.
func (c *RTSPCamera) Cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for conn := range c.conns {
		conn.Conn.Close()
	}
}

// AwaitPlay waits until the camera was asked to play n times.
func (c *RTSPCamera) AwaitPlay(ctx context.Context, n int) error {
	defer context.AfterFunc(ctx, c.changed.Broadcast)()
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.plays < n && ctx.Err() == nil {
		c.changed.Wait()
	}
	return ctx.Err()
}

// Describes counts the requests for the description that were answered, or
// refused for a wrong password; not those that came without one.
func (c *RTSPCamera) Describes() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.describes
}

// Setups counts the streams that were set up, in all sessions.
func (c *RTSPCamera) Setups() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.setups
}

// Open counts the connections.
func (c *RTSPCamera) Open() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.conns)
}

// OnRequest is called by the server.
func (c *RTSPCamera) OnRequest(conn *gortsplib.ServerConn, req *base.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.methods[conn] = req.Method
	var wanted headers.Transports
	if req.Method != base.Setup || wanted.Unmarshal(req.Header["Transport"]) != nil {
		return
	}
	if host, ok := conn.NetConn().RemoteAddr().(*net.TCPAddr); ok && len(wanted) > 0 && wanted[0].ClientPorts != nil {
		c.peers = append(c.peers, &net.UDPAddr{IP: host.IP, Port: wanted[0].ClientPorts[0]})
	}
}

// OnResponse is called by the server, when what was asked for is done.
func (c *RTSPCamera) OnResponse(conn *gortsplib.ServerConn, res *base.Response) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.methods[conn] == base.Play && res.StatusCode == base.StatusOK {
		c.plays++
		c.changed.Broadcast()
	}
}

// OnDescribe is called by the server.
func (c *RTSPCamera) OnDescribe(ctx *gortsplib.ServerHandlerOnDescribeCtx) (*base.Response, *gortsplib.ServerStream, error) {
	wanted := c.options.Username != "" || c.options.Password != ""
	denied := wanted && !ctx.Conn.VerifyCredentials(ctx.Request, c.options.Username, c.options.Password)
	if !denied || ctx.Request.Header["Authorization"] != nil {
		c.mu.Lock()
		c.describes++
		c.mu.Unlock()
	}
	if denied {
		return &base.Response{StatusCode: base.StatusUnauthorized}, nil, liberrors.ErrServerAuth{}
	}
	if c.options.Answer != nil {
		if res := c.options.Answer(); res != nil {
			return res, nil, nil
		}
	}
	return &base.Response{StatusCode: base.StatusOK}, c.stream, nil
}

// OnSetup is called by the server.
func (c *RTSPCamera) OnSetup(ctx *gortsplib.ServerHandlerOnSetupCtx) (*base.Response, *gortsplib.ServerStream, error) {
	if c.options.RefuseTCP && ctx.Transport == gortsplib.TransportTCP {
		return &base.Response{StatusCode: base.StatusUnsupportedTransport}, nil, nil
	}
	c.mu.Lock()
	c.setups++
	c.mu.Unlock()
	return &base.Response{StatusCode: base.StatusOK}, c.stream, nil
}

// OnPlay is called by the server.
func (c *RTSPCamera) OnPlay(*gortsplib.ServerHandlerOnPlayCtx) (*base.Response, error) {
	return &base.Response{StatusCode: base.StatusOK}, nil
}

// rtspConn is the camera's end of a connection, to which bytes can be added
// between those of the server.
type rtspConn struct {
	net.Conn
	camera *RTSPCamera

	mu   sync.Mutex
	kept []byte // of a picture, if the camera writes whole ones
}

func (c *rtspConn) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.SetWriteDeadline(time.Now().Add(10 * time.Second))
	if !c.camera.options.WholePictures {
		return c.Conn.Write(b)
	}
	c.kept = append(c.kept, b...)
	if len(b) > 5 && b[0] == '$' && b[5]&0x80 == 0 {
		return len(b), nil // without the marker bit (RFC 3550, 5.1), so the picture goes on
	}
	_, err := c.Conn.Write(c.kept)
	c.kept = c.kept[:0]
	return len(b), err
}

func (c *rtspConn) Close() error {
	c.camera.mu.Lock()
	delete(c.camera.conns, c)
	c.camera.mu.Unlock()
	return c.Conn.Close()
}

type rtspListener struct {
	net.Listener
	camera *RTSPCamera
}

func (l rtspListener) Accept() (net.Conn, error) {
	inner, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	conn := &rtspConn{Conn: inner, camera: l.camera}
	l.camera.mu.Lock()
	l.camera.conns[conn] = true
	l.camera.mu.Unlock()
	return conn, nil
}

// listenUDP opens the port of packets, and then that of reports.
func (c *RTSPCamera) listenUDP(network, address string) (net.PacketConn, error) {
	conn, err := net.ListenPacket(network, address)
	if err == nil && address == c.server.UDPRTPAddress {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.udp = conn
	}
	return conn, err
}

func (c *RTSPCamera) listenTCP(network, address string) (net.Listener, error) {
	listener, err := net.Listen(network, address)
	if err != nil {
		return nil, err
	}
	c.address = listener.Addr().String()
	return rtspListener{listener, c}, nil
}

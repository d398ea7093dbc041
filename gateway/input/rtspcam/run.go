package rtspcam

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bluenviron/gortsplib/v4"
	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/headers"
	"github.com/bluenviron/gortsplib/v4/pkg/liberrors"
	"github.com/pion/rtp"

	"framegate/gateway/input/rtspcam/rtpaudio"
	"framegate/gateway/input/rtspcam/rtpvideo"
	"framegate/gateway/input/rtspcam/rtspquirks"
	"framegate/gateway/media"
	"framegate/gateway/stream"
)

const (
	// maxDials: gortsplib follows redirects, each with a new connection, for
	// as long as the camera gives some.
	maxDials = 5
	// writeTimeout includes the TLS handshake, which comes with the first
	// request.
	writeTimeout = 5 * time.Second
	// readTimeout is gortsplib's own patience, which counts packets and not
	// pictures, and not those that come by the shortcut. The watchdog has the
	// say; this must only never be shorter than a run is.
	readTimeout = 100 * 365 * 24 * time.Hour
	// goodbye is how long TEARDOWN may take to write.
	goodbye = 500 * time.Millisecond
	// udpBuffer holds the packets of a keyframe that come all at once. The
	// system may allow less.
	udpBuffer = 2 << 20
)

var errRedirects = fmt.Errorf("camera redirects more than %d times", maxDials-1)

// run is one life of the source: one client, which is never used again.
type run struct {
	source   *Source
	ctx      context.Context // of this run; its cause is why it ends
	cancel   context.CancelCauseFunc
	emit     func(media.Frame)
	watch    *watchdog
	receiver *rtpvideo.Receiver
	client   *gortsplib.Client
	sound    *rtpaudio.Receiver
	received atomic.Bool // a packet
	showing  atomic.Bool // a picture was shown
	asked    bool        // the camera was asked for sound,
	agreed   bool        // and set it up
	giving   sync.Mutex  // is held while a frame is emitted: pictures and sound may come from two goroutines

	mu    sync.Mutex // guards what follows, which the client's goroutine dials
	dials int
	conn  net.Conn         // the last one
	talk  *rtspquirks.Conn // over it
}

// newReceiver makes what packets are given to.
func (r *run) newReceiver() *rtpvideo.Receiver {
	s := r.source
	return rtpvideo.New(rtpvideo.Options{
		Emit: func(f media.Frame, arrived time.Time) {
			r.showing.Store(true)
			r.watch.picture(arrived)
			r.give(f)
		},
		First: func() {
			r.received.Store(true)
			r.watch.reach(receiving)
		},
		Ended:         r.watch.goodbye,
		Fail:          r.cancel,
		Markers:       &s.markers,
		MaxFrameBytes: s.opt.MaxFrameBytes,
		TooLarge:      func() { s.opt.Limited(LimitFrameBytes) },
		Log:           s.opt.Log,
	})
}

// give emits a frame.
func (r *run) give(f media.Frame) {
	r.giving.Lock()
	defer r.giving.Unlock()
	r.emit(f)
}

// play pulls pictures until the run ends, and gives the reason.
func (r *run) play() error {
	client := r.newClient()
	r.client = client
	r.watch.reach(connecting)
	defer r.watch.Stop()
	if err := client.Start2(); err != nil {
		return fmt.Errorf("starting the client: %w", err)
	}
	closed := make(chan struct{})
	context.AfterFunc(r.ctx, func() {
		defer close(closed)
		r.close(client)
	})
	err := r.converse(client)
	if r.ctx.Err() != nil {
		err = context.Cause(r.ctx)
	}
	r.cancel(nil)
	<-closed
	return err
}

// converse asks for the video and receives it. It returns when the client is
// closed or has failed.
func (r *run) converse(client *gortsplib.Client) error {
	s := r.source
	session, _, err := client.Describe(s.url)
	if err != nil {
		return explain("asking for the description", err)
	}
	offer := r.conversation().Offer()
	t, err := newTrack(session, offer)
	if err != nil {
		return err
	}
	sound := r.chooseSound(session, offer)
	tap(t.media, func(p *rtp.Packet) { r.receiver.Packet(p, time.Now()) })
	defer r.forget(client)
	agreed, err := r.setup(client, t)
	if err != nil {
		return explain("setting up the video", err)
	}
	t.video.Ordered = r.transport(client) == TCP
	r.receiver.Begin(t.video)
	r.shorten(agreed, r.receiver.Bytes)
	client.OnPacketRTP(t.media, t.format, func(*rtp.Packet) {}) // it has them: see tapped
	client.OnPacketRTCP(t.media, r.receiver.Report)
	if sound != nil {
		r.addSound(client, session.BaseURL, sound)
	}
	if _, err := client.Play(nil); err != nil {
		return explain("starting the video", err)
	}
	r.watch.reach(playing)
	s.opt.Log.Debug("camera plays", "codec", t.video.Codec, "transport", r.transport(client))
	err = client.Wait()
	if errors.Is(err, io.EOF) {
		return rtspquirks.ErrEnded
	}
	return fmt.Errorf("receiving video: %w", err)
}

// setup agrees with the camera on a transport, and gives the camera's answer.
func (r *run) setup(client *gortsplib.Client, t track) (*base.Response, error) {
	s := r.source
	agreed, err := client.Setup(t.base, t.media, 0, 0)
	if s.opt.Transport != Auto || s.refusesTCP || !refusesTCP(err) {
		return agreed, err
	}
	s.refusesTCP = true
	if !isStatus(err, base.StatusUnsupportedTransport) {
		return agreed, err // the camera believes that it uses UDP now; the next run begins so
	}
	udp := gortsplib.TransportUDP
	client.Transport = &udp
	return client.Setup(t.base, t.media, 0, 0)
}

// shorten has the packets of a stream come straight to whom they are for, if they
// come within a connection that can be looked into.
func (r *run) shorten(agreed *base.Response, take func(data []byte, arrived time.Time)) {
	if number, ok := r.channel(agreed); ok {
		r.conversation().Straight(number, take)
	}
}

// channel gives that of the connection in which packets come. ok is false where
// they come otherwise, or may be encrypted once more.
func (r *run) channel(agreed *base.Response) (number byte, ok bool) {
	var transport headers.Transport
	if transport.Unmarshal(agreed.Header["Transport"]) != nil || transport.InterleavedIDs == nil {
		return 0, false
	}
	id := transport.InterleavedIDs[0]
	if id < 0 || id > math.MaxUint8 || r.source.url.Scheme != "rtsp" {
		return 0, false
	}
	return byte(id), true
}

// conversation gives the last one.
func (r *run) conversation() *rtspquirks.Conn {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.talk
}

// tell tells once what a camera offers that is not taken.
func (s *Source) tell(others []string) {
	if len(others) > 0 && !s.told {
		s.opt.Log.Info("camera offers more than its video, which is left out", "offers", others)
		s.told = true
	}
}

// refusesTCP says whether a camera's answer means that it sends over UDP only.
func refusesTCP(err error) bool {
	var requested liberrors.ErrClientServerRequestedUDP
	return isStatus(err, base.StatusUnsupportedTransport) || errors.As(err, &requested)
}

// forget has TCP tried again where nothing came over UDP.
func (r *run) forget(client *gortsplib.Client) {
	if r.transport(client) == UDP && !r.received.Load() {
		r.source.refusesTCP = false
	}
}

func (r *run) transport(client *gortsplib.Client) Transport {
	if *client.Transport == gortsplib.TransportUDP {
		return UDP
	}
	return TCP
}

// newClient makes the client. Every callback is set, because gortsplib writes
// to the standard logger where one is missing; none blocks, because they hold
// the client's locks.
func (r *run) newClient() *gortsplib.Client {
	s := r.source
	transport := gortsplib.TransportTCP
	if s.opt.Transport == UDP || s.opt.Transport == Auto && s.refusesTCP {
		transport = gortsplib.TransportUDP
	}
	return &gortsplib.Client{
		Scheme:            s.url.Scheme,
		Host:              s.url.Host,
		Transport:         &transport,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		UserAgent:         "Framegate",
		AnyPortEnable:     true, // of the camera's own address
		DialContext:       r.dial,
		ListenPacket:      listenPacket,
		OnRequest:         func(*base.Request) { r.client.Scheme = s.url.Scheme }, // see dial
		OnResponse:        func(*base.Response) {},
		OnServerRequest:   func(*base.Request) {},
		OnServerResponse:  func(*base.Response) {},
		OnTransportSwitch: func(error) {},
		OnPacketsLost:     func(uint64) {}, // the receiver counts for itself
		OnDecodeError:     func(error) {},  // what cannot be read is as good as lost
	}
}

// dial opens the connection, to the URL's own host and port only, wherever the
// camera redirects to: the credentials go with it.
func (r *run) dial(ctx context.Context, network, address string) (net.Conn, error) {
	r.mu.Lock()
	r.dials++
	dials := r.dials
	r.mu.Unlock()
	switch {
	case strings.ToLower(address) != r.source.address:
		return nil, rtspquirks.ErrElsewhere
	case dials > maxDials:
		return nil, errRedirects
	}
	ctx, cancel := context.WithTimeout(ctx, r.source.patience.connect)
	defer cancel()
	conn, err := r.source.opt.Dial(ctx, network, address)
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	conn = newResting(conn, r.rest)
	talk := rtspquirks.NewConn(r.secured(conn), rtspquirks.Options{
		Username:  r.source.opt.Username,
		Password:  r.source.opt.Password,
		Answered:  func() { r.watch.reach(answered) },
		Described: func() { r.watch.reach(detailed) },
	})
	r.mu.Lock()
	r.conn, r.talk = conn, talk
	r.mu.Unlock()
	r.watch.reach(connected)
	return &surviving{Conn: talk, fail: r.cancel, log: r.source.opt.Log}, nil
}

// secured puts TLS over a connection, where the URL says so. gortsplib would do
// that over all that we give it, and nobody could hear what it carries; so it is
// told, while it connects, that there is none.
func (r *run) secured(conn net.Conn) net.Conn {
	if r.source.url.Scheme != "rtsps" {
		return conn
	}
	r.client.Scheme = "rtsp"
	return tls.Client(newBuffered(conn), r.source.tls)
}

// rest lets the connection be for a while, if pictures come and nobody waits
// for them. It says whether that is so still.
func (r *run) rest(d time.Duration) bool {
	return r.showing.Load() && stream.LifeOf(r.ctx).Rest(r.ctx, d)
}

// close closes the client and waits for its goroutines. It says goodbye to the
// camera if that takes no time, as many cameras serve a few sessions only, and
// keep dead ones for minutes.
func (r *run) close(client *gortsplib.Client) {
	timer := time.AfterFunc(goodbye, func() {
		r.mu.Lock()
		conn := r.conn
		r.mu.Unlock()
		if conn != nil {
			conn.Close()
		}
	})
	defer timer.Stop()
	client.Close()
}

// listenPacket opens a port for packets with room for a burst of them.
func listenPacket(network, address string) (net.PacketConn, error) {
	conn, err := net.ListenPacket(network, address)
	if err != nil {
		return nil, err
	}
	if udp, ok := conn.(*net.UDPConn); ok {
		udp.SetReadBuffer(udpBuffer) // as much as there is
	}
	return conn, nil
}

// Package rtspserver gives cameras out over RTSP 1.0 (RFC 2326), to recorders and
// players that know nothing else: H.264 and H.265 as the camera sends them, and
// H.264 of cameras that send JPEGs, or those JPEGs, with the camera's sound, in RTP
// (RFC 3550) within the connection that asks, or over UDP to the address that it
// comes from.
//
// It encodes nothing and knows no camera: it reads frames from the hub, and each
// viewer writes them into packets of its own, a picture in one write. A viewer
// begins at the next keyframe; one that is slow skips to the newest keyframe, and
// one that takes nothing for ten seconds is cut: all as package delivery has it.
//
// Who sends a camera's pictures (ANNOUNCE, RECORD) is heard as well (sending.go): what
// is in its packets is for others to see (Options.Announce).
//
// A session lives as long as its connection, which has one goroutine that reads
// requests (conn.go, methods.go) and, once it plays, another that writes
// (viewer.go). Who may see what the caller says (Options.Admit).
//
// Package server calls Serve for each listener; Close comes before the hub's.
package rtspserver

import (
	"cmp"
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"sync"
	"time"

	"framegate/gateway/delivery"
	"framegate/gateway/httplimit"
	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// What viewers of this output are called, as stream.Client.Form has it: they get
// packets within the connection, without TLS or with it, or over UDP.
const (
	Form    = "rtsp"
	FormTLS = "rtsps"
	FormUDP = "rtsp-udp"
)

const (
	// idleAfter is how long without a frame a viewer waits before it looks again.
	idleAfter = time.Second
	// closePatience is what Close grants viewers for their last words.
	closePatience = 2 * time.Second
	// answerTime is what a client gets to take an answer, before it plays.
	answerTime = 5 * time.Second
)

// Options are what a server works with.
type Options struct {
	delivery.Options
	// Admit says whether and as whom somebody may see a camera. The error is a
	// *Refusal, or one of the hub's.
	Admit func(ctx context.Context, ask Ask) (*Visit, error)
	// Announce says whether and as whom somebody may send a camera's pictures, which the
	// description is of; nil: nobody may. The error is a *Refusal, or one of the hub's.
	Announce func(ctx context.Context, ask Ask, description []byte) (*Sending, error)
	// Room is how many connections there may be at the moment.
	Room func() httplimit.Room
	// Head is what a request may take until all of it is there, in bytes and in
	// time, and Idle how long a connection that plays nothing may ask for nothing.
	HeadBytes int
	HeadTime  time.Duration
	Idle      time.Duration
	UDP       *UDP // nil: packets go within connections alone
	// Silence is after which somebody gets no datagrams any more who neither reports
	// nor asks; 0 is what clients are told, and a bit.
	Silence time.Duration
}

// Ask is what somebody asks to see.
type Ask struct {
	Camera        string
	Query         url.Values
	Method        string
	Nonce         string // of the connection, for challenges
	Authorization []string
	From          netip.Addr
	Secure        bool // it comes over TLS
}

// Fits says that an address, as it stands in an answer to a challenge, is of the camera
// that is asked for. Clients put the address of all, of a track, or a path there.
func (a *Ask) Fits(uri string) bool {
	u, err := url.Parse(uri)
	if err != nil {
		return false
	}
	p, ok := placeOf(u)
	return ok && p.camera == a.Camera
}

// Refusal is an error that says what is answered.
type Refusal struct {
	Status     int
	Words      string
	Challenges []string // of a 401, each a WWW-Authenticate
}

// Error says what is answered.
func (r *Refusal) Error() string { return r.Words }

// Visit is somebody who was let in to see a camera.
type Visit struct {
	Context context.Context // ends with the permission
	Leave   func()          // is called once, at the end
	Client  stream.Client   // its Form is set
	Choice  Choice
}

// Choice is the streams that can be shown.
type Choice struct {
	Own       stream.Key // the camera's
	Plain     bool       // the camera's own pictures will do
	H264      stream.Key // its pictures as H.264, as they are asked for
	AAC, Opus stream.Key // its sound; zero: it has none
	// Encodes says why there would be no encoder for a stream; nil is not asked.
	Encodes func(stream.Key) error
}

// Server serves all viewers of this form. Its methods may be called from any
// goroutine.
type Server struct {
	options Options
	log     *slog.Logger
	crowd   *delivery.Crowd
	ctx     context.Context // of all connections
	end     context.CancelFunc
	serving sync.WaitGroup // what hears UDP
	door    *httplimit.Door
	lent    sync.Pool // of *packets
}

// New makes a server. It listens nowhere yet.
func New(o Options) *Server {
	o.Log = cmp.Or(o.Log, slog.New(slog.DiscardHandler))
	o.Silence = cmp.Or(o.Silence, usualSilence)
	if o.Limited == nil {
		o.Limited = func(string) {}
	}
	s := &Server{options: o, log: o.Log, crowd: delivery.NewCrowd(o.Options, idleAfter), door: httplimit.NewDoor(o.Room, o.Limited, o.Log)}
	s.lent.New = func() any { return new(packets) }
	s.ctx, s.end = context.WithCancel(context.Background())
	if o.UDP != nil {
		s.serving.Go(func() { o.UDP.listen(o.Limited) }) // ends with Close
	}
	return s
}

// Serve takes connections from a listener, in TLS where that is given, until the
// server is closed. The listener is the server's to close.
func (s *Server) Serve(l net.Listener, secure *tls.Config) {
	s.door.Serve(l, func(tcp *net.TCPConn) { newConn(s, tcp, secure).serve() }) // which Close ends at the latest
}

// Close takes no more connections, ends all viewers and waits until they are gone.
// Those that do not take their last words in time are cut.
func (s *Server) Close() {
	s.door.Shut()
	s.crowd.Close(closePatience)
	s.end()
	if s.options.UDP != nil {
		s.options.UDP.close()
	}
	s.door.Wait()
	s.serving.Wait()
}

// carried are the codecs that go out, pictures and sound.
func carried(c media.Codec) bool {
	switch c {
	case media.H264, media.H265, media.AAC, media.Opus, media.PCMA, media.PCMU:
		return true
	}
	return false
}

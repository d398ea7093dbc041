// Package rtmpin takes in what is sent by RTMP, with TLS or without, as OBS, drones and
// ffmpeg do: H.264 and H.265, with sound as AAC, Opus or G.711. Nothing is given out.
//
// What goes through a connection is package rtmp's affair, and what is in its messages
// package flv's. Whose camera it is, and who may send, the caller says (Options.Admit), who
// then runs the sender as the camera's publisher.
//
// A connection has one goroutine, which reads. A sender that sends no picture for twenty
// seconds is cut, and one that is not let in is told why.
//
// Package server calls Serve for each listener, and Close once publishers were ended.
package rtmpin

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"time"

	"framegate/gateway/httplimit"
	"framegate/gateway/input/rtmpcam/rtmp"
	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// The limits on who sends, by name, as Options.Limited is told of them, besides those of
// connections.
const (
	LimitFrameBytes       = "frame_bytes"
	LimitPublisherSilence = "publisher_silence"
)

const (
	// steps is how many times as long as for one request a client gets until it says what it
	// wants: it shakes hands twice, and waits for five answers.
	steps = 4
	// silence is for how long at least a sender may send no picture, which is as long as
	// others cannot have its camera. Networks of phones stand still for some seconds.
	silence = 20 * time.Second
	// answerTime is what a client gets to take an answer, and lastTime one that is the last.
	answerTime = 5 * time.Second
	lastTime   = 500 * time.Millisecond
	// app is what stands in the address between the host and the key.
	app = "live"
)

// Options are what a server works with. All but Silence and Log are needed.
type Options struct {
	// Admit says whether and as whom somebody may send a camera's pictures. The error is a
	// *Refusal, or one of the hub's.
	Admit func(ctx context.Context, ask Ask) (*Visit, error)
	// Room is how many connections there may be at the moment.
	Room func() httplimit.Room
	// HeadTime is what a request may take of other protocols. Until a client says what it wants it
	// may be silent for so long, and take four times that in all.
	HeadTime time.Duration
	Silence  time.Duration      // without a picture, at least; 0 is 20 s
	Limited  func(limit string) // is called from any goroutine, and must return at once
	Log      *slog.Logger       // nil discards
}

// Ask is what somebody asks.
type Ask struct {
	Camera string
	Query  url.Values
	From   netip.Addr
	Secure bool // it comes over TLS
}

// Refusal is an error that says what is answered.
type Refusal struct {
	Code  string // one of package rtmp's
	Words string
}

// Error says what is answered.
func (r *Refusal) Error() string { return r.Words }

// Visit is somebody who was let in to send a camera's pictures.
type Visit struct {
	Context context.Context // ends with the permission
	Leave   func()          // is called once, at the end
	// Publish runs what is sent as the camera's, if it is free.
	Publish       func(ctx context.Context, source stream.Source) error
	Lets          func(*media.Frame) bool // whether a picture may go on; it is called in one goroutine
	MaxFrameBytes int                     // of a picture; a larger one is passed over
	Silent        bool                    // no sound is taken
}

// Server serves all who send. Its methods may be called from any goroutine.
type Server struct {
	options Options
	ctx     context.Context // of all connections
	end     context.CancelFunc
	door    *httplimit.Door
}

// New makes a server. It listens nowhere yet.
func New(o Options) *Server {
	o.Log = cmp.Or(o.Log, slog.New(slog.DiscardHandler))
	o.Silence = cmp.Or(o.Silence, silence)
	s := &Server{options: o, door: httplimit.NewDoor(o.Room, o.Limited, o.Log)}
	s.ctx, s.end = context.WithCancel(context.Background())
	return s
}

// Serve takes connections from a listener, in TLS where that is given, until the server
// is closed.
func (s *Server) Serve(l net.Listener, secure *tls.Config) {
	s.door.Serve(l, func(tcp *net.TCPConn) { newConn(s, tcp, secure).serve() }) // which Close ends at the latest
}

// Close takes no more connections, cuts those there are, and waits for them.
func (s *Server) Close() {
	s.door.Shut()
	s.end()
	s.door.Wait()
}

// codeOf gives the code of an error that is answered.
func codeOf(err error) string {
	refusal := (*Refusal)(nil)
	switch {
	case errors.As(err, &refusal):
		return refusal.Code
	case errors.Is(err, stream.ErrBusy), errors.Is(err, stream.ErrUnknown), errors.Is(err, stream.ErrPulled):
		return rtmp.BadName
	}
	return rtmp.Rejected
}

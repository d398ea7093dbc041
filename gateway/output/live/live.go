// Package live gives a camera to viewers as it is, without a transcode where
// that can be: H.264 and H.265 as fragmented MP4 and JPEGs over a WebSocket, for
// players on Media Source Extensions, WebCodecs and canvas; and the former two as
// an endless MP4 over HTTP, for VLC, ffplay, curl and <video src>. H.265 goes only
// to who said that it can show that.
//
// Sound goes out along with pictures (sound.go): in the same file where there is one,
// and else to those who asked for it.
//
// It encodes nothing and knows no camera: it reads frames from the hub and puts
// a few bytes in front of each, which are the viewer's; the picture itself all
// viewers share. A viewer joins at the newest keyframe and gets what came since
// at once; one that is slow skips to the newest keyframe, and one that takes
// nothing for ten seconds is cut.
//
// A WebSocket without a subprotocol carries bare fragmented MP4: an init
// segment, then one fragment a message. With the subprotocol framegate.v1 there
// are JSON messages beside it, in files client.go and messages.go, and a header
// before each payload, of package wire. With ?dialect=go2rtc it is what go2rtc's players
// speak, in go2rtc.go.
//
// Such a viewer may look into the past (past.go): its seat then reads a hub in
// which the camera's streams are of what was recorded, and everything else is as
// it was.
//
// The router calls ServeWebSocket and ServeMP4; Close comes before the hub's.
package live

import (
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"framegate/gateway/delivery"
	"framegate/gateway/stream"
)

// Subprotocol is what a client asks for in Sec-WebSocket-Protocol to get JSON
// messages and headers.
const Subprotocol = "framegate.v1"

const (
	// idleAfter is how long without a frame a viewer waits before it looks how
	// the camera is.
	idleAfter = time.Second
	// closePatience is what Close grants the viewers for their last message.
	closePatience = 2 * time.Second
)

// The limits by name, as Options.Limited is told of them besides that of
// package delivery.
const (
	LimitViewerMessageBytes = "viewer_message_bytes"
	LimitWebSocketSilence   = "websocket_silence"
)

// LimitNames are the limits that this package knows.
var LimitNames = []string{LimitViewerMessageBytes, LimitWebSocketSilence}

// Errors before anything is answered, for callers to branch on.
var (
	// ErrNotWebSocket: the request is no WebSocket handshake, or a bad one.
	// The headers that the answer, 426, needs are set.
	ErrNotWebSocket = errors.New("this address speaks WebSocket")
	// ErrBadCodec: the query's codec is none that can be asked for, of this camera.
	ErrBadCodec = errors.New("bad codec")
)

// Handler serves all viewers of these forms. Its methods may be called from
// any goroutine.
type Handler struct {
	hub     *stream.Hub
	log     *slog.Logger
	limited func(limit string)
	crowd   *delivery.Crowd
	shapes  shapes
	leaving sync.WaitGroup // pasts that nobody plays any more
	left    atomic.Int64   // how many these are
	heads   sync.Pool      // of *[]byte: see viewer.Written
}

// New makes a handler. It starts nothing.
func New(options delivery.Options) *Handler {
	if options.Log == nil {
		options.Log = slog.New(slog.DiscardHandler)
	}
	if options.Limited == nil {
		options.Limited = func(string) {}
	}
	return &Handler{
		hub:     options.Hub,
		log:     options.Log,
		limited: options.Limited,
		crowd:   delivery.NewCrowd(options, idleAfter),
		heads:   sync.Pool{New: func() any { b := make([]byte, 0, mostLent/4); return &b }},
	}
}

// Close ends all viewers, those on a WebSocket with code 1001, and waits until
// they are gone. Those that do not take that in time are cut. A disk that does
// not answer is not waited for.
func (h *Handler) Close() {
	h.crowd.Close(closePatience)
	left := make(chan struct{})
	go func() { // ends when the disk answers
		h.leaving.Wait()
		close(left)
	}()
	late := time.NewTimer(closePatience)
	defer late.Stop()
	select {
	case <-left:
	case <-late.C:
		h.log.Warn("recordings that were played are left open, since the disk does not answer")
	}
}

// The dialects, as stream.Client.Form has them.
const (
	DialectBare        = "fmp4"      // a WebSocket with bare fragmented MP4
	DialectFramegate   = Subprotocol // a WebSocket with messages and headers
	DialectGo2RTC      = "go2rtc"    // a WebSocket as go2rtc's players know it
	DialectProgressive = "mp4"       // an endless file over HTTP
)

// clientStats is what a player says of itself.
type clientStats struct {
	Shown     uint64  `json:"shown"`     // pictures, since its start
	Dropped   uint64  `json:"dropped"`   // pictures that came but were not shown
	BufferMs  float64 `json:"bufferMs"`  // received and not shown yet, in milliseconds
	LatencyMs float64 `json:"latencyMs"` // from the camera to the screen, in milliseconds
}

// notToBeKept says of a response that it is the present only.
func notToBeKept(h http.Header) {
	h.Set("Cache-Control", "no-store, no-cache, must-revalidate, max-age=0, no-transform")
	h.Set("Pragma", "no-cache")
	h.Set("X-Accel-Buffering", "no")
}

// report gives what a player said as others know it.
func (s clientStats) report() stream.Report {
	ms := func(n float64) time.Duration { return time.Duration(n * float64(time.Millisecond)) }
	return stream.Report{Shown: s.Shown, Dropped: s.Dropped, Buffer: ms(s.BufferMs), Delay: ms(s.LatencyMs)}
}

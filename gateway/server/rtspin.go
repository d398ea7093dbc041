package server

import (
	"context"
	"net/http"

	"framegate/gateway/auth"
	"framegate/gateway/input/rtspin"
	"framegate/gateway/media"
	"framegate/gateway/output/rtspserver"
	"framegate/gateway/publish"
	"framegate/gateway/stream"
)

// announceRTSP lets in who may send a camera's pictures by RTSP, as it describes them.
func (s *server) announceRTSP(ctx context.Context, ask rtspserver.Ask, description []byte) (*rtspserver.Sending, error) {
	if s.front.Draining() {
		return nil, &rtspserver.Refusal{Status: http.StatusServiceUnavailable, Words: drains}
	}
	who := credentialsOf(&ask)
	permitted, p, stop, err := s.auth.AdmitWith(ctx, who, auth.Use{Action: auth.Publish, Camera: ask.Camera, Ways: auth.Media&^auth.Cookie | auth.Digest})
	if err != nil {
		return nil, s.refuseRTSP(ctx, err, who.Asked)
	}
	if _, known := s.cameras.Find(ask.Camera); !known {
		stop()
		return nil, stream.ErrUnknown
	}
	o := s.uploadOptions(s.settings().Limits)
	source, err := rtspin.New(description, rtspin.Options{
		MaxFrameBytes: o.MaxFrameBytes, Lets: s.throttle().Lets,
		Silent: s.takesNoSound(ask.Camera), Limited: o.Limited, Log: s.Log.With("camera", ask.Camera),
	})
	if err != nil {
		stop()
		return nil, &rtspserver.Refusal{Status: http.StatusUnsupportedMediaType, Words: err.Error()}
	}
	within, end := context.WithCancelCause(permitted)
	sender := &rtspSender{server: s, source: source, ctx: within, end: end, begun: make(chan struct{}), ended: make(chan error, 1)}
	sender.who = publish.Publisher{Camera: ask.Camera, Name: ask.Query.Get("publisher"), Address: ask.From.String(), Principal: p.Subject()}
	return &rtspserver.Sending{
		Context: within,
		Leave:   func() { sender.leave(); stop() },
		Track:   source.Track,
		Begin:   sender.begin,
		Packet:  source.Packet,
	}, nil
}

// rtspSender is somebody who sends a camera's pictures by RTSP. begin and leave belong
// to its connection.
type rtspSender struct {
	server *server
	source *rtspin.Source
	who    publish.Publisher
	ctx    context.Context
	end    context.CancelCauseFunc
	runs   bool
	begun  chan struct{} // closed when the camera is its own
	ended  chan error    // cap 1
}

// begin has the camera be the sender's, if it can.
func (r *rtspSender) begin(ordered []int) error {
	for _, track := range ordered {
		r.source.Order(track)
	}
	r.runs = true
	go func() { // ends by leave, which waits for it
		err := r.server.publishers.Run(r.ctx, r.who, r)
		r.ended <- err
		select {
		case <-r.begun:
			r.end(err)
		default: // it is answered why
		}
	}()
	select {
	case <-r.begun:
		return nil
	case err := <-r.ended:
		r.runs = false
		return err
	}
}

// Run is the source of the camera's stream.
func (r *rtspSender) Run(ctx context.Context, emit func(media.Frame)) error {
	return r.source.Run(ctx, emit, func() { close(r.begun) })
}

// leave gives the camera back.
func (r *rtspSender) leave() {
	r.end(nil)
	if r.runs {
		<-r.ended
	}
}

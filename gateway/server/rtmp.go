package server

import (
	"context"
	"errors"
	"fmt"
	"net"

	"framegate/gateway/api"
	"framegate/gateway/auth"
	"framegate/gateway/input/rtmpcam/rtmp"
	"framegate/gateway/input/rtmpin"
	"framegate/gateway/publish"
	"framegate/gateway/secret"
	"framegate/gateway/stream"
)

// rtmpDoors are the listeners of RTMP, and who serves them; none where none is
// configured.
type rtmpDoors struct {
	server       *rtmpin.Server
	plain, inTLS net.Listener
}

// openRTMP listens where the configuration says. Nothing is served yet.
func (s *server) openRTMP() (err error) {
	c := s.Config.RTMP
	if c.Listen == "" && c.TLSListen == "" {
		return nil
	}
	s.rtmp.server = rtmpin.New(rtmpin.Options{
		Admit: s.admitRTMP, Room: s.room, HeadTime: s.Config.Limits.HeaderTimeout, Limited: s.hits.Hit, Log: s.Log,
	})
	if s.rtmp.plain, err = listenAt(c.Listen); err != nil {
		return err
	}
	s.rtmp.inTLS, err = listenAt(c.TLSListen)
	return err
}

// serveRTMP has what serves each listener, until it is closed, run.
func (s *server) serveRTMP(run func(func())) {
	s.serveDoors("RTMP", s.rtmp.plain, s.rtmp.inTLS, run, s.rtmp.server.Serve)
}

// links gives the addresses of RTMP. Programs ask for the last part apart, as the key.
func (d *rtmpDoors) links() (links []api.Form) {
	for name, l := range map[string]net.Listener{"rtmp": d.plain, "rtmps": d.inTLS} {
		if l != nil {
			links = append(links, api.Form{Name: name, Address: fmt.Sprintf("%s://%s/live/{id}", name, reachableAt(l)), Action: auth.Publish})
		}
	}
	return links
}

// close ends who sends by RTMP, and waits for them.
func (d *rtmpDoors) close() {
	if d.server == nil {
		return
	}
	closeListeners(d.plain, d.inTLS)
	d.server.Close()
}

// admitRTMP lets in who may send a camera's pictures by RTMP. There is no place for
// credentials but the key, behind a question mark: a token, or a link.
func (s *server) admitRTMP(ctx context.Context, ask rtmpin.Ask) (*rtmpin.Visit, error) {
	if s.front.Draining() {
		return nil, &rtmpin.Refusal{Code: rtmp.Rejected, Words: drains}
	}
	who := auth.Credentials{From: ask.From, Query: ask.Query}
	if ask.Query.Has("token") {
		token := secret.New(ask.Query.Get("token"))
		who.Token = &token
	}
	permitted, p, stop, err := s.auth.AdmitWith(ctx, who, auth.Use{Action: auth.Publish, Camera: ask.Camera, Ways: auth.Bearer | auth.Link})
	if err != nil {
		return nil, refuseRTMP(err)
	}
	if _, known := s.cameras.Find(ask.Camera); !known {
		stop()
		return nil, stream.ErrUnknown
	}
	publisher := publish.Publisher{Camera: ask.Camera, Name: ask.Query.Get("publisher"), Address: ask.From.String(), Principal: p.Subject()}
	return &rtmpin.Visit{
		Context: permitted,
		Leave:   stop,
		Publish: func(ctx context.Context, source stream.Source) error {
			return s.publishers.Run(ctx, publisher, source)
		},
		Lets:          s.throttle().Lets,
		MaxFrameBytes: s.settings().Limits.FrameBytes,
		Silent:        s.takesNoSound(ask.Camera),
	}, nil
}

// refuseRTMP gives what is answered to who is not let in.
func refuseRTMP(err error) error {
	switch {
	case errors.Is(err, auth.ErrForbidden):
		return stream.ErrUnknown
	case errors.Is(err, auth.ErrDenied):
		return &rtmpin.Refusal{Code: rtmp.Denied, Words: err.Error() + "; write it into the key: camera?token=…"}
	case errors.Is(err, auth.ErrTooManyAttempts):
		return &rtmpin.Refusal{Code: rtmp.Denied, Words: err.Error()}
	}
	return err
}

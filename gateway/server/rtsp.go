package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"

	"framegate/gateway/api"
	"framegate/gateway/auth"
	"framegate/gateway/delivery"
	"framegate/gateway/media"
	"framegate/gateway/output/rtspserver"
	"framegate/gateway/rendition"
	"framegate/gateway/stream"
)

// rtspDoors are the listeners of RTSP, and who serves them; none where none is
// configured.
type rtspDoors struct {
	server       *rtspserver.Server
	plain, inTLS net.Listener
}

// openRTSP listens where the configuration says. Nothing is served yet.
func (s *server) openRTSP() (err error) {
	c := s.Config.RTSP
	if c.Listen == "" && c.TLSListen == "" {
		return nil
	}
	var udp *rtspserver.UDP
	if c.UDP != "" {
		if udp, err = rtspserver.ListenUDP(c.UDP); err != nil {
			return err
		}
	}
	l := s.Config.Limits
	s.rtsp.server = rtspserver.New(rtspserver.Options{
		Options: delivery.Options{Hub: s.hub, Patience: l.ViewerPatience, Limited: s.hits.Hit, Log: s.Log},
		Admit:   s.admitRTSP, Announce: s.announceRTSP,
		Room:      s.room,
		HeadBytes: l.HeaderBytes, HeadTime: l.HeaderTimeout, Idle: l.IdleTimeout,
		UDP: udp,
	})
	if s.rtsp.plain, err = listenAt(c.Listen); err != nil {
		return err
	}
	s.rtsp.inTLS, err = listenAt(c.TLSListen)
	return err
}

// listenAt listens at an address, "" for nowhere.
func listenAt(address string) (net.Listener, error) {
	if address == "" {
		return nil, nil
	}
	return net.Listen("tcp", address)
}

// serveRTSP has what serves each listener, until it is closed, run.
func (s *server) serveRTSP(run func(func())) {
	s.serveDoors("RTSP", s.rtsp.plain, s.rtsp.inTLS, run, s.rtsp.server.Serve)
}

// serveDoors has what serves the listeners of a protocol run, each until it is closed;
// nil is none.
func (s *server) serveDoors(protocol string, plain, inTLS net.Listener, run func(func()), serve func(net.Listener, *tls.Config)) {
	for _, door := range []struct {
		listener net.Listener
		secure   *tls.Config
	}{{plain, nil}, {inTLS, s.identity.TLS()}} {
		if door.listener == nil {
			continue
		}
		s.Log.Info("framegate listens for "+protocol, "address", door.listener.Addr().String(), "tls", door.secure != nil)
		run(func() { serve(door.listener, door.secure) })
	}
}

// links gives the addresses of RTSP.
func (d *rtspDoors) links() (links []api.Form) {
	for name, l := range map[string]net.Listener{"rtsp": d.plain, "rtsps": d.inTLS} {
		if l != nil {
			links = append(links, api.Form{Name: name, Address: fmt.Sprintf("%s://%s/{id}", name, reachableAt(l)), Action: auth.View})
		}
	}
	return links
}

// reachableAt gives the host and port of a listener as links have it. Who can reach but
// one address of the machine is told that.
func reachableAt(l net.Listener) string {
	at, host := l.Addr().(*net.TCPAddr), "{host}"
	if !at.IP.IsUnspecified() {
		host, _, _ = strings.Cut(net.JoinHostPort(at.IP.String(), "|"), ":|")
	}
	return fmt.Sprintf("%s:%d", host, at.Port)
}

// close ends the viewers of RTSP, and waits for them.
func (d *rtspDoors) close() {
	if d.server == nil {
		return
	}
	closeListeners(d.plain, d.inTLS)
	d.server.Close()
}

// closeListeners closes those that there are.
func closeListeners(all ...net.Listener) {
	for _, l := range all {
		if l != nil {
			l.Close()
		}
	}
}

// drains is what those are told who come while the server drains.
const drains = "this server is about to end and takes nobody new"

// admitRTSP lets in who may view a camera, and gives what there is to see of it.
func (s *server) admitRTSP(ctx context.Context, ask rtspserver.Ask) (*rtspserver.Visit, error) {
	if s.front.Draining() {
		return nil, &rtspserver.Refusal{Status: http.StatusServiceUnavailable, Words: drains}
	}
	who := credentialsOf(&ask)
	watched, p, stop, err := s.auth.AdmitWith(ctx, who, auth.Use{Action: auth.View, Camera: ask.Camera, Ways: auth.Media&^auth.Cookie | auth.Digest})
	if err != nil {
		return nil, s.refuseRTSP(ctx, err, who.Asked)
	}
	request, err := rendition.ParseQuery(media.H264, ask.Query)
	if err != nil {
		stop()
		return nil, &rtspserver.Refusal{Status: http.StatusBadRequest, Words: err.Error()}
	}
	watched, end := context.WithCancelCause(watched)
	client := stream.Client{Address: ask.From.String(), Principal: p.Subject(), Exit: &stream.Exit{End: func() { end(stream.ErrEnded) }}}
	return &rtspserver.Visit{
		Context: watched,
		Leave:   func() { end(nil); stop() },
		Client:  client,
		Choice: rtspserver.Choice{
			Own:     stream.Key{Camera: ask.Camera},
			Plain:   request.Plain(),
			H264:    stream.Key{Camera: ask.Camera, Rendition: request.Key()},
			AAC:     rendition.SoundKey(ask.Camera, media.AAC),
			Opus:    rendition.SoundKey(ask.Camera, media.Opus),
			Encodes: func(key stream.Key) error { return s.encodes(key, client) },
		},
	}, nil
}

// credentialsOf gives what somebody brings. Without TLS what stands for a password is
// looked at as a token alone: nobody's password is to go through a network that all
// can hear. So Digest is asked for there, and nowhere else: with it users could not log
// in, since clients that know both take that.
func credentialsOf(ask *rtspserver.Ask) auth.Credentials {
	c := auth.Credentials{From: ask.From, Query: ask.Query}
	c.Authorize(ask.Authorization)
	if !ask.Secure && ask.Query.Get("login") != "basic" {
		c.Asked = &auth.Question{Nonce: ask.Nonce, Method: ask.Method, Fits: ask.Fits}
	}
	if c.Login != nil && !ask.Secure {
		token := c.Login.Password
		c.Token, c.Login = &token, nil
	}
	return c
}

// refuseRTSP gives what is answered to who is not let in, and is asked for Digest or
// not.
func (s *server) refuseRTSP(ctx context.Context, err error, asked *auth.Question) error {
	switch {
	case errors.Is(err, auth.ErrDenied), errors.Is(err, auth.ErrStale):
		challenges, failed := s.auth.Challenges(ctx, asked, errors.Is(err, auth.ErrStale))
		if failed != nil {
			return failed
		}
		return &rtspserver.Refusal{Status: http.StatusUnauthorized, Words: err.Error(), Challenges: challenges}
	case errors.Is(err, auth.ErrForbidden):
		return stream.ErrUnknown
	case errors.Is(err, auth.ErrTooManyAttempts):
		return &rtspserver.Refusal{Status: http.StatusServiceUnavailable, Words: err.Error()}
	}
	return err
}

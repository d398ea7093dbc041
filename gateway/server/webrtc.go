package server

import (
	"context"
	"net"
	"net/http"

	"framegate/gateway/auth"
	"framegate/gateway/config"
	"framegate/gateway/front"
	"framegate/gateway/input/whipin"
	"framegate/gateway/media"
	"framegate/gateway/output/whep"
	"framegate/gateway/publish"
	"framegate/gateway/rendition"
	"framegate/gateway/rtc"
	"framegate/gateway/stream"
)

// newWebRTC makes the port of WebRTC, which the first session opens.
func (s *server) newWebRTC() *rtc.Port {
	l := s.Config.Limits
	return rtc.New(rtc.Options{
		Listen: webRTCListen(s.Config), Spare: webRTCSpare(s.Config), Hosts: func() []string { return s.settings().WebRTC.Hosts },
		Room: s.room, HeadTime: l.HeaderTimeout, Patience: l.ViewerPatience, Limited: s.hits.Hit, Log: s.Log,
	})
}

// webRTCSpare says how many ports behind that of webRTCListen are tried where it is
// taken, as by a second gateway, or by go2rtc: browsers are told the port, so that any
// will do that they reach, unless the configuration names one.
func webRTCSpare(c *config.Config) int {
	if c.WebRTC.Listen == config.WebRTCAuto {
		return 20
	}
	return 0
}

// webRTCListen gives where the port of WebRTC is; "" for nowhere. Where nothing is
// configured it can be reached by whom HTTP can be.
func webRTCListen(c *config.Config) string {
	switch c.WebRTC.Listen {
	case config.WebRTCOff:
		return ""
	case config.WebRTCAuto:
	default:
		return c.WebRTC.Listen
	}
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return ""
	}
	return net.JoinHostPort(host, config.WebRTCPort)
}

// webRTCForms gives the rows of forms that are WebRTC.
func (s *server) webRTCForms(viewers *whep.Handler) []front.Form {
	senders := whipin.New(whipin.Options{Port: s.webrtc, Limited: s.hits.Hit, Log: s.Log})
	explain := func(w http.ResponseWriter, _ *http.Request, _ front.Visit) error { return s.webrtc.Explain(w) }
	session := func(w http.ResponseWriter, r *http.Request, _ front.Visit) error {
		return s.webrtc.Serve(w, r, r.PathValue("session"))
	}
	return []front.Form{
		{Method: "POST", Address: "/live/{id}/whep", Action: auth.View, Link: s.ifWebRTC("webrtc"), Serve: s.whep(viewers), Explain: explain, Session: session, Close: viewers.Close, Limits: rtc.LimitNames, Refusals: []front.Refusal{
			{Err: rtc.ErrOff, Status: http.StatusNotFound},
			{Err: rtc.ErrFull, Status: http.StatusServiceUnavailable},
			{Err: rtc.ErrClosed, Status: http.StatusServiceUnavailable},
			{Err: rtc.ErrBadOffer, Status: http.StatusBadRequest},
			{Err: rtc.ErrTooLarge, Status: http.StatusRequestEntityTooLarge},
			{Err: rtc.ErrNotSDP, Status: http.StatusUnsupportedMediaType},
			{Err: rtc.ErrNotFragment, Status: http.StatusUnsupportedMediaType},
			{Err: rtc.ErrNoSession, Status: http.StatusNotFound},
			{Err: rtc.ErrRestart, Status: http.StatusUnprocessableEntity},
			{Err: whep.ErrNoH264, Status: http.StatusNotAcceptable},
			{Err: whep.ErrNoPicture, Status: http.StatusServiceUnavailable},
		}},
		{Method: "POST", Address: "/live/{id}/whip", Action: auth.Publish, Link: s.ifWebRTC("publish_webrtc"), Serve: s.whip(senders), Explain: explain, Session: session, Close: senders.Close, Refusals: []front.Refusal{
			{Err: whipin.ErrNotTaken, Status: http.StatusNotAcceptable},
		}},
	}
}

// ifWebRTC gives a name where there is WebRTC here, and so an address to name.
func (s *server) ifWebRTC(link string) string {
	if !s.webrtc.On() {
		return ""
	}
	return link
}

// whep makes a handle that shows a camera by WebRTC.
func (s *server) whep(viewers *whep.Handler) front.Handle {
	return func(w http.ResponseWriter, r *http.Request, v front.Visit) error {
		request, err := rendition.ParseQuery(media.H264, r.URL.Query())
		if err != nil {
			return err
		}
		offer, err := viewers.Offered(w, r)
		if err != nil {
			return err
		}
		return viewers.Serve(r.Context(), w, offer, s.webRTCVisit(r, v, request))
	}
}

// answersOffers gives what answers offers of WebRTC that come by a socket, whose
// sessions go on without it; nil where there is none.
func (s *server) answersOffers(viewers *whep.Handler, r *http.Request, v front.Visit) func(context.Context, string) (string, error) {
	if !s.webrtc.On() {
		return nil
	}
	return func(ctx context.Context, text string) (string, error) {
		request, err := rendition.ParseQuery(media.H264, r.URL.Query())
		if err != nil {
			return "", err
		}
		offer, err := viewers.Read(text)
		if err != nil {
			return "", err
		}
		_, answer, err := viewers.Answer(ctx, offer, s.webRTCVisit(r, v, request))
		return answer, err
	}
}

// webRTCVisit gives whom a session is for, and what there is to see in it.
func (s *server) webRTCVisit(r *http.Request, v front.Visit, request rendition.Request) *whep.Visit {
	watched, end, leave := s.lasting(r, v, auth.View)
	client := v.Client()
	client.Exit = &stream.Exit{End: func() { end(stream.ErrEnded) }}
	return &whep.Visit{
		Context: watched, Leave: leave, Client: client, Choice: s.webRTCChoice(v.Camera, request, client),
		Host: r.Host, Where: addressOf(r),
	}
}

// whip makes a handle that takes a camera's pictures by WebRTC.
func (s *server) whip(senders *whipin.Handler) front.Handle {
	return func(w http.ResponseWriter, r *http.Request, v front.Visit) error {
		offer, err := senders.Offered(w, r)
		if err != nil {
			return err
		}
		if _, known := s.cameras.Find(v.Camera); !known {
			return stream.ErrUnknown
		}
		publisher := publish.Publisher{Camera: v.Camera, Name: r.URL.Query().Get("publisher"), Address: v.Address, Principal: v.Principal.Subject()}
		watched, _, leave := s.lasting(r, v, auth.Publish)
		return senders.Serve(w, offer, &whipin.Visit{
			Context: watched, Leave: leave,
			Publish: func(ctx context.Context, source stream.Source) error {
				return s.publishers.Run(ctx, publisher, source)
			},
			Lets: s.throttle().Lets, MaxFrameBytes: s.settings().Limits.FrameBytes, Silent: s.takesNoSound(v.Camera),
			Host: r.Host, Where: addressOf(r),
		})
	}
}

// lasting gives a context that goes on when a request is answered, for as long as what
// it asks for is permitted.
func (s *server) lasting(r *http.Request, v front.Visit, action auth.Action) (watched context.Context, end context.CancelCauseFunc, leave func()) {
	permitted, stop := s.auth.Watch(context.WithoutCancel(r.Context()), v.Principal, action, v.Camera)
	watched, end = context.WithCancelCause(permitted)
	return watched, end, func() { end(nil); stop() }
}

// addressOf gives the address of a request as its client knows it, without the host.
func addressOf(r *http.Request) string { return front.BaseOf(r.Context()) + r.URL.Path }

// webRTCChoice gives the streams that can be shown of a camera.
func (s *server) webRTCChoice(camera string, request rendition.Request, client stream.Client) whep.Choice {
	key := func(r rendition.Request) stream.Key { return stream.Key{Camera: camera, Rendition: r.Key()} }
	straight := request
	straight.Straight = true
	choice := whep.Choice{
		Own:      stream.Key{Camera: camera},
		Plain:    request.Plain(),
		H264:     key(request),
		Straight: key(straight),
		Opus:     rendition.SoundKey(camera, media.Opus),
		Encodes:  func(key stream.Key) error { return s.encodes(key, client) },
	}
	for _, rung := range []rendition.Request{{Height: 480, FPS: 15}, {Height: 240, FPS: 8}} {
		rung.Codec, rung.Straight, rung.Width = media.H264, true, request.Width
		rung.Height, rung.FPS = least(rung.Height, request.Height), least(rung.FPS, request.FPS)
		choice.Lesser = append(choice.Lesser, key(rung))
	}
	return choice
}

// least gives the lesser of two bounds, of which 0 is none.
func least(a, b int) int {
	if b > 0 {
		return min(a, b)
	}
	return a
}

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"framegate/gateway/api"
	"framegate/gateway/auth"
	"framegate/gateway/config"
	"framegate/gateway/media"
	"framegate/gateway/reach"
)

// control is the gateway as the API knows it.
type control struct{ *gateway }

// Cameras gives the cameras there are.
func (g control) Cameras() []api.Camera {
	var cameras []api.Camera
	for _, c := range g.cameras.all() {
		cameras = append(cameras, api.Camera{Camera: c.Camera, Added: c.added})
	}
	return cameras
}

// SetAdded makes these the cameras that were added while the server runs.
func (g control) SetAdded(cameras []config.Camera) error {
	return g.changeCameras(nil, &cameras)
}

// Publishers gives those who send frames in.
func (g control) Publishers() []api.Publisher {
	var publishers []api.Publisher
	for _, p := range g.publishers.All() {
		publishers = append(publishers, api.Publisher{Camera: p.Camera, Address: p.Address, Principal: p.Principal, Since: p.Since})
	}
	return publishers
}

// Encoders gives the ffmpegs that encode, or wait to.
func (g control) Encoders() []api.Encoder {
	var encoders []api.Encoder
	for _, e := range g.encoders.Stats().Encoders {
		encoders = append(encoders, api.Encoder{
			Camera: e.Stream.Camera, Rendition: e.Stream.Rendition, Waiting: e.Waiting, Dropped: e.Dropped, FPS: e.FPS,
		})
	}
	return encoders
}

// Settings gives what is configured.
func (g control) Settings() api.Settings {
	s := api.Settings{Config: g.settings(), Waiting: *g.waiting.Load()}
	if refused := g.refused.Load(); refused != nil {
		s.Refused, s.RefusedAt = refused.err, refused.at
	}
	return s
}

// enough is how long a camera is looked at once its pictures come.
const enough = 2 * time.Second

// Probe connects to a camera, apart from those there are, until it is known
// what it sends or ctx is done.
func (g control) Probe(ctx context.Context, c config.Camera) (api.Probed, error) {
	source, err := g.newSource(camera{Camera: c, added: true})
	if err != nil {
		return api.Probed{}, err
	}
	if source == nil {
		return api.Probed{}, errors.New("an upload camera waits for its publisher; there is nothing to connect to")
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	look := look{began: time.Now(), stop: stop}
	err = source.Run(ctx, look.take)
	switch {
	case look.Frames > 0:
		return look.result(), nil
	case ctx.Err() != nil:
		return api.Probed{}, fmt.Errorf("it was reached, or not, but sent no picture in %v", time.Since(look.began).Round(time.Second))
	}
	return api.Probed{}, err
}

// look is what a probe sees.
type look struct {
	api.Probed
	began, first, last, key time.Time
	stop                    func()
}

// take looks at one frame, and ends the probe with the one after which more
// would not tell more: of H.264 the second keyframe.
func (l *look) take(f media.Frame) {
	now := time.Now()
	if l.Frames == 0 {
		l.first, l.FirstFrame = now, now.Sub(l.began)
	}
	l.Frames++
	l.Bytes += int64(len(f.Data))
	l.Codec, l.Width, l.Height = f.Format.Codec.String(), f.Format.Width, f.Format.Height
	l.last = now
	if f.Format.Codec == media.H264 && f.Key {
		if !l.key.IsZero() {
			l.KeyframeInterval = now.Sub(l.key)
		}
		l.key = now
	}
	if now.Sub(l.first) >= enough && (f.Format.Codec == media.JPEG || l.KeyframeInterval > 0) {
		l.stop()
	}
}

func (l *look) result() api.Probed {
	if span := l.last.Sub(l.first); span > 0 {
		l.FPS = float64(l.Frames-1) / span.Seconds()
	}
	return l.Probed
}

// checkSource refuses a source that could never be connected to: one with an
// address where no camera may be. Names are judged when they are dialled.
func (g *gateway) checkSource(s config.Source) error {
	if s.Kind != config.SourceHTTP && s.Kind != config.SourceRTSP {
		return nil
	}
	u, err := url.Parse(s.URL)
	if err != nil {
		return errors.New("is not a URL")
	}
	ip, err := netip.ParseAddr(u.Hostname())
	if err != nil {
		return nil
	}
	err = g.reach().Check(netip.AddrPortFrom(ip, portOf(u)))
	if errors.Is(err, reach.ErrForbidden) {
		return fmt.Errorf("%w; ranges besides the usual are allowed under network in the configuration", err)
	}
	return err
}

// portOf gives the port that a URL means.
func portOf(u *url.URL) uint16 {
	port, err := net.LookupPort("tcp", u.Port())
	if u.Port() == "" || err != nil {
		port = map[string]int{"http": 80, "https": 443, "rtsp": 554, "rtsps": 322}[u.Scheme]
	}
	return uint16(port)
}

// apiRoutes is the part of the route table that is the API's.
func (g *gateway) apiRoutes() []route {
	serve := func(w http.ResponseWriter, r *http.Request, _ string) error {
		g.api.ServeHTTP(w, r.WithContext(api.WithPrincipal(r.Context(), principalOf(r))))
		return nil
	}
	routes := []route{{"/api/", nothing, 0, noCamera, serve}} // which says what is not there
	for _, t := range api.Routes() {
		needs, of := t.Action, noCamera
		switch t.Action {
		case api.Public:
			needs = nothing
		case api.Known:
			needs = anything
		case auth.View, auth.Publish, auth.Playback:
			of = cameraOfPath
		}
		routes = append(routes, route{t.Method + " " + t.Path, needs, auth.Control | auth.Basic, of, serve})
	}
	return routes
}

var _ api.Gateway = control{}

// loadAdded finds the cameras that were added while an earlier server ran.
func (g *gateway) loadAdded(ctx context.Context) error {
	cameras, broken, err := api.Added(ctx, g.store)
	for _, problem := range broken {
		g.log.Error("camera left out", "err", problem)
	}
	g.added.Store(&cameras)
	return err
}

// Package server is the gateway with all its parts wired together: the only
// package that knows every other.
package server

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"framegate/gateway/api"
	"framegate/gateway/auth"
	"framegate/gateway/config"
	"framegate/gateway/export"
	"framegate/gateway/front"
	"framegate/gateway/health"
	"framegate/gateway/input/upload"
	"framegate/gateway/journal"
	"framegate/gateway/media"
	"framegate/gateway/metrics"
	"framegate/gateway/notify"
	"framegate/gateway/output/sse"
	"framegate/gateway/ptz"
	"framegate/gateway/publish"
	"framegate/gateway/record"
	"framegate/gateway/rendition"
	"framegate/gateway/roster"
	"framegate/gateway/rtc"
	"framegate/gateway/store"
	"framegate/gateway/stream"
	"framegate/gateway/thumbnails"
	"framegate/transcode"
	"framegate/web"
)

// Options are what a server is made of.
type Options struct {
	Config  *config.Config
	Socket  *net.TCPListener // that is listened at already, at Config.Listen; else nil
	Reload  Reload
	Drain   time.Duration    // how long the end waits at most for what ends by itself
	Version string           // of the program, for people
	Journal *journal.Journal // of Log; nil where nothing of it is kept
	Now     func() time.Time // what the machine's clock says, by which pictures are taken; nil is time.Now
	Log     *slog.Logger
}

// server is everything wired together. A new output is a folder and a row in
// forms, a new input a folder and a row in sources.
type server struct {
	Options
	current    atomic.Pointer[config.Config] // the settings in effect
	hub        *stream.Hub
	cameras    *roster.Roster
	publishers *publish.Publishers
	upload     *upload.Handler
	encoders   *rendition.Slots
	recordings *record.Recorders
	thumbnails *thumbnails.Maker
	exports    *export.Exports
	ptz        *ptz.Cameras
	forms      []front.Form
	hits       *metrics.Hits // of limits
	panics     metrics.Panics
	hardware   atomic.Pointer[transcode.HWAccel] // that works; nil while that is not known
	trial      hardwareTrial
	ffmpeg     atomic.Pointer[api.FFmpeg] // what was found out of it; nil while nothing is
	api        *api.API
	store      *store.Store
	auth       *auth.Auth
	identity   front.Identity
	front      *front.Front
	port       uint16           // that we listen on
	sent       publish.Counters // of publishers that speak no HTTP
	rtsp       rtspDoors
	rtmp       rtmpDoors
	webrtc     *rtc.Port
	notifier   *notify.Notifier
	node       *node // nil where this is a server alone
	health     *health.Monitor
	clock      health.Clock
	tried      *attempt // of ffmpeg, the last; nil before the first
	triedAt    time.Time
	wrong      error // with it

	refused atomic.Pointer[refusal]       // of the last reload; nil where it was not
	wanted  atomic.Pointer[config.Config] // what the layers say, some of which may take a restart

	configuring sync.Mutex                       // guards Reload.Known and kept: one configuration at a time is put into effect
	kept        config.Kept                      // what was given in the app
	left        atomic.Pointer[map[string]error] // of that, what does not fit, and why
	added       atomic.Pointer[config.Added]     // who is told of what happens, besides those of the file
}

// settings gives what is configured at the moment.
func (s *server) settings() *config.Config { return s.current.Load() }

// newServer makes the server that listens at an address, with what it remembers.
// Nothing runs yet but the cameras that are to stay connected. close must be
// called in the end.
func newServer(ctx context.Context, o Options, listens netip.AddrPort) (_ *server, err error) {
	s := newParts(o)
	o.Log = s.Log
	s.port = listens.Port()
	if s.store, err = store.Open(ctx, o.Config.Data); err != nil {
		return nil, err
	}
	if err := cmp.Or(s.startLayers(ctx), s.startNotified(ctx)); err != nil {
		return nil, errors.Join(err, s.store.Close())
	}
	o.Config = s.Config
	s.encoders = rendition.NewSlots(o.Config.Limits.Encoders, o.Config.Limits.EncoderStarts)
	hosts := func() []string { return s.settings().Hosts }
	if s.identity, err = front.NewIdentity(o.Config, hosts, o.Log); err != nil {
		return nil, errors.Join(err, s.store.Close())
	}
	if err := notify.Check(o.Config.Notify); err != nil {
		return nil, errors.Join(err, s.store.Close())
	}
	s.auth, err = auth.New(ctx, auth.Options{Store: s.store, Open: o.Config.Auth == config.AuthOff, Base: front.BaseOf, Log: o.Log})
	if err != nil {
		return nil, errors.Join(err, s.store.Close())
	}
	s.hub = stream.New(stream.Options{
		Resolve: s.resolve,
		Limits:  viewerLimits(o.Config.Limits),
		Limited: s.hits.Hit,
		Changed: s.changed,
		Now:     o.Now,
		Log:     o.Log,
	})
	s.health = s.newHealth()
	s.thumbnails = s.newThumbnails()
	s.recordings = s.newRecordings()
	s.exports = s.newExports()
	s.ptz = ptz.New(ptz.Options{Camera: s.turning, Limited: s.hits.Hit, Unstopped: s.unstopped})
	s.cameras = roster.New(roster.Options{Hub: s.hub, Source: s.newSource, Here: s.owns, Changed: s.rosterChanged, Log: o.Log})
	s.publishers = publish.New(s.hub, publish.Options{Changed: s.publishersChanged, Limited: s.hits.Hit, Log: o.Log})
	s.upload = upload.New(s.hub, s.publishers, s.uploadOptions(o.Config.Limits))
	s.webrtc = s.newWebRTC()
	s.forms = s.newForms()
	if err := errors.Join(s.openRTSP(), s.openRTMP()); err != nil {
		s.close()
		return nil, err
	}
	if s.node, err = s.openNode(ctx); err != nil {
		s.close()
		return nil, err
	}
	for _, form := range s.forms {
		s.hits.Add(form.Limits...)
	}
	s.api = api.New(api.Options{
		Store: s.store, Auth: s.auth, Hub: s.hub, Gateway: control{s}, Recordings: past{s}, Exports: s.exports, Forms: slices.Concat(linked(s.forms), s.rtsp.links(), s.rtmp.links()),
		PTZ: s.ptz, CheckSource: s.checkSource, CheckNotified: s.checkNotified, MaxBodyBytes: func() int { return s.settings().Limits.APIBodyBytes },
		Base: front.BaseOf, Limited: s.hits.Hit, Version: o.Version, Journal: o.Journal, Log: o.Log,
	})
	s.notifier = s.newNotifier()
	pages := web.New(func() []string { return s.settings().FrameAncestors })
	pages.ShowFrom(func() []string { return front.Origins(s.node.publics()) })
	s.front = front.New(front.Options{
		Nodes: s.node.publics, Settings: s.settings, Identity: s.identity, Auth: s.auth, API: s.api, Forms: s.forms, Cameras: s.listed,
		Pages: pages, Metrics: s.metricsHandler(), Unready: s.unready, Log: o.Log,
	})
	if err := s.setCameras(ctx); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// newParts makes a server as far as nothing outside of the process is needed.
func newParts(o Options) *server {
	s := &server{
		Options:  o,
		hits:     newHits(),
		encoders: rendition.NewSlots(o.Config.Limits.Encoders, o.Config.Limits.EncoderStarts),
		trial:    hardwareTrial{probe: transcode.Probe},
	}
	s.Log = slog.New(s.panics.Counting(o.Log.Handler()))
	for _, of := range inputs {
		s.hits.Add(of.limits...)
	}
	s.current.Store(o.Config)
	s.wanted.Store(o.Config)
	s.left.Store(new(map[string]error))
	s.added.Store(new(config.Added))
	return s
}

// setCameras makes those of the configuration, and those that were added while
// an earlier server ran, the cameras there are.
func (s *server) setCameras(ctx context.Context) error {
	if err := s.cameras.Configure(s.Config.Cameras, func() {}); err != nil {
		return err
	}
	added, broken, err := api.Added(ctx, s.store)
	for _, problem := range broken {
		s.Log.Error("camera left out", "err", problem)
	}
	return cmp.Or(err, s.cameras.SetAdded(added))
}

// changed says that what events tell of may have changed. Nothing does before
// there is an API.
func (s *server) changed() {
	s.api.Changed()
	s.node.restate()
}

// publishersChanged says who sends pictures in.
func (s *server) publishersChanged() {
	s.changed()
	s.node.soon()
}

// owns says whether a camera is this server's to connect to and
// to record.
func (s *server) owns(camera string) bool { return s.node.owns(camera) }

// rosterChanged has recorded what is to be now.
func (s *server) rosterChanged() {
	s.node.configure(s.cameras.All())
	s.applyRecordings()
	s.changed()
}

// resolve finds what gives a camera's frames in a rendition.
func (s *server) resolve(k stream.Key) (stream.Source, error) {
	source, err := s.cameras.Source(k.Camera)
	if err != nil {
		return nil, err
	}
	if c, _ := s.cameras.Find(k.Camera); s.node != nil {
		if remote, elsewhere := s.node.elsewhere(c, k); elsewhere {
			return remote, nil
		}
	}
	switch k.Rendition {
	case "":
		return source, nil
	case stream.Sub:
		return s.cameras.Sub(k.Camera)
	}
	return s.newRendition(s.hub, k)
}

// newRendition makes what gives the pictures of a camera of a hub, or its sound, in another form.
// In another hub than that of the present somebody alone looks at it.
func (s *server) newRendition(hub *stream.Hub, k stream.Key) (stream.Source, error) {
	if codec, ok := rendition.ParseSoundKey(k.Rendition); ok {
		return rendition.NewSound(rendition.SoundOptions{
			Hub: hub, Camera: k.Camera, Codec: codec, Common: hub == s.hub, FFmpeg: s.settings().FFmpeg.Path, Slots: s.encoders, Log: s.Log.With("camera", k.Camera),
		}), nil
	}
	request, ok := rendition.ParseKey(k.Rendition)
	if !ok {
		return nil, stream.ErrUnknown
	}
	request.Sub = request.Sub && hub == s.hub // of nothing else are there small pictures
	return rendition.New(rendition.Options{
		Hub:     hub,
		Camera:  k.Camera,
		Request: request,
		Common:  hub == s.hub && isCommon(request),
		FFmpeg:  s.settings().FFmpeg.Path,
		HWAccel: s.encodesWith(),
		Slots:   s.encoders,
		Log:     s.Log.With("camera", k.Camera),
	}), nil
}

// isCommon says of a rendition that it is what viewers get who ask for no size,
// rate or quality.
func isCommon(r rendition.Request) bool {
	r.Straight = false
	if r.MinWidth > 0 {
		r.Sub, r.MinWidth = false, 0
	}
	return r.Plain() || r == rendition.Request{Codec: media.JPEG, FPS: sse.DefaultFPS}
}

// close ends publishers, then viewers and recorders, and then cameras, and waits
// for them.
func (s *server) close() {
	s.publishers.Close()
	var viewers sync.WaitGroup // those that take no last word have all forms wait at once
	viewers.Go(s.recordings.Close)
	for _, form := range s.forms {
		if form.Close != nil {
			viewers.Go(form.Close)
		}
	}
	viewers.Go(s.ptz.Close)
	viewers.Go(s.rtsp.close)
	viewers.Go(s.rtmp.close)
	viewers.Go(s.node.close)
	viewers.Wait()
	s.webrtc.Close()
	s.cameras.Close()
	s.hub.Close()
	if err := s.store.Close(); err != nil {
		s.Log.Warn("closing the state", "err", err)
	}
}

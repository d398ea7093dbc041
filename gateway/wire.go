package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"

	"framegate/gateway/api"
	"framegate/gateway/auth"
	"framegate/gateway/config"
	"framegate/gateway/input/device"
	"framegate/gateway/input/httpcam"
	"framegate/gateway/input/rtspcam"
	"framegate/gateway/input/upload"
	"framegate/gateway/media"
	"framegate/gateway/metrics"
	"framegate/gateway/output/live"
	"framegate/gateway/output/mjpeg"
	"framegate/gateway/output/snapshot"
	"framegate/gateway/output/sse"
	"framegate/gateway/publish"
	"framegate/gateway/reach"
	"framegate/gateway/redact"
	"framegate/gateway/rendition"
	"framegate/gateway/store"
	"framegate/gateway/stream"
	"framegate/transcode"
	"framegate/web"
)

// gateway is everything wired together: the only place that knows every
// package. A new input is a case in newSource, a new output a field here and a
// line in the route table.
type gateway struct {
	current    atomic.Pointer[config.Config] // the settings in effect
	log        *slog.Logger
	hub        *stream.Hub
	publishers *publish.Publishers
	upload     *upload.Handler
	mjpeg      *mjpeg.Handler
	live       *live.Handler
	sse        *sse.Handler
	snapshot   *snapshot.Handler
	encoders   *rendition.Slots
	hits       *metrics.Hits                     // of limits
	hardware   atomic.Pointer[transcode.HWAccel] // that works; nil while that is not known
	pages      *web.Pages
	cameras    roster
	added      atomic.Pointer[[]config.Camera] // while a server ran, and kept
	api        *api.API
	store      *store.Store
	auth       *auth.Auth
	proof      identity
	port       uint16 // that we listen on

	reloading reloading
	refused   atomic.Pointer[refusal]  // of the last reload; nil where it was not
	waiting   atomic.Pointer[[]string] // keys of the configuration that take a restart
}

// settings gives what is configured at the moment.
func (g *gateway) settings() *config.Config { return g.current.Load() }

// newGateway makes the gateway, with what it remembers. Nothing runs yet but the
// cameras that are to stay connected. close must be called in the end.
func newGateway(ctx context.Context, c *config.Config, again reloading, listens net.Addr, log *slog.Logger) (_ *gateway, err error) {
	g := &gateway{
		port:      listens.(*net.TCPAddr).AddrPort().Port(),
		reloading: again,
		log:       log,
		hits:      newHits(),
		encoders:  rendition.NewSlots(c.Limits.Encoders, c.Limits.EncoderStarts),
	}
	g.current.Store(c)
	g.waiting.Store(new([]string))
	if g.proof, err = newIdentity(c, func() []string { return g.settings().Hosts }, log); err != nil {
		return nil, err
	}
	if g.store, err = store.Open(ctx, c.Data); err != nil {
		return nil, err
	}
	g.pages = web.New(func() []string { return g.settings().FrameAncestors })
	g.auth, err = auth.New(ctx, auth.Options{Store: g.store, Open: c.Auth == config.AuthOff, Base: baseOf, Log: log})
	if err != nil {
		g.store.Close()
		return nil, err
	}
	g.cameras.keepers = make(map[string]*stream.Reader)
	g.hub = stream.New(stream.Options{
		Resolve: func(k stream.Key) (stream.Source, error) {
			source, err := g.cameras.source(k.Camera)
			if err == nil && k.Rendition != "" {
				return g.newRendition(k)
			}
			return source, err
		},
		Limits:  viewerLimits(c.Limits),
		Limited: g.hits.Hit,
		Log:     log,
	})
	g.publishers = publish.New(g.hub, log)
	g.upload = upload.New(g.hub, g.publishers, g.uploadOptions(c.Limits))
	g.mjpeg = mjpeg.New(mjpeg.Options{Hub: g.hub, Patience: c.Limits.ViewerPatience, Limited: g.hits.Hit, Log: log})
	g.live = live.New(live.Options{
		Hub: g.hub, Patience: c.Limits.ViewerPatience, Limited: g.hits.Hit, AllowOrigin: g.allowsOrigin, Log: log,
	})
	g.sse = sse.New(sse.Options{Hub: g.hub, Patience: c.Limits.ViewerPatience, Limited: g.hits.Hit, Log: log})
	g.snapshot = snapshot.New(snapshot.Options{Hub: g.hub})
	g.api = api.New(api.Options{
		Store: g.store, Auth: g.auth, Hub: g.hub, Gateway: control{g},
		CheckSource: g.checkSource, MaxBodyBytes: func() int { return g.settings().Limits.APIBodyBytes },
		Base: baseOf, Limited: g.hits.Hit, Version: version(), Log: log,
	})
	if err := errors.Join(g.loadAdded(ctx), g.refreshCameras()); err != nil {
		g.close()
		return nil, err
	}
	return g, nil
}

// newRendition makes what gives a camera's pictures in another form.
func (g *gateway) newRendition(k stream.Key) (stream.Source, error) {
	request, ok := rendition.ParseKey(k.Rendition)
	if !ok {
		return nil, stream.ErrUnknown
	}
	return rendition.New(rendition.Options{
		Hub:     g.hub,
		Camera:  k.Camera,
		Request: request,
		Common:  isCommon(request),
		FFmpeg:  g.settings().FFmpeg.Path,
		HWAccel: g.encodesWith(),
		Slots:   g.encoders,
		Log:     g.log.With("camera", k.Camera),
	}), nil
}

// isCommon says of a rendition that it is what viewers get who ask for no size,
// rate or quality.
func isCommon(r rendition.Request) bool {
	return r.Plain() || r == rendition.Request{Codec: media.JPEG, FPS: sse.DefaultFPS}
}

// sendsJPEG says that the pictures of a kind of camera need no decoding to be
// shown as JPEGs.
func sendsJPEG(kind config.SourceKind) bool {
	return kind == config.SourceHTTP || kind == config.SourceUpload || kind == config.SourceTest
}

// newSource makes what gives a camera's frames, or nil for one whose frames
// are sent in.
func (g *gateway) newSource(camera camera) (stream.Source, error) {
	secrets := redact.New(camera.Camera)
	source, err := g.newSourceOf(camera, secrets.Log(g.log.With("camera", camera.ID)))
	return secrets.Source(source), err
}

func (g *gateway) newSourceOf(camera camera, log *slog.Logger) (stream.Source, error) {
	c := g.settings()
	switch camera.Source.Kind {
	case config.SourceHTTP:
		source, err := httpcam.New(httpcam.Options{
			URL:           camera.Source.URL,
			Username:      camera.Username,
			Password:      camera.Password.Reveal(),
			Interval:      camera.Interval,
			MaxFrameBytes: c.Limits.FrameBytes,
			InsecureTLS:   camera.TLSInsecure,
			AnyKind:       camera.Normalize != config.NormalizeNever,
			Patience: httpcam.Patience{
				Connect: c.Limits.CameraConnect, FirstByte: c.Limits.CameraFirstByte, Silence: c.Limits.CameraSilence,
			},
			Limited: g.hits.Hit,
			Dial:    g.dialerFor(camera),
			Log:     log,
		})
		if err != nil {
			return nil, err
		}
		return g.normalized(source, camera, rendition.Normalize(camera.Normalize)), nil
	case config.SourceRTSP:
		source, err := rtspcam.New(rtspcam.Options{
			URL:       camera.Source.URL,
			Username:  camera.Username,
			Password:  camera.Password.Reveal(),
			Transport: rtspcam.Transport(camera.Transport),
			Patience: rtspcam.Patience{
				Connect: c.Limits.CameraConnect, FirstByte: c.Limits.CameraFirstByte, Silence: c.Limits.CameraSilence,
			},
			Limited:       g.hits.Hit,
			InsecureTLS:   camera.TLSInsecure,
			MaxFrameBytes: c.Limits.FrameBytes,
			Dial:          g.dialerFor(camera),
			Log:           log,
		})
		if err != nil {
			return nil, err
		}
		if camera.Normalize != config.NormalizeAlways {
			return source, nil // RTP carries no JPEGs but those that browsers show (RFC 2435)
		}
		return g.normalized(source, camera, rendition.NormalizeAlways), nil
	case config.SourceMPEGTS:
		return device.NewTransportStream(device.TransportStreamOptions{
			Address:       camera.Source.Address,
			Listen:        camera.Source.Listen,
			MaxFrameBytes: c.Limits.FrameBytes,
			Log:           log,
		}), nil
	case config.SourceV4L2:
		return device.NewV4L2(device.V4L2Options{
			FFmpeg: c.FFmpeg.Path,
			Path:   camera.Source.Path,
			Width:  camera.Source.Width,
			Height: camera.Source.Height,
			FPS:    camera.Source.FPS,
			Log:    log,
		}), nil
	case config.SourceFile:
		file := device.NewFile(device.FileOptions{FFmpeg: c.FFmpeg.Path, Path: camera.Source.Path, Log: log})
		return stream.EndSilent(file, c.Limits.CameraSilence), nil
	case config.SourceTest:
		pattern := device.NewPattern(device.PatternOptions{
			FFmpeg: c.FFmpeg.Path,
			Width:  camera.Source.Width,
			Height: camera.Source.Height,
			FPS:    camera.Source.FPS,
			Log:    log,
		})
		return stream.EndSilent(pattern, c.Limits.CameraSilence), nil
	}
	return nil, nil
}

// dialerFor gives what connects to a camera: wherever the operator's
// configuration says, but only where cameras may be for one that was added
// while we run.
func (g *gateway) dialerFor(c camera) func(context.Context, string, string) (net.Conn, error) {
	if !c.added {
		return nil
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		dialer := net.Dialer{Control: g.reach().Control}
		return dialer.DialContext(ctx, network, address)
	}
}

// reach says where cameras may be at the moment.
func (g *gateway) reach() reach.Rule {
	return reach.Rule{Allow: g.settings().Network.Allow, Own: []uint16{g.port}}
}

// normalized makes the pictures of a source ones that browsers show.
func (g *gateway) normalized(source stream.Source, camera camera, mode rendition.Normalize) stream.Source {
	return rendition.Normalized(source, rendition.NormalizeOptions{
		Camera: camera.ID,
		Mode:   mode,
		FFmpeg: g.settings().FFmpeg.Path,
		Slots:  g.encoders,
		Log:    g.log.With("camera", camera.ID),
	})
}

// close ends publishers, viewers and cameras, in this order, and waits for
// them.
func (g *gateway) close() {
	g.publishers.Close()
	var viewers sync.WaitGroup // those that take no last word have all forms wait at once
	viewers.Go(g.mjpeg.Close)
	viewers.Go(g.live.Close)
	viewers.Go(g.sse.Close)
	viewers.Wait()
	g.cameras.close()
	g.hub.Close()
	if err := g.store.Close(); err != nil {
		g.log.Warn("closing the state", "err", err)
	}
}

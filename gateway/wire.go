package main

import (
	"fmt"
	"log/slog"
	"runtime"

	"framegate/gateway/config"
	"framegate/gateway/input/device"
	"framegate/gateway/input/httpcam"
	"framegate/gateway/input/rtspcam"
	"framegate/gateway/input/upload"
	"framegate/gateway/output/mjpeg"
	"framegate/gateway/output/snapshot"
	"framegate/gateway/rendition"
	"framegate/gateway/stream"
	"framegate/web"
)

// How many encoders run at a time, and start in a second. Those beyond wait.
const (
	encodersPerCore = 2
	encoderStarts   = 4
)

// gateway is everything wired together: the only place that knows every
// package. A new input is a case in newSource, a new output a field here and a
// line in the route table.
type gateway struct {
	config   *config.Config
	log      *slog.Logger
	hub      *stream.Hub
	upload   *upload.Handler
	mjpeg    *mjpeg.Handler
	snapshot *snapshot.Handler
	encoders *rendition.Slots
	pages    *web.Pages
	keepers  []*stream.Reader // hold the cameras that stay connected
}

// newGateway makes the gateway. Nothing runs yet but the cameras that are to
// stay connected.
func newGateway(c *config.Config, log *slog.Logger) (*gateway, error) {
	g := &gateway{
		config:   c,
		log:      log,
		pages:    web.New(),
		encoders: rendition.NewSlots(encodersPerCore*runtime.NumCPU(), encoderStarts),
	}
	sources := make(map[string]stream.Source, len(c.Cameras))
	for _, camera := range c.Cameras {
		source, err := newSource(c, camera, log.With("camera", camera.ID))
		if err != nil {
			return nil, fmt.Errorf("camera %s: %w", camera.ID, err)
		}
		sources[camera.ID] = source
	}
	g.hub = stream.New(stream.Options{
		Resolve: func(k stream.Key) (stream.Source, error) {
			source, ok := sources[k.Camera]
			switch {
			case !ok:
				return nil, stream.ErrUnknown
			case k.Rendition != "":
				return g.newRendition(k)
			}
			return source, nil
		},
		Limits: stream.Limits{
			Viewers:             c.Limits.Viewers,
			ViewersPerCamera:    c.Limits.ViewersPerCamera,
			ViewersPerPrincipal: c.Limits.ViewersPerPrincipal,
			ViewersPerAddress:   c.Limits.ViewersPerAddress,
		},
		Log: log,
	})
	g.upload = upload.New(g.hub, upload.Options{MaxFrameBytes: c.Limits.FrameBytes, Log: log})
	g.mjpeg = mjpeg.New(mjpeg.Options{Hub: g.hub, Log: log})
	g.snapshot = snapshot.New(snapshot.Options{Hub: g.hub})
	return g, g.keepConnected()
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
		FFmpeg:  g.config.FFmpeg.Path,
		Slots:   g.encoders,
		Log:     g.log.With("camera", k.Camera),
	}), nil
}

// sendsJPEG says that the pictures of a kind of camera need no decoding to be
// shown as JPEGs.
func sendsJPEG(kind config.SourceKind) bool {
	return kind == config.SourceHTTP || kind == config.SourceUpload || kind == config.SourceTest
}

// newSource makes what gives a camera's frames, or nil for one whose frames
// are sent in.
func newSource(c *config.Config, camera config.Camera, log *slog.Logger) (stream.Source, error) {
	switch camera.Source.Kind {
	case config.SourceHTTP:
		return httpcam.New(httpcam.Options{
			URL:           camera.Source.URL,
			Username:      camera.Username,
			Password:      camera.Password.Reveal(),
			Interval:      camera.Interval,
			MaxFrameBytes: c.Limits.FrameBytes,
			InsecureTLS:   camera.TLSInsecure,
			Log:           log,
		})
	case config.SourceRTSP:
		return rtspcam.New(rtspcam.Options{
			URL:           camera.Source.URL,
			Username:      camera.Username,
			Password:      camera.Password.Reveal(),
			Transport:     rtspcam.Transport(camera.Transport),
			InsecureTLS:   camera.TLSInsecure,
			MaxFrameBytes: c.Limits.FrameBytes,
			Log:           log,
		})
	case config.SourceMPEGTS:
		return device.NewTransportStream(device.TransportStreamOptions{
			Address:       camera.Source.Address,
			Listen:        camera.Source.Listen,
			MaxFrameBytes: c.Limits.FrameBytes,
			Log:           log,
		}), nil
	case config.SourceFile:
		return device.NewFile(device.FileOptions{FFmpeg: c.FFmpeg.Path, Path: camera.Source.Path, Log: log}), nil
	case config.SourceTest:
		return device.NewPattern(device.PatternOptions{
			FFmpeg: c.FFmpeg.Path,
			Width:  camera.Source.Width,
			Height: camera.Source.Height,
			FPS:    camera.Source.FPS,
			Log:    log,
		}), nil
	}
	return nil, nil
}

// keepConnected opens a reader for each camera that is to run without viewers.
func (g *gateway) keepConnected() error {
	for _, camera := range g.config.Cameras {
		if camera.Keep != config.KeepAlways || camera.Source.Kind == config.SourceUpload {
			continue
		}
		r, err := g.hub.Open(stream.Key{Camera: camera.ID}, stream.ReadOptions{})
		if err != nil {
			return err
		}
		g.keepers = append(g.keepers, r)
	}
	return nil
}

// close ends publishers, viewers and cameras, in this order, and waits for
// them.
func (g *gateway) close() {
	g.upload.Close()
	g.mjpeg.Close()
	for _, r := range g.keepers {
		r.Close()
	}
	g.hub.Close()
}

package server

import (
	"context"
	"errors"
	"log/slog"
	"net"

	"framegate/gateway/config"
	"framegate/gateway/input/device"
	"framegate/gateway/input/httpcam"
	"framegate/gateway/input/rtmpcam"
	"framegate/gateway/input/rtmpcam/flv"
	"framegate/gateway/input/rtspcam"
	"framegate/gateway/input/upload"
	"framegate/gateway/media"
	"framegate/gateway/reach"
	"framegate/gateway/redact"
	"framegate/gateway/rendition"
	"framegate/gateway/roster"
	"framegate/gateway/stream"
)

// input is one kind of camera.
type input struct {
	source func(*server, roster.Camera, *slog.Logger) (stream.Source, error) // nil where frames are sent in
	ffmpeg bool                                                              // gives nothing at all without it
	limits []string                                                          // names of those that it hits
}

// inputs is every kind of camera there is. A new one is a row here.
var inputs = map[config.SourceKind]input{
	config.SourceHTTP:   {source: (*server).newHTTP, limits: httpcam.LimitNames},
	config.SourceRTSP:   {source: (*server).newRTSP, limits: rtspcam.LimitNames},
	config.SourceFLV:    {source: (*server).newFLV, limits: rtmpcam.LimitNames},
	config.SourceMPEGTS: {source: (*server).newMPEGTS, limits: device.LimitNames},
	config.SourceV4L2:   {source: (*server).newV4L2, ffmpeg: true, limits: device.LimitNames},
	config.SourceFile:   {source: (*server).newFile, ffmpeg: true},
	config.SourceTest:   {source: (*server).newPattern, ffmpeg: true},
	config.SourceUpload: {limits: upload.LimitNames},
}

// newSource makes what gives a camera's frames, or nil for one whose frames
// are sent in.
func (s *server) newSource(c roster.Camera) (stream.Source, error) {
	of := inputs[c.Source.Kind]
	if of.source == nil {
		return nil, nil
	}
	secrets := redact.New(c.Camera)
	source, err := of.source(s, c, secrets.Log(s.Log.With("camera", c.ID)))
	source = secrets.Source(source)
	if s.node != nil && (c.Standby || c.Exclusive) { // carried from where it stands by to where it is shown, or known to be open
		source = stream.NewCarried(source, &s.node.standbys.taken)
	}
	return source, err
}

func (s *server) newHTTP(c roster.Camera, log *slog.Logger) (stream.Source, error) {
	l := s.settings().Limits
	source, err := httpcam.New(httpcam.Options{
		URL:           c.Source.URL,
		Username:      c.Username,
		Password:      c.Password.Reveal(),
		Interval:      c.Interval,
		MaxFrameBytes: l.FrameBytes,
		InsecureTLS:   c.TLSInsecure,
		AnyKind:       c.Normalize != config.NormalizeNever,
		Patience:      httpcam.Patience{Connect: l.CameraConnect, FirstByte: l.CameraFirstByte, Silence: l.CameraSilence},
		Limited:       s.hits.Hit,
		Dial:          s.dialerFor(c),
		Log:           log,
	})
	if err != nil {
		return nil, err
	}
	asFLV, err := s.newFLV(c, log)
	return &eitherHTTP{jpegs: s.normalized(source, c, rendition.Normalize(c.Normalize)), asFLV: asFLV}, err
}

// eitherHTTP is a camera of JPEGs over HTTP until it says that it sends FLV.
type eitherHTTP struct {
	jpegs, asFLV stream.Source
	isFLV        bool // as it said last
}

// Run runs the one that it is.
func (e *eitherHTTP) Run(ctx context.Context, emit func(media.Frame)) error {
	if !e.isFLV {
		if err := e.jpegs.Run(ctx, emit); !errors.Is(err, httpcam.ErrFLV) {
			return err
		}
		e.isFLV = true
	}
	err := e.asFLV.Run(ctx, emit)
	e.isFLV = !errors.Is(err, flv.ErrNotFLV)
	return err
}

func (s *server) newRTSP(c roster.Camera, log *slog.Logger) (stream.Source, error) {
	l := s.settings().Limits
	source, err := rtspcam.New(rtspcam.Options{
		URL:           c.Source.URL,
		Username:      c.Username,
		Password:      c.Password.Reveal(),
		Transport:     rtspcam.Transport(c.Transport),
		Silent:        c.Sound == config.SoundOff,
		Patience:      rtspcam.Patience{Connect: l.CameraConnect, FirstByte: l.CameraFirstByte, Silence: l.CameraSilence},
		Limited:       s.hits.Hit,
		InsecureTLS:   c.TLSInsecure,
		MaxFrameBytes: l.FrameBytes,
		Dial:          s.dialerFor(c),
		Log:           log,
	})
	if err != nil {
		return nil, err
	}
	if c.Normalize != config.NormalizeAlways {
		return source, nil // RTP carries no JPEGs but those that browsers show (RFC 2435)
	}
	return s.normalized(source, c, rendition.NormalizeAlways), nil
}

func (s *server) newFLV(c roster.Camera, log *slog.Logger) (stream.Source, error) {
	l := s.settings().Limits
	source, err := rtmpcam.New(rtmpcam.Options{
		URL:           c.Source.URL,
		Username:      c.Username,
		Password:      c.Password.Reveal(),
		InsecureTLS:   c.TLSInsecure,
		Silent:        c.Sound == config.SoundOff,
		MaxFrameBytes: l.FrameBytes,
		Patience:      rtmpcam.Patience{Connect: l.CameraConnect, FirstByte: l.CameraFirstByte, Silence: l.CameraSilence},
		Limited:       s.hits.Hit,
		Dial:          s.dialerFor(c),
		Log:           log,
	})
	if err != nil {
		return nil, err
	}
	return source, nil
}

func (s *server) newMPEGTS(c roster.Camera, log *slog.Logger) (stream.Source, error) {
	l := s.settings().Limits
	return device.NewTransportStream(device.TransportStreamOptions{
		Address:       c.Source.Address,
		Listen:        c.Source.Listen,
		MaxFrameBytes: l.FrameBytes,
		Patience:      device.Patience{Connect: l.CameraConnect, FirstByte: l.CameraFirstByte, Silence: l.CameraSilence},
		Silent:        c.Sound == config.SoundOff,
		Limited:       s.hits.Hit,
		Log:           log,
	}), nil
}

func (s *server) newV4L2(c roster.Camera, log *slog.Logger) (stream.Source, error) {
	return device.NewV4L2(device.V4L2Options{
		FFmpeg:  s.settings().FFmpeg.Path,
		Path:    c.Source.Path,
		Width:   c.Source.Width,
		Height:  c.Source.Height,
		FPS:     c.Source.FPS,
		Silence: s.settings().Limits.CameraSilence,
		Limited: s.hits.Hit,
		Log:     log,
	}), nil
}

func (s *server) newFile(c roster.Camera, log *slog.Logger) (stream.Source, error) {
	settings := s.settings()
	file := device.NewFile(device.FileOptions{FFmpeg: settings.FFmpeg.Path, Path: c.Source.Path, Silent: c.Sound == config.SoundOff, Log: log})
	return stream.EndSilent(file, settings.Limits.CameraSilence), nil
}

func (s *server) newPattern(c roster.Camera, log *slog.Logger) (stream.Source, error) {
	settings := s.settings()
	pattern := device.NewPattern(device.PatternOptions{
		FFmpeg: settings.FFmpeg.Path,
		Width:  c.Source.Width,
		Height: c.Source.Height,
		FPS:    c.Source.FPS,
		Log:    log,
	})
	return stream.EndSilent(pattern, settings.Limits.CameraSilence), nil
}

// dialerFor gives what connects to a camera: wherever the operator's
// configuration says, but only where cameras may be for one that was added
// while we run.
func (s *server) dialerFor(c roster.Camera) func(context.Context, string, string) (net.Conn, error) {
	if !c.Added {
		return nil
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		dialer := net.Dialer{Control: s.reach().Control}
		return dialer.DialContext(ctx, network, address)
	}
}

// reachNotified says where webhooks and brokers may be that were added in the app.
func (s *server) reachNotified() reach.Rule { return reachOf(s.settings(), s.ownPorts()) }

// reachOf is reachNotified by a configuration, and ports that are our own.
func reachOf(c *config.Config, own []uint16) reach.Rule {
	return reach.Rule{Allow: c.Network.Allow, Own: own, Said: "no webhook or broker of the app may be there"}
}

// reach says where cameras may be at the moment.
func (s *server) reach() reach.Rule {
	return reach.Rule{Allow: s.settings().Network.Allow, Own: s.ownPorts()}
}

// normalized makes the pictures of a source ones that browsers show.
func (s *server) normalized(source stream.Source, c roster.Camera, mode rendition.Normalize) stream.Source {
	return rendition.Normalized(source, rendition.NormalizeOptions{
		Camera: c.ID,
		Mode:   mode,
		FFmpeg: s.settings().FFmpeg.Path,
		Slots:  s.encoders,
		Log:    s.Log.With("camera", c.ID),
	})
}

// listed gives the cameras there are, as people see them.
func (s *server) listed() (cameras []config.Camera) {
	for _, c := range s.cameras.All() {
		cameras = append(cameras, c.Camera)
	}
	return cameras
}

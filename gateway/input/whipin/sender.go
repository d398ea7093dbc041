package whipin

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/pion/rtcp"

	"framegate/gateway/input/rtspcam/rtpaudio"
	"framegate/gateway/input/rtspcam/rtpvideo"
	"framegate/gateway/media"
	"framegate/gateway/rtc"
	"framegate/gateway/stream"
)

const (
	// silence is for how long no picture may come, whatever else does.
	silence = 20 * time.Second
	// keyframeEvery is how often a sender is asked for a keyframe: as far apart as those
	// of most cameras are.
	keyframeEvery = 2 * time.Second
	// lookEvery is how often a sender is told what came and what did not, at least.
	lookEvery = 100 * time.Millisecond
	// reportEvery is how often it is told how much came.
	reportEvery = time.Second
)

// sender is one client that sends. It is the source of the camera's stream; take is for
// what hears packets.
type sender struct {
	handler *Handler
	visit   *Visit
	session *rtc.Session
	begun   chan struct{} // closed when the camera is its own
	wake    chan struct{} // cap 1: something is missing

	video, audio reception
	hears        bool // sound comes

	giver    *giver // before packets come, as what follows
	pictures *rtpvideo.Receiver
	sound    *rtpaudio.Receiver
	failed   chan error // cap 1
}

// serve has the camera be the sender's until the end, and tells how that came.
func (s *sender) serve(ended chan<- error) {
	h := s.handler
	defer h.leave(s)
	defer s.visit.Leave()
	defer s.session.Close()
	err := s.visit.Publish(s.session.Context(), s)
	ended <- err
	h.log.Debug("WebRTC sender left", "err", err)
}

// errSilent ends a sender that sends nothing.
var errSilent = errors.New("no picture comes of who sends")

// Run is the source of the camera's stream. A panic ends this sender alone.
func (s *sender) Run(ctx context.Context, emit func(media.Frame)) (err error) {
	defer func() {
		if p := recover(); p != nil {
			s.handler.log.Error("WebRTC sender panicked", "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("internal error: %v", p)
		}
	}()
	close(s.begun)
	defer context.AfterFunc(ctx, func() { s.session.End(context.Cause(ctx)) })()
	s.begin(ctx, emit)
	defer s.pictures.End()
	defer s.sound.End()
	if err := s.session.Connect(); err != nil {
		return err
	}
	watched := make(chan struct{})
	go func() { // ends with Hang
		defer close(watched)
		s.session.Watch()
	}()
	defer func() { <-watched }()
	defer s.session.Hang()
	return s.attend()
}

// begin makes what makes pictures and sound of packets.
func (s *sender) begin(ctx context.Context, emit func(media.Frame)) {
	s.failed = make(chan error, 1)
	g := &giver{emit: emit, lets: s.visit.Lets}
	s.giver = g
	s.pictures = rtpvideo.New(rtpvideo.Options{
		Emit:  func(f media.Frame, _ time.Time) { g.picture(f) },
		First: func() {}, Ended: func() {}, Fail: s.fail,
		Markers:       new(rtpvideo.Markers),
		MaxFrameBytes: s.visit.MaxFrameBytes,
		TooLarge:      func() { s.handler.options.Limited(LimitFrameBytes) },
		Log:           s.handler.log,
	})
	s.sound = rtpaudio.New(rtpaudio.Options{Emit: g.give, Pictures: s.pictures.Clock(), Trouble: stream.LifeOf(ctx).SoundTrouble, Log: s.handler.log})
	s.pictures.Begin(rtpvideo.Stream{Codec: media.H264, PayloadType: s.video.payload})
	if s.hears {
		of, err := rtpaudio.NewStream(rtpaudio.Description{Name: "audio opus", PayloadType: s.audio.payload, Encoding: "OPUS", Rate: 48000, Channels: 2})
		if err != nil {
			stream.LifeOf(ctx).SoundTrouble(err)
			s.hears = false
		} else {
			s.sound.Begin(of, false)
		}
	}
}

// fail ends the run.
func (s *sender) fail(err error) {
	select {
	case s.failed <- err:
	default: // it fails already
	}
}

// take takes a packet or a report of the sender. It is called by what hears packets,
// once the session is connected.
func (s *sender) take(b []byte, report bool) {
	now := time.Now()
	switch {
	case report:
		s.report(b, now)
	case len(b) < 12:
	case b[1]&0x7F == s.video.payload:
		if s.video.note(b) {
			select {
			case s.wake <- struct{}{}:
			default: // it is awake
			}
		}
		s.pictures.Bytes(b, now)
	case s.hears && b[1]&0x7F == s.audio.payload:
		s.audio.note(b)
		s.sound.Bytes(b, now)
	}
}

// report takes reports. What cannot be read of them is passed over.
func (s *sender) report(b []byte, now time.Time) {
	packets, err := rtcp.Unmarshal(b)
	if err != nil {
		return
	}
	for _, p := range packets {
		if sr, ok := p.(*rtcp.SenderReport); ok {
			s.video.reported(sr, now)
			s.audio.reported(sr, now)
		}
		s.pictures.Report(p)
		if s.hears {
			s.sound.Report(p)
		}
	}
}

// attend tells the sender what did not come, and asks it for keyframes, until the end.
func (s *sender) attend() error {
	s.giver.await()
	ctx := s.session.Context()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	var asked, told time.Time
	for {
		now := time.Now()
		due := s.video.due(now)
		if now.Sub(asked) >= keyframeEvery || due.keyframe && now.Sub(asked) >= reportEvery {
			if due.keyframe = s.video.ssrc() != 0; due.keyframe {
				asked = now
			}
		} else {
			due.keyframe = false
		}
		packets := s.video.asking(due)
		if now.Sub(told) >= reportEvery {
			told = now
			packets = append(packets, &rtcp.ReceiverReport{Reports: append(s.video.reports(now), s.audio.reports(now)...)}, s.video.estimate())
			if !s.session.Consents() {
				return rtc.ErrGone
			}
			if s.giver.silentFor() >= s.handler.options.Silence {
				s.handler.options.Limited(LimitPublisherSilence)
				return errSilent
			}
		}
		if text, err := rtcp.Marshal(packets); err == nil && len(packets) > 0 {
			if err := s.session.Report(text); err != nil {
				return err
			}
		}
		select {
		case <-tick.C:
		case <-s.wake:
		case err := <-s.failed:
			return err
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

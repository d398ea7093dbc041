// Package rtspin makes pictures and sound of what somebody sends by RTSP (ANNOUNCE and
// RECORD): H.264, H.265 and JPEGs, and any sound that rtpaudio takes.
//
// It speaks no RTSP: package server hands a Source to package publish, which runs it,
// and gives it the packets that come. A picture is emitted with its last packet; what
// lost a packet is dropped, up to the next keyframe.
package rtspin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"

	"framegate/gateway/input/rtspcam/rtpaudio"
	"framegate/gateway/input/rtspcam/rtpvideo"
	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// LimitFrameBytes is the limit on a picture by name, as Options.Limited is told of it.
const LimitFrameBytes = "frame_bytes"

// Options are what a Source works with. All but Log are needed.
type Options struct {
	MaxFrameBytes int                     // of a picture; a larger one is given up
	Lets          func(*media.Frame) bool // whether a picture may go on; calls come one by one
	Silent        bool                    // no sound is taken
	Limited       func(limit string)      // is called from any goroutine, and must return at once
	Log           *slog.Logger            // nil discards
}

// Source is what one client sends, once. Run makes a stream of it; Packet may be
// called from any goroutine, before, while and after it runs.
type Source struct {
	opt    Options
	tracks []track
	video  *rtpvideo.Receiver
	sound  *rtpaudio.Receiver
	failed chan error // cap 1
	runs   atomic.Bool

	giving sync.Mutex // guards what follows, and is held while a frame is emitted
	emit   func(media.Frame)
}

// New makes a Source of a description (RFC 8866). The error says, to who sends, why
// that cannot be.
func New(sdp []byte, o Options) (*Source, error) {
	o.Log = cmp.Or(o.Log, slog.New(slog.DiscardHandler))
	s := &Source{
		opt:    o,
		failed: make(chan error, 1),
	}
	if err := s.read(sdp); err != nil {
		return nil, err
	}
	s.video = rtpvideo.New(rtpvideo.Options{
		Emit:  func(f media.Frame, _ time.Time) { s.picture(f) },
		First: func() {}, Ended: func() {}, Fail: s.fail, // who ends says so in RTSP
		Markers:       new(rtpvideo.Markers),
		MaxFrameBytes: o.MaxFrameBytes,
		TooLarge:      func() { o.Limited(LimitFrameBytes) },
		Log:           o.Log,
	})
	return s, nil
}

// Track gives the number of the track that an address ends in; -1 is none.
func (s *Source) Track(address string) int {
	for n, t := range s.tracks {
		if t.control != "" && (address == t.control || strings.HasSuffix(address, "/"+t.control)) {
			return n
		}
	}
	return -1
}

// Run emits what comes until ctx is done, or it cannot go on. begun is called once it
// takes packets.
func (s *Source) Run(ctx context.Context, emit func(media.Frame), begun func()) error {
	s.emit = emit
	life := stream.LifeOf(ctx)
	s.sound = rtpaudio.New(rtpaudio.Options{Emit: s.give, Pictures: s.video.Clock(), Trouble: life.SoundTrouble, Log: s.opt.Log})
	for _, t := range s.tracks {
		switch {
		case t.video != nil:
			s.video.Begin(*t.video)
		case t.sound != nil:
			s.sound.Begin(t.sound, t.ordered)
		case t.trouble != nil:
			life.SoundTrouble(t.trouble)
		}
	}
	defer s.video.End()
	defer s.sound.End()
	s.runs.Store(true)
	defer s.runs.Store(false)
	begun()
	select {
	case err := <-s.failed:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Order says that the packets of a track come as they were sent, as within a
// connection; else they are put in order. It is called before Run.
func (s *Source) Order(track int) {
	t := &s.tracks[track]
	t.ordered = true
	if t.video != nil {
		t.video.Ordered = true
	}
}

// Packet takes a packet of a track, or a report of RTCP, and keeps nothing of it.
func (s *Source) Packet(track int, report bool, b []byte) {
	t := &s.tracks[track]
	if !s.runs.Load() || t.video == nil && t.sound == nil {
		return
	}
	switch now := time.Now(); {
	case report:
		s.report(t, b)
	case t.video != nil:
		s.video.Bytes(b, now)
	default:
		s.sound.Bytes(b, now)
	}
}

// report takes reports of RTCP. What cannot be read of them is passed over.
func (s *Source) report(t *track, b []byte) {
	packets, err := rtcp.Unmarshal(b)
	if err != nil {
		return
	}
	for _, p := range packets {
		if t.video != nil {
			s.video.Report(p)
		} else {
			s.sound.Report(p)
		}
	}
}

// picture emits a picture, if it may go on.
func (s *Source) picture(f media.Frame) {
	s.giving.Lock()
	defer s.giving.Unlock()
	if s.opt.Lets(&f) {
		s.emit(f)
	}
}

// give emits a frame.
func (s *Source) give(f media.Frame) {
	s.giving.Lock()
	defer s.giving.Unlock()
	s.emit(f)
}

// fail ends the run.
func (s *Source) fail(err error) {
	select {
	case s.failed <- err:
	default: // it fails already
	}
}

// ErrNotTaken: what is announced has no pictures that are taken.
var ErrNotTaken = errors.New("there is no video of H.264, H.265 or JPEG in the description")

// errTracks bounds a description.
var errTracks = fmt.Errorf("%w: there are more than %d tracks", ErrNotTaken, maxTracks)

const maxTracks = 8

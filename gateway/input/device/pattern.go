// Package device makes cameras of what is at hand: capture devices of this
// machine, such as webcams, a test pattern with a running clock, a video file
// that is played again and again, and MPEG transport streams over TCP, as
// encoders send them.
//
// The composition root makes its sources; the streams run them.
package device

import (
	"context"
	"fmt"
	"log/slog"

	"framegate/gateway/media"
	"framegate/transcode"
)

// PatternOptions say what a test pattern looks like. What is zero gets a
// default: 1280x720 pixels, 25 pictures a second.
type PatternOptions struct {
	FFmpeg        string // the program; "" means ffmpeg on the PATH
	Width, Height int    // pixels
	FPS           int
	Log           *slog.Logger // nil discards
}

// Pattern is a source of test pictures.
type Pattern struct {
	spec    transcode.Spec
	log     *slog.Logger
	noClock bool // this ffmpeg cannot draw text; Run is never run twice at a time
}

// NewPattern makes a test pattern. It starts nothing.
func NewPattern(o PatternOptions) *Pattern {
	pattern := transcode.Pattern{Width: o.Width, Height: o.Height, FPS: o.FPS, Clock: true}
	if pattern.Width == 0 && pattern.Height == 0 {
		pattern.Width, pattern.Height = 1280, 720
	}
	if pattern.FPS == 0 {
		pattern.FPS = 25
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Pattern{spec: transcode.Spec{FFmpeg: o.FFmpeg, Pattern: pattern, Out: transcode.JPEG}, log: o.Log}
}

// Run emits test pictures until ctx is done or ffmpeg ends. Where ffmpeg
// cannot draw the clock (it was built without fonts, or finds none) the
// pattern does without.
func (p *Pattern) Run(ctx context.Context, emit func(media.Frame)) error {
	spec := p.spec
	spec.Pattern.Clock = !p.noClock
	frames, err := p.draw(ctx, spec, emit)
	if frames > 0 || ctx.Err() != nil || !spec.Pattern.Clock {
		return err
	}
	p.log.Warn("test pattern goes on without its clock", "err", err)
	spec.Pattern.Clock = false
	frames, err = p.draw(ctx, spec, emit)
	p.noClock = frames > 0 // else it was no fault of the clock's
	return err
}

// draw emits what one ffmpeg gives, and counts it.
func (p *Pattern) draw(ctx context.Context, spec transcode.Spec, emit func(media.Frame)) (frames int, err error) {
	process, err := transcode.Start(ctx, spec)
	if err != nil {
		return 0, err
	}
	defer process.Close()
	var format *media.Format
	for {
		packet, err := process.Read()
		if ctx.Err() != nil {
			return frames, ctx.Err()
		}
		if err != nil {
			return frames, err
		}
		frame, err := media.JPEGFrame(packet.Data, format)
		if err != nil {
			return frames, fmt.Errorf("test pattern: %w", err)
		}
		format = frame.Format
		emit(frame)
		frames++
	}
}

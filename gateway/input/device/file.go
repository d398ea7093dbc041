package device

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"framegate/gateway/media"
	"framegate/transcode"
)

// FileOptions say which video file to play.
type FileOptions struct {
	FFmpeg string // the program; "" means ffmpeg on the PATH
	Path   string
	Silent bool         // the sound is left out
	Log    *slog.Logger // nil discards
}

// File is a source that plays a video file at its own pace, again and again, with
// its first sound: AAC and Opus as they are, anything else encoded as AAC.
type File struct {
	options FileOptions
	encode  bool // what the file holds is not H.264; Run is never run twice at a time
}

// NewFile makes a source of a file. It opens nothing.
func NewFile(o FileOptions) *File {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &File{options: o}
}

// Run emits the file's pictures until ctx is done or ffmpeg ends: H.264 as it
// is in the file, anything else encoded as that.
func (f *File) Run(ctx context.Context, emit func(media.Frame)) error {
	if _, err := os.Stat(f.options.Path); err != nil {
		return fmt.Errorf("video file: %w", err)
	}
	frames, err := f.play(ctx, emit)
	if frames > 0 || ctx.Err() != nil || f.encode {
		return err
	}
	f.options.Log.Info("video file does not hold H.264, so it is encoded", "reason", err)
	f.encode = true
	frames, err = f.play(ctx, emit)
	f.encode = frames > 0 // else it was no fault of the file's
	return err
}

// play emits what one ffmpeg gives, and counts it.
func (f *File) play(ctx context.Context, emit func(media.Frame)) (frames int, err error) {
	process, err := transcode.Start(ctx, transcode.Spec{FFmpeg: f.options.FFmpeg, File: f.options.Path, Out: transcode.H264, Copy: !f.encode})
	if err != nil {
		return 0, err
	}
	defer process.Close()
	picture, stop := f.beside(ctx, emit)
	defer stop()
	var format *media.Format
	for {
		packet, err := process.Read()
		if ctx.Err() != nil {
			return frames, ctx.Err()
		}
		if err != nil {
			return frames, fmt.Errorf("video file: %w", err)
		}
		if format == nil {
			if format, err = media.FormatOfAVCC(packet.Config); err != nil {
				return frames, fmt.Errorf("video file: %w", err)
			}
		}
		picture(media.Frame{PTS: packet.PTS, Key: packet.Key, Format: format, Data: packet.Data})
		frames++
	}
}

// firstSound is how long the first picture waits until it is known whether there is
// sound, since who shows an MP4 has to say so at its beginning.
const firstSound = 5 * time.Second

// beside plays the sound beside the pictures that it is given, which it emits, until
// stop.
func (f *File) beside(ctx context.Context, emit func(media.Frame)) (picture func(media.Frame), stop func()) {
	if f.options.Silent {
		return emit, func() {}
	}
	var one sync.Mutex // emits at a time
	s := &fileSound{options: f.options, encoded: f.encode, known: make(chan struct{}), changed: make(chan struct{}, 1), emit: func(frame media.Frame) {
		one.Lock()
		defer one.Unlock()
		emit(frame)
	}}
	ctx, cancel := context.WithCancel(ctx)
	var plays sync.WaitGroup
	plays.Go(func() { s.run(ctx) })
	await := sync.OnceFunc(func() {
		select {
		case <-s.known:
		case <-time.After(firstSound):
		case <-ctx.Done():
		}
	})
	picture = func(frame media.Frame) {
		await()
		s.announce()
		s.emit(frame)
		s.picture(frame.PTS, frame.Key)
	}
	return picture, func() {
		cancel()
		plays.Wait()
	}
}

package device

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/stream"
	"framegate/transcode"
)

// V4L2Options say which capture device to take pictures from. Only Path is
// needed.
type V4L2Options struct {
	FFmpeg string // the program; "" means ffmpeg on the PATH
	Path   string // absolute, such as /dev/video0
	// Width and Height are in pixels, and must be a size that the device has.
	// Both 0 take its largest up to 1280x720, or up to 640x480 where it does
	// not compress, since such pictures fill a USB 2 line.
	Width, Height int
	FPS           int                // pictures a second; 0 leaves it to the device, which may choose its nearest anyway
	Silence       time.Duration      // without a picture (stream.Silence); less than 10 s is 10 s
	Limited       func(limit string) // is told of hits from any goroutine and must return at once; nil is not told
	Log           *slog.Logger       // nil discards
}

// V4L2 is a camera of this machine, such as a webcam, by Video4Linux2. It
// implements stream.Source.
//
// What the device compresses itself passes untouched: Motion JPEG, else H.264.
// Of another device ffmpeg encodes the pictures as JPEGs.
type V4L2 struct {
	opt     V4L2Options
	inspect func(path string) (offer, error) // what the device has
	silence stream.Silence
}

// deviceSilence is the least that a device may give no picture that can be
// shown, and what it has to the first.
// Some take seconds to turn their sensor on.
const deviceSilence = 10 * time.Second

// Why there are no pictures of a device.
var (
	errNotThere     = errors.New("does not exist; is the camera plugged in?")
	errUnplugged    = errors.New("is gone; was the camera unplugged?")
	errNotAllowed   = errors.New("may not be opened by this user; on most systems the group video may")
	errDeviceBusy   = errors.New("is busy: another program takes its pictures")
	errDeviceSilent = stream.Silent("gives no picture")
	errDeviceEnded  = stream.Ended("gives no more pictures, as when it is unplugged")
)

// NewV4L2 makes the source. It opens nothing yet.
func NewV4L2(o V4L2Options) *V4L2 {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Limited == nil {
		o.Limited = func(string) {}
	}
	return &V4L2{opt: o, inspect: inspect, silence: stream.Silence{Least: max(o.Silence, deviceSilence)}}
}

// Run emits the device's pictures until ctx is done, the device is unplugged or
// gives none for as long as Options say and ten of its intervals, or ffmpeg ends. It gives
// the device back before it returns. It must not run twice at a time.
func (v *V4L2) Run(ctx context.Context, emit func(media.Frame)) error {
	err := v.run(ctx, emit)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if limit := limitOf(err); limit != "" {
		v.opt.Limited(limit)
	}
	return fmt.Errorf("%s %w", v.opt.Path, err)
}

func (v *V4L2) run(ctx context.Context, emit func(media.Frame)) error {
	has, err := v.inspect(v.opt.Path)
	if err != nil {
		return err
	}
	chosen, err := has.choose(v.opt.Width, v.opt.Height)
	if err != nil {
		return err
	}
	v.opt.Log.Debug("device opens", "card", has.card, "format", chosen.kind.String(), "width", chosen.width, "height", chosen.height)
	err = v.capture(ctx, chosen, emit)
	if _, missing := os.Stat(v.opt.Path); errors.Is(missing, fs.ErrNotExist) {
		return errUnplugged
	}
	return err
}

// spec says what ffmpeg has to do.
func (v *V4L2) spec(c choice) transcode.Spec {
	spec := transcode.Spec{
		FFmpeg:       v.opt.FFmpeg,
		Device:       v.opt.Path,
		DeviceFormat: string(c.kind),
		DeviceWidth:  c.width,
		DeviceHeight: c.height,
		DeviceFPS:    v.opt.FPS,
		Out:          transcode.JPEG,
	}
	if c.kind == givesH264 {
		spec.Out = transcode.H264
	}
	return spec
}

// capture emits what ffmpeg reads from the device, as long as something comes:
// ffmpeg itself would wait for ever.
func (v *V4L2) capture(ctx context.Context, c choice, emit func(media.Frame)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	process, err := transcode.Start(ctx, v.spec(c))
	if err != nil {
		return fmt.Errorf("cannot be read: %w", err)
	}
	defer process.Close()
	w := stream.NewWatchdog(cancel, v.silence)
	defer w.Stop()
	w.Expect(v.silence.Least, errDeviceSilent)
	pictures := pictures{h264: c.kind == givesH264}
	for {
		packet, err := process.Read()
		if ctx.Err() != nil {
			if context.Cause(ctx) == errDeviceSilent {
				v.silence = w.Next()
			}
			return pictures.explain(context.Cause(ctx))
		}
		if err != nil {
			return explainFFmpeg(err)
		}
		now := time.Now()
		if frame, ok := pictures.take(packet, now); ok {
			w.Picture(now, errDeviceSilent)
			emit(frame)
		}
	}
}

// pictures makes frames of what a device gives. Webcams give broken pictures
// now and then, above all when they start.
type pictures struct {
	h264   bool
	clock  deviceClock
	framer media.H264Framer
	format *media.Format // of the last JPEG
	broken error         // why the last one could not be shown, or nil
}

// take makes a frame of a packet that came now, if it can be shown.
func (p *pictures) take(packet transcode.Packet, now time.Time) (frame media.Frame, ok bool) {
	if p.h264 {
		p.framer.AnnounceAVCC(packet.Config)
		frame, ok, p.broken = p.framer.Frame(cutUnits(packet.Data))
	} else {
		frame, p.broken = media.JPEGFrame(packet.Data, p.format)
		if ok = p.broken == nil; ok {
			p.format = frame.Format
		}
	}
	frame.PTS, frame.Wall = p.clock.read(packet.PTS, uptime(), now)
	return frame, ok
}

// deviceClock reads the times that the kernel notes when pictures are taken, by
// a clock that began with the machine (V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC), as
// they come out of ffmpeg: in milliseconds, of which FLV keeps 31 bits.
type deviceClock struct {
	begun     bool
	stamp, at time.Duration
	arrived   time.Time
}

// maxCaptureAge is how old a picture may claim to be when it comes. Few drivers
// note the time by another clock.
const maxCaptureAge = 10 * time.Second

// read gives the media time of a picture that the device stamped so, from 0 at
// the first one, and the time of day at which it was taken, or else came. uptime
// is the machine's clock now.
func (c *deviceClock) read(stamp, uptime time.Duration, now time.Time) (at time.Duration, wall time.Time) {
	if c.begun {
		step, passed := stamp-c.stamp, now.Sub(c.arrived)
		if step <= 0 || step > passed+time.Second {
			step = max(passed, time.Millisecond)
		}
		c.at += step
	}
	c.begun, c.stamp, c.arrived = true, stamp, now
	const bits31 = 1<<31 - 1
	age := time.Duration((uptime-stamp).Milliseconds()&bits31) * time.Millisecond
	if age > maxCaptureAge {
		age = 0
	}
	return c.at, now.Add(-age)
}

// explain adds to the reason for an end what was wrong with the pictures.
func (p *pictures) explain(reason error) error {
	if p.broken != nil && errors.Is(reason, errDeviceSilent) {
		return fmt.Errorf("%w that can be shown: %w", reason, p.broken)
	}
	return reason
}

// cutUnits gives the NAL units of an access unit with 4-byte lengths (ISO/IEC
// 14496-15, 5.2.3). What is left behind the last whole one is left out.
func cutUnits(b []byte) (units [][]byte) {
	for len(b) > 4 {
		n := binary.BigEndian.Uint32(b)
		if b = b[4:]; uint64(n) > uint64(len(b)) {
			break
		}
		units = append(units, b[:n])
		b = b[n:]
	}
	return units
}

// saidByFFmpeg is what the C library's words for an errno mean for a device.
var saidByFFmpeg = []struct {
	words string
	err   error
}{
	{"Device or resource busy", errDeviceBusy}, // EBUSY, of VIDIOC_S_FMT, REQBUFS or STREAMON
	{"No such device", errUnplugged},           // ENODEV, of VIDIOC_DQBUF
	{"Permission denied", errNotAllowed},       // EACCES
	{"No such file or directory", errNotThere}, // ENOENT
	{"No space left on device", errors.New("finds no room on its USB line: other devices fill it, so ask for a smaller size or rate")}, // ENOSPC, of VIDIOC_STREAMON
}

// explainFFmpeg says in words why ffmpeg ended.
func explainFFmpeg(err error) error {
	for _, s := range saidByFFmpeg {
		if strings.Contains(err.Error(), s.words) {
			return fmt.Errorf("%w (%w)", s.err, err)
		}
	}
	return fmt.Errorf("%w: %w", errDeviceEnded, err)
}

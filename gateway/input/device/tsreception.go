package device

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"time"

	"framegate/gateway/input/stamps"
	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// Why a sender is given up.
var (
	errNoByte    = stream.Silent("sends nothing")
	errNoPicture = stream.Silent(fmt.Sprintf("sends no picture to begin with for %v", stream.FirstPicture))
	errSilent    = stream.Silent("has fallen silent: no whole picture any more")
	errEnded     = stream.Ended("ended the stream")
)

// reception is what one run receives, of one sender after the other.
type reception struct {
	maxFrame  int
	firstByte time.Duration // which a sender has to send anything
	emit      func(media.Frame)
	began     time.Time

	demux  demuxer
	codec  media.Codec // of framer
	framer framer
	join   media.Join
	clock  stamps.Clock
	log    *slog.Logger
	silent bool          // sound is not wanted
	heard  *media.Format // of the sound that came last
	told   bool          // the log knows which sound is left out
	life   stream.Life   // of the camera's stream

	frames    int
	silence   stream.Silence // of whole pictures, shown or not
	lastShown time.Time
}

// framer is media.H264Framer or media.H265Framer.
type framer interface {
	Frame(nalus [][]byte) (frame media.Frame, ok bool, err error)
}

// receive emits what a sender sends until that ends, is wrong, or stays out.
// It closes the connection.
func (r *reception) receive(ctx context.Context, conn net.Conn) error {
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	r.startOver()
	r.demux = demuxer{maxUnit: r.maxFrame}
	if !r.silent {
		r.demux.heard = r.hear
	}
	head, got := make([]byte, 0, 16), 0
	b := make([]byte, 64<<10)
	for connected := time.Now(); ; {
		_ = conn.SetReadDeadline(r.deadline(connected, got)) // fails where Read will
		n, err := conn.Read(b)
		got += n
		head = append(head, b[:min(n, cap(head)-len(head))]...)
		if wrong := wrongProtocol(head); wrong != nil {
			return wrong
		}
		if err := r.demux.feed(b[:n], r.take); err != nil {
			return err
		}
		if err != nil {
			return r.ended(ctx, got, err)
		}
	}
}

// deadline is when the next bytes must be there.
func (r *reception) deadline(connected time.Time, got int) time.Time {
	switch {
	case r.frames == 0 && got == 0:
		return connected.Add(r.firstByte)
	case r.frames == 0:
		return connected.Add(stream.FirstPicture)
	}
	earliest := connected.Add(cmp.Or(r.silence.Least, stream.LeastSilence))
	if d := r.silentAt(); d.After(earliest) {
		return d
	}
	return earliest
}

// silentAt is when the run, which has given frames, counts as silent. After a
// loss whole pictures are not shown before the next keyframe, which may be long
// in coming.
func (r *reception) silentAt() time.Time {
	whole, shown := r.silence.Until(), r.lastShown.Add(max(r.silence.Allowed(), stream.FirstPicture))
	if shown.Before(whole) {
		return shown
	}
	return whole
}

// ended says what the end of reading means.
func (r *reception) ended(ctx context.Context, got int, err error) error {
	late := errors.Is(err, os.ErrDeadlineExceeded)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case late && r.frames > 0:
		return errSilent
	case got > 0 && r.demux.steady == 0:
		return errNoSync
	case late && got > 0:
		return errNoPicture
	case late:
		return fmt.Errorf("%w for %v", errNoByte, r.firstByte)
	case errors.Is(err, io.EOF):
		return errEnded
	}
	return fmt.Errorf("%w: %w", errEnded, err)
}

// ticksPerSecond is the rate of the time stamps in a transport stream.
const ticksPerSecond = 90_000

// ticks gives a time as they have it.
func ticks(d time.Duration) int64 { return int64(d) * 9 / 100_000 } // 9e4/1e9

// newClock makes the clock of a sender's stamps, which have 33 bits (ISO/IEC 13818-1,
// 2.4.3.7).
func newClock() stamps.Clock { return stamps.Clock{Bits: 33, Rate: ticksPerSecond} }

// startOver forgets what is known of the sender's pictures and its time, but
// not the media time.
func (r *reception) startOver() {
	r.framer = new(media.H264Framer)
	if r.codec == media.H265 {
		r.framer = new(media.H265Framer)
	}
	r.clock.Stop()
	r.join.Lost()
}

// take emits the picture of an access unit.
func (r *reception) take(u unit) error {
	if u.codec != r.codec {
		r.codec = u.codec
		r.startOver()
	}
	now := time.Now()
	nalus := splitUnits(u.data)
	frame, ok, err := r.framer.Frame(nalus)
	if err == nil && ok && r.clock.Broken(u.pts, frame.Key, now) {
		r.startOver()
		frame, ok, err = r.framer.Frame(nalus)
	}
	if u.lost {
		r.join.Lost()
	}
	if err != nil || !ok {
		return err
	}
	r.silence.Picture(now)
	r.tell()
	if !r.join.Takes(frame) {
		return nil
	}
	frame.PTS = r.clock.Set(u.pts, frame.Key, now, now.Sub(r.began))
	r.frames++
	r.lastShown = now
	r.emit(frame)
	return nil
}

// tell tells once which sound is left out.
func (r *reception) tell() {
	if others := r.demux.others; len(others) > 0 && !r.told && !r.silent {
		r.log.Info("sender has sound that is left out", "sounds", strings.Join(others, ", "))
		if r.demux.sound.pid == 0 {
			r.life.SoundTrouble(fmt.Errorf("sender has sound of a kind that is not taken: %s", strings.Join(others, ", ")))
		}
		r.told = true
	}
}

// hear emits a frame of sound, at the time that its pictures have. Before there are
// any nobody knows when that is.
func (r *reception) hear(u soundUnit) {
	if !r.clock.Runs() {
		if r.heard != u.format {
			r.heard = u.format
			r.emit(media.Frame{Format: u.format})
		}
		return
	}
	at, ok := r.clock.Near(u.stamp)
	if !ok {
		return // of another time
	}
	r.heard = u.format
	r.emit(media.Frame{Format: u.format, PTS: at, Data: u.data})
}

// splitUnits gives the NAL units of an access unit with start codes (ITU-T
// H.264 and H.265, annex B), without the zero bytes that may follow each.
func splitUnits(b []byte) [][]byte {
	var nalus [][]byte
	startCode := []byte{0, 0, 1}
	i := bytes.Index(b, startCode)
	for i >= 0 {
		b = b[i+len(startCode):]
		n := b
		if i = bytes.Index(b, startCode); i >= 0 {
			n = b[:i]
		}
		if n = bytes.TrimRight(n, "\x00"); len(n) > 0 {
			nalus = append(nalus, n)
		}
	}
	return nalus
}

// wrongProtocols are how other things begin that get connected by mistake. A
// G is a transport stream's sync byte too, but no packet of it goes on so.
var wrongProtocols = []struct{ begin, what string }{
	{"HTTP/", "an answer of HTTP"},
	{"GET ", "a request of HTTP"}, {"POST ", "a request of HTTP"}, {"PUT ", "a request of HTTP"}, {"HEAD ", "a request of HTTP"},
	{"RTSP/", "RTSP"}, {"OPTIONS ", "RTSP"}, {"DESCRIBE ", "RTSP"},
	{"#EXTM3U", "an HLS playlist"}, {"<", "HTML or XML"}, {"FLV\x01", "FLV"}, {"\xFF\xD8", "JPEG"}, {"\x1A\x45\xDF\xA3", "Matroska"},
}

// wrongProtocol says what else it is that begins so.
func wrongProtocol(head []byte) error {
	for _, p := range wrongProtocols {
		if bytes.HasPrefix(head, []byte(p.begin)) {
			return fmt.Errorf("sends %s, not an MPEG transport stream", p.what)
		}
	}
	if kind := media.KindOf(head); len(head) >= media.KindBytes && kind != "" && head[0] != syncByte {
		return fmt.Errorf("sends %s, not an MPEG transport stream", kind)
	}
	return nil
}

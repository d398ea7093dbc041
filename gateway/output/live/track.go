package live

import (
	"time"

	"framegate/gateway/media"
	"framegate/gateway/mp4"
)

// track is the frames of one viewer as they go out: H.264 and H.265 in fragments whose
// times run on, whatever happens to the camera, or JPEGs. It belongs to whoever
// has the viewer's seat.
type track struct {
	format *media.Format // of the present epoch; nil before the first
	shape  *shape        // of format; nil for JPEG
	low    bool          // the init segment for low delay was given
	muxer  mp4.Muxer
	timed  bool          // JPEGs have a place on the timeline, too
	seq    uint64        // of the last frame; 0 in a new stream
	run    uint64        // of the last frame
	pts    time.Duration // of that
}

// begins says whether an epoch begins with f: its Format is another, or what
// is known of it.
func (t *track) begins(f *media.Frame) bool {
	if f.Format != t.format {
		return true
	}
	if t.shape == nil {
		return false
	}
	t.shape.look(f)
	return f.Key && t.low != t.shape.low.Load()
}

// begin starts an epoch and gives its init segment, which for JPEG is empty, and
// has a track of sound if one is given. The error is mp4.ErrFormat.
func (t *track) begin(shapes *shapes, stream uint64, format, sound *media.Format) (init []byte, err error) {
	t.shape = nil
	if mp4.Carries(format.Codec) {
		if t.shape, err = shapes.of(stream, format); err != nil {
			return nil, err
		}
		if init, t.low = t.shape.choose(); sound != nil {
			init, t.low, err = t.shape.with(sound)
		}
	}
	t.format = format
	return init, err
}

// leave says that what comes is of another stream: a new epoch, whose numbers
// are its own.
func (t *track) leave() { t.format, t.seq = nil, 0 }

// skipped counts the frames between the last one and f.
func (t *track) skipped(f *media.Frame) uint64 {
	if t.seq == 0 || f.Seq <= t.seq {
		return 0
	}
	return f.Lost(t.seq)
}

// appendHead appends what stands before the frame's Data, and takes note of the
// frame. It allocates nothing.
func (t *track) appendHead(b []byte, f *media.Frame) []byte {
	t.seq, t.run, t.pts = f.Seq, f.Run, f.PTS
	if t.shape == nil {
		if t.timed {
			t.muxer.Pass(*f)
		}
		return b
	}
	return t.muxer.AppendHead(b, *f)
}

// Package stream is the heart of Framegate: it takes frames from sources and
// gives them to readers.
//
// A Hub holds streams, one for each Key. A stream runs its Source while it has
// readers, and a linger after the last one left; it keeps the newest frames in
// a ring; and each Reader walks through that ring at its own pace, so that a
// slow one skips frames and nobody waits for it. A transcode is a Source that
// holds a Reader of another stream, so readers alone decide what runs, to any
// depth.
//
// The package knows no codec beyond media.Frame, no network and no files.
package stream

import (
	"context"
	"errors"
	"fmt"

	"framegate/gateway/media"
)

// Source makes frames. Run emits them, in order and from one goroutine at a
// time, until ctx is done or it can go on no longer, and then gives the reason;
// after ctx is done it returns within a second. A stream never runs its source
// twice at a time, and runs it again, after a back-off, as long as somebody
// reads.
//
// Of an emitted frame the source sets Key, Format and Data, and PTS unless it
// is a JPEG. It may set Wall to the capture time. What it leaves zero, the
// stream fills in: Seq always, Wall with the time of arrival, a JPEG's PTS with
// the media time that follows from arrival. Data and Format
// must never change once emitted. emit never blocks for long: it waits for no
// reader.
//
// A source may emit sound beside its pictures, with PTS from the same zero. A frame
// of sound without Data only says, as early as that is known, that there will be
// sound of its Format. A camera is as well as its pictures are, whatever its sound
// does.
type Source interface {
	Run(ctx context.Context, emit func(media.Frame)) error
}

// Sub is the rendition that the camera makes itself: its sub-stream, smaller pictures
// that come by a connection of their own.
const Sub = "sub"

// Key names a stream: a camera in a rendition. The rendition "" is what the
// camera sends.
type Key struct {
	Camera    string
	Rendition string
}

// sent says that the frames come of the camera, and are not made of others.
func (k Key) sent() bool { return k.Rendition == "" || k.Rendition == Sub }

// String gives the key as it appears in logs: "front", or "front/jpeg".
func (k Key) String() string {
	if k.Rendition == "" {
		return k.Camera
	}
	return k.Camera + "/" + k.Rendition
}

// Errors of the hub and its readers, for callers to branch on.
var (
	// ErrUnknown: no camera, or no rendition of it, has this name.
	ErrUnknown = errors.New("no such camera")
	// ErrBusy: another publisher is attached.
	ErrBusy = errors.New("camera already has a publisher")
	// ErrPulled: the camera has a source of its own and takes no publisher.
	ErrPulled = errors.New("camera has a source of its own and takes no publisher")
	// ErrFull: a limit on viewers is reached; the wrapping error says which.
	ErrFull = errors.New("too many viewers")
	// ErrClosed: the hub, the stream or the reader was closed.
	ErrClosed = errors.New("stream closed")
	// ErrEnded: somebody ended the viewer (Audience.EndViewer). It is the cause with
	// which a context ends that a Client.Exit is of.
	ErrEnded = errors.New("an administrator ended this")
	// ErrIdle: no frame came for ReadOptions.Idle. The reader stays good.
	ErrIdle = errors.New("no frame in time")
	// ErrInterrupted: Reader.Interrupt was called. The reader stays good.
	ErrInterrupted = errors.New("interrupted")
	// ErrSound: sound has waited for a picture long enough to go out without one
	// (Reader.Accompany). The reader stays good.
	ErrSound = errors.New("sound is due")
	// ErrRunEnded: the run that the reader's last frame is of has ended. The
	// reader stays good.
	ErrRunEnded = errors.New("run ended")
	// ErrDenied, wrapped by a source's error, says that the camera refused our
	// credentials. The stream then waits long before it tries again, because
	// cameras lock accounts that fail often.
	ErrDenied = errors.New("camera refused the credentials")
)

// SourceError is what a reader gets when the source of its stream ended before
// the reader had a frame. The stream goes on trying and the reader stays good:
// its Next waits for what comes.
type SourceError struct {
	Camera string
	Err    error // what Run gave; nil where it ended without a reason

	from     *stream // whose source it is, and how often that had failed then
	failures uint64
}

func (e *SourceError) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("camera %s: ended without a picture", e.Camera)
	}
	return fmt.Sprintf("camera %s: %v", e.Camera, e.Err)
}

func (e *SourceError) Unwrap() error { return e.Err }

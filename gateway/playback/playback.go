// Package playback reads what was recorded: a Cursor gives a camera's pictures
// from any moment on, forwards and backwards, over files, runs and holes, up to
// the picture that was written last; a Session plays them to one viewer, as if
// the past were a camera.
//
// It holds one picture at a time, and of the files one table. What it reads it
// has open, so that no retention takes it away from who looks at it. It writes
// nothing, and knows no HTTP and no viewer.
package playback

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/record/index"
	"framegate/gateway/record/segment"
)

var (
	// ErrNothing: of the camera nothing is recorded, or nothing of a moment.
	ErrNothing = errors.New("nothing is recorded of this camera then")
	// ErrMissing: what was recorded is on a volume that is not there.
	ErrMissing = errors.New("the recordings are not there at the moment")
	// ErrAway: what was recorded is at another server, which does not give it.
	ErrAway = errors.New("the server that has this recording cannot be reached at the moment")
	// ErrEnd: there is nothing more in this direction, so far.
	ErrEnd = errors.New("end of the recording")
)

// Recordings is where recordings are found and opened: what package record has.
// Its methods may be called from any goroutine.
type Recordings interface {
	// Between is index.Index.Between: the segments of a camera that have to do with
	// a stretch of time, by their start, at most limit; or ErrMissing.
	Between(ctx context.Context, camera string, from, to time.Time, limit int) ([]index.Segment, error)
	// Growing gives what is being written of a camera.
	Growing(camera string) (Growing, bool)
	// Open opens a segment, of Between or of Growing, and gives its size. It is not
	// deleted until it is closed. The error is fs.ErrNotExist where it was before, and,
	// also of reading it, ErrAway where another server has it and does not give it.
	Open(index.Segment) (File, int64, error)
}

// File is an open recording.
type File interface {
	io.ReaderAt
	io.Closer
}

// Growing is a segment that is being written.
type Growing struct {
	Segment index.Segment // what its row would be now, but for an ID
	Format  *media.Format
	Sound   *media.Format // of the second track; nil without one
	Table   segment.Table // at the rate of its media time
}

// Library gives what was recorded in the order of time. Its methods may be
// called from any goroutine.
type Library struct {
	Recordings
	Log *slog.Logger // nil discards
}

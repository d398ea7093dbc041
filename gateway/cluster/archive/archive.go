// Package archive makes one of what the nodes of a cluster recorded. All of it is a
// Source, as what a server has itself is, so that whoever looks at recordings, plays
// them or cuts them knows of no nodes: All asks those that live, by HTTPS in which
// both sides are nodes (Remote there, Door here), and merges what they say.
//
//	GET  /recordings/{what}?camera=…   rows, sums and stretches of the index, as JSON
//	GET  /recordings/file?path=…       bytes of a recording, by Range
//	POST /recordings/erase?camera=…    deletes, for privacy
//	POST /recordings/marks             lists and changes marks, of which each node has a copy
//
// Where two nodes recorded at the same time, what was recorded with the higher epoch
// counts. A node that does not answer, or answers what cannot be, is away for a
// moment; what it may have is remembered (known) and told (All.Away), and is a gap
// with that reason, so that nobody takes it for a time in which nothing was recorded.
//
// Nodes are asked, and believed as far as what they say is possible; a file of
// another node is not kept from being deleted by who reads it. Package server has
// what is local, and says which nodes there are.
package archive

import (
	"context"
	"errors"
	"io"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/record/index"
	"framegate/gateway/record/segment"
	"framegate/gateway/record/thumbs"
)

var (
	// ErrAway: the node that has a recording does not give it.
	ErrAway = errors.New("the node that has this recording does not answer")
	// ErrNonsense: a node said what cannot be.
	ErrNonsense = errors.New("not an answer of a node")
	// errBusy: a node is asked for too much at a time.
	errBusy = errors.New("too much is asked for at a time")
)

// Source is what was recorded, at one place or at several. But for those that are
// explained here its methods are those of index.Index. They may be called from any
// goroutine.
type Source interface {
	Timeline(ctx context.Context, camera string, from, to time.Time, resolution time.Duration) (index.Timeline, error)
	Days(ctx context.Context, camera string, zone *time.Location, from, to time.Time) ([]string, error)
	Between(ctx context.Context, camera string, from, to time.Time, limit int) ([]index.Segment, error)
	Spans(ctx context.Context, camera string, from, to time.Time) ([]index.Span, error)
	Hours(ctx context.Context, camera string, from, to time.Time) ([]index.Hour, error)
	Gaps(ctx context.Context, camera string, from, to time.Time) ([]index.Gap, error)
	Format(ctx context.Context, id int64) (index.Format, error)
	Cameras(ctx context.Context) ([]string, error)
	// Growing gives what is being written of a camera.
	Growing(camera string) (Growing, bool)
	// Missing gives the gap of a camera that goes on until now.
	Missing(camera string) (index.Gap, bool)
	// Open opens a segment, of Between or of Growing, and gives its size. The error,
	// also of reading, is fs.ErrNotExist where it was deleted, or ErrAway.
	Open(index.Segment) (File, int64, error)
	// Thumbnail gives what is kept of a moment of a segment, or fs.ErrNotExist.
	Thumbnail(of index.Segment, moment time.Time) (thumbs.Picture, error)
	// Erase deletes all of a camera that has to do with a stretch of time, whatever
	// protects it. It gives what it deleted also beside an error.
	Erase(ctx context.Context, camera string, from, to time.Time) (Erased, error)
}

// Local is what this server has itself.
type Local interface {
	Source
	Marks
	// SegmentByPath gives the row of a file; index.ErrUnknown where there is none.
	SegmentByPath(ctx context.Context, path string) (index.Segment, error)
	// Withdraw removes what was made of recordings of a camera and shows some of a
	// stretch of time, of which the recordings are deleted.
	Withdraw(ctx context.Context, camera string, from, to time.Time) error
	// Extents gives from when until when there is something of each camera.
	Extents(ctx context.Context) (map[string]index.Span, error)
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
	Table   segment.Table
}

// Erased is what was deleted: whole segments.
type Erased struct {
	Segments int
	Bytes    int64
	From, To time.Time // zero where there was nothing
}

// Plus adds what was deleted besides.
func (e Erased) Plus(f Erased) Erased {
	e.Segments, e.Bytes = e.Segments+f.Segments, e.Bytes+f.Bytes
	if e.From.IsZero() || !f.From.IsZero() && f.From.Before(e.From) {
		e.From = f.From
	}
	if f.To.After(e.To) {
		e.To = f.To
	}
	return e
}

// Absence is a node that cannot be asked, and the stretch of time of which it may have
// recordings.
type Absence struct {
	Node     string
	From, To time.Time
}

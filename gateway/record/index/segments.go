package index

import (
	"context"
	"errors"
	"time"
)

// Segment is the row of a finished file.
type Segment struct {
	ID         int64  // given by Add; the identity of the row, never used again
	Camera     string // its id
	Run        string // of the recorder, as text; what Shift goes by
	Sequence   uint64 // of the camera, rises for ever: the order of writing
	Path       string // relative to the folder of the recordings, with slashes
	Start, End time.Time
	Bytes      int64
	Frames     int
	Keys       int   // keyframes among them
	STTS, CTTS int   // entries of these tables
	MoovBytes  int64 // of the finished file
	DataAt     int64 // where the payload begins
	Fragments  int
	Format     int64   // of AddFormat
	Rate       float64 // media seconds per true second, 1 for most
	Lost       bool    // the file is not there
}

// Format is how the pictures of a segment are encoded.
type Format struct {
	ID            int64
	Codec         string
	Width, Height int
	Config        []byte
}

// Totals is what a camera has, or all of them together.
type Totals struct {
	Segments  int   // lost ones not counted, nor their bytes
	Bytes     int64 //
	Protected int64 // bytes of those that a mark protects
	Marked    int64 // bytes of those that are marked otherwise
	Lost      int   // rows whose files are not there
	Oldest    time.Time
	Newest    time.Time // end of the last; both zero without segments
	Sequence  uint64    // the highest there ever was, 0 for all cameras together
}

// Garbage is a file whose row is gone and which is to be unlinked.
type Garbage struct {
	Camera, Path string
	Bytes        int64
}

// Add enters a finished file, and gives the ID of its row. ErrExists where the
// path has a row or is garbage. A segment that is older by its sequence than
// others of its camera takes its place before them in the order of writing.
func (x *Index) Add(ctx context.Context, s Segment) (int64, error) { return 0, errors.ErrUnsupported }

// Replace is Add for what was found in the folder: where the path has a row
// already, that becomes s and keeps its ID. It is lost no more unless s says so.
func (x *Index) Replace(ctx context.Context, s Segment) (int64, error) {
	return 0, errors.ErrUnsupported
}

// AddFormat gives the ID of a format, which it enters if it is new. Formats that
// no segment has go some time later, so ask again for each segment.
func (x *Index) AddFormat(ctx context.Context, f Format) (int64, error) {
	return 0, errors.ErrUnsupported
}

// Format gives a format by its ID.
func (x *Index) Format(ctx context.Context, id int64) (Format, error) {
	return Format{}, errors.ErrUnsupported
}

// Between gives the segments of a camera that have to do with a stretch of time,
// by their start; at most limit. Lost ones are not among them.
func (x *Index) Between(ctx context.Context, camera string, from, to time.Time, limit int) ([]Segment, error) {
	return nil, errors.ErrUnsupported
}

// At gives the segment of a camera in which a moment lies, the one written last
// where there are several; ErrUnknown where there is none.
func (x *Index) At(ctx context.Context, camera string, t time.Time) (Segment, error) {
	return Segment{}, errors.ErrUnsupported
}

// Latest gives the segment of a camera that was written last.
func (x *Index) Latest(ctx context.Context, camera string) (Segment, error) {
	return Segment{}, errors.ErrUnsupported
}

// Oldest gives the segment that was written first, of a camera, or of all for "".
func (x *Index) Oldest(ctx context.Context, camera string) (Segment, error) {
	return Segment{}, errors.ErrUnsupported
}

// Segment gives a row by its ID, lost or not.
func (x *Index) Segment(ctx context.Context, id int64) (Segment, error) {
	return Segment{}, errors.ErrUnsupported
}

// SegmentByPath gives the row of a file, lost or not.
func (x *Index) SegmentByPath(ctx context.Context, path string) (Segment, error) {
	return Segment{}, errors.ErrUnsupported
}

// All calls f with each row, in the order of writing, lost ones too, until it
// gives an error. What is added or deleted meanwhile may be left out or not.
func (x *Index) All(ctx context.Context, f func(Segment) error) error { return errors.ErrUnsupported }

// Cameras lists all that have rows, by name.
func (x *Index) Cameras(ctx context.Context) ([]string, error) { return nil, errors.ErrUnsupported }

// Totals says what a camera has; zero for one that has nothing.
func (x *Index) Totals(ctx context.Context, camera string) (Totals, error) {
	return Totals{}, errors.ErrUnsupported
}

// Total says what all cameras have.
func (x *Index) Total(ctx context.Context) (Totals, error) { return Totals{}, errors.ErrUnsupported }

// Delete takes out the rows of segments that are to go, and makes their files
// garbage. Those that a mark protects by now stay. It gives the rows it took out.
func (x *Index) Delete(ctx context.Context, ids ...int64) ([]Segment, error) {
	return nil, errors.ErrUnsupported
}

// Erase is Delete for what has to go whatever protects it.
func (x *Index) Erase(ctx context.Context, ids ...int64) ([]Segment, error) {
	return nil, errors.ErrUnsupported
}

// Garbage lists files whose rows are gone, oldest first: they are to be unlinked.
func (x *Index) Garbage(ctx context.Context, limit int) ([]Garbage, error) {
	return nil, errors.ErrUnsupported
}

// Swept says that files which were garbage are gone, and their folders synced.
func (x *Index) Swept(ctx context.Context, paths ...string) error { return errors.ErrUnsupported }

// MarkLost says that the files of rows are not there. The rows stay, in case the
// files come back (Replace); their time is a gap with the reason ReasonLost.
func (x *Index) MarkLost(ctx context.Context, ids ...int64) error { return errors.ErrUnsupported }

// Shift moves the segments of a run of a camera in time, because the clock was
// wrong then, and gives how many there were. Marks and gaps stay.
func (x *Index) Shift(ctx context.Context, camera, run string, by time.Duration) (int, error) {
	return 0, errors.ErrUnsupported
}

// Reorder makes the order of writing anew out of sequences and starts, after
// rows were added in some other order.
func (x *Index) Reorder(ctx context.Context) error { return errors.ErrUnsupported }

// Forget drops what nobody can look at any more: gaps, lost rows and marks of a
// camera that end before a time, protecting ones excepted, and formats that
// no segment has.
func (x *Index) Forget(ctx context.Context, camera string, before time.Time) error {
	return errors.ErrUnsupported
}

// Verify says in words what in the database contradicts itself, a line for each,
// 100 at most; Mend puts it right.
func (x *Index) Verify(ctx context.Context) ([]string, error) { return nil, errors.ErrUnsupported }

// Mend makes spans, totals and what marks reach anew from segments and marks.
func (x *Index) Mend(ctx context.Context) error { return errors.ErrUnsupported }

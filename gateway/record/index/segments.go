package index

import (
	"context"
	"database/sql"
	"errors"
	"math"
	"path"
	"strings"
	"time"
)

// Segment is the row of a finished file.
type Segment struct {
	ID         int64  // given by Add; the identity of the row, never used again
	Camera     string // its id
	Run        string // of the recorder, as text; what Shift goes by
	Sequence   uint64 // of the camera, rises for ever: the order of writing (WrittenAfter)
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
	Sound      int64   // of AddFormat, 0 for none, Unheard where nobody has looked
	Sounds     int     // frames of sound that a clip of all of it has
	Lost       bool    // the file is not there

	// Where several servers have recordings of one camera: which of them has it, ""
	// for this one; and between which times it counts, where others have the rest as
	// well, and these go before. Zero stands for its own ends. No database has these.
	Node         string    `json:"-"`
	Since, Until time.Time `json:"-"`
}

// From gives from when on a segment counts.
func (s Segment) From() time.Time {
	if s.Since.IsZero() {
		return s.Start
	}
	return s.Since
}

// To gives until when a segment counts.
func (s Segment) To() time.Time {
	if s.Until.IsZero() {
		return s.End
	}
	return s.Until
}

// WrittenAfter says whether a segment was written after another of its camera. IDs say
// so only where the index was not made anew, and servers count for themselves.
func (s Segment) WrittenAfter(o Segment) bool {
	if s.Node == o.Node && s.Sequence != o.Sequence {
		return s.Sequence > o.Sequence
	}
	return s.ID > o.ID
}

// Unheard is the Sound of rows that were made before there was any. Whoever opens the
// file knows.
const Unheard = -1

// Format is how the pictures of a segment are encoded, or its sound, which has no size.
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

// segmentColumns are those of readSegment, of segments s joined with cameras c.
const segmentColumns = `s.id, c.name, s.run, s.sequence, s.path, s.start_us, s.end_us, s.bytes, s.frames, s.keys, s.stts, s.ctts,
	s.moov_bytes, s.data_at, s.fragments, s.format, s.rate, s.lost, s.sound, s.sounds FROM segments s JOIN cameras c ON c.id = s.camera `

func readSegment(row scanner) (s Segment, err error) {
	var start, end int64
	err = row.Scan(&s.ID, &s.Camera, &s.Run, &s.Sequence, &s.Path, &start, &end, &s.Bytes, &s.Frames, &s.Keys, &s.STTS, &s.CTTS,
		&s.MoovBytes, &s.DataAt, &s.Fragments, &s.Format, &s.Rate, &s.Lost, &s.Sound, &s.Sounds)
	s.Start, s.End = fromMicros(start), fromMicros(end)
	return s, err
}

// Check refuses what cannot be the row of a file.
func (s Segment) Check() error {
	if err := checkStretch("a segment", s.Start, s.End); err != nil {
		return err
	}
	if err := checkText("the path of a segment", s.Path, 1, 512); err != nil {
		return err
	}
	switch {
	case s.End.Sub(s.Start) > MaxLength:
		return invalid("a segment may last %v, and not %v", MaxLength, s.End.Sub(s.Start))
	case path.Clean(s.Path) != s.Path || path.IsAbs(s.Path) || strings.HasPrefix(s.Path, ".."):
		return invalid("%q is no path below the folder of the recordings", s.Path)
	case s.Sequence > math.MaxInt64, len(s.Run) > 64:
		return invalid("the sequence or the run of a segment is not one")
	case min(s.Bytes, s.MoovBytes, s.DataAt, s.Format) < 0, min(s.Frames, s.Keys, s.STTS, s.CTTS, s.Fragments, s.Sounds) < 0, s.Sound < Unheard:
		return invalid("a number of a segment is negative")
	case !(s.Rate >= 0 && s.Rate < 1000): // also where it is no number
		return invalid("%v is no rate", s.Rate)
	}
	return nil
}

// Add enters a finished file, and gives the ID of its row. ErrExists where the
// path has a row or is garbage. A segment that is older by its sequence than
// others of its camera takes its place before them in the order of writing. A
// Rate of 0 stands for 1.
func (x *Index) Add(ctx context.Context, s Segment) (id int64, err error) {
	err = x.write(ctx, "adding a segment", func(w *writer) error {
		id, err = w.addSegment(s, false)
		return err
	})
	return id, err
}

// Replace is Add for what was found in the folder: where the path has a row
// already, that becomes s and keeps its ID. It is lost no more unless s says so.
func (x *Index) Replace(ctx context.Context, s Segment) (id int64, err error) {
	err = x.write(ctx, "replacing a segment", func(w *writer) error {
		id, err = w.addSegment(s, true)
		return err
	})
	return id, err
}

func (w *writer) addSegment(s Segment, replace bool) (int64, error) {
	if err := s.Check(); err != nil {
		return 0, err
	}
	if s.Rate == 0 {
		s.Rate = 1
	}
	var err error
	switch s.ID, err = readInt(w.row("SELECT id FROM segments WHERE path = ?", s.Path)); {
	case err == nil && !replace:
		return 0, ErrExists
	case err == nil:
		if err := w.takeOut(s.ID); err != nil {
			return 0, err
		}
	case !errors.Is(err, sql.ErrNoRows):
		return 0, err
	}
	if err := w.refuseGarbage(s); err != nil {
		return 0, err
	}
	return w.putIn(s)
}

// refuseGarbage keeps a file that is about to be unlinked from coming back.
func (w *writer) refuseGarbage(s Segment) error {
	n, err := readInt(w.row("SELECT count(*) FROM garbage WHERE path = ?", s.Path))
	if err == nil && n > 0 {
		return ErrExists
	}
	for _, format := range []int64{s.Format, s.Sound} {
		if err != nil || format <= 0 {
			continue
		}
		if n, err = readInt(w.row("SELECT count(*) FROM formats WHERE id = ?", format)); err == nil && n == 0 {
			return invalid("there is no format %d: ask for it again", format)
		}
	}
	return err
}

// putIn makes the row of a segment, with the ID that it has or a new one, and
// all that follows from it.
func (w *writer) putIn(s Segment) (int64, error) {
	c, err := w.cameraOrNew(s.Camera)
	if err != nil {
		return 0, err
	}
	start, end := s.Start.UnixMicro(), s.End.UnixMicro()
	hold, err := w.holdOf(c, start, end)
	if err != nil {
		return 0, err
	}
	written, err := w.placeOf(c, s.Sequence)
	if err != nil {
		return 0, err
	}
	var id any = s.ID
	if s.ID == 0 {
		id = nil // SQLite gives one
	}
	result, err := w.exec(`INSERT INTO segments VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		id, c.id, s.Run, int64(s.Sequence), s.Path, start, end, s.Bytes, s.Frames, s.Keys, s.STTS, s.CTTS,
		s.MoovBytes, s.DataAt, s.Fragments, s.Format, s.Rate, s.Lost, hold, written, s.Sound, s.Sounds)
	if err != nil {
		return 0, err
	}
	if !s.Lost {
		if err := w.cover(c, start, end); err != nil {
			return 0, err
		}
	}
	return result.LastInsertId()
}

// placeOf is where a segment comes in the order of writing: before those of its
// camera with higher sequences, else last of all.
func (w *writer) placeOf(c camera, sequence uint64) (int64, error) {
	place, err := readInt(w.row("SELECT written FROM segments WHERE camera = ? AND sequence > ? ORDER BY sequence LIMIT 1", c.id, int64(sequence)))
	if errors.Is(err, sql.ErrNoRows) {
		place, err = readInt(w.row("SELECT coalesce(max(written), 0) + 1 FROM segments"))
	}
	return place, err
}

// takeOut takes a row out, with all that followed from it.
func (w *writer) takeOut(id int64) error {
	var c camera
	var start, end int64
	var lost bool
	err := w.row(`SELECT c.id, c.longest_us, s.start_us, s.end_us, s.lost FROM segments s JOIN cameras c ON c.id = s.camera WHERE s.id = ?`, id).
		Scan(&c.id, &c.longest, &start, &end, &lost)
	if err != nil {
		return err
	}
	if err := w.run("DELETE FROM segments WHERE id = ?", id); err != nil || lost {
		return err
	}
	return w.uncover(c, start, end)
}

// AddFormat gives the ID of a format, which it enters if it is new. Formats that
// no segment has go some time later, so ask again for each segment.
func (x *Index) AddFormat(ctx context.Context, f Format) (id int64, err error) {
	err = x.write(ctx, "adding a format", func(w *writer) error {
		if err := checkText("a codec", f.Codec, 1, 64); err != nil {
			return err
		}
		if len(f.Config) > MaxConfigBytes || min(f.Width, f.Height) < 0 {
			return invalid("the parameters of a format are larger than %d bytes, or its size is negative", MaxConfigBytes)
		}
		id, err = readInt(w.row(`INSERT INTO formats (codec, width, height, config, seen) VALUES (?, ?, ?, ?, (SELECT coalesce(max(id), 0) FROM segments))
			ON CONFLICT DO UPDATE SET seen = excluded.seen RETURNING id`, f.Codec, f.Width, f.Height, append([]byte{}, f.Config...)))
		return err
	})
	return id, err
}

// Format gives a format by its ID.
func (x *Index) Format(ctx context.Context, id int64) (Format, error) {
	f := Format{ID: id}
	err := x.reader.row(ctx, "SELECT codec, width, height, config FROM formats WHERE id = ?", id).Scan(&f.Codec, &f.Width, &f.Height, &f.Config)
	return f, x.explain("looking up a format", err)
}

// Between gives the segments of a camera that have to do with a stretch of time,
// by their start; at most limit, or MaxRows for 0. Lost ones are not among them.
func (x *Index) Between(ctx context.Context, camera string, from, to time.Time, limit int) ([]Segment, error) {
	return x.between(ctx, camera, from, to, limit, "AND s.lost = 0")
}

// WithLost is Between with lost ones among them.
func (x *Index) WithLost(ctx context.Context, camera string, from, to time.Time, limit int) ([]Segment, error) {
	return x.between(ctx, camera, from, to, limit, "")
}

func (x *Index) between(ctx context.Context, camera string, from, to time.Time, limit int, which string) ([]Segment, error) {
	a, b := within(from, to)
	segments, err := list(ctx, &x.reader, readSegment, `SELECT `+segmentColumns+`
		WHERE c.name = ?1 AND s.start_us > ?2 - c.longest_us AND s.start_us < ?3 AND s.end_us > ?2 `+which+`
		ORDER BY s.start_us, s.id LIMIT ?4`, camera, a, b, clamp(limit))
	return segments, x.explain("looking up segments", err)
}

// At gives the segment of a camera in which a moment lies, the one written last
// where there are several; ErrUnknown where there is none.
func (x *Index) At(ctx context.Context, camera string, t time.Time) (Segment, error) {
	return x.one(ctx, `WHERE c.name = ?1 AND s.start_us >= ?2 - c.longest_us AND s.start_us <= ?2 AND s.end_us > ?2 AND s.lost = 0
		ORDER BY s.sequence DESC, s.id DESC LIMIT 1`, camera, micros(t, 0))
}

// Latest gives the segment of a camera that was written last.
func (x *Index) Latest(ctx context.Context, camera string) (Segment, error) {
	return x.one(ctx, `WHERE s.camera = (SELECT id FROM cameras WHERE name = ?) AND s.lost = 0 ORDER BY s.sequence DESC, s.id DESC LIMIT 1`, camera)
}

// Oldest gives the segment that was written first, of a camera, or of all for "".
func (x *Index) Oldest(ctx context.Context, camera string) (Segment, error) {
	if camera == "" {
		return x.one(ctx, `WHERE s.id = (SELECT id FROM segments WHERE lost = 0 ORDER BY written, sequence, id LIMIT 1)`)
	}
	return x.one(ctx, `WHERE s.camera = (SELECT id FROM cameras WHERE name = ?) AND s.lost = 0 ORDER BY s.sequence, s.id LIMIT 1`, camera)
}

// Segment gives a row by its ID, lost or not.
func (x *Index) Segment(ctx context.Context, id int64) (Segment, error) {
	return x.one(ctx, `WHERE s.id = ?`, id)
}

// SegmentByPath gives the row of a file, lost or not.
func (x *Index) SegmentByPath(ctx context.Context, path string) (Segment, error) {
	return x.one(ctx, `WHERE s.path = ?`, path)
}

func (x *Index) one(ctx context.Context, where string, args ...any) (Segment, error) {
	s, err := readSegment(x.reader.row(ctx, `SELECT `+segmentColumns+where, args...))
	return s, x.explain("looking up a segment", err)
}

// pageRows is how many rows are read at a time where all are.
const pageRows = 500

// All calls f with each row, in the order of writing, lost ones too, until it
// gives an error. What is added or deleted meanwhile may be left out or not.
func (x *Index) All(ctx context.Context, f func(Segment) error) error {
	written, sequence, last := int64(-1), int64(-1), int64(-1)
	for {
		page, err := list(ctx, &x.reader, func(row scanner) (s Segment, err error) {
			return readSegment(placed{row, &written})
		}, `SELECT s.written, `+segmentColumns+`WHERE (s.written, s.sequence, s.id) > (?, ?, ?) ORDER BY s.written, s.sequence, s.id LIMIT ?`,
			written, sequence, last, pageRows)
		if err != nil {
			return x.explain("going through all segments", err)
		}
		for _, s := range page {
			if err := f(s); err != nil {
				return err
			}
			sequence, last = int64(s.Sequence), s.ID
		}
		if len(page) < pageRows {
			return nil
		}
	}
}

// placed is a row with the place in the order of writing in front.
type placed struct {
	scanner
	written *int64
}

func (p placed) Scan(to ...any) error { return p.scanner.Scan(append([]any{p.written}, to...)...) }

// Cameras lists all that have rows, by name.
func (x *Index) Cameras(ctx context.Context) ([]string, error) {
	names, err := list(ctx, &x.reader, readText, "SELECT name FROM cameras WHERE segments + lost + marks + gaps > 0 ORDER BY name")
	return names, x.explain("listing cameras", err)
}

// Totals says what a camera has; zero for one that has nothing.
func (x *Index) Totals(ctx context.Context, camera string) (Totals, error) {
	t, err := readTotals(x.reader.row(ctx, `SELECT segments, bytes, protected, marked, lost, sequence,
		(SELECT from_us FROM spans WHERE camera = id ORDER BY from_us LIMIT 1), (SELECT to_us FROM spans WHERE camera = id ORDER BY from_us DESC LIMIT 1)
		FROM cameras WHERE name = ?`, camera))
	if errors.Is(err, sql.ErrNoRows) {
		return Totals{}, nil
	}
	return t, x.explain("counting segments", err)
}

// BytesSince gives the bytes of a camera's segments that begin at a time or later.
func (x *Index) BytesSince(ctx context.Context, camera string, from time.Time) (bytes int64, err error) {
	err = x.reader.row(ctx, `SELECT coalesce(sum(bytes), 0) FROM segments
		WHERE camera = (SELECT id FROM cameras WHERE name = ?) AND start_us >= ? AND lost = 0`, camera, micros(from, 0)).Scan(&bytes)
	return bytes, x.explain("adding up segments", err)
}

// Total says what all cameras have.
func (x *Index) Total(ctx context.Context) (Totals, error) {
	t, err := readTotals(x.reader.row(ctx, `SELECT coalesce(sum(segments), 0), coalesce(sum(bytes), 0), coalesce(sum(protected), 0), coalesce(sum(marked), 0), coalesce(sum(lost), 0), 0,
		min((SELECT from_us FROM spans WHERE camera = id ORDER BY from_us LIMIT 1)), max((SELECT to_us FROM spans WHERE camera = id ORDER BY from_us DESC LIMIT 1))
		FROM cameras`))
	return t, x.explain("counting segments", err)
}

func readTotals(row scanner) (t Totals, err error) {
	var oldest, newest sql.NullInt64
	err = row.Scan(&t.Segments, &t.Bytes, &t.Protected, &t.Marked, &t.Lost, &t.Sequence, &oldest, &newest)
	if oldest.Valid {
		t.Oldest, t.Newest = fromMicros(oldest.Int64), fromMicros(newest.Int64)
	}
	return t, err
}

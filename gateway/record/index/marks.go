package index

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"time"
)

// Mark says something about a stretch of time of a camera: motion, a bookmark,
// that it is to be kept. It reaches Before and After beyond its ends; segments
// within its reach are marked, and, with Keep, protected.
type Mark struct {
	ID            int64
	Camera        string
	Kind          string        // 64 bytes at most, of letters, digits and "._-"
	Start, End    time.Time     // End is zero while it is still open
	Before, After time.Duration // 24 h at most
	Keep          bool          // no retention deletes what it reaches
	Note          string
	Data          json.RawMessage // any JSON, nil for none
	By            string          // who made it
	Owner         string          // and whose it is, whoever has the name now; "" for nobody's in particular, and of before that was kept
	Created       time.Time
}

// MarkFilter chooses marks. The zero value chooses all.
type MarkFilter struct {
	Cameras  []string  // nil: all
	Kind     string    // "": all
	From, To time.Time // those with Start to End in it, at least in part
	Keep     bool      // only those that protect
	Limit    int       // 0: 100
	After    Mark      // the last of the previous page: its Start and ID
}

// What marks make of the segments they reach.
const (
	marking    = 1
	protecting = 2
)

// kindPattern is what kinds look like.
var kindPattern = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

const maxBeyond = 24 * time.Hour // of Before and After

// Check refuses what cannot be a mark.
func (m Mark) Check() error {
	switch {
	case !kindPattern.MatchString(m.Kind):
		return invalid("the kind of a mark has to be 1 to 64 letters, digits, dots, dashes or underscores")
	case m.Start.Before(time.Unix(0, 0)), m.Start.UnixMicro() >= endless, m.End.UnixMicro() >= endless:
		return invalid("a mark has to lie between the years 1970 and 9999")
	case !m.End.IsZero() && m.End.Before(m.Start):
		return invalid("a mark cannot end before it starts")
	case min(m.Before, m.After) < 0, max(m.Before, m.After) > maxBeyond:
		return invalid("a mark may reach at most %v before its start and after its end", maxBeyond)
	case len(m.Data) > MaxDataBytes, m.Data != nil && !json.Valid(m.Data):
		return invalid("the data of a mark has to be JSON of at most %d bytes", MaxDataBytes)
	}
	return cmp.Or(checkText("the note of a mark", m.Note, 0, MaxNoteBytes), checkText("the maker of a mark", m.By, 0, 256), checkText("the owner of a mark", m.Owner, 0, 256))
}

// reach is what a mark reaches: segments that have anything between its two ends,
// or at them.
func (m Mark) reach() stretch {
	to := endless
	if !m.End.IsZero() {
		to = min(micros(m.End.Add(m.After), 0), endless-1)
	}
	return stretch{micros(m.Start.Add(-m.Before), 0), to}
}

const markColumns = `m.id, c.name, m.kind, m.start_us, m.end_us, m.before_us, m.after_us, m.keep, m.note, m.data, m.made_by, m.created_us, m.owner
	FROM marks m JOIN cameras c ON c.id = m.camera `

func readMark(row scanner) (m Mark, err error) {
	var start, end, before, after, created int64
	err = row.Scan(&m.ID, &m.Camera, &m.Kind, &start, &end, &before, &after, &m.Keep, &m.Note, (*[]byte)(&m.Data), &m.By, &created, &m.Owner)
	m.Start, m.End, m.Created = fromMicros(start), fromMicros(end), fromMicros(created)
	m.Before, m.After = time.Duration(before)*time.Microsecond, time.Duration(after)*time.Microsecond
	return m, err
}

// AddMark enters a mark, for now, the past or the future, and gives its ID.
// ErrTooMany where the camera has MaxMarks.
func (x *Index) AddMark(ctx context.Context, m Mark) (id int64, err error) {
	err = x.write(ctx, "adding a mark", func(w *writer) error {
		m.ID = 0
		id, err = w.addMark(m)
		return err
	})
	return id, err
}

func (w *writer) addMark(m Mark) (int64, error) {
	id, c, err := w.insertMark(m)
	if err != nil {
		return 0, err
	}
	reach := m.reach()
	return id, w.rehold(c, reach.from, reach.to)
}

// insertMark enters a mark, and looks at nothing that it reaches.
func (w *writer) insertMark(m Mark) (id int64, c camera, err error) {
	if err = m.Check(); err == nil {
		c, err = w.cameraOrNew(m.Camera)
	}
	if err != nil {
		return 0, c, err
	}
	n, err := readInt(w.row("SELECT marks FROM cameras WHERE id = ?", c.id))
	if err != nil {
		return 0, c, err
	}
	if n >= MaxMarks {
		return 0, c, fmt.Errorf("%w: %s has %d marks: delete some", ErrTooMany, m.Camera, n)
	}
	reach := m.reach()
	id, err = readInt(w.row(`INSERT INTO marks VALUES (nullif(?, 0), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
		m.ID, c.id, m.Kind, micros(m.Start, 0), micros(m.End, endless), m.Before.Microseconds(), m.After.Microseconds(),
		reach.from, reach.to, m.Keep, m.Note, []byte(m.Data), m.By, micros(m.Created, 0), m.Owner))
	if err != nil {
		return 0, c, err
	}
	return id, c, w.addFlag(c, id, m)
}

// EndMark ends an open mark, or moves the end of another.
func (x *Index) EndMark(ctx context.Context, id int64, end time.Time) error {
	return x.changeMark(ctx, id, "ending a mark", func(m Mark) (Mark, error) {
		if end.IsZero() {
			return m, invalid("a mark ends at some time")
		}
		m.End = end
		return m, nil
	})
}

// UpdateMark puts m in the place of the mark of its ID, which keeps its Camera,
// By, Owner and Created.
func (x *Index) UpdateMark(ctx context.Context, m Mark) error {
	return x.changeMark(ctx, m.ID, "changing a mark", func(Mark) (Mark, error) { return m, nil })
}

func (x *Index) changeMark(ctx context.Context, id int64, what string, change func(Mark) (Mark, error)) error {
	return x.relieve(ctx, what, func(w *writer) error {
		old, err := readMark(w.row(`SELECT `+markColumns+`WHERE m.id = ?`, id))
		if err != nil {
			return err
		}
		m, err := change(old)
		if err = cmp.Or(err, m.Check()); err != nil {
			return err
		}
		reach := m.reach()
		err = w.run(`UPDATE marks SET kind = ?, start_us = ?, end_us = ?, before_us = ?, after_us = ?, from_us = ?, to_us = ?, keep = ?, note = ?, data = ? WHERE id = ?`,
			m.Kind, micros(m.Start, 0), micros(m.End, endless), m.Before.Microseconds(), m.After.Microseconds(), reach.from, reach.to, m.Keep, m.Note, []byte(m.Data), id)
		if err != nil {
			return err
		}
		return w.changed(old.Camera, old, m)
	})
}

// DeleteMark takes a mark out; what it reached is not marked by it any more.
func (x *Index) DeleteMark(ctx context.Context, id int64) error {
	return x.relieve(ctx, "deleting a mark", func(w *writer) error {
		old, err := readMark(w.row(`SELECT `+markColumns+`WHERE m.id = ?`, id))
		if err != nil {
			return err
		}
		if err := w.run("DELETE FROM marks WHERE id = ?", id); err != nil {
			return err
		}
		return w.changed(old.Camera, old)
	})
}

// changed works out anew what follows from marks as they were, and as they are.
func (w *writer) changed(name string, marks ...Mark) error {
	c, err := w.camera(name)
	for _, m := range marks {
		if start := micros(m.Start, 0); err == nil {
			err = w.makeFlags(c, start, start)
		}
		if reach := m.reach(); err == nil {
			err = w.rehold(c, reach.from, reach.to)
		}
	}
	return err
}

// Mark gives a mark by its ID.
func (x *Index) Mark(ctx context.Context, id int64) (Mark, error) {
	m, err := readMark(x.reader.row(ctx, `SELECT `+markColumns+`WHERE m.id = ?`, id))
	return m, x.explain("looking up a mark", err)
}

// Marks lists the marks that a filter chooses, the latest start first.
func (x *Index) Marks(ctx context.Context, f MarkFilter) ([]Mark, error) {
	where, args := f.where()
	if f.Limit <= 0 {
		f.Limit = 100
	}
	// Not kept compiled: there are too many forms of it.
	rows, err := x.reader.db.QueryContext(ctx, `SELECT `+markColumns+where+` ORDER BY m.start_us DESC, m.id DESC LIMIT ?`, append(args, clamp(f.Limit))...)
	if err != nil {
		return nil, x.explain("listing marks", err)
	}
	marks, err := collect(rows, readMark)
	return marks, x.explain("listing marks", err)
}

func (f MarkFilter) where() (where string, args []any) {
	from, to := within(f.From, f.To)
	where, args = "WHERE m.start_us < ? AND m.end_us >= ?", []any{to, from}
	and := func(condition string, values ...any) {
		where, args = where+" AND "+condition, append(args, values...)
	}
	if f.Cameras != nil {
		names, _ := json.Marshal(f.Cameras)
		and("c.name IN (SELECT value FROM json_each(?))", string(names))
	}
	if f.Kind != "" {
		and("m.kind = ?", f.Kind)
	}
	if f.Keep {
		and("m.keep = 1")
	}
	if f.After.ID != 0 {
		and("(m.start_us, m.id) < (?, ?)", micros(f.After.Start, 0), f.After.ID)
	}
	return where, args
}

// holdOf is what the marks of a camera make of a segment.
func (w *writer) holdOf(c camera, start, end int64) (int64, error) {
	return readInt(w.row("SELECT coalesce(max(1 + keep), 0) FROM marks WHERE camera = ? AND to_us >= ? AND from_us < ?", c.id, start, end))
}

// held is a segment with what marks make of it.
type held struct {
	id, hold int64
	lost     bool
	stretch
}

func readHeld(row scanner) (h held, err error) {
	err = row.Scan(&h.id, &h.hold, &h.lost, &h.from, &h.to)
	return h, err
}

// rehold works out anew what marks make of the segments that have anything
// between two times, or at them.
func (w *writer) rehold(c camera, from, to int64) error {
	holds, err := w.holds(c, from, to)
	if err != nil {
		return err
	}
	segments, err := all(w, readHeld, "SELECT id, hold, lost, start_us, end_us FROM segments WHERE camera = ? AND start_us >= ? AND start_us <= ? AND end_us >= ?", c.id, from-c.longest, to, from)
	if err != nil {
		return err
	}
	for _, s := range segments {
		if hold := holds.of(s.stretch); hold != s.hold {
			if err := w.run("UPDATE segments SET hold = ? WHERE id = ?", hold, s.id); err != nil {
				return err
			}
		}
	}
	return nil
}

// holds is what marks reach between two times, in order and merged: of all, and
// of those that protect.
type holds struct{ marked, protected []stretch }

func (w *writer) holds(c camera, from, to int64) (h holds, err error) {
	const query = "SELECT from_us, to_us FROM marks INDEXED BY marks_by_reach WHERE camera = ? AND to_us >= ? AND from_us <= ? AND keep >= ? ORDER BY from_us"
	// Segments may begin before and end after.
	from, to = from-c.longest, to+c.longest
	if h.marked, err = all(w, readStretch, query, c.id, from, to, 0); err != nil {
		return holds{}, err
	}
	if h.protected, err = all(w, readStretch, query, c.id, from, to, 1); err != nil {
		return holds{}, err
	}
	h.marked, h.protected = merge(h.marked, 0), merge(h.protected, 0)
	return h, nil
}

func (h holds) of(segment stretch) int64 {
	switch {
	case reached(h.protected, segment):
		return protecting
	case reached(h.marked, segment):
		return marking
	}
	return 0
}

// reached says whether one of some stretches, which are in order, reaches a
// segment; also with its very end.
func reached(by []stretch, segment stretch) bool {
	i, _ := slices.BinarySearchFunc(by, segment.from, func(s stretch, t int64) int { return cmp.Compare(s.to, t) })
	return i < len(by) && by[i].from < segment.to
}

// Protects gives how long the marks with Keep and an end are together that belong to
// whom one does, with what they reach, but for that one.
func (x *Index) Protects(ctx context.Context, m Mark) (time.Duration, error) {
	us, err := readInt(x.reader.row(ctx, `SELECT coalesce(sum(to_us - from_us), 0) FROM marks WHERE keep = 1 AND id <> ? AND end_us < ?
		AND (owner = ? AND owner <> '' OR owner = '' AND made_by = ?)`, m.ID, endless, m.Owner, m.By))
	return time.Duration(min(us, math.MaxInt64/int64(time.Microsecond))) * time.Microsecond, x.explain("adding up marks", err)
}

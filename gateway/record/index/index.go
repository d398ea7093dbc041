// Package index knows what there is on a volume of recordings, by time: index.db,
// an SQLite database with a row for each finished segment, and what follows from
// them: the stretches of time without a hole, what is missing and why, marks, and
// what is to go next.
//
// It opens no recording, and deletes none: package record writes files and rows
// in an order that loses nothing, which DESIGN.md beside record has numbered.
// Everything but marks and reasons can be made anew from the files.
//
// Every write is one transaction that is on the disk, or has not happened, when
// its method returns; an error leaves everything as it was. Cameras are named by
// their ids, and keep their rows when they are removed from the configuration.
//
// All methods may be called from any goroutine. They block for the disk, a write
// for other writers as well, and end with their context. Readers never wait for
// a writer. Callbacks are called with no lock held.
//
// A zero time as the end of a range of time stands for no end on that side.
package index

import (
	"database/sql"
	"errors"
	"time"
	"unicode/utf8"
)

// What callers branch on. Errors of the disk and the file carry advice.
var (
	ErrUnknown  = errors.New("unknown")
	ErrExists   = errors.New("exists already")
	ErrInvalid  = errors.New("not valid")
	ErrTooMany  = errors.New("too many")
	ErrDamaged  = errors.New("is damaged")
	ErrNewer    = errors.New("was made by a newer Framegate")
	ErrOlder    = errors.New("was made by an older Framegate")
	ErrReadOnly = errors.New("cannot be written")
	ErrFull     = errors.New("the disk is full")
	ErrBusy     = errors.New("another process is writing")
)

// What is taken at most. What is longer is ErrInvalid; what is asked for beyond
// a limit of rows is cut to it.
const (
	MaxRows        = 10000   // that one call gives, or takes
	MaxMarks       = 100000  // a camera has
	MaxGaps        = 100000  // a camera has; the oldest go
	MaxStretches   = 4000    // of each kind in a timeline
	MaxNoteBytes   = 4 << 10 // of a mark
	MaxDataBytes   = 16 << 10
	MaxConfigBytes = 64 << 10  // of a format
	MaxLength      = time.Hour // of a segment
)

// Index is an open database.
type Index struct {
	path   string
	made   bool
	aside  string
	writer writer
	reader reader
}

// Made says that Open made the database: what lies in the folder is to be added.
func (x *Index) Made() bool { return x.made }

// Aside is the name under which Open put a database that could not be read; ""
// for none.
func (x *Index) Aside() string { return x.aside }

// endless is the end of what has none yet, and the latest time there is here.
var endless = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC).UnixMicro()

// fromMicros is a time as the database keeps it.
func fromMicros(us int64) time.Time {
	if us == endless {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

// micros is a time for the database; the zero time is what is given for it.
func micros(t time.Time, zero int64) int64 {
	if t.IsZero() {
		return zero
	}
	return min(max(t.UnixMicro(), 0), endless)
}

// within is the two ends of a stretch of time that is asked for.
func within(from, to time.Time) (int64, int64) { return micros(from, 0), micros(to, endless) }

// checkStretch refuses times that the database cannot keep.
func checkStretch(what string, from, to time.Time) error {
	switch {
	case from.Before(time.Unix(0, 0)), to.UnixMicro() >= endless:
		return invalid("%s has to lie between the years 1970 and 9999", what)
	case to.UnixMicro() <= from.UnixMicro():
		return invalid("%s has to end after it starts", what)
	}
	return nil
}

// checkText refuses a text that is empty, too long, or not one.
func checkText(what, text string, least, most int) error {
	if len(text) < least || len(text) > most || !utf8.ValidString(text) {
		return invalid("%s has to be a text of %d to %d bytes", what, least, most)
	}
	return nil
}

// clamp is a limit of rows that was asked for, where 0 stands for most.
func clamp(limit int) int {
	if limit <= 0 || limit > MaxRows {
		return MaxRows
	}
	return limit
}

// camera is what writing needs to know of one.
type camera struct {
	id      int64
	longest int64 // µs, its longest segment
}

// camera gives the row of a camera; sql.ErrNoRows where it has none.
func (w *writer) camera(name string) (c camera, err error) {
	err = w.row("SELECT id, longest_us FROM cameras WHERE name = ?", name).Scan(&c.id, &c.longest)
	return c, err
}

// cameraOrNew gives the row of a camera, and makes it where there is none.
func (w *writer) cameraOrNew(name string) (camera, error) {
	if err := checkText("the camera", name, 1, 256); err != nil {
		return camera{}, err
	}
	c, err := w.camera(name)
	if !errors.Is(err, sql.ErrNoRows) {
		return c, err
	}
	if err := w.run("INSERT INTO cameras (name) VALUES (?)", name); err != nil {
		return camera{}, err
	}
	return w.camera(name)
}

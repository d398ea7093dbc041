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
	"context"
	"errors"
)

// What callers branch on. Errors of the disk and the file carry advice.
var (
	ErrUnknown  = errors.New("unknown")
	ErrExists   = errors.New("exists already")
	ErrInvalid  = errors.New("not valid")
	ErrTooMany  = errors.New("too many")
	ErrDamaged  = errors.New("is damaged")
	ErrNewer    = errors.New("was made by a newer Framegate")
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
	MaxConfigBytes = 64 << 10 // of a format
)

// Index is an open database.
type Index struct{}

// Open opens the database, and makes it where there is none. One that cannot be
// read is moved aside, and a new one made; Made and Aside say so. Errors are
// ErrNewer, ErrReadOnly, ErrFull or ErrBusy, or of the file system. Close must
// be called in the end.
func Open(ctx context.Context, path string) (*Index, error) { return nil, errors.ErrUnsupported }

// Made says that Open made the database: what lies in the folder is to be added.
func (x *Index) Made() bool { return false }

// Aside is the name under which Open put a database that could not be read; ""
// for none.
func (x *Index) Aside() string { return "" }

// Close waits for what is being read and written, and closes the database.
func (x *Index) Close() error { return nil }

package segment

import (
	"errors"
	"io"

	"framegate/gateway/media"
)

// Segment is what a file holds.
type Segment struct {
	State   State
	Head    Head
	Formats []*media.Format // by track
	Table   Table
	Summary Summary
}

// Open reads what is in a file of this size, in whichever state it is, and be
// it one that grows. The error is ErrForeign, ErrNothing, ErrDamaged, or r's.
func Open(r io.ReaderAt, size int64) (*Segment, error) { return nil, errors.ErrUnsupported }

// Repair cuts a file at its last whole fragment and finishes it. One that is
// finished and whole it leaves alone. The error is ErrForeign, ErrNothing, or
// f's.
func Repair(f File, size int64) (Summary, error) { return Summary{}, errors.ErrUnsupported }

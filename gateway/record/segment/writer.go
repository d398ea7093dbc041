package segment

import "errors"

// Writer writes one file. Only Table and Size may be called from other
// goroutines than the one that writes.
type Writer struct{}

// Create begins a file, which must be empty, for about so many samples in each
// track. The error is ErrFormat, or the File's. The caller still closes f.
func Create(f File, h Head, tracks []Track, expect int) (*Writer, error) {
	return nil, errors.ErrUnsupported
}

// Append writes one fragment, of samples by track in decode order, by one
// WriteAt. It keeps nothing of them. When it fails, nothing of it counts, and it
// may be called again.
func (w *Writer) Append(samples ...[]Sample) error { return errors.ErrUnsupported }

// Size gives the file's size.
func (w *Writer) Size() int64 { return 0 }

// Table gives what is in the file so far, all of which is written.
func (w *Writer) Table() Table { return Table{} }

// Finish makes a regular MP4 of the file, in steps each of which leaves a file
// that opens to the same pictures. rate is how many seconds of media time there
// are in a true second, from 0.5 to 2: the file plays in true time.
//
// When it fails it may be called again, and Repair does what is left. The caller
// still syncs the folder, and gives the file its last name.
func (w *Writer) Finish(rate float64) (Summary, error) { return Summary{}, errors.ErrUnsupported }

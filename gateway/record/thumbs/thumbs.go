// Package thumbs keeps small pictures of recordings: those of an hour in one file,
// beside the folder with the recordings that they show, and named like it, as
// front/2026-11-20/13.thumbs. A file is
//
//	"FGTHUMB1", and then, one behind the other:
//	"THMB" | length | sequence | moment | sum of the picture | sum of the head | picture
//	     4        4          8        8                    4                 4
//
// in big endian: the sequence of the recording that it shows, the moment in seconds
// since 1970, and sums of CRC-32C, that of the head over what is between. Records
// are appended, those of a recording in one write, and what comes later holds. So
// the heads are the index: some hundred of them are looked through in less time
// than a disk needs for one seek.
//
// Nothing is synced, since all can be made again. What a process or a machine left
// half is not taken for a picture, by its sums, and is cut off before anything
// follows. A record whose recording was deleted becomes "GONE", and its picture
// zeros, on the disk before Erase returns.
package thumbs

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"time"

	"framegate/gateway/record/segment"
)

const (
	magic    = "FGTHUMB1"
	kept     = "THMB"
	gone     = "GONE"
	headSize = 32
	suffix   = ".thumbs"

	maxPicture = 256 << 10 // bytes
	maxFile    = 64 << 20
)

var (
	// ErrForeign says that a file is none of ours.
	ErrForeign = errors.New("no file of thumbnails")
	// ErrFull says that an hour has more pictures than anybody can need.
	ErrFull = errors.New("an hour's thumbnails are as many as there may be")
)

// Disk is where the files are: what a record.Disk can do.
type Disk interface {
	Create(name string) (segment.File, error)
	Open(name string, write bool) (segment.File, int64, error)
	Remove(name string) error
}

// Picture is a small JPEG of a moment.
type Picture struct {
	Sequence uint64 // of the recording that it shows
	Moment   time.Time
	Data     []byte
}

// Sum tells a picture from others of the same moment.
func (p Picture) Sum() uint32 { return crc32.Checksum(p.Data, castagnoli) }

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Name gives the file in which the pictures of a recording are.
func Name(recording string) string { return path.Dir(recording) + suffix }

var names = regexp.MustCompile(`^(\d\d)\` + suffix + `$`)

// Shows gives the hour's folder whose recordings a file shows, by its name, which
// is that of a file of thumbnails if ok.
func Shows(name string) (folder string, ok bool) {
	m := names.FindStringSubmatch(name)
	if m == nil {
		return "", false
	}
	return m[1], true
}

// entry is a record in a file.
type entry struct {
	at       int64
	kept     bool
	length   int
	sequence uint64
	moment   int64
	sum      uint32
}

func (e entry) end() int64 { return e.at + headSize + int64(e.length) }

// walk gives the records of a file, and where what is whole ends.
func walk(r io.ReaderAt, size int64) (all []entry, end int64, err error) {
	var head [headSize]byte
	if size < int64(len(magic)) {
		return nil, 0, nil // it was just made
	}
	if _, err := r.ReadAt(head[:len(magic)], 0); err != nil {
		return nil, 0, err
	}
	switch string(head[:len(magic)]) {
	case magic:
	case string(make([]byte, len(magic))): // the machine lost its power meanwhile
		return nil, 0, nil
	default:
		return nil, 0, ErrForeign
	}
	size = min(size, maxFile)
	for end = int64(len(magic)); end+headSize <= size; end = all[len(all)-1].end() {
		if _, err := r.ReadAt(head[:], end); err != nil {
			return nil, 0, err
		}
		e, ok := readHead(head[:], end)
		if !ok || e.end() > size {
			break
		}
		all = append(all, e)
	}
	return all, end, nil
}

func readHead(b []byte, at int64) (e entry, ok bool) {
	word := binary.BigEndian.Uint32
	length, kind := word(b[4:]), string(b[:4])
	if kind != kept && kind != gone || length > maxPicture || crc32.Checksum(b[4:28], castagnoli) != word(b[28:]) {
		return e, false
	}
	return entry{
		at: at, kept: kind == kept, length: int(length), sequence: binary.BigEndian.Uint64(b[8:]),
		moment: int64(binary.BigEndian.Uint64(b[16:])), sum: word(b[24:]),
	}, true
}

// appendHead writes the head of a record.
func appendHead(b []byte, e entry) []byte {
	kind := gone
	if e.kept {
		kind = kept
	}
	b = append(b, kind...)
	from := len(b)
	b = binary.BigEndian.AppendUint32(b, uint32(e.length))
	b = binary.BigEndian.AppendUint64(b, e.sequence)
	b = binary.BigEndian.AppendUint64(b, uint64(e.moment))
	b = binary.BigEndian.AppendUint32(b, e.sum)
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b[from:], castagnoli))
}

// Append adds pictures to a file, which it makes where there is none.
func Append(d Disk, name string, pictures ...Picture) (err error) {
	f, size, err := d.Open(name, true)
	if errors.Is(err, fs.ErrNotExist) {
		size = 0
		f, err = d.Create(name)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, end, err := walk(f, size)
	if err != nil {
		return err
	}
	var b []byte
	if end == 0 {
		b = append(b, magic...)
	}
	for _, p := range pictures {
		if len(p.Data) > maxPicture {
			return fmt.Errorf("a thumbnail of %d bytes, of at most %d", len(p.Data), maxPicture)
		}
		b = appendHead(b, entry{kept: true, length: len(p.Data), sequence: p.Sequence, moment: p.Moment.Unix(), sum: p.Sum()})
		b = append(b, p.Data...)
	}
	if end+int64(len(b)) > maxFile {
		return ErrFull
	}
	if size > end {
		if err := f.Truncate(end); err != nil {
			return err
		}
	}
	if _, err := f.WriteAt(b, end); err != nil {
		return errors.Join(err, f.Truncate(end)) // or the next one does
	}
	return nil
}

// Read gives the picture of a moment of a recording. The error is fs.ErrNotExist
// where it is not kept, or not whole.
func Read(d Disk, name string, sequence uint64, moment time.Time) (p Picture, err error) {
	f, size, err := d.Open(name, false)
	if err != nil {
		return p, err
	}
	defer f.Close()
	all, _, err := walk(f, size)
	if err != nil {
		return p, err
	}
	for _, e := range slices.Backward(all) {
		if !e.kept || e.sequence != sequence || e.moment != moment.Unix() {
			continue
		}
		p = Picture{Sequence: sequence, Moment: moment, Data: make([]byte, e.length)}
		if _, err := f.ReadAt(p.Data, e.at+headSize); err != nil {
			return p, err
		}
		if p.Sum() == e.sum {
			return p, nil
		}
	}
	return Picture{}, &fs.PathError{Op: "thumbnail", Path: name, Err: fs.ErrNotExist}
}

// Erase takes the pictures of recordings out of a file, for good, and removes a
// file that has no others. A file that is not there is no error, and what was
// taken out may be so again.
func Erase(d Disk, name string, sequences ...uint64) error {
	return filter(d, name, func(sequence uint64) bool { return !slices.Contains(sequences, sequence) })
}

// Retain is Erase for the pictures of all recordings but these.
func Retain(d Disk, name string, sequences ...uint64) error {
	return filter(d, name, func(sequence uint64) bool { return slices.Contains(sequences, sequence) })
}

// filter keeps the pictures of these recordings.
func filter(d Disk, name string, keep func(sequence uint64) bool) error {
	f, size, err := d.Open(name, true)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	others, err := blank(f, size, keep)
	if err = errors.Join(err, f.Close()); err != nil || others {
		return err
	}
	if err := d.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// blank writes over the pictures of recordings that are not kept, and says if
// there are others.
func blank(f segment.File, size int64, keep func(sequence uint64) bool) (others bool, err error) {
	all, end, err := walk(f, size)
	if err != nil {
		return true, err
	}
	if size > end { // it may be of one of them
		if err := f.Truncate(end); err != nil {
			return true, err
		}
	}
	for _, e := range all {
		if keep(e.sequence) {
			others = others || e.kept
			continue
		}
		e.kept = false
		b := append(appendHead(nil, e), make([]byte, e.length)...)
		if _, err := f.WriteAt(b, e.at); err != nil {
			return true, err
		}
	}
	if !others {
		return false, nil
	}
	return true, f.Sync()
}

// Sequences gives the recordings of which a file has pictures.
func Sequences(d Disk, name string) (all []uint64, err error) {
	f, size, err := d.Open(name, false)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	entries, _, err := walk(f, size)
	for _, e := range entries {
		if e.kept {
			all = append(all, e.sequence)
		}
	}
	slices.Sort(all)
	return slices.Compact(all), err
}

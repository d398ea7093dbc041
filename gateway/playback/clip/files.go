package clip

import (
	"errors"
	"fmt"
	"io/fs"

	"framegate/gateway/media"
	"framegate/gateway/record/segment"
)

// What is kept open at most.
const (
	maxOpen    = 8
	maxEntries = 1 << 16 // of the tables of finished segments; one is kept whatever it has
)

// files are the open files of a clip, those used last first, and their tables. A
// file that grew at the time of the request stays open: it gets another name.
type files struct {
	opener Opener
	open   []opened
}

type opened struct {
	node    string // of the row
	path    string
	file    File
	table   segment.Table
	sound   *media.Format // of the second track; nil without one
	entries int
	stays   bool
}

// view gives a part with its table.
func (f *files) view(p *part) (*view, error) {
	file, err := f.get(p)
	if err != nil {
		return nil, err
	}
	v, err := look(p, file.table)
	if err == nil {
		v.soundFormat = file.sound
	}
	return v, err
}

// get gives the file of a part, and its table.
func (f *files) get(p *part) (opened, error) {
	for i, o := range f.open {
		if o.path == p.row.Path && o.node == p.row.Node {
			copy(f.open[1:i+1], f.open[:i])
			f.open[0] = o
			return o, nil
		}
	}
	o, err := f.read(p)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%w: %s was deleted", ErrChanged, p.row.Path)
		}
		return opened{}, err
	}
	f.open = append([]opened{o}, f.open...)
	f.trim()
	return o, nil
}

// read opens the file of a part.
func (f *files) read(p *part) (opened, error) {
	file, err := f.opener.Open(p.row)
	if err != nil {
		return opened{}, err
	}
	if p.growing != nil {
		return opened{node: p.row.Node, path: p.row.Path, file: file, table: p.growing.Table, sound: p.growing.Sound, stays: true}, nil
	}
	s, err := segment.Open(file, p.row.Bytes)
	if err != nil {
		_ = file.Close()
		return opened{}, fmt.Errorf("%s: %w", p.row.Path, err)
	}
	if s.Head.Sequence != p.row.Sequence {
		_ = file.Close()
		return opened{}, fmt.Errorf("%w: %s is another file", ErrChanged, p.row.Path)
	}
	o := opened{node: p.row.Node, path: p.row.Path, file: file, table: s.Table}
	if len(s.Formats) > 1 {
		o.sound = s.Formats[1]
	}
	for _, track := range s.Table.Entries {
		o.entries += len(track)
	}
	return o, nil
}

// trim closes what is too much.
func (f *files) trim() {
	kept, entries := f.open[:0], 0
	for i, o := range f.open {
		entries += o.entries
		if o.stays || i == 0 || len(kept) < maxOpen && entries <= maxEntries {
			kept = append(kept, o)
		} else {
			_ = o.file.Close()
		}
	}
	clear(f.open[len(kept):])
	f.open = kept
}

func (f *files) close() {
	for _, o := range f.open {
		_ = o.file.Close()
	}
	f.open = nil
}

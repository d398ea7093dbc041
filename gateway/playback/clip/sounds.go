package clip

import (
	"context"
	"errors"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/record/index"
	"framegate/gateway/record/segment"
)

// Sounds reads the sound that was recorded of a camera, for who makes files of their
// own of its pictures. It is not safe for concurrent use, and is to be closed.
type Sounds struct {
	// Format is that of the first sound from the beginning on, and of all that is
	// given; nil where there is none.
	Format *media.Format

	finder Finder
	camera string
	files  files
}

// errFound ends a search.
var errFound = errors.New("found")

// SoundsOf gives the sound of what was recorded of a camera from one time to another. Where
// there is none no file stays open.
func SoundsOf(ctx context.Context, finder Finder, opener Opener, camera string, from, to time.Time) (*Sounds, error) {
	s := &Sounds{finder: finder, camera: camera, files: files{opener: opener}}
	err := s.each(ctx, from, to, func(v *view) error {
		s.Format = v.soundFormat
		return errFound
	})
	if err != nil && !errors.Is(err, errFound) {
		s.Close()
		return nil, err
	}
	if s.Format == nil {
		s.Close()
	}
	return s, nil
}

// Close closes what is open.
func (s *Sounds) Close() { s.files.close() }

// Between calls use with each frame that begins in a stretch of time, in order. Its
// Wall is when that was.
func (s *Sounds) Between(ctx context.Context, from, to time.Time, use func(media.Frame) error) error {
	if s.Format == nil {
		return nil
	}
	return s.each(ctx, from, to, func(v *view) error {
		if string(v.soundFormat.Config) != string(s.Format.Config) {
			return nil
		}
		for _, e := range v.sounds {
			wall := v.wallAt(e.Decode - shown(v.all[0]))
			if wall.Before(from) || !wall.Before(to) || wall.Before(v.row.Since) || !v.row.Until.IsZero() && !wall.Before(v.row.Until) {
				continue
			}
			f, err := s.read(v, e)
			if err != nil {
				return err
			}
			f.Wall = wall
			if err := use(f); err != nil {
				return err
			}
		}
		return nil
	})
}

// read reads a frame.
func (s *Sounds) read(v *view, e segment.Entry) (media.Frame, error) {
	f := media.Frame{Key: true, Format: s.Format, Data: make([]byte, e.Size)}
	o, err := s.files.get(v.part)
	if err == nil {
		_, err = readFull(o.file, f.Data, e.At)
	}
	return f, err
}

// each calls with what has sound and has to do with a stretch of time, in order. Files
// that are gone have none.
func (s *Sounds) each(ctx context.Context, from, to time.Time, use func(*view) error) error {
	request := Request{Camera: s.camera, From: from, To: to}
	return eachPart(ctx, s.finder, entriesOf(s.finder), request, func(p part) error {
		if p.growing == nil && p.sound == nil && p.row.Sound != index.Unheard {
			return nil
		}
		v, err := s.files.view(&p)
		if errors.Is(err, ErrChanged) || err == nil && (v.soundFormat == nil || len(v.sounds) == 0) {
			return nil
		}
		if err == nil {
			err = use(v)
		}
		return err
	})
}

// Package tape is recordings for the tests of what plays them: real files, in a
// folder of the test's, without a database, or an index of very many; pictures to put
// on them, and a browser that looks.
//
// Nothing that a user runs imports it.
package tape

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/playback"
	"framegate/gateway/record/index"
	"framegate/gateway/record/segment"
)

// Tape is what was recorded of one camera. It is a playback.Recordings.
type Tape struct {
	t    testing.TB
	dir  string
	rows []index.Segment
}

// New makes a tape with nothing on it.
func New(t testing.TB) *Tape { return &Tape{t: t, dir: t.TempDir()} }

// Record writes pictures, in decode order, to a file of their own, the first of
// which was taken at start; each follows by PTS. It is called before anybody
// reads, and with the earliest first.
func (p *Tape) Record(start time.Time, frames []media.Frame) {
	p.t.Helper()
	p.RecordWith(start, frames, nil)
}

// RecordWith is Record with sound, whose PTS counts from the pictures' zero.
func (p *Tape) RecordWith(start time.Time, frames, sound []media.Frame) {
	p.t.Helper()
	name := start.Format("20060102T150405.000Z") + ".mp4"
	f, err := os.Create(filepath.Join(p.dir, name))
	p.check(err)
	defer f.Close()
	s, err := write(f, segment.Head{Camera: "front", Start: start}, frames, sound)
	p.check(err)
	p.rows = append(p.rows, index.Segment{ID: int64(len(p.rows) + 1), Camera: "front", Run: name, Path: name, Start: start, End: start.Add(s.Duration)})
}

func (p *Tape) check(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// Between is that of an index.
func (p *Tape) Between(_ context.Context, _ string, from, to time.Time, limit int) (found []index.Segment, err error) {
	for _, r := range p.rows {
		if r.End.After(from) && (to.IsZero() || r.Start.Before(to)) && len(found) < limit {
			found = append(found, r)
		}
	}
	return found, nil
}

// Growing gives nothing: all files are finished.
func (p *Tape) Growing(string) (playback.Growing, bool) { return playback.Growing{}, false }

// Open opens a file.
func (p *Tape) Open(row index.Segment) (playback.File, int64, error) {
	f, err := os.Open(filepath.Join(p.dir, row.Path))
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	return f, info.Size(), err
}

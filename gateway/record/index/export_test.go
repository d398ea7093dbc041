package index

import (
	"context"
	"fmt"
	"time"

	"framegate/gateway/record/index/aside"
)

// Path is where the database is.
func (x *Index) Path() string { return x.path }

// Fill enters n segments of some cameras, taking turns, in one transaction, with
// a hole after every per of them, which has a reason, and marks spread over them.
func Fill(x *Index, cameras, n, marks, per int, length, hole time.Duration, start time.Time) error {
	return x.write(context.Background(), "filling", func(w *writer) error {
		for i := range n {
			k := i / cameras // of this camera
			s := Segment{Camera: fmt.Sprint("cam-", i%cameras), Run: fmt.Sprintf("%032x", k/per), Sequence: uint64(k + 1), Bytes: 22 << 20, Rate: 1}
			s.Start = start.Add(time.Duration(k)*length + time.Duration(k/per)*hole)
			s.End = s.Start.Add(length)
			s.Path = fmt.Sprintf("%s/%s-%d.mp4", s.Camera, s.Start.Format("2006-01-02/15/20060102T150405.000Z"), s.Sequence)
			if _, err := w.addSegment(s, false); err != nil {
				return err
			}
			if k > 0 && k%per == 0 {
				if err := w.addGap(Gap{s.Camera, s.Start.Add(-hole), s.Start, "the camera was away"}); err != nil {
					return err
				}
			}
			if every := max(1, n/cameras/max(1, marks)); k%every == 0 {
				if _, err := w.addMark(Mark{Camera: s.Camera, Kind: "motion", Start: s.Start, End: s.End, Before: 5 * time.Second, Keep: k%1000 == 0}); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// Execute does to the database what nothing here would.
func Execute(x *Index, statement string) error {
	return x.write(context.Background(), "damaging", func(w *writer) error { return w.run(statement) })
}

// Limit keeps the database from growing beyond some pages more, as a full disk does.
func Limit(x *Index, more int) error {
	x.writer.turn <- struct{}{}
	defer func() { <-x.writer.turn }()
	if err := x.writer.connect(context.Background()); err != nil {
		return err
	}
	pages, err := readInt(x.writer.row("PRAGMA page_count"))
	if err != nil {
		return err
	}
	_, err = x.writer.conn.ExecContext(context.Background(), fmt.Sprintf("PRAGMA max_page_count = %d", int(pages)+more))
	return err
}

// AsideSteps are what Open does to move a damaged database aside.
func AsideSteps(path string) []func() error { return aside.Steps(path) }

// OpenFull is the rest of an Open on a disk that is full once the database is made,
// or some pages later.
func OpenFull(ctx context.Context, path string, pages int) error {
	x, err := openOrMake(ctx, path)
	if err != nil {
		return err
	}
	defer x.Close()
	if err := Limit(x, pages); err != nil {
		return err
	}
	return x.salvage(ctx)
}

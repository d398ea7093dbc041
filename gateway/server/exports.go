package server

import (
	"context"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"framegate/gateway/export"
	"framegate/gateway/metrics"
	"framegate/gateway/record/index"
)

// newExports makes what makes files of what was recorded. Nothing runs yet.
func (s *server) newExports() *export.Exports {
	c := cuttings{past{s}}
	return export.New(export.Options{
		Dir: filepath.Join(s.Config.Data, "exports"), Finder: c, Opener: c, Library: s.library(), Gaps: c.gaps,
		Ready: func() bool { return s.recordings.Look(func(*index.Index) error { return nil }) == nil },
		Spare: s.encoders.Spare, Free: s.freeForData, FFmpeg: s.settings().FFmpeg.Path,
		Version: s.Version, Changed: s.changed, Log: s.Log,
	})
}

// freeForData gives how many bytes are free where the data folder is.
func (s *server) freeForData() (int64, error) {
	var fs unix.Statfs_t
	if err := unix.Statfs(s.Config.Data, &fs); err != nil {
		return 0, err
	}
	return int64(fs.Bavail) * int64(fs.Bsize), nil
}

// gaps gives what is missing of a camera, and why.
func (c cuttings) gaps(ctx context.Context, camera string, from, to time.Time) (gaps []index.Gap, err error) {
	err = c.Look(func(x *index.Index) error {
		gaps, err = x.Gaps(ctx, camera, from, to)
		return err
	})
	return gaps, err
}

// exportMetrics is how exports are, for scrapes.
func (s *server) exportMetrics() metrics.Exports {
	stats := s.exports.Stats()
	e := metrics.Exports{Now: make(map[string]int), Ended: make(map[string]uint64), Bytes: stats.Bytes}
	for state, n := range stats.Jobs {
		e.Now[string(state)] = n
	}
	for state, n := range stats.Ended {
		e.Ended[string(state)] = n
	}
	return e
}

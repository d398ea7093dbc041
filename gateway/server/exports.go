package server

import (
	"context"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"framegate/gateway/export"
	"framegate/gateway/metrics"
	"framegate/gateway/record"
	"framegate/gateway/record/index"
)

// newExports makes what makes files of what was recorded. Nothing runs yet.
func (s *server) newExports() *export.Exports {
	c := cuttings{s}
	return export.New(export.Options{
		Dir: filepath.Join(s.Config.Data, "exports"), Finder: c, Opener: c, Library: s.library(), Gaps: c.gaps,
		Ready: func() bool {
			return !s.front.Draining() && s.hasPast()
		},
		Spare: s.encoders.Spare, Disk: s.dataDisk, FFmpeg: s.settings().FFmpeg.Path,
		Version: s.Version, Changed: s.changed, Log: s.Log,
	})
}

// noRoom is so little on a disk that a recording that ends for want of room does so for it.
const noRoom = 64 << 20

// dataDisk says how the disk of the data folder is. Where recordings are on it their
// retention makes room on it, and where that cannot, they come first.
func (s *server) dataDisk() (export.Disk, error) {
	var fs unix.Statfs_t
	if err := unix.Statfs(s.Config.Data, &fs); err != nil {
		return export.Disk{}, err
	}
	d := export.Disk{Free: int64(fs.Bavail) * int64(fs.Bsize), Total: int64(fs.Blocks) * int64(fs.Bsize)}
	if s.recordsOn(s.Config.Data) {
		full := func(r record.Status) bool { return r.State == record.Full }
		least := s.settings().Recordings.MinFree
		d.Coming = d.Free < least
		d.Wanted = d.Free < max(least, noRoom) && slices.ContainsFunc(s.recordings.Statuses(), full) // or it is a limit that is full
	}
	return d, nil
}

// recordsOn says whether recordings are on the disk of a folder.
func (s *server) recordsOn(folder string) bool {
	var here, there unix.Stat_t
	room := s.recordings.Room()
	return room.Volume != "" && unix.Stat(folder, &here) == nil && unix.Stat(room.Folder, &there) == nil && here.Dev == there.Dev
}

// gaps gives what is missing of a camera until now, and why.
func (c cuttings) gaps(ctx context.Context, camera string, from, to time.Time) ([]index.Gap, error) {
	g, goesOn := c.archive().Missing(camera) // first, so that one that ends meanwhile is in either
	gaps, err := c.archive().Gaps(ctx, camera, from, to)
	if goesOn {
		gaps = withMissing(gaps, g, from, to)
	}
	return gaps, err
}

// withMissing adds what lies within a stretch of time of a gap that goes on, which the
// index may know in part.
func withMissing(gaps []index.Gap, g index.Gap, from, to time.Time) []index.Gap {
	if n := len(gaps); n > 0 && g.From.Before(gaps[n-1].To) {
		g.From = gaps[n-1].To
	}
	if g.From.Before(from) {
		g.From = from
	}
	if g.To.After(to) {
		g.To = to
	}
	if g.From.Before(g.To) {
		gaps = append(gaps, g)
	}
	return gaps
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

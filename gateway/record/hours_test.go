package record_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
	"framegate/gateway/playback/tape"
	"framegate/gateway/record"
	"framegate/gateway/stream"
)

// TestHoursOfCamerasWhoseClocksAreWrong: what is recorded last is stamped to within a
// picture, of 25 a second, of the truth, and every recording lasts as long as it
// took.
func TestHoursOfCamerasWhoseClocksAreWrong(t *testing.T) {
	t.Parallel()
	if _, err := footage(); err != nil { // in real time
		t.Fatal(err)
	}
	const picture = time.Second / 25
	dir := t.TempDir()
	cameras := make(map[string]*camera)
	for id, ppm := range map[string]time.Duration{"fast": -300, "slow": 700} {
		cameras[id] = &camera{clip: footage, stamped: time.Second, apart: time.Second + ppm*time.Microsecond}
	}
	synctest.Test(t, func(t *testing.T) {
		g := start(t, dir, cameras, func(_ *record.Options, s *record.Settings, recorded []record.Camera) {
			s.Segment, s.Sync = 10*time.Minute, time.Hour
			for i := range recorded {
				recorded[i].Keep.MaxAge = 2 * time.Hour
			}
		})
		defer g.stop()
		for hour := range camtest.Long(2, 100) {
			time.Sleep(time.Hour)
			for id, c := range cameras {
				for sent := c.sent.Load(); c.sent.Load() == sent; { // until right after the next, when the last is written
					time.Sleep(time.Second / 100)
				}
				time.Sleep(950 * time.Millisecond)
				synctest.Wait()
				s := g.recorders.Status(id)
				if off := s.Newest.Sub(time.Unix(0, c.last.Load())); off.Abs() > picture || s.Gaps+s.Lost > 0 {
					t.Errorf("after hour %d the newest picture of %s is stamped %v off; the status is %+v", hour+1, id, off, s)
				}
				g.wantTrueLengths(id, c.apart, picture)
			}
		}
	})
}

// wantTrueLengths fails unless all that is there of a camera is of one run without a
// hole, and each recording lasts as long as its pictures took.
func (g *rig) wantTrueLengths(id string, apart, but time.Duration) {
	g.t.Helper()
	rows, err := g.recorders.Index().Between(g.t.Context(), id, time.Time{}, time.Time{}, 0)
	if err != nil || len(rows) < 5 {
		g.t.Fatalf("there are %d recordings of %s, %v", len(rows), id, err)
	}
	for i, row := range rows {
		took := time.Duration(row.Frames) * apart
		if (row.End.Sub(row.Start)-took).Abs() > but || row.Run != rows[0].Run || i > 0 && row.Start.Sub(rows[i-1].End).Abs() > but {
			g.t.Errorf("%s took %v, and is from %v to %v; the one before ends at %v", row.Path, took, row.Start, row.End, rows[max(i-1, 0)].End)
		}
	}
}

// hasty is a camera that sends at once what it has of the seconds before, as many
// do, and then what comes.
type hasty struct {
	frames []media.Frame
	first  int // so many
}

func (h hasty) Run(ctx context.Context, emit func(media.Frame)) error {
	for _, f := range h.frames[:h.first] {
		emit(f)
	}
	return (&reel{frames: h.frames[h.first:]}).Run(ctx, emit)
}

// TestBurstAtTheStartIsStampedAsOld as it is, by the first file as well: that a camera
// sends it at once makes no picture newer.
func TestBurstAtTheStartIsStampedAsOld(t *testing.T) {
	t.Parallel()
	const burst = 50 // five seconds, of one GOP
	frames := tape.Numbered(t, 0, 300, 64, 48, "-bf", "0", "-g", "60")
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		hub := stream.New(stream.Options{Resolve: func(stream.Key) (stream.Source, error) { return hasty{frames, burst}, nil }})
		defer hub.Close()
		r := record.New(record.Options{Hub: hub, Dir: filepath.Join(dir, "recordings"), Memory: filepath.Join(dir, "recordings.json")})
		r.Apply(record.Settings{Segment: 10 * time.Second, Buffer: 8 << 20}, []record.Camera{{ID: "front", Mode: record.ModeContinuous}})
		began := time.Now()
		r.Start(t.Context())
		defer r.Close()
		time.Sleep(29 * time.Second)
		rows, err := r.Index().Between(t.Context(), "front", time.Time{}, time.Time{}, 0)
		if err != nil || len(rows) == 0 {
			t.Fatalf("there are %d files, %v", len(rows), err)
		}
		first := rows[0]
		if off := first.Start.Sub(began.Add(-burst * time.Second / 10)); off < 0 || off > 300*time.Millisecond || first.Frames < burst {
			t.Errorf("the first of %d pictures is stamped %v after the beginning", first.Frames, first.Start.Sub(began))
		}
	})
}

// TestRunOf2036OnAFullDisk, as a clock that lost its battery stamps one: for want of
// room it goes when its turn comes by the order of writing, behind what was written
// before it and before what came after.
func TestRunOf2036OnAFullDisk(t *testing.T) {
	t.Parallel()
	dir := recordedFolder(t, 65*time.Second)
	session := func(after, long time.Duration, set func(*record.Options, *record.Settings, []record.Camera), look func(g *rig)) {
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(after)
			g := start(t, dir, map[string]*camera{"front": newCamera()}, set)
			defer g.stop()
			time.Sleep(long)
			look(g)
		})
	}
	of := func(when string) (n int) {
		for _, name := range files(t, dir, "*.mp4") {
			if strings.Contains(name, when) {
				n++
			}
		}
		return n
	}
	const years = 36*365*24*time.Hour + 30*24*time.Hour
	session(years, 65*time.Second, nil, func(*rig) {})
	first, second := of("/20000101T00"), of("/2036")
	if first < 6 || second < 6 {
		t.Fatalf("there are %d files and %d of 2036", first, second)
	}
	each := sizes(t, dir) / int64(first+second)
	session(time.Hour, 100*time.Second, func(o *record.Options, s *record.Settings, _ []record.Camera) {
		onSmall(o, each*int64(first+second+3))
		s.MinFree = 1
	}, func(g *rig) {
		s := g.recorders.Status("front")
		if s.State != record.Recording || s.Gaps+s.Lost > 0 || of("/20000101T01") != int(s.Segments) {
			t.Errorf("the status is %+v, and of it there are %d files", s, of("/20000101T01"))
		}
	})
	if before, of2036 := of("/20000101T00"), of("/2036"); before != 0 || of2036 == 0 || of2036 == second {
		t.Errorf("%d are left of %d that were written first, and of 2036 %d of %d", before, first, of2036, second)
	}
}

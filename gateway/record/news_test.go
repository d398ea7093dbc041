package record_test

import (
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/record"
)

// newspaper is all news that there was.
type newspaper struct {
	mu  sync.Mutex
	all []record.News
}

func (n *newspaper) add(news record.News) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.all = append(n.all, news)
}

// take gives those of a kind that came since the last time, and forgets all.
func (n *newspaper) take(kind record.NewsKind) (of []record.News) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, news := range n.all {
		if news.Kind == kind {
			of = append(of, news)
		}
	}
	n.all = nil
	return of
}

// TestNewsSayWhenAndWhy there is more, less, or a gap, also of what was found in the
// folder and of what is not there any more.
func TestNewsSayWhenAndWhy(t *testing.T) {
	var n newspaper
	told := func(o *record.Options, _ *record.Settings, _ []record.Camera) { o.Told = n.add }
	story(t, told, func(g *rig, c *camera) {
		began := time.Now()
		time.Sleep(35 * time.Second)
		rows, err := g.recorders.Index().Between(g.t.Context(), "front", time.Time{}, time.Time{}, 0)
		came := n.take(record.Came)
		if err != nil || len(came) != len(rows) || len(rows) < 3 {
			t.Fatalf("%d files came, %v; told %+v", len(rows), err, came)
		}
		for i, row := range rows {
			if want := (record.News{Kind: record.Came, Camera: "front", From: row.Start, To: row.End}); came[i] != want {
				t.Errorf("told %+v, want %+v", came[i], want)
			}
		}
		c.away.Store(true)
		time.Sleep(30 * time.Second)
		c.away.Store(false)
		g.expect("a gap", func() bool { return g.recorders.Status("front").Gaps == 1 })
		gap := *g.recorders.Status("front").LastGap
		if missed := n.take(record.Missed); len(missed) != 1 || missed[0].From.Sub(gap.From).Abs() > time.Millisecond || missed[0].To.Sub(gap.To).Abs() > time.Millisecond || missed[0].Reason != gap.Reason {
			t.Errorf("told of the gap %+v: %+v", gap, missed)
		}
		if _, err := g.recorders.Erase(g.t.Context(), "front", began, rows[1].Start.Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		if gone := n.take(record.Gone); len(gone) != 1 || !gone[0].From.Equal(rows[0].Start) || !gone[0].To.Equal(rows[1].End) {
			t.Errorf("told of what was deleted %+v", gone)
		}
		path, away := filepath.Join(g.dir, "recordings", rows[2].Path), filepath.Join(g.dir, "away")
		move := func(from, to string) {
			if err := os.Rename(from, to); err != nil {
				t.Fatal(err)
			}
			g.stop()
			*g = *start(g.t, g.dir, map[string]*camera{"front": c}, told)
			time.Sleep(3 * time.Second)
		}
		move(path, away)
		if gone := n.take(record.Gone); len(gone) != 1 || !gone[0].From.Equal(rows[2].Start) || gone[0].Reason != "lost" {
			t.Errorf("told of what was lost %+v", gone)
		}
		move(away, path)
		if came := n.take(record.Came); !slices.ContainsFunc(came, func(n record.News) bool { return n.From.Equal(rows[2].Start) }) {
			t.Errorf("told of what was found %+v", came)
		}
	})
}

// TestNewsOfWhatGoes of a camera that was removed before the server started.
func TestNewsOfWhatGoes(t *testing.T) {
	t.Parallel()
	dir := recordedFolder(t, 35*time.Second)
	var n newspaper
	synctest.Test(t, func(t *testing.T) {
		g := start(t, dir, map[string]*camera{"door": newCamera()}, func(o *record.Options, s *record.Settings, _ []record.Camera) {
			o.Told, s.MaxBytes = n.add, 1
		})
		defer g.stop()
		time.Sleep(90 * time.Second)
		gone := n.take(record.Gone)
		if len(gone) == 0 || gone[0].Camera != "front" || !gone[0].To.After(gone[0].From) || gone[0].Reason != "" {
			t.Errorf("told %+v", gone)
		}
	})
}

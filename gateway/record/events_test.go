package record_test

import (
	"testing"
	"time"

	"framegate/gateway/record"
	"framegate/gateway/record/index"
)

// TestEventsKeepWhatMarksReach while all is recorded: of the past, where the mark is
// made before that is gone, and up to now, while it is still open.
func TestEventsKeepWhatMarksReach(t *testing.T) {
	const plain, marked = 5 * time.Minute, 30 * time.Minute
	storyOf(t, newSlowCamera(), func(_ *record.Options, _ *record.Settings, c []record.Camera) {
		c[0].Mode, c[0].Keep = record.ModeEvents, record.Keep{MaxAge: plain, MarkedAge: marked}
	}, func(g *rig, _ *camera) {
		t := g.t
		mark := func(m index.Mark) (id int64) {
			t.Helper()
			m.Camera, m.Kind, m.Created = "front", "motion", time.Now()
			id, err := g.recorders.Index().AddMark(t.Context(), m)
			if err != nil {
				t.Fatal(err)
			}
			return id
		}
		// kept says what of a stretch is still there, and checks that the files are.
		kept := func(from, to time.Time) (whole, some bool) {
			t.Helper()
			rows, err := g.recorders.Index().Between(t.Context(), "front", from, to, 1000)
			if err != nil {
				t.Fatal(err)
			}
			whole, at := true, from
			for _, r := range rows {
				f, err := g.recorders.Open(r)
				if err != nil {
					t.Fatal(err)
				}
				f.Close()
				whole = whole && r.Start.Sub(at) <= time.Second
				at = r.End
			}
			return whole && to.Sub(at) <= time.Second, len(rows) > 0
		}
		want := func(what string, from, to time.Time, there bool) {
			t.Helper()
			if whole, some := kept(from, to); there && !whole || !there && some {
				t.Errorf("%s, after %v: whole %v, some %v", what, time.Since(from), whole, some)
			}
		}
		g.expect("a recording", func() bool { return g.recorders.Status("front").Segments > 0 })
		began := time.Now()
		time.Sleep(3 * time.Minute)
		past := began.Add(time.Minute)
		mark(index.Mark{Start: past, End: past.Add(10 * time.Second), Before: 10 * time.Second, After: 10 * time.Second})
		time.Sleep(time.Minute)
		open := time.Now()
		id := mark(index.Mark{Start: open})
		time.Sleep(plain + 2*time.Minute)
		want("what no mark reaches", began, past.Add(-30*time.Second), false)
		want("what a mark of the past reaches", past.Add(-10*time.Second), past.Add(20*time.Second), true)
		want("what comes between", past.Add(40*time.Second), open.Add(-30*time.Second), false)
		want("what an open mark reaches", open, time.Now().Add(-time.Minute), true)
		ended := time.Now()
		if err := g.recorders.Index().EndMark(t.Context(), id, ended); err != nil {
			t.Fatal(err)
		}
		time.Sleep(plain + 2*time.Minute)
		want("what a mark reached until it ended", open, ended, true)
		want("what comes behind it", ended.Add(30*time.Second), time.Now().Add(-plain-time.Minute), false)
		want("what is younger than that", time.Now().Add(-plain+time.Minute), time.Now().Add(-time.Minute), true)
		time.Sleep(marked)
		want("what was marked long ago", began, ended, false)
		if s := g.recorders.Status("front"); s.State != record.Recording {
			t.Errorf("%+v", s)
		}
	})
}

package archive

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"framegate/gateway/record/index"
)

// TestLyingNodeIsRefused and counted, whatever it answers, and what others say is
// shown.
func TestLyingNodeIsRefused(t *testing.T) {
	truth := index.Segment{ID: 1, Camera: front, Run: "r", Sequence: 1, Path: "front/x-1.mp4", Start: ten, End: ten.Add(time.Minute), Bytes: 10, Format: 1, Rate: 1}
	lie := func(change func(*index.Segment)) string {
		s := truth
		change(&s)
		b, err := json.Marshal([]index.Segment{s})
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	for name, said := range map[string]string{
		"no JSON":            "<html>",
		"a number":           "17",
		"another camera":     lie(func(s *index.Segment) { s.Camera = "back" }),
		"a path out of it":   lie(func(s *index.Segment) { s.Path = "front/../../etc/passwd" }),
		"an absolute path":   lie(func(s *index.Segment) { s.Path = "/etc/passwd" }),
		"another's path":     lie(func(s *index.Segment) { s.Path = "back/x-1.mp4" }),
		"another time":       lie(func(s *index.Segment) { s.Start, s.End = ten.Add(48*time.Hour), ten.Add(49*time.Hour) }),
		"a year":             lie(func(s *index.Segment) { s.End = s.Start.AddDate(1, 0, 0) }),
		"it ends before":     lie(func(s *index.Segment) { s.End = s.Start.Add(-time.Hour) }),
		"an ID of another":   lie(func(s *index.Segment) { s.ID = 1 << 40 }),
		"a format of others": lie(func(s *index.Segment) { s.Format = 1 << 40 }),
		"sound of others":    lie(func(s *index.Segment) { s.Sound = 1 << 40 }),
		"no ID":              lie(func(s *index.Segment) { s.ID = 0 }),
		"fewer than nothing": lie(func(s *index.Segment) { s.Bytes = -1 }),
		"no rate":            lie(func(s *index.Segment) { s.Rate = 0 }),
		"lost":               lie(func(s *index.Segment) { s.Lost = true }),
		"one twice":          strings.Repeat(strings.Trim(lie(func(*index.Segment) {}), "[]")+",", 2),
		"more than asked":    "[" + strings.Repeat(strings.Trim(lie(func(*index.Segment) {}), "[]")+",", 200) + "{}]",
		"endless":            "endless",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			y := newYard(t, "")
			y.node("a").record(t, 1, 1, ten, time.Minute)
			y.serve("b", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if said != "endless" {
					_, _ = w.Write([]byte(said))
					return
				}
				for r.Context().Err() == nil {
					if _, err := w.Write(make([]byte, 1<<20)); err != nil {
						return
					}
				}
			}))
			rows, err := y.all.Between(t.Context(), front, ten, ten.Add(time.Hour), 100)
			if err != nil || len(rows) != 1 || rows[0].Node != "a" {
				t.Errorf("%+v, %v", rows, err)
			}
			if y.all.Nonsense.Load() == 0 {
				t.Error("it is not counted")
			}
			if x := y.all.Absent(front, ten, ten.Add(time.Hour)); len(x) != 1 || x[0].Node != "b" || !x[0].From.Equal(ten) {
				t.Errorf("away is %v", x)
			}
			before := y.all.Questions.Load()
			if _, err := y.all.Between(t.Context(), front, ten, ten.Add(time.Hour), 100); err != nil || y.all.Questions.Load() != before+1 {
				t.Errorf("it is asked again at once, %v", err)
			}
		})
	}
}

// TestLyingNodeTakesNoMemory beyond what its bytes may be for.
func TestLyingNodeTakesNoMemory(t *testing.T) {
	said := []byte("[" + strings.Repeat("{},", maxAnswer/3-1) + "{}]")
	var rows []index.Segment
	var lists growing
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err1, err2 := read(said, &rows), read(append([]byte(`{"Entries":[`), append(bytes.ReplaceAll(said, []byte("{}"), []byte("[]")), "]}"...)...), &lists)
	runtime.ReadMemStats(&after)
	if !errors.Is(err1, ErrNonsense) || !errors.Is(err2, ErrNonsense) {
		t.Errorf("%v, %v", err1, err2)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > 10*maxAnswer {
		t.Errorf("%d bytes become %d", maxAnswer, took)
	}
}

// TestLyingNodeGivesNoOtherBytes than those that were asked for.
func TestLyingNodeGivesNoOtherBytes(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"all":          func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 1<<20)) },
		"another part": partial("bytes 5-1048580/9999999", 1<<20),
		"nothing":      partial("bytes 0-0/100", 0),
		"no size":      partial("bytes 0-9/*", 10),
		"less":         partial("bytes 0-9/10", 5),
		"elsewhere": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://127.0.0.1:1/", http.StatusFound)
		},
		"too much": partial("bytes 0-1048575/9999999", 1<<20),
		"endless": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Range", "bytes 0-262143/9999999")
			w.WriteHeader(http.StatusPartialContent)
			for err := error(nil); err == nil; {
				_, err = w.Write(make([]byte, 1<<20))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			y := newYard(t, "")
			y.serve("b", answer)
			if _, _, err := y.all.Open(index.Segment{Node: "b", Camera: front, Path: "front/x.mp4"}); !errors.Is(err, ErrNonsense) {
				t.Errorf("%v", err)
			}
			if y.all.Nonsense.Load() == 0 {
				t.Error("it is not counted")
			}
		})
	}
}

// partial answers so many bytes, and says which they are.
func partial(of string, length int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Range", of)
		w.WriteHeader(http.StatusPartialContent)
		_, _ = w.Write(make([]byte, length))
	}
}

// FuzzAnswer has a node say anything. What is taken must be what package index gives.
func FuzzAnswer(f *testing.F) {
	from, to := ten, ten.Add(24*time.Hour)
	row := index.Segment{ID: 1, Camera: front, Sequence: 1, Path: "front/x-1.mp4", Start: ten, End: ten.Add(time.Minute), Format: 1, Rate: 1}
	for _, seed := range []any{
		[]index.Segment{row}, []index.Span{{From: ten, To: to}}, []index.Gap{{From: ten, To: to, Reason: "why"}}, []index.Hour{{Start: ten, Segments: 1}},
		index.Timeline{From: from, To: to, Resolution: time.Minute, Spans: []index.Span{{From: ten, To: to}}, Flags: []index.Flag{{Kind: "motion", From: ten, Count: 1}}},
		map[string]index.Span{front: {From: ten, To: to}}, []string{"2026-11-20"},
		growing{Segment: row, Format: index.Format{Codec: "jpeg", Width: 64, Height: 32}, Timescale: 90000, Entries: [][][6]int64{{{0, 0, 10, 3000, 0, 1}}}},
	} {
		b, err := json.Marshal(seed)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte(`{"front":{"From":"2026-11-20T10:00:00Z","To":"9999-12-31T23:59:59-23:00"}}`)) // the year 10000 by UTC
	f.Fuzz(func(t *testing.T, said []byte) {
		var rows []index.Segment
		if read(said, &rows) == nil && checkRows(rows, front, from, to, 10) == nil {
			for _, r := range rows {
				if r.Check() != nil || r.Camera != front || !r.Start.Before(to) || !r.End.After(from) || r.Node != "" || strings.Contains(r.Path, "..") && !strings.HasPrefix(r.Path, front) {
					t.Errorf("taken: %+v", r)
				}
			}
			kept := index.Prefer(slices.Clone(rows), func(a, b index.Segment) int { return 0 })
			if len(kept) != len(rows) {
				t.Errorf("%d of %d rows of one node count", len(kept), len(rows))
			}
		}
		var line index.Timeline
		if read(said, &line) == nil && checkTimeline(line, from, to, time.Minute) == nil {
			for _, s := range index.JoinTimelines(front, nil, line, line).Spans {
				if !s.From.Before(s.To) || s.From.Before(from) || s.To.After(to) {
					t.Errorf("taken: %v", s)
				}
			}
		}
		var m growing
		if read(said, &m) == nil {
			if g, err := m.growing(front); err == nil && (g.Format == nil || len(g.Table.Entries[0]) == 0 || g.Segment.ID != 0) {
				t.Errorf("taken: %+v", g)
			}
		}
		var hours []index.Hour
		if read(said, &hours) == nil && checkHours(hours, from, to) == nil && len(hours) > 24*len(hours)+24 {
			t.Error("more hours than there are")
		}
		var extents map[string]index.Span
		if read(said, &extents) == nil && checkExtents(extents) == nil {
			for _, s := range extents {
				if _, err := json.Marshal(s.To.UTC()); !s.From.Before(s.To) || err != nil {
					t.Errorf("taken: %v, %v", s, err)
				}
			}
		}
	})
}

// FuzzQuestion has a node ask anything. What is understood is bounded.
func FuzzQuestion(f *testing.F) {
	f.Add("camera=front&from=2026-11-20T10:00:00Z&to=2026-11-20T11:00:00.5Z&limit=10&id=7&resolution=1m&zone=Europe/Berlin&path=front/x-1.mp4")
	f.Add("zone=Local")
	f.Add("limit=-1&id=99999999999999999999&zone=../../etc/passwd&resolution=-1h")
	f.Fuzz(func(t *testing.T, query string) {
		v, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		q, err := questionOf(v)
		if err != nil && !errors.Is(err, ErrNonsense) {
			t.Error(err)
		}
		if err == nil && (len(q.camera) > maxText || q.limit > index.MaxRows || q.zone == nil) {
			t.Errorf("understood: %+v", q)
		}
	})
}

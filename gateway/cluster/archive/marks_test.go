package archive

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"framegate/gateway/record/index"
)

// kept gives the marks that places have of their own.
func kept(t *testing.T, places ...*place) (all []string) {
	t.Helper()
	for _, p := range places {
		marks, err := p.Index.Marks(t.Context(), index.MarkFilter{Cameras: []string{front}})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range marks {
			all = append(all, fmt.Sprint(p.name, " ", m.Kind, " ", m.Note, " ", m.Keep, " ", string(m.Data)))
		}
	}
	return all
}

// TestMarksReachAllNodes which protect what they have, and are one wherever they are
// listed.
func TestMarksReachAllNodes(t *testing.T) {
	y := newYard(t, "")
	a, b := y.node("a"), y.node("b")
	for n, p := range []*place{a, b, y.own} {
		p.record(t, n+1, 1, ten.Add(time.Duration(n)*time.Minute), time.Minute)
	}
	m := index.Mark{Camera: front, Kind: "bookmark", Start: ten.Add(30 * time.Second), End: ten.Add(2*time.Minute + time.Second), Keep: true, Note: "first", By: "user:x", Owner: "x", Created: time.Now()}
	var err error
	if m.ID, err = y.all.AddMark(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(kept(t, a, b, y.own)), "[a bookmark first true  b bookmark first true  c bookmark first true ]"; got != want {
		t.Errorf("kept are %s, want %s", got, want)
	}
	for _, p := range []*place{a, b, y.own} {
		if totals, err := p.Totals(t.Context(), front); err != nil || totals.Protected != 1<<20 {
			t.Errorf("node %s protects %d bytes, %v", p.name, totals.Protected, err)
		}
	}
	line, err := y.all.Timeline(t.Context(), front, ten, ten.Add(time.Hour), time.Second)
	if err != nil || len(line.Flags) != 1 || line.Flags[0].Count != 1 || line.Flags[0].ID != m.ID {
		t.Errorf("flags %+v, %v", line.Flags, err)
	}
	changed, err := y.all.Mark(t.Context(), m.ID)
	if err != nil {
		t.Fatal(err)
	}
	changed.Note, changed.Keep, changed.Data = "second", false, json.RawMessage(`{"n":1}`)
	if err := y.all.UpdateMark(t.Context(), changed); err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(kept(t, a, b, y.own)), `[a bookmark second false {"n":1} b bookmark second false {"n":1} c bookmark second false {"n":1}]`; got != want {
		t.Errorf("kept are %s, want %s", got, want)
	}

	// One that node a alone has, as of before this one was there, and two more.
	alone := m
	alone.ID, alone.Created, alone.Note = 0, m.Created.Add(time.Hour), "alone"
	if _, err := a.Index.AddMark(t.Context(), alone); err != nil {
		t.Fatal(err)
	}
	later := m
	later.Start, later.Note, later.Keep = m.Start.Add(time.Second), "later", false
	if _, err := y.all.AddMark(t.Context(), later); err != nil {
		t.Fatal(err)
	}
	var pages []string
	var after index.Mark
	for {
		page, err := y.all.Marks(t.Context(), index.MarkFilter{Cameras: []string{front}, Limit: 1, After: after})
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 || len(pages) > 9 {
			break
		}
		after, pages = page[0], append(pages, page[0].Note)
		if page[0].Note == "alone" && page[0].ID < 1<<numberBits {
			t.Error("a mark of another node has an ID of this one")
		}
	}
	if fmt.Sprint(pages) != "[later alone second]" {
		t.Errorf("page by page are %q", pages)
	}
	all, err := y.all.Marks(t.Context(), index.MarkFilter{Cameras: []string{front}, Keep: true})
	if err != nil || len(all) != 1 {
		t.Fatalf("%+v, %v", all, err)
	}
	for _, id := range []int64{all[0].ID, m.ID} {
		if err := y.all.DeleteMark(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	if got := kept(t, a, b, y.own); len(got) != 3 || got[0] != "a bookmark later false " {
		t.Errorf("what is left are %q", got)
	}
	if err := y.all.DeleteMark(t.Context(), m.ID); !errors.Is(err, index.ErrUnknown) {
		t.Errorf("deleted again: %v", err)
	}
}

// TestWhatCannotBeProtectedIsSaid and nothing of it is left.
func TestWhatCannotBeProtectedIsSaid(t *testing.T) {
	y := newYard(t, "")
	a, b := y.node("a"), y.node("b")
	a.record(t, 1, 1, ten, time.Minute)
	y.all.Learn(t.Context())
	m := index.Mark{Camera: front, Kind: "keep", Start: ten, End: ten.Add(time.Second), Keep: true, Created: time.Now()}
	y.serve("a", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"Marks":[{}],"Protects":-1}`)) }))
	if _, err := y.all.AddMark(t.Context(), m); !errors.Is(err, ErrAway) {
		t.Errorf("protected by a node that lies: %v", err)
	}
	if y.all.Nonsense.Load() == 0 {
		t.Error("it is not counted")
	}
	if _, err := y.all.AddMark(t.Context(), m); !errors.Is(err, ErrAway) {
		t.Errorf("protected by a node that is away: %v", err)
	}
	if got := kept(t, b, y.own); len(got) > 0 {
		t.Errorf("left are %q", got)
	}
	m.Keep = false
	if _, err := y.all.AddMark(t.Context(), m); err != nil {
		t.Errorf("one that protects nothing: %v", err)
	}
}

// FuzzMarks has a node say anything of marks, and ask for anything.
func FuzzMarks(f *testing.F) {
	b, _ := json.Marshal(markAnswer{Marks: []index.Mark{{ID: 1, Camera: front, Kind: "motion", Start: ten, Data: json.RawMessage(`{}`)}}})
	f.Add(b)
	f.Fuzz(func(t *testing.T, said []byte) {
		var answer markAnswer
		q := markQuestion{What: "list", Filter: index.MarkFilter{Cameras: []string{front}, Limit: 10}}
		if read(said, &answer) != nil || checkMarks(answer, q) != nil {
			return
		}
		for _, m := range answer.Marks {
			if m.Check() != nil || m.Camera != front || m.ID < 1 || m.Data != nil && !json.Valid(m.Data) {
				t.Errorf("taken: %+v", m)
			}
		}
	})
}

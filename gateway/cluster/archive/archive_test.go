package archive

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/record/index"
	"framegate/gateway/record/segment"
)

// TestRecordingsOfAllNodesAreOne in time, with their formats and bytes.
func TestRecordingsOfAllNodesAreOne(t *testing.T) {
	y := newYard(t, "")
	a, b := y.node("a"), y.node("b")
	for n := range 10 {
		a.record(t, 1, n+1, ten.Add(time.Duration(n)*time.Minute), time.Minute)
		b.record(t, 2, n+1, ten.Add(10*time.Minute+2*time.Second+time.Duration(n)*time.Minute), time.Minute)
	}
	y.own.record(t, 3, 1, ten.Add(25*time.Hour), time.Minute)
	to := ten.Add(48 * time.Hour)

	line, err := y.all.Timeline(t.Context(), front, ten.Add(-time.Hour), to, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if want := [3]time.Time{ten, ten.Add(20*time.Minute + 2*time.Second), ten.Add(25 * time.Hour)}; len(line.Spans) != 2 ||
		line.Spans[0] != (index.Span{From: want[0], To: want[1]}) || line.Spans[1].From != want[2] || len(line.Gaps) > 0 {
		t.Errorf("the timeline is %v, gaps %v", line.Spans, line.Gaps)
	}
	spans, err := y.all.Spans(t.Context(), front, ten, to)
	if err != nil || len(spans) != 3 || !spans[0].To.Equal(ten.Add(10*time.Minute)) {
		t.Errorf("spans %v, %v", spans, err)
	}
	const moved = "the camera went from node a to node b"
	if gaps, err := y.all.Gaps(t.Context(), front, ten, to); err != nil || len(gaps) != 1 || gaps[0].Reason != moved || gaps[0].To.Sub(gaps[0].From) != 2*time.Second {
		t.Errorf("gaps %+v, %v", gaps, err)
	}
	if near, err := y.all.Timeline(t.Context(), front, ten, ten.Add(time.Hour), time.Second); err != nil || len(near.Spans) != 2 || len(near.Gaps) != 1 || near.Gaps[0].Reason != moved {
		t.Errorf("near by it is %+v, %v", near, err)
	}
	days, err := y.all.Days(t.Context(), front, time.UTC, ten.Add(-time.Hour), to)
	if err != nil || fmt.Sprint(days) != "[2026-11-20 2026-11-21]" {
		t.Errorf("days %v, %v", days, err)
	}
	for _, limit := range []int{1, 3, 21, 22} {
		rows, err := y.all.Between(t.Context(), front, ten, to, limit)
		if err != nil || len(rows) != min(limit, 21) {
			t.Fatalf("%d rows of %d, %v", len(rows), limit, err)
		}
		ids := make(map[int64]bool)
		for i, r := range rows {
			ids[r.ID] = true
			if i > 0 && r.Start.Before(rows[i-1].Start) || !r.Since.IsZero() || !r.Until.IsZero() {
				t.Errorf("row %d is %+v", i, r)
			}
		}
		if len(ids) != len(rows) {
			t.Error("an ID is of two rows")
		}
	}
	hours, err := y.all.Hours(t.Context(), front, ten, ten.Add(3*time.Hour))
	if err != nil || len(hours) != 2 || hours[0].Segments+hours[1].Segments != 20 {
		t.Errorf("hours %+v, %v", hours, err)
	}

	rows, err := y.all.Between(t.Context(), front, ten.Add(9*time.Minute+59*time.Second), ten.Add(10*time.Minute+3*time.Second), 10)
	if err != nil || len(rows) != 2 || rows[0].Node != "a" || rows[1].Node != "b" {
		t.Fatalf("over the border are %+v, %v", rows, err)
	}
	for _, r := range rows {
		if f, err := y.all.Format(t.Context(), r.Format); err != nil || f.Codec != "jpeg" || f.Width != 64 {
			t.Errorf("format %+v, %v", f, err)
		}
		file, size, err := y.all.Open(r)
		if err != nil {
			t.Fatal(err)
		}
		want := content(r.Node, r.Path)
		if got, err := io.ReadAll(io.NewSectionReader(file, 0, size)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes of %d, %v", len(got), len(want), err)
		}
		if n, err := file.ReadAt(make([]byte, 10), size-4); n != 4 || err != io.EOF {
			t.Errorf("at the end %d, %v", n, err)
		}
		file.Close()
		if _, err := file.ReadAt(make([]byte, 10), 0); err == nil {
			t.Error("a closed file is read")
		}
	}
	if _, err := y.all.Thumbnail(rows[0], ten); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a thumbnail that is not kept: %v", err)
	}
	a.change(func(p *place) { p.small = []byte("small") })
	if p, err := y.all.Thumbnail(rows[0], ten); err != nil || string(p.Data) != "small" {
		t.Errorf("%q, %v", p.Data, err)
	}
	if y.all.Away.Load() != 0 || y.doors["a"].Refused.Load() != 0 {
		t.Error("answers are taken for failures")
	}
	if _, err := y.all.Timeline(t.Context(), front, to, ten, 0); !errors.Is(err, index.ErrInvalid) {
		t.Errorf("a timeline backwards: %v", err)
	}
}

// TestHigherEpochCounts where two nodes recorded at the same time: nothing of it comes
// twice, and nothing is lost.
func TestHigherEpochCounts(t *testing.T) {
	y := newYard(t, "")
	a, b := y.node("a"), y.node("b")
	at := func(seconds int) time.Time { return ten.Add(time.Duration(seconds) * time.Second) }
	for n := range 5 {
		a.record(t, 7, n+1, at(60*n), time.Minute)
	}
	b.record(t, 8, 1, at(90), time.Minute) // to 150
	b.record(t, 8, 2, at(150), 45*time.Second)
	rows, err := y.all.Between(t.Context(), front, ten, at(1000), 100)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range rows {
		got = append(got, fmt.Sprintf("%s %v-%v", r.Node, r.From().Sub(ten).Seconds(), r.To().Sub(ten).Seconds()))
	}
	if want := "[a 0-60 a 60-90 b 90-150 b 150-195 a 195-240 a 240-300]"; strings.ReplaceAll(fmt.Sprint(got), "  ", " ") != want {
		t.Errorf("%v, want %v", got, want)
	}
	for limit := 1; limit < 7; limit++ { // however few are asked for
		if some, err := y.all.Between(t.Context(), front, at(125), at(1000), limit); err != nil || len(some) != min(limit, 4) {
			t.Errorf("%d rows of %d, %v", len(some), limit, err)
		}
	}
	if hours, err := y.all.Hours(t.Context(), front, ten, ten.Add(9*time.Hour)); err != nil || len(hours) > 0 {
		t.Errorf("sums of hours in which not all counts: %+v, %v", hours, err)
	}
}

// TestWhatNodesHaveIsWrittenDownOnceThatCanBe.
func TestWhatNodesHaveIsWrittenDownOnceThatCanBe(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "folder")
	k := openKnown(filepath.Join(folder, "recordings.json"), slog.New(slog.DiscardHandler))
	k.learn("a", map[string]index.Span{front: {From: ten, To: ten.Add(time.Hour)}})
	k.save() // the folder is not there yet
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	k.save()
	if spans := openKnown(k.path, k.log).of(front); len(spans) != 1 || !spans["a"].From.Equal(ten) {
		t.Errorf("written down is %v", spans)
	}
}

// TestNodeThatIsAwayIsSaid with what it may have, also after the one that is asked was
// started anew.
func TestNodeThatIsAwayIsSaid(t *testing.T) {
	memory := filepath.Join(t.TempDir(), "recordings.json")
	y := newYard(t, memory)
	a := y.node("a")
	for n := range 10 {
		a.record(t, 1, n+1, ten.Add(time.Duration(n)*time.Minute), time.Minute)
	}
	y.own.record(t, 2, 1, ten.Add(9*time.Minute), 5*time.Minute)
	y.all.Learn(t.Context())
	y.all.known.save()
	if x := y.all.Absent(front, ten, ten.Add(time.Hour)); len(x) > 0 {
		t.Fatalf("away is %v", x)
	}
	y.kill("a")
	for name, all := range map[string]*All{"asked before": y.all, "started anew": y.open(memory)} {
		t.Run(name, func(t *testing.T) {
			from := ten.Add(5 * time.Minute)
			if x := all.Absent(front, from, ten.Add(time.Hour)); len(x) != 1 || x[0] != (Absence{"a", from, ten.Add(10 * time.Minute)}) {
				t.Errorf("away is %v", x)
			}
			line, err := all.Timeline(t.Context(), front, from, ten.Add(time.Hour), time.Second)
			if err != nil || len(line.Spans) != 1 || len(line.Gaps) != 1 {
				t.Fatalf("%+v, %v", line, err)
			}
			if g := line.Gaps[0]; g.Reason != ReasonAway("a") || !g.From.Equal(from) || !g.To.Equal(ten.Add(9*time.Minute)) {
				t.Errorf("the gap is %+v", g)
			}
			gaps, err := all.Gaps(t.Context(), front, from, ten.Add(time.Hour))
			if err != nil || len(gaps) != 1 || gaps[0].Reason != ReasonAway("a") {
				t.Errorf("gaps %+v, %v", gaps, err)
			}
			if x := all.Absent(front, ten.Add(11*time.Minute), ten.Add(time.Hour)); len(x) > 0 {
				t.Errorf("away is %v of a time of which it has nothing", x)
			}
			if _, err := all.Erase(t.Context(), front, from, ten.Add(time.Hour)); !errors.Is(err, ErrAway) {
				t.Errorf("all is deleted without node a: %v", err)
			}
		})
	}
	rows := []index.Segment{{Node: "a", Camera: front, Path: "front/x.mp4"}}
	if _, _, err := y.all.Open(rows[0]); !errors.Is(err, ErrAway) {
		t.Errorf("opened at a node that is away: %v", err)
	}
	y.own.change(func(p *place) { p.wrong = errMissing })
	y.node("b")
	if x := y.all.Absent(front, ten, ten.Add(time.Hour)); len(x) != 2 || x[1].Node != "c" {
		t.Errorf("its own disk is away, and so are %v", x)
	}
	if line, err := y.all.Timeline(t.Context(), front, ten, ten.Add(time.Hour), time.Second); err != nil || len(line.Gaps) != 2 {
		t.Errorf("%+v, %v", line.Gaps, err)
	}
}

// TestChangesAtOtherNodesAreTold to who shows what there is.
func TestChangesAtOtherNodesAreTold(t *testing.T) {
	y := newYard(t, "")
	a := y.node("a")
	first := a.record(t, 1, 1, ten, time.Minute)
	var told []string
	y.all.options.Changed = func(camera string, more bool, from, to time.Time) {
		told = append(told, fmt.Sprint(camera, " ", more, " ", from.Sub(ten).Seconds(), "-", to.Sub(ten).Seconds()))
	}
	var before map[string]map[string]index.Span
	for _, step := range []struct {
		change func()
		want   string
	}{
		{func() {}, "[front true 0-60]"},
		{func() {}, "[]"},
		{func() { a.record(t, 1, 2, ten.Add(time.Minute), time.Minute) }, "[front true 60-120]"},
		{func() {
			if _, err := a.Delete(t.Context(), first.ID); err != nil {
				t.Fatal(err)
			}
		}, "[front false 0-60]"},
		{func() { y.kill("a") }, "[front false 60-120]"},
	} {
		step.change()
		told = nil
		y.all.Learn(t.Context())
		before = y.all.tell(before)
		if fmt.Sprint(told) != step.want {
			t.Errorf("told is %q, want %s", told, step.want)
		}
	}
}

func TestNodeWithoutRecordingsIsNotAway(t *testing.T) {
	y := newYard(t, "")
	y.node("a").record(t, 1, 1, ten, time.Minute)
	y.node("b").change(func(p *place) { p.wrong = errEmpty })
	y.own.change(func(p *place) { p.wrong = errEmpty })
	line, err := y.all.Timeline(t.Context(), front, ten, ten.Add(time.Hour), time.Second)
	if err != nil || len(line.Spans) != 1 || y.all.Away.Load() > 0 {
		t.Errorf("%+v, %v, away %d", line, err, y.all.Away.Load())
	}
}

// TestWhoKeepsNothingDoesNotSpeakForOthers: nothing is kept where all say so, and not where
// somebody does not answer, rests, or is gone with what it has.
func TestWhoKeepsNothingDoesNotSpeakForOthers(t *testing.T) {
	y := newYard(t, "")
	y.own.change(func(p *place) { p.wrong = errEmpty })
	a := y.node("a")
	ask := func(when string, want error) {
		t.Helper()
		if line, err := y.all.Timeline(t.Context(), front, ten, ten.Add(time.Hour), time.Second); !errors.Is(err, want) {
			t.Errorf("%s: %+v, %v, not %v", when, line, err, want)
		}
	}
	a.change(func(p *place) { p.wrong = errEmpty })
	ask("nobody keeps any", errEmpty)
	a.change(func(p *place) { p.wrong = errMissing })
	ask("the disk of a is away", errMissing)
	ask("a is not asked again at once", errMissing)
	a.change(func(p *place) { p.wrong = nil })
	a.record(t, 1, 1, ten, time.Minute)
	y.all.peer("a").until = time.Time{}
	y.all.Learn(t.Context())
	ask("a answers", nil)
	y.kill("a")
	ask("a is gone, which had some", errMissing)
}

func TestEraseReachesAllNodes(t *testing.T) {
	y := newYard(t, "")
	a, b := y.node("a"), y.node("b")
	gone, err := y.all.Erase(t.Context(), front, ten, ten.Add(time.Hour))
	if err != nil || gone.Segments != 3 || gone.Bytes != 30 || !gone.From.Equal(ten.Add(-time.Second)) || a.erasures()+b.erasures()+y.own.erasures() != 3 {
		t.Errorf("%+v, %v", gone, err)
	}
	for _, p := range []*place{a, b} { // what they made of the second before goes as well
		if len(p.withdrawn) != 1 || !p.withdrawn[0].From.Equal(ten.Add(-time.Second)) || !p.withdrawn[0].To.Equal(ten.Add(time.Hour)) {
			t.Errorf("%s has withdrawn %+v", p.name, p.withdrawn)
		}
	}
}

// TestWhatIsBeingWrittenIsSeen of the node that records the camera.
func TestWhatIsBeingWrittenIsSeen(t *testing.T) {
	y := newYard(t, "")
	a := y.node("a")
	if _, ok := y.all.Growing(front); ok {
		t.Error("something is written of a camera that nobody owns")
	}
	want := Growing{
		Segment: index.Segment{Camera: front, Run: "r", Sequence: 3, Path: "front/2026-11-20/10/x-3-e1.mp4", Start: ten, End: ten.Add(time.Second), Bytes: 100, Frames: 2, Keys: 1, Rate: 1},
		Format:  &media.Format{Codec: media.JPEG, Width: 64, Height: 32},
		Table:   segment.Table{Timescale: 90000, Entries: [][]segment.Entry{{{At: 10, Size: 20, Duration: 3000, Key: true}, {At: 30, Decode: 3000, Size: 20, Duration: 3000, Offset: -5}}}},
	}
	a.change(func(p *place) { p.growing = &want })
	y.owns("a")
	got, ok := y.all.Growing(front)
	if got.Segment.Node != "a" || got.Format.Width != 64 || fmt.Sprint(got.Table) != fmt.Sprint(want.Table) || !ok {
		t.Errorf("%+v", got)
	}
	if f, _, err := y.all.Open(got.Segment); err != nil {
		t.Error(err)
	} else {
		f.Close()
	}
}

// TestWhatIsBeingWrittenCounts where another node recorded at the same time, as one does
// that was stopped and goes on: not only once it has a row.
func TestWhatIsBeingWrittenCounts(t *testing.T) {
	y := newYard(t, "")
	a, b := y.node("a"), y.node("b")
	at := func(seconds int) time.Time { return ten.Add(time.Duration(seconds) * time.Second) }
	b.record(t, 7, 1, at(0), time.Minute)
	b.record(t, 7, 2, at(60), time.Minute) // to 120
	b.record(t, 7, 3, at(130), time.Second)
	a.change(func(p *place) {
		p.growing = &Growing{
			Segment: index.Segment{Camera: front, Run: "r", Sequence: 3, Path: "front/2026-11-20/10/x-3-e8.mp4", Start: at(90), End: at(150), Bytes: 100, Frames: 2, Keys: 1, Rate: 1},
			Format:  &media.Format{Codec: media.JPEG, Width: 64, Height: 32},
			Table:   segment.Table{Timescale: 90000, Entries: [][]segment.Entry{{{At: 10, Size: 20, Duration: 3000, Key: true}}}},
		}
	})
	y.owns("a")
	rows, err := y.all.Between(t.Context(), front, ten, at(1000), 100)
	if err != nil || len(rows) != 2 || !rows[0].To().Equal(at(60)) || !rows[1].To().Equal(at(90)) {
		t.Errorf("beside what is being written since 90: %+v, %v", rows, err)
	}
}

// TestDoorGivesOutRecordingsAlone whatever path is asked for, and to nodes alone.
func TestDoorGivesOutRecordingsAlone(t *testing.T) {
	y := newYard(t, "")
	a := y.node("a")
	row := a.record(t, 1, 1, ten, time.Minute)
	gone := a.record(t, 1, 404, ten.Add(time.Minute), time.Minute)
	client := http.Client{Transport: &http.Transport{TLSClientConfig: y.ids["b"].TLS("a"), DisableKeepAlives: true}}
	for _, c := range []struct {
		method, ask string
		status      int
	}{
		{"GET", "file?camera=front&path=" + row.Path, http.StatusOK},
		{"GET", "file?camera=back&path=" + row.Path, http.StatusNotFound},
		{"GET", "file?camera=front&path=" + gone.Path, http.StatusNotFound},
		{"GET", "file?camera=front&path=" + url.QueryEscape("front/../../../etc/passwd"), http.StatusNotFound},
		{"GET", "file?camera=front&path=/etc/passwd", http.StatusNotFound},
		{"GET", "file?camera=front&path=index.db", http.StatusNotFound},
		{"GET", "thumbnail?camera=front&path=index.db&moment=2026-11-20T10:00:00Z", http.StatusNotFound},
		{"GET", "passwords?camera=front", http.StatusBadRequest},
		{"GET", "between?camera=front&from=yesterday", http.StatusBadRequest},
		{"GET", "between?camera=front&limit=-1", http.StatusBadRequest},
		{"GET", "days?camera=front&zone=../../etc/passwd", http.StatusBadRequest},
		{"GET", "days?camera=front&zone=Local", http.StatusBadRequest},
		{"GET", "timeline?camera=front&resolution=x", http.StatusBadRequest},
		{"GET", "timeline?camera=front&from=2026-11-20T10:00:00Z&to=2026-11-20T09:00:00Z", http.StatusBadRequest},
		{"GET", "between?camera=" + strings.Repeat("x", 300), http.StatusBadRequest},
		{"POST", "erase?camera=front", http.StatusBadRequest},
		{"POST", "withdraw?camera=front", http.StatusBadRequest},
		{"GET", "erase?camera=front&from=2026-11-20T10:00:00Z&to=2026-11-20T11:00:00Z", http.StatusBadRequest},
	} {
		request, _ := http.NewRequest(c.method, "https://"+y.at["a"]+"/recordings/"+c.ask, nil)
		answer, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != c.status {
			t.Errorf("%s %s: %d, want %d", c.method, c.ask, answer.StatusCode, c.status)
		}
	}
	if n := y.doors["a"].Refused.Load(); n != 10 || a.erasures() > 0 || len(a.withdrawn) > 0 {
		t.Errorf("%d are refused, %d times something was erased", n, a.erasures())
	}
	stranger := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}}
	if answer, err := stranger.Get("https://" + y.at["a"] + "/recordings/file?camera=front&path=" + row.Path); err == nil {
		answer.Body.Close()
		t.Errorf("who is no node is answered %d", answer.StatusCode)
	}
}

// TestWhatCountsAgainstANode: neither that it has much to do, nor that it is of another version.
func TestWhatCountsAgainstANode(t *testing.T) {
	for status, c := range map[int]struct {
		is     error
		counts bool
	}{
		http.StatusTooManyRequests:    {ErrAway, false},
		http.StatusServiceUnavailable: {ErrAway, true},
		http.StatusMethodNotAllowed:   {errOlder, false},
		http.StatusNotFound:           {fs.ErrNotExist, false},
		http.StatusTeapot:             {ErrNonsense, true},
	} {
		err := statusError(&http.Response{StatusCode: status, Body: http.NoBody}, false)
		if !errors.Is(err, c.is) || (answered(err) != nil) != c.counts {
			t.Errorf("%d: %v, counts: %v", status, err, answered(err))
		}
	}
}

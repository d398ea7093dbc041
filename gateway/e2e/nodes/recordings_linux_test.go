package nodes

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/e2e/rig"
)

// pastOf is what a node knows of what was recorded of the camera front.
type pastOf struct {
	Spans []struct{ From, To time.Time }
	Gaps  []gapOf
	Away  []struct {
		Node     string
		From, To time.Time
	}
	Segments []struct {
		Start, End time.Time
		Node       string
		Frames     int
		Growing    bool
	}
}

// gapOf is a time of which nothing is there.
type gapOf struct {
	From, To time.Time
	Reason   string
}

// past asks a node for the last ten minutes.
func (n nodes) past(t *testing.T, name string) (p pastOf) {
	t.Helper()
	for _, what := range []string{"timeline", "segments"} {
		p.Away = nil
		if err := json.Unmarshal(n[name].Get(t, "/api/v1/cameras/front/"+what+"?from=-10m", rig.Credentials{}).Content, &p); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// does asks a node for something until no other is too slow to take part in it.
func (n nodes) does(t *testing.T, name, method, path string, body any, status int) {
	t.Helper()
	var b []byte
	if body != nil {
		var err error
		if b, err = json.Marshal(body); err != nil {
			t.Fatal(err)
		}
	}
	rig.Await(t, method+" "+path, func() bool {
		request, err := http.NewRequest(method, n[name].URL+path, bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		if answer.StatusCode != status && answer.StatusCode != http.StatusServiceUnavailable {
			said, _ := io.ReadAll(answer.Body)
			t.Fatalf("%s %s: %d %s", method, path, answer.StatusCode, said)
		}
		return answer.StatusCode == status
	})
}

// clip gives the numbers of the pictures in an MP4 of JPEGs, none where another node is
// too slow.
func (n nodes) clip(t *testing.T, name, path string) (numbers []int) {
	t.Helper()
	answer, err := http.Get(n[name].URL + path)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Logf("%s at node %s: %d %.100q, %v", path, name, answer.StatusCode, content, err)
		return nil
	}
	for i, b := range bytes.Split(content, []byte("\xFF\xD8\xFF")) {
		if i == 0 {
			continue // boxes
		}
		number, err := camtest.ReadJPEGNumber(append([]byte("\xFF\xD8\xFF"), b...))
		if err != nil {
			t.Fatalf("picture %d: %v", i, err)
		}
		numbers = append(numbers, number)
	}
	return numbers
}

// TestRecordingsOfAllNodesAreOne has the node killed that records, another record on,
// and a third asked: for what both have, while the first is gone, and when it is back.
func TestRecordingsOfAllNodesAreOne(t *testing.T) {
	t.Parallel()
	rig.Thorough(t)
	var begun atomic.Bool // once all nodes know whose the camera is: who is alone records it meanwhile
	serve := camtest.Counting(0)
	camera, err := camtest.NewHTTPCamera(func(c *camtest.HTTPConn) {
		if begun.Load() {
			serve(c)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(camera.Close)
	names := []string{"a", "b", "c"}
	cluster := startNodes(t, "{"+recorded(addressOf(camera))+"}", names...)
	first := cluster.owner(t, "front", names...)
	begun.Store(true)
	third := others(names, first)[0]
	long := func(p pastOf, after time.Time) bool {
		last := len(p.Spans) - 1
		return last >= 0 && p.Spans[last].From.After(after) && p.Spans[last].To.Sub(p.Spans[last].From) > 2*time.Second
	}
	rig.Await(t, "another node shows what is being recorded", func() bool {
		p := cluster.past(t, third)
		return long(p, time.Time{}) && p.Segments[0].Node == first && p.Segments[0].Growing
	})

	cluster[first].Kill()
	killed := time.Now()
	alive := others(names, first)
	if second := cluster.owner(t, "front", alive...); second == third {
		third = others(alive, second)[0]
		cluster.past(t, third)
	}
	var p pastOf
	rig.Await(t, "the third node shows what the second records", func() bool { p = cluster.past(t, third); return long(p, killed) })
	asked := others(names, first)[0] // which knew of what the first recorded
	rig.Await(t, "node "+first+" is said to be away", func() bool {
		p = cluster.past(t, asked)
		gap := slices.IndexFunc(p.Gaps, func(g gapOf) bool { return strings.Contains(g.Reason, "node "+first+" cannot be reached") }) // behind those of before the camera sent anything
		return len(p.Away) == 1 && p.Away[0].Node == first && len(p.Spans) > 0 && gap >= 0 && !p.Gaps[gap].To.After(p.Spans[len(p.Spans)-1].From)
	})
	if a := cluster[asked].Get(t, "/live/front/recording.mp4?from=-10m&to=now", rig.Credentials{}); !strings.HasPrefix(a.Header.Get("Framegate-Away"), first+" ") {
		t.Errorf("a clip without what node %s has says %q", first, a.Header)
	}

	cluster.restart(t, first, third)
	rig.Await(t, "what the first recorded is there again", func() bool {
		p = cluster.past(t, third)
		return len(p.Away) == 0 && len(p.Spans) == 2 && p.Segments[0].Node == first && !p.Segments[0].Growing
	})
	if hole := p.Spans[1].From.Sub(p.Spans[0].To); hole < 0 || len(p.Segments) < 2 {
		t.Errorf("%v between what both have: %+v", hole, p)
	}
	to := p.Spans[1].To
	frames, before := 0, 0
	for _, s := range p.Segments {
		if !s.Growing {
			frames += s.Frames
		}
		if s.Node == first && s.Start.Before(killed) {
			before += s.Frames
		}
	}
	stretch := url.Values{"from": {p.Spans[0].From.Format(time.RFC3339Nano)}, "to": {to.Format(time.RFC3339Nano)}}
	var numbers []int
	rig.Await(t, "a clip of what both have", func() bool {
		numbers = cluster.clip(t, third, "/live/front/recording.mp4?"+stretch.Encode())
		return len(numbers) >= max(frames, before+10)
	})
	// Where it ends is not the same for ever, since times of what is written are made better.
	agrees := func(got []int) bool {
		n := min(len(got), len(numbers))
		return n >= before+5 && slices.Equal(got[:n], numbers[:n])
	}
	if !slices.IsSorted(numbers) || len(slices.Compact(slices.Clone(numbers))) != len(numbers) || len(numbers) < frames || len(numbers) <= before {
		t.Fatalf("%d pictures, of which the first node has %d: %v", len(numbers), before, numbers)
	}
	if numbers[before-1]-numbers[0] != before-1 || numbers[before] == numbers[before-1]+1 {
		t.Errorf("of the first node are %v, of the second %v", numbers[:before], numbers[before:])
	}
	rig.Await(t, "the first, which hears of the others again, shows the same", func() bool {
		return agrees(cluster.clip(t, first, "/live/front/recording.mp4?"+stretch.Encode()))
	})

	var job struct{ ID, State, Error, URL string }
	ask := func(method, path string, body any, status int) {
		if err := json.Unmarshal(cluster[third].Call(t, method, path, body, rig.Credentials{}, status).Content, &job); err != nil {
			t.Fatal(err)
		}
	}
	rig.Await(t, "an export of what both have", func() bool {
		if job.ID == "" || job.State == "failed" {
			job.ID, job.State = "", ""
			ask(http.MethodPost, "/api/v1/exports", map[string]any{"camera": "front", "from": stretch.Get("from"), "to": stretch.Get("to")}, http.StatusCreated)
		}
		ask(http.MethodGet, "/api/v1/exports/"+job.ID, nil, http.StatusOK)
		return job.State == "done"
	})
	if exported := cluster.clip(t, third, job.URL); !agrees(exported) {
		t.Errorf("exported are %v", exported)
	}

	cluster.does(t, third, http.MethodPost, "/api/v1/cameras/front/events", map[string]any{"kind": "parcel", "start": stretch.Get("from"), "end": stretch.Get("to"), "keep": true}, http.StatusCreated)
	for _, name := range names {
		var list struct{ Marks []struct{ Kind string } }
		rig.Await(t, "the mark at node "+name, func() bool {
			err := json.Unmarshal(cluster[name].Get(t, "/api/v1/cameras/front/events", rig.Credentials{}).Content, &list)
			return err == nil && len(list.Marks) == 1 && list.Marks[0].Kind == "parcel"
		})
	}

	border := p.Spans[0].To.Add(-time.Second)
	v, err := camtest.Watch(t.Context(), cluster[third].URL+"/live/front/recording.mjpeg?from="+border.UTC().Format(time.RFC3339Nano), camtest.WatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	for played := numbers[0]; played < numbers[before]; {
		part, err := v.Next()
		if err != nil {
			t.Fatal(err)
		}
		number, err := part.Number()
		if err != nil || number < played {
			t.Fatalf("picture %d after %d, %v", number, played, err)
		}
		if played == numbers[0] && number > numbers[before-1] {
			t.Fatalf("it begins behind the border, with %d", number)
		}
		played = number
	}
	at := url.Values{"at": {border.Format(time.RFC3339Nano)}}
	if b := cluster[third].Get(t, "/live/front/recording.jpg?"+at.Encode(), rig.Credentials{}).Content; len(b) == 0 {
		t.Error("no picture of what the first recorded")
	} else if number, err := camtest.ReadJPEGNumber(b); err != nil || number > numbers[before-1] {
		t.Errorf("picture %d, %v", number, err)
	}

	erased := url.Values{"from": stretch["from"], "to": {p.Spans[0].To.Format(time.RFC3339Nano)}}
	cluster.does(t, third, http.MethodDelete, "/api/v1/cameras/front/recordings?"+erased.Encode(), nil, http.StatusOK)
	for _, name := range names {
		rig.Await(t, "node "+name+" shows nothing of what was deleted", func() bool {
			p := cluster.past(t, name)
			return len(p.Spans) > 0 && p.Spans[0].From.After(killed)
		})
	}
}

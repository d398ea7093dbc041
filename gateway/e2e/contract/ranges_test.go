package contract

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"framegate/gateway/e2e/rig"
	"framegate/gateway/playback/tape"
)

// twoRuns is a gateway that recorded two runs of the camera film, the second one in
// another size, a minute later: ten pictures a second, 1 to 60 and 101 to 160.
func twoRuns(t *testing.T) (s *rig.Server, first, second time.Time) {
	t.Helper()
	first = time.Date(2020, 11, 20, 12, 0, 0, 0, time.UTC)
	second = first.Add(66 * time.Second)
	folder := filepath.Join(t.TempDir(), "recordings")
	large, small := tape.Numbered(t, 1, 60, 160, 96, "-bf", "2"), tape.Numbered(t, 101, 60, 96, 64, "-bf", "0")
	tape.Folder(t, folder, "film", []tape.Stretch{{Start: first, Frames: large}, {Start: second, Frames: small}})
	s = rig.Start(t, fmt.Sprintf("recordings: {dir: %q}\ncameras: {film: {source: 'upload:', record: {mode: continuous}}}", folder))
	rig.Await(t, "the film to be known", func() bool {
		a := s.Get(t, filmOf(first, second.Add(time.Second), ""), rig.Credentials{})
		return a.StatusCode == http.StatusOK && a.Header.Get("X-Framegate-Next-Format") != ""
	})
	return s, first, second
}

// filmOf is the address of a clip of that camera.
func filmOf(from, to time.Time, how string) string {
	return fmt.Sprintf("/live/film/recording.mp4?from=%s&to=%s&%s", from.Format(time.RFC3339Nano), to.Format(time.RFC3339Nano), how)
}

// TestClipsOverRuns end with the right pictures, in the middle of runs that differ in
// size, and ranges of them, of every kind, are the same bytes.
func TestClipsOverRuns(t *testing.T) {
	t.Parallel()
	s, first, second := twoRuns(t)
	from, to := first.Add(2550*time.Millisecond), second.Add(1750*time.Millisecond)
	until := func(n, to int) (all []int) {
		for ; n <= to; n++ {
			all = append(all, n)
		}
		return all
	}
	for how, want := range map[string][]int{
		"start=keyframe": slices.Concat(until(21, 60), until(101, 118)),
		"start=exact":    slices.Concat(until(26, 60), until(101, 118)),
		"speed=2":        {21, 31, 41, 51, 101, 111},
	} {
		clip := s.URL + filmOf(from, to, how)
		answer, all := asked(t, http.MethodGet, clip)
		if next := answer.Header.Get("X-Framegate-Next-Format"); answer.StatusCode != http.StatusOK || next != second.Format(time.RFC3339Nano) {
			t.Errorf("%s: %s, and from %s on another format", how, answer.Status, next)
		}
		if got := numbersOf(t, all); !slices.Equal(got, want) {
			t.Errorf("%s: it shows %v, want %v", how, got, want)
		}
		testRanges(t, clip, answer.Header, all)
	}
}

// asked asks for what is at an address.
func asked(t *testing.T, method, address string, header ...string) (*http.Response, []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, b
}

// stretch is bytes from one to another, without that.
type stretch struct{ from, to int }

// testRanges asks for ranges of what is at an address, as clients do and as they
// should not, and compares them with all of it.
func testRanges(t *testing.T, address string, whole http.Header, all []byte) {
	t.Helper()
	n, etag := len(all), whole.Get("ETag")
	rest, none := []stretch{{0, n}}, []stretch{} // nil is what nobody understands
	many, ascending := []stretch(nil), "bytes="
	for at := 0; at+3 < n && len(many) < 100; at += n / 100 {
		many = append(many, stretch{at, at + 3})
		ascending += fmt.Sprintf("%d-%d,", at, at+2)
	}
	for _, ask := range []struct {
		header []string
		status int
		want   []stretch
	}{
		{[]string{"bytes=0-0"}, 206, []stretch{{0, 1}}},
		{[]string{"Bytes=5-9"}, 206, []stretch{{5, 10}}},
		{[]string{fmt.Sprintf("bytes=%d-", n-1)}, 206, []stretch{{n - 1, n}}},
		{[]string{fmt.Sprintf("bytes=7-%d", n+1000)}, 206, []stretch{{7, n}}},
		{[]string{"bytes=-7"}, 206, []stretch{{n - 7, n}}},
		{[]string{fmt.Sprintf("bytes=-%d", n+1)}, 206, rest},
		{[]string{"bytes=-99999999999"}, 206, rest},
		{[]string{"bytes=-0"}, 416, none},
		{[]string{"bytes=-000"}, 416, none},
		{[]string{fmt.Sprintf("bytes=%d-", n)}, 416, none},
		{[]string{fmt.Sprintf("bytes=%d-%d,-0", n+5, n+9)}, 416, none},
		{[]string{"bytes=9-5"}, 416, nil},
		{[]string{"bytes=0-4,9-5"}, 416, nil},
		{[]string{"bytes=5"}, 416, nil},
		{[]string{"bytes=a-b"}, 416, nil},
		{[]string{"bytes=--5"}, 416, nil},
		{[]string{"bytes=0x0-0x5"}, 416, nil},
		{[]string{"bytes=99999999999999999999-"}, 416, nil},
		{[]string{"bytes="}, 200, rest},
		{[]string{"bytes"}, 200, rest},
		{[]string{"seconds=1-2"}, 200, rest},
		{[]string{"items=0-4, bytes=0-4"}, 200, rest},
		{[]string{fmt.Sprintf("bytes=3-5, %d-, -0", n)}, 206, []stretch{{3, 6}}},
		{[]string{fmt.Sprintf("bytes=-4,%d-%d,100-199", n+1, n+2)}, 206, []stretch{{n - 4, n}, {100, 200}}},
		{[]string{"bytes=50-149 , 0-99,,\t10-10"}, 206, []stretch{{50, 150}, {0, 100}, {10, 11}}},
		{[]string{ascending}, 206, many},
		{[]string{"bytes=0-,0-,1-"}, 200, rest}, // more than there is
		{[]string{"bytes=4-8", "If-Range", etag}, 206, []stretch{{4, 9}}},
		{[]string{"bytes=4-8", "If-Range", `"another"`}, 200, rest},
		{[]string{"bytes=4-8", "If-Range", "W/" + etag}, 200, rest}, // which is none for ranges
		{[]string{"bytes=4-8", "If-Range", "Fri, 20 Nov 2020 12:00:00 GMT"}, 200, rest},
		{[]string{"bytes=4-8", "If-Range", "yesterday"}, 200, rest},
		{[]string{"bytes=9-5", "If-Range", `"another"`}, 200, rest},
		{[]string{"bytes=4-8", "If-Match", `"another"`}, 412, nil},
		{[]string{"bytes=4-8", "If-None-Match", etag}, 304, nil},
	} {
		header := append([]string{"Range"}, ask.header...)
		answer, b := asked(t, http.MethodGet, address, header...)
		what := fmt.Sprintf("%s, %.200q", address, header)
		if answer.StatusCode != ask.status {
			t.Errorf("%s: %s, want %d; Content-Range %q", what, answer.Status, ask.status, answer.Header.Get("Content-Range"))
			continue
		}
		if h := answer.Header; len(ask.want) > 0 && (h.Get("ETag") != etag || h.Get("Accept-Ranges") != "bytes" || answer.ContentLength != int64(len(b))) {
			t.Errorf("%s: %v", what, h)
		}
		switch ranges := answer.Header.Get("Content-Range"); {
		case ask.status == http.StatusOK && (ranges != "" || !bytes.Equal(b, all)):
			t.Errorf("%s: %d of %d bytes, %q", what, len(b), n, ranges)
		case ask.status == http.StatusRequestedRangeNotSatisfiable:
			if unsatisfiable := fmt.Sprintf("bytes */%d", n); ranges != unsatisfiable && (ask.want != nil || ranges != "") {
				t.Errorf("%s: %q", what, ranges)
			}
		case ask.status == http.StatusPartialContent:
			testParts(t, what, answer.Header, b, all, ask.want)
		}
		answer, b = asked(t, http.MethodHead, address, header...)
		ranged := ask.status != http.StatusPreconditionFailed && ask.status != http.StatusNotModified // which HEAD heeds not
		if ranged && (answer.StatusCode != http.StatusOK || answer.ContentLength != int64(n)) || !ranged && answer.StatusCode != ask.status || len(b) > 0 {
			t.Errorf("HEAD %s: %s, %d bytes", what, answer.Status, answer.ContentLength)
		}
	}
}

// testParts compares what came of ranges.
func testParts(t *testing.T, what string, header http.Header, b, all []byte, want []stretch) {
	t.Helper()
	place := func(s stretch) string { return fmt.Sprintf("bytes %d-%d/%d", s.from, s.to-1, len(all)) }
	if len(want) == 1 {
		if got := header.Get("Content-Range"); got != place(want[0]) || !bytes.Equal(b, all[want[0].from:want[0].to]) {
			t.Errorf("%s: %d bytes, %q, want %q", what, len(b), got, place(want[0]))
		}
		return
	}
	kind, parameters, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil || kind != "multipart/byteranges" {
		t.Errorf("%s: it is %s, %v", what, kind, err)
	}
	parts := multipart.NewReader(bytes.NewReader(b), parameters["boundary"])
	for _, s := range want {
		part, err := parts.NextPart()
		if err != nil {
			t.Errorf("%s: without %v: %v", what, s, err)
			return
		}
		got, err := io.ReadAll(part)
		if at := part.Header.Get("Content-Range"); err != nil || at != place(s) || !bytes.Equal(got, all[s.from:s.to]) || !strings.HasPrefix(part.Header.Get("Content-Type"), "video/mp4") {
			t.Errorf("%s: %d bytes, %v, want %q; %v", what, len(got), part.Header, place(s), err)
		}
	}
	if _, err := parts.NextPart(); err != io.EOF {
		t.Errorf("%s: more than was asked for: %v", what, err)
	}
}

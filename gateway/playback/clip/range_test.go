package clip

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/Eyevinn/mp4ff/mp4"
)

// get asks for a clip as package http serves what can be read at any place.
func get(c *Clip, method string, header ...string) *http.Response {
	r := httptest.NewRequest(method, "/", nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	w.Header().Set("ETag", c.ETag())
	w.Header().Set("Content-Type", "video/mp4")
	http.ServeContent(w, r, "", time.Time{}, c)
	return w.Result()
}

// TestRangesAreOfTheSameBytes whatever is asked for, and in whatever order.
func TestRangesAreOfTheSameBytes(t *testing.T) {
	t.Parallel()
	v, end := mixed(t)
	request := Request{From: after(1.5), To: end, Exact: true, Subtitles: time.UTC}
	all := whole(t, v.clip(t, request))
	c := v.clip(t, request)
	n := int64(len(all))
	ask := func(header string, from, to int64) {
		t.Helper()
		r := get(c, http.MethodGet, "Range", header)
		b, err := io.ReadAll(r.Body)
		if want := fmt.Sprintf("bytes %d-%d/%d", from, to-1, n); err != nil || r.StatusCode != http.StatusPartialContent || r.Header.Get("Content-Range") != want || !bytes.Equal(b, all[from:to]) {
			t.Fatalf("%s: %v, %s, %d bytes, want those from %d to %d; %v", header, r.Status, r.Header.Get("Content-Range"), len(b), from, to, err)
		}
	}
	ask("bytes=0-0", 0, 1)
	ask("bytes=-1", n-1, n)
	ask("bytes=0-", 0, n)
	ask(fmt.Sprintf("bytes=%d-%d", n-5, n+100), n-5, n)
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		from := random.Int64N(n)
		to := from + 1 + random.Int64N(min(n-from, 5000))
		ask(fmt.Sprintf("bytes=%d-%d", from, to-1), from, to)
	}
	for _, r := range c.layout.regions { // around each border
		for at := max(r.at-1, 0); at <= min(r.at+1, n-1); at++ {
			ask(fmt.Sprintf("bytes=%d-", at), at, n)
		}
	}
	if r := get(c, http.MethodGet, "Range", fmt.Sprintf("bytes=%d-", n)); r.StatusCode != http.StatusRequestedRangeNotSatisfiable {
		t.Errorf("behind the end: %v", r.Status)
	}
	if r := get(c, http.MethodHead); r.ContentLength != n || r.Header.Get("Accept-Ranges") != "bytes" {
		t.Errorf("HEAD: %d bytes", r.ContentLength)
	}
	if r := get(c, http.MethodGet, "Range", "bytes=5-9", "If-Range", c.ETag()); r.StatusCode != http.StatusPartialContent {
		t.Errorf("with its validator: %v", r.Status)
	}
	if r := get(c, http.MethodGet, "Range", "bytes=5-9", "If-Range", `"another"`); r.StatusCode != http.StatusOK || r.ContentLength != n {
		t.Errorf("with another validator: %v", r.Status)
	}
	if r := get(c, http.MethodGet, "If-None-Match", c.ETag()); r.StatusCode != http.StatusNotModified {
		t.Errorf("what is known already: %v", r.Status)
	}
}

// TestManyRangesAtOnce come as multipart/byteranges.
func TestManyRangesAtOnce(t *testing.T) {
	t.Parallel()
	v, end := mixed(t)
	c := v.clip(t, Request{From: noon, To: end})
	all := whole(t, c)
	r := get(c, http.MethodGet, "Range", fmt.Sprintf("bytes=%d-%d,0-99,50-149,-7", len(all)-400, len(all)-350))
	_, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || r.StatusCode != http.StatusPartialContent {
		t.Fatal(r.Status, err)
	}
	parts := multipart.NewReader(r.Body, parameters["boundary"])
	for _, want := range [][]byte{all[len(all)-400 : len(all)-349], all[:100], all[50:150], all[len(all)-7:]} {
		part, err := parts.NextPart()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(part); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes, %v", part.Header.Get("Content-Range"), len(got), err)
		}
	}
}

// TestLargeClips have offsets and sizes of eight bytes.
func TestLargeClips(t *testing.T) {
	t.Parallel()
	v := newVolume()
	end := noon
	for i := range 3 {
		end = v.record(t, end, 1, shuffled()[i*40:i*40+40])
	}
	v.rows[1].Bytes += 5 << 30 // what else a file has is in mdat, and no chunk is there
	c := v.clip(t, Request{From: noon, To: end})
	f, err := mp4.DecodeFile(c, mp4.WithDecodeMode(mp4.DecModeLazyMdat))
	if err != nil {
		t.Fatal(err)
	}
	if c.Size() < 5<<30 || f.Mdat.Size()+f.Mdat.StartPos != uint64(c.Size()) {
		t.Fatalf("%d bytes, with an mdat of %d", c.Size(), f.Mdat.Size())
	}
	for number, frame := range shuffled() {
		ranges, err := f.Moov.Trak.GetRangesForSampleInterval(uint32(number+1), uint32(number+1))
		if err != nil {
			t.Fatal(err)
		}
		got := make([]byte, ranges[0].Size)
		if _, err := c.Seek(int64(ranges[0].Offset), io.SeekStart); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, frame.Data) {
			t.Fatalf("sample %d, at %d, is another; %v", number, ranges[0].Offset, err)
		}
	}
}

package recording

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
	"framegate/gateway/playback/clip"
	"framegate/gateway/record/index"
	"framegate/gateway/record/segment"
	"framegate/gateway/stream"
)

var anna = stream.Client{Address: "192.0.2.1", Principal: "user:anna"}

// noon is when the recording of a test begins.
var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// shelf has ten seconds of one camera, which are still being written.
type shelf struct {
	file    memory
	rows    []index.Segment // of the same file
	growing clip.Growing
	open    atomic.Int64 // files
}

type memory struct{ b []byte }

func (m *memory) Sync() error               { return nil }
func (m *memory) Close() error              { return nil }
func (m *memory) Truncate(size int64) error { m.b = m.b[:size]; return nil }
func (m *memory) ReadAt(p []byte, at int64) (int, error) {
	return strings.NewReader(string(m.b)).ReadAt(p, at)
}
func (m *memory) WriteAt(p []byte, at int64) (int, error) {
	if more := int(at) + len(p) - len(m.b); more > 0 {
		m.b = append(m.b, make([]byte, more)...)
	}
	return copy(m.b[at:], p), nil
}

func newShelf(t *testing.T) *shelf {
	t.Helper()
	s := &shelf{}
	w := s.write(t)
	s.growing = clip.Growing{Format: stills, Table: w.Table(), Segment: index.Segment{
		Camera: "front", Path: "front/1.mp4", Sequence: 1, Rate: 1, Start: noon, End: noon.Add(10 * time.Second), Bytes: w.Size(),
	}}
	return s
}

var stills = &media.Format{Codec: media.JPEG, Width: 64, Height: 48}

// write writes the file.
func (s *shelf) write(t *testing.T) *segment.Writer {
	t.Helper()
	w, err := segment.Create(&s.file, segment.Head{Camera: "front", Sequence: 1, Start: noon}, []segment.Track{{Format: stills}}, 100)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		if err := w.Append([]segment.Sample{{Decode: int64(i) * 9000, Duration: 9000, Key: true, Data: camtest.PictureOfSize(i, 64, 48, 5000)}}); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

func (s *shelf) Between(_ context.Context, _ string, from, _ time.Time, _ int) (rows []index.Segment, err error) {
	for _, row := range s.rows {
		if row.End.After(from) {
			rows = append(rows, row)
		}
	}
	return rows, nil
}
func (s *shelf) Hours(context.Context, string, time.Time, time.Time) ([]index.Hour, error) {
	return nil, nil
}
func (s *shelf) Format(context.Context, int64) (index.Format, error) {
	return index.Format{ID: 1, Codec: "jpeg", Width: 64, Height: 48}, nil
}
func (s *shelf) Spans(context.Context, string, time.Time, time.Time) ([]index.Span, error) {
	return nil, nil
}
func (s *shelf) Growing(string) (clip.Growing, bool) { return s.growing, true }
func (s *shelf) Open(row index.Segment) (clip.File, error) {
	if s.file.b == nil {
		return nil, fs.ErrNotExist
	}
	s.open.Add(1)
	return &handed{File: &s.file, shelf: s}, nil
}

// handed is the file of a shelf that somebody has open.
type handed struct {
	clip.File
	shelf  *shelf
	closed atomic.Bool
}

func (h *handed) ReadAt(b []byte, at int64) (int, error) {
	if h.closed.Load() {
		return 0, fs.ErrClosed
	}
	return h.File.ReadAt(b, at)
}

func (h *handed) Close() error {
	if h.closed.Swap(true) {
		return fs.ErrClosed
	}
	h.shelf.open.Add(-1)
	return nil
}

// ask sends a query to a handler.
func ask(h *Handler, method, query string) (*http.Response, error) {
	w := httptest.NewRecorder()
	err := h.Serve(w, httptest.NewRequest(method, "/live/front/recording.mp4?"+query, nil), "front", anna)
	return w.Result(), err
}

const span = "from=2026-11-20T12:00:01Z&to=2026-11-20T13:00:05.5%2B01:00"

func TestClipIsNamedByItsTime(t *testing.T) {
	s := newShelf(t)
	h := New(Options{Finder: s, Opener: s, Zone: time.UTC})
	defer h.Close()
	for query, want := range map[string]string{
		span:                       "front_2026-11-20_12-00-01_to_12-00-05.mp4",
		span + "&tz=Europe/Berlin": "front_2026-11-20_13-00-01_to_13-00-05.mp4",
		span + "&tz=Asia/Kolkata":  "front_2026-11-20_17-30-01_to_17-30-05.mp4",
		"from=2020-01-01T00:00:00Z&to=2030-01-01T00:00:00Z":                       "front_2026-11-20_12-00-00_to_12-00-10.mp4",
		"from=2026-11-20T12:00:01Z&to=2026-11-20T12:00:05Z&tz=Pacific/Kiritimati": "front_2026-11-21_02-00-01_to_02-00-05.mp4",
	} {
		r, err := ask(h, http.MethodHead, query)
		if err != nil || r.StatusCode != http.StatusOK || r.Header.Get("Content-Disposition") != `attachment; filename="`+want+`"` {
			t.Errorf("%s: %v, %s", query, err, r.Header.Get("Content-Disposition"))
		}
		if r.Header.Get("Content-Type") != "video/mp4" || r.ContentLength < 1000 || r.Header.Get("ETag") == "" {
			t.Errorf("%s: %v", query, r.Header)
		}
	}
}

// TestAnswerSaysWhereAnotherFormatBegins as browsers stop there.
func TestAnswerSaysWhereAnotherFormatBegins(t *testing.T) {
	s := newShelf(t)
	row := s.growing.Segment
	row.ID, row.Format, row.Frames, row.Keys, row.Fragments = 1, 1, 100, 100, 100
	s.rows = []index.Segment{row}
	s.growing.Segment.Sequence, s.growing.Segment.Start, s.growing.Segment.End = 2, row.End, row.End.Add(10*time.Second)
	s.growing.Format = &media.Format{Codec: media.JPEG, Width: 96, Height: 64}
	h := New(Options{Finder: s, Opener: s})
	defer h.Close()
	for query, want := range map[string]string{
		"from=2026-11-20T12:00:01Z&to=2026-11-20T12:00:15Z": "2026-11-20T12:00:10Z",
		"from=2026-11-20T12:00:01Z&to=2026-11-20T12:00:09Z": "",
		"from=2026-11-20T12:00:10Z&to=2026-11-20T12:00:15Z": "",
	} {
		if r, err := ask(h, http.MethodHead, query); err != nil || r.Header.Get("X-Framegate-Next-Format") != want {
			t.Errorf("%s: %v, %v", query, err, r.Header)
		}
	}
}

func TestBadQueriesAreToldWhatToDo(t *testing.T) {
	s := newShelf(t)
	h := New(Options{Finder: s, Opener: s})
	defer h.Close()
	for query, want := range map[string]struct {
		err  error
		says string
	}{
		"":                                 {ErrBadQuery, "from must be a time such as"},
		"from=yesterday&to=now":            {ErrBadQuery, "from must be a time such as"},
		"from=2026-11-20T12:00:01Z":        {ErrBadQuery, "to must be a time such as"},
		"from=now&to=2026-11-20T12:00:01Z": {ErrBadQuery, "to must be later than from"},
		span + "&start=now":                {ErrBadQuery, "neither keyframe nor exact"},
		span + "&start=encode":             {ErrNotMade, "/api/v1/exports"},
		span + "&speed=60":                 {ErrNotMade, "/api/v1/exports, with speed"}, // of JPEGs
		span + "&subtitles=yes":            {ErrBadQuery, "subtitles can be 1"},
		span + "&subtitles=1&speed=60":     {ErrBadQuery, "a timelapse has no subtitles"},
		span + "&sound=on":                 {ErrBadQuery, "sound can be off"},
		span + "&speed=1.5":                {ErrBadQuery, "not a number from 2 to"},
		span + "&speed=NaN":                {ErrBadQuery, "not a number from 2 to"},
		span + "&speed=-3":                 {ErrBadQuery, "not a number from 2 to"},
		span + "&tz=../../etc/passwd":      {ErrBadQuery, "is no zone"},
		"from=2026-11-20T11:00:00Z&to=2026-11-20T12:00:00Z": {clip.ErrNothing, "nothing was recorded of front from 2026-11-20"},
	} {
		if r, err := ask(h, http.MethodGet, query); !errors.Is(err, want.err) || !strings.Contains(err.Error(), want.says) {
			t.Errorf("%s: %v, %s", query, err, r.Status)
		}
	}
	values, _ := url.ParseQuery("from=now&to=2026-11-20T12:00:01 01:00") // as a plus becomes
	if q, err := parse(values, time.UTC, noon.Add(-2*time.Hour)); err != nil || !q.From.Equal(noon.Add(-2*time.Hour)) || q.To.Hour() != 11 {
		t.Errorf("%v, %v", q, err)
	}
}

// TestDownloadsEnd with the handler, and with the permission, which is the context.
func TestDownloadsEnd(t *testing.T) {
	for name, end := range map[string]func(*Handler, context.CancelFunc){
		"the handler":    func(h *Handler, _ context.CancelFunc) { go h.Close() },
		"the permission": func(_ *Handler, cancel context.CancelFunc) { cancel() },
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newShelf(t)
			h := New(Options{Finder: s, Opener: s})
			defer h.Close()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			w := &slow{ResponseRecorder: httptest.NewRecorder(), next: make(chan struct{})}
			done := make(chan error, 1)
			go func() {
				done <- h.Serve(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "/?"+span, nil), "front", anna)
			}()
			w.next <- struct{}{}
			end(h, cancel)
			synctest.Wait()
			close(w.next)
			if err := <-done; err != nil {
				t.Errorf("%s: %v", name, err)
			}
			all, _ := io.ReadAll(w.Body)
			if whole, err := strconv.Atoi(w.Header().Get("Content-Length")); err != nil || len(all) == 0 || len(all) > whole/2 {
				t.Errorf("%s: %d of %d bytes were sent, %v", name, len(all), whole, err)
			}
		})
	}
}

// TestWhoeverLeavesHasNothingOpen also in the middle of several ranges, which
// net/http reads in a goroutine that it does not wait for.
func TestWhoeverLeavesHasNothingOpen(t *testing.T) {
	s := newShelf(t)
	h := New(Options{Finder: s, Opener: s})
	defer h.Close()
	var served atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer served.Add(1)
		if err := h.Serve(w, r, "front", anna); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
	}))
	defer server.Close()
	ranges := "bytes=0-0"
	for i := range 40 {
		ranges += fmt.Sprintf(",%d-%d", 5000*i, 5000*i+4000)
	}
	const all = 20
	for i := range all {
		ctx, cancel := context.WithCancel(t.Context())
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/?"+span, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Range", ranges)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if answer.StatusCode != http.StatusPartialContent {
			t.Errorf("status %d", answer.StatusCode)
		}
		_, _ = io.CopyN(io.Discard, answer.Body, int64(1000*i))
		cancel()
		answer.Body.Close()
	}
	for end := time.Now().Add(time.Minute); served.Load() < all || s.open.Load() > 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d of %d served, %d files open", served.Load(), all, s.open.Load())
		}
	}
}

// TestRangesOfThePresentNeedAValidator since it is another clip at each request:
// who goes on with a download would join two.
func TestRangesOfThePresentNeedAValidator(t *testing.T) {
	s := newShelf(t)
	h := New(Options{Finder: s, Opener: s})
	defer h.Close()
	get := func(query, validator string) *http.Response {
		r := httptest.NewRequest(http.MethodGet, "/?"+query, nil)
		r.Header.Set("Range", "bytes=1000-")
		if validator != "" {
			r.Header.Set("If-Range", validator)
		}
		w := httptest.NewRecorder()
		if err := h.Serve(w, r, "front", anna); err != nil {
			t.Fatal(err)
		}
		return w.Result()
	}
	if r := get(span, ""); r.StatusCode != http.StatusPartialContent {
		t.Errorf("a range of the past: %s", r.Status)
	}
	ago := func(t time.Time) string { return fmt.Sprintf("-%ds", int(time.Since(t).Seconds())) }
	if r := get("from="+ago(noon.Add(2*time.Second))+"&to="+ago(noon.Add(8*time.Second)), ""); r.StatusCode != http.StatusOK {
		t.Errorf("a range of what moves with the present: %s", r.Status)
	}
	present := "from=2026-11-20T12:00:01Z&to=now"
	r := get(present, "")
	if r.StatusCode != http.StatusOK {
		t.Errorf("a range of the present: %s", r.Status)
	}
	if r := get(present, r.Header.Get("ETag")); r.StatusCode != http.StatusPartialContent {
		t.Errorf("a range of the present with its validator: %s", r.Status)
	}
}

// TestOnlySoManyAreSentAtATime and who is one too many is told, and counted. No
// client has all places, parts of playlists too.
func TestOnlySoManyAreSentAtATime(t *testing.T) {
	s := newShelf(t)
	var hits []string
	h := New(Options{Finder: s, Opener: s, Limited: func(limit string) { hits = append(hits, limit) }})
	defer h.Close()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	var leaves []func()
	enter := func(client stream.Client) (err error) {
		_, leave, err := h.enter(httptest.NewRecorder(), r, client)
		if err == nil {
			leaves = append(leaves, leave)
		}
		return err
	}
	for enter(anna) == nil {
	}
	if len(leaves) != each {
		t.Errorf("%d are for one client", len(leaves))
	}
	for _, query := range []string{span, "segment=1&near=1795176000000000&first=0&last=50&origin=1795176000000000"} {
		if _, err := ask(h, http.MethodGet, query); !errors.Is(err, ErrBusy) {
			t.Errorf("%s: %v", query, err)
		}
	}
	for n := 0; enter(stream.Client{Principal: fmt.Sprint("user:", n)}) == nil; n++ {
	}
	if len(leaves) != MaxAtOnce || len(hits) != 4 || hits[0] != LimitClips {
		t.Errorf("%d are for all, hits %v", len(leaves), hits)
	}
	for _, leave := range leaves {
		leave()
	}
	if _, err := ask(h, http.MethodGet, span); err != nil {
		t.Error(err)
	}
}

// slow is a client that takes a write when it is told to.
type slow struct {
	*httptest.ResponseRecorder
	next chan struct{}
}

func (s *slow) Write(b []byte) (int, error) {
	<-s.next
	return s.ResponseRecorder.Write(b)
}

func (s *slow) SetWriteDeadline(time.Time) error { return nil }

// TestPlaylist says what there is, when it was taken, and where it does not go on.
func TestPlaylist(t *testing.T) {
	at := func(seconds float64) time.Time { return noon.Add(time.Duration(seconds * float64(time.Second))) }
	parts := &clip.Parts{From: at(1.5), Parts: []clip.Part{
		{Place: clip.Place{Sequence: 7, Near: noon, First: 10, Last: 50}, Begin: at(1), Origin: noon, Duration: 4 * time.Second, Break: true},
		{Place: clip.Place{Sequence: 8, Near: at(5), First: 0, Last: 30}, Begin: at(5), Origin: noon, Duration: 12500 * time.Millisecond},
		{Place: clip.Place{Sequence: 9, Near: at(60), First: 0, Last: 5}, Begin: at(60), Origin: at(42.5), Duration: time.Second, Format: 1, Break: true},
		{Place: clip.Place{Sequence: 10, Near: at(70), First: 0, Last: 5}, Begin: at(70), Origin: at(51.5), Duration: time.Second, Format: 1, Break: true},
	}}
	var q query
	q.Exact = true
	const want = `#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:13
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-START:TIME-OFFSET=0.500,PRECISE=YES
#EXT-X-MAP:URI="recording.mp4?init&exp=5&first=10&last=50&near=1795176000000000&origin=1795176000000000&segment=7&sig=x"
#EXT-X-PROGRAM-DATE-TIME:2026-11-20T12:00:01.000Z
#EXTINF:4.00000,
recording.mp4?exp=5&first=10&last=50&near=1795176000000000&origin=1795176000000000&segment=7&sig=x
#EXTINF:12.50000,
recording.mp4?exp=5&first=0&last=30&near=1795176005000000&origin=1795176000000000&segment=8&sig=x
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI="recording.mp4?init&exp=5&first=0&last=5&near=1795176060000000&origin=1795176042500000&segment=9&sig=x"
#EXT-X-PROGRAM-DATE-TIME:2026-11-20T12:01:00.000Z
#EXTINF:1.00000,
recording.mp4?exp=5&first=0&last=5&near=1795176060000000&origin=1795176042500000&segment=9&sig=x
#EXT-X-DISCONTINUITY
#EXT-X-PROGRAM-DATE-TIME:2026-11-20T12:01:10.000Z
#EXTINF:1.00000,
recording.mp4?exp=5&first=0&last=5&near=1795176070000000&origin=1795176051500000&segment=10&sig=x
#EXT-X-ENDLIST
`
	signed := permission(url.Values{"exp": {"5"}, "sig": {"x"}, "from": {"now"}})
	if got := playlist(parts, q, true, signed); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	if got := playlist(parts, q, false, nil); !strings.Contains(got, "#EXT-X-PLAYLIST-TYPE:EVENT\n") || strings.Contains(got, "ENDLIST") {
		t.Errorf("one that goes on:\n%s", got)
	}
	joined := q
	joined.joined = joins("VLC/3.0.20 LibVLC/3.0.20")
	inner := "&sig=x\n#EXT-X-DISCONTINUITY\n#EXT-X-PROGRAM" // not before another format
	if got := playlist(parts, joined, true, signed); got != strings.Replace(want, inner, strings.Replace(inner, "#EXT-X-DISCONTINUITY\n", "", 1), 1) {
		t.Errorf("for VLC:\n%s", got)
	}
	if f, err := soundOf(nil); f != nil || err != nil {
		t.Errorf("of parts without sound: %v, %v", f, err)
	}
	parts.Sound = &media.Format{Codec: media.AAC, Config: []byte{0x11, 0x88}}
	if got := playlist(parts, q, true, signed); got != strings.ReplaceAll(want, "&sig=x", "&sig=x&sound=1188") {
		t.Errorf("with sound:\n%s", got)
	}
	values, _ := url.ParseQuery(placeValues(parts.Parts[1].Place, noon, parts.Sound, nil))
	if f, err := soundOf(values); err != nil || f.Rate != 48000 || string(f.Config) != string(parts.Sound.Config) {
		t.Errorf("the sound of parts is %+v, %v", f, err)
	}
	if p, start, err := place(values); err != nil || !start.Equal(noon) || !p.Near.Equal(at(5)) || p.Sequence != 8 || p.First != 0 || p.Last != 30 {
		t.Errorf("%+v, %v, %v", p, start, err)
	}
}

// TestPlaylistStaysWhereItBegan while it is asked for again.
func TestPlaylistStaysWhereItBegan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := New(Options{Finder: newShelf(t)})
		defer h.Close()
		w := httptest.NewRecorder()
		err := h.ServePlaylist(w, httptest.NewRequest(http.MethodGet, "/cams/live/front/recording.m3u8?from=-30m&to=now&sig=x", nil), "front", anna)
		if want := "?from=1999-12-31T23%3A30%3A00Z&sig=x&to=now"; err != nil || w.Code != http.StatusTemporaryRedirect || w.Header().Get("Location") != want {
			t.Errorf("%d to %s, %v", w.Code, w.Header().Get("Location"), err)
		}
	})
}

// TestPlaylistRefuses what does not go into one, in words.
func TestPlaylistRefuses(t *testing.T) {
	s := newShelf(t)
	h := New(Options{Finder: s, Opener: s})
	defer h.Close()
	for query, want := range map[string]error{
		span:                  ErrNotMade, // JPEGs
		span + "&speed=4":     ErrBadQuery,
		span + "&subtitles=1": ErrBadQuery,
		"from=now":            ErrBadQuery,
	} {
		if err := h.ServePlaylist(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/?"+query, nil), "front", anna); !errors.Is(err, want) {
			t.Errorf("%s: %v", query, err)
		}
	}
	for _, query := range []string{"segment=1", "segment=-1&near=0&first=0&last=1&origin=0", "segment=x&near=0&first=0&last=1&origin=0"} {
		if _, err := ask(h, http.MethodGet, query); !errors.Is(err, ErrBadQuery) {
			t.Errorf("%s: %v", query, err)
		}
	}
	for _, sound := range []string{"aac", "00", strings.Repeat("11", 1000)} {
		if _, err := ask(h, http.MethodGet, "segment=2&near=0&first=0&last=1&origin=0&sound="+sound); !errors.Is(err, ErrBadQuery) {
			t.Errorf("sound %.9s: %v", sound, err)
		}
	}
	if _, err := ask(h, http.MethodGet, "segment=2&near=0&first=0&last=1&origin=0"); !errors.Is(err, clip.ErrNothing) {
		t.Errorf("a segment that is not there: %v", err)
	}
}

// TestWhoPlaysAPlaylistIsOneViewer until it has asked for nothing for a while; whoever
// is ended gets nothing for as long.
func TestWhoPlaysAPlaylistIsOneViewer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, audience := newShelf(t), stream.NewAudience()
		h := New(Options{Finder: s, Opener: s, Audience: audience})
		defer h.Close()
		part := func(client stream.Client) (context.Context, error) {
			ctx, leave, err := h.play(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil), "front", client)
			if err == nil {
				time.AfterFunc(away/2, leave)
			}
			return ctx, err
		}
		for range 4 {
			if _, err := part(anna); err != nil {
				t.Fatal(err)
			}
			time.Sleep(away)
			all := audience.Watchers()
			if len(all) != 1 || all[0].Form != "hls" || !all[0].Past || all[0].Key.Camera != "front" || all[0].Principal != anna.Principal || time.Since(all[0].Since) < away {
				t.Fatalf("%+v", all)
			}
		}
		time.Sleep(away)
		synctest.Wait()
		if all := audience.Watchers(); len(all) != 0 {
			t.Fatalf("%+v are left", all)
		}
		asked, err := part(anna)
		if err != nil {
			t.Fatal(err)
		}
		audience.EndViewer(audience.Watchers()[0].ID)
		synctest.Wait()
		if _, err := part(anna); !errors.Is(err, stream.ErrEnded) || asked.Err() == nil || len(audience.Watchers()) != 0 {
			t.Errorf("whoever was ended gets %v, %v", err, asked.Err())
		}
		if _, err := part(stream.Client{Address: anna.Address, Principal: "user:ben"}); err != nil {
			t.Errorf("somebody else: %v", err)
		}
		time.Sleep(2 * away)
		synctest.Wait()
		if _, err := part(anna); err != nil {
			t.Errorf("later: %v", err)
		}
		for n := 0; err == nil; n++ {
			_, err = part(stream.Client{Principal: fmt.Sprint("user:", n)})
		}
		if !errors.Is(err, ErrBusy) {
			t.Error(err)
		}
	})
}

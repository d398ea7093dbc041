package moment

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/jpeg"
	"log/slog"
	"net/http/httptest"
	"os/exec"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"framegate/gateway/camtest"
	"framegate/gateway/delivery"
	"framegate/gateway/media"
	"framegate/gateway/playback"
	"framegate/gateway/playback/tape"
	"framegate/gateway/record/index"
	"framegate/gateway/record/segment"
	"framegate/gateway/rendition"
	"framegate/gateway/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	fps = 25
	gop = 25
)

// noon is when recording begins.
var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func taken(n int) time.Time { return noon.Add(time.Duration(n) * time.Second / fps) }

// jpegs are numbered pictures.
func jpegs(t *testing.T, count int) (frames []media.Frame) {
	t.Helper()
	var format *media.Format
	for n := range count {
		f, err := media.JPEGFrame(camtest.Picture(n, 160, 96), format)
		if err != nil {
			t.Fatal(err)
		}
		f.PTS, format = time.Duration(n)*time.Second/fps, f.Format
		frames = append(frames, f)
	}
	return frames
}

// h264 is the same, encoded, with two B-frames between others if so wanted.
func h264(t *testing.T, count, between int) (frames []media.Frame) {
	t.Helper()
	var in bytes.Buffer
	for _, f := range jpegs(t, count) {
		in.Write(f.Data)
	}
	ffmpeg := exec.Command("ffmpeg", "-nostdin", "-loglevel", "error", "-f", "image2pipe", "-framerate", strconv.Itoa(fps), "-c:v", "mjpeg", "-i", "pipe:0",
		"-c:v", "libx264", "-preset", "superfast", "-pix_fmt", "yuv420p", "-g", strconv.Itoa(gop), "-bf", strconv.Itoa(between), "-b_strategy", "0",
		"-sc_threshold", "0", "-x264-params", "aud=1:b-pyramid=none", "-f", "h264", "pipe:1")
	ffmpeg.Stdin = &in
	out, err := ffmpeg.Output()
	if err != nil {
		t.Fatal(err)
	}
	var framer media.H264Framer
	for unit := range bytes.SplitSeq(out, []byte{0, 0, 0, 1, 9}) {
		if len(unit) == 0 {
			continue
		}
		unit = bytes.ReplaceAll(append([]byte{9}, unit...), []byte{0, 0, 0, 1}, []byte{0, 0, 1})
		f, ok, err := framer.Frame(bytes.Split(unit, []byte{0, 0, 1}))
		if err != nil || !ok {
			t.Fatalf("picture %d: %v", len(frames), err)
		}
		f.PTS = time.Duration(shown(len(frames), between)) * time.Second / fps
		frames = append(frames, f)
	}
	return frames
}

// h265 is the same by libx265, with parameters of it.
func h265(t *testing.T, count int, params string) []media.Frame {
	t.Helper()
	params = fmt.Sprintf("log-level=none:keyint=%d:min-keyint=%[1]d:scenecut=0:%s", gop, params)
	frames := tape.Numbered(t, 0, count, 160, 96, "-c:v", "libx265", "-preset", "ultrafast", "-tag:v", "hvc1", "-x265-params", params)
	first := frames[0].PTS
	for i := range frames {
		frames[i].PTS = (frames[i].PTS - first) * 10 / fps // it gives ten a second
	}
	return frames
}

// shown gives the place of the picture that is decoded n-th, of closed GOPs in
// the order I0 P3 B1 B2 P6 and so on.
func shown(n, between int) int {
	place := n % gop
	switch {
	case between == 0 || place == 0:
		return n
	case place%(between+1) == 1:
		return n + between
	}
	return n - 1
}

// gallery is a handler of a tape.
func gallery(p *tape.Tape) *Handler {
	slots := rendition.NewSlots(2, 10)
	return New(Options{
		Library: &playback.Library{Recordings: p},
		Still: func(ctx context.Context, k stream.Key, p *playback.Picture) (media.Frame, error) {
			request, _ := rendition.ParseKey(k.Rendition)
			return rendition.Still(ctx, rendition.StillOptions{Camera: k.Camera, Request: request, Format: p.Format, Wall: p.Wall, Slots: slots}, p.Each)
		},
		Log: slog.New(slog.DiscardHandler),
	})
}

// ask asks for a picture, as it was recorded, or with JPEGs of a size.
func ask(h *Handler, query, size string, header ...string) (*httptest.ResponseRecorder, error) {
	return askAs(h, stream.Client{Address: "192.0.2.1", Principal: "user:anna"}, query, size, header...)
}

func askAs(h *Handler, client stream.Client, query, size string, header ...string) (*httptest.ResponseRecorder, error) {
	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "/live/front/recording.jpg?"+query, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	choice := delivery.Choice{Rendition: stream.Key{Camera: "front", Rendition: "jpeg" + size}}
	if size == "" {
		choice.Own = stream.Key{Camera: "front"}
	}
	return w, h.Serve(w, r, choice, client)
}

func query(at time.Time) string { return "at=" + at.Format(time.RFC3339Nano) }

// expect asks for a picture and reads its number.
func expect(t *testing.T, h *Handler, query, size string, want int) *httptest.ResponseRecorder {
	t.Helper()
	w, err := ask(h, query, size)
	if err != nil {
		t.Fatal(query, err)
	}
	if got, err := camtest.ReadJPEGNumber(w.Body.Bytes()); err != nil || got != want {
		t.Errorf("%s: picture %d, %v; want %d", query, got, err, want)
	}
	return w
}

func TestPictureOfAMoment(t *testing.T) {
	t.Parallel()
	for name, frames := range map[string][]media.Frame{
		"H.264": h264(t, 2*gop, 0), "reordered": h264(t, 2*gop, 2), "JPEG": jpegs(t, 2*gop),
		"H.265": h265(t, 2*gop, "bframes=0"), "H.265, reordered": h265(t, 2*gop, "bframes=3:b-adapt=0:open-gop=1"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := tape.New(t)
			p.Record(noon, frames)
			h := gallery(p)
			for _, n := range []int{0, 1, 13, 24, 49} {
				expect(t, h, query(taken(n).Add(20*time.Millisecond)), "", n)
			}
			key := 25
			if name == "JPEG" {
				key = 40
			}
			expect(t, h, query(taken(40))+"&key=1", "", key)
			expect(t, h, query(taken(30)), "-w80", 30)
		})
	}
}

// TestDamagedPictureBeforeIt: what cannot be decoded does not take a later picture away.
func TestDamagedPictureBeforeIt(t *testing.T) {
	t.Parallel()
	frames := h264(t, gop, 0)
	frames[5].Data = []byte{0, 0, 0, 2, 0x0c, 0x80} // nothing but filler (H.264 section 7.3.2.7)
	p := tape.New(t)
	p.Record(noon, frames)
	w, err := ask(gallery(p), query(taken(12)), "-w80")
	if c, wrong := jpeg.DecodeConfig(w.Body); err != nil || wrong != nil || c.Width != 80 {
		t.Errorf("status %d, %v, %v", w.Code, err, wrong)
	}
}

func TestKeptByCaches(t *testing.T) {
	t.Parallel()
	p := tape.New(t)
	p.Record(noon, jpegs(t, 50))
	h := gallery(p)
	first := expect(t, h, query(taken(10)), "", 10)
	tag := first.Header().Get("ETag")
	again := expect(t, h, query(taken(10).Add(5*time.Millisecond)), "", 10)
	if tag == "" || again.Header().Get("ETag") != tag || first.Header().Get("Cache-Control") == "" {
		t.Errorf("%v, then %v", first.Header(), again.Header())
	}
	if w, err := ask(h, query(taken(10)), "", "If-None-Match", tag); err != nil || w.Code != 304 || w.Body.Len() > 0 {
		t.Errorf("%d, %v", w.Code, err)
	}
	if w, err := ask(h, query(taken(11)), "", "If-None-Match", tag); err != nil || w.Code != 200 {
		t.Errorf("%d, %v", w.Code, err)
	}
}

func TestNoPictureOfAMoment(t *testing.T) {
	t.Parallel()
	p := tape.New(t)
	p.Record(noon, jpegs(t, 50))
	p.Record(noon.Add(time.Hour), jpegs(t, 50))
	h := gallery(p)
	for q, want := range map[string]error{
		query(noon.Add(-time.Second)):     playback.ErrNothing,
		query(noon.Add(30 * time.Minute)): playback.ErrNothing,
		query(noon.Add(2 * time.Hour)):    playback.ErrNothing,
		"":                                ErrBadQuery,
		"at=yesterday":                    ErrBadQuery,
		query(noon) + "&key=maybe":        ErrBadQuery,
	} {
		if w, err := ask(h, q, ""); !errors.Is(err, want) || len(w.Header()) > 0 {
			t.Errorf("%q: %v, %v; want %v", q, err, w.Header(), want)
		}
	}
}

// written is a tape the only recording of which is still being written.
type written struct {
	*tape.Tape
	grows playback.Growing
}

func (w *written) Growing(string) (playback.Growing, bool) { return w.grows, true }

func (w *written) Between(context.Context, string, time.Time, time.Time, int) ([]index.Segment, error) {
	return nil, nil
}

// TestNowIsTheNewestPicture so far, and what is another one each time is kept by no
// cache.
func TestNowIsTheNewestPicture(t *testing.T) {
	t.Parallel()
	p := tape.New(t)
	p.Record(noon, jpegs(t, 25))
	rows, _ := p.Between(t.Context(), "front", noon, time.Time{}, 1)
	file, size, err := p.Open(rows[0])
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	s, err := segment.Open(file, size)
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		row := index.Segment{Camera: "front", Path: rows[0].Path, Start: time.Now().Add(-3 * time.Second), End: time.Now().Add(-2 * time.Second), Rate: 1}
		h := gallery(p)
		h.options.Library.Recordings = &written{p, playback.Growing{Segment: row, Format: s.Formats[0], Table: s.Table}}
		past := query(row.Start.Add(500 * time.Millisecond))
		for q, want := range map[string]struct {
			number int
			kept   string
		}{
			"at=now": {24, "private, no-cache"}, query(time.Now()): {24, "private, no-cache"},
			"at=-2500ms": {12, "private, no-cache"}, past: {12, "private, max-age=3600"},
		} {
			if w := expect(t, h, q, "", want.number); w.Header().Get("Cache-Control") != want.kept {
				t.Errorf("%s: %v", q, w.Header())
			}
		}
		time.Sleep(settles)
		for _, q := range []string{"at=now", query(time.Now().Add(time.Minute))} {
			if _, err := ask(h, q, ""); !errors.Is(err, playback.ErrNothing) {
				t.Errorf("%s: %v", q, err)
			}
		}
	})
}

// TestFewAreDecodedAtATime however many are asked for: some wait, not all of them one
// client's, and the others are told to come again. What needs no decoding is given all the same.
func TestFewAreDecodedAtATime(t *testing.T) {
	t.Parallel()
	p := tape.New(t)
	p.Record(noon, jpegs(t, 50))
	synctest.Test(t, func(t *testing.T) {
		var now, most, hits atomic.Int64
		free := make(chan struct{})
		h := New(Options{
			Library: &playback.Library{Recordings: p},
			Still: func(context.Context, stream.Key, *playback.Picture) (media.Frame, error) {
				most.Store(max(most.Load(), now.Add(1)))
				<-free
				now.Add(-1)
				return media.Frame{Wall: noon}, nil
			},
			Limited: func(limit string) {
				if limit == LimitMoments {
					hits.Add(1)
				}
			},
			Log: slog.New(slog.DiscardHandler),
		})
		answers := make(chan error, atWork+waiting)
		for range each {
			go func() { _, err := ask(h, query(noon), "-w160"); answers <- err }()
		}
		synctest.Wait()
		if _, err := ask(h, query(noon), "-w160"); !errors.Is(err, ErrBusy) || hits.Load() != 1 {
			t.Errorf("one too many of a client: %v, %d hits", err, hits.Load())
		}
		for n := range cap(answers) - each {
			go func() {
				_, err := askAs(h, stream.Client{Principal: fmt.Sprint("user:", n)}, query(noon), "-w160")
				answers <- err
			}()
		}
		synctest.Wait()
		if _, err := askAs(h, stream.Client{}, query(noon), "-w160"); !errors.Is(err, ErrBusy) || hits.Load() != 2 {
			t.Errorf("one too many: %v, %d hits", err, hits.Load())
		}
		if _, err := ask(h, query(noon), ""); err != nil {
			t.Errorf("as it was recorded: %v", err)
		}
		close(free)
		for range cap(answers) {
			if err := <-answers; err != nil {
				t.Error(err)
			}
		}
		if most.Load() != atWork {
			t.Errorf("%d were decoded at a time", most.Load())
		}
	})
}

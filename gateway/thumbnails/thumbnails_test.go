package thumbnails

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/jpeg"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
	"framegate/gateway/record/index"
	"framegate/gateway/stream"
)

// maker is a Maker whose encoder gives what it reads.
func maker(s *shelf, spare func(context.Context, func()) (func(), error)) *Maker {
	m := New(Options{Recordings: s, Spare: spare})
	m.encode = copies
	return m
}

func TestMomentsShowTheKeyframeBefore(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	format := plain(t)
	// 12:00:03 to 12:00:43, a picture each second, a keyframe every seven.
	s.record(noon.Add(3*time.Second), 40, 7, time.Second, format, numbered, true)
	m := maker(s, always)
	m.work(t.Context(), s.rows[0])
	if s.count() != 4 || m.Stats().Made != 4 {
		t.Errorf("%d thumbnails, %+v", s.count(), m.Stats())
	}
	opened := s.opened
	for offset, want := range map[int]string{10: "frame 7", 19: "frame 7", 20: "frame 14", 30: "frame 21", 40: "frame 35"} {
		p, lasting, err := m.Picture(t.Context(), anna, "front", noon.Add(time.Duration(offset)*time.Second))
		if err != nil || string(p.Data) != want || !lasting || p.Moment.Second() != offset/10*10 {
			t.Errorf("%d: %q of %v, %v, %v", offset, p.Data, p.Moment, lasting, err)
		}
	}
	for _, offset := range []int{0, 9, 50, -3600} {
		if _, _, err := m.Picture(t.Context(), anna, "front", noon.Add(time.Duration(offset)*time.Second)); !errors.Is(err, ErrNothing) {
			t.Errorf("%d: %v", offset, err)
		}
	}
	if s.opened != opened {
		t.Error("a recording was opened for what is there, or is nowhere")
	}
}

// TestMissingIsMadeOnce for all who ask at once, with all of its recording.
func TestMissingIsMadeOnce(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.record(noon, 40, 7, time.Second, plain(t), numbered, true)
	m := maker(s, always)
	var all sync.WaitGroup
	for n := range maxEach {
		all.Go(func() {
			if _, _, err := m.Picture(t.Context(), anna, "front", noon.Add(time.Duration(n%4)*Grid)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if st := m.Stats(); st.Asked != 1 || st.Made != 4+1 || s.opened != 1 {
		t.Errorf("%+v, opened %d times", st, s.opened)
	}
}

// TestWhatCannotBeKeptIsShown all the same.
func TestWhatCannotBeKeptIsShown(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.full = true
	s.record(noon, 20, 5, time.Second, plain(t), numbered, true)
	if p, _, err := maker(s, always).Picture(t.Context(), anna, "front", noon); err != nil || string(p.Data) != "frame 0" {
		t.Errorf("%q, %v", p.Data, err)
	}
}

func TestGrowingRecordingIsShownAndNotKept(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.record(noon, 20, 5, time.Second, plain(t), numbered, false)
	m := maker(s, always)
	p, lasting, err := m.Picture(t.Context(), anna, "front", noon.Add(10*time.Second))
	if err != nil || lasting || string(p.Data) != "frame 10" || s.count() != 0 {
		t.Errorf("%q, %v, %v", p.Data, lasting, err)
	}
}

// TestThumbnailsGoFirstUnderLoad: nothing waits for them, and who asks is told
// within patience.
func TestThumbnailsGoFirstUnderLoad(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.record(noon, 20, 5, time.Second, plain(t), numbered, true)
	synctest.Test(t, func(t *testing.T) {
		var free atomic.Bool
		m := maker(s, func(ctx context.Context, _ func()) (func(), error) {
			for !free.Load() {
				select {
				case <-ctx.Done():
					return nil, context.Cause(ctx)
				case <-time.After(time.Second / 4):
				}
			}
			return func() {}, nil
		})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { m.Run(ctx); close(done) }()
		for range maxQueued + 11 {
			m.Finished(s.rows[0])
			synctest.Wait()
		}
		if st := m.Stats(); st.Queued != maxQueued || st.Dropped != 10 || st.Made != 0 {
			t.Errorf("%+v", st)
		}
		began := time.Now()
		for range 2 * maxAsking {
			go func() { _, _, _ = m.Picture(ctx, anna, "front", noon) }()
		}
		synctest.Wait()
		if _, _, err := m.Picture(ctx, anna, "front", noon); !errors.Is(err, ErrBusy) || time.Since(began) > 0 {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		for _, client := range []stream.Client{{Principal: "user:ben"}, anna} { // who has places of his own, and once more
			synctest.Wait() // those whose patience ends at this moment are gone
			if _, _, err := m.Picture(ctx, client, "front", noon); !errors.Is(err, ErrBusy) || time.Since(began) < patience {
				t.Errorf("%v of %v after %v", err, client, time.Since(began))
			}
			began = time.Now()
		}
		free.Store(true)
		time.Sleep(time.Second)
		synctest.Wait()
		if st := m.Stats(); st.Queued != 0 || st.Made == 0 {
			t.Errorf("with encoders: %+v", st)
		}
		cancel()
		<-done
	})
}

// TestSlowMachinesMakeThemInTheEnd: what takes longer than anybody waits is finished,
// also where who asked has gone.
func TestSlowMachinesMakeThemInTheEnd(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	for n := range 3 {
		s.record(noon.Add(time.Duration(n)*time.Minute), 20, 5, time.Second, plain(t), numbered, true)
	}
	synctest.Test(t, func(t *testing.T) {
		m := maker(s, always)
		begun := 0
		m.encode = func(ctx context.Context, f *media.Format, waited bool, n int, read func(int) ([]byte, error)) ([][]byte, error) {
			begun++
			select {
			case <-ctx.Done():
				return nil, context.Cause(ctx)
			case <-time.After(2 * patience):
				return copies(ctx, f, waited, n, read)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { m.Run(ctx); close(done) }()
		asking, leave := context.WithCancel(ctx)
		time.AfterFunc(time.Second, leave)
		_, _, _ = m.Picture(asking, anna, "front", noon)
		if s.count() != 3 || begun != 1 {
			t.Errorf("%d are kept of a recording that was begun %d times", s.count(), begun)
		}
		late := make(chan error)
		go func() {
			_, _, err := m.Picture(ctx, anna, "front", noon.Add(time.Minute))
			late <- err
		}()
		synctest.Wait()
		if _, _, err := m.Picture(ctx, anna, "front", noon.Add(2*time.Minute)); !errors.Is(err, ErrBusy) {
			t.Errorf("who waits for others: %v", err)
		}
		if err := <-late; err != nil || begun != 2 {
			t.Errorf("who had its turn: %v, begun %d times", err, begun)
		}
		go func() { _, _, _ = m.Picture(ctx, anna, "front", noon.Add(2*time.Minute)) }()
		synctest.Wait()
		cancel() // the server ends, and waits for none of it
		synctest.Wait()
		select {
		case m.turn <- struct{}{}:
		default:
			t.Error("it is made still")
		}
		<-done
	})
}

// TestViewersComeFirst: who needs the encoder ends the work, which is begun again
// and given up in the end.
func TestViewersComeFirst(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.record(noon, 20, 5, time.Second, plain(t), numbered, true)
	given, pushes := 0, 2
	var yield func()
	m := maker(s, func(_ context.Context, y func()) (func(), error) { yield = y; return func() { given++ }, nil })
	m.encode = func(ctx context.Context, f *media.Format, waited bool, n int, read func(int) ([]byte, error)) ([][]byte, error) {
		if pushes--; pushes >= 0 {
			yield()
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return copies(ctx, f, waited, n, read)
	}
	m.work(t.Context(), s.rows[0])
	if s.count() != 3 || given != 3 || m.Stats().Dropped != 0 {
		t.Errorf("%d kept, %d given back, %+v", s.count(), given, m.Stats())
	}
	pushes = attempts
	m.work(t.Context(), s.rows[0])
	if st := m.Stats(); st.Dropped != 1 || st.Failed != 0 {
		t.Errorf("%+v", st)
	}
	pushes = 1
	clear(s.kept)
	if _, _, err := m.Picture(t.Context(), anna, "front", noon); !errors.Is(err, ErrBusy) {
		t.Error(err)
	}
}

func TestDamagedRecordingsFail(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	m := maker(s, always)
	s.rows = []index.Segment{{ID: 1, Camera: "front", Path: "gone.mp4", Start: noon, End: noon.Add(time.Minute)}}
	m.work(t.Context(), s.rows[0])
	if m.Stats().Failed != 0 {
		t.Error("one that was deleted failed")
	}
	if _, _, err := m.Picture(t.Context(), anna, "front", noon); !errors.Is(err, ErrNothing) {
		t.Error(err)
	}
	row := s.record(noon, 20, 5, time.Second, plain(t), numbered, true)
	if err := exec.Command("truncate", "-s", "-30", filepath.Join(s.dir, row.Path)).Run(); err != nil {
		t.Fatal(err)
	}
	m.work(t.Context(), row)
	if m.Stats().Failed != 1 {
		t.Errorf("%+v", m.Stats())
	}
}

func TestAddressesMayBeKept(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.record(noon, 20, 5, time.Second, plain(t), numbered, true)
	m := maker(s, always)
	get := func(query string, header ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("GET", "/live/front/thumbnail.jpg?"+query, nil)
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		if err := m.Serve(w, r, "front", anna); err != nil {
			t.Fatal(query, err)
		}
		return w
	}
	first := get("at=2026-11-20T12:00:10Z")
	etag := first.Header().Get("ETag")
	if first.Code != 200 || first.Body.String() != "frame 10" || etag == "" || !strings.Contains(first.Header().Get("Cache-Control"), "immutable") || first.Header().Get("Content-Type") != "image/jpeg" {
		t.Errorf("%d %v %q", first.Code, first.Header(), first.Body)
	}
	if again := get("at=2026-11-20T13:00:15+01:00", "If-None-Match", etag); again.Code != 304 || again.Body.Len() != 0 {
		t.Errorf("%d %q", again.Code, again.Body)
	}
	if other := get("at=2026-11-20T12:00:00Z", "If-None-Match", etag); other.Code != 200 {
		t.Error(other.Code)
	}
	s.record(time.Now().Truncate(Grid).Add(-time.Hour), 40, 7, time.Second, plain(t), numbered, true)
	if w := get("at=-1h"); w.Code != 200 || w.Header().Get("Cache-Control") != "private, no-cache" {
		t.Errorf("what is another one each time: %d %v", w.Code, w.Header())
	}
	for _, query := range []string{"", "at=noon", "at=1969-01-01T00:00:00Z", "at=1763640000"} {
		r := httptest.NewRequest("GET", "/live/front/thumbnail.jpg?"+query, nil)
		if err := m.Serve(httptest.NewRecorder(), r, "front", anna); !errors.Is(err, ErrBadQuery) {
			t.Errorf("%s: %v", query, err)
		}
	}
}

// TestFFmpegMakesThumbnails of H.264, H.265 and JPEGs, each of its own moment.
func TestFFmpegMakesThumbnails(t *testing.T) {
	t.Parallel()
	for name, options := range map[string][]string{
		"H.264": nil,
		"H.265": {"-c:v", "libx265", "-x265-params", "log-level=none", "-tag:v", "hvc1"},
	} {
		t.Run(name, func(t *testing.T) { t.Parallel(); makesThumbnails(t, options) })
	}
}

func makesThumbnails(t *testing.T, options []string) {
	const seconds = 35
	frames := movie(t, seconds, "640x360", options...)
	s := newShelf(t)
	s.record(noon, len(frames), 4, time.Second/4, frames[0].Format, func(n int) []byte { return frames[n].Data }, true)
	picture, err := media.JPEGFrame(camtest.Picture(1, 320, 240), nil)
	if err != nil {
		t.Fatal(err)
	}
	s.record(noon.Add(time.Hour), 12, 1, time.Second, picture.Format, func(n int) []byte { return camtest.Picture(n, 320, 240) }, true)
	m := New(Options{Recordings: s, Spare: always})
	for _, row := range s.rows {
		m.work(t.Context(), row)
	}
	if st := m.Stats(); st.Made != 4+2 || st.Failed != 0 {
		t.Fatalf("%+v", st)
	}
	for n := range 4 {
		img := decoded(t, m, noon.Add(time.Duration(n)*Grid), "160x90")
		grey, _, _, _ := img.At(80, 45).RGBA()
		// Luma of 16 + 6 a second, from limited to full range.
		if want := float64(60*n) * 255 / 219; float64(grey>>8) < want-6 || float64(grey>>8) > want+6 {
			t.Errorf("moment %d is as grey as %d, want %.0f", n, grey>>8, want)
		}
	}
	for n := range 2 {
		decoded(t, m, noon.Add(time.Hour+time.Duration(n)*Grid), "160x120")
	}
}

func decoded(t *testing.T, m *Maker, at time.Time, size string) image.Image {
	t.Helper()
	p, _, err := m.Picture(t.Context(), anna, "front", at)
	if err != nil {
		t.Fatal(at, err)
	}
	img, err := jpeg.Decode(bytes.NewReader(p.Data))
	if err != nil {
		t.Fatal(at, err)
	}
	if b := img.Bounds(); strconv.Itoa(b.Dx())+"x"+strconv.Itoa(b.Dy()) != size {
		t.Errorf("%v: %v, want %s", at, b, size)
	}
	return img
}

// BenchmarkSegment makes the six thumbnails of a minute of 1080p.
func BenchmarkSegment(b *testing.B) {
	frames := movie(b, 60, "1920x1080")
	s := newShelf(b)
	s.record(noon, len(frames), 4, time.Second/4, frames[0].Format, func(n int) []byte { return frames[n].Data }, true)
	m := New(Options{Recordings: s, Spare: always})
	for b.Loop() {
		m.work(b.Context(), s.rows[0])
	}
	if st := m.Stats(); st.Failed != 0 || s.count() != 7 {
		b.Fatalf("%+v, %d kept", st, s.count())
	}
}

package rendition_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
	"framegate/gateway/rendition"
	"framegate/gateway/stream"
	"framegate/transcode"
)

const ceiling = time.Minute

// camera is a source under the test's thumb.
type camera struct {
	emits chan media.Frame
	ends  chan error
}

func (c camera) Run(ctx context.Context, emit func(media.Frame)) error {
	for {
		select {
		case f := <-c.emits:
			emit(f)
		case err := <-c.ends:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// rig is a hub with a camera called front and its renditions.
type rig struct {
	t      *testing.T
	hub    *stream.Hub
	slots  *rendition.Slots
	camera camera
}

func newRig(t *testing.T, ffmpeg string) *rig {
	t.Helper()
	camtest.Need(t, "ffmpeg")
	r := &rig{t: t, slots: rendition.NewSlots(4, 100), camera: camera{make(chan media.Frame), make(chan error)}}
	r.hub = stream.New(stream.Options{Linger: time.Millisecond, Resolve: func(k stream.Key) (stream.Source, error) {
		if k.Rendition == "" {
			return r.camera, nil
		}
		if codec, ok := rendition.ParseSoundKey(k.Rendition); ok {
			return rendition.NewSound(rendition.SoundOptions{Hub: r.hub, Camera: k.Camera, Codec: codec, FFmpeg: ffmpeg, Slots: r.slots}), nil
		}
		request, ok := rendition.ParseKey(k.Rendition)
		if !ok {
			return nil, stream.ErrUnknown
		}
		return rendition.New(rendition.Options{Hub: r.hub, Camera: k.Camera, Request: request, FFmpeg: ffmpeg, Slots: r.slots}), nil
	}})
	t.Cleanup(r.hub.Close)
	return r
}

func (r *rig) open(key string) *stream.Reader {
	r.t.Helper()
	reader, err := r.hub.Open(stream.Key{Camera: "front", Rendition: key}, stream.ReadOptions{Sequential: true})
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(reader.Close)
	return reader
}

func (r *rig) next(reader *stream.Reader) media.Frame {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), ceiling)
	defer cancel()
	f, err := reader.Next(ctx)
	if err != nil {
		r.t.Fatal(err)
	}
	return f
}

// publish has the camera give frames, slowly enough that no reader has to
// skip. It ends with the test.
func (r *rig) publish(frames []media.Frame) {
	for _, f := range frames {
		select {
		case r.camera.emits <- f:
			time.Sleep(5 * time.Millisecond)
		case <-r.t.Context().Done():
			return
		}
	}
}

// expect reads the next picture and its number.
func (r *rig) expect(reader *stream.Reader, n int) media.Frame {
	r.t.Helper()
	f := r.next(reader)
	if got, err := camtest.ReadJPEGNumber(f.Data); err != nil || got != n {
		r.t.Fatalf("picture reads %d, %v; want %d", got, err, n)
	}
	return f
}

// jpegs gives numbered pictures of one format, 40 ms apart.
func jpegs(t *testing.T, first, count, width, height int) []media.Frame {
	t.Helper()
	var frames []media.Frame
	var format *media.Format
	for n := first; n < first+count; n++ {
		f, err := media.JPEGFrame(camtest.Picture(n, width, height), format)
		if err != nil {
			t.Fatal(err)
		}
		format = f.Format
		f.PTS, f.Wall = time.Duration(n)*40*time.Millisecond, wall(n)
		frames = append(frames, f)
	}
	return frames
}

func wall(n int) time.Time { return time.Unix(5000, 0).Add(time.Duration(n) * 40 * time.Millisecond) }

// h264s gives the same as H.264.
func h264s(t *testing.T, first, count, width, height int) []media.Frame {
	t.Helper()
	p, err := transcode.Start(t.Context(), transcode.Spec{In: transcode.JPEG, Out: transcode.H264})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	var frames []media.Frame
	var format *media.Format
	for _, f := range jpegs(t, first, count, width, height) {
		if err := p.Write(transcode.Packet{PTS: f.PTS, Wall: f.Wall, Data: f.Data}); err != nil {
			t.Fatal(err)
		}
		packet, err := p.Read()
		if err != nil {
			t.Fatal(err)
		}
		if format == nil {
			if format, err = media.FormatOfAVCC(packet.Config); err != nil {
				t.Fatal(err)
			}
		}
		frames = append(frames, media.Frame{PTS: packet.PTS, Wall: packet.Wall, Key: packet.Key, Format: format, Data: packet.Data})
	}
	return frames
}

func TestFittingPicturesPassThrough(t *testing.T) {
	for _, key := range []string{"jpeg", "jpeg-w160", "jpeg-w8192-h8192"} {
		r := newRig(t, "/nowhere/ffmpeg")
		reader := r.open(key)
		for _, f := range jpegs(t, 1, 5, 160, 96) {
			r.camera.emits <- f
			got := r.next(reader)
			if &got.Data[0] != &f.Data[0] || got.Format != f.Format || !got.Wall.Equal(f.Wall) {
				t.Errorf("%s: the picture was changed", key)
			}
		}
	}
}

func TestLowerRateNeedsNoEncoder(t *testing.T) {
	r := newRig(t, "/nowhere/ffmpeg")
	reader := r.open("jpeg-f10") // of 25
	go r.publish(jpegs(t, 0, 101, 64, 32))
	count, last := 0, media.Frame{}
	for {
		f := r.next(reader)
		n, err := camtest.ReadJPEGNumber(f.Data)
		if err != nil {
			t.Fatal(err)
		}
		count++
		if n == 100 || n == 99 || n == 98 {
			break
		}
		if count > 1 && f.PTS-last.PTS > 120*time.Millisecond {
			t.Errorf("%v between pictures", f.PTS-last.PTS)
		}
		last = f
	}
	if count < 39 || count > 42 {
		t.Errorf("%d pictures of 4 s, want about 40", count)
	}
}

func TestH264IsShownWithoutDelay(t *testing.T) {
	frames := h264s(t, 0, 60, 320, 176)
	r := newRig(t, "")
	reader := r.open("jpeg")
	for n, f := range frames {
		r.camera.emits <- f
		picture := r.expect(reader, n) // before the next is sent
		if !picture.Wall.Equal(wall(n)) || picture.Format.Width != 320 || picture.Format.Height != 176 {
			t.Errorf("picture %d: wall %v, %dx%d", n, picture.Wall, picture.Format.Width, picture.Format.Height)
		}
	}
}

func TestPicturesAreMadeSmaller(t *testing.T) {
	for name, frames := range map[string][]media.Frame{
		"JPEG":  jpegs(t, 0, 20, 640, 352),
		"H.264": h264s(t, 0, 20, 640, 352),
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, "")
			reader := r.open("jpeg-w320-q50")
			for n, f := range frames {
				r.camera.emits <- f
				if picture := r.expect(reader, n); picture.Format.Width != 320 || picture.Format.Height != 176 {
					t.Errorf("picture of %dx%d", picture.Format.Width, picture.Format.Height)
				}
			}
		})
	}
}

func TestJPEGBecomesH264WithoutDelay(t *testing.T) {
	r := newRig(t, "")
	reader := r.open("h264")
	for n, f := range jpegs(t, 0, 60, 320, 176) {
		r.camera.emits <- f
		got := r.next(reader)
		if got.Format.Codec != media.H264 || got.Key != (n%50 == 0) || !got.Wall.Equal(wall(n)) {
			t.Errorf("frame %d: %v, key %v, wall %v", n, got.Format.Codec, got.Key, got.Wall)
		}
	}
}

// TestOddPicturesBecomeH264, which takes even sides.
func TestOddPicturesBecomeH264(t *testing.T) {
	r := newRig(t, "")
	reader := r.open("h264")
	for _, f := range jpegs(t, 0, 3, 75, 43) {
		r.camera.emits <- f
		if got := r.next(reader); got.Format.Codec != media.H264 || got.Format.Width != 74 || got.Format.Height != 42 {
			t.Errorf("%v of %dx%d", got.Format.Codec, got.Format.Width, got.Format.Height)
		}
	}
}

// TestLateViewerSeesSomethingAndThenThePresent joins in the middle of a GOP.
func TestLateViewerSeesSomethingAndThenThePresent(t *testing.T) {
	frames := h264s(t, 0, 49, 320, 176)
	r := newRig(t, "")
	early := r.open("") // keeps the camera running
	for _, f := range frames[:45] {
		r.camera.emits <- f
		r.next(early)
	}
	reader := r.open("jpeg")
	first, err := camtest.ReadJPEGNumber(r.next(reader).Data)
	if err != nil || first != 0 && first != 44 {
		t.Fatalf("the first picture reads %d, %v", first, err)
	}
	if first == 0 { // else the present came before the reader had woken
		r.expect(reader, 44)
	}
	for n, f := range frames[45:] {
		r.camera.emits <- f
		r.expect(reader, 45+n)
	}
}

// waiting gives a reader that waits for the only slot, which others have.
func (r *rig) waiting(first media.Frame) (reader, others *stream.Reader) {
	r.t.Helper()
	r.slots = rendition.NewSlots(1, 100)
	others = r.open("jpeg-q50")
	r.camera.emits <- first
	r.expect(others, 0)
	reader = r.open("jpeg")
	for deadline := time.Now().Add(ceiling); r.slots.Stats().Waiting == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			r.t.Fatal("there is a slot")
		}
	}
	return reader, others
}

// TestWhoHadToWaitSeesThePresent: what came while there was no slot is old.
func TestWhoHadToWaitSeesThePresent(t *testing.T) {
	frames := h264s(t, 0, 61, 64, 32) // in GOPs of 50
	r := newRig(t, "")
	reader, others := r.waiting(frames[0])
	for n, f := range frames[1:60] {
		r.camera.emits <- f
		r.expect(others, 1+n)
	}
	time.Sleep(rendition.LongWait) // any longer is as good
	others.Close()
	first, err := camtest.ReadJPEGNumber(r.next(reader).Data)
	if err != nil || first != 50 && first != 59 {
		t.Fatalf("the first picture reads %d, %v", first, err)
	}
	if first == 50 { // else the present came before the reader had woken
		r.expect(reader, 59)
	}
	r.camera.emits <- frames[60]
	r.expect(reader, 60)
}

// TestSizeChangesDuringAWait: the keyframe of the new size is not lost.
func TestSizeChangesDuringAWait(t *testing.T) {
	r := newRig(t, "")
	reader, others := r.waiting(h264s(t, 0, 1, 64, 32)[0])
	larger := h264s(t, 1, 2, 320, 176)
	r.camera.emits <- larger[0]
	r.expect(others, 1)
	time.Sleep(rendition.LongWait) // any longer is as good
	others.Close()
	for n, f := range larger {
		if n > 0 {
			r.camera.emits <- f
		}
		if got := r.expect(reader, 1+n); got.Format.Width != 320 {
			t.Errorf("picture of %d columns", got.Format.Width)
		}
	}
}

// TestSizeChangeLosesNoPicture: the last pictures of one size are still in the
// old encoder when the first of another come.
func TestSizeChangeLosesNoPicture(t *testing.T) {
	frames := h264s(t, 0, 10, 320, 176)
	frames = append(frames, h264s(t, 10, 10, 160, 96)...)
	frames = append(frames, h264s(t, 20, 10, 320, 176)...)
	r := newRig(t, "")
	reader := r.open("jpeg")
	given := 0
	for n := range frames {
		// As many at once as a reader that starts an encoder meanwhile is behind
		// without skipping, so that no pace is needed.
		for ; given < len(frames) && (given <= n || given%10 != 1 && given-n < 4); given++ {
			r.camera.emits <- frames[given]
		}
		want := frames[n].Format
		if got := r.expect(reader, n).Format; got.Width != want.Width || got.Height != want.Height {
			t.Errorf("picture %d of %dx%d, want %dx%d", n, got.Width, got.Height, want.Width, want.Height)
		}
	}
}

// TestFullSlotsDoNotBlockASizeChange has as many encoders as there are slots,
// all of which have to be replaced at once.
func TestFullSlotsDoNotBlockASizeChange(t *testing.T) {
	r := newRig(t, "")
	var readers []*stream.Reader
	for _, key := range []string{"jpeg-w160", "jpeg-w240", "jpeg-w320", "jpeg-w480"} {
		readers = append(readers, r.open(key))
	}
	for n, f := range append(jpegs(t, 0, 2, 640, 352), jpegs(t, 2, 2, 800, 448)...) {
		r.camera.emits <- f
		for _, reader := range readers {
			r.expect(reader, n)
		}
	}
}

func TestCameraThatChangesItsCodecGoesOn(t *testing.T) {
	frames := h264s(t, 0, 3, 320, 176)
	frames = append(frames, jpegs(t, 3, 3, 64, 32)...)
	frames = append(frames, h264s(t, 6, 3, 320, 176)...)
	r := newRig(t, "")
	reader := r.open("jpeg")
	for n, f := range frames {
		r.camera.emits <- f
		r.expect(reader, n)
	}
}

func TestRenditionIsAwayWithItsCamera(t *testing.T) {
	r := newRig(t, "")
	reader := r.open("jpeg-w160")
	frames := jpegs(t, 0, 2, 320, 176)
	r.camera.emits <- frames[0]
	r.expect(reader, 0)
	unplugged := errors.New("unplugged")
	r.camera.ends <- unplugged
	for deadline := time.Now().Add(ceiling); reader.State() == stream.Online; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the rendition stays online")
		}
		select {
		case r.camera.ends <- unplugged: // the camera is tried again
		default:
		}
	}
	f := frames[1]
	format := *f.Format
	f.Format = &format // another run
	r.camera.emits <- f
	r.expect(reader, 1)
}

func TestCameraThatFailsIsHeardOfOnce(t *testing.T) {
	r := newRig(t, "")
	reader := r.open("jpeg")
	r.camera.ends <- errors.New("unplugged")
	_, err := reader.Next(t.Context())
	var failed *stream.SourceError
	if !errors.As(err, &failed) || err.Error() != "camera front: unplugged" {
		t.Errorf("got %v", err)
	}
}

func TestMissingFfmpegIsSaid(t *testing.T) {
	r := newRig(t, "/nowhere/ffmpeg")
	reader := r.open("jpeg-w160")
	r.camera.emits <- jpegs(t, 0, 1, 320, 176)[0]
	if _, err := reader.Next(t.Context()); err == nil {
		t.Error("no error")
	}
}

func TestCrowdSharesAnEncoder(t *testing.T) {
	r := newRig(t, "")
	var readers []*stream.Reader
	for range 20 {
		readers = append(readers, r.open("jpeg-w160"))
	}
	for n, f := range jpegs(t, 0, 10, 320, 176) {
		r.camera.emits <- f
		for _, reader := range readers {
			r.expect(reader, n)
		}
	}
	for _, s := range r.hub.Stats() {
		if s.Runs != 1 {
			t.Errorf("%v was started %d times", s.Key, s.Runs)
		}
	}
}

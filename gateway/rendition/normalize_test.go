package rendition_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
	"framegate/gateway/rendition"
	"framegate/gateway/stream"
)

// newNormalizedRig is a rig whose camera's pictures are normalized.
func newNormalizedRig(t *testing.T, mode rendition.Normalize, ffmpeg string) (*rig, *rendition.Slots) {
	t.Helper()
	r := newRig(t, ffmpeg)
	slots := rendition.NewSlots(2, 100)
	source := rendition.Normalized(r.camera, rendition.NormalizeOptions{Camera: "front", Mode: mode, FFmpeg: ffmpeg, Slots: slots})
	r.hub = stream.New(stream.Options{Linger: time.Millisecond, Resolve: func(stream.Key) (stream.Source, error) { return source, nil }})
	t.Cleanup(r.hub.Close)
	return r, slots
}

// picturesOfKind gives numbered pictures of a kind as frames of one format.
func picturesOfKind(t *testing.T, kind camtest.Kind, first, count, width, height int) []media.Frame {
	t.Helper()
	var frames []media.Frame
	var format *media.Format
	for n := first; n < first+count; n++ {
		f, err := media.AnyJPEGFrame(camtest.PictureOfKind(kind, n, width, height), format)
		if err != nil {
			t.Fatal(err)
		}
		format, f.Wall = f.Format, wall(n)
		frames = append(frames, f)
	}
	return frames
}

var unshowable = map[string]camtest.Kind{
	"CMYK":                camtest.CMYK,
	"12 bit, gray":        camtest.Gray12,
	"12 bit":              camtest.Colour12,
	"12 bit, progressive": camtest.Progressive,
	"lossless":            camtest.Lossless,
	"lossless, 16 bit":    camtest.Lossless16,
}

// TestUnshowablePicturesAreConvertedWithoutDelay sends each picture only when
// the one before has come out.
func TestUnshowablePicturesAreConvertedWithoutDelay(t *testing.T) {
	for name, kind := range unshowable {
		t.Run(name, func(t *testing.T) {
			r, slots := newNormalizedRig(t, rendition.NormalizeAuto, "")
			reader := r.open("")
			var last media.Frame
			for n, f := range picturesOfKind(t, kind, 700, 20, 320, 176) {
				r.camera.emits <- f
				got := r.expect(reader, 700+n)
				if got.Format.Unshowable || got.Format.Width != 320 || got.Format.Height != 176 || !got.Wall.Equal(f.Wall) {
					t.Errorf("picture %d: %+v, wall %v, want %v", n, *got.Format, got.Wall, f.Wall)
				}
				if _, _, err := media.ParseJPEG(got.Data); err != nil {
					t.Errorf("picture %d: %v", n, err)
				}
				if n > 0 && (got.Format != last.Format || got.PTS <= last.PTS) {
					t.Errorf("picture %d: another format, or not after the last one: %v, %v", n, last.PTS, got.PTS)
				}
				last = got
			}
			s := slots.Stats()
			if s.Starts != 1 || s.Running != 1 || s.Dropped != 0 || len(s.Encoders) != 1 {
				t.Fatalf("stats %+v", s)
			}
			e := s.Encoders[0]
			if e.Stream != (stream.Key{Camera: "front"}) || e.Waiting || e.Dropped != 0 || e.FPS != 0 || e.Lag <= 0 || e.Inside != 0 {
				t.Errorf("encoder %+v", e)
			}
			r.hub.Close()
			if s := slots.Stats(); s.Running != 0 || len(s.Encoders) != 0 || s.CPU <= 0 {
				t.Errorf("afterwards: %+v", s)
			}
		})
	}
}

// TestSoundPassesBesideConversion, which goes on with the same ffmpeg.
func TestSoundPassesBesideConversion(t *testing.T) {
	r, slots := newNormalizedRig(t, rendition.NormalizeAlways, "")
	reader := r.open("")
	sounds, err := r.hub.Open(stream.Key{Camera: "front"}, stream.ReadOptions{Sound: true, Sequential: true})
	if err != nil {
		t.Fatal(err)
	}
	defer sounds.Close()
	format, err := media.G711Format(media.PCMA, 8000, 1)
	if err != nil {
		t.Fatal(err)
	}
	for n, f := range picturesOfKind(t, camtest.CMYK, 700, 5, 320, 176) {
		r.camera.emits <- f
		r.camera.emits <- media.Frame{Format: format, PTS: time.Duration(n) * 40 * time.Millisecond, Data: bytes.Repeat([]byte{byte(n)}, 320)}
		r.expect(reader, 700+n)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		heard, err := sounds.Next(ctx)
		cancel()
		if err != nil || heard.Data[0] != byte(n) {
			t.Fatalf("heard %x, %v", heard.Data, err)
		}
	}
	if s := slots.Stats(); s.Starts != 1 {
		t.Errorf("%d encoders for pictures of one kind", s.Starts)
	}
}

// TestKindsSamples converts what other encoders than the tests' own made.
func TestKindsSamples(t *testing.T) {
	for _, name := range []string{"cmyk", "ycck", "lossless"} {
		t.Run(name, func(t *testing.T) {
			b, err := os.ReadFile("testdata/" + name + ".jpg")
			if err != nil {
				t.Fatal(err)
			}
			f, err := media.AnyJPEGFrame(b, nil)
			if err != nil || !f.Format.Unshowable {
				t.Fatal(err)
			}
			r, _ := newNormalizedRig(t, rendition.NormalizeAuto, "")
			reader := r.open("")
			r.camera.emits <- f
			r.expect(reader, 21930)
		})
	}
}

// TestShowablePicturesPassUntouched, and there is not even an ffmpeg.
func TestShowablePicturesPassUntouched(t *testing.T) {
	r, slots := newNormalizedRig(t, rendition.NormalizeAuto, "/nowhere/ffmpeg")
	reader := r.open("")
	frames := append(jpegs(t, 0, 5, 320, 176), picturesOfKind(t, camtest.YCbCr411, 5, 3, 320, 176)...)
	for _, f := range frames {
		r.camera.emits <- f
		if got := r.next(reader); &got.Data[0] != &f.Data[0] || got.Format != f.Format || !got.Wall.Equal(f.Wall) {
			t.Error("the picture was changed")
		}
	}
	if s := slots.Stats(); s.Starts != 0 || s.Running != 0 {
		t.Errorf("stats %+v", s)
	}
}

func TestAlwaysEncodesEveryPictureAnew(t *testing.T) {
	r, slots := newNormalizedRig(t, rendition.NormalizeAlways, "")
	reader := r.open("")
	for n, f := range jpegs(t, 0, 6, 320, 176) { // the first at 0, which is a media time
		r.camera.emits <- f
		got := r.expect(reader, n)
		if bytes.Equal(got.Data, f.Data) || !got.Wall.Equal(wall(n)) || got.PTS != f.PTS {
			t.Errorf("picture %d: the same %v, wall %v, PTS %v", n, bytes.Equal(got.Data, f.Data), got.Wall, got.PTS)
		}
	}
	if s := slots.Stats(); s.Starts != 1 {
		t.Errorf("stats %+v", s)
	}
}

// TestCaptureTimeIsTheArrival of pictures whose camera tells none: it is not
// when they came out of the encoder.
func TestCaptureTimeIsTheArrival(t *testing.T) {
	r, slots := newNormalizedRig(t, rendition.NormalizeAlways, slowFfmpeg(t))
	reader := r.open("")
	f := jpegs(t, 0, 1, 64, 32)[0]
	f.Data, f.Wall = camtest.PadTo(f.Data, large+1), time.Time{}
	for range 3 {
		began := time.Now()
		r.camera.emits <- f
		got := r.next(reader)
		if age := time.Since(got.Wall); age < slowness || got.Wall.Before(began) {
			t.Errorf("%v old, which took %v to encode", age, slowness)
		}
	}
	if s := slots.Stats(); s.Dropped != 0 {
		t.Errorf("stats %+v", s)
	}
}

// TestCameraDoesNotWaitForItsConversion: it sends on while ffmpeg is busy, and
// what comes out is the newest.
func TestCameraDoesNotWaitForItsConversion(t *testing.T) {
	r, slots := newNormalizedRig(t, rendition.NormalizeAlways, slowFfmpeg(t))
	reader := r.open("")
	f := jpegs(t, 0, 1, 64, 32)[0]
	f.Data = camtest.PadTo(f.Data, large+1)
	const sent = 200
	for n := range sent {
		f.Wall = wall(n)
		r.camera.emits <- f
		time.Sleep(time.Millisecond)
	}
	for got := r.next(reader); !got.Wall.Equal(wall(sent - 1)); got = r.next(reader) {
	}
	if s := slots.Stats(); s.Dropped < sent/2 || s.Dropped != s.Encoders[0].Dropped {
		t.Errorf("stats %+v", s)
	}
}

func TestNeverIsTheSourceItself(t *testing.T) {
	var source stream.Source = camera{}
	if got := rendition.Normalized(source, rendition.NormalizeOptions{Mode: rendition.NormalizeNever}); got != source {
		t.Errorf("got %T", got)
	}
}

// TestKindsChangeWithinARun: no picture is lost, and none comes out of order,
// with the size, the kind and the codec.
func TestKindsChangeWithinARun(t *testing.T) {
	frames := jpegs(t, 0, 3, 320, 176)
	for i := range frames {
		frames[i].PTS = 0 // as of a camera without media times
	}
	frames = append(frames, picturesOfKind(t, camtest.CMYK, 3, 3, 320, 176)...)
	frames = append(frames, picturesOfKind(t, camtest.Gray12, 6, 3, 320, 176)...)
	frames = append(frames, picturesOfKind(t, camtest.YCbCr411, 9, 3, 320, 176)...)
	frames = append(frames, picturesOfKind(t, camtest.Lossless, 12, 3, 160, 96)...)
	r, slots := newNormalizedRig(t, rendition.NormalizeAuto, "")
	reader := r.open("")
	last := time.Duration(-1)
	for n, f := range frames {
		r.camera.emits <- f
		got := r.expect(reader, n)
		if got.Format.Width != f.Format.Width || got.Format.Unshowable || got.PTS <= last {
			t.Errorf("picture %d: %+v, PTS %v after %v", n, *got.Format, got.PTS, last)
		}
		last = got.PTS
	}
	for _, f := range h264s(t, 15, 3, 320, 176) {
		r.camera.emits <- f
		if got := r.next(reader); &got.Data[0] != &f.Data[0] {
			t.Error("H.264 was changed")
		}
	}
	if s := slots.Stats(); s.Starts != 2 || s.Running != 0 {
		t.Errorf("stats %+v", s)
	}
}

// TestLastPictureOfARunIsConverted: a camera that ends has its last picture
// shown.
func TestLastPictureOfARunIsConverted(t *testing.T) {
	r, _ := newNormalizedRig(t, rendition.NormalizeAuto, "")
	reader := r.open("")
	frames := picturesOfKind(t, camtest.CMYK, 0, 2, 320, 176)
	r.camera.emits <- frames[0]
	r.expect(reader, 0)
	r.camera.emits <- frames[1]
	r.camera.ends <- errors.New("unplugged")
	r.expect(reader, 1)
}

// TestFailingConversionEndsTheRun with the reason, whatever it is, and the
// stream tries again.
func TestFailingConversionEndsTheRun(t *testing.T) {
	damaged := picturesOfKind(t, camtest.CMYK, 0, 1, 320, 176)[0]
	damaged.Data = bytes.Replace(damaged.Data, []byte{0xFF, 0xC0}, []byte{0xFF, 0xC5}, 1) // which ffmpeg does not know
	for _, c := range []struct {
		name, ffmpeg, says string
		frame              media.Frame
	}{
		{"no ffmpeg", "/nowhere/ffmpeg", "no such file", picturesOfKind(t, camtest.CMYK, 0, 1, 320, 176)[0]},
		{"it ends", "/bin/false", "ffmpeg ended: exit status 1", picturesOfKind(t, camtest.CMYK, 0, 1, 320, 176)[0]},
		{"it cannot decode", "", "unsupported coding type", damaged},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, _ := newNormalizedRig(t, rendition.NormalizeAuto, c.ffmpeg)
			reader := r.open("")
			ctx, cancel := context.WithTimeout(t.Context(), ceiling)
			defer cancel()
			go func() {
				for ctx.Err() == nil {
					select {
					case r.camera.emits <- c.frame:
					case <-ctx.Done():
					}
				}
			}()
			_, err := reader.Next(ctx)
			var failed *stream.SourceError
			if !errors.As(err, &failed) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v", err)
			}
			cancel()
		})
	}
}

// TestConversionWaitsForASlot, visibly, and a camera that ends does not wait
// with it.
func TestConversionWaitsForASlot(t *testing.T) {
	r := newRig(t, "")
	slots := rendition.NewSlots(1, 100)
	cameras := map[string]camera{}
	sources := map[string]stream.Source{}
	for _, id := range []string{"front", "back"} {
		cameras[id] = camera{make(chan media.Frame), make(chan error)}
		sources[id] = rendition.Normalized(cameras[id], rendition.NormalizeOptions{Camera: id, Slots: slots})
	}
	r.hub = stream.New(stream.Options{Linger: time.Millisecond, Resolve: func(k stream.Key) (stream.Source, error) { return sources[k.Camera], nil }})
	t.Cleanup(r.hub.Close)
	open := func(id string) *stream.Reader {
		reader, err := r.hub.Open(stream.Key{Camera: id}, stream.ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(reader.Close)
		return reader
	}
	front, back := open("front"), open("back")
	frames := picturesOfKind(t, camtest.CMYK, 0, 4, 320, 176)
	cameras["front"].emits <- frames[0]
	r.expect(front, 0)
	cameras["back"].emits <- frames[1]
	await(t, func() bool { return slots.Stats().Waiting == 1 })
	cameras["back"].ends <- errors.New("unplugged")
	await(t, func() bool { return slots.Stats().Waiting == 0 })
	if _, err := back.Next(t.Context()); err == nil || err.Error() != "camera back: unplugged" {
		t.Errorf("got %v", err)
	}
	cameras["back"].emits <- frames[2]
	await(t, func() bool { return slots.Stats().Waiting == 1 })
	front.Close()
	r.expect(back, 2)
}

// await waits until something is so.
func await(t *testing.T, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(ceiling); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it does not come to that")
		}
	}
}

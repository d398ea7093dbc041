package rendition_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// telephone gives so much of a tone as a camera sends it: G.711 at 8 kHz.
func telephone(t *testing.T, from, lasts time.Duration) (all []media.Frame) {
	t.Helper()
	format, err := media.G711Format(media.PCMU, 8000, 1)
	if err != nil {
		t.Fatal(err)
	}
	raw := camtest.Output(t, nil, "ffmpeg", "-v", "error", "-f", "lavfi", "-i", fmt.Sprintf("sine=1000:r=8000:d=%g", lasts.Seconds()), "-f", "mulaw", "pipe:1")
	for at := from; len(raw) >= 160; raw = raw[160:] {
		all = append(all, media.Frame{Format: format, PTS: at, Data: raw[:160]})
		at += 20 * time.Millisecond
	}
	return all
}

// listen opens a reader of sound.
func (r *rig) listen(key string) *stream.Reader {
	r.t.Helper()
	reader, err := r.hub.Open(stream.Key{Camera: "front", Rendition: key}, stream.ReadOptions{Sound: true, Sequential: true})
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(reader.Close)
	return reader
}

// TestSoundIsEncodedForAll: one ffmpeg a codec, at the times of the camera, when it was
// taken and not when it was encoded, from the oldest sound on that there is.
func TestSoundIsEncodedForAll(t *testing.T) {
	r := newRig(t, "")
	held, err := r.hub.Open(stream.Key{Camera: "front"}, stream.ReadOptions{Sound: true, Sequential: true})
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	frames := telephone(t, 5*time.Second, 2*time.Second)
	zero := time.Now().Add(-time.Minute)
	for i := range frames {
		frames[i].Wall = zero.Add(frames[i].PTS)
	}
	for _, f := range frames[:50] {
		r.camera.emits <- f
	}
	run := r.next(held).Run
	readers := map[string][]*stream.Reader{"aac": {r.listen("aac"), r.listen("aac")}, "opus": {r.listen("opus")}}
	go func() {
		for _, f := range frames[50:] {
			r.camera.emits <- f
		}
	}()
	for key, all := range readers {
		for i, reader := range all {
			first := r.next(reader)
			if first.Format.Codec.String() != key || first.Format.Rate != 48000 || first.Format.Channels != 1 {
				t.Errorf("%s: got %s at %d Hz in %d channels", key, first.Format.Codec, first.Format.Rate, first.Format.Channels)
			}
			if i == 0 && (first.PTS < 4900*time.Millisecond || first.PTS > 5100*time.Millisecond) {
				t.Errorf("%s: it begins at %v, want 5 s", key, first.PTS)
			}
			last := first
			for last.PTS+last.Duration() < 6900*time.Millisecond {
				f := r.next(reader)
				if gap := f.PTS - last.PTS - last.Duration(); gap > time.Millisecond || gap < -time.Millisecond {
					t.Fatalf("%s: %v between %v and the next", key, gap, last.PTS)
				}
				if off := f.Wall.Sub(zero.Add(f.PTS)); off.Abs() > time.Microsecond {
					t.Fatalf("%s: it was taken %v later than the camera says", key, off)
				}
				if f.Run != run {
					t.Fatalf("%s: run %d, want that of the camera, %d", key, f.Run, run)
				}
				last = f
			}
		}
	}
	if n := r.slots.Stats().Sounds; n != 2 {
		t.Errorf("%d encoders of sound run, want one a codec", n)
	}
	if s := r.slots.Stats(); s.Running != 0 || s.Starts != 0 {
		t.Errorf("sound takes slots of pictures: %+v", s)
	}
	for _, all := range readers {
		for _, reader := range all {
			reader.Close()
		}
	}
	await(t, func() bool { return r.slots.Stats().Sounds == 0 })
}

// TestSoundThatFitsPasses: without an encoder, byte by byte, also after another
// codec's that did not.
func TestSoundThatFitsPasses(t *testing.T) {
	r := newRig(t, "")
	reader := r.listen("aac")
	format, err := media.AACFormat([]byte{0x11, 0x90})
	if err != nil {
		t.Fatal(err)
	}
	for n := range 3 {
		r.camera.emits <- media.Frame{Format: format, PTS: time.Duration(n) * time.Second, Data: fmt.Appendf(nil, "unit %d", n)}
		if f := r.next(reader); string(f.Data) != fmt.Sprint("unit ", n) || f.Format != format || f.PTS != time.Duration(n)*time.Second {
			t.Errorf("frame %d came as %q at %v", n, f.Data, f.PTS)
		}
	}
	if n := r.slots.Stats().Sounds; n != 0 {
		t.Errorf("%d encoders for what fits", n)
	}
	go func() {
		for _, f := range telephone(t, 4*time.Second, time.Second) {
			select {
			case r.camera.emits <- f:
			case <-t.Context().Done():
				return
			}
		}
	}()
	if f := r.next(reader); f.Format == format || f.Format.Codec != media.AAC || f.PTS < 3900*time.Millisecond {
		t.Errorf("after the camera changed to G.711: %s at %v", f.Format.Codec, f.PTS)
	}
}

// TestSoundIsAwayWithItsCamera.
func TestSoundIsAwayWithItsCamera(t *testing.T) {
	r := newRig(t, "")
	reader := r.listen("opus")
	for _, f := range telephone(t, 0, time.Second) {
		r.camera.emits <- f
	}
	r.next(reader)
	r.camera.ends <- errors.New("unplugged")
	await(t, func() bool { return r.slots.Stats().Sounds == 0 })
	back := append(jpegs(t, 0, 1, 320, 176), telephone(t, 0, time.Second)...) // it is by its pictures that it is there
	go func() {
		for _, f := range back {
			select {
			case r.camera.emits <- f:
			case <-t.Context().Done():
				return
			}
		}
	}()
	ctx, cancel := context.WithTimeout(t.Context(), ceiling)
	defer cancel()
	for before := uint64(0); ; {
		f, err := reader.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if before != 0 && f.Run != before {
			break
		}
		before = f.Run
	}
}

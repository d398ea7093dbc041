package stream_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/stream"
)

const ms = time.Millisecond

var soundFormat = func() *media.Format {
	f, err := media.G711Format(media.PCMU, 8000, 1)
	if err != nil {
		panic(err)
	}
	return f
}()

// tone is 20 ms of sound from at on. Its first bytes say when it is.
func tone(at time.Duration) media.Frame {
	data := make([]byte, 160)
	copy(data, fmt.Sprint("s", at.Milliseconds(), " "))
	return media.Frame{Format: soundFormat, PTS: at, Data: data}
}

// shown is a keyframe at a time, which its data says.
func shown(at time.Duration) media.Frame {
	return media.Frame{Key: true, Format: h264Format, PTS: at, Data: fmt.Appendf(nil, "p%d", at.Milliseconds())}
}

// named gives what tone and shown call a frame.
func named(f media.Frame) string {
	name, _, _ := strings.Cut(strings.TrimRight(string(f.Data), "\x00"), " ")
	return name
}

// accompanied opens a reader of the pictures and one of the sound.
func accompanied(t *testing.T, hub *stream.Hub, options stream.ReadOptions) (*stream.Reader, *stream.Companion) {
	t.Helper()
	pictures := open(t, hub, options)
	sound := stream.NewCompanion(open(t, hub, stream.ReadOptions{Sound: true}))
	pictures.Accompany(sound)
	return pictures, sound
}

// along gives the names of a picture and of the sound before it.
func along(sound *stream.Companion, picture *media.Frame) string {
	var names []string
	for {
		f, ok := sound.Next(picture)
		if !ok {
			break
		}
		names = append(names, named(f))
	}
	if picture != nil {
		names = append(names, named(*picture))
	}
	return strings.Join(names, " ")
}

// after is a picture at a time that needs the one before.
func after(at time.Duration) media.Frame {
	f := shown(at)
	f.Key = false
	return f
}

// next gives the next picture of the reader with the sound before it.
func next(t *testing.T, pictures *stream.Reader, sound *stream.Companion) string {
	t.Helper()
	f, ok, err := pictures.TryNext()
	if !ok || err != nil {
		t.Fatalf("the next picture: %v, %v", ok, err)
	}
	return along(sound, &f)
}

func expectAlong(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestSoundGoesAlongWithPictures: what is heard until a picture goes out before it,
// what is heard later with the next, and what was heard before the first with none.
func TestSoundGoesAlongWithPictures(t *testing.T) {
	story(t, stream.Options{}, func(t *testing.T, hub *stream.Hub, cam *camera) {
		pictures, sound := accompanied(t, hub, stream.ReadOptions{})
		cam.give(tone(0), tone(20*ms), tone(40*ms), tone(60*ms), tone(80*ms), shown(50*ms))
		expectAlong(t, next(t, pictures, sound), "s40 p50")
		cam.give(after(90 * ms))
		expectAlong(t, next(t, pictures, sound), "s60 s80 p90")
		cam.give(after(130 * ms)) // whose sound is late
		expectAlong(t, next(t, pictures, sound), "p130")
		cam.give(tone(100*ms), tone(120*ms), after(170*ms))
		expectAlong(t, next(t, pictures, sound), "s100 s120 p170")
		expectAlong(t, along(sound, nil), "")
	})
}

// TestLateReaderGetsTheSoundOfItsPictures: who joins at an old keyframe hears what
// was to be heard since.
func TestLateReaderGetsTheSoundOfItsPictures(t *testing.T) {
	story(t, stream.Options{}, func(t *testing.T, hub *stream.Hub, cam *camera) {
		open(t, hub, stream.ReadOptions{Hold: true})
		for at := 0 * ms; at < 8000*ms; at += 40 * ms {
			cam.give(tone(at), tone(at+20*ms))
			if at == 2000*ms {
				cam.give(shown(at))
			} else if at > 2000*ms {
				cam.give(after(at))
			}
		}
		pictures, sound := accompanied(t, hub, stream.ReadOptions{})
		expectAlong(t, next(t, pictures, sound), "s2000 p2000")
		expectAlong(t, next(t, pictures, sound), "s2020 s2040 p2040")
	})
}

// TestSoundIsKeptForSeconds and no longer, whatever it is.
func TestSoundIsKeptForSeconds(t *testing.T) {
	story(t, stream.Options{}, func(t *testing.T, hub *stream.Hub, cam *camera) {
		open(t, hub, stream.ReadOptions{Hold: true})
		cam.give(shown(0))
		for at := 0 * ms; at < 60000*ms; at += 20 * ms {
			cam.give(tone(at))
			time.Sleep(20 * ms)
		}
		oldest := open(t, hub, stream.ReadOptions{Sound: true, Sequential: true})
		f, _, err := oldest.TryNext()
		if age := 60000*ms - f.PTS; err != nil || age < 9900*ms || age > 10100*ms {
			t.Errorf("the oldest sound is %v old (%v), want 10 s", age, err)
		}
		newest := open(t, hub, stream.ReadOptions{Sound: true})
		f, _, err = newest.TryNext()
		if age := 60000*ms - f.PTS; err != nil || age > 500*ms || !f.Key {
			t.Errorf("who joins gets sound that is %v old (%v), want half a second at most", age, err)
		}
	})
}

// TestSequentialSoundIsKept for who gets every picture and is late, as a recorder is
// whose disk stalls.
func TestSequentialSoundIsKept(t *testing.T) {
	story(t, stream.Options{}, func(t *testing.T, hub *stream.Hub, cam *camera) {
		pictures := open(t, hub, stream.ReadOptions{Sequential: true, Buffer: 1 << 20})
		sound := stream.NewCompanion(open(t, hub, stream.ReadOptions{Sound: true, Sequential: true}))
		pictures.Accompany(sound)
		second := func(n int) { // a picture, and the sound up to the next
			for i := range 10 {
				at := time.Duration(n)*time.Second + time.Duration(i)*100*ms
				if i == 0 {
					cam.give(shown(at))
				}
				cam.give(tone(at))
				time.Sleep(100 * ms)
			}
		}
		second(0)
		next(t, pictures, sound)
		second(1)
		next(t, pictures, sound)
		const late = 30 // seconds
		for n := range late {
			second(2 + n)
		}
		for n := range late {
			if got := strings.Fields(next(t, pictures, sound)); len(got) != 11 {
				t.Fatalf("with the picture of second %d come %q", 2+n, got)
			}
		}
	})
}

// TestSoundWithoutPicturesGoesOut when it has waited for one long enough, and wakes
// nobody before.
func TestSoundWithoutPicturesGoesOut(t *testing.T) {
	story(t, stream.Options{}, func(t *testing.T, hub *stream.Hub, cam *camera) {
		pictures, sound := accompanied(t, hub, stream.ReadOptions{})
		cam.give(shown(0))
		expectAlong(t, next(t, pictures, sound), "p0")
		woken := make(chan error, 10)
		go func() {
			for {
				_, err := pictures.Next(t.Context())
				woken <- err
				if !errors.Is(err, stream.ErrSound) {
					return
				}
			}
		}()
		synctest.Wait()
		cam.give(tone(0), tone(20*ms), tone(40*ms))
		if len(woken) != 0 {
			t.Fatalf("60 ms of sound woke the reader: %v", <-woken)
		}
		cam.give(tone(60 * ms))
		if err := <-woken; !errors.Is(err, stream.ErrSound) {
			t.Fatalf("80 ms of sound: %v, want ErrSound", err)
		}
		pictures.Close()
		for err := range woken {
			if errors.Is(err, stream.ErrClosed) {
				break
			}
		}
	})
}

// TestSoundOfAnotherRunWaitsForItsPictures: times of two runs have nothing to do with
// each other.
func TestSoundOfAnotherRunWaitsForItsPictures(t *testing.T) {
	story(t, stream.Options{}, func(t *testing.T, hub *stream.Hub, cam *camera) {
		pictures, sound := accompanied(t, hub, stream.ReadOptions{})
		cam.give(tone(0), shown(0), tone(20*ms), tone(40*ms))
		expectAlong(t, next(t, pictures, sound), "s0 p0")
		cam.fail(errors.New("unplugged"))
		time.Sleep(5 * time.Second)
		cam.give(tone(0), tone(20*ms), tone(40*ms), tone(60*ms), tone(80*ms), tone(100*ms))
		expectAlong(t, along(sound, nil), "s20 s40")
		cam.give(shown(50 * ms))
		expectAlong(t, next(t, pictures, sound), "s40 p50")
	})
}

// TestCameraIsAsWellAsItsPictures: sound alone does not make it online, and sound
// that is announced or given is known.
func TestCameraIsAsWellAsItsPictures(t *testing.T) {
	story(t, stream.Options{}, func(t *testing.T, hub *stream.Hub, cam *camera) {
		r := open(t, hub, stream.ReadOptions{})
		if s := hub.Sounds(front); s.Format != nil {
			t.Errorf("before anything: sound of %v", s.Format)
		}
		cam.give(media.Frame{Format: soundFormat})
		if s := hub.Sounds(front); s.Format != soundFormat || s.Frames != 0 {
			t.Errorf("announced: %+v", s)
		}
		cam.give(tone(0), tone(20*ms))
		if s := hub.Stats()[0]; s.Sound.Frames != 2 || s.Sound.Bytes != 320 || s.Frames != 0 || s.FPS != 0 {
			t.Errorf("two frames of sound: %+v", s)
		}
		expectState(t, r, stream.Connecting)
		cam.give(shown(0))
		expectState(t, r, stream.Online)
		cam.fail(errors.New("unplugged"))
		if s := hub.Sounds(front); s.Format != nil {
			t.Errorf("after the run: sound of %v", s.Format)
		}
	})
}

// TestPicturesDoNotWakeForSound: who reads pictures alone sees, and is woken by,
// nothing of sound.
func TestPicturesDoNotWakeForSound(t *testing.T) {
	story(t, stream.Options{}, func(t *testing.T, hub *stream.Hub, cam *camera) {
		r := open(t, hub, stream.ReadOptions{Idle: time.Second})
		cam.give(tone(0), shown(0), tone(20*ms))
		expectFrame(t, r, "p0")
		began := time.Now()
		go func() {
			for at := 40 * ms; at < 3000*ms; at += 20 * ms {
				time.Sleep(20 * ms)
				cam.emits <- tone(at)
			}
		}()
		if _, err := r.Next(t.Context()); !errors.Is(err, stream.ErrIdle) || time.Since(began) != time.Second {
			t.Errorf("after %v: %v, want ErrIdle after a second", time.Since(began), err)
		}
		time.Sleep(3 * time.Second)
	})
}

// TestRenditionOfSound: a source that reads sound and gives sound is a stream as
// others are, and goes along with the camera's pictures.
func TestRenditionOfSound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cam := newCamera(t)
		var hub *stream.Hub
		louder := sourceFunc(func(ctx context.Context, emit func(media.Frame)) error {
			r, err := hub.Open(front, stream.ReadOptions{Sound: true, Sequential: true})
			if err != nil {
				return err
			}
			defer r.Close()
			for {
				f, err := r.Next(ctx)
				if err != nil {
					return err
				}
				f.Data = []byte(strings.ToUpper(string(f.Data)))
				emit(f)
			}
		})
		hub = stream.New(stream.Options{Linger: time.Second, Resolve: func(k stream.Key) (stream.Source, error) {
			if k.Rendition == "" {
				return cam, nil
			}
			return louder, nil
		}})
		defer hub.Close()
		pictures := open(t, hub, stream.ReadOptions{})
		cam.give(tone(0), tone(20*ms), shown(20*ms), tone(40*ms))
		reader, err := hub.Open(stream.Key{Camera: "front", Rendition: "loud"}, stream.ReadOptions{Sound: true})
		if err != nil {
			t.Fatal(err)
		}
		sound := stream.NewCompanion(reader)
		defer sound.Close()
		pictures.Accompany(sound)
		synctest.Wait()
		cam.give(after(60 * ms))
		expectAlong(t, next(t, pictures, sound), "S20 p20")
		expectAlong(t, next(t, pictures, sound), "S40 p60")
		if state := reader.State(); state != stream.Online {
			t.Errorf("the rendition of sound is %v", state)
		}
	})
}

// heardWith gives the names of the sound that goes out with a picture, in portions, each
// of whose bytes are those of its frames.
func heardWith(t *testing.T, sound *stream.Companion, picture *media.Frame) (names []string, portions []*stream.Portion) {
	t.Helper()
	for p := sound.Portion(picture); p != nil; p = sound.Portion(picture) {
		var all []string
		var data []byte
		for _, f := range p.Frames {
			all, data = append(all, named(f)), append(data, f.Data...)
		}
		if string(data) != string(p.Data) {
			t.Errorf("%v: its bytes are not those of its frames", all)
		}
		names, portions = append(names, strings.Join(all, " ")), append(portions, p)
	}
	return names, portions
}

// TestPortionsAreShared by all who hear the same along with the same picture, whenever
// they came; and each has all of the sound, once.
func TestPortionsAreShared(t *testing.T) {
	story(t, stream.Options{}, func(t *testing.T, hub *stream.Hub, cam *camera) {
		pictures, first := accompanied(t, hub, stream.ReadOptions{})
		second := stream.NewCompanion(open(t, hub, stream.ReadOptions{Sound: true}))
		behind := stream.NewCompanion(open(t, hub, stream.ReadOptions{Sound: true}))
		other := tone(100 * ms)
		other.Format = &media.Format{Codec: media.AAC, Rate: 8000, Channels: 1}
		for _, step := range []struct {
			given []media.Frame
			want  string
		}{
			{[]media.Frame{tone(0), tone(20 * ms), shown(20 * ms)}, "s20"},
			{[]media.Frame{tone(40 * ms), tone(60 * ms), tone(80 * ms), after(60 * ms)}, "s40 s60"},
			{[]media.Frame{after(70 * ms)}, ""},
			{[]media.Frame{other, tone(120 * ms), tone(110 * ms), after(130 * ms)}, "s80|s100|s120|s110"},
		} {
			cam.give(step.given...)
			f, ok, err := pictures.TryNext()
			if !ok || err != nil {
				t.Fatal(ok, err)
			}
			names, one := heardWith(t, first, &f)
			expectAlong(t, strings.Join(names, "|"), step.want)
			if _, two := heardWith(t, second, &f); !slices.Equal(one, two) {
				t.Errorf("%s: not the same portions", step.want)
			}
			if f.PTS == 20*ms {
				heardWith(t, behind, &f)
			}
		}
		last := after(130 * ms)
		last.Run = 1
		names, _ := heardWith(t, behind, &last)
		expectAlong(t, strings.Join(names, "|"), "s40 s60 s80|s100|s120|s110")
	})
}

// TestWhoRestsIsNotLookedAt by each frame of sound, until it is in Next again.
func TestWhoRestsIsNotLookedAt(t *testing.T) {
	story(t, stream.Options{}, func(t *testing.T, hub *stream.Hub, cam *camera) {
		pictures, sound := accompanied(t, hub, stream.ReadOptions{})
		cam.give(shown(0))
		for range 2 {
			if _, err := pictures.Next(t.Context()); err != nil {
				t.Fatal(err)
			}
			came := make(chan error)
			go func() { // ends with the next picture
				_, err := pictures.Next(t.Context())
				came <- err
			}()
			synctest.Wait()
			if n := stream.WaitForSound(hub, front); n != 1 {
				t.Errorf("%d are looked at who wait", n)
			}
			cam.give(after(40 * ms))
			if err := <-came; err != nil {
				t.Fatal(err)
			}
			sound.Rest()
			if n := stream.WaitForSound(hub, front); n != 0 {
				t.Errorf("%d are looked at who rest", n)
			}
			cam.give(shown(80 * ms))
		}
	})
}

// TestSoundCostsItsReadersNoMemory: neither who emits sound nor who takes it
// allocates for it, but for what all share who take it in portions.
func TestSoundCostsItsReadersNoMemory(t *testing.T) {
	hub := hubOf(t, stream.Options{}, map[string]stream.Source{"front": nil})
	pictures, err := hub.Open(front, stream.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer pictures.Close()
	reader, err := hub.Open(front, stream.ReadOptions{Sound: true})
	if err != nil {
		t.Fatal(err)
	}
	sound := stream.NewCompanion(reader)
	defer sound.Close()
	pictures.Accompany(sound)
	var others []*stream.Companion
	another := func() *stream.Companion {
		return stream.NewCompanion(open(t, hub, stream.ReadOptions{Sound: true}))
	}
	err = hub.Attach(t.Context(), front, sourceFunc(func(_ context.Context, emit func(media.Frame)) error {
		at := 0 * ms
		show, heard := shown(0), tone(0)
		round := func() {
			at += 20 * ms
			show.PTS, heard.PTS = at, at
			emit(heard)
			emit(show)
			f, ok, err := pictures.TryNext()
			if !ok || err != nil {
				t.Errorf("the picture: %v, %v", ok, err)
			}
			if _, ok := sound.Next(&f); !ok {
				t.Error("its sound is not there")
			}
			for _, other := range others {
				if p := other.Portion(&f); p == nil || len(p.Frames) != 1 {
					t.Error("its sound is no portion")
				}
			}
		}
		for range 2000 {
			round() // until the rings have their size
		}
		if n := testing.AllocsPerRun(1000, round); n > 0 {
			t.Errorf("a picture and its sound cost %v allocations", n)
		}
		for range 10 {
			others = append(others, another())
		}
		round() // after which they are as far as the others
		if n := testing.AllocsPerRun(1000, round); n > 2 {
			t.Errorf("a picture and its sound cost %v allocations for ten who take portions, want 2", n)
		}
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
}

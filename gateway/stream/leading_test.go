package stream_test

import (
	"strings"
	"testing"

	"framegate/gateway/media"
	"framegate/gateway/stream"
)

var h265Format = &media.Format{Codec: media.H265, Width: 64, Height: 32}

// openGOP gives pictures as an H.265 camera with open GOPs sends them: K is a
// keyframe, L one that needs what came before that, and P any other.
func openGOP(format *media.Format, names string) (frames []media.Frame) {
	for name := range strings.FieldsSeq(names) {
		frames = append(frames, media.Frame{Key: name[0] == 'K', Leading: name[0] == 'L', Format: format, Data: []byte(name)})
	}
	return frames
}

// expectFrames reads frames by their names, and sees that none is said to be
// missing between them.
func expectFrames(t *testing.T, r *stream.Reader, names string) {
	t.Helper()
	before := uint64(0)
	for name := range strings.FieldsSeq(names) {
		f := expectFrame(t, r, name)
		if before > 0 && f.Lost(before) > 0 {
			t.Errorf("%d are missing before %s", f.Lost(before), name)
		}
		before = f.Seq
	}
}

func TestLeadingPicturesAreForThoseWhoReadOn(t *testing.T) {
	story(t, stream.Options{}, func(t *testing.T, hub *stream.Hub, cam *camera) {
		first := open(t, hub, stream.ReadOptions{})
		cam.give(openGOP(h265Format, "K1 L2 P3 K4 L5 P6 L7 P8")...)
		late := open(t, hub, stream.ReadOptions{})
		for _, r := range []*stream.Reader{first, late} { // all join only now, as they ask
			expectFrames(t, r, "K4 P6 P8")
		}
		cam.give(openGOP(h265Format, "K9 L10 L11 P12")...)
		for _, r := range []*stream.Reader{first, late} {
			expectFrames(t, r, "K9 L10 L11 P12")
			if r.Dropped() != 0 {
				t.Errorf("dropped %d", r.Dropped())
			}
		}
	})
}

func TestLeadingPicturesAfterASkip(t *testing.T) {
	story(t, stream.Options{}, func(t *testing.T, hub *stream.Hub, cam *camera) {
		r := open(t, hub, stream.ReadOptions{})
		cam.give(openGOP(h265Format, "K1")...)
		expectFrames(t, r, "K1")
		cam.give(openGOP(h265Format, strings.Repeat("P ", 20)+"K22 L23 P24 K25 L26 P27")...)
		expectFrame(t, r, "K25")
		expectFrames(t, r, "P27")
		if r.Dropped() != 23 { // what leads to nothing that it was given is not among them
			t.Errorf("dropped %d", r.Dropped())
		}
		cam.give(openGOP(h265Format, "K28 L29")...)
		expectFrames(t, r, "K28 L29")
	})
}

func TestLeadingPicturesOfARecorderThatWasOvertaken(t *testing.T) {
	story(t, stream.Options{RingBytes: 12}, func(t *testing.T, hub *stream.Hub, cam *camera) {
		r := open(t, hub, stream.ReadOptions{Sequential: true})
		cam.give(openGOP(h265Format, "K1 L2 P3 K4 L5")...)
		expectFrames(t, r, "K4") // where it joined
		cam.give(openGOP(h265Format, "P6 K7 L8 P9 K A L B")...)
		expectFrames(t, r, "K7 P9 K A L B")
		if r.Dropped() != 2 {
			t.Errorf("dropped %d", r.Dropped())
		}
	})
}

// TestLeadingPicturesOfAnotherFormat: decoders begin anew with one.
func TestLeadingPicturesOfAnotherFormat(t *testing.T) {
	story(t, stream.Options{}, func(t *testing.T, hub *stream.Hub, cam *camera) {
		r := open(t, hub, stream.ReadOptions{})
		cam.give(openGOP(h265Format, "K1")...)
		expectFrames(t, r, "K1")
		other := *h265Format
		cam.give(openGOP(&other, "K2 L3 L4 P5")...)
		expectFrames(t, r, "K2 P5")
		cam.give(openGOP(&other, "K6 L7")...)
		expectFrames(t, r, "K6 L7")
	})
}

// TestLeadingPicturesByWayOfAnother: who passes frames on is given all, and asks
// the readers of those whom it serves.
func TestLeadingPicturesByWayOfAnother(t *testing.T) {
	story(t, stream.Options{}, func(t *testing.T, hub *stream.Hub, cam *camera) {
		on, late := open(t, hub, stream.ReadOptions{}), open(t, hub, stream.ReadOptions{})
		lead := open(t, hub, stream.ReadOptions{Leading: true})
		cam.give(openGOP(h265Format, "K1 P2")...)
		expectFrames(t, on, "K1 P2")
		cam.give(openGOP(h265Format, "K3 L4 P5 L6")...)
		expectFrames(t, on, "K3")
		expectFrames(t, late, "K3")
		for name := range strings.FieldsSeq("K3 L4 P5 L6") {
			f := expectFrame(t, lead, name)
			for range 2 { // it may ask again
				if on.Withholds(&f) {
					t.Errorf("%s is withheld from whom read on", name)
				}
				if late.Withholds(&f) != f.Leading {
					t.Errorf("%s, of one who joined: given is %v", name, f.Leading)
				}
			}
		}
		for _, r := range []*stream.Reader{on, late} {
			r.Passed(6, 3)
			if r.Dropped() != 0 {
				t.Errorf("dropped %d", r.Dropped())
			}
		}
		cam.give(openGOP(h265Format, "L7 P8")...)
		expectFrames(t, on, "L7 P8")
		expectFrames(t, late, "P8")
	})
}

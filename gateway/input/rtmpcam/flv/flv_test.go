package flv

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/input/rtspcam/rtptest"
	"framegate/gateway/media"
)

// film is what ffmpeg makes of numbered pictures, as the tags of a file.
func film(t *testing.T, n int, args ...string) (tags []Tag) {
	t.Helper()
	rtptest.Tool(t, "ffmpeg")
	var pictures []byte
	for i := range n {
		pictures = append(pictures, camtest.Picture(i, 128, 96)...)
	}
	args = append(append([]string{"-f", "mjpeg", "-framerate", "25", "-i", "-"}, args...), "-pix_fmt", "yuv420p", "-f", "flv", "-")
	from := NewTags(bytes.NewReader(rtptest.FFmpeg(t, pictures, args...)), 1<<20)
	for {
		tag, err := from.Next()
		if errors.Is(err, io.EOF) {
			return tags
		}
		if err != nil {
			t.Fatal(err)
		}
		tag.Body = bytes.Clone(tag.Body)
		tags = append(tags, tag)
	}
}

// receiver gives a Receiver, what it emits, and what is wrong with sound.
func receiver() (r *Receiver, frames *[]media.Frame, troubles *[]string) {
	frames, troubles = new([]media.Frame), new([]string)
	r = New(Options{
		Emit:    func(f media.Frame) { *frames = append(*frames, f) },
		Trouble: func(err error) { *troubles = append(*troubles, err.Error()) },
	})
	return r, frames, troubles
}

// take gives tags to a receiver, with their times shifted.
func take(t *testing.T, r *Receiver, tags []Tag, shift uint32) {
	t.Helper()
	for _, tag := range tags {
		if tag.Kind == TagSound {
			r.Sound(tag.Stamp+shift, tag.Body)
		} else if err := r.Pictures(tag.Stamp+shift, tag.Body); err != nil {
			t.Fatal(err)
		}
	}
}

// split gives the pictures and the sound that has data.
func split(frames []media.Frame) (pictures, sound []media.Frame) {
	for _, f := range frames {
		switch {
		case f.Format.Codec.Kind() == media.Video:
			pictures = append(pictures, f)
		case len(f.Data) > 0:
			sound = append(sound, f)
		}
	}
	return pictures, sound
}

// TestPicturesHaveTheirTimes: those with B-frames are 40 ms apart once they are in the
// order of their PTS, also where the sender's clock goes round, and the sound lies beside them.
func TestPicturesHaveTheirTimes(t *testing.T) {
	const n = 30
	tags := film(t, n, "-f", "lavfi", "-i", "sine=d=1.2", "-c:v", "libx264", "-bf", "2", "-g", "10", "-c:a", "aac")
	for _, shift := range []uint32{0, 1<<32 - 600} {
		r, frames, troubles := receiver()
		take(t, r, tags, shift)
		got, sound := split(*frames)
		if len(got) != n || len(sound) < n || len(*troubles) > 0 {
			t.Fatalf("%d pictures and %d of sound, %q", len(got), len(sound), *troubles)
		}
		ordered := slices.Clone(got)
		slices.SortFunc(ordered, func(a, b media.Frame) int { return cmp.Compare(a.PTS, b.PTS) })
		if slices.EqualFunc(got, ordered, func(a, b media.Frame) bool { return a.PTS == b.PTS }) {
			t.Error("the film has no B-frames")
		}
		for i := range n - 1 {
			if step := ordered[i+1].PTS - ordered[i].PTS; step != 40*time.Millisecond {
				t.Errorf("picture %d is shown for %v", i, step)
			}
		}
		if behind := sound[len(sound)-1].PTS - ordered[n-1].PTS; behind < -200*time.Millisecond || behind > 200*time.Millisecond {
			t.Errorf("the sound ends %v behind the pictures", behind)
		}
		if f := got[0].Format; f.Codec != media.H264 || f.Width != 128 || f.Height != 96 || sound[0].Format.Codec != media.AAC {
			t.Errorf("formats %+v, %+v", f, sound[0].Format)
		}
	}
}

// TestASenderThatBeginsAnew goes on in media time, as another format, with a keyframe.
func TestASenderThatBeginsAnew(t *testing.T) {
	tags := film(t, 20, "-c:v", "libx264", "-bf", "0", "-g", "10", "-sc_threshold", "0")
	r, frames, _ := receiver()
	take(t, r, tags, 1_000_000)
	take(t, r, tags[1:], 5) // without what describes them
	if len(*frames) != 40 {
		t.Fatalf("%d pictures", len(*frames))
	}
	before, after := (*frames)[19], (*frames)[20]
	if after.PTS <= before.PTS || after.Format == before.Format || !after.Key {
		t.Errorf("it goes on at %v after %v", after.PTS, before.PTS)
	}
	take(t, r, tags[6:], 3_000_000_000) // between keyframes, and earlier, if that is a time
	if last := (*frames)[39]; len(*frames) != 50 || !(*frames)[40].Key || (*frames)[40].PTS <= last.PTS {
		t.Errorf("of what begins between keyframes %d pictures are shown", len(*frames)-40)
	}
}

// extended makes a tag of H.264, as FLV has it, one of Enhanced RTMP: with its time, or
// without where it is shown at once, behind a modifier or as one of several tracks.
func extended(t Tag, codec, way string) Tag {
	kind, rest := byte(exFrames), t.Body[2:]
	switch {
	case t.Body[1] == 0:
		kind, rest = exConfig, rest[3:]
	case int24(rest) == 0 && way != "modified":
		kind, rest = exFramesX, rest[3:]
	}
	first, size := 0x80|t.Body[0]&0x70, []byte{0, 0, byte(len(rest) >> 8), byte(len(rest))}
	switch way {
	case "modified":
		t.Body = slices.Concat([]byte{first | exModifier, 2, 9, 9, 9, kind}, []byte(codec), rest)
	case "many":
		t.Body = slices.Concat([]byte{first | exMultitrack, 1<<4 | kind}, []byte(codec), []byte{1, 0, 0, 2, 7, 7}, size, rest)
	case "codecs":
		t.Body = slices.Concat([]byte{first | exMultitrack, 2<<4 | kind}, []byte("av01"), []byte{1, 0, 0, 2, 7, 7}, []byte(codec), size, rest)
	case "one":
		t.Body = slices.Concat([]byte{first | exMultitrack, kind}, []byte(codec), []byte{0}, rest)
	default:
		t.Body = slices.Concat([]byte{first | kind}, []byte(codec), rest)
	}
	return t
}

// TestEnhancedRTMP is the same pictures, in each of its ways, and H.265 as well, also as it
// came before there was a way for that.
func TestEnhancedRTMP(t *testing.T) {
	plain := film(t, 12, "-c:v", "libx264", "-bf", "2", "-g", "6")
	r, frames, _ := receiver()
	take(t, r, plain, 0)
	want := *frames
	for _, way := range []string{"plain", "modified", "many", "codecs", "one"} {
		var tags []Tag
		for _, tag := range plain {
			if tag.Body[1] < 2 { // the end is said otherwise
				tags = append(tags, extended(tag, "avc1", way))
			}
		}
		r, frames, _ := receiver()
		take(t, r, tags, 0)
		if !slices.EqualFunc(*frames, want, func(a, b media.Frame) bool {
			return a.PTS-b.PTS == (*frames)[0].PTS-want[0].PTS && bytes.Equal(a.Data, b.Data)
		}) {
			t.Errorf("%s: %d pictures, not the %d that came plain", way, len(*frames), len(want))
		}
	}
	hevc := rtptest.EncodedH265(t, 12, 128, 96, "keyint=6")
	for _, head := range []string{"\xA3hvc1", "\x2C\x01\x00\x00\x00"} {
		r, frames, _ := receiver()
		r.lengths = 4 // its parameter sets are among its pictures
		for n, units := range hevc {
			body := []byte(head)
			for _, unit := range units {
				body = append(binary.BigEndian.AppendUint32(body, uint32(len(unit))), unit...)
			}
			if err := r.Pictures(uint32(n)*40, body); err != nil {
				t.Fatal(err)
			}
		}
		if len(*frames) != 12 || (*frames)[0].Format.Codec != media.H265 {
			t.Errorf("%d pictures of H.265", len(*frames))
		}
	}
}

// TestSounds are taken, or left out with a word that is said once.
func TestSounds(t *testing.T) {
	tags := film(t, 10, "-c:v", "libx264", "-bf", "0")
	opusHead := "OpusHead\x01\x02\x38\x01\x80\xBB\x00\x00\x00\x00\x00"
	packet := "\xFC" + strings.Repeat("x", 50) // 20 ms
	for _, c := range []struct {
		name    string
		bodies  []string
		want    string // codec, rate and channels, and the duration of all of it
		trouble string
	}{
		{"AAC", []string{"\xAF\x00\x12\x10", "\xAF\x01abc"}, "aac 44100 2 23.219954ms", ""},
		{"AAC that is not described", []string{"\xAF\x01abc"}, "", errNoConfig.Error()},
		{"AAC of nothing", []string{"\xAF\x00", "\xAF"}, "", ""},
		{"AAC described wrongly", []string{"\xAF\x00\xFF\xFF\xFF", "\xAF\x01abc"}, "", media.ErrBadSound.Error()},
		{"AAC described at length", []string{"\xAF\x00" + strings.Repeat("x", 300)}, "", errTooLong.Error()},
		{"AAC that is too large", []string{"\xAF\x00\x12\x10", "\xAF\x01" + strings.Repeat("x", maxUnit+1)}, "", errTooLong.Error()},
		{"G.711", []string{"\x70" + strings.Repeat("x", 1000)}, "pcma 8000 1 125ms", ""},
		{"G.711 in stereo", []string{"\x83" + strings.Repeat("x", 320)}, "pcmu 8000 2 20ms", ""},
		{"Opus", []string{"\x90Opus" + opusHead, "\x91Opus" + packet}, "opus 48000 2 20ms", ""},
		{"Opus in tracks", []string{"\x95\x10Opus\x00\x00\x00\x13" + opusHead, "\x95\x11Opus\x00\x00\x00\x33" + packet}, "opus 48000 2 20ms", ""},
		{"Opus described wrongly", []string{"\x90Opus" + opusHead[:9] + "\x06" + opusHead[10:18] + "\x01"}, "", media.ErrBadSound.Error()},
		{"AAC in Enhanced RTMP", []string{"\x90mp4a\x12\x10", "\x91mp4aabc"}, "aac 44100 2 23.219954ms", ""},
		{"MP3", []string{"\x2Fxx", "\x2Fxx"}, "", "sound of a kind that is not taken: MP3"},
		{"AC-3", []string{"\x90ac-3", "\x91ac-3xx"}, "", "sound of a kind that is not taken: ac-3"},
		{"what nobody knows", []string{"\xFF", "\xC0"}, "", "sound of a kind that is not taken: kind 15 of FLV"},
		{"what ends", []string{"", "\x90", "\x90Opu", "\x95", "\x95\x10Opus\x00\x00", "\x97\x09", "\x92Opus"}, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, frames, troubles := receiver()
			r.Sound(0, []byte(c.bodies[0])) // before the pictures it only describes
			take(t, r, tags[:3], 0)
			for _, body := range c.bodies {
				r.Sound(tags[2].Stamp, []byte(body))
			}
			_, sound := split(*frames)
			got, length := "", time.Duration(0)
			for _, f := range sound {
				length += f.Duration()
				got = fmt.Sprint(f.Format.Codec, " ", f.Format.Rate, " ", f.Format.Channels, " ", length)
			}
			if got != c.want {
				t.Errorf("it is %q", got)
			}
			if (c.trouble == "") != (len(*troubles) == 0) || c.trouble != "" && (len(*troubles) != 1 || !strings.Contains((*troubles)[0], c.trouble)) {
				t.Errorf("what is wrong: %q", *troubles)
			}
		})
	}
}

// TestSoundThatCannotBeHeard is left out: too much of it, or of another time.
func TestSoundThatCannotBeHeard(t *testing.T) {
	tags := film(t, 3, "-c:v", "libx264", "-bf", "0")
	synctest.Test(t, func(t *testing.T) {
		r, frames, troubles := receiver()
		take(t, r, tags, 0)
		for n := range uint32(3000) {
			r.Sound(n/100, []byte("\x70"+strings.Repeat("x", 800)))
		}
		_, sound := split(*frames)
		if len(sound) < 100 || len(sound) > 200 || len(*troubles) != 1 {
			t.Errorf("%d of sound, %q", len(sound), *troubles)
		}
		time.Sleep(time.Minute)
		r.Sound(1<<20, []byte("\x70"+strings.Repeat("x", 800)))
		if _, after := split(*frames); len(after) > len(sound) {
			t.Error("sound of another time is heard")
		}
	})
}

// TestWhatIsWrongWithPictures costs them, up to the next keyframe, or says what is not
// taken.
func TestWhatIsWrongWithPictures(t *testing.T) {
	tags := film(t, 20, "-c:v", "libx264", "-bf", "0", "-g", "5", "-sc_threshold", "0")
	for name, spoil := range map[string]func(r *Receiver, body []byte) []byte{
		"a length beyond the end":  func(_ *Receiver, b []byte) []byte { return append(b[:5:5], 0xFF, 0xFF, 0xFF, 0xFF, 1) },
		"half a length":            func(_ *Receiver, b []byte) []byte { return append(b[:5:5], 0, 0) },
		"cut off":                  func(_ *Receiver, b []byte) []byte { return b[:len(b)-1] },
		"one that was passed over": func(r *Receiver, b []byte) []byte { r.Lost(); return b[:4] },
	} {
		r, frames, _ := receiver()
		for n, tag := range tags {
			if n == 8 { // behind what describes them: the picture 7
				tag.Body = spoil(r, tag.Body)
			}
			take(t, r, []Tag{tag}, 0)
		}
		if len(*frames) != 17 || !(*frames)[7].Key {
			t.Errorf("%s: %d pictures come", name, len(*frames))
		}
	}
	for what, body := range map[string]string{"av01": "\x90av01", "vp09": "\x91vp09xxx", "Sorenson H.263": "\x12xx", "codec 15 of FLV": "\x1F"} {
		r, _, _ := receiver()
		if err := r.Pictures(0, []byte(body)); !errors.Is(err, ErrCodec) || !strings.HasSuffix(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
	r, frames, _ := receiver()
	for _, body := range []string{"", "\x17", "\x17\x00\x00", "\x57\x00", "\x17\x02\x00\x00\x00", "\x94avc1xx", "\x92avc1", "\x17\x01\x00\x00\x00abc", "\x17\x00\x00\x00\x00" + strings.Repeat("x", maxConfig+1)} {
		if err := r.Pictures(0, []byte(body)); err != nil && !strings.HasPrefix(body, "\x94") {
			t.Errorf("%q: %v", body, err)
		}
	}
	if len(*frames) > 0 {
		t.Error("a picture comes of nothing")
	}
}

// TestFilesAreRead, and what is none is refused.
func TestFilesAreRead(t *testing.T) {
	file := "FLV\x01\x05\x00\x00\x00\x09\x00\x00\x00\x00"
	script := "\x12\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00xx\x00\x00\x00\x0d"
	picture := "\x09\x00\x00\x01\x00\x00\x07\x01\x00\x00\x00p\x00\x00\x00\x0c"
	large := "\x09\x00\x01\x00\x00\x00\x08\x00\x00\x00\x00" + strings.Repeat("x", 256+4)
	tags := NewTags(strings.NewReader(file+script+picture+large), 100)
	for _, want := range []string{"9 16777223 p false", "9 8  true"} {
		tag, err := tags.Next()
		if got := fmt.Sprintf("%d %d %s %v", tag.Kind, tag.Stamp, tag.Body, tag.Cut); err != nil || got != want {
			t.Errorf("%s, %v, and not %s", got, err, want)
		}
	}
	for _, wrong := range []string{"<html>\n<head>", "FLV\x01\x05\x00\x00\x00\x08", "FLV\x01\x05\xFF\x00\x00\x09", file + "\x29\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", file + "\x09\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01"} {
		if _, err := NewTags(strings.NewReader(wrong), 100).Next(); !errors.Is(err, ErrNotFLV) {
			t.Errorf("%q: %v", wrong, err)
		}
	}
	tags = NewTags(strings.NewReader(file+"\x09\xFF\xFF\xFF\x00\x00\x00\x00\x00\x00\x00abc"), 1<<24)
	if _, err := tags.Next(); !errors.Is(err, io.ErrUnexpectedEOF) || cap(tags.body) > 2*step {
		t.Errorf("%v, and %d bytes are kept", err, cap(tags.body))
	}
}

// FuzzReceiver holds that whatever comes, no frame is without a format, and none is of
// more than came.
func FuzzReceiver(f *testing.F) {
	head := "FLV\x01\x05\x00\x00\x00\x09\x00\x00\x00\x00"
	tag := func(kind byte, body string) string {
		return string([]byte{kind, 0, 0, byte(len(body)), 0, 0, 1, 0, 0, 0, 0}) + body + "\x00\x00\x00\x00"
	}
	f.Add([]byte(head + tag(8, "\xAF\x00\x12\x10") + tag(8, "\xAF\x01abc") + tag(8, "\x91Opus\xFC")))
	f.Add([]byte(head + tag(9, "\x17\x00\x00\x00\x00\x01\x64\x00\x1F\xFF\xE1\x00\x00\x00") + tag(9, "\x17\x01\x00\x00\x00\x00\x00\x00\x01\x65")))
	f.Add([]byte(head + tag(9, "\x96\x10hvc1\x00\x00\x00\x01x") + tag(9, "\x97\x00x\x00hvc1")))
	f.Fuzz(func(t *testing.T, file []byte) {
		given := 0
		r := New(Options{Trouble: func(error) {}, Emit: func(f media.Frame) {
			if f.Format == nil || f.PTS < 0 && f.Format.Codec.Kind() == media.Audio {
				t.Errorf("a frame %+v", f)
			}
			given += len(f.Data)
		}})
		tags := NewTags(bytes.NewReader(file), 1<<20)
		for {
			tag, err := tags.Next()
			if err != nil {
				break
			}
			if tag.Kind == TagSound {
				r.Sound(tag.Stamp, tag.Body)
			} else if r.Pictures(tag.Stamp, tag.Body) != nil {
				break
			}
		}
		if given > 4*len(file) {
			t.Errorf("%d bytes come of %d", given, len(file))
		}
	})
}

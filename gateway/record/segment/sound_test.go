package segment

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	ff "github.com/Eyevinn/mp4ff/mp4"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
)

// aac is AAC-LC of 48 kHz in one channel, whose units last 1920 ticks.
func aac(t testing.TB) *media.Format {
	t.Helper()
	f, err := media.AACFormat([]byte{0x11, 0x88})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// soundLate is where the sound of heard begins: 0.1 s after the first picture is shown,
// which two frames are decoded before.
const soundLate = 9000 + 2*3600

// heard gives as much sound as there are pictures in the forms, a tone.
func heard(t testing.TB) (all []Sample) {
	t.Helper()
	b := camtest.Output(t, nil, "ffmpeg", "-v", "error", "-f", "lavfi", "-i", "sine=r=48000:d=3.8", "-c:a", "aac", "-f", "adts", "pipe:1")
	var packets mpeg4audio.ADTSPackets
	if err := packets.Unmarshal(b); err != nil {
		t.Fatal(err)
	}
	for i, p := range packets {
		all = append(all, Sample{Decode: soundLate + int64(i)*1920, Duration: 1920, Key: true, Data: p.AU})
	}
	return all
}

// tones gives pieces of sound that nobody can hear, from a time on, each of which
// ends as sound does.
func tones(from int64, n int) (all []Sample) {
	for i := range n {
		all = append(all, Sample{Decode: from + int64(i)*1920, Duration: 1920, Key: true, Data: nalu(30+i%5, uint64(i))})
	}
	return all
}

// TestSoundChangesNothingOfPictures takes a file with sound that begins late, is
// away for ten seconds and goes on for longer than the pictures through all of its
// states: they hold both, and are as long as without it.
func TestSoundChangesNothingOfPictures(t *testing.T) {
	t.Parallel()
	samples := made(0, 500, 25)
	sound := slices.Concat(tones(100*3600, 50), tones(400*3600, 205))
	for name, expect := range map[string]int{"tables in front": 500, "tables at the end": 0} {
		for i := range samples {
			samples[i].Offset = int32(i % (2 - min(expect, 1)))
		}
		f, silent := forever(), forever()
		w := write(t, f, h264Format(t), samples, 25, expect, sound...)
		check := func(state State) {
			t.Helper()
			s := open(t, f.b)
			checkHolds(t, f.b, s, samples, len(samples))
			s.Table.Entries = s.Table.Entries[1:]
			want := slices.Clone(sound[:len(s.Table.Entries[0])])
			if len(want) != len(sound) {
				t.Fatalf("%s: %d pieces of sound", name, len(want))
			}
			if state == Finished {
				want[49].Duration = 300*3600 - 49*1920 // as a regular MP4 has it
			}
			checkHolds(t, f.b, s, want, len(want))
			if s.State != state || fmt.Sprint(s.Formats[1]) != fmt.Sprint(aac(t)) {
				t.Errorf("%s: state %v, format %+v", name, s.State, s.Formats[1])
			}
		}
		check(Growing)
		sum, err := w.Finish(1)
		if err != nil {
			t.Fatal(err)
		}
		check(Finished)
		want, err := write(t, silent, h264Format(t), samples, 25, expect).Finish(1)
		if err != nil {
			t.Fatal(err)
		}
		if sum.Duration != want.Duration || sum.Frames != want.Frames || sum.Keys != want.Keys || sum.STTS != want.STTS || sum.CTTS != want.CTTS || sum.Fragments != want.Fragments {
			t.Errorf("%s: %+v, without sound %+v", name, sum, want)
		}
		if long := float64(sum.Duration) / float64(time.Second) * 48000 / 1024; sum.Sounds < int(long)-2 || sum.Sounds > int(long)+1 || want.Sounds != 0 {
			t.Errorf("%s: %d frames of sound in %v, %d without sound", name, sum.Sounds, sum.Duration, want.Sounds)
		}
		if again := open(t, f.b).Summary; again.Sounds != sum.Sounds || fmt.Sprint(again.MoovBytes, again.DataAt) != fmt.Sprint(sum.MoovBytes, sum.DataAt) {
			t.Errorf("%s: read %+v, written %+v", name, again, sum)
		}
	}
}

// TestSoundThatNeverComes leaves a file without a track that nobody can play.
func TestSoundThatNeverComes(t *testing.T) {
	t.Parallel()
	samples := made(0, 50, 25)
	f := forever()
	w, err := Create(f, head, []Track{{h264Format(t)}, {aac(t)}}, 50)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Append(samples, nil); err != nil {
		t.Fatal(err)
	}
	growing := open(t, f.b)
	sum, err := w.Finish(1)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []*Segment{growing, open(t, f.b)} {
		if checkHolds(t, f.b, s, samples, 50); len(s.Formats) != 1 || len(s.Table.Entries) != 1 {
			t.Errorf("state %v: %d tracks", s.State, len(s.Formats))
		}
	}
	if len(sum.Formats) != 1 || fmt.Sprint(sum.MoovBytes) != fmt.Sprint(growing.Summary.MoovBytes) {
		t.Errorf("finished %+v, while it grew %+v", sum, growing.Summary)
	}
}

// TestDamagedSoundCostsNoPicture has the power take the sound of the last fragment,
// which stands at its end.
func TestDamagedSoundCostsNoPicture(t *testing.T) {
	t.Parallel()
	samples, sound := made(0, 75, 25), tones(0, 130)
	f := forever()
	w := write(t, f, h264Format(t), samples, 25, 75, sound...)
	kept := w.Table().Entries[1]
	last := kept[len(kept)-1]
	clear(f.b[last.At-100 : last.At+int64(last.Size)]) // the last one, and of some before it
	if _, err := Repair(f, int64(len(f.b))); err != nil {
		t.Fatal(err)
	}
	s := open(t, f.b)
	checkHolds(t, f.b, s, samples, 75)
	if n := len(s.Table.Entries[1]); n < len(kept)-6 || n > len(kept)-3 {
		t.Errorf("%d of %d pieces of sound are left", n, len(kept))
	}
	for _, e := range s.Table.Entries[1] {
		if f.b[e.At+int64(e.Size)-1] == 0 {
			t.Errorf("what is left at %d is damaged", e.At)
		}
	}
}

// TestDyingWithSound dies after each operation.
func TestDyingWithSound(t *testing.T) {
	t.Parallel()
	samples, sound := made(0, 60, 20), tones(500, 100)
	for n := 0; ; n++ {
		f := &memory{left: n}
		w, err := Create(f, head, []Track{{h264Format(t)}, {aac(t)}}, 60)
		appended := 0
		for i := 0; i < 60 && err == nil; i += 20 {
			if err = w.Append(samples[i:i+20], sound[i:i+20]); err == nil {
				appended = i + 20
			}
		}
		if err == nil {
			_, err = w.Finish(1)
		}
		checkDead(t, f.b, samples, appended)
		if s, failed := Open(bytes.NewReader(f.b), int64(len(f.b))); failed == nil {
			if got := len(s.Table.Entries[1]); got != len(s.Table.Entries[0]) {
				t.Errorf("after %d operations %d pieces of sound beside %d pictures", n, got, len(s.Table.Entries[0]))
			}
		}
		if err == nil {
			return
		}
		if !errors.Is(err, errDead) {
			t.Fatal(err)
		}
	}
}

// TestFfmpegHearsAllForms: the same sound is heard at the same time, and the file is
// as long as its pictures.
func TestFfmpegHearsAllForms(t *testing.T) {
	t.Parallel()
	var want string
	all := forms(t, reorderedH265(t), heard(t)...)
	eachForm(t, all, func(t *testing.T, name, path string) {
		out := camtest.Output(t, nil, "ffprobe", "-v", "warning", "-show_entries", "format=duration,start_time:stream=codec_name,codec_tag_string,start_time", "-of", "json", path)
		var probed struct {
			Streams []struct {
				Codec string `json:"codec_name"`
				Tag   string `json:"codec_tag_string"`
				Start string `json:"start_time"`
			}
			Format struct {
				Duration string
				Start    string `json:"start_time"`
			}
		}
		if err := json.Unmarshal(out, &probed); err != nil || len(probed.Streams) != 2 {
			t.Fatalf("%v: %s", err, out)
		}
		if s := probed.Streams[1]; s.Codec != "aac" || s.Tag != "mp4a" {
			t.Errorf("%+v", s)
		}
		if at, err := strconv.ParseFloat(probed.Streams[1].Start, 64); err != nil || at < 0.0999 || at > 0.1001 {
			t.Errorf("sound begins at %s s", probed.Streams[1].Start)
		}
		// Of fragments ffprobe counts the time before the sound as well.
		grows := strings.Contains(name, "growing") || strings.Contains(name, "prepared")
		if takes, _ := strconv.ParseFloat(probed.Format.Duration, 64); takes != 4 && !(grows && takes < 4.2) || probed.Format.Start != "0.000000" {
			t.Errorf("from %s on it takes %s s", probed.Format.Start, probed.Format.Duration)
		}
		if sums, _ := pictures(t, path); len(sums) != clipFrames {
			t.Errorf("%d pictures", len(sums))
		}
		decoded := string(camtest.Output(t, nil, "ffmpeg", "-v", "error", "-i", path, "-map", "0:a", "-f", "framemd5", "pipe:1"))
		if want == "" {
			want = decoded
		}
		if decoded != want || strings.Count(decoded, "\n") < 180 {
			t.Errorf("another sound, in %d pieces", strings.Count(decoded, "\n"))
		}
	})
}

// TestMp4ffHearsAllForms has an independent reader read the boxes of sound.
func TestMp4ffHearsAllForms(t *testing.T) {
	t.Parallel()
	sound := tones(0, 180)
	all := forms(t, reordered(t), sound...)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		f, err := ff.DecodeFile(bytes.NewReader(all[name]))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		entry := f.Moov.Traks[1].Mdia.Minf.Stbl.Stsd.Mp4a
		if got := entry.Esds.DecConfigDescriptor.DecSpecificInfo.DecConfig; !bytes.Equal(got, aac(t).Config) || entry.ChannelCount != 1 || entry.SampleRate != 48000 {
			t.Errorf("%s: sample entry %+v", name, entry)
		}
		n := int(f.Moov.Traks[1].Mdia.Minf.Stbl.Stsz.SampleNumber)
		for _, s := range f.Segments {
			for _, fragment := range s.Fragments {
				for _, traf := range fragment.Moof.Trafs[min(1, len(fragment.Moof.Trafs)):] {
					n += int(traf.Trun.SampleCount())
				}
			}
		}
		if n != len(sound) {
			t.Errorf("%s: %d of %d pieces of sound", name, n, len(sound))
		}
	}
}

// TestSoundIsPlacedByItsPictures, whatever its times.
func TestSoundIsPlacedByItsPictures(t *testing.T) {
	t.Parallel()
	format := aac(t)
	times := func(n int, at func(i int) time.Duration) (all []time.Duration) {
		for i := range n {
			all = append(all, at(i))
		}
		return all
	}
	const unit = time.Second * 1024 / 48000
	for name, c := range map[string]struct {
		pts  []time.Duration // where pictures are from 10 s on
		want int             // that are kept
		from int64           // ticks
		runs int             // of the same duration, at most
	}{
		"even":              {times(400, func(i int) time.Duration { return 10*time.Second + time.Duration(i)*unit }), 400, 0, 1},
		"rounded":           {times(400, func(i int) time.Duration { return (10*time.Second + time.Duration(i)*unit).Round(8 * time.Millisecond) }), 400, 0, 1},
		"from before":       {times(400, func(i int) time.Duration { return 9900*time.Millisecond + time.Duration(i)*unit }), 396, 0, 30},
		"late":              {times(400, func(i int) time.Duration { return 15*time.Second + time.Duration(i)*unit }), 400, 5 * Timescale, 1},
		"away":              {times(400, func(i int) time.Duration { return 10*time.Second + time.Duration(i+i/200*500)*unit }), 400, 0, 1},
		"3 % fast":          {times(400, func(i int) time.Duration { return 10*time.Second + time.Duration(i)*unit*97/100 }), 400, 0, 800},
		"back by a second":  {times(400, func(i int) time.Duration { return 10*time.Second + time.Duration(i-i/200*50)*unit }), 355, 0, 30},
		"ends on one place": {times(400, func(i int) time.Duration { return 10*time.Second + time.Duration(min(i, 200))*unit }), 207, 0, 400},
	} {
		var pictures Sequencer
		var sound SoundSequencer
		picture := media.Frame{Key: true, Format: h264Format(t)}
		pictures.Push(picture, 10*Timescale)
		pictures.Flush(3600)
		var all []Sample
		for i, pts := range c.pts {
			f := media.Frame{Format: format, Data: []byte{1, byte(i)}, PTS: pts}
			s, ok := sound.Push(&pictures, f, ticks(f))
			if !ok {
				continue
			}
			if want := ticks(f) - 10*Timescale; s.Decode-want > soundLeap+2000 || want-s.Decode > soundLeap+2000 {
				t.Errorf("%s: frame %d is at %d, and belongs at %d", name, i, s.Decode, want)
			}
			all = append(all, s)
		}
		if len(all) != c.want || all[0].Decode != c.from {
			t.Errorf("%s: %d are kept, from %d on; want %d from %d on", name, len(all), all[0].Decode, c.want, c.from)
		}
		runs := 1
		for i := range all[1:] {
			if all[i+1].Decode < all[i].Decode+int64(all[i].Duration) {
				t.Fatalf("%s: sample %d begins before the one before it ends", name, i+1)
			}
			if all[i+1].Duration != all[i].Duration {
				runs++
			}
		}
		if runs > c.runs {
			t.Errorf("%s: %d runs of durations", name, runs)
		}
	}
}

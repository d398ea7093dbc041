package segment

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	ff "github.com/Eyevinn/mp4ff/mp4"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
	"framegate/transcode/h264"
)

// clipFrames is how many pictures there are in each of the forms, at 25 a second.
const clipFrames = 100

// reordered encodes what the forms are made of: B-frames that others refer to.
func reordered(t testing.TB) []media.Frame {
	return encode(t, "s=160x120:r=25:d=4", "-bf", "3", "-b_strategy", "0", "-g", "25")
}

// reorderedH265 encodes the like by libx265.
func reorderedH265(t testing.TB) []media.Frame {
	return encode(t, "s=160x120:r=25:d=4", "-c:v", "libx265", "-preset", "ultrafast", "-tag:v", "hvc1",
		"-x265-params", "log-level=none:keyint=25:min-keyint=25:scenecut=0:bframes=4:b-adapt=0:b-pyramid=1:open-gop=0")
}

// forms gives one file in all the states that it can be found in, with sound or
// without.
func forms(t testing.TB, frames []media.Frame, sound ...Sample) map[string][]byte {
	t.Helper()
	samples := sequence(frames)
	format := frames[0].Format
	all := make(map[string][]byte)
	for where, expect := range map[string]int{"": 200, ", at the end": -200} {
		f := forever()
		w := write(t, f, format, samples, 25, max(expect, 0), sound...)
		if expect < 0 { // as if the hole were full
			w = narrow(t, f, format, samples, sound)
		}
		all["growing"+where] = f.b
		f.left = 3
		if _, err := w.Finish(1); !errors.Is(err, errDead) {
			t.Fatal(err)
		}
		all["prepared"+where] = f.b
		if expect > 0 {
			half := slices.Clone(f.b)
			clear(half[holeAt+500 : holeAt+minHole])
			all["half-prepared"] = half
		}
		f.left = -1
		if _, err := w.Finish(1); err != nil {
			t.Fatal(err)
		}
		all["finished"+where] = f.b
	}
	hole := int64(minHole) * int64(1+min(len(sound), 1))
	f := &memory{b: append(slices.Clone(all["growing"]), all["growing"][holeAt+hole+20*200+700:][:3000]...), left: -1}
	if _, err := Repair(f, int64(len(f.b))); err != nil {
		t.Fatal(err)
	}
	all["repaired"] = f.b
	return all
}

// narrow writes a file whose hole is too small.
func narrow(t testing.TB, f *memory, format *media.Format, samples, sound []Sample) *Writer {
	t.Helper()
	f.b = nil
	w, err := Create(f, head, tracks(t, format, sound), 0)
	if err != nil {
		t.Fatal(err)
	}
	w.data = holeAt + 600 // less than what Create leaves
	w.size, w.buf = w.data, nil
	appendHead(&w.buf, head, w.data)
	if _, err := f.WriteAt(w.buf, 0); err != nil {
		t.Fatal(err)
	}
	appendAll(t, w, samples, 25, sound)
	return w
}

// eachForm tests all forms, which lie in files.
func eachForm(t *testing.T, all map[string][]byte, test func(t *testing.T, name, path string)) {
	dir := t.TempDir()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(dir, strings.NewReplacer(" ", "-", ",", "").Replace(name)+".mp4")
			if err := os.WriteFile(path, all[name], 0o600); err != nil {
				t.Fatal(err)
			}
			test(t, name, path)
		})
	}
}

// pictures gives a sum over each picture that ffmpeg decodes, and when it is
// shown, in ticks.
func pictures(t *testing.T, path string) (sums []string, times []int64) {
	t.Helper()
	args := []string{"-v", "error", "-i", path, "-map", "0:v", "-fps_mode", "passthrough", "-enc_time_base", "1:90000", "-f", "framemd5", "pipe:1"}
	for line := range strings.Lines(string(camtest.Output(t, nil, "ffmpeg", args...))) {
		if !strings.HasPrefix(line, "#") {
			fields := strings.Split(strings.TrimSpace(line), ",")
			at, err := strconv.ParseInt(strings.TrimSpace(fields[2]), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			sums, times = append(sums, strings.TrimSpace(fields[len(fields)-1])), append(times, at)
		}
	}
	return sums, times
}

// sought gives sums over the pictures from some on, to each of which ffmpeg seeks.
func sought(t *testing.T, path string, places ...int) map[int][]string {
	t.Helper()
	args, outputs := []string{"-v", "error"}, []string{}
	dir := t.TempDir()
	for i, place := range places {
		args = append(args, "-ss", strconv.FormatFloat(float64(place)/25, 'f', 3, 64), "-i", path)
		outputs = append(outputs, "-map", strconv.Itoa(i), "-fps_mode", "passthrough", "-f", "framemd5", filepath.Join(dir, strconv.Itoa(place)))
	}
	camtest.Output(t, nil, "ffmpeg", append(args, outputs...)...)
	all := make(map[int][]string)
	for _, place := range places {
		b, err := os.ReadFile(filepath.Join(dir, strconv.Itoa(place)))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(b)) {
			if !strings.HasPrefix(line, "#") {
				fields := strings.Split(strings.TrimSpace(line), ",")
				all[place] = append(all[place], strings.TrimSpace(fields[len(fields)-1]))
			}
		}
	}
	return all
}

// annexB gives frames with start codes, outside of any container.
func annexB(frames []media.Frame) (b []byte) {
	nalu := func(n []byte) { b = append(append(b, 0, 0, 0, 1), n...) }
	for _, f := range frames {
		if f.Key {
			vps, sps, pps := f.Format.ParameterSets()
			for _, set := range slices.Concat(vps, sps, pps) {
				nalu(set)
			}
		}
		for rest := f.Data; len(rest) > 4; {
			n := int(rest[0])<<24 | int(rest[1])<<16 | int(rest[2])<<8 | int(rest[3])
			nalu(rest[4 : 4+n])
			rest = rest[4+n:]
		}
	}
	return b
}

// TestFfmpegOpensAllForms has ffmpeg decode, measure and seek: the pictures are
// those of the stream itself, from 0 on, a frame apart.
func TestFfmpegOpensAllForms(t *testing.T) {
	t.Run("h264", func(t *testing.T) { t.Parallel(); ffmpegOpens(t, reordered(t), "avc1") })
	t.Run("hevc", func(t *testing.T) { t.Parallel(); ffmpegOpens(t, reorderedH265(t), "hvc1") })
}

func ffmpegOpens(t *testing.T, frames []media.Frame, tag string) {
	want, _ := pictures(t, file(t, "clip."+frames[0].Format.Codec.String(), annexB(frames)))
	if len(want) != clipFrames {
		t.Fatalf("%d pictures", len(want))
	}
	eachForm(t, forms(t, frames), func(t *testing.T, name, path string) {
		sums, times := pictures(t, path)
		if !slices.Equal(sums, want) {
			t.Errorf("%d pictures, not the %d of the stream itself", len(sums), len(want))
		}
		for i, at := range times {
			if at != int64(i)*3600 {
				t.Fatalf("picture %d is shown at %d", i, at)
			}
		}
		out := camtest.Output(t, nil, "ffprobe", "-v", "warning", "-count_packets", "-show_entries", "format=duration:stream=nb_read_packets,avg_frame_rate,codec_tag_string,has_b_frames", "-of", "json", path)
		var probed struct {
			Streams []struct {
				Tag       string `json:"codec_tag_string"`
				Packets   string `json:"nb_read_packets"`
				Rate      string `json:"avg_frame_rate"`
				Reordered int    `json:"has_b_frames"`
			}
			Format struct{ Duration string }
		}
		if err := json.Unmarshal(out, &probed); err != nil || len(probed.Streams) != 1 {
			t.Fatalf("%v: %s", err, out)
		}
		if s := probed.Streams[0]; s.Tag != tag || s.Packets != strconv.Itoa(clipFrames) || s.Rate != "25/1" || s.Reordered != 2 {
			t.Errorf("%+v", s)
		}
		if probed.Format.Duration != "4.000000" {
			t.Errorf("it takes %s s", probed.Format.Duration)
		}
		for place, sums := range sought(t, path, 30, 51, 97) {
			if !slices.Equal(sums, want[place:]) {
				t.Errorf("from picture %d on there are %d, want %d", place, len(sums), clipFrames-place)
			}
		}
	})
}

// TestMp4ffOpensAllForms has an independent reader read the boxes, find each sample
// by them, and look for those to begin with at three times.
func TestMp4ffOpensAllForms(t *testing.T) {
	t.Parallel()
	frames := reordered(t)
	for name, b := range forms(t, frames) {
		f, err := ff.DecodeFile(bytes.NewReader(b))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		find := samplesOf
		if finished := !strings.HasPrefix(name, "growing") && !strings.Contains(name, "prepared"); finished == f.IsFragmented() {
			t.Fatalf("%s: fragmented: %v", name, f.IsFragmented())
		} else if !finished {
			find = fragmentsOf
		} else if d := f.Moov.Mvhd.Duration; d != clipFrames*3600 {
			t.Errorf("%s: it takes %d", name, d)
		}
		samples := find(t, f, b)
		if len(samples) != clipFrames {
			t.Fatalf("%s: %d samples", name, len(samples))
		}
		for i, s := range samples {
			if s.DecodeTime != uint64(i)*3600 || !bytes.Equal(s.Data, frames[i].Data) || s.IsSync() != frames[i].Key {
				t.Fatalf("%s: sample %d, at %d, is another", name, i, s.DecodeTime)
			}
		}
		for _, place := range []int{13, 51, 97} {
			if got, want := beginning(t, f, uint64(place)*3600), place/25*25; got != want {
				t.Errorf("%s: who seeks sample %d begins with %d, want %d", name, place, got, want)
			}
		}
	}
}

// samplesOf finds the samples of a regular file by its tables.
func samplesOf(t *testing.T, f *ff.File, b []byte) (all []ff.FullSample) {
	t.Helper()
	tables := f.Moov.Trak.Mdia.Minf.Stbl
	for n := uint32(1); n <= tables.Stsz.SampleNumber; n++ {
		ranges, err := f.Moov.Trak.GetRangesForSampleInterval(n, n)
		if err != nil || len(ranges) != 1 {
			t.Fatal(ranges, err)
		}
		at, _ := tables.Stts.GetDecodeTime(n)
		flags := uint32(ff.NonSyncSampleFlags)
		if tables.Stss.IsSyncSample(n) {
			flags = ff.SyncSampleFlags
		}
		all = append(all, ff.FullSample{Sample: ff.Sample{Flags: flags}, DecodeTime: at, Data: b[ranges[0].Offset:][:ranges[0].Size]})
	}
	return all
}

// fragmentsOf finds those of a file of fragments.
func fragmentsOf(t *testing.T, f *ff.File, _ []byte) (all []ff.FullSample) {
	t.Helper()
	for _, s := range f.Segments {
		for _, fragment := range s.Fragments {
			samples, err := fragment.GetFullSamples(f.Moov.Mvex.Trex)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, samples...)
		}
	}
	return all
}

// beginning gives the sample that decoding begins with to show one: that of the last
// keyframe, or of the last fragment, before it.
func beginning(t *testing.T, f *ff.File, at uint64) (sample int) {
	t.Helper()
	if !f.IsFragmented() {
		tables := f.Moov.Trak.Mdia.Minf.Stbl
		n, err := tables.Stts.GetSampleNrAtTime(at)
		if err != nil {
			t.Fatal(err)
		}
		for !tables.Stss.IsSyncSample(n) {
			n--
		}
		return int(n) - 1
	}
	for _, s := range f.Segments {
		for _, fragment := range s.Fragments {
			if begin := fragment.Moof.Traf.Tfdt.BaseMediaDecodeTime(); begin <= at {
				sample = int(begin / 3600)
			}
		}
	}
	return sample
}

// TestOpenGOP begins a file at a keyframe that pictures follow which are shown
// before it, and need pictures of the file before: they are there, and hidden.
func TestOpenGOP(t *testing.T) {
	t.Parallel()
	frames := encode(t, "s=160x120:r=25:d=4", "-bf", "3", "-b_strategy", "0", "-g", "27", "-x264-params", "open-gop=1:b-pyramid=none")
	all, _ := pictures(t, file(t, "clip.h264", annexB(frames)))
	shown := make([]int64, len(frames))
	for i, f := range frames {
		shown[i] = ticks(f)
		frames[i].Key = f.Key || recoveryPoint(f.Data) // which ffmpeg does not mark
	}
	cut := -1
	for i := range frames {
		if i > 30 && frames[i].Key && slices.Min(shown[i+1:]) < shown[i] {
			cut = i
			break
		}
	}
	if cut < 0 {
		t.Fatal("the encoder opens no GOP")
	}
	samples := sequence(frames[cut:])
	f := forever()
	w := write(t, f, frames[0].Format, samples, 25, 200)
	sum, err := w.Finish(1)
	if err != nil {
		t.Fatal(err)
	}
	first := 0 // how many pictures are shown before the keyframe
	for _, at := range shown {
		if at < shown[cut] {
			first++
		}
	}
	sums, at := pictures(t, file(t, "open.mp4", f.b))
	if !slices.Equal(sums, all[first:]) || at[0] != 0 {
		t.Errorf("%d pictures from %d on, want %d from 0 on", len(sums), at[0], len(all)-first)
	}
	if got, want := sum.Duration.Seconds(), float64(len(all)-first)/25; math.Abs(got-want) > 0.001 {
		t.Errorf("it takes %v, want %v", got, want)
	}
}

// recoveryPoint says whether a frame begins with the message that decoding may
// begin with it.
func recoveryPoint(data []byte) bool {
	for len(data) > 4 {
		n := binary.BigEndian.Uint32(data)
		if nalu := data[4 : 4+n]; h264.Type(nalu) == h264.TypeSEI && h264.IsRecoveryPoint(nalu) {
			return true
		}
		data = data[4+n:]
	}
	return false
}

// TestRateScalesTheTimescale plays what a camera stamps as 25 frames a second, and
// sends 21 of, in true time.
func TestRateScalesTheTimescale(t *testing.T) {
	t.Parallel()
	f := forever()
	w := write(t, f, h264Format(t), made(0, 100, 25), 25, 100)
	if _, err := w.Finish(0.84); err != nil {
		t.Fatal(err)
	}
	out := camtest.Output(t, nil, "ffprobe", "-v", "fatal", "-show_entries", "format=duration:format_tags=creation_time:stream=r_frame_rate,time_base", "-of", "csv=p=0", file(t, "slow.mp4", f.b))
	if got, want := strings.Fields(string(out)), []string{"21/1,1/75600", "4.761905,2026-11-20T13:04:00.000000Z"}; !slices.Equal(got, want) {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestFfmpegReadsJPEG reads a file of JPEGs, growing and finished: they are the
// same bytes.
func TestFfmpegReadsJPEG(t *testing.T) {
	t.Parallel()
	frames := jpegs(t, 10)
	f := forever()
	w := write(t, f, frames[0].Format, sequence(frames), 5, 10)
	check := func(name string) {
		t.Helper()
		path := file(t, name, f.b)
		out := camtest.Output(t, nil, "ffprobe", "-v", "warning", "-show_entries", "stream=codec_name,codec_tag_string,width,height,nb_read_packets:format=duration", "-count_packets", "-of", "csv=p=0", path)
		if got, want := strings.Fields(string(out)), []string{"mjpeg,mp4v,64,48,10", "2.000000"}; !slices.Equal(got, want) {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
		var same []byte
		for _, f := range frames {
			same = append(same, f.Data...)
		}
		if !bytes.Equal(camtest.Output(t, nil, "ffmpeg", "-v", "error", "-i", path, "-c", "copy", "-f", "image2pipe", "pipe:1"), same) {
			t.Errorf("%s: other pictures", name)
		}
		if s := open(t, f.b); fmt.Sprint(*s.Formats[0]) != fmt.Sprint(*frames[0].Format) {
			t.Errorf("%s: format %+v", name, s.Formats[0])
		}
	}
	check("growing.mp4")
	if _, err := w.Finish(1); err != nil {
		t.Fatal(err)
	}
	check("finished.mp4")
}

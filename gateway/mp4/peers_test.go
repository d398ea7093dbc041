package mp4

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
	"framegate/transcode/h264"
	"framegate/transcode/nal"
)

// encodings are the kinds of H.264 that cameras send, as options of libx264,
// and by how many frames the SPS says they are reordered.
var encodings = map[string]struct {
	source  string
	reorder int
	options []string
}{
	"baseline":       {"s=320x240:r=25:d=3", 0, []string{"-profile:v", "baseline", "-g", "25"}},
	"slices":         {"s=640x480:r=30:d=2", 0, []string{"-bf", "0", "-slices", "4", "-g", "30"}},
	"references":     {"s=320x240:r=15:d=3", 0, []string{"-bf", "0", "-refs", "5", "-g", "15"}},
	"NTSC rate":      {"s=320x240:r=30000/1001:d=3", 0, []string{"-bf", "0", "-g", "30"}},
	"zero latency":   {"s=320x240:r=25:d=3", 0, []string{"-tune", "zerolatency", "-g", "25"}},
	"B-frames":       {"s=320x240:r=25:d=3", 1, []string{"-bf", "3", "-b_strategy", "0", "-x264-params", "b-pyramid=none", "-g", "25"}},
	"B-frames, tree": {"s=320x240:r=30:d=3", 2, []string{"-bf", "7", "-b_strategy", "0", "-slices", "2", "-g", "30"}},
	"interlaced":     {"s=320x240:r=25:d=3", 0, []string{"-flags", "+ildct+ilme", "-bf", "0", "-g", "25"}},
	"4:4:4":          {"s=320x240:r=25:d=2", 0, []string{"-pix_fmt", "yuv444p", "-bf", "0", "-g", "25"}},
	"cropped":        {"s=326x242:r=25:d=2", 0, []string{"-bf", "0", "-g", "25"}},
	"short GOP":      {"s=320x240:r=10:d=3", 0, []string{"-g", "1"}},
}

// packet is what ffprobe says of one sample.
type packet struct {
	PTS      int64  `json:"pts"`
	DTS      int64  `json:"dts"`
	Size     string `json:"size"`
	Flags    string `json:"flags"`
	Duration int64  `json:"duration"`
}

// probe has ffprobe read a file.
func probe(t *testing.T, b []byte, options ...string) (packets []packet, stream map[string]any) {
	t.Helper()
	var all struct {
		Packets []packet
		Streams []map[string]any
	}
	args := append([]string{"-v", "warning", "-of", "json", "-show_packets", "-show_streams"}, options...)
	if err := json.Unmarshal(camtest.Output(t, b, "ffprobe", append(args, "pipe:0")...), &all); err != nil {
		t.Fatal(err)
	}
	if len(all.Streams) != 1 {
		t.Fatalf("%d streams", len(all.Streams))
	}
	return all.Packets, all.Streams[0]
}

// pictures gives a sum over each picture that ffmpeg decodes.
func pictures(t *testing.T, b []byte) []string {
	t.Helper()
	out := camtest.Output(t, b, "ffmpeg", "-v", "error", "-i", "pipe:0", "-fps_mode", "passthrough", "-f", "framemd5", "pipe:1")
	var sums []string
	for line := range strings.Lines(string(out)) {
		if !strings.HasPrefix(line, "#") {
			fields := strings.Fields(line)
			sums = append(sums, fields[len(fields)-1])
		}
	}
	return sums
}

// rawPictures is pictures of a clip outside of any container.
func rawPictures(t *testing.T, c clip) []string {
	t.Helper()
	return pictures(t, annexB(c))
}

// annexB gives a clip with start codes, its parameter sets before each
// keyframe.
func annexB(c clip) (b []byte) {
	nalu := func(n []byte) { b = append(append(b, 0, 0, 0, 1), n...) }
	for _, f := range c.frames {
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

func TestFfmpegTakesIt(t *testing.T) {
	for name, e := range encodings {
		t.Run(name, func(t *testing.T) {
			c := encode(t, e.source, e.options...)
			b := mux(t, c.frames)
			checkTimeline(t, fragments(t, b))
			checkShown(t, c.frames, fragments(t, b))
			packets, stream := probe(t, b)
			if len(packets) != len(c.frames) {
				t.Fatalf("ffprobe sees %d of %d frames", len(packets), len(c.frames))
			}
			checkStream(t, stream, c.format, e.reorder)
			checkPackets(t, packets, c.frames)
			if got, want := pictures(t, b), rawPictures(t, c); !slices.Equal(got, want) {
				t.Errorf("%d pictures, not the %d of the stream itself", len(got), len(want))
			}
		})
	}
}

func checkStream(t *testing.T, stream map[string]any, f *media.Format, reorder int) {
	t.Helper()
	codec, entry := "h264", "avc1"
	if f.Codec == media.H265 {
		codec, entry = "hevc", "hvc1"
	}
	for key, want := range map[string]any{
		"codec_name": codec, "codec_tag_string": entry, "time_base": "1/90000",
		"width": float64(f.Width), "height": float64(f.Height), "has_b_frames": float64(reorder),
	} {
		if stream[key] != want {
			t.Errorf("%s is %v, want %v", key, stream[key], want)
		}
	}
}

// checkPackets checks that pictures are as far apart as media time says, and
// are decoded in order and not after they are shown.
func checkPackets(t *testing.T, packets []packet, frames []media.Frame) {
	t.Helper()
	for i, p := range packets {
		if p.Size != strconv.Itoa(len(frames[i].Data)) || strings.HasPrefix(p.Flags, "K") != frames[i].Key {
			t.Fatalf("packet %d: %+v, frame of %d bytes, key %v", i, p, len(frames[i].Data), frames[i].Key)
		}
		if p.PTS < p.DTS || i > 0 && p.DTS <= packets[i-1].DTS {
			t.Fatalf("packet %d is decoded at %d and shown at %d", i, p.DTS, p.PTS)
		}
		if i < 2 { // the first one lasts as long as is guessed
			continue
		}
		apart := p.PTS - packets[i-1].PTS
		if want := ticks(frames[i].PTS) - ticks(frames[i-1].PTS); apart-want > 2 || want-apart > 2 {
			t.Fatalf("packet %d is shown %d after the one before, want %d", i, apart, want)
		}
	}
}

func TestGStreamerTakesIt(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	for _, name := range []string{"baseline", "slices", "B-frames", "B-frames, tree"} {
		t.Run(name, func(t *testing.T) {
			checkGStreamer(t, encode(t, encodings[name].source, encodings[name].options...))
		})
	}
}

// checkGStreamer has GStreamer decode what is written of a clip.
func checkGStreamer(t *testing.T, c clip) {
	t.Helper()
	path := file(t, "clip.mp4", mux(t, c.frames))
	codec := c.format.Codec.String()
	out := camtest.Output(t, nil, "gst-launch-1.0", "-v", "filesrc", "location="+path, "!", "qtdemux", "!", codec+"parse", "!",
		"avdec_"+codec, "!", "identity", "silent=false", "name=picture", "!", "fakesink")
	if n := bytes.Count(out, []byte("picture: last-message = chain")); n != len(c.frames) {
		t.Errorf("qtdemux and a decoder gave %d of %d pictures", n, len(c.frames))
	}
	checkAscending(t, out)
}

// checkAscending checks the times that identity tells of pictures.
func checkAscending(t *testing.T, out []byte) {
	t.Helper()
	before := ""
	for line := range strings.Lines(string(out)) {
		_, rest, ok := strings.Cut(line, "pts: ")
		if !ok || !strings.Contains(line, "chain") {
			continue
		}
		at, _, _ := strings.Cut(rest, ",")
		if at <= before {
			t.Fatalf("a picture at %s after one at %s", at, before)
		}
		before = at
	}
	if before == "" {
		t.Fatal("no picture has a time")
	}
}

// withoutRestriction takes the bitstream_restriction out of a clip's SPS, as
// many cameras leave it out.
func withoutRestriction(t *testing.T, c clip) clip {
	t.Helper()
	_, sps, pps := c.format.ParameterSets()
	s, ok := h264.ParseSPS(sps[0])
	if !ok {
		t.Fatalf("% x", sps[0])
	}
	if !s.Restricted { // as x264 leaves it out where all are keyframes
		return c
	}
	var w nal.BitWriter
	w.CopyBits(s.RBSP, 0, s.RestrictionFlag)
	w.Bits(0b01, 2)
	f, err := media.H264Format(nal.Escape(sps[0][:1:1], w.B), pps[0])
	if err != nil {
		t.Fatal(err)
	}
	return c.with(f)
}

// with gives the same frames with another format.
func (c clip) with(f *media.Format) clip {
	changed := clip{format: f, frames: slices.Clone(c.frames)}
	for i := range changed.frames {
		changed.frames[i].Format = f
	}
	return changed
}

// TestLowDelayOfRealStreams has ffmpeg decode streams without a
// restriction, and with the one put in.
func TestLowDelayOfRealStreams(t *testing.T) {
	for name, e := range encodings {
		if e.reorder > 0 {
			continue
		}
		t.Run(name, func(t *testing.T) {
			c := encode(t, e.source, e.options...)
			silent := withoutRestriction(t, c)
			low, ok := silent.format.LowDelay()
			if !ok {
				t.Fatalf("% x is not changed", silent.format.Config)
			}
			changed := c.with(low)
			want := rawPictures(t, c)
			if got := rawPictures(t, changed); !slices.Equal(got, want) {
				t.Error("other pictures than before")
			}
			b := mux(t, changed.frames)
			if got := pictures(t, b); !slices.Equal(got, want) {
				t.Error("other pictures than before, in MP4")
			}
			// A strict decoder expects the worst of a stream that says nothing.
			_, before := probe(t, mux(t, silent.frames), "-strict", "strict")
			_, after := probe(t, b, "-strict", "strict")
			if before["profile"] != "Constrained Baseline" && before["has_b_frames"] == 0. || after["has_b_frames"] != 0. {
				t.Errorf("%v frames held back before, %v after", before["has_b_frames"], after["has_b_frames"])
			}
		})
	}
}

// TestReorderedWithoutRestriction plays B-frames that nothing announces.
func TestReorderedWithoutRestriction(t *testing.T) {
	for _, name := range []string{"B-frames", "B-frames, tree"} {
		c := withoutRestriction(t, encode(t, encodings[name].source, encodings[name].options...))
		b := mux(t, c.frames)
		checkTimeline(t, fragments(t, b))
		checkShown(t, c.frames, fragments(t, b))
		if got, want := pictures(t, b), rawPictures(t, c); !slices.Equal(got, want) {
			t.Errorf("%s: %d pictures, not the %d of the stream itself", name, len(got), len(want))
		}
	}
}

// TestBidirectionalSeesWhatFfprobeSees compares the kind of every picture.
func TestBidirectionalSeesWhatFfprobeSees(t *testing.T) {
	for name, e := range encodings {
		c := encode(t, e.source, e.options...)
		out := camtest.Output(t, mux(t, c.frames), "ffprobe", "-v", "warning", "-show_entries", "frame=pts,pict_type", "-of", "json", "pipe:0")
		var all struct {
			Frames []struct {
				PTS  int64  `json:"pts"`
				Kind string `json:"pict_type"`
			}
		}
		if err := json.Unmarshal(out, &all); err != nil {
			t.Fatal(err)
		}
		kinds := make(map[int64]string)
		for _, f := range all.Frames {
			kinds[f.PTS] = f.Kind
		}
		seen := 0
		for i, f := range fragments(t, mux(t, c.frames)) {
			kind := kinds[int64(f.DecodeTime)+int64(f.Offset)]
			if Bidirectional(f.Data) != (kind == "B") {
				t.Fatalf("%s: picture %d is of kind %q", name, i, kind)
			}
			if kind == "B" {
				seen++
			}
		}
		if (seen > 0) != (e.reorder > 0) {
			t.Errorf("%s: %d B-frames", name, seen)
		}
	}
}

func TestInitIsReadByFfprobeAlone(t *testing.T) {
	c := encode(t, encodings["baseline"].source, encodings["baseline"].options...)
	b, err := Init(c.format)
	if err != nil {
		t.Fatal(err)
	}
	out := camtest.Output(t, b, "ffprobe", "-v", "fatal", "-f", "mp4", "-show_entries", "stream=codec_name,width,height,duration", "-of", "csv=p=0", "pipe:0")
	if got, want := strings.TrimSpace(string(out)), fmt.Sprintf("h264,%d,%d,0.000000", c.format.Width, c.format.Height); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

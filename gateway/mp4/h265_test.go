package mp4

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	ff "github.com/Eyevinn/mp4ff/mp4"

	"framegate/gateway/media"
	"framegate/transcode/h265"
)

// encodingsH265 are kinds of H.265 that cameras send, as parameters of libx265,
// by how many frames they are reordered, and their types.
var encodingsH265 = map[string]struct {
	params  string
	reorder int
	mime    string
	options []string
}{
	"in order":       {"bframes=0:keyint=10", 0, `video/mp4; codecs="hvc1.1.6.L30.90"`, nil},
	"B-frames":       {"bframes=3:b-adapt=0:b-pyramid=0:open-gop=0:keyint=10", 1, `video/mp4; codecs="hvc1.1.6.L30.90"`, nil},
	"B-frames, tree": {"bframes=4:b-adapt=0:b-pyramid=1:open-gop=0:keyint=12", 2, `video/mp4; codecs="hvc1.1.6.L30.90"`, nil},
	"open GOP":       {"bframes=4:b-adapt=0:b-pyramid=1:open-gop=1:keyint=15:min-keyint=15", 2, `video/mp4; codecs="hvc1.1.6.L30.90"`, nil},
	"10 bit":         {"bframes=0:keyint=10", 0, `video/mp4; codecs="hvc1.2.4.L30.90"`, []string{"-pix_fmt", "yuv420p10le"}},
}

// formatH265 is that of parameter sets of libx265, of 160x96.
func formatH265(t testing.TB) *media.Format {
	t.Helper()
	f, err := media.H265Format(unhex(t, "40010c01ffff01600000030090000003000003001e959409"),
		unhex(t, "42010101600000030090000003000003001ea01420616595952930bc05a02000000300200000030321"), unhex(t, "4401c073c089"))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

const sourceH265 = "s=160x96:r=25:d=1.6"

// encodeKind gives one of them.
func encodeKind(t *testing.T, name string) clip {
	t.Helper()
	e := encodingsH265[name]
	return encodeH265(t, sourceH265, e.params, e.options...)
}

func TestFfmpegTakesH265(t *testing.T) {
	for name, e := range encodingsH265 {
		t.Run(name, func(t *testing.T) {
			c := encodeKind(t, name)
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
			if got := MIME(c.format); got != e.mime {
				t.Errorf("%s, want %s", got, e.mime)
			}
		})
	}
}

func TestGStreamerTakesH265(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	for _, name := range []string{"in order", "open GOP"} {
		t.Run(name, func(t *testing.T) { checkGStreamer(t, encodeKind(t, name)) })
	}
}

// TestAnotherReaderTakesH265 has a strict library read what is written.
func TestAnotherReaderTakesH265(t *testing.T) {
	c := encodeKind(t, "open GOP")
	b := mux(t, c.frames)
	all, err := ff.DecodeFile(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	entry := all.Init.Moov.Trak.Mdia.Minf.Stbl.Stsd.HvcX
	if entry == nil || entry.Type() != "hvc1" || int(entry.Width) != c.format.Width || int(entry.Height) != c.format.Height {
		t.Fatalf("%+v", entry)
	}
	vps, sps, pps := c.format.ParameterSets()
	for i, array := range entry.HvcC.NaluArrays {
		if want := [][][]byte{vps, sps, pps}[i]; array.Complete() != 1 || !slices.EqualFunc(array.Nalus, want, bytes.Equal) {
			t.Errorf("complete %d, % x, want % x", array.Complete(), array.Nalus, want)
		}
	}
	if !slices.Contains(all.Ftyp.CompatibleBrands(), "hvc1") {
		t.Errorf("brands %v", all.Ftyp.CompatibleBrands())
	}
	got := 0
	for _, s := range all.Segments {
		got += len(s.Fragments)
	}
	if got != len(c.frames) {
		t.Errorf("%d of %d fragments", got, len(c.frames))
	}
	again := read(t, b)
	if !bytes.Equal(again.format.Config, c.format.Config) || again.format.Codec != media.H265 {
		t.Errorf("%+v comes back as %+v", c.format, again.format)
	}
}

// TestJoinAtAnOpenGOP has a viewer begin with a keyframe that pictures follow
// which need what was before, and which it is not given.
func TestJoinAtAnOpenGOP(t *testing.T) {
	c := encodeKind(t, "open GOP")
	skipped := 0
	from := slices.IndexFunc(c.frames[1:], func(f media.Frame) bool { return f.Key }) + 1
	joined := slices.DeleteFunc(slices.Clone(c.frames[from:]), func(f media.Frame) bool {
		leading := f.Seq < c.frames[from].Seq+10 && h265.IsSkipped(firstSlice(f.Data))
		if leading {
			skipped++
		}
		return leading
	})
	if skipped < 3 {
		t.Fatalf("%d pictures need what was before", skipped)
	}
	b := mux(t, joined)
	checkTimeline(t, fragments(t, b))
	checkShown(t, joined, fragments(t, b))
	packets, _ := probe(t, b)
	checkPackets(t, packets, joined)
	all := rawPictures(t, c)
	if got, want := pictures(t, b), all[len(all)-len(joined):]; !slices.Equal(got, want) {
		t.Errorf("%d pictures, not the last %d of the stream", len(got), len(want))
	}
}

// firstSlice gives the first slice of an access unit.
func firstSlice(data []byte) []byte {
	for {
		n := int(data[0])<<24 | int(data[1])<<16 | int(data[2])<<8 | int(data[3])
		if nalu := data[4 : 4+n]; h265.IsPicture(nalu) {
			return nalu
		}
		data = data[4+n:]
	}
}

// TestReadRefusesH265 changes one thing of what is well.
func TestReadRefusesH265(t *testing.T) {
	whole, err := Init(formatH265(t))
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(b []byte){
		"avcC in place of hvcC": func(b []byte) { copy(b[bytes.Index(b, []byte("hvcC")):], "avcC") },
		"called H.264":          func(b []byte) { copy(b[bytes.LastIndex(b, []byte("hvc1")):], "avc1") },
		"2-byte lengths":        func(b []byte) { b[bytes.Index(b, []byte("hvcC"))+4+21] &^= 2 },
		"cut off":               func(b []byte) { b[bytes.Index(b, []byte("hvcC"))+4+22]++ },
	} {
		b := bytes.Clone(whole)
		change(b)
		if f, _, err := ReadInit(b); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %+v, %v", name, f, err)
		}
	}
}

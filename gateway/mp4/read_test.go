package mp4

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"slices"
	"testing"
	"time"

	"framegate/gateway/media"
)

func TestReadFragmentGivesWhatWasWritten(t *testing.T) {
	var m Muxer
	s := story{format: feared(t)}
	s.key().mini().mini()
	for i, f := range s.frames {
		b := append(m.AppendHead(nil, f), f.Data...)
		got, n, err := ReadFragment(append(bytes.Clone(b), "what follows"...))
		if err != nil || n != len(b) {
			t.Fatalf("frame %d: %d of %d bytes, %v", i, n, len(b), err)
		}
		if got.Key != f.Key || got.Sequence != uint32(i+1) || !bytes.Equal(got.Data, f.Data) {
			t.Errorf("frame %d comes back as %+v", i, got)
		}
	}
}

func TestReadFragmentKeepsEveryNumber(t *testing.T) {
	for _, s := range []sample{
		{}, {1, 2, 3}, {math.MaxInt64, maxDuration, math.MaxInt32}, {1 << 40, 1, math.MinInt32}, {5, 6, -1},
	} {
		for _, write := range []func([]byte, uint32, sample, bool, int) []byte{appendHead, appendHeadWithOffset} {
			b := append(write(nil, math.MaxUint32, s, true, 3), 1, 2, 3)
			got, n, err := ReadFragment(b)
			if err != nil || n != len(b) {
				t.Fatal(err)
			}
			if len(b)-3 == moofSize+8 {
				s.offset = 0
			}
			if int64(got.DecodeTime) != s.decode || int64(got.Duration) != s.duration || int64(got.Offset) != s.offset ||
				got.Sequence != math.MaxUint32 || !slices.Equal(got.Data, []byte{1, 2, 3}) {
				t.Errorf("%+v comes back as %+v", s, got)
			}
		}
	}
}

// TestReadsFfmpeg compares ffmpeg's own fragments, which lean on defaults in
// tfhd, with what ffprobe says of them. clip's helper has read them already.
func TestReadsFfmpeg(t *testing.T) {
	c := encode(t, "s=320x240:r=25:d=2", "-bf", "2", "-b_strategy", "0", "-g", "25")
	if len(c.frames) != 50 || !c.frames[0].Key || c.frames[1].Key || !c.frames[25].Key {
		t.Fatalf("%d frames, keys %v %v %v", len(c.frames), c.frames[0].Key, c.frames[1].Key, c.frames[25].Key)
	}
	for i, f := range c.frames[:4] { // I P B B
		if want := []time.Duration{0, 3, 1, 2}[i] * frame; f.PTS-c.frames[0].PTS != want {
			t.Errorf("frame %d is shown at %v", i, f.PTS)
		}
	}
}

func TestReadEndsWell(t *testing.T) {
	whole := mux(t, (&story{format: inOrder(t)}).key().frames)
	at := bytes.Index(whole, []byte("moof")) - 4
	initial, fragment := whole[:at], whole[at:]
	for i := range initial {
		if _, _, err := ReadInit(initial[:i]); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("%d of %d bytes of an init segment: %v", i, len(initial), err)
		}
	}
	for i := range fragment {
		want := io.ErrUnexpectedEOF
		if i == 0 {
			want = io.EOF
		}
		if _, n, err := ReadFragment(fragment[:i]); !errors.Is(err, want) || n != 0 {
			t.Fatalf("%d of %d bytes of a fragment: %v", i, len(fragment), err)
		}
	}
}

func TestReadSkipsWhatSaysNothing(t *testing.T) {
	whole := mux(t, (&story{format: inOrder(t)}).key().frames)
	at := bytes.Index(whole, []byte("moof")) - 4
	for _, kind := range []string{"free", "sidx", "styp", "emsg", "prft"} {
		box := append([]byte{0, 0, 0, 12}, kind+"abcd"...)
		large := append(append([]byte{0, 0, 0, 1}, kind...), 0, 0, 0, 0, 0, 0, 0, 16)
		b := slices.Concat(box, large, whole[at:])
		if _, n, err := ReadFragment(b); err != nil || n != len(b) {
			t.Errorf("%s: %d of %d bytes, %v", kind, n, len(b), err)
		}
		if _, n, err := ReadFragment(box); !errors.Is(err, io.EOF) || n != 0 {
			t.Errorf("only %s: %d bytes, %v", kind, n, err)
		}
	}
}

// TestReadRefuses changes one thing of what is well.
func TestReadRefuses(t *testing.T) {
	whole := mux(t, (&story{format: inOrder(t)}).key().frames)
	at := bytes.Index(whole, []byte("moof")) - 4
	after := func(kind string, offset int, v uint32) func([]byte) {
		return func(b []byte) { binary.BigEndian.PutUint32(b[bytes.Index(b, []byte(kind))+4+offset:], v) }
	}
	rename := func(from, to string) func([]byte) {
		return func(b []byte) { copy(b[bytes.Index(b, []byte(from)):], to) }
	}
	for name, change := range map[string]func([]byte){
		"no track":              rename("trak", "kart"),
		"no mvex":               rename("mvex", "free"),
		"another codec":         rename("avc1\x00\x00\x00\x00\x00\x00\x00\x01", "hev1"),
		"no avcC":               rename("avcC", "free"),
		"two entries":           after("stsd", 4, 2),
		"no timescale":          after("mdhd", 12, 0),
		"box beyond its parent": after("trak", -8, 0x7FFFFFFF),
		"box of 3 bytes":        after("mvhd", -8, 3),
		"another avcC":          func(b []byte) { b[bytes.Index(b, []byte("avcC"))+4] = 2 },
		"2-byte lengths":        func(b []byte) { b[bytes.Index(b, []byte("avcC"))+8] = 0xFD },
		"two SPS":               func(b []byte) { b[bytes.Index(b, []byte("avcC"))+9] = 0xE2 },
		"SPS too long":          func(b []byte) { b[bytes.Index(b, []byte("avcC"))+10] = 0xFF },
		"broken SPS":            func(b []byte) { b[bytes.Index(b, []byte("avcC"))+12] = 0x65 },
		"media first":           rename("moov", "mdat"),
	} {
		b := bytes.Clone(whole[:at])
		change(b)
		if f, _, err := ReadInit(b); !errors.Is(err, ErrMalformed) {
			t.Errorf("init, %s: %+v, %v", name, f, err)
		}
	}
	for name, change := range map[string]func([]byte){
		"no mfhd":            rename("mfhd", "free"),
		"no tfdt":            rename("tfdt", "free"),
		"no mdat":            rename("mdat", "free"),
		"another base":       after("tfhd", 0, 1),
		"two samples":        after("trun", 4, 2),
		"no sample":          after("trun", 4, 0),
		"outside of mdat":    after("trun", 8, moofSize+7),
		"before it":          after("trun", 8, 0xFFFFFFF0),
		"longer than mdat":   after("trun", 16, 8),
		"no duration":        after("trun", 0, 0x601),
		"no size":            after("trun", 0, 0x501),
		"no place":           after("trun", 0, 0x700),
		"trun of version 2":  after("trun", 0, 0x02000701),
		"trun too short":     after("trun", 0, 0x01000F01),
		"tfdt of version 2":  after("tfdt", 0, 0x02000000),
		"mdat first":         rename("moof", "mdat"),
		"another init first": rename("moof", "moov"),
	} {
		b := bytes.Clone(whole[at:])
		change(b)
		if f, n, err := ReadFragment(b); !errors.Is(err, ErrMalformed) || n != 0 {
			t.Errorf("fragment, %s: %+v, %v", name, f, err)
		}
	}
}

func TestReadBoundsBoxes(t *testing.T) {
	b := mux(t, (&story{format: inOrder(t)}).key().frames)
	b = b[bytes.Index(b, []byte("moof"))-4:]
	free := bytes.Repeat([]byte("\x00\x00\x00\x08free"), maxBoxes)
	b = slices.Insert(b, moofSize, free...)
	binary.BigEndian.PutUint32(b, uint32(moofSize+len(free)))
	binary.BigEndian.PutUint32(b[bytes.Index(b, []byte("trun"))+12:], uint32(moofSize+len(free)+8))
	if _, _, err := ReadFragment(b); !errors.Is(err, ErrMalformed) {
		t.Errorf("a moof of %d boxes: %v", maxBoxes+2, err)
	}
}

// TestReadAllocatesLittle sees to it that sizes a peer tells cost nothing.
func TestReadAllocatesLittle(t *testing.T) {
	b := mux(t, (&story{format: inOrder(t)}).key().frames)
	b = b[bytes.Index(b, []byte("moof"))-4:]
	if n := testing.AllocsPerRun(100, func() {
		if _, _, err := ReadFragment(b); err != nil {
			t.Fatal(err)
		}
	}); n > 12 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzRead(f *testing.F) {
	b := mux(f, (&story{format: feared(f)}).key().mini().frames)
	at := bytes.Index(b, []byte("moof")) - 4
	f.Add(b)
	f.Add(b[at:])
	if b, err := Init(formatH265(f)); err == nil {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if format, timescale, err := ReadInit(b); err == nil {
			if timescale == 0 || format.Width < 1 || format.Width > media.MaxSide {
				t.Fatalf("%+v at %d", format, timescale)
			}
			again, err := Init(format)
			if err != nil {
				t.Fatal(err)
			}
			if got, _, err := ReadInit(again); err != nil || !bytes.Equal(got.Config, format.Config) {
				t.Fatalf("%+v comes back as %+v, %v", format, got, err)
			}
		}
		for {
			got, n, err := ReadFragment(b)
			if err != nil {
				return
			}
			if n < 8 || n > len(b) || len(got.Data) > n {
				t.Fatalf("%d of %d bytes, %d of data", n, len(b), len(got.Data))
			}
			b = b[n:]
		}
	})
}

// FuzzMuxer has times and kinds of frames made of bytes.
func FuzzMuxer(f *testing.F) {
	f.Add([]byte("0123456789abcdefghijklmnopqrstuvwxyz"), false)
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F, 2}, true)
	f.Fuzz(func(t *testing.T, b []byte, reordered bool) {
		formats := []*media.Format{inOrder(t), feared(t)}
		s := story{format: formats[len(b)%2]}
		s.key()
		for len(b) >= 9 {
			at, kind := int64(binary.LittleEndian.Uint64(b)), b[8]
			if kind&8 != 0 {
				s.format = formats[kind>>4&1]
			}
			if reordered {
				at >>= 28 // into minutes, where it is hardest
			}
			s.add([][]byte{idr, p, p, bidirectional}[kind&3], time.Duration(at))
			b = b[9:]
		}
		checkTimeline(t, place(t, s.frames))
	})
}

package segment

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
	"framegate/gateway/mp4"
)

const ceiling = 90 * time.Second // of a browser; only one that hangs takes it

// encode makes the frames of a camera with ffmpeg: size and rate as testsrc2
// takes them, and options of libx264.
func encode(t testing.TB, source string, options ...string) []media.Frame {
	t.Helper()
	args := append([]string{"-v", "error", "-f", "lavfi", "-i", "testsrc2=" + source,
		"-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-threads", "1"}, options...)
	args = append(args, "-f", "mp4", "-movflags", "frag_every_frame+empty_moov+default_base_moof", "pipe:1")
	b := camtest.Output(t, nil, "ffmpeg", args...)
	format, timescale, err := mp4.ReadInit(b)
	if err != nil {
		t.Fatal(err)
	}
	b = b[bytes.Index(b, []byte("moof"))-4:]
	var frames []media.Frame
	for {
		f, n, err := mp4.ReadFragment(b)
		if errors.Is(err, io.EOF) {
			return frames
		}
		if err != nil {
			t.Fatal(err)
		}
		shown := time.Duration(int64(f.DecodeTime)+int64(f.Offset)) * time.Second / time.Duration(timescale)
		frames = append(frames, media.Frame{PTS: shown, Key: f.Key, Format: format, Data: f.Data})
		b = b[n:]
	}
}

// ticks gives a frame's media time in ticks, to the nearest.
func ticks(f media.Frame) int64 {
	return int64((f.PTS*Timescale + time.Second/2) / time.Second)
}

// Parameter sets of x264 for 1280x720, two frames of reordering.
var (
	sps = []byte{0x67, 0x64, 0x00, 0x1f, 0xac, 0xd9, 0x40, 0x50, 0x05, 0xbb, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10, 0x00, 0x00, 0x03, 0x03, 0xc0, 0xf1, 0x83, 0x19, 0x60}
	pps = []byte{0x68, 0xeb, 0xe3, 0xcb, 0x22, 0xc0}
)

func h264Format(t testing.TB) *media.Format {
	t.Helper()
	f, err := media.H264Format(sps, pps)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// h265Format is that of x265 for 1280x720.
func h265Format(t testing.TB) *media.Format {
	t.Helper()
	var sets [3][]byte
	for i, set := range []string{"40010c01ffff01600000030090000003000003005d959009", "42010101600000030090000003000003005da00280802d16595912930bc05a020000030002000003003210", "4401c073c189"} {
		sets[i], _ = hex.DecodeString(set)
	}
	f, err := media.H265Format(sets[0], sets[1], sets[2])
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// nalu is a sample of one NAL unit that nobody can decode.
func nalu(size int, seed uint64) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(size))
	r := rand.New(rand.NewPCG(seed, 1))
	for range size {
		b = append(b, byte(1+r.IntN(255)))
	}
	return b
}

// made gives samples in order, a keyframe every so often, at 25 frames a second.
func made(from, n, every int) (all []Sample) {
	for i := from; i < from+n; i++ {
		size := 40
		if i%every == 0 {
			size = 90
		}
		all = append(all, Sample{Decode: int64(i) * 3600, Duration: 3600, Key: i%every == 0, Data: nalu(size+i%7, uint64(i))})
	}
	return all
}

// jpegs gives pictures of JPEG.
func jpegs(t testing.TB, n int) []media.Frame {
	t.Helper()
	f := &media.Format{Codec: media.JPEG, Width: 64, Height: 48}
	var frames []media.Frame
	for i := range n {
		picture := image.NewGray(image.Rect(0, 0, f.Width, f.Height))
		for p := range picture.Pix {
			picture.Pix[p] = color.Gray{Y: uint8(p*3 + i*16)}.Y
		}
		var b bytes.Buffer
		if err := jpeg.Encode(&b, picture, nil); err != nil {
			t.Fatal(err)
		}
		frames = append(frames, media.Frame{PTS: time.Duration(i) * 200 * time.Millisecond, Key: true, Format: f, Data: b.Bytes()})
	}
	return frames
}

// sequence gives the samples of frames.
func sequence(frames []media.Frame) (all []Sample) {
	var s Sequencer
	for _, f := range frames {
		all = append(all, s.Push(f, ticks(f))...)
	}
	return append(all, s.Flush(0)...)
}

var head = Head{
	Camera: "front-door", Run: ID{1, 2, 3}, Boot: ID{4, 5}, Sequence: 42,
	Start:     time.Date(2026, 11, 20, 13, 4, 0, 123000, time.UTC),
	Monotonic: 77 * time.Second, Media: 1234567,
}

// memory is a File in memory that dies: after so many operations nothing is done
// any more. It remembers what a loss of power may take back.
type memory struct {
	b       []byte
	left    int // operations until it dies; -1: for ever
	done    int // operations
	synced  []byte
	pending []func([]byte) []byte // since the last Sync
	fail    error                 // what the next write does half, and gives
}

var errDead = errors.New("dead")

func forever() *memory { return &memory{left: -1} }

func (m *memory) operate(change func([]byte) []byte) error {
	if m.left == 0 {
		return errDead
	}
	m.left--
	m.done++
	m.b = change(m.b)
	m.pending = append(m.pending, change)
	return nil
}

func (m *memory) ReadAt(p []byte, at int64) (int, error) { return bytes.NewReader(m.b).ReadAt(p, at) }

func (m *memory) WriteAt(p []byte, at int64) (int, error) {
	p = slices.Clone(p)
	if err := m.fail; err != nil {
		m.fail = nil
		_ = m.operate(func(b []byte) []byte { return overwrite(b, p[:len(p)/2], at) })
		return len(p) / 2, err
	}
	return len(p), m.operate(func(b []byte) []byte { return overwrite(b, p, at) })
}

func overwrite(b, p []byte, at int64) []byte {
	b = slices.Clone(b)
	if more := int(at) + len(p) - len(b); more > 0 {
		b = append(b, make([]byte, more)...)
	}
	copy(b[at:], p)
	return b
}

func (m *memory) Sync() error {
	if err := m.operate(func(b []byte) []byte { return b }); err != nil {
		return err
	}
	m.synced, m.pending = m.b, nil
	return nil
}

func (m *memory) Truncate(size int64) error {
	return m.operate(func(b []byte) []byte {
		return append(slices.Clone(b[:min(int(size), len(b))]), make([]byte, max(0, int(size)-len(b)))...)
	})
}

func (m *memory) Close() error { return nil }

// afterPowerLoss gives what may be on the disk: any of the changes since the
// last Sync may be missing.
func (m *memory) afterPowerLoss() (all [][]byte) {
	for set := range 1 << min(len(m.pending), 10) {
		b := m.synced
		for i, change := range m.pending {
			if set>>i&1 == 1 {
				b = change(b)
			}
		}
		all = append(all, b)
	}
	return all
}

// write writes a file of samples in fragments of so many, with what sound there is
// beside them, and does not finish it.
func write(t testing.TB, f File, format *media.Format, samples []Sample, each, expect int, sound ...Sample) *Writer {
	t.Helper()
	w, err := Create(f, head, tracks(t, format, sound), expect)
	if err != nil {
		t.Fatal(err)
	}
	appendAll(t, w, samples, each, sound)
	return w
}

// tracks are those of a file with or without sound.
func tracks(t testing.TB, format *media.Format, sound []Sample) []Track {
	if len(sound) == 0 {
		return []Track{{format}}
	}
	return []Track{{format}, {aac(t)}}
}

// appendAll writes fragments of so many pictures, and of the sound up to their end,
// or all that is left with the last.
func appendAll(t testing.TB, w *Writer, samples []Sample, each int, sound []Sample) {
	t.Helper()
	for part := range slices.Chunk(samples, each) {
		all, n := [][]Sample{part}, 0
		if len(w.formats) > 1 {
			last := &part[len(part)-1] == &samples[len(samples)-1]
			for n < len(sound) && (last || sound[n].Decode < part[len(part)-1].Decode) {
				n++
			}
			all = append(all, sound[:n])
		}
		if err := w.Append(all...); err != nil {
			t.Fatal(err)
		}
		sound = sound[n:]
	}
}

func open(t testing.TB, b []byte) *Segment {
	t.Helper()
	s, err := Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// checkHolds checks that a file holds these samples, or the first of them.
func checkHolds(t testing.TB, b []byte, s *Segment, samples []Sample, atLeast int) {
	t.Helper()
	all := s.Table.Entries[0]
	if len(all) < atLeast || len(all) > len(samples) {
		t.Fatalf("%d samples, want %d to %d", len(all), atLeast, len(samples))
	}
	for i, e := range all {
		want := samples[i]
		got := Sample{e.Decode, e.Duration, e.Offset, e.Key, b[e.At : e.At+int64(e.Size)]}
		if got.Decode != want.Decode || got.Duration != want.Duration || got.Offset != want.Offset || got.Key != want.Key || !bytes.Equal(got.Data, want.Data) {
			t.Fatalf("sample %d: %d %d %d %v, %d bytes; want %d %d %d %v, %d bytes", i,
				got.Decode, got.Duration, got.Offset, got.Key, len(got.Data), want.Decode, want.Duration, want.Offset, want.Key, len(want.Data))
		}
	}
}

// file keeps bytes for programs that read files.
func file(t testing.TB, name string, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

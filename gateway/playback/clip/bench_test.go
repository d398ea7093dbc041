package clip

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"testing"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/playback/tape"
	"framegate/gateway/record/index"
)

// minute gives a minute of a camera, which nobody can decode: 25 pictures a second
// of so many bytes, a keyframe each two seconds.
func minute(t testing.TB, size int) (frames []media.Frame) {
	t.Helper()
	format, err := media.FormatOfAVCC(plainFrames()[0].Format.Config)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 1500 {
		data := bytes.Repeat([]byte{0x55}, size+i%50)
		frames = append(frames, media.Frame{PTS: time.Duration(i) * 40 * time.Millisecond, Key: i%50 == 0, Format: format, Data: data})
	}
	return frames
}

// minutes is a volume of so many minutes, all of one file.
func minutes(t testing.TB, n, size int) *volume {
	t.Helper()
	v := newVolume()
	v.record(t, noon, 1, minute(t, size))
	first := v.rows[0]
	for i := 1; i < n; i++ {
		row := first
		row.ID, row.Path = int64(i+1), fmt.Sprintf("front/%d.mp4", i+1)
		row.Start, row.End = first.Start.Add(time.Duration(i)*time.Minute), first.End.Add(time.Duration(i)*time.Minute)
		v.files[row.Path] = v.files[first.Path]
		v.rows = append(v.rows, row)
	}
	return v
}

// heap gives the most that is on the heap while a clip is read: in the middle of
// each of its tables, and of the pictures.
func heap(t *testing.T, v *volume) (most int64) {
	t.Helper()
	now := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := now()
	c := v.clip(t, Request{From: noon, To: noon.Add(24 * time.Hour), Exact: true})
	b := make([]byte, 1<<10)
	for _, r := range c.layout.regions {
		if r.fixed != nil {
			continue
		}
		if _, err := c.Seek(r.at+r.size/2, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(c, b); err != nil {
			t.Fatal(err)
		}
		most = max(most, now()-before)
	}
	return most
}

// TestADayTakesTheMemoryOfAnHour but for its rows.
func TestADayTakesTheMemoryOfAnHour(t *testing.T) {
	hour, day := heap(t, minutes(t, 60, 10)), heap(t, minutes(t, 1440, 10))
	t.Logf("an hour %d kB, a day %d kB", hour>>10, day>>10)
	if day > hour+1<<20 {
		t.Errorf("an hour takes %d bytes, a day %d", hour, day)
	}
}

// BenchmarkRead reads an hour of 3 Mbit/s, beside a loop that copies its files.
func BenchmarkRead(b *testing.B) {
	v := minutes(b, 60, 15000)
	b.Run("clip", func(b *testing.B) {
		for b.Loop() {
			c := v.clip(b, Request{From: noon, To: noon.Add(time.Hour)})
			n, err := io.Copy(io.Discard, struct{ io.Reader }{c})
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(n)
		}
	})
	b.Run("bare", func(b *testing.B) {
		for b.Loop() {
			sum := int64(0)
			for _, row := range v.rows {
				n, err := io.Copy(io.Discard, io.NewSectionReader(v.files[row.Path], 0, row.Bytes))
				if err != nil {
					b.Fatal(err)
				}
				sum += n
			}
			b.SetBytes(sum)
		}
	})
}

// BenchmarkFirstByte makes clips out of an index of 100 000 segments, up to their
// first bytes.
func BenchmarkFirstByte(b *testing.B) {
	v := minutes(b, 1, 10)
	l := &library{Index: tape.Minutes(b, v.rows[0], index.Format{Codec: "h264", Width: 64, Height: 48, Config: v.formats[0].Config}, 100_000), volume: v}
	for _, length := range []time.Duration{time.Minute, time.Hour, 24 * time.Hour, 166 * time.Hour} {
		b.Run(length.String(), func(b *testing.B) {
			for b.Loop() {
				from := noon.Add(50_000*time.Minute + 7*time.Second)
				c, err := New(b.Context(), l, l, Request{Camera: "front", From: from, To: from.Add(length), Exact: true})
				if err != nil {
					b.Fatal(err)
				}
				if _, err := io.ReadFull(c, make([]byte, 1024)); err != nil {
					b.Fatal(err)
				}
				c.Close()
			}
		})
	}
}

// BenchmarkLookAtAll is what looks at each file, or each row, of a stretch of time
// before its first byte.
func BenchmarkLookAtAll(b *testing.B) {
	v := minutes(b, 1, 10)
	l := &library{Index: tape.Minutes(b, v.rows[0], index.Format{Codec: "h264", Width: 64, Height: 48, Config: v.formats[0].Config}, 100_000), volume: v}
	make := func(r Request) error {
		c, err := New(b.Context(), l, l, r)
		if err == nil {
			c.Close()
		}
		return err
	}
	for name, look := range map[string]func(Request) error{
		"timelapse": func(r Request) error { r.Speed = 600; return make(r) },
		"subtitles": func(r Request) error { r.Subtitles = time.UTC; return make(r) },
		"playlist":  func(r Request) error { _, err := PartsOf(b.Context(), l, l, r); return err },
	} {
		for _, length := range []time.Duration{24 * time.Hour, 166 * time.Hour} {
			b.Run(name+"/"+length.String(), func(b *testing.B) {
				b.ReportAllocs()
				v.opened, l.rows = 0, 0
				for b.Loop() {
					if err := look(Request{Camera: "front", From: noon, To: noon.Add(length)}); errors.Is(err, ErrTooLong) {
						b.Skip(err)
					} else if err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(v.opened)/float64(b.N), "files/op")
				b.ReportMetric(float64(l.rows)/float64(b.N), "rows/op")
			})
		}
	}
}

// library is a volume of which all files are one, in a real index.
type library struct {
	*index.Index
	volume *volume
	rows   int // how many were given
}

func (l *library) Between(ctx context.Context, camera string, from, to time.Time, limit int) ([]index.Segment, error) {
	rows, err := l.Index.Between(ctx, camera, from, to, limit)
	l.rows += len(rows)
	return rows, err
}

func (l *library) Open(index.Segment) (File, error) { return l.volume.Open(l.volume.rows[0]) }
func (l *library) Growing(string) (Growing, bool)   { return Growing{}, false }

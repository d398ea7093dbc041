package playback

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/record/index"
)

// follows reads on and checks that the pictures are those from first to last,
// without a break but before the first where joins says so.
func follows(t *testing.T, c *Cursor, joins bool, first, last int) (format *media.Format) {
	t.Helper()
	for n := first; n <= last; n++ {
		f, err := c.Next(t.Context())
		if err != nil {
			t.Fatalf("picture %d: %v", n, err)
		}
		if got := number(t, f.Frame); got != n || f.Key != (n%gop == 0) || f.Joins != (joins && n == first) {
			t.Fatalf("picture %d, key %v, joins %v; want %d", got, f.Key, f.Joins, n)
		}
		if off := f.Wall.Sub(at(n)); off.Abs() > time.Millisecond || f.Decode.After(f.Wall) {
			t.Fatalf("picture %d was taken %v off, and decoded at %v", n, off, f.Decode)
		}
		if format != nil && f.Format != format {
			t.Fatalf("picture %d has another format", n)
		}
		format = f.Format
	}
	return format
}

func seek(t *testing.T, c *Cursor, to time.Time) {
	t.Helper()
	if err := c.Seek(t.Context(), to); err != nil {
		t.Fatal(err)
	}
}

func TestReadsAcrossFilesToWhatIsBeingWritten(t *testing.T) {
	t.Parallel()
	p := newTape(t)
	p.record("a", 0, 100)
	p.record("a", 100, 100)
	frames := numbered(t, 200, 60)
	growing := p.begin("a", at(200), frames[0])
	growing.write(frames[:31]...)
	growing.grow()

	c := p.library.Cursor("front")
	defer c.Close()
	seek(t, c, at(60))
	format := follows(t, c, true, 50, 229)
	if _, err := c.Next(t.Context()); !errors.Is(err, ErrEnd) {
		t.Fatal(err)
	}
	growing.write(frames[31:]...)
	if again := follows(t, c, false, 230, 258); again != format {
		t.Error("another format in one run")
	}
	growing.finish()
	p.record("a", 275, 25)
	follows(t, c, false, 259, 259)
	if again := follows(t, c, true, 275, 299); again == format {
		t.Error("the same format behind a hole")
	}
	if _, err := c.Next(t.Context()); !errors.Is(err, ErrEnd) {
		t.Fatal(err)
	}
}

// TestFileThatShrinksIsReadNoMore: where a disk had no room, a file is finished with
// less than could be read of it before, and it is not kept open for that.
func TestFileThatShrinksIsReadNoMore(t *testing.T) {
	t.Parallel()
	p := newTape(t)
	frames := numbered(t, 0, 31)
	growing := p.begin("a", at(0), frames[0])
	growing.write(frames...)
	growing.grow()
	c := p.library.Cursor("front")
	defer c.Close()
	seek(t, c, at(0))
	follows(t, c, true, 0, 29)
	if err := os.Remove(filepath.Join(p.dir, growing.path)); err != nil {
		t.Fatal(err)
	}
	p.growing = nil
	shorter := p.begin("a", at(0), frames[0])
	shorter.write(frames[:11]...)
	shorter.finish()
	if _, err := c.Next(t.Context()); !errors.Is(err, ErrEnd) {
		t.Errorf("behind the end of what was finished: %v", err)
	}
	p.record("a", 50, 25)
	if f, err := c.Next(t.Context()); err != nil || !f.Key {
		t.Errorf("what comes next is read: %v", err)
	}
}

func TestSeeksToTheKeyframeBefore(t *testing.T) {
	t.Parallel()
	p := newTape(t)
	p.record("a", 0, 100)
	p.record("a", 100, 100)
	p.record("b", 1000, 100)
	c := p.library.Cursor("front")
	defer c.Close()
	for _, to := range []struct {
		name  string
		at    time.Time
		first int
	}{
		{"a keyframe", at(50), 50},
		{"between", at(74), 50},
		{"the second file", at(149), 125},
		{"a cut", at(100), 100},
		{"just before a cut", at(100).Add(-time.Millisecond), 75},
		{"before all", noon.Add(-time.Hour), 0},
		{"a hole", at(500), 1000},
		{"behind all", noon.AddDate(1, 0, 0), 1075},
	} {
		seek(t, c, to.at)
		f, err := c.Next(t.Context())
		if err != nil {
			t.Fatal(to.name, err)
		}
		if got := number(t, f.Frame); got != to.first || !f.Joins {
			t.Errorf("%s: begins with picture %d, joins %v; want %d", to.name, got, f.Joins, to.first)
		}
	}
	if err := p.library.Cursor("yard").Seek(t.Context(), noon); !errors.Is(err, ErrNothing) {
		t.Error(err)
	}
}

func TestKeyframesBothWaysOverHoles(t *testing.T) {
	t.Parallel()
	const far = 200 * 24 * 3600 * fps // half a year
	p := newTape(t)
	p.record("a", 0, 100)
	p.record("b", far, 50)
	p.record("b", far+50, 50)
	c := p.library.Cursor("front")
	defer c.Close()
	seek(t, c, noon)
	for _, want := range []int{0, 25, 50, 75, far, far + 25, far + 50, far + 75} {
		f, err := c.NextKey(t.Context(), at(want-5))
		if err != nil || number(t, f.Frame) != want || f.Joins != (want == 0 || want == far) {
			t.Fatalf("%d: %v, joins %v, %v", want, f.Wall, f.Joins, err)
		}
	}
	if _, err := c.NextKey(t.Context(), noon); !errors.Is(err, ErrEnd) {
		t.Fatal(err)
	}
	for _, want := range []int{far + 75, far + 50, far + 25, far, 75, 50, 25, 0} {
		f, err := c.PrevKey(t.Context(), at(want+5))
		if err != nil || number(t, f.Frame) != want || f.Joins != (want == 75) {
			t.Fatalf("%d: %v, joins %v, %v", want, f.Wall, f.Joins, err)
		}
	}
	if _, err := c.PrevKey(t.Context(), at(-1)); !errors.Is(err, ErrEnd) {
		t.Fatal(err)
	}
	if p.asked > 120 {
		t.Errorf("asked for rows %d times", p.asked)
	}
}

func TestLostAndForeignFilesAreHoles(t *testing.T) {
	t.Parallel()
	p := newTape(t)
	for i := range 4 {
		p.record("a", i*25, 25)
	}
	if err := os.Remove(filepath.Join(p.dir, p.rows[1].Path)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(p.dir, p.rows[2].Path), []byte("something else that somebody put there"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := p.library.Cursor("front")
	defer c.Close()
	seek(t, c, noon)
	follows(t, c, true, 0, 24)
	follows(t, c, true, 75, 99)
	seek(t, c, at(30))
	follows(t, c, true, 75, 75)
	if f, err := c.PrevKey(t.Context(), at(74)); err != nil || number(t, f.Frame) != 0 {
		t.Fatal(err)
	}
}

// TestClockThatWentBack recorded a time twice, of which the run that plays is
// kept to.
func TestClockThatWentBack(t *testing.T) {
	t.Parallel()
	p := newTape(t)
	p.record("a", 0, 50)
	p.record("a", 50, 50)
	for _, first := range []int{0, 50, 100} {
		p.recordAt("b", at(first).Add(10*time.Millisecond), numbered(t, first+1000, 50))
	}
	for _, anew := range []bool{false, true} { // the index was made, by the newest first
		for i := range p.rows {
			p.rows[i].Sequence = uint64(i) + 1
			if anew {
				p.rows[i].ID = int64(len(p.rows) - i)
			}
		}
		c := p.library.Cursor("front")
		seek(t, c, at(10))
		for n := 1000; n < 1150; n++ {
			f, err := c.Next(t.Context())
			if err != nil || number(t, f.Frame) != n {
				t.Fatalf("index made anew: %v, picture %d: %v, %v", anew, n, f.Wall, err)
			}
		}
		c.Close()
	}
}

// TestFileThatTheDiskDoesNotGive is a hole, forwards and backwards.
func TestFileThatTheDiskDoesNotGive(t *testing.T) {
	t.Parallel()
	p := newTape(t)
	for first := 0; first < 100; first += 25 {
		p.record("a", first, 25)
	}
	p.spoiled = p.rows[1].Path
	c := p.library.Cursor("front")
	defer c.Close()
	seek(t, c, noon)
	follows(t, c, true, 0, 24)
	follows(t, c, true, 50, 60)
	f, err := c.PrevKey(t.Context(), at(49))
	if err != nil || number(t, f.Frame) >= 25 {
		t.Errorf("backwards: picture of %v, %v", f.Wall, err)
	}
	if err := c.Seek(t.Context(), at(30)); err != nil {
		t.Fatal(err)
	}
	if f, err := c.Next(t.Context()); err != nil || number(t, f.Frame) != 50 {
		t.Errorf("sought: picture of %v, %v", f.Wall, err)
	}
}

// TestWhatIsReadStays open, one file at a time, whoever deletes it.
func TestWhatIsReadStays(t *testing.T) {
	t.Parallel()
	p := newTape(t)
	p.record("a", 0, 25)
	p.record("a", 25, 25)
	c := p.library.Cursor("front")
	seek(t, c, noon)
	if err := os.Remove(filepath.Join(p.dir, p.rows[0].Path)); err != nil {
		t.Fatal(err)
	}
	follows(t, c, true, 0, 30)
	if p.open != 1 {
		t.Errorf("%d files are open", p.open)
	}
	c.Close()
}

func TestReorderedPictures(t *testing.T) {
	t.Parallel()
	frames := encode(t, 2*gop, "-bf", "2")
	for i := range frames { // I0 P3 B1 B2 P6 B4 B5 and so on, in GOPs that are closed
		n := i % gop
		switch {
		case n == 0:
		case n%3 == 1:
			n += 2
		default:
			n--
		}
		frames[i].PTS = time.Duration(i/gop*gop+n) * time.Second / fps
	}
	p := newTape(t)
	p.recordAt("a", noon, frames)
	c := p.library.Cursor("front")
	defer c.Close()
	seek(t, c, at(30))
	for _, want := range frames[gop:] {
		f, err := c.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if off := f.Wall.Sub(noon.Add(want.PTS)); off.Abs() > time.Millisecond || len(f.Data) != len(want.Data) || f.Decode.After(f.Wall) {
			t.Fatalf("picture at %v is %v off, decoded at %v", want.PTS, off, f.Decode)
		}
	}
}

// openGOPs gives pictures that follow a keyframe and are shown before it, and the
// numbers of all by when they are shown.
func openGOPs(t *testing.T) (frames []media.Frame, numbers []int) {
	t.Helper()
	frames = encode(t, 49, "-bf", "2", "-g", "100")
	numbers = make([]int, len(frames))
	for i := range frames { // I0 P3 B1 B2 P6 B4 B5 and so on
		switch {
		case i == 0:
		case i%3 == 1:
			numbers[i] = i + 2
		default:
			numbers[i] = i - 1
		}
		frames[i].PTS, frames[i].Key = time.Duration(numbers[i])*time.Second/fps, numbers[i]%24 == 0
	}
	return frames, numbers
}

// readAll reads to the end, and gives the numbers of the pictures. A picture that
// cannot be read is -1.
func readAll(t *testing.T, c *Cursor) (got []int) {
	t.Helper()
	for {
		f, err := c.Next(t.Context())
		switch {
		case errors.Is(err, ErrEnd):
			return got
		case errors.Is(err, errUnread):
			got = append(got, -1)
		case err != nil:
			t.Fatal(err)
		default:
			got = append(got, int((f.Wall.Sub(noon)*fps+time.Second/2)/time.Second))
		}
	}
}

// notBefore gives the numbers that are not before another.
func notBefore(numbers []int, first int) []int {
	return slices.DeleteFunc(slices.Clone(numbers), func(n int) bool { return n < first })
}

// TestOpenGOPs: what is shown before a keyframe leans on what came before that, also
// where another file begins with it. It is given to who read that, and to nobody
// who begins with the keyframe.
func TestOpenGOPs(t *testing.T) {
	t.Parallel()
	frames, numbers := openGOPs(t)
	cut := slices.Index(numbers, 24)
	p := newTape(t)
	p.recordAt("a", noon, frames[:cut])
	p.recordAt("a", at(24), frames[cut:])
	c := p.library.Cursor("front")
	defer c.Close()
	seek(t, c, noon)
	if got := readAll(t, c); !slices.Equal(got, numbers) {
		t.Errorf("from the beginning there are %v; want %v", got, numbers)
	}
	seek(t, c, at(24))
	if got, want := readAll(t, c), notBefore(numbers[cut:], 24); !slices.Equal(got, want) {
		t.Errorf("from the second file on there are %v; want %v", got, want)
	}
}

// errUnread is what a part of a disk answers.
var errUnread = errors.New("no such sector")

// scratched is recordings of which the n-th picture that is read cannot be.
type scratched struct {
	*tape
	n *int
}

func (s scratched) Open(row index.Segment) (File, int64, error) {
	f, size, err := s.tape.Open(row)
	return scratch{f, s.n}, size, err
}

type scratch struct {
	File
	n *int
}

func (s scratch) ReadAt(b []byte, at int64) (int, error) {
	if *s.n--; *s.n == 0 {
		return 0, errUnread
	}
	return s.File.ReadAt(b, at)
}

// TestWhatLeansOnAnUnreadablePictureIsLeftOut up to the next keyframe, and behind it
// what is shown before it.
func TestWhatLeansOnAnUnreadablePictureIsLeftOut(t *testing.T) {
	t.Parallel()
	frames, numbers := openGOPs(t)
	p := newTape(t)
	p.recordAt("a", noon, frames)
	n := 0
	p.library.Recordings = scratched{p, &n}
	c := p.library.Cursor("front")
	defer c.Close()
	seek(t, c, noon)
	n = 6
	want := slices.Concat(numbers[:5], []int{-1}, notBefore(numbers[slices.Index(numbers, 24):], 24))
	if got := readAll(t, c); !slices.Equal(got, want) {
		t.Errorf("there are %v; want %v", got, want)
	}
}

// TestRecoveryPoints are told of where decoding begins with one, which no browser does,
// and not where it begins with an IDR picture, or goes on.
func TestRecoveryPoints(t *testing.T) {
	p := newTape(t)
	frames := encode(t, 4*gop, "-bf", "0", "-x264-params", "aud=1:intra-refresh=1")
	for i := range frames {
		frames[i].PTS, frames[i].Key = time.Duration(i)*interval, i%gop == 0
	}
	p.recordAt("a", noon, frames[:2*gop])
	p.recordAt("a", at(2*gop), frames[2*gop:])
	c := p.library.Cursor("front")
	defer c.Close()
	for n, want := range map[int]bool{0: false, gop: true, 2 * gop: true, 3*gop + 5: true} {
		seek(t, c, at(n))
		if f, err := c.Next(t.Context()); err != nil {
			t.Fatal(n, err)
		} else if f.Format.Refreshed != want {
			t.Errorf("picture %d: %v", n, f.Format.Refreshed)
		}
	}
	seek(t, c, noon)
	for range 3 * gop {
		if f, err := c.Next(t.Context()); err != nil || f.Format.Refreshed {
			t.Fatalf("of what goes on: %v, %+v", err, f.Format)
		}
	}
}

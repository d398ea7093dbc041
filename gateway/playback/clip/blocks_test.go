package clip

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"framegate/gateway/record/index"
)

// hours is a volume of six hours with segments here and there: of pictures that are
// reordered and of such that are not, in two formats, with holes, some of which are
// longer than an hour. In the first hour some have sound, and then all.
func hours(t testing.TB) *volume {
	t.Helper()
	v := newVolume()
	random := rand.New(rand.NewPCG(3, 4))
	for at := noon; at.Before(noon.Add(6 * time.Hour)); {
		frames := plainFrames()[:20]
		switch random.IntN(3) {
		case 0:
			frames = shuffled()[40:70]
		case 1:
			frames = largePictures()[:10]
		}
		v.sung = nil
		if at.Sub(noon) >= time.Hour || len(v.rows)%2 == 0 {
			v.sung = beeping(0, 0)
		}
		at = v.record(t, at, 1+float64(random.IntN(3))/100, frames)
		at = at.Add(time.Duration(random.IntN(int(8 * time.Minute))))
		if random.IntN(20) == 0 {
			at = at.Add(70 * time.Minute)
		}
	}
	return v
}

// TestHoursAreCutLikeSegments: a clip of which hours are known by their sums has the
// bytes of one all rows of which are known from the beginning, wherever they are read.
func TestHoursAreCutLikeSegments(t *testing.T) {
	t.Parallel()
	v := hours(t)
	random := rand.New(rand.NewPCG(5, 6))
	for _, request := range []Request{
		{From: noon, To: noon.Add(24 * time.Hour)},
		{From: noon.Add(17 * time.Minute), To: noon.Add(5*time.Hour + 7*time.Minute), Exact: true},
		{From: noon.Add(-3 * time.Hour), To: v.rows[len(v.rows)-1].Start.Add(time.Second), Exact: true},
		{From: noon.Add(2 * time.Hour), To: noon.Add(4 * time.Hour)},
		{From: v.rows[3].Start.Add(time.Second), To: noon.Add(24 * time.Hour), Exact: true},
	} {
		v.single = true
		want := v.clip(t, request)
		all := whole(t, want)
		v.single = false
		v.looked = 0
		c := v.clip(t, request)
		looked := v.looked
		if got := whole(t, c); !bytes.Equal(got, all) || !c.Start.Equal(want.Start) || !c.End.Equal(want.End) || !c.Next.Equal(want.Next) {
			t.Fatalf("%v to %v: %d bytes, want %d; from %v to %v, want %v to %v", request.From, request.To, len(got), len(all), c.Start, c.End, want.Start, want.End)
		}
		if looked >= len(v.rows)*3/4 && request.To.Sub(request.From) > 5*time.Hour {
			t.Errorf("%d rows of %d were looked at before the first byte", looked, len(v.rows))
		}
		if c.Next.IsZero() {
			t.Error("it does not say where another format begins")
		}
		for range 100 {
			at := random.Int64N(int64(len(all)))
			b := make([]byte, min(1+random.Int64N(5000), int64(len(all))-at))
			if _, err := c.Seek(at, io.SeekStart); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(c, b); err != nil || !bytes.Equal(b, all[at:at+int64(len(b))]) {
				t.Fatalf("%v to %v: other bytes at %d; %v", request.From, request.To, at, err)
			}
		}
		if again := v.clip(t, request); again.ETag() != c.ETag() {
			t.Error("two clips of the same bytes have different validators")
		}
	}
}

// TestHourThatBecomesAnother while its clip is read ends that, and gives no wrong
// byte before; its next clip has another validator.
func TestHourThatBecomesAnother(t *testing.T) {
	t.Parallel()
	v := hours(t)
	request := Request{From: noon, To: noon.Add(24 * time.Hour)}
	c := v.clip(t, request)
	want := whole(t, c)
	i := len(v.rows) / 2
	for name, change := range map[string]func(){
		"moved":   func() { v.rows[i].Start = v.rows[i].Start.Add(time.Second) },
		"deleted": func() { v.rows = slices.Delete(slices.Clone(v.rows), i, i+1) },
		"added": func() {
			row := v.rows[i]
			row.ID, row.Start = 1000, row.Start.Add(time.Second)
			v.rows = slices.Insert(slices.Clone(v.rows), i+1, row)
		},
	} {
		before := slices.Clone(v.rows)
		c := v.clip(t, request)
		change()
		got, err := io.ReadAll(c)
		if !errors.Is(err, ErrChanged) || !bytes.Equal(got, want[:len(got)]) {
			t.Errorf("%s: %v after %d bytes of %d", name, err, len(got), len(want))
		}
		if v.clip(t, request).ETag() == c.ETag() {
			t.Errorf("%s: its validator is that of another", name)
		}
		v.rows = before
	}
}

// TestTimesThatArePutRight while the pictures of an hour are sent do not end that,
// since these are the same bytes. Its tables are not made any more, and other
// pictures are not taken for them.
func TestTimesThatArePutRight(t *testing.T) {
	t.Parallel()
	v := hours(t)
	rows, i := v.rows, len(v.rows)/2
	request := Request{From: noon, To: noon.Add(24 * time.Hour)}
	want := whole(t, v.clip(t, request))
	for name, test := range map[string]struct {
		change func()
		ends   bool
	}{
		"put right":    {func() { v.rows[i].Start = v.rows[i].Start.Add(time.Millisecond) }, false},
		"other order":  {func() { v.rows[i], v.rows[i+1] = v.rows[i+1], v.rows[i] }, true},
		"other file":   {func() { v.rows[i].ID, v.rows[i].Path = 1000, v.rows[i+1].Path }, true},
		"other length": {func() { v.rows[i].Bytes-- }, true},
	} {
		v.rows = slices.Clone(rows)
		c := v.clip(t, request)
		tables := make([]byte, c.layout.dataAt)
		if _, err := io.ReadFull(c, tables); err != nil {
			t.Fatal(err)
		}
		test.change()
		rest, err := io.ReadAll(c)
		if got := append(tables, rest...); !bytes.Equal(got, want[:len(got)]) || errors.Is(err, ErrChanged) != test.ends || !test.ends && len(got) < len(want) {
			t.Errorf("%s: %v after %d bytes of %d", name, err, len(got), len(want))
		}
		_, _ = c.Seek(0, io.SeekStart)
		if again, err := io.ReadAll(c); !errors.Is(err, ErrChanged) || len(again) >= len(tables) {
			t.Errorf("%s: of the tables of what was: %d bytes, %v", name, len(again), err)
		}
	}

	v.rows = slices.Clone(rows)
	c := v.clip(t, request)
	_, _ = io.ReadFull(c, make([]byte, c.layout.dataAt))
	v.rows[i].Start = v.rows[i].Start.Add(time.Millisecond)
	l := &c.layout
	hour := slices.IndexFunc(l.blocks, func(b block) bool {
		return b.hours != nil && b.hours[0].Start.Equal(v.rows[i].Start.Truncate(time.Hour))
	})
	_, _ = c.Seek(l.dataAt+l.blocks[hour].data, io.SeekStart)
	if _, err := c.Read(make([]byte, 1)); err != nil {
		t.Error(err)
	}
	lasts := slices.IndexFunc(l.regions, func(r region) bool { return r.column == durations })
	_, _ = c.Seek(l.regions[lasts].at+l.before(durations, l.blocks[hour].ahead), io.SeekStart)
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, ErrChanged) {
		t.Errorf("the tables of an hour whose pictures were just sent: %v", err)
	}
}

// TestWhatWasFinishedMeanwhileIsOnceInAClip also where hours up to the present are
// known by their sums.
func TestWhatWasFinishedMeanwhileIsOnceInAClip(t *testing.T) {
	t.Parallel()
	v := hours(t)
	last := v.rows[len(v.rows)-1]
	request := Request{From: noon, To: noon.Add(48 * time.Hour)}
	want := whole(t, v.clip(t, request))
	v.growing = &Growing{Segment: last, Format: v.formats[last.Format-1]}
	if got := whole(t, v.clip(t, request)); !bytes.Equal(got, want) {
		t.Errorf("%d bytes, want %d", len(got), len(want))
	}
}

// TestSumsOfTheIndexAreThoseOfClips: the index counts hours as clips count segments.
func TestSumsOfTheIndexAreThoseOfClips(t *testing.T) {
	t.Parallel()
	v := hours(t)
	x, err := index.Open(t.Context(), filepath.Join(t.TempDir(), "index.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = x.Close() }()
	byID := make(map[int64]int64)
	for i, f := range v.formats {
		if byID[int64(i+1)], err = x.AddFormat(t.Context(), index.Format{Codec: f.Codec.String(), Width: f.Width, Height: f.Height, Config: f.Config}); err != nil {
			t.Fatal(err)
		}
	}
	v.rows[5].Frames, v.rows[7].CTTS, v.rows[9].End = 1, 0, v.rows[9].Start.Add(59*time.Minute+1234567*time.Microsecond)
	for i, row := range v.rows {
		row.ID, row.Format, row.Sound = 0, byID[row.Format], byID[row.Sound]
		if v.rows[i].ID, err = x.Add(t.Context(), row); err != nil {
			t.Fatal(err)
		}
		v.rows[i].Format, v.rows[i].Sound = row.Format, row.Sound
	}
	got, err := x.Hours(t.Context(), "front", noon, noon.Add(48*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	want, _ := v.Hours(t.Context(), "front", noon, noon.Add(48*time.Hour))
	for i := range got {
		got[i].Revision = 0
	}
	for i := range want {
		want[i].Revision = 0
	}
	slices.SortStableFunc(want, func(a, b index.Hour) int {
		return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.Format, b.Format), cmp.Compare(a.Sound, b.Sound))
	})
	if !slices.Equal(got, want) {
		t.Errorf("%v\nwant %v", got, want)
	}
}

package mp4

import (
	"cmp"
	"encoding/hex"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"framegate/gateway/media"
)

// Parameter sets as an encoder sends them, of 320x240.
const (
	baselineSPS = "6742c00dd90141fb011000000300100000030320f142a480" // x264's
	highSPS     = "6764001fa73294141f90"                             // see feared
	high444SPS  = "67f4001f90e6540a0fc8"                             // 4:4:4, one reference, no VUI
	plainPPS    = "68ce3c80"
)

// inOrder is a format whose SPS rules reordering out.
func inOrder(t testing.TB) *media.Format { return formatOf(t, baselineSPS) }

// feared is a format that may have B-frames, for all that its SPS says: the
// high profile, four references, no VUI.
func feared(t testing.TB) *media.Format {
	t.Helper()
	return formatOf(t, highSPS)
}

func formatOf(t testing.TB, sps string) *media.Format {
	t.Helper()
	f, err := media.H264Format(unhex(t, sps), unhex(t, plainPPS))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Access units of one slice, of which only the type counts here.
var (
	idr           = []byte{0, 0, 0, 3, 0x65, 0x88, 0x80}
	p             = []byte{0, 0, 0, 3, 0x41, 0x9A, 0x80}
	bidirectional = []byte{0, 0, 0, 3, 0x01, 0x9E, 0x80}
)

// story makes frames out of what happens to a camera, at 25 a second.
type story struct {
	format *media.Format
	seq    uint64
	pts    time.Duration
	frames []media.Frame
}

const frame = 40 * time.Millisecond

func (s *story) add(data []byte, pts time.Duration) *story {
	s.seq++
	s.pts = pts
	s.frames = append(s.frames, media.Frame{
		Seq: s.seq, PTS: pts, Key: data[4]&0x1F == 5, Format: s.format, Data: data,
	})
	return s
}

func (s *story) key() *story                 { return s.add(idr, s.pts+frame) }
func (s *story) after(n int) *story          { return s.add(p, s.pts+time.Duration(n)*frame) }
func (s *story) skip(n int) *story           { s.seq += uint64(n); s.pts += time.Duration(n) * frame; return s }
func (s *story) jump(d time.Duration) *story { s.pts += d; return s }

// inSequence adds n frames in order.
func (s *story) inSequence(n int) *story {
	for range n {
		s.after(1)
	}
	return s
}

// mini adds a P-frame and the two B-frames that are shown before it.
func (s *story) mini() *story {
	from := s.pts
	return s.add(p, from+3*frame).add(bidirectional, from+frame).add(bidirectional, from+2*frame).add(p, from+4*frame)
}

func TestFirstSampleStandsAtZero(t *testing.T) {
	for _, start := range []time.Duration{0, -time.Hour, 400 * time.Hour, math.MinInt64, math.MaxInt64 - time.Second} {
		s := story{format: inOrder(t), pts: start}
		all := place(t, s.key().inSequence(3).frames)
		checkTimeline(t, all)
		if all[0].Offset != 0 {
			t.Errorf("from %v: the first picture is shown at %d", start, all[0].Offset)
		}
	}
}

// TestSampleLastsAsLongAsTheFrameBefore checks the rule of the timeline: sample
// n stands from where frame n-1 is to where frame n is, in media time.
func TestSampleLastsAsLongAsTheFrameBefore(t *testing.T) {
	s := story{format: inOrder(t)}
	s.key()
	for range 5000 {
		s.add(p, s.pts+time.Duration(rand.Int64N(int64(2*time.Second)))+time.Millisecond)
	}
	all := place(t, s.frames)
	checkTimeline(t, all)
	for i := 1; i < len(all); i++ {
		want := ticks(s.frames[i].PTS) - ticks(s.frames[i-1].PTS)
		if int64(all[i].Duration) != want || all[i].Offset != 0 {
			t.Fatalf("sample %d lasts %d, shown %+d, want %d", i, all[i].Duration, all[i].Offset, want)
		}
	}
}

// TestNoDrift runs six hours of pictures whose distance is no whole number of
// ticks.
func TestNoDrift(t *testing.T) {
	var m Muxer
	f := media.Frame{Format: inOrder(t), Data: p, Key: true}
	const apart = time.Second * 1001 / 30000
	var first, place sample
	n := int(6 * time.Hour / apart)
	for i := range n {
		f.PTS = time.Duration(i) * apart
		place = m.place(f)
		if i == 0 {
			first = place
		}
	}
	end := place.decode + place.duration - first.duration
	if want := ticks(f.PTS); end != want {
		t.Errorf("after %v the timeline is at %d, media time at %d", f.PTS, end, want)
	}
}

func TestGapsMakeLongSamples(t *testing.T) {
	s := story{format: inOrder(t)}
	s.key().inSequence(10).skip(74).key().inSequence(3)
	all := place(t, s.frames)
	checkTimeline(t, all)
	if got := all[11].Duration; got != 75*3600 {
		t.Errorf("the sample after 74 lost frames lasts %d ticks, want %d", got, 75*3600)
	}
	if got := all[12].Duration; got != 3600 {
		t.Errorf("the next one lasts %d ticks", got)
	}
}

func TestLeapsOfMediaTimeAreNotFollowed(t *testing.T) {
	for _, leap := range []time.Duration{
		11 * time.Second, time.Hour, math.MaxInt64 / 2, -time.Second, -time.Hour, math.MinInt64 / 2,
	} {
		s := story{format: inOrder(t)}
		s.key().inSequence(10).jump(leap).inSequence(5).key()
		all := place(t, s.frames)
		checkTimeline(t, all)
		for i, f := range all[1:] {
			if f.Duration != 3600 {
				t.Errorf("leap of %v: sample %d lasts %d ticks", leap, i+1, f.Duration)
			}
		}
	}
}

// TestLeapOfABFrameIsNotFollowed leaps with a frame of the kind that may go
// back in media time, but not as far.
func TestLeapOfABFrameIsNotFollowed(t *testing.T) {
	s := story{format: inOrder(t)}
	s.key().inSequence(10).add(bidirectional, s.pts-time.Hour).inSequence(5)
	for i, f := range place(t, s.frames) {
		if f.Duration != 3600 || f.Offset != 0 {
			t.Errorf("sample %d lasts %d ticks and is shown %+d", i, f.Duration, f.Offset)
		}
	}
}

// TestMediaTimeThatStandsStill lets the timeline go on all the same.
func TestMediaTimeThatStandsStill(t *testing.T) {
	for name, f := range map[string]*media.Format{"in order": inOrder(t), "reordered": feared(t)} {
		s := story{format: f}
		s.key().inSequence(10)
		for range 100 {
			s.add(p, s.pts)
		}
		all := place(t, s.frames)
		checkTimeline(t, all)
		if end := all[len(all)-1].DecodeTime; end < 90*3000 {
			t.Errorf("%s: the timeline is at %d after %d frames", name, end, len(all))
		}
	}
}

// TestMediaTimeThatOnlyGoesBack has every frame shown within reach of where it
// is decoded.
func TestMediaTimeThatOnlyGoesBack(t *testing.T) {
	s := story{format: feared(t)}
	s.key()
	for range 5000 {
		s.add(bidirectional, -500*time.Millisecond)
	}
	all := place(t, s.frames)
	checkTimeline(t, all)
	for i, f := range all {
		if f.Offset < -2*maxJump || f.Offset > 2*maxJump {
			t.Fatalf("sample %d is shown %+d", i, f.Offset)
		}
	}
}

// TestImpreciseMediaTimeLeavesNoDrift sends what some cameras do: now and then
// a frame that is stamped a little before the last one.
func TestImpreciseMediaTimeLeavesNoDrift(t *testing.T) {
	s := story{format: inOrder(t)}
	s.key()
	for range 100 {
		s.inSequence(4)
		s.add(p, s.pts-5*time.Millisecond).add(p, s.pts+frame+5*time.Millisecond)
	}
	all := place(t, s.frames)
	checkTimeline(t, all)
	for i, f := range all {
		if f.Offset != 0 {
			t.Errorf("sample %d is shown %+d", i, f.Offset)
		}
	}
	last := all[len(all)-1]
	if end, want := last.DecodeTime+uint64(last.Duration), uint64(ticks(s.pts-s.frames[0].PTS))+uint64(all[0].Duration); end != want {
		t.Errorf("the timeline ends at %d, want %d", end, want)
	}
}

func TestTimelineGoesOnOverFormats(t *testing.T) {
	one := story{format: inOrder(t), pts: time.Hour}
	one.key().inSequence(20)
	two := story{format: feared(t), seq: one.seq, pts: 0}
	two.key().mini().mini().key().mini()
	three := story{format: inOrder(t), seq: two.seq, pts: -time.Minute}
	three.key().inSequence(20)
	four := story{format: feared(t), seq: three.seq, pts: time.Minute}
	four.key().inSequence(30).key().inSequence(30)
	all := place(t, slices.Concat(one.frames, two.frames, three.frames, four.frames))
	checkTimeline(t, all)
	end := all[len(all)-1].DecodeTime + uint64(all[len(all)-1].Duration)
	if want := uint64(len(all)) * 3600; end != want {
		t.Errorf("the timeline ends at %d, want %d for %d frames", end, want, len(all))
	}
	checkShown(t, slices.Concat(one.frames, two.frames, three.frames, four.frames), all)
}

// checkShown checks that pictures are shown in the order of media time within
// each format, apart as media time says, and that no hole of more than half a
// frame is between the time of one and the start of the next.
func checkShown(t *testing.T, frames []media.Frame, all []Fragment) {
	t.Helper()
	order := make([]int, len(frames))
	formats := make([]int, len(frames))
	for i := range order {
		order[i] = i
		if i > 0 && frames[i].Format != frames[i-1].Format {
			formats[i] = 1
		}
		if i > 0 {
			formats[i] += formats[i-1]
		}
	}
	slices.SortFunc(order, func(a, b int) int {
		if formats[a] != formats[b] {
			return formats[a] - formats[b]
		}
		return cmp.Compare(frames[a].PTS, frames[b].PTS) // a difference may be more than an int of 32 bits
	})
	shown := func(i int) int64 { return int64(all[i].DecodeTime) + int64(all[i].Offset) }
	end := shown(order[0])
	for n, i := range order {
		at := shown(i)
		if n > 0 && at <= shown(order[n-1]) {
			t.Fatalf("picture %d is shown at %d, the one before it at %d", i, at, shown(order[n-1]))
		}
		if at > end+1800 {
			t.Fatalf("picture %d is shown at %d, what is before ends at %d", i, at, end)
		}
		end = max(end, at+int64(all[i].Duration))
	}
}

// TestOneLongDistanceIsNotUsual leaps back right after a gap.
func TestOneLongDistanceIsNotUsual(t *testing.T) {
	s := story{format: inOrder(t)}
	s.key().inSequence(10).skip(200).key().jump(-time.Hour).inSequence(1)
	all := place(t, s.frames)
	checkTimeline(t, all)
	if got := all[len(all)-1].Duration; got > 2*3600 {
		t.Errorf("the sample after the leap lasts %d ticks", got)
	}
}

func TestTicks(t *testing.T) {
	for _, d := range []time.Duration{
		0, 1, 11111, 11112, 99999, 100000, 33366666, time.Second, 1001 * time.Second / 30000, 400 * 24 * time.Hour,
		50 * 365 * 24 * time.Hour, math.MaxInt64, math.MinInt64, -1, -11112, -time.Second,
	} {
		want := new(big.Int).Mul(big.NewInt(int64(d)), big.NewInt(Timescale))
		want.Quo(want, big.NewInt(int64(time.Second)))
		if got := ticks(d); !want.IsInt64() || got != want.Int64() {
			t.Errorf("%d ns are %d ticks, want %v", d, got, want)
		}
	}
}

// TestSlowCameraBecomesOneThatMayReorder has a distance that is usual and yet
// longer than what a reordered stream may have.
func TestSlowCameraBecomesOneThatMayReorder(t *testing.T) {
	slow := story{format: inOrder(t)}
	slow.key()
	for range 12 {
		slow.after(75)
	}
	faster := story{format: feared(t), seq: slow.seq}
	faster.key()
	for range 12 {
		faster.after(30)
	}
	faster.key()
	checkTimeline(t, place(t, slices.Concat(slow.frames, faster.frames)))
}

// TestAnySequence makes streams of cameras that do everything wrong.
func TestAnySequence(t *testing.T) {
	formats := []*media.Format{inOrder(t), feared(t), inOrder(t), feared(t)}
	for seed := range uint64(300) {
		checkTimeline(t, place(t, chaos(rand.New(rand.NewPCG(seed, 1)), formats)))
	}
}

func chaos(r *rand.Rand, formats []*media.Format) []media.Frame {
	s := story{format: formats[r.IntN(len(formats))], pts: time.Duration(r.Int64())}
	s.key()
	for range 200 {
		data := [][]byte{idr, p, p, p, bidirectional}[r.IntN(5)]
		switch r.IntN(40) {
		case 0:
			s.format = formats[r.IntN(len(formats))]
			s.add(idr, time.Duration(r.Int64())-math.MaxInt64/2)
		case 1:
			s.add(data, time.Duration(r.Uint64()))
		case 2:
			s.add(data, s.pts)
		case 3, 4, 5:
			s.add(data, s.pts+time.Duration(r.Int64N(int64(20*time.Second)))-10*time.Second)
		case 6, 7, 8, 9:
			s.add(data, s.pts+time.Duration(r.IntN(7)-3)*frame)
		default:
			s.add(data, s.pts+frame)
		}
	}
	return s.frames
}

func TestHeadsAreThoseOfOldTests(t *testing.T) {
	s := story{format: inOrder(t)}
	golden(t, "inorder.mp4", mux(t, s.key().inSequence(3).skip(5).key().frames))
	s = story{format: feared(t)}
	golden(t, "reordered.mp4", mux(t, s.key().mini().mini().frames))
}

func TestAppendHeadAppends(t *testing.T) {
	var m Muxer
	head := m.AppendHead([]byte("before"), media.Frame{Key: true, Format: inOrder(t), Data: idr})
	if string(head[:6]) != "before" || len(head) < 106 || len(head) > 126 {
		t.Errorf("% x", head)
	}
}

func TestAppendHeadRefusesWhatHasNoFormat(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a frame without format got a head")
		}
	}()
	new(Muxer).AppendHead(nil, media.Frame{Data: idr})
}

func TestAppendHeadDoesNotAllocate(t *testing.T) {
	for name, f := range map[string]*media.Format{"in order": inOrder(t), "reordered": feared(t)} {
		s := story{format: f}
		s.key().mini().mini()
		var m Muxer
		m.AppendHead(nil, s.frames[0])
		room := make([]byte, 0, 256)
		i := 1
		if n := testing.AllocsPerRun(100, func() {
			f := s.frames[i%len(s.frames)]
			f.PTS += time.Duration(i/len(s.frames)) * 9 * frame
			i++
			m.AppendHead(room, f)
		}); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func BenchmarkAppendHead(b *testing.B) {
	for _, reorder := range []bool{false, true} {
		name, f := "in order", inOrder(b)
		if reorder {
			name, f = "reordered", feared(b)
		}
		b.Run(name, func(b *testing.B) {
			s := story{format: f}
			s.key()
			for range 30 {
				if reorder {
					s.mini()
				} else {
					s.inSequence(4)
				}
			}
			var m Muxer
			room := make([]byte, 0, 256)
			b.ReportAllocs()
			i, shift := 0, time.Duration(0)
			for b.Loop() {
				if i == len(s.frames) {
					i, shift = 0, shift+s.pts
				}
				f := s.frames[i]
				f.PTS += shift
				m.AppendHead(room, f)
				i++
			}
		})
	}
}

package mp4

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestReorderedFramesWithoutAWordInTheSPS(t *testing.T) {
	s := story{format: feared(t)}
	for range 5 {
		s.key().mini().mini().mini()
	}
	all := place(t, s.frames)
	checkTimeline(t, all)
	checkShown(t, s.frames, all)
	for i, f := range all {
		if f.Offset < 0 {
			t.Errorf("sample %d is shown %d before it is decoded", i, -f.Offset)
		}
	}
}

// TestFearOfReorderingEnds checks that a stream in order gets exact places
// after its first GOP.
func TestFearOfReorderingEnds(t *testing.T) {
	s := story{format: feared(t)}
	s.key().inSequence(24).key()
	for range 50 {
		s.add(p, s.pts+frame+time.Duration(rand.IntN(20)-10)*time.Millisecond)
	}
	all := place(t, s.frames)
	checkTimeline(t, all)
	for i := 27; i < len(all); i++ {
		if want := ticks(s.frames[i].PTS) - ticks(s.frames[i-1].PTS); int64(all[i].Duration) != want || all[i].Offset != 0 {
			t.Fatalf("sample %d lasts %d, shown %+d, want %d", i, all[i].Duration, all[i].Offset, want)
		}
	}
}

// TestReorderingAgainstTheSPS sends B-frames where the SPS rules them out.
func TestReorderingAgainstTheSPS(t *testing.T) {
	s := story{format: inOrder(t)}
	s.key().mini().mini().key()
	first := len(s.frames)
	s.mini().mini().key().mini()
	all := place(t, s.frames)
	checkTimeline(t, all)
	checkShown(t, s.frames[first:], all[first:])
}

// TestGapAmongReorderedFrames skips to a keyframe in a stream with B-frames:
// the keyframe's sample fills the gap.
func TestGapAmongReorderedFrames(t *testing.T) {
	s := story{format: feared(t)}
	s.key().mini().mini().mini().skip(50).key()
	at := len(s.frames) - 1
	s.mini().mini().key().mini()
	all := place(t, s.frames)
	checkTimeline(t, all)
	checkShown(t, s.frames, all)
	if got := all[at].Duration; got < 50*3600 || got > 52*3600 {
		t.Errorf("the sample after 50 lost frames lasts %d ticks", got)
	}
	for i, f := range all {
		if f.Offset < 0 || i != at && f.Duration > 3600 {
			t.Errorf("sample %d lasts %d ticks and is shown %+d", i, f.Duration, f.Offset)
		}
	}
}

// TestDeeperReordering has B-frames that others refer to, in a stream that
// says nothing of it, and keyframes right after B-frames.
func TestDeeperReordering(t *testing.T) {
	s := story{format: feared(t)}
	for range 6 {
		s.key()
		for range 3 {
			from := s.pts
			for _, n := range []time.Duration{4, 2, 1, 3} {
				s.add(map[bool][]byte{true: p, false: bidirectional}[n == 4], from+n*frame)
			}
			s.pts = from + 4*frame
		}
	}
	all := place(t, s.frames)
	checkTimeline(t, all)
	checkShown(t, s.frames, all)
	for i, f := range all {
		if i > 13 && (f.Offset < 0 || f.Duration != 3600) {
			t.Errorf("sample %d lasts %d ticks and is shown %+d", i, f.Duration, f.Offset)
		}
	}
}

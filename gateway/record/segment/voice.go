package segment

import (
	"sort"

	"framegate/gateway/media"
)

// Silent stands in a Voice for a frame in which nothing is to be heard.
const Silent = -1

// Voice is the sound of a stretch of pictures that is cut out: which frames of its
// track are heard one after another, each for as long as all others, so that together
// they last as long as the pictures. Where none is to be heard it has Silent, and so
// its frames are always as many as fit.
//
// A frame is heard in the stretch in which it begins, where the picture of its time is
// shown, but for the length of one. So nothing adds up: who puts stretch behind stretch
// has each frame once, and in step.
type Voice []int32

// leeway is the part of a frame's length by which it may stray farther, so that
// clocks that are not quite the same make no holes.
const leeway = 4

// VoiceOf gives the sound of what is shown from one time to another, in ticks of the
// pictures' track, of which there are so many in a second. It is nil where less than
// two frames belong there, or more than a track may have.
func VoiceOf(sound []Entry, format *media.Format, timescale, from, to int64) Voice {
	samples, rate := int64((&media.Frame{Format: format}).Samples()), int64(format.Rate)
	long, total := samples*timescale, (to-from)*rate // in parts of rate of a tick, as all times are
	at := func(i int) int64 { return (sound[i].Decode - from) * rate }
	first := sort.Search(len(sound), func(i int) bool { return sound[i].Decode >= from })
	last := sort.Search(len(sound), func(i int) bool { return sound[i].Decode >= to })
	if first >= last {
		return nil
	}
	n := framesIn(total, at(first), long, last-first)
	if n < 2 || n > maxSamples {
		return nil
	}
	v, each := make(Voice, 0, n), total/int64(n)
	for i := first; i < last && len(v) < n; i++ {
		stray := func() int64 { return at(i) - int64(len(v))*each }
		for late := stray() > long+long/leeway; late && len(v) < n && stray() >= long; {
			v = append(v, Silent)
		}
		if len(v) < n && stray() > -long {
			v = append(v, int32(i))
		}
	}
	for len(v) < n {
		v = append(v, Silent)
	}
	return v
}

// framesIn gives how many frames of a length begin in a stretch of time, the first of
// those that came at some time in it. One that hardly begins in it has to have come.
func framesIn(total, at, long int64, came int) int {
	if at > long+long/leeway { // there was room for others
		at %= long
	}
	n := (total - at + long - 1) / long
	if n > int64(came) && total-at-(n-1)*long < long/leeway {
		n--
	}
	return int(n)
}

// voiced gives how many frames the Voice of a whole file has.
func (m *movie) voiced() int {
	if len(m.entries) < 2 {
		return 0
	}
	from, to := Shown(m.entries[0])
	return len(VoiceOf(m.entries[1], m.formats[1], int64(m.timescale), from, to))
}

// Shown gives from when to when pictures are shown, all of which there is one: from the
// earliest on, for as long as they last.
func Shown(pictures []Entry) (from, to int64) {
	first, last := pictures[0], pictures[len(pictures)-1]
	from = first.Decode + int64(first.Offset)
	for _, e := range pictures {
		from = min(from, e.Decode+int64(e.Offset))
	}
	return from, from + last.Decode + int64(last.Duration) - first.Decode
}

package clip

import (
	"framegate/gateway/media"
	"framegate/gateway/mp4"
	"framegate/gateway/record/segment"
)

// soundRun is the sound of a part, whose frames fill the time of its pictures, as in a
// clip. The zero value has none.
type soundRun struct {
	start, length int64 // samples
	data          []stretch
	sizes         []uint32
}

// soundTrack names the track of sound in fragments, and soundAll is what they say of
// frames: where the data is; duration and size of each.
const (
	soundTrack = trackID + 1
	soundAll   = 0x000301
)

// soundRun makes that of a format for a view whose segment begins at so many ticks.
func (v *view) soundRun(f *media.Format, began int64) (r soundRun) {
	var as voice
	as.take(f)
	from, to := began+v.ticksAt(v.decodeOf(v.first)), began+v.ticksAt(v.decodeOf(v.last))
	r.start, r.length = as.scaled(from), as.samples(from, to-from)
	var frames segment.Voice
	if v.soundFormat != nil && string(v.soundFormat.Config) == string(f.Config) {
		frames = v.voice(f)
	}
	if len(frames) == 0 {
		frames = make(segment.Voice, as.quiet(to-from).frames)
		for i := range frames {
			frames[i] = segment.Silent
		}
	}
	for n, i := range frames {
		switch {
		case i == segment.Silent:
			r.data = append(r.data, stretch{size: int64(len(as.silence)), silence: as.silence})
			r.sizes = append(r.sizes, uint32(len(as.silence)))
			continue
		case i > 0 && n > 0 && frames[n-1] == i-1 && follows(v.sounds[i-1], v.sounds[i]):
			r.data[len(r.data)-1].size += int64(v.sounds[i].Size)
		default:
			r.data = append(r.data, stretch{at: v.sounds[i].At, size: int64(v.sounds[i].Size)})
		}
		r.sizes = append(r.sizes, v.sounds[i].Size)
	}
	return r
}

// boxes gives how many bytes append appends.
func (r soundRun) boxes() int {
	var w mp4.Boxes
	r.append(&w, 0)
	return len(w)
}

// append appends the traf of a moof that begins w, whose data is behind so many bytes of
// the pictures', and gives how many bytes that has.
func (r soundRun) append(w *mp4.Boxes, behind int64) (bytes int64) {
	if len(r.sizes) == 0 {
		return 0
	}
	traf := openTraf(w, soundTrack, r.start)
	trun := w.OpenFull("trun", 0, soundAll)
	n := int64(len(r.sizes))
	w.U32(uint32(n))
	w.U32(uint32(int64(len(*w)) + 4 + 8*n + 8 + behind))
	for i, size := range r.sizes {
		w.U32(uint32(r.length*int64(i+1)/n-r.length*int64(i)/n), size)
		bytes += int64(size)
	}
	w.Close(trun)
	w.Close(traf)
	return bytes
}

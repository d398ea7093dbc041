package media

// Join knows which pictures of a stream can be decoded of what came: none before a
// keyframe, and after one that began it anew none that leads to that and builds on what
// was before (H.265, 8.1.3: RASL). The zero value waits for a keyframe.
type Join struct {
	whole bool // all is there that the next picture builds on
	fresh bool // the last keyframe made it so
}

// Lost says that something is missing.
func (j *Join) Lost() { j.whole = false }

// Takes says whether all is there that a frame builds on.
func (j *Join) Takes(f Frame) bool {
	switch {
	case f.Key:
		j.fresh, j.whole = !j.whole, true
	case f.Leading && j.fresh:
		return false
	}
	return j.whole
}

package clip

import (
	"fmt"
	"sort"

	"framegate/gateway/record/segment"
)

// weft is where frames of silence stand among the bytes that a part takes of its file.
// Chromium leaves out frames of a track that lie before those that it had, so each
// stands behind the frame that is heard before it. A part has room for as many as it has
// frames, so that its row tells how large it is; what is left of that is zeros.
type weft struct {
	data   int64         // bytes of mdat before the part
	frames segment.Voice // nil where all are silent
	sounds []segment.Entry
	stops  []stop
}

// stop is where silence stands: in front of a byte of the file.
type stop struct {
	at     int64
	frames int
	before int // in other stops, before it
}

// room gives how many bytes there are for silence in a stretch that has so many frames.
func (v *voice) room(t tones) int64 { return int64(t.frames) * int64(len(v.silence)) }

// weave finds out where silence stands in a part, which is kept until another is asked
// for.
func (c *Clip) weave(p *part) (*weft, error) {
	if c.weft != nil && c.weft.data == p.data {
		return c.weft, nil
	}
	w := &weft{data: p.data}
	if p.sound != nil && p.sound == c.layout.voice.sound {
		v, err := c.files.view(p)
		if err == nil {
			err = w.take(v)
		}
		if err != nil {
			return nil, err
		}
	} else if p.tones.frames > 0 {
		w.stops = []stop{{at: p.from, frames: p.tones.frames}}
	}
	c.weft = w
	return w, nil
}

// take takes the sound of a view, which is what the part was planned by.
func (w *weft) take(v *view) error {
	w.frames, w.sounds = v.voice(v.sound), v.sounds
	at, silent := v.from, 0
	for _, i := range w.frames {
		if i != segment.Silent {
			e := w.sounds[i]
			if e.At < at || e.At+int64(e.Size) > v.to {
				return fmt.Errorf("%w: the sound of %s is not where it was", ErrChanged, v.row.Path)
			}
			at = e.At + int64(e.Size)
			continue
		}
		if n := len(w.stops); n == 0 || w.stops[n-1].at != at {
			w.stops = append(w.stops, stop{at: at, before: silent})
		}
		w.stops[len(w.stops)-1].frames++
		silent++
	}
	if len(w.frames) != v.tones.frames {
		return fmt.Errorf("%w: the sound of %s is not what the index says", ErrChanged, v.row.Path)
	}
	return nil
}

// before gives how many frames of silence are before a byte of the file.
func (w *weft) before(at int64) int {
	i := sort.Search(len(w.stops), func(i int) bool { return w.stops[i].at > at })
	if i == 0 {
		return 0
	}
	return w.stops[i-1].before + w.stops[i-1].frames
}

// each calls with each frame, in order: at which byte of the part it is, which begins
// with one of its file, and how large it is.
func (w *weft) each(from, silence int64, frames int, use func(at, size int64)) {
	at, silent := from, int64(0)
	for n := range frames {
		if w.frames == nil || w.frames[n] == segment.Silent {
			use(at-from+silent*silence, silence)
			silent++
			continue
		}
		e := w.sounds[w.frames[n]]
		use(e.At-from+silent*silence, int64(e.Size))
		at = e.At + int64(e.Size)
	}
}

// readWoven reads what lies so far into a part.
func (c *Clip) readWoven(b []byte, p *part, in int64) (int, error) {
	w, err := c.weave(p)
	if err != nil {
		return 0, err
	}
	silence := c.layout.voice.silence
	from := p.from
	for _, s := range w.stops {
		if in < s.at-from {
			return c.readFile(b[:min(int64(len(b)), s.at-from-in)], p, from+in)
		}
		in -= s.at - from
		if all := int64(s.frames) * int64(len(silence)); in < all {
			return repeat(b[:min(int64(len(b)), all-in)], silence, in), nil
		} else {
			in -= all
		}
		from = s.at
	}
	if in < p.to-from {
		return c.readFile(b[:min(int64(len(b)), p.to-from-in)], p, from+in)
	}
	left := c.layout.voice.room(p.tones) - int64(w.before(p.to))*int64(len(silence)) - (in - (p.to - from))
	b = b[:min(int64(len(b)), left)]
	clear(b)
	return len(b), nil
}

// repeat fills b with what is so far into a text that is there again and again.
func repeat(b, text []byte, in int64) int {
	for i := range b {
		b[i] = text[(in+int64(i))%int64(len(text))]
	}
	return len(b)
}

package playback

import (
	"bytes"
	"slices"
	"sort"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/record/segment"
)

// maxSound bounds what is read of sound at once, in bytes, whatever a file says.
const maxSound = 64 << 10

// ears is where a Cursor is in the sound that goes along with its pictures.
type ears struct {
	open   bool          // somebody listens: a file stays open until its sound was given
	behind *piece        // the file before that of the pictures, some of whose sound was not given yet; or nil
	sought bool          // next is true
	next   int           // entry of behind, or else of the cursor's piece
	format *media.Format // that all alike share
}

// Listen has the cursor keep the sound of what it reads, for Sound, or not any more.
func (c *Cursor) Listen(on bool) {
	if c.ears.open = on; !on {
		c.ears.drop()
	}
}

// SoundFormat gives the format of the sound beside the pictures, or nil where there
// is none.
func (c *Cursor) SoundFormat() *media.Format {
	if c.piece == nil || c.piece.sound == nil {
		return nil
	}
	return c.formatOf(c.piece)
}

// same says whether one decoder plays sound of both formats.
func same(a, b *media.Format) bool {
	return a.Codec == b.Codec && a.Rate == b.Rate && a.Channels == b.Channels && bytes.Equal(a.Config, b.Config)
}

// Sound gives the next sound, of the files up to that of the picture that was given
// last, if it begins before a moment. At first, after a hole and where the cursor was
// moved, the next is what is heard after another moment. Its Wall is when it was
// recorded; it has no PTS. It gives false where there is none, and where it cannot be
// read: sound is left out then, and no picture.
func (c *Cursor) Sound(after, before time.Time) (f media.Frame, ok bool) {
	e := &c.ears
	for {
		p := e.behind
		if p == nil {
			p = c.piece
		}
		if p == nil || !e.open {
			return f, false
		}
		all := p.heard()
		if !e.sought {
			e.next = sort.Search(len(all), func(i int) bool { return p.silent(all[i]).After(after) })
			e.sought = true
		}
		if e.next >= len(all) {
			if e.behind == nil {
				return f, false
			}
			e.behind.close()
			e.behind, e.next = nil, 0
			continue
		}
		sample := all[e.next]
		if !p.decoded(sample).Before(before) {
			return f, false
		}
		if e.next++; sample.Size > maxSound {
			continue
		}
		data, err := p.read(sample)
		if err != nil {
			return f, false
		}
		return media.Frame{Format: c.formatOf(p), Wall: p.decoded(sample), Data: data}, true
	}
}

// formatOf gives the format of a file's sound, which it has: the one of before where
// that is alike.
func (c *Cursor) formatOf(p *piece) *media.Format {
	if c.ears.format == nil || !same(c.ears.format, p.sound) {
		c.ears.format = p.sound
	}
	return c.ears.format
}

// leave lets go of the cursor's file, but for its sound where the next one goes on
// with that.
func (c *Cursor) leave(joins bool) {
	if c.piece == nil {
		return
	}
	e := &c.ears
	if joins || !e.open || e.behind != nil || !e.sought || e.next >= len(c.piece.heard()) {
		e.drop()
		c.piece.close()
		if e.sought = !joins && e.open; e.sought {
			e.next = 0
		}
	} else {
		e.behind = c.piece
	}
	c.piece = nil
}

// drop forgets where it is.
func (e *ears) drop() {
	if e.behind != nil {
		e.behind.close()
	}
	e.behind, e.sought = nil, false
}

// hears finds a file's sound among its tracks.
func (p *piece) hears(formats []*media.Format) {
	p.sound, p.soundTrack = nil, slices.IndexFunc(formats, func(f *media.Format) bool { return f != nil && f.Codec.Kind() == media.Audio })
	if p.soundTrack >= 0 && p.soundTrack < len(p.table.Entries) {
		p.sound = formats[p.soundTrack]
	}
}

// heard gives the sound so far, in order.
func (p *piece) heard() []segment.Entry {
	if p.sound == nil || p.soundTrack >= len(p.table.Entries) {
		return nil
	}
	return p.table.Entries[p.soundTrack]
}

// silent gives when a piece of sound is over.
func (p *piece) silent(e segment.Entry) time.Time {
	return p.decoded(e).Add(p.since(int64(e.Duration)))
}

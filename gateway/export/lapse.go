package export

import (
	"bytes"
	"context"
	"errors"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/playback"
	"framegate/gateway/playback/clip"
)

// lapseRate is how many pictures of a timelapse are shown in a second at most.
const lapseRate = 30

// lapseStretch is for how long one ffmpeg takes the pictures of a timelapse: its
// clock knows when its zone changes for two days.
const lapseStretch = 24 * time.Hour

// lapse is how far a timelapse is: the keyframe that was taken last.
type lapse struct {
	taken time.Time
	usual time.Duration // from the one before it
	shown time.Duration // when it is shown, from the beginning on
}

// step gives how much time there is at least from one picture to the next, as they
// were taken: a little less than the interval, since cameras' times jitter.
func (r Request) step() time.Duration {
	return time.Duration(r.Speed * 0.95 * float64(time.Second) / lapseRate)
}

// next gives the next keyframe of a recording, and how far it is with that. A hole,
// behind which a picture joins, takes as long as there was between those before it.
func (l lapse) next(ctx context.Context, cursor *playback.Cursor, r Request) (playback.Frame, lapse, error) {
	if l.taken.IsZero() {
		f, err := cursor.Next(ctx)
		return f, lapse{taken: f.Wall, usual: r.step()}, err
	}
	f, err := cursor.NextKey(ctx, l.taken.Add(r.step()))
	if err != nil {
		return f, l, err
	}
	passed := f.Wall.Sub(l.taken)
	if f.Joins && passed > 2*l.usual { // else it may only be that files were passed over
		passed = l.usual
	}
	return f, lapse{f.Wall, passed, l.shown + time.Duration(float64(passed)/r.Speed)}, nil
}

// firstOf cuts a stretch of time of a camera so that one file of a recording is
// looked at to find its first picture.
func (e *Exports) firstOf(ctx context.Context, r clip.Request) (clip.Request, error) {
	rows, err := e.options.Finder.Between(ctx, r.Camera, r.From, r.To, 1)
	if err == nil && len(rows) > 0 && rows[0].End.Before(r.To) && rows[0].End.After(r.From) {
		r.To = rows[0].End
	}
	return r, err
}

// alike says whether one ffmpeg takes pictures of both formats.
func alike(a, b *media.Format) bool {
	return a.Codec == b.Codec && a.Width == b.Width && a.Height == b.Height && bytes.Equal(a.Config, b.Config)
}

// enter notes how far a timelapse is with a picture that goes into ffmpeg.
func (x *encoding) enter(far lapse) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.inside = append(x.inside, far)
}

// shown gives when a picture that came out is shown: when it was taken, but for a
// timelapse, which notes that it is so far.
func (x *encoding) shown(taken time.Time) (time.Time, error) {
	if !x.work.request.lapses() {
		return taken, nil
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	for i, l := range x.inside {
		if l.taken.Equal(taken) {
			x.far, x.inside = l, x.inside[i+1:]
			if x.base.IsZero() {
				x.base = taken
			}
			return x.base.Add(l.shown), nil
		}
	}
	return taken, errors.New("ffmpeg gave a picture that it had not")
}

// movie gives what was made, of which a timelapse does not tell when it was taken.
func (x *encoding) movie(c *clip.Clip) movie {
	w := x.work
	m := movie{c, c.Name(w.zone), c.Start, c.End}
	if w.request.lapses() {
		m.to = x.far.taken.Add(min(x.far.usual, w.request.To.Sub(x.far.taken)))
		m.name = clip.NameOf(x.camera, m.from.In(w.zone), m.to.In(w.zone), w.request.Speed)
	}
	return m
}

// later gives the later of two times.
func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

package whep

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/rtc"
	"framegate/gateway/stream"
)

const (
	// reportEvery is how often a viewer is told when pictures were taken, but for the
	// second time, since browsers need two reports to know.
	reportEvery = 5 * time.Second
	reportSoon  = time.Second
	// keyframeEvery is how often a viewer is given the newest keyframe again that asks
	// for one.
	keyframeEvery = time.Second
)

// viewer is one client that is shown a camera. It belongs to its own goroutine, but for
// what asks holds.
type viewer struct {
	handler *Handler
	visit   *Visit
	tracks  tracks
	session *rtc.Session
	ctx     context.Context // of the session
	asks    asks

	own      *stream.Reader // of the camera, which counts the viewer
	key      stream.Key     // of the stream that it sees
	reader   *stream.Reader // of that
	shelf    *streamShelf
	sounds   *stream.Companion // nil: none goes out
	tally    *stream.Tally
	video    *sender
	audio    *sender     // nil: none goes out
	answered media.Codec // of the pictures

	clock    clock
	latest   media.Frame // that was shown, without its data
	reported time.Time   // when the last reports went out, by the arrival of pictures
	reports  int         // how many did
	rewound  time.Time   // when it was given the newest keyframe again
	loss     loss
	full     stream.Key // what it saw before it was shown less
}

// asks is what the other end asked for since the viewer looked.
type asks struct {
	mu       sync.Mutex
	again    []uint16 // packets that did not come
	keyframe bool
	lost     []float64 // of reports: the part that was lost
	reader   *stream.Reader
}

// open makes a viewer of an offer, once it is known what the camera sends, and the
// answer. The error is one of Hub.Open, of package rtc, a *stream.SourceError, or one
// of this package.
func (h *Handler) open(ctx context.Context, offer *rtc.Offer, visit *Visit) (_ *viewer, answer string, err error) {
	v := &viewer{handler: h, visit: visit, loss: loss{clean: cmp.Or(h.options.Clean, cleanTime)}}
	visit.Client.Form = Form
	v.tracks, _ = pictureTracks(offer) // Offered has seen to it
	if len(v.tracks.h264) == 0 {
		return nil, "", ErrNoH264
	}
	v.own, err = h.options.Hub.Open(visit.Choice.Own, stream.ReadOptions{Client: &visit.Client})
	if err != nil {
		return nil, "", err
	}
	defer func() {
		if err != nil {
			v.closeReaders()
		}
	}()
	format, err := v.find(ctx)
	if err != nil {
		return nil, "", err
	}
	tracks, err := v.choose(format)
	if err != nil {
		return nil, "", err
	}
	v.session, answer, err = h.options.Port.Open(visit.Context, offer, rtc.Answer{Tracks: tracks, Host: visit.Host, Take: v.take})
	if err != nil {
		return nil, "", err
	}
	v.ctx = v.session.Context()
	v.video.session = v.session
	if v.audio != nil {
		v.audio.session = v.session
	}
	return v, answer, nil
}

// find finds the stream that is shown, and gives the format of its pictures; nil where
// that is not known before it is encoded.
func (v *viewer) find(ctx context.Context) (*media.Format, error) {
	choice := &v.visit.Choice
	format, _ := v.handler.options.Hub.Sends(choice.Own)
	if format == nil {
		ctx, cancel := context.WithTimeoutCause(ctx, firstPicture, ErrNoPicture)
		defer cancel()
		f, err := v.own.Next(ctx)
		if err != nil {
			if ctx.Err() != nil {
				err = context.Cause(ctx)
			}
			return nil, err
		}
		format = f.Format
	}
	if choice.Plain && v.tracks.carried(format) {
		v.key = choice.Own
		return format, nil
	}
	v.key = choice.H264
	if frames, certain := format.Reordering(); format.Codec == media.H264 && frames > 0 && certain {
		v.key = choice.Straight
	}
	if choice.Encodes != nil {
		return nil, choice.Encodes(v.key)
	}
	return nil, nil
}

// choose makes the tracks that are answered, opens what is shown by them, and makes what
// sends it.
func (v *viewer) choose(format *media.Format) (map[int]rtc.Track, error) {
	all := make(map[int]rtc.Track)
	video := v.tracks.h264For(format)
	v.answered = media.H264
	if format != nil && format.Codec == media.H265 {
		video, v.answered = *v.tracks.h265For(format), media.H265
	}
	all[v.tracks.video] = video
	v.video = newSender(video, true)
	var err error
	if v.reader, err = v.openBeside(v.key, stream.ReadOptions{Idle: idleAfter}); err != nil {
		return nil, err
	}
	v.shelf = v.handler.shelf.open(v.reader.Stream())
	v.asks.reader = v.reader
	v.tally = v.handler.options.Hub.TallyOf(v.own)
	sends := v.handler.options.Hub.Sounds(v.visit.Choice.Own).Format
	audio, hears, ok := v.tracks.soundTrack(sends != nil && v.visit.Choice.Opus != (stream.Key{}))
	if !ok {
		return all, nil
	}
	all[v.tracks.audio] = audio
	if !hears || !v.tracks.offer.Taken(all, v.tracks.audio) {
		return all, nil
	}
	key := v.visit.Choice.Opus
	if sends.Codec == media.Opus {
		key = v.visit.Choice.Own
	}
	sound, err := v.openBeside(key, stream.ReadOptions{Sound: true})
	if err != nil {
		return all, nil // pictures alone are better than none
	}
	v.sounds = stream.NewCompanion(sound)
	v.reader.Accompany(v.sounds)
	v.audio = newSender(audio, false)
	return all, nil
}

// openBeside opens a further stream for the viewer, who is counted already.
func (v *viewer) openBeside(key stream.Key, options stream.ReadOptions) (*stream.Reader, error) {
	options.Client, options.Besides = &v.visit.Client, v.own
	return v.handler.options.Hub.Open(key, options)
}

// close gives back all that a viewer has, of which the session is there.
func (v *viewer) close() {
	v.session.Close()
	v.closeReaders()
	v.visit.Leave()
}

func (v *viewer) closeReaders() {
	if v.sounds != nil {
		v.sounds.Close()
	}
	if v.reader != nil {
		v.handler.shelf.close(v.reader.Stream())
		v.reader.Close()
	}
	v.own.Close()
}

// serve shows the viewer what comes, from its connection on to its end.
func (v *viewer) serve() {
	defer v.handler.leave(v)
	defer v.close()
	err := v.run()
	if v.ctx.Err() != nil {
		err = context.Cause(v.ctx)
	}
	v.handler.log.Debug("viewer left", "stream", v.key.String(), "address", v.visit.Client.Address, "dropped", v.reader.Dropped(), "err", err)
}

// run is serve until the end. A panic ends this viewer alone.
func (v *viewer) run() (err error) {
	defer func() {
		if p := recover(); p != nil {
			v.handler.log.Error("viewer panicked", "stream", v.key.String(), "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("internal error: %v", p)
		}
	}()
	if err := v.session.Connect(); err != nil {
		return err
	}
	watched := make(chan struct{})
	go func() { // ends with the session's Close
		defer close(watched)
		v.session.Watch()
	}()
	defer func() { <-watched }()
	defer v.session.Hang()
	defer v.sayBye()
	for {
		if err := v.step(); err != nil {
			return err
		}
	}
}

// step waits for what comes next, and does it.
func (v *viewer) step() error {
	frame, err := v.reader.Next(v.ctx)
	failed := (*stream.SourceError)(nil)
	switch {
	case err == nil:
		return v.show(&frame)
	case v.ctx.Err() != nil:
		return err
	case errors.Is(err, stream.ErrInterrupted):
		return v.attend()
	case errors.Is(err, stream.ErrSound):
		return v.sendSound(nil)
	case errors.Is(err, stream.ErrIdle):
		return v.consent()
	case errors.As(err, &failed) && !errors.Is(err, stream.ErrFull): // it waits for the camera
		return nil
	}
	return err
}

// consent ends the viewer whose other end is not heard any more.
func (v *viewer) consent() error {
	if !v.session.Consents() {
		return rtc.ErrGone
	}
	return nil
}

// errOther ends a viewer to whom another kind of pictures was promised. It comes again.
var errOther = errors.New("the camera's pictures are others than were answered")

// show sends a frame, and the sound before it.
func (v *viewer) show(f *media.Frame) error {
	if f.Format.Codec != v.answered {
		return errOther
	}
	if v.reordered(f) {
		return v.straighten()
	}
	at := v.clock.at(f)
	if every := v.reportEvery(); f.Arrived.Sub(v.reported) >= every && !f.Backlog {
		if err := v.report(f, at); err != nil {
			return err
		}
	}
	if err := v.sendSound(f); err != nil {
		return err
	}
	timestamp := v.video.Timestamp(at)
	p := v.shelf.packed(f)
	for i := range p.packets {
		if err := v.video.send(&p.packets[i], timestamp); err != nil {
			return err
		}
	}
	if f.Backlog {
		v.tally.GivenOld()
	} else {
		v.tally.Given(1, time.Since(f.Arrived))
	}
	v.latest = *f
	v.latest.Data = nil
	return nil
}

// reportEvery says how long after the last reports the next go out.
func (v *viewer) reportEvery() time.Duration {
	if v.reports == 1 {
		return reportSoon
	}
	return reportEvery
}

// report says when pictures and sound of a moment were taken, by what would be taken
// now, as the time of a report is the present (RFC 3550, 6.4.1); and looks whether the
// other end is there.
func (v *viewer) report(f *media.Frame, at time.Duration) error {
	v.reported = f.Arrived
	v.reports++
	if err := v.consent(); err != nil {
		return err
	}
	now := time.Now()
	at += now.Sub(f.Wall)
	if err := v.video.sendReport(now, at); err != nil || v.audio == nil {
		return err
	}
	return v.audio.sendReport(now, at)
}

// sendSound sends the sound that goes before a picture, or all there is if f is nil.
func (v *viewer) sendSound(f *media.Frame) error {
	if v.sounds == nil {
		return nil
	}
	for {
		sound, ok := v.sounds.Next(f)
		if !ok {
			return nil
		}
		if sound.Format.Codec != media.Opus || !v.clock.live {
			continue
		}
		if err := v.audio.send(&packet{payload: sound.Data}, v.audio.Timestamp(v.clock.beside(&sound))); err != nil {
			return err
		}
	}
}

// sayBye says that nothing more comes.
func (v *viewer) sayBye() {
	_ = v.video.sendBye() // who is gone misses nothing
	if v.audio != nil {
		_ = v.audio.sendBye()
	}
}

// clock is the timeline of one viewer. Pictures that are old when they are shown, which
// come all at once, are a moment apart; what comes then goes by the times of the
// frames, moved by as much as brings it behind.
type clock struct {
	run     uint64
	shift   time.Duration
	last    time.Duration
	arrived time.Time
	live    bool // a picture of the present was shown, by which the sound goes
}

// apart is how far old pictures are apart.
const apart = time.Millisecond

// at gives the time at which a picture is due.
func (c *clock) at(f *media.Frame) time.Duration {
	switch {
	case f.Backlog:
		c.last += apart
		return c.last
	case !c.live:
		c.shift = c.last + apart - f.PTS
	case f.Run != c.run:
		c.shift = c.last + max(f.Arrived.Sub(c.arrived), apart) - f.PTS
	}
	c.live, c.run, c.arrived = true, f.Run, f.Arrived
	c.last = max(f.PTS+c.shift, c.last+apart)
	return c.last
}

// beside gives the time at which sound of the same run is due.
func (c *clock) beside(f *media.Frame) time.Duration { return max(f.PTS+c.shift, 0) }

package rtspcam

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bluenviron/gortsplib/v4"
	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/pion/rtp"

	"framegate/gateway/input/rtspcam/rtpaudio"
	"framegate/gateway/input/rtspcam/rtspquirks"
	"framegate/gateway/stream"
)

// soundless is for how long a camera is not asked for its sound that showed nothing
// when it was.
const soundless = time.Hour

// soundTrack is the stream of sound that is taken beside the video.
type soundTrack struct {
	name   string // for people
	media  *description.Media
	stream *rtpaudio.Stream
}

// newSoundTrack makes the track of the first sound that can be used, of those that a
// camera describes behind its video. It is nil if there is none; the error says why
// one cannot be used of a kind that could be.
func newSoundTrack(session *description.Session, offer *rtspquirks.Offer) (t *soundTrack, err error) {
	for i, sound := range offer.Sounds {
		m := session.Medias[1+i]
		if target, err := m.URL(session.BaseURL); err != nil || target == nil {
			continue
		}
		stream, bad := rtpaudio.NewStream(rtpaudio.Description(sound))
		if bad == nil {
			return &soundTrack{sound.Name, m, stream}, nil
		}
		if !errors.Is(bad, rtpaudio.ErrUnknown) {
			err = cmp.Or(err, bad)
		}
	}
	return nil, err
}

// newSound makes what packets of sound are given to.
func (r *run) newSound() *rtpaudio.Receiver {
	return rtpaudio.New(rtpaudio.Options{
		Emit:     r.give,
		Pictures: r.receiver.Clock(),
		Trouble:  r.tellSound,
		Log:      r.source.opt.Log,
	})
}

// errOtherKind says that a camera's sounds are of no kind that is taken.
func errOtherKind(sounds []rtspquirks.Sound) error {
	var names []string
	for _, s := range sounds {
		names = append(names, s.Name)
	}
	return fmt.Errorf("camera sends sound of a kind that is not taken: %s", strings.Join(names, ", "))
}

// chooseSound gives the sound to take beside the video, if there is any, and tells
// once what is left out.
func (r *run) chooseSound(session *description.Session, offer *rtspquirks.Offer) *soundTrack {
	var t *soundTrack
	s, others := r.source, offer.Others
	switch {
	case s.opt.Silent || len(offer.Sounds) == 0:
	case time.Now().Before(s.soundless):
		r.tellSound(s.why)
	default:
		var err error
		if t, err = newSoundTrack(session, offer); err != nil {
			r.tellSound(err)
		} else if t == nil { // which the log is told of with the others
			stream.LifeOf(r.ctx).SoundTrouble(errOtherKind(offer.Sounds))
		}
	}
	if t != nil {
		at := slices.Index(others, t.name)
		if at >= 0 {
			others = slices.Delete(others, at, at+1)
		}
	}
	s.tell(others)
	return t
}

// addSound has the camera send its sound too. Whatever is wrong with that, it plays
// its video: a run after this one asks for that alone, if need be.
func (r *run) addSound(client *gortsplib.Client, whole *base.URL, t *soundTrack) {
	r.asked = true
	r.watch.reach(adding)
	tap(t.media, func(p *rtp.Packet) { r.sound.Packet(p, time.Now()) })
	agreed, err := client.Setup(whole, t.media, 0, 0)
	r.watch.reach(added)
	if err != nil {
		r.tellSound(explain("setting it up", err))
		return
	}
	r.agreed = true
	r.sound.Begin(t.stream, r.transport(client) == TCP)
	r.shorten(agreed, r.sound.Bytes)
	client.OnPacketRTP(t.media, t.media.Formats[0], func(*rtp.Packet) {}) // it has them: see tapped
	client.OnPacketRTCP(t.media, r.sound.Report)
	f := t.stream.Format
	r.source.opt.Log.Debug("camera sends sound", "codec", f.Codec, "rate", f.Rate, "channels", f.Channels)
}

// tellSound tells the stream why the camera's sound is left out, or part of it, and
// the log once.
func (r *run) tellSound(err error) {
	stream.LifeOf(r.ctx).SoundTrouble(err)
	if r.source.toldSound.CompareAndSwap(false, true) {
		r.source.opt.Log.Warn("the camera's sound is left out, or part of it", "error", err)
	}
}

// learn notes whether the camera plays with its sound. Where it did not go on when it
// was asked for that, or agreed and showed nothing twice, it is not asked again for a
// while, which is as long as the next run at least; a run that showed nothing without
// says that it was not the sound.
func (s *Source) learn(r *run, err error) {
	played := r.watch.reached(playing)
	switch {
	case r.showing.Load():
		s.suspected = false
	case errors.Is(err, stream.ErrDenied):
	case r.agreed && !s.suspected:
		s.suspected = true // it may be about to start, or the connection was cut
	case r.asked:
		s.soundless, s.suspected = time.Now().Add(soundless), false
		s.why = fmt.Errorf("camera shows nothing where it is asked for its sound: %w", err)
		r.tellSound(s.why)
	case played:
		s.soundless = time.Time{}
	}
}

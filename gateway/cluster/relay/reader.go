package relay

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/mp4"
	"framegate/gateway/output/live/wire"
	"framegate/gateway/stream"
	"framegate/transcode/h265"
)

// errBroken: what came is not what package live sends.
var errBroken = errors.New("a message that cannot be read")

// reader makes frames of messages.
type reader struct {
	life      stream.Life
	emit      func(media.Frame)
	told      message       // the last hello
	format    *media.Format // of pictures; nil before the first
	timescale uint32        // of their fragments
	sound     *media.Format // nil while there is none
	began     time.Time     // when the first picture was taken that is no MP4
	last      time.Duration // PTS of the last one of these
	begun     bool          // a picture came
	counters  *Counters
	ahead     func() time.Duration // see Options.Ahead
}

// hello notes what comes from now on. The format of what is MP4 comes by itself.
func (r *reader) hello(m message) {
	r.told, r.format = m, nil
}

// hush notes that no sound comes.
func (r *reader) hush() {
	if r.sound != nil {
		r.sound = nil
		r.life.Silence()
	}
}

// take makes frames of a binary message, whose bytes are theirs from now on.
func (r *reader) take(b []byte) error {
	head, payload, err := wire.Read(b)
	if err != nil {
		return fmt.Errorf("%w: %w", errBroken, err)
	}
	now := time.Now()
	taken := head.Wall
	head.Wall = believe(head.Wall, now)
	if r.ahead != nil {
		taken = taken.Add(-r.ahead())
	}
	taken = believe(taken, now)
	switch head.Kind {
	case wire.KindInit:
		format, timescale, err := mp4.ReadInit(payload)
		if err != nil {
			return fmt.Errorf("%w: %w", errBroken, err)
		}
		r.format, r.timescale = format, timescale
	case wire.KindFrame:
		return r.picture(payload, &head, taken)
	case wire.KindSoundInit:
		format, err := mp4.ReadSoundInit(payload)
		if err != nil {
			return fmt.Errorf("%w: %w", errBroken, err)
		}
		r.sound = format
		r.emit(media.Frame{Format: format}) // that there will be some
	case wire.KindSound:
		return r.heard(payload, head.Wall)
	}
	return nil // a newer node may know more kinds
}

const (
	// future is by how much a picture may have been taken later than now, by clocks
	// that differ.
	future = time.Minute
	// longAgo is more than any picture's age that is the newest of its camera.
	longAgo = 366 * 24 * time.Hour
)

// believe gives when something was taken that is said to have been taken then. A time
// that cannot be is taken for now, as of a camera that says none.
func believe(said, now time.Time) time.Time {
	if said.After(now.Add(future)) || said.Before(now.Add(-longAgo)) {
		return now
	}
	return said
}

// picture emits a picture, whose bytes are the frame's from now on, and which was taken
// then by the clock of this node. Media time goes by the owner's, which does not jump where
// it is found out how much they differ.
func (r *reader) picture(payload []byte, head *wire.Head, taken time.Time) (err error) {
	var f media.Frame
	if r.format == nil || r.format.Codec == media.JPEG {
		f, err = r.jpeg(payload, head.Wall)
	} else {
		f, err = r.sample(payload)
	}
	if err != nil {
		return err
	}
	f.Wall, f.Backlog = taken, head.Flags&wire.FlagBacklog != 0
	f.Key = head.Flags&wire.FlagKey != 0
	r.begun = true
	r.counters.Frames.Add(1)
	r.emit(f)
	return nil
}

// jpeg checks a JPEG as any camera's is. Its media time is when it was taken.
func (r *reader) jpeg(payload []byte, wall time.Time) (media.Frame, error) {
	if r.told.Codec != media.JPEG.String() {
		return media.Frame{}, fmt.Errorf("%w: a picture of a kind that was not said", errBroken)
	}
	f, err := media.JPEGFrame(payload, r.format)
	if err != nil {
		return f, fmt.Errorf("%w: %w", errBroken, err)
	}
	r.format = f.Format
	if r.began.IsZero() {
		r.began = wall
		return f, nil
	}
	r.last = max(wall.Sub(r.began), r.last+1)
	f.PTS = r.last
	return f, nil
}

// sample takes a picture out of its fragment.
func (r *reader) sample(payload []byte) (media.Frame, error) {
	sample, _, err := mp4.ReadFragment(payload)
	if err != nil {
		return media.Frame{}, fmt.Errorf("%w: %w", errBroken, err)
	}
	if sample.DecodeTime > 1<<50 {
		return media.Frame{}, fmt.Errorf("%w: a picture at %d", errBroken, sample.DecodeTime)
	}
	leading, whole := look(sample.Data, r.format.Codec)
	if !whole {
		return media.Frame{}, fmt.Errorf("%w: a picture of broken NAL units", errBroken)
	}
	return media.Frame{
		PTS:    ticks(int64(sample.DecodeTime)+int64(sample.Offset), r.timescale),
		Format: r.format, Data: sample.Data, Leading: leading,
	}, nil
}

// look walks over the NAL units of a picture, and says whether they are whole, and
// whether it is one that cannot be decoded after the keyframe before it alone.
func look(data []byte, codec media.Codec) (leading, whole bool) {
	for first := true; len(data) > 0; {
		if len(data) < 4 {
			return false, false
		}
		n := binary.BigEndian.Uint32(data)
		if data = data[4:]; uint64(n) > uint64(len(data)) || n == 0 {
			return false, false
		}
		if nalu := data[:n]; codec == media.H265 && first && len(nalu) >= h265.HeaderSize && h265.IsPicture(nalu) {
			leading, first = h265.IsSkipped(nalu), false
		}
		data = data[n:]
	}
	return leading, true
}

// heard emits frames of sound, whose bytes are theirs from now on. Beside pictures
// that are no MP4 the time at which sound was taken is its media time.
func (r *reader) heard(payload []byte, wall time.Time) error {
	if r.sound == nil {
		return fmt.Errorf("%w: sound of a kind that was not said", errBroken)
	}
	frames, decode, err := mp4.ReadSound(payload)
	if err == nil && decode > 1<<50 {
		err = fmt.Errorf("at %d", decode)
	}
	if err != nil {
		return fmt.Errorf("%w: sound: %w", errBroken, err)
	}
	at := ticks(int64(decode), uint32(r.sound.Rate))
	if r.format != nil && r.format.Codec == media.JPEG {
		at = wall.Sub(r.began)
	}
	for _, data := range frames {
		f := media.Frame{PTS: at, Format: r.sound, Data: data}
		if len(data) == 0 {
			continue
		}
		at += f.Duration()
		r.emit(f)
	}
	return nil
}

// ticks gives the duration of so many ticks.
func ticks(n int64, perSecond uint32) time.Duration {
	whole, rest := n/int64(perSecond), n%int64(perSecond)
	return time.Duration(whole)*time.Second + time.Duration(rest)*time.Second/time.Duration(perSecond)
}

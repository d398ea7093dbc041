package upload

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/opus"
	"golang.org/x/time/rate"

	"framegate/gateway/media"
)

// A publisher that has said that it sends sound puts a head before each message:
// what it is, three bytes of 0, and when it was taken, in µs of a clock of its own
// that pictures and sound have in common (big endian).
const (
	messagePicture = 1
	messageSound   = 2
	messageHead    = 12
	latestTime     = 1 << 50 // µs; 35 years
)

// noTime is that of a picture of which its publisher does not say when it was taken.
const noTime time.Duration = -1

// What is taken of sound: what RFC 6716 allows, and half as much again as can be
// heard, but for what has waited.
const (
	longestPacket  = 120 * media.OpusRate / 1000 // samples
	largestPacket  = 6 * 1275                    // bytes
	soundPerSecond = media.OpusRate * 3 / 2      // samples
	soundBurst     = 5 * media.OpusRate
)

var (
	errBadPacket = errors.New("no packet of Opus of up to 120 ms")
	errNoHead    = errors.New("the message has no time in its head")
)

// wish is what a publisher says of the sound that it will send.
type wish struct {
	Type     string `json:"type"`  // sound
	Codec    string `json:"codec"` // opus; "" ends the sound
	Channels int    `json:"channels"`
}

// readWish reads a text message, which may be anything.
func readWish(text []byte) (w wish, ok bool) {
	err := json.Unmarshal(text, &w)
	return w, err == nil && w.Type == "sound"
}

// hearing is what is known of a publisher's sound. The zero value has none.
type hearing struct {
	allowed bool          // its messages have heads
	format  *media.Format // of the sound; nil: there is none now
	samples *rate.Limiter
	clock   publisherClock
	last    time.Duration // PTS of the sound given last
	said    bool          // the log knows of a bad packet
}

// grant answers a wish, and announces the sound.
func (in *intake) grant(w wish) reply {
	h := &in.hearing
	if w.Codec == "" {
		h.format = nil
		return reply{Type: "sound"}
	}
	format, err := media.OpusFormat(w.Channels)
	if w.Codec != "opus" {
		err = fmt.Errorf("%w: sound is taken as opus, not as %.20q", media.ErrBadSound, w.Codec)
	}
	if err != nil {
		return reply{Type: "sound", Message: err.Error()}
	}
	if !h.allowed {
		h.allowed, h.samples = true, rate.NewLimiter(soundPerSecond, soundBurst)
	}
	h.format = format
	in.emit(media.Frame{Format: format})
	return reply{Type: "sound", Codec: w.Codec}
}

// readHead takes the head off a message. A picture needs none: it begins as no head
// does.
func (in *intake) readHead(message []byte) (kind byte, at time.Duration, data []byte, err error) {
	if !in.hearing.allowed || len(message) == 0 || message[0] != messagePicture && message[0] != messageSound {
		return messagePicture, noTime, message, nil
	}
	if len(message) < messageHead || message[1]|message[2]|message[3] != 0 {
		return message[0], 0, nil, errNoHead
	}
	us := binary.BigEndian.Uint64(message[4:])
	if us > latestTime {
		return message[0], 0, nil, errNoHead
	}
	return message[0], time.Duration(us) * time.Microsecond, message[messageHead:], nil
}

// sound publishes a packet of sound whose memory is ours, or says what is wrong with it. What
// comes before the first picture, too fast, or is of a time that was heard already is
// dropped.
func (in *intake) sound(at time.Duration, packet []byte) error {
	h := &in.hearing
	if h.format == nil {
		return nil // what was on its way when it was ended
	}
	n := opus.PacketDuration2(packet)
	if n < 1 || n > longestPacket || len(packet) > largestPacket {
		return errBadPacket
	}
	now := time.Now()
	if !h.samples.AllowN(now, int(n)) {
		in.drop(LimitPublisherSound)
		return nil
	}
	if in.began.IsZero() {
		return nil
	}
	if pts := h.clock.at(at, now, now.Sub(in.began)); pts >= h.last {
		h.last = pts
		in.emit(media.Frame{PTS: pts, Format: h.format, Data: packet})
	}
	return nil
}

// place gives a picture its time, which a publisher without sound leaves to the
// stream.
func (in *intake) place(frame *media.Frame, at time.Duration, now time.Time) {
	if in.began.IsZero() {
		in.began = now
	}
	arrived := now.Sub(in.began)
	if !in.hearing.allowed {
		in.shown = arrived
		return
	}
	pts := arrived
	if at != noTime {
		pts = in.hearing.clock.at(at, now, arrived)
	}
	if pts <= in.shown && now != in.began {
		pts = in.shown + time.Microsecond
	}
	frame.PTS, frame.Wall = pts, now.Add(pts-arrived)
	in.shown = pts
}

// publisherClock makes media time of a publisher's own. Whatever came fastest was on
// its way for no time. The zero value has seen nothing.
type publisherClock struct {
	running bool
	offset  time.Duration // media time less the publisher's
	last    time.Time     // when something came
}

const (
	// mostLag is how long something may be on its way. More is another clock.
	mostLag = 5 * time.Second
	// clockDrift is the part by which two clocks may differ.
	clockDrift = 10_000
)

// at gives the media time of a publisher's, of what came now, at a media time.
func (c *publisherClock) at(its time.Duration, now time.Time, arrived time.Duration) time.Duration {
	lag := arrived - its - c.offset
	switch {
	case !c.running, lag > mostLag:
		c.offset = arrived - its
	case lag < 0:
		c.offset += lag
	default:
		c.offset += min(lag, now.Sub(c.last)/clockDrift)
	}
	c.running, c.last = true, now
	return its + c.offset
}

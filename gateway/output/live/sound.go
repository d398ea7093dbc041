package live

import (
	"bytes"
	"context"
	"slices"
	"time"

	"framegate/gateway/delivery"
	"framegate/gateway/media"
	"framegate/gateway/mp4"
	"framegate/gateway/stream"
)

// sound is what one viewer hears beside its pictures: what the camera sends, where
// that is of a codec that is wanted, or else a rendition. It goes out along with
// pictures, and so it costs no write of its own. It belongs to whoever has the
// viewer's seat. The zero value is silent.
type sound struct {
	wanted []media.Codec // the best first; empty: none
	key    stream.Key    // that is read
	along  *stream.Companion
	format *media.Format // of what went out; nil before the first
	init   []byte        // to be sent before what goes out next
	muxer  mp4.Sound
	unfit  bool          // what is read is of no codec that is wanted
	only   *media.Format // that is wanted, where the beginning of a file said so; or nil
}

// on says that sound is wanted.
func (s *sound) on() bool { return s.along != nil }

// open begins to read a stream of sound, and ends to read the one before.
func (s *sound) open(hub *stream.Hub, seat *delivery.Seat, pictures *track, key stream.Key, options stream.ReadOptions) error {
	options.Sound = true
	reader, err := hub.Open(key, options)
	if err != nil {
		return err
	}
	s.take(seat, pictures, key, reader)
	return nil
}

// take has the viewer hear what a reader reads, which is the sound's from now on.
func (s *sound) take(seat *delivery.Seat, pictures *track, key stream.Key, reader *stream.Reader) {
	s.close(seat)
	s.key, s.along = key, stream.NewCompanion(reader)
	if pictures.seq > 0 {
		s.along.From(pictures.run, pictures.pts)
	}
	seat.Accompany(s.along)
}

// close ends to read sound. Its timeline goes on if some is read again.
func (s *sound) close(seat *delivery.Seat) {
	if s.along != nil {
		seat.Accompany(nil)
		s.along.Close()
	}
	s.along, s.format, s.unfit = nil, nil, false
	s.key = stream.Key{}
}

// gather takes what goes out along with a picture, or without one if f is nil, as
// far as that is of one format, and gives it with its bytes; none where there is none.
// All who hear it share both.
func (s *sound) gather(pictures *mp4.Muxer, f *media.Frame) (frames []media.Frame, data []byte) {
	for s.along != nil && !s.unfit && len(frames) == 0 {
		p := s.along.Portion(f)
		if p == nil {
			break
		}
		frames, data = p.Frames, p.Data
		if frames[0].Format != s.format {
			s.change(frames[0].Format)
		}
		for len(frames) > 0 && (s.unfit || s.muxer.Late(pictures, &frames[0])) {
			frames, data = frames[1:], data[len(frames[0].Data):]
		}
	}
	return frames, data
}

// change notes that the sound is of another format from now on.
func (s *sound) change(format *media.Format) {
	s.format, s.init = format, nil
	s.unfit = !slices.Contains(s.wanted, format.Codec) ||
		s.only != nil && (s.only.Codec != format.Codec || !bytes.Equal(s.only.Config, format.Config))
	if s.unfit {
		return
	}
	var err error
	if s.init, err = mp4.Init(format); err != nil {
		s.unfit = true
	}
}

// rendition gives the stream to read where what is read is unfit: what the viewer
// likes best; or none, if that is what is read already.
func (s *sound) rendition(c Choice) (stream.Key, bool) {
	for _, codec := range s.wanted {
		key := map[media.Codec]stream.Key{media.AAC: c.AAC, media.Opus: c.Opus}[codec]
		if key != (stream.Key{}) && s.key == c.camera() {
			return key, true
		}
	}
	return stream.Key{}, false
}

// message says what sound there is.
func (s *sound) message() soundMessage {
	return soundMessage{
		Type: "sound", Codec: s.format.Codec.String(), MIME: mp4.MIME(s.format),
		Rate: s.format.Rate, Channels: s.format.Channels,
	}
}

// soundSoon is how long an MP4 that has one track for pictures and one for sound
// waits for the first sound: longer than an encoder takes to start, as its beginning
// has to say what both are.
const soundSoon = 2 * time.Second

// await waits for the first sound of a camera that has some, in a codec that is
// wanted, of which only says the format then. Where none comes in time there is none.
// The viewer hears what comes after the first.
func (s *sound) await(ctx context.Context, hub *stream.Hub, seat *delivery.Seat, pictures *track, c Choice, options stream.ReadOptions) {
	if len(s.wanted) == 0 || c.AAC == (stream.Key{}) || hub.Sounds(c.camera()).Format == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, soundSoon)
	defer cancel()
	options.Sound = true
	for key, ok := c.camera(), true; ok; key, ok = s.rendition(c) {
		reader, err := hub.Open(key, options)
		if err != nil {
			return
		}
		f, err := reader.Next(ctx)
		if err != nil {
			reader.Close()
			return
		}
		s.key = key
		if s.change(f.Format); s.unfit {
			reader.Close()
			continue
		}
		format := s.format
		s.take(seat, pictures, key, reader)
		s.format, s.only, s.muxer.Track = format, format, 2
		return
	}
}

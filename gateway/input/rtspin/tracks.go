package rtspin

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/bluenviron/gortsplib/v4/pkg/sdp"

	"framegate/gateway/input/rtspcam/rtpaudio"
	"framegate/gateway/input/rtspcam/rtpvideo"
	"framegate/gateway/media"
)

// track is one that was announced. What is neither the video nor the sound that is
// taken may be sent all the same, and is passed over.
type track struct {
	control string // what its address ends in
	ordered bool
	video   *rtpvideo.Stream
	sound   *rtpaudio.Stream
	trouble error // why a sound is not taken
}

// read reads a description.
func (s *Source) read(text []byte) error {
	var plain sdp.SessionDescription
	var d description.Session
	if err := plain.Unmarshal(text); err != nil {
		return fmt.Errorf("%w: %w", ErrNotTaken, err)
	}
	if err := d.Unmarshal(&plain); err != nil {
		return fmt.Errorf("%w: %w", ErrNotTaken, err)
	}
	if len(d.Medias) > maxTracks {
		return errTracks
	}
	pictures, sounds := false, s.opt.Silent
	for _, m := range d.Medias {
		t := track{control: m.Control}
		switch f := m.Formats[0]; m.Type {
		case description.MediaTypeVideo:
			if !pictures {
				t.video = videoOf(f)
				pictures = t.video != nil
			}
		case description.MediaTypeAudio:
			if !sounds {
				t.sound, t.trouble = soundOf(f)
				sounds = t.sound != nil
			}
		}
		s.tracks = append(s.tracks, t)
	}
	if !pictures {
		return ErrNotTaken
	}
	return nil
}

// videoOf says what the packets of a format carry; nil is nothing that is taken.
func videoOf(f format.Format) *rtpvideo.Stream {
	v := &rtpvideo.Stream{PayloadType: f.PayloadType()}
	switch f := f.(type) {
	case *format.H264:
		if f.PacketizationMode > 1 {
			return nil // in another order than that of decoding
		}
		v.Codec, v.ParameterSets = media.H264, sets(f.SPS, f.PPS)
	case *format.H265:
		if f.MaxDONDiff > 0 {
			return nil // likewise
		}
		v.Codec, v.ParameterSets = media.H265, sets(f.VPS, f.SPS, f.PPS)
	case *format.MJPEG:
		v.Codec = media.JPEG
	default:
		return nil
	}
	return v
}

// sets gives the parameter sets that are there.
func sets(all ...[]byte) (there [][]byte) {
	for _, set := range all {
		if len(set) > 0 {
			there = append(there, set)
		}
	}
	return there
}

// soundOf says what the packets of a format carry. The error says why they are not
// taken.
func soundOf(f format.Format) (*rtpaudio.Stream, error) {
	name := f.RTPMap()
	if name == "" {
		name = map[uint8]string{0: "PCMU/8000", 8: "PCMA/8000", 10: "L16/44100/2", 11: "L16/44100"}[f.PayloadType()]
	}
	parts := append(strings.Split(name, "/"), "", "")
	d := rtpaudio.Description{Name: "audio " + parts[0], PayloadType: f.PayloadType(), Encoding: strings.ToUpper(parts[0]), Channels: 1, Parameters: make(map[string]string)}
	d.Rate, _ = strconv.Atoi(parts[1]) // 0 where it does not say
	if n, err := strconv.Atoi(parts[2]); err == nil {
		d.Channels = n
	}
	for key, value := range f.FMTP() {
		d.Parameters[strings.ToLower(key)] = value
	}
	s, err := rtpaudio.NewStream(d)
	if errors.Is(err, rtpaudio.ErrUnknown) {
		err = fmt.Errorf("%w: %s", err, d.Name)
	}
	return s, err
}

package rtspcam

import (
	"errors"
	"fmt"

	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/pion/rtp"

	"framegate/gateway/input/rtspcam/rtpvideo"
	"framegate/gateway/input/rtspcam/rtspquirks"
	"framegate/gateway/media"
)

// track is the stream of packets of pictures that is taken from a camera.
type track struct {
	base   *base.URL // that its URL is relative to
	media  *description.Media
	format format.Format
	video  rtpvideo.Stream // what the packets carry, but for how they come
}

// newTrack makes the track that a camera's description was reduced to, beside sound.
func newTrack(session *description.Session, offer *rtspquirks.Offer) (track, error) {
	m := session.Medias[0]
	t := track{base: session.BaseURL, media: m, format: m.Formats[0]}
	t.video.Codec, t.video.PayloadType = offer.Codec, t.format.PayloadType()
	return t, t.prepare(offer)
}

// prepare makes the track ready to be set up.
func (t *track) prepare(offer *rtspquirks.Offer) error {
	// gortsplib asks nothing of this URL, and panics where it cannot be made.
	if target, err := t.media.URL(t.base); err != nil || target == nil {
		return errors.New("camera describes its video with a malformed URL")
	}
	if offer.Reordered != "" {
		return fmt.Errorf("camera sends its video in another order than that of decoding (%s), which is not supported", offer.Reordered)
	}
	t.video.ParameterSets = offer.ParameterSets
	if t.video.Codec == media.JPEG {
		t.video.Width, t.video.Height = offer.Width, offer.Height
	}
	return nil
}

// tap has the packets of a stream of one format taken, when it is set up.
func tap(m *description.Media, take func(*rtp.Packet)) {
	m.Formats[0] = tapped{m.Formats[0], take}
}

// tapped is a format whose packets are taken before gortsplib judges them,
// which it does more strictly than cameras count: it drops what has another
// source (SSRC) than the first packet, and 64 packets where numbers begin anew.
// Of each packet it asks this first.
type tapped struct {
	format.Format
	take func(*rtp.Packet)
}

// PTSEqualsDTS is called by gortsplib with each packet.
func (t tapped) PTSEqualsDTS(p *rtp.Packet) bool {
	t.take(p)
	return t.Format.PTSEqualsDTS(p)
}

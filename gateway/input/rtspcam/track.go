package rtspcam

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/pion/rtp"

	"framegate/gateway/media"
)

// track is the one stream of packets that is taken from a camera.
type track struct {
	base      *base.URL // that its URL is relative to
	media     *description.Media
	format    format.Format
	codec     media.Codec
	assembler assembler
	marking   *marking
}

// newTrack makes the track that a camera's description was reduced to. marks is
// what is known of the camera's marker bits.
func newTrack(session *description.Session, d *summary, largest budget, marks *marking) (track, error) {
	m := session.Medias[0] // the only one
	t := track{base: session.BaseURL, media: m, format: m.Formats[0], codec: d.choice.codec, marking: marks}
	return t, t.prepare(d, largest)
}

// prepare makes the track ready to be set up.
func (t *track) prepare(d *summary, largest budget) error {
	// gortsplib asks nothing of this URL, and panics where it cannot be made.
	if target, err := t.media.URL(t.base); err != nil || target == nil {
		return errors.New("camera describes its video with a malformed URL")
	}
	if t.codec == media.JPEG {
		a := &jpegAssembler{largest: largest, marking: t.marking}
		a.width, a.height = announcedSize(d.text)
		t.assembler = a
		return nil
	}
	if mode := d.choice.mode(); mode > 1 {
		return fmt.Errorf("camera sends H.264 in packetization mode %d (interleaved), which is not supported", mode)
	}
	assembler := newH264Assembler(largest, t.marking)
	assembler.framer.Announce(d.choice.parameterSets()...)
	t.assembler = assembler
	return nil
}

// tap has the packets of the track taken, when it is set up.
func (t *track) tap(take func(*rtp.Packet)) {
	i := slices.Index(t.media.Formats, t.format)
	t.media.Formats[i] = tapped{t.format, take}
}

// announcedSize gives the size of pictures, in pixels, that a session
// description tells: as GStreamer does for JPEGs over 2040 pixels, or as RFC
// 6064 does. It is 0, 0 where it tells none.
func announcedSize(sdp []byte) (width, height int) {
	line := regexp.MustCompile(`(?m)^a=(?:x-dimensions: ?|framesize: ?\d+ )(\d{1,5})[,-](\d{1,5})\s*$`)
	if found := line.FindSubmatch(sdp); found != nil {
		width, _ = strconv.Atoi(string(found[1]))
		height, _ = strconv.Atoi(string(found[2]))
	}
	return width, height
}

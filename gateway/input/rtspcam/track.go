package rtspcam

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"

	"framegate/gateway/media"
)

// track is the one stream of packets that is taken from a camera.
type track struct {
	base      *base.URL // that its URL is relative to
	media     *description.Media
	format    format.Format
	codec     media.Codec
	assembler assembler
}

// chooseTrack takes the first H.264 stream of a session, or else the first of
// JPEGs. sdp is what the session was read from.
func chooseTrack(session *description.Session, sdp []byte, largest budget) (track, error) {
	var chosen track
	var others []string
	for _, m := range session.Medias {
		if m.Type != description.MediaTypeVideo {
			continue
		}
		for _, f := range m.Formats {
			codec := codecOf(f)
			if codec == 0 {
				others = append(others, nameOf(f))
			}
			if codec == media.H264 && chosen.codec != media.H264 || codec != 0 && chosen.codec == 0 {
				chosen = track{base: session.BaseURL, media: m, format: f, codec: codec}
			}
		}
	}
	if chosen.codec == 0 {
		return track{}, noTrack(others)
	}
	return chosen, chosen.prepare(sdp, largest)
}

func noTrack(others []string) error {
	if len(others) == 0 {
		return errors.New("camera offers no video")
	}
	slices.Sort(others)
	return fmt.Errorf("camera offers neither H.264 nor JPEG, only %s", strings.Join(slices.Compact(others), ", "))
}

// prepare makes the track ready to be set up.
func (t *track) prepare(sdp []byte, largest budget) error {
	// Some cameras mark what they send as "sendonly" (RFC 4566 asks for the
	// view of the receiver), which gortsplib takes for a way back to them.
	t.media.IsBackChannel = false
	// gortsplib asks nothing of this URL, and panics where it cannot be made.
	if target, err := t.media.URL(t.base); err != nil || target == nil {
		return errors.New("camera describes its video with a malformed URL")
	}
	if t.codec == media.JPEG {
		a := &jpegAssembler{largest: largest}
		a.width, a.height = announcedSize(sdp)
		t.assembler = a
		return nil
	}
	h := t.format.(*format.H264)
	if h.PacketizationMode > 1 {
		return fmt.Errorf("camera sends H.264 in packetization mode %d (interleaved), which is not supported", h.PacketizationMode)
	}
	assembler := &h264Assembler{largest: largest, waiting: true}
	assembler.framer.Announce(h.SafeParams())
	t.assembler = assembler
	return nil
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

// codecOf gives the codec of a format, or 0 if it is none of ours.
func codecOf(f format.Format) media.Codec {
	switch f := f.(type) {
	case *format.H264:
		return media.H264
	case *format.MJPEG:
		return media.JPEG
	case *format.Generic:
		if strings.EqualFold(f.RTPMap(), "JPEG/90000") { // with a payload type of its own instead of 26
			return media.JPEG
		}
	}
	return 0
}

// nameOf names a format for people.
func nameOf(f format.Format) string {
	if f, ok := f.(*format.Generic); ok {
		name, _, _ := strings.Cut(f.RTPMap(), "/")
		if name == "" {
			return fmt.Sprintf("payload type %d", f.PayloadType())
		}
		return name
	}
	return f.Codec()
}

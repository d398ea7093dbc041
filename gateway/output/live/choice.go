package live

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// Choice is the streams that can answer one request.
type Choice struct {
	// Own is what the camera sends itself. It is zero where that would not do
	// whatever its codec is, since a size or rate is asked for.
	Own stream.Key
	// H264 and JPEG are the renditions in these codecs.
	H264, JPEG stream.Key
	// AAC and Opus are the renditions of the camera's sound. They are zero where it
	// is to have none.
	AAC, Opus stream.Key
	// Small is what is read for as long as the viewer is there, and counts it, where
	// that is not to be what the camera sends itself.
	Small stream.Key
	// Heard has the streams instead from when on the client hears the camera, whose sound
	// goes along with the pictures that it sends itself; nil is the same.
	Heard *Choice
	// Header is what the answer to the handshake says besides.
	Header http.Header
	// Nodes says that others show the camera too, as the address with /nodes behind tells.
	Nodes bool
	// Why puts into words for the client why the camera cannot be reached; nil
	// says that it cannot.
	Why func(*stream.SourceError) string
	// Ahead is added to the times of pictures as they go out; nil adds nothing.
	Ahead func() time.Duration
	// Doubt gives by how much those times may be wrong, since another machine's clock said
	// them; nil is not.
	Doubt func() time.Duration
	// Past begins to play what was recorded of the camera, in a hub that has the
	// streams above of it; nil where nothing is. It does not wait. The error is
	// ErrForbidden, or ErrNoPast.
	Past func(ctx context.Context, from time.Time, changed func()) (*Past, error)
	// Offer answers an offer of WebRTC, in SDP, by which the client is shown the camera
	// beside the socket and after its end; nil where that is not to be had. It may wait
	// for the camera's first picture.
	Offer func(ctx context.Context, offer string) (answer string, err error)
}

// camera gives the stream of the camera itself.
func (c Choice) camera() stream.Key { return stream.Key{Camera: c.H264.Camera} }

// held gives the stream that counts the viewer.
func (c Choice) held() stream.Key { return cmp.Or(c.Small, c.camera()) }

// heard gives the choice for who hears the camera.
func (c Choice) heard() Choice {
	if h := c.Heard; h != nil {
		c.Own, c.H264, c.JPEG, c.Small, c.Heard = h.Own, h.H264, h.JPEG, h.Small, nil
	}
	return c
}

// rendition gives the stream for a viewer that can show wanted, the best first,
// where the camera's own will not do. ok is false where nothing is encoded that it
// can show.
func (c Choice) rendition(wanted []media.Codec) (key stream.Key, ok bool) {
	for _, codec := range wanted {
		switch codec {
		case media.H264:
			return c.H264, true
		case media.JPEG:
			return c.JPEG, true
		}
	}
	return stream.Key{}, false
}

// stays says whether a viewer that can show wanted reads key on, now that its
// frames turn out to be of a format. Players do not begin without pictures that
// are decodable alone, and get others only if there is nothing else for them.
func (c Choice) stays(key stream.Key, format *media.Format, wanted []media.Codec) bool {
	if key != c.Own {
		return true
	}
	_, other := c.rendition(wanted)
	return slices.Contains(wanted, format.Codec) && !(format.Refreshed && other)
}

// parseCodecs reads the query's codec. It gives nothing where the client's
// hello is to decide. The error is ErrBadCodec.
func parseCodecs(query url.Values, dialect string) ([]media.Codec, error) {
	name := query.Get("codec")
	codec, known := codecNamed(name, shownCodecs)
	switch {
	case dialect == DialectBare && (name == "" || name == "auto"):
		return inMP4, nil
	case dialect == DialectBare && codec == media.JPEG, dialect == DialectBare && !known:
		return nil, fmt.Errorf("%w %.20q: without the subprotocol %s it is h264 or h265", ErrBadCodec, name, Subprotocol)
	case known:
		return []media.Codec{codec}, nil
	case name == "" || name == "auto":
		return nil, nil
	}
	return nil, fmt.Errorf("%w %.20q: it is auto, h264, h265 or jpeg", ErrBadCodec, name)
}

// What can be asked for by the names of codecs.
var (
	shownCodecs = []media.Codec{media.H264, media.H265, media.JPEG}
	heardCodecs = []media.Codec{media.AAC, media.Opus}
)

// codecNamed finds one of some codecs by the name it has in documents and JSON.
func codecNamed(name string, of []media.Codec) (media.Codec, bool) {
	for _, c := range of {
		if c.String() == name {
			return c, true
		}
	}
	return 0, false
}

// soundWanted reads the query's sound for a form that has it in one file with the
// pictures: what it may be, the best first, or nothing. The error is ErrBadCodec.
func soundWanted(query url.Values, otherwise string) ([]media.Codec, error) {
	name := cmp.Or(query.Get("sound"), otherwise)
	codec, known := codecNamed(name, heardCodecs)
	switch {
	case name == "off":
		return nil, nil
	case name == "auto":
		return heardCodecs, nil
	case known:
		return []media.Codec{codec}, nil
	}
	return nil, fmt.Errorf("%w: sound %.20q is none of auto, off, aac, opus", ErrBadCodec, name)
}

// inMP4 is what who says nothing of codecs gets as MP4: what everything plays.
var inMP4 = []media.Codec{media.H264}

// wantedInMP4 reads the query's codec for the endless MP4: h265 is what the camera
// sends, and all else is h264.
func wantedInMP4(query url.Values) []media.Codec {
	if codec, _ := codecNamed(query.Get("codec"), shownCodecs); codec == media.H265 {
		return []media.Codec{codec}
	}
	return inMP4
}

// possible says why a viewer that can show wanted would get nothing, as far as
// that is known: H.265 is not encoded here. The error is ErrBadCodec.
func (c Choice) possible(hub *stream.Hub, wanted []media.Codec) error {
	if _, ok := c.rendition(wanted); ok || wanted == nil {
		return nil
	}
	if c.Own == (stream.Key{}) {
		return fmt.Errorf("%w h265: that is shown as the camera sends it, in no other size, rate or quality; h264 and jpeg are", ErrBadCodec)
	}
	if format, _ := hub.Sends(c.Own); format != nil && format.Codec != media.H265 {
		return fmt.Errorf("%w h265: the camera sends %s, and H.265 is not encoded here; ask for h264", ErrBadCodec, format.Codec)
	}
	return nil
}

package live

import (
	"context"
	"fmt"
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
	// Why puts into words for the client why the camera cannot be reached; nil
	// says that it cannot.
	Why func(*stream.SourceError) string
	// Past begins to play what was recorded of the camera, in a hub that has the
	// streams above of it; nil where nothing is. It does not wait. The error is
	// ErrForbidden, or ErrNoPast.
	Past func(ctx context.Context, from time.Time, changed func()) (*Past, error)
}

// camera gives the stream of the camera itself.
func (c Choice) camera() stream.Key { return stream.Key{Camera: c.H264.Camera} }

// rendition gives the stream for a codec.
func (c Choice) rendition(codec media.Codec) stream.Key {
	if codec == media.JPEG {
		return c.JPEG
	}
	return c.H264
}

// stays says whether a viewer that can show wanted reads key on, now that its
// frames turn out to be of a format. Players do not begin without IDR pictures.
func (c Choice) stays(key stream.Key, format *media.Format, wanted []media.Codec) bool {
	return key != c.Own || slices.Contains(wanted, format.Codec) && !format.Refreshed
}

// parseCodecs reads the query's codec. It gives nothing where the client's
// hello is to decide. The error is ErrBadCodec.
func parseCodecs(query url.Values, dialect string) ([]media.Codec, error) {
	name := query.Get("codec")
	codec, known := codecNamed(name)
	switch {
	case dialect == DialectBare && (known && codec == media.H264 || name == "" || name == "auto"):
		return []media.Codec{media.H264}, nil
	case dialect == DialectBare:
		return nil, fmt.Errorf("%w %.20q: without the subprotocol %s it is h264", ErrBadCodec, name, Subprotocol)
	case known:
		return []media.Codec{codec}, nil
	case name == "" || name == "auto":
		return nil, nil
	}
	return nil, fmt.Errorf("%w %.20q: it is auto, h264 or jpeg", ErrBadCodec, name)
}

// codecNamed finds a codec by the name it has in documents and JSON.
func codecNamed(name string) (media.Codec, bool) {
	for _, c := range []media.Codec{media.H264, media.JPEG} {
		if c.String() == name {
			return c, true
		}
	}
	return 0, false
}

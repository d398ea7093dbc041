package rendition

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"framegate/gateway/media"
)

// ErrBadRequest: a size, rate or quality that cannot be asked for.
var ErrBadRequest = errors.New("bad rendition")

// Request says what a client asks of a camera. Zero fields mean: as the camera
// has it.
type Request struct {
	Codec         media.Codec // 0 is whatever comes, of which nothing is encoded; only with Sub
	Width, Height int         // to fit into, in pixels; never enlarged
	FPS           int         // at most
	Quality       int         // of JPEGs, 1 to 100
	// Straight wants each picture of H.264 shown where it comes: those of cameras that
	// send them in another order are encoded anew. No query asks for it.
	Straight bool
	// Sub has it made of the camera's sub-stream where that is large enough: as wide as
	// MinWidth, or as wide or high as what it is to fit into.
	Sub      bool
	MinWidth int // in pixels, that is as good as the camera's own; only with Sub
}

// What stands for these in a key.
const (
	straight = "straight"
	sub      = "sub"
	own      = "own" // in place of a codec
)

// What is asked for is raised to the next step of a ladder, so that a crowd
// that asks for nearly the same shares one encoder.
var (
	sides     = []int{160, 240, 320, 360, 480, 540, 640, 720, 800, 960, 1080, 1280, 1440, 1600, 1920, 2160, 2560, 3840, 8192}
	rates     = []int{1, 2, 3, 5, 8, 10, 15, 20, 25, 30, 60}
	qualities = []int{10, 20, 30, 40, 50, 60, 70, 80, 90, 100}
	widths    = []int{320, 640, 1280, 1920, 8192} // of sub-streams, few, since what comes of it is the same
)

// parameters are the fields of a request in their order in a key, with their
// name in a query, their letter in a key and their ladder.
var parameters = []parameter{
	{"width", 'w', sides, func(r *Request) *int { return &r.Width }},
	{"height", 'h', sides, func(r *Request) *int { return &r.Height }},
	{"fps", 'f', rates, func(r *Request) *int { return &r.FPS }},
	{"quality", 'q', qualities, func(r *Request) *int { return &r.Quality }},
	minWidth,
}

// parameter is one of them.
type parameter struct {
	name   string
	letter byte
	ladder []int
	field  func(*Request) *int
}

// minWidth is the one that only who takes sub-streams asks for.
var minWidth = parameter{"min_width", 'm', widths, func(r *Request) *int { return &r.MinWidth }}

// ParseQuery reads width, height, fps and quality. The error is ErrBadRequest
// and says what can be asked for.
func ParseQuery(codec media.Codec, query url.Values) (Request, error) {
	r, err := parseQuery(codec, query)
	r.MinWidth = 0
	return r, err
}

// ParseSmallQuery reads min_width as well, of a camera that has a sub-stream: what is
// asked for is made of that, if a size is.
func ParseSmallQuery(codec media.Codec, query url.Values) (Request, error) {
	r, err := parseQuery(codec, query)
	r.Sub = r.Width > 0 || r.Height > 0 || r.MinWidth > 0
	return r, err
}

func parseQuery(codec media.Codec, query url.Values) (Request, error) {
	r := Request{Codec: codec}
	for _, p := range parameters {
		if !query.Has(p.name) {
			continue
		}
		most := p.ladder[len(p.ladder)-1]
		n, err := strconv.Atoi(query.Get(p.name))
		if err != nil || n < 1 || n > most {
			return Request{}, fmt.Errorf("%w: %s %.20q: it is a number from 1 to %d", ErrBadRequest, p.name, query.Get(p.name), most)
		}
		*p.field(&r) = step(p.ladder, n)
	}
	return r, nil
}

// step gives the lowest step of a ladder that is not below n.
func step(ladder []int, n int) int {
	for _, s := range ladder {
		if s >= n {
			return s
		}
	}
	return ladder[len(ladder)-1]
}

// Plain says that nothing is asked for but the codec.
func (r Request) Plain() bool { return r == Request{Codec: r.Codec} }

// Own gives the request for what comes anyway, in whatever codec and of whatever size:
// of the sub-stream, where it is large enough for r, or else what the camera sends.
// does says that it is all that r wants but the codec.
func (r Request) Own() (own Request, does bool) {
	own = Request{Sub: true, Width: r.Width, Height: r.Height, MinWidth: r.MinWidth}
	r.Codec = 0
	return own, r == Request{Sub: true, MinWidth: r.MinWidth}
}

// Suits says whether a sub-stream of this format is large enough for the request.
func (r Request) Suits(f *media.Format) bool {
	return r.MinWidth > 0 && f.Width >= r.MinWidth || r.Width > 0 && f.Width >= r.Width || r.Height > 0 && f.Height >= r.Height
}

// Key gives the request as the rendition of a stream.Key: "jpeg", or
// "jpeg-w640-f10".
func (r Request) Key() string {
	key := own
	if r.Codec != 0 {
		key = r.Codec.String()
	}
	for _, p := range parameters {
		if n := *p.field(&r); n > 0 {
			key += fmt.Sprintf("-%c%d", p.letter, n)
		}
	}
	if r.Straight {
		key += "-" + straight
	}
	if r.Sub {
		key += "-" + sub
	}
	return key
}

// ParseKey reads what Key gave.
func ParseKey(key string) (Request, bool) {
	codec, rest, _ := strings.Cut(key, "-")
	r := Request{Codec: media.JPEG}
	switch codec {
	case media.H264.String():
		r.Codec = media.H264
	case own:
		r.Codec = 0
	}
	for part := range strings.SplitSeq(rest, "-") {
		r.Straight = r.Straight || part == straight && r.Codec == media.H264
		r.Sub = r.Sub || part == sub
		for _, p := range parameters {
			if len(part) > 1 && part[0] == p.letter {
				*p.field(&r), _ = strconv.Atoi(part[1:]) // what is wrong with it shows below
			}
		}
	}
	of, _ := r.Own()
	return r, r.Key() == key && (r.Codec != 0 || r == of) && (r.Sub || r.MinWidth == 0)
}

// fit gives the size to scale a picture to, or zeros where it is small enough.
// Sides are even, as encoders want them.
func (r Request) fit(f *media.Format) (width, height int) {
	w, h := f.Width, f.Height
	if r.Width > 0 && w > r.Width {
		w, h = r.Width, h*r.Width/w
	}
	if r.Height > 0 && h > r.Height {
		w, h = w*r.Height/h, r.Height
	}
	if w == f.Width && h == f.Height {
		return 0, 0
	}
	return max(w&^1, 2), max(h&^1, 2)
}

// encodedSize is fit for pictures that are encoded anew: H.264 takes even sides.
func (r Request) encodedSize(f *media.Format) (width, height int) {
	if width, height = r.fit(f); width > 0 || r.Codec != media.H264 || f.Width%2 == 0 && f.Height%2 == 0 {
		return width, height
	}
	return max(f.Width&^1, 2), max(f.Height&^1, 2)
}

// Passes says whether pictures of this format are what is asked for already.
func (r Request) Passes(f *media.Format) bool {
	if r.Codec == 0 {
		return true
	}
	width, _ := r.fit(f)
	return f.Codec == r.Codec && width == 0 && (r.Quality == 0 || r.Codec != media.JPEG) && !f.Unshowable && !f.Refreshed && !(r.Straight && !f.InOrder())
}

// PassesAt is Passes for a camera of so many pictures a second, as far as that
// is known from when they arrive; 0 is not. JPEGs of too many are left out.
func (r Request) PassesAt(f *media.Format, fps float64) bool {
	return r.Passes(f) && (f.Codec == media.JPEG || !r.evidentlyLess(fps))
}

// evidentlyLess says that fewer pictures are asked for than arrive.
func (r Request) evidentlyLess(fps float64) bool { return r.FPS > 0 && fps > evident*float64(r.FPS) }

package rendition_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"framegate/gateway/media"
	"framegate/gateway/rendition"
)

func TestQueriesShareAFewKeys(t *testing.T) {
	for query, want := range map[string]string{
		"":                                       "jpeg",
		"other=1":                                "jpeg",
		"width=640":                              "jpeg-w640",
		"width=600":                              "jpeg-w640",
		"width=545&height=361":                   "jpeg-w640-h480",
		"fps=9":                                  "jpeg-f10",
		"quality=71":                             "jpeg-q80",
		"quality=100&fps=60&height=1&width=8192": "jpeg-w8192-h160-f60-q100",
	} {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		r, err := rendition.ParseQuery(media.JPEG, values)
		if err != nil || r.Key() != want {
			t.Errorf("%s: %s, %v; want %s", query, r.Key(), err, want)
		}
		if again, ok := rendition.ParseKey(r.Key()); !ok || again != r {
			t.Errorf("%s: key reads %+v, %v", query, again, ok)
		}
		if r.Plain() != (want == "jpeg") {
			t.Errorf("%s: plain %v", query, r.Plain())
		}
	}
}

// TestQueriesOfSubStreams: whoever asks for a size of a camera that has one gets that, in as
// few streams as will do.
func TestQueriesOfSubStreams(t *testing.T) {
	for query, want := range map[string]struct{ key, own string }{
		"":                            {"jpeg", ""},
		"fps=5&quality=50":            {"jpeg-f5-q50", ""},
		"width=600":                   {"jpeg-w640-sub", ""},
		"height=300&fps=5":            {"jpeg-h320-f5-sub", ""},
		"min_width=321":               {"jpeg-m640-sub", "own-m640-sub"},
		"min_width=480&width=1280":    {"jpeg-w1280-m640-sub", ""},
		"min_width=8192":              {"jpeg-m8192-sub", "own-m8192-sub"},
		"min_width=640&fps=5&width=1": {"jpeg-w160-f5-m640-sub", ""},
	} {
		values, _ := url.ParseQuery(query)
		r, err := rendition.ParseSmallQuery(media.JPEG, values)
		if err != nil || r.Key() != want.key {
			t.Errorf("%s: %s, %v; want %s", query, r.Key(), err, want.key)
		}
		own, does := r.Own()
		if does != (want.own != "") || does && own.Key() != want.own {
			t.Errorf("%s: its own is %s, %v", query, own.Key(), does)
		}
		for _, of := range []rendition.Request{r, own} {
			if again, ok := rendition.ParseKey(of.Key()); (of.Sub || of.Codec != 0) && r.Sub && (!ok || again != of) {
				t.Errorf("%s: key %s reads %+v, %v", query, of.Key(), again, ok)
			}
		}
		if plain, err := rendition.ParseQuery(media.JPEG, values); err != nil || plain.Sub || plain.MinWidth != 0 {
			t.Errorf("%s: of a camera without a sub-stream it is %s, %v", query, plain.Key(), err)
		}
	}
}

// TestSubStreamsThatAreLargeEnough are as wide or high as what is asked for.
func TestSubStreamsThatAreLargeEnough(t *testing.T) {
	small := &media.Format{Codec: media.H264, Width: 640, Height: 360}
	for key, want := range map[string]bool{
		"h264-w640-sub": true, "h264-w720-sub": false, "h264-h360-sub": true, "h264-h480-sub": false, "jpeg-w640-h480-sub": true, "jpeg-w720-h480-sub": false,
		"own-m640-sub": true, "own-m1280-sub": false, "jpeg-w1280-m640-sub": true, "jpeg-w480-m1280-sub": true,
	} {
		if r, ok := rendition.ParseKey(key); !ok || r.Suits(small) != want {
			t.Errorf("%s: %v, %v", key, ok, r.Suits(small))
		}
	}
}

func TestQueriesOutOfRangeAreRefused(t *testing.T) {
	for _, query := range []string{"width=0", "width=-1", "width=8193", "height=x", "fps=61", "fps=", "quality=101", "quality=1e9", "min_width=0", "min_width=8193"} {
		values, _ := url.ParseQuery(query)
		name, _, _ := strings.Cut(query, "=")
		if _, err := rendition.ParseQuery(media.JPEG, values); !errors.Is(err, rendition.ErrBadRequest) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", query, err)
		}
	}
}

func TestOtherKeysAreNone(t *testing.T) {
	for _, key := range []string{"", "png", "jpeg-", "jpeg-w", "jpeg-w0", "jpeg-w640-x", "jpeg-f10-w640", "jpeg-w-1", "jpeg-w640-w640", "jpeg-straight", "h264-straight-w640", "own", "own-w640", "own-m640", "own-f5-m640-sub", "jpeg-m640", "jpeg-m641-sub-sub", "sub"} {
		if r, ok := rendition.ParseKey(key); ok {
			t.Errorf("%q reads %+v", key, r)
		}
	}
	if r, ok := rendition.ParseKey("h264-h480-straight"); !ok || r != (rendition.Request{Codec: media.H264, Height: 480, Straight: true}) {
		t.Errorf("a straight one reads %+v, %v", r, ok)
	}
	if r, ok := rendition.ParseKey("h264"); !ok || r.Codec != media.H264 {
		t.Errorf("h264 reads %+v, %v", r, ok)
	}
}

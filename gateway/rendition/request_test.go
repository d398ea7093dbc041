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

func TestQueriesOutOfRangeAreRefused(t *testing.T) {
	for _, query := range []string{"width=0", "width=-1", "width=8193", "height=x", "fps=61", "fps=", "quality=101", "quality=1e9"} {
		values, _ := url.ParseQuery(query)
		name, _, _ := strings.Cut(query, "=")
		if _, err := rendition.ParseQuery(media.JPEG, values); !errors.Is(err, rendition.ErrBadRequest) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", query, err)
		}
	}
}

func TestOtherKeysAreNone(t *testing.T) {
	for _, key := range []string{"", "png", "jpeg-", "jpeg-w", "jpeg-w0", "jpeg-w640-x", "jpeg-f10-w640", "jpeg-w-1", "jpeg-w640-w640", "jpeg-straight", "h264-straight-w640"} {
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

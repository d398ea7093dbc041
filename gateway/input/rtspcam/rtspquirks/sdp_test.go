package rtspquirks

import (
	"net/url"
	"strings"
	"testing"

	"framegate/gateway/media"

	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/description"
	rtspsdp "github.com/bluenviron/gortsplib/v4/pkg/sdp"
)

func TestAnnouncedSize(t *testing.T) {
	for sdp, want := range map[string][2]int{
		"v=0\r\na=x-dimensions:2304,1296\r\na=control:x\r\n": {2304, 1296},
		"a=framesize:26 4096-2160\n":                         {4096, 2160},
		"a=x-dimensions:99999999,1\r\n":                      {0, 0},
		"b=x-dimensions:1,1":                                 {0, 0},
		"":                                                   {0, 0},
	} {
		if w, h := announcedSize([]byte(sdp)); w != want[0] || h != want[1] {
			t.Errorf("%q tells %dx%d", sdp, w, h)
		}
	}
}

// TestWhatIsPreferred, wherever it stands, and under whatever name.
func TestWhatIsPreferred(t *testing.T) {
	for text, want := range map[string]media.Codec{
		"96 H265/90000, 97 H264/90000":                media.H264,
		"96 H265/90000, 97 JPEG/90000":                media.JPEG,
		"97 JPEG/90000, 96 H264/90000":                media.H264,
		"96 H266/90000, 97 H265/90000":                media.H265,
		"96 hevc, 97 VP8/90000":                       media.H265,
		"96 h265/90000/1":                             media.H265,
		"96 H265/8000, 97 HEVC/90000":                 media.H265,
		"98 H265/90000, 96 H265/8000, 97 H263/90000":  media.H265,
		"98 H265/8000, 96 H2650/90000, 97 XHEVC/9000": 0,
	} {
		sdp := "v=0\n"
		for line := range strings.SplitSeq(text, ", ") {
			sdp += "m=video 0 RTP/AVP " + line[:2] + "\na=rtpmap:" + line + "\n"
		}
		d, err := readSDP([]byte(sdp))
		if err != nil {
			t.Fatal(err)
		}
		if got, _, err := d.choose(); got.codec != want || (err == nil) != (want != 0) {
			t.Errorf("%s: %v, %v", text, got.codec, err)
		}
	}
}

// TestH264IsPreferred, wherever it stands.
func TestH264IsPreferred(t *testing.T) {
	d, err := readSDP([]byte("v=0\nm=video 0 RTP/AVP 26\na=control:a\nm=video 0 RTP/AVP 97 98\na=rtpmap:97 H264/90000\na=rtpmap:98 H264/90000\na=control:b\nm=video 0 RTP/AVP 99\na=rtpmap:99 H264/90000\n"))
	if err != nil {
		t.Fatal(err)
	}
	got, others, err := d.choose()
	if err != nil || got.kind != 97 || got.stream.control != "b" || len(others) != 3 {
		t.Errorf("chosen: %+v, and not %q, %v", got, others, err)
	}
}

// FuzzDescription: whatever is described, gortsplib can read what is made of it.
func FuzzDescription(f *testing.F) {
	for _, text := range []string{
		"m=video 0 RTP/AVP 26\na=control:trackID=0\n",
		"\ufeffv=0\no=- 0 0 IN IP4 0.0.0.0\ns=\nm=VIDEO 0 rtp/avp 26\na=CONTROL:trackID=0\n\x00m=audio",
		"v=0\nm=video 0 RTP/AVP smart/1/90000\na=rtpmap:26 JPEG/90000\na=control:trackID=0\n",
		"v=0\nm=video 0 RTP/AVP 300 99 26\na=rtpmap:99 H265/90000\na=fmtp:99 sprop-sps=!\na=control:trackID=0\n",
		"v=0\nm=audio 0 RTP/AVP 97\na=rtpmap:97 MPEG4-GENERIC/16000\nm=video 0 RTP/AVP 96\na=rtpmap:96 H264\na=x-dimensions:2304,1296\n",
	} {
		f.Add([]byte(text), "rtsp://x:1/", "t")
	}
	f.Add([]byte("v=0\nm=video 0 RTP/AVP 96\na=rtpmap:96 HEVC\na=fmtp:96 sprop-vps=QAEMAf//AWAAAAMAkA,;sprop-sps=QgEBAWA=,!;sprop-pps=RAHAc8GJ;sprop-max-don-diff=99999999999999999999\n"), "", "")
	f.Add([]byte("v=0\nm=video 0 RTP/SAVP 96\na=rtpmap:96 H264/90000\na=fmtp:96 sprop-parameter-sets=Z0,aM;packetization-mode=x\na=key-mgmt:mikey !"), "//[::1", "rtsp://[fe80::1%25eth0]/%zz")
	f.Fuzz(func(t *testing.T, text []byte, base, control string) {
		wantReadable(t, text, base, control)
	})
}

// wantReadable demands that gortsplib can read what is made of a description.
func wantReadable(t *testing.T, text []byte, contentBase, control string) {
	t.Helper()
	d, err := readSDP(text)
	if err != nil {
		return
	}
	c, _, err := d.choose()
	if err != nil {
		return
	}
	c.parameterSets()
	c.reordered()
	asked := &url.URL{Scheme: "rtsp", Host: "camera.example", Path: "/cam"}
	whole := aggregate(asked, d.control, contentBase)
	for _, control := range []string{control, c.stream.control} {
		streams, sounds := d.sounds(c)
		made := d.text(c, controlOf(whole, control), whole, streams)
		var read rtspsdp.SessionDescription
		var session description.Session
		if err := read.Unmarshal(made); err != nil {
			t.Fatalf("%q: %v", made, err)
		}
		if err := session.Unmarshal(&read); err != nil {
			t.Fatalf("%q: %v", made, err)
		}
		u, err := base.ParseURL(whole.String())
		if err != nil {
			t.Fatalf("%s: %v", whole, err)
		}
		if len(session.Medias) != 1+len(sounds) {
			t.Fatalf("%q: %d streams, of which %d of sound", made, len(session.Medias), len(sounds))
		}
		for _, m := range session.Medias {
			if target, err := m.URL(u); err != nil || target == nil {
				t.Fatalf("%q: %v", made, err)
			}
		}
	}
}

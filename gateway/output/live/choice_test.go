package live

import (
	"strings"
	"testing"

	"framegate/gateway/media"
	"framegate/gateway/output/live/wire"
	"framegate/gateway/stream"
)

// TestChoice sees which stream a viewer gets, for what the camera sends, what
// the query asks for and what the client can show.
func TestChoice(t *testing.T) {
	sized := Choice{
		H264: stream.Key{Camera: "front", Rendition: "h264-w320"},
		JPEG: stream.Key{Camera: "front", Rendition: "jpeg-w320"},
	}
	for name, c := range map[string]struct {
		camera media.Codec
		query  string
		codecs string
		choice Choice
		want   stream.Key
	}{
		"H.264, and the client can":       {media.H264, "", "h264 jpeg", choice, own},
		"JPEG, and the client can":        {media.JPEG, "", "h264 jpeg", choice, own},
		"H.264, and it would rather not":  {media.H264, "?codec=auto", "jpeg h264", choice, own},
		"H.264, and it cannot":            {media.H264, "", "jpeg", choice, asJPEG},
		"JPEG, and it cannot":             {media.JPEG, "", "av1 h264", choice, asH264},
		"JPEG, and it is told":            {media.JPEG, "?codec=h264", "", choice, asH264},
		"H.264, and it is told":           {media.H264, "?codec=h264", "", choice, own},
		"JPEG, and the query says JPEG":   {media.JPEG, "?codec=jpeg", "h264", choice, own},
		"H.264, of a size":                {media.H264, "", "h264 jpeg", sized, sized.H264},
		"JPEG, of a size, JPEG preferred": {media.JPEG, "", "jpeg h264", sized, sized.JPEG},
		"H.265, and the client can":       {media.H265, "", "h265 h264 jpeg", choice, own},
		"H.265, and it never heard of it": {media.H265, "", "h264 jpeg", choice, asH264},
		"H.265, and it shows JPEG alone":  {media.H265, "", "jpeg", choice, asJPEG},
		"H.265, and it is told":           {media.H265, "?codec=h265", "", choice, own},
		"H.265, and it is told H.264":     {media.H265, "?codec=h264", "", choice, asH264},
		"H.265, of a size":                {media.H265, "", "h265 h264 jpeg", sized, sized.H264},
		"JPEG, and H.265 is preferred":    {media.JPEG, "", "h265 h264", choice, asH264},
		"H.264, and H.265 is preferred":   {media.H264, "", "h265 h264", choice, own},
		"JPEG, of a size, and it is told": {media.JPEG, "?codec=h264", "jpeg", sized, sized.H264},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, overTCP)
			s.choice = c.choice
			s.attach(own).Give(frameOf(t, c.camera))
			codec := c.camera
			if c.want != own {
				codec = media.JPEG
				if strings.HasPrefix(c.want.Rendition, "h264") {
					codec = media.H264
				}
				s.attach(c.want).Give(frameOf(t, codec))
			}
			p := s.dial(c.query)
			if c.codecs != "" {
				p.say(map[string]any{"type": "hello", "codecs": strings.Fields(c.codecs)})
			}
			if hello := p.text("hello"); hello.Codec != codec.String() {
				t.Errorf("%+v", hello)
			}
			p.frame()
			viewers := s.hub.Watchers()
			if len(viewers) != 1 || viewers[0].Key != c.want || viewers[0].Codec != codec {
				t.Errorf("%+v", viewers)
			}
			if n := s.hub.Viewers("front"); n != 1 {
				t.Errorf("counted as %d viewers", n)
			}
		})
	}
}

func frameOf(t *testing.T, codec media.Codec) media.Frame {
	switch codec {
	case media.JPEG:
		return picture(1)
	case media.H265:
		return clipH265(t, 0, 30, 10, openGOP)[0]
	}
	return clip(t, 0, 20, 10, "")[0]
}

// TestCameraChangesCodec has the camera's own stream change to what the client
// cannot show, and then to what it can.
func TestCameraChangesCodec(t *testing.T) {
	s := newSite(t, overTCP)
	camera, encoder := s.attach(own), s.attach(asH264)
	frames := clip(t, 0, 20, 10, "")
	encoder.Give(frames[10])
	camera.Give(frames[0])
	both, one := s.watch("h264", "jpeg"), s.watch("h264")
	for _, p := range []*player{both, one} {
		if hello := p.text("hello"); hello.Epoch != 1 || hello.Codec != "h264" {
			t.Errorf("%+v", hello)
		}
		p.frame()
	}
	camera.Give(picture(7))
	if hello := both.text("hello"); hello.Epoch != 2 || hello.Codec != "jpeg" {
		t.Errorf("%+v", hello)
	}
	if m := both.frame(); m.Epoch != 2 || m.Flags != wire.FlagKey|wire.FlagDiscontinuity || m.Offset != 0 {
		t.Errorf("%+v", m)
	}
	if hello := one.text("hello"); hello.Epoch != 2 || hello.Codec != "h264" {
		t.Errorf("%+v", hello)
	}
	if m := one.payload(); m.Kind != wire.KindInit || m.Epoch != 2 {
		t.Errorf("%+v", m)
	}
	if m := one.payload(); m.Kind != wire.KindFrame || m.Epoch != 2 || m.Flags != wire.FlagKey|wire.FlagDiscontinuity || m.Seq != 1 || string(m.AU) != string(frames[10].Data) {
		t.Errorf("%+v", m)
	}
}

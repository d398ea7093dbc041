package live

import (
	"encoding/json"
	"strings"

	"github.com/gorilla/websocket"

	"framegate/gateway/media"
	"framegate/gateway/mp4"
)

// What go2rtc's players speak over a WebSocket (its internal/api/ws/README.md, and
// www/video-rtc.js for what they make of it): a client asks for a mode, mse with the
// codecs that it can play, or mjpeg. It is told what comes, and then that comes: an
// init segment and a fragment a message, with sound in the same file, or a JPEG a
// message. A mode that is not there is answered with an error that begins with its
// name, and the client asks for another.

// maxOffer is how long a message of such a client may be: those that offer WebRTC,
// which is refused, are longer than all of ours.
const maxOffer = 64 << 10

// go2rtcMessage is any message to the client.
type go2rtcMessage struct {
	Type  string `json:"type"`            // "mse", "mjpeg" or "error"
	Value string `json:"value,omitempty"` // the MIME type, or what is wrong
}

// faultOtherKind ends a viewer whose player was told another kind, of which it can be
// told once. It connects again.
var faultOtherKind = &fault{Close: websocket.CloseServiceRestart, Message: "the camera sends another kind of pictures now"}

// takeGo2RTC does what a message says.
func (c *client) takeGo2RTC(text []byte) error {
	var m struct {
		Type  string          `json:"type"`
		Value json.RawMessage `json:"value"` // a text for mse
	}
	if json.Unmarshal(text, &m) != nil || m.Type == "" {
		return faultNotJSON
	}
	switch m.Type {
	case "mse":
		var codecs string
		_ = json.Unmarshal(m.Value, &codecs) // else there are none in it
		c.takeMSE(codecs)
	case "mjpeg":
		c.choose([]media.Codec{media.JPEG})
	case "webrtc/candidate": // of an offer that was refused
	default:
		c.refuse(m.Type + ": is not spoken here; mse and mjpeg are")
	}
	return nil
}

// takeMSE chooses among the codecs that a player lists, as MIME types have them.
// Whoever lists none plays H.264.
func (c *client) takeMSE(list string) {
	begins := map[media.Codec]string{media.H264: "avc1.", media.H265: "hvc1.", media.AAC: "mp4a.40.2", media.Opus: "opus"}
	var codecs []media.Codec
	for _, codec := range []media.Codec{media.H264, media.H265, media.AAC, media.Opus} {
		if strings.Contains(list, begins[codec]) {
			codecs = append(codecs, codec)
		}
	}
	switch {
	case list == "":
		codecs = inMP4
	case len(codecs) == 0 || codecs[0].Kind() != media.Video:
		c.refuse("mse: codecs not matched: it is H.264 or H.265 that is sent")
		return
	}
	c.choose(codecs)
}

// refuse tells the client what cannot be done. Of many refusals that were not sent yet
// the oldest are forgotten.
func (c *client) refuse(why string) {
	const longest = 100
	if len(why) > longest {
		why = strings.ToValidUTF8(why[:longest], "")
	}
	c.mail(func(m *mailbox) { m.sorry = append(m.sorry[max(0, len(m.sorry)-maxPongs+1):], why) })
}

// appendKind appends what kind of pictures come from now on. It is told once; the
// error is faultOtherKind.
func (v *viewer) appendKind(b []byte, format *media.Format) ([]byte, error) {
	kind := go2rtcMessage{Type: "mjpeg"}
	switch {
	case mp4.Carries(format.Codec) && v.sound.only != nil:
		kind = go2rtcMessage{"mse", mp4.MIME(format, v.sound.only)}
	case mp4.Carries(format.Codec):
		kind = go2rtcMessage{"mse", mp4.MIME(format)}
	}
	switch v.kind {
	case kind:
		return b, nil
	case go2rtcMessage{}:
		v.kind = kind
		return appendText(b, kind), nil
	}
	return b, faultOtherKind
}

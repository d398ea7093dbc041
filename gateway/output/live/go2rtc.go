package live

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/gorilla/websocket"

	"framegate/gateway/media"
	"framegate/gateway/mp4"
	"framegate/gateway/stream"
)

// What go2rtc's players speak over a WebSocket (its internal/api/ws/README.md, and
// www/video-rtc.js for what they make of it): a client asks for a mode, mse with the
// codecs that it can play, or mjpeg. It is told what comes, and then that comes: an
// init segment and a fragment a message, with sound in the same file, or a JPEG a
// message. A mode that is not there is answered with an error that begins with its
// name, and the client asks for another. An offer of WebRTC is answered, and what
// comes of it goes another way, also when the socket has ended.

const (
	// maxOffer is how long a message of such a client may be: those that offer WebRTC
	// are longer than all of ours.
	maxOffer = 64 << 10
	// maxOffers is how many offers of one socket are answered.
	maxOffers = 4
)

// Offers of WebRTC and their answers come in two ways of writing.
const (
	offerAsText   = "webrtc/offer" // the value is SDP
	answerAsText  = "webrtc/answer"
	offerAsObject = "webrtc" // the value is a description, and so is the answer's
)

// description is an offer of WebRTC, or an answer.
type description struct {
	Type string `json:"type"`
	SDP  string `json:"sdp"`
}

// answerMessage answers an offer.
type answerMessage struct {
	Type  string `json:"type"`
	Value any    `json:"value"` // a text, or a description
}

// go2rtcMessage is any message to the client.
type go2rtcMessage struct {
	Type  string `json:"type"`            // "mse", "mjpeg" or "error"
	Value string `json:"value,omitempty"` // the MIME type, or what is wrong
}

// faultOtherKind ends a viewer whose player was told another kind, of which it can be
// told once. It connects again.
var faultOtherKind = &fault{Close: websocket.CloseServiceRestart, Message: "the camera sends another kind of pictures now"}

// takeGo2RTC does what a message says.
func (c *client) takeGo2RTC(ctx context.Context, text []byte) error {
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
	case offerAsText:
		var sdp string
		_ = json.Unmarshal(m.Value, &sdp) // else it is no offer
		c.takeOffer(ctx, m.Type, sdp)
	case offerAsObject:
		var d description
		_ = json.Unmarshal(m.Value, &d) // likewise
		c.takeOffer(ctx, m.Type, d.SDP)
	case "webrtc/candidate": // all that we need is in the offer
	default:
		c.refuse(m.Type + ": is not spoken here; mse, mjpeg and webrtc are")
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

// takeOffer answers an offer, before anything more of the client is read.
func (c *client) takeOffer(ctx context.Context, kind, sdp string) {
	switch {
	case c.offer == nil:
		c.refuse(kind + ": there is no WebRTC here; mse and mjpeg are")
		return
	case c.offers == maxOffers:
		c.refuse(kind + ": too many offers by one socket")
		return
	}
	c.offers++
	answer, err := c.offer(ctx, sdp)
	failed := (*stream.SourceError)(nil)
	switch {
	case errors.As(err, &failed):
		c.refuse(kind + ": the camera gives no picture at the moment")
	case err != nil:
		c.refuse(kind + ": " + err.Error())
	case kind == offerAsText:
		c.tell(answerMessage{answerAsText, answer})
	default:
		c.tell(answerMessage{offerAsObject, description{"answer", answer}})
	}
	if err == nil {
		c.mail(func(m *mailbox) { m.stays = true })
	}
}

// tell tells the client something. Of many messages that were not sent yet the oldest
// are forgotten.
func (c *client) tell(message any) {
	c.mail(func(m *mailbox) { m.told = append(m.told[max(0, len(m.told)-maxPongs+1):], message) })
}

// refuse tells the client what cannot be done.
func (c *client) refuse(why string) {
	const longest = 100
	if len(why) > longest {
		why = strings.ToValidUTF8(why[:longest], "")
	}
	c.tell(go2rtcMessage{Type: "error", Value: why})
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

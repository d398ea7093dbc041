package live

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"github.com/gorilla/websocket"

	"framegate/gateway/mp4"
	"framegate/gateway/stream"
)

// The messages to the client, all of them JSON with a type.
type (
	// helloMessage opens an epoch: what comes from now on is of this kind.
	helloMessage struct {
		Type         string  `json:"type"` // "hello"
		Epoch        uint32  `json:"epoch"`
		Codec        string  `json:"codec"`
		MIME         string  `json:"mime"` // as MediaSource.isTypeSupported takes it, or image/jpeg
		Width        int     `json:"width"`
		Height       int     `json:"height"`
		FPS          float64 `json:"fps"`             // 0: not known yet
		Timescale    int     `json:"timescale"`       // of the fragments; 0 for JPEG
		KeyAgeMs     int64   `json:"keyAgeMs"`        // of the keyframe that comes first
		Sound        bool    `json:"sound"`           // the camera has some to be asked for
		Nodes        bool    `json:"nodes,omitempty"` // others show the camera too, and /nodes behind the address tells where
		ServerTimeUs int64   `json:"serverTimeUs"`
		DoubtMs      float64 `json:"doubtMs,omitempty"` // by how much the times of pictures may be wrong; 0 where they are this server's own
	}
	// stateMessage says how the camera is, when that changes.
	stateMessage struct {
		Type    string `json:"type"` // "state"
		Camera  string `json:"camera"`
		Code    int    `json:"code"` // 0 but for an offline camera, and then as an HTTP status
		Message string `json:"message"`
		Sound   bool   `json:"sound"` // as in hello: there is some to be asked for
	}
	// soundMessage says what sound comes from now on, or why none does.
	soundMessage struct {
		Type     string `json:"type"`  // "sound"
		Codec    string `json:"codec"` // empty: there is none
		MIME     string `json:"mime"`
		Rate     int    `json:"rate"` // samples a second, in which its fragments count
		Channels int    `json:"channels"`
		Message  string `json:"message"` // why there is none; empty where none is wanted
	}
	// errorMessage says why the connection is about to be closed.
	errorMessage struct {
		Type    string `json:"type"` // "error"
		Code    int    `json:"code"` // as an HTTP status
		Message string `json:"message"`
	}
	// playbackMessage says what is played, when that changes; or why what was asked
	// for is not.
	playbackMessage struct {
		Type    string  `json:"type"` // "playback"
		Live    bool    `json:"live"` // it is the present
		AtUs    int64   `json:"atUs"` // when the picture was taken that was sent last, microseconds since 1970; 0 where there was none
		Rate    float64 `json:"rate"`
		Paused  bool    `json:"paused"`
		End     bool    `json:"end"`  // there is nothing more in this direction, so far
		Code    int     `json:"code"` // of what cannot be done, as an HTTP status, else 0
		Message string  `json:"message"`
	}
	// pongMessage answers a ping.
	pongMessage struct {
		Type         string          `json:"type"` // "pong"
		C            json.RawMessage `json:"c"`
		ServerTimeUs int64           `json:"serverTimeUs"`
	}
)

// appendText appends a message as a WebSocket text frame.
func appendText(b []byte, message any) []byte {
	text, err := json.Marshal(message)
	if err != nil {
		panic(err) // they hold nothing that cannot be marshalled
	}
	return appendSmall(b, opText, text)
}

// appendDrop appends the message that frames were skipped. It allocates
// nothing.
func appendDrop(b []byte, frames uint64) []byte {
	b, at := beginMessage(b)
	b = append(b, `{"type":"drop","frames":`...)
	b = strconv.AppendUint(b, frames, 10)
	b = append(b, `,"reason":"slow"}`...)
	return endMessage(b, at, opText, 0)
}

// stateNames are the states of a camera as a viewer sees them.
var stateNames = map[stream.State]string{
	stream.Idle:       "connecting", // the viewer that asks wakes it
	stream.Connecting: "connecting",
	stream.Online:     "online",
	stream.Offline:    "offline",
}

// newStateMessage says how a camera is, and where it failed why, which is not
// for everybody: why nil says only that it did.
func newStateMessage(state stream.State, failed *stream.SourceError, why func(*stream.SourceError) string) stateMessage {
	m := stateMessage{Type: "state", Camera: stateNames[state]}
	switch {
	case state != stream.Offline:
	case failed == nil:
		m.Code, m.Message = 503, "nothing is sent"
	case why == nil:
		m.Code, m.Message = 502, "unreachable"
	default:
		m.Code, m.Message = 502, why(failed)
	}
	return m
}

// news says whether a client that was told before learns something by m.
func (m stateMessage) news(before stateMessage) bool {
	return m.Camera != before.Camera || m.Sound != before.Sound || m.Code == 502 && m.Message != before.Message
}

// fault is a reason to end a viewer: an error that says what the client is
// told.
type fault struct {
	Close   int    // code of the WebSocket's close frame: RFC 6455, 7.4.1
	Status  int    // for the error message before it; 0: there is none
	Message string // for both
}

func (f *fault) Error() string { return f.Message }

var (
	faultGoingAway = &fault{Close: websocket.CloseGoingAway, Message: "the server is ending"}
	faultNoHello   = &fault{websocket.ClosePolicyViolation, 408, "no hello came"}
	faultNoCodec   = &fault{websocket.ClosePolicyViolation, 406, "none of the codecs named is one of h264, h265, jpeg"}
	faultTooLarge  = &fault{websocket.CloseMessageTooBig, 413, "a message that is too large"}
	faultBinary    = &fault{websocket.CloseUnsupportedData, 415, "messages are JSON text"}
	faultNotJSON   = &fault{websocket.CloseInvalidFramePayloadData, 400, "a message that is not JSON with a type"}
	faultNoMoment  = &fault{websocket.CloseInvalidFramePayloadData, 400, "seek and play take atUs: microseconds since 1970"}
	faultProtocol  = &fault{websocket.CloseProtocolError, 0, "broken WebSocket frames"}
	faultFull      = &fault{websocket.CloseTryAgainLater, 503, "too many encoders"}
	faultInternal  = &fault{websocket.CloseInternalServerErr, 500, "internal error"}
	faultNoH265    = &fault{websocket.ClosePolicyViolation, 406, "the camera sends no H.265, or another size, and none is encoded here; ask for h264 or jpeg"}
	faultUnfit     = &fault{websocket.CloseInternalServerErr, 502, "the camera sends what cannot be shown"}
)

// ended gives the fault of a viewer whom others ended, as the cause of its
// request's context says; nil where nobody did. Players that are told 403 stay away.
func ended(request context.Context) *fault {
	why := context.Cause(request)
	if why == nil || errors.Is(why, context.Canceled) {
		return nil
	}
	return &fault{websocket.ClosePolicyViolation, 403, why.Error()}
}

// lastWords gives what goes to the client before its connection is closed for
// err: a close frame, after an error message where there is one; or false for
// a client that is not there to hear.
func lastWords(err error, dialect string) ([]byte, bool) {
	var left *websocket.CloseError
	var why *fault
	switch {
	case errors.As(err, &left) && left.Code != websocket.CloseAbnormalClosure:
		return appendClose(nil, websocket.CloseNormalClosure, ""), true
	case errors.As(err, &why):
	case errors.Is(err, stream.ErrClosed), errors.Is(err, context.Canceled):
		why = faultGoingAway
	case errors.Is(err, stream.ErrFull):
		why = faultFull
	case errors.Is(err, mp4.ErrFormat):
		why = faultUnfit
	case errors.Is(err, stream.ErrUnknown):
		why = faultInternal
	default:
		return nil, false
	}
	var b []byte
	if why.Status != 0 && dialect == DialectGo2RTC {
		b = appendText(b, go2rtcMessage{Type: "error", Value: "mse: " + why.Message})
	}
	if why.Status != 0 && dialect == DialectFramegate {
		m := errorMessage{Type: "error", Code: why.Status, Message: why.Message}
		if failed := (*stream.SourceError)(nil); why == faultFull && errors.As(err, &failed) {
			m.Message = failed.Err.Error() // which of our limits it is, and what to do instead
		}
		b = appendText(b, m)
	}
	return appendClose(b, why.Close, why.Message), true
}

// appendClose appends a close frame. The reason is short.
func appendClose(b []byte, code int, reason string) []byte {
	return appendSmall(b, opClose, websocket.FormatCloseMessage(code, reason))
}

func nowMicros() int64 { return time.Now().UnixMicro() }

package front

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"time"

	"framegate/gateway/auth"
)

// whepForm is the form that go2rtc's clients of WebRTC mean.
const whepForm = "/live/{id}/whep"

// maxOffer bounds what they send, an offer and what stands around it, and offerTime how
// long that may take.
const (
	maxOffer  = 80 << 10
	offerTime = 5 * time.Second
)

// errNoOffer: what is sent to go2rtc's address of WebRTC is no offer.
var errNoOffer = errors.New("no offer of WebRTC: it is application/sdp, or JSON with type and sdp")

// description is an offer or an answer as go2rtc's clients write them.
type description struct {
	Type string `json:"type"`
	SDP  string `json:"sdp"`
}

// webRTCRoutes gives the route of go2rtc's WebRTC, where there is that form.
func (f *Front) webRTCRoutes() []route {
	for _, form := range f.options.Forms {
		if form.Method == http.MethodPost && form.Address == whepForm {
			return []route{{"POST /api/webrtc", form.Action, auth.Media, f.cameraOfSource, f.compat(answeringOffers(f.prepared(form)))}}
		}
	}
	return nil
}

// answeringOffers makes a handle of the form of WebRTC that answers JSON with JSON (go2rtc's
// internal/webrtc/README.md).
func answeringOffers(serve Handle) Handle {
	return func(w http.ResponseWriter, r *http.Request, v Visit) error {
		asked := askedAs(r, "/live/"+v.Camera+"/whep", nil)
		kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")) // what is none is no JSON
		if kind != "application/json" {
			return serve(w, asked, v)
		}
		var offer description
		control := http.NewResponseController(w)
		_ = control.SetReadDeadline(time.Now().Add(offerTime)) // where there can be none, the answer is late
		err := json.NewDecoder(io.LimitReader(r.Body, maxOffer)).Decode(&offer)
		_ = control.SetReadDeadline(time.Time{}) // as it was
		if err != nil || offer.Type != "offer" {
			return errNoOffer
		}
		asked.Body = io.NopCloser(bytes.NewReader([]byte(offer.SDP)))
		asked.Header.Set("Content-Type", "application/sdp")
		said := newKept()
		if err := serve(said, asked, v); err != nil {
			return err
		}
		return sayJSON(description{"answer", said.body.String()})(w, r, v)
	}
}

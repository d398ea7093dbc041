package rig

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
)

// AsSDP is the header of an offer of WebRTC.
var AsSDP = map[string]string{"Content-Type": "application/sdp"}

// WatchWebRTC watches a camera by WebRTC, whose answer is changed on its way, where
// through is not nil, and comes back with the first picture's packet. overTCP has it go
// by TCP alone. There is no Conn in what it gives.
func (s *Server) WatchWebRTC(t *testing.T, path string, who Credentials, overTCP bool, through func(answer string) string) *OpenStream {
	t.Helper()
	o := &OpenStream{Name: "WebRTC " + path, Ended: make(chan struct{})}
	var settings webrtc.SettingEngine
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetICEMulticastDNSMode(0)
	settings.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	if overTCP {
		settings.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeTCP4})
	}
	engine := new(webrtc.MediaEngine)
	if err := engine.RegisterDefaultCodecs(); err != nil {
		t.Fatal(err)
	}
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(settings), webrtc.WithMediaEngine(engine)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var reading sync.WaitGroup
	closed := false // it may be told of a track only after that
	t.Cleanup(func() {
		_ = pc.GracefulClose() // the other end may have
		mu.Lock()
		closed = true
		mu.Unlock()
		reading.Wait()
	})
	begun := make(chan struct{})
	pc.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		mu.Lock()
		defer mu.Unlock()
		if !closed {
			reading.Go(func() { o.readTrack(track, begun) }) // ends with the connection
		}
	})
	if _, err := pc.AddTransceiverFromKind(webrtc.RTPCodecTypeVideo, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
		t.Fatal(err)
	}
	offer, err := pc.CreateOffer(nil)
	if err == nil {
		err = pc.SetLocalDescription(offer)
	}
	if err != nil {
		t.Fatal(err)
	}
	a := s.Send(t, s.Request(t, http.MethodPost, path, []byte(offer.SDP), AsSDP), who)
	if a.StatusCode != http.StatusCreated {
		t.Fatalf("%s is answered %d: %s", o.Name, a.StatusCode, a.Content)
	}
	answer := string(a.Content)
	if through != nil {
		answer = through(answer)
	}
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		t.Fatalf("%v: %s", err, answer)
	}
	select {
	case <-begun:
	case <-time.After(Ceiling):
		t.Fatalf("%s does not begin; it was answered\n%s", o.Name, answer)
	}
	return o
}

// readTrack reads what comes by a track until the other side ends it.
func (o *OpenStream) readTrack(track *webrtc.TrackRemote, begun chan<- struct{}) {
	defer close(o.Ended)
	defer func() { o.End = time.Now() }()
	for {
		p, _, err := track.ReadRTP()
		if err != nil {
			return
		}
		if o.Came.Add(int64(len(p.Payload))) == int64(len(p.Payload)) {
			close(begun)
		}
	}
}

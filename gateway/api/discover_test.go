package api

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"framegate/gateway/onvif"
)

// TestDiscovery finds cameras in the network, and says of one where its pictures are.
func TestDiscovery(t *testing.T) {
	r := newRig(t)
	c := r.admin()
	c.do("POST", "/api/v1/cameras", object{"id": "front", "source": "rtsp://192.0.2.20:554/x", "username": "u", "password": "canary-password"}).want(201)
	c.do("POST", "/api/v1/cameras", object{"id": "back", "source": "rtmp://192.0.2.21/live/x"}).want(201)
	c.do("POST", "/api/v1/cameras/discover", object{}).want(200).says(`"cameras":[]`)
	r.gateway.found = []onvif.Found{{Address: "http://192.0.2.20/onvif/device_service", Name: "Door", Hardware: "X"}, {Address: "http://192.0.2.21:8000/a"}}
	var found discovered
	c.do("POST", "/api/v1/cameras/discover", object{}).want(200).into(&found)
	if want := (discovered{[]discoveredCamera{
		{Address: "http://192.0.2.20/onvif/device_service", Name: "Door", Hardware: "X", Camera: "front"}, {Address: "http://192.0.2.21:8000/a", Camera: "back"},
	}}); !cmp.Equal(found, want) {
		t.Errorf("found %+v", found)
	}
	r.gateway.look = func(o onvif.Options) (*onvif.About, error) {
		if o.Address != "192.0.2.20" || o.Username != "u" || o.Password != "canary-password" || !o.InsecureTLS {
			t.Errorf("it is looked at with %+v", o)
		}
		return &onvif.About{Manufacturer: "Acme", Model: "Eye", Firmware: "1", Turns: true, Profiles: []onvif.Profile{
			{Token: "t", Name: "main", Codec: "h264", Width: 1920, Height: 1080, FPS: 25, Sound: "AAC", Stream: "rtsp://192.0.2.20/1", Snapshot: "http://192.0.2.20/s"}, {Name: "odd"},
		}}, nil
	}
	body := object{"address": "192.0.2.20", "username": "u", "password": "canary-password", "tls_insecure": true}
	var one discovered
	c.do("POST", "/api/v1/cameras/discover", body).want(200).into(&one)
	if want := (discovered{[]discoveredCamera{{
		Address: "192.0.2.20", Manufacturer: "Acme", Model: "Eye", Firmware: "1", Turns: true, Camera: "front", Profiles: []discoveredProfile{
			{Name: "main", Codec: "h264", Width: 1920, Height: 1080, FPS: 25, Sound: "AAC", Source: "rtsp://192.0.2.20/1", Snapshot: "http://192.0.2.20/s"}, {Name: "odd"},
		},
	}}}); !cmp.Equal(one, want) {
		t.Errorf("it is %+v", one)
	}
	for text, err := range map[string]error{
		`"certificate":true`:        fmt.Errorf("asking: %w", &tls.CertificateVerificationError{Err: errors.New("of nobody")}),
		`"login":true`:              onvif.ErrLogin,
		"not answer as ONVIF":       fmt.Errorf("%w: HTTP status 404", onvif.ErrNotONVIF),
		"connection refused":        errors.New("connection refused"),
		"did not answer within 20s": fmt.Errorf("asking: %w", context.DeadlineExceeded),
	} {
		r.gateway.look = func(onvif.Options) (*onvif.About, error) { return nil, err }
		c.do("POST", "/api/v1/cameras/discover", body).want(200).says(text)
	}
	for range maxProbes {
		r.probing <- struct{}{}
	}
	if busy := c.do("POST", "/api/v1/cameras/discover", object{}).want(503); busy.response.Header.Get("Retry-After") == "" {
		t.Error("not told when to come again")
	}
}

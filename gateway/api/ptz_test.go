package api

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"framegate/gateway/onvif/onviftest"
)

// TestTurning has a camera do what it can by its API, and refuses what it cannot.
func TestTurning(t *testing.T) {
	r := newRig(t)
	c := r.admin()
	camera := (&onviftest.Camera{Username: "u", Password: "canary-password"}).Start(t)
	c.do("POST", "/api/v1/cameras", object{"id": "front", "source": "rtsp://127.0.0.1:554/x", "username": "u", "password": "canary-password", "onvif": camera.URL}).want(201).says(`"onvif":"` + camera.URL)
	turn := func(body object) answered { return c.do("POST", "/api/v1/cameras/front/ptz", body) }
	turn(object{"pan": -0.5, "for": "5s"}).want(204)
	turn(object{}).want(204)
	c.do("POST", "/api/v1/cameras/front/ptz/presets", object{"name": "Gate"}).want(201).says(`"id":"p1"`)
	turn(object{"preset": "p1"}).want(204)
	turn(object{"home": true}).want(204)
	c.do("GET", "/api/v1/cameras/front/ptz", nil).want(200).says(`{"presets":[{"id":"empty","name":"empty"},{"id":"p1","name":"Gate"}]}`)
	c.do("DELETE", "/api/v1/cameras/front/ptz/presets/p1", nil).want(204)
	turn(object{"preset": "p1"}).want(502).says("no such preset").says("camera_failed")
	want := []string{"move -0.5 0 for PT5S", "stop", "keep p1", "go to p1", "home", "forget p1"}
	if d := cmp.Diff(want, camera.Told()); d != "" {
		t.Error(d)
	}
	for _, bad := range []object{{"pan": 1, "for": "6s"}, {"pan": 1, "for": "1ms"}, {"pan": 1, "home": true}, {"home": true, "preset": "p1"}, {"zoom": 1, "preset": "p1"}} {
		turn(bad).want(422)
	}

	turn(object{"pan": 2}).want(400).says("body.pan")

	// Who may turn it, and what they hear.
	for grant, status := range map[string]int{"view:front": 404, "ptz:back": 404, "ptz:front": 204} {
		r.as(r.token("t-"+strings.ReplaceAll(grant, ":", "-"), grant)).do("POST", "/api/v1/cameras/front/ptz", object{}).want(status)
	}
	turner := r.as(r.token("turner", "ptz:*"))
	turner.do("GET", "/api/v1/cameras", nil).want(200).says(`"may":["ptz"]`)
	turner.do("POST", "/api/v1/cameras/front/ptz", object{"preset": "p9"}).want(502).says("the camera refuses")
	turner.do("POST", "/api/v1/cameras/absent/ptz", object{}).want(404)

	// What is wrong with it, and where it is.
	c.do("PATCH", "/api/v1/cameras/front", object{"password": "canary-other"}).want(200)
	turn(object{}).want(502).says("camera_login")
	for address, says := range map[string]string{
		"http://127.0.0.2/onvif/device_service": "another host", "ftp://127.0.0.1/": "device service", "http://u:p@127.0.0.1/": "username", "http://127.0.0.1/?a=b": "leave it out",
	} {
		c.do("PATCH", "/api/v1/cameras/front", object{"onvif": address}).want(422).says(says)
	}
	c.do("PATCH", "/api/v1/cameras/front", object{"source": "rtsp://127.0.0.2/x", "password": "canary-password"}).want(422).says("body.onvif")
	camera.Answer = func(string) (int, string) { return http.StatusNotFound, "" }
	c.do("PATCH", "/api/v1/cameras/front", object{"password": "canary-password"}).want(200)
	turn(object{}).want(502).says("HTTP status 404")
	turner.do("POST", "/api/v1/cameras/front/ptz", object{}).want(502).says("cannot be reached")
	c.do("PATCH", "/api/v1/cameras/front", object{"onvif": ""}).want(200)
	turn(object{}).want(409).says("no_ptz")
	turner.do("GET", "/api/v1/cameras", nil).want(200).says(`"cameras":[]`)

	// A password that was meant for encryption is not sent without it.
	c.do("PATCH", "/api/v1/cameras/front", object{"source": "rtsps://127.0.0.1/x", "password": "canary-password"}).want(200)
	c.do("PATCH", "/api/v1/cameras/front", object{"onvif": camera.URL}).want(422).says("body.password")
	c.do("PATCH", "/api/v1/cameras/front", object{"onvif": camera.URL, "password": "canary-password"}).want(200)
	c.do("PATCH", "/api/v1/cameras/front", object{"onvif": "https://127.0.0.1/", "tls_insecure": true}).want(200)
}

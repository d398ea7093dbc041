package api

import (
	"strings"
	"testing"

	"framegate/gateway/config"
)

// TestSubStreams are kept, shown and judged as sources are.
func TestSubStreams(t *testing.T) {
	r := newRig(t)
	c := r.admin()
	front := "/api/v1/cameras/front"
	c.do("POST", "/api/v1/cameras", object{"id": "front", "source": "rtsps://127.0.0.1/main?key=canary-main", "username": "u", "password": "canary-password", "sub": "rtsps://u:canary-password@127.0.0.1/sub?key=canary-sub"}).
		want(201).says(`"sub":"rtsps://127.0.0.1/sub?\u003credacted\u003e"`).says(`"small":true`)
	kept := func() (camera config.Camera) {
		for _, of := range r.gateway.Cameras() {
			if of.ID == "front" {
				camera = of.Camera
			}
		}
		return camera
	}
	if kept := kept(); kept.Sub.URL != "rtsps://127.0.0.1/sub?key=canary-sub" {
		t.Errorf("it is at %q", kept.Sub.URL)
	}

	// What was read changes nothing, and keeps what was not shown.
	var read, again object
	c.do("GET", front, nil).want(200).into(&read)
	if c.do("PATCH", front, read).want(200).into(&again); again["revision"] != read["revision"] {
		t.Errorf("what was read makes revision %v of %v", again["revision"], read["revision"])
	}
	c.do("PATCH", front, object{"name": "Front"}).want(200)
	if kept := kept(); kept.Sub.URL != "rtsps://127.0.0.1/sub?key=canary-sub" {
		t.Errorf("with another name it is at %q", kept.Sub.URL)
	}

	// Whom it may send the password to, and what nobody may name.
	c.do("PATCH", front, object{"sub": "rtsp://127.0.0.1/sub"}).want(422).says("body.password")
	c.do("PATCH", front, object{"sub": "rtsps://127.0.0.2/sub"}).want(422).says("body.sub").says("another host")
	c.do("PATCH", front, object{"sub": "rtsps://v:canary-other@127.0.0.1/sub"}).want(422).says("body.sub").says("another name or password")
	c.do("PATCH", front, object{"sub": "rtsps://127.0.0.1/<redacted>"}).want(422).says("body.sub")
	c.do("PATCH", front, object{"source": "rtsp://169.254.1.1/a", "sub": "rtsp://169.254.1.1/b", "password": ""}).want(422).says("no camera may be there")
	c.do("PATCH", front, object{"sub": "rtsp://127.0.0.1/sub", "password": "canary-password"}).want(200)

	// Those who may view it know that there is one, and nothing more.
	viewer := r.as(r.token("viewer", "view:front"))
	seen := string(viewer.do("GET", front, nil).want(200).says(`"small":true`).body)
	player := string(r.as(r.token("player", "playback:front")).do("GET", "/api/v1/cameras", nil).want(200).body)
	without := string(c.do("PATCH", front, object{"sub": ""}).want(200).body)
	if strings.Contains(seen, "/sub") || strings.Contains(player+without, "small") {
		t.Errorf("a viewer reads %s, who looks back %s; without it there is %s", seen, player, without)
	}
}

package rig

import (
	"regexp"
	"testing"
)

var rtmpLogged = regexp.MustCompile(`msg="framegate listens for RTMP" address=(\S+) tls=(true|false)`)

// RTMP gives the address at which a camera's pictures are sent by RTMP, in TLS or
// without.
func (s *Server) RTMP(t *testing.T, secure bool, camera string) string {
	t.Helper()
	scheme := map[bool]string{false: "rtmp", true: "rtmps"}[secure]
	return scheme + "://" + s.listensFor(t, rtmpLogged, secure) + "/live/" + camera
}

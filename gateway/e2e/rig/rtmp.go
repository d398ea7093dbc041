package rig

import (
	"fmt"
	"regexp"
	"testing"
)

var rtmpLogged = regexp.MustCompile(`msg="framegate listens for RTMP" address=(\S+) tls=(true|false)`)

// RTMP gives the address at which a camera's pictures are sent by RTMP, in TLS or
// without.
func (s *Server) RTMP(t *testing.T, secure bool, camera string) string {
	t.Helper()
	scheme := map[bool]string{false: "rtmp", true: "rtmps"}[secure]
	for _, found := range rtmpLogged.FindAllStringSubmatch(s.Log.String(), -1) {
		if found[2] == fmt.Sprint(secure) {
			return scheme + "://" + found[1] + "/live/" + camera
		}
	}
	t.Fatalf("it does not say that it listens for %s", scheme)
	return ""
}

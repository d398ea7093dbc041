package server

import (
	"crypto/tls"
	"fmt"
	"io"
	"testing"
)

// TestNodesThatBringNothingAreNotWaitedFor: a request that says that something comes with
// it holds its connection no longer than a head may take, whatever is asked.
func TestNodesThatBringNothingAreNotWaitedFor(t *testing.T) {
	nodes := wiredNodes(t, 2, "limits: {header_timeout: 1s}", func(string, *server) {})
	for _, path := range []string{"/beat", "/revoked", "/recordings/marks", "/node/viewers/1/end"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			c, err := tls.Dial("tcp", nodes[0].node.listener.Addr().String(), nodes[1].node.identity.TLS("a"))
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n", path)
			_, _ = io.Copy(io.Discard, c) // until it is closed, or else the test does not end
		})
	}
}

//go:build unix

package camtest

import (
	"fmt"
	"net"
	"testing"
)

func TestHeldPortIsForWhoAsksForIt(t *testing.T) {
	held := make(map[int]bool)
	for range 200 {
		port, release, err := HoldPort()
		if err != nil {
			t.Fatal(err)
		}
		defer release()
		if held[port] {
			t.Fatalf("port %d is held twice", port)
		}
		held[port] = true
	}
	for range 500 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		if port := l.Addr().(*net.TCPAddr).Port; held[port] {
			t.Fatalf("port %d went to somebody else", port)
		}
	}
	for port := range held {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
	}
}

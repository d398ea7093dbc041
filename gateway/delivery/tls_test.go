package delivery

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http/httptest"
	"testing"
	"time"
)

// stalledTLS gives a connection over TLS to a client that takes nothing after
// the handshake, and what is below it.
func stalledTLS(t *testing.T) (secure net.Conn, below net.Conn) {
	t.Helper()
	certified := httptest.NewUnstartedServer(nil)
	certified.StartTLS()
	settings := certified.TLS.Clone()
	certified.Close()
	near, far := tcpPair(t)
	shaken := make(chan error, 1)
	go func() { shaken <- tls.Client(far, &tls.Config{InsecureSkipVerify: true}).Handshake() }()
	server := tls.Server(near, settings)
	if err := errors.Join(server.Handshake(), <-shaken); err != nil {
		t.Fatal(err)
	}
	return server, near
}

// TestStalledClientIsNotToldOfTheEndOverTLS: what TLS says at the end of a
// connection (RFC 8446, 6.1) would wait for seconds for a client that takes
// nothing, and with it the end of the server.
func TestStalledClientIsNotToldOfTheEndOverTLS(t *testing.T) {
	for name, bind := range map[string]func(Conn){
		"cut":             func(c Conn) { time.AfterFunc(100*time.Millisecond, c.Cut) },
		"out of patience": func(c Conn) { c.bind(100*time.Millisecond, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			secure, below := stalledTLS(t)
			conn := NewConn(secure)
			bind(conn)
			for conn.Write(Message{Body: make([]byte, 1<<20)}) == nil {
			}
			if err := below.SetDeadline(time.Time{}); !errors.Is(err, net.ErrClosed) {
				t.Errorf("the connection below is still open: %v", err)
			}
			conn.Close()
		})
	}
}

package front

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestOfferAsJSONThatDoesNotEnd is not waited for without end.
func TestOfferAsJSONThatDoesNotEnd(t *testing.T) {
	t.Parallel() // it waits as long as an offer may take
	answers := answeringOffers(func(http.ResponseWriter, *http.Request, Visit) error { return nil })
	ended := make(chan error, 1)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { ended <- answers(w, r, Visit{}) }))
	defer web.Close()
	c, err := net.Dial("tcp", web.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprint(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{")
	select {
	case err := <-ended:
		if !errors.Is(err, errNoOffer) {
			t.Errorf("it ends with %v", err)
		}
	case <-time.After(time.Minute):
		t.Error("it is waited for")
	}
}

// TestNamesOfSessionsAreNotLogged: whoever reads logs could end the sessions of others.
func TestNamesOfSessionsAreNotLogged(t *testing.T) {
	var log bytes.Buffer
	f := &Front{options: Options{Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))}}
	r := httptest.NewRequest("PATCH", "/live/yard/whep/VERYSECRET", nil)
	r.SetPathValue("id", "yard")
	r.SetPathValue("session", "VERYSECRET")
	f.answerError(httptest.NewRecorder(), r, errors.New("broken"))
	if s := log.String(); strings.Contains(s, "VERYSECRET") || strings.Count(s, "path=/live/yard/whep/") != 2 {
		t.Errorf("it logs: %s", s)
	}
}

package server

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"
	"time"

	"framegate/gateway/config"
	"framegate/gateway/doctor"
)

// TestDoctorOfWebRTCsPort tells which one is used where the first is taken, and that there
// is none where that was named.
func TestDoctorOfWebRTCsPort(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	address := taken.Addr().String()
	for _, c := range []struct {
		spare   int
		running *doctor.Server
		state   doctor.State
		says    string
	}{{0, nil, doctor.Bad, "does not answer as Framegate"}, {1000, nil, doctor.Warn, "; the server uses 127.0.0.1:"}, {1000, doctor.ServerAt(address), doctor.OK, "as it should be"}} {
		if f := aboutWebRTC(address, c.spare, c.running); f.State != c.state || !strings.Contains(f.Text, c.says) || (f.State == doctor.OK) != (f.Next == "") {
			t.Errorf("%d spare, running %v: %+v", c.spare, c.running, f)
		}
	}
}

// TestDoctorLooksAtAllPorts that a configuration has the server listen on.
func TestDoctorLooksAtAllPorts(t *testing.T) {
	for text, want := range map[string]string{
		"auth: 'off'": "port tcp 127.0.0.1:8080",
		"rtsp: {listen: ':554', udp: '0.0.0.0:8000'}\nrtmp: {listen: ':1935'}": "port tcp 127.0.0.1:8080, RTSP port tcp :554, RTMP port tcp :1935, RTSP packets udp 0.0.0.0:8000, RTSP packets udp 0.0.0.0:8001",
		"cluster: {name: yard, advertise: a}":                                  "port tcp 127.0.0.1:8080, nodes' port tcp :7422, bus port tcp :7421",
		"cluster: {name: yard, advertise: a, nats: {urls: ['nats://a']}}":      "port tcp 127.0.0.1:8080, nodes' port tcp :7422",
	} {
		c, err := config.Parse("f.yaml", []byte(text), nil)
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, at := range ports(c) {
			all = append(all, fmt.Sprint(at.name, " ", at.network, " ", at.address))
		}
		if got := strings.Join(all, ", "); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// TestDoctorTellsServersApart: who answers something at our port need not be Framegate.
func TestDoctorTellsServersApart(t *testing.T) {
	answers := map[string]string{"Framegate": `{"info": {"title": "Framegate"}}`, "another API": `{"info": {"title": "Petstore"}}`, "pages": "ok"}
	for name, body := range answers {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, body) }))
		for _, mode := range []config.TLSMode{config.TLSOff, config.TLSSelfSigned} { // which is meant to be next
			c := &config.Config{Listen: strings.TrimPrefix(server.URL, "http://"), TLS: config.TLS{Mode: mode}}
			if s, err := runs(t.Context(), c); (s != nil) != (name == "Framegate") || err != nil {
				t.Errorf("%s, tls %s: %+v, %v", name, mode, s, err)
			}
		}
		server.Close()
	}
}

// TestDoctorOfIssuedCertificates that are not there, or are.
func TestDoctorOfIssuedCertificates(t *testing.T) {
	c := &config.Config{Data: t.TempDir(), Hosts: []string{"cams.example.org", "192.0.2.1"}, TLS: config.TLS{Mode: config.TLSACME}}
	if f := aboutCertificate(c, time.Now()); f.State != doctor.OK || !strings.Contains(f.Text, "for cams.example.org is not there yet") {
		t.Errorf("%+v", f)
	}
}

// TestDoctorSaysWhatToDo about cameras, by what they are.
func TestDoctorSaysWhatToDo(t *testing.T) {
	dial := &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	for want, c := range map[string]struct {
		err error
		of  config.Source
	}{
		"see what is said about ffmpeg":         {fmt.Errorf("starting ffmpeg: %w", &exec.Error{Name: "/nowhere", Err: fs.ErrNotExist}), config.Source{Kind: config.SourceTest}},
		"has power":                             {fmt.Errorf("connecting: %w", dial), config.Source{Kind: config.SourceRTSP}},
		"another address":                       {&net.OpError{Op: "listen", Err: errors.New("in use")}, config.Source{Kind: config.SourceMPEGTS, Listen: true}},
		"the file is there":                     {fs.ErrNotExist, config.Source{Kind: config.SourceFile}},
		"plugged in":                            {fs.ErrNotExist, config.Source{Kind: config.SourceV4L2}},
		"send MPEG-TS by TCP to 127.0.0.1:9000": {errors.New("nobody connected"), config.Source{Kind: config.SourceMPEGTS, Listen: true, Address: "127.0.0.1:9000"}},
		"it sends MPEG-TS there":                {errors.New("no picture"), config.Source{Kind: config.SourceMPEGTS}},
		"user, password and path":               {errors.New("401"), config.Source{Kind: config.SourceHTTP}},
	} {
		if got := nextFor(c.err, c.of); !strings.Contains(got, want) {
			t.Errorf("%v of %s: %q, want %q", c.err, c.of.Kind, got, want)
		}
	}
}

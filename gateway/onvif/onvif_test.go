package onvif

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"reflect"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"framegate/gateway/onvif/onviftest"
)

func optionsOf(c *onviftest.Camera) Options {
	return Options{Address: c.URL, Username: c.Username, Password: c.Password}
}

// TestCameras looks at cameras with the faults of real ones: all give the same.
func TestCameras(t *testing.T) {
	for name, c := range map[string]*onviftest.Camera{
		"as specified":        {Username: "admin", Password: "p&<w"},
		"without a login":     {Open: true},
		"a clock of 1970":     {Username: "admin", Password: "pw", Ahead: -56 * 365 * 24 * time.Hour},
		"a clock ahead":       {Username: "admin", Password: "pw", Ahead: 9 * time.Hour},
		"another host":        {Username: "admin", Password: "pw", Claims: "192.168.0.99"},
		"HTTPS":               {Username: "admin", Password: "pw", TLS: true},
		"Digest alone":        {Username: "admin", Password: "pw", DigestOnly: true},
		"a clock with a lock": {Username: "admin", Password: "pw", Answer: refusing("GetSystemDateAndTime", "ter:NotAuthorized")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.Start(t)
			if c.Claims == "192.168.0.99" { // with the port that it really has
				_, port, _ := net.SplitHostPort(strings.TrimPrefix(c.URL, "http://"))
				c.Claims = net.JoinHostPort(c.Claims, port)
			}
			o := optionsOf(c)
			if _, err := Look(t.Context(), o); (err != nil) != c.TLS {
				t.Fatal(err) // of a certificate that nobody trusts
			}
			o.InsecureTLS = c.TLS
			about, err := Look(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			want := &About{Manufacturer: "Acme", Model: "Eye 3000", Firmware: "1.2", Turns: true, Profiles: []Profile{
				{Token: "main", Name: "main", Codec: "h264", Width: 2560, Height: 1440, FPS: 25, Sound: "AAC", Stream: "rtsp://127.0.0.1:554/main", Snapshot: "http://127.0.0.1/snap.jpg"},
				{Token: "a&b", Name: "a&b", Codec: "h265", Width: 640, Height: 360, FPS: 10, Stream: "rtsp://127.0.0.1:554/sub?channel=1&subtype=1", Snapshot: "http://127.0.0.1/snap.jpg"},
				{Token: "odd", Name: "odd", FPS: 5, Stream: "rtsp://127.0.0.1:554/main", Snapshot: "http://127.0.0.1/snap.jpg"},
			}}
			if !reflect.DeepEqual(about, want) {
				t.Errorf("%+v, want %+v", about, want)
			}
		})
	}
}

// refusing has a camera refuse a question.
func refusing(question, code string) func(string) (int, string) {
	return func(asked string) (int, string) {
		if asked != question {
			return 0, ""
		}
		return http.StatusBadRequest, onviftest.Enveloped(`<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>` + code + `</s:Value></s:Subcode></s:Code><s:Reason><s:Text>no
			way</s:Text></s:Reason></s:Fault>`)
	}
}

// TestCamerasThatDoNotAnswer: what is wrong is told, and nothing is taken that is too
// large or has a DTD.
func TestCamerasThatDoNotAnswer(t *testing.T) {
	all := func(status int, body string) func(string) (int, string) {
		return func(string) (int, string) { return status, body }
	}
	for name, c := range map[string]struct {
		answer func(string) (int, string)
		want   error
		text   string
	}{
		"a page":          {all(200, "<html><body>hello"), ErrNotONVIF, ""},
		"nothing there":   {all(404, "not found"), ErrNotONVIF, "404"},
		"a redirect":      {all(302, ""), ErrNotONVIF, "302"},
		"an endless one":  {all(200, onviftest.Enveloped(strings.Repeat("<a>x</a>", maxAnswer/8))), ErrNotONVIF, "262144 bytes"},
		"a bomb":          {all(200, `<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "x">]>`+onviftest.Enveloped("<a>&b;</a>")), ErrNotONVIF, "DTD"},
		"another login":   {refusing("GetProfiles", "ter:NotAuthorized"), ErrLogin, ""},
		"no profiles":     {refusing("GetProfiles", "ter:ActionNotSupported"), nil, "the camera says: no way"},
		"no capabilities": {refusing("GetCapabilities", "ter:ActionNotSupported"), nil, "no way"},
		"deep XML":        {all(200, strings.Repeat("<a>", 20_000)), ErrNotONVIF, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			camera := (&onviftest.Camera{Username: "admin", Password: "pw", Answer: c.answer}).Start(t)
			_, err := Look(t.Context(), optionsOf(camera))
			if err == nil || c.want != nil && !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) {
				t.Errorf("%v, want %v %q", err, c.want, c.text)
			}
		})
	}
	wrong := (&onviftest.Camera{Username: "admin", Password: "pw", DigestOnly: true}).Start(t)
	o := optionsOf(wrong)
	o.Username = "root"
	if _, err := Look(t.Context(), o); !errors.Is(err, ErrLogin) {
		t.Errorf("a wrong name: %v", err)
	}
	for _, address := range []string{"", "rtsp://cam/", "http://", "http://u:p@cam/", "http://%zz/"} {
		if _, err := Look(t.Context(), Options{Address: address}); err == nil {
			t.Errorf("%q is taken", address)
		}
	}
	refused := errors.New("not there")
	if _, err := Look(t.Context(), Options{Address: "cam", Dial: func(context.Context, string, string) (net.Conn, error) { return nil, refused }}); !errors.Is(err, refused) {
		t.Errorf("its dialer's error is %v", err)
	}
}

// TestCamerasThatSayTooMuch: numbers that are none, and addresses of a size that nobody
// can use, are left out, and the rest is there.
func TestCamerasThatSayTooMuch(t *testing.T) {
	camera := &onviftest.Camera{Open: true, Answer: func(question string) (int, string) {
		switch question {
		case "GetProfiles":
			body := ""
			for _, rate := range []string{"NaN", "INF", "-INF", "1e300", "12.5"} {
				body += `<Profiles token="p"><VideoEncoderConfiguration><RateControl><FrameRateLimit>` + rate + `</FrameRateLimit></RateControl></VideoEncoderConfiguration></Profiles>`
			}
			return 200, onviftest.Enveloped(`<GetProfilesResponse>` + body + `</GetProfilesResponse>`)
		case "GetStreamUri":
			return 200, onviftest.Enveloped(`<GetStreamUriResponse><MediaUri><Uri>rtsp://cam/` + strings.Repeat("x", 100_000) + `</Uri></MediaUri></GetStreamUriResponse>`)
		}
		return 0, ""
	}}
	about, err := Look(t.Context(), optionsOf(camera.Start(t)))
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range about.Profiles {
		if want := []float64{0, 0, 0, 0, 12.5}[i]; p.FPS != want || p.Stream != "" || p.Snapshot == "" {
			t.Errorf("profile %d has %v pictures a second, at %.30s and %s", i, p.FPS, p.Stream, p.Snapshot)
		}
	}
}

// TestEndlessHeaders: an answer whose headers do not end is given up.
func TestEndlessHeaders(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_, err = io.WriteString(conn, "HTTP/1.1 200 OK\r\n")
		for err == nil { // ends with the connection
			_, err = io.WriteString(conn, "X: "+strings.Repeat("x", 1000)+"\r\n")
		}
	}))
	defer server.Close()
	if _, err := Look(t.Context(), Options{Address: server.URL}); err == nil || !strings.Contains(err.Error(), "header") {
		t.Errorf("%v", err)
	}
}

// TestCameraThatStalls ends with the context.
func TestCameraThatStalls(t *testing.T) {
	held := make(chan struct{})
	camera := (&onviftest.Camera{Answer: func(string) (int, string) { <-held; return 200, "" }}).Start(t)
	defer close(held)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := Look(ctx, optionsOf(camera)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

// TestSearch has cameras answer at a group of the test's: good ones, ones that say
// another address, and ones that lie.
func TestSearch(t *testing.T) {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	var answering sync.WaitGroup
	defer answering.Wait()
	defer conn.Close()
	answering.Go(func() { // ends with the connection
		for b := make([]byte, 64<<10); ; {
			n, from, err := conn.ReadFromUDPAddrPort(b)
			if err != nil {
				return
			}
			_, id, _ := strings.Cut(string(b[:n]), "<w:MessageID>")
			id, _, _ = strings.Cut(id, "</w:MessageID>")
			for _, answer := range answers(id) {
				_, _ = conn.WriteToUDPAddrPort([]byte(answer), from) // who waits no more misses nothing
			}
		}
	})
	want := []Found{
		{"http://127.0.0.1:80/onvif/device_service", "Front Door", "X-1"},
		{"http://127.0.0.1:81/x", strings.Repeat("x", 200), ""},
		{"http://127.0.0.1:8899/onvif/device_service", "", ""},
	}
	for patience := 50 * time.Millisecond; ; patience *= 2 {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		got, err := search(ctx, conn.LocalAddr().(*net.UDPAddr).AddrPort(), nil)
		cancel()
		switch {
		case err != nil:
			t.Fatal(err)
		case reflect.DeepEqual(got, want):
			return
		case len(got) > len(want) || patience > 10*time.Second:
			t.Fatalf("%+v, want %+v", got, want)
		}
	}
}

// answers are what comes to who searched with a message of this id.
func answers(id string) []string {
	match := func(relates, addresses, scopes string) string {
		return fmt.Sprintf(`<?xml version="1.0"?><SOAP-ENV:Envelope xmlns:SOAP-ENV="http://www.w3.org/2003/05/soap-envelope" xmlns:wsa="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery">`+
			`<SOAP-ENV:Header><wsa:RelatesTo>%s</wsa:RelatesTo></SOAP-ENV:Header><SOAP-ENV:Body><d:ProbeMatches><d:ProbeMatch><d:Scopes>%s</d:Scopes><d:XAddrs>%s</d:XAddrs></d:ProbeMatch></d:ProbeMatches></SOAP-ENV:Body></SOAP-ENV:Envelope>`, relates, scopes, addresses)
	}
	return []string{
		match(id, "http://192.168.0.9:8899/onvif/device_service http://127.0.0.1:80/onvif/device_service", "onvif://www.onvif.org/name/Front%20Door onvif://www.onvif.org/hardware/X-1"),
		match(id, "http://192.168.0.9:8899/onvif/device_service", ""), // an old address
		match(id, "http://192.168.0.9:8899/onvif/device_service", ""), // again
		match("urn:uuid:other", "http://127.0.0.1/other", ""),         // to another
		match(id, "file:///etc/passwd javascript:alert(1)", ""),       // no address
		match(id, "", ""), // none
		"<!DOCTYPE a []>" + match(id, "http://127.0.0.1/dtd", ""), "no XML", "<a><b", // nothing of it
		match(id, "http://127.0.0.1:81/x", "onvif://www.onvif.org/name/"+strings.Repeat("x", 1000)),
	}
}

// TestSearchOfTheNetwork sends a search by every interface, to the real group.
func TestSearchOfTheNetwork(t *testing.T) {
	if len(interfaces()) == 0 {
		t.Skip("this machine is in no network with multicast")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	switch _, err := Search(ctx); {
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EPERM):
		t.Skip("no network of this machine takes a search: ", err)
	case err != nil:
		t.Error(err)
	}
}

// TestAddressOf takes the address that a camera answered from.
func TestAddressOf(t *testing.T) {
	for said, want := range map[string]string{
		"http://[fe80::1]/a http://10.0.0.2:8080/b": "http://10.0.0.2:8080/b",
		"https://cam.local/a":                       "https://10.0.0.2/a",
		"ftp://10.0.0.2/a":                          "",
		"http://10.0.0.3/a?b=c":                     "http://10.0.0.2/a?b=c",
	} {
		if got := addressOf(said, netip.MustParseAddr("10.0.0.2")); got != want {
			t.Errorf("%s: %s, want %s", said, got, want)
		}
	}
}

// FuzzLook: whatever a camera answers, Look ends, and so does what turns it, and what they
// give is short.
func FuzzLook(f *testing.F) {
	c := &onviftest.Camera{Claims: "10.0.0.1"}
	f.Add([]byte(onviftest.Enveloped(c.Says("GetCapabilities", "") + c.Says("GetProfiles", "") + c.Says("GetPresets", `<x><Body><GetPresets><ProfileToken>main</ProfileToken></GetPresets></Body></x>`) +
		`<SetPresetResponse><PresetToken>1</PresetToken></SetPresetResponse>`)))
	for _, question := range []string{"GetSystemDateAndTime", "GetCapabilities", "GetProfiles", "GetStreamUri"} {
		f.Add([]byte(onviftest.Enveloped(c.Says(question, ""))))
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		o := Options{Address: "http://cam/", Username: "u", Dial: func(context.Context, string, string) (net.Conn, error) {
			ours, theirs := net.Pipe()
			go func() { // ends with the connection
				defer theirs.Close()
				_ = theirs.SetDeadline(time.Now().Add(time.Second))
				request, err := http.ReadRequest(bufio.NewReader(theirs))
				if err != nil {
					return
				}
				_, _ = io.Copy(io.Discard, request.Body)
				fmt.Fprintf(theirs, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s", len(answer), answer)
			}()
			return ours, nil
		}}
		if p, err := OpenPTZ(t.Context(), o); err == nil {
			defer p.Close()
			presets, _ := p.Presets(t.Context()) // whatever is wrong with the answer
			made, _ := p.SetPreset(t.Context(), "x", "")
			for _, preset := range append(presets, Preset{made, ""}) {
				if len(preset.Token) > maxTextBytes || len(preset.Name) > maxTextBytes {
					t.Errorf("preset %+v", preset)
				}
			}
		}
		about, err := Look(t.Context(), o)
		if err != nil {
			return
		}
		for _, p := range about.Profiles {
			if len(p.Name) > maxTextBytes || p.Stream != "" && !strings.HasPrefix(p.Stream, "rtsp") || strings.Contains(p.Stream, "@") {
				t.Errorf("%+v", p)
			}
		}
	})
}

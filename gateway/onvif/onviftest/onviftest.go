// Package onviftest is a camera as ONVIF has it, with the faults of real ones, for tests.
// It was written from the specifications, and shares nothing with package onvif.
package onviftest

import (
	"cmp"
	"crypto/sha1"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Camera is one as the specifications have it. Its fields are set before it starts.
type Camera struct {
	Username, Password string
	Open               bool                                            // it asks for no login
	DigestOnly         bool                                            // it knows no UsernameToken, but Digest of HTTP
	Ahead              time.Duration                                   // its clock; what is older than 30 s by it is refused
	Claims             string                                          // the host and port that it says it has; its own without it
	Fixed              bool                                            // it does not turn
	TLS                bool                                            // it speaks HTTPS, with a certificate of its own
	Answer             func(question string) (status int, body string) // instead of its own where the status is not 0
	Host               string                                          // of its URL; 127.0.0.1 without it

	URL string // of the host alone, once it runs

	mu      sync.Mutex // guards what follows
	told    []string
	presets []preset
	made    int // presets so far
}

// preset is a position that the camera keeps.
type preset struct{ token, name string }

// Start has it listen until the test ends.
func (c *Camera) Start(t testing.TB) *Camera {
	t.Helper()
	server := httptest.NewUnstartedServer(c)
	if c.TLS {
		server.Config.ErrorLog = log.New(io.Discard, "", 0) // of clients that do not trust it
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	c.URL = server.URL
	if c.Host != "" {
		c.URL = strings.Replace(c.URL, "127.0.0.1", c.Host, 1)
	}
	_, host, _ := strings.Cut(c.URL, "://")
	c.Claims = cmp.Or(c.Claims, host)
	return c
}

// Told gives what the camera was told to do, in words such as "move 0.5 0 zoom 0 for PT1S"
// and "stop".
func (c *Camera) Told() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.told)
}

var questionPattern = regexp.MustCompile(`<s:Body><(\w+)`)

func (c *Camera) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	message, err := io.ReadAll(r.Body)
	question := questionPattern.FindSubmatch(message)
	if err != nil || question == nil || r.Method != http.MethodPost {
		http.Error(w, "no question", http.StatusBadRequest)
		return
	}
	name := string(question[1])
	if c.Answer != nil {
		if status, body := c.Answer(name); status != 0 {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
			return
		}
	}
	switch {
	case name == "GetSystemDateAndTime", c.Open:
	case c.DigestOnly && r.Header.Get("Authorization") == "":
		w.Header().Set("WWW-Authenticate", `Digest realm="cam", nonce="n0", algorithm=MD5, qop="auth"`)
		w.WriteHeader(http.StatusUnauthorized)
		return
	case c.DigestOnly && !strings.Contains(r.Header.Get("Authorization"), `username="`+c.Username+`"`), !c.DigestOnly && !c.mayAsk(message):
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, Enveloped(`<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>ter:NotAuthorized</s:Value></s:Subcode></s:Code><s:Reason><s:Text xml:lang="en">Sender not authorized</s:Text></s:Reason></s:Fault>`))
		return
	}
	_, _ = io.WriteString(w, Enveloped(c.Says(name, string(message))))
}

// mayAsk checks the UsernameToken of a message.
func (c *Camera) mayAsk(message []byte) bool {
	var m struct {
		Header struct {
			Security struct {
				UsernameToken struct{ Username, Password, Nonce, Created string }
			}
		}
	}
	if xml.Unmarshal(message, &m) != nil {
		return false
	}
	token := m.Header.Security.UsernameToken
	created, err := time.Parse(time.RFC3339, token.Created)
	if err != nil || created.Sub(time.Now().Add(c.Ahead)).Abs() > 30*time.Second {
		return false
	}
	nonce, _ := base64.StdEncoding.DecodeString(token.Nonce)
	sum := sha1.Sum([]byte(string(nonce) + token.Created + c.Password))
	return token.Username == c.Username && token.Password == base64.StdEncoding.EncodeToString(sum[:])
}

// Enveloped gives a message with a body.
func Enveloped(body string) string {
	return `<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:tt="http://www.onvif.org/ver10/schema" ` +
		`xmlns:trt="http://www.onvif.org/ver10/media/wsdl" xmlns:tds="http://www.onvif.org/ver10/device/wsdl" xmlns:ter="http://www.onvif.org/ver10/error"><s:Body>` + body + `</s:Body></s:Envelope>`
}

// Says gives the body of the camera's answer to a question.
func (c *Camera) Says(question, message string) string {
	switch question {
	case "GetSystemDateAndTime":
		now := time.Now().Add(c.Ahead).UTC()
		return fmt.Sprintf(`<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:UTCDateTime><tt:Time><tt:Hour>%d</tt:Hour><tt:Minute>%d</tt:Minute><tt:Second>%d</tt:Second></tt:Time>`+
			`<tt:Date><tt:Year>%d</tt:Year><tt:Month>%d</tt:Month><tt:Day>%d</tt:Day></tt:Date></tt:UTCDateTime></tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>`,
			now.Hour(), now.Minute(), now.Second(), now.Year(), now.Month(), now.Day())
	case "GetCapabilities":
		service := func(name string) string {
			return `<tt:` + name + `><tt:XAddr>` + c.scheme() + `://` + c.Claims + `/onvif/` + strings.ToLower(name) + `</tt:XAddr></tt:` + name + `>`
		}
		services := service("Media")
		if !c.Fixed {
			services += service("PTZ")
		}
		return `<tds:GetCapabilitiesResponse><tds:Capabilities>` + services + `</tds:Capabilities></tds:GetCapabilitiesResponse>`
	case "GetDeviceInformation":
		return `<tds:GetDeviceInformationResponse><tds:Manufacturer>Acme</tds:Manufacturer><tds:Model>Eye
			3000</tds:Model><tds:FirmwareVersion>1.2</tds:FirmwareVersion></tds:GetDeviceInformationResponse>`
	case "GetProfiles":
		turns := `<tt:PTZConfiguration token="ptz"/>`
		if c.Fixed {
			turns = ""
		}
		profile := func(token, codec string, width, height, fps int, besides string) string {
			return fmt.Sprintf(`<trt:Profiles token="%s" fixed="true"><tt:Name>%[1]s</tt:Name><tt:VideoEncoderConfiguration token="v"><tt:Encoding>%s</tt:Encoding><tt:Resolution><tt:Width>%d</tt:Width>`+
				`<tt:Height>%d</tt:Height></tt:Resolution><tt:RateControl><tt:FrameRateLimit>%d</tt:FrameRateLimit></tt:RateControl></tt:VideoEncoderConfiguration>%s</trt:Profiles>`, token, codec, width, height, fps, besides)
		}
		return `<trt:GetProfilesResponse>` + profile("main", "H264", 2560, 1440, 25, `<tt:AudioEncoderConfiguration><tt:Encoding>AAC</tt:Encoding></tt:AudioEncoderConfiguration>`+turns) +
			profile("a&amp;b", "H265", 640, 360, 10, "") + profile("odd", "MPEG4", -1, 0, 5, "") + `</trt:GetProfilesResponse>`
	case "GetStreamUri":
		path := "/main"
		if strings.Contains(message, "a&amp;b") {
			path = "/sub?channel=1&amp;subtype=1"
		}
		return `<trt:GetStreamUriResponse><trt:MediaUri><tt:Uri>rtsp://user:secret@` + hostOf(c.Claims) + `:554` + path + `</tt:Uri></trt:MediaUri></trt:GetStreamUriResponse>`
	case "GetSnapshotUri":
		return `<trt:GetSnapshotUriResponse><trt:MediaUri><tt:Uri>http://` + hostOf(c.Claims) + `/snap.jpg</tt:Uri></trt:MediaUri></trt:GetSnapshotUriResponse>`
	}
	return c.turns(question, message)
}

func (c *Camera) scheme() string {
	if c.TLS {
		return "https"
	}
	return "http"
}

func hostOf(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return host
}

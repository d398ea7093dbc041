package onvif

import (
	"crypto/sha1"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// camera is one as the specifications have it, with the faults of real ones.
type camera struct {
	username, password string
	open               bool          // it asks for no login
	digestOnly         bool          // it knows no UsernameToken, but Digest of HTTP
	ahead              time.Duration // its clock; what is older than 5 s by it is refused
	claims             string        // the host that it says it has
	answer             func(question string) (status int, body string)

	server *httptest.Server
	mu     sync.Mutex
	asked  []string // questions that were answered
}

func (c *camera) start(t *testing.T) *camera {
	t.Helper()
	c.server = httptest.NewServer(c)
	t.Cleanup(c.server.Close)
	if c.claims == "" {
		c.claims = strings.TrimPrefix(c.server.URL, "http://")
	}
	return c
}

func (c *camera) options() Options {
	return Options{Address: c.server.URL, Username: c.username, Password: c.password}
}

var questionPattern = regexp.MustCompile(`<s:Body><(\w+)`)

func (c *camera) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	message, err := io.ReadAll(r.Body)
	question := questionPattern.FindSubmatch(message)
	if err != nil || question == nil || r.Method != http.MethodPost {
		http.Error(w, "no question", http.StatusBadRequest)
		return
	}
	name := string(question[1])
	if c.answer != nil {
		if status, body := c.answer(name); status != 0 {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
			return
		}
	}
	switch {
	case name == "GetSystemDateAndTime", c.open:
	case c.digestOnly && r.Header.Get("Authorization") == "":
		w.Header().Set("WWW-Authenticate", `Digest realm="cam", nonce="n0", algorithm=MD5, qop="auth"`)
		w.WriteHeader(http.StatusUnauthorized)
		return
	case c.digestOnly && !strings.Contains(r.Header.Get("Authorization"), `username="`+c.username+`"`), !c.digestOnly && !c.mayAsk(message):
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, enveloped(`<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>ter:NotAuthorized</s:Value></s:Subcode></s:Code><s:Reason><s:Text xml:lang="en">Sender not authorized</s:Text></s:Reason></s:Fault>`))
		return
	}
	c.mu.Lock()
	c.asked = append(c.asked, name)
	c.mu.Unlock()
	_, _ = io.WriteString(w, enveloped(c.says(name, string(message))))
}

// mayAsk checks the UsernameToken of a message.
func (c *camera) mayAsk(message []byte) bool {
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
	if err != nil || created.Sub(time.Now().Add(c.ahead)).Abs() > 30*time.Second {
		return false
	}
	nonce, _ := base64.StdEncoding.DecodeString(token.Nonce)
	sum := sha1.Sum([]byte(string(nonce) + token.Created + c.password))
	return token.Username == c.username && token.Password == base64.StdEncoding.EncodeToString(sum[:])
}

func enveloped(body string) string {
	return `<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:tt="http://www.onvif.org/ver10/schema" ` +
		`xmlns:trt="http://www.onvif.org/ver10/media/wsdl" xmlns:tds="http://www.onvif.org/ver10/device/wsdl" xmlns:ter="http://www.onvif.org/ver10/error"><s:Body>` + body + `</s:Body></s:Envelope>`
}

// says gives the camera's answers.
func (c *camera) says(question, message string) string {
	switch question {
	case "GetSystemDateAndTime":
		now := time.Now().Add(c.ahead).UTC()
		return fmt.Sprintf(`<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:UTCDateTime><tt:Time><tt:Hour>%d</tt:Hour><tt:Minute>%d</tt:Minute><tt:Second>%d</tt:Second></tt:Time>`+
			`<tt:Date><tt:Year>%d</tt:Year><tt:Month>%d</tt:Month><tt:Day>%d</tt:Day></tt:Date></tt:UTCDateTime></tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>`,
			now.Hour(), now.Minute(), now.Second(), now.Year(), now.Month(), now.Day())
	case "GetCapabilities":
		return `<tds:GetCapabilitiesResponse><tds:Capabilities><tt:Media><tt:XAddr>http://` + c.claims + `/onvif/media</tt:XAddr></tt:Media><tt:PTZ><tt:XAddr>http://` + c.claims +
			`/onvif/ptz</tt:XAddr></tt:PTZ></tds:Capabilities></tds:GetCapabilitiesResponse>`
	case "GetDeviceInformation":
		return `<tds:GetDeviceInformationResponse><tds:Manufacturer>Acme</tds:Manufacturer><tds:Model>Eye
			3000</tds:Model><tds:FirmwareVersion>1.2</tds:FirmwareVersion></tds:GetDeviceInformationResponse>`
	case "GetProfiles":
		profile := func(token, codec string, width, height, fps int, sound string) string {
			return fmt.Sprintf(`<trt:Profiles token="%s" fixed="true"><tt:Name>%[1]s</tt:Name><tt:VideoEncoderConfiguration token="v"><tt:Encoding>%s</tt:Encoding><tt:Resolution><tt:Width>%d</tt:Width>`+
				`<tt:Height>%d</tt:Height></tt:Resolution><tt:RateControl><tt:FrameRateLimit>%d</tt:FrameRateLimit></tt:RateControl></tt:VideoEncoderConfiguration>%s</trt:Profiles>`, token, codec, width, height, fps, sound)
		}
		return `<trt:GetProfilesResponse>` + profile("main", "H264", 2560, 1440, 25, `<tt:AudioEncoderConfiguration><tt:Encoding>AAC</tt:Encoding></tt:AudioEncoderConfiguration>`) +
			profile("a&amp;b", "H265", 640, 360, 10, "") + profile("odd", "MPEG4", -1, 0, 5, "") + `</trt:GetProfilesResponse>`
	case "GetStreamUri":
		path := "/main"
		if strings.Contains(message, "a&amp;b") {
			path = "/sub?channel=1&amp;subtype=1"
		}
		return `<trt:GetStreamUriResponse><trt:MediaUri><tt:Uri>rtsp://user:secret@` + hostOf(c.claims) + `:554` + path + `</tt:Uri></trt:MediaUri></trt:GetStreamUriResponse>`
	case "GetSnapshotUri":
		return `<trt:GetSnapshotUriResponse><trt:MediaUri><tt:Uri>http://` + hostOf(c.claims) + `/snap.jpg</tt:Uri></trt:MediaUri></trt:GetSnapshotUriResponse>`
	}
	return `<s:Fault><s:Code><s:Value>s:Receiver</s:Value></s:Code><s:Reason><s:Text>not implemented</s:Text></s:Reason></s:Fault>`
}

func hostOf(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return host
}

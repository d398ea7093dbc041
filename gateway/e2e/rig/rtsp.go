package rig

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"net/url"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/icholy/digest"
)

var rtspLogged = regexp.MustCompile(`msg="framegate listens for RTSP" address=(\S+) tls=(true|false)`)

// RTSP gives the address of a camera over RTSP, in TLS or without.
func (s *Server) RTSP(t *testing.T, secure bool, camera string) string {
	t.Helper()
	scheme := map[bool]string{false: "rtsp", true: "rtsps"}[secure]
	return scheme + "://" + s.listensFor(t, rtspLogged, secure) + "/" + camera
}

// listensFor gives the address at which it says that it listens, in TLS or without. What a
// process logs may be read later than what it prints.
func (s *Server) listensFor(t *testing.T, logged *regexp.Regexp, secure bool) (address string) {
	t.Helper()
	Await(t, fmt.Sprintf("it says %v, tls=%t", logged, secure), func() bool {
		for _, found := range logged.FindAllStringSubmatch(s.Log.String(), -1) {
			if found[2] == fmt.Sprint(secure) {
				address = found[1]
			}
		}
		return address != ""
	})
	return address
}

// AskRTSP makes a request, with credentials, of what is at an address of RTSP, and
// gives the status and the headers of the answer.
func AskRTSP(t *testing.T, method, address string, who Credentials) (status int, header textproto.MIMEHeader) {
	t.Helper()
	c, status, header := OpenRTSP(t, method, address, who, "")
	c.Close()
	return status, header
}

// OpenRTSP is AskRTSP with a body, and leaves the connection open.
func OpenRTSP(t *testing.T, method, address string, who Credentials, body string) (c net.Conn, status int, header textproto.MIMEHeader) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	if c, err = net.Dial("tcp", u.Host); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(Ceiling)) // of a connection that is open it cannot fail
	if u.Scheme == "rtsps" {
		c = tls.Client(c, &tls.Config{InsecureSkipVerify: true}) // who it is does not matter here
	}
	answers := textproto.NewReader(bufio.NewReader(c))
	login := ""
	switch {
	case who.Bearer != "":
		login = "Bearer " + who.Bearer
	case who.Digest:
		_, asked := sayRTSP(t, c, answers, method, u, "", body)
		login = who.answer(asked.Get("WWW-Authenticate"), method, u.String())
	case who.Name != "":
		login = "Basic " + base64.StdEncoding.EncodeToString([]byte(who.Name+":"+who.Password))
	case who.Query != "":
		u.RawQuery += "&" + who.Query
	}
	status, header = sayRTSP(t, c, answers, method, u, login, body)
	return c, status, header
}

// answer gives what answers a challenge of Digest, or one that nobody asked.
func (c Credentials) answer(challenge, method, uri string) string {
	asked, err := digest.ParseChallenge(challenge)
	if err != nil {
		asked = &digest.Challenge{Realm: "Framegate", Nonce: "none", Algorithm: "MD5"}
	}
	a, err := digest.Digest(asked, digest.Options{Method: method, URI: uri, Count: 1, Username: c.Name, Password: c.Password})
	if err != nil {
		panic(err) // of these algorithms it cannot fail
	}
	return a.String()
}

// sayRTSP makes a request on a connection, and gives the status and the headers of the
// answer.
func sayRTSP(t *testing.T, c net.Conn, answers *textproto.Reader, method string, u *url.URL, login, body string) (status int, header textproto.MIMEHeader) {
	t.Helper()
	if login != "" {
		login = "Authorization: " + login + "\r\n"
	}
	if _, err := fmt.Fprintf(c, "%s %s RTSP/1.0\r\nCSeq: 1\r\n%sContent-Length: %d\r\n\r\n%s", method, u, login, len(body), body); err != nil {
		t.Fatal(err)
	}
	line, err := answers.ReadLine()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscanf(line, "RTSP/1.0 %d", &status); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	if header, err = answers.ReadMIMEHeader(); err != nil {
		t.Fatal(err)
	}
	n, _ := strconv.ParseInt(header.Get("Content-Length"), 10, 32) // 0 without
	if _, err := io.CopyN(io.Discard, answers.R, n); err != nil {
		t.Fatal(err)
	}
	return status, header
}

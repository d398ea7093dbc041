package rig

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net"
	"net/textproto"
	"net/url"
	"regexp"
	"testing"
	"time"
)

var rtspLogged = regexp.MustCompile(`msg="framegate listens for RTSP" address=(\S+) tls=(true|false)`)

// RTSP gives the address of a camera over RTSP, in TLS or without.
func (s *Server) RTSP(t *testing.T, secure bool, camera string) string {
	t.Helper()
	scheme := map[bool]string{false: "rtsp", true: "rtsps"}[secure]
	for _, found := range rtspLogged.FindAllStringSubmatch(s.Log.String(), -1) {
		if found[2] == fmt.Sprint(secure) {
			return scheme + "://" + found[1] + "/" + camera
		}
	}
	t.Fatalf("it does not say that it listens for %s", scheme)
	return ""
}

// DescribeRTSP asks for the description of what is at an address of RTSP, with
// credentials, and gives the status and the headers of the answer.
func DescribeRTSP(t *testing.T, address string, who Credentials) (status int, header textproto.MIMEHeader) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(Ceiling)) // of a connection that is open it cannot fail
	if u.Scheme == "rtsps" {
		c = tls.Client(c, &tls.Config{InsecureSkipVerify: true}) // who it is does not matter here
	}
	login := ""
	switch {
	case who.Bearer != "":
		login = "Authorization: Bearer " + who.Bearer + "\r\n"
	case who.Name != "":
		login = "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(who.Name+":"+who.Password)) + "\r\n"
	case who.Query != "":
		u.RawQuery += "&" + who.Query
	}
	if _, err := fmt.Fprintf(c, "DESCRIBE %s RTSP/1.0\r\nCSeq: 1\r\n%s\r\n", u, login); err != nil {
		t.Fatal(err)
	}
	answer := textproto.NewReader(bufio.NewReader(c))
	line, err := answer.ReadLine()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscanf(line, "RTSP/1.0 %d", &status); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	if header, err = answer.ReadMIMEHeader(); err != nil {
		t.Fatal(err)
	}
	return status, header
}
